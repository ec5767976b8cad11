# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from psycopg2.errors import UniqueViolation

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import mute_logger
from odoo.tools.misc import format_date, format_datetime

from .telecom_portal_calls import CallRow

# More than a customer asks; fewer than would be a flood.
MAX_OPEN = 100
PAGE_SIZE = 30
NOTE_SIZE = 2_000
# Of badges, by the state of a dispute; names of classes, no words for people.
COLOURS = {"open": "warning"}
OVER = "secondary"


class TelecomPortalDisputes(models.AbstractModel):
    """Calls that a customer finds wrong."""

    _name = "telecom.portal.disputes"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: Disputes"

    @api.model
    def _disputes(
        self, domain: Domain = Domain.TRUE, limit: int | None = None, offset: int = 0
    ) -> models.BaseModel:
        return (
            self.env["telecom.dispute"]
            .sudo()
            .search(domain & self._scope_domain(), limit=limit, offset=offset)
        )

    @api.model
    def _count_disputes(self, domain: Domain = Domain.TRUE) -> int:
        disputes = self.env["telecom.dispute"].sudo()
        return disputes.search_count(domain & self._scope_domain())

    @api.model
    def _find_dispute(self, dispute_id: int) -> models.BaseModel:
        """A dispute that the user may see, or none."""
        if not 0 < dispute_id < 2**31:
            return self.env["telecom.dispute"].sudo()
        return self._disputes(Domain("id", "=", dispute_id), limit=1)

    @api.model
    def _open_dispute_of(self, call_id: int) -> models.BaseModel:
        return self._disputes(
            Domain("call_id", "=", call_id) & Domain("state", "=", "open"), limit=1
        )

    @api.model
    def _dispute_reasons(self) -> list[tuple[str, str]]:
        field = self.env["telecom.dispute"]._fields["reason"]
        return field._description_selection(self.env)

    # === WHAT A CUSTOMER DOES === #

    @api.model
    def _begin_dispute(self, row: CallRow, reason: str, note: str) -> models.BaseModel:
        """Dispute a call that the user sees; the open one where there is one."""
        known = self._open_dispute_of(row.id)
        if known:
            return known
        self._check_flood()
        contact = self.env.user.partner_id
        values = {"call_id": row.id, "contact_id": contact.id}
        values |= {"reason": reason, "note": note}
        disputes = self.env["telecom.dispute"].sudo()
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                dispute = disputes.create(values)
        except UniqueViolation:
            # A second click was faster.
            return self._open_dispute_of(row.id)
        dispute._portal_ensure_token()
        if note:
            self._say(dispute, note)
        return dispute

    @api.model
    def _check_flood(self) -> None:
        if self._count_disputes(Domain("state", "=", "open")) < MAX_OPEN:
            return
        raise UserError(
            self.env._(
                "There are %s open questions of yours already. Please wait for our "
                "answers, or write to us about all these calls at once.",
                MAX_OPEN,
            )
        )

    @api.model
    def _withdraw_dispute(self, dispute: models.BaseModel) -> None:
        """The customer has no question any more."""
        if dispute.state == "open":
            self._say(dispute, self.env._("This is settled for me."))
            dispute.action_close()

    @api.model
    def _say(self, dispute: models.BaseModel, text: str) -> None:
        """Write into the thread in the user's name."""
        dispute.message_post(
            body=text,
            author_id=self.env.user.partner_id.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    # === TEXTS === #

    @api.model
    def _dispute_text(self, dispute: models.BaseModel) -> dict:
        """A dispute as texts for people."""
        state, words = self._dispute_state(dispute)
        price, currency = dispute.price, dispute.currency_id
        currency = currency or dispute.company_id.currency_id
        return {
            "id": dispute.id,
            "call_id": dispute.call_id.id,
            "other": dispute.other_text or self.env._("Withheld number"),
            "number": dispute.number_id.display_name or "",
            "start": format_datetime(self.env, dispute.start_at, tz=self._zone().key),
            "duration": self._duration_text(dispute.duration),
            "amount": self._money_text(repr(price), currency, is_exact=True),
            "reason": dict(self._dispute_reasons())[dispute.reason],
            "asked": format_date(self.env, self._local(dispute.create_date).date()),
            "state": state,
            "status": words,
            "is_open": dispute.state == "open",
        }

    @api.model
    def _dispute_state(self, dispute: models.BaseModel) -> tuple[str, str]:
        """What has become of it: a colour and words."""
        refund = dispute.refund_id
        if dispute.state == "granted" and refund.state == "posted":
            return "success", self.env._("Credited by %s", refund.name)
        if dispute.state == "granted":
            invoiced = dispute.move_id.state == "posted"
            text = self.env._("You are right: a credit note follows")
            return "success", text if invoiced else self.env._("Not charged")
        words = {
            "open": self.env._("We look into it"),
            "rejected": self.env._("Found to be right"),
            "closed": self.env._("Settled"),
        }
        return COLOURS.get(dispute.state, OVER), words[dispute.state]

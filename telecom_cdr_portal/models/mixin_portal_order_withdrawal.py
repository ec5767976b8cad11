# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import format_date

STATES = [("ordered", "Ordered"), ("withdrawn", "Taken back")]


class TelecomPortalOrderWithdrawal(models.AbstractModel):
    """Orders that are taken back before they take effect: only their history stays."""

    _name = "telecom.portal.order.withdrawal.mixin"
    _description = "Orders in the Portal: Taken Back"

    state = fields.Selection(
        STATES, required=True, readonly=True, default="ordered", tracking=True
    )
    withdrawn_by_id = fields.Many2one(
        "res.users", string="Taken back by", readonly=True, ondelete="restrict"
    )
    date_withdrawn = fields.Datetime(string="Taken back on", readonly=True)
    is_to_come = fields.Boolean(
        string="To come",
        compute="_compute_is_to_come",
        search="_search_is_to_come",
        help="Has not taken effect yet, and can be taken back.",
    )

    @api.depends("state", "date_effective")
    def _compute_is_to_come(self) -> None:
        now = fields.Datetime.now()
        for order in self:
            moment = order.date_effective
            order.is_to_come = order.state == "ordered" and bool(
                moment and moment > now
            )

    @api.model
    def _search_is_to_come(self, operator: str, value: object) -> Domain:
        if operator != "in":
            return NotImplemented
        to_come = Domain("state", "=", "ordered") & Domain(
            "date_effective", ">", fields.Datetime.now()
        )
        return Domain.OR(to_come if asked else ~to_come for asked in value)

    def action_withdraw(self) -> None:
        """From the back office; customers have a button of their own."""
        self.check_access("write")
        for order in self:
            order._withdraw()

    def _withdraw(self) -> None:
        """Undo what came of it, and remember that; a second click is no error."""
        self.ensure_one()
        if self.state == "withdrawn":
            return
        reason = self._why_it_stays()
        if reason:
            raise UserError(reason)
        getattr(self, f"_undo_{self.kind}")()
        self.write(
            {
                "state": "withdrawn",
                "withdrawn_by_id": self.env.user.id,
                "date_withdrawn": fields.Datetime.now(),
            }
        )
        day = format_date(self.env, self._effective_day())
        what = self.env._("Taken back: %s", self._title())
        self.env["telecom.portal.change"]._log(self, what, day, "")
        self._tell_withdrawal()

    # === WHETHER === #

    def _why_it_stays(self) -> str:
        """Why it can't be taken back, in words; nothing where it can."""
        values = {"order": self._title()}
        if not self.is_to_come:
            return self.env._(
                "%(order)s has taken effect, so it cannot be taken back. Cancel the "
                "bundle instead.",
                **values,
            )
        later = self._later()
        if later:
            return self.env._(
                "%(order)s was followed by %(later)s: take that back first.",
                later=later._title(),
                **values,
            )
        if self.kind != "cancel" and self._is_billed():
            return self.env._(
                "The fee of %(order)s is on an invoice already: it cannot be taken "
                "back. Cancel the bundle instead.",
                **values,
            )
        if self._was_changed():
            return self.env._(
                "What came of %(order)s was changed since, so it cannot be taken back "
                "as a whole.",
                **values,
            )
        return ""

    def _later(self) -> models.BaseModel:
        """A standing order that builds on what came of this one."""
        ids = (self.subscription_id | self.previous_id).ids
        builds_on_it = Domain("subscription_id", "in", ids)
        builds_on_it |= Domain("previous_id", "in", ids)
        return self.search(
            Domain("id", ">", self.id) & Domain("state", "=", "ordered") & builds_on_it,
            limit=1,
        )

    def _is_billed(self) -> bool:
        lines = self.env["account.move.line"].sudo()
        domain = Domain("telecom_subscription_id", "=", self.subscription_id.id)
        domain &= Domain("telecom_is_released", "=", False)
        return bool(self.subscription_id and lines.search_count(domain, limit=1))

    def _was_changed(self) -> bool:
        """Whether the bundles are not as the order has left them."""
        moment, own = self.date_effective, self.subscription_id
        if self.kind == "cancel":
            return own.date_end != moment
        if own.date_start != moment or own.topup_ids or own.draw_count:
            return True
        return self.kind == "change" and self.previous_id.date_end != moment

    # === UNDO: each as the order was done === #

    def _undo_order(self) -> None:
        self.subscription_id.unlink()

    def _undo_change(self) -> None:
        self.subscription_id.unlink()
        self.previous_id.date_end = False

    def _undo_cancel(self) -> None:
        self.subscription_id.date_end = False

    # === WHO IS TOLD === #

    def _tell_withdrawal(self) -> None:
        """Who has not looked at the order yet need not; else it is told, as the order
        was, and so is the customer."""
        if self.activity_ids:
            self.activity_unlink(["mail.mail_activity_data_todo"])
        elif self.env.user.share:
            self._tell_company()
        self._confirm()

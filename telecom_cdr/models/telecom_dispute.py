# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import format_datetime

from ..parsers import numbering
from .bulk_fields import UncheckedBigMany2one, Uuid
from .call_sums import mark_calls
from .dispute_sql import DISPUTED
from .telecom_rate import DIRECTIONS, SERVICES

STATES = [
    ("open", "Open"),
    ("granted", "Granted"),
    ("rejected", "Rejected"),
    ("closed", "Closed"),
]
REASONS = [
    ("not_made", "We did not make this call"),
    ("duration", "The duration is wrong"),
    ("price", "The price is wrong"),
    ("bundle", "A bundle should have covered it"),
    ("twice", "It is there twice"),
    ("other", "Something else"),
]
# Of the call, as it was when the customer asked: the dispute outlives it.
CALL_COLUMNS = (
    "company_id",
    "number_id",
    "direction",
    "service",
    "start_at",
    "duration",
    "price",
    "currency_id",
)


class TelecomDispute(models.Model):
    """A call that its customer finds wrong, and what is said and done about it.

    While it is open the call is kept, and stays off invoices where that is chosen.
    Granted, the call is credited where it was invoiced, and else never invoiced.
    """

    _name = "telecom.dispute"
    _description = "Disputed Call"
    _inherit = ["mail.thread", "mail.activity.mixin", "telecom.dispute.credit.mixin"]
    _order = "id desc"
    # Whoever may read them may answer.
    _mail_post_access = "read"

    call_id = UncheckedBigMany2one("telecom.call", string="Call", readonly=True)
    # The same call is stored anew where a better record of it comes.
    call_identity = Uuid(readonly=True, copy=False, index="btree_not_null")
    # Of the record that was disputed: another one of the same call may stand for it.
    first_identity = Uuid(readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    contact_id = fields.Many2one(
        "res.partner", string="Asked by", index="btree_not_null", ondelete="set null"
    )
    user_id = fields.Many2one(
        "res.users",
        string="Answered by",
        tracking=True,
        domain="[('share', '=', False)]",
    )
    reason = fields.Selection(
        REASONS, string="What is wrong", required=True, default="other", tracking=True
    )
    note = fields.Text(string="In the customer's words")
    state = fields.Selection(
        STATES, required=True, default="open", readonly=True, copy=False, tracking=True
    )
    keep_off_invoice = fields.Boolean(
        string="Not on an invoice meanwhile",
        tracking=True,
        help="While the dispute is open its call goes on no invoice.",
    )
    closed_at = fields.Datetime(string="Answered on", readonly=True, copy=False)
    number_id = fields.Many2one(
        "telecom.number", string="Number", readonly=True, index="btree_not_null"
    )
    other_number = fields.Char(readonly=True)
    other_text = fields.Char(string="Other party", compute="_compute_other_text")
    direction = fields.Selection(DIRECTIONS, readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    start_at = fields.Datetime(string="Start", readonly=True)
    duration = fields.Integer(readonly=True, aggregator=None)
    price = fields.Float(digits=(16, 6), readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)

    _call_idx = models.Index("(call_id)")
    _open_uniq = models.UniqueIndex(
        "(call_id) WHERE state = 'open'", "There is an open dispute of this call."
    )

    # === COMPUTE METHODS === #

    @api.depends("other_number")
    def _compute_other_text(self):
        for dispute in self:
            number = dispute.other_number or ""
            dispute.other_text = numbering.format_international(number)

    @api.depends("other_number", "start_at")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        for dispute in self:
            start = format_datetime(self.env, dispute.start_at, dt_format="short")
            parts = (dispute.other_text, start)
            dispute.display_name = ", ".join(part for part in parts if part)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """What is known of the call is the call's, whatever was given."""
        # One that was just answered makes room for another of its call.
        self.flush_model(["state"])
        calls = self.env["telecom.call"].browse(vals["call_id"] for vals in vals_list)
        disputes = super().create(
            [
                {**vals, **self._call_values(call)}
                for vals, call in zip(vals_list, calls, strict=True)
            ]
        )
        for dispute in disputes:
            dispute._begin()
        return disputes

    @api.model
    def _call_values(self, call):
        """The facts of a call, as its customer may see them."""
        call.check_access("read")
        call = call.sudo()
        if not call.partner_id:
            raise UserError(
                self.env._("This call has no customer, so nobody can dispute it.")
            )
        is_withheld = call.direction == "incoming" and call.is_withheld
        party = "calling" if call.direction == "incoming" else "called"
        return {
            **{name: _plain(call[name]) for name in CALL_COLUMNS},
            "call_identity": call.identity,
            "first_identity": call.identity,
            "partner_id": call.partner_id.id,
            "other_number": False if is_withheld else call[f"{party}_number"],
            "keep_off_invoice": call.company_id.telecom_dispute_keep_off,
        }

    def _begin(self):
        """Name who answers, and have the asking contact follow."""
        self.ensure_one()
        if not self.user_id:
            company, partner = self.company_id.sudo(), self.partner_id.sudo()
            self.user_id = company.telecom_dispute_user_id or partner.user_id
        if self.contact_id:
            self.message_subscribe(self.contact_id.ids)
        if self.user_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=self.user_id.id,
                summary=self.env._("Look into this call"),
            )

    # === ACTIONS === #

    def action_grant(self):
        """The customer is right: the call is not owed."""
        self._check_state("open")
        for dispute in self:
            dispute._end("granted")
            dispute._answer(dispute._in_words().env._("You are right about this call."))
        self._note_credit()
        if self.env.user.has_group("account.group_account_invoice"):
            return self.filtered(lambda dispute: dispute.is_to_credit).action_credit()
        return None

    def action_reject(self):
        """The call is as it should be: it is invoiced as any other."""
        self._check_state("open")
        for dispute in self:
            dispute._end("rejected")
            words = dispute._in_words().env._(
                "We have looked into this call and found it to be right."
            )
            dispute._answer(words)

    def action_close(self):
        """There is nothing to decide any more."""
        self._check_state("open")
        for dispute in self:
            dispute._end("closed")

    def action_reopen(self):
        """Look into it again."""
        self._check_state("rejected", "closed")
        self.write({"state": "open", "closed_at": False})

    def action_open_call(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "telecom.call",
            "res_id": self.call_id.id,
            "view_mode": "form",
        }

    def action_explain(self):
        """Show how the price of the call came about."""
        self.ensure_one()
        return self.call_id.action_explain()

    def _check_state(self, *states):
        self.check_access("write")
        for dispute in self:
            if dispute.state not in states:
                words = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "The dispute of %(call)s is in the state '%(state)s', so this "
                        "cannot be done.",
                        call=dispute.display_name,
                        state=words[dispute.state],
                    )
                )

    def _end(self, state):
        self.write({"state": state, "closed_at": fields.Datetime.now()})
        self.activity_ids.action_done()
        self._mark_sums()

    def _mark_sums(self):
        """What is granted is not to be invoiced any more: sums are made anew."""
        self.flush_recordset()
        mark_calls(self.env, SQL("c.id = ANY(%s)", self.call_id.ids))
        self.env["telecom.call"].invalidate_model(["state"])

    def unlink(self):
        self._mark_sums()
        return super().unlink()

    # === THE CUSTOMER === #

    def _in_words(self):
        """The same in the language of who asked."""
        lang = (self.contact_id or self.partner_id).sudo().lang
        return self.with_context(lang=lang or self.env.lang)

    def _answer(self, text):
        """Tell who asked: the portal shows comments only."""
        self.message_post(
            body=text, message_type="comment", subtype_xmlid="mail.mt_comment"
        )

    # === THE CALL BY ANOTHER RECORD === #

    def _hold(self, identity):
        """Hold the call that stands for this one now; one open dispute a call."""
        self.ensure_one()
        others = self.search(
            [
                ("call_identity", "=", identity),
                ("state", "=", "open"),
                ("id", "!=", self.id),
            ]
        )
        if self.state == "open" and others:
            self._end("closed")
            self.message_post(
                body=self.env._(
                    "This call is another record of one that is disputed, too: %s goes "
                    "on.",
                    others[0].display_name,
                )
            )
        call = self.env["telecom.call"]._by_identity([identity]).get(identity)
        values = {"call_identity": identity}
        self.write(values | ({"call_id": call.id} if call else {}))
        self._mark_sums()

    # === WHAT DELETES CALLS === #

    @api.model
    def _check_undisputed(self, condition):
        """Refuse to delete calls that somebody looks into.

        :param condition: SQL on the calls ``c``
        """
        self.env.flush_all()
        [(count,)] = self.env.execute_query(
            SQL(
                "SELECT count(*) FROM telecom_call c WHERE %s AND %s",
                condition,
                DISPUTED,
            )
        )
        if count:
            raise UserError(
                self.env._(
                    "Customers dispute %s of these calls: answer the disputes first, "
                    "until then the calls are kept.",
                    count,
                )
            )


def _plain(value):
    """A value to write: the id of a record."""
    return value.id if isinstance(value, models.BaseModel) else value

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.telecom_cdr.models.durations import hms

from .authorisation_sql import DAYS_WAITED, is_recorded

KEPT_DAYS = 31
# Last digits that are not shown at least: a customer may have chosen that nobody sees
# them, or more of them.
HIDDEN = 3


class TelecomCallUnderway(models.Model):
    """A call that a switch was allowed to make: what it may cost is reserved.

    It takes `reserved` of the limits of its customer and number: what its longest
    duration costs while it goes on, what it has cost when it has ended, and nothing
    once its record has come.
    """

    _name = "telecom.call.underway"
    _description = "Call Under Way"
    _rec_name = "reference"
    _order = "started_at desc, id desc"

    switch_id = fields.Many2one(
        "telecom.switch", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    reference = fields.Char(
        required=True, readonly=True, help="The switch's own name of the call."
    )
    account_id = fields.Many2one(
        "telecom.sip.account",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    number_id = fields.Many2one(
        "telecom.number",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    called = fields.Char(
        string="Whole called number",
        readonly=True,
        groups=fields.NO_ACCESS,
        help="Until its record has come; its last digits are forgotten then.",
    )
    called_text = fields.Char(string="Called", compute="_compute_called_text")
    reserved = fields.Float(
        digits=(16, 6),
        readonly=True,
        help="What it takes of limits until its record comes.",
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    draws = fields.Json(
        readonly=True, help="What it takes of bundles until its record comes."
    )
    max_duration = fields.Integer(string="Allowed seconds", readonly=True)
    max_text = fields.Char(string="Allowed", compute="_compute_max_text")
    started_at = fields.Datetime(string="Start", required=True, readonly=True)
    expires_at = fields.Datetime(string="Expires", required=True, readonly=True)
    ended_at = fields.Datetime(string="Ended", readonly=True)
    duration = fields.Integer(string="Seconds", readonly=True)
    settled_at = fields.Datetime(
        string="Settled",
        readonly=True,
        help="When it was seen that its record had come.",
    )

    _reference_uniq = models.Constraint(
        "UNIQUE(switch_id, reference)", "The switch already told of this call."
    )
    _counting_idx = models.Index("(partner_id) WHERE settled_at IS NULL")

    @api.depends("called", "company_id")
    def _compute_called_text(self) -> None:
        hidden = self._hidden_digits()
        for call in self:
            text = call.sudo().called or ""
            shown = max(1, len(text) - hidden.get(call.company_id.id, HIDDEN))
            is_phone = text.startswith("+")
            call.called_text = text[:shown].ljust(len(text), "X") if is_phone else text

    def _hidden_digits(self) -> dict[int, int]:
        """By company, the most digits that any of its customers hides."""
        choices = self.env["telecom.masking"].sudo()
        rows = choices._read_group(
            [("company_id", "in", self.company_id.ids)],
            ["company_id"],
            ["hidden_digits:max"],
        )
        return {company.id: max(HIDDEN, digits) for company, digits in rows}

    @api.depends("max_duration")
    def _compute_max_text(self) -> None:
        for call in self:
            call.max_text = hms(call.max_duration)

    @api.autovacuum
    def _settle(self) -> None:
        """Close what has its record, or waited for it in vain; forget what is old."""
        now = fields.Datetime.now()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE telecom_call_underway u
                   SET settled_at = %(now)s, draws = NULL,
                       called = CASE WHEN starts_with(u.called, '+')
                           THEN rpad(left(u.called, GREATEST(1, length(u.called)
                               - GREATEST(%(hidden)s, (
                                   SELECT max(m.hidden_digits) FROM telecom_masking m
                                    WHERE m.company_id = u.company_id)))),
                               length(u.called), 'X')
                           ELSE u.called END
                 WHERE u.settled_at IS NULL AND (
                       (u.ended_at IS NULL AND u.expires_at <= %(now)s)
                    OR u.ended_at <= %(now)s::timestamp - %(waited)s * interval '1 day'
                    OR (u.ended_at IS NOT NULL AND %(recorded)s))
                """,
                now=now,
                hidden=HIDDEN,
                waited=DAYS_WAITED,
                recorded=is_recorded(),
            )
        )
        self.env.cr.execute(
            SQL(
                "DELETE FROM telecom_call_underway WHERE settled_at"
                " < %s::timestamp - %s * interval '1 day'",
                now,
                KEPT_DAYS,
            )
        )
        self.invalidate_model()

    def action_release(self) -> None:
        """Take a call as ended, of which the switch did not say so."""
        self.check_access("read")
        self.env["telecom.switch"].check_access("write")
        now = fields.Datetime.now()
        for call in self.sudo().filtered(lambda call: not call.ended_at):
            call.write(
                {
                    "called": call.called_text,
                    "ended_at": now,
                    "reserved": 0,
                    "draws": False,
                    "settled_at": now,
                }
            )

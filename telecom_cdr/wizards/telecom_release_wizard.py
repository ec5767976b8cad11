# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..models.mixin_invoicing_release import OWED


class TelecomReleaseWizard(models.TransientModel):
    """Asks which calls of an invoice to give back, and credits them."""

    _name = "telecom.release.wizard"
    _description = "Give Calls Back"

    move_id = fields.Many2one(
        "account.move", string="Invoice", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="move_id.currency_id")
    kind = fields.Selection(
        [
            ("all", "All calls and fees"),
            ("numbers", "The calls of numbers"),
            ("dates", "The calls of days"),
            ("lines", "Lines of the invoice"),
        ],
        string="Give back",
        required=True,
        default="all",
    )
    number_ids = fields.Many2many("telecom.number", string="Numbers")
    offered_number_ids = fields.Many2many("telecom.number", compute="_compute_offered")
    date_from = fields.Date(string="From")
    date_to = fields.Date(string="To", help="Last day, included.")
    line_ids = fields.Many2many("account.move.line", string="Lines")
    offered_line_ids = fields.Many2many(
        "account.move.line", string="Lines to choose from", compute="_compute_offered"
    )
    is_bad_debt = fields.Boolean(
        string="Bad debt",
        help="The calls are credited and never invoiced again.",
    )
    date_release = fields.Date(
        string="Invoice again from",
        help="Until this day the calls stay out of invoices. Empty: they may be "
        "invoiced again as soon as the credit note is posted.",
    )
    reason = fields.Char()
    is_posted = fields.Boolean(string="Post at once")
    call_count = fields.Integer(string="Calls", compute="_compute_preview")
    amount = fields.Monetary(string="Price of the calls", compute="_compute_preview")

    @api.depends("move_id")
    def _compute_offered(self):
        for wizard in self:
            lines = wizard.move_id.invoice_line_ids._telecom_billing()
            lines = lines.filtered(lambda line: not line.telecom_is_released)
            # Credited once, though it is never invoiced again, or only later.
            fees = lines._telecom_fees()
            lines -= fees & self.env["telecom.release"].sudo()._credited_fees(fees)
            wizard.offered_line_ids = lines
            rows = self.env.execute_query(
                SQL(
                    "SELECT DISTINCT c.number_id FROM telecom_call_invoice i"
                    " JOIN telecom_call c ON c.id = i.call_id"
                    " WHERE i.move_line_id = ANY(%s) AND c.number_id IS NOT NULL",
                    lines.ids,
                )
            )
            wizard.offered_number_ids = [row[0] for row in rows]

    @api.depends("move_id", "kind", "number_ids", "date_from", "date_to", "line_ids")
    def _compute_preview(self):
        for wizard in self:
            [row] = self.env.execute_query(
                SQL(
                    "SELECT count(*), COALESCE(sum(c.price), 0)"
                    " FROM account_move_line l"
                    " JOIN telecom_call_invoice i ON i.move_line_id = l.id"
                    " JOIN telecom_call c ON c.id = i.call_id"
                    " WHERE l.move_id = %s AND %s AND (%s)",
                    wizard.move_id.id or 0,
                    OWED,
                    wizard._condition(),
                )
            )
            wizard.call_count, wizard.amount = row[0], float(row[1])

    def _condition(self):
        """SQL on the calls ``c`` and lines ``l`` that are chosen."""
        if self.kind == "numbers":
            return SQL("c.number_id = ANY(%s)", self.number_ids._origin.ids)
        if self.kind == "lines":
            return SQL("l.id = ANY(%s)", self.line_ids._origin.ids)
        if self.kind == "dates":
            return SQL(
                "c.day BETWEEN COALESCE(%s, '-infinity'::date)"
                " AND COALESCE(%s, 'infinity'::date)",
                self.date_from or None,
                self.date_to or None,
            )
        return SQL("TRUE")

    def _chosen_fees(self):
        """Lines of fees that go with the choice: as a whole, or not at all."""
        lines = {"all": self.offered_line_ids, "lines": self.line_ids}.get(self.kind)
        if not lines:
            return self.env["account.move.line"]
        return lines.filtered(
            lambda line: not line.telecom_kind and not line.telecom_origin_line_id
        )

    def action_credit(self):
        """Make the credit note, and open it."""
        self.ensure_one()
        self.move_id.check_access("write")
        self._check()
        releases = self.env["telecom.release"].sudo()
        release = releases.create(
            {
                "move_id": self.move_id.id,
                "is_chosen": True,
                "reason": self.reason,
                "is_bad_debt": self.is_bad_debt,
                "date_release": self.date_release,
                "line_ids": self._chosen_fees().ids,
            }
        )
        release._choose(self._condition())
        if not release.call_count and not release.line_ids:
            raise UserError(
                self.env._(
                    "No call of %(invoice)s is chosen that is still owed: choose "
                    "other numbers, days or lines.",
                    invoice=self.move_id.display_name,
                )
            )
        refund = release._make_refund().sudo(False)
        if self.is_posted:
            refund.action_post()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": refund.id,
            "view_mode": "form",
        }

    def _check(self):
        if self.move_id.state != "posted":
            raise UserError(
                self.env._(
                    "%(invoice)s is not posted: delete lines of the draft, or the "
                    "draft, and their calls are invoiced next time.",
                    invoice=self.move_id.display_name,
                )
            )
        pending = self.move_id.telecom_release_ids.filtered(
            lambda release: release.state == "draft"
        )
        if pending:
            raise UserError(
                self.env._(
                    "%(refund)s gives calls of this invoice back and is not posted "
                    "yet. Post or delete it first.",
                    refund=pending.refund_id.display_name,
                )
            )

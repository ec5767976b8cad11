# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_compare

KINDS = [("calls", "Calls"), ("other", "Other")]
WHOLE = 100
PERCENT_DIGITS = 6


class TelecomReconciliationLine(models.Model):
    """A line of a vendor bill, and how much of it bills the period."""

    _name = "telecom.reconciliation.line"
    _description = "Line of a Carrier's Bill"
    _order = "reconciliation_id, id"

    reconciliation_id = fields.Many2one(
        "telecom.reconciliation",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="reconciliation_id.company_id", store=True)
    currency_id = fields.Many2one(related="reconciliation_id.currency_id")
    move_line_id = fields.Many2one(
        "account.move.line",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        groups="account.group_account_readonly,account.group_account_invoice",
    )
    move_id = fields.Many2one(
        "account.move",
        string="Bill",
        readonly=True,
        index=True,
        ondelete="cascade",
        groups="account.group_account_readonly,account.group_account_invoice",
    )
    bill_name = fields.Char(string="Number of the bill", readonly=True)
    name = fields.Char(string="Label", readonly=True)
    kind = fields.Selection(
        KINDS,
        string="Bills",
        required=True,
        default="calls",
        help="Only calls are compared with the files and with our cost tariff.",
    )
    full_amount = fields.Monetary(
        readonly=True, help="Without taxes; negative on credit notes."
    )
    percent = fields.Float(
        string="In this period (%)",
        digits=(16, PERCENT_DIGITS),
        required=True,
        default=WHOLE,
        help="Less than 100 where the line bills other periods, too.",
    )
    amount = fields.Monetary(compute="_compute_amount", store=True)

    _line_uniq = models.UniqueIndex(
        "(reconciliation_id, move_line_id)",
        "The line is in the reconciliation already.",
    )
    _percent_range = models.Constraint(
        "CHECK(percent >= 0 AND percent <= 100)",
        "A period has between 0 and 100 % of a line.",
    )

    @api.depends("full_amount", "percent")
    def _compute_amount(self):
        for line in self:
            part = line.full_amount * line.percent / WHOLE
            line.amount = line.currency_id.round(part) if line.currency_id else part

    @api.constrains("percent")
    def _check_taken_once(self):
        for line in self.sudo():
            taken = line.percent + line._taken_elsewhere(line.move_line_id)
            if float_compare(taken, WHOLE, precision_digits=PERCENT_DIGITS) > 0:
                raise ValidationError(
                    self.env._(
                        "Other periods have %(other)s %% of the line %(name)s already, "
                        "so this one can have %(rest)s %% at most.",
                        other=f"{taken - line.percent:g}",
                        name=line.name,
                        rest=f"{WHOLE - taken + line.percent:g}",
                    )
                )

    @api.model
    def _taken_elsewhere(self, move_line, reconciliation=None):
        """What other reconciliations have of a line, in percent."""
        own = reconciliation or self.reconciliation_id
        others = self.sudo().search(
            [("move_line_id", "=", move_line.id), ("reconciliation_id", "!=", own.id)]
        )
        return sum(others.mapped("percent"))

    def write(self, vals):
        accepted = self.reconciliation_id.filtered("accepted_at")
        if accepted and vals.keys() & {"kind", "percent"}:
            raise UserError(
                self.env._(
                    "%(name)s is accepted as it is. Open it again before you change "
                    "what its bills stand for.",
                    name=accepted[0].display_name,
                )
            )
        return super().write(vals)

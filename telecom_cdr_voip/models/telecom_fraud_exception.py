# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..watch.rules import Rule


class TelecomFraudException(models.Model):
    """A customer to whom a rule applies with other limits, or not at all."""

    _name = "telecom.fraud.exception"
    _description = "Exception of the Fraud Watch"
    _inherit = ["mail.thread", "telecom.fraud.limits.mixin"]
    _order = "rule_id, partner_id, id"
    _rec_name = "partner_id"

    rule_id = fields.Many2one(
        "telecom.fraud.rule", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="rule_id.company_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(related="rule_id.kind")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade"
    )
    is_off = fields.Boolean(
        string="Not watched", tracking=True, help="The rule is not for this customer."
    )
    min_calls = fields.Integer(tracking=True)
    min_minutes = fields.Integer(tracking=True)
    min_amount = fields.Monetary(tracking=True)
    factor_percent = fields.Integer(tracking=True)
    note = fields.Char(string="Reason", required=True, tracking=True)

    _customer_uniq = models.Constraint(
        "UNIQUE(rule_id, partner_id)",
        "This rule already has an exception for this customer.",
    )

    @api.constrains("partner_id", "is_off", "min_calls", "min_minutes", "min_amount")
    def _check_limits(self) -> None:
        for one in self:
            if not (one.is_off or one.min_calls or one.min_minutes or one.min_amount):
                raise ValidationError(
                    self.env._(
                        "Give %s a limit, or say that the rule is not for this "
                        "customer.",
                        one.partner_id.display_name,
                    )
                )

    @api.constrains("partner_id")
    def _check_partner(self) -> None:
        for one in self:
            payer = one.partner_id.commercial_partner_id
            if one.partner_id != payer:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(customer)s, who pays for the "
                        "calls: choose the customer.",
                        contact=one.partner_id.display_name,
                        customer=payer.display_name,
                    )
                )

    def _to_watch(self) -> Rule | None:
        """The rule of this customer, or none."""
        return None if self.is_off else self.rule_id._to_watch(self)

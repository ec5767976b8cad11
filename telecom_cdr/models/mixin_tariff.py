# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

ROUNDINGS = [
    ("half_up", "Half up"),
    ("half_even", "Half to even"),
    ("up", "Up"),
    ("down", "Down"),
]


class TelecomTariffMixin(models.AbstractModel):
    """What a tariff is: a name in a company, a currency, and one way to round."""

    _name = "telecom.tariff.mixin"
    _description = "Tariff"
    _inherit = ["mail.thread", "telecom.priced.with.mixin", "telecom.named.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(tracking=True)
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        tracking=True,
        default=lambda self: self.env.company.currency_id,
    )
    rounding_digits = fields.Integer(default=4, tracking=True)
    rounding = fields.Selection(
        ROUNDINGS, required=True, default="half_up", tracking=True
    )

    _rounding_digits_range = models.Constraint(
        "CHECK(rounding_digits BETWEEN 0 AND 6)",
        "A price has 0 to 6 decimals.",
    )

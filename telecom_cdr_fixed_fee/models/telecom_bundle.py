# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomBundle(models.Model):
    _inherit = "telecom.bundle"

    fee_product_codes = fields.Char(
        string="Includes carriers' charges",
        tracking=True,
        help="Product codes of charges that its fee includes, separated by blanks; * "
        "and ? stand for other characters. They cost the customer nothing where the "
        "fixed-fee tariff has a line 'Included in a bundle' for them.",
    )

    def write(self, vals: dict) -> bool:
        result = super().write(vals)
        if "fee_product_codes" in vals:
            self.env["telecom.charge"]._take_up_soon()
        return result

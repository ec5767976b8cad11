# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError


class ResCompany(models.Model):
    _inherit = "res.company"

    telecom_fee_tariff_id = fields.Many2one(
        "telecom.fee.tariff",
        string="Default fixed-fee tariff",
        check_company=True,
        help="For customers without a fixed-fee tariff of their own.",
    )
    telecom_product_recurring_id = fields.Many2one(
        "product.product", string="Product for recurring charges"
    )
    telecom_product_one_off_id = fields.Many2one(
        "product.product", string="Product for one-off charges"
    )
    telecom_product_credit_id = fields.Many2one(
        "product.product", string="Product for credits"
    )

    telecom_fee_split = fields.Selection(
        [
            ("longest", "Whoever held it longest pays all"),
            ("days", "Each customer pays the days of its own"),
        ],
        string="Charges of numbers that change hands",
        required=True,
        default="longest",
    )

    def write(self, vals: dict) -> bool:
        result = super().write(vals)
        if vals.keys() & {"telecom_fee_tariff_id", "telecom_fee_split"}:
            self.env["telecom.charge"]._take_up_soon()
        return result

    def _telecom_fee_product(self, kind):
        """The product that bills a kind of charges: the company's, else the shipped."""
        shipped = {
            "recurring": "product_fee_line_rental",
            "one_off": "product_fee_installation",
            "credit": "product_fee_other",
        }
        own = self[f"telecom_product_{kind}_id"]
        product = own or self.env.ref(f"telecom_cdr_fixed_fee.{shipped[kind]}", False)
        if product:
            return product
        labels = {
            "recurring": self.env._("recurring charges"),
            "one_off": self.env._("one-off charges"),
            "credit": self.env._("credits"),
        }
        raise UserError(
            self.env._(
                "There is no product for %(kind)s: the one that came with this app is "
                "deleted. Choose one under Settings / Products of fixed fees.",
                kind=labels[kind],
            )
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    telecom_usage = fields.Boolean(
        string="Voice calls",
        help="Who has bought it has telephony: its price is due each month, beside the "
        "calls. A customer has one such product at most.",
    )

    def write(self, vals: dict) -> bool:
        result = super().write(vals)
        if vals.get("telecom_usage"):
            self._make_usage_bundles()
        return result

    def _make_usage_bundles(self):
        """Its fee is that of a bundle, which includes nothing until it is filled."""
        bundles = self.env["telecom.bundle"].sudo()
        for template in self.filtered("telecom_usage"):
            product = template.product_variant_id
            company = template.company_id or self.env.company
            known = bundles.with_context(active_test=False).search_count(
                [("product_id", "=", product.id), ("company_id", "=", company.id)]
            )
            if product and not known:
                bundles.create(
                    {
                        "name": template.name,
                        "product_id": product.id,
                        "company_id": company.id,
                        "prorate_fee": True,
                    }
                )

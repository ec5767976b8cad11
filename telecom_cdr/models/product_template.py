# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def write(self, vals):
        """Fees of periods that began before keep the price of their first day."""
        if "list_price" in vals:
            changed = self.filtered(lambda one: one.list_price != vals["list_price"])
            bundles = self.env["telecom.bundle"].sudo().with_context(active_test=False)
            sold = bundles.search([("product_id.product_tmpl_id", "in", changed.ids)])
            self.env["telecom.fee.price"].sudo()._keep(sold.product_id)
        return super().write(vals)

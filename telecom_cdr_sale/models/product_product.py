# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Self

from odoo import api, models


class ProductProduct(models.Model):
    _inherit = "product.product"

    @api.model_create_multi
    def create(self, vals_list: list[dict]) -> Self:
        products = super().create(vals_list)
        products.product_tmpl_id._make_usage_bundles()
        return products

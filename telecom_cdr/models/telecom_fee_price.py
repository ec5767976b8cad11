# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class TelecomFeePrice(models.Model):
    """What a bundle's product cost until a day: a fee has its first day's price."""

    _name = "telecom.fee.price"
    _description = "Earlier Price of a Fee"
    _order = "product_tmpl_id, date_until"
    _rec_name = "product_tmpl_id"

    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    product_id = fields.Many2one(
        "product.product",
        string="Variant",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    date_until = fields.Date(
        string="Until", required=True, readonly=True, help="Not included."
    )
    price = fields.Float(
        string="Sales price", digits="Product Price", readonly=True, aggregator=None
    )

    _day_uniq = models.UniqueIndex(
        "(product_id, date_until)", "The price until this day is known already."
    )

    @api.model
    def _keep(self, products):
        """Remember what products cost until today; the first change of a day counts.

        The price of the template is the old one yet, that of the variant may be new.
        """
        today = fields.Date.context_today(self)
        known = self.search(
            [("product_id", "in", products.ids), ("date_until", "=", today)]
        ).product_id
        self.create(
            [
                {
                    "product_tmpl_id": product.product_tmpl_id.id,
                    "product_id": product.id,
                    "date_until": today,
                    "price": product.product_tmpl_id.list_price + product.price_extra,
                }
                for product in products - known
            ]
        )

    @api.model
    def _price_on(self, product, day):
        """What a product cost on a day; None: what it costs now."""
        found = self.search(
            [("product_id", "=", product.id), ("date_until", ">", day)],
            order="date_until",
            limit=1,
        )
        return found.price if found else None

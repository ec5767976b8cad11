# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from fractions import Fraction

from odoo import models

# Taxes that are a share of the price, however high it is.
PROPORTIONAL = {"percent", "division"}
# Products that bill one kind of calls each.
KINDS = ("landline", "mobile", "other", "roaming")
LARGEST_BOTTOM = 1_000_000


class TelecomCompanyTax(models.AbstractModel):
    """What the taxes of the billing products leave of a price that holds them."""

    _name = "telecom.company.tax.mixin"
    _description = "Taxes in Prices of Calls"

    def _telecom_untaxed_shares(self):
        """Part of a price that is no tax, by the kind of product, as a fraction.

        The same taxes that a line of an invoice takes out of a total. Taxes that are
        no share of the price, such as a fixed amount a line, cannot be known of a
        single call: such kinds are missing.
        """
        self.ensure_one()
        invoicing = self.env["telecom.invoicing"].with_company(self)
        shares = {}
        for kind in KINDS:
            product = self.with_company(self)._telecom_product(kind)
            taxes = invoicing._product_taxes(product).flatten_taxes_hierarchy()
            if {*taxes.mapped("amount_type")} <= PROPORTIONAL:
                details = invoicing._tax_details(taxes, 1.0, product, "total_included")
                share = Fraction(details["total_excluded"])
                shares[kind] = share.limit_denominator(LARGEST_BOTTOM)
        return shares

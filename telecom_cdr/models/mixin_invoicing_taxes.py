# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class TelecomInvoicingTaxes(models.AbstractModel):
    """Prices of invoice lines, by what they hold and what Odoo takes out of them.

    Readers only.
    """

    _name = "telecom.invoicing.taxes.mixin"
    _description = "Taxes in Prices of Invoice Lines"

    def _values_of_total(self, amount, product, payer, currency_id):
        """Quantity and price of a line that comes to a total, tax included.

        The total holds the taxes of the product. The line has those that the fiscal
        position makes of them: a customer who owes none pays the total less taxes.
        No price before tax gives every total (0.03 with 20 %: 0.025 and 0.005), so the
        tax of a line is written down as Odoo does it for amounts that are given.

        :param amount: what the customer pays, in whole units of the currency
        """
        taxes = self._product_taxes(product)
        mapped = self._mapped_taxes(taxes, payer)
        total, sign = float(abs(amount)), -1 if amount < 0 else 1
        if taxes == mapped and all(taxes.mapped("price_include")):
            return {"quantity": sign, "price_unit": total}
        if taxes == mapped:
            currency = self.env["res.currency"].browse(currency_id)
            return self._values_of_given_tax(total, sign, product, taxes, currency)
        net = self._tax_details(taxes, total, product, "total_included")
        price = self._with_included(net["total_excluded"], mapped, product)
        return {"quantity": sign, "price_unit": price}

    def _values_of_given_tax(self, total, sign, product, taxes, currency):
        """A line whose tax is the rest of the total, to the cent."""
        details = taxes._get_tax_details(
            total,
            1.0,
            precision_rounding=currency.rounding,
            rounding_method="round_per_line",
            product=product,
            special_mode="total_included",
        )
        net = currency.round(details["total_excluded"])
        amounts = {
            str(tax["tax"].id): {
                "tax_amount_currency": sign * currency.round(tax["tax_amount"]),
                "base_amount_currency": sign * currency.round(tax["base_amount"]),
            }
            for tax in details["taxes_data"]
        }
        line = {"quantity": sign, "price_unit": net}
        given = {
            **line,
            "currency_id": currency.id,
            "discount": 0.0,
            "manual_total_excluded_currency": sign * net,
            "manual_tax_amounts": amounts,
        }
        return {**line, "extra_tax_data": given}

    def _tax_details(self, taxes, price, product, mode="total_excluded"):
        return taxes._get_tax_details(
            price,
            1.0,
            rounding_method="round_globally",
            product=product,
            special_mode=mode,
        )

    def _price_over(self, price, product, payer, exact=None):
        """The price of one whose amount before tax is the given price.

        Odoo takes a tax that is said to be in prices out of the price, so it goes on
        top of it here.

        :param exact: the same before its rounding: what counts where a tax is in it
        """
        taxes = self._product_taxes(product)
        # Whatever the position, it is one of these: most have no tax in prices at all.
        if not self._has_included(taxes | taxes.replacing_tax_ids):
            return float(price)
        before_tax = float(price if exact is None else exact)
        return self._with_included(
            before_tax, self._mapped_taxes(taxes, payer), product
        )

    def _has_included(self, taxes):
        return any(taxes.flatten_taxes_hierarchy().mapped("price_include"))

    def _with_included(self, price, taxes, product):
        """A price before tax, with those taxes in it that Odoo takes out of prices."""
        added = self._tax_details(taxes, price, product)["taxes_data"]
        return price + sum(t["tax_amount"] for t in added if t["tax"].price_include)

    def _price_of_customer(self, price, product, payer):
        """A given price, with the customer's taxes in it in place of the product's.

        As Odoo does it with the product's own price: 12.10 with 21 % in it is 10.00
        where the fiscal position leaves no tax.
        """
        taxes = self._product_taxes(product)
        if not self._has_included(taxes):
            return price
        return product._get_tax_included_unit_price_from_price(
            price,
            taxes,
            fiscal_position=self._fiscal_position(payer),
        )

    def _mapped_taxes(self, taxes, payer):
        """What the customer's fiscal position makes of the taxes of a product."""
        position = self._fiscal_position(payer)
        return position.map_tax(taxes) if position else taxes

    def _fiscal_position(self, payer):
        """That of an invoice to a customer: by where it is delivered, as Odoo does."""
        delivery = payer.browse(payer.address_get(["delivery"])["delivery"])
        positions = self.env["account.fiscal.position"].with_company(self.env.company)
        return positions._get_fiscal_position(payer, delivery=delivery)

    def _product_taxes(self, product):
        """The taxes that an invoice line proposes, before any fiscal position."""
        company = self.env.company
        own = product.taxes_id._filter_taxes_by_company(company)
        if own:
            return own
        template = product.product_tmpl_id.with_company(company)
        taxes = template.get_product_accounts()["income"].tax_ids
        sold = taxes.filtered(lambda tax: tax.type_tax_use == "sale")
        return sold._filter_taxes_by_company(company)

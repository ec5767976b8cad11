# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Margins of calls whose tariff includes the tax: without it, as on the invoice."""

from odoo.fields import Command
from odoo.tests import tagged

from .invoicing_common import FIRST, LAST, TelecomInvoicingCommon
from .test_rating import row

MOBILE = "600000099"


@tagged("post_install", "-at_install")
class TestMarginTax(TelecomInvoicingCommon):
    """Mobile 1.21 a minute with 21 %: 1.00 is ours. The file says what it costs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rate = cls.tariff.rate_ids.filtered(lambda r: r.category == "mobile")
        rate.price = 1.21
        cls.tariff.is_tax_included = True
        cls._use(cls._tax(21))
        cls._forget_marks()

    @classmethod
    def _tax(cls, amount, **values):
        return cls.env["account.tax"].create(
            {
                "name": f"Tax {amount} {values}",
                "amount": amount,
                "type_tax_use": "sale",
                "company_id": cls.company.id,
                **values,
            }
        )

    @classmethod
    def _use(cls, taxes, *kinds):
        for kind in kinds or ("landline", "mobile", "other", "roaming", "all"):
            product = cls.company._telecom_product(kind)
            product.taxes_id = [Command.set(taxes.ids)]

    def _margin(self):
        """Revenue, cost and margin as shown, and the margin of the calls."""
        rows = (
            self.env["telecom.margin"]
            .sudo()
            .search([("company_id", "=", self.company.id)])
        )
        shown = [sum(rows.mapped(name)) for name in ("revenue", "cost", "margin")]
        calls = sum(self._calls().sudo().mapped("margin"))
        return [round(one, 6) for one in (*shown, calls)]

    def test_margin_is_what_the_invoice_has_before_tax(self):
        """3 minutes: 3.63 with tax is 3.00 on the invoice; 3.00 - 0.60."""
        self._process(row("1", called=MOBILE, seconds=180, amount="0.6"))
        self.assertEqual(self._calls().price, 3.63)
        self.assertEqual(self._margin(), [3.0, 0.6, 2.4, 2.4])
        move = self.env["telecom.invoicing"]._invoice(self.customer, FIRST, LAST)
        self.assertEqual((move.amount_untaxed, move.amount_total), (3.0, 3.63))
        self.assertEqual(self._margin(), [3.0, 0.6, 2.4, 2.4])
        self._run_cron("sums")
        self.assertEqual(self._margin(), [3.0, 0.6, 2.4, 2.4])

    def test_exact_to_the_last_digit(self):
        """A second: 0.0202 with tax is 0.016694214876...; stored with nine digits."""
        self._process(row("1", called=MOBILE, seconds=1, amount="0"))
        self.assertEqual(self._calls().price, 0.0202)
        self.assertEqual(self._calls().sudo().margin, 0.016694215)

    def test_each_product_has_its_own_tax(self):
        """Landline 0.05 + 0.02 a minute with 10 %: 0.077 with tax would be 0.07."""
        landline = self.tariff.rate_ids.filtered(lambda r: r.category == "landline")
        landline.connect_fee = 0.057
        self._use(self._tax(10), "landline")
        self._process(row("1", amount="0.01"), row("2", called=MOBILE, amount="0.01"))
        self.assertEqual(self._calls().sudo().mapped("margin"), [0.06, 0.99])
        self.assertEqual(self._margin(), [1.07, 0.02, 1.05, 1.05])

    def test_prices_that_say_the_tax_is_included_too(self):
        self._use(self._tax(21, price_include_override="tax_included"))
        self._process(row("1", called=MOBILE, amount="0.2"))
        self.assertEqual(self._margin(), [1.0, 0.2, 0.8, 0.8])

    def test_rated_again_it_is_the_same(self):
        self._process(row("1", called=MOBILE, amount="0.2"))
        self._calls().action_rate()
        self.assertEqual(self._margin(), [1.0, 0.2, 0.8, 0.8])

    def test_the_tax_is_that_of_the_day_of_the_rating(self):
        """Another tax later: calls that are rated again have it, others keep theirs."""
        self._process(row("1", called=MOBILE, amount="0.2"))
        self._use(self._tax(10))
        self.assertEqual(self._margin(), [1.0, 0.2, 0.8, 0.8])
        self._calls().action_rate()
        self.assertEqual(self._margin(), [1.1, 0.2, 0.9, 0.9])

    def test_without_a_cost_the_revenue_is_before_tax_as_well(self):
        self._process(row("1", called=MOBILE))
        rows = (
            self.env["telecom.margin"]
            .sudo()
            .search([("company_id", "=", self.company.id)])
        )
        self.assertEqual((round(rows.revenue, 6), rows.cost or 0), (1.0, 0))
        self.assertEqual(round(rows.margin, 6), 1.0)

    def test_a_tax_that_is_no_percentage_is_known_on_the_invoice_alone(self):
        """A fixed amount a line is not taken out of a call: the price stays whole."""
        self._use(self._tax(1, amount_type="fixed"))
        self.assertEqual(self.company._telecom_untaxed_shares(), {})
        self._process(row("1", called=MOBILE, amount="0.2"))
        self.assertEqual(self._margin(), [1.21, 0.2, 1.01, 1.01])

    def test_prices_without_tax_are_not_touched(self):
        net = self._create_tariff("Net", {"category": "mobile", "price": 1})
        self.number.tariff_id = net
        self._process(row("1", called=MOBILE, amount="0.2"))
        self.assertEqual(self._margin(), [1.0, 0.2, 0.8, 0.8])

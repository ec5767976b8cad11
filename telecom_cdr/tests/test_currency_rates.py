# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Currency rates that are told in another currency than the company's own."""

from datetime import date

from odoo.tests import tagged

from .common import READER
from .test_customer_currency import MOBILE, CurrencyCase
from .test_explanation import ExplanationMixin
from .test_rating import row

DAY = date(2026, 10, 5)


@tagged("post_install", "-at_install")
class TestCurrencyRates(ExplanationMixin, CurrencyCase):
    """The euro is 0.80 of what dollars are told in, since 1 October."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("rates_reader", READER)
        cls.euro = cls.company.currency_id
        cls.customer.telecom_currency_id = cls.dollar
        cls._set_rate("2026-10-01", 0.8, cls.euro)
        cls._forget_marks()

    def test_the_companys_own_rate_counts(self):
        """0.09 euros at 1.25 / 0.80 are 0.140625 dollars, as Odoo converts them."""
        self._process(row("R1", called=MOBILE, amount="0.03"))
        self.assertEqual(self._found(), [("rated", 0.1406, "USD")])
        by_odoo = self.euro._convert(0.09, self.dollar, self.company, DAY, round=False)
        self.assertAlmostEqual(by_odoo, 0.140625)
        call = self._calls().sudo()
        self.assertEqual(call.conversion, "25/16")
        # 0.1406 / 1.5625 is 0.089984; 0.03 of it is the carrier's.
        self.assertEqual(call.margin, 0.059984)
        self.assertIn("0.1406", self._explain_call(call, self.reader))

    def test_margins_are_converted_by_it_too(self):
        """Where the call does not know its margin: 0.1406 dollars, no cost known."""
        self._process(row("R1", called=MOBILE))
        self.assertFalse(self._calls().sudo().cost)
        self.env.flush_all()
        margins = self.env["telecom.margin"].sudo().search([])
        self.assertEqual(margins.mapped("revenue"), [0.089984])

    def test_rates_of_all_companies_until_the_first_own_one(self):
        """On the 4th 1 / 0.80; on the 7th only an own rate would do."""
        for day in ("2026-10-04", "2026-10-07"):
            self._set_rate(day, 1, company_id=False)
        self._process(
            row("R1", called=MOBILE, start="2026-10-04 10:00:00"),
            row("R2", called=MOBILE, start="2026-10-07 10:00:00"),
        )
        self.assertEqual(
            self._found(), [("rated", 0.1125, "USD"), ("unrated", 0, "USD")]
        )

    def test_a_new_rate_of_the_own_currency_marks_all_days_behind_it(self):
        self._process(
            row("R1", called=MOBILE),
            row("R2", called=MOBILE, start="2026-10-06 10:00:00"),
        )
        self._set_rate("2026-10-06", 1, self.euro)
        marks = self.env["telecom.rating.mark"].search([])
        self.assertEqual(
            marks.mapped(lambda m: (str(m.date_start), m.date_end)),
            [("2026-10-05 22:00:00", False)],
        )
        self._run_cron("rate")
        self.assertEqual(
            self._found(), [("rated", 0.1406, "USD"), ("rated", 0.117, "USD")]
        )

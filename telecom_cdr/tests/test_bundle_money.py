# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bundles with money in the company's currency, for calls priced in another one."""

from odoo.tests import tagged

from .common import READER
from .test_customer_currency import MOBILE, CurrencyCase
from .test_explanation import ExplanationMixin
from .test_rating import row

FIRST, SECOND, LATER = (f"2026-10-0{day} 10:00:00" for day in (5, 6, 7))


@tagged("post_install", "-at_install")
class TestBundleMoney(ExplanationMixin, CurrencyCase):
    """The tariff is in dollars: 60 s cost 0.60."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("money_reader", READER)
        cls.dollars = cls._create_tariff(
            "Dollars", {"price": 0.6}, currency_id=cls.dollar.id
        )
        cls.company.telecom_tariff_id = cls.dollars
        cls._forget_marks()

    def _give(self, *allowances, **values):
        bundle = self._create_bundle("PURSE", *allowances, **values)
        return self._give_bundle(bundle, self.customer)

    def _taken(self):
        draws = self.env["telecom.bundle.draw"].search([], order="id")
        return draws.sorted(lambda d: d.call_id.start_at).mapped(
            lambda d: (d.quantity, d.covered, d.amount, d.conversion or "")
        )

    def test_money_pays_at_the_rate_of_each_day(self):
        """0.60 at 1.25 are 0.48 euros; 0.52 pay for 0.676 dollars of 1.20 at 1.30."""
        self._give({"amount": 1})
        self._process(
            row("A1", called=MOBILE, start=FIRST),
            row("A2", called=MOBILE, start=SECOND, seconds=120),
        )
        self.assertEqual(self._found(), [("rated", 0, "USD"), ("rated", 0.524, "USD")])
        self.assertEqual(
            self._taken(), [(0.48, 0.6, 0, "5/4"), (0.52, 0.676, 0, "13/10")]
        )
        usage = self.env["telecom.bundle.usage"].search([("used", ">", 0)])
        self.assertEqual((usage.used, usage.remaining, usage.used_percent), (1, 0, 100))
        first, second = self._calls()
        self._explain_call(first, self.reader)
        text = self._explain_call(second, self.reader)
        self.assertIn("pays $ 0.676 of it in October 2026", text)
        self.assertIn("takes 0.52 € of its money", text)
        self.assertIn("1 EUR is 1.30 USD", text)
        self.assertIn("0.524", text)

    def test_a_limit_of_money_counts_at_the_rate_of_the_day(self):
        """0.24 euros are 0.30 dollars: 30 of 60 s."""
        self._give({"seconds": 600, "amount_limit": 0.24})
        self._process(row("L1", called=MOBILE, start=FIRST))
        self.assertEqual(self._found(), [("rated", 0.3, "USD")])
        self.assertEqual(self._taken(), [(30, 30, 0.24, "5/4")])
        text = self._explain_call(self._calls(), self.reader)
        self.assertIn("Of its limit of money that is 0.24 €.", text)
        self.assertIn("1 EUR is 1.25 USD", text)

    def test_files_in_any_order_give_the_same(self):
        self._give({"amount": 1})
        rows = [
            row("O1", called=MOBILE, start=FIRST),
            row("O2", called=MOBILE, start=SECOND, seconds=120),
        ]
        for name, some in (("late.csv", rows[1:]), ("early.csv", rows[:1])):
            self._process(*some, name=name)
        self.assertEqual(self._found(), [("rated", 0, "USD"), ("rated", 0.524, "USD")])
        self.assertEqual(sum(taken[0] for taken in self._taken()), 1)

    def test_without_a_rate_of_the_day_the_call_waits_and_takes_nothing(self):
        self._give({"seconds": 60}, {"amount": 1})
        self._process(
            row("W1", called=MOBILE, start=LATER),
            row("W2", called=MOBILE, start=SECOND),
        )
        self.assertEqual(
            self._calls().mapped(lambda c: (c.state, c.rating_reason or "")),
            [("rated", ""), ("unrated", "no_currency_rate")],
        )
        self.assertEqual(self._taken(), [(60, 60, 0, "")])
        self._set_rate("2026-10-07", 1.5)
        self._run_cron("rate")
        self.assertEqual(self._found(), [("rated", 0, "USD")] * 2)
        self.assertEqual(self._taken(), [(60, 60, 0, ""), (0.4, 0.6, 0, "3/2")])

    def test_a_rate_that_is_corrected_changes_what_is_taken(self):
        self._give({"amount": 1})
        self._process(row("R1", called=MOBILE, start=FIRST))
        rate = self.env["res.currency.rate"].search(
            [("name", "=", "2026-10-05"), ("currency_id", "=", self.dollar.id)]
        )
        rate.rate = 1.2
        # Until it is rated again it is explained as it was counted.
        self.assertIn(
            "1 EUR is 1.25 USD", self._explain_call(self._calls(), self.reader)
        )
        self._run_cron("rate")
        self.assertEqual(self._taken(), [(0.5, 0.6, 0, "6/5")])

    def test_nothing_is_converted_in_one_currency(self):
        self.company.telecom_tariff_id = self.tariff
        self._give({"amount": 0.05})
        self._process(row("E1", called=MOBILE, start=LATER))
        self.assertEqual(self._found(), [("rated", 0.04, "EUR")])
        self.assertEqual(self._taken(), [(0.05, 0.05, 0, "")])


@tagged("post_install", "-at_install")
class TestPerCallCover(ExplanationMixin, CurrencyCase):
    """A price per call is due as a connect fee is, by the rule of the bundle."""

    def test_the_rule_of_the_bundle_and_what_is_said_of_it(self):
        """0.30 a call; 90 s are included: the first call wholly, the second in part."""
        reader = self._new_user("call_reader", READER)
        self.tariff.rate_ids = [
            (0, 0, {"prefix": "34700", "method": "call", "price": 0.3})
        ]
        for rule, prices, words in (
            ("unless_whole", [0, 0.3], ["Wholly covered", "it is due as a whole"]),
            ("always", [0.3, 0.3], ["it is always due", "it is due as a whole"]),
            ("never", [0, 0], ["Wholly covered", "The bundle spares it"]),
        ):
            with self.subTest(rule=rule):
                self.env["telecom.file"].search([]).action_revert()
                self.env["telecom.bundle.subscription"].search([]).unlink()
                bundle = self._create_bundle(rule, {"seconds": 90}, connect_rule=rule)
                self._give_bundle(bundle, self.customer)
                self._process(
                    row("K1", called="700000001", start="2026-10-05 10:00:00"),
                    row("K2", called="700000001", start="2026-10-05 11:00:00"),
                    name=f"{rule}.csv",
                )
                self.assertEqual(self._calls().mapped("price"), prices)
                for call, word in zip(self._calls(), words, strict=True):
                    self.assertIn(word, self._explain_call(call, reader))

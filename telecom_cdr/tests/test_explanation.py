# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from lxml import html

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import READER, USER, TelecomCommon
from .test_rating import row


class ExplanationMixin:
    """For tests that read how a price came about."""

    def _explain_call(self, call, user):
        """The explanation as text, which ends in the stored figure."""
        action = call.with_user(user).action_explain()
        wizard = self.env[action["res_model"]].with_user(user)
        page = str(wizard.browse(action["res_id"]).steps)
        self.assertNotIn("alert-warning", page, self._text(page))
        return self._text(page)

    def _text(self, page):
        return " ".join(html.fromstring(page).text_content().split())


@tagged("post_install", "-at_install")
class TestExplanation(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("reader", READER)
        cls.insider = cls._new_user("insider", f"{USER},telecom_cdr.group_telecom_cost")
        cls.env["telecom.rate"].create(
            [
                {
                    "tariff_id": cls.tariff.id,
                    "prefix": "44",
                    "method": "markup",
                    "markup": 30,
                },
                {
                    "tariff_id": cls.tariff.id,
                    "prefix": "33",
                    "price": 0.01,
                    "has_minimum_price": True,
                    "minimum_price": 0.25,
                },
                {
                    "tariff_id": cls.tariff.id,
                    "prefix": "39",
                    "price": 60,
                    "has_maximum_price": True,
                    "maximum_price": 3,
                },
                {"tariff_id": cls.tariff.id, "prefix": "351", "price": 0.6, "grace": 5},
            ]
        )
        cls._forget_marks()

    def _explain(self, *rows, user=None, **domain):
        """Steps (title, text, amount) and the figure of the one call of these rows."""
        if rows:
            self._process(*rows)
        call = self._calls()[-1]
        call = call.with_user(user or self.reader)
        action = call.action_explain()
        wizard = self.env[action["res_model"]].with_user(user or self.reader)
        return call, str(wizard.browse(action["res_id"]).steps)

    def _text(self, page):
        return " ".join(html.fromstring(page).text_content().split())

    def _assert_ends_in(self, page, figure):
        """The explanation says the stored price, and does not say it differs."""
        self.assertRegex(self._text(page), rf"(?<![\d.]){re.escape(figure)}(?!\d)")
        self.assertNotIn("alert-warning", page)
        self.assertNotIn("alert-danger", page)

    def test_plain_call(self):
        call, page = self._explain(row("E1", seconds=61))
        self.assertEqual(call.price, 0.09)
        text = self._text(page)
        self.assertIn("Retail", text)
        self.assertIn("0:02:00", text)
        self.assertIn("120 s at", text)
        self.assertIn("Connection fee", text)
        self._assert_ends_in(page, "0.09")

    def test_rounding_is_shown(self):
        call, page = self._explain(row("E2", called="600000099", seconds=11))
        self.assertEqual(call.price, 0.0165)
        self.assertIn("0.0165", self._text(page))
        self._assert_ends_in(page, "0.0165")

    def test_minimum_and_maximum(self):
        call, page = self._explain(row("E3", called="0033199000001"))
        self.assertEqual(call.price, 0.25)
        self.assertIn("Minimum price", self._text(page))
        self._assert_ends_in(page, "0.25")
        call, page = self._explain(
            row("E4", called="0039060000001", start="2026-10-06 10:00:00")
        )
        self.assertEqual(call.price, 3)
        self.assertIn("Maximum price", self._text(page))

    def test_short_and_unanswered_calls_are_free(self):
        call, page = self._explain(row("E5", called="00351210000001", seconds=5))
        self.assertEqual((call.state, call.price), ("rated", 0))
        self.assertIn("Calls up to 0:00:05 cost nothing", self._text(page))
        call, page = self._explain(row("E6", seconds=0, start="2026-10-06 10:00:00"))
        self.assertIn("was not answered", self._text(page))

    def test_covered_and_partly_covered(self):
        self._give_bundle(
            self._create_bundle("FIXED 1", {"seconds": 60}), self.customer
        )
        call, page = self._explain(row("E7", seconds=60))
        self.assertEqual(call.price, 0)
        self.assertIn("Wholly covered", self._text(page))
        self.assertIn("FIXED 1", self._text(page))
        call, page = self._explain(
            row("E8", seconds=90, start="2026-10-04 10:00:00"),
            row("E9", seconds=60, start="2026-10-04 09:00:00"),
        )
        partly = self._calls(("duration", "=", 90))
        self.assertEqual((partly.bundle_duration, partly.price), (0, 0.09))

    def test_partly_covered(self):
        self._give_bundle(
            self._create_bundle("FIXED 1", {"seconds": 60}), self.customer
        )
        call, page = self._explain(row("E8", seconds=90))
        self.assertEqual((call.bundle_duration, call.price), (60, 0.07))
        text = self._text(page)
        self.assertIn("What is left to pay", text)
        self.assertIn("October 2026", text)
        self._assert_ends_in(page, "0.07")

    def test_the_discount_of_the_bundle_is_the_one_that_counted(self):
        """5 % and 10 % off 1 s at 0.09 a minute are both 0.0014: 0.00143, 0.00135."""
        for name, priority, percent in (("Later", 20, 10), ("First", 10, 5)):
            bundle = self._create_bundle(
                name, {"seconds": 60, "rest_discount": percent}
            )
            self._give_bundle(bundle, self.customer, priority=priority)
        call, page = self._explain(row("D1", called="600000099", seconds=121))
        self.assertEqual((call.bundle_duration, call.price), (120, 0.0014))
        stored = call.sudo()
        self.assertEqual(
            (stored.rest_discount_ppm, stored.paid_discount_ppm), (50_000, 0)
        )
        self.assertIn("5.00 % on what the bundle leaves", self._text(page))
        self.assertNotIn("10.00 %", self._text(page))
        self._assert_ends_in(page, "0.0014")
        # Rated again it is the same; without the bundles it is gone.
        self.assertEqual(stored.action_rate(), 0)
        self.env["telecom.bundle.subscription"].search([]).date_end = "2026-06-01"
        stored.action_rate()
        self._run_cron("rate")
        self.assertEqual((stored.price, stored.rest_discount_ppm), (0.1815, 0))

    def test_the_discount_on_what_money_leaves(self):
        """0.18 less 0.05; half of 0.13."""
        bundle = self._create_bundle("Money", {"amount": 0.05, "rest_discount": 50})
        self._give_bundle(bundle, self.customer)
        call, page = self._explain(row("D2", called="600000099", seconds=120))
        stored = call.sudo()
        self.assertEqual(
            (stored.price, stored.rest_discount_ppm, stored.paid_discount_ppm),
            (0.065, 0, 500_000),
        )
        self.assertIn("50.00 % on what the bundle leaves", self._text(page))
        self._assert_ends_in(page, "0.065")

    def test_no_discount_takes_no_space(self):
        call, _page = self._explain(row("D3"))
        self.env.cr.execute(
            "SELECT rest_discount_ppm, paid_discount_ppm FROM telecom_call"
            " WHERE id = %s",
            [call.id],
        )
        self.assertEqual(self.env.cr.fetchall(), [(None, None)])

    def test_the_label_of_the_rate_stands_for_the_destination(self):
        call, page = self._explain(row("D4"))
        destination = call.destination_id
        self.assertIn(f"({destination.display_name})", self._text(page))
        self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "destination_id": destination.id,
                "price": 0.06,
                "label": "City lines",
            }
        )
        call.sudo().action_rate()
        call, page = self._explain()
        self.assertEqual(call.price, 0.06)
        self.assertIn("City lines: its prefix", self._text(page))
        self.assertIn("(City lines)", self._text(page))
        self.assertNotIn(destination.display_name, self._text(page))

    def test_calls_without_a_price_say_why(self):
        for rows, words in (
            (row("U1", called="0048000000001"), "The tariff has no rate"),
            (
                row("U2", caller="910000077", start="2026-10-06 10:00:00"),
                "nobody held it",
            ),
        ):
            call, page = self._explain(rows)
            self.assertIn(words, self._text(page))
            self.assertEqual(call.price, 0)

    COST_WORDS = ("carrier's cost of", "0.0334", "Margin", "30.00 %")

    def test_markup_tells_no_cost_to_who_may_not_see_it(self):
        call, page = self._explain(row("K1", called="00442079460001", amount="0.0334"))
        self.assertEqual(call.price, 0.0434)
        text = self._text(page)
        for word in self.COST_WORDS:
            self.assertNotIn(word, text)
        self.assertIn("The carrier's cost and a mark-up on it", text)
        self._assert_ends_in(page, "0.0434")

    def test_markup_tells_the_cost_to_who_may_see_it(self):
        call, page = self._explain(
            row("K2", called="00442079460001", amount="0.0334"), user=self.insider
        )
        text = self._text(page)
        self.assertIn("30.00 % on the carrier's cost of", text)
        self.assertIn("0.0334", text)
        self.assertEqual(call.cost, 0.0334)
        self._assert_ends_in(page, "0.0434")

    def test_cost_of_a_plain_call_is_for_insiders(self):
        _call, page = self._explain(row("K3", amount="0.0123"))
        self.assertNotIn("0.0123", page)
        _call, page = self._explain(user=self.insider)
        self.assertIn("0.0123", page)

    def test_an_invoiced_call_is_explained_as_it_was_priced(self):
        self._load_accounts()
        self._process(row("I1"))
        day = self._calls().day
        self.env["telecom.invoicing"]._invoice(self.customer, day, day)
        call, page = self._explain()
        self.assertEqual(call.state, "invoiced")
        self._assert_ends_in(page, "0.07")

    def test_who_may_not_see_calls_gets_no_explanation(self):
        self._process(row("P1"))
        plain = self._new_user("plain", "base.group_user")
        with self.assertRaises(AccessError):
            self._calls().with_user(plain).action_explain()
        count = self.env["telecom.call.explanation"].search_count([])
        self.assertEqual(count, 0)

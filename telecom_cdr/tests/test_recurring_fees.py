# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fees of months, quarters and years, in advance and in arrears, and what they cost."""

import random
from datetime import date, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine.fee_periods import period_of
from .common import READER
from .invoicing_common import FIRST, LAST, TelecomInvoicingCommon


class RecurringFeeCommon(TelecomInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("fee_reader", READER)

    def _give(self, price, start="2026-10-10", **values):
        """A bundle by days from a day on."""
        values = {"prorate_fee": True, **values}
        bundle = self._create_bundle("B", {"seconds": 600}, price=price, **values)
        given = self._give_bundle(bundle, self.customer)
        given.date_start = given._midnight(date.fromisoformat(start), self.company)
        return given

    def _end(self, given, day):
        given.date_end = given._midnight(date.fromisoformat(day), self.company)

    def _run(self, date_to, date_from=None, user=None):
        """Invoices of an accountant's run until a day, fees from its month on."""
        date_to = date.fromisoformat(str(date_to))
        invoicing = self.env["telecom.invoicing"].with_user(user or self.reader)
        return invoicing.with_company(self.company)._invoice(
            self.customer, date_from or date_to.replace(day=1), date_to
        )

    def _lines(self, *args, **values):
        lines = self._run(*args, **values).invoice_line_ids
        return lines.mapped(lambda line: (line.name, line.price_subtotal))


@tagged("post_install", "-at_install")
class TestRecurringFees(RecurringFeeCommon):
    def test_in_advance(self):
        """First the rest of October, 22 of 31 days, and November; then one a month."""
        self._give(31, fee_timing="advance")
        self.assertEqual(
            self._lines("2026-10-31"),
            [
                ("B, October 2026 (10/10/2026 to 10/31/2026: 22 of 31 days)", 22),
                ("B, November 2026", 31),
            ],
        )
        self.assertFalse(self._run("2026-10-31"))
        self.assertEqual(self._lines("2026-11-30"), [("B, December 2026", 31)])

    def test_in_arrears(self):
        """Only what is over; a month without a run is made up for."""
        self._give(31, fee_timing="arrears")
        self.assertFalse(self._run("2026-10-30"))
        self.assertEqual(
            self._lines("2026-10-31"),
            [("B, October 2026 (10/10/2026 to 10/31/2026: 22 of 31 days)", 22)],
        )
        self.assertEqual(
            self._lines("2026-12-31"),
            [("B, November 2026", 31), ("B, December 2026", 31)],
        )

    def test_a_quarter_in_arrears(self):
        """October to December: 83 of 92 days."""
        self._give(92, fee_interval="quarter", fee_timing="arrears")
        self.assertFalse(self._run("2026-11-30"))
        name = "B, 10/01/2026 to 12/31/2026 (10/10/2026 to 12/31/2026: 83 of 92 days)"
        self.assertEqual(self._lines("2026-12-31"), [(name, 83)])

    def test_quarters_begin_with_the_customer_or_the_calendar(self):
        """Since 10 November: 83 of 92 days until January, or 52 of the 4th quarter."""
        for anchor, amount in (("subscription", 83), ("calendar", 52)):
            with self.subTest(anchor):
                given = self._give(
                    92, "2026-11-10", fee_interval="quarter", fee_anchor=anchor
                )
                move = self._run("2026-11-30")
                self.assertEqual(move.amount_untaxed, amount)
                self.assertFalse(self._run("2026-12-31"))
                move.unlink()
                given.unlink()

    def test_a_quarter_begins_on_the_billing_day(self):
        """Since 10 November, periods from the 15th: 15 October to 14 January."""
        self.customer.telecom_billing_day = 15
        given = self._give(92, "2026-11-10", fee_interval="quarter", prorate_fee=False)
        line = self._run("2026-11-30").invoice_line_ids
        days = (line.telecom_period_start, line.telecom_period_end)
        self.assertEqual(days, (date(2026, 10, 15), date(2027, 1, 15)))
        self.assertEqual(line.telecom_subscription_id, given)
        self.assertEqual(line.price_subtotal, 92)

    def test_a_year_that_ended_early(self):
        """365 for 2026; ended after 90 days, 275 come back, once; then 30 are due."""
        given = self._give(365, "2026-01-01", fee_interval="year")
        first = self._run("2026-01-31")
        first.action_post()
        self.assertEqual(first.amount_untaxed, 365)
        self._end(given, "2026-04-01")
        back = self._run("2026-04-30")
        self.assertEqual((back.move_type, back.amount_untaxed), ("out_refund", 275))
        line = back.invoice_line_ids
        self.assertEqual(
            line.name,
            "Given back for 04/01/2026 to 12/31/2026: B, 01/01/2026 to 12/31/2026, "
            f"{first.name}",
        )
        self.assertEqual(line.telecom_fee_line_id, first.invoice_line_ids)
        self.assertFalse(self._run("2026-05-31"))
        self._end(given, "2026-05-01")
        self.assertEqual(
            self._lines("2026-05-31"),
            [
                (
                    "Due after all for 04/01/2026 to 04/30/2026: "
                    f"B, 01/01/2026 to 12/31/2026, {first.name}",
                    30,
                )
            ],
        )
        self.assertFalse(self._run("2026-06-30"))

    def test_an_end_that_is_known_is_the_end(self):
        """In advance until 9 December: 9 of 31 days."""
        given = self._give(31, "2026-10-01", fee_timing="advance")
        self._end(given, "2026-12-10")
        self.assertEqual([price for _name, price in self._lines("2026-11-30")], [31, 9])

    def test_the_rest_is_taken_off_what_is_due(self):
        """Changed for another bundle on 16 November: 15 of 30 days back, 15 of it."""
        old = self._give(30, "2026-11-01")
        self._run("2026-11-01").action_post()
        new = self._create_bundle("C", {"seconds": 60}, price=60, prorate_fee=True)
        old.bundle_id._hand_over(new, old._midnight(date(2026, 11, 16), self.company))
        self.assertEqual(
            [price for _name, price in self._lines("2026-11-30")], [30, -15]
        )

    def test_a_fee_that_is_not_by_days_stays(self):
        given = self._give(31, "2026-10-01", prorate_fee=False)
        self._run(LAST).action_post()
        given.bundle_id.prorate_fee = True
        self._end(given, "2026-10-10")
        self.assertFalse(self._run(LAST))

    def test_a_cancelled_credit_is_given_again(self):
        given = self._give(31, "2026-10-01")
        self._run(LAST).action_post()
        self._end(given, "2026-10-10")
        back = self._run(LAST)
        back.button_cancel()
        again = self._run(LAST)
        self.assertEqual(again.amount_untaxed, 22)
        back.button_draft()
        # Both would give the same days back: one of them is taken back.
        fixed = self._run(LAST)
        self.assertEqual((fixed.move_type, fixed.amount_untaxed), ("out_invoice", 22))
        self.assertFalse(self._run(LAST))

    def test_a_credited_fee_takes_its_credit_back(self):
        """31 - 22, then the 31 are credited: 22 and the 9 days are due."""
        given = self._give(31, "2026-10-01")
        move = self._run(LAST)
        move.action_post()
        self._end(given, "2026-10-10")
        self._run(LAST).action_post()
        move._reverse_moves([{"invoice_date": LAST}]).action_post()
        prices = [price for _name, price in self._lines(LAST)]
        self.assertEqual(prices, [9, 22])

    def test_the_price_of_the_day_on_which_the_period_begins(self):
        given = self._give(31, "2026-09-01", fee_timing="arrears")
        product = given.bundle_id.product_id
        with freeze_time("2026-10-20 10:00:00"):
            product.list_price = 62
        with freeze_time("2026-11-02 10:00:00"):
            product.lst_price = 93
            self.assertEqual(
                self._lines("2026-11-30", date_from=date(2026, 9, 1)),
                [
                    ("B, September 2026", 31),
                    ("B, October 2026", 31),
                    ("B, November 2026", 62),
                ],
            )
            self.assertEqual(self._lines("2026-12-31"), [("B, December 2026", 93)])

    def test_a_billed_subscription_is_not_deleted(self):
        given = self._give(31, "2026-10-01")
        move = self._run(LAST)
        with self.assertRaisesRegex(UserError, "end it instead of deleting"):
            given.unlink()
        move.unlink()
        given.unlink()
        self.assertFalse(given.exists())

    def test_who_may_not_invoice_does_not(self):
        self._give(31, "2026-10-01")
        before = self.env["account.move"].search_count([])
        with self.assertRaises(AccessError):
            self._run(LAST, user=self._new_user("fee_operator"))
        self.assertEqual(self.env["account.move"].search_count([]), before)

    def test_the_cheapest_is_found_by_month(self):
        bundle = self._create_bundle("Y", {"seconds": 60}, price=120)
        bundle.fee_interval = "year"
        comparison = self.env["telecom.bundle.comparison"]
        self.assertEqual(comparison._fee(bundle) * 12, 120_000_000)


@tagged("post_install", "-at_install")
class TestLifeOfAFee(RecurringFeeCommon):
    """Whatever is done in whatever order, the customer pays the days that it ran."""

    def test_the_sum_of_the_money(self):
        for seed in range(10):
            with self.subTest(seed=seed):
                self._check_life(random.Random(seed))

    def _check_life(self, chance):
        self.customer = self.customer.create({"name": "Life"})
        start = date(2026, 1, 1) + timedelta(days=chance.randrange(120))
        given = self._give(
            300,
            start.isoformat(),
            fee_interval=chance.choice(["month", "quarter", "year"]),
            fee_timing=chance.choice(["current", "advance", "arrears"]),
            fee_anchor=chance.choice(["subscription", "calendar"]),
        )
        for _step in range(12):
            self._step(chance, given, start)
        if not given.date_end:
            self._end(given, "2026-12-10")
        self._life_run("2026-12-31")
        self.assertFalse(self._life_run("2026-12-31"))
        moves = self._moves()
        found = sum(moves.mapped("amount_untaxed_signed"))
        self.assertAlmostEqual(
            found, self._due(given), delta=0.01 * len(moves.line_ids)
        )

    def _step(self, chance, given, start):
        kind = chance.choice(["run", "run", "end", "cancel", "delete", "credit"])
        if kind == "run":
            self._life_run(date(2026, chance.randint(1, 12), chance.randint(1, 28)))
        elif kind == "end":
            after = start + timedelta(days=chance.randint(1, 220))
            self._end(given, after.isoformat())
        else:
            self._undo(chance, kind)

    def _undo(self, chance, kind):
        drafts = self._moves().filtered(lambda m: m.state == "draft")
        if not drafts:
            return
        move = chance.choice(drafts)
        if kind == "cancel":
            move.button_cancel()
        elif kind == "delete":
            move.unlink()
        else:
            move.action_post()
            move._reverse_moves([{"invoice_date": FIRST}]).action_post()

    def _life_run(self, date_to):
        moves = self._run(date_to, date_from=date(2026, 1, 1))
        if len(moves.ids) and date.fromisoformat(str(date_to)).day % 2:
            moves.action_post()
        return moves

    def _moves(self):
        return self.env["account.move"].search(
            [("partner_id", "=", self.customer.id), ("state", "!=", "cancel")]
        )

    def _due(self, given):
        """300 by the days of each period, day by day."""
        plan, (day, end) = given._fee_plan(), given._running_days()
        total = 0
        while day < end:
            first, after = period_of(day, plan.anchor, plan.months)
            total += 300 / (after - first).days
            day += timedelta(days=1)
        return total

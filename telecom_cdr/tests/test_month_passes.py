# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What depends on all calls of a month: tiers by band, costs of carriers, late calls.

Worked out by hand. Files are in UTC, tariffs and billing days on the clocks of Madrid:
two hours ahead in October until the 25th.
"""

from contextlib import suppress
from itertools import permutations
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from ..models import telecom_cost_pass
from .test_pricing_examples import EVERY_DAY, LONDON, MOBILE, ExampleCase
from .test_rating import row


@tagged("post_install", "-at_install")
class TestSplitMonths(ExampleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tariff.band_rule = "split"

    def _bands(self, day=(), night=()):
        """Day 0.6, above 100 s 0.06; night (22 to 6) 0.3, above 60 s 0.03."""
        band = self._band("Night", {"hour_from": 22, "hour_to": 6, **EVERY_DAY})
        common = {"prefix": "44", "volume_unit": "seconds"}
        tiers = [
            {"kind": "volume", "start": s, "price": p}
            for s, p in ((100, 0.06), (60, 0.03))
        ]
        by_day = {**common, "price": 0.6, **dict(day)}
        by_night = {**common, "price": 0.3, "time_band_id": band.id, **dict(night)}
        return self._add(tiers=tiers[:1], **by_day), self._add(
            tiers=tiers[1:], **by_night
        )

    def test_each_rate_counts_what_it_has_priced(self):
        """60 s of the first call are day, 60 night: 0.6 and 0.3.

        30 s of the second are day (60 before): 0.3; 60 night (60 before): 0.03. The
        night has 120 then: 0.03. The day has 90: 10 s at 0.6 and 50 at 0.06.
        """
        day, night = self._bands()
        rows = self._rows(
            ("2026-10-05 19:59:00", LONDON, 120),
            ("2026-10-06 19:59:30", LONDON, 90),
            ("2026-10-06 21:00:00", LONDON, 60),
            ("2026-10-07 10:00:00", LONDON, 60),
        )
        prices = [0.9, 0.33, 0.03, 0.15]
        for order in ((3, 2, 1, 0), (1, 3, 0, 2), (0, 1, 2, 3)):
            self.env["telecom.file"].search([]).action_revert()
            for place in order:
                self._process(rows[place], name=f"{order}{place}.csv")
            self._run_cron("rate")
            self.assertEqual(self._calls().mapped("price"), prices, order)
        self.assertEqual(
            self._calls().mapped("tier_parts"),
            [
                f"{day.id}:0:60 {night.id}:0:60",
                f"{day.id}:60:30 {night.id}:60:60",
                f"{night.id}:120:60",
                f"{day.id}:90:60",
            ],
        )
        self.assertTrue(all((day | night).mapped("is_telecom_used")))
        self._assert_example(prices, [1.41])

    def test_late_calls_come_behind_the_invoiced_parts(self):
        """Invoiced: 60 s of day and of night. 30 s late at night: all at 0.03."""
        _day, night = self._bands()
        self._read(("2026-10-05 19:59:00", LONDON, 120))
        self._run_cron("rate")
        self._assert_billed()
        self._process(row("L", start="2026-10-04 21:00:00", called=LONDON, seconds=30))
        self._process(row("M", start="2026-10-04 10:00:00", called=LONDON, seconds=60))
        self._run_cron("rate")
        late, more, invoiced = self._calls()[1], self._calls()[0], self._calls()[2]
        self.assertEqual((late.price, more.price, invoiced.price), (0.015, 0.42, 0.9))
        for call in self._calls():
            self._assert_explained(call)
        # A price from then on changes neither what is invoiced nor its explanation.
        night._succeed("2026-10-01 00:00:00", {"price": 0.2})
        self._run_cron("rate")
        self.assertEqual(invoiced.price, 0.9)
        self._assert_explained(invoiced)
        # The new night has no calls yet: 30 s at 0.2.
        self.assertEqual((late.price, more.price), (0.1, 0.42))

    def test_words_tell_the_months_apart(self):
        self._bands()
        self._read(
            ("2026-10-05 10:00:00", LONDON, 90), ("2026-10-05 19:59:00", LONDON, 120)
        )
        self._run_cron("rate")
        action = self._calls()[1].with_user(self.insider).action_explain()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        text = str(wizard.with_user(self.insider).steps)
        self.assertIn("Any other time: Before this call", text)
        self.assertIn("held 0:01:30", text)
        self.assertIn("Night: Before this call", text)
        self.assertIn("held 0:00:00", text)

    def test_what_bundles_cover_counts_for_no_band(self):
        """90 s covered of 120: 30 s of the night count, and nothing of the day."""
        day, night = self._bands()
        self._give({"seconds": 90})
        self._read(
            ("2026-10-05 19:59:00", LONDON, 120),  # 30 s at 0.3
            ("2026-10-06 21:00:00", LONDON, 60),  # 30 s at 0.3, 30 s at 0.03
        )
        self._run_cron("rate")
        self.assertEqual(
            self._calls().mapped("tier_parts"),
            [f"{day.id}:0:0 {night.id}:0:30", f"{night.id}:30:60"],
        )
        self._assert_example([0.15, 0.165], [0.32])


@tagged("post_install", "-at_install")
class TestCostMonths(ExampleCase):
    """Cost 0.06 a minute, above 100 s of the month 0.006; prices are twice the cost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._create_customer("Customer Two")
        cls._create_number("+34910000002", cls.other)
        cls._cost_tariff()
        cls.env["telecom.rate"].create(
            {
                "tariff_id": cls.tariff.id,
                "prefix": "44",
                "method": "markup",
                "markup": 100,
            }
        )
        cls._forget_marks()

    @classmethod
    def _cost_tariff(cls, **values):
        tier = {"kind": "volume", "start": 100, "price": 0.006}
        rate = {
            "price": 0.06,
            "volume_unit": "seconds",
            "tier_ids": [Command.create(tier)],
            **values,
        }
        cls.carrier.cost_tariff_id = cls._create_tariff("Cost", rate, is_cost=True)
        cls._forget_earlier_tariffs()
        cls._forget_marks()

    def _four(self):
        """Three calls of October, one of another customer, and one of November."""
        other = {"caller": "910000002"}
        return self._rows(
            ("2026-10-05 10:00:00", LONDON, 60),
            ("2026-10-05 11:00:00", LONDON, 60, other),
            ("2026-10-05 12:00:00", LONDON, 60),
            ("2026-11-05 10:00:00", LONDON, 60),
        )

    def _results(self):
        self.env.invalidate_all()
        calls = self._calls()
        for call in calls.filtered("price"):
            self._assert_explained(call)
        passes = self.env["telecom.cost.pass"].search([])
        self.assertFalse(passes, "the months are not done")
        return list(zip(calls.mapped("cost"), calls.mapped("price"), strict=True))

    EXPECTED = [(0.06, 0.12), (0.042, 0.084), (0.006, 0.012), (0.06, 0.12)]

    def test_the_month_of_the_carrier_in_any_order_of_files(self):
        """The second call: 40 s at 0.06, 20 at 0.006; the price follows the cost."""
        rows = self._four()
        for order in list(permutations(range(4)))[::5]:
            self.env["telecom.file"].search([]).action_revert()
            for place in order:
                self._process(rows[place], name=f"{order}{place}.csv")
            self.assertEqual(self._results(), self.EXPECTED, order)
        self.assertEqual(self._calls().mapped("margin"), [0.06, 0.042, 0.006, 0.06])
        rate = self.carrier.cost_tariff_id.rate_ids
        self.assertEqual(
            self._calls().mapped("cost_tier_parts"),
            [f"{rate.id}:{n}:60" for n in (0, 60, 120, 0)],
        )
        self._assert_stays([0.12, 0.084, 0.012, 0.12])
        self.assertEqual(self._results(), self.EXPECTED)

    def test_all_units_by_the_total_or_each_number_for_itself(self):
        for values, costs in (
            ({"volume_rule": "whole"}, [0.006, 0.006, 0.006, 0.06]),
            ({"volume_scope": "number"}, [0.06, 0.06, 0.042, 0.06]),
            ({"volume_unit": "calls"}, [0.06] * 4),
        ):
            self._cost_tariff(**values)
            self.env["telecom.file"].search([]).action_revert()
            self._process(*self._four())
            found = [(cost, cost * 2) for cost in costs]
            self.assertEqual(self._results(), found, values)

    def test_calls_of_nobody_count_for_the_carrier(self):
        """And calls that nobody is charged for: it is the carrier who counts."""
        rows = self._four()
        self.source.keep_unknown = True
        rows[0] = rows[0].replace("910000001", "910000099")
        self._process(*rows)
        self.assertEqual(self._calls()[0].state, "unmatched")
        costs = [cost for cost, _price in self._results()]
        self.assertEqual(costs, [0.06, 0.042, 0.006, 0.06])

    def test_the_cost_of_invoiced_calls_stays_and_late_ones_come_behind(self):
        self._process(*self._four())
        self._assert_first_customer_billed()
        early = row("L", start="2026-10-05 09:00:00", called=LONDON, seconds=60)
        self._process(early, name="late.csv")
        # 120 s are invoiced: the late call is above 100 s, and the other, too.
        self.assertEqual(
            self._results(),
            [
                (0.006, 0.012),
                (0.06, 0.12),
                (0.006, 0.012),
                (0.006, 0.012),
                (0.06, 0.12),
            ],
        )
        late = self._calls()[0]
        late.file_id.action_revert()
        self.assertEqual(
            self._results(),
            [(0.06, 0.12), (0.006, 0.012), (0.006, 0.012), (0.06, 0.12)],
        )

    def _assert_first_customer_billed(self):
        moves = self.env["telecom.invoicing"]._invoice(
            self.customer, *(self._calls()[0].day.replace(day=d) for d in (1, 31))
        )
        self.assertEqual(moves.mapped("amount_untaxed"), [0.13])

    def test_when_the_invoice_goes_its_calls_are_counted_in_their_turn(self):
        self._process(*self._four())
        self._assert_first_customer_billed()
        late = row("L", start="2026-10-05 09:00:00", called=LONDON, seconds=60)
        self._process(late, name="late.csv")
        self.env["account.move"].search(
            [("partner_id", "=", self.customer.id)]
        ).unlink()
        self._run_cron("rate")
        costs = [cost for cost, _price in self._results()]
        self.assertEqual(costs, [0.06, 0.042, 0.006, 0.006, 0.06])

    def test_prices_of_customers_with_bundles_follow(self):
        """30 s of the first are covered: the customer pays half of its cost, doubled.

        Only the part that is left is marked up; the carrier asks for all of it.
        """
        self._give({"seconds": 30})
        rows = self._four()
        self._process(rows[2], name="2.csv")
        self.assertEqual(self._results(), [(0.06, 0.06)])
        self._process(*rows[:2], name="01.csv")
        self._run_cron("rate")
        self.assertEqual(
            self._results(), [(0.06, 0.06), (0.042, 0.084), (0.006, 0.012)]
        )
        self.assertEqual(self._calls().mapped("margin"), [0, 0.042, 0.006])

    def test_an_interrupted_pass_goes_on_where_it_was(self):
        rows = self._four()
        with patch.object(type(self.env["telecom.cost.pass"]), "_run", lambda *a: 0):
            self._process(*rows)
        passes = self.env["telecom.cost.pass"].search([], order="period_start")
        self.assertEqual(len(passes), 2)
        whole = telecom_cost_pass.TelecomCostPass._matched
        seen = []

        def matched(self_, tables, span):
            seen.append(span[0].hour)
            if len(seen) == 3:
                raise InterruptedError
            return whole(self_, tables, span)

        cls = type(self.env["telecom.cost.pass"])
        with patch.object(telecom_cost_pass, "SLICE", 1):
            with patch.object(cls, "_matched", matched):
                # Not assertRaises: it would roll back what the steps have committed.
                with suppress(InterruptedError):
                    passes._run(self.company)
                    self.fail("it was to be interrupted")
                # Files are in UTC.
                self.assertEqual(passes[0].done_until.hour, 12)
                seen.append("again")
                passes._run(self.company)
            self.assertEqual(seen, [10, 11, 12, "again", 12, 10])
        self._run_cron("rate")
        self.assertEqual(self._results(), self.EXPECTED)

    def test_all_units_by_the_total_go_on_too(self):
        self._cost_tariff(volume_rule="whole")
        self._process(*self._four()[:2], name="a.csv")
        with patch.object(telecom_cost_pass, "SLICE", 1):
            self._process(*self._four()[2:], name="b.csv")
        expected = [(0.006, 0.012)] * 3 + [(0.06, 0.12)]
        self.assertEqual(self._results(), expected)

    def test_a_new_call_of_the_month_begins_it_anew(self):
        with patch.object(type(self.env["telecom.cost.pass"]), "_run", lambda *a: 0):
            self._process(*self._four()[2:], name="a.csv")
            october = self.env["telecom.cost.pass"].search([], order="period_start")[0]
            october.sudo().done_until = "2026-10-06 00:00:00"
            self._process(*self._four()[:2], name="b.csv")
        self._run_cron("rate")
        self.assertEqual(self._results(), self.EXPECTED)

    def test_other_tariffs_of_the_carrier_and_back(self):
        self._process(*self._four())
        tiered = self.carrier.cost_tariff_id
        plain = self._create_tariff("Plain", {"price": 0.03}, is_cost=True)
        self.carrier.cost_tariff_id = plain
        self._forget_earlier_tariffs()
        self._run_cron("rate")
        self.assertEqual(self._results(), [(0.03, 0.06)] * 4)
        self.assertEqual(set(self._calls().mapped("cost_tier_parts")), {False})
        self.carrier.cost_tariff_id = tiered
        self._forget_earlier_tariffs()
        self._run_cron("rate")
        self.assertEqual(self._results(), self.EXPECTED)
        # One that has none itself, but asks the one that has.
        plain.rate_ids.unlink() if not plain.is_telecom_used else None
        child = self._create_tariff("Child", parent_id=tiered.id, is_cost=True)
        self.carrier.cost_tariff_id = child
        self._forget_earlier_tariffs()
        self._run_cron("rate")
        self.assertEqual(self._results(), self.EXPECTED)

    def test_the_words_tell_what_the_month_held_to_who_sees_costs(self):
        self._process(*self._four())
        call = self._calls()[1]
        action = call.with_user(self.insider).action_explain()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        page = str(wizard.with_user(self.insider).steps)
        self.assertIn("Before this call the month held 0:01:00", page)
        reader = self._new_user("reader", "telecom_cdr.group_telecom_reader")
        page = str(wizard.with_user(reader).steps)
        self.assertNotIn("the month held", page)

    def test_nothing_is_marked_where_no_cost_goes_by_the_month(self):
        self.carrier.cost_tariff_id = self._create_tariff(
            "Plain", {"price": 0.03}, is_cost=True
        )
        self._forget_marks()
        with patch.object(type(self.env["telecom.cost.pass"]), "_run", lambda *a: 0):
            self._process(*self._four())
        self.assertFalse(self.env["telecom.cost.pass"].search([]))


@tagged("post_install", "-at_install")
class TestLateCalls(ExampleCase):
    """300 s a month, what is left may be used in the next one; mobile 0.09 a minute."""

    def _history(self, october, november, late):
        self._give({"seconds": 300, "rollover_months": 1}, is_shared=True,
                   date_start="2026-09-30 22:00:00")  # fmt: skip
        self._read(
            ("2026-10-05 10:00:00", MOBILE, october),
            ("2026-11-05 10:00:00", MOBILE, november),
        )
        self._run_cron("rate")
        self._assert_invoiced()
        self._process(
            row("L", start="2026-10-06 10:00:00", called=MOBILE, seconds=late)
        )
        self._run_cron("rate")
        call = self._calls()[1]
        self._assert_explained(call)
        return call.bundle_duration, call.price

    def _assert_invoiced(self):
        calls = self._calls()
        self.env["telecom.invoicing"]._invoice(
            self.customer, calls[0].day.replace(day=1), calls[-1].day.replace(day=30)
        )
        self.assertEqual(set(calls.mapped("state")), {"invoiced"})

    def test_what_november_has_taken_of_october_is_gone(self):
        """260 s were carried over and used: all 60 s of the late call are paid."""
        self.assertEqual(self._history(40, 560, 60), (0, 0.09))
        carried = self.env["telecom.bundle.carry"].search([])
        november = carried.filtered(lambda c: c.period_start.month == 11)
        self.assertEqual(november.quantity, 260)

    def test_what_november_has_left_of_october_is_there(self):
        """November took 100 s of October: 160 of the 200 s are covered, 40 paid."""
        self.assertEqual(self._history(40, 400, 200), (160, 0.06))

    def test_where_november_has_enough_of_its_own_nothing_is_gone(self):
        self.assertEqual(self._history(40, 300, 200), (200, 0))
        self.assertEqual(self._history_total(), 540)

    def _history_total(self):
        draws = self.env["telecom.bundle.draw"].search([])
        return sum(draws.mapped("quantity"))

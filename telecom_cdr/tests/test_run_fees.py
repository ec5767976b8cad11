# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fees in invoicing runs: they wait as calls do; whose they are; at which rate."""

import random
from datetime import date, timedelta

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from ..engine.fee_periods import period_of
from .test_rating import row
from .test_run import FIRST, LAST, RunCommon

ENDS = {1: 31, 2: 28, 9: 30, 10: 31, 11: 30, 12: 31}


class RunFeeCase(RunCommon):
    def _bundle(self, price=31, start="2026-10-01", partner=None, **values):
        """A bundle by days that covers no calls here, from a day on."""
        values = {"prorate_fee": True, **values}
        texts = {"service": "sms", "messages": 1}
        bundle = self._create_bundle("B", texts, price=price, **values)
        given = self._give_bundle(bundle, partner or self.customer)
        given.date_start = given._midnight(date.fromisoformat(start), self.company)
        self._forget_marks()
        return given

    def _month(self, month, **values):
        """A run of a month of 2026 that is previewed, and made where there is any."""
        first, last = date(2026, month, 1), date(2026, month, ENDS[month])
        values = {"date_from": first, "date_to": last, "invoice_date": last, **values}
        run = self._previewed(**values)
        if run.ready_count:
            run.action_start()
        return run

    def _months(self, *months, **values):
        """The amounts of the lines of fees in each month."""
        runs = [self._month(month, **values) for month in months]
        return [self._amounts(run) for run in runs]

    def _amounts(self, run):
        return run.move_ids.invoice_line_ids.mapped("price_subtotal")

    def _again(self, given):
        """As if there had been no run and no invoice of it."""
        runs = self.env["telecom.run"].search([])
        runs.move_ids.unlink()
        runs.unlink()
        given.unlink()


@tagged("post_install", "-at_install")
class TestFeesWait(RunFeeCase):
    """31 a month in October and December, 30 days of November cost 31 as well."""

    def test_a_cutoff_day(self):
        """Runs until the 15th: what ends or begins later is in the next one."""
        self.customer.telecom_cutoff_day = 15
        for timing, start, expected in [
            ("arrears", "2026-10-01", [[], [31], [31]]),
            ("current", "2026-10-20", [[], [12, 31], [31]]),
            # In advance the next period is due, once the month before it has come.
            ("advance", "2026-10-20", [[12, 31], [31], [31]]),
            ("arrears", "2026-10-20", [[], [12], [31]]),
        ]:
            with self.subTest(timing=timing, start=start):
                given = self._bundle(start=start, fee_timing=timing)
                self.assertEqual(self._months(10, 11, 12), expected)
                self._again(given)

    def test_below_the_least_amount(self):
        """5 a month where 8 is the least: 10 every second month."""
        for timing, expected in [
            ("current", [[], [5, 5], []]),
            ("arrears", [[], [5, 5], []]),
            ("advance", [[5, 5], [], [5, 5]]),
        ]:
            with self.subTest(timing):
                given = self._bundle(price=5, fee_timing=timing)
                self.assertEqual(self._months(10, 11, 12, minimum_amount=8), expected)
                self._again(given)

    def test_on_hold(self):
        for timing, expected in [
            ("current", [5, 5]),
            ("arrears", [5, 5]),
            ("advance", [5, 5, 5]),
        ]:
            with self.subTest(timing):
                given = self._bundle(price=5, fee_timing=timing)
                self.customer.telecom_is_on_hold = True
                self.assertEqual(self._months(10), [[]])
                self.customer.telecom_is_on_hold = False
                self.assertEqual(self._months(11), [expected])
                self._again(given)

    def test_left_out_by_hand_or_undone(self):
        self._bundle(price=5)
        run = self._previewed()
        run.line_ids.action_leave_out()
        undone = self._month(11)
        self.assertEqual(self._amounts(undone), [5, 5])
        undone.action_undo()
        self.assertEqual(self._months(12), [[5, 5, 5]])

    def test_data_that_were_missing(self):
        """January fails without an address; February has both: 62."""
        self._bundle(start="2026-01-01")
        run = self._month(1, required_data="address")
        self.assertFalse(run.move_ids)
        self.assertEqual(run.line_ids.state, "failed")
        self.customer.write(
            {
                "street": "Calle Mayor 1",
                "city": "Madrid",
                "zip": "28001",
                "country_id": self.env.ref("base.es").id,
            }
        )
        self.assertEqual(self._months(2, required_data="address"), [[31, 31]])

    def test_a_credited_month_is_due_again_beside_the_next(self):
        """October's invoice is credited whole: it comes again in December's run, once.

        In advance it holds November as well.
        """
        for timing in ("current", "advance", "arrears"):
            with self.subTest(timing):
                partner = self._create_customer(timing)
                chosen = {"scope": "hand", "partner_ids": [Command.set(partner.ids)]}
                self._bundle(fee_timing=timing, partner=partner)
                first = self._month(10, **chosen)
                (first | self._month(11, **chosen)).move_ids.action_post()
                back = first.move_ids._reverse_moves([{"invoice_date": LAST}])
                back.action_post()
                expected = [31] * (3 if timing == "advance" else 2)
                self.assertEqual(self._months(12, 12, **chosen), [expected, []])

    def test_a_draft_line_that_was_deleted(self):
        """The rest of October, 22, is due again in November."""
        self._bundle(start="2026-10-10", fee_timing="advance")
        run = self._month(10)
        self.assertEqual(self._amounts(run), [22, 31])
        run.move_ids.invoice_line_ids[0].unlink()
        self.assertEqual(self._months(11), [[22, 31]])

    def test_what_was_before_the_first_run_is_invoiced_elsewhere(self):
        """A bundle since January, runs from October on; entered late: from its start.

        The second one is given after October's run, since the 20th: 12 of 31 days.
        """
        self._bundle(start="2026-01-01")
        self.assertEqual(self._months(10), [[31]])
        self._bundle(price=62, start="2026-10-20")
        self.assertEqual(self._months(11), [[31, 24, 62]])

    def test_a_run_that_was_a_mistake_is_deleted(self):
        self._bundle(start="2026-01-01")
        wrong = self._previewed(date_from=date(2026, 1, 1))
        self.assertEqual(wrong.total, 310)
        wrong.unlink()
        self.assertEqual(self._months(10), [[31]])

    def test_a_run_of_another_company_says_nothing(self):
        other = self.env["res.company"].create({"name": "Other"})
        self._bundle(start="2026-01-01")
        self.env["telecom.run"].sudo().create(
            {
                "company_id": other.id,
                "date_from": "2026-01-01",
                "date_to": "2026-01-31",
                "line_ids": [
                    Command.create(
                        {
                            "partner_id": self.customer.id,
                            "currency_id": other.currency_id.id,
                            "date_to": "2026-01-31",
                        }
                    )
                ],
            }
        )
        self.assertEqual(self._months(10), [[31]])

    def test_the_wizard_from_an_earlier_month(self):
        """Billed since 1 November, but it began on 15 October: 17 of 31 days."""
        given = self._bundle(start="2026-11-01")
        self._month(11).move_ids.action_post()
        given.date_start = given._midnight(date(2026, 10, 15), self.company)
        invoicing = self.env["telecom.invoicing"].with_user(self.accountant)
        for expected in ([17], []):
            moves = invoicing._invoice(self.customer, FIRST, date(2026, 11, 30))
            lines = moves.invoice_line_ids
            self.assertEqual(lines.mapped("price_subtotal"), expected)

    def test_a_deleted_line_in_the_same_month(self):
        """No second line of November, which is billed already."""
        self._bundle(start="2026-10-10", fee_timing="advance")
        invoicing = self.env["telecom.invoicing"].with_user(self.accountant)
        first = invoicing._invoice(self.customer, FIRST, LAST)
        first.invoice_line_ids[0].unlink()
        again = invoicing._invoice(self.customer, FIRST, LAST)
        self.assertEqual(again.invoice_line_ids.mapped("price_subtotal"), [22])


@tagged("post_install", "-at_install")
class TestLifeInRuns(RunFeeCase):
    """Runs of any month in any order, and what people do with the drafts between."""

    def test_each_day_since_the_first_run_once(self):
        for seed in range(6):
            with self.subTest(seed=seed):
                self._check_life(random.Random(seed))

    def _check_life(self, chance):
        self.customer = self._create_customer("Life")
        start = date(2026, 1, 1) + timedelta(days=chance.randrange(300))
        given = self._bundle(
            price=30,
            start=start.isoformat(),
            fee_interval=chance.choice(["month", "quarter"]),
            fee_timing=chance.choice(["current", "advance", "arrears"]),
        )
        months = [chance.randint(1, 12) for _step in range(8)]
        for month in months:
            self._step(chance, month)
        given.date_end = given._midnight(date(2026, 12, 20), self.company)
        self._forget_marks()
        self._run_until(12)
        self.assertFalse(self._run_until(12).move_ids)
        moves = self._moves()
        self.assertAlmostEqual(
            sum(moves.mapped("amount_untaxed_signed")),
            self._due(given, date(2026, min(months), 1)),
            delta=0.01 * len(moves.line_ids),
        )

    def _step(self, chance, month):
        run = self._run_until(month)
        kind = chance.choice(["leave", "post", "undo", "delete", "credit"])
        moves = run.move_ids
        if kind == "undo" and moves:
            run.action_undo()
        elif kind == "delete":
            moves.invoice_line_ids[:1].unlink()
        elif kind in ("post", "credit") and moves:
            moves.action_post()
            if kind == "credit":
                moves._reverse_moves([{"invoice_date": LAST}]).action_post()

    def _run_until(self, month):
        after = date(2026 + month // 12, month % 12 + 1, 1)
        run = self._previewed(
            scope="hand",
            partner_ids=[Command.set(self.customer.ids)],
            date_from=date(2026, month, 1),
            date_to=after - timedelta(days=1),
        )
        if run.ready_count:
            run.action_start()
        return run

    def _moves(self):
        return self.env["account.move"].search(
            [("partner_id", "=", self.customer.id), ("state", "!=", "cancel")]
        )

    def _due(self, given, since):
        """30 by the days of each period, day by day."""
        plan, (day, end) = given._fee_plan(), given._running_days()
        day = max(day, period_of(since, plan.anchor, plan.months)[0])
        total = 0
        while day < end:
            first, after = period_of(day, plan.anchor, plan.months)
            total += 30 / (after - first).days
            day += timedelta(days=1)
        return total


@tagged("post_install", "-at_install")
class TestWhoseFeesTheyAre(RunFeeCase):
    """A company below a customer pays for itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.below = cls._create_customer("Subsidiary", parent_id=cls.customer.id)
        cls._create_number("+34910000003", cls.below)
        cls._forget_marks()

    def _top_up(self, given, price=2):
        self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": given.id,
                "allowance_id": given.bundle_id.allowance_ids.id,
                "period_start": FIRST,
                "quantity": 5,
                "price": price,
            }
        )

    def _found(self, run):
        return [
            (move.partner_id, move.amount_untaxed)
            for move in run.move_ids.sorted("amount_untaxed")
        ]

    def test_a_run_of_the_one_above(self):
        """The call of 0.09 alone; 5 and 2 below wait for their own run: November's."""
        self._top_up(self._bundle(price=5, partner=self.below))
        self._process(row("A1", seconds=61))
        chosen = [Command.set(self.customer.ids)]
        run = self._month(10, scope="hand", partner_ids=chosen)
        self.assertEqual(self._found(run), [(self.customer, 0.09)])
        self.assertEqual(self._found(self._month(11)), [(self.below, 7)])

    def test_on_hold_below(self):
        self._bundle(price=5, partner=self.below)
        self.below.telecom_is_on_hold = True
        self._process(row("A1", seconds=61))
        run = self._month(10)
        self.assertEqual(self._found(run), [(self.customer, 0.09)])
        self.assertEqual(self._line(run, self.below).left_reason, "hold")

    def test_another_cutoff_day_above(self):
        """Until 20 October above, until the 31st below: one invoice each."""
        self.customer.telecom_cutoff_day = 20
        self._bundle(price=5, start="2026-10-25", partner=self.below, prorate_fee=False)
        self._process(row("A1", seconds=61), row("A2", seconds=61, caller="910000003"))
        self.assertEqual(
            self._found(self._month(10)), [(self.customer, 0.09), (self.below, 5.09)]
        )

    def test_a_contact_is_billed_to_the_customer(self):
        contact = self.env["res.partner"].create(
            {"name": "Reception", "parent_id": self.customer.id, "active": False}
        )
        self._top_up(self._bundle(price=5, partner=contact))
        self.assertEqual(self._found(self._month(10)), [(self.customer, 7)])


@tagged("post_install", "-at_install")
@freeze_time("2026-11-05 10:00:00")
class TestRateOfTheInvoice(RunFeeCase):
    """A euro is 4 dollars on the invoice's day, and 5 on the day of the run."""

    def test_parts_wholes_and_top_ups_have_one_rate(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        for day, rate in (("2026-10-01", 4), ("2026-11-05", 5)):
            self.env["res.currency.rate"].create(
                {
                    "name": day,
                    "rate": rate,
                    "currency_id": dollar.id,
                    "company_id": self.company.id,
                }
            )
        self.customer.with_company(self.company).telecom_currency_id = dollar
        given = self._bundle(start="2026-10-10", fee_timing="advance")
        self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": given.id,
                "allowance_id": given.bundle_id.allowance_ids.id,
                "period_start": FIRST,
                "quantity": 5,
                "price": 2,
            }
        )
        run = self._month(10)
        self.assertEqual(run.move_ids.currency_id, dollar)
        self.assertEqual(self._amounts(run), [88, 124, 8])
        self.assertEqual(run.line_ids.total, 220)
        # Without a date of the run it is today's.
        run.action_undo()
        run.unlink()
        run = self._month(10, invoice_date=False)
        self.assertEqual(self._amounts(run), [110, 155, 10])

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import TelecomCommon
from .test_rating import row


@tagged("post_install", "-at_install")
class TestBundle(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        landline = cls.env.ref("telecom_cdr.telecom_call_category_landline")
        cls.bundle = cls._create_bundle(
            "FIXED 5", {"seconds": 300, "category_ids": [(6, 0, landline.ids)]}
        )

    def _covered(self):
        return self._calls().mapped(lambda c: (c.bundle_duration, c.price, c.state))

    def test_covered_partly_covered_and_not_covered(self):
        """300 s: two calls of 120 s whole, 60 s of the third, then money.

        The third leaves 60 s: one increment and the connect fee, 0.05 + 0.02.
        """
        self._give_bundle(self.bundle, self.customer)
        self._process(
            *(
                row(f"B{i}", seconds=120, start=f"2026-10-05 1{i}:00:00")
                for i in range(4)
            ),
            row("B9", called="600000099", start="2026-10-05 09:00:00"),
        )
        self.assertEqual(
            self._covered(),
            [
                (0, 0.09, "rated"),
                (120, 0, "rated"),
                (120, 0, "rated"),
                (60, 0.07, "rated"),
                (0, 0.09, "rated"),
            ],
        )
        usage = self.env["telecom.bundle.usage"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertRecordValues(
            usage.filtered("used"),
            [{"included": 300, "used": 300, "remaining": 0, "call_count": 3}],
        )
        self.assertEqual(len(self._calls(("is_covered", "=", True))), 3)

    def test_late_files_are_dealt_out_by_start(self):
        """Law 3: a file that comes later with earlier calls changes who is covered."""
        self._give_bundle(self.bundle, self.customer)
        late = row("L1", seconds=240, start="2026-10-06 10:00:00")
        early = row("L2", seconds=240, start="2026-10-05 10:00:00")
        self._process(late)
        self.assertEqual(self._covered(), [(240, 0, "rated")])
        self._process(early, name="early.csv")
        self.assertEqual(self._covered(), [(240, 0, "rated"), (60, 0.11, "rated")])

    def test_each_month_has_its_allowance(self):
        self._give_bundle(self.bundle, self.customer)
        self._process(
            row("M1", seconds=300, start="2026-10-31 23:59:00"),
            row("M2", seconds=300, start="2026-11-01 00:01:00"),
        )
        self.assertEqual(self._covered(), [(300, 0, "rated")] * 2)

    def test_each_number_or_all_together(self):
        self._create_number("+34910000002", self.customer)
        subscription = self._give_bundle(self.bundle, self.customer)
        self._process(
            row("S1", seconds=300, start="2026-10-05 10:00:00"),
            row("S2", seconds=300, start="2026-10-05 11:00:00", caller="910000002"),
        )
        self.assertEqual(self._covered(), [(300, 0, "rated")] * 2)
        shared = self._create_bundle("SHARED", {"seconds": 300}, is_shared=True)
        subscription.date_end = "2026-10-01"
        self._give_bundle(shared, self.customer)
        self._run_cron("rate")
        self.assertEqual(self._covered(), [(300, 0, "rated"), (0, 0.15, "rated")])

    def test_only_the_numbers_of_the_subscription(self):
        other = self._create_number("+34910000002", self.customer)
        self._give_bundle(self.bundle, self.customer, number_ids=other.ids)
        self._process(row("O1"), row("O2", caller="910000002"))
        self.assertEqual(sorted(self._calls().mapped("price")), [0, 0.07])

    def test_nothing_is_used_by_calls_that_are_not_billed(self):
        self._give_bundle(self.bundle, self.customer)
        self._process(
            row("Z1", seconds=0), row("Z2", seconds=300, start="2026-10-06 10:00:00")
        )
        self.assertEqual(self._covered(), [(0, 0, "rated"), (300, 0, "rated")])
        self.assertEqual(self.env["telecom.bundle.draw"].search_count([]), 1)

    def test_ending_a_bundle_gives_the_calls_back_to_money(self):
        subscription = self._give_bundle(self.bundle, self.customer)
        self._process(row("E1"))
        subscription.date_end = "2026-10-01"
        self._run_cron("rate")
        self.assertEqual(self._covered(), [(0, 0.07, "rated")])
        self.assertFalse(self.env["telecom.bundle.draw"].search([]))

    def test_frozen_draws_of_invoiced_calls_stand(self):
        """A late call takes what the invoiced calls of its month have left."""
        self._load_accounts()
        self._give_bundle(self.bundle, self.customer)
        self._process(row("F1", seconds=240, start="2026-10-20 10:00:00"))
        day = self._calls().day
        self.env["telecom.invoicing"]._invoice(self.customer, day, day)
        self._process(
            row("F2", seconds=120, start="2026-10-05 10:00:00"), name="late.csv"
        )
        self.assertEqual(self._covered(), [(60, 0.07, "rated"), (240, 0, "invoiced")])

    def test_a_bundle_must_include_something(self):
        with self.assertRaisesRegex(ValidationError, "one quantity"):
            self._create_bundle("Empty", {"seconds": 0})
        empty = self._create_bundle("Nothing")
        with self.assertRaisesRegex(ValidationError, "includes nothing"):
            self._give_bundle(empty, self.customer)

    def test_used_bundles_are_ended_not_deleted(self):
        subscription = self._give_bundle(self.bundle, self.customer)
        self._process(row("U1"))
        with self.assertRaisesRegex(UserError, "end it instead"):
            subscription.unlink()
        with self.assertRaisesRegex(UserError, "stays as it is"):
            self.bundle.allowance_ids.seconds = 600
        self.assertEqual(self.bundle.allowance_ids.seconds, 300)


@tagged("post_install", "-at_install")
class TestRatingAgain(TelecomCommon):
    """Rating writes a call once, and only where something differs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bundle = cls._create_bundle("ALL 5", {"seconds": 300})

    def _versions(self):
        """Where the rows of calls and draws lie: an update moves them."""
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                "SELECT 'call', id, ctid::text, xmin::text FROM telecom_call"
                " UNION ALL SELECT 'draw', id, ctid::text, xmin::text"
                " FROM telecom_bundle_draw ORDER BY 1, 2"
            )
        )

    def _call_versions(self):
        return {row[1]: row for row in self._versions() if row[0] == "call"}

    def _results(self):
        return self._calls().mapped(
            lambda c: (c.partner_id.name or "", c.bundle_duration, c.price, c.state)
        )

    def _take(self, date, partner):
        """The number goes to somebody else (or to nobody) at a date."""
        self.number.date_end = date
        if partner:
            self._create_number("+34910000001", partner, date_start=date)
        self._forget_marks()

    def test_twice_without_bundles(self):
        self._process(row("W1"), row("W2", called="600000099"))
        before = self._versions()
        self.assertEqual(self._calls().action_rate(), 0)
        self.assertEqual(self._versions(), before)

    def test_twice_with_a_bundle(self):
        """Covered, partly covered, not covered, and of a customer without."""
        other = self._create_customer("Customer Two")
        self._create_number("+34910000002", other)
        self._give_bundle(self.bundle, self.customer)
        self._process(
            row("X1", seconds=240, start="2026-10-05 10:00:00"),
            row("X2", seconds=120, start="2026-10-05 11:00:00"),
            row("X3", seconds=60, start="2026-10-05 12:00:00"),
            row("X4", seconds=60, start="2026-10-05 13:00:00", caller="910000002"),
        )
        results = [
            ("Customer One", 240, 0, "rated"),
            ("Customer One", 60, 0.07, "rated"),
            ("Customer One", 0, 0.07, "rated"),
            ("Customer Two", 0, 0.07, "rated"),
        ]
        self.assertEqual(self._results(), results)
        before = self._versions()
        for _time in range(2):
            self.assertEqual(self._calls().action_rate(), 0)
            self.assertEqual(self._results(), results)
            self.assertEqual(self._versions(), before)
        self.assertFalse(self.env["telecom.bundle.pass"].search([]))

    def test_one_write_for_what_a_new_bundle_covers(self):
        self._process(row("Y1"), row("Y2", start="2026-11-05 10:00:00"))
        self._give_bundle(self.bundle, self.customer, date_start="2026-11-01")
        before = self._call_versions()
        self.assertEqual(self._calls().action_rate(), 1)
        self.assertEqual(
            self._results(),
            [("Customer One", 0, 0.07, "rated"), ("Customer One", 60, 0, "rated")],
        )
        [first, second] = self._calls().ids
        after = self._call_versions()
        self.assertEqual(after[first], before[first])
        self.assertNotEqual(after[second], before[second])

    def test_ended_bundle_is_counted_once(self):
        subscription = self._give_bundle(self.bundle, self.customer)
        self._process(row("Z1"), row("Z2", start="2026-10-06 10:00:00"))
        subscription.date_end = "2026-10-06"
        self._forget_marks()
        self.assertEqual(self._calls().action_rate(), 1)
        self.assertEqual(
            self._results(),
            [("Customer One", 60, 0, "rated"), ("Customer One", 0, 0.07, "rated")],
        )
        self.assertEqual(self._calls().action_rate(), 0)

    def test_call_that_loses_its_customer_gives_back_what_it_took(self):
        """The first call took 240 of 300 s; without it the second has all."""
        self._give_bundle(self.bundle, self.customer)
        self._process(
            row("L1", seconds=240, start="2026-10-05 10:00:00"),
            row("L2", seconds=120, start="2026-10-06 10:00:00"),
        )
        self.number.date_start = "2026-10-06"
        self._forget_marks()
        # Both change, though only the first was asked for.
        self.assertEqual(self._calls()[0].action_rate(), 2)
        self.assertEqual(
            self._results(),
            [("", 0, 0, "unmatched"), ("Customer One", 120, 0, "rated")],
        )
        draws = self.env["telecom.bundle.draw"].search([])
        self.assertRecordValues(
            draws, [{"call_id": self._calls()[1].id, "quantity": 120}]
        )
        self.assertEqual(self._calls().action_rate(), 0)

    def test_call_that_moves_to_another_customer_with_a_bundle(self):
        heir = self._create_customer("Heir")
        first = self._give_bundle(self.bundle, self.customer)
        second = self._give_bundle(self.bundle, heir)
        self._process(
            row("M1", seconds=240, start="2026-10-05 10:00:00"),
            row("M2", seconds=240, start="2026-10-06 10:00:00"),
        )
        self.assertEqual(
            self.env["telecom.bundle.draw"].search([], order="id").mapped("quantity"),
            [240, 60],
        )
        self._take("2026-10-06", heir)
        self.assertEqual(self._calls().action_rate(), 1)
        self.assertEqual(
            self._results(),
            [("Customer One", 240, 0, "rated"), ("Heir", 240, 0, "rated")],
        )
        draws = self.env["telecom.bundle.draw"].search([], order="id")
        self.assertEqual(
            draws.mapped(lambda d: (d.subscription_id, d.quantity)),
            [(first, 240), (second, 240)],
        )
        self.assertEqual(self._calls().action_rate(), 0)

    def test_call_that_moves_to_a_customer_without_a_bundle(self):
        heir = self._create_customer("Heir")
        self._give_bundle(self.bundle, self.customer)
        self._process(row("N1", start="2026-10-06 10:00:00"))
        self._take("2026-10-06", heir)
        self.assertEqual(self._calls().action_rate(), 1)
        self.assertEqual(self._results(), [("Heir", 0, 0.07, "rated")])
        self.assertFalse(self.env["telecom.bundle.draw"].search([]))

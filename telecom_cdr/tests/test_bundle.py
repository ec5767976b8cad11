# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

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

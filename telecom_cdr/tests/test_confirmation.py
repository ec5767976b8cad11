# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Monthly files confirm what the daily ones of their carrier have told."""

import random
from datetime import date
from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import HEADER, READER, TelecomCommon
from .test_rating import row

DAY = date(2026, 10, 31)
A = {"start": "2026-10-05 10:00:00", "amount": "0.01"}
B = {"start": "2026-10-06 10:00:00", "amount": "0.02"}
C = {"start": "2026-10-07 10:00:00", "amount": "0.03"}
D = {"start": "2026-10-08 10:00:00", "amount": "0.04"}


@tagged("post_install", "-at_install")
class TestConfirmation(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls.monthly = cls._create_source(
            name="Monthly", confirms_source_ids=[Command.set(cls.source.ids)]
        )
        cls.names = iter(range(10_000))

    def _read(self, source, *rows):
        content = HEADER + "\n".join(rows) + "\n"
        file = self._upload(content, f"{next(self.names)}.csv", source)
        file.action_release()
        file.action_process()
        self.assertBalanced(file)
        return file

    def _daily(self, *rows):
        return self._read(self.source, *rows)

    def _month(self, *rows):
        return self._read(self.monthly, *rows)

    def _told(self, file):
        """Differences as (kind, day, ours, theirs, state)."""
        return sorted(
            (d.kind, d.start_at.day, d.ours, d.theirs, d.state)
            for d in file.difference_ids
        )

    def test_what_is_known_is_a_duplicate(self):
        self._daily(row("1", **A), row("2", **B))
        month = self._month(row("1", **A), row("2", **B))
        self.assertEqual((month.call_count, month.duplicate_count), (0, 2))
        self.assertFalse(month.difference_ids)
        self.assertEqual(len(self._calls()), 2)

    def test_the_same_call_is_known_without_an_id(self):
        """Other spelling, some seconds apart: found by numbers and time."""
        self._daily(row("1", seconds=60, **A))
        later = {**A, "start": "2026-10-05 10:00:04"}
        month = self._month(row("other", seconds=63, **later))
        self.assertEqual((month.duplicate_count, month.difference_count), (1, 0))

    def test_what_differs_is_listed(self):
        self._daily(row("1", **A), row("2", **B), row("3", **C))
        month = self._month(
            row("1", **A),
            row("2", **{**B, "amount": "0.5"}),
            row("3", seconds=90, **C),
            row("4", **D),
        )
        self.assertEqual((month.duplicate_count, month.skipped_count), (3, 1))
        self.assertEqual(
            self._told(month),
            [
                ("duration", 7, "0:01:00", "0:01:30", "open"),
                ("extra", 8, "", "0:01:00", "open"),
                ("price", 6, "0.02", "0.5", "corrected"),
            ],
        )
        lines = month.difference_ids.sorted("start_at").mapped("line_number")
        self.assertEqual(lines, [3, 4, 5])
        self.assertEqual(len(self._calls()), 3)
        self.assertIn("Other cost: 1", month.message_ids.mapped("body")[0])

    def test_what_is_missing_is_listed(self):
        self._daily(*(row(str(n), **v) for n, v in enumerate((A, B, C, D))))
        month = self._month(row("0", **A), row("2", **C))
        self.assertEqual(self._told(month), [("missing", 6, "0:01:00", "", "open")])
        self.assertEqual(
            month.difference_ids.call_id,
            self._calls(("start_at", "=", "2026-10-06 08:00:00")),
        )

    def test_whole_months_by_choice(self):
        self.monthly.confirmed_period = "months"
        self._daily(*(row(str(n), **v) for n, v in enumerate((A, B, C, D))))
        month = self._month(row("1", **B))
        self.assertEqual([d[1] for d in self._told(month)], [5, 7, 8])

    def test_a_second_file_tells_of_what_the_first_missed(self):
        self._daily(*(row(str(n), **v) for n, v in enumerate((A, B, C))))
        first = self._month(row("0", **A), row("2", **C))
        self.assertEqual(len(first.difference_ids), 1)
        second = self._month(row("1", **B))
        self.assertFalse(first.difference_ids.exists())
        self.assertFalse(second.difference_ids)

    def test_costs_are_corrected_and_rated_again(self):
        """The cost, the margin and a price that is a mark-up on the cost."""
        self.company.telecom_tariff_id = self._create_tariff(
            "Plus", {"method": "markup", "markup": 100}
        )
        self._daily(row("1", **A), row("2", **B))
        self._forget_marks()
        month = self._month(row("1", **{**A, "amount": "0.25"}), row("2", **B))
        self._run_cron("rate")
        calls = self._calls()
        self.assertEqual(calls.mapped("cost"), [0.25, 0.02])
        self.assertEqual(calls.mapped("price"), [0.5, 0.04])
        self.assertEqual(calls.mapped("margin"), [0.25, 0.02])
        self.assertEqual(calls.mapped("carrier_amount"), [0.25, 0.02])
        month.action_revert()
        self._run_cron("rate")
        self.assertEqual(self._calls().mapped("cost"), [0.01, 0.02])
        self.assertEqual(self._calls().mapped("price"), [0.02, 0.04])
        self.assertFalse(month.difference_ids)

    def test_what_is_invoiced_stands(self):
        self._daily(row("1", **A), row("2", **B), row("3", **C))
        self.env["telecom.invoicing"]._invoice(self.customer, DAY, DAY)
        month = self._month(
            row("1", **{**A, "amount": "0.25"}), row("3", seconds=90, **C)
        )
        self.assertEqual({d[-1] for d in self._told(month)}, {"invoiced"})
        self.assertEqual(self._calls().mapped("carrier_amount"), [0.01, 0.02, 0.03])
        self.assertFalse(self.env["telecom.rating.mark"].search([]))

    def test_an_unknown_cost_is_filled_in(self):
        """Daily files without amounts: nothing differs, the monthly one tells them."""
        self._daily(row("1", start=A["start"]))
        month = self._month(row("1", **A))
        self.assertFalse(month.difference_ids)
        self._run_cron("rate")
        self.assertEqual(self._calls().mapped("cost"), [0.01])

    def test_a_tariff_of_the_carrier_is_compared(self):
        """We reckon the cost ourselves: it stays; what the carrier bills is shown."""
        self.carrier.cost_tariff_id = self._create_tariff("Cost", {"price": 0.06})
        self._daily(row("1", **A), row("2", **B))
        month = self._month(
            row("1", **{**A, "amount": "0.06"}), row("2", **{**B, "amount": "0.07"})
        )
        self.assertEqual(self._told(month), [("price", 6, "0.06", "0.07", "open")])
        self._run_cron("rate")
        self.assertEqual(self._calls().mapped("cost"), [0.06, 0.06])

    def test_small_differences_are_not_listed(self):
        self.monthly.price_tolerance = 0.005
        self._daily(row("1", **A), row("2", **B))
        month = self._month(
            row("1", **{**A, "amount": "0.015"}), row("2", **{**B, "amount": "0.0251"})
        )
        self.assertEqual([d[:2] for d in self._told(month)], [("price", 6)])

    def test_extra_calls_are_stored_by_choice(self):
        self.monthly.stores_extra_calls = True
        self._daily(row("1", **A))
        month = self._month(row("1", **A), row("4", **D))
        self.assertEqual((month.call_count, month.duplicate_count), (1, 1))
        self.assertEqual(self._told(month), [("extra", 8, "", "0:01:00", "stored")])
        self.assertEqual(month.difference_ids.call_id.file_id, month)
        self.assertEqual(self._calls().mapped("price"), [0.07, 0.07])

    def test_a_late_daily_file_is_compared_again(self):
        """Its calls are no extra calls of the month any more, under whatever id."""
        self.monthly.stores_extra_calls = True
        self._daily(row("1", **A), row("3", **C))
        month = self._month(row("1", **A), row("m", **B), row("3", **C))
        self.assertEqual(month.call_count, 1)
        late = self._daily(row("2", **{**B, "start": "2026-10-06 10:00:02"}))
        self.assertEqual(month.state, "received")
        self.assertEqual(
            self.env["telecom.invoicing"]
            ._invoice(self.customer, DAY, DAY)
            .telecom_call_count,
            3,
        )
        self._run_cron("process")
        self.assertRecordValues(
            month,
            [{"state": "processed", "call_count": 0, "duplicate_count": 3}],
        )
        self.assertFalse(month.difference_ids)
        self.assertEqual(len(self._calls()), 3)
        self.assertEqual(late.call_count, 1)

    def test_a_reverted_daily_file_is_compared_again(self):
        self._daily(row("1", **A))
        daily = self._daily(row("2", **B))
        month = self._month(row("1", **A), row("2", **B))
        daily.action_revert()
        self._run_cron("process")
        self.assertEqual([d[0] for d in self._told(month)], ["extra"])
        self.assertBalanced(month)

    def test_read_again_it_tells_the_same(self):
        """Law 2, with costs that it has corrected itself."""
        self._daily(row("1", **A), row("2", **B), row("3", **C))
        self.monthly.stores_extra_calls = True
        month = self._month(
            row("1", **{**A, "amount": "0.25"}), row("4", **D), row("3", **C)
        )
        told = self._told(month)
        self.assertEqual(len(told), 3)
        for _time in range(2):
            month.write({"state": "received", "position": False})
            month.action_process()
            self.assertBalanced(month)
            self.assertEqual(self._told(month), told)
            self.assertEqual(len(self._calls()), 4)

    def test_interrupted_it_goes_on_where_it_was(self):
        """Law 8: killed between chunks."""
        rows = [
            row(str(n), **{**A, "start": f"2026-10-05 10:{n:02}:00"}) for n in range(30)
        ]
        self._daily(*rows[:25])
        content = HEADER + "\n".join(rows[3:]) + "\n"
        month = self._upload(content, "m.csv", self.monthly)
        with patch("odoo.addons.telecom_cdr.models.call_import.CHUNK", 10):
            month._process(time_left=lambda: 0)
            self.assertEqual((month.state, month.duplicate_count), ("processing", 10))
            month._process(time_left=lambda: 0)
            month.action_process()
        self.assertBalanced(month)
        self.assertEqual((month.duplicate_count, month.skipped_count), (22, 5))
        kinds = [d[0] for d in self._told(month)]
        self.assertEqual((kinds.count("extra"), kinds.count("missing")), (5, 3))

    def test_only_sources_of_the_carrier_are_confirmed(self):
        other = self._create_source(carrier_id=self._create_carrier(name="Other").id)
        with self.assertRaisesRegex(ValidationError, "of its own carrier"):
            self.monthly.confirms_source_ids = other
        with self.assertRaisesRegex(ValidationError, "that confirm others"):
            self.monthly.confirms_source_ids = self.monthly
        with self.assertRaisesRegex(ValidationError, "that confirm others"):
            self.source.confirms_source_ids = self.monthly

    def test_costs_are_for_those_who_may_see_them(self):
        self._daily(row("1", **A))
        month = self._month(row("1", **{**A, "amount": "0.25"}))
        reader = self._new_user("reader_of_differences", READER)
        difference = month.difference_ids.with_user(reader)
        self.assertEqual((difference.kind, difference.ours), ("price", ""))
        with self.assertRaises(AccessError):
            difference.read(["amount_ours"])

    def test_the_order_of_files_does_not_matter(self):
        """Laws 1 and 3: daily files and the monthly one in any order."""
        self.monthly.stores_extra_calls = True
        results = set()
        for seed in range(6):
            chance = random.Random(seed)
            files = [
                (self.source, row("1", **A), row("2", **B)),
                (self.source, row("3", **C), row("2", **B)),
                (self.source, row("5", **{**D, "start": "2026-10-07 12:00:00"})),
                (
                    self.monthly,
                    row("1", **{**A, "amount": "0.25"}),
                    row("x", **{**C, "start": "2026-10-07 10:00:03"}),
                    row("4", **D),
                ),
            ]
            chance.shuffle(files)
            read = self.env["telecom.file"]
            for source, *rows in files:
                read += self._read(source, *rows)
            self._run_cron("process")
            self._run_cron("rate")
            for file in read:
                self.assertBalanced(file)
            month = read.filtered(lambda f: f.source_id == self.monthly)
            calls = self._calls().mapped(
                lambda c: (c.identity, c.cost, c.price, c.margin, c.duration)
            )
            results.add((tuple(calls), tuple(self._told(month))))
            self.assertEqual(len(calls), 5, [(s.name, r) for s, *r in files])
            read.action_revert()
            self.assertFalse(self._calls())
            read.write({"state": "discarded"})
        self.assertEqual(len(results), 1)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import csv
import io
from unittest.mock import patch

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import HEADER, READER, USER, TelecomCommon
from .test_file import zipped
from .test_rating import row

WIZARDS = "odoo.addons.telecom_cdr.wizards"
CHUNK = "odoo.addons.telecom_cdr.models.call_import.CHUNK"
TABLES = (
    "telecom_call",
    "telecom_rejection",
    "telecom_bundle_draw",
    "telecom_file",
    "telecom_rating_mark",
    "telecom_bundle_pass",
)


@tagged("post_install", "-at_install")
class TestTestRun(TelecomCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER, password="operator")
        cls.customer.ref = "C-17"
        cls.content = HEADER + "\n".join(
            [
                row("T1"),
                row("T2", called="600000099", seconds=61, amount="0.01"),
                row("T3", caller="910000077"),
                row("T4", called="00442079460001"),
                row("T5", called="016"),
                "bad row",
                "2026-02-31 10:00:00,910000001,912000001,60,,T6",
                "",
            ]
        )

    def _count(self):
        counts = {}
        for table in TABLES:
            self.env.cr.execute(f"SELECT count(*), max(id) FROM {table}")
            counts[table] = self.env.cr.fetchone()
        return counts

    def _test(self, content=None, name="may.csv", **values):
        if content is None:
            content = self.content
        if isinstance(content, str):
            content = content.encode()
        run = self.env["telecom.test.run"].with_user(self.operator)
        run = run.create(
            {
                "source_id": self.source.id,
                "content": content and base64.b64encode(content),
                "content_name": name,
                **values,
            }
        )
        run.action_run()
        return run

    def _csv(self, run, field):
        raw = base64.b64decode(run.with_context(bin_size=False)[field])
        return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))

    def test_all_is_shown_and_nothing_stored(self):
        bundle = self._create_bundle("Minutes", {"seconds": 600})
        self._give_bundle(bundle, self.customer)
        self.env["telecom.bundle.pass"]._run(self.company)
        self._forget_marks()
        self.env.flush_all()
        before = self._count()
        run = self._test()
        self.env.flush_all()
        self.assertEqual(self._count(), before)
        for words in (
            "Too few columns",
            "2026-02-31",
            "No customer",
            "+34 910 00 00 77",
            "No rate",
            "+44 20 7946 0001",
            "Customer One",
            "Spain, mobile",
            "0.16",
        ):
            self.assertIn(words, run.report)

    def test_results_by_customer_and_by_call(self):
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "category": "short", "price": 1}
        )
        run = self._test()
        [customer] = self._csv(run, "customers_csv")
        self.assertEqual(
            {n: customer[n] for n in ("reference", "customer", "calls", "total")},
            {
                "reference": "C-17",
                "customer": "Customer One",
                "calls": "3",
                "total": "1.1615",
            },
        )
        first, second, others = customer["detail"].split("\n")
        self.assertEqual(
            first,
            "2026-10-05 10:00:00 +34910000001 -> +34600000099 Spain, mobile "
            "0:01:01 0.0915",
        )
        self.assertIn("0:01:00 0.07", second)
        # A help line is in the total, not among the calls.
        self.assertEqual(others, "+ 1 1")
        self.assertNotIn("016", customer["detail"].replace("+34600", ""))
        calls = self._csv(run, "calls_csv")
        self.assertEqual([one["price"] for one in calls], ["0.0915", "0.07", "1"])
        self.assertNotIn("cost", calls[0])
        raw = base64.b64decode(run.with_context(bin_size=False).results_xlsx)
        book = openpyxl.load_workbook(io.BytesIO(raw))
        self.assertEqual(book.sheetnames, ["customers", "calls"])
        rows = list(book["customers"].iter_rows(values_only=True))
        self.assertEqual(rows[1][:5], ("C-17", "Customer One", 3, 181, 1.1615))
        self.assertEqual(book["calls"].max_row, 4)

    def test_losses_are_told_to_who_may_see_costs(self):
        content = HEADER + row("L1", amount="9") + "\n"
        self.assertNotIn("more than they bring", self._test(content).report)
        self.operator.group_ids += self.env.ref("telecom_cdr.group_telecom_cost")
        report = self._test(content).report
        self.assertIn("8.93", report)

    def test_known_calls_would_be_duplicates(self):
        self._process(row("T1"))
        run = self._test()
        self.assertRegex(run.report, r">2</div>\s*<div[^>]*>Duplicates|1</div>")
        self.assertEqual(len(self._calls()), 1)

    def test_a_file_that_was_received(self):
        file = self._upload(self.content, "may.csv")
        run = self._test(file_id=file.id, content=False)
        self.assertIn("Customer One", run.report)
        self.assertEqual((file.state, file.row_count), ("received", 0))
        self.assertFalse(self._calls())

    def test_archives_and_broken_files(self):
        content = zipped(a__csv=HEADER + row("Z1") + "\n", b__csv=b"\x00" * 300)
        run = self._test(content, "month.zip")
        self.assertIn("Customer One", run.report)
        self.assertIn("b.csv", run.report)
        self.assertIn("no text file", run.report)

    def test_reader_tests_nothing(self):
        reader = self._new_user("reader", READER)
        with self.assertRaises(AccessError):
            self.env["telecom.test.run"].with_user(reader).create(
                {"source_id": self.source.id}
            )

    def test_formulas_stay_text(self):
        self.customer.name = "=cmd()"
        self.customer.ref = "@1"
        [customer] = self._csv(self._test(), "customers_csv")
        self.assertEqual(customer["customer"], "'=cmd()")
        self.assertEqual(customer["reference"], "'@1")

    def test_results_of_a_file_that_was_read(self):
        file = self._upload(self.content, "may.csv")
        file.action_process()
        self.authenticate("operator", "operator")
        answer = self.url_open(f"/telecom_cdr/results/{file.id}/customers.csv")
        self.assertIn("may-customers.csv", answer.headers["Content-Disposition"])
        [row_] = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        self.assertEqual((row_["reference"], row_["total"]), ("C-17", "0.1615"))
        answer = self.url_open(f"/telecom_cdr/results/{file.id}/results.xlsx")
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        self.assertEqual(book["calls"].max_row, 3)
        answer = self.url_open(f"/telecom_cdr/results/{file.id}/costs.csv")
        self.assertEqual(answer.status_code, 404)

    def test_strangers_get_no_results(self):
        file = self._upload(self.content, "may.csv")
        file.action_process()
        self._new_user("stranger", "base.group_user", password="stranger")
        self.authenticate("stranger", "stranger")
        answer = self.url_open(f"/telecom_cdr/results/{file.id}/customers.csv")
        self.assertEqual(answer.status_code, 403)
        self.assertNotIn(b"Customer One", answer.content)

    # === LARGE FILES === #

    def _large(self, content=None, name="may.csv", **values):
        """A test that is left to the schedule."""
        with patch(f"{WIZARDS}.telecom_test_run.BACKGROUND_BYTES", 100):
            run = self._test(content, name, **values)
        self.assertEqual((run.state, run.report), ("waiting", False))
        return run

    def _tables(self):
        self.env.cr.execute(
            "SELECT count(*) FROM pg_tables WHERE tablename ~ '^telecom_trial_call_'"
        )
        return self.env.cr.fetchone()[0]

    def _without_time(self, run, most=20):
        """Run after run whose time ends with each chunk; how many there were."""
        for number in range(1, most):
            with patch(CHUNK, 2):
                run._of_its_user()._go_on_or_fail(lambda: 0)
            if run.state != "waiting":
                return number
        raise AssertionError("It never ends.")

    def test_a_large_file_is_tested_in_the_background(self):
        small = self._test()
        run = self._large()
        self._run_cron("process")
        self.assertEqual((run.state, run.progress), ("done", 100))
        self.assertEqual(run.report, small.report)
        for field in ("customers_csv", "calls_csv"):
            self.assertEqual(self._csv(run, field), self._csv(small, field))
        self.assertTrue(run.results_xlsx)
        self.assertFalse(self._calls())
        self.assertEqual(self._tables(), 0)
        told = self.env["mail.message"].search(
            [("partner_ids", "in", self.operator.partner_id.ids)], limit=1
        )
        self.assertIn(f"/odoo/telecom.test.run/{run.id}", told.body)
        self.assertIn("is done", told.body)

    def test_it_goes_on_where_it_was(self):
        twice = row("", start="2026-10-06 10:00:00")
        content = self.content + f"{twice}\n" * 3
        small = self._test(content)
        run = self._large(content)
        self.assertGreater(self._without_time(run), 3)
        self.assertEqual(run.report, small.report)
        self.assertEqual(self._csv(run, "calls_csv"), self._csv(small, "calls_csv"))
        self.assertEqual(self._tables(), 0)

    def test_so_it_does_with_archives(self):
        parts = {"a__csv": self.content, "b__csv": HEADER + row("Z1") + "\n"}
        small = self._test(zipped(**parts), "m.zip")
        run = self._large(zipped(**parts), "m.zip")
        self.assertGreater(self._without_time(run), 1)
        self.assertEqual(run.report, small.report)

    def test_what_fails_is_told(self):
        run = self._large()
        with (
            patch(f"{WIZARDS}.mixin_test_run_background.LongTrial") as trial,
            patch.object(self.env.cr, "rollback"),
            mute_logger(f"{WIZARDS}.mixin_test_run_background"),
        ):
            trial.return_value.test.side_effect = UserError("Out of luck.")
            run._of_its_user()._go_on_or_fail(lambda: 10)
        self.assertEqual((run.state, run.problem), ("failed", "Out of luck."))

    def test_a_test_that_is_dropped_leaves_no_table(self):
        run = self._large()
        with patch(CHUNK, 2):
            run._of_its_user()._go_on_or_fail(lambda: 0)
        self.assertEqual((run.state, self._tables()), ("waiting", 1))
        self.assertGreater(run.progress, 0)
        run.unlink()
        self.assertEqual(self._tables(), 0)

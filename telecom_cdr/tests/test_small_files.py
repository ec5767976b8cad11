# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Many small files in one run: each becomes what it becomes alone."""

import io
import random
import zipfile
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.telecom_cdr.models import import_run
from odoo.addons.telecom_cdr.models import small_files as small_files_module
from odoo.addons.telecom_cdr.models.call_import import CallImport

from .common import HEADER, TelecomCommon
from .test_rating import row

START = datetime.fromisoformat("2026-10-05 10:00:00")
SEEDS = range(4)
COUNTS = (
    "row_count",
    "call_count",
    "duplicate_count",
    "skipped_count",
    "merged_count",
    "rejected_count",
)


def call(minute, id_="", seconds=60, **values):
    return row(id_, seconds=seconds, start=START + timedelta(minutes=minute), **values)


def content(*rows):
    return HEADER + "".join(f"{one}\n" for one in rows)


@tagged("post_install", "-at_install")
class TestSmallFiles(TelecomCommon):
    def setUp(self):
        super().setUp()
        self.alone = []
        run = CallImport.run

        def noted(reading, *args):
            self.alone.append(reading.file)
            return run(reading, *args)

        self.startPatcher(patch.object(CallImport, "run", noted))

    def _upload_all(self, *contents, source=None):
        files = self.env["telecom.file"]
        for number, one in enumerate(contents):
            files += self._upload(one, f"{number}.csv", source)
        files.filtered(lambda file: file.state == "held").action_release()
        return files

    def _one_by_one(self, files):
        for file in files:
            file.action_process()

    def _result(self, files):
        """What became of files and rows."""
        calls = self._calls(("file_id", "in", files.ids))
        names = {file.id: file.name for file in files}
        return (
            [
                (f.name, f.state, *(f[name] for name in COUNTS), f.period, f.date_first,
                 f.date_last, f.last_error)
                for f in files
            ],
            sorted(
                (names[c.file_id.id], c.line_number, c.identity, c.price, c.state,
                 c.duration, str(c.extra))
                for c in calls
            ),
            sorted(
                (r.file_id.name, r.line_number, r.reason, r.raw)
                for r in files.rejection_ids
            ),
        )  # fmt: skip

    def assertSameAsAlone(self, contents, source=None):
        """The same files one by one, then together; gives those."""
        alone = self._upload_all(*contents, source=source)
        self._one_by_one(alone)
        expected = self._result(alone)
        alone.filtered(lambda file: file.state == "processed").action_revert()
        alone.write({"state": "discarded"})
        self.assertFalse(self._calls())
        together = self._upload_all(*contents, source=source)
        self.alone.clear()
        together.action_process()
        self.assertEqual(self._result(together), expected)
        for file in together:
            self.assertBalanced(file)
        return together

    def test_files_of_one_source_are_one_batch(self):
        files = self.assertSameAsAlone(
            [content(*(call(60 * n + m) for m in range(5))) for n in range(8)]
        )
        self.assertEqual(self.alone, [])
        self.assertEqual(files.mapped("call_count"), [5] * 8)
        self.assertEqual(len(self._calls()), 40)

    def test_equal_rows_count_by_how_often_they_stand_in_a_file(self):
        twice = call(1)
        self.assertSameAsAlone(
            [content(twice, twice), content(twice, twice, twice), content(twice)]
        )
        self.assertEqual(len(self._calls()), 3)

    def test_the_same_call_in_two_files_is_stored_once(self):
        files = self.assertSameAsAlone(
            [content(call(1, "a"), call(2, "b")), content(call(2, "b"), call(3, "c"))]
        )
        self.assertEqual(files.mapped("duplicate_count"), [0, 1])
        self.assertEqual(self.alone, [])

    def test_records_that_differ_are_compared_as_ever(self):
        """The longer one stands; where nothing tells, it is a conflict."""
        self.assertSameAsAlone(
            [
                content(call(1, "a", 30), call(2, "b", amount="0.01")),
                content(call(1, "a", 90), call(5)),
                content(call(2, "b", amount="0.05"), call(6)),
            ]
        )
        self.assertEqual(len(self.alone), 2)

    def test_bad_rows_and_bad_files_harm_no_other(self):
        files = self.assertSameAsAlone(
            [
                content(call(1), "2026-02-31 10:00:00,910000001,912000001,60,,"),
                "no,such,header\n1,2,3\n",
                content(call(2)),
                b"\x00\x01\x02" * 100,
                "",
                content(call(3), "short", ""),
                HEADER,
                content(call(4, called="9" * 30)),
            ]
        )
        states = files.mapped("state")
        self.assertEqual([n for n, s in enumerate(states) if s == "failed"], [1, 3])
        self.assertEqual(files.mapped("rejected_count"), [1, 0, 0, 0, 0, 1, 0, 1])

    def test_unknown_numbers_are_skipped_by_file(self):
        self.source.keep_unknown = False
        files = self.assertSameAsAlone(
            [
                content(call(1), call(2, caller="910000077")),
                content(call(3)),
                content(call(4, caller="910000078")),
            ]
        )
        self.assertEqual(files.mapped("skipped_count"), [1, 0, 1])

    def test_members_of_an_archive_are_one_batch(self):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for number in range(5):
                archive.writestr(f"{number}.csv", content(call(number)))
        file = self._upload(target.getvalue(), "five.zip")
        file.action_process()
        self.assertEqual(file.child_ids.mapped("state"), ["processed"] * 5)
        self.assertEqual(self.alone, [])
        self.assertEqual(len(self._calls()), 5)

    def test_bundles_are_dealt_out_once_for_all(self):
        self._give_bundle(self._create_bundle("S", {"seconds": 150}), self.customer)
        files = self._upload_all(*(content(call(60 * n)) for n in range(4)))
        passes = self.env.registry["telecom.bundle.pass"]
        with patch.object(
            passes, "_run", autospec=True, side_effect=passes._run
        ) as run:
            files.action_process()
        self.assertEqual(run.call_count, 1)
        self.assertEqual(self._calls().mapped("bundle_duration"), [60, 60, 30, 0])

    def test_rate_tables_are_loaded_once(self):
        other = self._create_source(name="Other")
        files = self._upload_all(*(content(call(n)) for n in range(3)))
        files += self._upload_all(
            *(content(call(n)) for n in range(5, 8)), source=other
        )
        big = content(*(call(n) for n in range(10, 15)))
        with (
            patch.object(
                import_run, "load_tables", side_effect=import_run.load_tables
            ) as load,
            patch.object(small_files_module, "BUNCH_BYTES", 300),
        ):
            files += self._upload_all(big)
            files.action_process()
        self.assertEqual(load.call_count, 1)
        self.assertEqual(len(self._calls()), 11)

    def _other_tariff(self):
        """0.17 a minute for the customer, from ever."""
        step = {"initial_increment": 60, "increment": 60}
        rate = {"price": 0.12, "connect_fee": 0.05, **step}
        self.customer.telecom_tariff_id = self._create_tariff("Other", rate)

    def test_prices_that_change_in_a_run_are_seen(self):
        """The tables of a run are loaded anew where a price has changed meanwhile."""
        run = import_run.ImportRun(self.env)
        first = self._upload(content(call(1)), "a.csv")
        second = self._upload(content(call(2)), "b.csv")
        first._process(run=run)
        self._other_tariff()
        second._process(run=run)
        run.finish()
        second_call = self._calls(("file_id", "=", second.id))
        self.assertEqual(second_call.price, 0.17)

    def test_prices_that_change_under_a_file_rate_it_again(self):
        """Its calls were not there when the change looked for calls to rate again."""
        run = import_run.ImportRun(self.env)
        file = self._upload(content(call(1)), "a.csv")
        store = CallImport._store

        def and_change(reading, chunk):
            store(reading, chunk)
            self._other_tariff()
            self._forget_marks()

        with patch.object(CallImport, "_store", and_change):
            file._process(run=run)
        self.assertEqual(self._calls().price, 0.07)
        self._run_cron("rate")
        self.assertEqual(self._calls().price, 0.17)

    def test_the_scheduled_action_stops_and_goes_on(self):
        """Out of time after a bunch: what is read is read, the rest waits."""
        files = self._upload_all(*(content(call(n)) for n in range(12)))
        with patch.object(small_files_module, "BUNCH_BYTES", 500):
            files._process(time_left=lambda: 0)
            done = files.filtered(lambda file: file.state == "processed")
            self.assertTrue(0 < len(done) < 12)
            self.assertEqual(len(self._calls()), len(done))
            waiting = files - done
            self.assertEqual(set(waiting.mapped("state")), {"received"})
            self._run_cron("process")
        self.assertEqual(set(files.mapped("state")), {"processed"})
        self.assertEqual(len(self._calls()), 12)

    def test_a_file_that_breaks_the_reader_harms_no_other(self):
        files = self._upload_all(*(content(call(n)) for n in range(4)))
        add = CallImport._add

        def broken(reading, calls, encoded, account):
            if (calls["duration"] == 60).sum() and files[2].id in set(calls["file_id"]):
                raise ZeroDivisionError
            return add(reading, calls, encoded, account)

        with (
            patch.object(CallImport, "_add", broken),
            self.assertLogs("odoo.addons.telecom_cdr", "ERROR"),
        ):
            self._run_cron("process")
        states = files.mapped("state")
        self.assertEqual(states.count("failed"), 1)
        self.assertEqual(files[2].state, "failed")
        self.assertEqual(len(self._calls()), 3)

    # === LAWS === #

    def _random(self, chance):
        contents = []
        for number in range(chance.randint(2, 9)):
            rows = []
            for _row in range(chance.randint(0, 7)):
                minute = chance.randrange(0, 40)
                rows.append(
                    call(
                        minute,
                        chance.choice(["", f"u{minute}"]),
                        chance.choice([60, 60, 61, 0, -1]),
                        caller=chance.choice(["910000001", "910000077"]),
                        amount=chance.choice(["0.01", "0.01", "0.01", "0.02"]),
                    )
                )
            contents.append(content(*rows) if chance.random() < 0.9 else f"x{number}\n")
        return contents

    def test_any_files_are_what_they_are_alone(self):
        """Laws 1 to 3, for files that repeat and contradict one another."""
        for seed in SEEDS:
            contents = self._random(random.Random(seed))
            with self.subTest(seed=seed):
                alone = self._upload_all(*contents)
                self._one_by_one(alone)
                expected = self._what_is_known(alone)
                self._take_back(alone)
                together = self._upload_all(*contents)
                together.action_process()
                self.assertEqual(self._what_is_known(together), expected)
                self._take_back(together)

    def _what_is_known(self, files):
        """Which calls there are; which of two conflicting records waits may differ."""
        for file in files:
            self.assertBalanced(file)
            stored = len(self._calls(("file_id", "=", file.id)))
            self.assertEqual(file.call_count, stored)
        disputed = set(files.rejection_ids.filtered("identity").mapped("identity"))
        return sorted(
            (c.identity, c.duration, c.price)
            for c in self._calls()
            if c.identity.replace("-", "") not in disputed
        ), sorted((r.reason, r.identity or r.raw) for r in files.rejection_ids)

    def _take_back(self, files):
        files.filtered(lambda file: file.state == "processed").action_revert()
        files.write({"state": "discarded"})
        self.assertFalse(self._calls())

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import io
import json
from contextlib import suppress
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .common import HEADER, READER, USER, TelecomCommon
from .test_rating import row

BAD = "2026-02-31 10:00:00,910000001,912000001,60,,U2"
MENDED = "2026-02-28 10:00:00,910000001,912000001,60,,U2"


@tagged("post_install", "-at_install")
class TestUnprocessed(TelecomCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER, password="operator")
        lines = [HEADER.strip(), row("U1"), BAD, row("U3", seconds=90), "ñ,x", ""]
        cls.file = cls._upload("\r\n".join(lines).encode("cp1252"), "may.csv")
        cls.file.action_process()

    def _correct(self, content, rejections=None):
        rejections = rejections or self.file.rejection_ids
        wizard = (
            self.env["telecom.correction"]
            .with_user(self.operator)
            .create(
                {
                    "file_id": self.file.id,
                    "rejection_ids": rejections.ids,
                    "content": base64.b64encode(content.encode()),
                    "content_name": "may-corrected.csv",
                }
            )
        )
        return self.env["telecom.file"].browse(wizard.action_receive()["res_id"])

    def _waiting(self):
        return self.env["telecom.waiting"].search(
            [("cause", "=", "rejected"), ("source_id", "=", self.source.id)]
        )

    def test_rows_are_downloaded_as_they_stand_in_the_file(self):
        self.authenticate("operator", "operator")
        action = self.file.with_user(self.operator).action_download_unprocessed()
        answer = self.url_open(action["url"])
        expected = f"{HEADER.strip()}\r\n{BAD}\r\nñ,x\r\n".encode("cp1252")
        self.assertEqual(answer.content, expected)
        self.assertIn("may-rows.csv", answer.headers["Content-Disposition"])
        one = self.file.rejection_ids.filtered(lambda r: r.line_number == 3)
        answer = self.url_open(
            one.with_user(self.operator).action_download_rows()["url"]
        )
        self.assertEqual(answer.content.count(b"\r\n"), 2)

    def test_readers_and_strangers_get_none(self):
        for login, groups in (("reader", READER), ("stranger", "base.group_user")):
            self._new_user(login, groups, password=login)
            self.authenticate(login, login)
            answer = self.url_open(f"/telecom_cdr/unprocessed/{self.file.id}")
            self.assertEqual(answer.status_code, 403)

    def test_corrected_rows_are_read_and_the_old_ones_solved(self):
        bad = self.file.rejection_ids.filtered(lambda r: r.line_number == 3)
        child = self._correct(HEADER + MENDED + "\n", bad)
        self.assertEqual((child.row_count, child.call_count), (1, 1))
        self.assertEqual(child.corrects_id, self.file)
        self.assertBalanced(child)
        # The rows of the file still add up as they did.
        self.assertBalanced(self.file)
        self.assertEqual(self.file.rejected_count, 2)
        self.assertFalse(bad.is_open)
        self.assertEqual(self.file.open_rejection_count, 1)
        self.assertEqual(self._waiting().mapped("record_count"), [1])
        self.assertEqual(len(self._calls(("duration", "=", 60))), 2)

    def test_taking_the_correction_back_has_rows_wait_again(self):
        child = self._correct(HEADER + MENDED + "\n")
        self.assertEqual(self.file.open_rejection_count, 0)
        child.action_revert()
        self.env.invalidate_all()
        self.assertEqual(self.file.open_rejection_count, 2)
        self.assertEqual(sum(self._waiting().mapped("record_count")), 2)

    def test_rows_that_are_known_add_nothing(self):
        child = self._correct(HEADER + row("U1") + "\n" + MENDED + "\n")
        self.assertEqual((child.call_count, child.duplicate_count), (1, 1))
        self.assertEqual(len(self._calls()), 3)

    def _of_lines(self, *lines):
        """A file of a good row and of two that are wrong alike, each mended alike."""
        wrong = row("", start="2026-02-31 12:00:00")
        good = row("", start="2026-02-28 12:00:00")
        file = self._upload(HEADER + "\n".join([good, wrong, wrong]) + "\n", "l.csv")
        file.action_process()
        self.assertEqual((file.call_count, file.rejected_count), (1, 2))
        return file, good

    def _correct_line(self, file, number, content):
        rows = file.rejection_ids.filtered(lambda r: r.line_number == number)
        corrected = file._receive_rows("x.csv", io.BytesIO(content.encode()), rows)
        corrected.action_process()
        self.assertBalanced(corrected)
        return corrected

    def test_equal_rows_of_different_lines_are_different_calls(self):
        file, good = self._of_lines()
        content = HEADER + good + "\n"
        before = len(self._calls())
        first = self._correct_line(file, 3, content)
        second = self._correct_line(file, 4, content)
        self.assertRecordValues(first + second, [{"call_count": 1}] * 2)
        self.assertEqual(len(self._calls()), before + 2)
        # The same line once more is the same call.
        for number in (3, 4):
            again = self._correct_line(file, number, content)
            self.assertEqual((again.call_count, again.duplicate_count), (0, 1))
        # So it is where the files are read again, in whatever order.
        for again in (second, first):
            again.write({"state": "received", "position": False})
            again.action_process()
            self.assertEqual((again.call_count, again.duplicate_count), (1, 0))
        self.assertEqual(len(self._calls()), before + 2)
        first.action_revert()
        third = self._correct_line(file, 3, content)
        self.assertEqual(third.call_count, 1)
        self.assertEqual(len(self._calls()), before + 2)

    def test_the_whole_file_corrected_later_adds_nothing(self):
        file, good = self._of_lines()
        for number in (3, 4):
            self._correct_line(file, number, HEADER + good + "\n")
        before = len(self._calls())
        whole = self._upload(HEADER + "\n".join([good] * 3) + "\n", "whole.csv")
        whole.action_process()
        self.assertEqual((whole.call_count, whole.duplicate_count), (0, 3))
        self.assertEqual(len(self._calls()), before)

    def test_a_correction_is_corrected(self):
        file, good = self._of_lines()
        wrong = row("", start="2026-02-30 12:00:00")
        half = self._correct_line(file, 3, HEADER + wrong + "\n")
        self.assertEqual(half.rejected_count, 1)
        other = self._correct_line(file, 4, HEADER + good + "\n")
        last = self._correct_line(half, 2, HEADER + good + "\n")
        self.assertRecordValues(other + last, [{"call_count": 1}] * 2)
        again = self._correct_line(file, 3, HEADER + good + "\n")
        self.assertEqual((again.call_count, again.duplicate_count), (0, 1))

    def test_rows_are_read_again_after_the_format_was_corrected(self):
        file = self._upload(
            HEADER + row("V1", start="2026-10-05 11:00:00") + "\n"
            "05.10.2026 12:00:00,910000001,912000001,60,,V2\n",
            "june.csv",
        )
        file.action_process()
        self.assertEqual((file.call_count, file.rejected_count), (1, 1))
        self.format.date_formats = json.dumps(
            ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S"]
        )
        wizard = (
            self.env["telecom.read.again"]
            .with_user(self.operator)
            .create({"rejection_ids": file.rejection_ids.ids})
        )
        wizard.action_read()
        child = file.correction_ids
        self.assertEqual((child.call_count, child.rejected_count), (1, 0))
        self.assertEqual(file.open_rejection_count, 0)
        self.assertEqual(str(child.period), "2026-10-01")

    def test_the_whole_file_is_read_again_where_nothing_is_invoiced(self):
        self.file.rejection_ids.with_user(self.operator).action_read_again()
        wizard = self.env["telecom.read.again"].create(
            {"rejection_ids": self.file.rejection_ids.ids, "mode": "whole"}
        )
        self.assertEqual(wizard.invoiced_count, 0)
        wizard.action_read()
        self.assertEqual((self.file.state, self.file.call_count), ("processed", 2))
        self.assertEqual(len(self._calls()), 2)

    def test_killed_behind_the_revert_it_is_read_by_the_schedule(self):
        """What is taken back waits to be read in the same transaction."""
        killed = patch.object(
            type(self.env["telecom.bundle.pass"]), "_run", side_effect=RuntimeError
        )
        with killed, suppress(RuntimeError):
            self.file._read_whole_again()
        self.assertEqual((self.file.state, self.file.call_count), ("received", 0))
        self.assertFalse(self._calls())
        self._run_cron("process")
        self.assertEqual((self.file.state, self.file.call_count), ("processed", 2))
        self.assertBalanced(self.file)

    def test_its_steps_are_one_transaction(self):
        """Nothing is committed while a file is neither read nor to be read."""
        states = []

        def step(file):
            file.env.flush_all()
            states.append((self.file.state, self.file.call_count))

        with patch.object(type(self.file), "_commit_step", step):
            self.file._read_whole_again()
        self.assertEqual(set(states), {("processed", 2), ("received", 0)})

    def test_invoiced_calls_stand(self):
        self._load_accounts()
        day = self._calls()[0].day
        self.env["telecom.invoicing"]._invoice(self.customer, day, day)
        wizard = self.env["telecom.read.again"].create(
            {"rejection_ids": self.file.rejection_ids.ids, "mode": "whole"}
        )
        with self.assertRaisesRegex(UserError, "2 calls of these files are invoiced"):
            wizard.action_read()
        self.assertEqual(self.file.state, "processed")

    def test_readers_correct_nothing(self):
        reader = self._new_user("reader", READER)
        with self.assertRaises(AccessError):
            self.env["telecom.correction"].with_user(reader).create(
                {"file_id": self.file.id}
            )
        with self.assertRaises(AccessError):
            self.file.rejection_ids.with_user(reader).action_dismiss()

    def test_rows_of_several_files_are_corrected_one_by_one(self):
        other = self._process("bad", name="other.csv")
        both = self.file.rejection_ids | other.rejection_ids
        with self.assertRaisesRegex(UserError, "rows are of 2 files"):
            both.action_correct()

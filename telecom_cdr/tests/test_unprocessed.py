# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import json

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

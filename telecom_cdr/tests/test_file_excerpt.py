# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rejected rows of files that are no lines of text are read again all the same."""

import io
import json

import openpyxl

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import MAPPING, TelecomCommon

GOOD = {
    "start": "2026-10-05 10:00:00",
    "calling": "910000001",
    "called": "912000001",
    "duration": "60",
    "amount": "",
    "id": "X1",
}
BAD = {**GOOD, "start": "2026-02-31 10:00:00", "id": "X2"}


@tagged("post_install", "-at_install")
class TestFileExcerpt(TelecomCommon):
    def _file(self, content, name, **layout):
        self.source.format_id = self._create_format(name=name, **layout)
        file = self._upload(content, name)
        file.action_process()
        self.assertEqual(
            (file.call_count, file.rejected_count), (1, 1), file.last_error
        )
        return file

    def _read_again(self, file):
        """The rows as they are, and then as a person corrects them."""
        child = file._read_rows_again(file.rejection_ids)
        child.action_process()
        self.assertEqual((child.row_count, child.rejected_count), (1, 1))
        return b"".join(child._excerpt(child.rejection_ids))

    def test_json(self):
        records = {"data": {"rows": [GOOD, BAD]}}
        file = self._file(
            json.dumps(records, indent=1),
            "a.json",
            layout="json",
            record_path="data.rows",
            has_header=False,
        )
        found = json.loads(self._read_again(file))
        self.assertEqual(found, {"data": {"rows": BAD}})

    def test_xml(self):
        def call(values):
            cells = "".join(f"<{name}>{values[name]}</{name}>" for name in values)
            return f"<cdr>{cells}</cdr>"

        file = self._file(
            f"<cdrs>{call(GOOD)}\n{call(BAD)}</cdrs>",
            "a.xml",
            layout="xml",
            record_path="cdrs/cdr",
            has_header=False,
        )
        found = self._read_again(file).decode()
        self.assertEqual(found.strip(), f"<cdrs>{call(BAD)}</cdrs>")

    def test_sheet(self):
        target = io.BytesIO()
        book = openpyxl.Workbook()
        book.active.append(["Carrier", "Month"])
        book.active.append(list(MAPPING.values()))
        for values in (GOOD, BAD):
            book.active.append([values[name] for name in MAPPING.values()])
        book.save(target)
        file = self._file(target.getvalue(), "a.xlsx", layout="sheet", skipped_lines=1)
        sheet = openpyxl.load_workbook(io.BytesIO(self._read_again(file))).active
        rows = [row[:4] for row in sheet.iter_rows(values_only=True)]
        self.assertEqual(rows[0][:2], ("Carrier", "Month"))
        self.assertEqual(rows[2], (BAD["start"], "910000001", "912000001", "60"))
        self.assertEqual(len(rows), 3)

    def test_records_that_are_too_long(self):
        long = json.dumps({**BAD, "note": "x" * 5000})
        file = self._file(
            f"{json.dumps(GOOD)}\n{long}\n", "b.json", layout="json", has_header=False
        )
        with self.assertRaisesRegex(UserError, "read the whole file again"):
            file._read_rows_again(file.rejection_ids)

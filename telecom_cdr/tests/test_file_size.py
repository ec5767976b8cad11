# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import gzip
import os
import tempfile
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import HEADER, TelecomCommon
from .test_file import zipped
from .test_rating import row

MB = 1024 * 1024
LARGE = (
    r"large\.csv has more than 1 MB\. Larger files are not taken: raise the limit in "
    r"the settings \(Telephony, Files\) or split the file\."
)


def content(size):
    """A file of calls of so many bytes: the last line is long."""
    start = HEADER + row("B1") + "\n"
    return (start + "x" * (size - len(start))).encode()


@tagged("post_install", "-at_install")
class TestFileSize(TelecomCommon):
    """No file above the company's limit is kept, by whatever way it comes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.telecom_max_file_mb = 1
        cls.attachments = cls.env["ir.attachment"].sudo()

    def _files(self):
        return self.env["telecom.file"].search([])

    def _stored(self):
        """Files in the filestore."""
        root = self.attachments._filestore()
        return {name for _path, _folders, names in os.walk(root) for name in names}

    def _wizard(self, data):
        attachment = self.attachments.create({"name": "large.csv", "raw": data})
        return self.env["telecom.upload.wizard"].create(
            {"source_id": self.source.id, "attachment_ids": attachment.ids}
        )

    def _folder(self, data):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        with open(os.path.join(folder, "large.csv"), "wb") as file:
            file.write(data)
        return self._create_source(
            name="Folder", protocol="folder", directory=folder, settle_seconds=0
        )

    def test_uploaded_at_the_limit(self):
        self._wizard(content(MB)).action_upload()
        self.assertRecordValues(
            self._files(), [{"name": "large.csv", "content_size": MB}]
        )

    def test_uploaded_above_the_limit(self):
        wizard = self._wizard(content(MB + 1))
        before = self._stored()
        with self.assertRaisesRegex(UserError, LARGE):
            wizard.action_upload()
        self.assertFalse(self._files())
        self.assertEqual(self._stored(), before)
        self.assertTrue(wizard.attachment_ids.exists())

    def test_created_at_and_above_the_limit(self):
        file = self._upload(content(MB), name="large.csv")
        with self.assertRaisesRegex(UserError, LARGE), self.env.cr.savepoint():
            self._upload(content(MB + 1), name="large.csv")
        self.assertEqual(self._files(), file)

    def test_collected_at_the_limit(self):
        source = self._folder(content(MB))
        self.assertEqual(source._collect().content_size, MB)
        self.assertEqual(source.state, "ok")

    def test_collected_above_the_limit(self):
        source = self._folder(content(MB + 1))
        self.assertFalse(source._collect())
        self.assertFalse(self._files())
        self.assertRecordValues(
            source,
            [
                {
                    "state": "error",
                    "last_error": "large.csv has 1048577 bytes, the limit is 1048576. "
                    "Larger files are not taken: raise the limit in the settings "
                    "(Telephony, Files) or split the file.",
                }
            ],
        )
        self.assertTrue(os.path.exists(os.path.join(source.directory, "large.csv")))
        self.company.telecom_max_file_mb = 2
        self.assertEqual(source._collect().content_size, MB + 1)

    def test_members_of_an_archive(self):
        for size, state, members in [(MB, "processed", 2), (MB + 1, "failed", 0)]:
            with self.subTest(size=size):
                data = zipped(a__csv=content(200), large__csv=content(size))
                self.assertLess(len(data), MB, "packed")
                file = self._upload(data, name=f"{size}.zip")
                file.action_process()
                self.assertEqual(file.state, state, file.last_error)
                self.assertEqual(len(file.child_ids), members)
        self.assertRegex(file.last_error, LARGE)

    def test_gzip_member(self):
        file = self._upload(gzip.compress(content(MB + 1)), name="large.csv.gz")
        file.action_process()
        self.assertEqual(file.state, "failed")
        self.assertRegex(file.last_error, LARGE)
        self.assertFalse(file.child_ids)

    def test_attachments_in_the_database(self):
        attachments = type(self.attachments)
        with patch.object(attachments, "_storage", lambda _self: "db"):
            wizard = self._wizard(content(MB + 1))
            with self.assertRaisesRegex(UserError, LARGE):
                wizard.action_upload()
        self.assertFalse(self._files())

    def test_setting(self):
        self.assertEqual(self._telecom_company("New").telecom_max_file_mb, 1024)
        with Form(self.env["res.config.settings"]) as form:
            form.telecom_max_file_mb = 7
        form.record.execute()
        self.assertEqual(self.company.telecom_max_file_mb, 7)
        for size in (0, -1, 2048):
            with (
                self.subTest(size=size),
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(IntegrityError, "telecom_max_file_range"),
                self.env.cr.savepoint(),
            ):
                self.company.telecom_max_file_mb = size
                self.env.flush_all()

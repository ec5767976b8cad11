# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import gzip
import hashlib
import io
import zipfile
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import HEADER, TelecomCommon
from .test_rating import row


def zipped(**members):
    """A ZIP with these members; a dot in a name is written as a double underscore."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return target.getvalue()


@tagged("post_install", "-at_install")
class TestFile(TelecomCommon):
    def test_bytes_and_fingerprint_are_kept_first(self):
        content = b"\x00\xff not a call \r\n"
        file = self._upload(content)
        self.assertEqual(base64.b64decode(file.content), content)
        self.assertEqual(file.sha256, hashlib.sha256(content).hexdigest())
        self.assertEqual((file.content_size, file.state), (len(content), "received"))

    def test_content_does_not_change(self):
        file = self._upload(HEADER)
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            file.content = base64.b64encode(b"other")
        self.assertEqual(base64.b64decode(file.content), HEADER.encode())

    def test_same_content_is_held_and_names_what_it_repeats(self):
        first = self._process(row("A1"))
        again = self._upload(HEADER + row("A1") + "\n", "renamed.csv")
        self.assertEqual(again.state, "held")
        self.assertEqual(again.repeated_file_ids, first)
        self.assertIn("calls.csv", again.hold_reason)
        with self.assertRaisesRegex(UserError, "is held"):
            again.action_process()
        self.assertEqual(len(self._calls()), 1)

    def test_released_file_adds_nothing_twice(self):
        self._process(row("A1"))
        again = self._upload(HEADER + row("A1") + "\n", "renamed.csv")
        again.action_release()
        again.action_process()
        self.assertBalanced(again)
        self.assertEqual((again.call_count, again.duplicate_count), (0, 1))

    def test_discarded_file_is_left_out_but_kept(self):
        self._process(row("A1"))
        again = self._upload(HEADER + row("A1") + "\n")
        again.action_discard()
        self.assertEqual(again.state, "discarded")
        self.assertTrue(again.content)

    def test_empty_files_are_never_held(self):
        files = self._upload("", "a.csv") + self._upload("", "b.csv")
        self.assertEqual(set(files.mapped("state")), {"received"})

    def test_same_name_is_held_by_choice(self):
        self._upload(HEADER + row("A1"), "daily.csv")
        self.assertEqual(
            self._upload(HEADER + row("A2"), "daily.csv").state, "received"
        )
        self.source.hold_same_name = True
        held = self._upload(HEADER + row("A3"), "daily.csv")
        self.assertEqual((held.state, len(held.repeated_file_ids)), ("held", 2))

    def test_other_company_has_its_own_fingerprints(self):
        self._upload(HEADER + row("A1"))
        other = self.env["res.company"].create({"name": "Other", "telecom_tz": "UTC"})
        carrier = self._create_carrier(company_id=other.id)
        source = self._create_source(carrier_id=carrier.id)
        self.assertEqual(
            self._upload(HEADER + row("A1"), source=source).state, "received"
        )

    def test_an_archive_gives_a_file_for_each_member(self):
        content = zipped(
            a__csv=HEADER + row("Z1") + "\n",
            b__csv=HEADER + row("Z2", called="913000001"),
        )
        archive = self._upload(content, "month.zip")
        archive.action_process()
        members = archive.child_ids.sorted("name")
        self.assertEqual(archive.state, "processed")
        self.assertEqual(members.mapped("name"), ["a.csv", "b.csv"])
        self.assertEqual(members.mapped("state"), ["processed"] * 2)
        self.assertEqual(members.mapped("call_count"), [1, 1])
        self.assertEqual(
            members[0].sha256,
            hashlib.sha256((HEADER + row("Z1") + "\n").encode()).hexdigest(),
        )

    def test_a_known_member_of_an_archive_is_held(self):
        self._process(row("Z1"))
        archive = self._upload(zipped(a__csv=HEADER + row("Z1") + "\n"), "month.zip")
        archive.action_process()
        self.assertEqual(archive.child_ids.state, "held")
        self.assertEqual(len(self._calls()), 1)

    def test_gzip(self):
        file = self._upload(gzip.compress((HEADER + row("G1")).encode()), "c.csv.gz")
        file.action_process()
        self.assertEqual(file.child_ids.mapped("name"), ["c.csv"])
        self.assertEqual(len(self._calls()), 1)

    def _assert_fails(self, content, name, words):
        file = self._upload(content, name)
        file.action_process()
        self.assertEqual(file.state, "failed", file.last_error)
        self.assertRegex(file.last_error, words)
        self.assertFalse(file.child_ids)
        self.assertFalse(self._calls())
        self.assertEqual(file.content_size, len(content))

    def test_truncated_gzip(self):
        content = gzip.compress((HEADER + row("G1")).encode() * 50)
        self._assert_fails(content[:-20], "c.csv.gz", "(?i)truncated|ends")

    def test_zip_with_a_path_outside(self):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("../../etc/calls.csv", HEADER)
        self._assert_fails(target.getvalue(), "c.zip", r"\.\./")

    def test_zip_bomb(self):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("calls.csv", b"\0" * 50_000_000)
        self._assert_fails(target.getvalue(), "c.zip", "(?i)bomb|times|ratio|larger")

    def test_binary_junk(self):
        self._assert_fails(bytes(range(256)) * 40, "c.csv", "(?i)binary|NUL|text")

    def test_missing_column(self):
        self._assert_fails(b"start,calling\n2026-10-05 10:00:00,1\n", "c.csv", "called")

    def test_failed_file_is_read_again_after_the_format_is_mended(self):
        file = self._upload("start,from,called,duration,amount,id\n" + row("F1"))
        file.action_process()
        self.assertEqual(file.state, "failed")
        self.format.column_mapping = self.format.column_mapping.replace(
            '"calling"', '"from"'
        )
        file.action_process()
        self.assertEqual((file.state, file.call_count), ("processed", 1))
        self.assertFalse(file.last_error)

    def test_revert_takes_the_calls_back(self):
        file = self._process(row("R1"), "bad row")
        file.action_revert()
        self.assertRecordValues(
            file, [{"state": "discarded", "row_count": 0, "call_count": 0}]
        )
        self.assertFalse(self._calls())
        self.assertFalse(file.rejection_ids)

    def test_revert_reads_the_repeats_of_other_files_again(self):
        first = self._process(row("R1"))
        second = self._process(row("R1"), row("R2", called="913000001"), name="b.csv")
        self.assertEqual((second.call_count, second.duplicate_count), (1, 1))
        first.action_revert()
        self.assertEqual(second.state, "received")
        second.action_process()
        self.assertBalanced(second)
        self.assertEqual((second.call_count, second.duplicate_count), (2, 0))
        self.assertEqual(len(self._calls()), 2)

    def test_revert_is_refused_while_a_call_is_invoiced(self):
        self._load_accounts()
        file = self._process(row("R1"))
        day = self._calls().day
        self.env["telecom.invoicing"]._invoice(self.customer, day, day)
        with self.assertRaisesRegex(UserError, "Credit those invoices first"):
            file.action_revert()
        self.assertEqual(len(self._calls()), 1)

    def test_file_with_calls_is_not_deleted(self):
        file = self._process(row("R1"))
        with self.assertRaisesRegex(UserError, "Revert it first"):
            file.unlink()

    def test_hostile_names(self):
        file = self._upload(HEADER, "../../etc/\x00pass\nwd.csv")
        self.assertEqual(file.name, "passwd.csv")
        self.assertEqual(self._upload("x", "\n").name, "unnamed")

    def test_upload_wizard_takes_many_files(self):
        user = self._new_user("uploader")
        attachments = self.env(user=user)["ir.attachment"].create(
            [
                {"name": f"{i}.csv", "raw": (HEADER + row(f"W{i}")).encode()}
                for i in range(3)
            ]
        )
        wizard = self.env(user=user)["telecom.upload.wizard"].create(
            {"source_id": self.source.id, "attachment_ids": attachments.ids}
        )
        action = wizard.action_upload()
        files = self.env["telecom.file"].search(action["domain"], order="name")
        self.assertEqual(files.mapped("name"), ["0.csv", "1.csv", "2.csv"])
        self._run_cron("process")
        self.assertEqual(files.mapped("call_count"), [1, 1, 1])

    def test_interrupted_file_goes_on_where_it_was(self):
        """A run without time left stops between chunks; the next one goes on."""
        rows = [
            row(f"I{i}", start=f"2026-10-05 10:{i // 60:02}:{i % 60:02}")
            for i in range(20)
        ]
        file = self._upload(HEADER + "\n".join(rows))
        with self.patch_chunk(8):
            file._process(time_left=lambda: 0)
            self.assertEqual((file.state, file.call_count), ("processing", 8))
            file._process(time_left=lambda: 0)
            self.assertGreater(file.progress, 50)
            file.action_process()
        self.assertEqual((file.state, file.call_count), ("processed", 20))
        self.assertBalanced(file)
        self.assertEqual(len(self._calls()), 20)

    def patch_chunk(self, size):
        return patch("odoo.addons.telecom_cdr.models.call_import.CHUNK", size)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files are fetched from a real OpenSSH server that the tests start."""

import hashlib
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import HEADER, MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_file import zipped
from .test_rating import row

sys.path.append(str(Path(__file__).resolve().parents[2] / "setup" / "lib"))
try:
    from sftp_server import SftpServer, why_no_passwords, why_no_server
except ImportError:  # the addon without the rest of the repository
    SftpServer = None

PASSWORD = "correct horse battery"
CALLS = (HEADER + row("S1") + "\n").encode()
OTHERS = (HEADER + row("S2", called="600000099") + "\n").encode()


@tagged("post_install", "-at_install")
class TestSftpSource(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reason = (
            "no SFTP server to start here" if SftpServer is None else why_no_server()
        )
        if reason:
            raise unittest.SkipTest(reason)
        look = "odoo.addons.telecom_cdr.collect.contract.SECOND_LOOK"
        cls.startClassPatcher(patch(look, 0.05))
        cls.operator = cls._new_user("operator", USER)

    def setUp(self):
        super().setUp()
        self.server = self._serve()
        self.sftp = self._sftp_source()

    def _serve(self, *options):
        server = SftpServer(*options)
        self.addCleanup(server.close)
        server.start()
        return server

    def _sftp_source(self, server=None, **values):
        server = server or self.server
        return self._create_source(
            protocol="sftp",
            **{
                "name": "SFTP",
                "host": server.host,
                "port": server.port,
                "username": server.username,
                "private_key": server.private_key,
                "host_key": server.host_key,
                **values,
            },
        )

    def _collect(self, source=None):
        """Collect as the button does; the words it shows."""
        source = (source or self.sftp).with_user(self.operator)
        return source.action_collect()["params"]["message"]

    def _names(self, source=None):
        return (source or self.sftp).file_ids.sorted("id").mapped("name")

    def _left(self):
        return sorted(path.name for path in self.server.root.iterdir())

    # === COLLECTING === #

    def test_button_fetches_what_is_new(self):
        self.server.put("a.csv", CALLS)
        self.server.put("b.csv", OTHERS)
        self.assertEqual(self._collect(), "2 new files came.")
        self.assertEqual(self._names(), ["a.csv", "b.csv"])
        self.assertRecordValues(self.sftp, [{"state": "ok", "last_error": False}])
        self._run_cron("process")
        self.assertEqual(self.sftp.file_ids.mapped("state"), ["processed"] * 2)
        self.assertEqual(self._calls().mapped("price"), [0.07, 0.09])

    def test_scheduled_action_collects(self):
        self.server.put("a.csv", CALLS)
        self._run_cron("collect")
        self._run_cron("process")
        self.assertEqual(self._names(), ["a.csv"])
        self.assertTrue(self.sftp.last_collected_at)
        self.assertEqual(len(self._calls()), 1)

    def test_nothing_is_fetched_twice(self):
        self.server.put("a.csv", CALLS)
        self._collect()
        self.assertEqual(self._collect(), "0 new files came.")
        self._run_cron("collect")
        self.assertEqual(self._names(), ["a.csv"])

    def test_a_file_of_the_same_name_with_other_content_is_new(self):
        self.server.put("daily.csv", CALLS)
        self._collect()
        self.server.put("daily.csv", OTHERS, age=6 * 86400)
        self._collect()
        self.assertEqual(self._names(), ["daily.csv"] * 2)
        self.assertEqual(self.sftp.file_ids.mapped("state"), ["received"] * 2)

    def test_the_same_content_under_another_name_is_held(self):
        self.server.put("a.csv", CALLS)
        self._collect()
        self.server.put("again.csv", CALLS)
        self._collect()
        again = self.sftp.file_ids.filtered(lambda f: f.name == "again.csv")
        self.assertEqual(again.state, "held")
        self.assertIn("a.csv", again.hold_reason)

    def test_half_written_file_stays_until_it_is_whole(self):
        self.server.put("growing.csv", CALLS[:40], age=0)
        self.server.put("whole.csv", OTHERS)
        self.assertEqual(self._collect(), "1 new files came.")
        self.assertEqual(self._names(), ["whole.csv"])
        self.assertIn("growing.csv", self._left())
        self.server.put("growing.csv", CALLS, age=3600)
        self._collect()
        grown = self.sftp.file_ids.filtered(lambda f: f.name == "growing.csv")
        self.assertEqual(grown.content_size, len(CALLS))

    def test_zip_gives_a_file_for_each_member(self):
        self.server.put("month.zip", zipped(a__csv=CALLS, b__csv=OTHERS))
        self._collect()
        self._run_cron("process")
        archive = self.sftp.file_ids.filtered(lambda f: not f.parent_id)
        self.assertEqual(archive.name, "month.zip")
        self.assertEqual(sorted(archive.child_ids.mapped("name")), ["a.csv", "b.csv"])
        self.assertEqual(len(self._calls()), 2)

    def test_empty_and_junk_files_come_and_say_what_is_wrong(self):
        self.server.put("empty.csv", b"")
        self.server.put("junk.csv", bytes(range(256)) * 4)
        self._collect()
        self._run_cron("process")
        by_name = {file.name: file for file in self.sftp.file_ids}
        self.assertEqual(by_name["junk.csv"].state, "failed")
        self.assertTrue(by_name["junk.csv"].last_error)
        self.assertIn(by_name["empty.csv"].state, ("failed", "processed"))
        self.assertFalse(self._calls())

    def test_pattern_and_directory(self):
        self.server.put_folder("out")
        self.server.put("out/a.csv", CALLS)
        self.server.put("out/a.txt", OTHERS)
        self.server.put("b.csv", OTHERS)
        self.sftp.write({"directory": "out", "file_pattern": "*.csv *.gz"})
        self._collect()
        self.assertEqual(self._names(), ["a.csv"])

    # === AFTERWARDS === #

    def test_collected_files_are_kept_moved_or_deleted(self):
        for after, left in (
            ("keep", ["a.csv"]),
            ("move", ["collected"]),
            ("delete", ["collected"]),
        ):
            self.server.put("a.csv", (HEADER + row(after) + "\n").encode())
            self.sftp.after_collect = after
            self._collect()
            self.assertEqual(self._left(), left, after)
        self.assertEqual(self._names(), ["a.csv"] * 3)
        moved = self.server.root / "collected" / "a.csv"
        self.assertIn(b"move", moved.read_bytes())

    def test_what_only_looks_like_a_stored_file_is_not_deleted(self):
        """Another file of the same name and size, written in the same second."""
        other = CALLS.replace(b"S1", b"S9")
        with patch("time.time", return_value=time.time()):
            self.server.put("a.csv", CALLS)
            self._collect()
            self.server.put("a.csv", other)
        self.sftp.after_collect = "delete"
        self._collect()
        self.assertEqual(self._left(), [])
        sizes = self.sftp.file_ids.mapped(lambda f: (f.name, f.content_size))
        self.assertEqual(sizes.count(("a.csv", len(other))), len(sizes))
        self.assertIn(
            hashlib.sha256(other).hexdigest(), self.sftp.file_ids.mapped("sha256")
        )

    def test_deleted_only_once_it_is_stored(self):
        self.server.put("a.csv", CALLS)
        self.sftp.after_collect = "delete"
        files = type(self.env["telecom.file"])
        with (
            patch.object(files, "_receive", side_effect=OSError("disk full")),
            self.assertRaises(OSError),
        ):
            self._collect()
        self.assertEqual(self._left(), ["a.csv"])
        self._collect()
        self.assertEqual(self._left(), [])
        self.assertEqual(self._names(), ["a.csv"])

    def test_what_was_stored_but_not_deleted_is_deleted_next_time(self):
        """A run that ended between storing and deleting adds nothing twice."""
        self.server.put("a.csv", CALLS)
        self._collect()
        self.sftp.after_collect = "delete"
        self.assertEqual(self._collect(), "0 new files came.")
        self.assertEqual(self._left(), [])
        self.assertEqual(self._names(), ["a.csv"])

    # === TROUBLE === #

    def test_server_is_away_and_comes_back(self):
        self.server.put("a.csv", CALLS)
        self.server.stop()
        message = self._collect()
        self.assertIn("127.0.0.1 cannot be reached", message)
        self.assertIn("the next collection tries again", message)
        self.assertEqual(self.sftp.state, "error")
        self.assertIn(self.sftp.last_error, message)
        self.assertIn("cannot be reached", self.sftp.message_ids[0].body)
        posted = len(self.sftp.message_ids)
        self._run_cron("collect")
        self.assertEqual(len(self.sftp.message_ids), posted, "said once")
        self.server.start()
        self._run_cron("collect")
        self.assertRecordValues(self.sftp, [{"state": "ok", "last_error": False}])
        self.assertEqual(self._names(), ["a.csv"])

    def test_one_broken_source_does_not_keep_others_from_coming(self):
        self.server.put("a.csv", CALLS)
        away = self._sftp_source(name="Away", host="127.0.0.1", port=1)
        away.host_key = self.server.host_key
        self._run_cron("collect")
        self.assertEqual((away.state, self.sftp.state), ("error", "ok"))
        self.assertEqual(self._names(), ["a.csv"])

    def test_changed_host_key_fetches_nothing(self):
        self.server.put("a.csv", CALLS)
        self.server.rotate_host_key()
        message = self._collect()
        self.assertIn("another host key than the pinned one", message)
        self.assertIn("Nothing was fetched", message)
        self.assertFalse(self.sftp.file_ids)
        with self.assertSays(UserError, "another host key"):
            self.sftp.action_test_connection()
        self.sftp.host_key = False
        self.sftp.action_test_connection()
        self.assertEqual(self.sftp.host_key, self.server.host_key)
        self.assertEqual(self._collect(), "1 new files came.")

    def test_without_a_pinned_key_nothing_is_fetched(self):
        self.server.put("a.csv", CALLS)
        self.sftp.host_key = False
        message = self._collect()
        self.assertIn("No host key is pinned", message)
        self.assertIn("SHA256:", message)
        self.assertFalse(self.sftp.file_ids)

    def test_refused_login(self):
        stranger = self._serve()
        self.sftp.private_key = stranger.private_key
        message = self._collect()
        self.assertIn(f"refused the user {self.server.username}", message)
        self.sftp.private_key = "no key at all"
        self.assertIn("private key cannot be read", self._collect())
        self.assertNotIn("no key at all", self.sftp.last_error)

    def test_missing_directory(self):
        self.sftp.directory = "nowhere"
        self.assertIn("directory nowhere cannot be read", self._collect())
        self.assertEqual(self.sftp.state, "error")

    # === TESTING THE CONNECTION === #

    def test_connection_test_says_what_it_found_and_pins_the_key(self):
        self.server.put("a.csv", CALLS)
        self.server.put("b.csv", OTHERS)
        self.sftp.host_key = False
        manager = self._new_user("source_manager", MANAGER)
        shown = self.sftp.with_user(manager).action_test_connection()
        self.assertEqual(
            shown["params"]["message"], "Connected. 2 files match *, such as a.csv."
        )
        self.assertEqual(self.sftp.host_key, self.server.host_key)
        self.assertFalse(self.sftp.file_ids)
        self.sftp.file_pattern = "*.zip"
        shown = self.sftp.action_test_connection()
        self.assertIn("No file in . matches *.zip", shown["params"]["message"])

    def test_connection_test_of_a_server_that_is_away(self):
        self.server.stop()
        with self.assertSays(UserError, "cannot be reached.*Check host and port"):
            self.sftp.action_test_connection()
        self.assertEqual(self.sftp.state, "draft")

    def test_another_host_or_port_forgets_the_pinned_key(self):
        key = self.server.host_key
        self.sftp.write({"host": self.server.host, "port": self.server.port})
        self.assertEqual(self.sftp.host_key, key)
        self.sftp.host = "sftp.example.com"
        self.assertFalse(self.sftp.host_key)
        self.sftp.write({"host": self.server.host, "host_key": key})
        self.assertEqual(self.sftp.host_key, key)
        self.sftp.port = 2022
        self.assertFalse(self.sftp.host_key)

    # === SECRETS AND ROLES === #

    def test_password(self):
        if reason := why_no_passwords():
            self.skipTest(reason)
        server = self._serve(PASSWORD)
        server.put("a.csv", CALLS)
        source = self._sftp_source(server, private_key=False, password=PASSWORD)
        self.assertEqual(self._collect(source), "1 new files came.")
        source.password = "wrong horse"
        server.put("b.csv", OTHERS)
        with self.assertLogs("odoo.addons.telecom_cdr", "DEBUG") as logs:
            message = self._collect(source)
        self.assertIn("refused the user carrier: Authentication failed. Check", message)
        self.assertNotIn("wrong horse", message + "".join(logs.output))

    def test_secrets_stay_inside(self):
        self.sftp.write({"password": PASSWORD, "private_key_passphrase": PASSWORD})
        self.server.stop()
        with self.assertLogs("odoo.addons.telecom_cdr", "DEBUG") as logs:
            self._collect()
        said = "".join(self.sftp.message_ids.mapped("body")) + "".join(logs.output)
        tracked = self.sftp.message_ids.tracking_value_ids
        said += "".join(t.new_value_char or "" for t in tracked)
        self.assertNotIn(PASSWORD, said)
        self.assertNotIn("PRIVATE KEY", said)
        groups = f"{MANAGER},base.group_allow_export"
        manager = self.sftp.with_user(self._new_user("manager", groups))
        fields = ["name", "password", "private_key", "private_key_passphrase"]
        with self.assertRaises(AccessError):
            manager.export_data(fields)
        self.assertTrue(manager.has_secret)

    def test_copies_have_no_secrets_and_no_history(self):
        self.sftp.write({"password": PASSWORD, "private_key_passphrase": PASSWORD})
        self.server.put("a.csv", CALLS)
        self._collect()
        self.assertRecordValues(
            self.sftp.copy(),
            [
                {
                    "password": False,
                    "private_key": False,
                    "private_key_passphrase": False,
                    "host_key": False,
                    "state": "draft",
                    "file_ids": [],
                    "host": self.server.host,
                }
            ],
        )

    def test_reader_does_not_collect(self):
        self.server.put("a.csv", CALLS)
        reader = self.sftp.with_user(self._new_user("reader", READER))
        with self.assertRaises(AccessError):
            reader.action_collect()
        with self.assertRaises(AccessError):
            reader.write({"host": "sftp.example.com"})
        self.assertFalse(self.sftp.file_ids)


@tagged("post_install", "-at_install")
class TestFolderSource(RefusalMixin, TelecomCommon):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.source.write({"protocol": "folder", "directory": str(self.folder)})

    def _put(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        past = 1_767_225_600  # 2026-01-01
        os.utime(path, (past, past))

    def test_folder_is_collected_and_read(self):
        self._put("a.csv", CALLS)
        self._run_cron("collect")
        self._run_cron("process")
        file = self.source.file_ids
        self.assertRecordValues(
            file, [{"name": "a.csv", "state": "processed", "call_count": 1}]
        )
        self._run_cron("collect")
        self.assertEqual(self.source.file_ids, file)

    def test_connection_test(self):
        self._put("a.csv", CALLS)
        self.assertIn(
            "1 files match *, such as a.csv",
            self.source.action_test_connection()["params"]["message"],
        )
        self.source.directory = str(self.folder / "missing")
        with self.assertSays(UserError, "missing cannot be read"):
            self.source.action_test_connection()

    def test_only_allowed_folders(self):
        self._put("a.csv", CALLS)
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("telecom_cdr.folder_roots", "/srv/telecom, /srv/cdr")
        message = self.source.action_collect()["params"]["message"]
        self.assertIn("/srv/telecom", message)
        self.assertEqual(self.source.state, "error")
        parameters.set_param("telecom_cdr.folder_roots", str(self.folder))
        self.source.action_collect()
        self.assertEqual(self.source.state, "ok")
        self.assertEqual(len(self.source.file_ids), 1)

    def test_upload_source_has_nothing_to_connect_to(self):
        self.source.protocol = "upload"
        with self.assertSays(UserError, "are uploaded: drop them on the list"):
            self.source.action_test_connection()
        self._run_cron("collect")
        self.assertEqual(self.source.state, "draft")

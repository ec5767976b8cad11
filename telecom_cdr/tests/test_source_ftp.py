# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files are fetched from a real FTP server that the tests start."""

import os
import sys
import unittest
from pathlib import Path
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import HEADER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_rating import row

sys.path.append(str(Path(__file__).resolve().parents[2] / "setup" / "lib"))
try:
    from ftp_server import FtpServer, why_no_ftp_server
    from sftp_server import SftpServer, why_no_server
except ImportError:  # the addon without the rest of the repository
    FtpServer = None

MEGABYTE = 1 << 20
CONTRACT = "odoo.addons.telecom_cdr.collect.contract"


def calls(name, size=0):
    """A file with one call, its identity the name, of at least so many bytes."""
    text = HEADER + row(name) + "\n"
    return (text + "\n" * (size - len(text))).encode()


@tagged("post_install", "-at_install")
class TestFtpSource(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reason = (
            "no FTP server to start here" if FtpServer is None else why_no_ftp_server()
        )
        if reason:
            raise unittest.SkipTest(reason)
        cls.startClassPatcher(patch(f"{CONTRACT}.SECOND_LOOK", 0.05))
        cls.operator = cls._new_user("operator", USER)

    def _serve(self, **behaviour):
        server = FtpServer(**behaviour)
        self.addCleanup(server.close)
        server.start()
        return server

    def _ftp_source(self, server, **values):
        return self._create_source(
            **{
                "name": "FTP",
                "protocol": "ftps" if server.tls else "ftp",
                "ftp_implicit_tls": server.tls == "implicit",
                "host": server.host,
                "port": server.port,
                "username": server.username,
                "password": server.password,
                "certificate_check": "pinned",
                "host_key": server.fingerprint if server.tls else False,
                **values,
            }
        )

    def _collect(self, source):
        return source.with_user(self.operator).action_collect()["params"]["message"]

    def _fetched(self, server):
        """The files that were asked for, in order."""
        return [c.partition(" ")[2] for c in server.commands if c.startswith("RETR")]

    def _names(self, source):
        return source.file_ids.sorted("id").mapped("name")

    # === COLLECTING === #

    def test_files_come_by_ftp_and_ftps_and_become_calls(self):
        for tls in ("", "explicit", "implicit"):
            with self.subTest(tls=tls):
                server = self._serve(tls=tls)
                source = self._ftp_source(server, name=tls or "plain")
                server.put("a.csv", calls(f"A{tls}"))
                self.assertEqual(self._collect(source), "1 new files came.")
                self.assertEqual(self._collect(source), "0 new files came.")
                self.assertEqual(self._fetched(server), ["a.csv"])
                self._run_cron("process")
                self.assertRecordValues(
                    source.file_ids,
                    [{"name": "a.csv", "state": "processed", "call_count": 1}],
                )

    def test_old_servers_give_nothing_twice_either(self):
        server = self._serve(without={"MLSD", "MLST", "MDTM", "SIZE", "FEAT"})
        source = self._ftp_source(server)
        server.put("a.csv", calls("A"))
        self._collect(source)
        self._run_cron("collect")
        self.assertEqual(self._names(source), ["a.csv"])
        self.assertEqual(self._fetched(server), ["a.csv"])

    def test_collected_files_are_kept_moved_or_deleted(self):
        server = self._serve(tls="explicit")
        source = self._ftp_source(server)
        for after, left in (
            ("keep", ["a.csv"]),
            ("move", ["collected/a.csv"]),
            ("delete", ["collected/a.csv"]),
        ):
            server.put("a.csv", calls(after))
            source.after_collect = after
            self._collect(source)
            self.assertEqual(server.left(), left, after)
        self.assertEqual(self._names(source), ["a.csv"] * 3)

    def test_deleted_only_once_it_is_stored(self):
        server = self._serve()
        source = self._ftp_source(server, after_collect="delete")
        server.put("a.csv", calls("A"))
        files = type(self.env["telecom.file"])
        with (
            patch.object(files, "_receive", side_effect=OSError("disk full")),
            self.assertRaises(OSError),
        ):
            self._collect(source)
        self.assertEqual(server.left(), ["a.csv"])
        self._collect(source)
        self.assertEqual(server.left(), [])
        self.assertEqual(self._names(source), ["a.csv"])

    def test_daily_and_monthly_files_of_one_directory(self):
        """Two sources with one login, told apart by the names of their files."""
        server = self._serve()
        server.put("out/CDR_0101.csv", calls("D1"))
        server.put("out/CDR_0102.csv", calls("D2"))
        server.put("out/CDR_01_MONTH.csv", calls("M1"))
        daily = self._ftp_source(
            server,
            directory="out",
            file_pattern="CDR_*.csv !*_MONTH.csv",
            after_collect="delete",
        )
        monthly = self._ftp_source(
            server, name="Monthly", directory="out", file_pattern="*_MONTH.csv"
        )
        for _run in range(2):
            self._run_cron("collect")
        self.assertEqual(self._names(daily), ["CDR_0101.csv", "CDR_0102.csv"])
        self.assertEqual(self._names(monthly), ["CDR_01_MONTH.csv"])
        self.assertEqual(server.left(), ["out/CDR_01_MONTH.csv"])
        self.assertEqual((daily + monthly).file_ids.mapped("state"), ["received"] * 3)

    def test_subfolders(self):
        server = self._serve()
        server.put("2026/01/a.csv", calls("A"))
        server.put("2026/02/a.csv", calls("B"))
        source = self._ftp_source(server)
        self.assertEqual(self._collect(source), "0 new files came.")
        source.with_subfolders = True
        self.assertEqual(self._collect(source), "2 new files came.")
        self.assertEqual(self._collect(source), "0 new files came.")
        self.assertEqual(
            source.file_ids.sorted("id").mapped("remote_signature")[0][:16],
            "./2026/01/a.csv|",
        )

    # === BREAKS === #

    def test_a_cut_session_goes_on_in_the_same_run(self):
        server = self._serve(tls="explicit", cuts=[MEGABYTE, MEGABYTE])
        source = self._ftp_source(server, after_collect="delete")
        content = calls("A", 3 * MEGABYTE)
        server.put("a.csv", content)
        self.assertEqual(self._collect(source), "1 new files came.")
        self.assertEqual(source.file_ids.content_size, len(content))
        with source.file_ids._open() as stream:
            self.assertEqual(stream.read(), content)
        self.assertEqual(server.left(), [])

    def test_after_a_break_the_next_run_goes_on_without_finished_files(self):
        server = self._serve()
        source = self._ftp_source(server, after_collect="move")
        for name in ("a.csv", "b.csv", "c.csv"):
            server.put(name, calls(name, 2 * MEGABYTE))
        receive = type(self.env["telecom.file"])._receive

        def cut_second(files, source, name, stream, *more):
            if name == "b.csv":
                server.stop()
            return receive(files, source, name, stream, *more)

        with (
            patch(f"{CONTRACT}.RESUME_PAUSES", (0.01,)),
            patch.object(type(self.env["telecom.file"]), "_receive", cut_second),
        ):
            message = self._collect(source)
        self.assertIn("The transfer broke off: b.csv: ", message)
        self.assertEqual((source.state, self._names(source)), ("error", ["a.csv"]))
        self.assertEqual(server.left(), ["b.csv", "c.csv", "collected/a.csv"])
        server.start()
        server.commands.clear()
        self.assertEqual(self._collect(source), "2 new files came.")
        self.assertEqual(self._fetched(server), ["b.csv", "c.csv"])
        self.assertEqual(self._names(source), ["a.csv", "b.csv", "c.csv"])
        self.assertEqual(source.state, "ok")
        self.assertEqual(source.file_ids.mapped("content_size"), [2 * MEGABYTE] * 3)

    def test_after_a_break_of_sftp_the_next_run_goes_on_too(self):
        if reason := why_no_server():
            self.skipTest(reason)
        server = SftpServer()
        self.addCleanup(server.close)
        server.start()
        source = self._create_source(
            name="SFTP",
            protocol="sftp",
            host=server.host,
            port=server.port,
            username=server.username,
            private_key=server.private_key,
            host_key=server.host_key,
        )
        for name in ("a.csv", "b.csv", "c.csv"):
            server.put(name, calls(name, 8 * MEGABYTE))
        receive = type(self.env["telecom.file"])._receive
        received = []

        def cut_second(files, source, name, stream, *more):
            received.append(name)
            if len(received) == 2:
                server.stop()
            return receive(files, source, name, stream, *more)

        with (
            patch(f"{CONTRACT}.RESUME_PAUSES", (0.01,)),
            patch.object(type(self.env["telecom.file"]), "_receive", cut_second),
        ):
            self.assertIn("The transfer broke off: b.csv: ", self._collect(source))
            self.assertEqual(self._names(source), ["a.csv"])
            server.start()
            self.assertEqual(self._collect(source), "2 new files came.")
        self.assertEqual(received, ["a.csv", "b.csv", "b.csv", "c.csv"])
        self.assertEqual(self._names(source), ["a.csv", "b.csv", "c.csv"])

    def test_a_server_that_lies_about_a_size_keeps_no_other_file_from_coming(self):
        server = self._serve(sizes={"a.csv": 5})
        source = self._ftp_source(server, after_collect="delete")
        server.put("a.csv", calls("A"))
        server.put("b.csv", calls("B"))
        message = self._collect(source)
        self.assertIn("a.csv changed while it was read", message)
        self.assertEqual(self._names(source), ["b.csv"])
        self.assertEqual(server.left(), ["a.csv"])

    # === CERTIFICATES === #

    def test_connection_test_proposes_the_certificate(self):
        server = self._serve(tls="explicit")
        server.put("a.csv", calls("A"))
        source = self._ftp_source(server, host_key=False)
        message = self._collect(source)
        self.assertIn(f"No certificate is pinned for {server.host}", message)
        self.assertIn(server.fingerprint, message)
        self.assertNotIn("PASS", server.commands)
        shown = source.action_test_connection()["params"]["message"]
        self.assertEqual(shown, "Connected. 1 files match *, such as a.csv.")
        self.assertEqual(source.host_key, server.fingerprint)
        self.assertEqual(self._collect(source), "1 new files came.")

    def test_another_certificate_fetches_nothing(self):
        server = self._serve(tls="explicit")
        server.put("a.csv", calls("A"))
        source = self._ftp_source(server)
        server.stop()
        server.renew_certificate()
        server.start()
        message = self._collect(source)
        self.assertIn("shows another certificate than the pinned one", message)
        self.assertIn(server.fingerprint, message)
        self.assertFalse(source.file_ids)
        with self.assertSays(UserError, "another certificate"):
            source.action_test_connection()

    def test_a_certificate_that_nobody_vouches_for(self):
        server = self._serve(tls="explicit")
        source = self._ftp_source(server, certificate_check="authority", host_key=False)
        message = self._collect(source)
        self.assertIn("is not trusted: self-signed certificate", message)
        self.assertIn("No password was sent", message)
        with self.assertSays(UserError, "is not trusted"):
            source.action_test_connection()
        self.assertFalse(source.host_key)
        authorities = Path(server.folder, "authorities.pem")
        authorities.write_bytes(server.certificate)
        with patch.dict(os.environ, {"SSL_CERT_FILE": str(authorities)}):
            source.action_test_connection()
            self.assertEqual(self._collect(source), "0 new files came.")
        self.assertFalse(source.host_key)

    def test_another_protocol_forgets_what_was_pinned(self):
        server = self._serve(tls="explicit")
        source = self._ftp_source(server)
        source.protocol = "sftp"
        self.assertFalse(source.host_key)

    def test_the_password_stays_inside(self):
        server = self._serve()
        source = self._ftp_source(server, password="wrong horse")
        with self.assertLogs("odoo.addons.telecom_cdr", "DEBUG") as logs:
            message = self._collect(source)
        self.assertIn(f"refused the user {server.username}", message)
        said = message + "".join(source.message_ids.mapped("body") + logs.output)
        self.assertNotIn("wrong horse", said)

    # === THE FORM === #

    def test_ports_follow_the_protocol_unless_somebody_set_one(self):
        with Form(self.source) as form:
            for protocol, port in (("ftp", 21), ("sftp", 22), ("ftps", 21)):
                form.protocol = protocol
                self.assertEqual(form.port, port)
            form.ftp_implicit_tls = True
            self.assertEqual(form.port, 990)
            form.ftp_implicit_tls = False
            form.port = 2121
            form.protocol = "ftp"
            self.assertEqual(form.port, 2121)
            form.host = "ftp.carrier.example"

    def test_plain_ftp_is_warned_of(self):
        arch = self.env["telecom.source"].get_view(view_type="form")["arch"]
        alerts = etree.fromstring(arch).xpath("//div[contains(@class, 'alert')]")
        [alert] = [a for a in alerts if a.get("invisible") == "protocol != 'ftp'"]
        self.assertIn("sends the password and the files readable", alert.text)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import tempfile
from pathlib import Path

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged

from ..collect import CollectError
from ..collect.stream import Spool
from .common import HEADER, MANAGER, USER, TelecomCommon
from .test_rating import row

NOW = "2026-10-06 08:00:00"


@tagged("post_install", "-at_install")
class TestStreamSource(TelecomCommon):
    def _stream(self, **values):
        return self._create_source(
            **{"protocol": "stream", "stream_mode": "server", "port": 1150, **values}
        )

    def _spool(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        spool = Spool(Path(folder.name))
        self.addCleanup(spool.close)
        return spool

    def test_each_way_needs_its_own_settings(self):
        for values, missing in (
            ({"stream_mode": "client", "host": False}, "Host"),
            ({"stream_mode": "serial", "stream_line": False}, "Device, Line"),
            ({"stream_mode": "follow"}, "Log file"),
            ({"port": 0}, "Port"),
        ):
            with (
                self.subTest(**values),
                self.assertRaisesRegex(
                    ValidationError,
                    f"receives a stream: {missing} must be filled in",
                ),
            ):
                self._stream(**values)

    def test_ports_and_networks_are_checked(self):
        with self.assertRaisesRegex(ValidationError, "65536 is no port: a number from"):
            self._stream(port=65536)
        with self.assertRaisesRegex(
            ValidationError, "'pbx.example' does not appear.* such as 192.0.2.0/24"
        ):
            self._stream(stream_allowed="192.0.2.1 pbx.example")

    def test_settings_for_the_listener(self):
        source = self._stream(
            stream_mode="client",
            host="192.0.2.10",
            port=2300,
            username="SMDR",
            password="open sesame",
            stream_allowed="192.0.2.0/24",
        )
        settings = source._stream_settings()
        self.assertEqual(settings.password, "open sesame")
        self.assertNotIn("open sesame", repr(settings))
        self.assertEqual(
            settings.without_secrets(),
            {
                "mode": "client",
                "host": "192.0.2.10",
                "port": 2300,
                "allowed": ("192.0.2.0/24",),
                "username": "SMDR",
                "device": "",
                "line": "9600 8N1",
                "path": "",
                "tail_is_line": False,
                "allowed_roots": (),
            },
        )
        manager = self._new_user("manager", MANAGER)
        with self.assertRaises(AccessError):
            source.with_user(manager).read(["password"])

    def test_files_of_the_spool_are_taken_over_once(self):
        source, spool = self._stream(), self._spool()
        with spool.strand() as strand:
            strand.append((HEADER + row("S1") + "\nS2,2026").encode())
        [whole, partial] = spool.hand_over()
        for _twice in range(2):
            for spooled in (whole, partial):
                source._take_over(spooled)
        self.assertRecordValues(
            source.file_ids.sorted("id"),
            [
                {
                    "name": f"{whole.name}.smdr",
                    "state": "received",
                    "hold_reason": False,
                },
                {
                    "name": f"{whole.name}.smdr",
                    "state": "held",
                    "hold_reason": "The connection ended in the middle of a line: "
                    "its end never came",
                },
            ],
        )
        file = source.file_ids.sorted("id")[0]
        file.action_process()
        self.assertEqual((file.state, file.call_count), ("processed", 1))

    @freeze_time(NOW)
    def test_the_form_says_whether_the_listener_runs(self):
        source = self._stream()
        self.assertTrue(source.stream_is_away)
        source._show_stream(None)
        self.assertFalse(source.stream_is_away)
        self.assertEqual(source.state, "ok")
        source.stream_seen_at = "2026-10-06 07:54:59"
        source.invalidate_recordset(["stream_is_away"])
        self.assertTrue(source.stream_is_away)
        self.assertFalse(self._create_source(protocol="upload").stream_is_away)

    def test_a_problem_is_told_once(self):
        source = self._stream()
        before = len(source.message_ids)
        problem = CollectError(
            "unreachable",
            "port %(port)s of this machine cannot be listened at: %(problem)s",
            port=1150,
            problem="Address already in use",
        )
        for _twice in range(2):
            source._show_stream(problem)
        self.assertEqual(source.state, "error")
        self.assertEqual(
            source.last_error,
            "Lines cannot be received: port 1150 of this machine cannot be listened "
            "at: Address already in use. Look at the settings and at the PBX; the "
            "listener tries again by itself.",
        )
        self.assertEqual(
            len(source.message_ids.filtered(lambda m: "cannot be received" in m.body)),
            1,
        )
        self.assertGreater(len(source.message_ids), before)

    def test_there_is_nothing_to_fetch_and_nothing_to_test(self):
        source = self._stream()
        user = self._new_user("operator", USER)
        source.with_user(user).action_collect()
        self.assertFalse(source.file_ids)
        with self.assertRaisesRegex(UserError, "while the listener runs: odoo telecom"):
            source.action_test_connection()

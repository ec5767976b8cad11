# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import tempfile
import time
from pathlib import Path

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged

from ..collect import CollectError
from ..collect.stream import Shares, Spool
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

    def _minute(self, source, spool, lines):
        """What a PBX sends in a minute of its own connection, to processed files."""
        with spool.strand(origin="192.0.2.1") as strand:
            strand.append("".join(f"{line}\r\n" for line in lines).encode())
        shares = Shares(spool, source._stream_parting()).files(time.time())
        files = source.file_ids.browse()
        for share in shares:
            for _twice in range(2):
                files |= source._take_over(share)
            share.remove()
        files.action_process()
        self.assertEqual(set(files.mapped("state")) - {"processed"}, set())
        return files

    def _calls(self, source):
        domain = [("file_id", "in", source.file_ids.ids)]
        return self.env["telecom.call"].search(domain, order="start_at")

    def test_segments_of_a_call_stay_together_from_minute_to_minute(self):
        self._create_number("1007", self.customer, kind="extension")
        avaya = self.env.ref("telecom_cdr.telecom_format_avaya_ipoffice")
        source, spool = self._stream(format_id=avaya.id), self._spool()
        row = (
            "2026/10/05 10:0{0}:00,00:00:{1},5,1007,O,60000000{0},9,,0,100{0},{2},E1007"
        )
        [first] = self._minute(
            source, spool, [row.format(1, 10, 1), row.format(2, 5, 0)]
        )
        self.assertEqual((first.row_count, first.call_count), (1, 1))
        self.assertFalse(self._minute(source, spool, [row.format(1, 20, 1)]))
        [last] = self._minute(source, spool, [row.format(1, 30, 0)])
        self.assertEqual(
            (last.row_count, last.call_count, last.merged_count), (3, 1, 2)
        )
        self.assertRecordValues(
            self._calls(source),
            [
                {"called_number": "+34600000001", "duration": 60},
                {"called_number": "+34600000002", "duration": 5},
            ],
        )
        # Nothing waits, so nothing comes but what is new.
        self.assertFalse(self._minute(source, spool, []))

    def test_rows_keep_the_date_of_a_page_that_began_in_another_minute(self):
        self._create_number("101", self.customer, kind="extension")
        nec = self.env.ref("telecom_cdr.telecom_format_nec_sl1100_smdr")
        source, spool = self._stream(format_id=nec.id), self._spool()
        row = "POT  10:0{0} LINE 001   00:01:05 101        60000000{0}"
        self._minute(source, spool, ["10/05/2026 PAGE 001", row.format(1)])
        [file] = self._minute(source, spool, [row.format(2)])
        self.assertEqual((file.row_count, file.rejected_count), (1, 0))
        self.assertEqual(
            self._calls(source).mapped(lambda call: str(call.start_at)),
            ["2026-10-05 08:01:00", "2026-10-05 08:02:00"],
        )

    def test_formats_whose_lines_stand_alone_are_parted_anywhere(self):
        self.assertIsNone(
            self._stream(
                format_id=self.env.ref("telecom_cdr.telecom_format_mitel_smdr").id
            )._stream_parting()
        )
        # This one has a header, which stands ahead of each part.
        parting = self._stream()._stream_parting()
        self.assertFalse(parting.can_be_joined)
        lines = [HEADER.encode(), row("S1").encode()]
        self.assertEqual(parting.part(lines, [0, 0]), ([0, 1], [0], {0}))

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

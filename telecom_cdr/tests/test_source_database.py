# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls are read from the tables of PBXs, at real servers started here."""

import sys
import unittest
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ..collect.database import DatabaseConnection
from .common import MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin

sys.path.append(str(Path(__file__).resolve().parents[2] / "setup" / "lib"))
try:
    from database_servers import (
        MariaDb,
        Postgresql,
        why_no_mariadb,
        why_no_postgresql,
    )
except ImportError:  # the addon without the rest of the repository
    MariaDb = None

ASTERISK = (
    "clid varchar(80), src varchar(80), dst varchar(80), dcontext varchar(80), "
    "channel varchar(80), dstchannel varchar(80), lastapp varchar(80), "
    "lastdata varchar(80), duration int, billsec int, disposition varchar(45), "
    "amaflags int, accountcode varchar(20), uniqueid varchar(32), "
    "userfield varchar(255)"
)
FREEPBX = (
    ", did varchar(50), recordingfile varchar(255), cnum varchar(80), "
    "outbound_cnum varchar(80), linkedid varchar(32), sequence int"
)
FUSIONPBX = (
    "xml_cdr_uuid uuid primary key, domain_name text, extension_uuid uuid, "
    "direction text, start_stamp timestamptz, start_epoch numeric, "
    "answer_stamp timestamptz, duration numeric, billsec numeric, "
    "caller_id_number text, destination_number text, accountcode text, "
    "hangup_cause text, leg char(1), missed_call boolean, json jsonb"
)
# template -> the columns that such a PBX has.
TABLES = {
    "freepbx": f"calldate datetime, {ASTERISK}{FREEPBX}",
    "elastix": f"calldate datetime, {ASTERISK}",
    "asterisk": f"`start` datetime, answer datetime, `end` datetime, {ASTERISK}",
    "asterisk_pgsql": f'"start" timestamptz, answer timestamptz, {ASTERISK}',
    "asterisk_pgsql_calldate": f"calldate timestamp, {ASTERISK}",
    "fusionpbx": FUSIONPBX,
}
COLUMNS = (
    "calldate, src, dst, dcontext, dstchannel, billsec, disposition, accountcode, "
    "uniqueid"
)
UUID = "0b9f1d5e-0000-4000-8000-{:012}"


def call(start, number, seconds=66):
    """A row of a call of our customer to a landline."""
    place = ("910000001", "910000099", "from-internal", "SIP/trunk")
    return (start, *place, seconds, "ANSWERED", "", f"1767600000.{number}")


def utc(text):
    """A time as records have it."""
    return fields.Datetime.to_datetime(text)


@tagged("post_install", "-at_install")
class TestDatabaseSource(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reason = (
            "no database server to start here"
            if MariaDb is None
            else why_no_mariadb() or why_no_postgresql()
        )
        if reason:
            raise unittest.SkipTest(reason)
        cls.servers = {}
        for kind in (MariaDb, Postgresql):
            cls.servers[kind.kind] = server = kind()
            cls.addClassCleanup(server.close)
            server.__enter__()
        cls.operator = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)

    def _table(self, template):
        """A table of a PBX, of this test's own."""
        kind = self.env.ref(f"telecom_cdr.telecom_database_table_{template}")
        server = self.servers[kind.database_kind]
        server.run(
            "DROP TABLE IF EXISTS cdr",
            f"CREATE TABLE cdr ({TABLES[template]})",
            database=server.name,
        )
        return server

    def _database_source(self, server, template="elastix", **values):
        return self.env["telecom.source"].create(
            {
                "name": template,
                "carrier_id": self.carrier.id,
                "protocol": "database",
                "database_template_id": self.env.ref(
                    f"telecom_cdr.telecom_database_table_{template}"
                ).id,
                "host": server.host,
                "port": server.port,
                "database_name": server.name,
                "database_table": "cdr",
                "database_tls": False,
                "username": server.username,
                "password": server.password,
                **values,
            }
        )

    def _elastix(self, *rows, **values):
        server = self._table("elastix")
        if rows:
            server.insert("cdr", COLUMNS, *rows)
        return server, self._database_source(server, **values)

    def _collect(self, source):
        return source.with_user(self.operator).action_collect()["params"]["message"]

    def _names(self, source):
        return source.file_ids.sorted("id").mapped("name")

    def _counts(self, source):
        return [
            (file.call_count, file.duplicate_count)
            for file in source.file_ids.sorted("id")
        ]

    # === TEMPLATES === #

    def test_the_table_of_every_pbx_becomes_calls_once(self):
        for number, template in enumerate(TABLES, 10):
            with self.subTest(template=template):
                server = self._table(template)
                start = f"2026-01-05 10:00:{number}"
                self._insert(server, template, start, number)
                source = self._database_source(server, template)
                self.assertEqual(
                    source.format_id.code, source.database_template_id.format_code
                )
                self.assertEqual(self._collect(source), "1 new files came.")
                self.assertEqual(self._collect(source), "0 new files came.")
                self._run_cron("process")
                self.assertRecordValues(
                    source.file_ids,
                    [{"state": "processed", "call_count": 1, "rejected_count": 0}],
                )
                found = self._calls(("file_id", "in", source.file_ids.ids))
                self.assertEqual((found.duration, found.price), (66, 0.09))
                self.assertEqual(found.start_at, utc(f"2026-01-05 09:00:{number}"))
                self.assertEqual(found.called_number, "+34910000099")

    def _insert(self, server, template, start, number):
        if template == "fusionpbx":
            columns = (
                "xml_cdr_uuid, direction, start_stamp, start_epoch, answer_stamp, "
                "billsec, caller_id_number, destination_number, hangup_cause"
            )
            epoch = 1767603600 + number  # 2026-01-05 09:00:00 UTC
            row = (UUID.format(number), "outbound", start, epoch, start, 66)
            row += ("910000001", "910000099", "NORMAL_CLEARING")
            return server.insert("cdr", columns, row)
        columns, row = COLUMNS, call(start, number)
        if TABLES[template].startswith(("`start`", '"start"')):
            mark = TABLES[template][0]
            columns = columns.replace("calldate", f"{mark}start{mark}")
        if template == "freepbx":
            columns, row = f"{columns}, cnum, did, sequence", (*row, "910000001", "", 7)
        return server.insert("cdr", columns, row)

    def test_choosing_a_template_fills_in_what_is_read(self):
        template = self.env.ref("telecom_cdr.telecom_database_table_fusionpbx")
        self.source.hold_same_name = True
        with Form(self.source.with_user(self.manager)) as form:
            form.protocol = "database"
            self.assertFalse(form.hold_same_name)
            self.assertEqual(form.port, 3306)
            form.database_template_id = template
            self.assertEqual(form.port, 5432)
            self.assertEqual(form.database_time_column, "start_stamp")
            self.assertEqual(form.format_id.code, "fusionpbx_cdr")
            self.assertIn("domain_name = pbx.example.com", form.database_note)
            form.host = "pbx.example.com"
            form.username = "billing"
            form.database_rows = 1000
        self.assertRecordValues(
            self.source,
            [
                {
                    "database_name": "fusionpbx",
                    "database_rows": 1000,
                    "database_overlap": 1440,
                    "database_tls": True,
                }
            ],
        )
        template.database_overlap = 5
        self.assertEqual(self.source.database_overlap, 1440)

    def test_templates_are_the_managers(self):
        template = self.env.ref("telecom_cdr.telecom_database_table_elastix")
        template.with_user(self.manager).database_rows = 2
        reader = self._new_user("reader", READER)
        for user in (reader, self.operator):
            self.assertEqual(template.with_user(user).database_rows, 2)
            with self.assertRaises(AccessError):
                template.with_user(user).database_rows = 5

    def test_templates_find_their_formats(self):
        codes = self.env["telecom.format"].search([]).mapped("code")
        templates = self.env["telecom.database.table"].search([])
        self.assertEqual(len(templates), len(TABLES))
        for template in templates:
            self.assertIn(template.format_code, codes, template.name)

    # === COLLECTING === #

    def test_new_rows_come_and_known_ones_stay_out(self):
        server, source = self._elastix(
            call("2026-01-05 10:00:00", 1), call("2026-01-07 10:00:00", 2)
        )
        source.database_until = "2026-01-01 00:00:00"
        self.assertEqual(self._collect(source), "2 new files came.")
        self.assertEqual(source.database_until, "2026-01-07 10:00:00")
        server.insert("cdr", COLUMNS, call("2026-01-07 10:30:00", 3))
        self._run_cron("collect")
        server.insert("cdr", COLUMNS, call("2026-01-07 11:30:00", 4))
        self._run_cron("collect")
        self.assertEqual(source.database_until, "2026-01-07 11:30:00")
        self.assertEqual(
            self._names(source),
            [
                "cdr_2026-01-05.csv",
                "cdr_2026-01-07T10.csv",
                "cdr_2026-01-07T10.csv",
                "cdr_2026-01-07T11.csv",
            ],
        )
        self._run_cron("process")
        self.assertEqual(source.file_ids.mapped("state"), ["processed"] * 4)
        self.assertEqual(self._counts(source), [(1, 0), (1, 0), (1, 1), (1, 0)])
        for file in source.file_ids:
            self.assertBalanced(file)

    def test_a_long_call_comes_late_and_is_not_missed(self):
        """It is written when it ends, under the time of its start."""
        server, source = self._elastix(call("2026-01-07 12:00:00", 1))
        self._collect(source)
        server.insert("cdr", COLUMNS, call("2026-01-07 09:15:00", 2, 9900))
        self.assertEqual(self._collect(source), "1 new files came.")
        self._run_cron("process")
        self.assertEqual(self._counts(source), [(1, 0), (1, 0)])
        source.database_overlap = 60
        server.insert("cdr", COLUMNS, call("2026-01-07 09:20:00", 3))
        self.assertEqual(self._collect(source), "0 new files came.")

    def test_a_row_that_is_corrected_comes_again(self):
        server, source = self._elastix(call("2026-01-07 12:00:00", 1, 0))
        self._collect(source)
        server.run("UPDATE cdr SET billsec = 70", database=server.name)
        self.assertEqual(self._collect(source), "1 new files came.")
        self._run_cron("process")
        [found] = self._calls(("file_id", "in", source.file_ids.ids))
        self.assertEqual(found.duration, 70)

    def test_killed_between_storing_and_remembering_nothing_comes_twice(self):
        _server, source = self._elastix(call("2026-01-07 12:00:00", 1))
        broken = patch.object(DatabaseConnection, "finish", side_effect=OSError("dead"))
        with broken, suppress(OSError):
            # Not by assertRaises, which would take back what was stored, too.
            self._collect(source)
            self.fail("it was not killed")
        self.assertFalse(source.database_until)
        self.assertEqual(self._collect(source), "0 new files came.")
        self.assertEqual(self._names(source), ["cdr_2026-01-07T12.csv"])
        self.assertEqual(source.database_until, "2026-01-07 12:00:00")

    def test_what_cannot_be_stored_is_read_again(self):
        _server, source = self._elastix(
            call("2026-01-06 12:00:00", 1), call("2026-01-07 12:00:00", 2)
        )
        files = type(self.env["telecom.file"])
        with (
            patch.object(files, "_receive", side_effect=OSError("disk full")),
            self.assertRaises(OSError),
        ):
            self._collect(source)
        self.assertFalse(source.database_until)
        self.assertEqual(self._collect(source), "2 new files came.")

    def test_a_server_that_goes_is_asked_again_from_there(self):
        server, source = self._elastix(
            call("2026-01-05 10:00:00", 1), call("2026-01-07 10:00:00", 2)
        )
        source.database_until = "2026-01-01 00:00:00"
        finish = DatabaseConnection.finish

        def finish_and_stop(connection, entry):
            server.stop()
            return finish(connection, entry)

        with patch.object(DatabaseConnection, "finish", finish_and_stop):
            message = self._collect(source)
        self.assertIn("the server closed the connection", message)
        self.assertRecordValues(
            source, [{"state": "error", "database_until": "2026-01-06 00:00:00"}]
        )
        self.assertIn("cannot be reached", self._collect(source))
        server.start()
        self.assertEqual(self._collect(source), "1 new files came.")
        self.assertEqual(source.state, "ok")
        self.assertEqual(
            self._names(source), ["cdr_2026-01-05.csv", "cdr_2026-01-07T10.csv"]
        )

    def test_only_the_rows_that_are_wanted_come(self):
        _server, source = self._elastix(
            call("2026-01-07 10:00:00", 1),
            call("2026-01-07 10:01:00", 2, 5),
            database_filter="billsec >= 60\ndisposition in ANSWERED, BUSY",
        )
        self._collect(source)
        self._run_cron("process")
        self.assertEqual(source.file_ids.row_count, 1)

    def test_rows_of_the_future_wait_and_are_told_of(self):
        _server, source = self._elastix(
            call("2026-01-07 10:00:00", 1), call("2999-01-07 10:00:00", 2)
        )
        self.assertIn("rows of the future (2999-01-07 10:00:00)", self._collect(source))
        self.assertEqual(self._names(source), ["cdr_2026-01-07T10.csv"])
        self.assertEqual(source.database_until, "2026-01-07 10:00:00")

    # === LOOKING === #

    def test_connection_test_shows_columns_and_the_last_rows(self):
        for template in ("elastix", "asterisk_pgsql_calldate"):
            server = self._table(template)
            source = self._database_source(server, template)
            managed = source.with_user(self.manager)
            shown = managed.action_test_connection()["params"]["message"]
            self.assertIn("It has no rows that would be read.", shown)
            server.insert("cdr", COLUMNS, call("2026-01-07 10:00:00", 1))
            with self.assertNoLogs("odoo.addons.telecom_cdr", "DEBUG"):
                shown = managed.action_test_connection()["params"]["message"]
            self.assertIn("Connected to ", shown)
            self.assertIn("Of the table cdr these columns are read: calldate", shown)
            self.assertIn("These are left out: lastdata.", shown)
            self.assertIn("src: 910000001, dst: 910000099", shown)
            self.assertFalse(source.file_ids)
            self.assertFalse(source.database_until)

    def test_connection_test_pins_a_certificate(self):
        for template in ("elastix", "asterisk_pgsql_calldate"):
            server = self._table(template)
            source = self._database_source(
                server, template, database_tls=True, certificate_check="pinned"
            )
            self.assertIn(
                "No certificate is pinned for 127.0.0.1", self._collect(source)
            )
            source.action_test_connection()
            self.assertEqual(source.host_key, server.fingerprint)
            self.assertEqual(self._collect(source), "0 new files came.")
            source.database_name = "other"
            self.assertFalse(source.host_key)

    # === ERRORS, SECRETS AND RIGHTS === #

    def test_what_keeps_rows_from_coming_is_told_in_words(self):
        server, source = self._elastix()
        for values, words in (
            ({"password": "wrong horse"}, "refused the user billing: Access denied"),
            ({"database_name": "nope"}, "to database 'nope'. Correct it on the source"),
            (
                {"database_table": "cdr`; DROP TABLE cdr; --"},
                "there is no table cdr`; DROP TABLE cdr; -- in asteriskcdrdb",
            ),
            (
                {"database_columns": "calldate src nope"},
                "it has no column nope, but calldate, clid, src, dst",
            ),
            (
                {"database_time_column": "src"},
                "the column src has no date and time, but varchar",
            ),
            ({"port": 1}, "cannot be reached"),
            ({"password": False}, "user name and password are both needed"),
        ):
            with self.subTest(values=values):
                before = source.copy_data()[0]
                source.write(values)
                message = self._collect(source)
                self.assertIn(words, message)
                self.assertNotIn("wrong horse", message)
                self.assertFalse(source.file_ids)
                source.write({name: before.get(name) for name in values})
                source.password = server.password
        self.assertEqual(self._collect(source), "0 new files came.")

    def test_a_user_without_the_right_is_told_so(self):
        server = self._table("asterisk_pgsql_calldate")
        source = self._database_source(server, "asterisk_pgsql_calldate")
        server.run("REVOKE ALL ON cdr FROM billing", database=server.name)
        self.assertIn("no table cdr in asteriskcdrdb that this", self._collect(source))
        server.run("GRANT INSERT ON cdr TO billing", database=server.name)
        self.assertIn(
            "the user may not read it (permission denied for table cdr)",
            self._collect(source),
        )

    def test_what_makes_no_sense_is_not_saved(self):
        _server, source = self._elastix()
        for values, words in (
            ({"database_filter": "disposition ANSWERED"}, "is no condition such as"),
            ({"database_columns": " "}, "no column to read is named"),
            ({"database_key_columns": False}, "no key column is named"),
            ({"database_time_column": "calldate?"}, "no question mark behind it"),
            ({"database_rows": 0}, "a number is too small"),
            ({"database_until": "yesterday"}, "does not say until where"),
        ):
            with self.subTest(values=values), self.assertSays(ValidationError, words):
                source.with_user(self.manager).write(values)

    def test_only_managers_change_it_and_none_reads_the_secret(self):
        server, source = self._elastix()
        for values in ({"database_table": "other"}, {"database_until": False}):
            with self.assertRaises(AccessError):
                source.with_user(self.operator).write(values)
        with self.assertRaises(AccessError):
            source.with_user(self.operator).action_test_connection()
        with self.assertRaises(AccessError):
            source.with_user(self.manager).read(["password"])
        source.with_user(self.manager).database_rows = 7
        self.assertTrue(source.has_secret)
        source.with_user(self.manager).database_tls = True
        self.assertFalse(source.has_secret)
        self.assertEqual(source.username, server.username)

    def test_another_company_sees_nothing_of_it(self):
        _server, source = self._elastix(call("2026-01-07 10:00:00", 1))
        other = self._telecom_company("Other")
        stranger = self._new_user("stranger", MANAGER)
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        strange = source.with_user(stranger).with_context(allowed_company_ids=other.ids)
        with self.assertRaises(AccessError):
            strange.read(["database_table"])
        with self.assertRaises(AccessError):
            strange.action_collect()
        self.assertFalse(source.file_ids)

    def test_a_socket_that_asks_for_no_password_lets_nobody_in(self):
        """Else a manager would read what the user who runs Odoo may read."""
        server = self._table("asterisk_pgsql_calldate")
        source = self._database_source(
            server, "asterisk_pgsql_calldate", host=server.socket
        )
        self.assertIn("lets this user in without a password", self._collect(source))
        with self.assertSays(UserError, "without a password"):
            source.action_test_connection()

    def test_plain_connections_over_a_net_are_warned_of(self):
        source = self._database_source(self.servers["mysql"])
        for host, tls, is_plain in (
            ("127.0.0.1", False, False),
            ("/run/mysqld/mysqld.sock", False, False),
            ("pbx.example.com", False, True),
            ("pbx.example.com", True, False),
        ):
            source.write({"host": host, "database_tls": tls})
            self.assertEqual(source.database_is_plain, is_plain, (host, tls))
        arch = self.env["telecom.source"].get_view(view_type="form")["arch"]
        alerts = etree.fromstring(arch).xpath("//div[contains(@class, 'alert')]")
        [alert] = [a for a in alerts if a.get("invisible") == "not database_is_plain"]
        self.assertIn("Without TLS the calls go readable", "".join(alert.itertext()))

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import json

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin

# Account, caller, called, context, caller id, channel, its other end, application, its
# data, start, answer, end, duration, billed seconds, disposition, flags, unique id.
ASTERISK = (
    '"","{0}","{1}","{2}","{0}","SIP/a","SIP/acme-1","Dial","x",'
    '"2026-10-05 {3}","{4}","2026-10-05 12:00:00",75,{5},"{6}","DOCUMENTATION"{7}\n'
)
FREESWITCH = (
    '"Ann ""A""","{0}","{1}","{2}","2026-10-05 10:00:00","{3}","2026-10-05 10:02:00",'
    '"75","{4}","{5}","{6}","{7}","acc","",""\n'
)
FREEPBX = (
    "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,"
    "billsec,disposition,amaflags,accountcode,uniqueid,userfield,did,recordingfile,"
    "cnum,cnam,outbound_cnum,outbound_cnam,dst_cnam,linkedid,peeraccount,sequence\n"
)
FREEPBX_ROW = (
    "2026-10-05 10:0{0}:00,x,{1},{2},{3},SIP/a,SIP/b,Dial,x,75,{4},{5},3,,17.{0},,{6},,"
    "{7},,{8},,,17.{0},,{0}\n"
)


@tagged("post_install", "-at_install")
class TestShippedFormats(TelecomCommon):
    """Each ready-made format reads lines of its shape into the right calls."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.extension = cls._create_number("1007", cls.customer, kind="extension")

    def _read(self, code, content, name="cdr.csv"):
        format_ = self.env.ref(f"telecom_cdr.telecom_format_{code}")
        source = self._create_source(format_id=format_.id)
        file = self._upload(content, name, source)
        file.action_process()
        self.assertEqual(file.state, "processed", file.last_error)
        self.assertBalanced(file)
        return file

    def _shown(self, *names):
        names = names or ("direction", "calling_number", "called_number", "duration")
        return self._calls().mapped(lambda call: tuple(call[name] for name in names))

    def test_reads_asterisk_master(self):
        answer = "2026-10-05 10:00:05"
        row = ASTERISK.format
        self._read(
            "asterisk_master",
            row(
                "1007",
                "600000099",
                "from-internal",
                "10:00:00",
                answer,
                62,
                "ANSWERED",
                ',"17.1"',
            )
            + row(
                "1007",
                "912000001",
                "from-internal",
                "10:10:00",
                "",
                0,
                "NO ANSWER",
                ',"17.2"',
            )
            + row(
                "600000098",
                "910000001",
                "from-trunk",
                "10:20:00",
                answer,
                30,
                "ANSWERED",
                ',"17.3"',
            ),
        )
        self.assertEqual(
            self._shown(),
            [
                ("outgoing", "1007", "+34600000099", 62),
                ("outgoing", "1007", "+34912000001", 0),
                ("incoming", "+34600000098", "+34910000001", 30),
            ],
        )
        self.assertEqual(
            self._shown("state", "price", "partner_id", "category"),
            [
                ("rated", 0.093, self.customer, "mobile"),
                ("rated", 0, self.customer, "landline"),
                ("excluded", 0, self.customer, "landline"),
            ],
        )

    def test_reads_asterisk_master_userfield(self):
        line = ASTERISK.format(
            "1007", "600000099", "from-internal", "10:00:00", "x", 62, "ANSWERED",
            ',"room 12"',
        )  # fmt: skip
        self._read("asterisk_master_userfield", line)
        self.assertEqual(self._shown("duration", "price"), [(62, 0.093)])
        self.assertEqual(self._calls().extra["user_field"], "room 12")

    def test_reads_freepbx_cdr(self):
        row = FREEPBX_ROW.format
        self._read(
            "freepbx_cdr",
            FREEPBX
            + row(
                1,
                "910000001",
                "600000099",
                "from-internal",
                62,
                "ANSWERED",
                "",
                "1007",
                "910000001",
            )
            + row(
                2, "600000098", "1007", "ext-group", 33, "ANSWERED", "910000001", "", ""
            )
            + row(3, "1007", "1008", "from-internal", 9, "ANSWERED", "", "1007", ""),
        )
        self.assertEqual(
            self._shown(),
            [
                ("outgoing", "1007", "+34600000099", 62),
                ("incoming", "+34600000098", "+34910000001", 33),
                ("internal", "1007", "1008", 9),
            ],
        )
        self.assertEqual(self._shown("price"), [(0.093,), (0,), (0,)])

    def test_reads_freeswitch_example(self):
        row = FREESWITCH.format
        answered = "2026-10-05 10:00:05"
        self._read(
            "freeswitch_example",
            row(
                "1007",
                "600000099",
                "default",
                answered,
                62,
                "NORMAL_CLEARING",
                "u1",
                "b1",
            )
            + row("1007", "912000001", "default", "", 0, "USER_BUSY", "u2", "")
            + row(
                "600000098",
                "910000001",
                "public",
                answered,
                30,
                "NORMAL_CLEARING",
                "u3",
                "b3",
            ),
        )
        self.assertEqual(
            sorted(self._shown()),
            [
                ("incoming", "+34600000098", "+34910000001", 30),
                ("outgoing", "1007", "+34600000099", 62),
                ("outgoing", "1007", "+34912000001", 0),
            ],
        )
        self.assertEqual(sum(self._calls().mapped("price")), 0.093)

    def test_reads_freeswitch_example_both_legs(self):
        row = FREESWITCH.format
        answered = "2026-10-05 10:00:05"
        file = self._read(
            "freeswitch_example_both_legs",
            row(
                "1007",
                "600000099",
                "default",
                answered,
                62,
                "NORMAL_CLEARING",
                "a1",
                "b1",
            )
            + row(
                "1007",
                "600000099",
                "default",
                answered,
                62,
                "NORMAL_CLEARING",
                "b1",
                "",
            ),
        )
        self.assertEqual((file.row_count, file.skipped_count), (2, 1))
        self.assertEqual(self._shown("duration", "price"), [(62, 0.093)])

    def test_reads_freeswitch_asterisk(self):
        row = ASTERISK.format
        self._read(
            "freeswitch_asterisk",
            row(
                "1007",
                "600000099",
                "default",
                "10:00:00",
                "2026-10-05 10:00:05",
                62,
                "NORMAL_CLEARING",
                ',"u1"',
            )
            + row(
                "1007", "600000097", "default", "10:05:00", "", 0, "USER_BUSY", ',"u2"'
            ),
        )
        self.assertEqual(
            self._shown(),
            [
                ("outgoing", "1007", "+34600000099", 62),
                ("outgoing", "1007", "+34600000097", 0),
            ],
        )

    def test_reads_carrier_semicolon(self):
        """Decimal comma, English months, minutes, rated by the carrier."""
        self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "prefix": "48",
                "method": "markup",
                "markup": 50,
            }
        )
        self._read(
            "carrier_semicolon",
            "05-Oct-26 8:34;acc;910000001;0048000000001;Poland - Mobile;2;0,034\n"
            "31-Dec-26 23:59;acc;910000001;600000099;Spain - Mobile;0,5;0,01\n",
        )
        self.assertEqual(
            self._shown("called_number", "duration", "carrier_amount", "price"),
            [
                ("+48000000001", 120, 0.034, 0.051),
                ("+34600000099", 30, 0.01, 0.045),
            ],
        )
        first = self._calls()[0]
        self.assertEqual(str(first.start_at), "2026-10-05 06:34:00")
        self.assertEqual(first.extra["description"], "Poland - Mobile")

    def test_reads_carrier_csv(self):
        self._read(
            "carrier_csv",
            "start,calling,called,duration,amount,description\n"
            "2026-10-05 10:00:00,910000001,600000099,62,0.02,Mobile\n"
            "05/10/2026 10:05:00,910000001,112,10,,=cmd()\n",
        )
        self.assertEqual(
            self._shown("called_number", "duration", "category"),
            [("+34600000099", 62, "mobile"), ("112", 10, "short")],
        )
        self.assertEqual(self._calls()[1].extra, {"description": "=cmd()"})


@tagged("post_install", "-at_install")
class TestFormat(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER)

    def _mapping(self):
        return json.loads(self.format.column_mapping)

    def test_mapping_as_text_becomes_lines(self):
        self.format.column_mapping = json.dumps(
            {
                "start": 1,
                "called_number": "b number",
                "calling_number": ["a", 3],
                "extra.region": 7,
            }
        )
        self.assertEqual(
            self.format.column_ids.mapped(
                lambda line: (line.target, line.extra_name or "", line.columns)
            ),
            [
                ("start", "", "1"),
                ("called_number", "", "b number"),
                ("calling_number", "", "a;3"),
                ("extra", "region", "7"),
            ],
        )

    def test_lines_become_text(self):
        line = self.format.column_ids.filtered(lambda c: c.target == "duration")
        line.columns = "seconds; 4"
        self.assertEqual(self._mapping()["duration"], ["seconds", 4])
        self.format.column_ids = [
            Command.create(
                {
                    "sequence": 99,
                    "target": "extra",
                    "extra_name": "note",
                    "columns": "6",
                }
            )
        ]
        self.assertEqual(self._mapping()["extra.note"], 6)
        line.unlink()
        self.assertNotIn("duration", self._mapping())

    def test_bad_definitions_are_refused(self):
        before = self.format.column_mapping
        for values, words in (
            ({"column_mapping": "{not json"}, "is not JSON"),
            ({"column_mapping": "[1, 2]"}, "must be a JSON object"),
            ({"column_mapping": '{"begin": 1}'}, "key 'begin', which means nothing"),
            ({"column_mapping": '{"start": 1}'}, "calling_number or called_number"),
            ({"column_mapping": '{"called_number": 1}'}, "a column for start"),
            ({"column_mapping": '{"start": 0, "called_number": 1}'}, "position from 1"),
            ({"date_formats": "%d"}, "is not JSON"),
            ({"direction_rules": '[{"column": 1}]'}, "direction_rules"),
            ({"record_filters": '[{"column": 1, "pattern": "(", "action": "keep"}]'},
             "regular expression"),
            ({"delimiter": ";;"}, "one character"),
            ({"delimiter": '"'}, "delimiter"),
            ({"encoding": "klingon"}, "name of an encoding"),
            ({"time_zone": "Mars/Olympus"}, "Mars/Olympus"),
            ({"minimum_columns": -1}, "minimum_columns"),
        ):  # fmt: skip
            with self.assertSays(ValidationError, words):
                self.format.write(values)
        self.assertEqual(self.format.column_mapping, before)
        self.assertEqual(self.format.delimiter, ",")

    def test_names_of_columns_need_a_header(self):
        with self.assertSays(ValidationError, "the format has no header"):
            self.format.has_header = False
        self.assertTrue(self.format.has_header)

    def test_export_and_import_give_the_same_format(self):
        for shipped in self.env["telecom.format"].search([("file_type", "=", "usage")]):
            text = shipped._export_definition()
            copy = self.env["telecom.format"]._import_definition(text)
            self.assertEqual(copy._definition(), shipped._definition(), shipped.name)
            self.assertEqual(copy._export_definition(), text)

    def test_foreign_definitions_are_refused(self):
        count = self.env["telecom.format"].search_count([])
        for text, words in (
            ("", "no exported format"),
            ("[]", "no exported format"),
            ('"x"', "no exported format"),
            ('{"layout": "delimited"}', "no exported format"),
            ('{"name": "X", "colour": 1, "smell": 2}', "not known: colour, smell"),
            ('{"name": "X"}', "a column for start"),
        ):
            with self.assertSays(UserError, words):
                self.env["telecom.format"]._import_definition(text)
        self.assertEqual(self.env["telecom.format"].search_count([]), count)

    def test_only_managers_change_formats(self):
        operator = self.format.with_user(self.operator)
        self.assertEqual(operator.column_mapping, self.format.column_mapping)
        with self.assertRaises(AccessError):
            operator.delimiter = ";"
        with self.assertRaises(AccessError):
            operator.column_ids[0].columns = "x"
        manager = self.format.with_user(self._new_user("manager", MANAGER))
        manager.column_mapping = '{"start": 1, "called_number": 2}'
        self.assertEqual(len(self.format.column_ids), 2)

    def test_used_formats_are_kept(self):
        with self.assertRefused("telecom.source|Telecom Source|is used|another model"):
            self.format.unlink()
        self.assertTrue(self.format.exists())

    # === PREVIEW === #

    def _preview(self, content):
        wizard = self.env["telecom.format.preview"].with_user(self.operator)
        return str(
            wizard.create(
                {
                    "format_id": self.format.id,
                    "carrier_id": self.carrier.id,
                    "sample": base64.b64encode(content.encode()),
                    "sample_name": "sample.csv",
                }
            ).result
        )

    def test_preview_shows_rows_as_read(self):
        shown = self._preview(
            "start,calling,called,duration,amount,id\n"
            "2026-10-05 10:00:00,910000001,600000099,62,0.02,P1\n"
            "2026-02-31 10:00:00,910000001,600000099,62,0.02,P2\n"
        )
        self.assertIn("+34600000099", shown)
        self.assertIn("2026-10-05 08:00:00", shown)
        self.assertIn("2026-02-31", shown)
        self.assertFalse(self._calls())

    def test_preview_says_what_is_wrong(self):
        self.assertIn("called", self._preview("start,calling\n2026-10-05,1\n"))
        junk = self._preview("\x00\x01\x02" * 100)
        self.assertIn("alert-danger", junk)

    def test_preview_shows_no_markup_of_the_file(self):
        shown = self._preview(
            "start,calling,called,duration,amount,id\n"
            "<script>alert(1)</script>,910000001,600000099,62,0.02,P1\n"
        )
        self.assertNotIn("<script>", shown)
        self.assertIn("&lt;script&gt;", shown)


@tagged("post_install", "-at_install")
class TestFormatExport(TelecomCommon, HttpCase):
    def _get(self, login):
        self.authenticate(login, login)
        return self.url_open(f"/telecom_cdr/format/{self.format.id}.json")

    def test_who_may_read_formats_exports_them(self):
        self._new_user("reader", READER, password="reader")
        answer = self._get("reader")
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(
            answer.headers["Content-Type"], "application/json; charset=utf-8"
        )
        self.assertIn("Test%20CSV.json", answer.headers["Content-Disposition"])
        self.assertEqual(answer.json()["column_mapping"]["start"], "start")

    @mute_logger(
        "odoo.http",
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_rule",
    )
    def test_nobody_else_does(self):
        for login, groups in (
            ("plain", "base.group_user"),
            ("portal", "base.group_portal"),
        ):
            self._new_user(login, groups, password=login)
            answer = self._get(login)
            self.assertEqual(answer.status_code, 403, login)
            self.assertNotIn("calling", answer.text)
        self.logout()
        answer = self.url_open(f"/telecom_cdr/format/{self.format.id}.json")
        self.assertIn("/web/login", answer.url)

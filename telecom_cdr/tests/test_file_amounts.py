# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What files say of the carrier's amounts is for who sees costs and margins."""

import base64
import io
import json

import xlsxwriter

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import HEADER, MAPPING, READER, USER, TelecomCommon
from .test_rating import row

COST = f"{USER},telecom_cdr.group_telecom_cost"
BAD = '2026-02-31 10:00:00,910000001,"912000001",60,0.1234,U2'
SHOWN = '2026-02-31 10:00:00,910000001,"912000001",60,***,U2'
SHIFTED = "2026-02-28 10:00:00,910000001,912000001,0.1234,U3"
NO_AMOUNT = "2026-02-28 10:00:00,910000001,912000001,60,0.12x4,U4"


@tagged("post_install", "-at_install")
class TestFileAmounts(TelecomCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER, password="operator")
        cls.reader = cls._new_user("reader", READER, password="reader")
        cls.buyer = cls._new_user("buyer", COST, password="buyer")
        exporter = cls.env.ref("base.group_allow_export")
        (cls.operator | cls.buyer).group_ids = [Command.link(exporter.id)]
        cls.portal = cls._new_user("portal", "base.group_portal", password="portal")
        lines = [HEADER.strip(), row("U1"), BAD, SHIFTED, NO_AMOUNT, "ñ,x", ""]
        cls.file = cls._upload("\r\n".join(lines).encode("cp1252"), "may.csv")
        cls.file.action_process()
        cls.rows = cls.file.rejection_ids.sorted("line_number")

    def _raws(self, user):
        self.env.invalidate_all()
        return self.rows.with_user(user).mapped("raw")

    def _get(self, login, url):
        self.authenticate(login, login)
        return self.url_open(url)

    # === SHOWN === #

    def test_who_sees_costs_sees_the_rows_as_they_are(self):
        self.assertEqual(self._raws(self.buyer), [BAD, SHIFTED, NO_AMOUNT, "ñ,x"])
        wrong = self.rows[2].with_user(self.buyer)
        self.assertEqual(wrong.found, "0.12x4")
        self.assertIn("'0.12x4' is no amount", wrong.message)

    def test_others_see_them_without_amounts(self):
        for user in (self.operator, self.reader):
            first, shifted, wrong, short = self._raws(user)
            self.assertEqual(first, SHOWN)
            self.assertIn("Not shown: where the amounts of the carrier are", shifted)
            self.assertEqual(wrong, NO_AMOUNT.replace("0.12x4", "***"))
            self.assertEqual(short, "ñ,x")
            self.assertEqual(self.rows[2].with_user(user).found, "***")
            message = self.rows[2].with_user(user).message
            self.assertIn("'***' is no amount", message)
            # What is no amount is told as ever.
            message = self.rows[0].with_user(user).message
            self.assertIn("'2026-02-31 10:00:00' is no date", message)

    def test_read_and_export_give_no_more(self):
        fields = ["raw", "found", "message"]
        told = json.dumps(self.rows.with_user(self.operator).read(fields))
        names = ["raw", "found", "message", "file_id/name"]
        told += json.dumps(self.rows.with_user(self.operator).export_data(names))
        self.assertNotIn("0.12", told)
        for name in ("kept_raw", "kept_found", "wording", "facts"):
            with self.assertRaises(AccessError):
                self.rows.with_user(self.operator).read([name])
        found = self.rows.with_user(self.operator)
        self.assertFalse(found.search([("raw", "ilike", "0.1234")]))
        self.assertFalse(found.search([("found", "ilike", "0.12")]))
        self.assertFalse(found.search([("message", "ilike", "0.12")]))
        with self.assertRaises(AccessError):
            found.search([("kept_raw", "ilike", "0.1234")])
        found = self.rows.with_user(self.buyer).search([("raw", "ilike", "0.1234")])
        self.assertEqual(found, self.rows[0] | self.rows[1])

    def test_portal_users_see_nothing(self):
        with self.assertRaises(AccessError):
            self.rows.with_user(self.portal).read(["raw"])
        with self.assertRaises(AccessError):
            self.file.with_user(self.portal).read(["content"])

    def test_formats_without_amounts_are_shown_as_ever(self):
        mapping = {name: MAPPING[name] for name in MAPPING if name != "carrier_amount"}
        self.format.column_mapping = json.dumps(mapping)
        self.assertFalse(self.format.holds_amounts)
        self.assertEqual(self._raws(self.operator), [BAD, SHIFTED, NO_AMOUNT, "ñ,x"])
        self.assertTrue(self.file.with_user(self.operator).content)
        found = self.rows.with_user(self.operator)
        self.assertEqual(found.search([("raw", "ilike", "0.1234")]), self.rows[:2])

    # === THE FILE === #

    def test_the_file_is_for_who_sees_costs(self):
        url = f"/web/content/telecom.file/{self.file.id}/content"
        self.assertIn(b"0.1234", self._get("buyer", url).content)
        for login in ("operator", "reader", "portal"):
            answer = self._get(login, url)
            self.assertNotEqual(answer.status_code, 200)
            self.assertNotIn(b"0.1234", answer.content)
        self.env.invalidate_all()
        file = self.file.with_user(self.operator)
        with self.assertRaises(AccessError):
            file.read(["content"])
        with self.assertRaises(AccessError):
            file.export_data(["content"])
        with self.assertRaisesRegex(AccessError, "may.csv says what the carrier"):
            file.action_download()
        with self.assertRaises(AccessError):
            self.rows.with_user(self.operator).export_data(["file_id/content"])
        self.assertEqual(file.read(["name", "row_count"])[0]["row_count"], 5)

    def test_so_are_its_attachments(self):
        domain = [("res_model", "=", "telecom.file"), ("res_field", "=", "content")]
        domain += [("res_id", "=", self.file.id)]
        attachments = self.env["ir.attachment"]
        content = attachments.search(domain)
        self.assertEqual(len(content), 1)
        self.assertFalse(attachments.with_user(self.operator).search(domain))
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            content.with_user(self.operator).read(["datas"])
        with self.assertRaises(AccessError):
            content.with_user(self.operator).read(["raw"])
        answer = self._get("operator", f"/web/content/{content.id}")
        self.assertNotIn(b"0.1234", answer.content)
        self.env.invalidate_all()
        self.assertIn(b"0.1234", content.with_user(self.buyer).raw)

    def test_the_assistant_shows_no_file_to_others(self):
        assistant = self.env["telecom.format.assistant"].with_user(self.operator)
        wizard = assistant.create({"file_id": self.file.id})
        with self.assertRaises(AccessError):
            wizard.action_propose()

    def test_a_test_run_shows_its_rows_without_amounts(self):
        for user, is_shown in ((self.operator, False), (self.buyer, True)):
            run = self.env["telecom.test.run"].with_user(user)
            run = run.create({"source_id": self.source.id, "file_id": self.file.id})
            run.action_run()
            self.assertEqual("0.12" in str(run.report), is_shown)
            self.assertIn("2026-02-31 10:00:00", str(run.report))

    # === CORRECTING === #

    def _download(self, login):
        self.authenticate(login, login)
        user = self.env["res.users"].search([("login", "=", login)])
        self.env.invalidate_all()
        action = self.file.with_user(user).action_download_unprocessed()
        return self.url_open(action["url"]).content

    def _correct(self, content, file=None, user=None):
        file = file or self.file
        wizard = (
            self.env["telecom.correction"]
            .with_user(user or self.operator)
            .create(
                {
                    "file_id": file.id,
                    "rejection_ids": file.rejection_ids.ids,
                    "content": base64.b64encode(content),
                    "content_name": f"mended-{file.name}",
                }
            )
        )
        return self.env["telecom.file"].browse(wizard.action_receive()["res_id"])

    def test_rows_are_given_out_with_marks(self):
        self.assertEqual(
            self._download("operator").decode("utf-8").split("\r\n"),
            [
                HEADER.strip(),
                BAD.replace("0.1234", "hidden-3-0"),
                NO_AMOUNT.replace("0.12x4", "hidden-5-0"),
                "ñ,x",
                "",
            ],
        )
        self.assertIn(b"0.1234", self._download("buyer"))

    def test_marks_take_their_amounts_again(self):
        content = self._download("operator").replace(b"02-31", b"02-28")
        content = content.replace(b"hidden-5-0", b"0.5")
        child = self._correct(content)
        self.assertEqual((child.call_count, child.rejected_count), (2, 1))
        calls = self._calls(("file_id", "=", child.id)).sorted("carrier_amount")
        self.assertEqual(calls.mapped("carrier_amount"), [0.1234, 0.5])
        # The row that was not given out waits on.
        self.assertEqual(self.rows.filtered("is_open"), self.rows[1])
        with self.assertRaises(AccessError):
            child.with_user(self.operator).read(["content"])

    def test_a_mark_elsewhere_is_refused(self):
        good = self._download("operator")
        for content in (
            good.replace(b"910000001,", b"hidden-3-0,"),
            good.replace(b"U2", b"hidden-3-0"),
            good.replace(b"hidden-3-0", b"hidden-4-0"),
            good.replace(b"hidden-3-0", b"hidden-3-0hidden-5-0"),
        ):
            with self.assertRaisesRegex(UserError, "stands for an amount"):
                self._correct(content)
        self.assertFalse(self.file.correction_ids)

    def test_they_are_read_again_with_their_amounts(self):
        self.format.date_formats = json.dumps(["%Y-%m-%d %H:%M:%S"])
        rows = self.rows[:1].with_user(self.operator)
        wizard = self.env["telecom.read.again"].with_user(self.operator)
        wizard.create({"rejection_ids": rows.ids}).action_read()
        child = self.file.correction_ids
        self.assertEqual(child.rejection_ids.kept_raw, BAD)

    # === OTHER LAYOUTS === #

    def _other(self, name, content, **format_values):
        """A file of another layout with a wrong date, and its rejected row."""
        names = ("start", "calling_number", "duration", "carrier_amount", "unique_id")
        mapping = {name: MAPPING[name] for name in names}
        self.format.write(
            {
                "has_header": False,
                "column_mapping": json.dumps(mapping),
                **format_values,
            }
        )
        file = self._upload(content, name)
        file.action_process()
        self.assertEqual(
            (file.call_count, file.rejected_count), (0, 1), file.last_error
        )
        return file, file.rejection_ids

    def _round_trip(self, file, mark):
        """Correct the date as the operator, by what is given out."""
        operator = file.with_user(self.operator)
        given = b"".join(operator._excerpt(file.rejection_ids))
        if not given.startswith(b"PK"):
            self.assertNotIn(b"0.1234", given)
            self.assertIn(mark, given)
        child = self._correct(self._mended(given), file)
        self.assertEqual(child.call_count, 1, child.rejection_ids.mapped("message"))
        [call] = self._calls(("file_id", "=", child.id))
        self.assertEqual(call.carrier_amount, 0.1234)

    def _mended(self, content):
        if not content.startswith(b"PK"):
            return content.replace(b"02-31", b"02-28")
        return _book(
            ["2026-02-28 10:00:00", "910000001", "60", "hidden-2-0", "U1"],
        )

    def test_fixed_width(self):
        widths = {"start": 19, "calling": 9, "duration": 4, "amount": 8, "id": 2}
        columns, at = [], 1
        for name, width in widths.items():
            columns.append({"name": name, "start": at, "width": width})
            at += width
        line = "2026-02-31 10:00:00910000001  60  0.1234U1"
        file, rejection = self._other(
            "a.txt", f"{line}\n", layout="fixed", fixed_columns=json.dumps(columns)
        )
        raw = rejection.with_user(self.operator).raw
        self.assertEqual(raw, "2026-02-31 10:00:00910000001  60***     U1")
        self._round_trip(file, b"#1      U1")

    def test_json(self):
        record = {
            "start": "2026-02-31 10:00:00",
            "calling": "910000001",
            "duration": 60,
            "amount": 0.1234,
            "id": "U1",
        }
        file, rejection = self._other(
            "a.json", json.dumps([record]), layout="json", record_path=""
        )
        raw = json.loads(rejection.with_user(self.operator).raw)
        self.assertEqual(raw["amount"], "***")
        self.assertEqual(raw["calling"], "910000001")
        self._round_trip(file, b'"hidden-1-0"')

    def test_xml(self):
        record = (
            "<cdr><start>2026-02-31 10:00:00</start><calling>910000001</calling>"
            "<duration>60</duration><amount>0.1234</amount><id>U1</id></cdr>"
        )
        file, rejection = self._other(
            "a.xml", f"<cdrs>{record}</cdrs>", layout="xml", record_path="cdr"
        )
        raw = rejection.with_user(self.operator).raw
        self.assertEqual(raw, record.replace("0.1234", "***"))
        self._round_trip(file, b"hidden-1-0")

    def test_sheet(self):
        file, rejection = self._other(
            "a.xlsx",
            _book(["2026-02-31 10:00:00", "910000001", "60", "0.1234", "U1"]),
            layout="sheet",
            has_header=True,
        )
        raw = rejection.with_user(self.operator).raw
        self.assertEqual(raw, "2026-02-31 10:00:00\t910000001\t60\t***\tU1")
        self._round_trip(file, b"")


def _book(cells):
    """A workbook of a header and one row."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["start", "calling", "duration", "amount", "id"])
        for place, text in enumerate(cells):
            page.write_string(1, place, text)
    return target.getvalue()

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import io
import json
from datetime import date

import xlsxwriter

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .common import MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin

PATHS = {
    "start": "when.start",
    "calling_number": "from",
    "called_number": "to",
    "duration": "secs",
    "unique_id": "id",
}
FIXED = [
    {"name": "kind", "start": 1, "width": 3},
    {"name": "date", "start": 4, "width": 8},
    {"name": "time", "start": 12, "width": 6},
    {"name": "caller", "start": 18, "width": 10},
    {"name": "called", "start": 28, "width": 10},
    {"name": "secs", "start": 38, "width": 5},
    {"name": "count", "start": 4, "width": 4},
    {"name": "total", "start": 8, "width": 6},
]
FIXED_MAPPING = {
    "start": ["date", "time"],
    "calling_number": "caller",
    "called_number": "called",
    "duration": "secs",
}
FIXED_TYPES = {"column": "kind", "header": "HDR", "calls": "CDR", "trailer": "TRL"}
FIXED_TOTALS = [
    {"in": "trailer", "column": "count", "of": "count"},
    {"in": "trailer", "column": "total", "of": "seconds", "format": "hhmmss"},
]
FIXED_CALLS = (
    "HDR20261005\r\n"
    "CDR20261005100000910000001 600000099    61\r\n"
    "CDR20261005110000910000001 600000098    30\r\n"
    "CDR20261005120000910000001 600000097   -10\r\n"
)


class LayoutCase(RefusalMixin, TelecomCommon):
    @classmethod
    def _format_of(cls, layout, mapping, **values):
        texts = {
            name: json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in values.items()
        }
        return cls._create_format(
            mapping, name=f"Test {layout}", layout=layout, has_header=False, **texts
        )

    def _read(self, format_, content, name="calls"):
        source = self._create_source(format_id=format_.id)
        file = self._upload(content, name, source)
        file.action_process()
        self.assertBalanced(file)
        return file

    def _shown(self):
        return [(c.called_number, c.duration, c.price) for c in self._calls()]

    def _counts(self, file):
        names = ("row_count", "call_count", "skipped_count", "merged_count")
        return tuple(file[name] for name in (*names, "rejected_count"))


TWO_CALLS = [("+34600000099", 61, 0.0915), ("+34600000098", 30, 0.045)]


@tagged("post_install", "-at_install")
class TestLayouts(LayoutCase):
    """A file of each layout becomes the same rated calls."""

    def _records(self):
        return [
            {
                "when": {"start": f"2026-10-05 1{n}:00:00"},
                "from": "910000001",
                "to": called,
                "secs": seconds,
                "id": f"x{n}",
            }
            for n, called, seconds in ((0, "600000099", 61), (1, "600000098", 30))
        ]

    def test_json(self):
        format_ = self._format_of("json", PATHS, record_path="data.cdr")
        content = json.dumps({"data": {"cdr": [*self._records(), {"oops": 1}]}})
        file = self._read(format_, content)
        self.assertEqual(self._shown(), TWO_CALLS)
        self.assertEqual(self._counts(file), (3, 2, 0, 0, 1))
        rejection = file.rejection_ids
        self.assertEqual((rejection.line_number, rejection.reason), (3, "names"))
        self.assertEqual(
            rejection.message, "The record has no when.start. It has: oops."
        )

    def test_json_that_is_cut(self):
        format_ = self._format_of("json", PATHS)
        content = "\n".join(map(json.dumps, self._records())) + '\n{"when": {"st'
        file = self._read(format_, content)
        self.assertEqual(self._shown(), TWO_CALLS)
        self.assertEqual(file.rejection_ids.reason, "syntax")
        self.assertIn("line 3", file.rejection_ids.message)
        self.assertEqual(file.state, "processed")

    def test_xml(self):
        format_ = self._format_of("xml", PATHS, url_encoded=True)
        calls = "".join(
            f"<cdr><when><start>{r['when']['start'].replace(' ', '%20')}</start></when>"
            f"<from>{r['from']}</from><to>{r['to']}</to><secs>{r['secs']}</secs>"
            f"<id>{r['id']}</id></cdr>"
            for r in self._records()
        )
        file = self._read(format_, f"<cdrs>{calls}</cdrs>")
        self.assertEqual(self._shown(), TWO_CALLS)
        self.assertEqual(self._counts(file), (2, 2, 0, 0, 0))

    def test_xml_with_entities_is_refused(self):
        format_ = self._format_of("xml", PATHS)
        file = self._read(format_, '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
        self.assertEqual((file.state, file.call_count), ("failed", 0))
        self.assertIn("declares the entity 'b'", file.last_error)

    def test_sheet(self):
        mapping = {"start": "Start", "calling_number": "From", "called_number": "To"}
        format_ = self._create_format(
            {**mapping, "duration": "Seconds"},
            layout="sheet",
            sheet_name="Calls",
            line_filters='["^Total"]',
        )
        target = io.BytesIO()
        book = xlsxwriter.Workbook(target)
        book.add_worksheet("Notes").write(0, 0, "Nothing here")
        sheet = book.add_worksheet("Calls")
        sheet.write_row(0, 0, ["Start", "From", "To", "Seconds"])
        sheet.write_row(1, 0, ["2026-10-05 10:00:00", "910000001", "600000099", 61])
        sheet.write_row(3, 0, ["2026-10-05 11:00:00", "910000001", 600000098, 30])
        sheet.write_row(4, 0, ["Total", "", "", 91])
        book.close()
        file = self._read(format_, target.getvalue(), "calls.xlsx")
        self.assertEqual(self._shown(), TWO_CALLS)
        self.assertEqual(self._calls().mapped("line_number"), [2, 4])
        self.assertEqual(self._counts(file), (2, 2, 0, 0, 0))

    def test_fixed_width(self):
        format_ = self._format_of(
            "fixed",
            FIXED_MAPPING,
            fixed_columns=FIXED,
            record_types=FIXED_TYPES,
            date_formats=["%Y%m%d %H%M%S"],
        )
        file = self._read(format_, FIXED_CALLS + "TRL0003000131\r\nX\r\n")
        self.assertEqual(self._shown(), TWO_CALLS)
        self.assertEqual(self._counts(file), (4, 2, 1, 0, 1))
        self.assertEqual(file.rejection_ids.line_number, 4)

    def test_page_headers_and_names_give_columns(self):
        format_ = self._format_of(
            "delimited",
            {
                "start": ["page_date", 1],
                "calling_number": 2,
                "called_number": 3,
                "duration": 4,
                "account_code": "site",
            },
            page_values=[r"^=+ (?P<page_date>[\d-]+)"],
            name_values="^(?P<site>[a-z]+)_",
        )
        content = (
            "== 2026-10-05 ==\n10:00:00,910000001,600000099,61\n"
            "== 2026-10-06 ==\n11:00:00,910000001,600000098,30\n"
        )
        file = self._read(format_, content, "north_1.txt")
        self.assertEqual(self._counts(file), (2, 2, 0, 0, 0))
        self.assertEqual(
            [str(call.start_at) for call in self._calls()],
            ["2026-10-05 08:00:00", "2026-10-06 09:00:00"],
        )
        self.assertEqual(set(self._calls().mapped("account_code")), {"north"})
        other = self._read(format_, content + "\n", "1.txt")
        self.assertEqual(other.state, "failed")
        self.assertIn("The name '1.txt' does not say", other.last_error)

    def test_several_calls_in_a_row(self):
        format_ = self._format_of(
            "delimited",
            {"start": 1, "calling_number": 2, "called_number": 3, "duration": 4},
            row_calls=[{}, {"called_number": 5, "duration": 6}],
        )
        content = "2026-10-05 10:00:00,910000001,600000099,61,600000098,30\n"
        file = self._read(format_, content)
        self.assertEqual(sorted(self._shown()), sorted(TWO_CALLS))
        self.assertEqual(self._counts(file), (2, 2, 0, 0, 0))

    def test_several_rows_for_a_call(self):
        format_ = self._format_of(
            "delimited",
            {"start": 1, "calling_number": 2, "called_number": 3, "duration": 4},
            legs={"key": [5], "prefer": {"column": 6, "pattern": "trunk"}},
        )
        rows = (
            ("10:00:00", "600000099", 5, "a", "member"),
            ("10:00:00", "600000099", 61, "a", "trunk"),
            ("10:00:01", "600000099", 7, "a", "member"),
            ("11:00:00", "600000098", 30, "b", "trunk"),
        )
        content = "".join(
            f"2026-10-05 {at},910000001,{to},{seconds},{key},{kind}\n"
            for at, to, seconds, key, kind in rows
        )
        file = self._read(format_, content)
        self.assertEqual(self._shown(), TWO_CALLS)
        self.assertEqual(self._counts(file), (4, 2, 0, 2, 0))
        # Nothing is billed twice where they come again.
        again = self._read(format_, content + "\n")
        self.assertEqual((again.duplicate_count, again.merged_count), (2, 2))

    # === FORMATS === #

    def test_fixed_columns_as_lines_and_as_text(self):
        format_ = self._format_of("fixed", FIXED_MAPPING, fixed_columns=FIXED)
        lines = format_.fixed_column_ids
        self.assertEqual(lines.mapped("name"), [one["name"] for one in FIXED])
        lines.filtered(lambda line: line.name == "secs").width = 6
        found = json.loads(format_.fixed_columns)
        self.assertEqual(found[5], {"name": "secs", "start": 38, "width": 6})
        for text, words in (
            ('[{"name": "a"}]', "name, start and width"),
            ("[", "is not JSON"),
        ):
            with self.assertSays(ValidationError, words):
                format_.fixed_columns = text
        with self.assertSays(ValidationError, "fixed_columns.6.width"):
            lines.filtered(lambda line: line.name == "secs").width = 0
            format_._check_definition()

    def test_every_key_goes_through_export_and_import(self):
        for format_ in (
            self._format_of(
                "fixed",
                FIXED_MAPPING,
                fixed_columns=FIXED,
                record_types=FIXED_TYPES,
                control_totals=FIXED_TOTALS,
                line_filters=["^-"],
                page_values=["(?P<page>x)"],
                name_values="(?P<site>x)",
                wrapped="^C",
            ),
            self._format_of(
                "json",
                PATHS,
                record_path="a.b",
                url_encoded=True,
                legs={"key": ["id"], "bill": "last"},
                row_calls=[{"called_number": "x"}],
            ),
            self._format_of(
                "delimited",
                {"start": 1, "called_number": 2},
                escape="\\",
                loose_column="3",
                minimum_columns=4,
            ),
            self._format_of("sheet", {"start": 1, "called_number": 2}, sheet_name="S"),
        ):
            text = format_._export_definition()
            again = self.env["telecom.format"]._import_definition(text)
            self.assertEqual(again._definition(), format_._definition())
            self.assertEqual(again._spec(), format_._spec())
            self.assertEqual(again._export_definition(), text)

    def test_mistakes_are_told_in_words(self):
        for values, words in (
            ({"layout": "fixed"}, "fixed_columns: at least one column expected"),
            ({"line_filters": '["("]'}, "line_filters.1: a regular expression"),
            ({"page_values": '["x"]'}, "named groups"),
            ({"control_totals": json.dumps(FIXED_TOTALS[:1])}, "record_types"),
            ({"legs": '{"key": "id", "bill": "best"}'}, "legs.bill: one of"),
        ):
            with self.assertSays(ValidationError, words):
                self.format.write(values)

    def test_what_means_nothing_in_a_layout_is_left_out(self):
        """Whoever changes the layout does not have to empty what is hidden then."""
        form = Form(self.format.with_user(self._new_user("manager", MANAGER)))
        form.layout = "json"
        form.save()
        self.assertTrue(self.format.has_header)
        self.assertFalse(self.format._spec().has_header)

    def test_preview_of_each_layout(self):
        record = json.dumps(self._records()[0])
        fixed = self._format_of(
            "fixed",
            FIXED_MAPPING,
            fixed_columns=FIXED,
            record_types=FIXED_TYPES,
            date_formats=["%Y%m%d %H%M%S"],
        )
        for format_, content, words in (
            (self._format_of("json", PATHS), record, ("when.start", "+34600000099")),
            (fixed, FIXED_CALLS, ("caller", "+34600000099", "-10")),
            (self._format_of("xml", PATHS), "junk", ("This is no XML",)),
        ):
            wizard = self.env["telecom.format.preview"].create(
                {
                    "format_id": format_.id,
                    "carrier_id": self.carrier.id,
                    "sample": base64.b64encode(content.encode()),
                }
            )
            for word in words:
                self.assertIn(word, str(wizard.result))


@tagged("post_install", "-at_install")
class TestControlTotals(LayoutCase, AccountTestInvoicingCommon):
    """Calls of a file that is not what it says of itself wait for somebody."""

    @classmethod
    def _telecom_company(cls, name):
        cls.env.user.group_ids += cls.env.ref("telecom_cdr.group_telecom_manager")
        company = cls.company_data["company"]
        company.write(
            {
                "country_id": cls.env.ref("base.es").id,
                "telecom_tz": "Europe/Madrid",
                "currency_id": cls.env.ref("base.EUR").id,
            }
        )
        return company

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fixed = cls._format_of(
            "fixed",
            FIXED_MAPPING,
            fixed_columns=FIXED,
            record_types=FIXED_TYPES,
            control_totals=FIXED_TOTALS,
            date_formats=["%Y%m%d %H%M%S"],
        )
        cls.operator = cls._new_user("operator", USER)

    def _read_with(self, trailer, name="calls"):
        return self._read(self.fixed, FIXED_CALLS + trailer, name)

    def _invoice(self):
        wizard = self.env["telecom.invoice.wizard"].create(
            {
                "partner_ids": self.customer.ids,
                "date_from": date(2026, 10, 1),
                "date_to": date(2026, 10, 31),
            }
        )
        try:
            domain = wizard.action_invoice()["domain"]
        except UserError:
            return self.env["account.move"]
        return self.env["account.move"].search(domain)

    def test_totals_that_agree(self):
        """Rejected rows count; their time, which cannot be read, has to be left out."""
        file = self._read_with("TRL0003000131\r\n")
        self.assertEqual(file.state, "processed", file.last_error)
        self.assertFalse(file.total_differences)
        self.assertEqual(self._counts(file), (3, 2, 0, 0, 1))

    def test_a_difference_keeps_calls_from_invoices_until_it_is_accepted(self):
        file = self._read_with("TRL0004000131\r\n")
        self.assertEqual((file.state, file.call_count), ("failed", 2))
        self.assertIn(
            "The trailer record states 4 for the number of records, found: 3.",
            file.last_error,
        )
        self.assertIn("none of them is invoiced", file.last_error)
        self.assertFalse(self._invoice())
        file.with_user(self.operator).action_accept_differences()
        self.assertEqual((file.state, file.call_count), ("processed", 2))
        self.assertBalanced(file)
        told = file.message_ids.mapped("body")
        self.assertTrue(any("has accepted the difference" in one for one in told))
        self.assertTrue(any("states 4" in one for one in told))
        self.assertEqual(self._invoice().telecom_call_count, 2)

    def test_a_file_without_its_trailer(self):
        file = self._read_with("")
        self.assertEqual(file.state, "failed")
        self.assertIn("The trailer record is missing", file.last_error)

    def test_processing_again_does_not_make_it_agree(self):
        file = self._read_with("TRL0004000131\r\n")
        file.action_process()
        self.assertEqual((file.state, file.call_count), ("failed", 2))
        self.assertBalanced(file)
        self.assertEqual(len(self._calls()), 2)

    def test_a_difference_can_be_taken_back(self):
        file = self._read_with("TRL0004000131\r\n")
        file.action_revert()
        self.assertEqual((file.state, len(self._calls())), ("discarded", 0))

    def test_who_may_accept_and_what(self):
        good = self._read_with("TRL0003000131\r\n")
        with self.assertSays(UserError, "nothing to accept"):
            good.with_user(self.operator).action_accept_differences()
        bad = self._read_with("TRL0005000131\r\n", "bad")
        reader = self._new_user("reader", READER)
        with self.assertRaises(AccessError):
            bad.with_user(reader).action_accept_differences()
        self.assertEqual(bad.state, "failed")

    def test_small_files_together_are_checked_too(self):
        source = self._create_source(format_id=self.fixed.id)
        good = self._upload(FIXED_CALLS + "TRL0003000131\r\n", "1", source)
        calls = FIXED_CALLS.replace("100000910", "130000910")
        bad = self._upload(calls + "TRL0009000131\r\n", "2", source)
        self._run_cron("process")
        self.assertEqual((good.state, bad.state), ("processed", "failed"))

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
import json
from datetime import datetime, timedelta

from lxml import html

from odoo.tests import tagged
from odoo.tools.pdf import PdfReader

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from . import test_invoicing
from .common import TelecomCommon
from .test_rating import row

LISTED = ["+34 912 00 00 01", "+34 600 00 00 99"]


@tagged("post_install", "-at_install")
class TestAnnex(TelecomCommon, AccountTestInvoicingCommon):
    """The call detail behind an invoice, on paper."""

    _invoice = test_invoicing.TestInvoicing._invoice

    @classmethod
    def _telecom_company(cls, name):
        return test_invoicing.TestInvoicing._telecom_company.__func__(cls, name)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["telecom.rate"].create(
            {"tariff_id": cls.tariff.id, "category": "short", "price": 0.1}
        )
        cls.number.label = "Reception"
        cls._forget_marks()

    def _page(self, move):
        reports = self.env["ir.actions.report"].with_context(lang="en_US")
        content, kind = reports._render_qweb_html("account.account_invoices", move.ids)
        self.assertEqual(kind, "html")
        return html.fromstring(content)

    def _rows(self, move):
        """Texts of the rows of the call detail."""
        rows = self._page(move).xpath(
            "//table[contains(@class, 'o_telecom_annex_table')]/tbody/tr"
        )
        return [
            [" ".join(cell.text_content().split()) for cell in line.xpath("td")]
            for line in rows
        ]

    def test_rows_and_totals(self):
        self._process(
            row("A1", seconds=61),
            row("A2", called="600000099", seconds=30, start="2026-10-05 23:30:00"),
            row("A3", called="11888", seconds=60, start="2026-10-06 00:30:00"),
        )
        self.assertEqual(
            self._rows(self._invoice()),
            [
                [
                    "10/05/2026",
                    "10:00:00",
                    "+34 912 00 00 01",
                    "Spain, landline",
                    "0:01:01",
                    "0.090",
                ],
                [
                    "10/05/2026",
                    "23:30:00",
                    "+34 600 00 00 99",
                    "Spain, mobile",
                    "0:00:30",
                    "0.045",
                ],
                [
                    "10/06/2026",
                    "00:30:00",
                    "11888",
                    "Spain, short codes",
                    "0:01:00",
                    "0.100",
                ],
                ["3 calls", "0:02:31", "0.235"],
            ],
        )

    def test_one_section_for_each_number(self):
        self._create_number("+34910000002", self.customer)
        self._process(row("N1"), row("N2", caller="910000002"))
        page = self._page(self._invoice())
        annex = page.xpath("//div[contains(@class, 'o_telecom_annex')]")[0]
        names = [h.text_content().strip() for h in annex.xpath(".//h5")]
        self.assertEqual(names, ["+34 910 00 00 01 (Reception)", "+34 910 00 00 02"])
        self.assertEqual(len(annex.xpath(".//table")), 2)

    def test_help_lines_are_never_itemised(self):
        """Their cost is in the sum of the line, their name nowhere."""
        self._process(
            row("H1"),
            row("H2", called="112"),
            row("H3", called="016"),
            row("H4", called="024"),
            row("H5", called="116111"),
        )
        self.assertEqual(
            self._calls().destination_id.mapped("never_itemised").count(True), 4
        )
        move = self._invoice()
        rows = self._rows(move)
        self.assertEqual([cells[2] for cells in rows[:-1]], ["+34 912 00 00 01"])
        text = self._page(move).text_content()
        for word in ("violence", "emergency", "suicide", "116111", "116 111"):
            self.assertNotIn(word, text)
        self.assertEqual(move.telecom_call_count, 5)

    def test_withheld_callers_stay_withheld(self):
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "direction": "incoming", "price": 0.01}
        )
        self.format.direction_rules = json.dumps(
            [{"column": "called", "pattern": "^910000001$", "direction": "incoming"}]
        )
        self._process(
            row("W1", caller="anonymous", called="910000001"),
            row(
                "W2",
                caller="600000098",
                called="910000001",
                start="2026-10-06 10:00:00",
            ),
        )
        self.assertEqual(
            [cells[2] for cells in self._rows(self._invoice())[:-1]],
            ["from withheld", "from +34 600 00 00 98"],
        )

    def test_a_number_that_is_known_but_withheld_is_not_printed(self):
        """Some carriers give the number with a flag: it must not leak."""
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "direction": "incoming", "price": 0.01}
        )
        self.format.direction_default = "incoming"
        self._process(row("W3", caller="600000098", called="910000001"))
        self.env.cr.execute(
            "UPDATE telecom_call SET is_withheld = TRUE WHERE id = %s",
            self._calls().ids,
        )
        self.env.invalidate_all()
        move = self._invoice()
        self.assertIn("withheld", self._rows(move)[0][2])
        self.assertNotIn("600 00 00 98", self._page(move).text_content())

    def test_costs_are_not_on_it(self):
        self._process(row("C1", amount="0.0123"))
        self.assertNotIn("0.0123", self._page(self._invoice()).text_content())

    def test_covered_calls_show_what_the_bundle_took(self):
        self._give_bundle(self._create_bundle("B", {"seconds": 60}), self.customer)
        self._process(row("B1", seconds=90))
        rows = self._rows(self._invoice())
        self.assertEqual(rows[0][4:], ["0:01:30", "0:01:00", "0.07"])
        self.assertEqual(rows[1], ["1 calls", "0:01:30", "0:01:00", "0.07"])

    def _rate_of(self, category):
        return self.tariff.rate_ids.filtered(lambda rate: rate.category == category)

    def test_calls_that_are_not_listed_are_summed_up(self):
        """0.09 + 0.045 listed, 0.10 + 0.10 not: the section comes to all of it."""
        self._rate_of("short").show_in_detail = False
        self._process(
            row("O1", seconds=61),
            row("O2", called="600000099", seconds=30, start="2026-10-05 11:00:00"),
            row("O3", called="11888", seconds=61, start="2026-10-05 12:00:00"),
            row("O4", called="11888", seconds=30, start="2026-10-05 13:00:00"),
        )
        self.assertEqual(self._calls().mapped("price"), [0.09, 0.045, 0.1017, 0.05])
        move = self._invoice()
        self.assertEqual((move.amount_untaxed, move.telecom_call_count), (0.29, 4))
        rows = self._rows(move)
        self.assertEqual([cells[2] for cells in rows[:2]], LISTED)
        self.assertEqual(
            rows[2:],
            [
                ["Other calls: 2", "0:01:31", "0.1517"],
                ["4 calls", "0:03:02", "0.2867"],
            ],
        )

    def test_a_number_with_nothing_to_list(self):
        self._rate_of("landline").show_in_detail = False
        self._give_bundle(self._create_bundle("B", {"seconds": 60}), self.customer)
        self._process(row("O5", seconds=90))
        self.assertEqual(
            self._rows(self._invoice()),
            [
                ["Other calls: 1", "0:01:30", "0:01:00", "0.07"],
                ["1 calls", "0:01:30", "0:01:00", "0.07"],
            ],
        )

    def test_help_lines_are_not_among_the_others(self):
        self._rate_of("short").show_in_detail = False
        self._process(row("O6"), row("O7", called="016"))
        rows = self._rows(self._invoice())
        self.assertEqual([cells[0] for cells in rows[1:]], ["1 calls"])

    def test_the_label_of_the_rate_stands_for_the_destination(self):
        self._rate_of("landline").label = "<b>Fixed</b> lines"
        self._process(
            row("O8"), row("O9", called="600000099", start="2026-10-06 10:00:00")
        )
        move = self._invoice()
        self.assertEqual(
            [cells[3] for cells in self._rows(move)[:-1]],
            ["<b>Fixed</b> lines", "Spain, mobile"],
        )

    def test_labels_speak_the_language_of_the_invoice(self):
        self.env["res.lang"]._activate_lang("es_ES")
        rate = self._rate_of("landline")
        rate.label = "Fixed lines"
        rate.with_context(lang="es_ES").label = "Fijos"
        self._process(row("O9"))
        move = self._invoice().with_context(lang="es_ES")
        [section] = move._telecom_annex()
        self.assertEqual(section["rows"][0]["destination"], "Fijos")

    def test_hostile_text_stays_text(self):
        self.number.label = "<script>alert(1)</script>"
        self._process(row("X1"))
        reports = self.env["ir.actions.report"]
        content, _kind = reports._render_qweb_html(
            "account.account_invoices", self._invoice().ids
        )
        self.assertNotIn(b"<script>alert(1)", content)
        self.assertIn(b"&lt;script&gt;alert(1)", content)

    def test_invoices_without_calls_have_no_annex(self):
        self._give_bundle(self._create_bundle("B", {"seconds": 60}), self.customer)
        move = self._invoice()
        self.assertTrue(move.invoice_line_ids)
        self.assertFalse(self._rows(move))

    def test_pdf_of_two_thousand_calls(self):
        start = datetime.fromisoformat("2026-10-01")
        self._process(
            *(
                row(
                    f"T{i}", called="600000099", start=start + timedelta(minutes=20 * i)
                )
                for i in range(2_000)
            )
        )
        move = self._invoice(is_posted=True)
        self.assertEqual((move.amount_untaxed, move.telecom_call_count), (180, 2_000))
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        content, kind = reports._render_qweb_pdf("account.account_invoices", move.ids)
        self.assertEqual(kind, "pdf")
        pages = PdfReader(io.BytesIO(content)).pages
        self.assertGreater(len(pages), 20)
        text = " ".join("".join(p.extract_text() for p in pages[:3]).split())
        self.assertIn("Call detail", text)
        self.assertIn("+34 600 00 00 99", text)

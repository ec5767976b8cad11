# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a customer gets of the calls of an invoice: in it, as files, and by mail."""

import csv
import io
import json

import openpyxl
from lxml import html
from psycopg2.errors import CheckViolation, UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfReader

from .common import READER
from .invoicing_common import FIRST, LAST, TelecomInvoicingCommon
from .test_rating import row

SHOWN = "+34 600 00 00 99"
HIDDEN = "+34 600 00 0x xx"


class DetailCommon(TelecomInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["telecom.rate"].create(
            {"tariff_id": cls.tariff.id, "category": "short", "price": 0.1}
        )
        cls.number.label = "Reception"
        cls.customer.email = "customer@example.com"
        cls._forget_marks()

    def _invoice(self, *rows):
        self._process(*(rows or self._some_calls()))
        invoicing = self.env["telecom.invoicing"].with_company(self.company)
        moves = invoicing._invoice(self.customer, FIRST, LAST)
        moves.invoice_date = LAST
        moves.action_post()
        return moves

    def _some_calls(self):
        """Landline 0.09, mobile 0.045, short code 0.10, a help line 0.10."""
        return [
            row("D1", seconds=61),
            row("D2", called="600000099", seconds=30, start="2026-10-05 23:30:00"),
            row("D3", called="11888", seconds=60, start="2026-10-06 00:30:00"),
            row("D4", called="016", seconds=60, start="2026-10-06 00:40:00"),
        ]

    def _layout(self, *columns, **values):
        layout = self.env["telecom.detail.layout"].create(
            {
                "name": "Own",
                "company_id": self.company.id,
                "column_ids": [
                    Command.create({"sequence": place, "column": column})
                    for place, column in enumerate(columns, 1)
                ]
                or False,
                **values,
            }
        )
        self.company.telecom_detail_layout_id = layout
        return layout

    def _file(self, move, kind):
        target = io.BytesIO()
        move._write_telecom_detail(kind, target)
        return target.getvalue()

    def _csv(self, move, delimiter=","):
        text = self._file(move, "csv").decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))

    def _xlsx(self, move):
        book = openpyxl.load_workbook(io.BytesIO(self._file(move, "xlsx")))
        return [[cell.value for cell in line] for line in book.active.iter_rows()]

    def _annex(self, move, xpath="//table[contains(@class,'o_telecom_annex_table')]"):
        reports = self.env["ir.actions.report"].with_context(lang="en_US")
        content, _kind = reports._render_qweb_html("account.account_invoices", move.ids)
        return html.fromstring(content).xpath(xpath)

    def _pdf_text(self, report, records):
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        content, kind = reports._render_qweb_pdf(report, records.ids)
        self.assertEqual(kind, "pdf")
        pages = PdfReader(io.BytesIO(content)).pages
        return " ".join("".join(page.extract_text() for page in pages).split())


@tagged("post_install", "-at_install")
class TestCallDetail(DetailCommon):
    def test_csv_of_an_invoice(self):
        self.assertEqual(
            self._csv(self._invoice()),
            [
                [
                    "Own number",
                    "Date",
                    "Time of day",
                    "Number",
                    "Destination",
                    "Duration",
                    "From bundle",
                    "Price",
                ],
                [
                    "+34 910 00 00 01",
                    "2026-10-05",
                    "10:00:00",
                    "+34 912 00 00 01",
                    "Spain, landline",
                    "0:01:01",
                    "",
                    "0.09",
                ],
                [
                    "+34 910 00 00 01",
                    "2026-10-05",
                    "23:30:00",
                    SHOWN,
                    "Spain, mobile",
                    "0:00:30",
                    "",
                    "0.045",
                ],
                [
                    "+34 910 00 00 01",
                    "2026-10-06",
                    "00:30:00",
                    "11888",
                    "Spain, short codes",
                    "0:01:00",
                    "",
                    "0.10",
                ],
            ],
        )

    def test_spreadsheets_of_the_customer_s_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.customer.lang = "es_ES"
        rows = self._csv(self._invoice(row("L1", seconds=61)), delimiter=";")
        self.assertEqual(rows[1][-1], "0,09")

    def test_xlsx_has_numbers_dates_and_durations(self):
        rows = self._xlsx(self._invoice(row("X1", seconds=61)))
        self.assertEqual(rows[0][-1], "Price")
        self.assertEqual(
            [str(value) for value in rows[1][1:6]],
            [
                "2026-10-05 00:00:00",
                "10:00:00",
                "+34 912 00 00 01",
                "Spain, landline",
                "0:01:01",
            ],
        )
        self.assertEqual(rows[1][-1], 0.09)

    def test_no_cell_is_a_formula(self):
        self.number.label = "=1+1"
        self._layout("label", "other", "price", group_by="none")
        self.format.direction_default = "outgoing"
        move = self._invoice(row("F1"))
        self.assertEqual(self._csv(move)[1][0], "'=1+1")
        self.assertEqual(self._xlsx(move)[1][0], "'=1+1")
        self.assertEqual(self._csv(move)[1][1], "+34 912 00 00 01")

    def test_help_lines_costs_and_carriers_are_in_no_form(self):
        self.carrier.name = "Secret Carrier"
        self.customer.telecom_detail_attachment = "csv"
        move = self._invoice(*self._some_calls(), row("D5", amount="0.0123"))
        forms = [
            self._file(move, "csv").decode(),
            str(self._xlsx(move)),
            self._pdf_text("telecom_cdr.action_report_call_detail", move),
        ]
        for text in forms:
            self.assertIn("11888", text)
            for word in ("016", "violence", "0.0123", "Secret"):
                self.assertNotIn(word, text)

    def test_lines_of_the_invoice_do_not_name_help_lines_either(self):
        for line_by, names in (
            ("destination", {"Spain, landline", "Spain, mobile", "Spain, short codes"}),
            ("label", {"Spain, landline", "Spain, mobile", "Spain, short codes"}),
        ):
            shape = self.env["telecom.invoice.shape"].create(
                {"name": line_by, "line_by": line_by, "company_id": self.company.id}
            )
            self.company.telecom_invoice_shape_id = shape
            move = self._invoice(
                *(line.replace("D", line_by) for line in self._some_calls())
            )
            text = " ".join(move.invoice_line_ids.mapped("name"))
            self.assertEqual(len(move.invoice_line_ids), 4)
            for name in names:
                self.assertIn(name, text)
            self.assertNotIn("016", text)
            self.assertNotIn("violence", text)

    def test_withheld_callers_are_in_no_form(self):
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "direction": "incoming", "price": 0.01}
        )
        self.format.direction_default = "incoming"
        self._process(row("W1", caller="600000098", called="910000001"))
        self.env.cr.execute(
            "UPDATE telecom_call SET is_withheld = TRUE WHERE id = %s",
            self._calls().ids,
        )
        move = self._invoice(row("W2", caller="600000097", called="910000001"))
        for text in (
            self._file(move, "csv").decode(),
            str(self._xlsx(move)),
            self._pdf_text("account.account_invoices", move),
        ):
            self.assertIn("from withheld", text)
            self.assertIn("from +34 600 00 00 97", text)
            self.assertNotIn("600 00 00 98", text)

    def test_hidden_digits_in_every_form(self):
        """Of a short code what tells the destination stays: 1, in Spain's 341."""
        self.customer.telecom_hidden_digits = 3
        move = self._invoice()
        for text in (
            self._file(move, "csv").decode(),
            str(self._xlsx(move)),
            self._pdf_text("telecom_cdr.action_report_call_detail", move),
            self._pdf_text("account.account_invoices", move),
        ):
            self.assertIn(HIDDEN, text)
            self.assertIn("11xxx", text)
            for number in (SHOWN, "600000099", "912 00 00 01", "912000001"):
                self.assertNotIn(number, text)
            self.assertIn("+34 910 00 00 01", text)  # the customer's own

    def test_hidden_digits_of_callers(self):
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "direction": "incoming", "price": 0.01}
        )
        self.format.direction_default = "incoming"
        self.customer.telecom_hidden_digits = 3
        move = self._invoice(row("H1", caller="600000098", called="910000001"))
        self.assertEqual(self._csv(move)[1][3], f"from {HIDDEN}")

    def test_hidden_digits_are_a_number_that_can_be(self):
        for digits in (-1, 16):
            with (
                self.assertRaises(CheckViolation),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                self.customer.telecom_hidden_digits = digits
                self.customer.flush_recordset()

    def _accountant(self, company=None):
        return new_test_user(
            self.env,
            f"accountant-{(company or self.company).id}",
            groups=READER,
            company_id=(company or self.company).id,
            company_ids=[Command.set((company or self.company).ids)],
        )

    # === BY MAIL === #

    def _send(self, move, **values):
        user = self._accountant()
        wizard = (
            self.env["account.move.send.wizard"]
            .with_user(user)
            .with_context(
                active_model="account.move",
                active_ids=move.ids,
                allowed_company_ids=self.company.ids,
            )
            .create({"sending_methods": ["email"], **values})
        )
        names = [item["name"] for item in wizard.mail_attachments_widget]
        wizard.action_send_and_print()
        message = self.env["mail.message"].search(
            [("model", "=", "account.move"), ("res_id", "=", move.id)], limit=1
        )
        return names, {one.name: one.raw for one in message.attachment_ids}

    def test_goes_with_the_mail_as_the_customer_wants_it(self):
        self.company.telecom_detail_attachment = "xlsx"
        self.customer.telecom_detail_attachment = "csv"
        self.customer.telecom_hidden_digits = 3
        move = self._invoice()
        name = f"{move.name.replace('/', '_')}_calls.csv"
        names, files = self._send(move)
        self.assertIn(name, names)
        self.assertIn(name, files)
        self.assertEqual(len(files), 2)
        text = files[name].decode()
        self.assertIn(HIDDEN, text)
        self.assertNotIn("016", text)
        self.assertEqual(move.telecom_detail_id.name, name)

    def test_the_company_says_which_file_goes(self):
        self.company.telecom_detail_attachment = "xlsx"
        names, files = self._send(self._invoice())
        self.assertEqual([n.rpartition(".")[2] for n in names], ["pdf", "xlsx"])
        self.assertEqual(sorted(n.rpartition(".")[2] for n in files), ["pdf", "xlsx"])

    def test_nothing_goes_where_nobody_asked_for_it(self):
        self.company.telecom_detail_attachment = "pdf"
        self.customer.telecom_detail_attachment = "none"
        names, files = self._send(self._invoice())
        self.assertEqual((len(names), len(files)), (1, 1))

    def test_an_invoice_without_calls_has_no_file(self):
        self.company.telecom_detail_attachment = "csv"
        self._give_bundle(self._create_bundle("B", {"seconds": 60}), self.customer)
        invoicing = self.env["telecom.invoicing"].with_company(self.company)
        move = invoicing._invoice(self.customer, FIRST, LAST)
        move.action_post()
        self.assertEqual(len(self._send(move)[1]), 1)

    def test_a_draft_has_no_file_any_more(self):
        self.customer.telecom_detail_attachment = "csv"
        move = self._invoice()
        self._send(move)
        move.button_draft()
        move.invalidate_recordset()
        self.assertFalse(move.telecom_detail_id)

    # === BY A BUTTON === #

    def test_attached_by_a_button(self):
        move = self._invoice()
        user = self._accountant()
        action = move.with_user(user).action_telecom_detail()
        form = Form(
            self.env["telecom.detail.wizard"]
            .with_user(user)
            .with_context(**action["context"])
        )
        form.kind = "csv"
        wizard = form.save()
        wizard.action_attach()
        first = move.telecom_detail_id
        self.assertIn(SHOWN, first.raw.decode())
        wizard.kind = "xlsx"
        wizard.action_attach()
        self.assertEqual(move.telecom_detail_id.mimetype.rpartition(".")[2], "sheet")
        self.assertFalse(first.exists())

    def test_the_neighbour_gets_nothing(self):
        move = self._invoice()
        other = self.env["res.company"].create({"name": "Neighbour"})
        stranger = self._accountant(other)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base"):
            move.with_user(stranger)._write_telecom_detail("csv", io.BytesIO())
        layout = self._layout()
        with self.assertRaises(AccessError):
            layout.with_user(stranger).read(["name"])
        with self.assertRaises(AccessError):
            layout.with_user(stranger).write({"name": "Mine"})

    # === LAYOUT === #

    def test_columns_in_the_order_that_an_accountant_says(self):
        user = self._accountant()
        form = Form(
            self.env["telecom.detail.layout"].with_user(user).with_company(self.company)
        )
        form.name = "Short"
        self.assertEqual(len(form.column_ids), 7)
        while len(form.column_ids):
            form.column_ids.remove(0)
        for place, column in enumerate(("price", "other", "duration")):
            with form.column_ids.new() as line:
                line.sequence = place
                line.column = column
                line.title = "Whom" if column == "other" else False
        layout = form.save()
        self.company.telecom_detail_layout_id = layout
        move = self._invoice()
        titles = self._annex(move, "//thead/tr/th[not(@name)]/text()")
        self.assertEqual(titles[-3:], ["Price", "Whom", "Duration"])
        [table] = self._annex(move)
        last = [cell.text_content() for cell in table.xpath("tbody/tr[last()]/td")]
        self.assertEqual(last, ["3 calls: 0.235", "", "0:02:31"])
        self.assertEqual(
            self._csv(move)[1],
            ["+34 910 00 00 01", "0.09", "+34 912 00 00 01", "0:01:01"],
        )

    def _section_names(self, **values):
        self._layout("other", "duration", "price", **values)
        other = self._create_number("+34910000002", self.customer)
        self.number.department_id, other.department_id = self.env[
            "telecom.department"
        ].create(
            [
                {"name": name, "partner_id": self.customer.id}
                for name in ("Sales", "Care")
            ]
        )
        move = self._invoice(
            *self._some_calls(),
            row("G1", caller="910000002", start="2026-10-06 09:00:00"),
        )
        return [
            (section["name"], len(section["rows"])) for section in move._telecom_annex()
        ]

    def test_grouped_by_department(self):
        self.assertEqual(
            self._section_names(group_by="department"), [("Care", 1), ("Sales", 3)]
        )

    def test_grouped_by_day(self):
        self.assertEqual(
            self._section_names(group_by="day"), [("10/05/2026", 2), ("10/06/2026", 2)]
        )

    def test_grouped_by_category(self):
        self.assertEqual(
            self._section_names(group_by="category"),
            [("Landline", 2), ("Mobile", 1), ("Short code", 1)],
        )

    def test_grouped_by_destination(self):
        self.assertEqual(
            self._section_names(group_by="destination"),
            [("Spain, landline", 2), ("Spain, mobile", 1), ("Spain, short codes", 1)],
        )

    def test_not_grouped(self):
        self.assertEqual(self._section_names(group_by="none"), [("", 4)])

    def test_categories_that_are_summed_up_coloured_or_bold(self):
        layout = self._layout(bold_seconds=61, bold_amount=0.1)
        layout.category_ids = [
            Command.create({"category": "mobile", "is_listed": False}),
            Command.create({"category": "short", "color": "#aa0000"}),
        ]
        move = self._invoice()
        [table] = self._annex(move)
        lines = [
            (line.get("class"), line.get("style"), line.xpath("td")[0].text_content())
            for line in table.xpath("tbody/tr")
        ]
        self.assertEqual(
            lines,
            [
                ("o_telecom_bold", None, "10/05/2026"),
                ("o_telecom_bold", "color: #aa0000", "10/06/2026"),
                ("o_telecom_annex_others", None, "Mobile: 1 calls"),
                ("border-top fw-bold", None, "3 calls"),
            ],
        )
        rows = self._csv(move)
        self.assertEqual(len(rows), 4)
        self.assertEqual(
            rows[-1], ["Mobile: 1 calls", "", "", "", "", "0:00:30", "0:00:00", "0.045"]
        )

    def test_rates_that_are_not_in_detail_are_summed_up_by_their_label(self):
        rates = self.tariff.rate_ids
        for category, label in (
            ("landline", "Flat"),
            ("mobile", "Flat"),
            ("short", ""),
        ):
            rate = rates.filtered(lambda one: one.category == category)  # noqa: B023
            rate.write({"label": label, "show_in_detail": False})
        rows = self._csv(self._invoice())[1:]
        self.assertEqual(
            [(line[0], line[5], line[-1]) for line in rows],
            [
                ("Other calls: 1", "0:01:00", "0.10"),
                ("Flat: 2 calls", "0:01:31", "0.135"),
            ],
        )

    def test_texts_around_in_the_customer_s_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        layout = self._layout(head="<p>Ask us.</p>", foot="<p>Thank you.</p>")
        layout.with_context(lang="es_ES").write(
            {"head": "<p>Consulte.</p>", "foot": "<p>Gracias.</p>"}
        )
        self.customer.lang = "es_ES"
        text = self._pdf_text("account.account_invoices", self._invoice())
        self.assertIn("Consulte.", text)
        self.assertIn("Gracias.", text)
        self.assertNotIn("Ask us.", text)

    def test_the_invoice_may_go_without_its_calls(self):
        self._layout(has_annex=False)
        move = self._invoice()
        self.assertFalse(self._annex(move))
        self.assertEqual(len(self._csv(move)), 4)

    def test_the_customer_s_own_layout(self):
        layout = self._layout("other", "price", group_by="none")
        self.company.telecom_detail_layout_id = False
        self.customer.with_company(self.company).telecom_detail_layout_id = layout
        self.assertEqual(self._csv(self._invoice())[0], ["Number", "Price"])

    def test_refused_settings(self):
        layout = self._layout()
        red = Command.create({"category": "mobile", "color": "red"})
        for values, error in (
            ({"bold_seconds": -1}, CheckViolation),
            ({"category_ids": [red]}, ValidationError),
            ({"column_ids": [Command.create({"column": "day"})] * 2}, UniqueViolation),
        ):
            with (
                self.assertRaises(error),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                layout.write(values)
                layout.flush_recordset()

    def test_long_lists_are_in_several_tables(self):
        """wkhtmltopdf gets slower with the square of a table's rows."""
        move = self._invoice(
            *(
                row(f"T{i}", start=f"2026-10-05 {i // 60:02}:{i % 60:02}:00")
                for i in range(501)
            )
        )
        tables = self._annex(move)
        self.assertEqual([len(table.xpath("tbody/tr")) for table in tables], [500, 2])


@tagged("post_install", "-at_install")
class TestCallDetailDownload(DetailCommon, HttpCase):
    def test_download(self):
        move = self._invoice()
        self._new_user("detail-reader", READER, password="detail-reader")
        self.authenticate("detail-reader", "detail-reader")
        answer = self.url_open(f"/telecom_cdr/detail/{move.id}/csv")
        self.assertIn(SHOWN, answer.content.decode())
        self.assertIn("_calls.csv", answer.headers["Content-Disposition"])
        self.assertEqual(
            self.url_open(f"/telecom_cdr/detail/{move.id}/doc").status_code, 404
        )
        new_test_user(self.env, "seller", groups="base.group_user", password="seller00")
        self.authenticate("seller", "seller00")
        with mute_logger("odoo.http"):
            answer = self.url_open(f"/telecom_cdr/detail/{move.id}/csv")
        self.assertEqual(answer.status_code, 403)


@tagged("post_install", "-at_install")
class TestDirections(DetailCommon):
    def test_direction_column(self):
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "direction": "incoming", "price": 0.01}
        )
        self.format.direction_rules = json.dumps(
            [{"column": "called", "pattern": "^910000001$", "direction": "incoming"}]
        )
        self._layout("direction", "price", group_by="none")
        move = self._invoice(
            row("I1"),
            row(
                "I2",
                caller="600000098",
                called="910000001",
                start="2026-10-06 10:00:00",
            ),
        )
        self.assertEqual(
            self._csv(move)[1:], [["Outgoing", "0.07"], ["Incoming", "0.01"]]
        )

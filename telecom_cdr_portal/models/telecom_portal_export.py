# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import csv
import io
import re
from dataclasses import replace

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from odoo import api, models
from odoo.tools import get_lang

from ..parameters import CallFilter
from .telecom_portal_calls import CallRow

EXPORT_LIMIT = 50_000
# Paper is for reading: these are some forty pages.
PDF_LIMIT = 2_000
COLUMN_WIDTHS = (20, 10, 10, 28, 20, 28, 10, 10, 12, 12, 12, 9, 18)
SECONDS_COLUMNS = (7, 8, 9)
AMOUNT_COLUMN = 10
EXPORT_STEP = 2_000
# Digits and spaces behind a plus are no formula, whatever opens the file.
PHONE_NUMBER = re.compile(r"\+\d[\dx ]{0,24}", re.ASCII)
RISKY_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class TelecomPortalExport(models.AbstractModel):
    """Calls as a file."""

    _name = "telecom.portal.export"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: Files"

    @api.model
    def _file(self, calls: CallFilter, kind: str) -> bytes | None:
        """All calls of a filter as a file; None where they are too many for it.

        :param kind: csv, xlsx or pdf
        """
        makers = {"csv": self._export, "xlsx": self._export_xlsx}
        return makers.get(kind, self._export_pdf)(calls)

    @api.model
    def _export(self, calls: CallFilter) -> bytes | None:
        """All calls of a filter as CSV bytes; None where they are too many.

        In the spelling of the user's spreadsheet: where decimals have a comma, a
        semicolon parts the columns.
        """
        rows = self._export_rows(calls)
        if rows is None:
            return None
        text = io.StringIO()
        decimal_point = get_lang(self.env).decimal_point
        delimiter = ";" if decimal_point == "," else ","
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow([safe_text(title) for title in self._export_titles()])
        names = self._names(rows)
        for row in rows:
            writer.writerow(self._export_line(row, names, decimal_point))
        # The mark at the start tells spreadsheets that it is UTF-8.
        return text.getvalue().encode("utf-8-sig")

    @api.model
    def _export_xlsx(self, calls: CallFilter) -> bytes | None:
        """The same as a sheet of Excel: amounts and seconds as numbers."""
        rows = self._export_rows(calls)
        if rows is None:
            return None
        target = io.BytesIO()
        options = {"constant_memory": True, "strings_to_formulas": False}
        options |= {"strings_to_urls": False}
        with xlsxwriter.Workbook(target, options) as book:
            page = book.add_worksheet()
            page.freeze_panes(1, 0)
            for place, width in enumerate(COLUMN_WIDTHS):
                page.set_column(place, place, width)
            bold = book.add_format({"bold": True})
            money = book.add_format({"num_format": "0.00####"})
            titles = [safe_text(title) for title in self._export_titles()]
            page.write_row(0, 0, titles, bold)
            names = self._names(rows)
            for line, row in enumerate(rows, start=1):
                self._write_sheet_line(page, line, row, names, money)
        return target.getvalue()

    @api.model
    def _write_sheet_line(
        self, page: Worksheet, line: int, row: CallRow, names: dict, money: Format
    ) -> None:
        values = self._export_line(row, names, ".")
        for place, value in enumerate(values):
            if place in SECONDS_COLUMNS:
                page.write_number(line, place, value)
            elif place == AMOUNT_COLUMN and value:
                page.write_number(line, place, float(value), money)
            else:
                page.write_string(line, place, str(value))

    @api.model
    def _export_pdf(self, calls: CallFilter) -> bytes | None:
        """The same on paper, with what they come to."""
        rows = self._export_rows(calls, PDF_LIMIT)
        if rows is None:
            return None
        sums = self._summed_rows(calls, [], self._listed_sql(calls))
        values = {
            "calls": self._shown_calls(rows),
            "sums": " · ".join(self._totals_texts(self._add_up(sums))),
            "customer": self._payer().display_name,
            "zone_text": self.env._("Times of %s.", self._zone().key),
            "company": self.env.user.company_id.sudo(),
        }
        reports = self.env["ir.actions.report"].sudo()
        content, _kind = reports._render_qweb_pdf(
            "telecom_cdr_portal.action_report_calls", self._payer().ids, values
        )
        return content

    @api.model
    def _export_rows(
        self, calls: CallFilter, limit: int | None = None
    ) -> list[CallRow] | None:
        """All calls of a filter in the order of time; None: more than the limit."""
        rows, key = [], None
        calls = replace(calls, order_by="start")
        while True:
            page = self._page(calls, key, size=EXPORT_STEP)
            rows += page.rows
            if len(rows) > (limit or EXPORT_LIMIT):
                return None
            key = page.after
            if key is None:
                return rows

    @api.model
    def _export_titles(self) -> list[str]:
        return [
            self.env._("Start (%s)", self._zone().key),
            self.env._("Direction"),
            self.env._("Service"),
            self.env._("Own number"),
            self.env._("Other number"),
            self.env._("Destination"),
            self.env._("Duration"),
            self.env._("Seconds"),
            self.env._("Seconds from bundles"),
            self.env._("Bytes"),
            self.env._("Amount"),
            self.env._("Currency"),
            self.env._("Status"),
        ]

    @api.model
    def _export_line(self, row: CallRow, names: dict, decimal_point: str) -> list:
        local = self._local(row.start_at)
        currency = names["currency_id"][row.currency_id]
        words = [
            names["direction"].get(row.direction),
            names["service"].get(row.service),
            names["number_id"].get(row.number_id),
            self._other_text(row),
            self._place_text(row, names),
        ]
        return [
            f"{local:%Y-%m-%d %H:%M:%S}",
            *(safe_text(word or "") for word in words),
            self._duration_text(row.duration),
            row.duration or 0,
            row.bundle_duration or 0,
            row.volume or 0,
            _plain_amount(row.price, decimal_point),
            currency.name if row.price is not None else "",
            safe_text(self._status(row)[1]),
        ]


def safe_text(text: object) -> str:
    """A text that no spreadsheet takes for a formula.

    A telephone number (+34 600 00 00 01) stays as it is read; all else that begins
    like a formula gets an apostrophe in front.
    """
    text = str(text)
    if text.startswith(RISKY_STARTS) and not PHONE_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _plain_amount(price: str | None, decimal_point: str) -> str:
    """An amount without symbol: 0.0340 as 0.034, with the user's decimal mark."""
    if price is None:
        return ""
    whole, _, decimals = price.partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    return f"{whole}{decimal_point}{decimals}"

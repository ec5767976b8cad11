# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The calls of a bill as CSV and XLSX: bounded memory, the customer's language."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from typing import BinaryIO

import xlsxwriter

from odoo.tools import get_lang

from ..engine.masking import SIGN
from ..parsers.rate_sheets.names import FORMULA_SIGNS
from .detail_calls import Bill, billed_calls
from .detail_words import DetailSums, DetailWords, Value, hms_of

MIME_TYPES = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SHEET_ROWS = 1_000_000
# A number is no formula: digits, also hidden ones, after a plus.
NUMBER = re.compile(rf"\+[0-9 {SIGN}-]+")
NUMBER_FORMATS = {
    date: "yyyy-mm-dd",
    time: "hh:mm:ss",
    timedelta: "[h]:mm:ss",
    Decimal: "0.00####",
}


def write_detail(bill: Bill, kind: str, target: BinaryIO) -> None:
    """Write the calls of a bill: those in detail, then a row for each sum of others.

    :param kind: csv or xlsx
    """
    columns = bill.layout._file_columns()
    titles, rows = list(columns.values()), _rows(bill, list(columns))
    if kind == "xlsx":
        _write_xlsx(titles, rows, target)
    else:
        _write_csv(bill, titles, rows, target)


def _rows(bill: Bill, columns: list[str]) -> Iterator[list[Value]]:
    words = DetailWords(bill)
    others: dict[str, DetailSums] = defaultdict(DetailSums)
    for call in billed_calls(bill):
        if words.is_listed(call):
            yield [words.value(column, call) for column in columns]
        else:
            others[words.summed_name(call)].add(call)
    for name, sums in sorted(others.items()):
        yield _summary(columns, words.summed_text(name, sums.calls), sums)


def _summary(columns: list[str], text: str, sums: DetailSums) -> list[Value]:
    """A row of sums; its first column without one says what they are of."""
    values = [sums.value(column) for column in columns]
    if None in values:
        values[values.index(None)] = text
    return values


def _neutral(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    if text.startswith(FORMULA_SIGNS) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text


# === CSV === #


def _write_csv(
    bill: Bill, titles: list[str], rows: Iterator[list[Value]], target: BinaryIO
) -> None:
    """As the customer's spreadsheet wants it: a decimal comma asks for semicolons."""
    point = get_lang(bill.partner.env).decimal_point
    # The mark at the start tells spreadsheets that it is UTF-8.
    text = io.TextIOWrapper(target, "utf-8-sig", newline="")
    writer = csv.writer(
        text, delimiter=";" if point == "," else ",", lineterminator="\r\n"
    )
    writer.writerow([_neutral(title) for title in titles])
    for row in rows:
        writer.writerow([_plain(value, point) for value in row])
    text.flush()
    text.detach()


def _plain(value: Value, point: str) -> str:
    if isinstance(value, Decimal):
        return _plain_amount(value, point)
    if isinstance(value, timedelta):
        return hms_of(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return _neutral(value or "")


def _plain_amount(amount: Decimal, point: str) -> str:
    """0.0340 as 0.034, 2 as 2.00."""
    whole, _point, decimals = f"{amount:f}".partition(".")
    return f"{whole}{point}{decimals.rstrip('0').ljust(2, '0')}"


# === XLSX === #


def _write_xlsx(
    titles: list[str], rows: Iterator[list[Value]], target: BinaryIO
) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False}
    with xlsxwriter.Workbook(target, options) as book:
        formats = {
            kind: book.add_format({"num_format": text})
            for kind, text in NUMBER_FORMATS.items()
        }
        page, line = _new_sheet(book, titles), 1
        for row in rows:
            if line > SHEET_ROWS:
                page, line = _new_sheet(book, titles), 1
            for place, value in enumerate(row):
                _write_cell(page, line, place, value, formats)
            line += 1


def _new_sheet(
    book: xlsxwriter.Workbook, titles: list[str]
) -> xlsxwriter.worksheet.Worksheet:
    page = book.add_worksheet()
    page.freeze_panes(1, 0)
    page.set_column(0, len(titles), 18)
    bold = book.add_format({"bold": True})
    for place, title in enumerate(titles):
        page.write_string(0, place, _neutral(title), bold)
    return page


def _write_cell(
    page: xlsxwriter.worksheet.Worksheet,
    line: int,
    place: int,
    value: Value,
    formats: dict[type, xlsxwriter.format.Format],
) -> None:
    if isinstance(value, Decimal):
        page.write_number(line, place, float(value), formats[Decimal])
    elif isinstance(value, timedelta):
        days = value.total_seconds() / 86_400
        page.write_number(line, place, days, formats[timedelta])
    elif isinstance(value, date | time):
        page.write_datetime(line, place, value, formats[type(value)])
    elif value:
        page.write_string(line, place, _neutral(value))

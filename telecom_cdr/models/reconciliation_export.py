# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The calls that differ, as tables that a carrier reads."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

import xlsxwriter

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ..parsers.rate_sheets.names import FORMULA_SIGNS

FETCHED = 2_000
SHEET_ROWS = 1_000_000
PHONE_NUMBER = re.compile(r"[+]?[0-9*#]*")
NUMBERS = ("seconds_theirs", "seconds_ours", "theirs", "ours", "difference")
COLUMNS = (
    "kind",
    "reference",
    "line",
    "date",
    "time",
    "calling",
    "called",
    *NUMBERS,
)


def difference_rows(
    reconciliation: models.BaseModel, kind: str | None = None, limit: int | None = None
) -> Iterator[dict]:
    """The calls that differ by kind and start, each by COLUMNS.

    Times are by the carrier's clock. The number of a caller who withheld it is left
    out: its own network knows it.
    """
    env = reconciliation.env
    env.flush_all()
    domain = reconciliation._differences_domain()
    if kind:
        domain &= Domain("kind", "=", kind)
    found = env["telecom.file.difference"]._search(domain)
    zone = ZoneInfo(reconciliation.carrier_id.tz or "UTC")
    env.cr.execute(_query(found.subselect(), limit))
    while rows := env.cr.fetchmany(FETCHED):
        yield from (_row(row, zone) for row in rows)


def _query(ids: SQL, limit: int | None) -> SQL:
    return SQL(
        """
        SELECT d.kind, c.id, d.line_number, d.start_at, d.calling_number,
               d.called_number, d.is_withheld, d.seconds_theirs, d.seconds_ours,
               trim_scale(d.amount_theirs)::text, trim_scale(d.amount_ours)::text
          FROM telecom_file_difference d
     LEFT JOIN telecom_call c ON c.identity = d.call_identity
         WHERE d.id IN %s
      ORDER BY d.kind, d.start_at, d.id
         LIMIT %s
        """,
        ids,
        limit,
    )


def _row(row: tuple, zone: ZoneInfo) -> dict:
    """What one call is to the carrier; amounts as Decimal, None where not told."""
    kind, call_id, line, start, calling, called, withheld, *figures = row
    seconds_theirs, seconds_ours, *amounts = figures
    theirs, ours = (Decimal(one or 0) for one in amounts)
    local = start.replace(tzinfo=UTC).astimezone(zone)
    return {
        "kind": kind,
        "reference": call_id or None,
        "line": line or None,
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M:%S}",
        "calling": None if withheld else calling,
        "called": called,
        "seconds_theirs": seconds_theirs if kind in ("extra", "duration") else None,
        "seconds_ours": seconds_ours if kind in ("missing", "duration") else None,
        "theirs": theirs if kind in ("extra", "price") else None,
        "ours": ours if kind in ("missing", "price") else None,
        "difference": theirs - ours if kind != "duration" else None,
    }


def write_csv(rows: Iterable[dict], labels: dict, kinds: dict) -> bytes:
    """Write all rows with the words of their kind."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow([labels[name] for name in COLUMNS])
    for row in rows:
        told = {**row, "kind": kinds[row["kind"]]}
        writer.writerow([_neutral(told[name]) for name in COLUMNS])
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def _neutral(value):
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if not isinstance(value, str):
        return "" if value is None else value
    if PHONE_NUMBER.fullmatch(value) or not value.startswith(FORMULA_SIGNS):
        return value
    return f"'{value}"


def write_xlsx(
    summary: list[list], rows: Iterable[dict], labels: dict, kinds: dict
) -> bytes:
    """Write a sheet of sums, and one of each kind.

    :param summary: rows of cells for the first sheet
    """
    target = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False}
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True})
        _write_summary(book.add_worksheet(), summary, bold)
        page, kind, line = None, None, 0
        for row in rows:
            if row["kind"] != kind or line > SHEET_ROWS:
                kind, line = row["kind"], 2
                page = _new_sheet(book, kinds[kind], labels, bold)
            _write_row(page, line, row, kinds)
            line += 1
    return target.getvalue()


def _write_summary(page, summary, bold):
    page.set_column(0, 0, 40)
    page.set_column(1, 9, 16)
    for line, cells in enumerate(summary):
        for place, cell in enumerate(cells):
            page.write(line, place, cell, bold if line == 0 else None)


def _new_sheet(book, title, labels, bold):
    page = book.add_worksheet()
    page.freeze_panes(2, 0)
    page.set_column(0, len(COLUMNS), 16)
    page.write_string(0, 0, title, bold)
    page.write_row(1, 0, [labels[name] for name in COLUMNS], bold)
    return page


def _write_row(page, line, row, kinds):
    for place, name in enumerate(COLUMNS):
        value = kinds[row[name]] if name == "kind" else row[name]
        if isinstance(value, str):
            page.write_string(line, place, value)
        elif value is not None:
            page.write_number(line, place, float(value))

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What calls come to, as tables that people and other billing systems read.

The calls are those of stored files, or those of a test run in a table that vanishes
with the transaction: the same columns, so the same queries. No cost is in any of them.
"""

import csv
import io
import tempfile
from typing import BinaryIO

import xlsxwriter

from odoo import api, models
from odoo.tools import SQL

from .rate_sheet_export import FORMULA_SIGNS

TABLES = ("customers", "calls")
KINDS = ("customers.csv", "calls.csv", "results.xlsx")
MIME_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SHEET_ROWS = 1_000_000
CELL_CHARACTERS = 32_000
NUMBERS = {"calls", "seconds", "billed_seconds", "bytes", "total", "price"}
ROW_SOURCES = {
    "stored": lambda ids: SQL(
        "(SELECT * FROM telecom_call WHERE file_id = ANY(%s))", list(ids)
    ),
}


def write_results(
    env: api.Environment,
    company: models.BaseModel,
    calls: SQL,
    kind: str,
    target: BinaryIO,
) -> None:
    """Write the results of calls, in bounded memory.

    :param calls: one of ROW_SOURCES
    :param kind: one of KINDS
    """
    if kind == "results.xlsx":
        _write_xlsx(env, company, calls, target)
    else:
        _write_csv(env, company, calls, kind.partition(".")[0], target)


def _write_csv(env, company, calls, table, target, with_detail=True):
    env.flush_all()
    target.write(b"\xef\xbb\xbf")  # so that spreadsheets know the encoding
    if table == "customers":
        rows = _customer_rows(company, calls, with_detail)
    else:
        rows = _call_rows(company, calls)
    query = SQL("COPY (%s) TO STDOUT (FORMAT csv, HEADER)", rows)
    text = env.cr.mogrify(query.code, query.params).decode()
    env.cr.copy_expert(text, target)


def _lines(company: models.BaseModel, calls: SQL) -> SQL:
    """Each call that is charged, with the words of a bill.

    A caller who withheld the number has none. What bills never itemise, or sum up in
    one line, is not listed.
    """
    lang = company.partner_id.lang or "en_US"
    return SQL(
        """
        SELECT c.partner_id, c.currency_id, c.price, c.duration, c.billed_duration,
               c.volume, c.direction, c.service, c.identity,
               %(reference)s AS reference, %(customer)s AS customer,
               %(number)s AS number, %(called)s AS called_number,
               CASE WHEN c.is_withheld AND c.direction = 'incoming' THEN NULL
                    ELSE %(calling)s END AS calling_number,
               c.start_at AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s AS start_local,
               %(place)s AS destination, u.name AS currency,
               d.never_itemised IS NOT TRUE
               AND r.show_in_detail IS NOT FALSE AS is_listed
          FROM %(calls)s c
          JOIN res_partner p ON p.id = c.partner_id
     LEFT JOIN telecom_number n ON n.id = c.number_id
     LEFT JOIN telecom_destination d ON d.id = c.destination_id
     LEFT JOIN telecom_rate r ON r.id = c.rate_id
     LEFT JOIN res_currency u ON u.id = c.currency_id
         WHERE c.rating_state = 'rated'
        """,
        reference=_neutral(SQL("p.ref")),
        customer=_neutral(SQL("p.name")),
        number=_neutral_number(SQL("n.number")),
        called=_neutral_number(SQL("c.called_number")),
        calling=_neutral_number(SQL("c.calling_number")),
        place=_neutral(
            SQL(
                "COALESCE(r.label->>%(lang)s, r.label->>'en_US',"
                " d.name->>%(lang)s, d.name->>'en_US', c.category)",
                lang=lang,
            )
        ),
        tz=company.telecom_tz,
        calls=calls,
    )


def _neutral(value: SQL) -> SQL:
    """A text that no spreadsheet takes for a formula."""
    return SQL(
        "CASE WHEN left(%(v)s, 1) = ANY(%(signs)s) THEN '''' || %(v)s"
        " ELSE COALESCE(%(v)s, '') END",
        v=value,
        signs=list(FORMULA_SIGNS),
    )


def _neutral_number(value: SQL) -> SQL:
    """The same for numbers, of which many begin with a plus; missing ones stay so.

    Who sets a caller's name at a PBX chooses what stands there.
    """
    return SQL(
        "CASE WHEN %(v)s ~ '^[+]?[0-9*#]*x*$' THEN %(v)s"
        " WHEN %(v)s IS NOT NULL THEN %(neutral)s END",
        v=value,
        neutral=_neutral(value),
    )


# One call as a line of a bill.
RENDERED = SQL(
    """
    concat_ws(' ', to_char(l.start_local, 'YYYY-MM-DD HH24:MI:SS'),
              l.calling_number, '->', l.called_number, l.destination,
              CASE l.service
                   WHEN 'data' THEN round(COALESCE(l.volume, 0) / 1000000.0, 1) || ' MB'
                   WHEN 'sms' THEN NULL
                   ELSE (l.duration / 3600) || to_char(
                        make_interval(secs => l.duration %% 3600), ':MI:SS') END,
              trim_scale(l.price))
    """
)


def _customer_rows(company, calls, with_detail=True):
    """A row for each customer and currency, its calls in one cell."""
    detail = SQL(
        """
        , concat_ws(E'\\n',
              string_agg(%(line)s, E'\\n' ORDER BY l.start_local,
                         l.called_number, l.identity)
                  FILTER (WHERE l.is_listed),
              CASE WHEN count(*) FILTER (WHERE NOT l.is_listed) > 0 THEN
                   concat_ws(' ', '+', count(*) FILTER (WHERE NOT l.is_listed),
                   trim_scale(sum(l.price) FILTER (WHERE NOT l.is_listed))) END
          ) AS detail
        """,
        line=RENDERED,
    )
    return SQL(
        """
        SELECT l.reference, l.customer, count(*) AS calls, sum(l.duration) AS seconds,
               trim_scale(sum(l.price)) AS total, l.currency %(detail)s
          FROM (%(lines)s) l
      GROUP BY l.partner_id, l.reference, l.customer, l.currency
      ORDER BY l.reference, l.customer, l.partner_id
        """,
        detail=detail if with_detail else SQL(),
        lines=_lines(company, calls),
    )


def _call_rows(company, calls):
    """A row for each call that bills list; those that they sum up, a row together."""
    return SQL(
        """
        WITH lines AS (%(lines)s)
        SELECT l.reference, l.customer, l.number,
               to_char(l.start_local, 'YYYY-MM-DD HH24:MI:SS') AS start,
               l.calling_number AS "from", l.called_number AS "to", l.destination,
               l.direction, l.service, l.duration AS seconds,
               l.billed_duration AS billed_seconds, l.volume AS bytes,
               trim_scale(l.price) AS price, l.currency, %(line)s AS detail
          FROM lines l WHERE l.is_listed
         UNION ALL
        SELECT l.reference, l.customer, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
               sum(l.duration), sum(l.billed_duration), sum(l.volume),
               trim_scale(sum(l.price)), l.currency, '+ ' || count(*)
          FROM lines l WHERE NOT l.is_listed
      GROUP BY l.partner_id, l.reference, l.customer, l.currency
      ORDER BY reference, customer, start NULLS LAST, "to"
        """,
        line=RENDERED,
        lines=_lines(company, calls),
    )


def _write_xlsx(env, company, calls, target):
    """A sheet of customers and as many of calls as it takes.

    Calls in one cell would be cut: the customers' sheet has none of them.
    """
    options = {"constant_memory": True, "strings_to_formulas": False}
    with xlsxwriter.Workbook(target, options) as book:
        for table in TABLES:
            with tempfile.TemporaryFile() as raw:
                _write_csv(env, company, calls, table, raw, with_detail=False)
                raw.seek(0)
                text = io.TextIOWrapper(raw, "utf-8-sig", newline="")
                _write_sheets(book, table, csv.reader(text))


def _write_sheets(book, table, rows):
    """Write rows under their header, in as many sheets as they need."""
    header = next(rows)
    page = _new_sheet(book, table, header)
    line, number = 1, 1
    for row in rows:
        if line > SHEET_ROWS:
            line, number = 1, number + 1
            page = _new_sheet(book, f"{table} {number}", header)
        _write_cells(page, line, header, row)
        line += 1


def _new_sheet(book, name, header):
    page = book.add_worksheet(name)
    page.freeze_panes(1, 0)
    page.set_column(0, 0, 14)
    page.set_column(1, 1, 30)
    page.set_column(2, len(header), 16)
    page.write_row(0, 0, header, book.add_format({"bold": True}))
    return page


def _write_cells(page, line, header, row):
    for place, (name, text) in enumerate(zip(header, row, strict=False)):
        if text and name in NUMBERS:
            page.write_number(line, place, float(text))
        elif text:
            page.write_string(line, place, text[:CELL_CHARACTERS])

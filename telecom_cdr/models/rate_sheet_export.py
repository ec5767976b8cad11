# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The rates of a tariff as files that an import reads back as they are."""

import csv
import io
from datetime import date, datetime, timedelta
from itertools import compress
from zoneinfo import ZoneInfo

import xlsxwriter

from odoo import api, models
from odoo.tools import SQL

from ..engine.money import format_nano
from ..engine.rate_sheets.targets import ALL
from ..parsers.rate_sheets.names import FORMULA_SIGNS
from .rate_sheet_tables import METHOD_OF_SERVICE

# Fixed words: the import knows them, in whatever language one works.
HEADER = (
    "Destination", "Prefix", "Category", "Time band", "Calling pattern",
    "Called pattern", "Region pattern", "Rule order", "Price per minute",
    "Connection fee", "First price", "Initial increment", "Increment",
    "Minimum duration", "Grace time", "Effective date", "End date", "Blocked",
    "Currency",
)  # fmt: skip
# Columns that only some tariffs need: left out where nothing is in them.
RARE = ("Category", "Time band", *HEADER[4:8])
MIME_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def exported_rows(
    tariff: models.BaseModel,
    moment: datetime,
    service: str = "voice",
    direction: str = "outgoing",
    with_later: bool = False,
) -> list[tuple[str, ...]]:
    """The rates that are in force at a moment, as texts under HEADER.

    A rate of a destination has no prefix; one for all calls has the category "all".

    :param with_later: those that begin later too
    """
    env = tariff.env
    env.flush_all()
    env.cr.execute(_rates_query(tariff, moment, service, direction, with_later))
    rows = env.cr.fetchall()
    zone, currency = ZoneInfo(tariff.tz or "UTC"), tariff.currency_id.name
    return [_texts(row, zone, currency) for row in rows]


def _rates_query(
    tariff: models.BaseModel,
    moment: datetime,
    service: str,
    direction: str,
    with_later: bool,
) -> SQL:
    """The query for these rates, in the order of a sheet."""
    return SQL(
        """
        SELECT COALESCE(d.name ->> %(lang)s, d.name ->> 'en_US', ''),
               COALESCE(r.prefix, ''),
               CASE WHEN r.prefix IS NULL AND r.destination_id IS NULL
                    THEN COALESCE(r.category, %(all)s) ELSE '' END,
               COALESCE(b.name, ''), COALESCE(r.calling_pattern, ''),
               COALESCE(r.called_pattern, ''), COALESCE(r.region_pattern, ''),
               CASE WHEN r.calling_pattern IS NULL AND r.called_pattern IS NULL
                     AND r.region_pattern IS NULL THEN '' ELSE r.sequence::text END,
               CASE WHEN r.is_late_priced IS NOT TRUE THEN
                    round(r.price * %(factor)s / %(unit)s)::bigint END,
               (COALESCE(r.connect_fee, 0) * 1000000000)::bigint,
               CASE WHEN r.has_initial_price THEN
                    round(r.initial_price * %(factor)s / %(unit)s)::bigint END,
               r.initial_increment, r.increment, COALESCE(r.minimum_duration, 0),
               COALESCE(r.grace, 0), r.date_start, r.date_end,
               COALESCE(r.is_allowed, FALSE)
          FROM telecom_rate r
     LEFT JOIN telecom_time_band b ON b.id = r.time_band_id
     LEFT JOIN LATERAL (
               SELECT p.destination_id FROM telecom_prefix p
                WHERE p.prefix = r.prefix
                  AND (p.company_id IS NULL OR p.company_id = r.company_id)
             ORDER BY p.company_id NULLS LAST LIMIT 1) of_prefix ON TRUE
     LEFT JOIN telecom_destination d
            ON d.id = COALESCE(r.destination_id, of_prefix.destination_id)
         WHERE %(wanted)s
           AND (r.date_end IS NULL OR r.date_end > %(moment)s)
           AND (%(later)s OR r.date_start IS NULL OR r.date_start <= %(moment)s)
      ORDER BY r.prefix, r.destination_id, r.category, b.name, r.sequence,
               r.date_start NULLS FIRST, r.id
        """,
        all=ALL,
        lang=tariff.env.lang or "en_US",
        factor=60 * 10**9,
        unit=_unit(service),
        wanted=_wanted(tariff, service, direction),
        moment=moment,
        later=with_later,
    )


def left_out_count(env: api.Environment, tariff, service: str, direction: str) -> int:
    """Rates that such a file has no place for: of other services and methods."""
    env.cr.execute(
        SQL(
            "SELECT count(*) FROM telecom_rate r WHERE r.active AND r.tariff_id = %s"
            " AND NOT (%s)",
            tariff.id,
            _wanted(tariff, service, direction),
        )
    )
    return env.cr.fetchone()[0]


def _unit(service: str) -> SQL:
    """Seconds that a price is for; other services have prices for one."""
    if service != "voice":
        return SQL("60")
    return SQL(
        "CASE r.price_per WHEN 'second' THEN 1 WHEN 'pulse' THEN r.pulse_seconds"
        " ELSE 60 END"
    )


def _wanted(tariff, service: str, direction: str) -> SQL:
    return SQL(
        "r.tariff_id = %s AND r.active AND r.service = %s"
        " AND r.direction = %s AND r.method = %s"
        " AND (r.is_late_priced IS NOT TRUE OR r.is_allowed IS NOT TRUE)",
        tariff.id,
        service,
        direction,
        METHOD_OF_SERVICE[service],
    )


def _texts(row: tuple, zone: ZoneInfo, currency: str) -> tuple[str, ...]:
    """A rate as texts."""
    targets, nanos, steps = row[:8], row[8:11], row[11:15]
    start, end, is_allowed = row[15:]
    return (
        *map(neutralised, targets),
        *("" if one is None else format_nano(one) for one in nanos),
        *map(str, steps),
        _local(start, zone),
        _end(end, zone),
        "" if is_allowed else "yes",
        currency,
    )


def neutralised(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    """A moment on the tariff's clock, a day where it is midnight."""
    if not moment:
        return ""
    local = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone)
    is_day = not (local.hour or local.minute or local.second)
    return f"{local:%Y-%m-%d}" if is_day else f"{local:%Y-%m-%d %H:%M:%S}"


def _end(moment: datetime | None, zone: ZoneInfo) -> str:
    """The last day of a rate; the moment itself where it ends within a day."""
    text = _local(moment, zone)
    if len(text) != len("2026-12-31"):
        return text
    return str(date.fromisoformat(text) - timedelta(days=1))


def _with_header(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Rows below their header, without the rare columns that hold nothing."""
    filled = [
        name not in RARE or any(row[place] for row in rows)
        for place, name in enumerate(HEADER)
    ]
    return [tuple(compress(row, filled)) for row in (HEADER, *rows)]


def to_csv(rows: list[tuple[str, ...]]) -> bytes:
    """Rows as a text that spreadsheets open, too."""
    target = io.StringIO()
    csv.writer(target, lineterminator="\r\n").writerows(_with_header(rows))
    return target.getvalue().encode("utf-8-sig")


def to_xlsx(rows: list[tuple[str, ...]], title: str) -> bytes:
    """Rows as a workbook; all cells are texts, so that no digit is lost."""
    target = io.BytesIO()
    header, *below = _with_header(rows)
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        page = book.add_worksheet("Rates")
        book.set_properties({"title": title})
        page.freeze_panes(1, 0)
        page.set_column(0, 0, 30)
        page.set_column(1, len(header) - 1, 14)
        page.write_row(0, 0, header, book.add_format({"bold": True}))
        for line, row in enumerate(below, 1):
            for place, text in enumerate(row):
                page.write_string(line, place, text)
    return target.getvalue()

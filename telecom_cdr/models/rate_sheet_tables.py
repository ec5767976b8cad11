# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A rate sheet as read, the rates of its tariff, and what is to be written."""

import hashlib
import io
import json
from dataclasses import replace
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather

from odoo import models
from odoo.tools import SQL

from ..engine.rate_sheets.rate_changes import compare_rates
from ..engine.rate_sheets.rate_plan import RatePlan, counted_from, plan_changes
from ..engine.rate_sheets.targets import (
    ALL,
    KINDS,
    in_reach,
    keys_of_same_calls,
    with_keys,
    with_targets,
)
from ..parsers.rate_sheets.reader import RateSheet
from .table_frames import read_large_frame

# What the price of a service is for, and how it is priced.
METHOD_OF_SERVICE = {"voice": "duration", "sms": "volume", "data": "volume"}
NANO = dict.fromkeys(("price_nano", "connect_nano", "initial_price_nano"), "Int64")
CURRENCY_WORDING = {
    "text": "The price is in %(found)s, and the tariff in %(expected)s."
}
NEGATIVE_WORDING = {"text": "A price below 0: the tariff does not allow any."}


def pack(table: pd.DataFrame) -> bytes:
    """A table as bytes that keep its types."""
    target = io.BytesIO()
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    pyarrow.feather.write_feather(arrow, target, compression="lz4")
    return target.getvalue()


def unpack(data: bytes) -> pd.DataFrame:
    """The table again."""
    return pyarrow.feather.read_table(io.BytesIO(data)).to_pandas()


def packed_sheet(sheet: RateSheet) -> tuple[bytes, bytes]:
    """Rates and rejections of a sheet, as bytes."""
    rejections = sheet.rejections.assign(
        wording=[json.dumps(one) for one in sheet.rejections["wording"]],
        prefixes=[list(one) for one in sheet.rejections["prefixes"]],
    )
    rejections = rejections.astype({"sheet": object})
    return pack(sheet.rates.drop(columns=["raw"])), pack(rejections)


def to_utc(moments: pd.Series, zone: str) -> pd.Series:
    """Local moments as UTC; what a clock skips is shifted, a double hour its first."""
    info = ZoneInfo(zone or "UTC")
    known = {
        one: np.datetime64(
            datetime.fromtimestamp(
                pd.Timestamp(one).to_pydatetime().replace(tzinfo=info).timestamp(),
                timezone.utc,
            ).replace(tzinfo=None),
            "s",
        )
        for one in moments.dropna().unique()
    }
    found = moments.map(known) if known else moments
    return pd.Series(found.to_numpy().astype("datetime64[s]"), index=moments.index)


def current_rates(record: models.BaseModel) -> pd.DataFrame:
    """The tariff's rates that a sheet may change, prices per minute."""
    tariff, is_voice = record.tariff_id, record.service == "voice"
    record.env.flush_all()
    query = SQL(
        """
        SELECT r.id AS rate_id, %(target)s, %(prices)s, r.sequence,
               r.initial_increment AS initial, r.increment,
               COALESCE(r.minimum_duration, 0) AS minimum_duration,
               COALESCE(r.grace, 0) AS grace,
               COALESCE(r.is_allowed, FALSE) AS is_allowed,
               (r.method <> %(method)s OR COALESCE(r.is_late_priced, FALSE))
                   AS is_other,
               EXTRACT(EPOCH FROM r.date_start)::bigint AS start,
               EXTRACT(EPOCH FROM r.date_end)::bigint AS "end"
          FROM telecom_rate r
         WHERE r.tariff_id = %(tariff)s AND r.active
           AND r.service = %(service)s AND r.direction = %(direction)s
        """,
        target=target_columns(),
        prices=_prices_sql(is_voice),
        method=METHOD_OF_SERVICE[record.service],
        tariff=tariff.id,
        service=record.service,
        direction=record.direction,
    )
    table = read_large_frame(record.env, query)
    for name in ("start", "end"):
        seconds = pd.array(table[name], dtype="Int64")
        found = seconds.fillna(0).to_numpy(np.int64).astype("datetime64[s]")
        table[name] = np.where(seconds.isna(), np.datetime64("NaT", "s"), found)
    return table.astype({**NANO, **KINDS, "is_other": bool})


def target_columns() -> SQL:
    """SQL columns of what the rate ``r`` is for, as the engine's TARGET."""
    return SQL(
        "COALESCE(r.prefix, '') AS prefix,"
        " COALESCE(r.destination_id, 0) AS destination_id,"
        " COALESCE(r.category, '') AS category,"
        " COALESCE(r.time_band_id, 0) AS time_band_id,"
        " COALESCE(r.calling_pattern, '') AS calling_pattern,"
        " COALESCE(r.called_pattern, '') AS called_pattern,"
        " COALESCE(r.region_pattern, '') AS region_pattern"
    )


def _prices_sql(is_voice: bool) -> SQL:
    """Prices per minute; per message or MB where they are no calls."""
    unit = SQL(
        "CASE r.price_per WHEN 'second' THEN 1 WHEN 'pulse' THEN r.pulse_seconds"
        " ELSE 60 END"
        if is_voice
        else "60"
    )
    return SQL(
        "COALESCE(round(r.price * 60000000000 / %(unit)s), 0)::bigint AS price_nano,"
        " COALESCE((r.connect_fee * 1000000000)::bigint, 0) AS connect_nano,"
        " CASE WHEN r.has_initial_price THEN"
        " COALESCE(round(r.initial_price * 60000000000 / %(unit)s), 0)::bigint END"
        " AS initial_price_nano",
        unit=unit,
    )


class Preview:
    """What a sheet changes in its tariff.

    :ivar plan: what is to be written
    :ivar broken: rows that cannot be read: line_number, sheet, raw, reason, wording...
    :ivar past_count: rows that began earlier and count from the date
    :ivar outdated_count: rows that later ones of the sheet have overtaken
    :ivar other_count: rates of kinds that the sheet does not speak of
    """

    def __init__(self, record, rates: pd.DataFrame, rejections: pd.DataFrame) -> None:
        """`rates`, `rejections`: as unpacked."""
        tariff = record.tariff_id
        self.date = np.datetime64(record.date_start, "s")
        zone = "UTC" if record.info["is_utc"] else tariff.tz
        rates = rates.assign(
            **{name: to_utc(rates[name], zone) for name in ("start", "end")},
            initial=rates["initial"].mask(rates["initial"] == 0, rates["increment"]),
        )
        if record.ignore_currency:
            rates["currency"] = ""
        rates, negative = _without_negative(rates, tariff.allow_negative)
        rates["category"] = rates["category"].mask(rates["category"] == ALL, "")
        rates, self.past_count, self.outdated_count = counted_from(rates, self.date)
        self.known, self.other_count = _reached(current_rates(record), rates)
        rates, known = with_keys(rates), with_keys(self.known)
        changes = compare_rates(
            known.assign(destination=""),
            rates,
            self.date,
            record.is_full,
            # What they name is known by the sheet, so it does not end for it.
            _naming(self.known, known, pd.concat([rejections, negative])),
            tariff.currency_id.name,
        )
        own = (changes["kind"] == "broken") & (changes["reason"] != "currency")
        self.plan: RatePlan = _named(
            plan_changes(changes[~own], rates, known, record._default_terms())
        )
        changes = with_targets(changes)
        wrong = changes[changes["reason"] == "currency"]
        self.broken = pd.concat(
            [
                _broken_rows(rejections),
                _broken_rows(negative),
                _currency_rows(wrong, tariff.currency_id.name),
            ],
            ignore_index=True,
        )

    @property
    def fingerprint(self) -> str:
        """Tells whether what is to be written is still the same."""
        digest = hashlib.sha256()
        plan = self.plan
        removals = pd.DataFrame({"rate_id": plan.removals})
        for table in (plan.inserts, plan.cuts, removals):
            digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy())
        return digest.hexdigest()


def _reached(known: pd.DataFrame, rates: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The rates of kinds that a sheet speaks of, and how many others there are."""
    reached = in_reach(known, rates)
    return known[reached].reset_index(drop=True), int((~reached).sum())


def _naming(
    known: pd.DataFrame, keyed: pd.DataFrame, rejections: pd.DataFrame
) -> pd.DataFrame:
    """Rejections with the keys of the rates that they name."""
    keys = keys_of_same_calls(known.assign(key=keyed["prefix"]), rejections)
    return rejections.assign(prefixes=keys).reset_index(drop=True)


def _named(plan: RatePlan) -> RatePlan:
    """A plan whose rows say which calls they are for."""
    return replace(
        plan, changes=with_targets(plan.changes), inserts=with_targets(plan.inserts)
    )


def _without_negative(rates: pd.DataFrame, is_allowed: bool):
    """Rows without amounts below 0, and the others as rejections."""
    below = np.zeros(len(rates), dtype=bool)
    for name in NANO:
        below |= (rates[name] < 0).fillna(False).to_numpy(bool)
    if is_allowed or not below.any():
        return rates, _rejected(rates[:0])
    return rates[~below].reset_index(drop=True), _rejected(rates[below])


def _rejected(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of rates as rejections of the parser."""
    return pd.DataFrame(
        {
            "sheet": rows["sheet"].astype(object),
            "line_number": rows["line_number"],
            "raw": "",
            "reason": "negative",
            "found": "",
            "message": "",
            "wording": json.dumps(NEGATIVE_WORDING),
            "prefixes": [[one] if one else [] for one in rows["prefix"]],
            "destination_id": rows["destination_id"],
            "category": rows["category"],
        }
    ).astype(dict.fromkeys(("raw", "reason", "wording", "category"), object))


def _broken_rows(rejections: pd.DataFrame) -> pd.DataFrame:
    """Rejections as lines of the preview, one a row of the file."""
    prefixes = [", ".join(list(one)[:10]) for one in rejections["prefixes"]]
    rows = rejections[["sheet", "line_number", "raw", "reason", "wording"]]
    rows = rows.assign(prefix=pd.Series(prefixes, index=rows.index, dtype=object))
    return rows.assign(destination="")


def _currency_rows(wrong: pd.DataFrame, expected: str) -> pd.DataFrame:
    """Prices in another currency as such lines."""
    wordings = {
        code: json.dumps(
            {**CURRENCY_WORDING, "values": {"found": code, "expected": expected}}
        )
        for code in wrong["message"].unique()
    }
    names = ["sheet", "line_number", "reason", "prefix", "destination"]
    return wrong[names].assign(raw="", wording=wrong["message"].map(wordings))

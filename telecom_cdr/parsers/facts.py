# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows to clean call facts, a batch at a time, column by column."""

import json
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from . import quantities
from .columns import Plan
from .formats import DIRECTIONS, SERVICES
from .numbering import EXTENSION_DIGITS
from .parties import DATA, Parties, read_country, read_parties, read_service
from .steps.conversion import convert
from .tables import Table, objects
from .times import read_times, to_utc
from .verdicts import Verdicts
from .zones import FoldState

MAX_TEXT = {"unique_id": 255, "trunk": 64, "account_code": 64}
MAX_EXTRA = 1000
# Fields that no column of a fact holds, kept in `extra` under these names.
EXTRA_FIELDS = ("answer", "disposition", "end")
# Facts in `extra` that prices may be computed from: JSON numbers where they are any.
EXTRA_NUMBERS = ("price_per_unit", "discount", "total_hours")
SERIAL_DIGITS = 8  # of a channel of Asterisk
FACTS = (
    "service",
    "direction",
    "calling_number",
    "called_number",
    "redirecting_number",
    "is_withheld",
    "start_text",
    "start_local",
    "start_at",
    "duration",
    "volume",
    "carrier_amount_nano",
    "unique_id",
    "trunk",
    "account_code",
    "visited_country",
    "extra",
)


@dataclass(frozen=True)
class ReadContext:
    """What reading needs to know of the carrier.

    :ivar country: ISO 3166 code: how national numbers are spelled
    :ivar time_zone: IANA name, for formats that leave the zone to the carrier
    :ivar extension_digits: up to so many digits are an extension or a short code
    :ivar file_date: when the file came, where its times lack the year
    :ivar file_name: what some formats take values from; "" where none does
    """

    country: str = "ES"
    time_zone: str = "Europe/Madrid"
    extension_digits: int = EXTENSION_DIGITS
    file_date: date | None = None
    file_name: str = ""


def read_facts(
    table: Table,
    plan: Plan,
    context: ReadContext,
    verdicts: Verdicts,
    state: FoldState | None,
) -> tuple[pd.DataFrame, FoldState | None]:
    """Facts of the rows that are good, in their order; the others get a verdict.

    :param state: what the rows before have told about a double hour
    :return: columns FACTS, index 0..; the state after
    """
    zone = _zone(plan, context)
    table, plan = convert(table, plan, verdicts)
    parties = read_parties(
        table, plan, context.country, context.extension_digits, verdicts
    )
    service = read_service(table, plan)
    times = read_times(table, plan, zone, context.file_date, verdicts)
    amount = _read_amount(table, plan, verdicts)
    volume = _read_volume(table, plan, service == DATA, verdicts)
    good = verdicts.good()
    start_at, notes, state = to_utc(times, good, state)
    columns = {
        "service": pd.Categorical.from_codes(service, SERVICES),
        "direction": pd.Categorical.from_codes(parties.direction, DIRECTIONS),
        **_party_columns(parties),
        "start_text": times.text,
        "start_local": times.start,
        "duration": times.duration,
        "volume": volume,
        "carrier_amount_nano": amount,
        **{name: _read_text(table, plan, name) for name in MAX_TEXT},
        "visited_country": read_country(table, plan),
        "extra": _read_extra(table, plan, times.duration == 0, notes),
    }
    return _frame(columns, good, start_at), state


def _frame(
    columns: dict[str, object], good: np.ndarray, start_at: np.ndarray
) -> pd.DataFrame:
    """The good rows as a table."""
    if not good.all():
        columns = {name: values[good] for name, values in columns.items()}
    columns["start_at"] = start_at
    return pd.DataFrame({name: _series(columns[name]) for name in FACTS})


def _series(values: object) -> pd.Series:
    """A column, of the type that it has."""
    is_object = isinstance(values, np.ndarray) and values.dtype == object
    return pd.Series(values, dtype=object if is_object else None)


def _party_columns(parties: Parties) -> dict[str, np.ndarray]:
    """The columns that say who called whom."""
    return {
        "calling_number": parties.calling,
        "called_number": parties.called,
        "redirecting_number": parties.redirecting,
        "is_withheld": parties.is_withheld,
    }


def _zone(plan: Plan, context: ReadContext) -> str:
    """The zone that local times are in."""
    zone = plan.spec.time_zone
    return context.time_zone if zone == "carrier" else zone


# === Quantities and texts === #


def _read_amount(
    table: Table, plan: Plan, verdicts: Verdicts
) -> pd.arrays.IntegerArray:
    """What the carrier charges, in nano units; missing where the cell is blank."""
    spec = plan.spec
    text = table.first(plan.places("carrier_amount"))
    reader = quantities.amount_reader(spec.decimal_mark, spec.amount_sign)
    nano, fits = quantities.read_column(text, reader)
    verdicts.reject(~fits & (text != ""), "amount", text)
    return pd.arrays.IntegerArray(nano, ~fits)


def _read_volume(
    table: Table, plan: Plan, is_data: np.ndarray, verdicts: Verdicts
) -> np.ndarray:
    """Bytes of data sessions, 0 for all else."""
    text = table.first(plan.places("volume"))
    reader = quantities.volume_reader(plan.spec.decimal_mark)
    volume, fits = quantities.read_column(text, reader)
    verdicts.reject(is_data & ~fits, "volume", text)
    return np.where(is_data, volume, 0)


def _read_text(table: Table, plan: Plan, name: str) -> np.ndarray:
    """Identifiers of calls, None where there is none."""
    places = plan.places(name)
    if not places:
        return np.full(len(table), None, object)
    text = table.joined(places, "|") if name == "unique_id" else table.first(places)
    if name == "trunk":
        text = map(_channel_name, text)
    limit = MAX_TEXT[name]
    return objects([value[:limit] or None for value in text])


def _channel_name(text: str) -> str:
    """A trunk's name: of a switch's channel PJSIP/acme-0000002a, acme."""
    head, _, serial = text.rpartition("-")
    if "/" not in head or len(serial.partition(";")[0]) != SERIAL_DIGITS:
        return text
    return head.partition("/")[2] or text


def _read_extra(
    table: Table, plan: Plan, is_short: np.ndarray, notes: np.ndarray
) -> np.ndarray:
    """JSON objects of what no other column holds; None where there is nothing.

    :param is_short: rows of calls without duration: only these keep a disposition
    """
    columns = {
        name.removeprefix("extra."): table.joined(places, " ")
        for name, places in plan.fields.items()
        if name.startswith("extra.") or name in EXTRA_FIELDS
    }
    if "disposition" in columns:
        columns["disposition"] = np.where(is_short, columns["disposition"], "")
    noted = ~pd.isna(notes)
    if noted.any():
        columns["time_note"] = np.where(noted, notes, "")
    mark = plan.spec.decimal_mark
    parts = [_json_pairs(name, columns[name], mark) for name in sorted(columns)]
    if not parts:
        return np.full(len(table), None, object)
    joined = [",".join(filter(None, cells)) for cells in zip(*parts, strict=True)]
    return objects(["{" + text + "}" if text else None for text in joined])


def _json_pairs(name: str, texts: np.ndarray, decimal_mark: str) -> np.ndarray:
    """`"name":"text"` for each text, "" for blank ones; numbers as numbers."""
    codes, distinct = pd.factorize(texts)
    key, pairs = json.dumps(name), []
    for text in distinct:
        value = json.dumps(text[:MAX_EXTRA], ensure_ascii=False)
        if name in EXTRA_NUMBERS:
            is_share = name == "discount"
            value = quantities.json_number(text, decimal_mark, is_share) or value
        pairs.append(f"{key}:{value}" if text else "")
    return np.array([*pairs, ""], object)[codes]

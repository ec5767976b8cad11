# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Small tables for the tests of the engine: only what matters is given."""

import numpy as np
import pandas as pd
from engine.match import DestinationTable, match_destinations
from engine.money import parse_nano
from engine.periods import EVER, NEVER, local_days
from engine.prefixes import match_keys
from engine.rates.book import RateBook

EUR, USD = 1, 2
NO_PREFIXES = pd.DataFrame({"destination_id": [], "prefix": [], "category": []}).astype(
    {"destination_id": np.int64, "prefix": object, "category": object}
)
RATE = {
    "tariff_id": 1,
    "service": "voice",
    "direction": "outgoing",
    "prefix": "",
    "destination_id": 0,
    "category": "",
    "method": "duration",
    "initial": 60,
    "increment": 60,
    "minimum_duration": 0,
    "grace": 0,
    "minimum_nano": None,
    "maximum_nano": None,
    "markup_ppm": 0,
    "is_allowed": True,
    "is_late_priced": False,
    "price_seconds": 60,
    "initial_price_nano": None,
    "free_seconds": 0,
    "volume_initial": 1,
    "volume_increment": 1,
    "band_id": 0,
    "tier_rule": "first_second",
    "volume_unit": "",
    "volume_rule": "graduated",
    "volume_scope": "partner",
    "formula": "",
    "units_formula": "",
    "calling_pattern": "",
    "called_pattern": "",
    "region_pattern": "",
    "sequence": 10,
    "start": EVER,
    "end": NEVER,
}
TARIFF = {
    "parent_id": 0,
    "currency_id": EUR,
    "rounding_digits": 4,
    "rounding": "half_up",
    "time_zone": "UTC",
    "band_rule": "start",
}
CALL = {
    "service": "voice",
    "direction": "outgoing",
    "start_at": "2026-03-10 10:00:00",
    "duration": 60,
    "volume": 0,
    "number_id": 1,
    "partner_id": 1,
    "called_number": "+34911234567",
    "destination_id": 0,
    "category": "landline",
}
FACT = {
    "service": "voice",
    "direction": "outgoing",
    "calling_number": "+34600000001",
    "called_number": "+34911234567",
    "redirecting_number": None,
    "start_text": "10/03/2026 11:00:00",
    "start_local": "2026-03-10 11:00:00",
    "start_at": "2026-03-10 10:00:00",
    "duration": 60,
    "volume": 0,
    "unique_id": None,
    "trunk": None,
    "account_code": None,
    "extra": None,
}
ALLOWANCE = {
    "allowance_id": 1,
    "bundle_id": 1,
    "sequence": 1,
    "service": "voice",
    "kind": "seconds",
    "quantity": 600,
    "prefixes": (),
    "destinations": frozenset(),
    "categories": frozenset(),
}
SUBSCRIPTION = {
    "subscription_id": 1,
    "bundle_id": 1,
    "partner_id": 1,
    "priority": 10,
    "start": EVER,
    "end": NEVER,
    "numbers": frozenset(),
    "is_shared": True,
    "tariff_id": 0,
}


def seconds(moment: str) -> int:
    """Give a UTC moment as epoch seconds."""
    return int(np.datetime64(moment, "s").astype(np.int64))


def rate(rate_id: int, price: str = "0", connect: str = "0", **values) -> dict:
    """Give a row of the rates table; price, connect, minimum, maximum as texts."""
    row = {**RATE, "rate_id": rate_id, "price_nano": parse_nano(price)}
    row["connect_nano"] = parse_nano(connect)
    for name in ("minimum", "maximum", "initial_price"):
        if name in values:
            row[f"{name}_nano"] = parse_nano(values.pop(name))
    assert not set(values) - set(row), f"no such column: {set(values) - set(row)}"
    return row | values


def tier(rate_id: int, start: int, price: str | None = None, **values) -> dict:
    """Give a row of the tiers table; by second unless said otherwise."""
    row = {"rate_id": rate_id, "kind": "second", "start": start, "increment": 0}
    row |= {"price_nano": None if price is None else parse_nano(price)}
    return row | {"markup_ppm": None} | values


def table(rows: list[dict], default: dict) -> pd.DataFrame:
    """Give rows, completed by defaults, as a table with the columns of the default."""
    return pd.DataFrame([default | row for row in rows], columns=[*default])


def rates_table(rows: list[dict]) -> pd.DataFrame:
    """Give the rates table; empty minima and maxima are NA, whatever came."""
    rates = table(rows, rate(0))
    for name in ("minimum_nano", "maximum_nano", "initial_price_nano"):
        rates[name] = pd.array(rates[name].tolist(), dtype="Int64")
    return rates


def tariffs_table(rows: list[dict]) -> pd.DataFrame:
    """Give the tariffs table."""
    return table(rows, {"tariff_id": 1, **TARIFF})


def book(rates, tariffs=({},), prefixes=NO_PREFIXES, assignments=None, **tables):
    """Give a rate book; by default tariff 1 is the company's and everything is EUR.

    Tables beside these may be lists of rows.
    """
    company = {"owner_kind": "company", "owner_id": 0, "owner_key": "", "tariff_id": 1}
    company |= {"start": EVER, "end": NEVER}
    given = [company] if assignments is None else assignments
    if "subscriptions" in tables:
        tables["subscriptions"] = table(tables["subscriptions"], SUBSCRIPTION)
    for name, rows in tables.items():
        if isinstance(rows, list):
            tables[name] = pd.DataFrame(rows, dtype=object)
    return RateBook.build(
        tariffs_table(list(tariffs)),
        rates_table(list(rates)),
        prefixes,
        table(given, company),
        **tables,
    )


def calls_table(rows: list[dict], **common) -> pd.DataFrame:
    """Give calls ready to be rated; `called_number` becomes the match key."""
    columns = CALL | common | {name: None for row in rows for name in row}
    calls = table([CALL | common | row for row in rows], columns)
    calls["start_at"] = pd.to_datetime(calls["start_at"], format="ISO8601").astype(
        "datetime64[s]"
    )
    calls["match_key"] = match_keys(
        [name.lstrip("+") for name in calls["called_number"]]
    )
    if "identity" not in calls:
        calls["identity"] = [f"{place:032x}" for place in range(len(calls))]
    if "cost_nano" in calls:
        calls["cost_nano"] = pd.array(calls["cost_nano"].tolist(), dtype="Int64")
    return calls.assign(day=local_days(calls["start_at"], "Europe/Madrid"))


def facts_table(rows: list[dict], **common) -> pd.DataFrame:
    """Give facts as the parsers do."""
    facts = table([FACT | common | row for row in rows], FACT)
    for name in ("start_local", "start_at"):
        facts[name] = pd.to_datetime(facts[name], format="ISO8601").astype(
            "datetime64[s]"
        )
    return facts


def destinations(facts: pd.DataFrame, *prefixes: tuple, **options) -> pd.DataFrame:
    """Match destinations of facts by prefixes (destination_id, prefix, category)."""
    names = ["destination_id", "prefix", "category"]
    known = pd.DataFrame(list(prefixes), columns=names) if prefixes else NO_PREFIXES
    return match_destinations(facts, DestinationTable.build(known), "34", **options)

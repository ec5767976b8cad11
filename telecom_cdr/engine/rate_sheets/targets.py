# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which calls a rate or a row of a sheet is for, as one key that can be compared.

Rates by prefix alone have the prefix as their key; all others (of a destination, a
category, everything, a time band, a pattern) have the list of what they name, as JSON.
"""

import json

import numpy as np
import pandas as pd

from ..tables import Array, Table

PATTERNS = ("calling_pattern", "called_pattern", "region_pattern")
# What tells which calls a rate is for, and what it is where nothing is named.
NOTHING = {
    "prefix": "", "destination_id": 0, "category": "", "time_band_id": 0,
    **dict.fromkeys(PATTERNS, ""),
}  # fmt: skip
TARGET = tuple(NOTHING)
KINDS = {"prefix": object, "category": object, **dict.fromkeys(PATTERNS, object)}
CODED = "["


def with_keys(table: Table) -> Table:
    """Put keys in place of the columns TARGET, as a column "prefix".

    :param table: with the columns TARGET, none of them empty
    """
    keys = table["prefix"].to_numpy(dtype=object).copy()
    rows = np.flatnonzero(~_by_prefix_alone(table))
    parts = (table[name].iloc[rows].tolist() for name in TARGET)
    keys[rows] = [json.dumps(row) for row in zip(*parts, strict=True)]
    return table.drop(columns=list(TARGET[1:])).assign(
        prefix=pd.Series(keys, index=table.index, dtype=object)
    )


def with_targets(table: Table) -> Table:
    """Put the columns TARGET in place of keys."""
    keys = table["prefix"].fillna("")
    rows = np.flatnonzero(keys.str.startswith(CODED).to_numpy(bool))
    coded = [json.loads(key) for key in keys.iloc[rows]]
    columns = {}
    for place, name in enumerate(TARGET):
        plain = keys.to_numpy(dtype=object) if name == "prefix" else None
        kind = object if name in KINDS else np.int64
        values = np.full(len(table), NOTHING[name], kind) if plain is None else plain
        values = values.copy()
        values[rows] = [one[place] for one in coded]
        columns[name] = pd.Series(values, index=table.index, dtype=kind)
    return table.assign(**columns)


def _by_prefix_alone(table: Table) -> Array:
    """Tell which rows name a prefix and nothing else."""
    alone = (table["prefix"] != "").to_numpy(bool)
    for name in TARGET[1:]:
        alone = alone & (table[name] == NOTHING[name]).to_numpy(bool)
    return alone


def in_reach(known: Table, sheet: Table) -> Array:
    """Tell which rates of a tariff a sheet speaks of: those of kinds that it holds.

    A carrier's list of prefixes says nothing about rates by category, nor about those
    of a time band, so it does not end them. Rates by prefix are always spoken of.
    """
    mine, theirs = _kinds(known), _kinds(sheet)
    reached = np.ones(len(known), dtype=bool)
    for name, is_mine in mine.items():
        reached = reached & (~is_mine | theirs[name].any())
    return reached


def _kinds(table: Table) -> dict[str, Array]:
    """Tell of each row what it names beside a prefix; everything is a category."""
    by_destination = (table["destination_id"] > 0).to_numpy(bool)
    has_pattern = np.zeros(len(table), dtype=bool)
    for name in PATTERNS:
        has_pattern = has_pattern | (table[name] != "").to_numpy(bool)
    return {
        "destination": by_destination,
        "category": (table["prefix"] == "").to_numpy(bool) & ~by_destination,
        "time_band": (table["time_band_id"] > 0).to_numpy(bool),
        "pattern": has_pattern,
    }


def keys_of_same_calls(known: Table, rows: Table) -> list[list[str]]:
    """Give the keys of rates for the calls that rows name, in whatever band.

    What a sheet names in a row that cannot be read is not missing in it.

    :param known: rates: "key" and TARGET
    :param rows: `prefixes` (lists), destination_id, category ("" where none is named)
    """
    places: dict[tuple, list[str]] = {}
    calls = zip(
        known["prefix"], known["destination_id"], known["category"], known["key"],
        strict=True,
    )  # fmt: skip
    for prefix, destination_id, category, key in calls:
        places.setdefault((prefix, int(destination_id), category), []).append(key)
    found = []
    named = zip(rows["prefixes"], rows["destination_id"], rows["category"], strict=True)
    for prefixes, destination_id, category in named:
        asked = [(one, 0, "") for one in prefixes]
        if not asked and (destination_id or category):
            asked = [("", int(destination_id), "" if category == ALL else category)]
        found.append([key for one in asked for key in places.get(one, [one[0]])])
    return found


# What a sheet says in place of a category where a rate is for all calls.
ALL = "all"

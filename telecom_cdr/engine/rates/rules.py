# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rules: rates that are found by patterns of the numbers, before any prefix.

Patterns are regular expressions of RE2, which takes time in proportion to the text
whatever the pattern; each is tried once on every different text.  A pattern may match
anywhere in the text: anchor it with ^ and $.  Numbers are as in the calls, with +.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..exceptions import BookError
from ..prefixes import PrefixTable
from ..tables import Array, Table, integers, text, texts, truth
from .lines import PATTERNS, Rates, usable

ASKED = {
    "calling_pattern": "calling_number",
    "called_pattern": "called_number",
    "region_pattern": "region",
}


class Rule(NamedTuple):
    """One rule; patterns: column of the calls -> pattern."""

    row: int
    tariff: int
    kind: int
    band: int
    start: int
    end: int
    patterns: dict[str, str]
    prefix: PrefixTable | None
    category: str
    destination_id: int


@dataclass(frozen=True)
class Rules:
    """Rules in the order in which they are tried.

    tariffs: positions of the tariffs that have rules, sorted.  reach: bool for each
    tariff (an extra last one for none) and each of these, whether it is asked there.
    """

    rules: tuple[Rule, ...]
    tariffs: Array
    reach: Array

    @classmethod
    def build(cls, table: Table, rates: Rates, parents: Array, bands: Array) -> "Rules":
        """Read the rules among the rates; `bands`: the place of each rate's band."""
        rows = np.flatnonzero((rates.is_rule & usable(rates))[:-1])
        sequence = integers(table, "sequence", missing=0)
        rows = rows[np.lexsort((rates.ids[rows], sequence[rows]))]
        some = table.iloc[rows]
        columns = zip(
            rows.tolist(),
            rates.tariffs[rows].tolist(),
            rates.kinds[rows].tolist(),
            bands[rows].tolist(),
            integers(some, "start").tolist(),
            integers(some, "end").tolist(),
            patterns_of(some),
            (
                PrefixTable.build([one]) if one else None
                for one in texts(some, "prefix")
            ),
            texts(some, "category"),
            integers(some, "destination_id", missing=0).tolist(),
            strict=True,
        )
        tariffs = np.unique(rates.tariffs[rows])
        return cls(
            tuple(Rule(*one) for one in columns), tariffs, reached(parents, tariffs)
        )

    def hits(self, calls: Table, ask: "Asked") -> Array:
        """Give the rule that matches each call in each tariff: its row, -1 none."""
        found = np.full((len(calls), len(self.tariffs)), -1, dtype=np.int64)
        words = Words(calls)
        for rule in self.rules:
            place = int(np.searchsorted(self.tariffs, rule.tariff))
            open_calls = (
                self.reach[ask.tariff, place]
                & (found[:, place] < 0)
                & (ask.kind == rule.kind)
                & (rule.start <= ask.moment)
                & (ask.moment < rule.end)
            )
            if ask.held is not None:
                open_calls &= ask.held(rule.tariff, rule.band)
            rows = np.flatnonzero(open_calls)
            if rows.size:
                found[rows[matches(calls, words, rule, rows)], place] = rule.row
        return found


class Asked(NamedTuple):
    """What calls ask rules by: position of the tariff, kind, moment (epoch s).

    held: gives for a tariff and the place of a band the bools of all calls, or None.
    """

    tariff: Array
    kind: Array
    moment: Array
    held: object


@dataclass(frozen=True)
class Words:
    """Texts of calls, each different one once, and what patterns found in them."""

    calls: Table
    columns: dict[str, tuple[Array, pa.Array]] = field(default_factory=dict)
    known: dict[tuple[str, str], Array] = field(default_factory=dict)

    def match(self, name: str, pattern: str) -> Array:
        """Tell in which calls the pattern is found in a column."""
        if name not in self.columns:
            values = texts(self.calls, name)
            codes, words = pd.factorize(np.array(values, dtype=object))
            self.columns[name] = codes, text(words.tolist())
        codes, words = self.columns[name]
        key = (name, pattern)
        if key not in self.known:
            self.known[key] = truth(pc.match_substring_regex(words, pattern))
        return self.known[key][codes]


def matches(calls: Table, words: Words, rule: Rule, rows: Array) -> Array:
    """Tell which of some calls a rule matches in all that it asks for."""
    found = np.ones(len(rows), dtype=bool)
    for name, pattern in rule.patterns.items():
        found &= words.match(name, pattern)[rows]
    if rule.category:
        found &= (calls["category"].iloc[rows] == rule.category).to_numpy(dtype=bool)
    if rule.destination_id and not rule.prefix:
        destinations = integers(calls, "destination_id", missing=0)
        found &= destinations[rows] == rule.destination_id
    if rule.prefix is not None:
        found &= rule.prefix.nodes(integers(calls, "match_key")[rows]) >= 0
    return found


def patterns_of(table: Table) -> list[dict[str, str]]:
    """Give the patterns of each rule by the column of the calls that they are for."""
    columns = {ASKED[name]: texts(table, name) for name in PATTERNS}
    found = [
        {name: one[place] for name, one in columns.items() if one[place]}
        for place in range(len(table))
    ]
    for pattern in {one for row in found for one in row.values()}:
        check_pattern(pattern)
    return found


def check_pattern(pattern: str) -> None:
    """BookError where a text is no regular expression that RE2 knows."""
    try:
        pc.match_substring_regex(text([""]), pattern)
    except pa.ArrowInvalid as error:
        raise BookError(
            "pattern", f"{pattern!r} is no pattern: {error}", pattern
        ) from None


def reached(parents: Array, wanted: Array) -> Array:
    """Tell for each tariff (an extra last one: none) which wanted ones it asks."""
    found = np.zeros((len(parents) + 1, len(wanted)), dtype=bool)
    at = np.arange(len(parents))
    while (rows := np.flatnonzero(at >= 0)).size:
        found[rows] |= at[rows][:, None] == wanted
        at = np.where(at >= 0, np.append(parents, -1)[at], -1)
    return found

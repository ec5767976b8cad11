# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whose call is it, and where did it go: numbers and destinations of whole tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .codes import DIRECTIONS
from .identifiers import (
    KINDS,
    NUMBER,
    USUAL_SEARCH,
    Identifier,
    Search,
    by_direction,
    values_of,
)
from .periods import PeriodTable, epoch_seconds, ranks
from .prefixes import PrefixTable, match_keys
from .tables import (
    Array,
    Table,
    codes_of,
    integers,
    joined,
    labelled,
    text,
    texts,
    truth,
)

SIDES = ("calling", "called", "redirecting", "account_code", "trunk", "other", "")
COLUMNS = (
    "calling_number",
    "called_number",
    "redirecting_number",
    "account_code",
    "trunk",
)
MASK = "X"  # stands for a last digit that is not told
CATEGORIES = (
    "landline", "mobile", "intelligent", "premium", "short", "international",
    "internal", "other",
)  # fmt: skip
Fallback = Callable[[list[str]], list[str]] | Mapping[str, str]


@dataclass(frozen=True)
class NumberTable:
    """The identifiers that one carrier's files may name, and who held them when.

    identifiers: unique texts.  periods: by identifier, the row of the numbers table.
    number_ids, partner_ids: int64 by row, with 0 in an extra last row.  kinds: places
    in KINDS by row, -1 in the last.
    """

    identifiers: pa.Array
    periods: PeriodTable
    number_ids: Array
    partner_ids: Array
    kinds: Array

    @classmethod
    def build(cls, numbers: Table, carrier_id: int) -> "NumberTable":
        """Index numbers.

        Reads number_id, identifier, kind, carrier_id, partner_id, start, end.

        Only those of the carrier and those of all carriers (carrier_id 0) count; where
        both name the same identifier at the same time, the carrier's own comes first.
        """
        scope = integers(numbers, "carrier_id", missing=0)
        named = np.array(texts(numbers, "identifier"), dtype=object) != ""
        numbers = numbers[np.isin(scope, (0, carrier_id)) & named]
        shared = integers(numbers, "carrier_id", missing=0) == 0
        ids, starts = integers(numbers, "number_id"), integers(numbers, "start")
        owners, names = pd.factorize(
            np.array(texts(numbers, "identifier"), dtype=object)
        )
        rank = ranks(ids, -starts, shared)
        rows = np.arange(len(ids))
        ends = integers(numbers, "end")
        periods = PeriodTable.build(owners, starts, ends, rows, rank)
        partners = integers(numbers, "partner_id", missing=0)
        identifiers = pa.array(names, type=pa.large_string())
        kinds = codes_of(pd.Series(texts(numbers, "kind"), dtype=object), KINDS)
        columns = (np.append(ids, 0), np.append(partners, 0), np.append(kinds, -1))
        return cls(identifiers, periods, *columns)

    def rows(self, values: pa.Array, moments: Array) -> Array:
        """Find the row of each identifier as held at its moment; -1 where none."""
        found = pc.index_in(values, self.identifiers, skip_nulls=True)
        owners = pc.fill_null(found, -1).to_numpy(zero_copy_only=False)
        return self.periods.lookup(owners.astype(np.int64), moments)


def match_numbers(
    facts: Table, table: NumberTable, search: Search = USUAL_SEARCH
) -> Table:
    """Find which number of ours pays for each call, as held at the call's start.

    Usually, outgoing: the redirecting number (who forwards pays), else the calling one,
    else account code and trunk.  Incoming: the called number.  Internal: the calling
    one.  Gives number_id, partner_id (int64, 0 where none; a reference finds a customer
    without a number) and side (categorical, "").
    """
    found = Found.nothing(facts, table, search)
    by_direction(codes_of(facts["direction"], DIRECTIONS), search, found.look_up)
    columns = {
        "number_id": table.number_ids[found.rows],
        "partner_id": found.partners(),
        "side": labelled(found.sides, SIDES, facts.index),
    }
    return pd.DataFrame(columns, index=facts.index)


@dataclass(frozen=True)
class Found:
    """Rows of the numbers table, customers and sides (codes in SIDES), by call."""

    facts: Table
    table: NumberTable
    search: Search
    moments: Array
    rows: Array
    payers: Array
    sides: Array

    @classmethod
    def nothing(cls, facts: Table, table: NumberTable, search: Search) -> "Found":
        """Start with nothing found for any call."""
        rows = np.full(len(facts), -1, dtype=np.int64)
        sides = np.full(len(facts), SIDES.index(""), dtype=np.int64)
        moments = epoch_seconds(facts["start_at"])
        return cls(facts, table, search, moments, rows, np.zeros_like(rows), sides)

    def partners(self) -> Array:
        """Give who pays (int64, 0 where nobody)."""
        return np.where(self.rows < 0, self.payers, self.table.partner_ids[self.rows])

    def look_up(self, identifier: Identifier, calls: Array) -> Array:
        """Look up one fact of some calls (positions); tell which of them are ours."""
        values = values_of(self.facts, identifier.column, calls)
        if values is None:
            return np.zeros(len(calls), dtype=bool)
        if identifier.by != NUMBER:
            ours = self._look_up_customers(identifier, values, calls)
        else:
            ours = self._look_up_numbers(identifier, values, calls)
        self.sides[calls[ours]] = side_of(identifier.column)
        return ours

    def _look_up_numbers(
        self, identifier: Identifier, values: pa.Array, calls: Array
    ) -> Array:
        rows = self.table.rows(values, self.moments[calls])
        ours = rows >= 0
        if identifier.kinds:
            kinds = [KINDS.index(kind) for kind in identifier.kinds]
            ours &= np.isin(self.table.kinds[rows], kinds)
        self.rows[calls[ours]] = rows[ours]
        return ours

    def _look_up_customers(
        self, identifier: Identifier, values: pa.Array, calls: Array
    ) -> Array:
        """Look up customers; of a call that had one it stays, whatever was renamed."""
        customers = self.search.customers
        if customers is None:
            return np.zeros(len(calls), dtype=bool)
        payers = customers.payers(values, identifier.by)
        found = integers(self.facts, "found_partner_id", missing=0)[calls]
        payers = np.where(found > 0, found, payers)
        self.payers[calls] = payers
        return payers > 0


def side_of(column: str) -> int:
    """Give the code in SIDES of a fact."""
    if column not in COLUMNS:
        return SIDES.index("other")
    return COLUMNS.index(column)


@dataclass(frozen=True)
class DestinationTable:
    """The company's prefixes: where they lead and what category they are.

    prefixes: their values are rows of destination_ids (int64) and categories (codes in
    `labels`), each with an extra last row for "no prefix".
    """

    prefixes: PrefixTable
    destination_ids: Array
    categories: Array
    labels: tuple[str, ...]

    @classmethod
    def build(cls, prefixes: Table) -> "DestinationTable":
        """Index prefixes (destination_id, prefix, category); PrefixError where bad."""
        names = texts(prefixes, "category")
        labels = tuple(dict.fromkeys([*CATEGORIES, *names]))
        codes = codes_of(pd.Series(names, dtype=object), labels)
        table = PrefixTable.build(texts(prefixes, "prefix"))
        destinations = integers(prefixes, "destination_id")
        nodes = table.values
        return cls(
            table,
            np.append(destinations[nodes], 0),
            np.append(codes[nodes], labels.index("other")),
            labels,
        )


def match_destinations(
    facts: Table,
    table: DestinationTable,
    country_code: str,
    fallback: Fallback | None = None,
    called_is_ours: Array | None = None,
) -> Table:
    """Find destination and category of the called number by its longest prefix.

    Gives match_key (int64, for the rates; -1 where there are no digits),
    destination_id (int64, 0), prefix and category (categorical texts).  Where no prefix
    of ours matches: internal calls are "internal", bare short codes "short", numbers of
    another country "international", numbers of ours (`called_is_ours`, bools)
    "internal"; for what is left `fallback` is asked once, with the unique E.164 digits
    (without +), for their categories; else "other".
    """
    called = Called.of(facts, country_code, called_is_ours)
    keys = called.match_keys()
    nodes = table.prefixes.nodes(keys)
    codes, labels = table.categories[nodes], table.labels
    rows = np.flatnonzero(nodes < 0)
    if rows.size:
        names = called.take(rows).categories(fallback)
        labels = tuple(dict.fromkeys([*labels, *names.unique()]))
        codes[rows] = codes_of(names, labels)
    columns = {
        "match_key": keys,
        "destination_id": table.destination_ids[nodes],
        "prefix": labelled(nodes + 1, ["", *table.prefixes.prefixes], facts.index),
        "category": labelled(codes, labels, facts.index),
    }
    return pd.DataFrame(columns, index=facts.index)


@dataclass(frozen=True)
class Called:
    """Called numbers and what kind of text they are (bool arrays).

    is_phone: begins with +.  is_internal: of an internal call.  is_short: bare digits,
    not in an internal call, where they are an extension.  is_ours: as the caller knows.
    """

    numbers: pa.Array
    country_code: str
    is_phone: Array
    is_internal: Array
    is_short: Array
    is_ours: Array

    @classmethod
    def of(cls, facts: Table, country_code: str, is_ours: Array | None) -> "Called":
        """Read called_number and direction; masked digits at the end are left out."""
        numbers = unmasked(text(facts["called_number"]))
        directions = codes_of(facts["direction"], DIRECTIONS)
        internal = directions == DIRECTIONS.index("internal")
        short = truth(pc.ascii_is_decimal(numbers)) & ~internal
        ours = np.zeros(len(facts), dtype=bool) if is_ours is None else is_ours
        is_phone = truth(pc.starts_with(numbers, "+"))
        return cls(numbers, country_code, is_phone, internal, short, ours)

    def take(self, rows: Array) -> "Called":
        """Give some of the numbers."""
        flags = (self.is_phone, self.is_internal, self.is_short, self.is_ours)
        numbers = self.numbers.take(pa.array(rows))
        return Called(numbers, self.country_code, *(flag[rows] for flag in flags))

    def match_keys(self) -> Array:
        """Give the keys to match prefixes by: E.164, or country code and code."""
        keys = match_keys(pc.utf8_slice_codeunits(self.numbers, 1))
        keys = np.where(self.is_phone, keys, -1)
        short = np.flatnonzero(self.is_short)
        codes = self.numbers.take(pa.array(short))
        keys[short] = match_keys(joined(self.country_code, codes))
        return keys

    def categories(self, fallback: Fallback | None) -> pd.Series:
        """Name the category where no prefix does (texts)."""
        is_home = truth(pc.starts_with(self.numbers, "+" + self.country_code))
        names = np.full(len(self.is_phone), "other", dtype=object)
        asked = np.flatnonzero(is_home & ~self.is_ours & ~self.is_internal)
        if asked.size and fallback is not None:
            digits = pc.utf8_slice_codeunits(self.numbers.take(pa.array(asked)), 1)
            names[asked] = fallback_categories(digits, fallback)
        names[self.is_ours] = "internal"
        names[self.is_phone & ~is_home] = "international"
        names[self.is_short] = "short"
        names[self.is_internal] = "internal"
        return pd.Series(names, dtype=object)


def fallback_categories(digits: pa.Array, fallback: Fallback) -> Array:
    """Ask the fallback once for unique digits; give a category for each of them."""
    coded = digits.dictionary_encode()
    unique = coded.dictionary.to_pylist()
    if callable(fallback):
        answers = list(fallback(unique))
    else:
        answers = [fallback.get(one) for one in unique]
    known = np.array([answer or "other" for answer in answers], dtype=object)
    return known[coded.indices.to_numpy()]


def unmasked(numbers: pa.Array) -> pa.Array:
    """Leave out the last digits of numbers that are not told: +34600123XXX."""
    letters = numbers.buffers()[2]
    if letters is None or MASK.encode() not in letters.to_pybytes():
        return numbers
    is_masked = pc.match_substring_regex(numbers, r"^\+[0-9]+X+$")
    return pc.if_else(is_masked, pc.ascii_rtrim(numbers, MASK), numbers)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which tariff and which rate a call is priced with."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .book import RateBook, RateIndex
from .codes import KINDS, kinds_of
from .periods import epoch_seconds
from .tables import Array, Table, codes_of, combined, integers, positions


@dataclass(frozen=True)
class Choice:
    """What was chosen for each call: positions in the book, -1 where there is none.

    tariff: where the search began.  rate: the row of the rate, in it or in a parent.
    holds: whether that chain of tariffs holds any rate at all for the call's kind.
    """

    tariff: Array
    rate: Array
    holds: Array

    def take(self, rows: Array) -> "Choice":
        """Give the choice of some calls."""
        return Choice(self.tariff[rows], self.rate[rows], self.holds[rows])


@dataclass(frozen=True)
class Search:
    """What a rate is searched by, int64 columns: tariff (position), kind (service and
    direction), node (longest known prefix), category (-1: none), moment (epoch s).
    """

    tariff: Array
    kind: Array
    node: Array
    category: Array
    moment: Array

    def take(self, rows: Array) -> "Search":
        """Give some of the rows."""
        columns = (self.tariff, self.kind, self.node, self.category, self.moment)
        return Search(*(column[rows] for column in columns))


def select_rates(calls: Table, book: RateBook, tariff_id: int | None = None) -> Choice:
    """Choose tariff and rate of each call, as in force at its start.

    Tariff: the number's, else the customer's, else the call plan's, else the company's;
    or `tariff_id` for all.  Rate: the longest prefix (a rate's own wins a tie over one
    of its destination's), then category, then the one without prefix, then the parent.
    Reads service, direction, start_at, match_key, category; number_id and partner_id
    where no `tariff_id` is given.
    """
    moments = epoch_seconds(calls["start_at"])
    tariff = select_tariffs(calls, book, moments, tariff_id)
    kind = kinds_of(calls)
    group = np.where((tariff >= 0) & (kind >= 0), tariff * KINDS + kind, -1)
    holds = np.append(book.index.holds, False)[group]
    node = book.index.prefixes.nodes(integers(calls, "match_key"))
    category = codes_of(calls["category"], book.index.categories)
    search = Search(np.where(holds, tariff, -1), kind, node, category, moments)
    return Choice(tariff, search_alike(book, search), holds)


def select_tariffs(
    calls: Table, book: RateBook, moments: Array, tariff_id: int | None
) -> Array:
    """Give the position of each call's tariff: its holder's, or the one given."""
    if tariff_id is not None:
        return np.repeat(positions(book.tariffs.ids, np.array([tariff_id])), len(calls))
    owners = (integers(calls, name) for name in ("number_id", "partner_id"))
    return book.holders.tariffs_of(*owners, moments)


def search_alike(book: RateBook, search: Search) -> Array:
    """Search once for all calls that must get the same rate; give rate rows (int64).

    Calls are alike in all they are searched by, with the time between two changes of
    any rate counting as one moment.
    """
    index = book.index
    epoch, times = epochs(index.moments, search.moment)
    columns = [
        (search.tariff + 1, len(book.tariffs.ids) + 1),
        (search.kind + 1, KINDS + 1),
        (search.node + 1, len(index.prefixes.prefixes) + 1),
        (search.category + 1, len(index.categories) + 1),
        (epoch, len(times)),
    ]
    codes, uniques = pd.factorize(combined(columns))
    first = np.empty(len(uniques), dtype=np.int64)
    first[codes] = np.arange(len(codes))
    return search_tariffs(book, search.take(first))[codes]


def epochs(changes: Array, moments: Array) -> tuple[Array, Array]:
    """Cut time where something changes: the epoch of each moment, and their starts."""
    if not len(moments):
        return moments, np.zeros(1, np.int64)
    first, last = moments.min(), moments.max()
    inside = changes[(changes > first) & (changes <= last)]
    starts = np.concatenate([[first], inside])
    if not len(inside):
        return np.zeros(len(moments), np.int64), starts
    return np.searchsorted(inside, moments, side="right"), starts


def search_tariffs(book: RateBook, search: Search) -> Array:
    """Search the tariffs, then their parents; give rate rows, -1 where none."""
    found = np.full(len(search.tariff), -1, dtype=np.int64)
    tariff = search.tariff.copy()
    rows = np.flatnonzero(tariff >= 0)
    while rows.size:
        group = tariff[rows] * KINDS + search.kind[rows]
        found[rows] = search_group(book.index, group, search.take(rows))
        tariff[rows] = book.tariffs.parents[tariff[rows]]
        rows = rows[(found[rows] < 0) & (tariff[rows] >= 0)]
    return found


def search_group(index: RateIndex, group: Array, search: Search) -> Array:
    """Search one tariff each: prefixes from the longest, category, everything."""
    found = np.full(len(group), -1, dtype=np.int64)
    nodes = len(index.prefixes.prefixes)
    category = np.where(search.category >= 0, nodes + search.category, -1)
    everything = np.full(len(group), index.width - 1)
    fill_prefixes(index, group, search, found)
    for target in (category, everything):
        rows = np.flatnonzero((found < 0) & (target >= 0))
        found[rows] = index.rates_at(group[rows], target[rows], search.moment[rows])
    return found


def fill_prefixes(index: RateIndex, group: Array, search: Search, found: Array) -> None:
    """Fill `found` with the rate of the longest prefix that has one in force."""
    node, moment = search.node.copy(), search.moment
    rows = np.flatnonzero(node >= 0)
    while rows.size:
        found[rows] = index.rates_at(group[rows], node[rows], moment[rows])
        node[rows] = index.prefixes.parents[node[rows]]
        rows = rows[(found[rows] < 0) & (node[rows] >= 0)]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which tariff and which rate a call is priced with."""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..codes import KINDS, kinds_of
from ..periods import epoch_seconds
from ..tables import Array, Table, codes_of, combined, integers, positions
from .book import RateBook
from .index import RateIndex
from .rules import Asked


@dataclass(frozen=True)
class Choice:
    """What was chosen for each call: positions in the book, -1 where there is none.

    tariff: where the search began.  rate: the row of the rate, in it or in a parent.
    slot: where the rate was found (tariff, kind and target as in `RateIndex`).
    holds: whether that chain of tariffs holds any rate at all for the call's kind.
    """

    tariff: Array
    rate: Array
    slot: Array
    holds: Array

    def take(self, rows: Array) -> "Choice":
        """Give the choice of some calls."""
        columns = (self.tariff, self.rate, self.slot, self.holds)
        return Choice(*(column[rows] for column in columns))


@dataclass(frozen=True)
class Search:
    """What a rate is searched by, int64 columns: tariff (position), kind (service and
    direction), node (longest known prefix), category (-1: none), moment (epoch s), when
    (row in the scene's `held`), rule (row in its `hits`).
    """

    tariff: Array
    kind: Array
    node: Array
    category: Array
    moment: Array
    when: Array
    rule: Array

    def take(self, rows: Array) -> "Search":
        """Give some of the rows."""
        return Search(*(getattr(self, one.name)[rows] for one in fields(self)))


class Scene(NamedTuple):
    """What a search looks up: `When.held` (None: no bands), and what rules were hit.

    hits: row of the rate, by row and place of the tariff in `Rules.tariffs`.
    """

    held: Array | None
    hits: Array


def select_rates(
    calls: Table, book: RateBook, tariff_id: int | Array | None = None
) -> Choice:
    """Choose tariff and rate of each call, as in force at its start.

    Tariff: as `Holders.tariffs_of` says, or `tariff_id` for all or for each (0: none).
    Rate: the first rule that matches; the longest prefix (a rate's own wins a tie over
    one of its destination's), then category, then the one without prefix, then the
    parent; each only in its time band, of several the one with the highest priority.
    Reads service, direction, start_at, match_key, category; number_id and partner_id
    (and class, trunk, carrier_id, source_address where the book assigns tariffs by
    them) where no `tariff_id` is given; what patterns are for.
    """
    moments = epoch_seconds(calls["start_at"])
    tariff = select_tariffs(calls, book, moments, tariff_id)
    kind = kinds_of(calls)
    group = np.where((tariff >= 0) & (kind >= 0), tariff * KINDS + kind, -1)
    holds = np.append(book.index.holds, False)[group]
    node = book.index.prefixes.nodes(integers(calls, "match_key"))
    category = codes_of(calls["category"], book.index.categories)
    tariffs = np.where(holds, tariff, -1)
    when, held = bands_of(book, moments)
    rule, hits = rules_of(
        calls, book, Search(tariffs, kind, node, category, moments, when, when), held
    )
    search = Search(tariffs, kind, node, category, moments, when, rule)
    rate, slot = search_alike(book, search, Scene(held, hits))
    return Choice(tariff, rate, slot, holds)


def select_tariffs(
    calls: Table, book: RateBook, moments: Array, tariff_id: int | Array | None
) -> Array:
    """Give the position of each call's tariff: its holder's, or the one given."""
    if tariff_id is not None:
        place = positions(book.tariffs.ids, np.atleast_1d(tariff_id))
        return place if np.ndim(tariff_id) else np.repeat(place, len(calls))
    return book.holders.tariffs_of(calls, book.partners, moments)


def bands_of(book: RateBook, moments: Array) -> tuple[Array, Array | None]:
    """Give which bands hold at moments, as rows of a table (None: no bands)."""
    if book.index.bands == 1 or not len(moments):
        return np.zeros(len(moments), dtype=np.int64), None
    calendar = book.calendar(int(moments.min()), int(moments.max()))
    return calendar.when(moments)


def rules_of(
    calls: Table, book: RateBook, search: Search, held: Array | None
) -> tuple[Array, Array]:
    """Give what rules match calls, as rows of a table of hits."""
    rules = book.rules
    if not rules.rules or not len(calls):
        return np.zeros(len(calls), np.int64), np.full((1, len(rules.tariffs)), -1)
    zones = book.tariffs.zones

    def is_held(tariff: int, band: int) -> Array:
        return held[search.when, zones[tariff], band]

    asked = Asked(
        search.tariff, search.kind, search.moment, None if held is None else is_held
    )
    hits, codes = np.unique(rules.hits(calls, asked), axis=0, return_inverse=True)
    return codes.ravel(), hits


def alongside(calls: Table, book: RateBook, choice: Choice) -> list[list[int]]:
    """Give the ids of the rates that may price a part of each call, where bands split.

    Those at the same target as the chosen one that are in force at the call's start,
    one for each band, for `explain.Around.rates`.
    """
    found = []
    index, moments = book.index, epoch_seconds(calls["start_at"])
    for place in range(index.bands):
        keys = positions(index.slots, choice.slot * index.bands + place)
        found.append(index.periods.lookup(keys, moments))
    rows = np.column_stack(found)
    return [book.rates.ids[row[row >= 0]].tolist() for row in rows]


def search_alike(book: RateBook, search: Search, scene: Scene) -> tuple[Array, Array]:
    """Search once for all calls that must get the same rate; give rate rows and slots.

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
    if scene.held is not None:
        columns.append((search.when, len(scene.held)))
    if len(scene.hits) > 1:
        columns.append((search.rule, len(scene.hits)))
    codes, uniques = pd.factorize(combined(columns))
    first = np.empty(len(uniques), dtype=np.int64)
    first[codes] = np.arange(len(codes))
    rate, slot = search_tariffs(book, search.take(first), scene)
    return rate[codes], slot[codes]


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


def search_tariffs(book: RateBook, search: Search, scene: Scene) -> tuple[Array, Array]:
    """Search the tariffs, then their parents; give rate rows and slots, -1 none."""
    found = np.full(len(search.tariff), -1, dtype=np.int64)
    slot, tariff = found.copy(), search.tariff.copy()
    rows = np.flatnonzero(tariff >= 0)
    while rows.size:
        some, at = search.take(rows), tariff[rows]
        held = None
        if scene.held is not None:
            held = scene.held[some.when, book.tariffs.zones[at]]
        group = Group(book.index, at * KINDS + some.kind, some, held)
        group.start_with(ruled(book, scene, some, at))
        group.search()
        found[rows], slot[rows] = group.found, group.slot
        tariff[rows] = book.tariffs.parents[at]
        rows = rows[(found[rows] < 0) & (tariff[rows] >= 0)]
    return found, slot


def ruled(book: RateBook, scene: Scene, search: Search, tariff: Array) -> Array:
    """Give the rule that was hit in each one's tariff; -1 where none."""
    place = positions(book.rules.tariffs, tariff)
    hit = np.column_stack([scene.hits, np.full(len(scene.hits), -1)])
    return hit[search.rule, place]


class Group:
    """A search in one tariff each; found and slot fill up, -1 is none yet."""

    def __init__(
        self, index: RateIndex, group: Array, search: Search, held: Array | None
    ) -> None:
        """Search `group` (tariff * KINDS + kind); `held`: bands, by row and place."""
        self.index, self.search_by, self.held = index, search, held
        self.base = group * index.width
        self.found = np.full(len(group), -1, dtype=np.int64)
        self.slot = self.found.copy()

    def start_with(self, rule: Array) -> None:
        """Take the rules that were hit."""
        rows = np.flatnonzero(rule >= 0)
        self.found[rows] = rule[rows]
        self.slot[rows] = self.index.rule_slots[rule[rows]]

    def search(self) -> None:
        """Search prefixes from the longest, category, everything."""
        nodes, by = len(self.index.prefixes.prefixes), self.search_by
        self.ask_prefixes()
        self.ask(np.where(by.category >= 0, nodes + by.category, -1))
        self.ask(np.full(len(by.category), self.index.everything))

    def ask_prefixes(self) -> None:
        """Find the rate of the longest prefix that has one in force."""
        node = self.search_by.node.copy()
        while ((self.found < 0) & (node >= 0)).any():
            self.ask(node)
            node = np.append(self.index.prefixes.parents, -1)[node]

    def ask(self, target: Array) -> None:
        """Look one target of each up (-1: none), where nothing is found yet."""
        rows = np.flatnonzero((self.found < 0) & (target >= 0))
        slots = self.base[rows] + target[rows]
        held = None if self.held is None else self.held[rows]
        moments = self.search_by.moment[rows]
        self.found[rows] = self.index.rates_at(slots, moments, held)
        hit = self.found[rows] >= 0
        self.slot[rows[hit]] = slots[hit]

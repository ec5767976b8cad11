# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where to find the rates of a tariff: by what is called, date and time band."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..codes import KINDS
from ..periods import PeriodTable, ranks
from ..prefixes import PrefixTable
from ..tables import Array, Table, codes_of, integers, positions, texts
from .bands import Bands
from .lines import PATTERNS, Rates, usable

CONDITIONS = ("prefix", "category", "destination_id")


@dataclass(frozen=True)
class RateIndex:
    """Slots of (tariff, kind, target), each with periods for each band.

    A target is a node of `prefixes`, a category, "everything", or one of `rules` kinds
    of rule (all rules with the same patterns), in this order.  `bands`: places of bands
    (1: no rate has one).  slots: sorted int64, slot * bands + band.  periods: by
    position in slots, row of the rates.  holds: bool by tariff * KINDS + kind, whether
    its chain of tariffs holds any rate.  moments: sorted times at which some rate
    begins or ends.  rule_slots: by row of the rates, -1 where it is no rule.  places:
    of the rates' bands (0: any time), by row of the rates, the neutral one last.
    """

    prefixes: PrefixTable
    categories: tuple[str, ...]
    rules: int
    bands: int
    slots: Array
    periods: PeriodTable
    holds: Array
    moments: Array
    rule_slots: Array
    places: Array

    @property
    def width(self) -> int:
        """Count the targets."""
        return self.everything + 1 + self.rules

    @property
    def everything(self) -> int:
        """Give the target of rates without prefix and category."""
        return len(self.prefixes.prefixes) + len(self.categories)

    @classmethod
    def build(
        cls, table: Table, prefixes: Table, rates: Rates, parents: Array, bands: Bands
    ) -> "RateIndex":
        """Index the rates table; `parents`: of the tariffs, by position."""
        spread = spread_rates(table, prefixes, rates)
        spread = spread[usable(rates)[integers(spread, "row")]]
        known = PrefixTable.build(sorted(set(spread["prefix"]) - {""}))
        categories = tuple(sorted(set(spread["category"]) - {""}))
        row, rules = integers(spread, "row"), rule_codes(table, rates)
        group = rates.tariffs[row] * KINDS + rates.kinds[row]
        count = int(rules.max(initial=-1)) + 1
        everything = len(known.prefixes) + len(categories)
        width = everything + 1 + count
        target = targets_of(spread, known, categories)
        target = np.where(rules[row] >= 0, everything + 1 + rules[row], target)
        base = group * width + target
        places = band_places(table, bands)
        size = len(bands.ids) + 2 if places.any() else 1
        slots, codes = np.unique(base * size + places[row], return_inverse=True)
        start, end = integers(spread, "start"), integers(spread, "end")
        rank = ranks(-rates.ids[row], -start, spread["is_far"].to_numpy(dtype=bool))
        periods = PeriodTable.build(codes, start, end, row, rank)
        own = np.full(len(rates.ids), -1)
        own[row] = np.where(rules[row] >= 0, base, -1)
        moments, holds = np.union1d(start, end), chain_holds(rates, parents)
        found = (known, categories, count, size, slots, periods, holds, moments, own)
        return cls(*found, np.append(places, 0))

    def rates_at(self, slots: Array, moments: Array, held: Array | None) -> Array:
        """Give the rate in force in each slot; -1 where none.

        `held`: where rates have bands, a bool for each slot and place of a band.
        """
        if held is None:
            return self.periods.lookup(positions(self.slots, slots), moments)
        found = np.full(len(slots), -1, dtype=np.int64)
        for place in [*range(1, self.bands), 0]:
            rows = np.flatnonzero((found < 0) & held[:, place])
            if rows.size:
                wanted = positions(self.slots, slots[rows] * self.bands + place)
                found[rows] = self.periods.lookup(wanted, moments[rows])
        return found


def band_places(table: Table, bands: Bands) -> Array:
    """Give the place of each rate's band in the order of bands; 0 any time."""
    return bands.places(integers(table, "band_id", missing=0))


def rule_codes(table: Table, rates: Rates) -> Array:
    """Number the rules: those that ask for the same have the same code; -1 no rule."""
    codes = np.full(len(rates.ids), -1, dtype=np.int64)
    rows = np.flatnonzero(rates.is_rule)
    if rows.size:
        given = [name for name in (*CONDITIONS, *PATTERNS) if name in table]
        codes[rows] = table.iloc[rows].groupby(given, dropna=False).ngroup()
    return codes


def spread_rates(table: Table, prefixes: Table, rates: Rates) -> Table:
    """Give row, prefix, category, is_far, start, end for each prefix of a rate.

    A rate of a destination stands once for each of the destination's prefixes, and is
    far: at the same prefix, a rate of the prefix itself comes first.  A rule stands
    once, without any.
    """
    columns = {
        "row": np.arange(len(table)),
        "prefix": np.array(texts(table, "prefix"), dtype=object),
        "category": np.array(texts(table, "category"), dtype=object),
        "destination_id": integers(table, "destination_id", missing=0),
        "start": integers(table, "start"),
        "end": integers(table, "end"),
    }
    for name, nothing in (("prefix", ""), ("category", ""), ("destination_id", 0)):
        columns[name] = np.where(rates.is_rule[:-1], nothing, columns[name])
    rows = pd.DataFrame(columns)
    is_far = (rows["prefix"] == "") & (rows["destination_id"] != 0)
    known = prefixes[["destination_id", "prefix"]].drop_duplicates()
    reached = rows[is_far].drop(columns="prefix").merge(known, on="destination_id")
    parts = [rows[~is_far].assign(is_far=False), reached.assign(is_far=True)]
    spread = pd.concat([part for part in parts if len(part)] or parts[:1])
    spread["category"] = spread["category"].where(spread["prefix"] == "", "")
    return spread.reset_index(drop=True)


def targets_of(spread: Table, prefixes: PrefixTable, labels: tuple[str, ...]) -> Array:
    """Give the target of each row of `spread_rates` as a code (int64)."""
    nodes = len(prefixes.prefixes)
    node = codes_of(spread["prefix"], prefixes.prefixes)
    category = codes_of(spread["category"], labels)
    other = np.where(category >= 0, nodes + category, nodes + len(labels))
    return np.where(node >= 0, node, other)


def chain_holds(rates: Rates, parents: Array) -> Array:
    """Tell for each tariff and kind whether its chain of parents holds any rate."""
    holds = np.zeros((len(parents), KINDS), dtype=bool)
    known = usable(rates)
    holds[rates.tariffs[known], rates.kinds[known]] = True
    chain, above = holds.copy(), parents
    while (rows := np.flatnonzero(above >= 0)).size:
        chain[rows] |= holds[above[rows]]
        above = np.where(above >= 0, np.append(parents, -1)[above], -1)
    return chain.ravel()

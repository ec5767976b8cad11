# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tiers of rates: by second of the call, by what a month holds, by carrier's cost.

Tiers begin behind their start: with a start of 600, unit number 601 is the first of the
tier, be it a second, a message or a nano of cost.  What lies before the first tier is
priced by the rate's own line.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..codes import TIER_KINDS, codes_or_first, refuse
from ..periods import NEVER
from ..tables import Array, Table, amounts, integers, positions

COLUMNS = ["rate_id", "kind", "start", "price_nano", "increment", "markup_ppm"]


@dataclass(frozen=True)
class Tiers:
    """Tiers of one kind, by row of the rates and start, with a neutral extra last one.

    first: where each rate's tiers begin (one more than rates, and one for "no rate").
    starts, price, increment (0: the rate's), markup: int64; has_price, has_markup.
    """

    first: Array
    starts: Array
    price: Array
    has_price: Array
    increment: Array
    markup: Array
    has_markup: Array

    @classmethod
    def build(cls, table: Table | None, kind: str, rate_ids: Array) -> "Tiers":
        """Read the tiers of a kind; `rate_ids`: by row of the rates, neutral one last.

        Of two tiers of a rate that begin together the last counts.  BookError where a
        start or an increment makes no sense.
        """
        table = of_kind(table, kind)
        order = np.argsort(rate_ids[:-1], kind="stable")
        place = positions(rate_ids[:-1][order], integers(table, "rate_id"))
        table, place = table[place >= 0], place[place >= 0]
        row, start = order[place], integers(table, "start")
        refuse("start", start, (start < 0) | (start >= NEVER))
        kept = last_of_each(row, start)
        table, row = table.iloc[kept], row[kept]
        increment = integers(table, "increment", missing=0)
        refuse("increment", increment, increment < 0)
        price, has_price = amounts(table, "price_nano")
        markup, has_markup = amounts(table, "markup_ppm")
        first = np.searchsorted(row, np.arange(len(rate_ids) + 1))
        columns = (start[kept], price, has_price, increment, markup, has_markup)
        ends = (NEVER, 0, False, 0, 0, False)
        padded = (np.append(c, e) for c, e in zip(columns, ends, strict=True))
        return cls(first, *padded)

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return len(self.starts) > 1

    def count(self) -> Array:
        """Give how many tiers each rate has (by row, the neutral one last)."""
        return np.diff(self.first)

    def at(self, row: Array, done: Array) -> Array:
        """Give the tier of the unit that follows `done` units; -1: the rate's own."""
        first = self.first[row]
        low, high = first - 1, self.first[row + 1] - 1
        while (open_rows := np.flatnonzero(low < high)).size:
            middle = (low[open_rows] + high[open_rows] + 1) // 2
            begun = self.starts[middle] <= done[open_rows]
            low[open_rows] = np.where(begun, middle, low[open_rows])
            high[open_rows] = np.where(begun, high[open_rows], middle - 1)
        return np.where(low < first, -1, low)

    def next_start(self, row: Array, tier: Array) -> Array:
        """Give where the tier behind this one begins; NEVER where there is none."""
        after = np.where(tier < 0, self.first[row], tier + 1)
        return np.where(after < self.first[row + 1], self.starts[after], NEVER)


def of_kind(table: Table | None, kind: str) -> Table:
    """Give the tiers of one kind."""
    if table is None or not len(table):
        return pd.DataFrame({name: np.empty(0, np.int64) for name in COLUMNS})
    codes = codes_or_first(table, "kind", TIER_KINDS)
    return table[codes == TIER_KINDS.index(kind)]


def last_of_each(row: Array, start: Array) -> Array:
    """Give positions in order of row and start, only the last of those alike."""
    order = np.lexsort((np.arange(len(row)), start, row))
    row, start = row[order], start[order]
    is_last = np.append((row[1:] != row[:-1]) | (start[1:] != start[:-1]), True)
    return order[is_last[: len(order)]]

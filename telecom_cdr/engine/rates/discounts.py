# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Discounts and surcharges: which calls they are for, and what they make of a price."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..codes import DIRECTIONS, MILLION, SERVICES, known_codes, refuse
from ..exact import Fractions, lowest, narrow, plus, times, whole
from ..periods import epoch_seconds
from ..tables import Array, Table, codes_of, integers, texts

OWNERS = ("partner", "number", "department", "tariff", "class")
COLUMNS = ["discount_id", "owner_kind", "owner_id", "start", "end"]


@dataclass(frozen=True)
class Discounts:
    """Lines of discounts as they are assigned, by kind of owner, owner and order.

    table: owner (code in OWNERS), owner_id, turn (order among all lines), line (code of
    discount_id), start, end, service, direction, category (codes, -1: any),
    destination_id, percent (ppm, at least -100 %), amount (nano), currency_id.
    """

    table: Table
    categories: tuple[str, ...]

    @classmethod
    def build(cls, table: Table | None) -> "Discounts":
        """Read discounts; BookError where bad.

        discount_id (of the line), sequence, owner_kind (OWNERS), owner_id, start, end,
        service, direction, category ("" any), destination_id (0 any), percent_ppm
        (-100000: 10 % off), amount_nano (a call that is not free), currency_id.
        """
        if table is None or not len(table):
            table = pd.DataFrame(columns=COLUMNS)
        names = texts(table, "category")
        categories = tuple(sorted(set(names) - {""}))
        ids = integers(table, "discount_id")
        percent = integers(table, "percent_ppm", 0)
        refuse("percent_ppm", percent, percent < -MILLION)
        columns = {
            "owner": known_codes(table, "owner_kind", OWNERS),
            "owner_id": integers(table, "owner_id"),
            "line": ids,
            "sequence": integers(table, "sequence", 0),
            "start": integers(table, "start"),
            "end": integers(table, "end"),
            "service": codes_or_any(table, "service", SERVICES),
            "direction": codes_or_any(table, "direction", DIRECTIONS),
            "category": codes_of(pd.Series(names, dtype=object), categories),
            "destination_id": integers(table, "destination_id", 0),
            "percent": percent,
            "amount": integers(table, "amount_nano", 0),
            "currency_id": integers(table, "currency_id", 0),
        }
        rows = pd.DataFrame(columns).sort_values(["owner", "owner_id"], kind="stable")
        return cls(rows.reset_index(drop=True), categories)

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(len(self.table))

    def of(self, calls: Table, owners: dict[str, Array]) -> "Applied":
        """Find what counts for calls; `owners`: ids by kind of owner, 0 for none.

        A line that reaches a call in several ways counts once.
        """
        pairs = [self._owned(place, owners[kind]) for place, kind in enumerate(OWNERS)]
        call, row = (np.concatenate(column) for column in zip(*pairs, strict=True))
        kept = self._is_for(calls, call, row)
        call, row = call[kept], row[kept]
        found = self.table.iloc[row].assign(call=call)
        found = found.sort_values(["call", "sequence", "line"], kind="stable")
        return Applied(found.drop_duplicates(["call", "line"]))

    def _owned(self, kind: int, owner_ids: Array) -> tuple[Array, Array]:
        """Give calls (positions) and the lines of their owners of one kind."""
        of_kind = np.flatnonzero(self.table["owner"].to_numpy() == kind)
        ids = self.table["owner_id"].to_numpy()[of_kind]
        first = np.searchsorted(ids, owner_ids, side="left")
        count = np.searchsorted(ids, owner_ids, side="right") - first
        count = np.where(owner_ids > 0, count, 0)
        call = np.repeat(np.arange(len(owner_ids)), count)
        turn = np.arange(len(call)) - np.repeat(np.cumsum(count) - count, count)
        return call, of_kind[np.repeat(first, count) + turn]

    def _is_for(self, calls: Table, call: Array, row: Array) -> Array:
        """Tell which lines are for such a call, at its start."""
        line = {name: column.to_numpy()[row] for name, column in self.table.items()}
        moment = epoch_seconds(calls["start_at"])[call]
        found = (line["start"] <= moment) & (moment < line["end"])
        facts = {
            "service": codes_of(calls["service"], SERVICES),
            "direction": codes_of(calls["direction"], DIRECTIONS),
            "category": codes_of(calls["category"], self.categories),
        }
        for name, codes in facts.items():
            found &= (line[name] < 0) | (line[name] == codes[call])
        asked = line["destination_id"]
        destination = integers(calls, "destination_id", missing=0)[call]
        return found & ((asked == 0) | (asked == destination))


@dataclass(frozen=True)
class Applied:
    """Lines that count for calls: the table of `Discounts`, with call (position)."""

    table: Table

    @property
    def calls(self) -> Array:
        """Give the calls that any line counts for (positions, sorted)."""
        return np.unique(self.table["call"].to_numpy())

    def factors(self, count: int) -> Fractions:
        """Give what all percents together multiply the price of each call by."""
        found = whole(np.ones(count, dtype=np.int64))
        turn = self.table.groupby("call").cumcount().to_numpy()
        for place in range(int(turn.max(initial=-1)) + 1):
            some = self.table[turn == place]
            call, percent = some["call"].to_numpy(), some["percent"].to_numpy()
            bottom = np.full(len(some), MILLION, dtype=np.int64)
            part = lowest(Fractions(MILLION + percent, bottom))
            found = put(found, call, times(found.take(call), part))
        return found

    def surcharges(self) -> Table:
        """Give the lines with an amount, in order."""
        return self.table[self.table["amount"] != 0]


def put(ratios: Fractions, rows: Array, some: Fractions) -> Fractions:
    """Put ratios in the place of others; the columns widen where these are wide."""
    columns = []
    for column, part in zip(ratios, some, strict=True):
        columns.append(column.astype(np.result_type(column, part)))
        columns[-1][rows] = part
    return Fractions(*map(narrow, columns))


def added(sums: Fractions, rows: Array, amounts: Fractions) -> Fractions:
    """Add amounts to some rows, one after the other where a row stands twice."""
    turn = pd.Series(rows).groupby(rows).cumcount().to_numpy()
    for place in range(int(turn.max(initial=-1)) + 1):
        some = np.flatnonzero(turn == place)
        call = rows[some]
        sums = put(sums, call, plus(sums.take(call), amounts.take(some)))
    return sums


def codes_or_any(table: Table, name: str, known: tuple[str, ...]) -> Array:
    """Give a column of words as codes, -1 where empty or absent; BookError else."""
    words = pd.Series(texts(table, name), dtype=object)
    codes = codes_of(words, known)
    refuse(name, words.to_numpy(), (codes < 0) & (words != "").to_numpy())
    return codes

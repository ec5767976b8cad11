# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Days, months, and what was in force at a moment."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from .tables import Array, positions

EVER = -(2**62)
NEVER = 2**62


def epoch_seconds(moments: pd.Series) -> Array:
    """Give a datetime column (naive UTC, any unit) as int64 seconds since 1970."""
    return moments.to_numpy().astype("datetime64[s]").astype(np.int64)


def local_days(start_at: pd.Series, time_zone: str) -> pd.Series:
    """Give the local day (datetime64[s], midnight) of UTC moments in an IANA zone."""
    moments = start_at.astype("datetime64[s]").dt.tz_localize("UTC")
    local = moments.dt.tz_convert(ZoneInfo(time_zone)).dt.tz_localize(None)
    return local.dt.normalize().astype("datetime64[s]")


def month_starts(days: pd.Series) -> Array:
    """Give the first day of each day's calendar month as datetime64[s]."""
    return days.to_numpy().astype("datetime64[M]").astype("datetime64[s]")


def period_starts(days: pd.Series, billing_days: Array | int = 1) -> Array:
    """Give the first day of each day's billing period as datetime64[s].

    A customer's period begins on the billing day of each month, 1 (calendar months) to
    28; `billing_days` is one for all or one for each.
    """
    moved = np.asarray(billing_days, dtype=np.int64) - 1
    dates = days.to_numpy().astype("datetime64[D]")
    months = (dates - moved).astype("datetime64[M]").astype("datetime64[D]")
    return (months + moved).astype("datetime64[s]")


def ranks(*keys: Array) -> Array:
    """Give each row its place (int64) in the order of keys, the last key first."""
    places = np.empty(len(keys[0]), dtype=np.int64)
    places[np.lexsort(keys)] = np.arange(len(places))
    return places


@dataclass(frozen=True)
class PeriodTable:
    """Values by owner and time; the periods of one owner never overlap.

    keys: owners, int64, sorted, unique.  first: where each owner's periods begin (one
    more than keys).  starts, ends (exclusive), values: int64, by owner and start.
    """

    keys: Array
    first: Array
    starts: Array
    ends: Array
    values: Array

    @classmethod
    def build(cls, *columns: Array) -> "PeriodTable":
        """Index owner, start, end, value, rank (int64 arrays, one row a period).

        Of two periods of an owner that overlap the lower rank counts; no two ranks of
        an owner may be equal.  Periods that end before they begin hold nothing.
        """
        rows = np.column_stack(columns).astype(np.int64)
        rows = rows[rows[:, 1] < rows[:, 2]]
        rows = disjoint(rows[np.lexsort((rows[:, 4], rows[:, 1], rows[:, 0]))])
        keys, first = np.unique(rows[:, 0], return_index=True)
        first = np.append(first, len(rows))
        return cls(keys, first, *(np.ascontiguousarray(rows[:, i]) for i in (1, 2, 3)))

    def lookup(self, owners: Array, moments: Array) -> Array:
        """Give the value in force for each owner at its moment; -1 where none."""
        found = np.full(len(owners), -1, dtype=np.int64)
        if not len(self.keys):
            return found
        places = positions(self.keys, owners)
        rows = np.flatnonzero(places >= 0)
        period = self._latest(places[rows], moments[rows])
        moments = moments[rows]
        inside = (self.starts[period] <= moments) & (moments < self.ends[period])
        found[rows[inside]] = self.values[period[inside]]
        return found

    def _latest(self, places: Array, moments: Array) -> Array:
        """Find each owner's last period that began by the moment (else its first)."""
        low, high = self.first[places], self.first[places + 1]
        while (open_rows := np.flatnonzero(high - low > 1)).size:
            middle = (low[open_rows] + high[open_rows]) // 2
            began = self.starts[middle] <= moments[open_rows]
            low[open_rows] = np.where(began, middle, low[open_rows])
            high[open_rows] = np.where(began, high[open_rows], middle)
        return low


def disjoint(rows: Array) -> Array:
    """Cut overlapping periods (owner, start, end, value, rank; sorted) by rank."""
    overlaps = (rows[1:, 0] == rows[:-1, 0]) & (rows[1:, 1] < rows[:-1, 2])
    owners = np.unique(rows[1:][overlaps, 0])
    if not len(owners):
        return rows
    mixed = np.isin(rows[:, 0], owners)
    parts = [rows[~mixed]]
    for owner in np.split(rows[mixed], np.flatnonzero(np.diff(rows[mixed, 0])) + 1):
        parts.append(np.array(list(sweep(owner.tolist())), dtype=np.int64))
    rows = np.concatenate(parts)
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


def sweep(rows: list[list[int]]) -> Iterator[tuple[int, int, int, int, int]]:
    """Give one owner's periods as disjoint ones, the lowest rank in force each."""
    points = sorted({point for row in rows for point in row[1:3]})
    waiting, active = iter(rows), []
    row = next(waiting, None)
    for start, end in pairwise(points):
        while row and row[1] <= start:
            heapq.heappush(active, (row[4], row))
            row = next(waiting, None)
        while active and active[0][1][2] <= start:
            heapq.heappop(active)
        if active:
            owner, _, _, value, rank = active[0][1]
            yield owner, start, end, value, rank

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The same call told twice: by a PBX and its carrier, by two carriers, by two files.

Clocks differ, so a call is known again by who called whom and by a start and a duration
that lie within a tolerance of seconds. Each call has one twin at most of each teller.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from .periods import epoch_seconds, ranks
from .tables import Array, Table, integers, joined, text, truth

KEY = ("direction", "service", "calling_number", "called_number")
MARK = "\x1f"
NONE = -1
# Of a row that compares itself with no other.
NEVER = -1


@dataclass(frozen=True)
class Pairs:
    """Rows (positions, int64) that may be the same call: `first` is never `second`.

    :ivar gap: seconds between their starts
    :ivar longer: seconds between their durations
    """

    first: Array
    second: Array
    gap: Array
    longer: Array

    def only(self, kept: Array) -> "Pairs":
        """Give those of the pairs under a mask."""
        columns = (self.first, self.second, self.gap, self.longer)
        return Pairs(*(column[kept] for column in columns))


def near_pairs(calls: Table, seconds: int) -> Pairs:
    """Find all rows of the same parties whose starts are so near; each pair once.

    Reads direction, service, calling_number, called_number (rows without both of these
    are never paired), start_at and duration.
    """
    starts = epoch_seconds(calls["start_at"])
    codes = _keys(calls)
    order = np.lexsort((starts, codes))
    order = order[codes[order] != NONE]
    found = list(_steps(codes[order], starts[order], seconds))
    first = order[np.concatenate([near for near, _step in found] or [_none()])]
    second = np.concatenate([near + step for near, step in found] or [_none()])
    second = order[second]
    duration = integers(calls, "duration")
    gap = np.abs(starts[first] - starts[second])
    return Pairs(first, second, gap, np.abs(duration[first] - duration[second]))


def _none() -> Array:
    """No positions."""
    return np.zeros(0, np.int64)


def _keys(calls: Table) -> Array:
    """Give rows of the same parties the same code, NONE where one is unknown."""
    parts = [text(calls[name].astype(object)) for name in KEY]
    keys = joined(*parts, between=MARK).dictionary_encode()
    known = [truth(pc.not_equal(part, "")) for part in parts[2:]]
    codes = np.asarray(keys.indices).astype(np.int64)
    return np.where(known[0] & known[1], codes, NONE)


def _steps(codes: Array, starts: Array, seconds: int) -> Iterator[tuple[Array, int]]:
    """Places in a sorted list whose neighbour, so many steps on, is near; by step.

    A place that is not near at one step is not near at the next, so there are as many
    looks as pairs.
    """
    near, step = np.arange(len(codes)), 1
    while near.size:
        near = near[near + step < len(codes)]
        other = near + step
        same = codes[near] == codes[other]
        near = near[same & (starts[other] - starts[near] <= seconds)]
        if near.size:
            yield near, step
        step += 1


def twins(calls: Table) -> Array:
    """Tell which row each row repeats: its position, or NONE for a row that stands.

    Reads the columns of `near_pairs`, identity, and of each row: carrier_id; rank, of
    two rows the one with the lower rank stands, with equal ranks both do; seconds and
    duration_seconds, the tolerance of whoever compares (NEVER: it does not), of two
    rows the wider one counts.  A row has one twin at most of each carrier: the nearest,
    so that real repeats stay.  The order of the rows does not matter.
    """
    seconds = integers(calls, "seconds")
    widest = int(seconds.max(initial=NEVER))
    if widest < 0:
        return np.full(len(calls), NONE)
    pairs = near_pairs(calls, widest)
    rank, carrier = integers(calls, "rank"), integers(calls, "carrier_id")
    swapped = rank[pairs.first] > rank[pairs.second]
    stands = np.where(swapped, pairs.second, pairs.first)
    repeats = np.where(swapped, pairs.first, pairs.second)
    pairs = Pairs(stands, repeats, pairs.gap, pairs.longer)
    length = integers(calls, "duration_seconds")
    kept = (rank[stands] < rank[repeats]) & (carrier[stands] != carrier[repeats])
    kept &= pairs.gap <= np.maximum(seconds[stands], seconds[repeats])
    kept &= pairs.longer <= np.maximum(length[stands], length[repeats])
    return _nearest_first(pairs.only(kept), rank, carrier, calls)


def _nearest_first(pairs: Pairs, rank: Array, carrier: Array, calls: Table) -> Array:
    """Join the nearest rows, those that yield to few first; each row once."""
    keys = (pairs.longer, pairs.gap, rank[pairs.second])
    order = np.lexsort((*_identity_ranks(pairs, calls), *keys))
    found = np.full(len(calls), NONE)
    taken: set[tuple[int, int]] = set()
    for place in order.tolist():
        stands, repeats = int(pairs.first[place]), int(pairs.second[place])
        mine = (stands, int(carrier[repeats]))
        if found[repeats] == NONE and found[stands] == NONE and mine not in taken:
            found[repeats] = stands
            taken.add(mine)
    return found


def pair_up(theirs: Table, ours: Table, seconds: int, duration_seconds: int) -> Array:
    """Find for each row of theirs the call of ours that it tells of; NONE: none.

    The same identity is the same call; else whoever called the same number so nearly
    at the same time, those of like duration first.  Each call of ours once.
    """
    found = _by_identity(theirs, ours)
    left = np.flatnonzero(found == NONE)
    free = np.setdiff1d(np.arange(len(ours)), found)
    if not (left.size and free.size):
        return found
    names = [*KEY, "start_at", "duration", "identity"]
    both = pd.concat([theirs.iloc[left][names], ours.iloc[free][names]])
    pairs = _across(near_pairs(both, seconds), left.size)
    keys = (pairs.longer, pairs.gap, pairs.longer > duration_seconds)
    order = np.lexsort((*_identity_ranks(pairs, both), *keys))
    for place in order.tolist():
        mine, other = left[pairs.first[place]], pairs.second[place] - left.size
        if found[mine] == NONE and free[other] != NONE:
            found[mine], free[other] = free[other], NONE
    return found


def _by_identity(theirs: Table, ours: Table) -> Array:
    """Give positions in ours of the same identities."""
    place = {key: row for row, key in enumerate(ours["identity"].tolist())}
    found = [place.get(key, NONE) for key in theirs["identity"].tolist()]
    return np.array(found, np.int64)


def _across(pairs: Pairs, size: int) -> Pairs:
    """Give the pairs of one of the first rows with one of the others, in this order."""
    first = np.minimum(pairs.first, pairs.second)
    second = np.maximum(pairs.first, pairs.second)
    ordered = Pairs(first, second, pairs.gap, pairs.longer)
    return ordered.only((first < size) & (second >= size))


def _identity_ranks(pairs: Pairs, calls: Table) -> tuple[Array, Array]:
    """Give what ties between pairs are broken by, whatever the order of the rows."""
    identity = calls["identity"].to_numpy(dtype=object).astype(str)
    place = ranks(identity)
    return place[pairs.second], place[pairs.first]

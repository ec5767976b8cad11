# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Longest prefix match for whole tables: disjoint ranges of padded integers.

Digits become one int64: padded with zeros to 17 digits, times 20, plus their length.
All numbers that begin with a prefix lie in one range, so nested prefixes flatten to
disjoint ranges and one `searchsorted` finds the longest, however many there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .exceptions import PrefixError
from .tables import Array, text

WIDTH = 17
STEP = 20
LEADING = 10 ** (WIDTH - 4) * STEP


def match_keys(digits: pd.Series | Sequence[str | None] | pa.Array) -> Array:
    """Give the int64 key of each text of 1 to 17 digits; -1 for anything else."""
    digits = digits if isinstance(digits, pa.Array) else text(digits)
    size = pc.fill_null(pc.binary_length(digits), 0).to_numpy(zero_copy_only=False)
    plain = pc.fill_null(pc.ascii_is_decimal(digits), False)
    usable = plain.to_numpy(zero_copy_only=False) & (size <= WIDTH)
    if not usable.all():
        digits = pc.if_else(pa.array(usable), digits, "0")
    padded = pc.cast(pc.ascii_rpad(digits, WIDTH, "0"), pa.int64()).to_numpy()
    return np.where(usable, padded * STEP + size, -1)


@dataclass(frozen=True)
class PrefixTable:
    """Prefixes, each with a value, ready to be looked up.

    prefixes: unique, in order of their keys ("nodes" are positions here).
    values, lengths: int64 by node.  parents: node of the next shorter prefix, or -1.
    points, owners: the flattened ranges: from points[i] on, node owners[i] (-1 none).
    """

    prefixes: list[str]
    values: Array
    lengths: Array
    parents: Array
    points: Array
    owners: Array

    @classmethod
    def build(
        cls, prefixes: Sequence[str], values: Sequence[int] | None = None
    ) -> "PrefixTable":
        """Index prefixes of 1 to 17 digits; of one that stands twice the last counts.

        Values are int64 (default: the position in `prefixes`).  PrefixError else.
        """
        values = np.arange(len(prefixes)) if values is None else values
        unique = dict(zip(prefixes, np.asarray(values, np.int64).tolist(), strict=True))
        names = list(unique)
        keys = match_keys(names) if names else np.empty(0, np.int64)
        if (keys < 0).any():
            wrong = names[int(np.argmax(keys < 0))]
            raise PrefixError("prefix", f"not 1 to {WIDTH} digits: {wrong!r}", wrong)
        order = np.argsort(keys)
        names, keys = [names[place] for place in order], keys[order]
        parents = nearest_parents(keys)
        points, owners = flattened(keys, parents)
        numbers = np.array([unique[name] for name in names], dtype=np.int64)
        return cls(names, numbers, keys % STEP, parents, points, owners)

    def nodes(self, keys: Array) -> Array:
        """Give the node of the longest prefix of each match key; -1 where none."""
        return self.owners[places_of(self.points, keys)]

    def lookup(self, keys: Array) -> tuple[Array, Array]:
        """Give the value and length of the longest prefix; -1 and 0 where none."""
        nodes = self.nodes(keys)
        values = np.append(self.values, -1)[nodes]
        return values, np.append(self.lengths, 0)[nodes]


def places_of(points: Array, keys: Array) -> Array:
    """Give how many of the sorted points are not above each key (int64 array).

    Keys are asked in the order of their first four digits, which the processor's cache
    likes so much better that the sort is paid for twice over.
    """
    order = np.argsort((keys // LEADING).astype(np.uint16), kind="stable")
    places = np.empty(len(keys), dtype=np.int64)
    places[order] = np.searchsorted(points, keys[order], side="right")
    return places


def ends_of(keys: Array) -> Array:
    """Give where the range of each prefix key ends (exclusive)."""
    unit = np.array([10 ** (WIDTH - size) for size in range(WIDTH + 1)])
    return keys - keys % STEP + unit[keys % STEP] * STEP


def nearest_parents(keys: Array) -> Array:
    """Give the position of the longest proper prefix of each sorted key, or -1."""
    lengths, padded = keys % STEP, keys // STEP
    parents = np.full(len(keys), -1, dtype=np.int64)
    for size in range(1, WIDTH):
        shorter = np.flatnonzero(lengths == size)
        longer = np.flatnonzero(lengths > size)
        if not (shorter.size and longer.size):
            continue
        unit = 10 ** (WIDTH - size)
        wanted = padded[longer] // unit * unit
        place = np.minimum(np.searchsorted(padded[shorter], wanted), shorter.size - 1)
        hit = padded[shorter[place]] == wanted
        parents[longer[hit]] = shorter[place[hit]]
    return parents


def flattened(keys: Array, parents: Array) -> tuple[Array, Array]:
    """Cut nested ranges into disjoint ones: sorted points, and who owns from each on.

    `owners` has one entry more than `points`: the first is for what lies before all.
    """
    ends = np.append(ends_of(keys), 2**62)
    after = parents.copy()
    while (shut := np.flatnonzero((after >= 0) & (ends[after] <= ends[:-1]))).size:
        after[shut] = parents[after[shut]]
    points = np.concatenate([keys, ends[:-1]])
    owners = np.concatenate([np.arange(len(keys)), after])
    points, where = np.unique(points, return_index=True)
    return points, np.concatenate([[-1], owners[where]])

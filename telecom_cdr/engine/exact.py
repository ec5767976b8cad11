# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Exact arithmetic on columns: 64 bits where they hold it, Python integers if not."""

from typing import NamedTuple

import numpy as np

from .money import INT64_MAX, SAFE
from .tables import Array


class Fractions(NamedTuple):
    """Ratios of whole numbers, one a row; bottom is above 0."""

    top: Array
    bottom: Array

    def take(self, rows: Array) -> "Fractions":
        """Give some of the rows."""
        return Fractions(self.top[rows], self.bottom[rows])


def peak(values: Array) -> int:
    """Give the largest magnitude in a column."""
    if not len(values):
        return 0
    return max(abs(int(values.min())), abs(int(values.max())))


def product(*columns: Array) -> Array:
    """Multiply columns in 64 bits, or in Python integers where these may not do."""
    bound = 1
    for column in columns:
        bound *= max(peak(column), 1)
    kind = np.int64 if bound < SAFE else object
    result = columns[0].astype(kind)
    for column in columns[1:]:
        result = result * column.astype(kind)
    return result


def total(*columns: Array) -> Array:
    """Add columns in 64 bits, or in Python integers where these may not do."""
    kind = np.int64 if sum(map(peak, columns)) < SAFE else object
    result = columns[0].astype(kind)
    for column in columns[1:]:
        result = result + column.astype(kind)
    return result


def narrow(values: Array) -> Array:
    """Give Python integers as int64 where all of them fit."""
    fits = values.dtype == object and peak(values) <= INT64_MAX
    return values.astype(np.int64) if fits else values


def lowest(ratio: Fractions) -> Fractions:
    """Give ratios in their lowest terms."""
    if not len(ratio.bottom) or peak(ratio.bottom) == 1:
        return Fractions(*map(narrow, ratio))
    shared = np.gcd(*(part.astype(np.result_type(*ratio)) for part in ratio))
    return Fractions(*(narrow(part // shared) for part in ratio))


def times(one: Fractions, other: Fractions) -> Fractions:
    """Multiply ratios."""
    parts = zip(one, other, strict=True)
    return lowest(Fractions(*(product(*pair) for pair in parts)))


def plus(one: Fractions, other: Fractions) -> Fractions:
    """Add ratios."""
    top = total(product(one.top, other.bottom), product(other.top, one.bottom))
    return lowest(Fractions(top, product(one.bottom, other.bottom)))


def whole(values: Array) -> Fractions:
    """Give whole numbers as ratios."""
    return Fractions(values, np.ones(len(values), np.int64))


def summed(places: Array, parts: Fractions, count: int) -> Fractions:
    """Add up ratios by place (0 .. count - 1); the sum of nothing is 0/1.

    Those of one place are brought to their least common denominator (int64).
    """
    order = np.argsort(places, kind="stable")
    places, (top, bottom) = places[order], parts.take(order)
    found, first, sizes = np.unique(places, return_index=True, return_counts=True)
    sums = Fractions(np.zeros(count, np.int64), np.ones(count, np.int64))
    if not len(found):
        return sums
    common = np.lcm.reduceat(bottom, first)
    sums.bottom[found] = common
    grown = product(top, np.repeat(common, sizes) // bottom)
    if peak(grown) * int(sizes.max()) >= SAFE:
        grown = grown.astype(object)
    column = sums.top.astype(grown.dtype)
    column[found] = np.add.reduceat(grown, first)
    return Fractions(narrow(column), sums.bottom)

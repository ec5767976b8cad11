# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The one formula of a price, for whole tables, exact whatever the size.

amount = fixed + price * quantity / unit, between minimum and maximum, and extra,
converted
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ..exact import peak
from ..money import AMOUNT_DIGITS, MODES, SAFE, powers_of_ten, to_micro
from ..tables import Array

FACTORS = (
    "fixed", "price", "quantity", "unit", "minimum", "maximum", "extra", "top",
    "bottom",
)  # fmt: skip
MAYBE_WIDE = ("fixed", "price", "quantity", "unit", "top", "bottom")


@dataclass(frozen=True)
class Terms:
    """What amounts are made of, an array with one value a call each.

    minimum, maximum, extra: nano (int64).  fixed, price: nano; quantity, unit (above
    0): what the price is multiplied and divided by; top, bottom (above 0): the currency
    ratio; these six int64, or object where one is larger.  has_minimum, has_maximum,
    is_free: bool.
    digits (0..6), modes (codes in MODES): the rounding.
    """

    fixed: Array
    price: Array
    quantity: Array
    unit: Array
    minimum: Array
    has_minimum: Array
    maximum: Array
    has_maximum: Array
    is_free: Array
    extra: Array
    top: Array
    bottom: Array
    digits: Array
    modes: Array

    def take(self, rows: Array) -> "Terms":
        """Give the terms of some calls."""
        values = {one.name: getattr(self, one.name)[rows] for one in fields(self)}
        return replace(self, **values)

    def cast(self, names: tuple[str, ...], kind: type) -> "Terms":
        """Give the same terms with some columns as another type."""
        columns = {name: getattr(self, name).astype(kind, copy=False) for name in names}
        return replace(self, **columns)

    def wide(self) -> "Terms":
        """Give the same terms as Python integers, which have no limit."""
        return self.cast(FACTORS, object)

    def narrow(self) -> "Terms":
        """Give the same terms as int64; they must fit."""
        return self.cast(MAYBE_WIDE, np.int64)


def amounts_micro(terms: Terms) -> tuple[Array, Array]:
    """Give each amount as micro (int64) after its one rounding, and whether it fits.

    Computed in 64 bits where no step can leave them, in Python integers where it may.
    """
    large = may_overflow(terms)
    if not large.any():
        return rounded(terms.narrow())
    micro, fits = np.zeros(len(large), np.int64), np.ones(len(large), bool)
    small_rows, large_rows = np.flatnonzero(~large), np.flatnonzero(large)
    micro[large_rows], fits[large_rows] = rounded(terms.take(large_rows).wide())
    if small_rows.size:
        micro[small_rows], fits[small_rows] = rounded(terms.take(small_rows).narrow())
    return micro, fits


def may_overflow(terms: Terms) -> Array:
    """Tell which calls might need more than 64 bits (bool array).

    First asks for the largest of every term, together; seldom needs to look closer.
    """
    if not len(terms.fixed):
        return np.zeros(0, dtype=bool)
    peaks = {name: peak(getattr(terms, name)) for name in FACTORS}
    if largest(peaks, 10 ** (AMOUNT_DIGITS - int(terms.digits.min()))) < SAFE:
        return np.zeros(len(terms.fixed), dtype=bool)
    columns = {name: np.abs(getattr(terms, name).astype(float)) for name in FACTORS}
    scale = powers_of_ten(AMOUNT_DIGITS - terms.digits).astype(float)
    return ~(largest(columns, scale) < SAFE)


def largest(parts: Mapping[str, Any], scale: Any) -> Any:
    """Bound every step of `rounded` from above, for integers or for float arrays."""
    bounds = parts["fixed"] + parts["minimum"] + parts["maximum"] + parts["extra"] + 1
    amount = bounds * parts["unit"] + (parts["price"] + 1) * parts["quantity"] + 1
    return amount * parts["top"] + (parts["unit"] + 1) * parts["bottom"] * scale


def rounded(terms: Terms) -> tuple[Array, Array]:
    """Compute the formula and round once; give micro (int64) and whether it fits."""
    numerator, denominator = ratio_of(terms)
    used = np.unique(terms.modes)
    if len(used) == 1:
        return to_micro(numerator, denominator, terms.digits, MODES[used[0]])
    micro, fits = np.zeros(len(numerator), np.int64), np.ones(len(numerator), bool)
    for mode in used:
        rows = np.flatnonzero(terms.modes == mode)
        columns = (numerator[rows], denominator[rows], terms.digits[rows])
        micro[rows], fits[rows] = to_micro(*columns, MODES[mode])
    return micro, fits


def ratio_of(terms: Terms) -> tuple[Array, Array]:
    """Give each amount as a ratio of nano: numerator, denominator."""
    numerator = terms.fixed * terms.unit + terms.price * terms.quantity
    if terms.has_minimum.any():
        least = np.maximum(numerator, terms.minimum * terms.unit)
        numerator = np.where(terms.has_minimum, least, numerator)
    if terms.has_maximum.any():
        most = np.minimum(numerator, terms.maximum * terms.unit)
        numerator = np.where(terms.has_maximum, most, numerator)
    numerator = np.where(terms.is_free, 0, numerator)
    if terms.extra.any():
        numerator = numerator + terms.extra * terms.unit
    return numerator * terms.top, terms.unit * terms.bottom

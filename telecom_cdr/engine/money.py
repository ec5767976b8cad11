# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Exact money: scaled integers, one rounding, no float in a result.

Amounts are integers of 10^-9 currency units ("nano"), stored prices integers of 10^-6
("micro").  Ratios stay numerator and denominator until they are rounded once.
"""

import re

import numpy as np

from .exceptions import MoneyError
from .tables import Array

AMOUNT_DIGITS = 9
PRICE_DIGITS = 6
AMOUNT_SCALE = 10**AMOUNT_DIGITS
MICRO = 10 ** (AMOUNT_DIGITS - PRICE_DIGITS)
MEGABYTE = 1_000_000
MODES = ("half_up", "half_even", "up", "down")
INT64_MAX = 2**63 - 1
SAFE = 2**61

_PLAIN = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]*))?|([+-]?)\.([0-9]+)", re.ASCII)


def parse_nano(text: str) -> int:
    """Read a plain decimal ("-1.23") as nano; MoneyError "amount" where it is none.

    The mark is a point.  Blanks around are ignored; exponents, thousands marks and more
    than nine decimals (zeros at the end do not count) are refused.
    """
    match = _PLAIN.fullmatch(text.strip())
    if not match:
        raise MoneyError("amount", f"not a plain decimal number: {text!r}", text)
    sign = match[1] or match[4]
    decimals = (match[3] or match[5] or "").rstrip("0")
    if len(decimals) > AMOUNT_DIGITS:
        raise MoneyError(
            "amount", f"more than {AMOUNT_DIGITS} decimals: {text!r}", text
        )
    digits = (match[2] or "0") + decimals.ljust(AMOUNT_DIGITS, "0")
    return -int(digits) if sign == "-" else int(digits)


def format_scaled(value: int, digits: int) -> str:
    """Write an integer of 10^-digits as the shortest exact decimal text."""
    whole, part = divmod(abs(int(value)), 10**digits)
    decimals = f"{part:0{digits}d}".rstrip("0")
    return ("-" if value < 0 else "") + (
        f"{whole}.{decimals}" if decimals else f"{whole}"
    )


def format_nano(value: int) -> str:
    """Write nano as the shortest exact decimal text: 1230000000 -> "1.23"."""
    return format_scaled(value, AMOUNT_DIGITS)


def format_micro(value: int) -> str:
    """Write micro as the shortest exact decimal text: 1230000 -> "1.23"."""
    return format_scaled(value, PRICE_DIGITS)


def goes_up(rest: Array, denominator: Array, quotient: Array, mode: str):
    """Tell where a magnitude with this rest is rounded away from zero (bool array)."""
    if mode == "down":
        return rest < 0
    if mode == "up":
        return rest > 0
    gap = denominator - rest
    if mode == "half_up":
        return rest >= gap
    if mode == "half_even":
        return (rest > gap) | ((rest == gap) & (quotient % 2 == 1))
    raise MoneyError("rounding", f"unknown rounding {mode!r}, expected {MODES}", mode)


def round_ratio(numerator, denominator, mode: str) -> Array:
    """Round numerator / denominator to whole numbers, symmetric about zero.

    Takes int64 or object (Python int) arrays or single integers, denominators above 0;
    gives an array of the same kind.  No intermediate is larger than what came in.
    """
    numerator, denominator = np.asarray(numerator), shared(np.asarray(denominator))
    magnitude = np.abs(numerator)
    quotient = magnitude // denominator
    rest = magnitude - quotient * denominator
    rounded = quotient + goes_up(rest, denominator, quotient, mode)
    return np.where(numerator < 0, -rounded, rounded)


def shared(values: Array) -> Array:
    """Give the one value of a column that has only one: much faster to divide by."""
    if values.ndim and values.size and (values == values[0]).all():
        return values[0]
    return values


def fits_int64(values: Array) -> Array:
    """Tell which integers fit 64 bits (bool array)."""
    if values.dtype != object:
        return np.ones(values.shape, dtype=bool)
    return np.array([abs(value) <= INT64_MAX for value in values], dtype=bool)


def to_micro(numerator, denominator, digits, mode: str) -> tuple[Array, Array]:
    """Round a ratio of nano once, to `digits` (0..6) decimals; give micro as int64.

    `digits` is one number or an array.  Int64 arrays must be small enough that
    `denominator * 10^(9 - digits)` fits; object arrays may be of any size.  The second
    array tells which results fit 64 bits (the others are 0 in the first).
    """
    numerator = np.atleast_1d(numerator)
    kind = object if numerator.dtype == object else np.int64
    digits = np.asarray(digits)
    coarse = powers_of_ten(AMOUNT_DIGITS - digits).astype(kind)
    fine = powers_of_ten(PRICE_DIGITS - digits).astype(kind)
    rounded = np.atleast_1d(round_ratio(numerator, denominator * coarse, mode) * fine)
    fits = fits_int64(rounded)
    return np.where(fits, rounded, 0).astype(np.int64), fits


def powers_of_ten(exponents: Array) -> Array:
    """Give 10 to each of the exponents 0..18 (int64 array)."""
    return np.array([10**power for power in range(19)])[exponents]

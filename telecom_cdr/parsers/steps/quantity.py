# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Steps on durations and amounts: exact, in the format's own decimal mark."""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from ..quantities import CURRENCY_SIGNS, EXACT, seconds_reader, to_decimal
from .text import Step, each

# As fine as the amounts of calls are kept.
NINTH = Decimal("1e-9")
PENCE_SIGNS = f"{CURRENCY_SIGNS}pPcC¢"
DIGITS = re.compile(r"([+-]?)(\d{1,25})", re.ASCII)
SIGNED = re.compile(r"([+-]?)([\d.,:]+)", re.ASCII)


def minutes(mark: str) -> Step:
    """Make seconds of decimal minutes."""
    return duration(mark, "minutes")


def duration(mark: str, unit: str) -> Step:
    """Make seconds of a duration in one of the spellings of quantities."""
    read = seconds_reader(unit, mark)
    return each(lambda cell: _text(read(cell), mark))


def implied_decimals(mark: str, count: str) -> Step:
    """Set the decimal mark ahead of the last digits of a whole number."""
    places = int(count)

    def convert(cell: str) -> str | None:
        """One cell."""
        match = DIGITS.fullmatch(cell)
        return _text(EXACT.scaleb(Decimal(cell), -places), mark) if match else None

    return each(convert)


def pence(mark: str) -> Step:
    """Make pounds of pence, euros of cents."""
    return _computed(mark, lambda value: EXACT.scaleb(value, -2), PENCE_SIGNS)


def without_tax(mark: str, percent: str) -> Step:
    """Take the tax out of an amount that holds it, to the ninth decimal."""
    factor = 1 + Decimal(percent) / 100

    def compute(value: Decimal) -> Decimal:
        """One amount."""
        return EXACT.divide(value, factor).quantize(NINTH, ROUND_HALF_UP, EXACT)

    return _computed(mark, compute)


def negate(_mark: str) -> Step:
    """Turn the sign round, also of an offset such as +0200."""

    def convert(cell: str) -> str | None:
        """One cell."""
        match = SIGNED.fullmatch(cell.strip(CURRENCY_SIGNS))
        if not match or not re.search("[1-9]", cell):
            return match and cell
        return f"{'' if match[1] == '-' else '-'}{match[2]}"

    return each(convert)


def absolute(mark: str) -> Step:
    """Leave out the sign."""
    return _computed(mark, Decimal.copy_abs)


def _computed(
    mark: str, compute: Callable[[Decimal], Decimal], signs: str = CURRENCY_SIGNS
) -> Step:
    """The step that computes with a number."""

    def convert(cell: str) -> str | None:
        """One cell."""
        value = to_decimal(cell.strip(signs), mark)
        return _text(None if value is None else compute(value), mark)

    return each(convert)


def _text(value: Decimal | None, mark: str) -> str | None:
    """A number as the format writes it."""
    return None if value is None else f"{value:f}".replace(".", mark)

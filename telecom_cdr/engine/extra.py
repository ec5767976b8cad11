# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Further facts of a call: what a file says beside the columns, as JSON.

Texts (region, source_address) stay as they are.  Numbers are JSON numbers and become
whole ones of a scale, exactly: what is no number, or does not fit the scale or 64 bits,
is missing.  Nothing here raises for a bad value.
"""

import json
from collections.abc import Collection
from decimal import Context, Decimal

import pandas as pd

from .money import AMOUNT_SCALE, INT64_MAX
from .tables import Table

# Fact -> column of the calls; of numbers what they are scaled by, too.
TEXTS = {"region": "region", "source_address": "source_address"}
NUMBERS = {
    "price_per_unit": ("price_per_unit_nano", AMOUNT_SCALE),
    "discount": ("discount_ppm", 10**6),
    "total_hours": ("total_hours_nano", AMOUNT_SCALE),
}
NAMES = frozenset({*TEXTS, *NUMBERS})
EXACT = Context(prec=400)
# Larger and smaller numbers are out of range anyway, and longer ones no prices.
MAX_DIGITS, MAX_TEXT = 60, 200


def with_extra(calls: Table, names: Collection[str]) -> Table:
    """Give calls with the columns of these facts, read from their column `extra`.

    names: as `RateBook.needs_extra` gives them; without any, or without the column, the
    calls are given as they are.  Each different text is read once.
    """
    if not names or "extra" not in calls:
        return calls
    codes, distinct = pd.factorize(calls["extra"])
    found = [*(read_extra(text, names) for text in distinct), {}]
    columns = {}
    for name in sorted(names):
        column = column_of(name)
        values = [facts.get(column) for facts in found]
        kind = object if name in TEXTS else "Int64"
        columns[column] = pd.array(values, dtype=kind)[codes]
    return calls.assign(**columns)


def column_of(name: str) -> str:
    """Give the column of the calls that holds a fact."""
    return TEXTS[name] if name in TEXTS else NUMBERS[name][0]


def read_extra(text: object, names: Collection[str] = NAMES) -> dict[str, str | int]:
    """Give the columns of these facts that JSON (None: nothing) has good values for."""
    facts, found = loaded(text), {}
    for name in facts.keys() & names:
        if name in TEXTS:
            value: str | int | None = named(facts[name])
        else:
            value = scaled(facts[name], NUMBERS[name][1])
        if value is not None:
            found[column_of(name)] = value
    return found


def loaded(text: object) -> dict:
    """Give a JSON object, its numbers as decimals; {} for anything else."""
    if not isinstance(text, str):
        return {}
    try:
        facts = json.loads(text, parse_int=Decimal, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def named(value: object) -> str | None:
    """Give a text; a number as it is written; None for anything else."""
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, str) and value else None


def scaled(value: object, scale: int) -> int | None:
    """Give a number times a scale; None where that is no whole one of 64 bits."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    if value.is_zero():
        return 0
    if not -MAX_DIGITS < value.adjusted() < MAX_DIGITS or len(str(value)) > MAX_TEXT:
        return None
    whole = EXACT.multiply(value, Decimal(scale))
    if whole != whole.to_integral_value() or abs(whole) > INT64_MAX:
        return None
    return int(whole)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Lines of rate tables ("rates") as columns."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..codes import (
    METHODS,
    TIER_RULES,
    VOLUME_RULES,
    VOLUME_SCOPES,
    VOLUME_UNITS,
    codes_or_first,
    kinds_of,
    known_codes,
    refuse,
)
from ..pricing.formula import Formula, FormulaError, compile_formula
from ..tables import (
    Array,
    Table,
    amounts,
    codes_of,
    flags,
    has_text,
    integers,
    positions,
)

# The first value that makes sense, and the one of an absent column.
STEPS = {
    "initial": (0, 0),
    "increment": (1, 1),
    "minimum_duration": (0, 0),
    "grace": (0, 0),
    "price_seconds": (1, 60),
    "free_seconds": (0, 0),
    "volume_initial": (0, 1),
    "volume_increment": (1, 1),
}
PATTERNS = ("calling_pattern", "called_pattern", "region_pattern")
FORMULAS = ("formula", "units_formula")
NEUTRAL = {
    "increment": 1,
    "price_seconds": 60,
    "volume_increment": 1,
    "tariffs": -1,
    "kinds": -1,
    "is_allowed": True,
    "formulas": -1,
    "units_formulas": -1,
}


@dataclass(frozen=True)
class Rates:
    """Lines of rate tables, column by column, with a neutral extra last row for "none".

    ids, tariffs (positions), kinds (service and direction), methods (codes in METHODS),
    seconds, bytes and amounts in nano are int64; the has_* and is_* columns bool.
    tier_rules, volume_units, volume_rules, volume_scopes: codes.  formulas and
    units_formulas: places in `texts`, -1 where there is none.
    """

    ids: Array
    tariffs: Array
    kinds: Array
    methods: Array
    price: Array
    connect: Array
    initial_price: Array
    has_initial_price: Array
    initial: Array
    increment: Array
    minimum_duration: Array
    grace: Array
    price_seconds: Array
    free_seconds: Array
    volume_initial: Array
    volume_increment: Array
    minimum: Array
    has_minimum: Array
    maximum: Array
    has_maximum: Array
    markup: Array
    tier_rules: Array
    volume_units: Array
    volume_rules: Array
    volume_scopes: Array
    formulas: Array
    units_formulas: Array
    is_rule: Array
    is_allowed: Array
    is_late: Array
    texts: tuple[Formula | None, ...]

    @classmethod
    def build(cls, rates: Table, tariff_ids: Array) -> "Rates":
        """Read the rates table (columns as in `RateBook.build`); BookError if bad."""
        formulas = [written_in(rates, name) for name in FORMULAS]
        unique = {one for each in formulas for one in each.unique()}
        written = sorted(one for one in unique if isinstance(one, str) and one)
        columns = {
            "ids": integers(rates, "rate_id"),
            "tariffs": positions(tariff_ids, integers(rates, "tariff_id")),
            "kinds": kinds_of(rates),
            "methods": known_codes(rates, "method", METHODS),
            **read_amounts(rates),
            **read_steps(rates),
            **read_choices(rates),
            "formulas": codes_of(formulas[0], written),
            "units_formulas": codes_of(formulas[1], written),
            "is_rule": is_rule(rates),
            "is_allowed": flags(rates, "is_allowed", missing=True),
            "is_late": flags(rates, "is_late_priced", missing=False),
        }
        padded = {
            name: np.append(values, NEUTRAL.get(name, 0)).astype(values.dtype)
            for name, values in columns.items()
        }
        return cls(**padded, texts=tuple(compiled(one) for one in written))


def usable(rates: Rates) -> Array:
    """Tell which rates belong to a known tariff, service and direction (bools)."""
    return (rates.tariffs >= 0) & (rates.kinds >= 0)


def read_amounts(rates: Table) -> dict[str, Array]:
    """Read what a rate costs, and the mark-up; nothing given is 0, or no bound."""
    minimum, has_minimum = amounts(rates, "minimum_nano")
    maximum, has_maximum = amounts(rates, "maximum_nano")
    initial_price, has_initial_price = amounts(rates, "initial_price_nano")
    return {
        "price": integers(rates, "price_nano", missing=0),
        "connect": integers(rates, "connect_nano", missing=0),
        "initial_price": initial_price,
        "has_initial_price": has_initial_price,
        "markup": integers(rates, "markup_ppm", missing=0),
        "minimum": minimum,
        "has_minimum": has_minimum,
        "maximum": maximum,
        "has_maximum": has_maximum,
    }


def read_steps(rates: Table) -> dict[str, Array]:
    """Read what billing steps by; BookError where one makes no sense."""
    columns = {}
    for name, (least, missing) in STEPS.items():
        columns[name] = integers(rates, name, missing=missing)
        refuse(name, columns[name], columns[name] < least)
    return columns


def read_choices(rates: Table) -> dict[str, Array]:
    """Read how tiers are applied, as codes; the first word where nothing is given."""
    return {
        "tier_rules": codes_or_first(rates, "tier_rule", TIER_RULES),
        "volume_units": codes_or_first(rates, "volume_unit", VOLUME_UNITS),
        "volume_rules": codes_or_first(rates, "volume_rule", VOLUME_RULES),
        "volume_scopes": codes_or_first(rates, "volume_scope", VOLUME_SCOPES),
    }


def is_rule(rates: Table) -> Array:
    """Tell which rates are found by a pattern (bools)."""
    return np.logical_or.reduce([has_text(rates, name) for name in PATTERNS])


def written_in(rates: Table, name: str) -> pd.Series:
    """Give the texts of a column, an empty one where there is no such column."""
    return rates[name] if name in rates else pd.Series([""] * len(rates), dtype=object)


def compiled(text: str) -> Formula | None:
    """Give a formula ready to compute; None for a text that is none."""
    try:
        return compile_formula(text)
    except FormulaError:
        return None

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices by formula: what a formula may name, as columns, and what it gives.

Amounts are in units of the tariff's currency (1.25, not nano), seconds and bytes as
they are, hours as the file gave them (the column is in nano), `discount` as a part of
one (0.1: 10 %).  A name that a call has no value for leaves the call without a price.
"""

import numpy as np

from ..codes import MILLION, SERVICES, SMS
from ..exact import Fractions, lowest, product, times, whole
from ..money import AMOUNT_SCALE, MEGABYTE
from ..rates.discounts import put
from ..tables import Array, amounts, integers
from .asked import Asked, Factors, factors_of
from .conversion import ratios
from .formula import MISSING, Column, Formula
from .outcome import reason_code

DATA = SERVICES.index("data")
COSTS = {"cost", "carrier_amount", "carrier_amount_without_free_minutes"}


def computed(asked: Asked, parts: Factors) -> Factors:
    """Give the factors of calls that are priced by a formula: the amount as it is."""
    rates, row = asked.book.rates, asked.choice.rate
    columns = named_columns(asked, parts)
    units, has_units, _why = by_formula(asked, rates.units_formulas[row], columns)
    has_own = rates.units_formulas[row] >= 0
    usual = usual_units(asked, parts)
    units = put(usual, np.flatnonzero(has_own), units.take(np.flatnonzero(has_own)))
    columns["units"] = (*units, has_units | ~has_own)
    amount, known, why = by_formula(asked, rates.formulas[row], columns)
    nano = times(amount, whole(np.full(len(row), AMOUNT_SCALE)))
    of_cost = (why == MISSING) & names_cost(asked)
    missing = np.where(of_cost, reason_code("no_cost"), reason_code("formula"))
    found = factors_of(nano, parts.billed, np.where(known, 0, missing))
    return found._replace(fixed=parts.fixed)


def names_cost(asked: Asked) -> Array:
    """Tell for which calls the carrier's cost is a part of the formula (bools)."""
    rates, row = asked.book.rates, asked.choice.rate
    known = [one is not None and not COSTS.isdisjoint(one.names) for one in rates.texts]
    known = np.array([*known, False])
    return known[rates.formulas[row]] | known[rates.units_formulas[row]]


def by_formula(
    asked: Asked, places: Array, columns: dict[str, Column]
) -> tuple[Fractions, Array, Array]:
    """Compute each call's formula; give values (0 where none), known and why not."""
    values = whole(np.zeros(len(places), dtype=np.int64))
    known, why = (
        np.zeros(len(places), dtype=bool),
        np.zeros(len(places), dtype=np.int64),
    )
    for place in np.unique(places):
        formula = asked.book.rates.texts[place] if place >= 0 else None
        if formula is None:
            continue
        rows = np.flatnonzero(places == place)
        found = formula.compute(rows_of(columns, formula, rows), len(rows))
        ratio = lowest(Fractions(found.numerator, found.denominator))
        values = put(values, rows, ratio)
        known[rows], why[rows] = found.known, found.reason
    return values, known, why


def rows_of(columns: dict[str, Column], formula: Formula, rows: Array) -> dict:
    """Give some rows of the columns that a formula names."""
    found = {}
    for name in formula.names:
        if name in columns:
            top, bottom, *mask = columns[name]
            bottom = bottom if isinstance(bottom, int) else bottom[rows]
            found[name] = (top[rows], bottom, *(one[rows] for one in mask))
    return found


def named_columns(asked: Asked, parts: Factors) -> dict[str, Column]:
    """Give what formulas may name, but `units`."""
    calls, usage, rates = asked.calls, asked.usage, asked.book.rates
    carrier = money(asked, "carrier_amount_nano", "carrier_currency_id")
    share = product(carrier[0], usage.rest), product(carrier[1], usage.whole)
    hours, has_hours = amounts(calls, "total_hours_nano")
    per_unit, has_per_unit = amounts(calls, "price_per_unit_nano")
    off, has_off = amounts(calls, "discount_ppm")
    return {
        "duration": (np.maximum(usage.duration - usage.skip, 0), 1),
        "original_duration": (integers(calls, "duration", missing=0), 1),
        "billed_duration": (parts.billed, 1),
        "volume": (usage.volume, 1),
        "carrier_amount": carrier,
        "carrier_amount_without_free_minutes": (*share, carrier[2]),
        "cost": money(asked, "cost_nano", "cost_currency_id"),
        "discount": (off, MILLION, has_off),
        "price_per_unit": (per_unit, AMOUNT_SCALE, has_per_unit),
        "price": (rates.price[asked.choice.rate], AMOUNT_SCALE),
        "total_hours": (hours, AMOUNT_SCALE, has_hours),
    }


def money(asked: Asked, name: str, currency: str) -> Column:
    """Give an amount (nano) of the calls in units of the tariff's currency."""
    value, known = amounts(asked.calls, name)
    own = integers(asked.calls, currency, missing=0)
    wanted = asked.book.tariffs.currency_ids[
        asked.book.rates.tariffs[asked.choice.rate]
    ]
    ratio = ratios(asked.calls, asked.book.currencies, own, wanted)
    scale = np.full(len(value), AMOUNT_SCALE, dtype=np.int64)
    top, bottom = product(value, ratio.top), product(scale, ratio.bottom)
    return top, bottom, known & ratio.known


def usual_units(asked: Asked, parts: Factors) -> Fractions:
    """Give what a price is for where no formula says it: minutes, megabytes, 1."""
    usage, row = asked.usage, asked.choice.rate
    is_data = usage.service == DATA
    top = np.select([usage.service == SMS, is_data], [1, usage.volume], parts.billed)
    one = asked.book.rates.price_seconds[row]
    bottom = np.select([usage.service == SMS, is_data], [1, MEGABYTE], one)
    return lowest(Fractions(top, bottom))

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices that are the carrier's cost and some percent, by tiers of the cost or not."""

import numpy as np

from ..codes import MILLION
from ..exact import product
from ..tables import Array, amounts, integers
from .asked import Asked, Factors
from .conversion import ratios
from .outcome import reason_code


def marked_up(asked: Asked, parts: Factors) -> Factors:
    """Give the factors: the cost times the part of the call times 1 + markup."""
    book, row, usage = asked.book, asked.choice.rate, asked.usage
    cost, known = amounts(asked.calls, "cost_nano")
    own = integers(asked.calls, "cost_currency_id", missing=0)
    wanted = book.tariffs.currency_ids[book.rates.tariffs[row]]
    ratio = ratios(asked.calls, book.currencies, own, wanted)
    reason = np.where(ratio.known, 0, reason_code("no_currency_rate"))
    reason = np.where(known, reason, reason_code("no_cost"))
    percent = MILLION + percents(asked, cost)
    quantity = product(percent, usage.rest, ratio.top)
    unit = product(np.full(len(row), MILLION), usage.whole, ratio.bottom)
    return Factors(parts.fixed, cost, quantity, unit, parts.billed, reason)


def percents(asked: Asked, cost: Array) -> Array:
    """Give the mark-up (ppm): by tier of the month, else of the whole call's cost."""
    row, tiers = asked.choice.rate, asked.book.tiers
    found = asked.book.rates.markup[row]
    tier = tiers.cost.at(row, cost - 1)
    has_markup = (tier >= 0) & tiers.cost.has_markup[tier]
    found = np.where(has_markup, tiers.cost.markup[tier], found)
    month = tiers.volume.at(row, asked.before)
    has_markup = (month >= 0) & tiers.volume.has_markup[month]
    return np.where(has_markup, tiers.volume.markup[month], found)

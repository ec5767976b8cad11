# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is left of prices that hold the tax, exactly."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pandas as pd

from .exact import Fractions, times
from .tables import integers

PRODUCTS_BY_CATEGORY = ("landline", "mobile")


@dataclass(frozen=True)
class TaxIncluded:
    """Prices that hold the tax of the product which bills the call.

    :ivar rate_ids: rates of tariffs whose prices include tax
    :ivar shares: by product (landline, mobile, other, roaming), the part of a price
        that is no tax: 100/121 with 21 %; a product that is missing has no tax that is
        known ahead of the invoice
    """

    rate_ids: frozenset[int] = frozenset()
    shares: Mapping[str, Fraction] = field(default_factory=dict)


def without_tax(price: Fractions, calls: pd.DataFrame, taxed: TaxIncluded) -> Fractions:
    """Prices without the tax that they hold; the others stay.

    :param price: one a row of the calls
    :param calls: rate_id (0: none), category, and visited_country (ISO code, missing
        at home) or is_abroad; without either none is abroad
    """
    if not taxed.rate_ids:
        return price
    rates = integers(calls, "rate_id", missing=0)
    is_taxed = np.isin(rates, np.fromiter(taxed.rate_ids, np.int64))
    if not is_taxed.any():
        return price
    products = np.where(is_taxed, _products(calls), "")
    top = np.ones(len(calls), np.int64)
    bottom = np.ones(len(calls), np.int64)
    for product, share in taxed.shares.items():
        rows = products == product
        top[rows], bottom[rows] = share.numerator, share.denominator
    return times(price, Fractions(top, bottom))


def _products(calls):
    """Which product bills each call."""
    category = calls["category"].astype(object).to_numpy()
    by_category = np.where(np.isin(category, PRODUCTS_BY_CATEGORY), category, "other")
    return np.where(_is_abroad(calls), "roaming", by_category)


def _is_abroad(calls):
    if "is_abroad" in calls:
        return calls["is_abroad"].to_numpy(bool)
    if "visited_country" not in calls:
        return np.zeros(len(calls), bool)
    visited = calls["visited_country"].fillna("").astype(str)
    return visited.ne("").to_numpy()

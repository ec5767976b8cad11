# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which currencies calls are in, and the ratios of their day between these."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..currencies import CurrencyTable, day_numbers
from ..rates.book import RateBook
from ..rates.choice import Choice
from ..tables import Array, Table, integers, labelled


class Ratios(NamedTuple):
    """Currency ratios by call: numerator, denominator, and whether known (bool).

    is_used: whether there is anything to convert.
    """

    top: Array
    bottom: Array
    known: Array
    is_used: Array

    def take(self, rows: Array) -> "Ratios":
        """Give the ratios of some calls."""
        return Ratios(*(column[rows] for column in self))


def own_currencies(book: RateBook, choice: Choice) -> Array:
    """Give the currency that each rate is in; 0 where there is no rate."""
    return book.tariffs.currency_ids[book.rates.tariffs[choice.rate]]


def currencies_of(calls: Table, book: RateBook, choice: Choice) -> Array:
    """Give the currency of each price; 0 where there is no rate.

    The one wanted (column currency_id; 0: the rate's); without that column the one of
    the customer, else of the tariff that the holder has, be the rate its own or that of
    a parent.
    """
    own = own_currencies(book, choice)
    if "currency_id" not in calls:
        theirs = book.partners.currencies(integers(calls, "partner_id", missing=0))
        usual = book.tariffs.currency_ids[choice.tariff]
        return np.where(own > 0, np.where(theirs > 0, theirs, usual), 0)
    wanted = integers(calls, "currency_id", missing=0)
    return np.where((wanted > 0) & (choice.rate >= 0), wanted, own)


def ratios(
    calls: Table, currencies: CurrencyTable, from_id: Array, to_id: Array
) -> Ratios:
    """Give the conversion at each call's day; 1/1 where there is nothing to convert."""
    same = (from_id == to_id) | (from_id == 0) | (to_id == 0)
    if same.all():
        one = np.ones(len(calls), dtype=np.int64)
        return Ratios(one, one, same, ~same)
    found = currencies.lookup(day_numbers(calls["day"]), from_id, to_id)
    return Ratios(*found, ~same)


def ratio_texts(ratio: Ratios, wanted: Array, index: pd.Index) -> pd.Series:
    """Give ratios as categorical "numerator/denominator", "" where none was used."""
    rows = np.flatnonzero(ratio.is_used & ratio.known & wanted)
    codes = np.zeros(len(wanted), dtype=np.int64)
    pairs = zip(ratio.top[rows].tolist(), ratio.bottom[rows].tolist(), strict=True)
    found, names = pd.factorize(np.array([f"{a}/{b}" for a, b in pairs], dtype=object))
    codes[rows] = found + 1
    return labelled(codes, ["", *names], index)

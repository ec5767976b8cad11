# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices that hold a tax, without it."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from engine.exact import Fractions, whole
from engine.untaxed import TaxIncluded, without_tax

SHARES = {"landline": Fraction(10, 11), "mobile": Fraction(100, 121), "roaming": 1}
TAXED = TaxIncluded(
    frozenset({7}), {name: Fraction(share) for name, share in SHARES.items()}
)
CASES = [
    # rate, category, visited, price, what is left of it
    (7, "mobile", None, 121, Fraction(100)),
    (7, "mobile", "", 1, Fraction(100, 121)),
    (7, "landline", None, 11, Fraction(10)),
    (7, "mobile", "FR", 121, Fraction(121)),
    # Nothing is known of the tax of other calls.
    (7, "international", None, 121, Fraction(121)),
    (8, "mobile", None, 121, Fraction(121)),
    (0, None, None, 0, Fraction(0)),
    (7, "mobile", None, -121, Fraction(-100)),
]


def table(cases):
    columns = ["rate_id", "category", "visited_country"]
    return pd.DataFrame([case[:3] for case in cases], columns=columns)


@pytest.mark.parametrize("case", CASES)
def test_one_price(case) -> None:
    price = whole(np.array([case[3]], np.int64))
    top, bottom = without_tax(price, table([case]), TAXED)
    assert Fraction(int(top[0]), int(bottom[0])) == case[4]


def test_many_prices_at_once() -> None:
    """Whole columns, also beyond 64 bits."""
    factor = 10**15
    price = Fractions(
        np.array([case[3] * factor for case in CASES], np.int64),
        np.full(len(CASES), 3, np.int64),
    )
    found = without_tax(price, table(CASES), TAXED)
    told = [Fraction(int(a), int(b)) for a, b in zip(*found, strict=True)]
    assert told == [case[4] * factor / 3 for case in CASES]


def test_whether_a_stored_call_was_made_abroad() -> None:
    calls = table(CASES[:2]).drop(columns="visited_country")
    price = whole(np.array([121, 121], np.int64))
    at_home, _bottom = without_tax(price, calls, TAXED)
    assert at_home.tolist() == [100, 100]
    abroad = calls.assign(is_abroad=[True, False])
    assert without_tax(price, abroad, TAXED).top.tolist() == [121, 100]


def test_without_such_tariffs_nothing_is_looked_at() -> None:
    price = whole(np.array([121], np.int64))
    assert without_tax(price, pd.DataFrame(), TaxIncluded()) is price

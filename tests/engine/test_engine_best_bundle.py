# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which bundle would have been cheapest, for calls that were made."""

import pandas as pd
import pytest
from bundle_samples import LIMITS, RULES
from engine.bundles.best_bundle import Candidate, compare_bundles
from engine.exceptions import EngineError
from engine.periods import NEVER
from engine_samples import (
    ALLOWANCE,
    EUR,
    SUBSCRIPTION,
    USD,
    book,
    calls_table,
    rate,
    table,
)

RATES = [
    rate(1, "0.06", initial=1, increment=1),
    rate(2, "0.10", service="sms", method="volume"),
]
MONTHS = ["2026-01-01", "2026-02-01", "2026-03-01"]


def calls_of(*months, **common):
    """Give calls of 100 s: so many on the tenth of January, of February, of March."""
    rows = [
        {"start_at": f"2026-{place:02d}-10 10:{minute:02d}:00", "duration": 100}
        for place, count in enumerate(months, 1)
        for minute in range(count)
    ]
    return calls_table([row | common for row in rows])


def candidate(bundle_id, fee, *allowances, book=None, **terms):
    """Give a bundle as a candidate; without allowances, having none."""
    rows = [row | {"bundle_id": bundle_id} for row in allowances]
    terms = [terms | {"bundle_id": bundle_id}] if rows or terms else []
    limits = {name: LIMITS[name] for name in LIMITS if name != "amount_limit_micro"}
    return Candidate(
        bundle_id,
        fee,
        table(terms, SUBSCRIPTION | RULES),
        table(rows, ALLOWANCE | limits),
        book,
    )


NOTHING = candidate(0, 0)


def compared(calls, *candidates, months=MONTHS, rates=RATES, currency=EUR):
    """Compare candidates; give rows of bundle, fee, price, total and unpriced."""
    found = compare_bundles(calls, book(rates), candidates, months, currency)
    assert found["is_cheapest"].tolist() == [n == 0 for n in range(len(found))]
    return found.drop(columns="is_cheapest").to_numpy().tolist()


def test_fee_and_what_is_left_of_three_months_by_hand():
    """3, 1 and 2 calls of 0.10 each; 200 s a month cover all but the third of January.

    Without: 0.60.  Small, 0.10 a month: 0.30 + 0.10.  Large, 0.25 a month: 0.75.
    """
    small = candidate(1, 100_000, {"quantity": 200})
    large = candidate(2, 250_000, {"quantity": 10_000})
    assert compared(calls_of(3, 1, 2), NOTHING, large, small) == [
        [1, 300_000, 100_000, 400_000, 0],
        [0, 0, 600_000, 600_000, 0],
        [2, 750_000, 0, 750_000, 0],
    ]


def test_of_equal_ones_the_order_given_counts():
    rows = compared(calls_of(1), candidate(3, 0, {}), candidate(2, 0, {}))
    assert [row[0] for row in rows] == [3, 2]


def test_a_month_without_calls_costs_its_fee_and_calls_of_other_months_do_not_count():
    rows = compared(calls_of(1, 0, 5), candidate(1, 7, {}), months=MONTHS[:2])
    assert rows == [[1, 14, 0, 14, 0]]


def test_what_rolls_over_is_carried_from_month_to_month():
    """100 s a month: January leaves 100, February takes 200, March 100 of its 200."""
    calls = calls_of(0, 2, 2)
    rolling = candidate(1, 0, {"quantity": 100, "rollover_months": 1})
    plain = candidate(2, 0, {"quantity": 100})
    assert compared(calls, plain, rolling) == [
        [1, 0, 100_000, 100_000, 0],
        [2, 0, 200_000, 200_000, 0],
    ]


def test_a_bundle_is_compared_as_if_always_in_force():
    ended = {"start": NEVER - 1, "end": NEVER, "last_day": "2020-01-01"}
    terms = ended | {"is_prorated": True, "first_day": "2026-03-31"}
    row = candidate(1, 5, {"quantity": 500}, **terms)
    assert compared(calls_of(3, 1, 2), row) == [[1, 15, 0, 15, 0]]


def test_by_the_customers_billing_day():
    """Of the tenth of each month: January's belongs to the period of December 15."""
    months = ["2025-12-15", "2026-01-15"]
    row = candidate(1, 0, {"quantity": 100})
    assert compared(calls_of(2, 1, 4), row, months=months) == [
        [1, 0, 100_000, 100_000, 0]
    ]


def test_a_call_plan_has_prices_of_its_own():
    plan = candidate(1, 50_000, book=book([rate(1, "0.006", initial=1, increment=1)]))
    assert compared(calls_of(2, 2, 2), NOTHING, plan) == [
        [1, 150_000, 60_000, 210_000, 0],
        [0, 0, 600_000, 600_000, 0],
    ]


def test_a_plan_that_has_no_price_for_some_calls_is_not_cheap():
    plan = candidate(1, 0, book=book([rate(1, "0.006", prefix="44")]))
    assert compared(calls_of(1, 0, 1), plan, NOTHING) == [
        [0, 0, 200_000, 200_000, 0],
        [1, 0, 0, 0, 2],
    ]


def test_prices_that_cannot_be_converted_are_missing():
    assert compared(calls_of(1), NOTHING, currency=USD) == [[0, 0, 0, 0, 1]]


def test_periods_that_begin_on_different_days_are_refused():
    with pytest.raises(EngineError, match="do not begin on the same day"):
        compared(calls_of(1), NOTHING, months=["2026-01-01", "2026-02-15"])


def test_sums_stay_whole_numbers():
    found = compare_bundles(calls_of(1), book(RATES), [NOTHING], MONTHS, EUR)
    assert pd.api.types.is_integer_dtype(found["total_micro"])

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What allowances carry over, month by month, computed by hand."""

import numpy as np
import pandas as pd
import pytest
from bundle_samples import full_bundles, given_table
from engine.bundles.rollover import CARRIED_COLUMNS, carried_over

MONTHS = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"]
STARTED = {"first_day": "2026-01-01"}


def monthly(*quantities, **values):
    """Give draws or extras of these quantities, from January on."""
    return [
        {"period_start": month, "quantity": quantity, **values}
        for month, quantity in zip(MONTHS, quantities, strict=False)
    ]


def carried(bundles, draws=(), until="2026-05-31", **options):
    """Give what is carried into each of January to May, of all pools."""
    found = carried_over(bundles, given_table(draws), until, **options)
    assert tuple(found.columns) == CARRIED_COLUMNS
    sums = found.groupby("period_start")["quantity"].sum()
    return sums.reindex(pd.to_datetime(MONTHS)).fillna(0).astype(int).tolist()


ROLLED = [
    # months of rollover, draws of January to April, carried into January to May
    (0, (10, 10, 10, 10), [0, 0, 0, 0, 0]),
    (1, (), [0, 100, 100, 100, 100]),
    (2, (), [0, 100, 200, 200, 200]),
    (12, (), [0, 100, 200, 300, 400]),
    # January leaves 60; February takes 80: these and 20 of its own; 80 are left.
    (1, (40, 80, 0, 0), [0, 60, 80, 100, 100]),
    (1, (100, 100, 100, 100), [0, 0, 0, 0, 0]),
    # February takes 30 of January's 60: the other 30 expire, 100 of its own go on.
    (1, (40, 30, 0, 0), [0, 60, 100, 100, 100]),
    (2, (40, 30, 0, 0), [0, 60, 130, 200, 200]),
    # March: 30 of January, 100 of February, 100 own; 150 take 30, 100 and 20.
    (2, (40, 30, 150, 0), [0, 60, 130, 80, 180]),
    (1, (40, 160, 0, 200), [0, 60, 0, 100, 0]),
    # More used than there was, as after a change of the bundle: nothing is owed.
    (1, (500, 0, 0, 0), [0, 0, 100, 100, 100]),
]


@pytest.mark.parametrize(("age", "used", "expected"), ROLLED)
def test_the_oldest_is_taken_first_and_expires(age, used, expected):
    bundles = full_bundles([{"quantity": 100, "rollover_months": age}], [STARTED])
    assert carried(bundles, monthly(*used)) == expected


def test_months_until_the_day_asked_for_and_no_further():
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}], [STARTED])
    assert carried(bundles, until="2026-03-01") == [0, 100, 100, 0, 0]
    assert carried(bundles, until="2026-02-28") == [0, 100, 0, 0, 0]
    assert carried(bundles, until="2026-01-31") == [0, 0, 0, 0, 0]
    assert carried(bundles, until="2025-01-31") == [0, 0, 0, 0, 0]


EXTRAS = [
    # extras, draws of January to April; carried into January to May
    # Extras are for their month and expire with it, so they are taken first.
    ((50,), (30,), [0, 100, 100, 100, 100]),
    ((50,), (70,), [0, 80, 100, 100, 100]),
    ((50,), (150,), [0, 0, 100, 100, 100]),
]


@pytest.mark.parametrize(("extras", "used", "expected"), EXTRAS)
def test_extras_are_not_carried_over(extras, used, expected):
    allowance = {"quantity": 100, "rollover_months": 1}
    bundles = full_bundles([allowance], [STARTED], monthly(*extras))
    assert carried(bundles, monthly(*used)) == expected


BEGINNINGS = [
    # first day, last day, prorated; carried into January to May
    ("2026-02-15", None, False, [0, 0, 280, 560, 560]),
    ("2026-02-15", None, True, [0, 0, 140, 420, 560]),
    ("2026-01-01", "2026-03-10", False, [0, 280, 560, 0, 0]),
    ("2026-06-01", None, False, [0, 0, 0, 0, 0]),
    # In force for ever: as many months before as are carried over.
    (None, None, False, [0, 0, 0, 0, 560]),
]


@pytest.mark.parametrize(("first", "last", "is_prorated", "expected"), BEGINNINGS)
def test_what_a_month_includes_goes_by_the_days_in_force(
    first, last, is_prorated, expected
):
    terms = {"first_day": first, "last_day": last, "is_prorated": is_prorated}
    bundles = full_bundles([{"quantity": 280, "rollover_months": 2}], [terms])
    assert carried(bundles) == expected


def test_for_ever_in_force_begins_before_the_first_draw():
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}])
    assert carried(bundles, monthly(130)) == [100, 70, 100, 100, 100]


def test_periods_of_a_billing_day():
    terms = {"billing_day": 15, "first_day": "2026-01-15"}
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}], [terms])
    draws = [{"period_start": "2026-01-15", "quantity": 30}]
    found = carried_over(bundles, given_table(draws), "2026-03-14")
    assert found["period_start"].tolist() == [pd.Timestamp("2026-02-15")]
    assert found["quantity"].tolist() == [70]


NUMBERS = [
    # numbers that the subscription names, numbers known; carried by number
    ((), None, {1: 90}),
    ((1, 2), None, {1: 90, 2: 100}),
    ((), [(2, None)], {1: 90, 2: 100}),
    ((), [(2, "2026-02-01"), (1, "2026-01-01")], {1: 90}),
    ((1,), [(2, None)], {1: 90}),
]


@pytest.mark.parametrize(("named", "known", "expected"), NUMBERS)
def test_by_number_where_nothing_is_shared(named, known, expected):
    terms = STARTED | {"is_shared": False, "numbers": frozenset(named)}
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}], [terms])
    draws = given_table(monthly(10, number_id=1))
    numbers = known and pd.DataFrame(known, columns=["number_id", "first_day"])
    if known:
        numbers["subscription_id"] = 1
    found = carried_over(bundles, draws, "2026-02-01", numbers)
    pairs = zip(found["number_id"], found["quantity"], strict=True)
    assert dict(pairs) == expected


def test_allowances_of_different_lengths_and_of_money():
    rows = [
        {"quantity": 100, "rollover_months": 1, "amount_limit_micro": 50},
        {"allowance_id": 2, "quantity": 100, "rollover_months": 3},
        {"allowance_id": 3, "quantity": 100},
    ]
    draws = monthly(20, 0, 0, amount_micro=30)
    draws += monthly(20, 0, 0, allowance_id=2)
    found = carried_over(full_bundles(rows, [STARTED]), given_table(draws), MONTHS[3])
    names = ["allowance_id", "period_start", "quantity", "amount_micro"]
    found = found[names].sort_values(names)
    found["period_start"] = found["period_start"].dt.month
    assert found.to_numpy().tolist() == [
        [1, 2, 80, 20],
        [1, 3, 100, 40],  # 30 took the 20 of January and 10 of 50
        [1, 4, 100, 50],
        [2, 2, 80, 0],
        [2, 3, 180, 0],
        [2, 4, 280, 0],
    ]


def test_the_month_asked_for_may_come_in_any_form():
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}], [STARTED])
    draws = given_table([])
    for until in ("2026-02-01", np.datetime64("2026-02-01T00:00:00"), MONTHS[1]):
        assert carried_over(bundles, draws, until)["quantity"].tolist() == [100]


def test_nothing_rolls_over_without_allowances():
    bundles = full_bundles([], [])
    assert len(carried_over(bundles, given_table([]), "2026-02-01")) == 0

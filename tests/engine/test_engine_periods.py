# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Days, months and what was in force when."""

import numpy as np
import pandas as pd
import pytest
from engine.periods import EVER, NEVER, PeriodTable, local_days, month_starts
from hypothesis import given, settings
from hypothesis import strategies as st

DAYS = [
    # UTC, zone, local day
    ("2026-01-31 22:59:59", "Europe/Madrid", "2026-01-31"),
    ("2026-01-31 23:00:00", "Europe/Madrid", "2026-02-01"),
    ("2026-07-31 21:59:59", "Europe/Madrid", "2026-07-31"),
    ("2026-07-31 22:00:00", "Europe/Madrid", "2026-08-01"),
    ("2026-03-29 00:59:59", "Europe/Madrid", "2026-03-29"),
    ("2026-10-25 23:30:00", "Europe/Madrid", "2026-10-26"),
    ("2026-01-01 00:30:00", "America/Mexico_City", "2025-12-31"),
    ("2026-01-01 00:30:00", "UTC", "2026-01-01"),
]


@pytest.mark.parametrize(("moment", "zone", "day"), DAYS)
def test_local_day_is_of_the_zone(moment, zone, day):
    days = local_days(pd.Series(pd.to_datetime([moment])), zone)
    assert str(days[0].date()) == day
    assert str(days.dtype) == "datetime64[s]"


def test_month_starts():
    days = pd.Series(pd.to_datetime(["2026-02-28", "2026-03-01", "1969-12-31"]))
    expected = ["2026-02-01", "2026-03-01", "1969-12-01"]
    assert month_starts(days).astype("datetime64[D]").astype(str).tolist() == expected


def table(*rows):
    """Give a table of (owner, start, end, value), ranked by their order."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return PeriodTable.build(*columns, np.arange(len(rows)))


def values(periods, owner, *moments):
    """Look one owner up at several moments."""
    return periods.lookup(np.full(len(moments), owner), np.array(moments)).tolist()


def test_ends_are_exclusive_and_gaps_hold_nothing():
    periods = table((7, 10, 20, 100), (7, 20, 30, 101), (7, 40, NEVER, 102))
    found = values(periods, 7, 9, 10, 19, 20, 29, 30, 39, 40, 10**12)
    assert found == [-1, 100, 100, 101, 101, -1, -1, 102, 102]
    assert values(periods, 8, 15) == [-1]


def test_of_overlapping_periods_the_lower_rank_counts():
    periods = table((1, 10, 20, 100), (1, EVER, NEVER, 101), (2, 0, 5, 102))
    assert values(periods, 1, 0, 10, 19, 20) == [101, 100, 100, 101]
    assert values(periods, 2, 0, 4, 5) == [102, 102, -1]


def test_empty_and_reversed_periods_hold_nothing():
    assert values(table(), 1, 0) == [-1]
    assert values(table((1, 5, 5, 9), (1, 8, 3, 9)), 1, 4, 5, 6) == [-1, -1, -1]


period = st.tuples(
    st.integers(0, 2), st.integers(0, 12), st.integers(0, 12), st.integers(0, 99)
)


@settings(max_examples=150)
@given(st.lists(period, max_size=12))
def test_lookup_agrees_with_asking_every_period(rows):
    periods = table(*rows)
    for owner in range(3):
        expected = [
            next((v for o, s, e, v in rows if o == owner and s <= at < e), -1)
            for at in range(13)
        ]
        assert values(periods, owner, *range(13)) == expected

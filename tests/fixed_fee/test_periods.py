# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Months and parts of them, what is due of what comes again, and days by holder."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pure_addons.telecom_cdr_fixed_fee.engine.holders import Holding, parts
from pure_addons.telecom_cdr_fixed_fee.engine.periods import (
    Span,
    due_spans,
    months,
    share_amounts,
)

DAY = timedelta(days=1)


def day(text):
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-01-01", "2026-01-31", Fraction(1)),
        ("2026-02-01", "2026-02-28", Fraction(1)),
        ("2026-01-10", "2026-01-31", Fraction(22, 31)),
        ("2026-02-01", "2026-02-15", Fraction(15, 28)),
        ("2026-01-15", "2026-02-14", Fraction(1)),
        ("2026-01-01", "2026-03-31", Fraction(3)),
        ("2026-01-01", "2026-12-31", Fraction(12)),
        ("2026-01-01", "2026-02-14", 1 + Fraction(14, 28)),
        ("2026-01-01", "2026-01-01", Fraction(1, 31)),
        ("2028-02-01", "2028-02-28", Fraction(28, 29)),
        ("2026-01-31", "2026-02-27", Fraction(1)),
    ],
)
def test_months(first, last, expected):
    assert months(day(first), day(last)) == expected


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 800))
def test_more_days_are_more_months_and_nearly_their_number(first, count):
    last = first + DAY * count
    assert months(first, last) < months(first, last + DAY)
    assert abs(
        months(first, last) - Fraction(count + 1) / Fraction("30.44")
    ) < Fraction(1, 5)


@given(
    st.decimals(-(10**6), 10**6, places=9),
    st.lists(st.integers(1, 31), min_size=1, max_size=6),
)
def test_shares_are_the_whole(amount, days):
    shares = share_amounts(amount, days)
    assert sum(shares) == amount
    for share, count in zip(shares, days, strict=True):
        exact = Fraction(amount) * count / sum(days)
        assert abs(Fraction(share) - exact) <= Fraction(len(days), 10**9)


def test_shares_by_days():
    assert share_amounts(Decimal("31"), [9, 22]) == [Decimal(9), Decimal(22)]
    assert share_amounts(Decimal("10"), [1, 2]) == [
        Decimal("3.333333333"),
        Decimal("6.666666667"),
    ]


@pytest.mark.parametrize(
    ("timing", "until", "expected"),
    [
        # The first invoice in advance holds the rest of this period and the next.
        ("advance", "2026-01-31", [("01-10", "02-01"), ("02-01", "03-01")]),
        ("advance", "2026-01-15", [("01-10", "02-01")]),
        ("arrears", "2026-01-31", [("01-10", "02-01")]),
        ("arrears", "2026-01-30", []),
        ("arrears", "2026-02-28", [("01-10", "02-01"), ("02-01", "03-01")]),
    ],
)
def test_what_is_due_of_a_month(timing, until, expected):
    spans = due_spans(
        (day("2026-01-10"), None), day("2026-01-01"), 1, timing, day(until)
    )
    assert [(f"{s.start:%m-%d}", f"{s.end:%m-%d}") for s in spans] == expected


def test_what_ends_is_due_until_its_end():
    running = (day("2026-01-01"), day("2026-02-11"))
    spans = due_spans(running, day("2026-01-01"), 1, "arrears", day("2026-02-10"))
    assert [span.share for span in spans] == [1, Fraction(10, 28)]
    assert (
        due_spans(running, day("2026-01-01"), 1, "advance", day("2026-12-31")) == spans
    )


def test_quarters_and_years_begin_with_the_first_period():
    running = (day("2026-02-10"), None)
    quarter = due_spans(running, day("2026-02-01"), 3, "advance", day("2026-02-28"))
    assert quarter == [
        Span(day("2026-02-01"), day("2026-05-01"), day("2026-02-10"), day("2026-05-01"))
    ]
    assert quarter[0].share == Fraction(80, 89)
    year = due_spans(running, day("2026-02-01"), 12, "arrears", day("2027-01-30"))
    assert year == []
    year = due_spans(running, day("2026-02-01"), 12, "arrears", day("2027-01-31"))
    assert [span.period_end for span in year] == [day("2027-02-01")]


def january(number):
    return datetime(2026, 1, number)  # noqa: DTZ001  local time without a zone


def test_days_by_who_held_the_number():
    first = Holding(1, 10, None, january(10))
    second = Holding(2, 20, january(12), None)
    assert parts([first, second], day("2026-01-01"), day("2026-01-31")) == [
        (day("2026-01-01"), day("2026-01-09"), 10),
        (day("2026-01-10"), day("2026-01-11"), 0),
        (day("2026-01-12"), day("2026-01-31"), 20),
    ]
    assert parts([first], day("2026-01-01"), day("2026-01-09")) == [
        (day("2026-01-01"), day("2026-01-09"), 10)
    ]
    assert parts([], day("2026-01-01"), day("2026-01-01")) == [
        (day("2026-01-01"), day("2026-01-01"), 0)
    ]


@given(st.integers(0, 45), st.integers(2, 30))
def test_days_of_holders_are_the_whole_period(hours, cut):
    change = january(cut) + timedelta(hours=hours)
    holdings = [Holding(1, 10, None, change), Holding(2, 20, change, None)]
    found = parts(holdings, day("2026-01-01"), day("2026-01-31"))
    assert found[0][0] == day("2026-01-01")
    assert found[-1][1] == day("2026-01-31")
    for before, after in pairwise(found):
        assert before[1] + DAY == after[0]
    assert {payer for _first, _last, payer in found} <= {10, 20}

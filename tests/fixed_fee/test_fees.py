# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which tariff line prices a charge, what it gives, and who held the number."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pure_addons.telecom_cdr_fixed_fee.engine.fees import (
    FeeLine,
    choose,
    quantity_and_unit,
    retail,
)
from pure_addons.telecom_cdr_fixed_fee.engine.holders import Holding, holder

DAY = date(2026, 1, 1)


def line(line_id, pattern="", kind="", **values):
    return FeeLine(line_id, pattern, kind, values.pop("method", "price"), **values)


@pytest.mark.parametrize(
    ("patterns", "code", "expected"),
    [
        (["", "LR*", "LR01"], "LR01", "LR01"),
        (["", "LR*", "LR01"], "LR02", "LR*"),
        (["", "LR*", "LR01"], "EQ1", ""),
        (["L*", "LR*"], "LR9", "LR*"),
        (["LR?1", "LR01"], "LR01", "LR01"),
        (["lr*"], "LR01", "lr*"),
        (["LR.1"], "LRX1", None),
        ([""], "", ""),
    ],
)
def test_the_narrowest_pattern_wins(patterns, code, expected):
    lines = [line(number, pattern) for number, pattern in enumerate(patterns, 1)]
    found = choose(lines, code, "recurring", DAY)
    assert (found.pattern if found else None) == expected


def test_a_kind_is_narrower_than_none_and_wider_than_a_pattern():
    lines = [line(1), line(2, kind="one_off"), line(3, "EQ*")]
    assert choose(lines, "IN1", "one_off", DAY).line_id == 2
    assert choose(lines, "EQ1", "one_off", DAY).line_id == 3
    assert choose(lines, "IN1", "recurring", DAY).line_id == 1


def test_an_own_price_is_for_credits_only_where_it_says_so():
    lines = [line(1), line(2, method="markup"), line(3, "LR*")]
    assert choose(lines, "LR01", "credit", DAY).line_id == 2
    assert choose([line(1)], "LR01", "credit", DAY) is None
    assert choose([*lines, line(4, kind="credit")], "X", "credit", DAY).line_id == 4


def test_lines_count_from_their_first_day_until_the_day_before_their_end():
    lines = [line(1, end=DAY), line(2, start=DAY, end=date(2026, 2, 1))]
    assert choose(lines, "X", "recurring", date(2025, 12, 31)).line_id == 1
    assert choose(lines, "X", "recurring", DAY).line_id == 2
    assert choose(lines, "X", "recurring", date(2026, 2, 1)) is None


def test_own_price_counts_each_and_credits_are_negative():
    own = line(1, price=Decimal("12.345"))
    values = (own, Fraction(5), Decimal(2))
    assert retail(*values, "recurring", 2, "half_up") == Decimal("24.69")
    assert retail(*values, "credit", 2, "half_up") == Decimal("-24.69")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("half_up", "1.13"), ("half_even", "1.12"), ("up", "1.13"), ("down", "1.12")],
)
def test_mark_up_is_rounded_once(mode, expected):
    half = line(1, method="markup", markup=Decimal("12.5"))
    assert retail(half, Fraction(1), Decimal(1), "one_off", 2, mode) == Decimal(
        expected
    )
    assert retail(half, Fraction(-1), Decimal(1), "credit", 2, mode) == -Decimal(
        expected
    )


def test_what_is_not_passed_on_costs_nothing():
    none = line(1, method="none", price=Decimal(5))
    assert retail(none, Fraction(3), Decimal(1), "recurring", 2, "half_up") == 0


@given(
    st.decimals(0, 10**6, places=4),
    st.decimals(-100, 1000, places=2),
    st.integers(0, 6),
)
def test_mark_up_is_never_off_by_more_than_half_a_unit(cost, markup, digits):
    price = retail(
        line(1, method="markup", markup=markup),
        Fraction(cost),
        Decimal(1),
        "recurring",
        digits,
        "half_up",
    )
    exact = Fraction(cost) * (100 + Fraction(markup)) / 100
    assert abs(Fraction(price) - exact) <= Fraction(1, 2 * 10**digits)


@given(
    st.decimals(Decimal("0.01"), 1000, places=2),
    st.decimals(-(10**5), 10**5, places=2),
)
def test_quantity_times_unit_is_the_amount(quantity, amount):
    shown, unit = quantity_and_unit(quantity, amount)
    assert shown * unit == amount
    assert shown == round(shown, 2)


def test_quantity_that_does_not_divide_the_amount_is_one():
    assert quantity_and_unit(Decimal(3), Decimal(10)) == (1, 10)
    assert quantity_and_unit(Decimal(4), Decimal(10)) == (4, Decimal("2.5"))
    assert quantity_and_unit(Decimal("0.125"), Decimal(1)) == (1, 1)


def january(day, hour=0):
    return datetime(2026, 1, day, hour)  # noqa: DTZ001  local time without a zone


def test_the_longest_holding_of_the_period_pays():
    first = Holding(1, 10, None, january(10))
    second = Holding(2, 20, january(10), None)
    assert holder([first, second], date(2026, 1, 1), date(2026, 1, 31)) == second
    assert holder([first, second], date(2026, 1, 1), date(2026, 1, 12)) == first
    assert holder([first, second], date(2026, 1, 10), date(2026, 1, 10)) == second


def test_the_earlier_of_two_equal_holdings_pays():
    first = Holding(1, 10, None, january(2))
    second = Holding(2, 20, january(2), None)
    for holdings in ([first, second], [second, first]):
        assert holder(holdings, date(2026, 1, 1), date(2026, 1, 2)) == first


def test_a_customer_goes_before_the_stock():
    stock = Holding(1, 0, None, january(30))
    customer = Holding(2, 20, january(30), None)
    assert holder([stock, customer], date(2026, 1, 1), date(2026, 1, 31)) == customer
    assert holder([stock, customer], date(2026, 1, 1), date(2026, 1, 5)) == stock


def test_nobody_held_it_outside_of_the_periods():
    gone = Holding(1, 10, None, january(1))
    assert holder([gone], date(2026, 1, 1), date(2026, 1, 31)) is None
    assert holder([], date(2026, 1, 1), date(2026, 1, 31)) is None

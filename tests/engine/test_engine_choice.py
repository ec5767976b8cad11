# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whose tariff a call goes by, and rules: rates that are found by patterns."""

import pytest
from engine.exceptions import BookError
from engine.periods import EVER, NEVER
from engine.pricing.rating import rate_calls
from engine.rates.rules import check_pattern
from engine_samples import book, calls_table, rate, seconds

KINDS = (
    "number", "partner", "class", "trunk", "carrier", "address", "company",
)  # fmt: skip
OWNERS = {
    "number": {"owner_id": 1},
    "partner": {"owner_id": 1},
    "class": {"owner_id": 5},
    "trunk": {"owner_key": "T-1"},
    "carrier": {"owner_id": 9},
    "address": {"owner_key": "192.0.2.1"},
    "company": {"owner_id": 77},
}
CALL = {"carrier_id": 9, "trunk": "T-1", "source_address": "192.0.2.1"}
PARTNERS = [{"partner_id": 1, "class_id": 5, "billing_day": 1}]


def assign(kind, tariff_id, **values):
    """Give a row of the assignments table."""
    row = {"owner_kind": kind, "owner_id": 0, "owner_key": "", "tariff_id": tariff_id}
    return row | {"start": EVER, "end": NEVER} | OWNERS[kind] | values


def chosen(assignments, *calls, **tables):
    """Give the tariff of each call; tariff n is the one of the nth kind of owner."""
    tariffs = [{"tariff_id": place + 1} for place in range(len(KINDS) + 1)]
    rates = [rate(one["tariff_id"], **one) for one in tariffs]
    rate_book = book(
        rates, tariffs, assignments=assignments, partners=PARTNERS, **tables
    )
    table = calls_table([CALL | call for call in calls])
    return rate_calls(table, rate_book)["tariff_id"].tolist()


ALL = [assign(kind, place + 1) for place, kind in enumerate(KINDS)]


@pytest.mark.parametrize("place", range(len(KINDS)))
def test_number_partner_class_trunk_carrier_address_company(place):
    assert chosen(ALL[place:], {}) == [place + 1]


def test_the_call_plan_comes_after_the_customer_and_before_the_class():
    plan = [{"subscription_id": 1, "partner_id": 1, "tariff_id": 8}]
    assert chosen(ALL[2:], {}, subscriptions=plan) == [8]
    assert chosen(ALL[1:], {}, subscriptions=plan) == [2]


OTHERS = [
    ({"number_id": 2}, 2),
    ({"number_id": 2, "partner_id": 2}, 4),
    ({"number_id": 2, "partner_id": 2, "trunk": "T-2"}, 5),
    ({"number_id": 2, "partner_id": 2, "trunk": None, "carrier_id": 8}, 6),
    ({"number_id": 2, "partner_id": 2, "trunk": "", "carrier_id": 8,
      "source_address": "192.0.2.2"}, 7),
]  # fmt: skip


@pytest.mark.parametrize(("call", "expected"), OTHERS)
def test_what_is_not_the_owners_falls_to_the_next(call, expected):
    assert chosen(ALL, call) == [expected]


def test_all_owners_side_by_side():
    calls = [{}, *(call for call, _ in OTHERS)]
    assert chosen(ALL, *calls) == [1, *(one for _, one in OTHERS)]


def test_calls_without_the_columns_fall_to_the_company():
    rate_book = book(
        [rate(1)], assignments=[ALL[3] | {"tariff_id": 9}, assign("company", 1)]
    )
    assert rate_calls(calls_table([{}]), rate_book)["tariff_id"].tolist() == [1]


def test_assignments_of_a_trunk_are_dated():
    noon = seconds("2026-03-10 12:00:00")
    rows = [assign("trunk", 1, end=noon), assign("trunk", 2, start=noon)]
    calls = [{"start_at": f"2026-03-10 {hour}"} for hour in ("11:59:59", "12:00:00")]
    assert chosen(rows, *calls) == [1, 2]


def found(rates, *calls, **tables):
    """Give the rate of each call."""
    return rate_calls(calls_table(list(calls)), book(rates, **tables))[
        "rate_id"
    ].tolist()


def number(digits, **values):
    """Give a call to a number."""
    return {"called_number": digits, "calling_number": "+34600000001", **values}


def test_rules_come_before_prefixes_by_sequence_then_id():
    rates = [
        rate(1, prefix="34911"),
        rate(9, called_pattern=r"^\+34", sequence=2),
        rate(8, called_pattern=r"^\+349", sequence=2),
        rate(7, called_pattern=r"^\+346", sequence=1),
    ]
    calls = [number(one) for one in ("+34911", "+34611", "+34811", "+4420")]
    assert found(rates, *calls) == [8, 7, 9, 0]


MATCHES = [
    # patterns, call, matches
    ({"called_pattern": "911"}, number("+34911"), True),
    ({"called_pattern": "^911"}, number("+34911"), False),
    ({"calling_pattern": "1$"}, number("+34911"), True),
    ({"calling_pattern": "2$"}, number("+34911"), False),
    ({"calling_pattern": "1$", "called_pattern": "44"}, number("+34911"), False),
    ({"region_pattern": "(?i)madrid"}, number("+1", region="Madrid Sur"), True),
    ({"region_pattern": "(?i)madrid"}, number("+1", region=None), False),
    ({"region_pattern": "^$"}, number("+1"), True),
    ({"called_pattern": ".", "prefix": "349"}, number("+34911"), True),
    ({"called_pattern": ".", "prefix": "346"}, number("+34911"), False),
    ({"called_pattern": ".", "category": "mobile"}, number("+34911"), False),
    (
        {"called_pattern": ".", "destination_id": 3},
        number("+1", destination_id=3),
        True,
    ),
    ({"called_pattern": ".", "destination_id": 3}, number("+1"), False),
    ({"called_pattern": ".", "service": "sms"}, number("+1"), False),
    ({"called_pattern": ".", "direction": "incoming"}, number("+1"), False),
    ({"called_pattern": ".", "end": 0}, number("+1"), False),
]


@pytest.mark.parametrize(("patterns", "call", "matches"), MATCHES)
def test_patterns_by_table(patterns, call, matches):
    rates = [rate(1), rate(2, **patterns)]
    assert found(rates, call) == [2 if matches else 1]


def test_the_rules_of_a_parent_come_after_all_of_the_tariff_itself():
    tariffs = [{"tariff_id": 1, "parent_id": 2}, {"tariff_id": 2}]
    rates = [
        rate(1, prefix="34"),
        rate(2, called_pattern=".", tariff_id=2),
        rate(3, prefix="44", tariff_id=2),
    ]
    calls = [number("+34911"), number("+4420")]
    assert found(rates, *calls, tariffs=tariffs) == [1, 2]


def test_an_evil_pattern_takes_no_longer():
    rates = [rate(1), rate(2, called_pattern="^(1+)+$")]
    assert found(rates, number("1" * 5_000 + "x")) == [1]


@pytest.mark.parametrize("pattern", ["(", "(?=x)", "[", r"\1"])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(BookError, match="is no pattern") as refused:
        check_pattern(pattern)
    assert (refused.value.reason, refused.value.found) == ("pattern", pattern)
    with pytest.raises(BookError, match="is no pattern"):
        book([rate(1, called_pattern=pattern)])

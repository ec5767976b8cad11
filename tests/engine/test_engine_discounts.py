# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Discounts and surcharges: for whom, on which calls, and in which order."""

import pandas as pd
import pytest
from engine.bundles.allowances import Bundles
from engine.exceptions import BookError
from engine.money import parse_nano
from engine.periods import EVER, NEVER
from engine.pricing.rating import rate_bundled, rate_calls, rate_cost
from engine_samples import (
    ALLOWANCE,
    EUR,
    SUBSCRIPTION,
    USD,
    book,
    calls_table,
    rate,
    seconds,
    table,
)

LINE = {
    "discount_id": 1,
    "sequence": 10,
    "owner_kind": "partner",
    "owner_id": 1,
    "start": EVER,
    "end": NEVER,
    "service": "",
    "direction": "",
    "category": "",
    "destination_id": 0,
    "percent_ppm": 0,
    "amount_nano": 0,
    "currency_id": 0,
}


def line(percent=0, amount="0", **values):
    """Give a line of a discount: percent (below 0: off) and an amount a call."""
    row = {"percent_ppm": percent * 10_000, "amount_nano": parse_nano(amount)}
    return LINE | row | values


def prices(row, lines, *calls, tariff=(), **tables):
    """Give prices in micro."""
    rate_book = book([row], [dict(tariff)], discounts=list(lines), **tables)
    return rate_calls(calls_table(list(calls)), rate_book)["price_micro"].tolist()


ORDERS = [
    # price a minute, connect, rate, lines, price of 60 s
    ("1", "0.5", {}, [line(-10)], "1.35"),
    ("1", "0", {}, [line(25)], "1.25"),
    ("1", "0", {}, [line(-100)], "0"),
    ("1", "0", {}, [line(amount="0.3")], "1.3"),
    # Percents first, one after the other, then amounts, whatever their sequence.
    ("1", "0", {}, [line(-10), line(-10, discount_id=2)], "0.81"),
    ("1", "0", {}, [line(amount="0.3", sequence=1), line(-10, discount_id=2)], "1.2"),
    ("1", "0", {}, [line(-10, "0.3")], "1.2"),
    ("1", "0", {}, [line(amount="-0.3")], "0.7"),
    # Then minimum and maximum.
    ("1", "0", {"minimum": "0.95"}, [line(-10)], "0.95"),
    ("1", "0", {"maximum": "1.1"}, [line(25, "0.3")], "1.1"),
    # A line that reaches the call twice counts once.
    ("1", "0", {}, [line(-10), line(-10, owner_kind="number")], "0.9"),
    # Exact thirds: 1 x 0.9 x 0.9 x 0.9, rounded once.
    ("0.1", "0", {}, [line(-10, discount_id=n) for n in (1, 2, 3)], "0.0729"),
    ("0.0333", "0", {}, [line(-50), line(-50, discount_id=2)], "0.0083"),
]


@pytest.mark.parametrize(("each", "connect", "values", "lines", "expected"), ORDERS)
def test_percents_then_amounts_then_bounds_by_table(
    each, connect, values, lines, expected
):
    found = prices(rate(1, each, connect, **values), lines, {})
    assert found == [parse_nano(expected) // 1000]


def test_free_calls_have_no_surcharge():
    row = rate(1, "1", grace=5, free_seconds=10)
    calls = [{"duration": one} for one in (0, 5, 10, 11)]
    assert prices(row, [line(amount="0.3")], *calls) == [0, 0, 0, 1_300_000]


OWNERS = [
    # owner, call, applies
    ({"owner_kind": "partner", "owner_id": 1}, {}, True),
    ({"owner_kind": "partner", "owner_id": 2}, {}, False),
    ({"owner_kind": "number", "owner_id": 1}, {}, True),
    ({"owner_kind": "number", "owner_id": 2}, {}, False),
    ({"owner_kind": "department", "owner_id": 7}, {}, True),
    ({"owner_kind": "department", "owner_id": 7}, {"number_id": 2}, False),
    ({"owner_kind": "class", "owner_id": 5}, {}, True),
    ({"owner_kind": "class", "owner_id": 5}, {"partner_id": 2}, False),
    ({"owner_kind": "tariff", "owner_id": 1}, {}, True),
    ({"owner_kind": "tariff", "owner_id": 2}, {}, False),
    ({"service": "voice"}, {}, True),
    ({"service": "sms"}, {}, False),
    ({"direction": "outgoing"}, {}, True),
    ({"direction": "incoming"}, {}, False),
    ({"category": "landline"}, {}, True),
    ({"category": "mobile"}, {}, False),
    ({"destination_id": 3}, {"destination_id": 3}, True),
    ({"destination_id": 3}, {}, False),
    ({"start": seconds("2026-03-10 10:00:00")}, {}, True),
    ({"start": seconds("2026-03-10 10:00:01")}, {}, False),
    ({"end": seconds("2026-03-10 10:00:00")}, {}, False),
    ({"end": seconds("2026-03-10 10:00:01")}, {}, True),
]


@pytest.mark.parametrize(("owner", "call", "applies"), OWNERS)
def test_who_and_what_a_discount_is_for(owner, call, applies):
    tables = {
        "partners": [{"partner_id": 1, "class_id": 5, "billing_day": 1}],
        "departments": [{"number_id": 1, "department_id": 7}],
    }
    found = prices(rate(1, "1"), [line(-10) | owner], call, **tables)
    assert found == [900_000 if applies else 1_000_000]


def test_calls_with_and_without_discount_side_by_side():
    lines = [line(-10), line(-50, owner_id=2, category="mobile", discount_id=2)]
    calls = [{}, {"partner_id": 2}, {"partner_id": 2, "category": "mobile"}]
    assert prices(rate(1, "1"), lines, *calls, {"partner_id": 3}) == [
        900_000, 1_000_000, 500_000, 1_000_000,
    ]  # fmt: skip


RATIOS = pd.DataFrame(
    {
        "day": pd.to_datetime(["2026-03-10"] * 2),
        "from_id": [USD, EUR],
        "to_id": [EUR, USD],
        "numerator": [9, 10],
        "denominator": [10, 9],
    }
)


def test_surcharges_in_another_currency_are_converted_exactly():
    lines = [line(amount="0.1", currency_id=USD)]
    row = rate(1, "1")
    assert prices(row, lines, {}, currencies=RATIOS) == [1_090_000]
    dollars = {"currency_id": USD}
    assert prices(row, lines, dollars, currencies=RATIOS) == [1_211_100]


def test_a_surcharge_without_currency_rate_leaves_the_call_unrated():
    lines = [line(amount="0.1", currency_id=3)]
    rate_book = book([rate(1, "1")], discounts=lines, currencies=RATIOS)
    result = rate_calls(calls_table([{}, {"partner_id": 2}]), rate_book)
    assert result["reason"].tolist() == ["no_currency_rate", ""]


def test_costs_have_the_discounts_of_their_tariff_only():
    lines = [line(-10), line(-50, owner_kind="tariff", discount_id=2)]
    rate_book = book([rate(1, "1")], discounts=lines)
    cost = rate_cost(calls_table([{}]), rate_book, 1, EUR)
    assert cost["cost_nano"].tolist() == [500_000_000]


def test_discounts_are_for_what_bundles_leave():
    bundles = Bundles.build(
        table([{}], SUBSCRIPTION), table([{"quantity": 90}], ALLOWANCE)
    )
    row = rate(1, "0.60", "0.10", initial=1, increment=1)
    rate_book = book([row], discounts=[line(-10, "0.05")])
    calls = calls_table(
        [{"start_at": f"2026-03-10 10:0{n}:00"} for n in range(3)], duration=60
    )
    result = rate_bundled(calls, rate_book, bundles)[0]
    # Wholly covered: nothing.  30 s and the fee: 0.40 x 0.9 + 0.05.  60 s: 0.70 ...
    assert result["price_micro"].tolist() == [0, 410_000, 680_000]


BAD = [
    ("owner_kind", {"owner_kind": "dog"}),
    ("percent_ppm", {"percent_ppm": -1_000_001}),
    ("service", {"service": "fax"}),
    ("direction", {"direction": "up"}),
]


@pytest.mark.parametrize(("reason", "values"), BAD)
def test_discounts_that_make_no_sense_are_refused(reason, values):
    with pytest.raises(BookError, match="cannot be rated with") as refused:
        book([rate(1)], discounts=[line() | values])
    assert refused.value.reason == reason

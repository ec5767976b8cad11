# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The way to a price, step by step."""

from fractions import Fraction

import pandas as pd
import pytest
from engine.explain import steps
from engine_samples import rate

CALL = {
    "state": "rated",
    "service": "voice",
    "duration": 70,
    "volume": 0,
    "cost_nano": 90_000_000,
}
TARIFF = {"tariff_id": 1, "rounding_digits": 4, "rounding": "half_up"}


def explained(call=(), row=None, tariff=(), **options):
    """Explain a call; give the codes and the values of each."""
    row = rate(1, "0.06", "0.10", initial=30, increment=6) if row is None else row
    found = steps(CALL | dict(call), row, TARIFF | dict(tariff), **options)
    return [step.code for step in found], {step.code: step.values for step in found}


def test_increments_fee_and_rounding_are_shown():
    codes, values = explained()
    expected = [
        "tariff",
        "rate",
        "increments",
        "duration",
        "connect",
        "rounding",
        "price",
    ]
    assert codes == expected
    assert values["increments"]["increments"] == 7
    assert values["increments"]["billed_duration"] == 72
    assert values["connect"]["amount_nano"] == 172_000_000
    assert values["price"] == {"price_micro": 172_000}


STEPS = [
    # rate, call, codes between the rate and the rounding, price
    ({"method": "call"}, {}, ["call"], 60_000),
    ({"method": "volume", "service": "sms"}, {"service": "sms"}, ["message"], 60_000),
    (
        {"method": "volume", "service": "data"},
        {"service": "data", "volume": 500_000},
        ["volume"],
        30_000,
    ),
    ({"method": "markup", "markup_ppm": 200_000}, {}, ["markup"], 108_000),
    ({"minimum": "1"}, {}, ["increments", "duration", "minimum"], 1_000_000),
    ({"maximum": "0.01"}, {}, ["increments", "duration", "maximum"], 10_000),
    ({"minimum": "0.01"}, {}, ["increments", "duration"], 120_000),
    ({"grace": 70}, {}, ["free"], 0),
    ({}, {"duration": 0}, ["free"], 0),
]


@pytest.mark.parametrize(("values", "call", "middle", "price"), STEPS)
def test_methods_and_bounds_by_table(values, call, middle, price):
    codes, shown = explained(call, rate(1, "0.06", **values))
    assert codes == ["tariff", "rate", *middle, "rounding", "price"]
    assert shown["price"] == {"price_micro": price}


def test_draws_and_what_they_leave_are_shown():
    draws = [{"kind": "seconds", "quantity": 40, "allowance": "Minutes"}]
    codes, values = explained(draws=draws)
    assert codes[2:4] == ["draw", "rest"]
    assert values["draw"]["allowance"] == "Minutes"
    assert values["rest"]["duration"] == 30
    assert values["price"] == {"price_micro": 130_000}


def test_a_wholly_covered_call_costs_nothing():
    draws = [{"kind": "seconds", "quantity": 40}, {"kind": "seconds", "quantity": 30}]
    codes, values = explained(draws=draws)
    assert codes == ["tariff", "rate", "draw", "draw", "covered", "price"]
    assert values["price"] == {"price_micro": 0}


def test_money_of_a_bundle_is_taken_off_last():
    codes, values = explained(draws=[{"kind": "amount", "quantity": 100_000}])
    assert codes[-3:] == ["rounding", "paid", "price"]
    assert values["price"] == {"price_micro": 72_000}


def test_conversions_are_shown_with_their_ratio():
    codes, values = explained(conversion=(11, 10))
    assert codes[-3:] == ["conversion", "rounding", "price"]
    assert values["conversion"]["amount_nano"] == Fraction(189_200_000)
    assert values["price"] == {"price_micro": 189_200}


def test_a_markup_shows_its_part_and_the_conversion_of_the_cost():
    row = rate(1, method="markup", markup_ppm=0)
    draws = [{"kind": "seconds", "quantity": 35}]
    codes, values = explained((), row, draws=draws, cost_conversion=(1, 2))
    assert codes[3:-2] == ["rest", "conversion", "part", "markup"]
    assert values["part"] == {
        "rest": 35,
        "whole": 70,
        "amount_nano": Fraction(22_500_000),
    }


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA])
def test_a_bound_that_is_missing_is_no_bound(nothing):
    row = rate(1, "0.06", minimum_nano=nothing, maximum_nano=nothing)
    assert explained((), row)[1]["price"] == {"price_micro": 120_000}


@pytest.mark.parametrize("state", ["unmatched", "unrated", "late", "excluded"])
def test_a_call_without_a_price_shows_its_state(state):
    found = steps({"state": state, "reason": "why"}, None, None)
    assert found == [("state", {"state": state, "reason": "why"})]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The way to a price, step by step."""

import inspect
import re
from fractions import Fraction

import pandas as pd
import pytest
from engine.explanation import explain
from engine.explanation.explain import Around, steps
from engine_samples import rate, tier

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


AROUND = {
    "start_at": "2026-03-10 18:59:00",
    "direction": "outgoing",
    "category": "landline",
    "number_id": 1,
    "partner_id": 1,
}
PEAK = {"band_id": 1, "priority": 1, "weekdays": 127, "second_from": 0}
PEAK |= {"second_to": 20 * 3600, "on_holidays": False}


def pieces(values):
    """Give what is shown of each piece."""
    names = ("at", "count", "step", "quantity", "price_nano", "start", "month_start")
    return [
        tuple(step.values[name] for name in names)
        for step in values
        if step.code == "piece"
    ]


def test_tiers_are_shown_piece_by_piece():
    row = rate(1, "0.60", "0.10", initial=60, increment=30, initial_price="0.90")
    around = Around(tiers=[tier(1, 100, "0.12", increment=10)])
    found = steps(CALL | {"duration": 125}, row, TARIFF, around=around)
    assert [step.code for step in found] == [
        "tariff", "rate", "piece", "piece", "piece", "pieces", "connect", "rounding",
        "price",
    ]  # fmt: skip
    assert pieces(found) == [
        (0, 1, 60, 60, 900_000_000, None, None),
        (60, 2, 30, 60, 600_000_000, None, None),
        (120, 1, 10, 10, 120_000_000, 100, None),
    ]
    assert [step.values["is_initial"] for step in found[2:5]] == [True, False, False]
    assert found[5].values == {"billed_duration": 130, "amount_nano": 1_520_000_000}
    assert found[-1].values == {"price_micro": 1_620_000}


def test_bands_are_shown_with_the_rate_of_each():
    rows = [rate(1, "0.04"), rate(2, "0.10", band_id=1)]
    tariff = TARIFF | {"time_zone": "Europe/Madrid", "band_rule": "split"}
    around = Around(rates=rows, bands=[PEAK])
    call = CALL | AROUND | {"duration": 120}
    found = steps(call, rows[1], tariff, around=around)
    shown = [step.values for step in found if step.code == "piece"]
    assert [(one["rate_id"], one["band_id"], one["at"]) for one in shown] == [
        (2, 1, 0),
        (1, 0, 60),
    ]
    assert found[2] == ("band", {"band_id": 1})
    assert found[-1].values == {"price_micro": 140_000}


def test_tiers_of_the_month_are_shown_with_what_went_before():
    row = rate(1, "0.60", initial=1, increment=1, volume_unit="seconds")
    around = Around(tiers=[tier(1, 100, "0.06", kind="volume")])
    found = steps(CALL | {"tier_from": 90}, row, TARIFF, around=around)
    assert found[2] == (
        "month",
        {"rate_id": 1, "unit": "seconds", "rule": "graduated", "scope": "partner",
         "tier_from": 90, "start": None},
    )  # fmt: skip
    assert pieces(found) == [
        (0, 1, 1, 1, 600_000_000, None, None),
        (1, 9, 1, 9, 600_000_000, None, None),
        (10, 60, 1, 60, 60_000_000, None, 100),
    ]
    assert found[-1].values == {"price_micro": 160_000}


def line(**values):
    """Give a line of a discount for everybody of partner 1."""
    row = {"discount_id": 1, "sequence": 1, "owner_kind": "partner", "owner_id": 1}
    row |= {"start": 0, "end": 2**40, "percent_ppm": 0, "amount_nano": 0}
    return row | values


def test_discounts_and_surcharges_are_shown_in_order():
    lines = [
        line(amount_nano=50_000_000, currency_id=2, discount_id=3),
        line(percent_ppm=-100_000, name="Ten off"),
        line(percent_ppm=-500_000, category="mobile", discount_id=2),
    ]
    around = Around(discounts=lines, owners={"partner": 1}, conversions={2: (9, 10)})
    found = steps(CALL | AROUND, rate(1, "0.06"), TARIFF, around=around)
    assert [step.code for step in found[2:]] == [
        "increments", "duration", "discount", "surcharge", "rounding", "price",
    ]  # fmt: skip
    assert (found[4].values["name"], found[4].values["amount_nano"]) == (
        "Ten off",
        108_000_000,
    )
    shown = found[5].values
    assert (shown["surcharge_nano"], shown["numerator"]) == (50_000_000, 9)
    assert shown["amount_nano"] == 153_000_000


def test_formulas_are_shown_with_what_they_were_computed_from():
    row = rate(1, "0.50", "0.10", method="formula", formula="units * price")
    row |= {"units_formula": "ceil(duration / 30)"}
    found = steps(CALL, row, TARIFF)
    assert found[2] == (
        "units",
        {"formula": "ceil(duration / 30)", "inputs": {"duration": 70}, "units": 3},
    )
    assert found[3].values["inputs"] == {"units": 3, "price": Fraction(1, 2)}
    assert found[3].values["amount_nano"] == 1_500_000_000
    assert found[-1].values == {"price_micro": 1_600_000}


PLAIN = ["increments", "duration"]
MORE = [
    # rate, call, draws, codes behind the rate, price
    ({"free_seconds": 10}, {}, [], ["free_seconds", "increments", "duration"], 60_000),
    ({"free_seconds": 70}, {}, [], ["free"], 0),
    ({"price_seconds": 1, "price_nano": 10**6}, {}, [], PLAIN, 120_000),
    ({}, {"rest_discount_ppm": 250_000}, [], [*PLAIN, "rest_discount"], 90_000),
    ({"connect_nano": 10**8}, {}, [{"connect_rule": "never"}],
     ["draw", "rest", "increments", "duration", "no_connect"], 60_000),
    ({"connect_nano": 10**8}, {}, [{"quantity": 70, "connect_rule": "always"}],
     ["draw", "covered", "connect"], 100_000),
    ({}, {}, [{"run_through": True}], ["draw", "runs_through", *PLAIN], 80_000),
    ({}, {}, [{"covered_price_nano": 10**6, "covered_connect_nano": 10**7}],
     ["draw", "rest", "increments", "duration", "charge"], 110_000),
    ({}, {}, [{"quantity": 70, "covered_price_nano": 10**6}],
     ["draw", "covered", "charge"], 70_000),
]  # fmt: skip


@pytest.mark.parametrize(("values", "call", "draws", "middle", "price"), MORE)
def test_other_steps_by_table(values, call, draws, middle, price):
    taken = [{"kind": "seconds", "quantity": 40} | draw for draw in draws]
    row = rate(1, "0.06") | values
    codes, shown = explained(call, row, draws=taken)
    assert codes == ["tariff", "rate", *middle, "rounding", "price"]
    assert shown["price"] == {"price_micro": price}


def test_what_money_leaves_may_have_a_discount():
    draws = [{"kind": "amount", "quantity": 20_000}]
    codes, values = explained(
        {"paid_discount_ppm": 500_000}, rate(1, "0.06"), draws=draws
    )
    assert codes[-3:] == ["paid", "paid_discount", "price"]
    assert values["price"] == {"price_micro": 50_000}


def test_every_step_is_described():
    """The module says what numbers each step holds, of all that it shows."""
    text = explain.__doc__
    source = inspect.getsource(explain)
    codes = set(re.findall(r'Step\(\s*"([a-z_]+)"', source)) | {"minimum", "maximum"}
    assert len(codes) > 30
    for code in codes:
        assert re.search(rf"^(\w+, )*{code}\b", text, re.MULTILINE), code

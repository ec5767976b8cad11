# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices by formula: what it may name, and what comes of it."""

import pandas as pd
import pytest
from engine.bundles.allowances import Bundles
from engine.pricing.rating import rate_bundled, rate_calls
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

CARRIER = {"carrier_amount_nano": 300_000_000}
LESS = CARRIER | {"discount_ppm": 125_000}
HOURS = {"price_per_unit_nano": 10**9, "total_hours_nano": 3 * 10**9}
SIXTY = {"price_nano": 6 * 10**8}
DATA = {"service": "data"}
CASES = [
    # formula, units formula, rate, call, price
    ("0.1 + duration * 0.01", "", {}, {"duration": 61}, "0.71"),
    ("billed_duration / 60 * price", "", SIXTY, {"duration": 61}, "1.2"),
    ("units * price", "", SIXTY, {"duration": 61}, "1.2"),
    ("units * price", "ceil(duration / 20)", SIXTY, {"duration": 61}, "2.4"),
    ("units", "", {"service": "sms"}, {"service": "sms"}, "1"),
    ("units", "", DATA, {**DATA, "volume": 1_500_000}, "1.5"),
    ("volume / 1000000", "", DATA, {**DATA, "volume": 5}, "0"),
    ("carrier_amount * 1.2", "", {}, CARRIER, "0.36"),
    ("carrier_amount_without_free_minutes", "", {}, CARRIER, "0.3"),
    ("carrier_amount * (1 - discount)", "", {}, LESS, "0.2625"),
    ("cost * 2", "", {}, {"cost_nano": 10**8}, "0.2"),
    ("price_per_unit * total_hours", "", {}, HOURS, "3"),
    ("if(duration > 60, 1, 2)", "", {}, {"duration": 60}, "2"),
    ("1 / 3", "", {}, {}, "0.3333"),
    ("1", "", {"connect_nano": 5 * 10**8}, {}, "1.5"),
    ("1", "", {"connect_nano": 5 * 10**8}, {"duration": 0}, "0"),
    ("1", "", {"maximum": "0.5"}, {}, "0.5"),
    ("-1 * duration", "", {}, {"duration": 2}, "-2"),
    ("original_duration", "", {"free_seconds": 10}, {"duration": 30}, "30"),
    ("billed_duration", "", {"free_seconds": 10}, {"duration": 30}, "60"),
]  # fmt: skip


def rated(formula, units, values, call, **tables):
    """Rate one call by formula."""
    row = rate(1, method="formula", formula=formula, units_formula=units, **values)
    return rate_calls(calls_table([call]), book([row], **tables))


@pytest.mark.parametrize(("formula", "units", "values", "call", "expected"), CASES)
def test_formulas_by_table(formula, units, values, call, expected):
    result = rated(formula, units, values, call)
    assert result["state"].tolist() == ["rated"]
    assert result["price_micro"].tolist() == [round(float(expected) * 10**6)]


REASONS = [
    ("1 / volume", {}, "formula"),
    ("1 / (duration - 60)", {}, "formula"),
    ("carrier_amount", {}, "no_cost"),
    ("cost", {"cost_nano": None}, "no_cost"),
    ("units *", {}, "formula"),
    ("", {}, "formula"),
]


@pytest.mark.parametrize(("formula", "call", "reason"), REASONS)
def test_what_has_no_value_leaves_the_call_unrated(formula, call, reason):
    result = rated(formula, "", {}, call)
    assert result["reason"].tolist() == [reason]
    assert result["state"].tolist() == ["unrated"]
    assert result["price_micro"].isna().all()


def test_a_formula_that_fails_for_one_call_does_not_touch_the_others():
    rates = [
        rate(1, method="formula", formula="1 / (duration - 60)", prefix="34"),
        rate(2, method="formula", formula="duration", prefix="44"),
        rate(3, "0.06"),
    ]
    calls = [
        {"called_number": "+34911111111", "duration": 60},
        {"called_number": "+34911111111", "duration": 62},
        {"called_number": "+442011111111", "duration": 7},
        {"called_number": "+12025550100", "duration": 60},
    ]
    result = rate_calls(calls_table(calls), book(rates))
    assert result["price_micro"].tolist() == [pd.NA, 500_000, 7_000_000, 60_000]


def test_amounts_of_carriers_are_in_the_tariffs_currency():
    ratio = {"from_id": USD, "to_id": EUR, "numerator": 9, "denominator": 10}
    currencies = pd.DataFrame([ratio]).assign(day=pd.to_datetime(["2026-03-10"]))
    call = {**CARRIER, "carrier_currency_id": USD}
    result = rated("carrier_amount", "", {}, call, currencies=currencies)
    assert result["price_micro"].tolist() == [270_000]
    missing = rated("carrier_amount", "", {}, call)
    assert missing["reason"].tolist() == ["no_cost"]


def test_formulas_of_a_call_that_a_bundle_covers_in_part():
    """40 of 60 s covered: duration 20, a third of the carrier's amount."""
    bundles = Bundles.build(
        table([{}], SUBSCRIPTION), table([{"quantity": 40}], ALLOWANCE)
    )
    formula = "duration + original_duration * 100 + carrier_amount_without_free_minutes"
    row = rate(1, method="formula", formula=formula)
    result = rate_bundled(calls_table([CARRIER]), book([row]), bundles)[0]
    assert result["price_micro"].tolist() == [6_020_100_000]

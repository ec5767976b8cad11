# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A price per call, where a bundle covers the call wholly, in part, or not at all.

It is due as a connect fee is: unless the whole call is covered, always, or never once a
part is, by the rule of the bundle.
"""

import pytest
from bundle_samples import full_bundles
from engine.bundles.allowances import CONNECT_RULES
from engine.explanation.explain import Around, steps
from engine.pricing.rating import rate_bundled
from engine_samples import TARIFF, book, calls_table, rate, tier

WHOLE, PART, NONE = 60, 40, 0
CASES = [
    # rule, seconds of 60 covered, terms of the rate, micro (0.30 a call), codes
    ("unless_whole", NONE, {}, 300_000, ["call"]),
    ("unless_whole", PART, {}, 300_000, ["draw", "rest", "call"]),
    ("unless_whole", WHOLE, {}, 0, ["draw", "covered"]),
    ("always", NONE, {}, 300_000, ["call"]),
    ("always", PART, {}, 300_000, ["draw", "rest", "call"]),
    ("always", WHOLE, {}, 300_000, ["draw", "covered", "call"]),
    ("never", NONE, {}, 300_000, ["call"]),
    ("never", PART, {}, 0, ["draw", "rest", "no_call"]),
    ("never", WHOLE, {}, 0, ["draw", "covered"]),
    # With a connect fee of 0.10: both are due, or neither.
    ("unless_whole", PART, {"connect": "0.10"}, 400_000,
     ["draw", "rest", "call", "connect"]),
    ("always", WHOLE, {"connect": "0.10"}, 400_000,
     ["draw", "covered", "call", "connect"]),
    ("never", PART, {"connect": "0.10"}, 0, ["draw", "rest", "no_call", "no_connect"]),
    # A minimum is for what the bundle leaves, a maximum too; not where it leaves none.
    ("never", PART, {"minimum": "0.05"}, 50_000,
     ["draw", "rest", "no_call", "minimum"]),
    ("always", WHOLE, {"minimum": "0.50"}, 300_000, ["draw", "covered", "call"]),
    ("unless_whole", PART, {"maximum": "0.20"}, 200_000,
     ["draw", "rest", "call", "maximum"]),
    # However little is left: the price is of the call.
    ("unless_whole", PART, {"grace": 20}, 300_000, ["draw", "rest", "call"]),
    ("always", PART, {"grace": 20}, 300_000, ["draw", "rest", "call"]),
    ("never", PART, {"grace": 20}, 0, ["draw", "rest", "free"]),
]  # fmt: skip


def bundled(rule, seconds, terms, calls=1, tiers=()):
    """Rate calls of 60 s at 0.30 a call; give result, draws and the rate."""
    connect = terms.get("connect", "0")
    more = {name: value for name, value in terms.items() if name != "connect"}
    row = rate(1, "0.30", connect, method="call", **more)
    bundles = full_bundles([{"quantity": seconds}], [{"connect_rule": rule}])
    rows = [{"duration": 60, "start_at": f"2026-03-10 1{n}:00"} for n in range(calls)]
    table = calls_table(rows)
    result, draws = rate_bundled(table, book([row], tiers=list(tiers)), bundles)
    return table, result, draws, row


def explained(call, priced, draws, row, rule, tiers=()):
    """Explain a call; give the codes behind the rate, and the price."""
    own = [
        draw | {"kind": "seconds", "connect_rule": rule}
        for draw in draws[draws["call"] == call.name].to_dict("records")
    ]
    values = dict(call) | dict(priced)
    around = Around(tiers=tiers)
    found = steps(values, row, {"tariff_id": 1, **TARIFF}, own, around=around)
    codes = [step.code for step in found[2:-1] if step.code != "rounding"]
    return codes, found[-1].values["price_micro"]


@pytest.mark.parametrize(("rule", "seconds", "terms", "price", "codes"), CASES)
def test_a_price_per_call_goes_by_the_rule_of_the_connect_fee(
    rule, seconds, terms, price, codes
):
    calls, result, draws, row = bundled(rule, seconds, terms)
    assert result["price_micro"].tolist() == [price]
    found = explained(calls.iloc[0], result.iloc[0], draws, row, rule)
    assert found == (codes, price)


@pytest.mark.parametrize("rule", CONNECT_RULES)
def test_a_price_per_call_by_the_tier_of_the_month(rule):
    """Above one call 0.12: the first of three is covered, of the second a third.

    A call that is wholly covered does not count for the tier.
    """
    tiers = [tier(1, 1, "0.12", kind="volume")]
    terms = {"volume_unit": "calls"}
    calls, result, draws, row = bundled(rule, 80, terms, 3, tiers)
    prices = {
        "unless_whole": [0, 300_000, 120_000],
        "always": [300_000, 300_000, 120_000],
        "never": [0, 0, 120_000],
    }
    assert result["price_micro"].tolist() == prices[rule]
    for place in range(3):
        found = explained(
            calls.iloc[place], result.iloc[place], draws, row, rule, tiers
        )
        assert found[1] == prices[rule][place]


# Calls of 63 s at 0.60 a minute, 0.05 to connect, of which so many are covered.
FREE_RESTS = [
    # grace, free seconds, rule, covered, price, codes
    (5, 0, "always", 63, 50_000, ["draw", "covered", "connect"]),
    (5, 0, "always", 60, 50_000, ["draw", "rest", "free", "connect"]),
    (5, 0, "always", 57, 110_000, ["draw", "rest", "increments", "duration",
                                   "connect"]),
    (5, 0, "always", 0, 680_000, ["increments", "duration", "connect"]),
    (5, 0, "unless_whole", 63, 0, ["draw", "covered"]),
    (5, 0, "unless_whole", 60, 50_000, ["draw", "rest", "free", "connect"]),
    (5, 0, "never", 60, 0, ["draw", "rest", "free"]),
    (0, 20, "always", 53, 50_000, ["draw", "rest", "free", "connect"]),
    (0, 20, "never", 53, 0, ["draw", "rest", "free"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("grace", "free", "rule", "seconds", "price", "codes"), FREE_RESTS
)
def test_what_is_left_may_be_free_but_not_the_connect_fee(
    grace, free, rule, seconds, price, codes
):
    terms = {"initial": 1, "increment": 1, "grace": grace, "free_seconds": free}
    row = rate(1, "0.60", "0.05", **terms)
    bundles = full_bundles([{"quantity": seconds}], [{"connect_rule": rule}])
    calls = calls_table([{"duration": 63}])
    result, draws = rate_bundled(calls, book([row]), bundles)
    assert result["price_micro"].tolist() == [price]
    found = explained(calls.iloc[0], result.iloc[0], draws, row, rule)
    assert found == (codes, price)


def test_the_fee_of_a_free_rest_has_discounts_and_counts_for_the_month():
    """0.05 to connect, 20 % off; 60 s of 63 s are covered: 0.04, and one call."""
    row = rate(1, "0.60", "0.05", grace=5, volume_unit="calls")
    line = {"discount_id": 1, "sequence": 1, "owner_kind": "partner", "owner_id": 1}
    line |= {"service": "", "direction": "", "category": "", "destination_id": 0}
    line |= {"percent_ppm": -200_000, "amount_nano": 0, "currency_id": 0}
    line |= {"start": 0, "end": 2**40}
    tiers = [tier(1, 5, "0.30", kind="volume")]
    rate_book = book([row], tiers=tiers, discounts=[line])
    calls = calls_table([{"duration": 63}])
    bundles = full_bundles([{"quantity": 60}])
    result, _draws = rate_bundled(calls, rate_book, bundles)
    assert result["price_micro"].tolist() == [40_000]
    assert result["tier_parts"].tolist() == ["1:0:1"]


def test_rates_of_other_kinds_pay_for_what_is_left():
    row = rate(1, "0.30", initial=1, increment=1)
    for rule in CONNECT_RULES:
        bundles = full_bundles([{"quantity": PART}], [{"connect_rule": rule}])
        calls = calls_table([{"duration": 60}])
        result, _draws = rate_bundled(calls, book([row]), bundles)
        assert result["price_micro"].tolist() == [100_000]

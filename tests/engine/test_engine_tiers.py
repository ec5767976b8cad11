# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Pulses, first steps, free seconds, tiers by second and by cost: computed by hand."""

import numpy as np
import pytest
from engine.exceptions import BookError
from engine.money import parse_nano
from engine.pricing.rating import rate_calls, rate_cost
from engine.rates.book import RateBook
from engine_samples import EUR, book, calls_table, rate, tier
from kernel_benchmark import company, rates, tariffs

UNITS = [
    # price, price_seconds, initial, increment, other, duration, billed, price
    ("0.06", 60, 60, 60, {}, 61, 120, "0.12"),
    ("0.001", 1, 1, 1, {}, 61, 61, "0.061"),
    ("0.001", 1, 60, 60, {}, 61, 120, "0.12"),
    # A pulse of 20 s at 0.05: 61 s are 4 pulses, 60 s are 3, 1 s is 1.
    ("0.05", 20, 20, 20, {}, 61, 80, "0.20"),
    ("0.05", 20, 20, 20, {}, 60, 60, "0.15"),
    ("0.05", 20, 20, 20, {}, 1, 20, "0.05"),
    # A pulse of 7 s billed by the second: 10 s are 10/7 of 0.07.
    ("0.07", 7, 1, 1, {}, 10, 10, "0.1"),
    ("0.10", 7, 1, 1, {}, 10, 10, "0.1429"),
    # The first 60 s at 0.20 a minute, then 0.06 a minute in steps of 6 s.
    ("0.06", 60, 60, 6, {"initial_price": "0.20"}, 1, 60, "0.20"),
    ("0.06", 60, 60, 6, {"initial_price": "0.20"}, 60, 60, "0.20"),
    ("0.06", 60, 60, 6, {"initial_price": "0.20"}, 61, 66, "0.206"),
    ("0.06", 60, 60, 6, {"initial_price": "0.20"}, 0, 0, "0"),
    ("0.06", 60, 0, 6, {"initial_price": "0.20"}, 6, 6, "0.006"),
    ("6", 60, 60, 60, {"initial_price": "0", "minimum_duration": 90}, 5, 120, "6"),
    # 30 s free at the start: nothing, then steps of what is left; grace comes first.
    ("0.06", 60, 60, 60, {"free_seconds": 30}, 30, 0, "0"),
    ("0.06", 60, 60, 60, {"free_seconds": 30}, 31, 60, "0.06"),
    ("0.06", 60, 1, 1, {"free_seconds": 30}, 90, 60, "0.06"),
    ("0.06", 60, 60, 60, {"free_seconds": 30, "grace": 40}, 40, 0, "0"),
    ("0.06", 60, 60, 60, {"free_seconds": 30, "grace": 40}, 41, 60, "0.06"),
    ("0.06", 60, 1, 1, {"free_seconds": 30, "minimum_duration": 60}, 31, 60, "0.06"),
    ("0.06", 60, 60, 60, {"free_seconds": 30, "connect_nano": 10**8}, 30, 0, "0"),
    ("0.06", 60, 60, 60, {"free_seconds": 30, "connect_nano": 10**8}, 31, 60, "0.16"),
    ("0.06", 60, 60, 60, {"free_seconds": 30, "minimum_nano": 10**9}, 30, 0, "0"),
]  # fmt: skip


def micro(text):
    """Give an amount in micro."""
    return parse_nano(text) // 1000


def priced(row, call, tiers=(), **tariff):
    """Give billed seconds and price in micro of one call at one rate."""
    result = rate_calls(calls_table([call]), book([row], [tariff], tiers=list(tiers)))
    assert result["state"].tolist() == ["rated"]
    return int(result["billed_duration"][0]), int(result["price_micro"][0])


@pytest.mark.parametrize("case", UNITS)
def test_units_of_price_and_first_steps_by_table(case):
    each, unit, initial, step, values, duration, billed, expected = case
    steps = {"price_seconds": unit, "initial": initial, "increment": step}
    row = rate(1, each, **steps, **values)
    assert priced(row, {"duration": duration}) == (billed, micro(expected))


BYTES = [
    # initial, increment, bytes, price at 1 a megabyte
    (1, 1, 500_000, "0.5"),
    (1, 1_000_000, 1, "0"),
    (0, 1_000_000, 1, "1"),
    (1_000_000, 1_000_000, 1, "1"),
    (1_000_000, 1_000_000, 1_000_001, "2"),
    (0, 1_024, 1_025, "0.002"),
    (100_000, 10_000, 100_000, "0.1"),
    (100_000, 10_000, 100_001, "0.11"),
    (100_000, 10_000, 0, "0"),
]


@pytest.mark.parametrize(("initial", "step", "volume", "expected"), BYTES)
def test_data_is_billed_in_steps_of_its_own(initial, step, volume, expected):
    row = rate(1, "1", service="data", method="volume", volume_initial=initial)
    row |= {"volume_increment": step}
    call = {"service": "data", "volume": volume}
    assert priced(row, call)[1] == micro(expected)


# 0.60 a minute in 60/30, from second 100 on 0.12 a minute in steps of 10, from 300 on
# 0.06 a minute in the rate's own steps.
THREE = [tier(1, 100, "0.12", increment=10), tier(1, 300, "0.06")]
FIRST_SECOND = [
    # duration, billed, price: steps begin at 0, 60, 90, then 120, 130 ...
    (1, 60, "0.60"),
    (61, 90, "0.90"),
    (91, 120, "1.20"),
    # The step of second 90 reaches second 120 at the old price.
    (120, 120, "1.20"),
    (121, 130, "1.22"),
    (200, 200, "1.36"),
    (300, 300, "1.56"),
    (301, 330, "1.59"),
    (360, 360, "1.62"),
]
EACH = [
    # duration, billed, price: 100 s in 60/30 are 120; 200 s by 10; the rest by 30
    (100, 120, "1.20"),
    (101, 130, "1.22"),
    (105, 130, "1.22"),
    (111, 140, "1.24"),
    (300, 320, "1.60"),
    (301, 350, "1.63"),
    (331, 380, "1.66"),
]


@pytest.mark.parametrize(("duration", "billed", "expected"), FIRST_SECOND)
def test_a_step_belongs_to_the_tier_of_its_first_second(duration, billed, expected):
    row = rate(1, "0.60", initial=60, increment=30)
    assert priced(row, {"duration": duration}, THREE) == (billed, micro(expected))


@pytest.mark.parametrize(("duration", "billed", "expected"), EACH)
def test_each_tier_is_rounded_up_by_itself(duration, billed, expected):
    row = rate(1, "0.60", initial=60, increment=30, tier_rule="each")
    assert priced(row, {"duration": duration}, THREE) == (billed, micro(expected))


def test_a_tier_may_begin_inside_the_first_step_and_be_jumped_over():
    row = rate(1, "0.60", initial=60, increment=60)
    tiers = [tier(1, 10, "6"), tier(1, 20, "0.06"), tier(1, 70, "60")]
    assert priced(row, {"duration": 60}, tiers) == (60, micro("0.60"))
    assert priced(row, {"duration": 120}, tiers) == (120, micro("0.66"))
    assert priced(row, {"duration": 121}, tiers) == (180, micro("60.66"))


def test_free_seconds_are_seconds_of_the_call_for_tiers():
    """With 30 s free the first billed second is second 30: the tier of 30 is there."""
    row = rate(1, "0.60", initial=1, increment=1, free_seconds=30)
    assert priced(row, {"duration": 90}, [tier(1, 30, "0.06")]) == (60, micro("0.06"))
    assert priced(row, {"duration": 90}, [tier(1, 60, "0.06")]) == (60, micro("0.33"))


def test_the_price_of_the_first_step_is_for_the_rates_own_line_only():
    row = rate(1, "0.60", initial=1, increment=1, free_seconds=30)
    row |= {"initial_price_nano": 9 * 10**8}
    assert priced(row, {"duration": 90}, [tier(1, 30, "0.06")]) == (60, micro("0.06"))
    assert priced(row, {"duration": 31}, [tier(1, 31, "0.06")]) == (1, micro("0.015"))


def test_a_tier_without_price_only_changes_the_steps():
    row = rate(1, "0.60", initial=60, increment=60)
    assert priced(row, {"duration": 61}, [tier(1, 60, increment=1)]) == (61, 610_000)


def test_tiers_of_long_calls_take_no_longer():
    """A year in steps of a second at three prices: exact, and at once."""
    row = rate(1, "0.60", initial=1, increment=1)
    year = 365 * 86_400
    tiers = [tier(1, 100, "0.06"), tier(1, 200, "0.0001")]
    expected = 1_000_000 + 100_000 + (year - 200) * 100 // 60
    billed, price = priced(row, {"duration": year}, tiers, rounding_digits=0)
    assert (billed, price) == (year, round(expected / 10**6) * 10**6)


def test_discounted_tiers_of_different_units_share_one_denominator():
    """Tiers are exact sums: 3 s at 1/7 each and no rounding between."""
    row = rate(1, "1", price_seconds=7, initial=1, increment=1)
    assert priced(row, {"duration": 3}, [tier(1, 1, "2"), tier(1, 2, "4")])[1] == 10**6


TIERS_OF_COST = [
    # cost, percent by tiers above 0.10 (20 %), above 1 (10 %); else 50 %
    ("0.10", "0.15"),
    ("0.100000001", "0.12"),
    ("1", "1.2"),
    ("1.000000001", "1.1"),
    ("0", "0"),
    ("-1", "-1.5"),
]


@pytest.mark.parametrize(("cost", "expected"), TIERS_OF_COST)
def test_markups_by_tiers_of_the_cost_upper_edge_inclusive(cost, expected):
    row = rate(1, method="markup", markup_ppm=500_000)
    tiers = [
        tier(1, 10**8, kind="cost", markup_ppm=200_000),
        tier(1, 10**9, kind="cost", markup_ppm=100_000),
    ]
    call = {"cost_nano": parse_nano(cost), "duration": 1}
    assert priced(row, call, tiers)[1] == micro(expected)


def test_costs_have_tiers_and_steps_of_their_own():
    row = rate(1, "0.60", initial=30, increment=6, tariff_id=1)
    calls = calls_table([{"duration": 31, "number_id": 0, "partner_id": 0}])
    tiers = [tier(1, 30, "0.06", increment=60)]
    found = rate_cost(calls, book([row], tiers=tiers), 1, EUR)
    assert found["cost_nano"].tolist() == [360_000_000]


def test_negative_prices_are_rounded_symmetrically():
    row = rate(1, "-0.01", initial=1, increment=1)
    assert priced(row, {"duration": 10})[1] == -1_700
    tiers = [tier(1, 5, "-0.02")]
    assert priced(row, {"duration": 10}, tiers)[1] == -2_500
    assert priced(row, {"duration": 9}, tiers)[1] == -2_200


def test_plain_and_special_rates_stand_side_by_side():
    both = [rate(1, "0.06", prefix="34"), rate(2, "0.06", prefix="44")]
    rate_book = book(both, tiers=[tier(2, 60, "6")])
    calls = [
        {"called_number": f"+{prefix}911111111", "duration": 120} for prefix in (34, 44)
    ]
    result = rate_calls(calls_table(calls * 2), rate_book)
    assert result["price_micro"].tolist() == [120_000, 6_060_000] * 2
    assert rate_book.plain.tolist() == [True, False, True]


def test_huge_prices_on_the_way_are_exact():
    row = rate(1, "9000000000", initial=1, increment=1)
    tiers = [tier(1, 60, "0.000000001")]
    assert priced(row, {"duration": 600}, tiers)[1] == 9_000_000_000_000_000


BAD = [
    ("start", {"start": -1}),
    ("increment", {"increment": -1}),
    ("kind", {"kind": "x"}),
]


@pytest.mark.parametrize(("reason", "values"), BAD)
def test_tiers_that_make_no_sense_are_refused(reason, values):
    with pytest.raises(BookError) as refused:
        book([rate(1)], tiers=[tier(1, 60) | values])
    assert refused.value.reason == reason


def test_tiers_of_unknown_rates_are_left_aside_and_of_two_the_last_counts():
    tiers = [tier(9, 1, "60"), tier(1, 60, "60"), tier(1, 60, "0.06")]
    assert priced(rate(1, "0.60"), {"duration": 61}, tiers) == (120, 660_000)


def test_an_absent_table_or_column_means_nothing_special():
    """The kernel's own tables name none of the new columns."""
    lines = rates(["34"], np.random.default_rng(1))
    prefixes = lines[["rate_id", "prefix"]].rename(
        columns={"rate_id": "destination_id"}
    )
    found = RateBook.build(tariffs(), lines, prefixes, company())
    assert found.plain.all()

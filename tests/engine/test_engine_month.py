# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tiers by what a customer has used in the month: computed by hand."""

import pandas as pd
import pytest
from bundle_samples import full_bundles
from engine.bundles.allowances import Bundles
from engine.explanation.explain import Around, steps
from engine.pricing.month import sums_behind
from engine.pricing.rating import (
    cost_totals,
    rate_bundled,
    rate_calls,
    rate_cost,
    tier_totals,
)
from engine_samples import (
    ALLOWANCE,
    EUR,
    SUBSCRIPTION,
    TARIFF,
    book,
    calls_table,
    rate,
    table,
    tier,
)
from hypothesis import given, settings
from hypothesis import strategies as st

NONE = Bundles.build(table([], SUBSCRIPTION), table([], ALLOWANCE))


def volume(start, price=None, **values):
    """Give a tier of the month of rate 1."""
    return tier(1, start, price, kind="volume", **values)


def month(row, tiers, calls, bundles=NONE, tiered=None, **tables):
    """Rate the calls of a month, one a minute; give the result."""
    rows = [{"start_at": f"2026-03-10 10:{n:02d}:00", **c} for n, c in enumerate(calls)]
    rate_book = book([row], tiers=tiers, **tables)
    return rate_bundled(calls_table(rows), rate_book, bundles, tiered=tiered)[0]


def prices(*arguments, **options):
    """Give the prices of such a month in micro."""
    return month(*arguments, **options)["price_micro"].tolist()


def seconds(*durations):
    """Give calls of so many seconds."""
    return [{"duration": one} for one in durations]


def test_graduated_seconds_split_the_call_at_the_border():
    """0.60 a minute up to second 100 of the month, 0.06 from the 101st on."""
    row = rate(1, "0.60", initial=1, increment=1, volume_unit="seconds")
    result = month(row, [volume(100, "0.06")], seconds(60, 60, 60))
    assert result["price_micro"].tolist() == [600_000, 420_000, 60_000]
    assert result["tier_from"].tolist() == [0, 60, 120]


def test_the_upper_edge_is_inclusive():
    row = rate(1, "0.60", initial=1, increment=1, volume_unit="seconds")
    assert prices(row, [volume(60, "0.06")], seconds(60, 60)) == [600_000, 60_000]
    assert prices(row, [volume(61, "0.06")], seconds(60, 60)) == [600_000, 69_000]
    assert prices(row, [volume(59, "0.06")], seconds(60, 60)) == [591_000, 60_000]


def test_a_started_block_is_charged_in_full_at_its_first_seconds_tier():
    row = rate(1, "0.60", initial=60, increment=60, volume_unit="seconds")
    assert prices(row, [volume(61, "0.06")], seconds(50, 110, 10)) == [
        600_000, 660_000, 60_000,
    ]  # fmt: skip


def test_several_tiers_are_crossed_in_one_call():
    row = rate(1, "0.60", initial=1, increment=1, volume_unit="seconds")
    tiers = [volume(60, "0.06"), volume(120, "0"), volume(180, "6")]
    assert prices(row, tiers, seconds(240)) == [6_660_000]


def test_whole_prices_all_units_by_the_tier_of_the_total():
    row = rate(1, "0.60", volume_unit="seconds", volume_rule="whole")
    tiers = [volume(120, "0.06")]
    at_edge = month(row, tiers, seconds(60, 60))
    assert at_edge["price_micro"].tolist() == [600_000, 600_000]
    assert at_edge["tier_from"].tolist() == [120, 120]
    assert prices(row, tiers, seconds(60, 60, 1)) == [60_000, 60_000, 60_000]


CALLS = [
    # unit, method, service, calls, prices at 0.10 up to 2 units, then 0.05
    ("calls", "call", "voice", seconds(10, 0, 20, 30), [100_000, 0, 100_000, 50_000]),
    ("calls", "duration", "voice", seconds(60, 60, 120), [100_000, 100_000, 100_000]),
    ("messages", "volume", "sms", [{}] * 3, [100_000, 100_000, 50_000]),
    ("messages", "call", "sms", [{}] * 3, [100_000, 100_000, 50_000]),
]


@pytest.mark.parametrize(("unit", "method", "service", "calls", "expected"), CALLS)
def test_calls_and_messages_are_counted_one_by_one(
    unit, method, service, calls, expected
):
    row = rate(1, "0.10", method=method, service=service, volume_unit=unit)
    calls = [{"service": service, **one} for one in calls]
    assert prices(row, [volume(2, "0.05")], calls) == expected


def test_bytes_are_split_in_their_own_steps():
    """1 a megabyte up to 1.5 MB, then 0.1; a step of 1 MB that is begun is full."""
    row = rate(1, "1", method="volume", service="data", volume_unit="bytes")
    tiers = [volume(1_500_000, "0.1")]
    calls = [{"service": "data", "volume": 1_000_000}] * 3
    assert prices(row, tiers, calls) == [1_000_000, 550_000, 100_000]
    row |= {"volume_initial": 1_000_000, "volume_increment": 1_000_000}
    assert prices(row, tiers, calls) == [1_000_000, 1_000_000, 100_000]


def test_money_counts_at_the_rates_own_line_connect_fee_included():
    """0.10 and 0.60 a minute; from 1.00 on 0.06 a minute.

    The first call: 0.70.  The second: 0.10 + 20 s at the old price make 1.00, 40 s cost
    0.04; it counts for 0.70 all the same, and the third is in the second tier.
    """
    row = rate(1, "0.60", "0.10", initial=1, increment=1, volume_unit="amount")
    result = month(row, [volume(10**9, "0.06")], seconds(60, 60, 60))
    assert result["price_micro"].tolist() == [700_000, 340_000, 160_000]
    assert result["tier_from"].tolist() == [0, 700_000_000, 1_400_000_000]


def test_money_behind_a_border_still_counts_at_the_rates_own_line():
    """0.60 a minute; from 0.30 on 0.06, from 0.60 on free: 30 s, 30 s, 60 s."""
    row = rate(1, "0.60", initial=1, increment=1, volume_unit="amount")
    tiers = [volume(3 * 10**8, "0.06"), volume(6 * 10**8, "0")]
    assert prices(row, tiers, seconds(120)) == [330_000]
    assert prices(row, tiers, seconds(15, 30, 75)) == [150_000, 165_000, 15_000]


def test_markups_may_fall_with_the_month():
    row = rate(1, method="markup", markup_ppm=500_000, volume_unit="calls")
    calls = [{"cost_nano": 10**9}] * 3
    tiers = [volume(1, markup_ppm=200_000), volume(2, markup_ppm=0)]
    assert prices(row, tiers, calls) == [1_500_000, 1_200_000, 1_000_000]


def test_numbers_may_count_for_themselves():
    calls = [{"number_id": 1}, {"number_id": 2}, {"number_id": 1}]
    row = rate(1, "0.60", volume_unit="calls", volume_scope="number")
    tiers = [volume(1, "0.06")]
    assert prices(row, tiers, calls) == [600_000, 600_000, 60_000]
    row |= {"volume_scope": "partner"}
    assert prices(row, tiers, calls) == [600_000, 60_000, 60_000]
    others = [{"partner_id": 2}, {"partner_id": 1}, {"partner_id": 2}]
    assert prices(row, tiers, others) == [600_000, 600_000, 60_000]


def test_a_month_begins_on_the_billing_day_of_the_customer():
    row = rate(1, "0.60", volume_unit="calls")
    days = ["2026-03-01", "2026-03-14", "2026-03-15", "2026-04-14", "2026-04-15"]
    calls = [{"start_at": f"{day} 12:00"} for day in days]
    tiers, dear, cheap = [volume(1, "0.06")], 600_000, 60_000
    assert prices(row, tiers, calls) == [dear, cheap, cheap, dear, cheap]
    partners = [{"partner_id": 1, "billing_day": 15, "class_id": 0}]
    assert prices(row, tiers, calls, partners=partners) == [
        dear, cheap, dear, cheap, dear,
    ]  # fmt: skip


def test_what_is_not_charged_does_not_count():
    """Not the free call, not the one of nobody, not what waits for a currency rate."""
    row = rate(1, "0.60", volume_unit="calls", grace=5)
    nobody = {"number_id": 0, "partner_id": 0}
    calls = [{"duration": 5}, nobody, {"currency_id": 2}, {}, {}]
    result = month(row, [volume(1, "0.06")], calls)
    assert result["price_micro"].tolist() == [0, pd.NA, pd.NA, 600_000, 60_000]


def test_a_rate_without_unit_has_no_tiers_of_the_month():
    assert prices(rate(1, "0.60"), [volume(0, "0.06")], seconds(60)) == [600_000]
    row = rate(1, "0.60", volume_unit="seconds")
    assert prices(row, [volume(0, "0.06")], seconds(60)) == [60_000]


def test_bundles_cover_first_and_only_the_rest_counts():
    """90 s covered: of 60, 60, 60 remain 0, 30, 60; border 60 splits the last."""
    row = rate(1, "0.60", initial=1, increment=1, volume_unit="seconds")
    bundles = Bundles.build(
        table([{}], SUBSCRIPTION), table([{"quantity": 90}], ALLOWANCE)
    )
    result = month(row, [volume(60, "0.06")], seconds(60, 60, 60), bundles)
    assert result["price_micro"].tolist() == [0, 300_000, 330_000]
    assert result["tier_from"].tolist() == [0, 0, 30]
    assert result["bundle_duration"].tolist() == [60, 30, 0]


THROUGH = [
    # from, price of 90 s at 0.60 in 60/60 of which 30 s are covered, steps running on
    (60, 900_000),
    (31, 900_000),
    (30, 360_000),
]


@pytest.mark.parametrize(("start", "expected"), THROUGH)
def test_steps_that_run_on_through_a_bundle_count_where_they_are_paid(start, expected):
    row = rate(1, "0.60", initial=60, increment=60, volume_unit="seconds")
    subscription = {**SUBSCRIPTION, "run_through": True}
    bundles = Bundles.build(
        table([{}], subscription), table([{"quantity": 30}], ALLOWANCE)
    )
    result = month(row, [volume(start, "0.06")], seconds(90), bundles)
    assert result["price_micro"].tolist() == [expected]
    assert result["billed_duration"].tolist() == [90]


def test_bundles_are_used_for_calls_beyond_a_free_tier():
    """The first 60 s of the month are free by tier, so the bundle is for the others."""
    row = rate(1, "0", initial=1, increment=1, volume_unit="seconds")
    bundles = Bundles.build(
        table([{}], SUBSCRIPTION), table([{"quantity": 60}], ALLOWANCE)
    )
    result = month(row, [volume(60, "0.60")], seconds(60, 60, 60), bundles)
    assert result["bundle_duration"].tolist() == [0, 60, 0]
    assert result["price_micro"].tolist() == [0, 0, 600_000]


def test_invoiced_calls_stand_and_late_ones_take_what_they_left():
    row = rate(1, "0.60", initial=1, increment=1, volume_unit="seconds")
    tiers = [volume(100, "0.06")]
    frozen = {"rate_id": 1, "owner_id": 1, "quantity": 90}
    march = pd.to_datetime(["2026-03-01"]).astype("datetime64[s]")
    tiered = pd.DataFrame([frozen]).assign(period_start=march)
    result = month(row, tiers, seconds(60), tiered=tiered)
    assert result["price_micro"].tolist() == [150_000]
    assert result["tier_from"].tolist() == [90]
    other = tiered.assign(period_start=march - pd.Timedelta(28, "D"))
    assert prices(row, tiers, seconds(60), tiered=other) == [600_000]


def test_totals_of_priced_calls_are_what_is_stored_with_them():
    row = rate(1, "0.60", initial=60, increment=60, volume_unit="seconds")
    rate_book = book([row], tiers=[volume(100, "0.06")])
    facts = [
        {"tier_parts": "1:0:120"},
        {"tier_parts": "1:120:60", "start_at": "2026-03-31"},
        {"tier_parts": ""},
        {"tier_parts": "7:0:90 1:180:0"},
        {"tier_parts": "1:0:120", "start_at": "2026-04-02"},
        {"tier_parts": "1:0:30", "partner_id": 2},
        {"tier_parts": None},
    ]
    totals = tier_totals(calls_table(facts), rate_book)
    days = totals["period_start"].dt.strftime("%Y-%m-%d")
    found = zip(totals["owner_id"], days, totals["quantity"], strict=True)
    assert list(found) == [
        (1, "2026-03-01", 180), (1, "2026-04-01", 120), (2, "2026-03-01", 30),
    ]  # fmt: skip


NIGHT = [{"band_id": 1, "second_from": 79_200, "second_to": 21_600}]
A, B = ("2026-03-10 21:59:00", 120), ("2026-03-11 21:59:30", 90)
DAY_CALL, NIGHT_CALL = ("2026-03-12 12:00:00", 60), ("2026-03-11 23:00:00", 60)
SECONDS = {"volume_unit": "seconds"}
CALLS_UNIT, AMOUNT = {"volume_unit": "calls"}, {"volume_unit": "amount"}
# Day 0.60 a minute, 0.06 above its start; night (22 to 6) 0.30 and 0.03.
SPLIT = [
    # what both rates count and say, starts of their tiers, calls, prices, parts
    # A: 60 s each.  B: 30 s of the day (60 before), 60 s of the night (60 before).
    (SECONDS, (100, 60), [A, B], [900_000, 330_000],
     ["1:0:60 2:0:60", "1:60:30 2:60:60"]),
    # The day has 90, the night 120: a call of one band counts for that alone.
    (SECONDS, (100, 60), [A, B, NIGHT_CALL, DAY_CALL],
     [900_000, 330_000, 30_000, 150_000],
     ["1:0:60 2:0:60", "1:60:30 2:60:60", "2:120:60", "1:90:60"]),
    # The border of the day's tier at 80 s: 20 s of B; of the night's at 90: 30 s.
    (SECONDS, (80, 90), [A, B], [900_000, 200_000 + 10_000 + 150_000 + 15_000],
     ["1:0:60 2:0:60", "1:60:30 2:60:60"]),
    # Steps of a minute go wholly by the band that they begin in.
    (SECONDS | {"initial": 60, "increment": 60}, (60, 60), [("2026-03-10 21:59:30", 91),
     DAY_CALL], [600_000 + 300_000, 60_000], ["1:0:60 2:0:60", "1:60:60"]),
    # All night, and a minute of day on both sides: 120 s count for the day.
    (SECONDS, (100, 60), [("2026-03-10 21:59:00", 28_920)],
     [1_000_000 + 20_000 + 300_000 + 14_370_000], ["1:0:120 2:0:28800"]),
    # All units of the month by its total: the night comes to 120, the day to 90.
    (SECONDS | {"volume_rule": "whole"}, (100, 100), [A, B],
     [600_000 + 30_000, 300_000 + 30_000], ["1:90:60 2:120:60", "1:90:30 2:120:60"]),
    # A call is one call, of the rate that it began with.
    (CALLS_UNIT, (1, 1), [A, B, NIGHT_CALL],
     [900_000, 30_000 + 300_000, 300_000],
     ["1:0:1 2:0:0", "1:1:1 2:0:0", "2:0:1"]),
    # Money, connect fee of the first: 0.70 and 0.30; 0.20 is 40 s of the night.
    (AMOUNT | {"connect_nano": 10**8}, (10**9, 2 * 10**8), [A, B],
     [700_000 + 200_000 + 10_000, 100_000 + 200_000 + 10_000 + 30_000],
     ["1:0:700000000 2:0:300000000", "1:700000000:400000000 2:300000000:300000000"]),
    # Numbers count for themselves.
    (SECONDS | {"volume_scope": "number"}, (100, 60), [A, (*B, 2)],
     [900_000, 600_000], ["1:0:60 2:0:60", "1:0:30 2:0:60"]),
]  # fmt: skip


def split_month(both, starts, calls, day=None, night=None, bundles=NONE):
    """Rate calls on a tariff that splits at bands; give the result."""
    by_second = {"initial": 1, "increment": 1} | both
    rates = [
        rate(1, "0.60", **by_second) | (day or {}),
        rate(2, "0.30", band_id=1, **by_second) | (night or {}),
    ]
    tiers = [volume(starts[0], "0.06"), tier(2, starts[1], "0.03", kind="volume")]
    rate_book = book(rates, [{"band_rule": "split"}], tiers=tiers, bands=NIGHT)
    names = ("start_at", "duration", "number_id")
    rows = [dict(zip(names, one, strict=False)) for one in calls]
    return rate_bundled(calls_table(rows), rate_book, bundles)[0]


@pytest.mark.parametrize(("both", "starts", "calls", "expected", "parts"), SPLIT)
def test_only_what_a_rate_has_priced_counts_for_its_month(
    both, starts, calls, expected, parts
):
    connect = both.pop("connect_nano", 0)
    result = split_month(both, starts, calls, {"connect_nano": connect})
    both["connect_nano"] = connect
    assert result["price_micro"].tolist() == expected
    assert result["tier_parts"].tolist() == parts


def test_of_two_bands_one_may_have_tiers_of_the_month():
    result = split_month(SECONDS, (100, 60), [A, B], {"volume_unit": ""})
    assert result["price_micro"].tolist() == [900_000, 300_000 + 30_000]
    assert result["tier_parts"].tolist() == ["2:0:60", "2:60:60"]
    assert result["tier_from"].tolist() == [0, 0]
    result = split_month(SECONDS, (50, 60), [A, B], night={"volume_unit": ""})
    assert result["price_micro"].tolist() == [500_000 + 10_000 + 300_000, 330_000]
    assert result["tier_parts"].tolist() == ["1:0:60", "1:60:30"]


COVERED = [
    # covered, steps run on; price of A, what counts
    (90, False, 150_000, "1:0:0 2:0:30"),
    (30, False, 300_000 + 300_000, "1:0:30 2:0:60"),
    (90, True, 150_000, "1:0:0 2:0:30"),
    (120, False, 0, "1:0:0"),
]


@pytest.mark.parametrize(("quantity", "runs", "price", "parts"), COVERED)
def test_what_bundles_cover_counts_for_no_rate(quantity, runs, price, parts):
    bundles = Bundles.build(
        table([{}], {**SUBSCRIPTION, "run_through": runs}),
        table([{"quantity": quantity}], ALLOWANCE),
    )
    result = split_month(SECONDS, (100, 60), [A], bundles=bundles)
    assert result["price_micro"].tolist() == [price]
    assert result["tier_parts"].tolist() == [parts]


def bundled(values, tiers, lengths, allowance, rule):
    """Rate calls of these seconds, one a minute, behind a bundle.

    Give the result and what each explanation ends in.
    """
    row = rate(1, "0.60", **values)
    calls = calls_table(
        [
            {"start_at": f"2026-03-10 10:{n:02d}:00", "duration": length}
            for n, length in enumerate(lengths)
        ]
    )
    result, draws = rate_bundled(
        calls, book([row], tiers=tiers), full_bundles([allowance], [rule])
    )
    ends = []
    for place, call in calls.iterrows():
        own = [
            draw | {"kind": "seconds", **rule}
            for draw in draws[draws["call"] == place].to_dict("records")
        ]
        values = dict(call) | dict(result.loc[place])
        found = steps(values, row, TARIFF | {"tariff_id": 1}, own,
                      around=Around(tiers=tiers))  # fmt: skip
        ends.append(found[-1].values["price_micro"])
    return result, ends


RUN_ON = [
    # first step, next, seconds, covered, price: 0.60, above 0.10 it is 0.30 a minute
    # 1 + 30 + 30 + 30 less 10: 21 s at 0.60 from 0 on, 60 s at 0.30 from 0.21 on
    (1, 30, 91, 10, 510_000),
    (1, 30, 91, 31, 450_000),
    (1, 30, 91, 0, 610_000),
    # 30 + 30 less 10: 20 s from 0 on, 30 s from 0.20 on
    (30, 30, 60, 10, 350_000),
]


@pytest.mark.parametrize(("first", "step", "seconds", "covered", "price"), RUN_ON)
def test_covered_parts_of_steps_move_no_tier_of_money(
    first, step, seconds, covered, price
):
    values = {"initial": first, "increment": step, "volume_unit": "amount"}
    tiers = [volume(100_000_000, "0.30")]
    given_rule = {"run_through": True}
    quantity = {"quantity": covered}
    result, ends = bundled(values, tiers, [seconds], quantity, given_rule)
    assert result["price_micro"].tolist() == ends == [price]


@pytest.mark.parametrize(
    ("rule", "price", "parts"),
    [
        # 120 s are left. No fee: minutes at 0 and 0.60, both below 1: 0.60 each.
        ("never", 1_200_000, "1:0:1200000000"),
        # With the fee of 0.50 they are at 0.50 and 1.10: 0.50 + 0.60 + 0.30.
        ("unless_whole", 1_400_000, "1:0:1700000000"),
    ],
)
def test_a_fee_that_is_not_due_moves_no_tier_of_money(rule, price, parts):
    values = {"connect": "0.50", "volume_unit": "amount"}
    tiers = [volume(10**9, "0.30")]
    given_rule = {"connect_rule": rule}
    result, ends = bundled(values, tiers, [180], {"quantity": 60}, given_rule)
    assert result["price_micro"].tolist() == ends == [price]
    assert result["tier_parts"].tolist() == [parts]


BEHIND = [
    # unit, tiers, seconds of the calls, allowance, seconds covered, prices
    # 0.01 a second, above 60 s nothing. Covered calls do not count: all are covered.
    ("seconds", [(60, "0")], [60, 60], 600, [60, 60], [0, 0]),
    # A cap in money, above 0.60 nothing, and an allowance of three calls and a half:
    # 30 s cost 0.30, the fifth goes on from there to 0.60, the sixth costs nothing.
    ("amount", [(600_000_000, "0")], [60] * 6, 210, [60, 60, 60, 30, 0, 0],
     [0, 0, 0, 300_000, 300_000, 0]),
    # The first call is free, others are 0.60 a minute: one of them is covered.
    ("calls", [(0, "0"), (1, "0.60")], [60, 60, 60], 60, [0, 60, 0], [0, 0, 600_000]),
    # 50 s free, 20 s over 60 and covered, 5 s free again, 20 s over 60: 15 s to pay.
    ("seconds", [(0, "0"), (60, "0.60")], [50, 20, 5, 20], 20, [0, 20, 0, 0],
     [0, 0, 0, 150_000]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "starts", "lengths", "quantity", "covered", "prices"), BEHIND
)
def test_bundles_cover_what_costs_something_where_it_stands_behind_them(
    unit, starts, lengths, quantity, covered, prices
):
    values = {"initial": 1, "increment": 1, "volume_unit": unit}
    tiers = [volume(start, price) for start, price in starts]
    result, ends = bundled(values, tiers, lengths, {"quantity": quantity}, {})
    assert result["bundle_duration"].tolist() == covered
    assert result["price_micro"].tolist() == ends == prices


def test_a_long_month_behind_a_cap_is_asked_a_few_times():
    """A cap of 0.60 and 200 calls of a minute: 100 are covered, the next one pays."""
    calls = [{"start_at": f"2026-03-{1 + n // 20:02d} {n % 20:02d}:00:00"}
             for n in range(200)]  # fmt: skip
    rate_book = book([rate(1, "0.60", volume_unit="amount")],
                     tiers=[volume(600_000_000, "0")])  # fmt: skip
    bundles = full_bundles([{"quantity": 6000}])
    result, _draws = rate_bundled(calls_table(calls), rate_book, bundles)
    assert result["price_micro"].tolist() == [0] * 100 + [600_000] + [0] * 99


def test_whole_months_that_contradict_themselves_end():
    """Up to 120 s in all nothing, above 0.60 a minute for all: covered, it is free."""
    values = {"volume_unit": "seconds", "volume_rule": "whole"}
    tiers = [volume(0, "0"), volume(120, "0.60")]
    result, ends = bundled(values, tiers, [60] * 4, {"quantity": 600}, {})
    assert result["price_micro"].tolist() == ends == [0, 0, 0, 0]
    assert result["bundle_duration"].tolist() == [60] * 4


def test_a_whole_month_that_is_free_uses_no_bundle():
    """0.60 a minute up to 120 s in all, above nothing for all: 180 s are free."""
    values = {"volume_unit": "seconds", "volume_rule": "whole"}
    tiers = [volume(120, "0")]
    result, ends = bundled(values, tiers, [60] * 3, {"quantity": 600}, {})
    assert result["price_micro"].tolist() == ends == [0, 0, 0]
    assert result["bundle_duration"].tolist() == [0, 0, 0]


def test_a_part_without_a_rate_leaves_the_call_waiting_and_counts_for_nothing():
    night = {"band_id": 1, "start": 0, "end": 1}
    result = split_month(SECONDS, (100, 60), [A, DAY_CALL], night=night)
    assert result["state"].tolist() == ["rated", "rated"]  # the day is for any time
    assert result["tier_parts"].tolist() == ["1:0:120", "1:120:60"]
    day = {"band_id": 2}
    bands = [*NIGHT, {"band_id": 2, "second_from": 21_600, "second_to": 79_200}]
    rates = [rate(1, "0.60", initial=1, increment=1, **SECONDS) | day]
    rate_book = book(
        rates, [{"band_rule": "split"}], tiers=[volume(10, "0")], bands=bands
    )
    rows = [{"start_at": A[0], "duration": A[1]}, {"start_at": DAY_CALL[0]}]
    result = rate_bundled(calls_table(rows), rate_book, NONE)[0]
    assert result["state"].tolist() == ["unrated", "rated"]
    assert result["tier_parts"].tolist() == ["", "1:0:60"]


def test_order_is_by_start_then_identity_whatever_the_rows():
    row = rate(1, "0.60", volume_unit="calls")
    calls = calls_table([{"start_at": "2026-03-10 10:00"}] * 3)
    calls["identity"] = ["c", "a", "b"]
    rate_book = book([row], tiers=[volume(1, "0.06")])
    result = rate_bundled(calls, rate_book, NONE)[0]
    assert result["price_micro"].tolist() == [60_000, 600_000, 60_000]


def test_alone_a_call_is_priced_as_the_first_of_its_month():
    row = rate(1, "0.60", initial=1, increment=1, volume_unit="seconds")
    rate_book = book([row], tiers=[volume(60, "0.06")])
    result = rate_calls(calls_table(seconds(60, 120)), rate_book)
    assert result["price_micro"].tolist() == [600_000, 660_000]
    whole = book([row | {"volume_rule": "whole"}], tiers=[volume(60, "0.06")])
    result = rate_calls(calls_table(seconds(60, 120)), whole)
    assert result["price_micro"].tolist() == [600_000, 120_000]


def test_many_calls_of_a_month_are_priced_at_once():
    """20,000 calls of 60 s; border 740,730 = 60 x 12,345.5 is inside call 12,346."""
    count = 20_000
    row = rate(1, "0.60", initial=1, increment=1, volume_unit="seconds")
    calls = calls_table([{"duration": 60}]).iloc[[0] * count].reset_index(drop=True)
    calls["identity"] = [f"{place:032x}" for place in range(count)]
    rate_book = book([row], tiers=[volume(740_730, "0.06")])
    result = rate_bundled(calls, rate_book, NONE)[0]["price_micro"].tolist()
    assert result == [600_000] * 12_345 + [330_000] + [60_000] * 7_654


# === COSTS: THE MONTH OF THE CARRIER === #

COSTS = [
    # what the rate says, costs of five calls: 60 s each, two numbers, two carriers
    (SECONDS, [600_000, 420_000, 60_000, 600_000, 600_000]),
    (
        SECONDS | {"volume_scope": "number"},
        [600_000, 600_000, 420_000, 60_000, 600_000],
    ),
    (SECONDS | {"volume_rule": "whole"}, [60_000] * 3 + [600_000, 600_000]),
    (AMOUNT, [600_000, 600_000, 600_000, 600_000, 600_000]),
]


def cost_calls():
    """Give calls of a carrier's March, then of another carrier, then of April."""
    rows = [
        {"number_id": 1}, {"number_id": 2, "partner_id": 2}, {"number_id": 1},
        {"carrier_id": 2}, {"start_at": "2026-04-01 10:00:00"},
    ]  # fmt: skip
    given = [
        {"start_at": f"2026-03-10 10:{place:02d}:00", "carrier_id": 1, **row}
        for place, row in enumerate(rows)
    ]
    return calls_table(given, carrier_amount_nano=None)


def cost_book(values, start=100):
    """Give a book with a tariff of costs: 0.60 a minute, then 0.06."""
    row = rate(1, "0.60", initial=1, increment=1) | values
    return book([row], tiers=[volume(start, "0.06")])


@pytest.mark.parametrize(("values", "expected"), COSTS)
def test_costs_go_by_the_month_of_the_carrier_whoever_called(values, expected):
    start = 2 * 10**9 if values == AMOUNT else 100
    found = rate_cost(cost_calls(), cost_book(values, start), 1, EUR, tiered=NOTHING)
    assert (found["cost_nano"] // 1000).tolist() == expected


NOTHING = pd.DataFrame(
    {"rate_id": [], "owner_id": [], "period_start": [], "quantity": []}
)


def test_alone_a_cost_is_that_of_the_first_call_of_a_month():
    found = rate_cost(cost_calls(), cost_book(SECONDS), 1, EUR)
    assert found["cost_nano"].tolist() == [600_000_000] * 5
    assert found["cost_tier_parts"].tolist() == ["1:0:60"] * 5


def test_a_cost_without_tiers_of_the_month_says_nothing_of_it():
    row = rate(1, "0.60")
    found = rate_cost(cost_calls(), book([row]), 1, EUR, tiered=NOTHING)
    assert "cost_tier_parts" not in found


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["graduated", "whole"]),
    st.sampled_from(["partner", "number"]),
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 2)), min_size=1, max_size=9),
    st.integers(1, 9),
    st.integers(1, 300),
    st.randoms(),
)
def test_costs_of_a_month_at_once_and_in_slices_agree(
    rule, scope, facts, size, start, random
):
    """In whatever order the rows are, and however many are looked at in one step."""
    rate_book = cost_book(
        {**SECONDS, "volume_rule": rule, "volume_scope": scope}, start
    )
    rows = [
        {"duration": seconds, "number_id": number, "carrier_id": 1,
         "start_at": f"2026-03-10 10:{place:02d}:00"}
        for place, (seconds, number) in enumerate(facts)
    ]  # fmt: skip
    calls = calls_table(rows, carrier_amount_nano=None)
    whole = rate_cost(calls, rate_book, 1, EUR, tiered=NOTHING)
    order = list(calls.index)
    random.shuffle(order)
    shuffled = rate_cost(calls.loc[order], rate_book, 1, EUR, tiered=NOTHING)
    assert shuffled.loc[calls.index].equals(whole)

    def sums(part, cost):
        return cost_totals(
            part.assign(cost_tier_parts=cost["cost_tier_parts"]), rate_book
        )

    total, before, found = sums(calls, whole), sums(calls[:0], whole[:0]), []
    for first in range(0, len(calls), size):
        part = calls.iloc[first : first + size]
        own = sums(part, rate_cost(part, rate_book, 1, EUR))
        behind = sums_behind(rate_book, before, total, own)
        found.append(rate_cost(part, rate_book, 1, EUR, tiered=behind))
        before = pd.concat([before, sums(part, found[-1])])
    joined = pd.concat(found)
    names = ["cost_nano", "cost_rate_id"]
    assert joined[names].equals(whole[names])
    assert joined["cost_tier_parts"].tolist() == whole["cost_tier_parts"].tolist()

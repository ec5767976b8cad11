# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rules of bundles, each by a table of cases computed by hand."""

import numpy as np
import pandas as pd
import pytest
from bundle_samples import (
    RULES,
    covered,
    draws_of,
    full_bundles,
    given_table,
    spread,
)
from engine.bundles.allowances import (
    CONNECT_RULES,
    DRAW_COLUMNS,
    Bundles,
    allocate,
    pay_with_money,
)
from engine.bundles.billing_periods import as_days, first_days, period_numbers
from engine.bundles.ledger import ledger
from engine.currencies import day_numbers
from engine.exceptions import BookError, EngineError
from engine.periods import period_starts
from engine_samples import (
    ALLOWANCE,
    EUR,
    SUBSCRIPTION,
    USD,
    calls_table,
    table,
)

PERIODS = [
    # local day, billing day, first day of its period
    ("2026-03-14", 15, "2026-02-15"),
    ("2026-03-15", 15, "2026-03-15"),
    ("2026-03-31", 15, "2026-03-15"),
    ("2026-03-01", 1, "2026-03-01"),
    ("2026-02-28", 1, "2026-02-01"),
    ("2026-01-27", 28, "2025-12-28"),
    ("2026-01-28", 28, "2026-01-28"),
    ("2024-02-29", 28, "2024-02-28"),
    ("1969-12-31", 2, "1969-12-02"),
]


@pytest.mark.parametrize(("day", "billing_day", "expected"), PERIODS)
def test_periods_begin_on_the_billing_day(day, billing_day, expected):
    """By number, and as the rest of the engine has them."""
    days = pd.Series(pd.to_datetime([day]))
    billing_days = np.array([billing_day])
    numbers = period_numbers(day_numbers(days), billing_days)
    starts = as_days(first_days(numbers, billing_days))
    assert starts[0] == np.datetime64(expected)
    assert starts[0] == period_starts(days, billing_days)[0]


def test_allowances_are_by_the_billing_day_of_their_subscription():
    calls = spread(60, 60, 60)
    days = ["2026-03-14 10:00", "2026-03-15 10:00", "2026-04-14 10:00"]
    rows = [call | {"start_at": day} for call, day in zip(calls, days, strict=True)]
    cover = covered(rows, full_bundles([{"quantity": 60}], [{"billing_day": 15}]))
    assert cover.is_whole.tolist() == [True, True, False]
    found = cover.draws["period_start"].dt.strftime("%Y-%m-%d").tolist()
    assert found == ["2026-02-15", "2026-03-15"]


def test_draws_of_another_billing_day_count_in_the_period_that_they_began_in():
    used = given_table([{"quantity": 60, "period_start": "2026-03-01"}])
    bundles = full_bundles([{"quantity": 60}], [{"billing_day": 15}])
    rows = [{"start_at": "2026-03-10 10:00"}, {"start_at": "2026-03-20 10:00"}]
    assert covered(rows, bundles, used=used).is_whole.tolist() == [False, True]


@pytest.mark.parametrize("day", [0, 29, -1])
def test_a_billing_day_that_not_every_month_has_is_refused(day):
    with pytest.raises(BookError, match=f"a billing day is 1 to 28, found {day}"):
        full_bundles(subscriptions=[{"billing_day": day}])


PRORATED = [
    # quantity, first day, last day, billing day, seconds covered of a call of 100000 s
    (31_000, None, None, 1, 31_000),
    (31_000, "2026-03-10", None, 1, 22_000),
    (31_000, "2026-03-10", "2026-03-10", 1, 1_000),
    (31_000, None, "2026-03-10", 1, 10_000),
    (31_000, "2026-03-01", "2026-03-31", 1, 31_000),
    (31_000, "2025-03-01", "2027-03-31", 1, 31_000),
    (100, "2026-03-10", None, 1, 71),  # 70.97
    (62, "2026-03-31", None, 1, 2),
    (31, "2026-03-10", "2026-03-24", 2, 15),
    (3, "2026-03-01", "2026-03-14", 15, 2),  # 3 * 14 / 28 = 1.5
    (28, "2026-03-08", None, 15, 7),  # February 15 to March 14, 28 days
]


@pytest.mark.parametrize(
    ("quantity", "first", "last", "billing_day", "expected"), PRORATED
)
def test_allowances_are_scaled_by_the_days_used(
    quantity, first, last, billing_day, expected
):
    terms = {"first_day": first, "last_day": last, "billing_day": billing_day}
    allowances = [{"quantity": quantity}]
    bundles = full_bundles(allowances, [terms | {"is_prorated": True}])
    assert covered(spread(100_000), bundles).covered_seconds.tolist() == [expected]
    bundles = full_bundles(allowances, [terms])
    assert covered(spread(100_000), bundles).covered_seconds.tolist() == [quantity]


def test_days_may_come_as_dates_of_any_kind():
    for first in (np.datetime64("2026-03-17"), pd.Timestamp("2026-03-17")):
        terms = {"is_prorated": True, "first_day": first}
        subscriptions = [terms, {"subscription_id": 2}]
        cover = covered(spread(1_000), full_bundles([{"quantity": 310}], subscriptions))
        assert draws_of(cover, "subscription_id", "quantity") == [(1, 150), (2, 310)]


def test_the_limit_of_money_is_scaled_as_the_quantity_is():
    terms = {"is_prorated": True, "first_day": "2026-03-17"}
    allowance = {"quantity": 100_000, "amount_limit_micro": 31_000_000}
    bundles = full_bundles([allowance], [terms])
    cover = covered(spread(100), bundles, prices=[100_000_000])
    assert cover.covered_seconds.tolist() == [15]


STEPS = [
    # bundle's initial, increment, minimum; quantity; calls; charged; covered
    ((60, 60, 0), 600, (61,), [120], [61]),
    ((60, 60, 0), 600, (60, 1), [60, 60], [60, 1]),
    ((60, 1, 0), 600, (61, 5), [61, 60], [61, 5]),
    ((30, 6, 0), 600, (31, 36, 37), [36, 36, 42], [31, 36, 37]),
    ((0, 20, 0), 600, (1, 20, 21), [20, 20, 40], [1, 20, 21]),
    ((0, 1, 45), 600, (10, 46), [45, 46], [10, 46]),
    ((30, 30, 45), 600, (10,), [60], [10]),
    ((0, 0, 0), 600, (10,), [10], [10]),
    # The last steps are cut to what is left.
    ((60, 60, 0), 100, (61, 5), [100], [61]),
    ((60, 60, 0), 100, (110, 5), [100], [100]),
    ((60, 60, 0), 130, (61, 30, 5), [120, 10], [61, 10]),
    ((60, 60, 0), 30, (90,), [30], [30]),
]


@pytest.mark.parametrize(("steps", "quantity", "lengths", "charged", "seconds"), STEPS)
def test_a_bundle_takes_whole_steps_of_its_own(
    steps, quantity, lengths, charged, seconds
):
    names = ("bundle_initial", "bundle_increment", "bundle_minimum")
    terms = dict(zip(names, steps, strict=True))
    cover = covered(spread(*lengths), full_bundles([{"quantity": quantity}], [terms]))
    assert cover.draws["quantity"].tolist() == charged
    assert cover.draws["covered"].tolist() == seconds
    assert sum(charged) <= quantity
    left = [a - b for a, b in zip(lengths, cover.covered_seconds, strict=True)]
    assert cover.duration.tolist() == left


RUN_THROUGH = [
    # run through; draws of two allowances of the same bundle, 70 s and 600 s
    (False, [70, 60]),  # 20 s that are left are steps of their own
    (True, [70, 50]),  # the steps of the whole call end at 120 s
]


@pytest.mark.parametrize(("run_through", "charged"), RUN_THROUGH)
def test_steps_begin_anew_or_run_on_in_the_next_allowance(run_through, charged):
    terms = {"bundle_initial": 60, "bundle_increment": 60, "run_through": run_through}
    rows = [{"quantity": 70}, {"allowance_id": 2, "quantity": 600, "sequence": 2}]
    cover = covered(spread(90), full_bundles(rows, [terms]))
    assert cover.draws["quantity"].tolist() == charged
    assert cover.draws["covered"].tolist() == [70, 20]
    assert cover.run_through.tolist() == [run_through]


SHORT = [
    # seconds, service, is taken from
    (9, "voice", False),
    (10, "voice", False),
    (11, "voice", True),
]


@pytest.mark.parametrize(("length", "service", "taken"), SHORT)
@pytest.mark.parametrize("kind", ["seconds", "calls"])
def test_very_short_calls_take_nothing(kind, length, service, taken):
    allowance = {"kind": kind, "rest_discount_ppm": 100_000, "quantity": 5}
    bundles = full_bundles([allowance], [{"bundle_grace": 10}])
    cover = covered(spread(length, service=service), bundles)
    assert cover.is_touched.tolist() == [taken]
    assert len(cover.draws) == taken
    if not taken:
        assert cover.discount_ppm.tolist() == [0]


def test_the_grace_of_a_bundle_is_for_spoken_calls():
    allowance = {"service": "data", "kind": "bytes", "quantity": 500}
    bundles = full_bundles([allowance], [{"bundle_grace": 10}])
    cover = covered(spread(0, service="data", volume=100), bundles)
    assert cover.is_whole.tolist() == [True]


def test_short_calls_are_not_paid_by_money_either():
    bundles = full_bundles([{"kind": "amount"}], [{"bundle_grace": 10}])
    calls = calls_table(spread(10, 11))
    paid = pay_with_money(calls, np.array([50, 60]), np.array([EUR, EUR]), bundles)
    assert paid.micro.tolist() == [0, 60]


LIMITED = [
    # quantity, limit (micro), calls (s, price in micro), covered, value
    # Minutes run out first.
    (100, 10**9, [(60, 120_000), (60, 120_000)], [60, 40], [120_000, 80_000]),
    # Money runs out first: 0.002 a second, 0.05 pays for 25 s of the second call.
    (600, 170_000, [(60, 120_000), (60, 120_000)], [60, 25], [120_000, 50_000]),
    # 0.049999 pays for 24 s; 0.001999 is left, which pays for a cheaper call's second.
    (
        600,
        169_999,
        [(60, 120_000), (60, 120_000), (60, 60_000), (9, 1_000)],
        [60, 24, 1, 8],
        [120_000, 48_000, 1_000, 889],
    ),
    # Both at once.
    (60, 120_000, [(60, 120_000), (1, 1)], [60, 0], [120_000, 0]),
    # Half a micro is rounded up: 1 s of 2 is worth 1.5, so 2 micro.
    (1, 5, [(2, 3)], [1], [2]),
    (2, 1, [(2, 3)], [0], [0]),
    (2, 2, [(2, 3)], [1], [2]),
    # A call that nothing is left for does not stop the next, cheaper one.
    (600, 50, [(1, 51), (1, 50), (1, 1)], [0, 1, 0], [0, 50, 0]),
    (600, 0, [(60, 1)], [0], [0]),
    # 4 s are worth 1.33, 5 s 1.67; without money there is nothing, however cheap.
    (600, 1, [(60, 20), (60, 1)], [4, 0], [1, 0]),
    (600, 10, [(60, 10), (60, 0)], [60, 0], [10, 0]),
]


@pytest.mark.parametrize(("quantity", "limit", "calls", "seconds", "value"), LIMITED)
def test_minutes_or_money_whichever_first(quantity, limit, calls, seconds, value):
    lengths, prices = zip(*calls, strict=True)
    bundles = full_bundles([{"quantity": quantity, "amount_limit_micro": limit}])
    cover = covered(spread(*lengths), bundles, prices)
    assert cover.covered_seconds.tolist() == seconds
    expected = [pair for pair in zip(seconds, value, strict=True) if pair[0]]
    assert draws_of(cover, "quantity", "amount_micro") == expected


def test_steps_of_a_call_that_money_cuts_are_of_the_part_covered():
    """0.03 pays for 30 s at 0.001: 60 s are charged, 30 s covered."""
    terms = {"bundle_initial": 60, "bundle_increment": 60}
    allowance = {"quantity": 600, "amount_limit_micro": 30_000}
    cover = covered(spread(90), full_bundles([allowance], [terms]), [90_000])
    assert draws_of(cover, "quantity", "covered", "amount_micro") == [(60, 30, 30_000)]


LIMITED_KINDS = [
    # allowance, call, price, covered, value
    ({"kind": "calls", "quantity": 1}, {}, 100, 1, 100),
    ({"kind": "calls", "quantity": 1}, {}, 101, None, None),
    (
        {"kind": "messages", "service": "sms", "quantity": 1},
        {"service": "sms", "duration": 0},
        100,
        1,
        100,
    ),
    # 100.49999999 micro are 100: that many bytes are worth no more.
    (
        {"kind": "bytes", "service": "data", "quantity": 10**12},
        {"service": "data", "volume": 4 * 10**10, "duration": 7},
        400,
        10_049_999_999,
        100,
    ),
]


@pytest.mark.parametrize(
    ("allowance", "call", "price", "units", "value"), LIMITED_KINDS
)
def test_money_limits_every_kind(allowance, call, price, units, value):
    bundles = full_bundles([allowance | {"amount_limit_micro": 100}])
    cover = covered([call], bundles, [price])
    expected = [] if units is None else [(units, value)]
    assert draws_of(cover, "covered", "amount_micro") == expected


def test_what_the_rest_of_a_call_is_worth_goes_by_its_share():
    """20 of 60 s are covered before; the other 40 s are worth two thirds."""
    rows = [
        {"quantity": 20},
        {"allowance_id": 2, "kind": "calls", "sequence": 2, "amount_limit_micro": 99},
    ]
    cover = covered(spread(60), full_bundles(rows), [99])
    assert cover.draws["amount_micro"].tolist() == [0, 66]
    assert cover.is_whole.tolist() == [True]
    assert cover.covered_seconds.tolist() == [60]


def test_amounts_larger_than_64_bits_hold_on_the_way_are_exact():
    price = 9 * 10**17
    allowance = {"quantity": 10**9, "amount_limit_micro": 4 * 10**17}
    cover = covered(spread(10**9, 10**9), full_bundles([allowance]), [price, price])
    assert cover.covered_seconds.tolist() == [444_444_444, 0]
    assert cover.draws["amount_micro"].tolist() == [399_999_999_600_000_000]


def test_frozen_money_is_counted_first():
    used = given_table([{"quantity": 10, "amount_micro": 80_000}])
    bundles = full_bundles([{"quantity": 600, "amount_limit_micro": 100_000}])
    cover = covered(spread(60), bundles, [60_000], used)
    assert draws_of(cover, "quantity", "amount_micro") == [(20, 20_000)]


def test_a_limit_of_money_is_in_the_currency_of_the_price():
    allowance = {"amount_limit_micro": 10**6, "currency_id": EUR}
    bundles = full_bundles([allowance])
    cover = covered(spread(60, 60), bundles, [50, 50], currencies=[USD, EUR])
    assert cover.is_whole.tolist() == [False, True]


def test_a_limit_of_money_without_prices_is_refused():
    bundles = full_bundles([{"amount_limit_micro": 10}])
    with pytest.raises(EngineError, match="need the prices of calls"):
        covered(spread(60), bundles)


def test_of_an_amount_of_money_the_lower_limit_counts():
    allowance = {"kind": "amount", "quantity": 100, "amount_limit_micro": 70}
    calls = calls_table(spread(60))
    bundles = full_bundles([allowance])
    paid = pay_with_money(calls, np.array([500]), np.array([EUR]), bundles)
    assert paid.micro.tolist() == [70]


EXTRAS = [
    # extras, carried, covered of 100 s of number 1 and 100 s of number 2; is shared
    ([], [], True, [60, 0]),
    ([{"quantity": 30}], [], True, [90, 0]),
    ([{"quantity": 30}], [{"quantity": 50}], True, [100, 40]),
    ([{"quantity": 30, "period_start": "2026-02-01"}], [], True, [60, 0]),
    ([{"quantity": 30, "allowance_id": 2}], [], True, [60, 0]),
    ([{"quantity": 30, "number_id": 7}], [], True, [90, 0]),
    ([{"quantity": 30, "number_id": 1}], [], False, [90, 60]),
    ([], [{"quantity": 20, "number_id": 2}], False, [60, 80]),
    # Without a number, of numbers that each have their own: for all, after their own.
    ([{"quantity": 70}], [], False, [100, 90]),
    ([{"quantity": 70, "number_id": 0}, {"quantity": 5, "number_id": 2}], [], False,
     [100, 95]),
]  # fmt: skip


@pytest.mark.parametrize(("extras", "carried", "shared", "seconds"), EXTRAS)
def test_extras_and_what_was_carried_over_add_up(extras, carried, shared, seconds):
    calls = spread(100, 100)
    calls[1]["number_id"] = 2
    subscriptions = [{"is_shared": shared}]
    bundles = full_bundles([{"quantity": 60}], subscriptions, extras, carried)
    cover = covered(calls, bundles)
    assert cover.covered_seconds.tolist() == seconds
    again = covered(calls, bundles, used=cover.draws.drop(columns="call"))
    assert again.covered_seconds.tolist() == [0, 0]


def test_a_call_without_a_number_takes_from_what_is_for_all_numbers_once():
    extras = [{"quantity": 30}]
    bundles = full_bundles([{"quantity": 60}], [{"is_shared": False}], extras)
    cover = covered(spread(100, number_id=0), bundles)
    assert draws_of(cover, "number_id", "quantity") == [(0, 30)]


def test_draws_have_the_columns_that_are_promised():
    for lengths in ((), (60,)):
        calls = calls_table(spread(60)).iloc[: len(lengths)]
        cover = allocate(calls, np.ones(len(lengths), dtype=bool), full_bundles())
        assert tuple(cover.draws.columns) == DRAW_COLUMNS
        assert len(cover.draws) == len(lengths)


def test_extras_may_raise_the_limit_of_money():
    extras = [{"quantity": 0, "amount_micro": 40}]
    allowance = {"quantity": 600, "amount_limit_micro": 60}
    cover = covered(spread(100), full_bundles([allowance], extras=extras), [100])
    assert cover.covered_seconds.tolist() == [100]


CHARGED = [
    # connect, price a second (nano), kind, quantity, calls, charge
    (7, 3, "seconds", 100, (60, 60, 60), [187, 127, 0]),
    (7, 0, "seconds", 60, (60, 60), [7, 0]),
    (0, 3, "calls", 1, (60, 60), [180, 0]),
    (7, 3, "calls", 1, (60, 60), [187, 0]),
]


@pytest.mark.parametrize(
    ("connect", "price", "kind", "quantity", "lengths", "charge"), CHARGED
)
def test_what_covered_seconds_cost(connect, price, kind, quantity, lengths, charge):
    terms = {"covered_connect_nano": connect, "covered_price_nano": price}
    bundles = full_bundles([{"kind": kind, "quantity": quantity}], [terms])
    assert covered(spread(*lengths), bundles).charge_nano.tolist() == charge


def test_each_bundle_charges_its_seconds_and_the_first_its_connect_fee():
    subscriptions = [
        {"covered_connect_nano": 5, "covered_price_nano": 1, "priority": 1},
        {
            "subscription_id": 2,
            "covered_connect_nano": 100,
            "covered_price_nano": 10,
            "priority": 2,
        },
    ]
    cover = covered(spread(70), full_bundles([{"quantity": 40}], subscriptions))
    assert cover.charge_nano.tolist() == [5 + 40 * 1 + 30 * 10]


@pytest.mark.parametrize("rule", CONNECT_RULES)
def test_the_first_subscription_that_covers_a_part_rules_the_call(rule):
    subscriptions = [
        {"priority": 1, "connect_rule": rule, "run_through": True},
        {"subscription_id": 2, "priority": 2, "connect_rule": "always"},
    ]
    bundles = full_bundles([{"quantity": 60}], subscriptions)
    cover = covered(spread(60, 30, 30, 60), bundles)
    found = [CONNECT_RULES[code] for code in cover.connect_rule]
    assert found == [rule, "always", "always", "unless_whole"]
    assert cover.run_through.tolist() == [True, False, False, False]
    assert cover.is_touched.tolist() == [True, True, True, False]


DISCOUNTS = [
    # allowances; discounts of calls of 60 s, 60 s, 60 s
    ([{"quantity": 90, "rest_discount_ppm": 200_000}], [0, 200_000, 200_000]),
    ([{"quantity": 0, "rest_discount_ppm": 200_000}], [200_000] * 3),
    ([{"quantity": 90, "rest_discount_ppm": 0}], [0, 0, 0]),
    (
        [
            {"quantity": 0, "rest_discount_ppm": 100_000, "sequence": 2},
            {"quantity": 60, "rest_discount_ppm": 300_000, "allowance_id": 2},
        ],
        [0, 300_000, 300_000],
    ),
    (
        [
            {"quantity": 60, "rest_discount_ppm": 100_000, "categories": {"mobile"}},
            {"quantity": 60, "rest_discount_ppm": 300_000, "allowance_id": 2},
        ],
        [0, 300_000, 300_000],
    ),
    ([{"quantity": 0, "rest_discount_ppm": 9, "categories": {"mobile"}}], [0, 0, 0]),
]


@pytest.mark.parametrize(("allowances", "expected"), DISCOUNTS)
def test_a_discount_on_what_is_left(allowances, expected):
    cover = covered(spread(60, 60, 60), full_bundles(allowances))
    assert cover.discount_ppm.tolist() == expected


def test_calls_that_are_not_billed_use_nothing_and_have_no_discount():
    bundles = full_bundles([{"quantity": 90, "rest_discount_ppm": 5}])
    cover = covered(spread(60, 60), bundles, billable=[False, True])
    assert cover.draws["call"].tolist() == [1]
    cover = covered(spread(60, 60), bundles, billable=[False, False])
    assert cover.discount_ppm.tolist() == [0, 0]


def test_money_gives_its_discount_on_what_it_left():
    allowance = {"kind": "amount", "quantity": 90, "rest_discount_ppm": 250_000}
    calls = calls_table(spread(60, 60, 60))
    due, currencies = np.array([60, 60, 0]), np.array([EUR] * 3)
    paid = pay_with_money(calls, due, currencies, full_bundles([allowance]))
    assert paid.micro.tolist() == [60, 30, 0]
    assert paid.discount_ppm.tolist() == [0, 250_000, 0]
    assert paid.draws["covered"].tolist() == [60, 30]


def test_a_word_that_is_no_connect_rule_is_refused():
    with pytest.raises(BookError) as refused:
        full_bundles(subscriptions=[{"connect_rule": "sometimes"}])
    assert (refused.value.reason, refused.value.found) == ("connect_rule", "sometimes")


def test_without_the_columns_of_rules_all_is_neutral():
    plain = Bundles.build(table([{}], SUBSCRIPTION), table([{}], ALLOWANCE))
    cover = covered(spread(700), plain)
    assert set(RULES) <= {*plain.table.columns}
    assert (cover.covered_seconds[0], cover.charge_nano[0]) == (600, 0)
    assert (cover.discount_ppm[0], cover.run_through[0]) == (0, False)
    assert CONNECT_RULES[cover.connect_rule[0]] == "unless_whole"


LEDGER = [
    # used, included, carried_over, extra, used, left, percent
    (0, [600, 50, 30, 0, 680, 0]),
    (340, [600, 50, 30, 340, 340, 50]),
    (679, [600, 50, 30, 679, 1, 99]),
    (680, [600, 50, 30, 680, 0, 100]),
]


@pytest.mark.parametrize(("used", "expected"), LEDGER)
def test_the_ledger_of_a_period(used, expected):
    extras, carried = [{"quantity": 30}], [{"quantity": 50}]
    bundles = full_bundles([{"quantity": 600}], [{}], extras, carried)
    table = ledger(bundles, given_table([{"quantity": used}]))
    names = ["included", "carried_over", "extra", "used", "left", "percent"]
    assert table[names].to_numpy().tolist() == [expected]
    assert table["period_end"].tolist() == [pd.Timestamp("2026-04-01")]
    assert table["amount_limit_micro"].isna().all()


def test_the_ledger_shows_the_money_too():
    allowance = {"quantity": 600, "amount_limit_micro": 1_000}
    bundles = full_bundles([allowance], [{"billing_day": 20}])
    draws = given_table([{"quantity": 60, "amount_micro": 810}])
    table = ledger(bundles, draws)
    assert table["period_start"].tolist() == [pd.Timestamp("2026-02-20")]
    assert table["amount_left_micro"].tolist() == [190]
    assert table["percent"].tolist() == [81]


def test_the_ledger_of_nothing_is_empty():
    table = ledger(full_bundles(), given_table([]))
    assert len(table) == 0

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bundles: what is covered, in which order, and what is left to pay."""

import pandas as pd
import pytest
from bundle_samples import full_bundles
from engine.bundles.allowances import Bundles
from engine.exceptions import BookError, PrefixError
from engine.pricing.rating import rate_bundled
from engine_samples import (
    ALLOWANCE,
    SUBSCRIPTION,
    book,
    calls_table,
    rate,
    seconds,
    table,
)

VOICE = rate(1, "0.06", "0.10", initial=1, increment=1)
OTHERS = [
    rate(2, "0.08", service="sms", method="volume"),
    rate(3, "0.02", service="data", method="volume"),
    rate(4, "0.06", direction="incoming", initial=1, increment=1),
]
USED = ["subscription_id", "allowance_id", "number_id", "period_start", "quantity"]
DRAW = ["subscription_id", "allowance_id", "number_id", "quantity"]


def bundles(allowances, subscriptions=({},)):
    """Give bundles; `direction` and `currency_id` columns only where given."""
    names = {name for row in allowances for name in row}
    extra = {"direction": "outgoing", "currency_id": 0}
    default = ALLOWANCE | {name: extra[name] for name in extra if name in names}
    return Bundles.build(
        table(list(subscriptions), SUBSCRIPTION), table(list(allowances), default)
    )


def bundled(calls, allowances, subscriptions=({},), rates=(VOICE,), used=None):
    """Rate calls with bundles; give the result and the draws."""
    rate_book = book([*rates, *OTHERS])
    known = bundles(allowances, subscriptions)
    return rate_bundled(calls_table(calls), rate_book, known, used)


def frozen(*rows):
    """Give the table of frozen draws."""
    used = pd.DataFrame(list(rows), columns=USED)
    return used.assign(period_start=pd.to_datetime(used["period_start"]))


def prices(*args, **options):
    """Give the prices of `bundled`, in micro."""
    return bundled(*args, **options)[0]["price_micro"].tolist()


def minutes(*lengths, **common):
    """Give calls of these seconds, one a minute from ten o'clock on."""
    return [
        {"duration": length, "start_at": f"2026-03-10 10:{place:02d}:00", **common}
        for place, length in enumerate(lengths)
    ]


def test_calls_are_covered_until_the_seconds_are_used_to_the_second():
    """100 s: 60 whole, 40 of the 70 s call, which pays for 30 s and the connect fee."""
    result, draws = bundled(minutes(60, 70, 10), [{"quantity": 100}])
    assert result["price_micro"].tolist() == [0, 130_000, 110_000]
    assert result["bundle_duration"].tolist() == [60, 40, 0]
    assert result["billed_duration"].tolist() == [0, 30, 10]
    assert draws["quantity"].tolist() == [60, 40]
    assert draws["call"].tolist() == [0, 1]
    assert set(result["state"]) == {"rated"}


def test_the_rest_is_rated_as_a_call_of_its_own_with_its_own_steps():
    row = rate(1, "0.06", "0.10", initial=60, increment=60)
    result, _draws = bundled(minutes(130), [{"quantity": 60}], rates=[row])
    assert result["price_micro"].tolist() == [220_000]
    assert result["billed_duration"].tolist() == [120]


def test_no_connect_fee_for_a_wholly_covered_call():
    assert prices(minutes(100), [{"quantity": 100}]) == [0]
    assert prices(minutes(101), [{"quantity": 100}]) == [101_000]


def test_order_is_by_start_then_identity_whatever_the_rows():
    calls = minutes(60, 60, 60)
    calls[2]["start_at"] = calls[1]["start_at"]
    for place, identity in enumerate("cba"):
        calls[place]["identity"] = identity * 32
    assert prices(calls, [{"quantity": 120}]) == [0, 160_000, 0]
    assert prices(calls[::-1], [{"quantity": 120}]) == [0, 160_000, 0]


UNBILLED = [
    # call, rate
    ({"duration": 0}, {}),
    ({"duration": 5}, {"grace": 5}),
    ({"direction": "internal"}, {}),
    ({"number_id": 0, "partner_id": 0}, {}),
    ({}, {"is_late_priced": True}),
    ({}, {"price_nano": 0, "connect_nano": 0}),
    ({}, {"maximum": "0"}),
    ({"called_number": "44"}, {"prefix": "34"}),
]


@pytest.mark.parametrize(("call", "values"), UNBILLED)
def test_nothing_is_used_by_calls_that_are_not_billed(call, values):
    row = rate(1, "0.06", "0.10", **values)
    _result, draws = bundled([call], [{}, {"kind": "calls"}], rates=[row])
    assert draws["quantity"].tolist() == []
    assert list(draws.columns)[1:4] == DRAW[:3]


KINDS = [
    # allowance, calls, prices, quantities
    (
        {"kind": "messages", "service": "sms", "quantity": 1},
        [{"service": "sms"}] * 2,
        [0, 80_000],
        [1],
    ),
    (
        {"kind": "bytes", "service": "data", "quantity": 1_500_000},
        [{"service": "data", "volume": 1_000_000}] * 3,
        [0, 10_000, 20_000],
        [1_000_000, 500_000],
    ),
    ({"kind": "calls", "quantity": 2}, minutes(600, 1, 60), [0, 0, 160_000], [1, 1]),
    (
        {"kind": "amount", "quantity": 200_000},
        minutes(60, 60, 60),
        [0, 120_000, 160_000],
        [160_000, 40_000],
    ),
    ({"kind": "messages", "quantity": 5}, minutes(60), [160_000], []),
    ({"kind": "bytes", "quantity": 5}, minutes(60), [160_000], []),
    ({"service": "sms", "quantity": 5}, minutes(60), [160_000], []),
    ({"quantity": 0}, minutes(60), [160_000], []),
]


@pytest.mark.parametrize(("allowance", "calls", "expected", "quantities"), KINDS)
def test_kinds_of_allowances_by_table(allowance, calls, expected, quantities):
    result, draws = bundled(calls, [allowance])
    assert result["price_micro"].tolist() == expected
    assert draws["quantity"].tolist() == quantities


def test_what_money_pays_and_what_data_covers_is_shown():
    result, _ = bundled(minutes(60), [{"kind": "amount", "quantity": 100_000}])
    assert result["bundle_micro"].tolist() == [100_000]
    call = {"service": "data", "volume": 3_000_000}
    allowance = {"kind": "bytes", "service": "data", "quantity": 1_000_000}
    result, _ = bundled([call], [allowance])
    assert result["bundle_volume"].tolist() == [1_000_000]


TARGETS = [
    # allowance, call, covered
    ({"prefixes": ("349",)}, {}, True),
    ({"prefixes": ("3491",)}, {}, True),
    ({"prefixes": ("346", "44")}, {}, False),
    ({"prefixes": ("349112345678",)}, {}, False),
    ({"destinations": {7}}, {"destination_id": 7}, True),
    ({"destinations": {7}}, {"destination_id": 8}, False),
    ({"destinations": {7}}, {}, False),
    ({"categories": {"landline", "mobile"}}, {}, True),
    ({"categories": {"mobile"}}, {}, False),
    ({"categories": {"mobile"}, "prefixes": ("34",)}, {}, True),
    ({"categories": {"mobile"}, "destinations": {7}}, {"destination_id": 7}, True),
    ({}, {}, True),
    ({}, {"direction": "incoming"}, False),
    ({"direction": ""}, {"direction": "incoming"}, True),
    ({"direction": "incoming"}, {"direction": "incoming"}, True),
    ({"direction": "incoming"}, {}, False),
    ({"kind": "amount", "currency_id": 1}, {}, True),
]


@pytest.mark.parametrize(("allowance", "call", "covered"), TARGETS)
def test_what_an_allowance_is_for_by_table(allowance, call, covered):
    row = {"quantity": 10**9, **allowance}
    assert (prices([call], [row])[0] == 0) == covered


def test_a_longer_prefix_of_another_allowance_does_not_hide_a_shorter_one():
    rows = [
        {"allowance_id": 1, "prefixes": ("34",)},
        {"allowance_id": 2, "prefixes": ("349112",), "bundle_id": 9},
    ]
    assert prices(minutes(60), rows) == [0]


def test_priority_then_age_of_subscription_then_sequence():
    subscriptions = [
        {"subscription_id": 1, "priority": 20, "start": 0},
        {"subscription_id": 2, "priority": 10, "start": 2},
        {"subscription_id": 3, "priority": 10, "start": 1},
    ]
    allowances = [
        {"allowance_id": 1, "sequence": 2, "quantity": 10},
        {"allowance_id": 2, "sequence": 1, "quantity": 20},
    ]
    _result, draws = bundled(minutes(75), allowances, subscriptions)
    taken = list(draws[DRAW].itertuples(index=False, name=None))
    expected = [
        (3, 2, 0, 20),
        (3, 1, 0, 10),
        (2, 2, 0, 20),
        (2, 1, 0, 10),
        (1, 2, 0, 15),
    ]
    assert taken == expected


def test_several_allowances_share_one_call():
    rows = [{"allowance_id": 1, "quantity": 40}, {"allowance_id": 2, "quantity": 100}]
    result, draws = bundled(minutes(60), rows)
    assert result["price_micro"].tolist() == [0]
    assert draws["quantity"].tolist() == [40, 20]


def test_money_comes_after_all_that_is_counted():
    rows = [
        {"allowance_id": 1, "kind": "amount", "quantity": 50_000, "sequence": 1},
        {"allowance_id": 2, "quantity": 60, "sequence": 2},
    ]
    result, draws = bundled(minutes(70), rows)
    assert result["price_micro"].tolist() == [60_000]
    assert draws["allowance_id"].tolist() == [2, 1]


def test_shared_by_all_numbers_or_each_for_itself():
    calls = minutes(60, 60)
    calls[1]["number_id"] = 2
    allowance = [{"quantity": 60}]
    assert prices(calls, allowance, [{"is_shared": True}]) == [0, 160_000]
    result, draws = bundled(calls, allowance, [{"is_shared": False}])
    assert result["price_micro"].tolist() == [0, 0]
    assert draws["number_id"].tolist() == [1, 2]


def test_only_the_numbers_named_and_only_the_customer():
    calls = minutes(60, 60, 60)
    calls[1]["number_id"] = 2
    calls[2]["partner_id"] = 2
    assert prices(calls, [{}], [{"numbers": {2}}]) == [160_000, 0, 160_000]
    assert prices(calls, [{}]) == [0, 0, 160_000]


def test_each_month_of_the_local_day_has_its_own_allowance():
    """23:30 UTC of January the 31st is February in Madrid."""
    starts = ["2026-01-31 22:30", "2026-01-31 22:40", "2026-01-31 23:30"]
    calls = [{"start_at": start} for start in starts]
    result, draws = bundled(calls, [{"quantity": 60}])
    assert result["price_micro"].tolist() == [0, 160_000, 0]
    periods = draws["period_start"].dt.strftime("%Y-%m-%d").tolist()
    assert periods == ["2026-01-01", "2026-02-01"]


def test_subscriptions_count_at_the_start_of_the_call():
    start, end = seconds("2026-03-10 10:01:00"), seconds("2026-03-10 10:02:00")
    found = prices(minutes(60, 60, 60), [{}], [{"start": start, "end": end}])
    assert found == [160_000, 0, 160_000]


def test_frozen_draws_of_invoiced_calls_are_counted_first():
    used = frozen(
        (1, 1, 5, "2026-03-01", 30),
        (1, 1, 0, "2026-03-01", 10),
        (1, 1, 0, "2026-02-01", 500),
        (1, 9, 0, "2026-03-01", 500),
        (9, 1, 0, "2026-03-01", 500),
    )
    result, draws = bundled(minutes(60), [{"quantity": 60}], used=used)
    assert draws["quantity"].tolist() == [20]
    assert result["bundle_duration"].tolist() == [20]


def test_frozen_draws_count_by_number_where_nothing_is_shared():
    used = frozen((1, 1, 1, "2026-03-01", 60), (1, 1, 1, "2026-03-01", 60))
    calls = minutes(60, 60)
    calls[1]["number_id"] = 2
    options = {"subscriptions": [{"is_shared": False}], "used": used}
    assert prices(calls, [{"quantity": 60}], **options) == [160_000, 0]


def test_a_markup_pays_its_part_for_what_is_left():
    row = rate(1, method="markup", markup_ppm=200_000)
    calls = minutes(90, cost_nano=90_000_000)
    result, _draws = bundled(calls, [{"quantity": 60}], rates=[row])
    assert result["price_micro"].tolist() == [36_000]


def test_draws_name_calls_by_the_index_of_the_table():
    calls = calls_table(minutes(60, 60)).set_axis([70, 30])
    _result, draws = rate_bundled(calls, book([VOICE]), bundles([{}]))
    assert draws["call"].tolist() == [70, 30]


PRICED = [
    # allowance, rules of the subscription, calls (s); prices, draws
    # 0.001 a second and 0.10 to connect: 60 s cost 0.16.
    # 0.20 is worth a call of 0.16 and 15 of the next call's 60 s (0.04).
    (
        {"quantity": 600, "amount_limit_micro": 200_000},
        {},
        (60, 60, 60),
        [0, 145_000, 160_000],
        [60, 15],
    ),
    # 120 s are taken for 61, 30 are left.
    (
        {"quantity": 150},
        {"bundle_initial": 60, "bundle_increment": 60},
        (61, 61),
        [0, 131_000],
        [120, 30],
    ),
    # Calls up to 30 s are priced as ever, and take nothing.
    ({"quantity": 600}, {"bundle_grace": 30}, (30, 31), [130_000, 0], [31]),
    # What is left costs a quarter less, also of calls that nothing was left for.
    (
        {"quantity": 20, "rest_discount_ppm": 250_000},
        {},
        (60, 60),
        [105_000, 120_000],
        [20],
    ),
    # A fee of 0.02 and 0.0005 a second for what is covered.
    (
        {"quantity": 100},
        {"covered_connect_nano": 20_000_000, "covered_price_nano": 500_000},
        (60, 60),
        [50_000, 160_000],
        [60, 40],
    ),
    # The tariff's connect fee: by default of what is left, always, never.
    (
        {"quantity": 90},
        {"connect_rule": "always"},
        (60, 60),
        [100_000, 130_000],
        [60, 30],
    ),
    (
        {"quantity": 90},
        {"connect_rule": "never"},
        (60, 60, 60),
        [0, 30_000, 160_000],
        [60, 30],
    ),
]


@pytest.mark.parametrize(("allowance", "rules", "lengths", "expected", "taken"), PRICED)
def test_what_the_rules_of_a_bundle_make_of_prices(
    allowance, rules, lengths, expected, taken
):
    known = full_bundles([allowance], [rules])
    result, draws = rate_bundled(calls_table(minutes(*lengths)), book([VOICE]), known)
    assert result["price_micro"].tolist() == expected
    assert draws["quantity"].tolist() == taken


RUNNING = [
    # run_through, billed seconds of what 70 s leave of 130 s at 60/60, price
    (False, 60, 160_000),
    (True, 110, 210_000),
]


@pytest.mark.parametrize(("run_through", "billed", "price"), RUNNING)
def test_increments_begin_anew_or_run_on(run_through, billed, price):
    """130 s are 180 in steps of 60; 70 s of these are covered, so 110 are left."""
    rates = book([rate(1, "0.06", "0.10", initial=60, increment=60)])
    known = full_bundles([{"quantity": 70}], [{"run_through": run_through}])
    result, _draws = rate_bundled(calls_table(minutes(130)), rates, known)
    assert result["billed_duration"].tolist() == [billed]
    assert result["price_micro"].tolist() == [price]


def test_money_pays_first_and_its_discount_is_on_the_rest():
    """0.16 less 0.10 leaves 0.06, of which a quarter is off; then 0.12 of 0.16."""
    allowance = {"kind": "amount", "quantity": 100_000, "rest_discount_ppm": 250_000}
    known = full_bundles([allowance])
    calls = calls_table(minutes(60, 60))
    result, draws = rate_bundled(calls, book([VOICE]), known)
    assert result["price_micro"].tolist() == [45_000, 120_000]
    assert draws["quantity"].tolist() == [100_000]


def test_without_bundles_prices_are_plain():
    assert prices(minutes(60), [], []) == [160_000]
    assert prices(minutes(60), [{"bundle_id": 2}]) == [160_000]


def test_no_calls_take_nothing():
    calls = calls_table([{}]).iloc[:0]
    result, draws = rate_bundled(calls, book([VOICE]), bundles([{}]))
    assert (len(result), len(draws)) == (0, 0)


@pytest.mark.parametrize(
    ("column", "value"), [("kind", "hours"), ("service", "fax"), ("direction", "up")]
)
def test_allowances_that_make_no_sense_are_refused(column, value):
    with pytest.raises(BookError) as refused:
        bundles([{column: value}])
    assert (refused.value.reason, refused.value.found) == (column, value)


def test_a_bad_prefix_of_an_allowance_is_refused():
    with pytest.raises(PrefixError, match="'34a'"):
        bundles([{"prefixes": ("34a",)}])

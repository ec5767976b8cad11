# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which tariff, and which rate in it."""

import pandas as pd
import pytest
from engine.exceptions import BookError, PrefixError
from engine.periods import EVER, NEVER
from engine.pricing.rating import rate_calls
from engine.rates.book import RateBook
from engine_samples import (
    NO_PREFIXES,
    book,
    calls_table,
    rate,
    rates_table,
    seconds,
    tariffs_table,
)

NOON = seconds("2026-03-10 12:00:00")
SPAIN = pd.DataFrame(
    {
        "destination_id": [1, 1, 2],
        "prefix": ["34", "349", "3491"],
        "category": "landline",
    }
)


def assign(kind, owner_id, tariff_id, start=EVER, end=NEVER):
    """Give a row of the assignments table."""
    row = {"owner_kind": kind, "owner_id": owner_id, "tariff_id": tariff_id}
    return row | {"start": start, "end": end}


def chosen(rate_book, *calls):
    """Give the rate of each call."""
    return rate_calls(calls_table(list(calls)), rate_book)["rate_id"].tolist()


def number(digits, **values):
    """Give a call to a number."""
    return {"called_number": "+" + digits, **values}


def test_the_longest_prefix_then_category_then_everything():
    rates = [
        rate(1),
        rate(2, category="landline"),
        rate(3, prefix="34"),
        rate(4, prefix="3491"),
    ]
    calls = [number(digits) for digits in ("34911", "34921", "4420", "3491", "34")]
    assert chosen(book(rates), *calls) == [4, 3, 2, 4, 3]
    assert chosen(book(rates), number("4420", category="mobile")) == [1]
    assert chosen(book(rates), number("4420", category="unheard of")) == [1]


def test_a_destination_stands_for_its_prefixes_and_own_wins_a_tie():
    rates = [
        rate(1, destination_id=1),
        rate(2, prefix="349"),
        rate(3, destination_id=2),
    ]
    calls = [number(digits) for digits in ("34600", "34920", "34911")]
    assert chosen(book(rates, prefixes=SPAIN), *calls) == [1, 2, 3]
    assert chosen(book(rates[::-1], prefixes=SPAIN), *calls) == [1, 2, 3]


def test_a_longer_prefix_of_a_destination_beats_a_shorter_own_one():
    rates = [rate(1, prefix="34"), rate(2, destination_id=2)]
    assert chosen(book(rates, prefixes=SPAIN), number("34911")) == [2]


def test_the_rate_in_force_at_the_start_counts_for_ever():
    rates = [
        rate(1, prefix="34", end=NOON),
        rate(2, prefix="34", start=NOON, end=NOON + 3600),
        rate(3, prefix="3", end=NOON + 7200),
        rate(4, start=NOON),
    ]
    starts = ["11:59:59", "12:00:00", "12:59:59", "13:00:00", "14:00:00"]
    calls = [number("34911", start_at=f"2026-03-10 {start}") for start in starts]
    assert chosen(book(rates), *calls) == [1, 2, 2, 3, 4]


def test_of_two_equal_rates_the_later_start_counts_then_the_higher_id():
    rates = [rate(9, prefix="34"), rate(1, prefix="34", start=NOON), rate(3), rate(2)]
    later, earlier = {"start_at": "2026-03-10 12:00"}, {"start_at": "2026-03-10 11:00"}
    calls = (number("34", **later), number("34", **earlier), number("44"))
    assert chosen(book(rates), *calls) == [1, 9, 3]


def test_service_and_direction_are_kept_apart():
    rates = [
        rate(1, prefix="34"),
        rate(2, prefix="34", service="sms", method="volume"),
        rate(3, prefix="34", direction="incoming"),
        rate(4, direction="internal"),
    ]
    calls = [
        number("34911"),
        number("34911", service="sms"),
        number("34911", direction="incoming"),
        number("34911", direction="internal"),
        number("34911", service="data"),
        number("34911", service="fax"),
    ]
    assert chosen(book(rates), *calls) == [1, 2, 3, 4, 0, 0]


def test_the_parent_is_asked_last_of_all():
    """Even a general rate of the customer's own tariff comes before the parent."""
    tariffs = [
        {"tariff_id": 1, "parent_id": 2},
        {"tariff_id": 2, "parent_id": 3},
        {"tariff_id": 3},
    ]
    rates = [
        rate(1, prefix="34", tariff_id=1),
        rate(2, category="mobile", tariff_id=1),
        rate(3, prefix="346", tariff_id=2),
        rate(4, prefix="44", tariff_id=3),
    ]
    calls = [
        number("34611"),
        number("1", category="mobile"),
        number("44"),
        number("1"),
    ]
    assert chosen(book(rates, tariffs), *calls) == [1, 2, 4, 0]


def test_a_loop_of_parents_ends():
    tariffs = [{"tariff_id": 1, "parent_id": 2}, {"tariff_id": 2, "parent_id": 1}]
    tariffs += [{"tariff_id": 3, "parent_id": 3}]
    rates = [rate(1, prefix="34"), rate(2, prefix="44", tariff_id=2)]
    calls = (number("34"), number("44"), number("1"))
    assert chosen(book(rates, tariffs), *calls) == [1, 2, 0]


TARIFFS = [{"tariff_id": one} for one in range(1, 6)]
RATES = [rate(one, tariff_id=one) for one in range(1, 6)]


def test_number_then_customer_then_plan_then_company():
    holders = [
        assign("company", 0, 1),
        assign("partner", 10, 3),
        assign("number", 100, 4),
    ]
    plans = [
        {"subscription_id": 1, "partner_id": 10, "tariff_id": 2},
        {"subscription_id": 2, "partner_id": 11, "tariff_id": 2},
        {"subscription_id": 3, "partner_id": 12},
    ]
    calls = [
        {"number_id": 100, "partner_id": 10},
        {"number_id": 101, "partner_id": 10},
        {"number_id": 102, "partner_id": 11},
        {"number_id": 103, "partner_id": 12},
        {"number_id": 104, "partner_id": 13},
    ]
    rate_book = book(RATES, TARIFFS, assignments=holders, subscriptions=plans)
    assert chosen(rate_book, *calls) == [4, 3, 2, 1, 1]


def test_a_tariff_without_a_rate_does_not_fall_to_the_next_holder():
    holders = [assign("company", 0, 1), assign("number", 100, 2)]
    rates = [rate(1), rate(2, tariff_id=2, prefix="44")]
    rate_book = book(rates, TARIFFS, assignments=holders)
    result = rate_calls(calls_table([{"number_id": 100}]), rate_book)
    assert result["state"].tolist() == ["unrated"]
    assert result["reason"].tolist() == ["no_rate"]
    assert result["tariff_id"].tolist() == [2]


def test_assignments_count_as_of_the_start_of_the_call():
    holders = [
        assign("company", 0, 1),
        assign("partner", 1, 2, end=NOON),
        assign("partner", 1, 3, start=NOON, end=NOON + 60),
    ]
    rate_book = book(RATES, TARIFFS, assignments=holders)
    starts = ["11:59:59", "12:00:00", "12:00:59", "12:01:00"]
    calls = [{"start_at": f"2026-03-10 {start}"} for start in starts]
    assert chosen(rate_book, *calls) == [2, 3, 3, 1]


def test_call_plans_by_number_priority_age_and_period():
    plan = {"partner_id": 1, "priority": 10}
    plans = [
        {"subscription_id": 1, "tariff_id": 2, "start": 0, **plan},
        {"subscription_id": 2, "tariff_id": 3, "start": NOON, **plan, "priority": 5},
        {"subscription_id": 3, "tariff_id": 4, "start": EVER, **plan},
        {"subscription_id": 4, "tariff_id": 5, "numbers": {7}, **plan, "priority": 1},
    ]
    plans[2]["end"] = seconds("2026-03-01")
    rate_book = book(RATES, TARIFFS, subscriptions=plans)
    calls = [
        {"start_at": "2026-02-28"},
        {"start_at": "2026-03-10 11:00"},
        {"start_at": "2026-03-10 12:00"},
        {"start_at": "2026-03-10 12:00", "number_id": 7},
        {"start_at": "2026-03-10 12:00", "number_id": 7, "partner_id": 2},
    ]
    assert chosen(rate_book, *calls) == [4, 2, 3, 5, 1]


def test_without_any_tariff_calls_wait():
    result = rate_calls(calls_table([{}]), book([rate(1)], assignments=[]))
    assert result["state"].tolist() == ["unrated"]
    assert result["reason"].tolist() == ["no_tariff"]
    assert result["price_micro"].isna().all()


def test_many_changes_of_rates_within_one_batch():
    starts = [seconds("2026-03-01") + 3600 * hour for hour in range(48)]
    rates = [
        rate(place + 1, prefix="34", start=start, end=start + 3600)
        for place, start in enumerate(starts)
    ]
    moments = [pd.Timestamp(start + 1800, unit="s") for start in starts]
    calls = [number("34911", start_at=str(moment)) for moment in moments]
    assert chosen(book(rates), *calls) == list(range(1, 49))


BAD_BOOKS = [
    ("increment", {"increment": 0}),
    ("initial", {"initial": -1}),
    ("grace", {"grace": -1}),
    ("minimum_duration", {"minimum_duration": -5}),
    ("method", {"method": "magic"}),
]


@pytest.mark.parametrize(("reason", "values"), BAD_BOOKS)
def test_rates_that_make_no_sense_are_refused(reason, values):
    with pytest.raises(BookError, match="cannot be rated with") as refused:
        book([rate(1), rate(2, **values)])
    assert refused.value.reason == reason
    assert refused.value.found == str(values[reason])


@pytest.mark.parametrize(
    ("column", "value"), [("rounding_digits", 7), ("rounding", "nearest")]
)
def test_tariffs_that_make_no_sense_are_refused(column, value):
    with pytest.raises(BookError) as refused:
        book([rate(1)], [{column: value}])
    assert (refused.value.reason, refused.value.found) == (column, str(value))


def test_a_prefix_with_letters_is_refused():
    with pytest.raises(PrefixError, match="'34a'"):
        book([rate(1, prefix="34a")])


def test_rates_of_unknown_tariffs_services_and_directions_are_left_aside():
    rates = [rate(1, tariff_id=9), rate(2, service="fax"), rate(3, direction="up")]
    assert chosen(book([*rates, rate(4)]), {}) == [4]


def test_an_empty_book_rates_nothing():
    nothing = tariffs_table([]), rates_table([]), NO_PREFIXES
    result = rate_calls(calls_table([{}]), RateBook.build(*nothing))
    assert result["reason"].tolist() == ["no_tariff"]
    assert len(rate_calls(calls_table([{}]).iloc[:0], RateBook.build(*nothing))) == 0

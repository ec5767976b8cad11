# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What each kind of rule finds, against results computed by hand."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from watch_samples import (
    ACME,
    CAP,
    CUBA,
    FRANCE,
    MADRID,
    NIGHT,
    RISE,
    RIVAL,
    SHORT,
    found,
    sums,
)

from telecom_cdr_voip.watch.facts import COLUMNS, find_facts
from telecom_cdr_voip.watch.rules import reach, short_limits

MILLION = 1_000_000


def past(days, hour=10, seconds=600, **more):
    """Ten minutes to a destination, at ten, on each of so many days before the 20th."""
    return [
        (
            f"2026-07-{20 - day:02} {hour:02}:00",
            {"destination": 5, "seconds": seconds, **more},
        )
        for day in range(1, days + 1)
    ]


def now(seconds, hour=10, **more):
    """The hour that is judged."""
    return (
        f"2026-07-20 {hour:02}:00",
        {"destination": 5, "seconds": seconds, **more},
    )


# === RISE === #


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # 14 days of 600 s: 5 times the mean is 3000, but an hour is the least.
        ([*past(14), now(3599)], []),
        ([*past(14), now(3600)], [(3600, 8400, 14)]),
        # 14 days of 800 s: 5 x 800 = 4000 to the second.
        ([*past(14, seconds=800), now(3999)], []),
        ([*past(14, seconds=800), now(4000)], [(4000, 11200, 14)]),
        # Calls on 7 of 14 days count as half of it: the mean is 400.
        ([*past(14, seconds=800)[::2], past(14)[-1], now(3600)], [(3600, 6200, 14)]),
        # Known for six days only: not judged; for seven: judged.
        ([*past(6), now(36000)], []),
        ([*past(7), now(36000)], [(36000, 4200, 7)]),
        # Never to this place at this hour: any hour of calls is a rise.
        ([*past(14, destination=6), now(3600)], [(3600, 0, 14)]),
        ([*past(14, hour=11), now(3600)], [(3600, 0, 14)]),
        # Other customers' calls are no past of this one.
        (
            [*past(14), *past(14, customer=RIVAL, seconds=9000), now(3600)],
            [(3600, 8400, 14)],
        ),
        ([], []),
    ],
)
def test_rise(rows, expected):
    assert (
        found([RISE], sums(*rows), columns=("value", "past", "past_days")) == expected
    )


def test_the_past_is_of_28_days_at_most():
    rows = [
        (f"2026-06-{day:02} 10:00", {"destination": 5, "seconds": 10_000})
        for day in (1, 21, 22)
    ]
    # 20 July - 28 days = 22 June: only the last of the three is in it.
    facts = found([RISE], sums(*rows, now(3600)), columns=("past", "past_days"))
    assert facts == [(10_000, 28)]


def test_rise_of_money_and_of_calls():
    rows = past(10, calls=2, amount=3 * MILLION)
    money = replace(RISE, measure="amount", min_seconds=0, factor_percent=1000)
    calls = replace(money, measure="calls")
    dear = now(1, calls=20, amount=30 * MILLION)
    cheap = now(1, calls=19, amount=30 * MILLION - 1)
    assert found([money], sums(*rows, dear), columns=["value"]) == [(30 * MILLION,)]
    assert found([money], sums(*rows, cheap), columns=["value"]) == []
    assert found([calls], sums(*rows, dear), columns=["value"]) == [(20,)]
    assert found([calls], sums(*rows, cheap), columns=["value"]) == []


def test_the_hour_of_the_day_is_that_of_the_local_clock():
    """Ten o'clock in Madrid is 9 UTC in winter and 8 in summer."""
    rows = [
        (f"2026-03-{day} 10:00", {"destination": 5, "seconds": 1000})
        for day in range(21, 29)  # the clocks change on the 29th
    ]
    table = sums(*rows, ("2026-03-30 10:00", {"destination": 5, "seconds": 5000}))
    facts = found([RISE], table, "2026-03-30", columns=("start", "past", "past_days"))
    # Nine days of history, 8 of them with calls: 5000 x 9 > 5 x 8000.
    assert facts == [("03-30 08", 8000, 9)]


# === NIGHT === #


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("2026-07-21 02:00", 2, CUBA)], []),
        ([("2026-07-21 02:00", 3, CUBA)], [("07-20 20", "07-21 04", CUBA, 3)]),
        # Before and behind midnight is one night.
        (
            [("2026-07-20 23:00", 2, CUBA), ("2026-07-21 05:00", 2, CUBA)],
            [("07-20 20", "07-21 04", CUBA, 4)],
        ),
        # Two nights with two calls each.
        ([("2026-07-21 05:00", 2, CUBA), ("2026-07-21 22:00", 2, CUBA)], []),
        # From six in the morning and until ten in the evening it is day.
        ([("2026-07-21 06:00", 9, CUBA), ("2026-07-21 21:00", 9, CUBA)], []),
        # Called before, at whatever hour.
        ([("2026-07-10 12:00", 1, CUBA), ("2026-07-21 02:00", 9, CUBA)], []),
        # On the same day: new still.
        (
            [("2026-07-20 19:00", 1, CUBA), ("2026-07-21 02:00", 3, CUBA)],
            [("07-20 20", "07-21 04", CUBA, 3)],
        ),
        # Known for longer than 90 days, but not since.
        (
            [("2026-04-20 12:00", 1, CUBA), ("2026-07-21 02:00", 3, CUBA)],
            [("07-20 20", "07-21 04", CUBA, 3)],
        ),
        # Another country is another question; an unknown one is none.
        (
            [("2026-07-10 12:00", 9, FRANCE), ("2026-07-21 02:00", 3, CUBA)],
            [("07-20 20", "07-21 04", CUBA, 3)],
        ),
        ([("2026-07-21 02:00", 9, 0)], []),
    ],
)
def test_night(rows, expected):
    table = sums(*((hour, {"calls": n, "country": c}) for hour, n, c in rows))
    columns = ("start", "end", "country", "calls")
    assert found([NIGHT], table, columns=columns) == expected


def test_a_night_within_one_day():
    rule = replace(NIGHT, night_start=1, night_end=5)
    hours = [f"2026-07-21 {hour:02}:00" for hour in (0, 1, 4, 5)]
    table = sums(*((hour, {"calls": 2, "country": CUBA}) for hour in hours))
    facts = found([rule], table, columns=("start", "end", "calls"))
    assert facts == [("07-20 23", "07-21 03", 4)]


def test_a_country_is_new_in_one_night_only():
    nights = [f"2026-07-{day} 23:00" for day in (20, 21)]
    table = sums(*((hour, {"calls": 5, "country": CUBA}) for hour in nights))
    assert found([NIGHT], table, columns=["start"]) == [("07-20 20",)]


# === SHORT AND CAP === #


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("premium", 50, 19)], []),
        ([("premium", 50, 20)], [("premium", 50, 20)]),
        ([("premium", 12, 12), ("premium", 8, 8)], [("premium", 20, 20)]),
        ([("mobile", 50, 50)], []),
    ],
)
def test_short_calls(rows, expected):
    table = sums(
        *(
            ("2026-07-20 10:00", {"category": c, "calls": n, "short_30": short})
            for c, n, short in rows
        )
    )
    assert found([SHORT], table, columns=("category", "calls", "value")) == expected


def test_short_calls_of_two_hours_are_not_added_up():
    rows = [
        (f"2026-07-20 {hour}:00", {"category": "premium", "calls": 15, "short_30": 15})
        for hour in (10, 11)
    ]
    assert found([SHORT], sums(*rows), columns=["value"]) == []
    day = replace(SHORT, window="day")
    facts = found([day], sums(*rows), columns=("start", "end", "value"))
    assert facts == [("07-19 22", "07-20 22", 30)]


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ((49_999_999,), []),
        ((50_000_000,), [50_000_000]),
        ((30_000_000, 20_000_000), [50_000_000]),
    ],
)
def test_cap(amounts, expected):
    rows = [("2026-07-20 10:00", {"amount": a, "destination": a}) for a in amounts]
    assert found([CAP], sums(*rows), columns=["amount"]) == [(a,) for a in expected]


def test_every_limit_of_a_rule_must_be_reached():
    rule = replace(CAP, min_calls=10, min_seconds=600)
    enough = {"amount": 50_000_000, "calls": 10, "seconds": 600}
    rows = [("2026-07-20 10:00", enough)]
    rows += [
        (f"2026-07-20 {11 + n}:00", {**enough, name: enough[name] - 1})
        for n, name in enumerate(enough)
    ]
    assert found([rule], sums(*rows), columns=["start"]) == [("07-20 08",)]


def test_the_hour_that_comes_twice_is_two_hours():
    table = sums(("2026-10-25 02:00", {"amount": 40_000_000}))
    twice = pd.concat([table, table.assign(hour=table["hour"] + pd.Timedelta("1h"))])
    assert found([CAP], twice, "2026-10-20", columns=["start"]) == []
    day = replace(CAP, window="day")
    # Midnight in summer time to midnight in winter time: 25 hours.
    facts = found([day], twice, "2026-10-20", columns=("start", "end", "amount"))
    assert facts == [("10-24 22", "10-25 23", 80_000_000)]


# === WHOM AND WHEN === #


def test_what_ended_before_is_past_only():
    rows = [(f"2026-07-20 {hour}:00", {"amount": 60_000_000}) for hour in (10, 11, 12)]
    facts = found([CAP], sums(*rows), "2026-07-20 09:00", columns=["start"])
    assert facts == [("07-20 09",), ("07-20 10",)]  # UTC: 11 and 12 o'clock
    # An hour that has begun before is judged while it runs.
    facts = found([CAP], sums(*rows), "2026-07-20 08:59", columns=["start"])
    assert facts == [("07-20 08",), ("07-20 09",), ("07-20 10",)]


def test_an_exception_replaces_the_rule_of_one_customer():
    rows = [
        ("2026-07-20 10:00", {"amount": 60_000_000, "customer": customer})
        for customer in (ACME, RIVAL)
    ]
    table = sums(*rows)
    for own, expected in (
        ({}, [(ACME,), (RIVAL,)]),
        ({(CAP.id, ACME): None}, [(RIVAL,)]),
        ({(CAP.id, ACME): replace(CAP, min_amount=60_000_001)}, [(RIVAL,)]),
        ({(CAP.id, RIVAL): replace(CAP, min_amount=60_000_000)}, [(ACME,), (RIVAL,)]),
        ({(99, ACME): None}, [(ACME,), (RIVAL,)]),
    ):
        assert found([CAP], table, own=own, columns=["customer"]) == expected


def test_facts_have_all_columns_even_without_a_row():
    for rules, table in (([], sums()), ([RISE, NIGHT, SHORT, CAP], sums())):
        facts = find_facts(rules, {}, table, datetime(2026, 7, 20), MADRID)  # noqa: DTZ001
        assert dict(facts.dtypes.astype(str)) == {
            name: str(np.dtype(kind)) for name, kind in COLUMNS.items()
        }


def test_how_far_back_the_table_must_go():
    assert reach([], {}) == 1
    assert reach([RISE, CAP], {}) == 29
    assert reach([RISE], {(RISE.id, ACME): NIGHT, (RISE.id, RIVAL): None}) == 91


def test_which_short_calls_are_counted():
    own = {(SHORT.id, ACME): replace(SHORT, short_seconds=10)}
    assert short_limits([SHORT, CAP], {}) == [30]
    assert short_limits([SHORT, CAP], own) == [10, 30]

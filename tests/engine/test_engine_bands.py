# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Time bands: weekdays, hours, holidays, changes of the clock; at start or split."""

import pandas as pd
import pytest
from engine.exceptions import BookError
from engine.pricing.rating import rate_calls
from engine_samples import book, calls_table, rate, tier

WEEK, WEEKEND, ALL = 31, 96, 127
MADRID = {"time_zone": "Europe/Madrid"}
HOLIDAYS = pd.DataFrame({"day": pd.to_datetime(["2026-03-19", "2026-12-25"])})


def line(band_id, begin="00:00", end="24:00", weekdays=ALL, **values):
    """Give a line of a band, from and to an hour."""
    hours = [int(text[:2]) * 3600 + int(text[3:]) * 60 for text in (begin, end)]
    row = {"band_id": band_id, "priority": 1, "weekdays": weekdays}
    row |= {"second_from": hours[0], "second_to": hours[1], "on_holidays": False}
    return row | values


PEAK, NIGHT, FREE = 1, 2, 3
BANDS = [
    line(PEAK, "08:00", "20:00", WEEK),
    line(NIGHT, "22:00", "06:00", WEEK),
    line(FREE, weekdays=WEEKEND, priority=2),
    line(FREE, on_holidays=True, priority=2),
]
RATES = [
    rate(1, "0.04"),
    rate(2, "0.10", band_id=PEAK),
    rate(3, "0.02", band_id=NIGHT),
    rate(4, "0.01", band_id=FREE),
]
# In March 2026 the 2nd is a Monday; Madrid is at UTC+1 until the 29th, 1:00 UTC.
AT_START = [
    # UTC, rate
    ("2026-03-10 06:59:59", 1),
    ("2026-03-10 07:00:00", 2),
    ("2026-03-10 18:59:59", 2),
    ("2026-03-10 19:00:00", 1),
    ("2026-03-10 20:59:59", 1),
    ("2026-03-10 21:00:00", 3),
    ("2026-03-10 22:59:59", 3),
    ("2026-03-10 23:00:00", 3),
    ("2026-03-11 04:59:59", 3),
    ("2026-03-11 05:00:00", 1),
    # Friday night runs into Saturday, but the weekend has the higher priority.
    ("2026-03-13 22:59:59", 3),
    ("2026-03-13 23:00:00", 4),
    ("2026-03-15 22:59:59", 4),
    # Sunday is no day of the night band: Monday before 6:00 is nobody's.
    ("2026-03-15 23:00:00", 1),
    # The 19th is a holiday, from local midnight to local midnight.
    ("2026-03-18 22:59:59", 3),
    ("2026-03-18 23:00:00", 4),
    ("2026-03-19 12:00:00", 4),
    ("2026-03-19 22:59:59", 4),
    # The night that began on the holiday goes on.
    ("2026-03-19 23:00:00", 3),
    # After the change of the clock 8:00 is 6:00 UTC.
    ("2026-03-30 05:59:59", 1),
    ("2026-03-30 06:00:00", 2),
]


def chosen(rate_book, *starts):
    """Give the rate of a call at each moment."""
    calls = calls_table([{"start_at": start} for start in starts])
    return rate_calls(calls, rate_book)["rate_id"].tolist()


def test_the_band_at_the_start_of_the_call_by_table():
    rate_book = book(RATES, [MADRID], bands=BANDS, holidays=HOLIDAYS)
    starts, expected = zip(*AT_START, strict=True)
    assert chosen(rate_book, *starts) == list(expected)
    for start, one in AT_START:
        assert chosen(rate_book, start) == [one]


def test_the_longest_prefix_comes_before_the_band_of_higher_priority():
    rates = [rate(1, prefix="34"), rate(2, band_id=FREE)]
    rate_book = book(rates, [MADRID], bands=BANDS)
    assert chosen(rate_book, "2026-03-14 12:00") == [1]
    rates = [rate(1), rate(2, prefix="34", band_id=FREE)]
    rate_book = book(rates, [MADRID], bands=BANDS)
    assert chosen(rate_book, "2026-03-14 12:00", "2026-03-13 12:00") == [2, 1]


def test_of_equal_priority_the_older_band_counts():
    bands = [line(5), line(4), line(6, priority=0)]
    rates = [rate(1), rate(2, band_id=5), rate(3, band_id=4), rate(4, band_id=6)]
    assert chosen(book(rates, bands=bands), "2026-03-10") == [3]


def test_a_parent_is_asked_in_its_own_time_zone():
    tariffs = [{"tariff_id": 1, "parent_id": 2, **MADRID}, {"tariff_id": 2}]
    rates = [rate(1, band_id=PEAK), rate(2, band_id=PEAK, tariff_id=2)]
    rate_book = book(rates, tariffs, bands=BANDS)
    starts = ["2026-03-10 06:30", "2026-03-10 07:30", "2026-03-10 19:30"]
    assert chosen(rate_book, *starts) == [0, 1, 2]


def test_a_band_without_lines_never_holds():
    rate_book = book([rate(1), rate(2, band_id=9)], bands=BANDS)
    assert chosen(rate_book, "2026-03-10 12:00") == [1]
    assert chosen(book([rate(1), rate(2, band_id=9)]), "2026-03-10 12:00") == [1]


AUTUMN = [
    # UTC, local; the band is 2:00 to 3:00, that hour comes twice
    ("2026-10-24 23:59:59", 1),
    ("2026-10-25 00:00:00", 2),
    ("2026-10-25 00:59:59", 2),
    ("2026-10-25 01:00:00", 2),
    ("2026-10-25 01:59:59", 2),
    ("2026-10-25 02:00:00", 1),
]
SPRING = [
    # The band of 2:00 to 3:00 does not exist on that day.
    ("2026-03-29 00:59:59", 1),
    ("2026-03-29 01:00:00", 1),
    ("2026-03-28 01:00:00", 2),
    ("2026-03-30 00:00:00", 2),
]


@pytest.mark.parametrize("cases", [AUTUMN, SPRING])
def test_changes_of_the_clock(cases):
    bands = [line(PEAK, "02:00", "03:00")]
    rate_book = book([rate(1), rate(2, band_id=PEAK)], [MADRID], bands=bands)
    starts, expected = zip(*cases, strict=True)
    assert chosen(rate_book, *starts) == list(expected)


SPLIT = {**MADRID, "band_rule": "split"}
BY_SPLIT = [
    # start UTC, duration, billed, price; 0.10 peak until 19:00 UTC, else 0.04
    ("2026-03-10 18:58:00", 120, 120, 200_000),
    ("2026-03-10 18:58:00", 121, 180, 240_000),
    # The step that begins at 18:59:30 is wholly of the peak.
    ("2026-03-10 18:58:30", 120, 120, 200_000),
    ("2026-03-10 18:58:30", 180, 180, 240_000),
    # Into peak in the morning.
    ("2026-03-10 06:59:00", 120, 120, 140_000),
    # A day and a night: 12 h peak, 2 h nobody's, 8 h night, 2 h nobody's.
    ("2026-03-10 07:00:00", 86_400, 86_400, 72_000_000 + 9_600_000 + 9_600_000),
]


@pytest.mark.parametrize(("start", "duration", "billed", "expected"), BY_SPLIT)
def test_each_step_by_the_band_at_its_first_second(start, duration, billed, expected):
    rate_book = book(RATES, [SPLIT], bands=BANDS, holidays=HOLIDAYS)
    calls = calls_table([{"start_at": start, "duration": duration}])
    result = rate_calls(calls, rate_book)
    assert result["billed_duration"].tolist() == [billed]
    assert result["price_micro"].tolist() == [expected]


def test_splitting_over_the_night_in_which_the_clock_changes():
    """From 1:30 for three hours in steps of a minute; 2:00 to 3:00 costs 1 a minute."""
    bands = [line(PEAK, "02:00", "03:00")]
    rates = [rate(1, "0.01"), rate(2, "1", band_id=PEAK)]
    rate_book = book(rates, [SPLIT], bands=bands)
    starts = ["2026-03-29 00:30", "2026-10-24 23:30", "2026-07-01 23:30"]
    calls = [{"start_at": start, "duration": 10_800} for start in starts]
    result = rate_calls(calls_table(calls), rate_book)
    expected = [1_800_000, 600_000 + 120_000_000, 1_200_000 + 60_000_000]
    assert result["price_micro"].tolist() == expected


def test_the_connect_fee_and_the_first_step_are_of_the_first_band_only():
    rates = [
        rate(1, "0.04", "0.50", initial=10, increment=10),
        rate(2, "0.10", "0.30", initial=60, increment=30, band_id=PEAK),
    ]
    rate_book = book(rates, [SPLIT], bands=BANDS)
    call = {"start_at": "2026-03-10 18:59:00", "duration": 75}
    result = rate_calls(calls_table([call]), rate_book)
    assert result["rate_id"].tolist() == [2]
    assert result["billed_duration"].tolist() == [80]
    # 0.30 + 60 s at 0.10 + 20 s at 0.04 (0.013333)
    assert result["price_micro"].tolist() == [413_300]


def test_a_band_without_a_rate_at_the_same_target_leaves_the_call_unrated():
    rates = [rate(1, "0.04"), rate(2, "0.10", prefix="34", band_id=PEAK)]
    rate_book = book(rates, [SPLIT], bands=BANDS)
    starts = ["2026-03-10 18:58:00", "2026-03-10 18:59:30"]
    calls = [{"start_at": one, "duration": 60} for one in starts]
    result = rate_calls(calls_table([*calls, {**calls[1], "duration": 31}]), rate_book)
    assert result["reason"].tolist() == ["", "", ""]
    longer = rate_calls(calls_table([{**calls[1], "duration": 61}]), rate_book)
    assert longer["reason"].tolist() == ["no_rate"]


def test_a_late_price_in_another_band_makes_the_call_wait():
    rates = [rate(1, "0.04", is_late_priced=True), rate(2, "0.10", band_id=PEAK)]
    rate_book = book(rates, [SPLIT], bands=BANDS)
    starts = ["2026-03-10 18:58:00", "2026-03-10 18:59:00"]
    calls = calls_table([{"start_at": one, "duration": 120} for one in starts])
    assert rate_calls(calls, rate_book)["state"].tolist() == ["rated", "late"]


def test_bands_and_tiers_together():
    """Peak 0.10, from second 60 on 0.06; else 0.04, from second 60 on 0.02."""
    rates = [rate(1, "0.04"), rate(2, "0.10", band_id=PEAK)]
    tiers = [tier(1, 60, "0.02"), tier(2, 60, "0.06")]
    rate_book = book(rates, [SPLIT], bands=BANDS, tiers=tiers)
    call = {"start_at": "2026-03-10 18:58:00", "duration": 240}
    result = rate_calls(calls_table([call]), rate_book)
    assert result["price_micro"].tolist() == [100_000 + 60_000 + 20_000 + 20_000]


def test_rules_are_for_their_bands_too():
    rates = [
        rate(1, called_pattern="^.34", band_id=PEAK, sequence=1),
        rate(2, called_pattern="^.34", sequence=2),
    ]
    rate_book = book(rates, [SPLIT], bands=BANDS)
    assert chosen(rate_book, "2026-03-10 12:00", "2026-03-10 03:00") == [1, 2]


BAD = [
    ("weekdays", {"weekdays": 128}),
    ("second_from", {"second_from": 86_400}),
    ("second_to", {"second_to": -1}),
]


@pytest.mark.parametrize(("reason", "values"), BAD)
def test_bands_that_make_no_sense_are_refused(reason, values):
    with pytest.raises(BookError) as refused:
        book([rate(1, band_id=PEAK)], bands=[line(PEAK) | values])
    assert refused.value.reason == reason


def test_an_unknown_time_zone_is_refused():
    rate_book = book([rate(1, band_id=PEAK)], [{"time_zone": "Mars/X"}], bands=BANDS)
    with pytest.raises(BookError, match="unknown time zone 'Mars/X'"):
        chosen(rate_book, "2026-03-10")

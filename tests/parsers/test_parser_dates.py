# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 - local times are what this is about
"""Dates: strict about what exists, whatever the locale."""

import locale
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers.dates import NO_OFFSET, compile_pattern, has_year, parse_dates
from parsers.exceptions import FormatError

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun")
MONTHS += ("Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
RFC = "%a, %d %b %Y %H:%M:%S %z"
ACME = "%H:%M:%S.%f %Z %b %d %Y"


def one(text: str, pattern: str) -> str:
    """A time as it is read, "" where it is none."""
    times, fits, _ = parse_dates([text], [pattern])
    return str(times[0]) if fits[0] else ""


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("2017-05-31 19:49:18", "%Y-%m-%d %H:%M:%S", "2017-05-31T19:49:18"),
        ("2017-5-1 9:4:8", "%Y-%m-%d %H:%M:%S", "2017-05-01T09:04:08"),
        ("01/02/2019 19:03:57", "%d/%m/%Y %H:%M:%S", "2019-02-01T19:03:57"),
        ("01-Jan-21 8:34", "%d-%b-%y %H:%M", "2021-01-01T08:34:00"),
        ("1-DEC-99 23:59", "%d-%b-%y %H:%M", "1999-12-01T23:59:00"),
        ("20.07.26 10:45", "%d.%m.%y %H:%M", "2026-07-20T10:45:00"),
        ("2015/09/12 12:03:05 AM", "%Y/%m/%d %I:%M:%S %p", "2015-09-12T00:03:05"),
        ("12/31/98 12:52PM", "%m/%d/%y %I:%M%p", "1998-12-31T12:52:00"),
        ("20020124020316", "%Y%m%d%H%M%S", "2002-01-24T02:03:16"),
        ("20160419210005.247", "%Y%m%d%H%M%S.%f", "2016-04-19T21:00:05"),
        ("22.02.1923:11:41", "%d.%m.%y%H:%M:%S", "2019-02-22T23:11:41"),
        ("2018-02-02T22:25:27Z", "%Y-%m-%dT%H:%M:%S%z", "2018-02-02T22:25:27"),
        ("2024-02-29   01:02", "%Y-%m-%d %H:%M", "2024-02-29T01:02:00"),
        ("2024-03-02", "%Y-%m-%d", "2024-03-02T00:00:00"),
        ("1744993930", "epoch", "2025-04-18T16:32:10"),
        ("1521025758006", "epoch", "2018-03-14T11:09:18"),
        ("1521025758006702", "epoch", "2018-03-14T11:09:18"),
        ("1744993930.99", "epoch", "2025-04-18T16:32:10"),
        ("5%2024-1-2", "5%%%Y-%m-%d", "2024-01-02T00:00:00"),
        ("2008/06/28 09:28:41", "%Y/%m/%d %H:%M:%S", "2008-06-28T09:28:41"),
        ("03/04/17 09:15:22", "%d/%m/%y %H:%M:%S", "2017-04-03T09:15:22"),
        ("04.07.2016 18:58:55", "%d.%m.%Y %H:%M:%S", "2016-07-04T18:58:55"),
        ("18-12-01 17:11:43", "%y-%m-%d %H:%M:%S", "2018-12-01T17:11:43"),
        ("2015/09/12 10:03:05 AM", "%Y/%m/%d %I:%M:%S %p", "2015-09-12T10:03:05"),
        ("2012070818150600", "%Y%m%d%H%M%S%f", "2012-07-08T18:15:06"),
        ("07042002 000852", "%m%d%Y %H%M%S", "2002-07-04T00:08:52"),
        ("Tue, 10 Aug 2010 08:02:31 +0000", RFC, "2010-08-10T08:02:31"),
        ("Tuesday 10 August 2010 08:02", "%A %d %B %Y %H:%M", "2010-08-10T08:02:00"),
        ("2018-02-02T22:25:27.521Z", "%Y-%m-%dT%H:%M:%S.%f%z", "2018-02-02T22:25:27"),
        ("15:54:56.868 PST DEC 18 2017", ACME, "2017-12-18T15:54:56"),
        ("63730000000", "gregorian", "2019-07-10T17:46:40"),
        ("62167219201.5", "gregorian", "1970-01-01T00:00:01"),
        ("06/28/19 02:36p", "%m/%d/%y %I:%M%p", "2019-06-28T14:36:00"),
        ("06/28/19 02:36A", "%m/%d/%y %I:%M%p", "2019-06-28T02:36:00"),
        ("06/28/19 12:15", "%m/%d/%y %I:%M%P", "2019-06-28T00:15:00"),
        ("06/28/19 12:15p", "%m/%d/%y %I:%M%P", "2019-06-28T12:15:00"),
        ("06/28/19 12:15 pm", "%m/%d/%y %I:%M %P", "2019-06-28T12:15:00"),
    ],
)
def test_spellings(text: str, pattern: str, expected: str) -> None:
    assert one(text, pattern) == expected


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("2023-02-29 10:00:00", "%Y-%m-%d %H:%M:%S"),
        ("2024-02-30 10:00:00", "%Y-%m-%d %H:%M:%S"),
        ("2100-02-29 10:00:00", "%Y-%m-%d %H:%M:%S"),
        ("31-Feb-21 8:34", "%d-%b-%y %H:%M"),
        ("31-Apr-21 8:34", "%d-%b-%y %H:%M"),
        ("00-Apr-21 8:34", "%d-%b-%y %H:%M"),
        ("01-Ene-21 8:34", "%d-%b-%y %H:%M"),
        ("01-i\u0161n-21 8:34", "%d-%b-%y %H:%M"),
        ("2024-01-02 24:00:00", "%Y-%m-%d %H:%M:%S"),
        ("2024-01-02 25:61:00", "%Y-%m-%d %H:%M:%S"),
        ("2024-01-02 10:60:00", "%Y-%m-%d %H:%M:%S"),
        ("2024-01-02 10:00:60", "%Y-%m-%d %H:%M:%S"),
        ("2024-13-02 10:00:00", "%Y-%m-%d %H:%M:%S"),
        ("1969-12-31 10:00:00", "%Y-%m-%d %H:%M:%S"),
        ("9999-12-31 10:00:00", "%Y-%m-%d %H:%M:%S"),
        ("0000-00-00 00:00:00", "%Y-%m-%d %H:%M:%S"),
        ("2024-01-02 10:00:00x", "%Y-%m-%d %H:%M:%S"),
        ("2024-01-02 10:00", "%Y-%m-%d %H:%M:%S"),
        ("24-01-02 10:00:00", "%Y-%m-%d %H:%M:%S"),
        ("\u0662\u0660\u0662\u0664-01-02", "%Y-%m-%d"),
        ("13:00 PM 2024-01-02", "%I:%M %p %Y-%m-%d"),
        ("1-1-69", "%d-%m-%y"),
        ("", "%Y-%m-%d"),
        ("x" * 1_000_000, "%Y-%m-%d"),
        ("2024-01-02" + " " * 60, "%Y-%m-%d"),
        ("0", "epoch"),
        ("-5", "epoch"),
        ("99999999999", "epoch"),
        ("\u0661\u0667\u0664\u0664\u0669\u0669\u0663\u0669\u0663\u0660", "epoch"),
        ("2018-02-02T22:25:27+9900", "%Y-%m-%dT%H:%M:%S%z"),
        ("2018-02-02T22:25:27+2", "%Y-%m-%dT%H:%M:%S%z"),
        ("06/28 02:36p", "%m/%d %I:%M%p"),
        ("06/28/19 02:36x", "%m/%d/%y %I:%M%p"),
        ("06/28/19 02:36", "%m/%d/%y %I:%M%p"),
        ("Die, 10 Aug 2010", "%a, %d %b %Y"),
        ("15:54:56.868 IST DEC 18 2017", ACME),
        ("15:54:56.868 PSTX DEC 18 2017", ACME),
        ("**/**/** **:**", "%m/%d/%y %H:%M"),
        ("62167219200", "gregorian"),
        ("0", "gregorian"),
    ],
)
def test_what_does_not_exist(text: str, pattern: str) -> None:
    assert one(text, pattern) == ""


def test_the_first_pattern_that_fits_counts() -> None:
    patterns = ["%d/%m/%Y", "%m/%d/%Y", "epoch"]
    times, fits, offsets = parse_dates(
        ["01/02/2024", "01/22/2024", "86400", "x"], patterns
    )
    assert fits.tolist() == [True, True, True, False]
    assert times[:3].astype(str).tolist() == [
        "2024-02-01T00:00:00",
        "2024-01-22T00:00:00",
        "1970-01-02T00:00:00",
    ]
    assert np.isnat(times[3])
    assert offsets.tolist() == [NO_OFFSET, NO_OFFSET, 0, NO_OFFSET]


@pytest.mark.parametrize(
    ("offset", "seconds"),
    [("Z", 0), ("+02", 7200), ("-0330", -12600), ("+05:45", 20700)],
)
def test_offsets(offset: str, seconds: int) -> None:
    _, fits, found = parse_dates([f"2018-02-02 10:00{offset}"], ["%Y-%m-%d %H:%M%z"])
    assert (fits.tolist(), found.tolist()) == ([True], [seconds])


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("UTC", 0), ("gmt", 0), ("PST", -8), ("PDT", -7), ("EST", -5), ("CEST", 2)],
)
def test_zones_by_name(zone: str, hours: int) -> None:
    text = f"15:54:56.868 {zone} DEC 18 2017"
    assert parse_dates([text], [ACME])[2].tolist() == [hours * 3600]


YEARS = [
    # file came, as it is written, what it means
    ("2026-01-03", "12/31 23:59", "2025-12-31T23:59:00"),
    ("2026-01-03", "01/03 10:00", "2026-01-03T10:00:00"),
    ("2026-01-03", "01/04 00:01", "2026-01-04T00:01:00"),
    ("2026-01-03", "01/05 00:01", "2025-01-05T00:01:00"),
    ("2025-12-31", "01/01 00:01", "2026-01-01T00:01:00"),
    ("2025-12-31", "01/02 00:01", "2025-01-02T00:01:00"),
    ("2025-12-30", "12/31 08:00", "2025-12-31T08:00:00"),
    ("2024-02-29", "02/29 08:00", "2024-02-29T08:00:00"),
    ("2024-02-28", "02/29 08:00", "2024-02-29T08:00:00"),
    ("2024-02-27", "02/29 08:00", "2020-02-29T08:00:00"),
    ("2026-03-01", "02/29 08:00", "2024-02-29T08:00:00"),
    ("2101-03-01", "02/29 08:00", "2096-02-29T08:00:00"),
    ("2026-03-01", "02/30 08:00", "NaT"),
]


@pytest.mark.parametrize(("came", "text", "expected"), YEARS)
def test_years_that_are_missing(came: str, text: str, expected: str) -> None:
    times, _, _ = parse_dates([text], ["%m/%d %H:%M"], date.fromisoformat(came))
    assert str(times[0]) == expected


def test_missing_years_of_a_column() -> None:
    texts = ["12/31 23:59", "01/01 00:10", "02/29 01:00", "x"]
    times, fits, _ = parse_dates(texts, ["%m/%d %H:%M"], date(2026, 1, 2))
    assert times[:3].astype(str).tolist() == [
        "2025-12-31T23:59:00",
        "2026-01-01T00:10:00",
        "2024-02-29T01:00:00",
    ]
    assert fits.tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("%Y-%m-%d", True),
        ("%d/%m/%y", True),
        ("%%y %d/%m", False),
        ("%%%y %d/%m", True),
        ("%d/%m %H:%M", False),
        ("epoch", True),
        ("gregorian", True),
    ],
)
def test_which_patterns_have_a_year(pattern: str, expected: bool) -> None:
    assert has_year(pattern) is expected


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("%Y-%m", "%Y-%m"),
        ("%H:%M", "%H:%M"),
        ("%Y-%j", "%j"),
        ("%d-%m-%Y %I:%M", "%d-%m-%Y %I:%M"),
        ("%", "%"),
        ("", ""),
    ],
)
def test_patterns_that_are_no_dates(pattern: str, found: str) -> None:
    with pytest.raises(FormatError, match="date_formats") as caught:
        compile_pattern("date_formats", pattern)
    assert caught.value.found == found


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31)),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d.%m.%Y%H:%M:%S", "%I:%M:%S %p %Y/%d/%m"]),
)
def test_reads_what_strftime_writes(moment: datetime, pattern: str) -> None:
    expected = moment.replace(microsecond=0).isoformat()
    assert one(moment.strftime(pattern), pattern) == expected


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 31), st.integers(1, 12), st.integers(1999, 2030), st.integers(0, 70)
)
def test_refuses_what_datetime_refuses(
    day: int, month: int, year: int, minute: int
) -> None:
    text = f"{year}-{month}-{day} 1:{minute}"
    try:
        expected = datetime(year, month, day, 1, minute).isoformat()
    except ValueError:
        expected = ""
    assert one(text, "%Y-%m-%d %H:%M") == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=20))
def test_any_text_is_a_time_or_none(texts: list[str]) -> None:
    patterns = ["%Y-%m-%d %H:%M:%S", "%d-%b-%y %I:%M %p", "epoch", "%d%m%y%z"]
    patterns += ["gregorian", "%a%d%m %P", "%H:%M %Z %B %d %Y"]
    cells = [text.strip() for text in texts]
    times, fits, _ = parse_dates(cells, patterns, date(2026, 1, 2))
    assert (np.isnat(times) == ~fits).all()


def test_months_are_english_in_every_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing asks the locale: not even where there is one."""

    def refuse(*_args: object) -> None:
        raise AssertionError("the locale was asked")

    for name in ("setlocale", "getlocale", "nl_langinfo"):
        monkeypatch.setattr(locale, name, refuse)
    start = datetime(2026, 1, 15)
    for month in range(12):
        moment = start + timedelta(days=30 * month)
        name = [
            "Jan",
            "Feb",
            "Mar",
            "Apr",
            "May",
            "Jun",
            "Jul",
            "Aug",
            "Sep",
            "Oct",
            "Nov",
            "Dec",
        ][moment.month - 1]
        text = f"{moment.day}-{name}-26"
        assert one(text, "%d-%b-%y") == moment.isoformat()

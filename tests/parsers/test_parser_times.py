# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When calls were: offsets and zones of rows, ends of calls, years that are missing."""

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest
from parser_samples import MADRID, facts_of, read_all, rejections_of
from parsers.formats import FormatSpec
from parsers.zones import read_offset

MAPPING = {"start": 1, "called_number": 2, "duration": 3}


def form(more: dict[str, Any] | None = None, **values: Any) -> FormatSpec:
    """Start, called number and duration, and more columns."""
    return FormatSpec.from_dict(
        {"column_mapping": {**MAPPING, **(more or {})}, **values}
    )


def starts(content: str, spec: FormatSpec, **options: Any) -> list[str]:
    """The starts in UTC of the calls in a file."""
    return facts_of(content, spec, **options)["start_at"].astype(str).tolist()


# === Offsets === #


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+0200", 7200),
        ("0200", 7200),
        ("-0330", -12600),
        ("+02:00", 7200),
        ("-5:30", -19800),
        ("2", 7200),
        ("-5", -18000),
        ("5.5", 19800),
        ("5,75", 20700),
        ("120", 7200),
        ("-300", -18000),
        ("60", 3600),
        ("1000", 36000),
        ("0", 0),
        ("Z", 0),
        ("UTC", 0),
        ("UTC+2", 7200),
        ("GMT-03:00", -10800),
        ("1+020000", 7200),
        ("0-053000", -19800),
        ("+1600", None),
        ("1560", None),
        ("+0260", None),
        ("961", None),
        ("0.00001", None),
        ("CEST", None),
        ("", None),
        ("+", None),
        ("\u0662", None),
    ],
)
def test_spellings_of_offsets(text: str, seconds: int | None) -> None:
    assert read_offset(text) == seconds


def test_offsets_by_row() -> None:
    content = (
        "2026-10-25 02:30:00,600000099,5,+0200\n"
        "2026-10-25 02:30:00,600000099,5,+0100\n"
        "2026-10-25 02:30:00,600000099,5,60\n"
        "2026-07-01 12:00:00,600000099,5,\n"
        "2026-07-01 12:00:00,600000099,5,-3\n"
        "2026-07-01 12:00:00,600000099,5,soon\n"
    )
    spec = form({"utc_offset": 4})
    assert starts(content, spec) == [
        "2026-10-25 00:30:00",
        "2026-10-25 01:30:00",
        "2026-10-25 01:30:00",
        "2026-07-01 10:00:00",
        "2026-07-01 15:00:00",
    ]
    assert facts_of(content, spec)["extra"].isna().all()
    (message,) = rejections_of(content, spec)["message"]
    assert message == "'soon' is no offset from UTC, such as +0200, 2 or 120."


def test_an_offset_in_the_time_itself_comes_first() -> None:
    spec = form({"utc_offset": 4}, date_formats=["%Y-%m-%dT%H:%M:%S%z"])
    content = "2026-07-01T12:00:00+0500,600000099,5,+0200\n"
    assert starts(content, spec) == ["2026-07-01 07:00:00"]


def test_offsets_that_count_westwards_are_turned_round() -> None:
    spec = form({"utc_offset": 4}, steps={"utc_offset": ["negate"]})
    content = "2026-07-01 12:00:00,600000099,5,300\n"
    assert starts(content, spec) == ["2026-07-01 17:00:00"]


# === Zones by row === #


def test_zones_by_row() -> None:
    content = (
        "2026-07-01 12:00:00,600000099,5,America/New_York\n"
        "2026-07-01 12:00:00,600000099,5,\n"
        "2026-07-01 12:00:00,600000099,5,UTC\n"
        "2026-11-01 01:30:00,600000099,5,America/New_York\n"
        "2026-03-08 02:30:00,600000099,5,America/New_York\n"
        "2026-07-01 12:00:00,600000099,5,Mars/Olympus\n"
        "2026-07-01 12:00:00,600000099,5,../../etc/passwd\n"
    )
    spec = form({"time_zone": 4})
    assert starts(content, spec) == [
        "2026-07-01 16:00:00",
        "2026-07-01 10:00:00",
        "2026-07-01 12:00:00",
        "2026-11-01 05:30:00",
        "2026-03-08 07:30:00",
    ]
    assert facts_of(content, spec)["extra"].tolist()[3:] == [
        '{"time_note":"fold"}',
        '{"time_note":"gap"}',
    ]
    assert rejections_of(content, spec)["message"].tolist() == [
        "'Mars/Olympus' is no time zone, such as Europe/Madrid.",
        "'../../etc/passwd' is no time zone, such as Europe/Madrid.",
    ]


def test_zones_by_row_do_not_depend_on_batches() -> None:
    rows = [
        f"2026-11-01 01:{minute:02}:00,600000099,5,{zone}"
        for minute in (50, 10, 5, 55)
        for zone in ("America/New_York", "")
    ]
    content = "\n".join([*rows, ""])
    spec = form({"time_zone": 4})
    whole = starts(content, spec)
    for size in (1, 3):
        batches = read_all(content, spec, rows_per_batch=size)
        parts = pd.concat([batch.facts for batch in batches])["start_at"]
        assert parts.astype(str).tolist() == whole


def test_both_an_offset_and_a_zone() -> None:
    spec = form({"utc_offset": 4, "time_zone": 5})
    content = (
        "2026-07-01 12:00:00,600000099,5,+0300,America/New_York\n"
        "2026-07-01 12:00:00,600000099,5,,America/New_York\n"
    )
    assert starts(content, spec) == ["2026-07-01 09:00:00", "2026-07-01 16:00:00"]


# === The end of the call === #

ENDS = [
    # end as written, seconds, start in UTC
    ("2026-07-01 12:00:00", 90, "2026-07-01 09:58:30"),
    ("2026-07-01 00:00:10", 20, "2026-06-30 21:59:50"),
    ("2026-03-29 03:00:10", 20, "2026-03-29 00:59:50"),
    ("2026-03-29 03:10:00", 7200, "2026-03-28 23:10:00"),
    ("2026-10-25 03:10:00", 7200, "2026-10-25 00:10:00"),
    ("2026-10-25 03:10:00", 10800, "2026-10-24 23:10:00"),
    ("2026-10-25 02:10:00", 1200, "2026-10-24 23:50:00"),
    ("2026-12-31 00:00:00", 0, "2026-12-30 23:00:00"),
]


@pytest.mark.parametrize(("end", "seconds", "start"), ENDS)
def test_the_start_is_the_end_less_the_duration(
    end: str, seconds: int, start: str
) -> None:
    spec = form(time_means="end")
    content = f"{end},600000099,{seconds}\n"
    assert starts(content, spec) == [start]
    facts = facts_of(content, spec)
    assert facts["duration"].tolist() == [seconds]
    assert facts["start_text"].tolist() == [end]
    shown = pd.Timestamp(end) - pd.Timedelta(seconds=seconds)
    assert facts["start_local"].tolist() == [shown]


def test_ends_of_calls_tell_the_double_hour_by_their_order() -> None:
    content = (
        "2026-10-25 02:50:00,600000099,60\n"
        "2026-10-25 02:10:00,600000099,3000\n"
        "2026-10-25 03:05:00,600000099,60\n"
    )
    assert starts(content, form(time_means="end")) == [
        "2026-10-25 00:49:00",
        "2026-10-25 00:20:00",
        "2026-10-25 02:04:00",
    ]


def test_an_unanswered_call_began_before_its_end_all_the_same() -> None:
    spec = form(time_means="end", answered_rule={"column": 4, "pattern": "^ok$"})
    content = "2026-07-01 12:00:00,600000099,90,no\n"
    assert starts(content, spec) == ["2026-07-01 09:58:30"]
    assert facts_of(content, spec)["duration"].tolist() == [0]


def test_ends_with_an_offset_by_row() -> None:
    spec = form({"utc_offset": 4}, time_means="end")
    content = "2026-10-25 02:10:00,600000099,1200,+0100\n"
    assert starts(content, spec) == ["2026-10-25 00:50:00"]


# === From the answer to the end === #


def measured(answer: str, end: str, offset: str = "", **values: Any) -> list[int]:
    """The duration from an answer to an end."""
    mapping = {"start": 1, "called_number": 2, "answer": 1, "end": 3, "utc_offset": 4}
    spec = FormatSpec.from_dict({"column_mapping": mapping, **values})
    facts = facts_of(f"{answer},600000099,{end},{offset}\n", spec)
    return facts["duration"].tolist()


def test_measured_durations_over_the_change_of_clocks() -> None:
    assert measured("2026-03-29 01:50:00", "2026-03-29 03:10:00") == [1200]
    assert measured("2026-03-29 01:50:00", "2026-03-29 03:10:00", "+0100") == [4800]
    epochs = {"date_formats": ["epoch"]}
    assert measured("1774745400", "1774750200", **epochs) == [4800]
    stamps = {"date_formats": ["%Y-%m-%dT%H:%M:%S%z"]}
    assert measured(
        "2026-10-25T02:50:00+0200", "2026-10-25T02:10:00+0100", **stamps
    ) == [1200]


# === Years that are missing === #


def test_the_year_is_that_of_the_file() -> None:
    spec = form(date_formats=["%m/%d %I:%M%P", "%m/%d %H:%M"])
    content = "12/31 11:59p,600000099,5\n01/01 12:10,600000099,5\n01/03 08:00,1,5\n"
    context = replace(MADRID, file_date=date(2026, 1, 2))
    assert starts(content, spec, context=context) == [
        "2025-12-31 22:59:00",
        "2025-12-31 23:10:00",
        "2026-01-03 07:00:00",
    ]
    found = rejections_of(content, spec)
    assert found["reason"].tolist() == ["date"] * 3

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files begin and end at the same rows, whoever asks and whenever."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_cdr.collect.database_files import close_all, write_parts
from telecom_cdr.collect.database_windows import NumberAxis, TimeAxis

TIME, NUMBER = TimeAxis(), NumberAxis()


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "last", "overlap", "end", "name"),
    [
        # A day that is past, as a whole.
        ("2026-01-05 00:00", "2026-01-08 10:30", 60, "2026-01-06", "2026-01-05"),
        # The day of the last row, hour by hour.
        ("2026-01-08 00:00", "2026-01-08 10:30", 60, "2026-01-08 01", "2026-01-08T00"),
        ("2026-01-08 10:00", "2026-01-08 10:30", 60, "2026-01-08 11", "2026-01-08T10"),
        # A day that rows may still come late for.
        ("2026-01-07 00:00", "2026-01-08 00:30", 60, "2026-01-07 01", "2026-01-07T00"),
        ("2026-01-07 00:00", "2026-01-08 01:00", 60, "2026-01-08", "2026-01-07"),
        # What is left of a day.
        (
            "2026-01-07 20:00",
            "2026-01-08 09:00",
            60,
            "2026-01-08",
            "2026-01-07T20_2026-01-08T00",
        ),
    ],
)
def test_windows_of_time(start, last, overlap, end, name):
    window = TIME.window(at(start), at(last), overlap)
    assert (window.start, window.end, window.name) == (at(start), at(end), name)


@pytest.mark.parametrize(
    ("start", "last", "overlap", "end", "name"),
    [
        (0, 100_000, 60, 50_000, "0-49999"),
        (50_000, 100_000, 60, 51_000, "50000-50999"),
        (50_000, 100_060, 60, 100_000, "50000-99999"),
        (60_000, 100_060, 60, 100_000, "60000-99999"),
    ],
)
def test_windows_of_numbers(start, last, overlap, end, name):
    window = NUMBER.window(start, last, overlap)
    assert (window.start, window.end, window.name) == (start, end, name)


def test_where_reading_begins_that_never_did():
    assert TIME.first(at("2026-01-08 10:30")) == at("2026-01-07")
    assert NUMBER.first(12_345) == 12_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-08 10:30:00", "2026-01-08 10:30:00"),
        ("2026-01-08 10:30:00.250000", "2026-01-08 10:30:00.250000"),
        ("2026-01-08 10:30:00+00", "2026-01-08 10:30:00"),
        ("2026-01-08 10:30:00+02:00", "2026-01-08 08:30:00"),
        ("2026-01-08", "2026-01-08 00:00:00"),
    ],
)
def test_times_as_servers_and_people_write_them(text, expected):
    assert TIME.text(TIME.read(text)) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "0000-00-00 00:00:00", "infinity"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError):
        TIME.read(text)


@pytest.mark.parametrize(("text", "value"), [("7", 7), (" 42 ", 42), ("5.000", 5)])
def test_numbers(text, value):
    assert NUMBER.read(text) == value


@pytest.mark.parametrize("text", ["", "5.1", "x", "1e5"])
def test_what_is_no_number(text):
    with pytest.raises(ValueError):
        NUMBER.read(text)


@given(
    rows=st.lists(st.integers(0, 200_000), min_size=1, max_size=60),
    overlap=st.integers(0, 3_000),
)
def test_windows_lie_side_by_side_and_hold_every_row(rows, overlap):
    """Neither is a row between two windows, nor in two of them."""
    last, start = max(rows), NUMBER.small(min(rows))[0]
    found = []
    while start <= last:
        following = min(row for row in rows if row >= start)
        start = max(start, NUMBER.start(following, last, overlap))
        window = NUMBER.window(start, last, overlap)
        found += [row for row in rows if window.start <= row < window.end]
        start = window.end
        if not any(row >= start for row in rows):
            break
    assert sorted(found) == sorted(rows)


def test_files_have_at_most_so_many_rows_and_bytes():
    rows = [[str(n), "x,y" if n % 2 else 'a"b\r\nc'] for n in range(5)]
    for most_rows, most_bytes, expected in (
        (10, 0, [5]),
        (2, 0, [2, 2, 1]),
        (10, 28, [2, 2, 1]),
        (10, 1, [1, 1, 1, 1, 1]),
    ):
        parts = write_parts(["n", "t"], rows, most_rows, most_bytes)
        assert [part.rows for part in parts] == expected
        for part in parts:
            part.file.seek(0)
            content = part.file.read()
            assert content.startswith(b"n,t\r\n")
            assert len(content) == part.size
        close_all(parts)
    assert write_parts(["n"], [], 5) == []

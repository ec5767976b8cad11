# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Days and numbers in the names of files, and what is missing between them."""

from datetime import date

import pytest
from parsers.file_names import (
    Gap,
    Sequence,
    check_pattern,
    day_of,
    gaps,
    month_after,
    periods,
    sequence_of,
    without,
)

DAY = r"cdr_(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"


@pytest.mark.parametrize(
    ("pattern", "rhythm", "lack"),
    [
        (r"cdr_(\d+)", "sequence", ""),
        (r"cdr_(?P<number>\d+)", "sequence", ""),
        (r"cdr_\d+", "sequence", "number"),
        (r"cdr_(\d+", "sequence", "syntax"),
        (DAY, "daily", ""),
        (r"(?P<year>\d{4})(?P<month>\d\d)", "daily", "date"),
        (r"(?P<year>\d{4})(?P<month>\d\d)", "monthly", ""),
    ],
)
def test_what_a_pattern_lacks(pattern, rhythm, lack):
    assert check_pattern(pattern, rhythm) == lack


@pytest.mark.parametrize(
    ("name", "pattern", "found"),
    [
        ("cdr_0007.csv", r"cdr_(\d+)", Sequence(7, 4)),
        ("b7-cdr_12.csv", r"b(\d)-cdr_(?P<number>\d+)", Sequence(12, 2)),
        ("other.csv", r"cdr_(\d+)", None),
        ("cdr_x.csv", r"cdr_(\w+)", None),
        ("cdr_20261005103000.csv", r"cdr_(\d+)", None),
    ],
)
def test_numbers_in_names(name, pattern, found):
    assert sequence_of(name, pattern) == found


@pytest.mark.parametrize(
    ("name", "pattern", "found"),
    [
        ("cdr_20261005.csv", DAY, date(2026, 10, 5)),
        ("cdr_20260231.csv", DAY, None),
        ("other", DAY, None),
        ("0926.csv", r"(?P<month>\d\d)(?P<year>\d\d)", date(2026, 9, 1)),
    ],
)
def test_days_in_names(name, pattern, found):
    assert day_of(name, pattern) == found


def _numbers(text):
    return [Sequence(int(one), len(one)) for one in text.split()]


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        ("", []),
        ("5", []),
        ("5 6 7", []),
        ("7 5", [Gap(6, 6)]),
        ("1 5 9", [Gap(2, 4), Gap(6, 8)]),
        # Four digits with zeros in front: behind 9999 comes 0000.
        ("9997 9998 0001", [Gap(0, 0), Gap(9999, 9999)]),
        ("9998 9999 0000 0001", []),
        ("9999 0001", [Gap(0, 0)]),
        ("0001 0002 0005", [Gap(3, 4)]),
        # Without zeros in front nothing says where the sequence begins anew.
        ("9998 10", [Gap(11, 9997)]),
    ],
)
def test_gaps(found, missing):
    assert gaps(_numbers(found)) == missing


def test_what_nobody_waits_for_is_left_out():
    assert without(Gap(3, 9), []) == [Gap(3, 9)]
    assert without(Gap(3, 9), [Gap(5, 6)]) == [Gap(3, 4), Gap(7, 9)]
    assert without(Gap(3, 9), [Gap(1, 3), Gap(9, 12)]) == [Gap(4, 8)]
    assert without(Gap(3, 9), [Gap(3, 9)]) == []


def test_periods():
    first, last = date(2026, 12, 30), date(2027, 1, 2)
    days = [date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2)]
    assert periods(first, last, "daily") == days
    months = [date(2026, 12, 1), date(2027, 1, 1)]
    assert periods(first, last, "monthly") == months
    assert month_after(date(2026, 11, 1), 14) == date(2028, 1, 1)

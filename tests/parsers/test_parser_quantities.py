# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Durations, volumes and amounts: exact, or refused."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers.quantities import (
    DURATION_UNITS,
    amount_reader,
    duration_reader,
    measured_reader,
    read_column,
    volume_reader,
)


@pytest.mark.parametrize(
    ("unit", "rounding", "text", "seconds"),
    [
        ("seconds", "half_up", "65", 65),
        ("seconds", "half_up", "65.5", 66),
        ("seconds", "half_up", "65.49", 65),
        ("seconds", "up", "65.000001", 66),
        ("seconds", "down", "65.999", 65),
        ("seconds", "half_up", "", 0),
        ("seconds", "half_up", "1e2", 100),
        ("seconds", "half_up", "2147483647", 2147483647),
        ("seconds", "half_up", "2147483648", None),
        ("seconds", "half_up", "-1", None),
        ("seconds", "half_up", "1:05", None),
        ("seconds", "half_up", "1,5", None),
        ("seconds", "half_up", ".", None),
        ("minutes", "half_up", "0.62", 37),
        ("minutes", "half_up", "2", 120),
        ("minutes", "half_up", "0.008333", 0),
        ("minutes", "half_up", "0.008334", 1),
        ("hms", "half_up", "00:08:10", 490),
        ("hms", "half_up", "0000:16:38", 998),
        ("hms", "half_up", "90:00", 5400),
        ("hms", "half_up", "1:2:3", 3723),
        ("hms", "up", "0:01.5", 2),
        ("hms", "half_up", "0:60", None),
        ("hms", "half_up", "1:60:00", None),
        ("hms", "half_up", "65", None),
        ("hms", "half_up", "-0:10", None),
        ("hms", "half_up", "99:99:99", None),
        ("hm", "half_up", "0:10", 600),
        ("hm", "half_up", "1:02:03", 3723),
        ("hm", "half_up", "0:60", None),
        ("hm", "half_up", "10", None),
        ("text", "half_up", "1m 15s", 75),
        ("text", "half_up", "12s", 12),
        ("text", "half_up", "1h 2m 3s", 3723),
        ("text", "half_up", "1h2m3s", 3723),
        ("text", "half_up", "2 min 5 sec", 125),
        ("text", "half_up", "90m", 5400),
        ("text", "half_up", "00:03'45", 225),
        ("text", "half_up", "01:00'00", 3600),
        ("text", "half_up", "0'12", 12),
        ("text", "half_up", "00:60'00", None),
        ("text", "half_up", "00:03'60", None),
        ("text", "half_up", "00:08:10", 490),
        ("text", "half_up", "65", 65),
        ("text", "half_up", "1x", None),
        ("text", "half_up", "s", None),
        ("hhmmss", "half_up", "000059", 59),
        ("hhmmss", "half_up", "59", 59),
        ("hhmmss", "half_up", "1000000", 360000),
        ("hhmmss", "half_up", "010203", 3723),
        ("hhmmss", "half_up", "000060", None),
        ("hhmmss", "half_up", "00:59", None),
        ("hhmmsscc", "half_up", "00001800", 18),
        ("hhmmsscc", "half_up", "00001850", 19),
        ("hhmmsscc", "down", "00001899", 18),
        ("hhmmsscc", "up", "00001801", 19),
        ("hhmmsscc", "half_up", "01020300", 3723),
        ("milliseconds", "half_up", "62499", 62),
        ("milliseconds", "half_up", "62500", 63),
        ("tenths", "half_up", "125", 750),
        ("tenths", "half_up", "0.5", 3),
        ("hmmt", "half_up", "0123", 738),
        ("hmmt", "half_up", "1005", 3630),
        ("hmmt", "half_up", "7", 42),
        ("hmmt", "half_up", "0605", None),
        ("hhmmss", "half_up", "\u0661\u0662", None),
    ],
)
def test_durations(unit: str, rounding: str, text: str, seconds: int | None) -> None:
    assert duration_reader(unit, rounding, ".")(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90\tSEC", 90),
        ("15\t6SEC", 90),
        ("1.5\tMIN", 90),
        ("1.5\tmin.", 90),
        ("1\th", 3600),
        ("2\t30", 60),
        ("1.5\t", 2),
        ("\tSEC", 0),
        ("\t", 0),
        ("90\tparsec", None),
        ("x\tSEC", None),
        ("-1\tSEC", None),
    ],
)
def test_durations_with_a_unit_beside_them(text: str, seconds: int | None) -> None:
    assert measured_reader("seconds", "half_up", ".")(text) == seconds


@pytest.mark.parametrize(
    ("mark", "text", "nano"),
    [
        (".", "0.034", 34_000_000),
        (",", "0,034", 34_000_000),
        (",", "0.034", None),
        (".", "0,034", None),
        (".", "1.234.567", None),
        (".", "1,234.56", None),
        (".", "-0.0075", -7_500_000),
        (".", "+1", 1_000_000_000),
        (".", ".5", 500_000_000),
        (".", "5.", 5_000_000_000),
        (".", "€ 3", 3_000_000_000),
        (".", "1e-05", 10_000),
        (".", "0.1234567890000", 123_456_789),
        (".", "0.1234567891", None),
        (".", "9223372036.854775807", 9_223_372_036_854_775_807),
        (".", "9223372036.854775808", None),
        (".", "9223372036.0000000000000000000000001", None),
        (".", "1e99", None),
        (".", "9" * 5000, None),
        (".", "NaN", None),
        (".", "Infinity", None),
        (".", "0x10", None),
        (".", "1_000", None),
        (".", "\u0663", None),
        (".", "=1+1", None),
        (".", "", None),
    ],
)
def test_amounts(mark: str, text: str, nano: int | None) -> None:
    assert amount_reader(mark, 1)(text) == nano


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**18), 10**18), st.sampled_from(".,"), st.sampled_from([1, -1]))
def test_amounts_come_back_to_the_last_digit(nano: int, mark: str, sign: int) -> None:
    text = f"{Decimal(nano).scaleb(-9):f}".replace(".", mark)
    assert amount_reader(mark, sign)(text) == nano * sign


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=30) | st.text("0123456789:'hms. ", max_size=14),
    st.sampled_from(DURATION_UNITS),
)
def test_any_text_is_a_duration_or_none(text: str, unit: str) -> None:
    found = duration_reader(unit, "half_up", ",")(text)
    assert found is None or 0 <= found < 2**31


@pytest.mark.parametrize(
    ("text", "size"), [("", 0), ("1024", 1024), ("1.5", 2), ("-1", None), ("x", None)]
)
def test_volumes(text: str, size: int | None) -> None:
    assert volume_reader(".")(text) == size


def test_columns_read_each_distinct_text_once() -> None:
    asked: list[str] = []

    def reader(text: str) -> int | None:
        asked.append(text)
        return int(text) if text.isdecimal() else None

    numbers, fits = read_column(np.array(["7", "x", "7"], object), reader)
    assert (numbers.tolist(), fits.tolist()) == ([7, 0, 7], [True, False, True])
    assert asked == ["7", "x"]
    assert [part.tolist() for part in read_column(np.array([], object), reader)] == [
        [],
        [],
    ]

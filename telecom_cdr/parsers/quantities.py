# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Durations, volumes and amounts: exact numbers from texts.

Each text is a decimal; each distinct text of a column is read once.
"""

import re
from collections.abc import Callable
from decimal import Context, Decimal

import numpy as np
import pandas as pd

NANO = 10**9
# Odoo and PostgreSQL hold seconds as int4, bytes as int8.
MAX_SECONDS = 2**31 - 1
MAX_BYTES = 2**62
MAX_NANO = 2**63 - 1
NUMBER = re.compile(
    r"([+-]?)(\d{0,25})(?:\.(\d{0,25}))?(?:[eE][+-]?\d{1,2})?", re.ASCII
)
CLOCK = re.compile(r"(?:(\d{1,9}):)?(\d{1,9}):(\d{1,2})(\.\d{0,12})?", re.ASCII)
# h:mm, and h:mm:ss of systems that sometimes add the seconds.
SHORT_CLOCK = re.compile(r"(\d{1,9}):(\d{1,2})(?::(\d{1,2}))?", re.ASCII)
# hh:mm'ss and m'ss, as Panasonic's PBXs write them.
QUOTED_CLOCK = re.compile(r"(?:(\d{1,9}):)?(\d{1,9})'(\d{1,2})\"?", re.ASCII)
WORDED = re.compile(
    r"(?:(\d{1,9}) ?h[a-z]*\.?)? ?(?:(\d{1,9}) ?m[a-z]*\.?)? ?"
    r"(?:(\d{1,9}) ?s[a-z]*\.?)?",
    re.ASCII | re.IGNORECASE,
)
PACKED = {  # unit -> what its digits are: hours, minutes, seconds, a fraction
    "hhmmss": re.compile(r"(\d{1,5})(\d{2})(\d{2})()", re.ASCII),
    "hhmmsscc": re.compile(r"(\d{1,5})(\d{2})(\d{2})(\d{2})", re.ASCII),
    "hmmt": re.compile(r"(\d{1,5})(\d{2})()(\d)", re.ASCII),
}
# A column may say what a row's duration is a number of: SEC, 6SEC, MIN, 60.
UNIT = re.compile(r"(\d{0,6}) ?([a-z]*)\.?", re.ASCII | re.IGNORECASE)
UNIT_SECONDS = {
    "": 1, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
}  # fmt: skip
DURATION_UNITS = (
    "seconds",
    "minutes",
    "hms",
    "hm",
    "text",
    "hhmmss",
    "hhmmsscc",
    "milliseconds",
    "tenths",
    "hmmt",
)
FACTORS = {
    "seconds": Decimal(1),
    "minutes": Decimal(60),
    "milliseconds": Decimal("0.001"),
    "tenths": Decimal(6),
}
CURRENCY_SIGNS = "€$£ \xa0\u202f"
SIXTY = 60
# Digits enough for every sum of what NUMBER lets through.
EXACT = Context(prec=250)

Reader = Callable[[str], int | None]


def read_column(texts: np.ndarray, reader: Reader) -> tuple[np.ndarray, np.ndarray]:
    """The numbers that a reader finds in a column.

    :param texts: object array of stripped str
    :param reader: text -> number, None where it is none; called once a distinct text
    :return: int64 (0 where there is none), bool whether there is one
    """
    codes, distinct = pd.factorize(texts)
    found = [reader(text) for text in distinct]
    numbers = np.array([number or 0 for number in found], np.int64)
    good = np.array([number is not None for number in found], bool)
    if not found:
        return np.zeros(len(texts), np.int64), np.ones(len(texts), bool)
    return numbers[codes], good[codes]


def duration_reader(unit: str, rounding: str, decimal_mark: str) -> Reader:
    """The reader of durations: blank is 0, negative is none.

    :param unit: one of DURATION_UNITS, see `seconds_reader`
    :param rounding: up, half_up, down: of fractions of a second
    """
    exact = seconds_reader(unit, decimal_mark)

    def read(text: str) -> int | None:
        """Whole seconds."""
        return _whole_seconds(exact(text), rounding) if text else 0

    return read


def measured_reader(unit: str, rounding: str, decimal_mark: str) -> Reader:
    """The reader of a duration and what it is a number of, with a tab between them.

    :param unit: of durations beside which nothing stands
    """
    plain = duration_reader(unit, rounding, decimal_mark)

    def read(text: str) -> int | None:
        """Whole seconds."""
        quantity, _, of = text.partition("\t")
        if not (quantity and of):
            return plain(quantity)
        match = UNIT.fullmatch(of)
        factor = UNIT_SECONDS.get(match[2].lower()) if match and of else None
        value = to_decimal(quantity, decimal_mark)
        if value is None or factor is None:
            return None
        count = Decimal(match[1] or 1) * factor
        return _whole_seconds(EXACT.multiply(value, count), rounding)

    return read


def _whole_seconds(value: Decimal | None, rounding: str) -> int | None:
    """Seconds as a database holds them; None for none, negative or too many."""
    if value is None or value < 0:
        return None
    seconds = round_decimal(value, rounding)
    return seconds if seconds <= MAX_SECONDS else None


def seconds_reader(unit: str, decimal_mark: str) -> Callable[[str], Decimal | None]:
    """The reader of durations as exact seconds; None for what is no duration.

    seconds, minutes, milliseconds, tenths (of a minute): decimals.  hms: h:mm:ss or
    mm:ss.  hm: h:mm (or h:mm:ss).  text: 1h 2m 3s, 00:03'45, 0'12, or what hms and
    seconds are.  hhmmss, hhmmsscc (hundredths), hmmt (tenths of a minute): digits.
    """
    if unit in FACTORS:
        return lambda text: _times(to_decimal(text, decimal_mark), FACTORS[unit])
    if unit in PACKED:
        return lambda text: _packed(text, unit)
    if unit == "hm":
        return _hours_and_minutes
    if unit == "text":
        return lambda text: _worded(text, decimal_mark)
    return lambda text: _clock(text, decimal_mark)


def _times(value: Decimal | None, factor: Decimal) -> Decimal | None:
    """A product, exactly."""
    return None if value is None else EXACT.multiply(value, factor)


def _sum(hours: str, minutes: str, seconds: str, is_bound: bool) -> Decimal | None:
    """Seconds of parts, "" for none; None where one behind another has 60 or more."""
    parts = [int(part or 0) for part in (hours, minutes, seconds)]
    is_big = parts[2] >= SIXTY or (bool(hours) and parts[1] >= SIXTY)
    if is_bound and is_big:
        return None
    return Decimal((parts[0] * SIXTY + parts[1]) * SIXTY + parts[2])


def _clock(text: str, decimal_mark: str) -> Decimal | None:
    """Seconds of h:mm:ss or mm:ss; minutes and seconds below 60 behind a colon."""
    match = CLOCK.fullmatch(text.replace(decimal_mark, "."))
    if not match:
        return None
    whole = _sum(match[1] or "", match[2], match[3], True)
    fraction = Decimal(f"0{match[4]}" if match[4] else 0)
    return None if whole is None else whole + fraction


def _hours_and_minutes(text: str) -> Decimal | None:
    """Seconds of h:mm."""
    match = SHORT_CLOCK.fullmatch(text)
    return match and _sum(match[1], match[2], match[3] or "", True)


def _worded(text: str, decimal_mark: str) -> Decimal | None:
    """Seconds of 1h 2m 3s, hh:mm'ss, m'ss, h:mm:ss or plain seconds."""
    match = WORDED.fullmatch(text)
    if match and any(match.groups()):
        return _sum(*(part or "" for part in match.groups()), False)
    match = QUOTED_CLOCK.fullmatch(text)
    if match:
        return _sum(match[1] or "", match[2], match[3], True)
    if ":" in text:
        return _clock(text, decimal_mark)
    return to_decimal(text, decimal_mark)


def _packed(text: str, unit: str) -> Decimal | None:
    """Seconds of digits without anything between them; leading zeros may lack."""
    digits = text.zfill(len(unit)) if text.isascii() and text.isdecimal() else ""
    match = PACKED[unit].fullmatch(digits)
    whole = match and _sum(match[1] or "0", match[2], match[3], True)
    if whole is None:
        return None
    return whole + int(match[4] or 0) * (Decimal("0.01") if unit != "hmmt" else 6)


def volume_reader(decimal_mark: str) -> Reader:
    """The reader of bytes: blank is 0, negative is none."""

    def read(text: str) -> int | None:
        """Whole bytes, half up."""
        value = to_decimal(text, decimal_mark) if text else Decimal(0)
        if value is None or not 0 <= value <= MAX_BYTES:
            return None
        return round_decimal(value, "half_up")

    return read


def amount_reader(decimal_mark: str, sign: int) -> Reader:
    """The reader of amounts in nano units (10^-9): exact, so 9 decimals at most.

    Blank is none: ask for the blanks beforehand. Currency signs are left out.
    Thousands separators are refused: they cannot be told from a decimal mark.
    """

    def read(text: str) -> int | None:
        """Nano units."""
        value = to_decimal(text.strip(CURRENCY_SIGNS), decimal_mark)
        nano = None if value is None else EXACT.multiply(value, Decimal(NANO * sign))
        if nano is None or nano != nano.to_integral_value() or abs(nano) > MAX_NANO:
            return None
        return int(nano)

    return read


def to_decimal(text: str, decimal_mark: str) -> Decimal | None:
    """The number that a text is, exactly; None where it is none."""
    if decimal_mark != ".":
        if "." in text:
            return None
        text = text.replace(decimal_mark, ".")
    match = NUMBER.fullmatch(text)
    if not match or not (match[2] or match[3]):
        return None
    return Decimal(text)


def json_number(text: str, decimal_mark: str, is_share: bool = False) -> str | None:
    """A number as JSON writes it, digit by digit; None where it is none.

    :param is_share: may be in percent, 10 % is 0.1
    """
    text = text.strip(CURRENCY_SIGNS)
    in_percent = is_share and text.endswith("%")
    if in_percent:
        text = text[:-1].rstrip(CURRENCY_SIGNS)
    value = to_decimal(text, decimal_mark)
    if value is None:
        return None
    return f"{EXACT.scaleb(value, -2) if in_percent else value:f}"


def round_decimal(value: Decimal, rounding: str) -> int:
    """A number from 0 on as a whole one: up, half_up or down."""
    if rounding == "half_up":
        value = EXACT.add(value, Decimal("0.5"))
    whole = int(value)
    return whole + (rounding == "up" and value > whole)

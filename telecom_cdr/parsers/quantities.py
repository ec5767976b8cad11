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

    :param unit: seconds, minutes (decimal) or hms (h:mm:ss, mm:ss)
    :param rounding: up, half_up, down: of fractions of a second
    """

    factor = Decimal(SIXTY if unit == "minutes" else 1)

    def read(text: str) -> int | None:
        """Whole seconds."""
        if not text:
            return 0
        value = _clock(text, decimal_mark) if unit == "hms" else None
        if unit != "hms":
            value = to_decimal(text, decimal_mark)
        if value is None or value < 0:
            return None
        seconds = round_decimal(EXACT.multiply(value, factor), rounding)
        return seconds if seconds <= MAX_SECONDS else None

    return read


def _clock(text: str, decimal_mark: str) -> Decimal | None:
    """Seconds of h:mm:ss or mm:ss; minutes and seconds below 60 behind a colon."""
    match = CLOCK.fullmatch(text.replace(decimal_mark, "."))
    if not match:
        return None
    hours, minutes, seconds, fraction = match.groups()
    if int(seconds) >= SIXTY or (hours is not None and int(minutes) >= SIXTY):
        return None
    whole = (int(hours or 0) * SIXTY + int(minutes)) * SIXTY + int(seconds)
    return whole + Decimal(f"0{fraction}" if fraction else 0)


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

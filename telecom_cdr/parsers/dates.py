# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Dates and times, whole columns at once.

Strict where the C library is not: 31 February does not roll over, month names are
English whatever the locale. Lenient where files are: leading zeros may be missing.
Texts become a matrix of characters; each piece of a pattern is read from all rows
together, every row at a place of its own.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .exceptions import FormatError

EPOCH = "epoch"
MONTHS = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
MAX_WIDTH = 48
FIRST_YEAR, LAST_YEAR = 1970, 2199
# strptime's own rule (POSIX): two digits from 69 on are of the last century.
CENTURY_PIVOT = 69
NUMBERS = {  # piece of a pattern -> (name, fewest digits, most digits, least, most)
    "Y": ("year", 4, 4, FIRST_YEAR, LAST_YEAR),
    "y": ("short_year", 2, 2, 0, 99),
    "m": ("month", 1, 2, 1, 12),
    "d": ("day", 1, 2, 1, 31),
    "H": ("hour", 1, 2, 0, 23),
    "I": ("half_hour", 1, 2, 1, 12),
    "M": ("minute", 1, 2, 0, 59),
    "S": ("second", 1, 2, 0, 59),
    "f": ("fraction", 1, 9, 0, 10**9),
}
WORDS = {"b": "month", "p": "afternoon", "z": "offset"}
LETTER = 1 << 21  # more than any character
YEAR_NAMES = {"year", "short_year"}
EPOCH_TEXT = re.compile(r"(\d{1,11})(?:\.\d*)?|(\d{13})|(\d{16})")
EPOCH_UNITS = (1, 1_000, 1_000_000)

NO_OFFSET = np.iinfo(np.int64).min

Piece = tuple[str, str]  # (kind: number|word|blank|literal, what)


@dataclass
class Reading:
    """Texts under way: where each row's cursor is, what was read, which rows hold.

    :ivar codes: (rows, width) int32, the characters, 0 behind the last
    :ivar at: (rows,) int64, the cursors
    :ivar holds: (rows,) bool, whether all of the pattern so far was there
    :ivar found: name -> (rows,) int64
    """

    codes: np.ndarray
    at: np.ndarray
    holds: np.ndarray
    found: dict[str, np.ndarray] = field(default_factory=dict)

    def here(self) -> np.ndarray:
        """The character under each cursor."""
        return self.codes[np.arange(len(self.at)), self.at]

    def move(self, rows: np.ndarray | int) -> None:
        """Move the cursors on, by one where `rows` is true."""
        self.at = np.minimum(self.at + rows, self.codes.shape[1] - 1)


def compile_pattern(key: str, pattern: str) -> tuple[Piece, ...]:
    """The pieces of a strptime pattern.

    :param key: what to name in the error
    :raises FormatError: unknown directive, or no full date in it
    """
    if not isinstance(pattern, str):
        raise FormatError(key, pattern, "a date pattern as text")
    pieces = tuple(_pieces(key, pattern.strip()))
    names = {NUMBERS[what][0] for kind, what in pieces if kind == "number"}
    names |= {WORDS[what] for kind, what in pieces if kind == "word"}
    if not {"day", "month"} <= names or not names & YEAR_NAMES:
        raise FormatError(key, pattern, "a pattern with year, month and day")
    if "half_hour" in names and "afternoon" not in names:
        raise FormatError(key, pattern, "%p beside %I")
    return pieces


def _pieces(key: str, pattern: str) -> list[Piece]:
    """Pattern text -> pieces."""
    pieces: list[Piece] = []
    for text in re.findall(r"%.?|\s+|.", pattern, re.DOTALL):
        what = text[1:]
        if text[0] == "%" and what == "%":
            pieces.append(("literal", "%"))
        elif text[0] == "%":
            pieces.append((_directive(key, what), what))
        else:
            pieces.append(("blank", " ") if text.isspace() else ("literal", text))
    return pieces


def _directive(key: str, what: str) -> str:
    """The kind of a directive; FormatError where it is not known."""
    if what in NUMBERS:
        return "number"
    if what in WORDS:
        return "word"
    known = ", ".join(f"%{name}" for name in (*NUMBERS, *WORDS))
    raise FormatError(key, f"%{what}", "one of %(known)s", known=known)


def parse_dates(
    texts: Sequence[str], patterns: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Texts -> times, each by the first pattern that fits it.

    :param texts: stripped
    :param patterns: strptime patterns or "epoch"
    :return: datetime64[s] as written (NaT where nothing fits), bool whether it fits,
        int64 seconds east of UTC that the text itself states (0 for epochs),
        NO_OFFSET where it states none
    """
    seconds = np.zeros(len(texts), np.int64)
    offsets = np.full(len(texts), NO_OFFSET, np.int64)
    fits = np.zeros(len(texts), bool)
    array = np.array(texts, dtype=object)
    for pattern in patterns:
        left = np.flatnonzero(~fits)
        if not len(left):
            break
        found, good, shift = _parse_one(array[left].tolist(), pattern)
        chosen = left[good]
        seconds[chosen], offsets[chosen] = found[good], shift[good]
        fits[chosen] = True
    times = seconds.astype("datetime64[s]")
    times[~fits] = np.datetime64("NaT")
    return times, fits, offsets


def _parse_one(
    texts: list[str], pattern: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Epoch seconds, whether they fit, offsets: by one pattern."""
    if pattern == EPOCH:
        return _parse_epochs(texts)
    codes = _codes(texts)
    start = np.zeros(len(texts), np.int64)
    reading = Reading(codes, start, np.ones(len(texts), bool))
    for kind, what in compile_pattern("date_formats", pattern):
        READERS[kind](reading, what)
    reading.holds &= reading.here() == 0
    seconds = _assemble(reading)
    offset = reading.found.get("offset", np.full(len(texts), NO_OFFSET, np.int64))
    return seconds, reading.holds, offset


def _codes(texts: list[str]) -> np.ndarray:
    """Characters of the texts, as a matrix that ends in a column of zeros."""
    width = min(max(map(len, texts), default=0), MAX_WIDTH) + 1
    array = np.array(texts, dtype=f"U{width}")
    codes = np.zeros((len(texts), width + 1), np.int32)
    codes[:, :width] = array.view(np.int32).reshape(len(texts), width)
    return codes


def _read_number(reading: Reading, what: str) -> None:
    """A number of so many digits and in its bounds."""
    name, fewest, most, least, greatest = NUMBERS[what]
    value = np.zeros(len(reading.at), np.int64)
    going = reading.holds.copy()
    for position in range(most):
        digit = reading.here() - ord("0")
        going &= (digit >= 0) & (digit <= 9)  # noqa: PLR2004
        if position < fewest:
            reading.holds &= going
        value = np.where(going, value * 10 + digit, value)
        reading.move(going)
    reading.holds &= (value >= least) & (value <= greatest)
    reading.found[name] = value


def _read_literal(reading: Reading, what: str) -> None:
    """One character, without case."""
    here = reading.here()
    same = (here == ord(what.lower())) | (here == ord(what.upper()))
    reading.holds &= same
    reading.move(same)


def _read_blank(reading: Reading, _what: str) -> None:
    """One blank or several."""
    blank = reading.here() == ord(" ")
    reading.holds &= blank
    while blank.any():
        reading.move(blank)
        blank = reading.here() == ord(" ")


def _read_word(reading: Reading, what: str) -> None:
    """A month's name, AM or PM, an offset."""
    {"b": _read_month, "p": _read_afternoon, "z": _read_offset}[what](reading)


def _letters(reading: Reading, count: int) -> np.ndarray:
    """The next letters in lower case, packed into one number a row."""
    packed = np.zeros(len(reading.at), np.int64)
    for _ in range(count):
        packed = packed * LETTER + (reading.here() | 0x20)
        reading.move(1)
    return packed


def _pack(word: str) -> int:
    """A word as `_letters` packs it."""
    packed = 0
    for letter in word:
        packed = packed * LETTER + ord(letter)
    return packed


def _read_month(reading: Reading) -> None:
    """Three letters of an English month."""
    packed = _letters(reading, 3)
    month = np.zeros(len(packed), np.int64)
    for number, name in enumerate(MONTHS, 1):
        month[packed == _pack(name)] = number
    reading.holds &= month > 0
    reading.found["month"] = month


def _read_afternoon(reading: Reading) -> None:
    """AM or PM."""
    packed = _letters(reading, 2)
    afternoon = packed == _pack("pm")
    reading.holds &= afternoon | (packed == _pack("am"))
    reading.found["afternoon"] = afternoon.astype(np.int64)


def _read_offset(reading: Reading) -> None:
    """Z, or a sign with hours and perhaps minutes: +02, +0200, +02:00."""
    first = reading.here()
    zulu = (first | 0x20) == ord("z")
    minus = first == ord("-")
    reading.holds &= zulu | minus | (first == ord("+"))
    reading.move(1)
    hours = _two_digits(reading, ~zulu)
    reading.move(reading.here() == ord(":"))
    minutes = _two_digits(reading, ~zulu & (reading.here() != 0))
    offset = hours * 3600 + minutes * 60
    reading.holds &= (offset <= 15 * 3600) & (minutes < 60)  # noqa: PLR2004
    reading.found["offset"] = np.where(minus, -offset, offset)


def _two_digits(reading: Reading, rows: np.ndarray) -> np.ndarray:
    """Two digits in the rows that are asked, 0 in the others."""
    value = np.zeros(len(rows), np.int64)
    for _ in range(2):
        digit = reading.here() - ord("0")
        reading.holds &= ~rows | ((digit >= 0) & (digit <= 9))  # noqa: PLR2004
        value = np.where(rows, value * 10 + digit, 0)
        reading.move(rows)
    return value


READERS: dict[str, Callable[[Reading, str], None]] = {
    "number": _read_number,
    "literal": _read_literal,
    "blank": _read_blank,
    "word": _read_word,
}


def _assemble(reading: Reading) -> np.ndarray:
    """Epoch seconds of what was read; rows whose day does not exist stop holding."""
    found = reading.found
    zero = np.zeros(len(reading.at), np.int64)
    year = _year(found)
    reading.holds &= year >= FIRST_YEAR
    months = np.where(reading.holds, (year - 1970) * 12 + found["month"] - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]")
    day = found["day"] - 1
    reading.holds &= first + day < after.astype(np.int64)
    clock = _hour(found, zero) * 3600 + found.get("minute", zero) * 60
    return (first + day) * 86_400 + clock + found.get("second", zero)


def _year(found: dict[str, np.ndarray]) -> np.ndarray:
    """The full year."""
    if "year" in found:
        return found["year"]
    short = found["short_year"]
    return short + np.where(short < CENTURY_PIVOT, 2000, 1900)


def _hour(found: dict[str, np.ndarray], zero: np.ndarray) -> np.ndarray:
    """The hour of 24."""
    if "half_hour" in found:
        return found["half_hour"] % 12 + 12 * found["afternoon"]
    return found.get("hour", zero)


def _parse_epochs(texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seconds, milliseconds (13 digits) or microseconds (16) since 1970.

    0 is no time: switches write it for what never happened.
    """
    seconds = np.zeros(len(texts), np.int64)
    for index, text in enumerate(texts):
        match = EPOCH_TEXT.fullmatch(text)
        if match and text.isascii():
            seconds[index] = (
                int(match[match.lastindex]) // EPOCH_UNITS[match.lastindex - 1]
            )
    bound = (LAST_YEAR - 1969) * 31_556_952
    fits = (seconds > 0) & (seconds < bound)
    return seconds, fits, np.zeros(len(texts), np.int64)

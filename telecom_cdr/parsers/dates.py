# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Dates and times, whole columns at once.

Strict where the C library is not: 31 February does not roll over, month names are
English whatever the locale. Lenient where files are: leading zeros may be missing.
Texts become a matrix of characters; each piece of a pattern is read from all rows
together, every row at a place of its own.

Beside the directives of strptime: %p takes a and p alone, too, %P the same or nothing
(which is AM), %Z the zones of e-mails and of Europe. A pattern may lack the year: it is
the latest that gives no day after the file's.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from .exceptions import FormatError

EPOCH, GREGORIAN = "epoch", "gregorian"
# Patterns that are a word: what the whole text is a number of.
COUNTED = (EPOCH, GREGORIAN)
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
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
# Those that mean one offset wherever they are written: RFC 5322, and Europe's.
ZONE_HOURS = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1,
    "cest": 2, "eet": 2, "eest": 3, "est": -5, "edt": -4, "cst": -6, "cdt": -5,
    "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip
MAX_WORD = 10  # letters, of wednesday and september and what is longer than a zone
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
WORDS = {
    "a": "weekday",
    "A": "weekday",
    "b": "month",
    "B": "month",
    "p": "afternoon",
    "P": "afternoon",
    "z": "offset",
    "Z": "offset",
}
LETTER = 1 << 21  # more than any character
EPOCH_TEXT = re.compile(r"(\d{1,11})(?:\.\d*)?|(\d{13})|(\d{16})")
EPOCH_UNITS = (1, 1_000, 1_000_000)
# Seconds from the year 0 to 1970: Kazoo, and all that is written in Erlang, counts so.
GREGORIAN_SECONDS = 62_167_219_200
GREGORIAN_TEXT = re.compile(r"(\d{11,12})(?:\.\d*)?", re.ASCII)

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
    if not {"day", "month"} <= names:
        raise FormatError(key, pattern, "a pattern with month and day")
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


def has_year(pattern: str) -> bool:
    """Whether a pattern (a good one) says the year."""
    return pattern in COUNTED or bool(re.search(r"(?<!%)(?:%%)*%[yY]", pattern))


def parse_dates(
    texts: Sequence[str], patterns: Sequence[str], file_date: date | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Texts -> times, each by the first pattern that fits it.

    :param texts: stripped
    :param patterns: strptime patterns, "epoch" or "gregorian"
    :param file_date: when the texts came, for patterns without a year: the day after
        it is the last that a text can mean (clocks differ); None: these fit nothing
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
        found, good, shift = _parse_one(array[left].tolist(), pattern, file_date)
        chosen = left[good]
        seconds[chosen], offsets[chosen] = found[good], shift[good]
        fits[chosen] = True
    times = seconds.astype("datetime64[s]")
    times[~fits] = np.datetime64("NaT")
    return times, fits, offsets


def _parse_one(
    texts: list[str], pattern: str, file_date: date | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Epoch seconds, whether they fit, offsets: by one pattern."""
    if pattern in COUNTED:
        return _parse_epochs(texts) if pattern == EPOCH else _parse_gregorian(texts)
    codes = _codes(texts)
    start = np.zeros(len(texts), np.int64)
    reading = Reading(codes, start, np.ones(len(texts), bool))
    for kind, what in compile_pattern("date_formats", pattern):
        READERS[kind](reading, what)
    reading.holds &= reading.here() == 0
    seconds = _assemble(reading, file_date)
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
    """The name of a month, a day or a zone, AM or PM, an offset."""
    WORD_READERS[what](reading)


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


def _is_letter(reading: Reading) -> np.ndarray:
    """Whether a letter from a to z is under each cursor."""
    letter = reading.here() | 0x20
    return (letter >= ord("a")) & (letter <= ord("z"))


def _read_named(names: Sequence[str], name: str, is_long: bool) -> Callable:
    """The reader of three letters of an English name, or of all of them."""

    def read(reading: Reading) -> None:
        """The name's place, from 1; what follows the third letter is not compared."""
        packed = _letters(reading, 3)
        found = np.zeros(len(packed), np.int64)
        for number, word in enumerate(names, 1):
            found[packed == _pack(word)] = number
        reading.holds &= found > 0
        reading.found[name] = found
        for _ in range(MAX_WORD if is_long else 0):
            reading.move(_is_letter(reading))

    return read


def _read_afternoon(reading: Reading) -> None:
    """AM or PM, or their first letters."""
    _read_some_afternoon(reading)
    reading.holds &= reading.found["afternoon"] >= 0


def _read_some_afternoon(reading: Reading) -> None:
    """AM or PM, or their first letters, or nothing: -1, which counts as AM."""
    letter = reading.here() | 0x20
    is_after, is_before = letter == ord("p"), letter == ord("a")
    reading.move(is_after | is_before)
    reading.move((is_after | is_before) & ((reading.here() | 0x20) == ord("m")))
    found = np.where(is_after, 1, np.where(is_before, 0, -1))
    reading.found["afternoon"] = found


def _read_zone(reading: Reading) -> None:
    """The abbreviation of a zone that is the same everywhere: UTC, PST, CEST."""
    packed = np.zeros(len(reading.at), np.int64)
    for _ in range(max(map(len, ZONE_HOURS)) + 1):
        rows = _is_letter(reading)
        packed = np.where(rows, packed * 32 + (reading.here() & 0x1F), packed)
        reading.move(rows)
    offset = np.full(len(packed), NO_OFFSET, np.int64)
    for word, hours in ZONE_HOURS.items():
        code = 0
        for letter in word:
            code = code * 32 + (ord(letter) & 0x1F)
        offset[packed == code] = hours * 3600
    reading.holds &= offset != NO_OFFSET
    reading.found["offset"] = offset


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


WORD_READERS: dict[str, Callable[[Reading], None]] = {
    "a": _read_named(WEEKDAYS, "weekday", False),
    "A": _read_named(WEEKDAYS, "weekday", True),
    "b": _read_named(MONTHS, "month", False),
    "B": _read_named(MONTHS, "month", True),
    "p": _read_afternoon,
    "P": _read_some_afternoon,
    "z": _read_offset,
    "Z": _read_zone,
}
READERS: dict[str, Callable[[Reading, str], None]] = {
    "number": _read_number,
    "literal": _read_literal,
    "blank": _read_blank,
    "word": _read_word,
}


def _assemble(reading: Reading, file_date: date | None) -> np.ndarray:
    """Epoch seconds of what was read; rows whose day does not exist stop holding."""
    found = reading.found
    zero = np.zeros(len(reading.at), np.int64)
    year = _year(found, file_date)
    reading.holds &= year >= FIRST_YEAR
    months = np.where(reading.holds, (year - 1970) * 12 + found["month"] - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]")
    day = found["day"] - 1
    reading.holds &= first + day < after.astype(np.int64)
    clock = _hour(found, zero) * 3600 + found.get("minute", zero) * 60
    return (first + day) * 86_400 + clock + found.get("second", zero)


def _year(found: dict[str, np.ndarray], file_date: date | None) -> np.ndarray:
    """The full year; 0 where nothing tells it."""
    if "year" in found:
        return found["year"]
    if "short_year" in found:
        short = found["short_year"]
        return short + np.where(short < CENTURY_PIVOT, 2000, 1900)
    if file_date is None:
        return np.zeros(len(found["month"]), np.int64)
    return _missing_year(found["month"], found["day"], file_date)


def _missing_year(month: np.ndarray, day: np.ndarray, file_date: date) -> np.ndarray:
    """The latest year in which a day is not after the file's next one.

    A record of 31 December that is read in January belongs to the year before.
    """
    last = file_date + timedelta(days=1)
    is_later = month * 32 + day > last.month * 32 + last.day
    year = last.year - is_later.astype(np.int64)
    is_leap_day = (month == 2) & (day == 29)  # noqa: PLR2004
    while True:
        is_wrong = is_leap_day & ~_is_leap(year)
        if not is_wrong.any():
            return year
        year = year - is_wrong


def _is_leap(year: np.ndarray) -> np.ndarray:
    """Whether a year has a 29 February."""
    return (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))


def _hour(found: dict[str, np.ndarray], zero: np.ndarray) -> np.ndarray:
    """The hour of 24."""
    if "half_hour" in found:
        return found["half_hour"] % 12 + 12 * (found["afternoon"] > 0)
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
    return seconds, _are_in_bounds(seconds), np.zeros(len(texts), np.int64)


def _parse_gregorian(texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seconds since the year 0."""
    matches = map(GREGORIAN_TEXT.fullmatch, texts)
    counts = [int(match[1]) if match else 0 for match in matches]
    seconds = np.array(counts, np.int64) - GREGORIAN_SECONDS
    return seconds, _are_in_bounds(seconds), np.zeros(len(texts), np.int64)


def _are_in_bounds(seconds: np.ndarray) -> np.ndarray:
    """Which epoch seconds are times: after 1970 began, up to the last year."""
    return (seconds > 0) & (seconds < (LAST_YEAR - 1969) * 31_556_952)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Cells of a carrier's rate sheet -> prices, increments, dates, states.

Readers take a stripped text and give a value, None for a blank, or a `Problem`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ..quantities import EXACT, NANO, to_decimal
from .columns import CURRENCY, currency_of
from .prefixes import Problem

Reader = Callable[[str], Any]

MAX_PRICE_TEXT = 60
MAX_SECONDS = 86_400
# What a rate may hold; with nine decimals.
MAX_NANO = 100_000_000 * NANO
NOTHING = frozenset(
    ("", "-", "--", "\u2013", "\u2014", "n/a", "na", "none", "null", "#n/a")
)
BLOCKED_WORDS = (
    r"blocked|closed|barred|suspended|no service|not (?:allowed|available|offered|"
    r"supported)|unavailable|bloquead[oa]|cerrad[oa]|prohibid[oa]|sin servicio|"
    r"gesperrt|bloqué|block"
)
DELETED_WORDS = (
    r"deleted?|removed?|discontinued|withdrawn|ended|expired|inactive|eliminad[oa]|"
    r"borrad[oa]|(?:de )?baja|inactiv[oa]|gelöscht|supprimée?"
)
STATE = (
    r"(?i)(?:(?:codes?|rate|destination|breakout) (?:is )?)?(?:{})"
    r"(?:[ ,:(]+(?:codes?|destinations?|rates?|breakouts?|on|from|since|as of|"
    r"effective|desde|el|until|hasta)\b.*)?[.!)]*"
)
BLOCKED = re.compile(STATE.format(BLOCKED_WORDS))
DELETED = re.compile(STATE.format(DELETED_WORDS))
YES = frozenset(("true", "yes", "y", "si", "sí", "1", "x", "s", "ja", "oui"))
PER_CALL = re.compile(r"(?i)\s*(?:/|\b(?:per|por)\b)\s*(?:min(?:ute|uto)?|call)\b\.?")
PAIR = re.compile(
    r"(?i)(\d{1,6})\s*(?:s|secs?|seg|\"|'')?\s*[-/+:;,x]\s*(\d{1,6})"
    r"\s*(?:s|secs?|seg|seconds|segundos|\"|'')?",
    re.ASCII,
)
SINGLE = re.compile(
    r"(?i)(\d{1,6})(?:[.,]0+)?\s*(?:s|secs?|seg|seconds?|segundos?|\"|'')?", re.ASCII
)
SPREAD_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
WORD_STEPS = (
    (
        re.compile(r"(?i)(?:per|por|par|pro)[ -]?(?:s|sec|second|segundo|seg)\w*"),
        (1, 1),
    ),
    (re.compile(r"(?i)(?:per|por|par|pro)[ -]?(?:m|min|minut)\w*"), (60, 60)),
)
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene janv", "feb fev fév", "mar mär mrz", "apr abr avr",
            "may mai mag maj", "jun juin giu", "jul juil lug", "aug ago aoû aou",
            "sep set", "oct okt out ott", "nov", "dec dic déc dez",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
DATE = re.compile(
    r"(\d{1,4}|[a-z]{3})[-/. ]+(\d{1,2}|[a-z]{3})[-/. ]+(\d{4}|\d{1,2})"
    r"(?:[ t]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*([ap])?\.?m?\.?)?",
    re.ASCII,
)
COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)", re.ASCII)
SERIAL = re.compile(r"([2-9]\d{4})(?:\.(\d+))?", re.ASCII)
SERIAL_ORIGIN = datetime(1899, 12, 30)  # noqa: DTZ001
AT_ONCE = re.compile(r"(?i)asap|immediate(?:ly)?|inmediat[oa]|now|ya|sofort|ahora")
UTC = re.compile(r"(?i)\s*\(?\b(?:utc|gmt)\b(?:\s*\+?0+(?::?00)?)?\)?\s*$|(?<=\d)z$")
ORDERS = ("dmy", "mdy", "ymd")
FIRST_YEAR, LAST_YEAR = 1990, 2199
CENTURY = 2000
EXPECTED_DATE = "a date such as 2026-12-31, 31/12/2026 or 31-Dec-2026"


@dataclass(frozen=True)
class Price:
    """A price as it is written.

    :ivar nano: 10^-9 of the currency, None where it only says that it is blocked
    :ivar currency: code, where it is written beside the number
    :ivar is_blocked: written in place of the number
    :ivar is_rounded: it had more than nine decimals
    """

    nano: int | None
    currency: str = ""
    is_blocked: bool = False
    is_rounded: bool = False


def is_nothing(text: str) -> bool:
    """Whether a cell only says that there is nothing in it."""
    return text.casefold() in NOTHING


def price_reader(
    reason: str, decimal_mark: str, implied: int, factor: Decimal
) -> Reader:
    """The reader of prices.

    :param reason: for problems: the field
    :param decimal_mark: "." or ","
    :param implied: decimals of numbers that have no mark (then none may have one)
    :param factor: what is written times this is the price
    """
    places = Decimal(1).scaleb(-implied)

    def read(text: str) -> Price | Problem | None:
        """A price; None for a blank."""
        if is_nothing(text):
            return None
        if BLOCKED.fullmatch(text):
            return Price(None, is_blocked=True)
        bare = PER_CALL.sub("", text)[: MAX_PRICE_TEXT + 1]
        currency = currency_of(bare)
        number = CURRENCY.sub("", bare) if currency else bare
        value = to_number(number.strip(), decimal_mark)
        if implied and value is not None and not _is_whole_text(number):
            expected = "digits alone, the last %(count)s being decimals"
            return Problem(reason, text[:100], expected, {"count": implied})
        if value is None:
            return Problem(reason, text[:100], *expected_amount(decimal_mark))
        return _priced(reason, text, EXACT.multiply(value, factor * places), currency)

    return read


def expected_amount(decimal_mark: str) -> tuple[str, dict[str, str]]:
    """What is expected where a price is, with its values."""
    return "an amount such as %(example)s", {"example": f"0{decimal_mark}05"}


def _priced(reason: str, text: str, value: Decimal, currency: str) -> "Price | Problem":
    """A price of a number; what is finer than nine decimals is rounded."""
    scaled = EXACT.multiply(value, Decimal(NANO))
    nano = int(EXACT.add(abs(scaled), Decimal("0.5")))
    if nano > MAX_NANO:
        return Problem(reason, text[:100], "an amount of at most 100,000,000")
    is_rounded = scaled != scaled.to_integral_value()
    return Price(-nano if scaled < 0 else nano, currency, is_rounded=is_rounded)


def _is_whole_text(text: str) -> bool:
    """Whether a text has no decimal mark."""
    return not re.search(r"[.,]", text)


def to_number(text: str, mark: str) -> Decimal | None:
    """The number that a text is, None where it is none or could be two.

    The mark of the sheet is the decimal one; the other parts thousands, in threes. A
    lone other mark can only be a decimal one where it does not stand before just three
    digits, or stands behind a 0.
    """
    text = text.replace("\xa0", "").replace("\u202f", "").replace(" ", "")
    is_negative = text.startswith("(") and text.endswith(")")
    text = text[1:-1] if is_negative else text
    other = "," if mark == "." else "."
    if other in text:
        text = _without_other(text, mark, other)
    value = to_decimal(text.replace(mark, "."), ".") if text else None
    return -value if value is not None and is_negative else value


def _without_other(text: str, mark: str, other: str) -> str:
    """A number without marks of thousands, "" where these make no sense."""
    whole, _, decimals = text.partition(mark)
    parts = whole.split(other)
    digits = parts[0].lstrip("+-")
    is_thousands = all(re.fullmatch(r"[0-9]{3}", part) for part in parts[1:])
    if other in decimals:
        return ""
    if mark in text or len(parts) > 2:  # noqa: PLR2004
        is_thousands &= bool(re.fullmatch(r"[1-9][0-9]{0,2}", digits))
        return text.replace(other, "") if is_thousands else ""
    if is_thousands and digits.strip("0"):
        return ""
    return text.replace(other, mark)


def find_decimal_mark(texts: Iterable[str]) -> str:
    """The decimal mark of most numbers that leave no doubt."""
    count = {".": 0, ",": 0}
    doubtful = {".": 0, ",": 0}
    for text in texts:
        marks = re.findall(r"[.,]", text)
        if not marks:
            continue
        clear = len(set(marks)) == 2 or re.search(  # noqa: PLR2004
            r"(?<![0-9])0[.,]|(?<![0-9])[.,][0-9]|[.,](?![0-9]{3}(?![0-9]))", text
        )
        (count if clear else doubtful)[marks[-1]] += 1
    for numbers in (count, doubtful):
        if numbers["."] != numbers[","]:
            return "." if numbers["."] > numbers[","] else ","
    return "."


def read_steps(text: str) -> tuple[int, int] | Problem | None:
    """First and next increment: 60/60, 60+1, 1, per second."""
    if is_nothing(text):
        return None
    if match := PAIR.fullmatch(text):
        return _steps(text, int(match[1]), int(match[2]))
    if match := SINGLE.fullmatch(text):
        return _steps(text, int(match[1]), int(match[1]))
    if match := SPREAD_DAY.fullmatch(text):
        return _steps_of_day(text, int(match[2]), int(match[3]))
    found = (steps for pattern, steps in WORD_STEPS if pattern.fullmatch(text))
    expected = "increments in seconds such as 60/60 or 1/1"
    return next(found, Problem("increment", text[:100], expected))


def _steps_of_day(text: str, month: int, day: int) -> tuple[int, int] | Problem:
    """Increments that a spreadsheet took for a day; which is first is not told."""
    if month == day:
        return (day, day)
    expected = "increments such as 60/60 (the spreadsheet made a date of them)"
    return Problem("increment", text, expected)


def _steps(text: str, initial: int, increment: int) -> tuple[int, int] | Problem:
    """Increments, checked."""
    if not 1 <= increment <= MAX_SECONDS or initial > MAX_SECONDS:
        expected = "a next increment from 1 to %(most)s seconds"
        return Problem("increment", text[:100], expected, {"most": MAX_SECONDS})
    return (initial, increment)


def seconds_reader(reason: str, least: int) -> Reader:
    """The reader of seconds.

    :param reason: for problems: the field
    :param least: the smallest that is allowed
    """

    def read(text: str) -> int | Problem | None:
        """Seconds; None for a blank."""
        if is_nothing(text):
            return None
        match = SINGLE.fullmatch(text)
        if not match or not least <= int(match[1]) <= MAX_SECONDS:
            expected = "whole seconds from %(least)s to %(most)s"
            values = {"least": least, "most": MAX_SECONDS}
            return Problem(reason, text[:100], expected, values)
        return int(match[1])

    return read


def plain_date(text: str) -> str:
    """A date in lower case, with months of three letters, without words between."""
    text = UTC.sub("", text.strip()).casefold()
    text = re.sub(r"(?<=\d)(?:st|nd|rd|th|º|°)\b|,", " ", text)
    text = re.sub(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", " ", text)
    text = re.sub(r"\b(?:de|del|of|at|a las)\b", " ", text)
    text = re.sub(r"(?<=\d)t(?=\d)", " ", text)
    text = re.sub(r"[^\W\d_]+\.?", _short_month, text)
    return " ".join(text.split())


def _short_month(match: re.Match[str]) -> str:
    """A month's name in three English letters, any other word as it is."""
    word = match[0].rstrip(".")
    for size in (4, 3):
        number = MONTHS.get(word[:size])
        if number and len(word) >= 3:  # noqa: PLR2004
            return ENGLISH[number - 1]
    return match[0]


ENGLISH = [
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


def find_date_order(texts: Iterable[str]) -> tuple[str, bool]:
    """Whether days or months stand first, and whether the texts leave that open.

    Conflicting dates leave it open as well.
    """
    seen = set()
    for text in texts:
        match = DATE.fullmatch(plain_date(text))
        if match and len(match[1]) <= 2 and match[1].isdigit() and match[2].isdigit():  # noqa: PLR2004
            first, second = int(match[1]), int(match[2])
            seen.add("dmy" if first > 12 else "mdy" if second > 12 else "")  # noqa: PLR2004
    clear = seen - {""}
    if len(clear) == 1:
        return clear.pop(), False
    return "dmy", bool(seen)


def date_reader(reason: str, order: str, is_open: bool = False) -> Reader:
    """The reader of dates.

    :param reason: for problems: the field
    :param order: "dmy", "mdy" or "ymd" (of dates whose year has two digits)
    :param is_open: the sheet has dates of either order: refuse what may be both
    """

    def read(text: str) -> datetime | Problem | None:
        """A date as written; None for a blank or "at once"."""
        if is_nothing(text) or AT_ONCE.fullmatch(text):
            return None
        plain = plain_date(text)
        if match := COMPACT.fullmatch(plain):
            found = _moment(match[1], match[2], match[3], (None,) * 4)
        elif match := SERIAL.fullmatch(plain):
            found = SERIAL_ORIGIN + timedelta(
                seconds=round(float(match[0]) * MAX_SECONDS)
            )
        elif match := DATE.fullmatch(plain):
            found = _dated(match, order, is_open)
        else:
            found = None
        return found or Problem(reason, text[:100], EXPECTED_DATE)

    return read


def _dated(match: re.Match[str], order: str, is_open: bool) -> datetime | None:
    """The moment of a matched date."""
    parts = (match[1], match[2], match[3])
    for place in (0, 1):
        if parts[place] in ENGLISH:
            month = str(ENGLISH.index(parts[place]) + 1)
            return _moment(parts[2], month, parts[1 - place], match.groups()[3:])
    if len(parts[0]) == 4 or (order == "ymd" and len(parts[2]) < 3):  # noqa: PLR2004
        return _moment(*parts, match.groups()[3:])
    first, second = int(parts[0]), int(parts[1])
    if is_open and first != second and max(first, second) <= 12:  # noqa: PLR2004
        return None
    is_mdy = second > 12 if is_open else order == "mdy"  # noqa: PLR2004
    month, day = (parts[0], parts[1]) if is_mdy else (parts[1], parts[0])
    return _moment(parts[2], month, day, match.groups()[3:])


def _moment(
    year: str, month: str, day: str, clock: tuple[str | None, ...]
) -> datetime | None:
    """A moment, None where there is no such."""
    try:
        hour, minute, second = (int(part or 0) for part in clock[:3])
        if clock[3]:
            if not 1 <= hour <= 12:  # noqa: PLR2004
                return None
            hour = hour % 12 + (12 if clock[3] == "p" else 0)
        full = int(year) + (CENTURY if len(year) <= 2 else 0)  # noqa: PLR2004
        found = datetime(full, int(month), int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
    return found if FIRST_YEAR <= full <= LAST_YEAR else None


def end_of(moment: datetime, is_inclusive: bool) -> datetime:
    """The first moment after an end: of a day without time, of 23:59 or 23:59:59."""
    if not is_inclusive:
        return moment
    if (moment.hour, moment.minute) == (0, 0) and not moment.second:
        return moment + timedelta(days=1)
    if (moment.hour, moment.minute) == (23, 59):
        return datetime(moment.year, moment.month, moment.day) + timedelta(days=1)  # noqa: DTZ001
    return moment


def state_of(text: str) -> str:
    """What a cell of a status says: "blocked", "deleted" or ""."""
    if text == "D" or DELETED.fullmatch(text):
        return "deleted"
    return "blocked" if BLOCKED.fullmatch(text) else ""


def flag_of(text: str) -> str:
    """The same for a column that is called "blocked": yes, x, 1 count too."""
    return "blocked" if text.casefold() in YES else state_of(text)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the names of files tell: the day they are for, their number in a sequence."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

# A name that gives a larger number than this gives no number of a sequence.
MAX_DIGITS = 9
MONTHS_OF_YEAR = 12
# Smaller years are written with two digits.
FOUR_DIGITS = 100
TWO_DIGIT_YEARS = 2000


class Sequence(NamedTuple):
    """A number in the name of a file, with the digits that it is written in.

    :ivar number: as an integer
    :ivar width: digits, leading zeros included
    """

    number: int
    width: int


class Gap(NamedTuple):
    """Numbers of a sequence that are not there, both ends included."""

    first: int
    last: int

    def __len__(self) -> int:  # type: ignore[override]
        """How many numbers these are."""
        return self.last - self.first + 1


def check_pattern(pattern: str, rhythm: str) -> str:
    """What a pattern lacks for a rhythm: "syntax", "number", "date" or nothing.

    :param rhythm: "sequence" needs a group (the first, or the one named `number`);
        "daily" and "monthly" need groups named year and month, and a daily one day
    """
    try:
        compiled = re.compile(pattern)
    except re.error:
        return "syntax"
    if rhythm == "sequence":
        return "" if compiled.groups else "number"
    needed = {"year", "month"} | ({"day"} if rhythm == "daily" else set())
    return "" if needed <= compiled.groupindex.keys() else "date"


def sequence_of(name: str, pattern: str) -> Sequence | None:
    """The number in a file's name; None where there is none."""
    match = re.search(pattern, name)
    if not match or not match.re.groups:
        return None
    text = match["number"] if "number" in match.re.groupindex else match[1]
    if not text or not text.isdecimal() or len(text) > MAX_DIGITS:
        return None
    return Sequence(int(text), len(text))


def day_of(name: str, pattern: str) -> date | None:
    """The day that a file's name tells, the first of a month where it tells no day."""
    match = re.search(pattern, name)
    if not match:
        return None
    parts = {"day": "1", **match.groupdict()}
    try:
        year, month, day = (int(parts[part]) for part in ("year", "month", "day"))
        return date(year if year >= FOUR_DIGITS else year + TWO_DIGIT_YEARS, month, day)
    except (KeyError, TypeError, ValueError):
        return None


def gaps(found: Iterable[Sequence]) -> list[Gap]:
    """The numbers between those that were found, in order.

    Where all are written with the same number of digits, and with zeros in front, the
    sequence begins anew behind its last number: 9998, 9999, 0000. The widest gap of
    that circle is what has not come yet, not what is missing.
    """
    found = list(found)
    numbers = sorted({one.number for one in found})
    inner = [
        Gap(before + 1, after - 1)
        for before, after in pairwise(numbers)
        if after - before > 1
    ]
    widths = {one.width for one in found}
    padded = any(len(str(one.number)) < one.width for one in found)
    if not inner or len(widths) != 1 or not padded:
        return inner
    return _of_circle(numbers, inner, 10 ** widths.pop())


def _of_circle(numbers: list[int], inner: list[Gap], size: int) -> list[Gap]:
    """Gaps of a sequence that begins anew after `size` numbers."""
    outer = numbers[0] + size - numbers[-1] - 1
    widest = max(inner, key=len, default=None)
    if widest is None or len(widest) <= outer:
        return inner
    left = [gap for gap in inner if gap != widest]
    if numbers[-1] < size - 1:
        left.append(Gap(numbers[-1] + 1, size - 1))
    if numbers[0]:
        left.append(Gap(0, numbers[0] - 1))
    return sorted(left)


def without(gap: Gap, waived: Iterable[Gap]) -> list[Gap]:
    """What is left of a gap when some of its numbers are not asked for."""
    parts, first = [], gap.first
    for other in sorted(waived):
        if other.last >= first and other.first <= gap.last:
            if other.first > first:
                parts.append(Gap(first, other.first - 1))
            first = other.last + 1
    if first <= gap.last:
        parts.append(Gap(first, gap.last))
    return parts


def periods(first: date, last: date, rhythm: str) -> list[date]:
    """The days from one to another, or the months (their first days)."""
    if rhythm == "daily":
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]
    count = (last.year - first.year) * MONTHS_OF_YEAR + last.month - first.month + 1
    return [month_after(first.replace(day=1), n) for n in range(count)]


def month_after(first: date, count: int) -> date:
    """The first day of the month that comes `count` months later."""
    years, month = divmod(first.month - 1 + count, MONTHS_OF_YEAR)
    return date(first.year + years, month + 1, 1)

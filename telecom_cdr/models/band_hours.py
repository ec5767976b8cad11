# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When bands of time meet, and which hours of a week none of them holds."""

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

DAY = 86_400
WEEK = 7 * DAY
DAYS = range(7)


class Hours(NamedTuple):
    """A line of a band: seconds of the day on weekdays (0: Monday) or on holidays.

    :ivar end: at most `start` where it runs over midnight
    """

    weekdays: tuple[int, ...]
    start: int
    end: int
    on_holidays: bool = False


class Span(NamedTuple):
    """Seconds of the week from Monday on; the end not included."""

    start: int
    end: int


def spans(line: Hours) -> list[Span]:
    """When a line holds; a holiday may be on any day."""
    length = (line.end - line.start) % DAY or DAY
    days = DAYS if line.on_holidays else line.weekdays
    pieces = []
    for day in days:
        start = day * DAY + line.start
        end = start + length
        pieces.append(Span(start, min(end, WEEK)))
        if end > WEEK:
            pieces.append(Span(0, end - WEEK))
    return pieces


def meeting(one: Iterable[Hours], other: Iterable[Hours]) -> tuple[Span, bool] | None:
    """The first hours that two bands both hold, and whether only on holidays."""
    found = []
    for first, second in product(list(one), list(other)):
        on_holidays = first.on_holidays or second.on_holidays
        for left, right in product(spans(first), spans(second)):
            start, end = max(left.start, right.start), min(left.end, right.end)
            if start < end:
                found.append((on_holidays, Span(start, end)))
    if not found:
        return None
    on_holidays, span = min(found)
    return span, on_holidays


def gaps(lines: Iterable[Hours]) -> list[Span]:
    """The hours of an ordinary week that no line holds."""
    held = sorted(s for line in lines if not line.on_holidays for s in spans(line))
    free, reached = [], 0
    for span in held:
        if span.start > reached:
            free.append(Span(reached, span.start))
        reached = max(reached, span.end)
    if reached < WEEK:
        free.append(Span(reached, WEEK))
    return free


def clock(second: int) -> str:
    """Seconds of the day as people write them: 8:30 is 08:30."""
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}"

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which days of a fee are due, and which have to be put right. Exact, without a clock.

A span of days is (first day, day after the last one).
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

DAY = timedelta(days=1)
MONTHS = {"month": 1, "quarter": 3, "year": 12}

Span = tuple[date, date]


class Plan(NamedTuple):
    """How a fee comes again.

    anchor: the first day of one of its periods, the 1st to the 28th of a month.
    months: of a period.  timing: current (a period that has begun), advance (also the
    next one, once the month before it has come), arrears (a period that is over).
    """

    anchor: date
    months: int
    timing: str


class Due(NamedTuple):
    """Days whose fee is due, of a period; ends are not included."""

    period_start: date
    period_end: date
    start: date
    end: date


def period_of(day: date, anchor: date, months: int) -> Span:
    """The period that a day is in, where one of so many months begins on the anchor."""
    passed = (day.year - anchor.year) * 12 + day.month - anchor.month
    passed -= day.day < anchor.day
    start = anchor + relativedelta(months=passed // months * months)
    return start, start + relativedelta(months=months)


def due_days(
    plan: Plan, running: Span, since: date, until: date, is_by_days: bool
) -> Iterator[Due]:
    """What is due of something that runs, when it is invoiced until a day.

    :param since: periods count from the one that this day is in
    :param until: last day, included
    :param is_by_days: a part of a period costs a part; else all of it
    """
    start, end = period_of(since, plan.anchor, plan.months)
    last = _last_start(plan, until)
    while start <= last:
        days = common((start, end), running)
        if days[0] < days[1] and _is_due(plan, days, until):
            yield Due(start, end, *(days if is_by_days else (start, end)))
        start, end = end, end + relativedelta(months=plan.months)


def _is_due(plan: Plan, days: Span, until: date) -> bool:
    """Whether days of a period are due: in advance, when they begin, or behind them."""
    if plan.timing == "arrears":
        return days[1] <= until + DAY
    return plan.timing == "advance" or days[0] <= until


def _last_start(plan: Plan, until: date) -> date:
    """The last day on which a period may begin that is due."""
    if plan.timing != "advance":
        return until
    return period_of(until, plan.anchor, 1)[1]


def common(days: Span, others: Span) -> Span:
    """The days that are in both; it ends before it begins where there are none."""
    return max(days[0], others[0]), min(days[1], others[1])


def without(days: Span, others: Iterable[Span]) -> Iterator[Span]:
    """What is left of a span without others, in whatever order: disjoint spans."""
    start, end = days
    for first, after in sorted(others):
        if first >= after:
            continue
        if start < min(first, end):
            yield start, min(first, end)
        start = max(start, after)
    if start < end:
        yield start, end


def corrections(
    billed: Iterable[tuple[date, date, int]], wanted: Iterable[Span]
) -> Iterator[tuple[date, date, int]]:
    """What puts right the days that were billed (1) and given back (-1).

    :param wanted: days that are to be billed once, and no others
    :return: spans to bill (1) or to give back (-1); twice where it was done twice
    """
    steps = [(start, end, -sign) for start, end, sign in billed]
    steps += [(start, end, 1) for start, end in wanted]
    points = sorted({day for start, end, _sign in steps for day in (start, end)})
    pieces = [
        (a, b, sum(sign for start, end, sign in steps if start <= a and b <= end))
        for a, b in pairwise(points)
    ]
    for count, found in groupby(pieces, key=lambda piece: piece[2]):
        spans = list(found)
        for _time in range(abs(count)):
            yield spans[0][0], spans[-1][1], 1 if count > 0 else -1

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Months, and parts of them, of charges that come again. Exact."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from dateutil.relativedelta import relativedelta

DAY = timedelta(days=1)
NANO = Decimal(1).scaleb(-9)


def months(first: date, last: date) -> Fraction:
    """How many months some days are.

    Whole months are counted from the first day on, whichever day that is; what is left
    is its days divided by those of the month that would follow.

    :param last: included
    """
    end = last + DAY
    count = 0
    while first + relativedelta(months=count + 1) <= end:
        count += 1
    start = first + relativedelta(months=count)
    following = first + relativedelta(months=count + 1)
    return count + Fraction((end - start).days, (following - start).days)


def share_amounts(amount: Decimal, days: list[int]) -> list[Decimal]:
    """An amount by days, nine decimals each; together they are the amount."""
    total = sum(days)
    shares = [(amount * count / total).quantize(NANO) for count in days]
    return [*shares[:-1], amount - sum(shares[:-1], Decimal(0))]


@dataclass(frozen=True)
class Span:
    """Days of a period that are due: from start to end, which is not included."""

    period_start: date
    period_end: date
    start: date
    end: date

    @property
    def share(self) -> Fraction:
        """The part of the period that it is."""
        days = (self.period_end - self.period_start).days
        return Fraction((self.end - self.start).days, days)


def periods(anchor: date, count: int, until: date) -> Iterator[tuple[date, date]]:
    """Periods of so many months from a first one on, that begin until a day."""
    number = 0
    while (start := anchor + relativedelta(months=number * count)) <= until:
        number += 1
        yield start, anchor + relativedelta(months=number * count)


def due_spans(
    running: tuple[date, date | None],
    anchor: date,
    count: int,
    timing: str,
    until: date,
) -> list[Span]:
    """What is due of something that runs, when a run invoices until a day.

    :param running: first day, and the day of the end, which is not included (or None)
    :param anchor: the first day of the period in which it begins
    :param count: months of a period
    :param timing: advance (also the period that follows the run's last day), arrears
        (only what has passed)
    :param until: last day of the run
    """
    begin, end = running
    spans = []
    for start, following in periods(anchor, count, until + DAY):
        first = max(start, begin)
        after = min(following, end) if end else following
        has_passed = after <= until + DAY
        if first < after and (timing == "advance" or has_passed):
            spans.append(Span(start, following, first, after))
    return spans

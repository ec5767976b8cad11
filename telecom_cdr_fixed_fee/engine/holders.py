# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who held a number in the period that is charged."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta


@dataclass(frozen=True)
class Holding:
    """One customer's time with a number.

    :ivar payer_id: who pays; 0 where the number was in stock
    :ivar start: local time, None from ever
    :ivar end: local time, not included, None until ever
    """

    number_id: int
    payer_id: int
    start: datetime | None = None
    end: datetime | None = None


def holder(holdings: Iterable[Holding], first: date, last: date) -> Holding | None:
    """The holding that a charge belongs to: the longest one in its days.

    Of two that are equally long the earlier counts; a number in stock has no payer,
    so it is only told where nobody else held it.

    :param holdings: of one number, not overlapping
    :param first: first day of the charge
    :param last: last day of the charge
    """
    begin = datetime.combine(first, time())
    end = datetime.combine(last, time()) + timedelta(days=1)
    spans = [
        (
            bool(holding.payer_id),
            min(holding.end or end, end) - max(holding.start or begin, begin),
            begin - max(holding.start or begin, begin),
            holding,
        )
        for holding in holdings
    ]
    inside = [span for span in spans if span[1] > timedelta(0)]
    return max(inside, key=lambda span: span[:3])[3] if inside else None


def parts(
    holdings: Iterable[Holding], first: date, last: date
) -> list[tuple[date, date, int]]:
    """The days of a period by who held the number: first day, last day, payer.

    Days that nobody held have the payer 0. A day belongs to who held it longest.
    """
    found: list[tuple[date, date, int]] = []
    known = list(holdings)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        held = holder(known, day, day)
        payer = held.payer_id if held else 0
        if found and found[-1][2] == payer:
            found[-1] = (found[-1][0], day, payer)
        else:
            found.append((day, day, payer))
    return found

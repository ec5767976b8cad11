# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the address of a portal page says, read with distrust."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal

FIRST_YEAR, LAST_YEAR = 1970, 2200
KEY = re.compile(r"(\d{8}T\d{12})-(\d{1,18})(?:_(-?\d{1,18}(?:\.\d{1,9})?))?", re.ASCII)
KEY_FORMAT = "%Y%m%dT%H%M%S%f"
MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


class BadParameter(ValueError):
    """A parameter that cannot be read; its argument is what was found."""


@dataclass(frozen=True)
class CallKey:
    """The place of a call in a list: by start and id, or by a value before these."""

    start_at: datetime
    id: int
    value: Decimal | None = None

    def __str__(self) -> str:
        text = f"{self.start_at.strftime(KEY_FORMAT)}-{self.id}"
        return text if self.value is None else f"{text}_{self.value:f}"

    @classmethod
    def parse(cls, text: str) -> "CallKey":
        """Read what `str` wrote; BadParameter for all else."""
        match = KEY.fullmatch(text)
        if not match:
            raise BadParameter(shortened(text))
        try:
            start_at = datetime.strptime(match[1], KEY_FORMAT)  # noqa: DTZ007 is UTC
        except ValueError as error:
            raise BadParameter(shortened(text)) from error
        value = None if match[3] is None else Decimal(match[3])
        return cls(start_at, int(match[2]), value)


@dataclass(frozen=True)
class CallFilter:
    """Which calls a customer asked for.

    start, end: UTC, the end exclusive.  number_ids: None for all numbers.
    scope_ids: the numbers that the user may see, None for all of the customer.
    direction: outgoing, incoming, internal or missed.  digits: in the other number.
    destination_ids, rate_ids: any of these, where a text was searched; both None
    where none was.  order_by: start, price or duration (the highest first).
    """

    payer_id: int
    company_ids: tuple[int, ...]
    start: datetime | None = None
    end: datetime | None = None
    number_ids: tuple[int, ...] | None = None
    newest_first: bool = True
    scope_ids: tuple[int, ...] | None = None
    direction: str | None = None
    category: str | None = None
    digits: str | None = None
    destination_ids: tuple[int, ...] | None = None
    rate_ids: tuple[int, ...] | None = None
    order_by: str = "start"


def read_day(text: str | None) -> date | None:
    """Read 2026-07-31; None for nothing, BadParameter for all else."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadParameter(shortened(text)) from error
    return _in_range(day, text)


def read_month(text: str | None) -> date | None:
    """Read 2026-07 as its first day; None for nothing, BadParameter for all else."""
    if not text:
        return None
    match = MONTH.fullmatch(text.strip())
    try:
        month = date(int(match[1]), int(match[2]), 1) if match else None
    except ValueError as error:
        raise BadParameter(shortened(text)) from error
    if month is None:
        raise BadParameter(shortened(text))
    return _in_range(month, text)


def day_start(day: date, zone: tzinfo) -> datetime:
    """The UTC moment (naive) at which a day begins in a time zone."""
    midnight = datetime.combine(day, time.min, zone)
    return midnight.astimezone(timezone.utc).replace(tzinfo=None)


def days_around(start: date, end: date) -> tuple[datetime, datetime]:
    """UTC moments between which the days [start, end) of every time zone lie."""
    margin = timedelta(days=1)
    first = datetime.combine(start, time.min) - margin
    return first, datetime.combine(end, time.min) + margin


def next_month(month: date, count: int = 1) -> date:
    """The first day of the month so many months later (earlier where negative)."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def shortened(text: str, length: int = 40) -> str:
    """A text that may be of any length and content, fit for a message."""
    printable = "".join(char if char.isprintable() else "?" for char in text[:length])
    return printable + "…" if len(text) > length else printable


def _in_range(day: date, text: str) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadParameter(shortened(text))
    return day

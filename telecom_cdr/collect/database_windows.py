# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which rows make a file: those of an hour, of a day, or of so many numbers.

The bounds are the same whoever asks and whenever, so that rows that are read again make
the same bytes again, which are known. What is long past comes in large steps, what may
still grow in small ones.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import Any

Value = Any
"""A datetime without a zone, in the clock of the column; or an integer."""
EARLIEST = datetime.fromisoformat("0001-01-01")
LATEST = datetime.fromisoformat("9999-12-31")
SMALL_NUMBER, LARGE_NUMBER = 1_000, 50_000


@dataclass(frozen=True)
class Window:
    """Rows from `start` to before `end`, and what files of them are called."""

    start: Value
    end: Value
    name: str


class Axis(ABC):
    """What goes on from row to row."""

    @abstractmethod
    def read(self, text: str) -> Value:
        """What a text of the server or of the source says.

        :raise ValueError: for anything else
        """

    @abstractmethod
    def text(self, value: Value) -> str:
        """A value as servers take it, and sources keep it."""

    @abstractmethod
    def back(self, value: Value, overlap: int) -> Value:
        """So much before a value."""

    @abstractmethod
    def first(self, last: Value) -> Value:
        """Where reading begins that never did, by the last row."""

    @abstractmethod
    def small(self, value: Value) -> tuple[Value, Value]:
        """The bounds of the small step that a value is in."""

    @abstractmethod
    def large(self, value: Value) -> tuple[Value, Value]:
        """The bounds of the large step that a value is in."""

    @abstractmethod
    def name(self, start: Value, end: Value) -> str:
        """What is from there to there, for names of files."""

    def window(self, start: Value, last: Value, overlap: int) -> Window:
        """The rows to read next.

        :param start: where to begin; a bound of a small step
        :param last: the last row of all
        """
        end = self.large(start)[1]
        if end > self.back(last, overlap):
            end = self.small(start)[1]
        return Window(start, end, self.name(start, end))

    def start(self, value: Value, last: Value, overlap: int) -> Value:
        """The bound to begin at, for the first row to be read to be in it."""
        start, end = self.large(value)
        return start if end <= self.back(last, overlap) else self.small(value)[0]


class TimeAxis(Axis):
    """Rows by their time: whole hours, and whole days that are past."""

    def read(self, text: str) -> datetime:
        value = datetime.fromisoformat(text.strip())
        if value.tzinfo:
            value = value.astimezone(timezone.utc).replace(tzinfo=None)
        return value

    def text(self, value: datetime) -> str:
        return value.isoformat(" ")

    def back(self, value: datetime, overlap: int) -> datetime:
        return _bounded(lambda: value - timedelta(minutes=overlap), EARLIEST)

    def first(self, last: datetime) -> datetime:
        return self.large(self.back(last, 24 * 60))[0]

    def small(self, value: datetime) -> tuple[datetime, datetime]:
        start = value.replace(minute=0, second=0, microsecond=0)
        return start, _after(start, timedelta(hours=1))

    def large(self, value: datetime) -> tuple[datetime, datetime]:
        start = datetime.combine(value.date(), time())
        return start, _after(start, timedelta(days=1))

    def name(self, start: datetime, end: datetime) -> str:
        is_day = (start, end) == self.large(start)
        is_hour = (start, end) == self.small(start)
        if is_day:
            return f"{start:%Y-%m-%d}"
        if is_hour:
            return f"{start:%Y-%m-%dT%H}"
        return f"{start:%Y-%m-%dT%H}_{end:%Y-%m-%dT%H}"


class NumberAxis(Axis):
    """Rows by a number that grows."""

    def read(self, text: str) -> int:
        whole, _point, rest = text.strip().partition(".")
        if rest.strip("0"):
            raise ValueError(text)
        return int(whole)

    def text(self, value: int) -> str:
        return str(value)

    def back(self, value: int, overlap: int) -> int:
        return value - overlap

    def first(self, last: int) -> int:
        return self.small(last)[0]

    def small(self, value: int) -> tuple[int, int]:
        return _step(value, SMALL_NUMBER)

    def large(self, value: int) -> tuple[int, int]:
        return _step(value, LARGE_NUMBER)

    def name(self, start: int, end: int) -> str:
        return f"{start}-{end - 1}"


def _step(value: int, size: int) -> tuple[int, int]:
    start = value // size * size
    return start, start + size


def _after(value: datetime, span: timedelta) -> datetime:
    return _bounded(lambda: value + span, LATEST)


def _bounded(compute: Callable[[], datetime], bound: datetime) -> datetime:
    try:
        return compute()
    except OverflowError:
        return bound

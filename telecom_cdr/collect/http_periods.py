# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which periods are asked for: whole days in the API's own time zone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHORTEST = timedelta(minutes=15)
"""Periods are not cut into shorter ones, where hours can be asked for."""


@dataclass(frozen=True)
class Period:
    """A time to ask for.

    :ivar start: the first moment, in the API's time zone
    :ivar end: the first moment behind it
    :ivar is_over: whether nothing more can happen in it; else it is asked for again
    """

    start: datetime
    end: datetime
    is_over: bool = True

    @property
    def name(self) -> str:
        """What it is called in names of files: 2026-01-05, 2026-01-05_2026-01-18."""
        if _is_midnight(self.start) and _is_midnight(self.end):
            last = self.end.date() - timedelta(days=1)
            days = dict.fromkeys((self.start.date().isoformat(), last.isoformat()))
            return "_".join(days)
        return f"{self.start:%Y-%m-%dT%H%M}_{self.end:%Y-%m-%dT%H%M}"

    def halves(self, with_hours: bool) -> list["Period"]:
        """It in two parts, of whole days while there are several; none where it is as
        short as can be asked for.

        :param with_hours: whether the request says hours and minutes, too
        """
        days = (self.end.date() - self.start.date()).days
        if days > 1:
            middle = _midnight(self.start, days // 2)
        elif with_hours and self.end - self.start >= 2 * SHORTEST:
            middle = self.start + (self.end - self.start) / 2
        else:
            return []
        return [replace(self, end=middle), replace(self, start=middle)]


def periods(
    until: datetime | None,
    now: datetime,
    zone: str,
    days: int,
    overlap_days: int = 0,
    with_today: bool = True,
) -> Iterator[Period]:
    """The periods from where collecting is, in their order: those that are over, cut
    after so many days, and then today.

    :param until: what is before has been collected; None: yesterday is the first day
    :param now: the present
    :param zone: name of the time zone whose days are asked for
    :param days: most days that a request may ask for; 0: any number
    :param overlap_days: days before it that are asked for once more
    """
    local = now.astimezone(ZoneInfo(zone))
    today = _midnight(local, 0)
    start = _midnight(local, -1)
    if until is not None:
        start = _midnight(until.astimezone(ZoneInfo(zone)), 0)
    start = _midnight(start, -max(overlap_days, 0))
    while start < today:
        end = min(_midnight(start, days), today) if days > 0 else today
        yield Period(start, end)
        start = end
    if with_today:
        yield Period(today, _midnight(today, 1), is_over=False)


def last_day(now: datetime, zone: str) -> Period:
    """Yesterday."""
    local = now.astimezone(ZoneInfo(zone))
    return Period(_midnight(local, -1), _midnight(local, 0))


def _midnight(moment: datetime, days: int) -> datetime:
    """The beginning of a day, so many days from that of a moment, on its clock."""
    day: date = moment.date() + timedelta(days=days)
    return datetime.combine(day, time(), moment.tzinfo)


def _is_midnight(moment: datetime) -> bool:
    return moment.time() == time()

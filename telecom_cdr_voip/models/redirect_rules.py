# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which redirections count at a moment; plain values, no database, no clock."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

DAYS = (
    "on_monday",
    "on_tuesday",
    "on_wednesday",
    "on_thursday",
    "on_friday",
    "on_saturday",
    "on_sunday",
)


class Redirect(NamedTuple):
    """Where calls go on some days from an hour to another (24.0: midnight)."""

    condition: str
    after_seconds: int
    target: str
    days: tuple[bool, ...]
    hour_from: float
    hour_to: float

    def counts_at(self, local: datetime) -> bool:
        """Whether it counts then; the night of a day goes on the next morning."""
        hour = local.hour + local.minute / 60 + local.second / 3600
        today, yesterday = local.weekday(), (local.weekday() - 1) % 7
        if self.hour_from < self.hour_to:
            return self.days[today] and self.hour_from <= hour < self.hour_to
        return (self.days[today] and hour >= self.hour_from) or (
            self.days[yesterday] and hour < self.hour_to
        )


def counting(redirects: Iterable[Redirect], local: datetime) -> list[Redirect]:
    """The first redirection of each condition that counts at a local time."""
    found: dict[str, Redirect] = {}
    for redirect in redirects:
        if redirect.counts_at(local):
            found.setdefault(redirect.condition, redirect)
    return list(found.values())


def leads_to(targets: Mapping[str, Iterable[str]], start: str, wanted: str) -> bool:
    """Whether redirections lead from one number to another, over any others.

    targets: by number, where its calls may go.
    """
    seen, waiting = set(), [start]
    while waiting:
        number = waiting.pop()
        if number == wanted:
            return True
        if number not in seen:
            seen.add(number)
            waiting.extend(targets.get(number, ()))
    return False

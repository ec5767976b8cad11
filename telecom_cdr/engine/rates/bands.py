# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bands of time: which of them hold at a moment, in the time zone of a tariff.

What holds is worked out once for every stretch of time between two changes, on the
clock of the zone, so that both hours of an autumn night and the missing hour of spring
come out as a clock on the wall would have them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ..codes import refuse
from ..exceptions import BookError
from ..periods import NEVER
from ..tables import Array, Table, combined, flags, integers

DAY = 86_400
QUARTER = 900
MONDAY = 4  # days since 1970 of the first Monday: day 0 was a Thursday


@dataclass(frozen=True)
class Bands:
    """Lines of bands, and the bands in the order in which they count.

    ids: of the bands, the highest priority first, then the lowest id.  band: position
    in `ids` of each line.  weekdays: bit mask, Monday is 1.  begins, ends: seconds of
    the local day; on_holidays: counts on holidays only.  holidays: sorted local days.
    """

    ids: Array
    band: Array
    weekdays: Array
    begins: Array
    ends: Array
    on_holidays: Array
    holidays: Array

    @classmethod
    def build(cls, lines: Table | None, holidays: Table | None) -> "Bands":
        """Read the lines of bands and the holidays; BookError where bad."""
        if lines is None or not len(lines):
            lines = pd.DataFrame({"band_id": []})
        ids = integers(lines, "band_id")
        columns = {
            "weekdays": integers(lines, "weekdays", missing=127),
            "second_from": integers(lines, "second_from", missing=0),
            "second_to": integers(lines, "second_to", missing=DAY),
        }
        limits = {"weekdays": 127, "second_from": DAY - 1, "second_to": DAY}
        for name, values in columns.items():
            refuse(name, values, (values < 0) | (values > limits[name]))
        priority = integers(lines, "priority", missing=0)
        order = np.lexsort((ids, -priority))
        ordered = pd.unique(ids[order])
        place = {one: position for position, one in enumerate(ordered.tolist())}
        band = np.array([place[one] for one in ids.tolist()], dtype=np.int64)
        special = flags(lines, "on_holidays", missing=False)
        return cls(ordered, band, *columns.values(), special, local_days_of(holidays))

    def places(self, band_ids: Array) -> Array:
        """Give each band's place from 1 on, 0 for any time (id 0).

        A band without lines holds never; it stands behind all others.
        """
        known = {one: place + 1 for place, one in enumerate(self.ids.tolist())}
        known[0] = 0
        never = len(self.ids) + 1
        return np.array([known.get(one, never) for one in band_ids.tolist()], np.int64)

    def holding(self, zone: ZoneInfo, moments: Array) -> Array:
        """Tell which bands hold at moments: a bool for each moment and band."""
        day, second = np.divmod(moments + offsets(zone, moments), DAY)
        now, before = self._counts(day), self._counts(day - 1)
        at, begins, ends = second[:, None], self.begins, self.ends
        inside = now & (begins < ends) & (begins <= at) & (at < ends)
        over = (begins >= ends) & ((now & (begins <= at)) | (before & (at < ends)))
        held = np.zeros((len(moments), len(self.ids)), dtype=bool)
        for line, band in enumerate(self.band):
            held[:, band] |= (inside | over)[:, line]
        return held

    def _counts(self, day: Array) -> Array:
        """Tell which lines count on local days: a bool for each day and line."""
        is_holiday = np.isin(day, self.holidays)[:, None]
        by_week = (self.weekdays >> ((day - MONDAY) % 7)[:, None]) & 1 == 1
        return np.where(self.on_holidays, is_holiday, by_week)

    def timeline(self, zone_name: str, first: int, last: int) -> "Timeline":
        """Give what holds when, from the first moment to the last."""
        zone = time_zone(zone_name)
        points = np.unique(np.clip(self._changes(zone, first, last), first, last))
        held = self.holding(zone, points)
        is_new = np.append(True, (held[1:] != held[:-1]).any(axis=1))
        return Timeline(points[is_new], held[is_new])

    def _changes(self, zone: ZoneInfo, first: int, last: int) -> Array:
        """Give all moments at which something may change, and the first one."""
        days = np.arange(first // DAY - 2, last // DAY + 3)
        nights = offsets(zone, days * DAY)
        clocks = np.unique(np.concatenate([[0], self.begins, self.ends]))
        walls = (days[:, None] * DAY + clocks).ravel()
        nearby = [np.repeat(np.roll(nights, -shift), len(clocks)) for shift in (0, 1)]
        moved = days[:-1][nights[:-1] != nights[1:]]
        switches = (moved[:, None] * DAY + np.arange(0, DAY + 1, QUARTER)).ravel()
        changes = [walls - nearby[0], walls - nearby[1], switches, [first]]
        return np.concatenate(changes)


class Timeline(NamedTuple):
    """What holds from each point on: sorted moments, a bool for each point and band."""

    points: Array
    held: Array

    def at(self, moments: Array) -> Array:
        """Give the stretch (row) that each moment lies in."""
        return np.searchsorted(self.points, moments, side="right") - 1

    def next_change(self, stretch: Array) -> Array:
        """Give the moment at which each stretch ends."""
        return np.append(self.points, NEVER)[stretch + 1]


def local_days_of(holidays: Table | None) -> Array:
    """Give the column `day` (local midnights) as sorted days since 1970."""
    if holidays is None or not len(holidays):
        return np.empty(0, np.int64)
    days = holidays["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.unique(days)


def offsets(zone: ZoneInfo, moments: Array) -> Array:
    """Give the seconds that the clock of a zone is ahead of UTC at moments."""
    utc = pd.DatetimeIndex(moments.astype("datetime64[s]"))
    local = utc.tz_localize("UTC").tz_convert(zone).tz_localize(None)
    return local.to_numpy().astype("datetime64[s]").astype(np.int64) - moments


def time_zone(name: str) -> ZoneInfo:
    """Give the zone of an IANA name; BookError where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise BookError("time_zone", f"unknown time zone {name!r}", name) from error


class When(NamedTuple):
    """What holds at some moments, for all zones: row in `held` by moment.

    held: a bool for each row, zone and place of a band (0: any time, always True; the
    last: a band without lines, never).
    """

    row: Array
    held: Array


class Calendar(NamedTuple):
    """What holds when, by zone (position in `zones`)."""

    zones: tuple[str, ...]
    lines: tuple[Timeline, ...]

    @classmethod
    def build(
        cls, bands: Bands, zones: Iterable[str], first: int, last: int
    ) -> "Calendar":
        """Work out a span of time."""
        zones = tuple(zones)
        return cls(zones, tuple(bands.timeline(one, first, last) for one in zones))

    def when(self, moments: Array) -> When:
        """Give what holds at moments, each different situation once."""
        rows = np.column_stack([line.at(moments) for line in self.lines])
        sizes = [len(line.points) for line in self.lines]
        keys = combined(list(zip(rows.T, sizes, strict=True)))
        codes, uniques = pd.factorize(keys)
        first = np.empty(len(uniques), dtype=np.int64)
        first[codes] = np.arange(len(codes))
        held = [
            framed(line.held[rows[first, zone]]) for zone, line in enumerate(self.lines)
        ]
        return When(codes, np.stack(held, axis=1))

    def held(self, zone: Array, moments: Array) -> Array:
        """Tell what holds at moments, each in its zone: a bool for each place."""
        places = self.lines[0].held.shape[1] + 2
        found = np.zeros((len(moments), places), dtype=bool)
        for place, line in enumerate(self.lines):
            rows = np.flatnonzero(zone == place)
            found[rows] = framed(line.held[line.at(moments[rows])])
        return found

    def next_change(self, zone: Array, moments: Array) -> Array:
        """Give when what holds at each moment in its zone (position) ends."""
        ends = np.empty(len(moments), dtype=np.int64)
        for place, line in enumerate(self.lines):
            rows = np.flatnonzero(zone == place)
            ends[rows] = line.next_change(line.at(moments[rows]))
        return ends


def framed(held: Array) -> Array:
    """Put "any time" before the bands and "never" behind them."""
    always = np.ones((len(held), 1), dtype=bool)
    return np.concatenate([always, held, ~always], axis=1)

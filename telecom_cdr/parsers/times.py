# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When calls began and how long they took, of a table of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from . import quantities, zones
from .columns import Plan
from .dates import NO_OFFSET, parse_dates
from .parties import matches
from .steps import catalogue, times
from .tables import Table, objects
from .verdicts import Verdicts

NEVER = ("", "0", "0000-00-00 00:00:00")


@dataclass(frozen=True)
class Clock:
    """What the times of each row are written by.

    :ivar zone: IANA name: of the rows that say nothing themselves
    :ivar offset: int64 seconds east of UTC that a row says, or NO_OFFSET
    :ivar zones: object array of IANA names, "" where a row names none; None: no row
    """

    zone: str
    offset: np.ndarray
    zones: np.ndarray | None

    def only(self, rows: np.ndarray) -> "Clock":
        """The clock of some of the rows (bool array)."""
        named = None if self.zones is None else self.zones[rows]
        return Clock(self.zone, self.offset[rows], named)

    def at_offset(self, offset: np.ndarray) -> "Clock":
        """The same where texts state offsets themselves: these come first."""
        known = np.where(offset == NO_OFFSET, self.offset, offset)
        return Clock(self.zone, known, self.zones)


@dataclass(frozen=True)
class Times:
    """When calls were, one row a call.

    :ivar text: object array, the start (or the end) as it is written
    :ivar stated: datetime64[s], the same, NaT in rejected rows
    :ivar clock: what it is written by
    :ivar duration: int64 seconds
    :ivar elapsed: int64 seconds from the call's start to the time that is stated
    """

    text: np.ndarray
    stated: np.ndarray
    clock: Clock
    duration: np.ndarray
    elapsed: np.ndarray

    @property
    def start(self) -> np.ndarray:
        """The call's start by the file's clock, as far as the row alone tells it."""
        return self.stated - self.elapsed.astype("timedelta64[s]")


def read_times(
    table: Table, plan: Plan, zone: str, file_date: date | None, verdicts: Verdicts
) -> Times:
    """Start and duration; rows without them are rejected.

    :param zone: of times whose row says nothing of it
    :param file_date: when the file came, for dates without year
    """
    text = table.joined(plan.places("start"), " ")
    patterns = _patterns(plan, "start")
    stated, fits, offset = parse_dates(text.tolist(), patterns, file_date)
    verdicts.reject(~fits, "date", text)
    clock = _read_clock(table, plan, zone, verdicts)
    begin = Moments(stated, fits, clock.at_offset(offset))
    if plan.places("duration"):
        duration = _read_duration(table, plan, verdicts)
    else:
        duration = _measured_duration(table, plan, begin, clock, file_date, verdicts)
    elapsed = np.zeros(len(table), np.int64)
    if plan.spec.time_means == "end":
        elapsed = duration.copy()
    answered = plan.spec.answered_rule
    if answered and plan.applies(answered):
        duration[~matches(table, plan, answered)] = 0
    return Times(text, stated, begin.clock, duration, elapsed)


def to_utc(
    times: Times, good: np.ndarray, state: zones.FoldState | None
) -> tuple[np.ndarray, np.ndarray, zones.FoldState | None]:
    """UTC of the good rows' starts; notes of all rows; the state after.

    :param good: bool array
    :param state: what the rows before have told about a double hour
    """
    notes = np.full(len(good), None, object)
    # A time that is the end has nothing behind it that could tell the double hour.
    behind = np.where(times.elapsed > 0, 0, times.duration)
    at, notes[good], state = _instants(
        times.stated[good], behind[good], times.clock.only(good), state
    )
    return at - times.elapsed[good].astype("timedelta64[s]"), notes, state


def _instants(
    local: np.ndarray,
    duration: np.ndarray,
    clock: Clock,
    state: zones.FoldState | None = None,
    in_order: bool = True,
) -> tuple[np.ndarray, np.ndarray, zones.FoldState | None]:
    """UTC of local times without NaT, notes, and the state after.

    By the offset where there is one, else by the row's own zone, where the order of the
    file tells nothing, else by the one of all.
    """
    notes = np.full(len(local), None, object)
    is_local = clock.offset == NO_OFFSET
    offset = np.where(is_local, 0, clock.offset)
    at = local - offset.astype("timedelta64[s]")
    own = np.full(len(local), "", object) if clock.zones is None else clock.zones
    for name in pd.unique(own[is_local & (own != "")]).tolist():
        rows = is_local & (own == name)
        at[rows], notes[rows], _ = zones.to_utc(
            local[rows], duration[rows], name, in_order=False
        )
    rest = is_local & (own == "")
    at[rest], notes[rest], state = zones.to_utc(
        local[rest], duration[rest], clock.zone, state, in_order
    )
    return at, notes, state


# === Clocks === #


def _read_clock(table: Table, plan: Plan, zone: str, verdicts: Verdicts) -> Clock:
    """What the rows say of offsets and zones."""
    offset, named = np.full(len(table), NO_OFFSET, np.int64), None
    if plan.places("utc_offset"):
        text = table.first(plan.places("utc_offset"))
        found, fits = quantities.read_column(text, zones.read_offset)
        verdicts.reject(~fits & (text != ""), "offset", text)
        offset = np.where(fits, found, NO_OFFSET)
    if plan.places("time_zone"):
        named = _read_zones(table.first(plan.places("time_zone")), verdicts)
    return Clock(zone, offset, named)


def _read_zones(text: np.ndarray, verdicts: Verdicts) -> np.ndarray:
    """Names of zones, "" where there is none."""
    codes, distinct = pd.factorize(text)
    known = [name if name and zones.is_zone(name) else "" for name in distinct]
    found = objects([*known, ""])[codes]
    verdicts.reject((found == "") & (text != ""), "zone", text)
    return found


# === Times and durations === #


@dataclass(frozen=True)
class Moments:
    """Times in a column.

    :ivar local: datetime64[s] as written
    :ivar known: bool, which rows have one
    :ivar clock: what they are written by
    """

    local: np.ndarray
    known: np.ndarray
    clock: Clock


def _patterns(plan: Plan, name: str) -> Sequence[str]:
    """The spellings that a field's times may have."""
    steps = dict(plan.spec.steps).get(name, ())
    is_written = catalogue.gives(steps, "time")
    return (*(times.WRITTEN if is_written else ()), *plan.spec.date_formats)


def _read_duration(table: Table, plan: Plan, verdicts: Verdicts) -> np.ndarray:
    """Durations from a column of their own."""
    spec = plan.spec
    text = table.first(plan.places("duration"))
    is_seconds = catalogue.gives(dict(spec.steps).get("duration", ()), "seconds")
    unit = "seconds" if is_seconds else spec.duration_unit
    told, make = text, quantities.duration_reader
    if plan.places("duration_unit"):
        units = table.first(plan.places("duration_unit"))
        told, make = text + "\t" + units, quantities.measured_reader
    reader = make(unit, spec.duration_rounding, spec.decimal_mark)
    duration, fits = quantities.read_column(told, reader)
    verdicts.reject(~fits, "duration", text)
    return duration


def _measured_duration(
    table: Table,
    plan: Plan,
    begin: Moments,
    clock: Clock,
    file_date: date | None,
    verdicts: Verdicts,
) -> np.ndarray:
    """Durations from the answer (or the start) to the end; 0 where one is blank."""
    if not plan.places("end"):
        return np.zeros(len(table), np.int64)
    if plan.places("answer"):
        begin = _read_moments(table, plan, "answer", clock, file_date, verdicts)
    end = _read_moments(table, plan, "end", clock, file_date, verdicts)
    known = begin.known & end.known
    seconds = np.zeros(len(table), np.int64)
    seconds[known] = _elapsed(begin, end, known)
    verdicts.reject(seconds < 0, "duration", table.joined(plan.places("end"), " "))
    return seconds


def _read_moments(
    table: Table,
    plan: Plan,
    name: str,
    clock: Clock,
    file_date: date | None,
    verdicts: Verdicts,
) -> Moments:
    """Times in a column."""
    text = table.joined(plan.places(name), " ")
    patterns = _patterns(plan, name)
    local, fits, offset = parse_dates(text.tolist(), patterns, file_date)
    verdicts.reject(~fits & ~np.isin(text, NEVER), "date", text)
    return Moments(local, fits, clock.at_offset(offset))


def _elapsed(begin: Moments, end: Moments, rows: np.ndarray) -> np.ndarray:
    """Seconds between times in some rows.

    Over the gap of spring those that really passed; over the double hour of autumn
    those that the clock shows, since that is never too much. Offsets tell better.
    """
    shown = (end.local - begin.local)[rows].astype(np.int64)
    still = np.zeros(len(shown), np.int64)
    first, last = (
        _instants(each.local[rows], still, each.clock.only(rows), in_order=False)[0]
        for each in (begin, end)
    )
    real = (last - first).astype(np.int64)
    is_told = (begin.clock.offset != NO_OFFSET) & (end.clock.offset != NO_OFFSET)
    least = np.where(real >= 0, np.minimum(shown, real), shown)
    return np.where(is_told[rows], real, least)

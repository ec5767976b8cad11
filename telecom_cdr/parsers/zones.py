# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Local times to UTC, with both traps of daylight saving.

Spring: a time that the clock skipped is shifted forward by the gap, so that no call
is lost. Autumn: the double hour is told apart by the order of the file where that
shows, else it is the first of the two. Both are noted with the call.
"""

import re
import zoneinfo
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache

import numpy as np

DAY = 86_400
# A step back in the file by so much, inside the double hour, is its second pass.
STEP_BACK = 1_800
# A row this far from the double hour ends what the order of the file tells about it.
FAR = 12 * 3_600
GAP, FOLD = "gap", "fold"
# An offset from UTC: 2, -5.5 (hours), 120 (minutes), +0200, 02:00, UTC+2; with a digit
# in front that says whether summer time is in force, and seconds: 1+020000.
OFFSET = re.compile(
    r"(?:(?:UTC|GMT)? ?([+-]?)"
    r"(?:(\d{1,2}):(\d{2})|(\d{2})(\d{2})|(\d{1,3}(?:[.,]\d+)?))"
    r"|[01]([+-])(\d{2})(\d{2})\d{2})",
    re.ASCII | re.IGNORECASE,
)
NO_DISTANCE = ("Z", "UTC", "GMT")
MOST_HOURS, SIXTY = 15, 60


@dataclass(frozen=True)
class Transitions:
    """When a zone's offset changes, over some years. Arrays of equal length, int64.

    :ivar at: the instants, UTC epoch seconds
    :ivar before: offset until then, seconds east of UTC
    :ivar after: offset from then on
    :ivar first: the offset ahead of all of them
    """

    at: np.ndarray
    before: np.ndarray
    after: np.ndarray
    first: int

    @property
    def wall(self) -> np.ndarray:
        """Local time from which the new offset surely holds."""
        return self.at + np.maximum(self.before, self.after)


@dataclass(frozen=True)
class FoldState:
    """What the file's order has told about a double hour so far.

    :ivar hour: the change of offset that makes it, UTC epoch seconds
    :ivar start: start of the last call in it, local epoch seconds
    :ivar end: end of that call
    :ivar second: whether the second pass has begun
    """

    hour: int
    start: int
    end: int
    second: bool


@lru_cache(maxsize=64)
def transitions(zone: str, first_year: int, last_year: int) -> Transitions:
    """Changes of a zone's offset in these years, and a day around them."""
    info = zoneinfo.ZoneInfo(zone)
    begin = int(datetime(first_year, 1, 1, tzinfo=timezone.utc).timestamp()) - DAY
    end = int(datetime(last_year, 12, 31, tzinfo=timezone.utc).timestamp()) + 2 * DAY
    days = range(begin, end + 1, DAY)
    offsets = [_offset(info, day) for day in days]
    found = [
        (
            _change(info, days[index], days[index + 1]),
            offsets[index],
            offsets[index + 1],
        )
        for index in range(len(days) - 1)
        if offsets[index] != offsets[index + 1]
    ]
    columns = np.array(found, np.int64).reshape(-1, 3).T
    return Transitions(columns[0], columns[1], columns[2], offsets[0])


def _offset(info: zoneinfo.ZoneInfo, instant: int) -> int:
    """Seconds east of UTC at an instant."""
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=instant)
    return int(at.astimezone(info).utcoffset().total_seconds())


def _change(info: zoneinfo.ZoneInfo, begin: int, end: int) -> int:
    """The second at which the offset changes, between two instants."""
    before = _offset(info, begin)
    seconds = range(begin, end)
    return begin + bisect_right(seconds, 0, key=lambda at: _offset(info, at) != before)


def read_offset(text: str) -> int | None:
    """Seconds east of UTC; None for what is no offset.

    A number alone is hours up to 15, minutes above, hours and minutes with four digits.
    """
    if text.upper() in NO_DISTANCE:
        return 0
    match = OFFSET.fullmatch(text)
    if not match:
        return None
    sign, hours, minutes, packed, of_hour, number, flagged, *last = match.groups()
    if flagged:
        sign, hours, minutes = flagged, *last
    if number:
        value = Decimal(number.replace(",", "."))
        seconds = value * SIXTY * (SIXTY if value <= MOST_HOURS else 1)
    else:
        if int(minutes or of_hour) >= SIXTY:
            return None
        seconds = (int(hours or packed) * SIXTY + int(minutes or of_hour)) * SIXTY
    if seconds > MOST_HOURS * SIXTY * SIXTY or seconds != int(seconds):
        return None
    return -int(seconds) if sign == "-" else int(seconds)


def is_zone(name: str) -> bool:
    """Whether a text is the name of a time zone."""
    try:
        return bool(zoneinfo.ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False


def to_utc(
    local: np.ndarray,
    duration: np.ndarray,
    zone: str,
    state: FoldState | None = None,
    in_order: bool = True,
) -> tuple[np.ndarray, np.ndarray, FoldState | None]:
    """Local times, in the order of the file, to UTC.

    :param local: datetime64[s], no NaT
    :param duration: int64 seconds, to know when the calls ended
    :param zone: IANA name
    :param state: what the rows before have told about a double hour
    :param in_order: whether the order tells anything: else the double hour is the first
    :return: datetime64[s] in UTC; object: "gap", "fold" or None; the state after
    """
    notes = np.full(len(local), None, object)
    if zone == "UTC" or not len(local):
        return local.copy(), notes, state
    wall = local.astype(np.int64)
    years = local.astype("datetime64[Y]").astype(np.int64) + 1970
    table = transitions(zone, int(years.min()), int(years.max()))
    step = np.searchsorted(table.wall, wall, side="right") - 1
    offset = np.where(step < 0, table.first, _pick(table.after, step, 0))
    is_gap, is_fold = _traps(table, wall, step)
    notes[is_gap], notes[is_fold] = GAP, FOLD
    if not in_order:
        return (wall - offset).astype("datetime64[s]"), notes, state
    second, state = _second_pass(table, wall, wall + duration, is_fold, step, state)
    offset = np.where(second, _pick(table.after, step + 1, 0), offset)
    return (wall - offset).astype("datetime64[s]"), notes, state


def _pick(values: np.ndarray, index: np.ndarray, default: int) -> np.ndarray:
    """values[index], and the default where the index is outside."""
    if not len(values):
        return np.full(len(index), default, np.int64)
    inside = (index >= 0) & (index < len(values))
    return np.where(inside, values[np.clip(index, 0, len(values) - 1)], default)


def _traps(
    table: Transitions, wall: np.ndarray, step: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which local times were skipped, and which came twice: by the next change."""
    at = _pick(table.at, step + 1, np.iinfo(np.int64).max // 2)
    before = _pick(table.before, step + 1, 0)
    after = _pick(table.after, step + 1, 0)
    is_gap = (wall >= at + before) & (wall < at + after)
    is_fold = (wall >= at + after) & (wall < at + before)
    return is_gap, is_fold


def _second_pass(
    table: Transitions,
    wall: np.ndarray,
    end: np.ndarray,
    is_fold: np.ndarray,
    step: np.ndarray,
    state: FoldState | None,
) -> tuple[np.ndarray, FoldState | None]:
    """Which rows of double hours belong to the second pass, and the state after.

    A row that starts and ends well before the row ahead of it in the same double
    hour begins the second pass; whatever follows belongs to it too, until the file
    has been elsewhere. Both count, since files are in order of starts or of ends.
    """
    second = np.zeros(len(wall), bool)
    rows = np.flatnonzero(is_fold)
    visits = np.cumsum(_is_far(table, wall))
    seen = 0
    for row in rows.tolist():
        hour = int(table.at[step[row] + 1])
        if state and (state.hour != hour or visits[row] != seen):
            state = None
        seen = visits[row]
        state = _next_state(state, hour, int(wall[row]), int(end[row]))
        second[row] = state.second
    return second, state if len(visits) and visits[-1] == seen else None


def _is_far(table: Transitions, wall: np.ndarray) -> np.ndarray:
    """Which local times are far from every double hour."""
    falls = table.after < table.before
    hours = (table.at + table.before)[falls]
    if not len(hours):
        return np.ones(len(wall), bool)
    after = np.searchsorted(hours, wall)
    to_next = _pick(hours, after, np.iinfo(np.int64).max // 2) - wall
    from_last = wall - _pick(hours, after - 1, -(np.iinfo(np.int64).max // 2))
    return np.minimum(to_next, from_last) > FAR


def _next_state(state: FoldState | None, hour: int, start: int, end: int) -> FoldState:
    """The state with one more row of the double hour."""
    if state is None:
        return FoldState(hour, start, end, False)
    is_back = start <= state.start - STEP_BACK and end <= state.end - STEP_BACK
    return FoldState(hour, start, end, state.second or is_back)

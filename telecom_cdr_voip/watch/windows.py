# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which hour, day or night a sum belongs to, by the company's clock."""

import numpy as np
import pandas as pd

from .rules import Rule

HOUR = pd.Timedelta(hours=1)
DAY = pd.Timedelta(days=1)


def local(moments: pd.Series, zone: str) -> pd.Series:
    """Moments (UTC, naive) by the clock of a zone, naive."""
    aware = moments.dt.tz_localize("UTC").dt.tz_convert(zone)
    return aware.dt.tz_localize(None)


def utc(moments: pd.Series, zone: str) -> pd.Series:
    """Moments by the clock of a zone (naive) in UTC, naive.

    Of an hour that comes twice the first, for an hour that is left out the next.
    """
    aware = moments.dt.tz_localize(
        zone, ambiguous=np.ones(len(moments), bool), nonexistent="shift_forward"
    )
    return aware.dt.tz_convert("UTC").dt.tz_localize(None)


def with_clock(sums: pd.DataFrame, moment: str, zone: str) -> pd.DataFrame:
    """Add the local `date` (datetime64, midnight) and hour (`clock`, 0 to 23)."""
    times = local(sums[moment], zone)
    return sums.assign(date=times.dt.normalize(), clock=times.dt.hour.astype(np.int64))


def at_night(clock: pd.Series, rule: Rule) -> pd.Series:
    """Whether hours of the day are in the night of a rule."""
    late, early = clock >= rule.night_start, clock < rule.night_end
    return late | early if _wraps(rule) else late & early


def with_window(sums: pd.DataFrame, rule: Rule, zone: str) -> pd.DataFrame:
    """Add `start` and `end` (UTC, end not included) of what a rule adds up.

    :param sums: with date and clock; of a rule for nights only those of the night
    """
    if rule.window == "hour":
        return sums.assign(start=sums["hour"], end=sums["hour"] + HOUR)
    first, last = _days(sums, rule)
    return sums.assign(start=utc(first, zone), end=utc(last, zone))


def _days(sums: pd.DataFrame, rule: Rule) -> tuple[pd.Series, pd.Series]:
    """Begin and end of the day or the night, by the local clock."""
    if rule.window == "day":
        return sums["date"], sums["date"] + DAY
    evening = sums["date"]
    if _wraps(rule):
        evening = evening.where(sums["clock"] >= rule.night_end, evening - DAY)
    morning = evening + DAY if _wraps(rule) else evening
    return evening + rule.night_start * HOUR, morning + rule.night_end * HOUR


def _wraps(rule: Rule) -> bool:
    """Whether midnight is inside the night."""
    return rule.night_start > rule.night_end

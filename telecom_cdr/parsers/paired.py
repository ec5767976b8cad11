# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls of which one row tells the begin and another the end (INVITE and BYE)."""

import numpy as np
import pandas as pd

from .leg_columns import END, FOUND, KEY, LAST, OPEN, OPENER, REASON, ROLE, ROW, VAIN
from .quantities import MAX_SECONDS

ROUND = {
    "up": np.ceil,
    "down": np.floor,
    "half_up": lambda value: np.floor(value + 0.5),
}
MARK = "\x1f"


def pair(rows: pd.DataFrame, rounding: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Calls from the rows of whole calls.

    A call lasts from its first begin to its first end. Begins that led to nothing are
    calls of 0 seconds, but where the call was made after all. What is neither begin nor
    end is a call as it stands.

    :param rows: facts and `leg_columns.OWN`
    :param rounding: of fractions of a second: a key of ROUND
    :return: calls in the order of their first rows; rows that are rejected, one for
        each call that lacks its begin or its end, with REASON and FOUND
    """
    if rows.empty:
        return rows, rows.iloc[:0]
    rows = rows.sort_values([OPENER, ROW])
    begin, end, vain, alone = (
        rows[rows[ROLE] == role].drop_duplicates(OPENER)
        for role in (OPEN, END, VAIN, LAST)
    )
    ends = end[[OPENER, "start_at"]].rename(columns={"start_at": "end_at"})
    begin = begin.merge(ends, on=OPENER, how="left")
    has_end = begin["end_at"].notna()
    calls, wrong = _measured(begin[has_end].copy(), rounding)
    vain = vain[~vain[OPENER].isin(begin[OPENER])]
    vain = vain.assign(duration=np.zeros(len(vain), np.int64))
    led_to = {*begin[OPENER], *vain[OPENER]}
    rejected = [
        wrong,
        _refused(begin[~has_end], "no_end"),
        _refused(end[~end[OPENER].isin(led_to)], "no_start"),
    ]
    found = [part for part in (calls, vain, alone) if len(part)] or [rows.iloc[:0]]
    return (
        pd.concat(found).sort_values([OPENER, ROW])[list(rows.columns)],
        pd.concat(rejected, ignore_index=True),
    )


def _measured(rows: pd.DataFrame, rounding: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Calls with their durations, and those that end ahead of their begin."""
    lasted = (rows["end_at"] - rows["start_at"]) / pd.Timedelta(seconds=1)
    seconds = ROUND[rounding](lasted.to_numpy(np.float64)).astype(np.int64)
    rows = rows.assign(duration=np.minimum(seconds, MAX_SECONDS))
    is_wrong = seconds < 0
    wrong = _refused(rows[is_wrong], "duration")
    return rows[~is_wrong], wrong.assign(**{FOUND: seconds[is_wrong].astype(str)})


def _refused(rows: pd.DataFrame, reason: str) -> pd.DataFrame:
    """Rows with the reason for which they are no calls."""
    keys = rows[KEY].str.replace(MARK, " ")
    return rows.assign(**{REASON: reason, FOUND: keys.astype(object)})

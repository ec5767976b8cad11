# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is compared with the customer's own past. All comparisons are of integers."""

import numpy as np
import pandas as pd

from .rules import PLACES, Rule
from .windows import DAY, utc, with_clock


def rises(
    found: pd.DataFrame, history: pd.DataFrame, rule: Rule, zone: str
) -> pd.DataFrame:
    """Keep what is at least `factor_percent` of the past, with that past.

    The past is the mean of the same hour of the day over the days before, as far as
    the customer's calls go back; hours without calls count as 0.

    :param found: windows (hours) of a rule that reach its limits
    :param history: windows of the same rule, whatever their size
    :return: with `past` (sum over the days, int64) and `past_days`
    """
    found = with_clock(found, "start", zone)
    history = with_clock(history, "start", zone)
    found = found.assign(
        past=_past_sums(found, history, rule),
        past_days=found["known_days"].clip(upper=rule.past_days),
    )
    is_known = found["past_days"] >= max(rule.history_days, 1)
    risen = found["value"] * found["past_days"] * 100
    limit = found["past"] * rule.factor_percent
    return found[is_known & (found["value"] > 0) & (risen >= limit)]


def _past_sums(found: pd.DataFrame, history: pd.DataFrame, rule: Rule) -> pd.Series:
    """What the days before have in the same hour and place (int64)."""
    keys = ["customer", *PLACES[rule.place], "clock"]
    asked = found[[*keys, "date"]].reset_index(names="row")
    pairs = asked.merge(
        history[[*keys, "date", "value"]], on=keys, suffixes=("", "_past")
    )
    age = pairs["date"] - pairs["date_past"]
    pairs = pairs[(age >= DAY) & (age <= rule.past_days * DAY)]
    sums = pairs.groupby("row")["value"].sum()
    return sums.reindex(found.index, fill_value=0).astype(np.int64)


def new_countries(
    found: pd.DataFrame, sums: pd.DataFrame, rule: Rule, zone: str
) -> pd.DataFrame:
    """Keep nights with calls to a country that was not called in the days before.

    What was called for the first time on the day that the night follows is new still.
    """
    evening = with_clock(found, "start", zone)["date"]
    asked = found[["customer", "country"]].assign(before=utc(evening, zone))
    asked = asked.reset_index(names="row")
    pairs = asked.merge(sums[["customer", "country", "hour"]])
    age = pairs["before"] - pairs["hour"]
    is_past = (age > pd.Timedelta(0)) & (age <= rule.past_days * DAY)
    known = pairs.loc[is_past, "row"].unique()
    is_judged = found["known_days"] >= rule.history_days
    return found[~found.index.isin(known) & is_judged]


def with_known_days(found: pd.DataFrame, sums: pd.DataFrame, zone: str) -> pd.DataFrame:
    """Add for how many days before (`known_days`) the table has calls of the customer.

    :param sums: with the local `date`
    """
    firsts = sums.groupby("customer")["date"].min().reindex(found["customer"])
    days = with_clock(found, "start", zone)["date"] - firsts.to_numpy()
    # A night begins on the day before its first call, maybe.
    return found.assign(known_days=days.dt.days.clip(lower=0).astype(np.int64))

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Find what rules of the fraud watch have to say about calls."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from .past import new_countries, rises, with_known_days
from .rules import PLACES, QUANTITIES, Exceptions, Rule, variants
from .windows import at_night, with_clock, with_window

# Of a fact; places that a rule does not ask for are "" or 0.
COLUMNS = {
    "rule": "int64",
    "customer": "int64",
    "category": "object",
    "destination": "int64",
    "country": "int64",
    "start": "datetime64[s]",
    "end": "datetime64[s]",
    "calls": "int64",
    "seconds": "int64",
    "amount": "int64",
    "value": "int64",
    "past": "int64",
    "past_days": "int64",
}
NO_PLACE = {"category": "", "destination": 0, "country": 0}
NO_PAST = {"past": 0, "past_days": 0}


def find_facts(
    rules: Sequence[Rule],
    own: Exceptions,
    sums: pd.DataFrame,
    since: datetime,
    zone: str,
) -> pd.DataFrame:
    """Give a row for each hour, day or night and place in which a rule is broken.

    :param own: rules (or None) that customers have instead, by (rule id, customer)
    :param sums: see the package; begins `reach` days before `since`
    :param since: windows that end before (UTC) are past only
    :param zone: of the company, such as Europe/Madrid
    :return: the columns of COLUMNS; `value` is what was judged, `past` the sum that
        `past_days` days before have in that hour (0 and 0: not compared)
    """
    sums = with_clock(sums, "hour", zone)
    customers = sums["customer"].unique()
    parts = [
        _facts_of(rule, sums[sums["customer"].isin(some)], since, zone)
        for rule, some in variants(rules, own, customers)
    ]
    facts = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    facts = facts.reindex(columns=list(COLUMNS)).astype(COLUMNS)
    return facts.sort_values(list(COLUMNS)[:7], ignore_index=True)


def _facts_of(
    rule: Rule, sums: pd.DataFrame, since: datetime, zone: str
) -> pd.DataFrame:
    """What one rule finds among its customers."""
    windows = _add_up(with_window(_counted(sums, rule), rule, zone), rule)
    found = windows[(windows["end"] > since) & _reached(windows, rule)]
    found = with_known_days(found, sums, zone)
    if rule.kind == "rise":
        found = rises(found, windows, rule, zone)
    elif rule.kind == "night":
        found = new_countries(found, sums, rule, zone)
    return _with_rest(found, rule)


def _counted(sums: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """The sums that a rule is about."""
    kept = np.ones(len(sums), bool)
    if rule.categories:
        kept &= sums["category"].isin(rule.categories).to_numpy()
    if rule.kind == "night":
        kept &= (at_night(sums["clock"], rule) & (sums["country"] > 0)).to_numpy()
    return sums[kept]


def _add_up(sums: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """One row for each customer, place and window."""
    keys = ["customer", *PLACES[rule.place], "start", "end"]
    valued = sums.assign(value=sums[rule.measured])
    return valued.groupby(keys, as_index=False)[[*QUANTITIES, "value"]].sum()


def _reached(windows: pd.DataFrame, rule: Rule) -> np.ndarray:
    """Whether each limit is reached that the rule has."""
    limits = {name: limit for name, limit in rule.minimums.items() if limit}
    reached = [(windows[name] >= limit).to_numpy() for name, limit in limits.items()]
    return np.logical_and.reduce([np.ones(len(windows), bool), *reached])


def _with_rest(found: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """Add the columns that this rule has nothing for."""
    known = {**NO_PLACE, **NO_PAST, "rule": rule.id}
    rest = {name: known[name] for name in known if name not in found}
    return found.assign(**rest)

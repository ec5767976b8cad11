# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls that would wait, and that somebody decided to leave out by a rule."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .match import COLUMNS as PARTIES
from .periods import EVER, NEVER, epoch_seconds
from .tables import Array, Table, codes_of, integers, text, truth

WAITING = ("unmatched", "unrated", "late")


@dataclass(frozen=True)
class IgnoreRule:
    """What is left out; empty means whatever.

    :ivar carrier_id: 0 for any
    :ivar cause: one of WAITING, or "" for all of them
    :ivar number: an identifier that stands in any column for one
    :ivar prefix: leading digits of the called number, without +
    :ivar calling_pattern: regular expression (RE2), as is called_pattern
    :ivar start: from this second of the epoch on, EVER for no limit
    :ivar end: until this second, not included, NEVER for no limit
    """

    carrier_id: int = 0
    cause: str = ""
    number: str = ""
    prefix: str = ""
    calling_pattern: str = ""
    called_pattern: str = ""
    start: int = EVER
    end: int = NEVER


def leave_out(calls: Table, rules: tuple[IgnoreRule, ...]) -> Table:
    """Calls with those that wait and that a rule names as excluded, reason "ignored".

    :param calls: facts, carrier_id, state and reason; state and reason categorical
    """
    if not rules or not len(calls):
        return calls
    causes = codes_of(calls["state"], WAITING)
    waiting = np.flatnonzero(causes >= 0)
    if not waiting.size:
        return calls
    some = calls.iloc[waiting]
    found = np.zeros(len(some), dtype=bool)
    for rule in rules:
        found |= _named(some, causes[waiting], rule)
    out = np.zeros(len(calls), dtype=bool)
    out[waiting[found]] = True
    return calls.assign(
        state=_replaced(calls["state"], out, "excluded"),
        reason=_replaced(calls["reason"], out, "ignored"),
    )


def _named(calls: Table, causes: Array, rule: IgnoreRule) -> Array:
    """Whether a rule names each call."""
    found = np.ones(len(calls), dtype=bool)
    if rule.carrier_id:
        found &= integers(calls, "carrier_id") == rule.carrier_id
    if rule.cause:
        found &= causes == WAITING.index(rule.cause)
    if rule.start != EVER or rule.end != NEVER:
        start = epoch_seconds(calls["start_at"])
        found &= (start >= rule.start) & (start < rule.end)
    if rule.number:
        found &= _is_party(calls, rule.number)
    if rule.prefix:
        found &= _begins(text(calls["called_number"]), rule.prefix)
    for name in ("calling", "called"):
        if pattern := getattr(rule, f"{name}_pattern"):
            numbers = text(calls[f"{name}_number"])
            found &= truth(pc.match_substring_regex(numbers, pattern))
    return found


def _is_party(calls: Table, number: str) -> Array:
    """Whether an identifier stands in any column of a call."""
    found = np.zeros(len(calls), dtype=bool)
    for column in PARTIES:
        if column not in calls:
            continue
        found |= truth(pc.equal(text(calls[column]), number))
    return found


def _begins(numbers: pa.Array, prefix: str) -> Array:
    """Whether numbers begin with digits, with or without a +."""
    plain = truth(pc.starts_with(numbers, prefix))
    return plain | truth(pc.starts_with(numbers, f"+{prefix}"))


def _replaced(column: pd.Series, rows: Array, label: str) -> pd.Series:
    """A categorical column with another label in some rows."""
    result = column.copy()
    result[rows] = label
    return result

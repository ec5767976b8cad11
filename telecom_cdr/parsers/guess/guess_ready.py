# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which of the ready formats a sample is of."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..columns import plain_name
from ..exceptions import ParserError
from ..formats import FormatSpec
from ..reader import ReadContext, preview

ROWS = 50
MAX_REJECTED = 0.1
MIN_NAMED = 0.5
MIN_EQUAL = 0.8
MIN_ROWS = 0.9
AT_PLACES = 0.6
NEEDED = ("start", "calling_number", "called_number", "duration")
CORE = ("start_at", "calling_number", "called_number", "duration")
FIRST, LAST = pd.Timestamp("1990-01-01"), pd.Timestamp("2100-01-01")


def find_ready(
    content: bytes,
    ready: Sequence[tuple[str, Mapping[str, Any]]],
    context: ReadContext,
    own: pd.DataFrame | None,
) -> tuple[str, ...]:
    """Codes of the formats that nearly read all of a sample, the best first.

    A format by names must find most of its columns; one by positions fits many files
    that are not its own, so it must give the facts that the values themselves say.

    :param own: facts of the proposal that the values make; None where there is none
    """
    found = []
    for place, (code, definition) in enumerate(ready):
        try:
            score = _score(content, FormatSpec.from_dict(definition), context, own)
        except ParserError:
            continue
        if score:
            found.append((-score, place, code))
    return tuple(code for _score_of, _place, code in sorted(found))


def _score(
    content: bytes, spec: FormatSpec, context: ReadContext, own: pd.DataFrame | None
) -> float:
    """How well a format fits; 0 where it does not."""
    shown = preview(io.BytesIO(content), spec, context, ROWS)
    facts, bad = shown.facts, len(shown.rejections)
    if facts.empty or bad > MAX_REJECTED * (len(facts) + bad) or not _is_likely(facts):
        return 0
    found, wanted = _names(spec, shown.columns), _names(spec, None)
    if wanted:
        is_named = all(_found(spec, name, found) for name in NEEDED)
        share = len(found) / len(shown.columns)
        return 1 + share if is_named and len(found) >= MIN_NAMED * len(wanted) else 0
    equal = 0.0 if own is None else _equal_share(facts, own)
    if equal >= MIN_EQUAL:
        return equal + len(spec.column_mapping) / 1000
    # Nothing but its own files has dates and numbers at just these places.
    is_strict = spec.layout == "fixed" or own is None
    return AT_PLACES if is_strict and not bad and _has_durations(facts) else 0


def _has_durations(facts: pd.DataFrame) -> bool:
    """Whether calls last, and not all of them the same."""
    return len(facts) == 1 or facts["duration"].nunique() > 1


def _is_likely(facts: pd.DataFrame) -> bool:
    """Whether times are of our time, and each call has a number."""
    starts = pd.to_datetime(facts["start_at"])
    has_number = facts["calling_number"].notna() | facts["called_number"].notna()
    return bool(starts.between(FIRST, LAST).all() and has_number.mean() >= MIN_ROWS)


def _names(spec: FormatSpec, columns: Sequence[str] | None) -> set[str]:
    """The plain names that a format maps, of a file's columns those that it has.

    :param columns: None: all that it maps; none where it maps positions or places
    """
    if spec.layout == "fixed":
        return set()
    pairs = (column for _field, many in spec.column_mapping for column in many)
    names = {plain_name(column) for column in pairs if isinstance(column, str)}
    return names if columns is None else names & set(map(plain_name, columns))


def _found(spec: FormatSpec, name: str, found: set[str]) -> bool:
    """Whether a field that a format maps by name has one of its columns."""
    columns = [column for column in spec.columns(name) if isinstance(column, str)]
    return not columns or bool(found & set(map(plain_name, columns)))


def _equal_share(facts: pd.DataFrame, own: pd.DataFrame) -> float:
    """The share of facts that two readings of the same rows have in common."""
    both = facts.merge(own, on="line_number", suffixes=("", "_own"))
    if len(both) < MIN_ROWS * len(facts) or 2 * len(facts) < len(own):
        return 0
    equal = [
        (
            (both[name] == both[f"{name}_own"])
            | (both[name].isna() & both[f"{name}_own"].isna())
        ).mean()
        for name in CORE
    ]
    return float(sum(equal) / len(equal))

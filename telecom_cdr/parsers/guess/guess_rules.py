# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which rows are answered, and which way calls went, as rules of a format."""

import re
from typing import Any

from . import guess_values as values
from .guess_columns import Columns
from .looks import Look

MAX_EXTENSION = 5
PATTERN = "(?i)^(%s)$"


def guess_rules(state: Columns) -> dict[str, Any]:
    """The answered rule and the direction rules, where the columns tell."""
    keys: dict[str, Any] = {}
    if answered := _answered(state):
        keys["answered_rule"] = answered
    if directions := _directions(state):
        keys["direction_rules"] = directions
    return keys


def _answered(state: Columns) -> dict[str, Any]:
    """The rule by words of the outcome; else by an answer time that some rows lack."""
    outcome = state.look("disposition")
    if outcome and values.outcome_share(outcome.column) >= values.MOST:
        words = _found(outcome, values.ANSWERED)
        if words:
            return {"column": outcome.column.key, "pattern": _pattern(words)}
    answer = state.look("answer")
    if answer and any(not cell.strip("0:-/. ") for cell in answer.column.cells):
        return {"column": answer.column.key, "pattern": "[1-9]"}
    return {}


def _directions(state: Columns) -> list[dict[str, Any]]:
    """Rules by the words of a direction; calls between extensions first."""
    rules: list[dict[str, Any]] = []
    look = state.look("direction")
    if look:
        rules = [
            {"column": look.column.key, "pattern": _pattern(found), "direction": name}
            for name, words in values.DIRECTIONS.items()
            if (found := _found(look, words))
        ]
    if "internal" not in [rule["direction"] for rule in rules] and (
        n := _extension(state)
    ):
        rules.insert(0, {"internal_digits": n})
    return rules


def _extension(state: Columns) -> int:
    """Digits of extensions that call each other; 0 where none do."""
    caller, called = state.look("calling_number"), state.look("called_number")
    if not caller or not called:
        return 0
    pairs = zip(caller.column.cells, called.column.cells, strict=True)
    lengths = [
        max(len(a), len(b))
        for a, b in ((values.party_of(x), values.party_of(y)) for x, y in pairs)
        if a.isdecimal() and b.isdecimal() and max(len(a), len(b)) <= MAX_EXTENSION
    ]
    return max(lengths, default=0)


def _found(look: Look, words: tuple[str, ...]) -> list[str]:
    """The words of a list that a column has, in the order of the list."""
    cells = {cell.casefold() for cell in look.filled}
    return [word for word in words if word in cells]


def _pattern(words: list[str]) -> str:
    """A pattern of whole cells, whatever their case."""
    return PATTERN % "|".join(map(re.escape, words))

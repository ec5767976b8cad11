# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Checks that the keys of a format share; each gives the value as it is used.

All raise FormatError, which names the key, what was found and what is expected.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .exceptions import FormatError

MAX_POSITION = 10_000

Column = int | str  # 1-based position or name in the header


class MaybeName(str):
    """The name of a column that a file may lack: written with a ? behind it."""


class MaybePosition(int):
    """The position of a column that a file may lack: a text, with a ? behind it."""


def is_optional(column: Column) -> bool:
    """Whether a file may lack a column."""
    return isinstance(column, MaybeName | MaybePosition)


@dataclass(frozen=True)
class Rule:
    """A pattern that is searched in a column, and what follows where it is found.

    :ivar columns: positions or header names; the first non-empty value counts
    :ivar result: "keep", "skip", a direction, a service, or "" (answered)
    :ivar digits: for internal calls: both parties have at most so many digits
    """

    columns: tuple[Column, ...]
    pattern: str
    result: str
    digits: int = 0


def as_data(
    key: str,
    value: Any,
    kind: type | tuple[type, ...],
    expected: str,
    **values: object,
) -> Any:
    """The value of a JSON key, given as data or as text; of the expected type."""
    if isinstance(value, str):
        try:
            value = json.loads(value or "null")
        except ValueError as error:
            raise FormatError(
                key, value, "valid JSON (%(error)s)", error=error
            ) from error
    if not isinstance(value, kind):
        raise FormatError(key, value, expected, **values)
    return value


def as_word(key: str, value: Any, words: Iterable[str]) -> str:
    """The value, where it is one of the words."""
    if not isinstance(value, str) or value not in words:
        raise FormatError(
            key, value, "one of %(known)s", known=", ".join(map(repr, words))
        )
    return value


def as_boolean(key: str, value: Any) -> bool:
    """True or false."""
    if value not in (True, False):
        raise FormatError(key, value, "true or false")
    return bool(value)


def as_count(limit: int) -> Callable[[str, Any], int]:
    """The check for a whole number from 0 to a limit."""

    def check(key: str, value: Any) -> int:
        """A whole number in bounds."""
        number = as_integer(value or 0)
        if number is None or not 0 <= number <= limit:
            raise FormatError(key, value, "a number from 0 to %(limit)s", limit=limit)
        return number

    return check


def as_integer(value: Any) -> int | None:
    """A whole number, given as such or as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    return value if isinstance(value, int) else None


def as_columns(key: str, value: Any) -> tuple[Column, ...]:
    """Positions and header names, from one of them or a list."""
    found = value if isinstance(value, list | tuple) else [value]
    checked = tuple(as_column(key, item) for item in found)
    if not checked:
        raise FormatError(key, value, "at least one column")
    return checked


def as_column(key: str, value: Any) -> Column:
    """A position from 1 or the name of a column; with a ? behind it, it may lack."""
    if isinstance(value, str) and value.strip().endswith("?") and value.strip("? "):
        column = as_column(key, value.strip()[:-1])
        return MaybeName(column) if isinstance(column, str) else MaybePosition(column)
    number = as_integer(value)
    if number is not None and 1 <= number <= MAX_POSITION:
        return number
    if number is not None or not isinstance(value, str) or not value.strip():
        raise FormatError(key, value, "a position from 1 or a name in the header")
    return value.strip()


def as_pattern(key: str, value: Any) -> str:
    """A regular expression."""
    try:
        re.compile(value)
    except (re.error, TypeError, RecursionError, OverflowError) as error:
        raise FormatError(
            key, value, "a regular expression (%(error)s)", error=error
        ) from error
    return value

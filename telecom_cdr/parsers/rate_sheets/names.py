# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What rows of a rate sheet name in place of codes, or beside them.

Destinations, categories and time bands stand there by the names that the company gives
them; rules have patterns, and an order in which they are tried.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .prefixes import Problem
from .values import Reader, is_nothing

# What may be named, and the columns of patterns.
NAMED = ("destination", "category", "time_band")
PATTERNS = ("calling_pattern", "called_pattern", "region_pattern")
EXPECTED = {
    "destination": "a code in the row, a list of codes for its destination, or the "
    "name of one of the company's destinations",
    "category": "one of the categories %(names)s",
    "time_band": "one of the company's time bands %(names)s (empty: at any time)",
}
NO_BANDS = "no time band: the company has none yet, so create it first"
SEVERAL = "a name that only one of them has"
EXPECTED_PATTERN = "a regular expression of the kind RE2, such as ^\\+34"
EXPECTED_ORDER = "a whole number from 0 to %(most)s"
ANY_TIME = frozenset(
    (
        "all", "any", "always", "any time", "anytime", "all day", "24h", "24/7",
        "siempre", "todo el día", "todo el dia", "todos",
    )
)  # fmt: skip
MAX_ORDER = 1_000_000
SHOWN_NAMES = 20
# What a spreadsheet would take for a formula is exported with a quote ahead.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def bare(text: str) -> str:
    """A text without the quote that keeps spreadsheets from computing it."""
    return text[1:] if text.startswith("'") and text[1:2] in FORMULA_SIGNS else text


def name_key(name: str) -> str:
    """A name as it is compared."""
    return " ".join(bare(name.strip()).split()).casefold()


def name_reader(reason: str, names: Iterable[tuple[str, Any]]) -> Reader:
    """The reader of names.

    :param reason: for problems: the field, one of NAMED
    :param names: what may be named, and what it stands for; two of one name are a
        problem where a row has it
    """
    known: dict[str, set[Any]] = {}
    shown: dict[Any, str] = {}
    for name, value in names:
        known.setdefault(name_key(name), set()).add(value)
        shown.setdefault(value, name)
    expected = NO_BANDS if reason == "time_band" and not known else EXPECTED[reason]
    values = {"names": ", ".join([*shown.values()][:SHOWN_NAMES])}
    values = values if "%(names)s" in expected else {}

    def read(text: str) -> Any:
        """What a name stands for; None for a blank."""
        if is_nothing(text):
            return None
        found = known.get(name_key(text), set())
        if len(found) > 1:
            return Problem(reason, text[:100], SEVERAL)
        if not found and reason == "time_band" and name_key(text) in ANY_TIME:
            return None
        return next(iter(found), Problem(reason, text[:100], expected, values))

    return read


def read_pattern(reason: str) -> Reader:
    """The reader of patterns.

    :param reason: for problems: the field
    """

    def read(text: str) -> str | Problem | None:
        """A pattern; None for a blank."""
        pattern = bare(text)
        if not pattern:
            return None
        try:
            pc.match_substring_regex(pa.array([""]), pattern)
        except pa.ArrowInvalid:
            return Problem(reason, text[:100], EXPECTED_PATTERN)
        return pattern

    return read


def read_order(text: str) -> int | Problem | None:
    """The place of a rule among the others; None for a blank."""
    if is_nothing(text):
        return None
    if text.isdecimal() and text.isascii() and int(text) <= MAX_ORDER:
        return int(text)
    return Problem("sequence", text[:100], EXPECTED_ORDER, {"most": MAX_ORDER})


def readers(names: Mapping[str, Iterable[tuple[str, Any]]]) -> dict[str, Reader]:
    """A reader of each kind of names that are known."""
    return {
        field: name_reader(field, names[field]) for field in NAMED if field in names
    }

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Steps on texts: what a cell is to be before it is read.

A step takes distinct cells and gives as many; None for one that it refuses.
"""

import re
from collections.abc import Callable, Sequence

Cells = list[str]
Converted = list[str | None]
Step = Callable[[Cells], Converted]


def each(convert: Callable[[str], str | None]) -> Step:
    """The step that converts each cell by itself, but for the blank ones."""
    return lambda cells: [convert(cell) if cell else cell for cell in cells]


def every(convert: Callable[[str], str | None]) -> Step:
    """The step that converts each cell by itself, the blank ones, too."""
    return lambda cells: [convert(cell) for cell in cells]


def strip(characters: str = "") -> Step:
    """Leave out blanks and these characters on both sides."""
    return each(lambda cell: cell.strip(f"{characters} \t\xa0"))


def upper() -> Step:
    """Write in capitals."""
    return each(str.upper)


def lower() -> Step:
    """Write in small letters."""
    return each(str.lower)


def digits() -> Step:
    """Keep nothing but digits, and a + ahead of the first one."""

    def convert(cell: str) -> str:
        """The digits of one cell."""
        found = re.sub(r"[^0-9]", "", cell)
        return f"+{found}" if re.match(r"[^0-9]*\+[^0-9]*[0-9]", cell) else found

    return each(convert)


def replace(pattern: str, text: str) -> Step:
    """Replace a pattern wherever it is found."""
    search = re.compile(pattern)
    return every(lambda cell: search.sub(text, cell))


def keep(pattern: str) -> Step:
    """Keep what a pattern finds first: its first group, or all of it; else nothing."""
    search = re.compile(pattern).search

    def convert(cell: str) -> str:
        """The part of one cell."""
        match = search(cell)
        if not match:
            return ""
        return (match[1] or "") if match.re.groups else match[0]

    return each(convert)


def remove_prefix(text: str) -> Step:
    """Leave out a text at the beginning."""
    return each(lambda cell: cell.removeprefix(text))


def remove_suffix(text: str) -> Step:
    """Leave out a text at the end."""
    return each(lambda cell: cell.removesuffix(text))


def pad(width: str) -> Step:
    """Put zeros in front of what is shorter."""
    size = int(width)
    return each(lambda cell: cell.rjust(size, "0"))


def default(text: str) -> Step:
    """Fill blank cells."""
    return every(lambda cell: cell or text)


def empty(*words: str) -> Step:
    """Make cells blank that are one of these words, in whatever case."""
    known = {word.casefold() for word in words}
    return each(lambda cell: "" if cell.casefold() in known else cell)


def translate(*pairs: str) -> Step:
    """Replace whole cells by others: from, to, from, to…"""
    known = dict(zip(pairs[::2], pairs[1::2], strict=True))
    return every(lambda cell: known.get(cell, cell))


def number_plan(*pairs: str) -> Step:
    """Replace by the first of several patterns that is found: pattern, text…"""
    plan = [
        (re.compile(pattern), text)
        for pattern, text in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    return each(lambda cell: _by_plan(cell, plan))


def _by_plan(cell: str, plan: Sequence[tuple[re.Pattern[str], str]]) -> str:
    """A cell after the first pattern that is found in it."""
    for pattern, text in plan:
        converted, count = pattern.subn(text, cell, count=1)
        if count:
            return converted
    return cell

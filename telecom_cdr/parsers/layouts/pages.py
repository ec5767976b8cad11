# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Lines that are no records, and what they say of the records behind them.

Page headers, separators and the like; values that stand only in them or in the file's
name; records that go on in the next line.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from re import Pattern

import numpy as np

from ..columns import VALUE_PLACE
from ..exceptions import FileError
from ..formats import FormatSpec
from ..lines import MAX_LINE_BYTES, Lines
from ..records import MAX_RECORD_LINES
from .keys import value_names

BLANK = "\n"


@dataclass
class Page:
    """What was made of some lines.

    :ivar count: lines that the records of a batch are in
    :ivar found: place of a line -> values that it gives, by name
    :ivar spans: place of a line -> lines that its record spans, where more than one
    """

    count: int
    found: dict[int, dict[str, str]]
    spans: dict[int, int]


class Pages:
    """What a format says of lines that are no records."""

    def __init__(self, spec: FormatSpec) -> None:
        """The patterns of a format."""
        self._filters = [re.compile(pattern) for pattern in spec.line_filters]
        self._values = [re.compile(pattern) for pattern in spec.page_values]
        self._first = re.compile(spec.wrapped) if spec.wrapped else None
        self._has_types = spec.record_types is not None
        self.is_idle = not (self._filters or self._values or self._first)

    def look(self, text: str) -> tuple[bool, dict[str, str]]:
        """Whether a line is no record, and the values that it gives.

        A line that gives values is none, unless records have types: those tell.
        """
        is_none = any(pattern.search(text) for pattern in self._filters)
        found = _groups(self._values, text) if self._values else {}
        return is_none or (bool(found) and not self._has_types), found

    def sort_out(self, lines: Lines, count: int) -> Page:
        """Make lines blank that are no records, join those that belong together.

        :param count: lines that records may begin in; a record may go on behind them
        """
        found = {}
        for place, text in enumerate(lines.texts):
            if place in lines.problems:
                continue
            is_none, values = self.look(text.rstrip("\r\n"))
            if values:
                found[place] = values
            if is_none:
                _blank(lines, place)
        if self._first is None:
            return Page(count, found, {})
        return self._join(lines, count, found, self._first)

    def _join(
        self,
        lines: Lines,
        count: int,
        found: dict[int, dict[str, str]],
        first: Pattern[str],
    ) -> Page:
        """Join lines to the record that they belong to."""
        spans: dict[int, int] = {}
        last = None
        place = 0
        for place, text in enumerate(lines.texts):
            is_first = place in lines.problems or bool(first.search(text))
            is_far = last is None or place - last >= MAX_RECORD_LINES
            if not text.strip():
                continue
            if place >= count and (is_first or is_far):
                return Page(place, found, spans)
            if is_first or is_far:
                is_whole = is_first and place not in lines.problems
                last = place if is_whole else None
            elif last is not None:
                spans[last] = place - last + 1
                _append(lines, last, place)
        return Page(max(count, place + 1), found, spans)


def _blank(lines: Lines, place: int) -> None:
    """Take a line out of the records; it stays what it was in the file."""
    lines.raws.setdefault(place, lines.texts[place])
    lines.texts[place] = BLANK


def _append(lines: Lines, last: int, place: int) -> None:
    """Put a line behind the record that it belongs to."""
    lines.raws.setdefault(last, lines.texts[last])
    joined = lines.texts[last].rstrip("\r\n") + lines.texts[place]
    _blank(lines, place)
    if len(joined) > MAX_LINE_BYTES:
        lines.flag(last, "size", lines.raws[last])
    else:
        lines.texts[last] = joined


def _groups(patterns: Sequence[Pattern[str]], text: str) -> dict[str, str]:
    """The values of the named groups of patterns that are found in a text."""
    found = {}
    for pattern in patterns:
        match = pattern.search(text)
        if match:
            pairs = match.groupdict().items()
            found.update({name: value.strip() for name, value in pairs if value})
    return found


class Values:
    """Columns that stand in no row: values of page headers and of the file's name."""

    def __init__(self, spec: FormatSpec, file_name: str) -> None:
        """What a file's name says; nothing where there is no name.

        :raises FileError: reason "name": it does not say what the format expects
        """
        self._names = value_names(spec)
        self._of_file: dict[str, str] = {}
        if spec.name_values and file_name:
            self._of_file = _groups([re.compile(spec.name_values)], file_name)
            if not self._of_file:
                raise FileError(
                    "name",
                    "The name '%(found)s' does not say what the format takes from it "
                    "(%(pattern)s). Rename the file, or correct the pattern.",
                    file_name,
                    pattern=spec.name_values,
                )

    def columns(
        self,
        first: np.ndarray,
        found: Mapping[int, Mapping[str, str]],
        current: Mapping[str, str],
    ) -> dict[int, np.ndarray]:
        """The columns by their places.

        :param first: int64, place of the line that each record begins in
        :param found: place of a line -> values that hold from there on
        :param current: values that hold at first
        """
        columns = {}
        for place, name in enumerate(self._names, VALUE_PLACE):
            value = current.get(name) or self._of_file.get(name, "")
            column = np.full(len(first), value, object)
            for line in sorted(found):
                if name in found[line]:
                    column[np.searchsorted(first, line) :] = found[line][name]
            columns[place] = column
        return columns


def values_after(
    found: Mapping[int, Mapping[str, str]], current: Mapping[str, str], count: int
) -> Mapping[str, str]:
    """The values that hold behind the first `count` lines."""
    values = dict(current)
    for line in sorted(found):
        if line < count:
            values.update(found[line])
    return values if found else current

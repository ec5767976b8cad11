# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Records whose amounts are covered, for people who may not see these.

A record is covered only where it is certain which of its cells are amounts: what was
covered is read again, and every other cell must be what it was. Else it is withheld.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from .columns import VALUE_PLACE, Plan, make_plan, wanted_names
from .exceptions import FileError
from .formats import FormatSpec
from .layouts.contract import MAX_RAW
from .layouts.json_records import DECODER
from .layouts.nested import cell_text
from .layouts.text import NO_TEXT
from .lines import Lines
from .records import Dialect, repair_quotes, split_records

# What the carrier charges.
AMOUNT_FIELDS = ("carrier_amount", "extra.price_per_unit")
DIGIT = re.compile(r"\d")

Mark = Callable[[int], str]
"""What stands in place of an amount, by its place among those of a record (from 0)."""


@dataclass(frozen=True)
class Covered:
    """A record without its amounts.

    :ivar text: the record, with a mark for each amount
    :ivar amounts: what stood there, as it did in the file
    """

    text: str
    amounts: tuple[str, ...]


def has_amounts(spec: FormatSpec) -> bool:
    """Whether a format reads amounts of the carrier from its files."""
    return bool(_amount_columns(spec))


def _amount_columns(spec: FormatSpec) -> list[Any]:
    """The columns that amounts are read from."""
    mappings = (spec.column_mapping, *spec.row_calls)
    pairs = (pair for mapping in mappings for pair in mapping)
    return [one for name, many in pairs if name in AMOUNT_FIELDS for one in many]


class Cover:
    """Covers the amounts in the records of one file."""

    def __init__(
        self, spec: FormatSpec, header: Sequence[str] | None, delimiter: str = ""
    ) -> None:
        """A cover for a file.

        :param header: names of its columns, None where it has no header
        :param delimiter: what parts its cells; "": as the format says
        """
        self.spec = spec
        self._header = tuple(header or ())
        self._delimiter = delimiter or spec.delimiter
        self._plan = _plan(spec, header)
        found = self._plan.find(_amount_columns(spec)) if self._plan else ()
        self.places = tuple(sorted({one for one in found if one < VALUE_PLACE}))

    def cover(self, raw: str, mark: Mark) -> Covered | None:
        """A record without its amounts; None where they cannot be told apart.

        :param raw: the record as it stands in the file
        """
        if not DIGIT.search(raw):
            return Covered(raw, ())
        if self._plan is None or len(raw) >= MAX_RAW:
            return None
        return getattr(self, f"_cover_{self.spec.layout}")(raw, mark)

    # === CELLS IN A ROW === #

    def _cover_delimited(self, raw: str, mark: Mark) -> Covered | None:
        """A record of cells with a delimiter between them."""
        cells = self._cells(raw)
        spans = _spans(raw, self._dialect())
        if cells is None or len(spans) != len(cells):
            return None
        places = self._places_of(cells)
        if places is None:
            return None
        covered = _put(raw, [_inner(raw, spans[place]) for place in places], mark)
        again = self._cells(covered.text)
        hidden = {place for place in places if DIGIT.search(cells[place])}
        is_same = again is not None and len(again) == len(cells)
        if not is_same or any(
            one != other
            for place, (one, other) in enumerate(zip(cells, again or (), strict=True))
            if place not in hidden
        ):
            return None
        return covered

    def _dialect(self) -> Dialect:
        spec = self.spec
        return Dialect(self._delimiter, spec.quote, spec.escape, False)

    def _cells(self, raw: str) -> list[str] | None:
        """The cells of a record, as the file is read; None where it is several."""
        lines = Lines(f"{raw}\n".splitlines(keepends=True))
        records = split_records(lines, len(lines.texts), self._dialect())
        width = self._plan.width if self._plan else 0
        repair_quotes(records, lines, width, self._dialect(), len(self._header))
        if len(records.table) != 1 or records.problems:
            return None
        return records.table.row(0)

    def _places_of(self, cells: Sequence[str]) -> list[int] | None:
        """Where the amounts of a row are; None where its cells are not as usual."""
        usual = len(self._header) or self.spec.minimum_columns
        beyond = len(cells) - usual if usual else 0
        if self.spec.loose_column is not None:
            return self._loose_places(cells, beyond)
        is_narrow = len(cells) < (len(self._header) or (self._plan_width()))
        is_wide = self._header and "".join(cells[usual:]).strip()
        if is_narrow or is_wide:
            return None
        return [place for place in self.places if place < len(cells)]

    def _plan_width(self) -> int:
        return self._plan.width if self._plan else 0

    def _loose_places(self, cells: Sequence[str], beyond: int) -> list[int] | None:
        """The same where one column may be in several pieces."""
        assert self._plan is not None and self.spec.loose_column is not None
        found = self._plan.find((self.spec.loose_column,))
        if beyond < 0 or not found or found[0] in self.places:
            return None
        return [one if one < found[0] else one + beyond for one in self.places]

    def _cover_sheet(self, raw: str, mark: Mark) -> Covered | None:
        """A row of a sheet: its cells with tabs between them."""
        cells = raw.split("\t")
        places = self._places_of(cells)
        if places is None:
            return None
        ends = [len("\t".join(cells[: n + 1])) for n in range(len(cells))]
        spans = [(end - len(cells[n]), end) for n, end in enumerate(ends)]
        return _put(raw, [spans[place] for place in places], mark)

    def _cover_fixed(self, raw: str, mark: Mark) -> Covered | None:
        """A line with cells at fixed places; a mark must fit in."""
        if "\n" in raw or "\r" in raw:
            return None
        ahead = len(raw) - len(raw.lstrip(NO_TEXT))
        spans = []
        for place in self.places:
            column = self.spec.fixed_columns[place]
            begin = ahead + column.start - 1
            spans.append((begin, min(begin + column.width, len(raw))))
        widths = [max(end - begin, 0) for begin, end in spans]
        if any(len(mark(n)) > width > 0 for n, width in enumerate(widths)):
            return None

        def padded(number: int) -> str:
            return mark(number).ljust(widths[number])

        return _put(raw, spans, padded)

    # === RECORDS THAT NAME THEIR VALUES === #

    def _wanted(self) -> list[str]:
        """The names of the amounts."""
        names = wanted_names(self.spec)
        return [names[place] for place in self.places]

    def _cover_json(self, raw: str, mark: Mark) -> Covered | None:
        """A record of JSON; its blanks become the usual ones."""
        try:
            record = DECODER.decode(raw.strip().rstrip(","))
        except (ValueError, RecursionError):
            return None
        amounts = []
        for name in self._wanted():
            while found := _locate(record, name.split(".")):
                inside, key = found
                text = cell_text(inside[key], False)
                if not DIGIT.search(text) or text == mark(len(amounts) - 1):
                    break
                amounts.append(json.dumps(inside[key], ensure_ascii=False))
                inside[key] = mark(len(amounts) - 1)
        return Covered(json.dumps(record, ensure_ascii=False), tuple(amounts))

    def _cover_xml(self, raw: str, mark: Mark) -> Covered | None:
        """An element of XML; what says the same to a reader may be written anew."""
        if "<!" in raw:
            return None
        try:
            record = ElementTree.fromstring(raw)
        except ElementTree.ParseError:
            return None
        amounts: list[str] = []
        wanted = {_without_zero(name) for name in self._wanted()}
        _cover_element(record, "", wanted, amounts, mark)
        text = ElementTree.tostring(record, encoding="unicode")
        return Covered(text, tuple(amounts))


def _plan(spec: FormatSpec, header: Sequence[str] | None) -> Plan | None:
    """The format's columns in a file; None where it has not all of them."""
    try:
        return make_plan(spec, header)
    except FileError:
        return None


def _put(raw: str, spans: Sequence[tuple[int, int]], mark: Mark) -> Covered:
    """A text with marks in place of some spans of it that hold digits."""
    amounts, parts, at = [], [], 0
    for begin, end in sorted(spans):
        if DIGIT.search(raw[begin:end]):
            parts += [raw[at:begin], mark(len(amounts))]
            amounts.append(raw[begin:end])
            at = end
    return Covered("".join([*parts, raw[at:]]), tuple(amounts))


def _spans(raw: str, dialect: Dialect) -> list[tuple[int, int]]:
    """Where the cells of a record begin and end, quotes included."""
    spans, begin = [], 0
    while begin <= len(raw):
        end = _end_of_cell(raw, begin, dialect)
        spans.append((begin, end))
        begin = end + 1
    return spans


def _end_of_cell(raw: str, begin: int, dialect: Dialect) -> int:
    """Where the delimiter behind a cell is, or the end of the record."""
    at = begin
    while dialect.delimiter != " " and raw[at : at + 1] == " ":
        at += 1
    is_quoted = bool(dialect.quote) and raw[at : at + 1] == dialect.quote
    at += is_quoted
    while at < len(raw):
        if dialect.escape and raw[at] == dialect.escape:
            at += 2
            continue
        if is_quoted and raw[at] == dialect.quote:
            behind = raw[at + 1 : at + 2]
            if behind in ("", dialect.delimiter):
                return at + 1
            at += 2 if behind == dialect.quote else 1
            continue
        if not is_quoted and raw[at] == dialect.delimiter:
            return at
        at += 1
    return len(raw)


def _inner(raw: str, span: tuple[int, int]) -> tuple[int, int]:
    """A cell without its quotes and the blanks around it."""
    begin, end = span
    while begin < end and raw[begin] in " \"'":
        begin += 1
    while begin < end and raw[end - 1] in " \"'":
        end -= 1
    return begin, end


def _locate(value: Any, path: Sequence[str]) -> tuple[Any, Any] | None:
    """What holds the value at a path, and the key; as `nested.look_up` finds it."""
    if isinstance(value, list):
        if not path or not path[0].isdecimal() or int(path[0]) >= len(value):
            return None
        place = int(path[0])
        return (value, place) if len(path) == 1 else _locate(value[place], path[1:])
    if not isinstance(value, dict):
        return None
    for end in range(1, len(path) + 1):
        name = ".".join(path[:end])
        if name in value:
            if end == len(path):
                return value, name
            if found := _locate(value[name], path[end:]):
                return found
    return None


def _without_zero(name: str) -> str:
    """A path of XML: the first of several elements has no number."""
    return ".".join(part for part in name.split(".") if part != "0")


def _cover_element(
    element: ElementTree.Element,
    path: str,
    wanted: set[str],
    amounts: list[str],
    mark: Mark,
) -> None:
    """Put marks in place of the amounts of an element, and of those within it."""
    for key, value in element.attrib.items():
        name = f"@{_local(key)}"
        if (f"{path}.{name}" if path else name) in wanted and DIGIT.search(value):
            element.attrib[key] = mark(len(amounts))
            amounts.append(value)
    text = "".join([element.text or "", *(child.tail or "" for child in element)])
    if path in wanted and DIGIT.search(text):
        for child in element:
            child.tail = None
        element.text = mark(len(amounts))
        amounts.append(text)
    counts: dict[str, int] = {}
    for child in element:
        name = _local(child.tag)
        number = counts.get(name, 0)
        counts[name] = number + 1
        step = f"{name}.{number}" if number else name
        inner = f"{path}.{step}" if path else step
        _cover_element(child, inner, wanted, amounts, mark)


def _local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2].rpartition(":")[2]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Records that name their values, perhaps within one another, as rows of cells.

A cell is named by the path to it: `variables.uuid`, `callflow.0.caller_profile.ani`.
"""

import json
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, BinaryIO

import numpy as np

from ..columns import wanted_names
from ..formats import FormatSpec
from ..records import MAX_CELL
from ..tables import Derived, RowTable, Table
from .contract import MAX_RAW, Position, Problem, Rows, Source
from .pages import Values
from .stream import TextStream

# What a database cannot hold: the null character, halves of characters.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
MAX_NAMES = 500
MAX_SHOWN = 1_000
# Characters of records that a batch holds at most, before it is passed on.
MAX_BATCH = 32 * 1024 * 1024


@dataclass
class Found:
    """A record as it was found.

    :ivar cells: its values by their paths, or what holds them
    :ivar raw: as it stands in the file, cut
    :ivar size: characters that it has there
    :ivar problem: why it cannot be read
    """

    cells: Any
    raw: str
    size: int
    problem: Problem | None = None


class NestedSource(Source):
    """A file of such records; one that is taken up again passes those behind it."""

    def __init__(
        self,
        stream: BinaryIO,
        spec: FormatSpec,
        position: Position | None,
        file_name: str = "",
    ) -> None:
        """Records from the first on, or from a position on."""
        self._spec = spec
        self._values = Values(spec, file_name)
        self._wanted: Sequence[str] = wanted_names(spec)
        self._text = TextStream(stream, spec.encoding)
        self._records = self._find(self._text)
        self.position = position or Position(0, 1, self._text.encoding)
        for _ in range(self.position.line - 1):
            next(self._records, None)

    @abstractmethod
    def _find(self, text: TextStream) -> Iterator[Found]:
        """The records of a text."""

    def _path(self, name: str) -> list[str]:
        """The parts of the path that a column has."""
        return name.split(".")

    def show_all(self, limit: int) -> None:
        """Give all that the next records hold, for somebody who looks at them."""
        ahead = list(islice(self._records, limit))
        self._wanted = _names(ahead)
        self._records = chain(ahead, self._records)

    def columns(self) -> list[str]:
        """Paths of the cells."""
        return list(self._wanted)

    def rows(self, count: int) -> Rows | None:
        """The next records, fewer where they are big."""
        found = Collected()
        starts = [str(column) for column in self._spec.columns("start")]
        needed = [place for place, name in enumerate(self._wanted) if name in starts]
        paths = [self._path(name) for name in self._wanted]
        for record in islice(self._records, count):
            found.add(record, paths, needed, self._spec.url_encoded)
            if found.size > MAX_BATCH:
                break
        if not found.rows:
            return None
        first = self.position.line
        line = first + len(found.rows)
        self.position = Position(self._text.offset, line, self._text.encoding)
        return found.into_rows(first, self._values)


@dataclass
class Collected:
    """Records on their way into a table."""

    rows: list[list[str]] = field(default_factory=list)
    raws: list[str] = field(default_factory=list)
    problems: dict[int, Problem] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    size: int = 0

    def add(
        self,
        record: Found,
        paths: Sequence[Sequence[str]],
        needed: Sequence[int],
        is_encoded: bool,
    ) -> None:
        """One record more.

        :param paths: of the cells that a row has
        :param needed: places of those without which it is no call
        """
        row = len(self.rows)
        cells = [""] * len(paths)
        if record.problem:
            self.problems[row] = record.problem
        else:
            cells = [cell_text(look_up(record.cells, p), is_encoded) for p in paths]
            if any(len(cell) > MAX_CELL for cell in cells):
                cells, self.problems[row] = [""] * len(paths), ("size", "")
            elif needed and not any(cells[place].strip() for place in needed):
                names = (name for name, _ in flatten(record.cells))
                self.names[row] = ", ".join(islice(names, 50))[:MAX_SHOWN]
        self.rows.append(cells)
        self.raws.append(storable(record.raw[:MAX_RAW]))
        self.size += record.size

    def into_rows(self, first: int, values: Values) -> Rows:
        """The records as rows; `first`: number of the first."""
        count = len(self.rows)
        table: Table = RowTable(self.rows)
        columns = values.columns(np.zeros(count, np.int64), {}, {})
        return Rows(
            Derived(table, columns) if columns else table,
            np.arange(count, dtype=np.int64) + first,
            self.raws.__getitem__,
            self.problems,
            lambda row: self.names.get(row, ""),
        )


def look_up(value: Any, path: Sequence[str]) -> Any:
    """What stands at a path; None where nothing does.

    Names may have dots themselves; items of lists count from 0, those of a record that
    is a list from 1, as columns do.
    """
    if isinstance(value, list) and path[0].isdecimal():
        place = int(path[0]) - 1
        value = value[place] if 0 <= place < len(value) else None
        return _step(value, path[1:])
    return _step(value, path)


def _step(value: Any, path: Sequence[str]) -> Any:
    """What stands at a path from a value on."""
    if not path:
        return value
    if isinstance(value, list):
        is_place = path[0].isdecimal() and int(path[0]) < len(value)
        return _step(value[int(path[0])], path[1:]) if is_place else None
    if not isinstance(value, dict):
        return None
    if path[0] in value:
        found = _step(value[path[0]], path[1:])
        if found is not None:
            return found
    for end in range(2, len(path) + 1):
        name = ".".join(path[:end])
        if name in value:
            return _step(value[name], path[end:])
    return None


def cell_text(value: Any, is_encoded: bool) -> str:
    """A value as the text of a cell; `is_encoded`: it may hold %XX."""
    if isinstance(value, str):
        text = value
    elif value is None:
        text = ""
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = json.dumps(value, ensure_ascii=False)[:MAX_SHOWN]
    if is_encoded and "%" in text:
        text = ENCODED.sub(lambda match: _url_decoded(match[0]), text)
    return storable(text)


def _url_decoded(text: str) -> str:
    """The characters of %XX%XX."""
    found = bytes.fromhex(text.replace("%", ""))
    try:
        return found.decode()
    except UnicodeDecodeError:
        return found.decode("latin-1")


def storable(text: str) -> str:
    """A text without what no database can hold."""
    return text if text.isprintable() else UNSTORABLE.sub("\ufffd", text)


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and values of all that is no object or list, nor empty."""
    items: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value, 0 if path else 1)
    else:
        yield path, value
        return
    for name, inner in items:
        yield from flatten(inner, f"{path}.{name}" if path else str(name))


def _names(records: Iterable[Found]) -> list[str]:
    """The paths that occur in some records, in the order in which they come."""
    names: dict[str, None] = {}
    for record in records:
        if record.problem is None:
            names.update(dict.fromkeys(name for name, _ in flatten(record.cells)))
    return list(islice(names, MAX_NAMES))

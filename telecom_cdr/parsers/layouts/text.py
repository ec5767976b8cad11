# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files of lines: delimited and of fixed width."""

import re
from abc import abstractmethod
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from ..columns import plain_name
from ..exceptions import FileError
from ..formats import FormatSpec
from ..lines import Lines, decode_lines, open_lines, resume_lines
from ..records import (
    MAX_RECORD_LINES,
    Dialect,
    Records,
    join_loose,
    repair_quotes,
    split_records,
)
from ..tables import Derived, Table, objects
from .contract import MAX_RAW, Position, Rows, Source
from .keys import FixedColumn
from .pages import Page, Pages, Values, values_after

SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE | re.DOTALL)
# What old systems leave behind the last line, or between pages.
NO_TEXT = "\x00\x1a\f"


class TextSource(Source):
    """A file of lines.

    :ivar width: cells that a row must have; whoever reads the rows may say so
    """

    def __init__(
        self,
        stream: BinaryIO,
        spec: FormatSpec,
        position: Position | None,
        file_name: str = "",
    ) -> None:
        """Lines from the first row on, or from a position on."""
        self.spec = spec
        self.width = 0
        self._pages = Pages(spec)
        self._values = Values(spec, file_name)
        if position:
            self.position = position
            self._lines = resume_lines(stream, position.encoding, position.offset)
        else:
            self._lines, encoding = open_lines(stream, spec.encoding)
            self.position = Position(self._lines.offset, 1, encoding)
            self._begin()

    def _begin(self) -> None:
        """Go to the first row."""
        self._skip(self.spec.skipped_lines)

    def _skip(self, count: int) -> None:
        """Leave out lines, but for the values that they give."""
        lines = decode_lines(self._lines.peek(count), self.position.encoding)
        looked = (self._pages.look(text.rstrip("\r\n")) for text in lines.texts)
        found = {place: values for place, (_none, values) in enumerate(looked)}
        self._take(count, found if self.spec.page_values else {})
        # Fewer there may be, but what follows has the number of the next.
        self.position = replace(self.position, line=count + 1)

    def _take(self, count: int, found: dict[int, dict[str, str]]) -> None:
        """Go on behind some lines."""
        self._lines.take(count)
        self.position = replace(
            self.position,
            offset=self._lines.offset,
            line=self.position.line + count,
            values=values_after(found, self.position.values, count),
        )

    def rows(self, count: int) -> Rows | None:
        """The records that begin in the next `count` lines."""
        raw_lines = self._lines.peek(count + MAX_RECORD_LINES)
        if not raw_lines:
            return None
        lines = decode_lines(raw_lines, self.position.encoding)
        page = Page(count, {}, {})
        if not self._pages.is_idle:
            page = self._pages.sort_out(lines, count)
        records = self._records(lines, page.count)
        before = self.position
        self._take(records.used, page.found)
        first, spans = records.first, records.count
        if page.spans:
            spans = _longer(first, spans, page.spans)
        columns = self._values.columns(first, page.found, before.values)
        return Rows(
            Derived(records.table, columns) if columns else records.table,
            first + before.line,
            lambda row: lines.raw(int(first[row]), int(spans[row]))[:MAX_RAW],
            {row: (reason, "") for row, reason in records.problems.items()},
        )

    @abstractmethod
    def _records(self, lines: Lines, count: int) -> Records:
        """The records that begin in the first `count` lines."""


def _longer(first: np.ndarray, spans: np.ndarray, joined: dict[int, int]) -> np.ndarray:
    """Lines that records span, where some were joined."""
    pairs = zip(first.tolist(), spans.tolist(), strict=True)
    return np.array([max(span, joined.get(place, 1)) for place, span in pairs], int)


class DelimitedSource(TextSource):
    """Cells with a delimiter between them."""

    def _begin(self) -> None:
        """Go to the first row: behind `sep=;`, which may say the delimiter, the lines
        to skip and the header."""
        first = decode_lines(self._lines.peek(1), self.position.encoding).texts
        match = SEPARATOR_LINE.fullmatch(first[0].rstrip("\r\n")) if first else None
        delimiter = match[1] if match else self.spec.delimiter
        self.position = replace(self.position, delimiter=delimiter)
        self._skip(max(self.spec.skipped_lines, 1 if match else 0))
        if self.spec.has_header:
            self._read_header()

    def _read_header(self) -> None:
        """The first record that is not blank."""
        while self.position.header is None and (rows := self.rows(1)) is not None:
            if rows.problems:
                raise FileError("encoding", "The header cannot be decoded.", "header")
            if len(rows.table):
                header = tuple(rows.table.row(0))
                self.position = replace(self.position, header=header)

    @property
    def is_empty(self) -> bool:
        """Whether not even a header was found."""
        return self.spec.has_header and self.position.header is None

    def columns(self) -> list[str]:
        """The header."""
        return list(self.position.header or ())

    def _dialect(self) -> Dialect:
        """How cells are parted in this file."""
        spec = self.spec
        is_loose = spec.loose_column is not None
        return Dialect(self.position.delimiter, spec.quote, spec.escape, is_loose)

    def _records(self, lines: Lines, count: int) -> Records:
        """The records that begin in the first `count` lines."""
        dialect = self._dialect()
        records = split_records(lines, count, dialect)
        header = self.position.header
        if self.width:
            repair_quotes(records, lines, self.width, dialect, len(header or ()))
        if self.spec.loose_column is not None and (header or not self.spec.has_header):
            records.table = self._joined(records.table)
        return records

    def _joined(self, table: Table) -> Table:
        """The table with the pieces of the loose column together."""
        column, header = self.spec.loose_column, self.position.header or ()
        if isinstance(column, str):
            names = list(map(plain_name, header))
            if plain_name(column) not in names:
                return table
            column = names.index(plain_name(column)) + 1
        width = len(header) or self.spec.minimum_columns
        return join_loose(table, (column or 1) - 1, width, self.position.delimiter)


class FixedSource(TextSource):
    """Cells at fixed places of a line."""

    def columns(self) -> list[str]:
        """The names that the format gives them."""
        return [column.name for column in self.spec.fixed_columns]

    def _records(self, lines: Lines, count: int) -> Records:
        """A record of each line that is not blank."""
        used = min(count, len(lines.texts))
        texts = [text.lstrip(NO_TEXT).rstrip("\r\n") for text in lines.texts[:used]]
        full = [
            place for place, text in enumerate(texts) if text.strip(NO_TEXT + " \t")
        ]
        places = {place: record for record, place in enumerate(full)}
        found = lines.problems.items()
        return Records(
            FixedTable([texts[place] for place in full], self.spec.fixed_columns),
            np.array(full, np.int64),
            np.ones(len(full), np.int64),
            used,
            {places[place]: reason for place, reason in found if place in places},
        )


class FixedTable(Table):
    """Lines whose cells are at fixed places."""

    def __init__(self, texts: list[str], columns: tuple[FixedColumn, ...]) -> None:
        """`texts`: without line ends."""
        starts = np.array([column.start for column in columns], np.int64)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        super().__init__((starts[None, :] <= lengths[:, None]).sum(axis=1))
        self._texts, self._fixed = texts, columns

    def only(self, rows: np.ndarray) -> "FixedTable":
        """A table of some of the rows (bool array)."""
        pairs = zip(self._texts, rows.tolist(), strict=True)
        return FixedTable([text for text, keep in pairs if keep], self._fixed)

    def row(self, number: int) -> list[str]:
        """All cells of one row."""
        text = self._texts[number]
        return [_cut(text, column) for column in self._fixed]

    def cells(self, place: int) -> list[str]:
        """One cell of every row."""
        if place >= len(self._fixed):
            return [""] * len(self)
        column = self._fixed[place]
        return [_cut(text, column) for text in self._texts]

    def column(self, place: int) -> np.ndarray:
        """Stripped cells of one column."""
        if place not in self._columns:
            self._columns[place] = objects([cell.strip() for cell in self.cells(place)])
        return self._columns[place]


def _cut(text: str, column: FixedColumn) -> str:
    """The characters of a line that are a column's."""
    return text[column.start - 1 : column.start - 1 + column.width]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A sheet of a workbook (XLSX), row by row."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import BinaryIO

import numpy as np

from ..formats import FormatSpec
from ..spreadsheet import open_sheet
from ..tables import Derived, RowTable, Table
from .contract import MAX_RAW, Position, Rows, Source
from .nested import storable
from .pages import Pages, Values, values_after

Row = tuple[int, list[str]]


class SheetSource(Source):
    """The rows of a sheet that are not empty; numbers are those of the sheet."""

    def __init__(
        self,
        stream: BinaryIO,
        spec: FormatSpec,
        position: Position | None,
        file_name: str = "",
    ) -> None:
        """Rows from the first on, or from a position on: the others are passed."""
        self._spec = spec
        self._pages = Pages(spec)
        self._values = Values(spec, file_name)
        self._rows: Iterator[Row] = open_sheet(stream, spec.sheet_name)
        self._stream = stream
        if position:
            self.position = position
            self._pass(position.line - 1)
        else:
            self.position = Position(0, 1)
            self._begin()

    def _begin(self) -> None:
        """Go to the first row of calls: behind what is to skip, and the header."""
        skipped = self._spec.skipped_lines
        self._pass(skipped, has_values=True)
        while self._spec.has_header and (rows := self.rows(1)) is not None:
            if len(rows.table):
                self.position = replace(self.position, header=tuple(rows.table.row(0)))
                return

    def _pass(self, last: int, has_values: bool = False) -> None:
        """Go behind a row of the sheet."""
        for number, cells in self._rows:
            if number > last:
                self._rows = chain([(number, cells)], self._rows)
                break
            if has_values:
                _none, found = self._pages.look("\t".join(cells))
                values = {**self.position.values, **found}
                self.position = replace(self.position, values=values)
        self.position = replace(self.position, line=max(self.position.line, last + 1))

    @property
    def is_empty(self) -> bool:
        """Whether not even a header was found."""
        return self._spec.has_header and self.position.header is None

    def columns(self) -> list[str]:
        """The header."""
        return list(self.position.header or ())

    def rows(self, count: int) -> Rows | None:
        """The next rows of the sheet that are not empty."""
        taken = [
            (n, list(map(storable, cells))) for n, cells in islice(self._rows, count)
        ]
        if not taken:
            return None
        found, kept = {}, []
        for place, (_number, cells) in enumerate(taken):
            is_none, values = self._look(cells)
            if values:
                found[place] = values
            if not is_none:
                kept.append(place)
        before = self.position
        self.position = replace(
            before,
            offset=self._stream.tell(),
            line=taken[-1][0] + 1,
            values=values_after(found, before.values, len(taken)),
        )
        places = np.array(kept, np.int64)
        columns = self._values.columns(places, found, before.values)
        table: Table = RowTable([taken[place][1] for place in kept])
        return Rows(
            Derived(table, columns) if columns else table,
            np.array([taken[place][0] for place in kept], np.int64),
            lambda row: "\t".join(taken[kept[row]][1])[:MAX_RAW],
        )

    def _look(self, cells: list[str]) -> tuple[bool, dict[str, str]]:
        """Whether a row is no record, and the values that it gives."""
        return (
            (False, {}) if self._pages.is_idle else self._pages.look("\t".join(cells))
        )

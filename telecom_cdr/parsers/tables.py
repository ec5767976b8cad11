# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows as columns of cells: two ways to hold them, one to use them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

Places = tuple[int, ...]  # of columns, 0-based


class Table(ABC):
    """Rows of cells. Cells that a row lacks are empty.

    :ivar widths: int64, cells of each row
    """

    def __init__(self, widths: np.ndarray) -> None:
        """`widths`: cells of each row."""
        self.widths = widths
        self._columns: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.widths)

    @abstractmethod
    def only(self, rows: np.ndarray) -> "Table":
        """A table of some of the rows (bool array)."""

    @abstractmethod
    def row(self, number: int) -> list[str]:
        """All cells of one row."""

    @abstractmethod
    def cells(self, place: int) -> list[str]:
        """One cell of every row, as it is written."""

    def column(self, place: int) -> np.ndarray:
        """Stripped cells of one column: object array of str."""
        if place >= self.widths.max(initial=0):
            return np.full(len(self), "", object)
        if place not in self._columns:
            self._columns[place] = objects(list(map(str.strip, self.cells(place))))
        return self._columns[place]

    def first(self, places: Places) -> np.ndarray:
        """The first non-empty cell among columns, "" where all are empty."""
        if not places:
            return np.full(len(self), "", object)
        found = self.column(places[0])
        for place in places[1:]:
            found = np.where(found == "", self.column(place), found)
        return found

    def joined(self, places: Places, mark: str) -> np.ndarray:
        """The non-empty cells of some columns, joined."""
        if len(places) <= 1:
            return self.first(places)
        columns = [self.column(place).tolist() for place in places]
        if not any(map(any, columns[1:])):
            return self.column(places[0])
        pairs = zip(*columns, strict=True)
        return objects([mark.join(filter(None, cells)) for cells in pairs])


class RowTable(Table):
    """Rows as lists of cells, as the csv module gives them."""

    def __init__(self, rows: list[list[str]]) -> None:
        """`rows`: cells of each."""
        super().__init__(np.fromiter(map(len, rows), np.int64, len(rows)))
        self.rows = rows

    def only(self, rows: np.ndarray) -> "RowTable":
        """A table of some of the rows (bool array)."""
        if rows.all():
            return self
        pairs = zip(self.rows, rows.tolist(), strict=True)
        return RowTable([row for row, keep in pairs if keep])

    def row(self, number: int) -> list[str]:
        """All cells of one row."""
        return self.rows[number]

    def cells(self, place: int) -> list[str]:
        """One cell of every row."""
        if len(self) and place < self.widths.min():
            return [row[place] for row in self.rows]
        return [row[place] if place < len(row) else "" for row in self.rows]


class Derived(Table):
    """Rows of another table, with further columns in places that it does not use."""

    def __init__(
        self,
        base: Table,
        further: Mapping[int, np.ndarray],
        rows: np.ndarray | None = None,
    ) -> None:
        """Rows of `base` as they are, or those that are asked for.

        :param further: place -> stripped cells, one of each row
        :param rows: int64, the row of `base` that each row is; None: all of them
        """
        super().__init__(base.widths if rows is None else base.widths[rows])
        self._base, self._rows, self._further = base, rows, further

    def only(self, rows: np.ndarray) -> Table:
        """A table of some of the rows (bool array)."""
        if rows.all():
            return self
        further = {place: cells[rows] for place, cells in self._further.items()}
        if self._rows is None:
            return Derived(self._base.only(rows), further)
        return Derived(self._base, further, self._rows[rows])

    def row(self, number: int) -> list[str]:
        """All cells of one row of the other table."""
        return self._base.row(number if self._rows is None else self._rows[number])

    def cells(self, place: int) -> list[str]:
        """One cell of every row."""
        return self.column(place).tolist()

    def column(self, place: int) -> np.ndarray:
        """Stripped cells of one column: object array of str."""
        if place in self._further:
            return self._further[place]
        column = self._base.column(place)
        return column if self._rows is None else column[self._rows]


@dataclass(frozen=True)
class Index:
    """Where the rows and cells of a text are. All arrays int64.

    :ivar text: the rows
    :ivar codes: its characters as numbers
    :ivar quote: may stand around a cell, doubled inside; "" for none
    :ivar marks: places of the delimiters outside of quotes, and one behind the end
    """

    text: str
    codes: np.ndarray
    quote: str
    marks: np.ndarray


class TextTable(Table):
    """Rows as one text and the places of what parts its cells.

    Only the columns that a format uses are ever cut out, where the csv module would
    make lists of all cells. Made by `part_text`.
    """

    def __init__(
        self, index: Index, begin: np.ndarray, end: np.ndarray, marks: np.ndarray
    ) -> None:
        """Some rows of an index.

        :param begin: where each row begins, as is `end` where it ends
        :param marks: (2, rows): place in the index's marks of each row's first, and
            how many it has
        """
        super().__init__(marks[1] + 1)
        self._index = index
        self._begin, self._end, self._marks = begin, end, marks

    def only(self, rows: np.ndarray) -> "TextTable":
        """A table of some of the rows (bool array)."""
        if rows.all():
            return self
        begin, end, marks = self._begin[rows], self._end[rows], self._marks[:, rows]
        return TextTable(self._index, begin, end, marks)

    def row(self, number: int) -> list[str]:
        """All cells of one row."""
        rows = slice(number, number + 1)
        places = range(int(self.widths[number]))
        return [self._cut(*self._bounds(place, rows))[0] for place in places]

    def cells(self, place: int) -> list[str]:
        """One cell of every row."""
        return self._cut(*self._bounds(place, slice(None)))

    def _bounds(self, place: int, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """Where the cells of a column begin and end."""
        marks, last = self._index.marks, len(self._index.marks) - 1
        begin, end, width = self._begin[rows], self._end[rows], self.widths[rows]
        mark = self._marks[0, rows] + place
        if place:
            behind = marks[np.minimum(mark - 1, last)] + 1
            begin = np.where(place < width, behind, end)
        end = np.where(place < width - 1, marks[np.minimum(mark, last)], end)
        return begin, end

    def _cut(self, begin: np.ndarray, end: np.ndarray) -> list[str]:
        """Texts between two places each, without the quotes around them."""
        text, quote = self._index.text, self._index.quote
        if quote:
            codes = self._index.codes
            first = codes[np.minimum(begin, len(codes) - 1)]
            quoted = (first == ord(quote)) & (end > begin)
            begin, end = begin + quoted, end - quoted
        pairs = zip(begin.tolist(), end.tolist(), strict=True)
        cells = [text[first:last] for first, last in pairs]
        if not quote or quote not in "".join(cells):
            return cells
        return [cell.replace(quote + quote, quote) for cell in cells]


def part_text(texts: Sequence[str], delimiter: str, quote: str) -> TextTable | None:
    """Lines that are a record each as a table; None where the csv module must look.

    That is where a quote stands inside a cell without being doubled, or a cell goes
    on over a line's end.

    :param texts: lines with their ends, none of them empty
    """
    text = "".join(texts)
    codes = _codes(text)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    end = np.cumsum(lengths)
    is_mark = codes == ord(delimiter)
    if quote:
        is_quote = codes == ord(quote)
        inside = np.bitwise_xor.accumulate(is_quote.view(np.uint8)).view(bool)
        plain = _are_quotes_plain(codes, is_quote, inside, delimiter)
        if inside[end - 1].any() or not plain:
            return None
        is_mark &= ~inside
    places = np.append(np.flatnonzero(is_mark), len(codes))
    first = np.searchsorted(places, end - lengths)
    counts = np.append(first[1:], len(places) - 1) - first
    begin, end = end - lengths, _without_newlines(codes, end - lengths, end)
    index = Index(text, codes, quote, places)
    return TextTable(index, begin, end, np.array([first, counts]))


def _codes(text: str) -> np.ndarray:
    """The characters of a text as numbers."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _are_quotes_plain(
    codes: np.ndarray, is_quote: np.ndarray, inside: np.ndarray, delimiter: str
) -> bool:
    """Whether all quotes stand around cells, or are doubled inside of them.

    :param inside: true from an opening quote up to the character ahead of its partner
    """
    is_edge = is_quote | (codes == ord(delimiter))
    is_edge |= (codes == ord("\n")) | (codes == ord("\r"))
    is_opening, is_closing = is_quote & inside, is_quote & ~inside
    is_begun = is_edge[:-1] | ~is_opening[1:]
    is_ended = is_edge[1:] | ~is_closing[:-1]
    return bool(is_begun.all() and is_ended.all())


def _without_newlines(
    codes: np.ndarray, begin: np.ndarray, end: np.ndarray
) -> np.ndarray:
    """Where lines end ahead of their newline characters."""
    for code in (ord("\n"), ord("\r")):
        last = np.maximum(end - 1, 0)
        end = np.where((end > begin) & (codes[last] == code), last, end)
    return end


def objects(values: Sequence[object]) -> np.ndarray:
    """An object array of a list."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def search(texts: np.ndarray, found: Callable[[str], object]) -> np.ndarray:
    """Which texts a function finds something in; it is asked once a distinct text."""
    codes, distinct = pd.factorize(texts)
    answers = np.array([bool(found(text)) for text in distinct], bool)
    return answers[codes] if len(distinct) else np.zeros(len(texts), bool)

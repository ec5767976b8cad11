# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Lines to records of cells, with the line that each record starts in."""

import csv
from dataclasses import dataclass, field

import numpy as np

from .lines import Lines
from .tables import RowTable, Table, part_text

# A record goes on over line ends inside quotes, but only so far: a stray quote must
# not swallow the file. One that spans lines must be well formed for the same reason.
MAX_RECORD_LINES = 100
MAX_CELL = 131_072
SENTINEL = "\ufdd0"
TOO_BIG = [SENTINEL]


@dataclass(frozen=True)
class Dialect:
    """How cells are parted: one character each.

    :ivar quote: may be empty, as may `escape`, which takes the meaning from the
        character behind it
    :ivar is_loose: cells may hold delimiters that nothing marks: all rows as lists
    """

    delimiter: str
    quote: str
    escape: str = ""
    is_loose: bool = False

    def options(self) -> dict[str, object]:
        """The same for the csv module."""
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote or None,
            "quoting": csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            "skipinitialspace": self.delimiter != " ",
            "escapechar": self.escape or None,
        }


@dataclass
class Records:
    """Records of some lines, blank lines left out.

    :ivar table: their cells
    :ivar first: int64, place of the line that it starts in
    :ivar count: int64, lines that it spans
    :ivar problems: record -> reason: "encoding" or "size"
    :ivar used: lines taken, blank ones included
    """

    table: Table
    first: np.ndarray
    count: np.ndarray
    used: int
    problems: dict[int, str] = field(default_factory=dict)


def split_records(lines: Lines, count: int, dialect: Dialect) -> Records:
    """The records that start in the first `count` lines.

    :param lines: those, and up to MAX_RECORD_LINES more for a record that goes on
    """
    table = _one_line_each(lines.texts[:count], dialect)
    if table is None:
        records = _one_by_one(lines.texts, count, dialect)
    else:
        first = np.arange(len(table))
        records = Records(table, first, np.ones(len(table), np.int64), len(table))
    return _flagged(_without_blanks(records), lines)


def _one_line_each(texts: list[str], dialect: Dialect) -> Table | None:
    """Cells of lines that are a record each; None where one goes on or is too big."""
    if not texts or max(map(len, texts)) > MAX_CELL:
        return None
    is_escaped = dialect.escape and any(dialect.escape in text for text in texts)
    if dialect.is_loose or is_escaped:
        return _by_csv(texts, dialect)
    table = part_text(texts, dialect.delimiter, dialect.quote)
    return _by_csv(texts, dialect) if table is None else table


def _by_csv(texts: list[str], dialect: Dialect) -> Table | None:
    """The same by the csv module."""
    try:
        rows = list(csv.reader([*texts, SENTINEL], **dialect.options()))
    except csv.Error:
        return None
    # A record that goes on would have swallowed another line, or the last one.
    return RowTable(rows[:-1]) if len(rows) == len(texts) + 1 else None


def _one_by_one(texts: list[str], count: int, dialect: Dialect) -> Records:
    """The records that start in the first lines, one after another."""
    rows: list[list[str]] = []
    first: list[int] = []
    place = 0
    while place < min(count, len(texts)):
        row, span = _record(texts, place, dialect)
        rows.append(row)
        first.append(place)
        place += span
    starts = np.array(first, np.int64)
    spans = np.diff(np.append(starts, place))
    return Records(RowTable(rows), starts, spans, place)


def _record(texts: list[str], place: int, dialect: Dialect) -> tuple[list[str], int]:
    """Cells of the record that starts in a line, and how many lines it spans.

    The csv module's own limit is the process's: anybody may have changed it.

    :return: TOO_BIG for the cells where one has more than MAX_CELL characters
    """
    row, span = _read_record(texts, place, dialect)
    if row is not TOO_BIG and max(map(len, row), default=0) > MAX_CELL:
        return TOO_BIG, span
    return row, span


def _read_record(
    texts: list[str], place: int, dialect: Dialect
) -> tuple[list[str], int]:
    """Cells of the record that starts in a line, and how many lines it spans.

    :return: TOO_BIG for the cells where the csv module refuses one
    """
    options = dialect.options()
    try:
        reader = csv.reader([texts[place], SENTINEL], **options)
        row = next(reader)
    except csv.Error:
        return TOO_BIG, 1
    if reader.line_num == 1:
        return row, 1
    try:
        reader = csv.reader(
            texts[place : place + MAX_RECORD_LINES], strict=True, **options
        )
        return next(reader), reader.line_num
    except csv.Error:
        return next(csv.reader([texts[place]], **options)), 1


def _without_blanks(records: Records) -> Records:
    """The records without those of blank lines."""
    table = records.table
    single = np.flatnonzero(table.widths <= 1).tolist()
    blank = [number for number in single if not "".join(table.row(number)).strip()]
    if blank:
        kept = np.ones(len(table), bool)
        kept[blank] = False
        records.table = table.only(kept)
        records.first, records.count = records.first[kept], records.count[kept]
    return records


def _flagged(records: Records, lines: Lines) -> Records:
    """The records, with the problems of their lines."""
    for place, reason in lines.problems.items():
        record = int(np.searchsorted(records.first, place, side="right")) - 1
        if record >= 0 and place < records.first[record] + records.count[record]:
            records.problems[record] = reason
    if isinstance(records.table, RowTable):
        for record, row in enumerate(records.table.rows):
            if row is TOO_BIG:
                records.problems[record] = "size"
    return records


def repair_quotes(
    records: Records, lines: Lines, width: int, dialect: Dialect, most: int = 0
) -> None:
    """Part rows anew that quotes inside of cells, not escaped, have parted wrongly.

    FreeSWITCH and FusionPBX quote every cell and escape nothing: what parts cells
    there is quote, delimiter, quote.

    :param width: cells that a row must have
    :param most: cells that it has, where a header tells; else 0
    """
    table, quote = records.table, dialect.quote
    if not quote or not isinstance(table, RowTable):
        return
    is_wrong = table.widths < width
    if most:
        is_wrong = is_wrong | (table.widths > most)
    is_odd = np.array([_ends_in(row, quote) for row in table.rows], bool)
    rows = list(table.rows)
    for record in np.flatnonzero(is_wrong | is_odd).tolist():
        text = lines.raw(int(records.first[record]), int(records.count[record]))
        cells = text[1:-1].split(quote + dialect.delimiter + quote)
        is_many = width <= len(cells) <= (most or len(cells))
        if not is_wrong[record]:
            is_many = len(cells) == len(rows[record])
        if text[:1] == text[-1:] == quote and is_many:
            rows[record] = [cell.replace(quote + quote, quote) for cell in cells]
    records.table = RowTable(rows)


def _ends_in(cells: list[str], quote: str) -> bool:
    """Whether a cell ends in a quote, which an unescaped one may have left there."""
    return quote in "".join(cells) and any(cell.endswith(quote) for cell in cells)


def join_loose(table: Table, place: int, width: int, delimiter: str) -> Table:
    """Put the pieces of a cell together that delimiters inside of it have parted.

    The cells ahead of it count from the row's begin, those behind it from its end.

    :param place: of the column that may hold delimiters
    :param width: cells that a row has; those beyond are pieces
    """
    if not isinstance(table, RowTable) or not (table.widths > width).any():
        return table
    rows = list(table.rows)
    for number in np.flatnonzero(table.widths > width).tolist():
        row = rows[number]
        behind = place + 1 + len(row) - width
        rows[number] = [
            *row[:place],
            delimiter.join(row[place:behind]),
            *row[behind:],
        ]
    return RowTable(rows)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The layout of a sample: encoding, delimiter or places, header, lines to leave out."""

import csv
import io
import re
from collections import Counter
from typing import Any

from ..exceptions import FileError
from ..layouts.text import SEPARATOR_LINE
from ..lines import HEAD_BYTES, MAX_LINE_BYTES, UNDECIDED, decode_lines, open_lines
from ..spreadsheet import is_spreadsheet, open_sheet
from .guess_dates import guess_dates
from .guess_fixed import guess_fixed
from .guess_names import field_of
from .guess_nested import guess_json, guess_xml
from .guess_values import CLOCK, DECIMAL, PHONE, WHOLE, share

MAX_LINES = 300
DELIMITERS = ",;\t|"
MIN_COLUMNS = 3
# A line that says of each column what a database holds it as.
TYPE = (
    r"(?:INTEGER|INT|VARCHAR|CHAR|UNIQUEIDENTIFIER|DATETIME|TIMESTAMP|NUMERIC|DECIMAL"
    r"|TEXT)"
)
TYPE_CELL = re.compile(rf"{TYPE}(?:\([\d,]+\))?", re.I)
TYPE_LINE = rf"^\"?{TYPE}(\([\d,]+\))?\"?[,;|\t]\"?{TYPE}\b"
TOTAL_LINE = r"(?i)^\W*(grand |sub)?(totals?|total general|summe|gesamt|suma)\b"


def guess_layout(content: bytes) -> dict[str, Any]:
    """The keys of a format that say how its rows and cells are found.

    :param content: a file, or its beginning
    :raises FileError: it is no text, holds nothing, or nothing that is parted
    """
    if is_spreadsheet(content[:4]):
        return _sheet(content)
    lines, encoding = open_lines(io.BytesIO(content[:HEAD_BYTES]), "auto")
    decoded = decode_lines(lines.peek(MAX_LINES), encoding)
    texts = [text.rstrip("\r\n").replace("\x1a", "") for text in decoded.texts]
    if len(content) > HEAD_BYTES and len(texts) > 1 and len(texts) < MAX_LINES:
        texts.pop()  # it may be cut
    if not any(map(str.strip, texts)):
        raise FileError("empty", "The sample is empty: choose a file with some calls.")
    base = {"encoding": "auto" if encoding == UNDECIDED else encoding}
    first = next(text.strip() for text in texts if text.strip())
    if first[0] in "{[" and (found := guess_json(content, encoding)) is not None:
        return {**base, "layout": "json", **found}
    if first.startswith("<") and (found := guess_xml(content)) is not None:
        return {**base, "layout": "xml", **found}
    return {**base, **_lines(texts)}


def _lines(texts: list[str]) -> dict[str, Any]:
    """Keys of a file of lines."""
    if any(len(text) > MAX_LINE_BYTES // 8 for text in texts):
        texts = [text[: MAX_LINE_BYTES // 8] for text in texts]
    match = SEPARATOR_LINE.fullmatch(texts[0])
    if match:
        found = {"layout": "delimited", "delimiter": match[1]}
        return {**found, **_table(_cells(texts[1:], match[1]), 1)}
    delimiter = _delimiter(texts)
    if delimiter:
        table = _cells(texts, delimiter)
        return {"layout": "delimited", "delimiter": delimiter, **_table(table, 0)}
    if (fixed := guess_fixed(texts)) is not None:
        return {"layout": "fixed", **fixed}
    raise FileError(
        "layout",
        "No columns were found in the sample: a delimiter (comma, semicolon, tab, |), "
        "or columns below each other are expected. Found: %(found)s",
        texts[0][:200],
    )


def _delimiter(texts: list[str]) -> str:
    """The character that parts the cells of most lines; "" where none does.

    The delimiter stands in (nearly) every line, mostly as often as in the others; a
    decimal comma does, too, but less often than the semicolons beside it.
    """
    best, chosen = 0.0, ""
    for delimiter in DELIMITERS:
        counts = [len(row) for _line, row in _cells(texts, delimiter)]
        wide = [count for count in counts if count >= MIN_COLUMNS]
        if len(wide) * 2 <= len(counts):
            continue
        usual, often = Counter(wide).most_common(1)[0]
        score = len(wide) / len(counts) * usual * (1 + often / len(counts))
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _cells(texts: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """Number from 0 and cells of the records that are not blank."""
    found = []
    reader = csv.reader([text + "\n" for text in texts], delimiter=delimiter)
    line = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return found
        except csv.Error:
            line = reader.line_num
            continue
        if any(map(str.strip, row)):
            found.append((line, [cell.strip() for cell in row]))
        line = reader.line_num


def _table(table: list[tuple[int, list[str]]], offset: int) -> dict[str, Any]:
    """Header, lines ahead of it and lines that are no calls.

    :param offset: lines of the file ahead of the table's line 0
    """
    rows = [row for _line, row in table]
    if not rows:
        return {"has_header": False}
    usual = Counter(len(r) for r in rows if len(r) >= MIN_COLUMNS).most_common(1)
    width = usual[0][0] if usual else 1
    first = next((n for n, row in enumerate(rows) if 2 * len(row) > width), 0)
    first = _header_place(rows, first)
    has_header = is_header(rows[first], rows[first + 1 :])
    line = table[first][0]
    skipped = line + offset if line and first else 0
    keys: dict[str, Any] = {"has_header": has_header, "skipped_lines": skipped}
    rest = rows[first + 1 :]
    filters = []
    if any(row and all(TYPE_CELL.fullmatch(cell) for cell in row) for row in rest[:1]):
        filters.append(TYPE_LINE)
    if any(re.search(TOTAL_LINE, delimiter_free(row)) for row in rest[-2:]):
        filters.append(TOTAL_LINE)
    return {**keys, "line_filters": filters} if filters else keys


def _header_place(rows: list[list[str]], first: int) -> int:
    """The row from the first wide one on that names the columns, or the first."""
    for place in range(first, min(first + 5, len(rows))):
        if sum(bool(field_of(cell)) for cell in rows[place]) >= MIN_COLUMNS:
            return place
    return first


def delimiter_free(row: list[str]) -> str:
    """The text at a row's beginning."""
    return next((cell for cell in row if cell), "")


def is_header(row: list[str], rest: list[list[str]]) -> bool:
    """Whether a row names columns: by known names, or as it alone has no values."""
    if any(_is_value(cell) for cell in row):
        return False
    known = sum(bool(field_of(cell)) for cell in row)
    if known >= 2:  # noqa: PLR2004
        return True
    below = rest[:20]
    values = [sum(map(_is_value, one)) for one in below]
    return bool(below) and min(values) > 0 and all(row)


def _is_value(cell: str) -> bool:
    """Whether a cell holds what no heading is: a number, a time."""
    shapes = (PHONE, WHOLE, DECIMAL, CLOCK)
    return any(share([cell], one) for one in shapes) or bool(
        cell[:1].isalnum() and any(map(str.isdigit, cell)) and guess_dates([cell])
    )


def _sheet(content: bytes) -> dict[str, Any]:
    """Keys of a workbook: its first sheet that is not hidden."""
    rows = []
    for number, cells in open_sheet(io.BytesIO(content)):
        rows.append((number - 1, cells))
        if len(rows) == MAX_LINES:
            break
    if not rows:
        raise FileError("empty", "The sample is empty: choose a file with some calls.")
    return {"layout": "sheet", **_table(rows, 0)}

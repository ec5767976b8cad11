# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rate sheets that are text files (CSV and the like) as rows of cells."""

import csv
from dataclasses import dataclass
from typing import BinaryIO

from ..exceptions import FileError
from ..lines import Lines, decode_lines, open_lines
from ..spreadsheet import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Sheet
from .columns import field_of

DELIMITERS = ("\t", ";", "|", ",")
SEPARATOR_LINE = "sep="
HEAD_LINES = 200
GROUP = 50_000
# Lines that a quoted cell may run over.
MAX_CELL_LINES = 20
MAX_BYTES = 256 * 1024**2
QUOTE = '"'
# The csv module takes no longer cells.
MAX_LINE = 100_000


@dataclass(frozen=True)
class Broken:
    """A line that is no text.

    :ivar reason: "encoding" or "size"
    """

    line: int
    raw: str
    reason: str


def read_text(
    stream: BinaryIO, encoding: str, delimiter: str
) -> tuple[Sheet, list[Broken]]:
    """The rows of a text file that are not empty, and the lines that are no text.

    :param encoding: "auto" or a Python codec
    :param delimiter: one character, "" to find it
    :raises FileError: reason "binary", "encoding", "size"
    """
    lines, broken = _lines(stream, encoding)
    if lines and lines[0].strip().lower().startswith(SEPARATOR_LINE):
        delimiter = delimiter or lines[0].strip()[len(SEPARATOR_LINE) :][:1]
        lines[0] = ""
    delimiter = delimiter or find_delimiter(lines[:HEAD_LINES])
    numbers, rows = [], []
    for number, row in _rows(lines, delimiter):
        if any(row):
            numbers.append(number)
            rows.append(row)
    return Sheet("", numbers, rows), broken


def _lines(stream: BinaryIO, encoding: str) -> tuple[list[str], list[Broken]]:
    """All lines as texts, empty in place of those that are broken."""
    source, found = open_lines(stream, encoding)
    texts: list[str] = []
    broken: list[Broken] = []
    while group := source.peek(GROUP):
        decoded: Lines = decode_lines(group[:GROUP], found)
        for place, reason in decoded.problems.items():
            raw = decoded.raws[place].strip()[:MAX_CELL]
            broken.append(Broken(len(texts) + place + 1, raw, reason))
            decoded.texts[place] = ""
        for text in decoded.texts:
            line = text.rstrip("\r\n")
            if len(line) > MAX_LINE:
                broken.append(Broken(len(texts) + 1, line[:MAX_CELL], "size"))
                line = ""
            texts.append(line)
        source.take(GROUP)
        if len(texts) > MAX_ROWS or source.offset > MAX_BYTES:
            message = "More than %(lines)s lines or %(bytes)s bytes: split the file."
            limits = {"lines": MAX_ROWS, "bytes": MAX_BYTES}
            raise FileError("size", message, len(texts), **limits)
    return texts, broken


def find_delimiter(lines: list[str]) -> str:
    """The delimiter by which the lines make most sense.

    That is the one that shows most names of columns in a line, else the one that most
    lines have equally often.
    """
    filled = [line for line in lines if line.strip()]
    scores = [(_score(filled, mark), mark) for mark in DELIMITERS]
    return max(scores, key=lambda pair: pair[0])[1] if filled else ","


def _score(lines: list[str], mark: str) -> tuple[int, int]:
    """Names of columns in the best line, lines of the most frequent width."""
    names, widths = 0, {}
    for _line, row in _rows(lines, mark):
        fields = {known[1] for known in map(field_of, row[:MAX_COLUMNS]) if known}
        names = max(names, len(fields) if len(row) > 1 else 0)
        if len(row) > 1:
            widths[len(row)] = widths.get(len(row), 0) + 1
    return names if names > 1 else 0, max(widths.values(), default=0)


def _rows(lines: list[str], mark: str) -> list[tuple[int, list[str]]]:
    """Line numbers and stripped cells."""
    if not any(QUOTE in line for line in lines):
        rows = csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_NONE)
        return [(place, _cells(row)) for place, row in enumerate(rows, 1)]
    found, place = [], 0
    while place < len(lines):
        count = _record(lines, place, mark)
        row = _quoted(lines[place : place + count], mark) if count else None
        if row is None:
            plain = csv.reader([lines[place]], delimiter=mark, quoting=csv.QUOTE_NONE)
            row, count = next(plain, []), 1
        found.append((place + 1, _cells(row)))
        place += count
    return found


def _quoted(lines: list[str], mark: str) -> list[str] | None:
    """The cells of a record with quotes; None where these are none."""
    try:
        text = "\n".join(lines)
        return next(csv.reader([text], delimiter=mark, skipinitialspace=True), [])
    except csv.Error:
        return None


def _record(lines: list[str], place: int, mark: str) -> int:
    """How many lines a record takes; 0: one, whose quotes are none."""
    text = lines[place]
    if not text.count(QUOTE) % 2:
        return 1
    size = len(text)
    for more in range(1, MAX_CELL_LINES):
        if place + more >= len(lines):
            return 0
        following = lines[place + more]
        size += len(following)
        if following.count(QUOTE) % 2:
            return more + 1 if size < MAX_LINE else 0
        if following.count(mark) and following.count(mark) == text.count(mark):
            return 0
    return 0


def _cells(row: list[str]) -> list[str]:
    """Cells as they are read."""
    return [cell.strip()[:MAX_CELL] for cell in row[:MAX_COLUMNS]]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files to batches of call facts: the way into this package."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from .columns import Plan, make_plan
from .exceptions import FileError, english
from .facts import FACTS, ReadContext, read_facts
from .formats import FormatSpec
from .lines import Lines, LineSource, decode_lines, open_lines, resume_lines
from .parties import matches
from .records import (
    MAX_RECORD_LINES,
    Dialect,
    Records,
    repair_quotes,
    split_records,
)
from .tables import Table
from .verdicts import MAX_FOUND, Verdicts, wording
from .zones import FoldState

__all__ = ["Batch", "Position", "Preview", "ReadContext", "preview", "read"]

MAX_RAW = 4_000
REJECTIONS = ["line_number", "raw", "reason", "message", "found", "wording"]
SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Position:
    """Where a reading of a file goes on, with all that it must know by then.

    :ivar offset: bytes ahead (of the UTF-8 form for UTF-16 and the like)
    :ivar line: number of the next line, from 1
    :ivar encoding: what the file turned out to be written in
    :ivar delimiter: the same for what parts its cells
    :ivar header: names of the columns as they stand in the file; None: no header
    :ivar fold: what the rows have told about a double hour of autumn
    """

    offset: int
    line: int
    encoding: str
    delimiter: str
    header: tuple[str, ...] | None = None
    fold: FoldState | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON takes it."""
        return {
            "offset": self.offset,
            "line": self.line,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "header": None if self.header is None else list(self.header),
            "fold": None if self.fold is None else list(astuple(self.fold)),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Position":
        """What `to_dict` gave."""
        header, fold = values["header"], values["fold"]
        return cls(
            offset=int(values["offset"]),
            line=int(values["line"]),
            encoding=values["encoding"],
            delimiter=values["delimiter"],
            header=None if header is None else tuple(header),
            fold=None if fold is None else FoldState(*fold),
        )


@dataclass(frozen=True)
class Batch:
    """Some rows of a file: rows == len(facts) + len(rejections) + skipped + merged.

    :ivar facts: line_number and the columns `facts.FACTS`, in the order of the file
    :ivar rejections: line_number, raw, reason, message (English), found, wording (the
        message, to be told in another language)
    :ivar rows: records, blank lines left out
    :ivar skipped: rows that a filter leaves out, repeated headers, rows of empty cells
    :ivar merged: rows that belong to the record of another (none in this layout)
    :ivar position: where to go on behind them
    """

    facts: pd.DataFrame
    rejections: pd.DataFrame
    rows: int
    skipped: int
    merged: int
    position: Position


@dataclass(frozen=True)
class Preview:
    """The beginning of a file as it is and as a format reads it.

    :ivar columns: the header's names, or positions from "1"
    :ivar raw_rows: cells of the first rows
    :ivar facts: as in a batch, as are the rejections
    """

    columns: list[str]
    raw_rows: list[list[str]]
    facts: pd.DataFrame
    rejections: pd.DataFrame


def read(
    stream: BinaryIO,
    spec: FormatSpec,
    context: ReadContext,
    position: Position | None = None,
    rows_per_batch: int = 50_000,
) -> Iterator[Batch]:
    """The rows of a file, in batches; none for a file without rows.

    What is read depends on the bytes, the format and the context alone: neither on
    how many rows a batch has nor on how often the reading was taken up again.

    :param stream: is sought to its start where it can seek, else must stand there
    :param position: a batch's position, to go on behind it
    :param rows_per_batch: lines in a batch; a record that goes on is still in it
    :raises FileError: binary, encoding, header (when the first batch is asked for)
    :raises ArchiveError: where the stream is a member of a broken archive
    """
    source, position = _open(stream, spec, position)
    if spec.has_header and position.header is None:
        return
    plan = make_plan(spec, position.header)
    while raw_lines := source.peek(rows_per_batch + MAX_RECORD_LINES):
        lines = decode_lines(raw_lines, position.encoding)
        dialect = Dialect(position.delimiter, spec.quote)
        records = split_records(lines, rows_per_batch, dialect)
        source.take(records.used)
        batch = _batch(records, lines, plan, context, position)
        position = replace(batch.position, offset=source.offset)
        if batch.rows:
            yield replace(batch, position=position)


def preview(
    stream: BinaryIO, spec: FormatSpec, context: ReadContext, limit: int = 20
) -> Preview:
    """The first rows of a file, as they are and as a format reads them.

    :param limit: lines to look at
    :raises FileError: as `read`
    """
    source, position = _open(stream, spec, None)
    header = position.header
    lines = decode_lines(source.peek(limit + MAX_RECORD_LINES), position.encoding)
    dialect = Dialect(position.delimiter, spec.quote)
    table = split_records(lines, limit, dialect).table
    rows = [list(table.row(row)) for row in range(len(table))]
    batch = next(read(stream, spec, context, position, limit), None)
    facts = batch.facts if batch else pd.DataFrame(columns=["line_number", *FACTS])
    rejections = batch.rejections if batch else pd.DataFrame(columns=REJECTIONS)
    count = max(map(len, rows), default=0)
    names = [str(number) for number in range(1, count + 1)]
    columns = [*header, *names[len(header) :]] if header else names
    return Preview(columns, rows, facts, rejections)


# === The beginning of a file === #


def _open(
    stream: BinaryIO, spec: FormatSpec, position: Position | None
) -> tuple[LineSource, Position]:
    """Lines from the first data row on, or from a position on."""
    if position:
        return resume_lines(stream, position.encoding, position.offset), position
    source, encoding = open_lines(stream, spec.encoding)
    delimiter, skipped = _separator(source, spec, encoding)
    source.peek(skipped)
    source.take(skipped)
    position = Position(source.offset, skipped + 1, encoding, delimiter)
    return source, _with_header(source, spec, position) if spec.has_header else position


def _separator(source: LineSource, spec: FormatSpec, encoding: str) -> tuple[str, int]:
    """The delimiter, and how many lines to leave out: `sep=;` may say so itself."""
    first = decode_lines(source.peek(1), encoding).texts
    match = SEPARATOR_LINE.fullmatch(first[0].rstrip("\r\n")) if first else None
    if match:
        return match[1], max(spec.skipped_lines, 1)
    return spec.delimiter, spec.skipped_lines


def _with_header(source: LineSource, spec: FormatSpec, position: Position) -> Position:
    """The position behind the header, which is the first line that is not blank."""
    dialect = Dialect(position.delimiter, spec.quote)
    while raw_lines := source.peek(1 + MAX_RECORD_LINES):
        records = split_records(decode_lines(raw_lines, position.encoding), 1, dialect)
        source.take(records.used)
        position = replace(
            position, offset=source.offset, line=position.line + records.used
        )
        if records.problems:
            raise FileError("encoding", "The header cannot be decoded.", "header")
        if len(records.table):
            return replace(position, header=tuple(records.table.row(0)))
    return position


# === A batch === #


def _batch(
    records: Records, lines: Lines, plan: Plan, context: ReadContext, position: Position
) -> Batch:
    """Facts and rejections of some records; the position's offset is still the old."""
    repair_quotes(
        records, lines, plan.width, Dialect(position.delimiter, plan.spec.quote)
    )
    table = records.table
    verdicts = Verdicts(len(table))
    skipped = _judge_rows(records, table, plan, verdicts)
    fit = verdicts.good() & ~skipped
    inner = Verdicts(int(fit.sum()))
    facts, fold = read_facts(table.only(fit), plan, context, inner, position.fold)
    verdicts.reason[fit], verdicts.found[fit] = inner.reason, inner.found
    numbers = records.first + position.line
    facts.insert(0, "line_number", numbers[fit][inner.good()])
    expected = _expected(plan, position)
    return Batch(
        facts=facts,
        rejections=_rejections(records, lines, verdicts, numbers, expected),
        rows=len(table),
        skipped=int(skipped.sum()),
        merged=0,
        position=replace(position, line=position.line + records.used, fold=fold),
    )


def _judge_rows(
    records: Records, table: Table, plan: Plan, verdicts: Verdicts
) -> np.ndarray:
    """Which rows are to be skipped; rejects what is no row at all, or too narrow."""
    for record, reason in records.problems.items():
        verdicts.reason[record] = reason
    skipped = verdicts.good() & _is_skipped(table, plan)
    narrow = (table.widths < plan.width) & ~skipped
    verdicts.reject(narrow, "columns", table.widths.astype(object))
    return skipped


def _is_skipped(table: Table, plan: Plan) -> np.ndarray:
    """Rows that are no calls: filtered, repeated headers, nothing but empty cells."""
    skipped = np.zeros(len(table), bool)
    for row in np.flatnonzero(table.first(plan.places("start")) == "").tolist():
        skipped[row] = not "".join(table.row(row)).strip()
    for rule in plan.spec.record_filters:
        found = matches(table, plan, rule)
        skipped |= found if rule.result == "skip" else ~found
    return skipped | _is_header(table, plan.header)


def _is_header(table: Table, header: tuple[str, ...]) -> np.ndarray:
    """Rows that repeat the header."""
    repeats = np.zeros(len(table), bool)
    if header:
        for row in np.flatnonzero(table.column(0) == header[0]).tolist():
            repeats[row] = tuple(map(str.strip, table.row(row))) == header
    return repeats


def _expected(plan: Plan, position: Position) -> dict[str, str]:
    """What each kind of rejection would have wanted."""
    return {
        "columns": str(plan.width),
        "date": " or ".join(plan.spec.date_formats),
        "duration": plan.spec.duration_unit,
        "amount": plan.spec.decimal_mark,
        "encoding": position.encoding,
    }


def _rejections(
    records: Records,
    lines: Lines,
    verdicts: Verdicts,
    number: np.ndarray,
    expected: dict[str, str],
) -> pd.DataFrame:
    """The rejected records with their raw lines."""
    rows = np.flatnonzero(~verdicts.good())
    found = [str(text)[:MAX_FOUND] for text in verdicts.found[rows]]
    reasons = verdicts.reason[rows].tolist()
    spans = zip(records.first[rows].tolist(), records.count[rows].tolist(), strict=True)
    raw = [lines.raw(first, count)[:MAX_RAW] for first, count in spans]
    texts = zip(reasons, found, strict=True)
    told = [wording(reason, text, expected) for reason, text in texts]
    messages = [english(one) for one in told]
    return _rejection_frame(number[rows], raw, reasons, messages, found, told)


def _rejection_frame(numbers: np.ndarray, *texts: list) -> pd.DataFrame:
    """Line numbers, and the others under the other names of REJECTIONS."""
    columns = dict(zip(REJECTIONS[1:], texts, strict=True))
    series = {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    return pd.DataFrame({"line_number": numbers, **series})

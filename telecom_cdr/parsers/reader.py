# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files to batches of call facts: the way into this package."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from .columns import Plan, make_plan
from .exceptions import Wording, english
from .facts import FACTS, ReadContext, read_facts
from .formats import FormatSpec
from .layouts.contract import Position, Rows
from .layouts.nested import NestedSource
from .layouts.opening import open_source
from .layouts.text import SEPARATOR_LINE, TextSource
from .leg_columns import FOUND, RAW, REASON
from .legs import leg_columns, merge_legs
from .parties import matches
from .row_calls import split_calls
from .tables import Table, objects
from .totals import add_rows, add_stated, differences, kinds
from .verdicts import MAX_FOUND, Verdicts, wording

__all__ = [
    "SEPARATOR_LINE",
    "Batch",
    "Position",
    "Preview",
    "ReadContext",
    "preview",
    "read",
    "unbalanced",
]

ROWS = 50_000
REJECTIONS = ["line_number", "raw", "reason", "message", "found", "wording"]


@dataclass(frozen=True)
class Batch:
    """Some rows of a file: rows == len(facts) + len(rejections) + skipped + merged.

    :ivar facts: line_number and the columns `facts.FACTS`, in the order of the file
    :ivar rejections: line_number, raw, reason, message (English), found, wording (the
        message, to be told in another language)
    :ivar rows: records, blank lines left out, one for each call of a row of several
    :ivar skipped: rows that a filter leaves out, repeated headers, rows of empty cells
    :ivar merged: rows that belong to the call of another
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

    :ivar columns: the names that its columns have, or positions from "1"
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
    rows_per_batch: int = ROWS,
) -> Iterator[Batch]:
    """The rows of a file, in batches; none for a file without rows.

    What is read depends on the bytes, the format and the context alone: neither on
    how many rows a batch has nor on how often the reading was taken up again.
    Where header or trailer state control totals, ask `unbalanced` at the end.

    :param stream: is sought to its start where it can seek, else must stand there
    :param position: a batch's position, to go on behind it
    :param rows_per_batch: lines or records in a batch; one that goes on is still in it
    :raises FileError: binary, encoding, header, name, layout, spreadsheet (mostly when
        the first batch is asked for)
    :raises ArchiveError: where the stream is a member of a broken archive, or a
        workbook that would fill the memory
    """
    source = open_source(stream, spec, position, context.file_name)
    if source.is_empty:
        return
    given = position or source.position
    plan = make_plan(spec, source.position.header)
    if isinstance(source, TextSource):
        source.width = plan.width
    state = given
    while (rows := source.rows(rows_per_batch)) is not None:
        batch = _batch(rows, plan, context, state)
        state = replace(batch.position, **_place(source.position))
        if batch.rows or state.totals != given.totals:
            given = state
            yield replace(batch, position=state)
    if state.held and (last := _last(plan, state)).rows:
        yield last


def rows_that_wait(
    stream: BinaryIO, spec: FormatSpec, context: ReadContext
) -> Position:
    """The position behind all rows of a file, with those of calls that may go on.

    For files that are not over yet: `read` takes such calls as they are at the end.

    :raises FileError: as `read`
    """
    source = open_source(stream, spec, None, context.file_name)
    position = source.position
    if source.is_empty:
        return position
    plan = make_plan(spec, position.header)
    if isinstance(source, TextSource):
        source.width = plan.width
    while (rows := source.rows(ROWS)) is not None:
        batch = _batch(rows, plan, context, position)
        position = replace(batch.position, **_place(source.position))
    return position


def preview(
    stream: BinaryIO, spec: FormatSpec, context: ReadContext, limit: int = 20
) -> Preview:
    """The first rows of a file, as they are and as a format reads them.

    :param limit: lines or records to look at
    :raises FileError: as `read`
    """
    source = open_source(stream, spec, None, context.file_name)
    if isinstance(source, NestedSource):
        source.show_all(limit)
    found = None if source.is_empty else source.rows(limit)
    table = found.table if found else None
    rows = [table.row(row) for row in range(len(table))] if table is not None else []
    batch = next(read(stream, spec, context, None, limit), None)
    facts = batch.facts if batch else pd.DataFrame(columns=["line_number", *FACTS])
    rejections = batch.rejections if batch else pd.DataFrame(columns=REJECTIONS)
    names = source.columns()
    count = max(map(len, rows), default=0)
    columns = names + [str(number) for number in range(len(names) + 1, count + 1)]
    return Preview(columns, rows, facts, rejections)


def unbalanced(spec: FormatSpec, position: Position) -> list[Wording]:
    """What header and trailer records state and the rows do not add up to.

    :param position: of the last batch
    """
    return differences(spec, position.totals) if spec.control_totals else []


def _place(position: Position) -> dict[str, Any]:
    """What a source knows of where it is."""
    names = ("offset", "line", "encoding", "delimiter", "header", "values")
    return {name: getattr(position, name) for name in names}


# === A batch === #


def _batch(rows: Rows, plan: Plan, context: ReadContext, position: Position) -> Batch:
    """Facts and rejections of some records; of the position, only what is ours."""
    rows, totals = _without_controls(rows, plan, position)
    verdicts = Verdicts(len(rows.table))
    skipped = _judge_rows(rows, plan, verdicts)
    fit = verdicts.good() & ~skipped
    table, origin = split_calls(rows.table.only(fit), plan)
    if plan.spec.control_totals:
        totals = _with_rows(totals, rows, table, plan, skipped)
    inner = Verdicts(len(table))
    facts, fold = read_facts(table, plan, context, inner, position.fold)
    origin = np.flatnonzero(fit)[origin]
    facts.insert(0, "line_number", rows.numbers[origin][inner.good()])
    rejections = _rejections(rows, plan, position, verdicts, (inner, origin))
    position = replace(position, fold=fold, totals=totals)
    count = len(table) + len(fit) - int(fit.sum())
    batch = Batch(facts, rejections, count, int(skipped.sum()), 0, position)
    if plan.spec.legs is None:
        return batch
    good = inner.good()
    own = {name: column[good] for name, column in leg_columns(table, plan).items()}
    if plan.spec.legs.start:
        own[RAW] = objects([rows.raw(row) for row in origin[good].tolist()])
    return _merged(replace(batch, facts=facts.assign(**own)), plan)


def _without_controls(
    rows: Rows, plan: Plan, position: Position
) -> tuple[Rows, Mapping[str, Any]]:
    """The rows without header and trailer records, and the totals with these."""
    if plan.spec.record_types is None:
        return rows, position.totals
    found = kinds(rows.table, plan)
    totals = position.totals
    if plan.spec.control_totals:
        totals = add_stated(totals, rows.table, plan, found)
    return rows.only(~found["header"] & ~found["trailer"]), totals


def _with_rows(
    totals: Mapping[str, Any],
    rows: Rows,
    calls: Table,
    plan: Plan,
    skipped: np.ndarray,
) -> Mapping[str, Any]:
    """The totals with the rows of a batch, also with those that a filter leaves out.

    :param calls: the rows that are read
    """
    other = kinds(rows.table, plan)["other"] | _is_header(rows.table, plan.header)
    left_out = rows.table.only(skipped & ~other)
    count = len(rows.table) - int(other.sum()) - len(left_out)
    totals = add_rows(totals, calls, plan, count)
    return add_rows(totals, left_out, plan, len(left_out))


def _merged(batch: Batch, plan: Plan) -> Batch:
    """A batch whose rows have waited for the others of their call."""
    legs = merge_legs(batch.facts, plan, batch.position.held)
    rejections = _with_legs(batch.rejections, legs.unpaired)
    return replace(
        batch,
        facts=legs.facts,
        rejections=rejections,
        merged=legs.merged,
        rows=len(legs.facts) + legs.merged + len(rejections) + batch.skipped,
        position=replace(batch.position, held=legs.held),
    )


def _with_legs(rejections: pd.DataFrame, unpaired: pd.DataFrame) -> pd.DataFrame:
    """Rejections with those of rows that lack the other row of their call."""
    if unpaired.empty:
        return rejections
    reasons, found = unpaired[REASON].tolist(), unpaired[FOUND].tolist()
    told = [
        wording(reason, text, {"duration": "seconds"})
        for reason, text in zip(reasons, found, strict=True)
    ]
    further = _rejection_frame(
        unpaired["line_number"].to_numpy(),
        unpaired[RAW].tolist(),
        reasons,
        [english(one) for one in told],
        found,
        told,
    )
    both = [frame for frame in (rejections, further) if len(frame)]
    joined = pd.concat(both, ignore_index=True)
    return joined.sort_values("line_number", kind="stable", ignore_index=True)


def _last(plan: Plan, position: Position) -> Batch:
    """The rows that have waited, once there are no others."""
    legs = merge_legs(None, plan, position.held)
    rejections = _with_legs(pd.DataFrame(columns=REJECTIONS), legs.unpaired)
    count = len(legs.facts) + legs.merged + len(rejections)
    position = replace(position, held="")
    return Batch(legs.facts, rejections, count, 0, legs.merged, position)


def _judge_rows(rows: Rows, plan: Plan, verdicts: Verdicts) -> np.ndarray:
    """Which rows are to be skipped; rejects what is no row at all, or too narrow."""
    table = rows.table
    for row, (reason, found) in rows.problems.items():
        verdicts.reason[row], verdicts.found[row] = reason, found
    skipped = _is_left_out(table, plan)
    if rows.names is None:
        skipped |= _is_blank(table, plan)
    skipped &= verdicts.good()
    narrow = (table.widths < plan.width) & ~skipped
    verdicts.reject(narrow, "columns", table.widths.astype(object))
    if rows.names:
        _judge_names(rows, plan, skipped, verdicts)
    return skipped


def _judge_names(
    rows: Rows, plan: Plan, skipped: np.ndarray, verdicts: Verdicts
) -> None:
    """Reject records that name their values, but have none for the start."""
    starts = ", ".join(map(str, plan.spec.columns("start")))
    lacking = (rows.table.first(plan.places("start")) == "") & ~skipped
    for row in np.flatnonzero(lacking & verdicts.good()).tolist():
        if rows.names and (names := rows.names(row)):
            verdicts.reason[row], verdicts.found[row] = "names", names
            verdicts.expected[row] = starts


def _is_blank(table: Table, plan: Plan) -> np.ndarray:
    """Rows of nothing but empty cells."""
    blank = np.zeros(len(table), bool)
    start = table.first(plan.shared.get("start", plan.places("start")))
    for row in np.flatnonzero(start == "").tolist():
        blank[row] = not "".join(table.row(row)).strip()
    return blank


def _is_left_out(table: Table, plan: Plan) -> np.ndarray:
    """Rows that are no calls: filtered, of another type, repeated headers."""
    skipped = np.zeros(len(table), bool)
    for rule in filter(plan.applies, plan.spec.record_filters):
        found = matches(table, plan, rule)
        skipped |= found if rule.result == "skip" else ~found
    return skipped | kinds(table, plan)["other"] | _is_header(table, plan.header)


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
        "syntax": plan.spec.layout.upper(),
    }


def _rejections(
    rows: Rows,
    plan: Plan,
    position: Position,
    verdicts: Verdicts,
    calls: tuple[Verdicts, np.ndarray],
) -> pd.DataFrame:
    """The rejected records as they stand in the file.

    :param verdicts: of the rows
    :param calls: of the calls in them, and the row that each is in
    """
    inner, origin = calls
    expected = _expected(plan, position)
    bad = [(row, verdicts, row) for row in np.flatnonzero(~verdicts.good()).tolist()]
    wrong = np.flatnonzero(~inner.good()).tolist()
    bad += [(int(origin[call]), inner, call) for call in wrong]
    bad.sort(key=lambda one: one[0])
    reasons = [own.reason[place] for _row, own, place in bad]
    found = [str(own.found[place])[:MAX_FOUND] for _row, own, place in bad]
    told = [
        wording(reason, text, {**expected, reason: one} if one else expected)
        for reason, text, one in zip(
            reasons,
            found,
            (own.expected[place] for _row, own, place in bad),
            strict=True,
        )
    ]
    messages = [english(one) for one in told]
    places = [row for row, _own, _place in bad]
    raw = [rows.raw(row) for row in places]
    return _rejection_frame(rows.numbers[places], raw, reasons, messages, found, told)


def _rejection_frame(numbers: np.ndarray, *texts: list) -> pd.DataFrame:
    """Line numbers, and the others under the other names of REJECTIONS."""
    columns = dict(zip(REJECTIONS[1:], texts, strict=True))
    series = {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    return pd.DataFrame({"line_number": numbers, **series})

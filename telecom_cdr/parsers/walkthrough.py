# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The first rows of a file on their way through the steps of a format."""

from dataclasses import dataclass
from typing import BinaryIO

from .columns import Plan, make_plan
from .facts import ReadContext
from .formats import FormatSpec
from .layouts.opening import open_source
from .layouts.text import TextSource
from .row_calls import split_calls
from .steps.conversion import trace
from .tables import Table

Way = tuple[tuple[str, str | None], ...]
"""A cell as it is and after each step, with the step's words ("" at first); None from
the step on that refuses it."""


@dataclass(frozen=True)
class ShownRow:
    """A row of a file, or one of the calls in it.

    :ivar line: line, row or record, as in facts and rejections
    :ivar ways: field -> the way of its cell, in the order of the format
    """

    line: int
    ways: dict[str, Way]


def walk_through(
    stream: BinaryIO, spec: FormatSpec, context: ReadContext, limit: int = 20
) -> list[ShownRow]:
    """The first rows, also those that are rejected or left out.

    :param limit: lines or records to look at
    :raises FileError: as `reader.read`
    """
    source = open_source(stream, spec, None, context.file_name)
    if source.is_empty:
        return []
    plan = make_plan(spec, source.position.header)
    if isinstance(source, TextSource):
        source.width = plan.width
    rows = source.rows(limit)
    if rows is None:
        return []
    table, origin = split_calls(rows.table, plan)
    names = [name for name, _columns in spec.column_mapping if plan.places(name)]
    ways = {name: _ways(table, plan, name) for name in names}
    lines = rows.numbers[origin].tolist()
    return [
        ShownRow(line, {name: ways[name][row] for name in names})
        for row, line in enumerate(lines)
    ]


def _ways(table: Table, plan: Plan, name: str) -> list[Way]:
    """The way of a field's cell in each row."""
    words, cells = zip(*trace(table, plan, name), strict=True)
    columns = [column.tolist() for column in cells]
    return [tuple(zip(words, row, strict=True)) for row in zip(*columns, strict=True)]

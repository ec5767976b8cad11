# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A sample file to a proposal of how it is to be read: the way into this package."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..columns import VALUE_PLACE
from ..exceptions import FormatError, ParserError, Wording
from ..formats import FormatSpec
from ..layouts.keys import NAMED, value_names
from ..layouts.nested import NestedSource
from ..layouts.opening import open_source
from ..reader import ReadContext, preview
from .guess_calls import guess_calls
from .guess_columns import Columns, guess_columns, mapping_of, value_keys
from .guess_fixed import UNNAMED
from .guess_layout import guess_layout
from .guess_ready import find_ready
from .guess_rules import guess_rules
from .looks import Look
from .sample import Proposal, SampleColumn

__all__ = ["Proposal", "columns_of", "propose"]

ROWS = 200
MAX_COLUMNS = 400
MAX_LOOSE = 40
MISSING = {
    "start": "No column with the start of the calls was found: say which one it is.",
    "number": "No column with a caller or a called number was found: say which one it "
    "is.",
    "duration": "No column with a duration was found: without one every call lasts 0 "
    "seconds.",
}


def propose(
    content: bytes,
    context: ReadContext,
    ready: Sequence[tuple[str, Mapping[str, Any]]] = (),
    layout: Mapping[str, Any] | None = None,
) -> Proposal:
    """How a file is to be read.

    :param content: the file, or its beginning (a workbook: all of it)
    :param context: country and time zone of the carrier, name and date of the file
    :param ready: code and definition of the formats that there are
    :param layout: the keys of the layout where somebody has said them
    :raises FileError: it is no text, empty, or has no columns
    :raises ArchiveError: a workbook that is damaged or would fill the memory
    """
    keys = dict(layout or _with_loose(content, guess_layout(content), context))
    columns = columns_of(content, keys, context)
    state = guess_columns(columns, context.country, context.file_date)
    definition = {
        **keys,
        "column_mapping": mapping_of(state),
        **value_keys(state),
        **guess_rules(state),
        **guess_calls(state),
    }
    own = _facts(content, definition, context)
    return Proposal(
        definition,
        state.guesses(),
        find_ready(content, ready, context, own),
        tuple([*state.notes, *_missing(state, "legs" in definition)]),
    )


def _with_loose(
    content: bytes, keys: dict[str, Any], context: ReadContext
) -> dict[str, Any]:
    """The layout, with the column whose unquoted delimiters make all rows too wide.

    It is the last one that puts the others below headings that mean what they hold.
    """
    if keys["layout"] != "delimited" or not keys.get("has_header"):
        return keys
    columns = columns_of(content, keys, context)
    names = [column.key for column in columns if isinstance(column.key, str)]
    beyond = columns[len(names) :]
    if not beyond or not any(map(any, (column.cells for column in beyond))):
        return keys
    fits = []
    for place, name in enumerate(names[:MAX_LOOSE]):
        own = {**keys, "loose_column": name}
        looks = [Look(c, context.country) for c in columns_of(content, own, context)]
        fits.append(
            (sum(bool(one.rank and one.may_be(one.rank[0])) for one in looks), place)
        )
    return {**keys, "loose_column": names[max(fits)[1]]}


def columns_of(
    content: bytes, layout: Mapping[str, Any], context: ReadContext
) -> list[SampleColumn]:
    """The columns of a sample with their first cells.

    :param layout: the keys that say how cells are found
    :raises FileError: as the reader
    """
    spec = FormatSpec.from_dict({**layout, "column_mapping": _any_mapping(layout)})
    source = open_source(io.BytesIO(content), spec, None, context.file_name)
    if isinstance(source, NestedSource):
        source.show_all(ROWS)
    found = None if source.is_empty else source.rows(ROWS)
    if found is None:
        return []
    names = source.columns()
    rows = [found.table.row(row) for row in range(len(found.table))]
    kept = [
        place
        for place, row in enumerate(rows)
        if not names or row[: len(names)] != names
    ]
    width = max([len(names), *map(len, rows)])
    columns = [
        _column(layout, names, place, [rows[row] for row in kept])
        for place in range(min(width, MAX_COLUMNS))
    ]
    pages = [
        SampleColumn(name, name, found.table.column(place)[kept].tolist())
        for place, name in enumerate(value_names(spec), VALUE_PLACE)
    ]
    return pages + columns


def _column(
    layout: Mapping[str, Any],
    names: Sequence[str],
    place: int,
    rows: Sequence[Sequence[str]],
) -> SampleColumn:
    """One column: by its name where it has one of its own, else by its position."""
    cells = [row[place].strip() if place < len(row) else "" for row in rows]
    name = names[place].strip() if place < len(names) else ""
    if layout["layout"] in NAMED:
        return SampleColumn(name, name, cells)
    is_own = bool(name) and names.count(names[place]) == 1
    is_own = is_own and not name.isdecimal() and ";" not in name
    heading = "" if name.startswith(UNNAMED) else name
    is_whole = bool(names) or all(place < len(row) for row in rows)
    return SampleColumn(name if is_own else place + 1, heading, cells, is_whole)


def _any_mapping(layout: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping that lets any file be opened."""
    column = "-" if layout["layout"] in NAMED else 1
    return {"start": column, "called_number": column}


def _facts(
    content: bytes, definition: Mapping[str, Any], context: ReadContext
) -> pd.DataFrame | None:
    """What the proposal reads; None where it is not complete."""
    try:
        spec = FormatSpec.from_dict(definition)
        return preview(io.BytesIO(content), spec, context, ROWS).facts
    except (FormatError, ParserError):
        return None


def _missing(state: Columns, is_paired: bool) -> list[Wording]:
    """What a format needs and the sample does not show."""
    needed = ("start",) if is_paired else ("start", "duration")
    lacking = [name for name in needed if name not in state.chosen]
    if not {"calling_number", "called_number"} & set(state.chosen):
        lacking.insert(0, "number")
    return [{"text": MISSING[name]} for name in lacking]

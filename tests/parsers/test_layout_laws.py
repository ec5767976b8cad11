# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What holds in every layout: nothing lost, nothing depends on how a file is cut."""

import io
import json
from typing import Any

import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st
from layout_samples import nested, workbook
from parser_samples import MADRID, joined, read_all
from parsers.exceptions import ParserError
from parsers.formats import FormatSpec
from parsers.reader import Position, preview, read

WHEN = [f"2026-{day} 10:00:00" for day in ("03-02", "10-25", "02-31")]
WHEN.append("2026-10-25 02:50:00")
CELLS = st.one_of(
    st.sampled_from(
        [*WHEN, "600000001", "anonymous", "60", "", " ", "é", "H", "T", "-"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=5),
)
ROWS = st.lists(
    st.tuples(st.sampled_from(WHEN), CELLS, CELLS, CELLS, st.sampled_from("abc ")),
    max_size=14,
)
NAMES = ("start", "from", "to", "secs", "id")
FIXED = [
    {"name": name, "start": 1 + 20 * place, "width": 20}
    for place, name in enumerate(NAMES)
]
COMMON: dict[str, Any] = {
    "column_mapping": {
        "start": "start",
        "calling_number": "from",
        "called_number": "to",
        "duration": "secs",
        "account_code": "id",
    }
}
EXTRAS = [
    {},
    {"legs": {"key": ["id"], "bill": "longest", "window": 3, "sum_duration": True}},
    {"row_calls": [{}, {"called_number": "from"}]},
    {
        "record_types": {"column": "secs", "trailer": "^T$", "header": "^H$"},
        "control_totals": [{"in": "trailer", "column": "id", "of": "count"}],
    },
]
LINE_EXTRAS = [
    *EXTRAS,
    {"line_filters": ["-"], "page_values": ["(?P<page>[Hé])"]},
]


def delimited(rows: list[tuple[str, ...]]) -> bytes:
    """Rows with a header, quoted by nobody."""
    lines = [",".join(NAMES), *(",".join(row) for row in rows)]
    return "\n".join(lines).encode()


def fixed(rows: list[tuple[str, ...]]) -> bytes:
    """Rows of fixed width."""
    return "\r\n".join(
        "".join(f"{cell[:20]:20}" for cell in row) for row in rows
    ).encode()


def as_json(rows: list[tuple[str, ...]]) -> bytes:
    """A list of objects."""
    return json.dumps([dict(zip(NAMES, row, strict=True)) for row in rows]).encode()


def lines_of_json(rows: list[tuple[str, ...]]) -> bytes:
    """Objects, each in a line, one of them cut."""
    lines = [json.dumps(dict(zip(NAMES, row, strict=True))) for row in rows]
    return "\n".join([*lines, '{"start": "2026', *lines[:2]]).encode()


def as_xml(rows: list[tuple[str, ...]]) -> bytes:
    """Elements; what XML cannot hold makes a broken one."""
    calls = [
        "<cdr>"
        + "".join(f"<{n}>{v}</{n}>" for n, v in zip(NAMES, row, strict=True))
        + "</cdr>"
        for row in rows
    ]
    return ("<cdrs>" + "\n".join(calls) + "</cdrs>").encode()


def as_sheet(rows: list[tuple[str, ...]]) -> bytes:
    """A sheet with a header; cells that need no escape."""
    plain = [["".join(filter(str.isalnum, cell)) for cell in row] for row in rows]
    return workbook({"S": [list(NAMES), *plain]})


FORMS = st.one_of(
    *(
        st.tuples(
            st.just(make),
            st.sampled_from(extras).map(
                lambda extra, given=given: FormatSpec.from_dict(
                    {**COMMON, **given, **extra}
                )
            ),
        )
        for make, given, extras in (
            (delimited, {"has_header": True}, LINE_EXTRAS),
            (delimited, {"has_header": True, "wrapped": "^20"}, EXTRAS),
            (delimited, {"has_header": True, "loose_column": "to"}, EXTRAS),
            (fixed, {"layout": "fixed", "fixed_columns": FIXED}, LINE_EXTRAS),
            (as_json, {"layout": "json"}, EXTRAS),
            (lines_of_json, {"layout": "json"}, EXTRAS),
            (as_xml, {"layout": "xml"}, EXTRAS),
            (as_sheet, {"layout": "sheet", "has_header": True}, LINE_EXTRAS),
        )
    )
)


def attempt(content: bytes, form: FormatSpec, rows: int) -> list | ParserError:
    """The batches of a file, or what it is refused with."""
    try:
        return read_all(content, form, rows_per_batch=rows)
    except ParserError as error:
        return error


@settings(max_examples=150, deadline=None)
@given(ROWS, FORMS, st.integers(1, 7))
def test_batches_do_not_depend_on_their_size(
    rows: list[tuple[str, ...]], how: tuple, size: int
) -> None:
    make, form = how
    content = make(rows)
    whole, cut = attempt(content, form, 1000), attempt(content, form, size)
    if isinstance(whole, ParserError):
        assert isinstance(cut, ParserError)
        return
    for part in ("facts", "rejections"):
        found = joined([b for b in cut if len(getattr(b, part))], part)
        expected = joined([b for b in whole if len(getattr(b, part))], part)
        pd.testing.assert_frame_equal(found, expected)
    assert sum(batch.rows for batch in cut) == sum(batch.rows for batch in whole)
    if whole:
        assert cut[-1].position.totals == whole[-1].position.totals


@settings(max_examples=150, deadline=None)
@given(ROWS, FORMS, st.integers(1, 7))
def test_every_row_is_a_call_rejected_skipped_or_merged(
    rows: list[tuple[str, ...]], how: tuple, size: int
) -> None:
    make, form = how
    batches = attempt(make(rows), form, size)
    if isinstance(batches, ParserError):
        assert batches.reason
        return
    for batch in batches:
        parts = len(batch.facts) + len(batch.rejections) + batch.skipped + batch.merged
        assert batch.rows == parts
        json.dumps(batch.position.to_dict())


@settings(max_examples=150, deadline=None)
@given(ROWS, FORMS, st.integers(1, 4), st.data())
def test_going_on_from_any_position_gives_the_rest(
    rows: list[tuple[str, ...]], how: tuple, size: int, data: st.DataObject
) -> None:
    make, form = how
    content = make(rows)
    batches = attempt(content, form, size)
    if isinstance(batches, ParserError) or not batches:
        return
    chosen = data.draw(st.integers(0, len(batches) - 1))
    stored = json.loads(json.dumps(batches[chosen].position.to_dict()))
    position = Position.from_dict(stored)
    rest = list(read(io.BytesIO(content), form, MADRID, position, size))
    expected = batches[chosen + 1 :]
    assert [batch.position for batch in rest] == [batch.position for batch in expected]
    for found, wanted in zip(rest, expected, strict=True):
        pd.testing.assert_frame_equal(found.facts, wanted.facts)
        pd.testing.assert_frame_equal(found.rejections, wanted.rejections)


JUNK = st.one_of(
    st.binary(max_size=200),
    st.text(st.sampled_from('{}[]",:\\ \n<>/&;!-acdr=0'), max_size=80).map(str.encode),
    ROWS.map(as_json),
    ROWS.map(as_xml),
    ROWS.map(as_sheet),
)
LAYOUTS = st.sampled_from(
    [
        nested("json"),
        nested("json", record_path="a.c"),
        nested("xml"),
        nested("xml", record_path="a", url_encoded=True),
        FormatSpec.from_dict({**COMMON, "layout": "fixed", "fixed_columns": FIXED}),
        FormatSpec.from_dict({**COMMON, "layout": "sheet", "has_header": True}),
        FormatSpec.from_dict({**COMMON, "has_header": True, "escape": "\\"}),
    ]
)


@settings(max_examples=300, deadline=None)
@given(JUNK, LAYOUTS, st.data())
@example(b'[{"start":', nested("json"), None)
def test_any_bytes_are_read_or_refused(
    content: bytes, form: FormatSpec, data: st.DataObject | None
) -> None:
    """Also what was right before a piece was taken out or put elsewhere."""
    if data is not None and content:
        first = data.draw(st.integers(0, len(content)))
        last = data.draw(st.integers(first, len(content)))
        content = content[:first] + content[last:] + content[first:last]
    batches = attempt(content, form, 5)
    if isinstance(batches, ParserError):
        assert batches.message
        return
    assert sum(batch.rows for batch in batches) <= len(content) + 1
    preview(io.BytesIO(content), form, MADRID, 5)

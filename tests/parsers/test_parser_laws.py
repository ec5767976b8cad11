# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What holds for every file: nothing lost, nothing depends on how it is cut."""

import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parser_samples import MADRID, joined, read_all, spec
from parsers.exceptions import ParserError
from parsers.formats import FormatSpec
from parsers.lines import decode_lines
from parsers.reader import Position, read
from parsers.records import Dialect, _by_csv, split_records
from parsers.tables import part_text

CELLS = st.one_of(
    st.sampled_from(
        [
            "2026-03-02 10:00:00",
            "2026-10-25 02:50:00",
            "2026-10-25 02:05:00",
            "2026-02-31 10:00:00",
            "600000001",
            "anonymous",
            "60",
            "0.5",
            "",
            " ",
            '"',
            '""',
            '"a,b"',
            '"a\nb"',
            '"a""b"',
            'a"b',
            "é",
            "Start",
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=6),
)
LINES = st.lists(st.lists(CELLS, max_size=7).map(",".join), max_size=25)
NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])
FORMS = st.sampled_from(
    [
        spec(),
        spec(quote=""),
        spec(minimum_columns=2, encoding="utf-8"),
        spec(record_filters=[{"column": 3, "pattern": "^6", "action": "skip"}]),
        spec(
            has_header=True,
            column_mapping={"start": 1, "called_number": 2, "extra.x": 3},
            minimum_columns=0,
        ),
    ]
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Files that are nearly right."""
    lines = draw(LINES)
    newline = draw(NEWLINES)
    return (newline.join(lines) + draw(st.sampled_from(["", newline]))).encode()


def attempt(content: bytes, form: FormatSpec, rows: int) -> list | ParserError:
    """The batches of a file, or what it is refused with."""
    try:
        return read_all(content, form, rows_per_batch=rows)
    except ParserError as error:
        return error


@settings(max_examples=60, deadline=None)
@given(files(), FORMS, st.integers(1, 9))
def test_batches_do_not_depend_on_their_size(
    content: bytes, form: FormatSpec, size: int
) -> None:
    whole, cut = attempt(content, form, 1000), attempt(content, form, size)
    if isinstance(whole, ParserError):
        assert isinstance(cut, ParserError)
        return
    for part in ("facts", "rejections"):
        found, expected = joined(cut, part), joined(whole, part)
        pd.testing.assert_frame_equal(found, expected)


@settings(max_examples=60, deadline=None)
@given(files(), FORMS, st.integers(1, 9))
def test_every_row_is_a_call_rejected_skipped_or_merged(
    content: bytes, form: FormatSpec, size: int
) -> None:
    batches = attempt(content, form, size)
    if isinstance(batches, ParserError):
        assert batches.reason
        return
    for batch in batches:
        parts = len(batch.facts) + len(batch.rejections) + batch.skipped + batch.merged
        assert batch.rows == parts
        assert 0 < batch.rows <= size


@settings(max_examples=40, deadline=None)
@given(files(), FORMS, st.integers(1, 4), st.data())
def test_going_on_from_any_position_gives_the_rest(
    content: bytes, form: FormatSpec, size: int, data: st.DataObject
) -> None:
    batches = attempt(content, form, size)
    if isinstance(batches, ParserError) or not batches:
        return
    chosen = data.draw(st.integers(0, len(batches) - 1))
    position = Position.from_dict(batches[chosen].position.to_dict())
    rest = list(read(io.BytesIO(content), form, MADRID, position, size))
    assert [batch.position for batch in rest] == [
        batch.position for batch in batches[chosen + 1 :]
    ]
    for found, expected in zip(rest, batches[chosen + 1 :], strict=True):
        pd.testing.assert_frame_equal(found.facts, expected.facts)
        pd.testing.assert_frame_equal(found.rejections, expected.rejections)


@settings(max_examples=120, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), files()),
    st.sampled_from(["auto", "utf-8", "cp1252", "utf-16", "utf-16-le", "cp037"]),
    st.booleans(),
)
def test_any_bytes_are_read_or_refused(
    content: bytes, encoding: str, has_header: bool
) -> None:
    form = spec(encoding=encoding, has_header=has_header)
    batches = attempt(content, form, 7)
    if isinstance(batches, ParserError):
        assert batches.reason in ("binary", "encoding", "header")
    else:
        counted = sum(batch.rows for batch in batches)
        assert counted <= content.count(b"\n") + content.count(b"\r") + 1


@pytest.mark.parametrize("codec", ["utf-16", "utf-32"])
@settings(max_examples=12, deadline=None)
@given(LINES, st.integers(1, 5))
def test_wide_encodings_read_as_utf_8_does(
    codec: str, lines: list[str], size: int
) -> None:
    text = "\n".join([*lines, "2026-03-02 10:00:00,é,600000001,1"])
    narrow = attempt(text.encode(), spec(encoding="utf-8"), size)
    wide = attempt(text.encode(codec), spec(encoding=codec), size)
    if isinstance(narrow, ParserError) or "\ufffd" in text or "\ufeff" in text:
        return
    expected = joined(narrow, "facts")
    pd.testing.assert_frame_equal(joined(wide, "facts"), expected)


QUOTED = st.lists(
    st.text(st.sampled_from('ab,";\n\r é'), max_size=12).map(lambda text: text + "\n"),
    min_size=1,
    max_size=8,
)


@settings(max_examples=500, deadline=None)
@given(QUOTED, st.sampled_from([",", ";"]), st.sampled_from(['"', "", "'"]))
def test_parting_by_hand_equals_the_csv_module(
    lines: list[str], delimiter: str, quote: str
) -> None:
    """Where it does not leave the lines to the csv module in the first place."""
    texts = decode_lines("".join(lines).encode().splitlines(True), "utf-8").texts
    table = part_text(texts, delimiter, quote)
    if table is None:
        assert quote
        return
    rows = _by_csv(texts, Dialect(delimiter, quote))
    assert rows is not None
    for number in range(len(texts)):
        expected = [cell.strip() for cell in rows.row(number)] or [""]
        assert [cell.strip() for cell in table.row(number)] == expected
        for place in range(4):
            cell = table.column(place)[number]
            assert cell == (expected[place] if place < len(expected) else "")


@settings(max_examples=200, deadline=None)
@given(QUOTED, st.integers(1, 8))
def test_records_cover_all_lines_once(lines: list[str], count: int) -> None:
    decoded = decode_lines("".join(lines).encode().splitlines(True), "utf-8")
    records = split_records(decoded, count, Dialect(",", '"'))
    covered = [
        place
        for first, span in zip(records.first, records.count, strict=True)
        for place in range(first, first + span)
    ]
    assert covered == sorted(set(covered))
    assert records.used >= min(count, len(decoded.texts))
    left_out = set(range(records.used)) - set(covered)
    assert all(not decoded.texts[place].strip(' "\r\n') for place in left_out)

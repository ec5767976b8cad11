# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Sheets of Excel files as files of calls."""

import io
from typing import Any

import pytest
from layout_samples import counts, ids, told, workbook
from parser_samples import MADRID, facts_of, read_all
from parsers.exceptions import FileError
from parsers.formats import FormatSpec
from parsers.reader import Position, preview, read

HEADER = ["start", "to", "id", "secs"]
MAPPING = {
    "start": "Start",
    "called_number": "to",
    "unique_id": "id",
    "duration": "secs",
}


def row(number: int) -> list[str]:
    """A call."""
    return [f"2026-03-02 10:{number:02}:00", "600000002", f"c{number}", str(number)]


def sheet(**values: Any) -> FormatSpec:
    """A format of sheets with a header."""
    given = {"layout": "sheet", "has_header": True, "column_mapping": MAPPING}
    return FormatSpec.from_dict({**given, **values})


def test_rows_of_the_first_sheet_by_their_numbers() -> None:
    content = workbook({"Calls": [HEADER, row(1), [], row(2)], "Other": [HEADER]})
    facts = facts_of(content, sheet())
    assert facts["unique_id"].tolist() == ["c1", "c2"]
    assert facts["line_number"].tolist() == [2, 4]
    assert facts["duration"].tolist() == [1, 2]


def test_a_sheet_by_its_name_without_header() -> None:
    content = workbook({"Notes": [["hello"]], "Calls": [row(1), row(2)]})
    mapping = {"start": 1, "called_number": 2, "unique_id": 3}
    form = sheet(sheet_name="calls", has_header=False, column_mapping=mapping)
    assert ids(content, form) == ["c1", "c2"]


def test_rows_above_the_table_and_what_they_say() -> None:
    content = workbook(
        {"S": [["Bill of account 4711"], [], HEADER, row(1), HEADER, ["Total", "1"]]}
    )
    form = sheet(
        skipped_lines=1,
        page_values=[r"account (?P<account>\d+)"],
        line_filters=["^Total"],
        column_mapping={**MAPPING, "account_code": "account"},
    )
    assert facts_of(content, form)["account_code"].tolist() == ["4711"]
    assert counts(content, form) == (2, 1, 0, 1, 0)


def test_bad_rows_are_rejected_with_their_number() -> None:
    content = workbook({"S": [HEADER, row(1), ["yesterday", "600000002", "x", "1"]]})
    assert [(n, reason) for n, reason, _ in told(content, sheet())] == [(3, "date")]
    (batch,) = read_all(content, sheet())
    assert batch.rejections["raw"].tolist() == ["yesterday\t600000002\tx\t1"]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_going_on_gives_the_rest(size: int) -> None:
    rows = [HEADER, *(row(number) for number in range(7)), [], row(8)]
    content = workbook({"S": rows})
    whole = ids(content, sheet())
    for batch in read_all(content, sheet(), rows_per_batch=size):
        position = Position.from_dict(batch.position.to_dict())
        rest = list(read(io.BytesIO(content), sheet(), MADRID, position, size))
        found = [one for part in rest for one in part.facts["unique_id"]]
        assert found == whole[len(whole) - len(found) :]
        last = batch.facts["unique_id"].tolist()[-1]
        assert found == whole[whole.index(last) + 1 :]


@pytest.mark.parametrize(
    ("content", "form", "words"),
    [
        (b"start,to\n1,2\n", sheet(), "no workbook"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, sheet(), "old Excel file"),
        (b"PK\x03\x04" + b"x" * 600, sheet(), "cannot be read"),
        (
            workbook({"A": []}),
            sheet(sheet_name="B"),
            "no sheet 'B'. The workbook has: A",
        ),
        (workbook({"A": [["x", "y"]]}), sheet(), "Columns that the format needs"),
    ],
)
def test_what_is_no_such_sheet_is_refused(
    content: bytes, form: FormatSpec, words: str
) -> None:
    with pytest.raises(FileError) as caught:
        read_all(content, form)
    assert words in caught.value.message


def test_an_empty_sheet_has_no_rows() -> None:
    assert read_all(workbook({"A": []}), sheet()) == []


def test_preview_of_a_sheet() -> None:
    content = workbook({"S": [HEADER, row(1), row(2)]})
    shown = preview(io.BytesIO(content), sheet(), MADRID, 5)
    assert shown.columns == HEADER
    assert shown.raw_rows == [row(1), row(2)]
    assert shown.facts["unique_id"].tolist() == ["c1", "c2"]

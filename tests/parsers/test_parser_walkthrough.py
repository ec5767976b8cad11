# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The first rows of a file, cell by cell and step by step."""

import io
from dataclasses import replace

import pytest
from parser_samples import MADRID, PLAIN, spec
from parsers.exceptions import FileError
from parsers.formats import FormatSpec
from parsers.walkthrough import walk_through


def walk(content: str, form: FormatSpec, limit: int = 20) -> list:
    """The first rows of a text."""
    stream = io.BytesIO(content.encode())
    return walk_through(stream, form, replace(MADRID), limit)


def test_each_row_with_its_line_and_each_step() -> None:
    form = spec(
        has_header=True,
        column_mapping={"start": "date", "called_number": ["to", "dialled"]},
        minimum_columns=0,
        steps={"called_number": [{"remove_prefix": "9"}, "digits"]},
    )
    shown = walk("date,to,dialled\n\n1,96-00,x\n2,,97\n", form)
    assert [(row.line, row.ways["start"]) for row in shown] == [
        (3, (("", "1"),)),
        (4, (("", "2"),)),
    ]
    assert [row.ways["called_number"] for row in shown] == [
        (("", "96-00"), ("remove_prefix 9", "6-00"), ("digits", "600")),
        (("", "97"), ("remove_prefix 9", "7"), ("digits", "7")),
    ]


def test_no_more_than_what_is_asked_for() -> None:
    content = "".join(f"{row},2,3,4\n" for row in range(50))
    assert [row.line for row in walk(content, spec(), 3)] == [1, 2, 3]


def test_files_without_rows() -> None:
    assert walk("", spec()) == []
    assert walk("\n\n", spec()) == []
    named = spec(has_header=True, column_mapping={"start": "a", "called_number": "b"})
    assert walk("", named) == []


def test_a_header_that_lacks_columns_is_refused() -> None:
    form = FormatSpec.from_dict(
        {
            **PLAIN,
            "has_header": True,
            "column_mapping": {"start": "a", "called_number": "b"},
        }
    )
    with pytest.raises(FileError, match="Columns that the format needs are missing: b"):
        walk("a,c\n1,2\n", form)


def test_several_calls_in_a_row_are_rows_of_their_own() -> None:
    form = spec(
        column_mapping={"start": 1, "called_number": 2},
        minimum_columns=0,
        row_calls=[{"called_number": 2}, {"called_number": 3}],
        steps={"called_number": ["digits"]},
    )
    shown = walk("1,6-1,6-2\n2,6-3,\n", form)
    assert [(row.line, row.ways["called_number"][-1][1]) for row in shown] == [
        (1, "61"),
        (1, "62"),
        (2, "63"),
    ]

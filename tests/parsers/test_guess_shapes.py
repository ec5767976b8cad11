# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whole proposals for samples of many shapes, and what reading by them gives."""

import io
from datetime import date

import pandas as pd
import pytest
from guess_samples import SHAPES, Shape
from parsers.formats import FormatSpec
from parsers.guess.guess import propose
from parsers.reader import ReadContext, preview

CONTEXT = ReadContext("ES", "UTC", 6, date(2026, 11, 1))
# What most samples are; in a shape stands what differs.
USUAL = {
    "delimited": {
        "layout": "delimited",
        "encoding": "auto",
        "delimiter": ",",
        "skipped_lines": 0,
        "duration_unit": "seconds",
        "decimal_mark": ".",
    },
    "fixed": {
        "encoding": "auto",
        "duration_unit": "seconds",
        "decimal_mark": ".",
    },
    "json": {"encoding": "auto", "duration_unit": "seconds", "decimal_mark": "."},
    "xml": {"encoding": "auto", "duration_unit": "seconds", "decimal_mark": "."},
    "sheet": {"skipped_lines": 0, "decimal_mark": "."},
}


def wanted(shape: Shape) -> dict:
    """The whole definition that is right for a shape."""
    layout = shape.keys.get("layout", "delimited")
    return {**USUAL[layout], **shape.keys, "column_mapping": shape.mapping}


@pytest.mark.parametrize("name", SHAPES)
def test_the_whole_proposal(name: str) -> None:
    shape = SHAPES[name]
    proposal = propose(shape.content, CONTEXT)
    found = dict(proposal.definition)
    if name.startswith("epochs"):
        (pattern,) = found.pop("line_filters")
        assert pattern.startswith('^\\"?(?:INTEGER|')
    assert found == wanted(shape)
    assert tuple(note["text"] for note in proposal.notes) == shape.notes


@pytest.mark.parametrize("name", SHAPES)
def test_the_facts_that_reading_by_it_gives(name: str) -> None:
    shape = SHAPES[name]
    spec = FormatSpec.from_dict(propose(shape.content, CONTEXT).definition)
    shown = preview(io.BytesIO(shape.content), spec, CONTEXT)
    assert shown.rejections.empty, shown.rejections["message"].tolist()
    facts = shown.facts
    found = [
        (
            None if pd.isna(row.calling_number) else row.calling_number,
            None if pd.isna(row.called_number) else row.called_number,
            str(row.start_local),
            row.duration,
        )
        for row in facts.itertuples()
    ]
    assert found == shape.facts


def test_each_column_has_a_confidence_and_a_reason() -> None:
    shape = SHAPES["no header: start, answer, end, two durations, words"]
    guesses = propose(shape.content, CONTEXT).columns
    told = {one.column.key: (one.field, one.confidence, one.reason) for one in guesses}
    assert told[1] == ("", 0, {"text": ""})
    assert told[2] == (
        "calling_number",
        75,
        {"text": "The first column of numbers that can be dialled.", "values": {}},
    )
    assert told[9] == (
        "duration",
        95,
        {
            "text": "The values are the seconds from %(first)s to end.",
            "values": {"first": "answer"},
        },
    )
    named = propose(SHAPES["english headings"].content, CONTEXT).columns
    assert [one.confidence for one in named] == [95] * 6

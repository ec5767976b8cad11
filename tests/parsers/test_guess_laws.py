# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Any bytes give a proposal, or are refused in words, in bounded time."""

import random
from datetime import date

import pytest
from guess_samples import SHAPES
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from parsers.exceptions import FileError, ParserError
from parsers.formats import FIELDS, FormatSpec
from parsers.guess.guess import propose
from parsers.guess.guess_layout import guess_layout
from parsers.guess.sample import Proposal
from parsers.reader import ReadContext

CONTEXT = ReadContext("ES", "UTC", 6, date(2026, 11, 1))
PIECES = st.sampled_from(
    [
        *[
            ",",
            ";",
            "\t",
            "|",
            "\n",
            "\r\n",
            '"',
            " ",
            "-",
            "<",
            ">",
            "{",
            "}",
            "[",
            "]",
        ],
        *[
            "2026-10-05 10:00:00",
            "05/10/26",
            "10:00",
            "1791187200",
            "600000099",
            "0,034",
        ],
        *[
            "src",
            "dst",
            "billsec",
            "start",
            "Fecha",
            "ANSWERED",
            "I",
            "O",
            "1m 15s",
            "é",
        ],
        *[
            '{"start": ',
            '"rows": [',
            "<cdr>",
            "</cdr>",
            "sep=;",
            "\0",
            "\ufeff",
            "(101)",
        ],
    ]
)


def proposed(content: bytes) -> Proposal | None:
    """A proposal that holds together; None where the bytes are refused in words."""
    try:
        proposal = propose(content, CONTEXT)
    except ParserError as error:
        assert error.message
        return None
    definition = proposal.definition
    fields = definition["column_mapping"]
    assert set(fields) <= set(FIELDS)
    if "start" in fields and {"calling_number", "called_number"} & set(fields):
        FormatSpec.from_dict(definition)
    else:
        assert proposal.notes
    return proposal


LAYOUTS = {None, "delimited", "fixed", "json", "xml", "sheet"}


def layout_of(content: bytes) -> str | None:
    """The layout of a proposal that holds together; None where it is refused."""
    proposal = proposed(content)
    return proposal and proposal.definition.get("layout", "delimited")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES, max_size=60).map("".join).map(str.encode))
@example(b"[[1]]")
@example(b'{"a": {"b": [{}]}}')
@example(b"<a><b/></a>")
@example(b"[" * 5000)
@example(b"\xff\xfe;\x00")
def test_texts_of_known_pieces(content: bytes) -> None:
    assert layout_of(content) in LAYOUTS


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(content: bytes) -> None:
    assert layout_of(content) in LAYOUTS


@pytest.mark.parametrize("name", SHAPES)
def test_damaged_samples(name: str) -> None:
    content = SHAPES[name].content
    chance = random.Random(name)
    for _ in range(5):
        place = chance.randrange(len(content))
        changed = bytes([chance.randrange(256)])
        assert layout_of(content[:place]) in LAYOUTS
        assert layout_of(content[:place] + changed + content[place + 1 :]) in LAYOUTS


def test_a_large_sample_takes_no_longer_than_its_beginning() -> None:
    head, *rows = SHAPES["english headings"].content.splitlines(keepends=True)
    proposal = proposed(head + b"".join(rows) * 40_000)
    assert proposal is not None
    mapping = dict(SHAPES["english headings"].mapping)
    del mapping["unique_id"]  # the same rows again and again
    assert proposal.fields == mapping
    assert len(proposal.columns[0].column.cells) == 200
    wide = proposed(b",".join([b"600000099"] * 5000) + b"\n")
    assert wide is not None
    assert len(wide.columns) == 400


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The sample is empty: choose a file with some calls."),
        (b"\n \n", "The sample is empty: choose a file with some calls."),
        (b"%PDF-1.7", "This is no text file (a PDF document)."),
        (
            b"hello\nworld\n",
            "No columns were found in the sample: a delimiter (comma, semicolon, tab, "
            "|), or columns below each other are expected. Found: hello",
        ),
    ],
)
def test_what_is_refused_and_how(content: bytes, message: str) -> None:
    with pytest.raises(FileError) as caught:
        guess_layout(content)
    assert caught.value.message == message

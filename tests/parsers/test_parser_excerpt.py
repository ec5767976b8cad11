# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows of a file as they stand in it."""

import codecs
import io

import pytest
from parsers.excerpt import excerpt
from parsers.formats import FormatSpec

MAPPING = {"start": "start", "calling_number": "from", "called_number": "to"}
PLACES = {"start": 1, "calling_number": 2, "called_number": 3}


def _spec(**values):
    values = {"has_header": True, "column_mapping": MAPPING, **values}
    return FormatSpec.from_dict(values)


def _taken(content, rows, **values):
    return b"".join(excerpt(io.BytesIO(content), _spec(**values), rows))


@pytest.mark.parametrize(
    ("content", "rows", "taken"),
    [
        (b"start,from,to\na\nb\nc\n", {3: 1}, b"start,from,to\nb\n"),
        # Line ends stay; the last line gets one.
        (b"start,from,to\r\na\r\nb", {3: 1, 2: 1}, b"start,from,to\r\na\r\nb\n"),
        # A record of two lines, and a blank line ahead of the header.
        (b'\nstart,from,to\n"a\nb"\nc\n', {3: 2}, b'\nstart,from,to\n"a\nb"\n'),
        (b"sep=;\nstart;from;to\na\nb\n", {4: 1}, b"sep=;\nstart;from;to\nb\n"),
        (b"start,from,to\na\n", {}, b"start,from,to\n"),
        ("start,from,to\nañ\nbé\n".encode("cp1252"), {3: 1}, b"start,from,to\nb\xe9\n"),
        (
            codecs.BOM_UTF8 + "start,from,to\na\né\n".encode(),
            {3: 1},
            codecs.BOM_UTF8 + "start,from,to\né\n".encode(),
        ),
    ],
)
def test_header_and_rows(content, rows, taken):
    assert _taken(content, rows) == taken


def test_skipped_lines_come_along():
    content = b"Carrier\nMay\nstart,from,to\na\nb\n"
    assert _taken(content, {5: 1}, skipped_lines=2) == (
        b"Carrier\nMay\nstart,from,to\nb\n"
    )


def test_without_a_header():
    values = {"has_header": False, "column_mapping": PLACES}
    assert _taken(b"a\nb\nc\n", {1: 1, 3: 1}, **values) == b"a\nc\n"
    assert _taken(b"x\na\nb\n", {3: 1}, skipped_lines=1, **values) == b"x\nb\n"


def test_wide_characters():
    content = "start,from,to\na\né\n".encode("utf-16")
    taken = _taken(content, {3: 1})
    assert taken.decode("utf-16") == "start,from,to\né\n"
    assert taken.startswith(codecs.BOM_UTF16_LE)


def test_lines_that_give_values_come_along():
    content = b"start,from,to\nDay 5\na\nb\nDay 6\nc\n"
    taken = _taken(content, {6: 1}, page_values=["^Day (?P<day>.)"])
    assert taken == b"start,from,to\nDay 5\nDay 6\nc\n"

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Streams cut anywhere: the files that come of them hold the calls of one file."""

import math
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parser_samples import MADRID, read_all, ready_file, shipped_formats, spec
from parsers.parting import can_be_joined, needs_parting, part_lines

CONTEXT = replace(MADRID, file_date=date(2026, 3, 3))
HEAD = (
    " " * 60
    + "03/0{day}/2026 PAGE 001\r\nCLASS TIME    LINE    DURATION  STATION\r\n\r\n"
)
NEC = "POT  {time} LINE 001   00:01:{second:02} 101        60000{number:04}     \r\n"
AVAYA = (
    "2026/03/02 10:0{call}:00,00:00:1{seconds},5,1007,O,60000008{call},960,a,0,"
    "100{call},{more},E1007,Ann,T9001,LINE 1.1,0,0\n"
)
ACC = "{method}|f|t{row}|c{call}|{code}|x|{epoch}||1007|60000010{call}\n"


def files_of(
    lines: list[bytes], cuts: list[int], own: Any, age: float = 0
) -> list[bytes]:
    """What is handed over of lines that are cut behind some of them."""
    files, rest, again = [], [], 0
    places = sorted({min(cut, len(lines)) for cut in cuts} | {len(lines)})
    for first, last in zip([0, *places], places, strict=False):
        found = rest + lines[first:last]
        parts = part_lines(found, [age] * len(found), own, CONTEXT)
        if len(parts.whole) > again:
            files.append(b"".join(found[place] for place in parts.whole))
        rest = [found[place] for place in parts.rest]
        again = len(parts.again)
    return [*files, b"".join(rest)] if len(rest) > again else files


def parted(text: bytes, own: Any, *ages: float) -> tuple[bytes, bytes]:
    """The lines that are whole, and those that wait."""
    lines = text.splitlines(keepends=True)
    given = [*ages, *[ages[-1]] * len(lines)][: len(lines)]
    parts = part_lines(lines, given, own, CONTEXT)
    whole, rest = ([lines[n] for n in one] for one in (parts.whole, parts.rest))
    return b"".join(whole), b"".join(rest)


def calls(contents: list[bytes], own: Any) -> list[tuple]:
    """The calls of some files, in their order."""
    found = []
    for content in contents:
        batches = read_all(content, own, CONTEXT)
        for batch in batches:
            parts = len(batch.facts) + len(batch.rejections)
            assert batch.rows == parts + batch.skipped + batch.merged
        found += [
            (fact.start_text, fact.called_number, fact.duration, fact.unique_id)
            for batch in batches
            for fact in batch.facts.itertuples()
        ]
    return sorted(found, key=str)


CUTS = st.lists(st.integers(0, 40), max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 9), st.none()), min_size=1, max_size=30), CUTS)
def test_rows_of_nec_keep_the_date_of_their_page(
    pages: list[int | None], cuts: list[int]
) -> None:
    text = HEAD.format(day=1)
    for number, day in enumerate(pages):
        time = f"{number // 60:02}:{number % 60:02}"
        row = NEC.format(time=time, second=number % 60, number=number)
        text += HEAD.format(day=day) if day else row
    own = shipped_formats()["nec_sl1100_smdr"]
    lines = text.encode().splitlines(keepends=True)
    assert calls(files_of(lines, cuts, own), own) == calls([text.encode()], own)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 1)),
        min_size=1,
        max_size=30,
    ),
    CUTS,
)
def test_segments_of_avaya_stay_together(
    rows: list[tuple[int, int, int]], cuts: list[int]
) -> None:
    lines = [
        AVAYA.format(call=call, seconds=seconds, more=more).encode()
        for call, seconds, more in rows
    ]
    own = shipped_formats()["avaya_ipoffice"]
    files = files_of(lines, cuts, own)
    assert sorted(b"".join(files).splitlines(keepends=True)) == sorted(lines)
    assert calls(files, own) == calls([b"".join(lines)], own)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["INVITE", "BYE"]), st.integers(0, 3), st.booleans()),
        min_size=1,
        max_size=30,
    ),
    CUTS,
)
def test_an_invite_waits_for_its_bye(
    rows: list[tuple[str, int, bool]], cuts: list[int]
) -> None:
    lines = [
        ACC.format(
            method=method,
            call=call,
            code=200 if method == "BYE" or ok else 486,
            row=place,
            epoch=1_772_442_000 + 7 * place,
        ).encode()
        for place, (method, call, ok) in enumerate(rows)
    ]
    own = shipped_formats()["opensips_acc"]
    whole = b"".join(lines)
    assert calls(files_of(lines, cuts, own), own) == calls([whole], own)


def test_what_waits_and_for_how_long() -> None:
    own = shipped_formats()["avaya_ipoffice"]
    one = AVAYA.format(call=1, seconds=1, more=1).encode()
    two = AVAYA.format(call=2, seconds=2, more=0).encode()
    end = AVAYA.format(call=1, seconds=3, more=0).encode()
    assert parted(two + one + two, own, 0) == (two + two, one)
    assert parted(two + one + two, own, 239) == (two + two, one)
    for age in (240, math.inf):
        assert parted(two + one + two, own, age) == (two + one + two, b"")
    # Its last row counts.
    assert parted(one + two + one, own, 300, 300, 200) == (two, one + one)
    assert parted(one + two + end, own, 0) == (one + two + end, b"")


def test_calls_whose_rows_do_not_tell_wait_for_a_while() -> None:
    own = spec(legs={"key": [6], "wait": 5})
    row = b"2026-03-02 10:00:00,910000001,600000001,10,,a\n"
    assert parted(row, own, 4) == (b"", row)
    assert parted(row, own, 5) == (row, b"")


def test_the_last_line_may_go_on_where_lines_are_wrapped() -> None:
    own = spec(wrapped=r"^20\d\d-", legs={"key": [6], "wait": 5})
    row = b"2026-03-02 10:00:00,910000001,\n600000001,10\n"
    assert parted(row, own, 1) == (b"", row)
    assert parted(row, own, 2) == (row, b"")
    assert parted(row * 2, own, 0) == (row, row)
    # Rows that wait for others of their call do so with all of their lines.
    keyed = b"2026-03-02 10:00:00,910000001,\n600000001,10,,a\n"
    assert parted(row + keyed + row, own, 3) == (row + row, keyed)


def test_headers_stand_ahead_of_each_part() -> None:
    own = spec(
        has_header=True,
        column_mapping={"start": "at", "called_number": "to", "duration": "secs"},
        minimum_columns=3,
    )
    head, row = b"at,to,secs\n", b"2026-03-02 10:00:00,600000001,10\n"
    assert not can_be_joined(own)
    assert files_of([head, row, row], [2], own) == [head + row, head + row]


def test_lines_of_two_pages_wait_with_the_head_of_each() -> None:
    own = spec(page_values=["^PAGE (?P<day>.+)"], legs={"key": [6]})
    row = b"2026-03-02 10:00:00,910000001,600000001,10,,%s\n"
    one, two, end = row % b"a", row % b"", row % b"b"
    text = b"PAGE 1\n" + one + two + b"PAGE 2\n" + one + end + b"PAGE 3\n"
    whole, rest = parted(text, own, 0)
    assert whole == b"PAGE 1\n" + two + b"PAGE 2\nPAGE 3\n"
    assert rest == b"PAGE 1\n" + one + b"PAGE 2\n" + one + end + b"PAGE 3\n"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, False),
        ({"legs": {"key": [6]}}, True),
        ({"legs": {"key": [6]}, "encoding": "utf-16"}, False),
        ({"page_values": ["(?P<day>x)"]}, True),
        ({"skipped_lines": 2}, True),
        ({"wrapped": "^2"}, True),
    ],
)
def test_which_formats_need_it(values: dict[str, Any], expected: bool) -> None:
    assert needs_parting(spec(**values)) is expected


def test_what_cannot_be_read_does_not_wait() -> None:
    own = replace(shipped_formats()["avaya_ipoffice"], encoding="utf-8")
    content = b"\x89PNG" + bytes(range(256)) * 20 + b"\n"
    assert parted(content, own, 0) == (content, b"")


@pytest.mark.parametrize("code", ["avaya_ipoffice", "nec_sl1100_smdr", "opensips_acc"])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_files_of_ready_formats_minute_by_minute(code: str, step: int) -> None:
    content, own = ready_file(code).read_bytes(), shipped_formats()[code]
    lines = content.splitlines(keepends=True)
    cuts = list(range(step, len(lines), step))
    assert calls(files_of(lines, cuts, own), own) == calls([content], own)

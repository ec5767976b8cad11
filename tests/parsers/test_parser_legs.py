# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls of several rows: the last one that says so, begins and ends."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parser_samples import PLAIN, read_all, rejections_of, spec
from parsers.exceptions import FormatError

MORE = {"key": [6], "more": {"column": 7, "pattern": "^1$"}, "sum_duration": True}
ENDS = {
    "key": [6],
    "start": {"column": 7, "pattern": "^(I|V)"},
    "end": {"column": 7, "pattern": "^B"},
}


def form(legs: dict[str, Any], **values: Any):
    """The plain format with a seventh column, and legs."""
    return spec(legs=legs, minimum_columns=7, **values)


def ends(**values: Any):
    """Begin (I, in vain V) and end (B) are rows of their own, without durations."""
    mapping = {k: v for k, v in PLAIN["column_mapping"].items() if k != "duration"}
    rule = {"column": 7, "pattern": "^[^V]"}
    return form({**ENDS, **values}, column_mapping=mapping, answered_rule=rule)


def line(key: str, kind: str, second: int = 0, duration: int = 10) -> str:
    """A row of a call."""
    number = "600000001"
    stamp = f"2026-03-02 10:{second // 60:02}:{second % 60:02}"
    return f"{stamp},910000001,{number},{duration},,{key},{kind}\n"


def calls(content: str, own, rows: int = 50_000) -> list[tuple[str, int]]:
    """Key and duration of each call."""
    batches = read_all(content, own, rows_per_batch=rows)
    return [
        (fact.unique_id, fact.duration)
        for batch in batches
        for fact in batch.facts.itertuples()
    ]


@pytest.mark.parametrize("size", [1, 2, 50])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("a1 a0", [("a", 20)]),
        # The same id again, behind the last row, is another call.
        ("a1 a0 a0", [("a", 20), ("a", 10)]),
        ("a1 b0 a1 a0 a1", [("a", 30), ("b", 10), ("a", 10)]),
        ("a1 b1", [("a", 10), ("b", 10)]),
    ],
)
def test_a_row_says_whether_others_follow(
    rows: str, expected: list[tuple[str, int]], size: int
) -> None:
    content = "".join(line(row[0], row[1]) for row in rows.split())
    assert calls(content, form(MORE), size) == expected


@pytest.mark.parametrize("size", [1, 2, 50])
@pytest.mark.parametrize(
    ("rows", "expected", "reasons"),
    [
        ("aI0 aB62", [("a", 62)], []),
        ("aI0 bI5 bB10 aB62", [("a", 62), ("b", 5)], []),
        ("aV0", [("a", 0)], []),
        # A try in vain, then the call; a try within the call, that changes nothing.
        ("aV0 aI2 aB5", [("a", 0), ("a", 3)], []),
        ("aI0 aV2 aI3 aB5", [("a", 5)], []),
        ("aI0 aB5 aB6", [("a", 5)], []),
        ("aI0 aB5 aI7 aB9", [("a", 5), ("a", 2)], []),
        ("aI0", [], ["no_end"]),
        ("aB0 bX3", [("b", 10)], ["no_start"]),
        ("aI9 aB5", [], ["duration"]),
        ("aB1 aI3 bV4", [("b", 0)], ["no_start", "no_end"]),
    ],
)
def test_a_call_lasts_from_its_begin_to_its_end(
    rows: str, expected: list[tuple[str, int]], reasons: list[str], size: int
) -> None:
    content = "".join(line(row[0], row[1], int(row[2:])) for row in rows.split())
    own = ends()
    if "X" in rows:
        own = form(ENDS, answered_rule={"column": 7, "pattern": "^[^V]"})
    assert calls(content, own, size) == expected
    rejected = rejections_of(content, own, rows_per_batch=size)
    found = rejected["reason"].tolist() if len(rejected) else []
    assert found == reasons


def test_what_is_said_of_a_call_that_ends_ahead_of_its_begin() -> None:
    content = line("a", "I", 9) + line("a", "B", 5)
    [message] = rejections_of(content, ends())["message"]
    assert message == "'-4' is no duration of 0 or more, in seconds."


@pytest.mark.parametrize(
    ("legs", "message"),
    [
        ({"start": ENDS["start"]}, "both 'start' and 'end', or neither"),
        ({**ENDS, "bill": "last"}, "nothing: from 'start' to 'end' is the call"),
        ({"more": {"column": 7}}, "an object: column, pattern"),
        ({"wait": 1441}, "a number from 0 to 1440"),
    ],
)
def test_mistakes_are_named(legs: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        form({"key": [6], **legs})


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("IVBX"), st.integers(0, 99)),
        max_size=20,
    ),
    st.integers(1, 7),
    st.sampled_from([3, 1000]),
)
def test_nothing_is_lost_however_it_is_read(
    rows: list[tuple[str, str, int]], size: int, window: int
) -> None:
    content = "".join(line(*row) for row in rows)
    own = ends(window=window)
    batches = read_all(content, own, rows_per_batch=size)
    for batch in batches:
        parts = (len(batch.facts), len(batch.rejections), batch.skipped, batch.merged)
        assert batch.rows == sum(parts)
    assert sum(batch.rows for batch in batches) == len(rows)
    assert calls(content, own, size) == calls(content, own)

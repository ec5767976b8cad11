# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows that are not one call each: headers and trailers, several calls, legs."""

import io
from typing import Any

import pytest
from layout_samples import counts, ids
from parser_samples import MADRID, facts_of, joined, read_all, rejections_of
from parsers.exceptions import english
from parsers.formats import FormatSpec
from parsers.reader import Position, read, unbalanced

MAPPING = {
    "start": 2,
    "calling_number": 3,
    "called_number": 4,
    "duration": 5,
    "carrier_amount": 6,
    "unique_id": 7,
}


def call(number: int, seconds: int = 10, amount: str = "0.5", key: str = "") -> str:
    """A row: kind, start, numbers, seconds, amount, id, key."""
    when = f"2026-03-02 10:{number:02}:00"
    return f"C,{when},600000001,600000002,{seconds},{amount},c{number},{key}\n"


def form(**values: Any) -> FormatSpec:
    """The format of these rows."""
    given = {"column_mapping": MAPPING, "minimum_columns": 7, **values}
    return FormatSpec.from_dict(given)


# === Kinds of records and control totals === #

TYPES = {"column": 1, "calls": "^C$", "header": "^H$", "trailer": "^T$"}
TOTALS = [
    {"in": "header", "column": 3, "of": "count"},
    {"in": "trailer", "column": 2, "of": "count"},
    {"in": "trailer", "column": 3, "of": "seconds", "format": "hms"},
    {"in": "trailer", "column": 4, "of": "amount", "format": 2},
]


def controlled(**values: Any) -> FormatSpec:
    """The same between header and trailer."""
    return form(record_types=TYPES, control_totals=TOTALS, **values)


def differences(content: str, spec: FormatSpec, size: int = 50) -> list[str]:
    """What the totals of a file differ in."""
    batches = read_all(content, spec, rows_per_batch=size)
    return list(map(english, unbalanced(spec, batches[-1].position)))


GOOD = (
    "H,20260302,3\n" + call(1, 60, "0.5") + call(2, 1, "0.25") + "X,note\n"
    "C,2026-02-31 10:00:00,600000001,600000002,10,,c3,\n"
    "T,3,00:01:11,75\n"
)


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_header_and_trailer_are_no_rows_and_others_are_skipped(size: int) -> None:
    assert counts(GOOD, controlled(), rows_per_batch=size) == (4, 2, 1, 1, 0)
    assert rejections_of(GOOD, controlled())["line_number"].tolist() == [5]
    assert differences(GOOD, controlled(), size) == []


STATED = "The {} record states {} for the {}"
CUT = (
    "The trailer record is missing, which states the {}: "
    "the file may have been cut off."
)
COUNT, SECONDS, AMOUNT = "number of records", "sum of seconds", "sum of amounts"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("T,3", "T,4", [STATED.format("trailer", "4", COUNT) + ", found: 3."]),
        ("02,3", "02,2", [STATED.format("header", "2", COUNT) + ", found: 3."]),
        ("1:11", "1:12", [STATED.format("trailer", "72", SECONDS) + ", found: 71."]),
        (
            ",75\n",
            ",76\n",
            [STATED.format("trailer", "0.76", AMOUNT) + ", found: 0.75."],
        ),
        (",75\n", ",x\n", [STATED.format("trailer", "'x'", AMOUNT) + ", no number."]),
        (
            "T,3,00:01:11,75\n",
            "",
            [CUT.format(COUNT), CUT.format(SECONDS), CUT.format(AMOUNT)],
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 50])
def test_what_is_stated_and_not_so(
    old: str, new: str, words: list[str], size: int
) -> None:
    assert differences(GOOD.replace(old, new), controlled(), size) == words


def test_filtered_rows_count_and_files_joined_add_up() -> None:
    rule = [{"column": 7, "pattern": "c2", "action": "skip"}]
    assert differences(GOOD, controlled(record_filters=rule)) == []
    assert differences(GOOD + GOOD, controlled()) == []


def test_tolerance_of_a_total() -> None:
    total = {**TOTALS[2], "tolerance": 1}
    spec = form(record_types=TYPES, control_totals=[total])
    assert differences(GOOD.replace("01:11", "01:12"), spec) == []
    assert len(differences(GOOD.replace("01:11", "01:13"), spec)) == 1


def test_durations_are_summed_behind_their_steps() -> None:
    spec = form(
        record_types=TYPES,
        control_totals=[TOTALS[2]],
        steps={"duration": ["minutes"]},
    )
    content = GOOD.replace(",60,0.5", ",1,0.5").replace(",1,0.25", ",0.1,0.25")
    content = content.replace(",10,,c3", ",0.5,,c3").replace("00:01:11", "00:01:36")
    assert differences(content, spec) == []


def test_a_file_of_nothing_but_a_trailer_is_checked() -> None:
    batches = read_all("H,20260302,0\nT,1,00:00:00,0\n", controlled())
    assert [(batch.rows, len(batch.facts)) for batch in batches] == [(0, 0)]
    assert len(unbalanced(controlled(), batches[-1].position)) == 1


def test_totals_are_known_behind_a_resumed_reading() -> None:
    spec = controlled()
    for batch in read_all(GOOD, spec, rows_per_batch=2)[:-1]:
        position = Position.from_dict(batch.position.to_dict())
        rest = list(read(io.BytesIO(GOOD.encode()), spec, MADRID, position, 2))
        assert unbalanced(spec, rest[-1].position) == []


# === Several calls in a row === #

ROW_CALLS = [
    {},
    {"called_number": 8, "duration": 9, "unique_id": [7, 8]},
    {"called_number": 10, "duration": 11, "unique_id": [7, 10]},
]


def test_every_call_of_a_row() -> None:
    line = "C,2026-03-02 10:00:00,600000001,600000002,10,,r{},{},{},{},{}\n"
    content = (
        line.format(1, "600000003", 20, "600000004", 30)
        + line.format(2, "", "", "", "")
        + line.format(3, "", "", "600000005", "x")
    )
    spec = form(row_calls=ROW_CALLS)
    facts = facts_of(content, spec)
    assert facts["called_number"].tolist() == [
        "+34600000002",
        "+34600000003",
        "+34600000004",
        "+34600000002",
        "+34600000002",
    ]
    assert facts["duration"].tolist() == [10, 20, 30, 10, 10]
    assert facts["unique_id"].tolist() == [
        "r1",
        "r1|600000003",
        "r1|600000004",
        "r2",
        "r3",
    ]
    assert facts["line_number"].tolist() == [1, 1, 1, 2, 3]
    assert counts(content, spec) == (6, 5, 1, 0, 0)
    rejections = rejections_of(content, spec)
    assert rejections["line_number"].tolist() == [3]
    assert rejections["raw"].tolist() == [
        line.format(3, "", "", "600000005", "x").strip()
    ]


def test_a_row_without_any_of_its_calls_stays_a_row() -> None:
    spec = form(row_calls=[{"called_number": 8}, {"called_number": 9}])
    content = "C,2026-03-02 10:00:00,600000001,,10,,r1,,\n"
    assert counts(content, spec) == (1, 1, 0, 0, 0)


# === Several rows for a call === #


def legs(**values: Any) -> FormatSpec:
    """Rows of equal key in column 8 are one call."""
    return form(minimum_columns=8, legs={"key": [8], **values})


LEGS = call(1, 10, key="a") + call(2, 30, key="b") + call(3, 40, key="a")
LEGS += call(4, 5) + call(5, 20, key="a") + call(6, 30, key="b") + call(7, 5)


@pytest.mark.parametrize(
    ("values", "calls", "durations"),
    [
        ({}, ["c1", "c2", "c4", "c7"], [10, 30, 5, 5]),
        ({"bill": "last"}, ["c5", "c6", "c4", "c7"], [20, 30, 5, 5]),
        ({"bill": "longest"}, ["c3", "c2", "c4", "c7"], [40, 30, 5, 5]),
        ({"sum_duration": True}, ["c1", "c2", "c4", "c7"], [70, 60, 5, 5]),
        (
            {"prefer": {"column": 7, "pattern": "c[35]"}},
            ["c3", "c2", "c4", "c7"],
            [40, 30, 5, 5],
        ),
        (
            {"prefer": {"column": 7, "pattern": "c[35]"}, "bill": "last"},
            ["c5", "c6", "c4", "c7"],
            [20, 30, 5, 5],
        ),
        (
            {"prefer": {"column": 7, "pattern": "c[35]"}, "bill": "all"},
            ["c3", "c5", "c2", "c6", "c4", "c7"],
            [40, 20, 30, 30, 5, 5],
        ),
        ({"window": 4}, ["c1", "c2", "c4", "c5", "c6", "c7"], [10, 30, 5, 20, 30, 5]),
        ({"window": 5}, ["c1", "c2", "c4", "c7"], [10, 30, 5, 5]),
        ({"window": 1}, [f"c{n}" for n in range(1, 8)], [10, 30, 40, 5, 20, 30, 5]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_which_row_is_the_call(
    values: dict[str, Any], calls: list[str], durations: list[int], size: int
) -> None:
    facts = facts_of(LEGS, legs(**values), rows_per_batch=size)
    assert facts["unique_id"].tolist() == calls
    assert facts["duration"].tolist() == durations
    found = counts(LEGS, legs(**values), rows_per_batch=size)
    assert found == (7, len(calls), 0, 0, 7 - len(calls))


def test_bad_legs_are_rejected_and_the_others_are_the_call() -> None:
    content = LEGS.replace("10:01:00", "10:61:00") + "X\n"
    assert ids(content, legs()) == ["c2", "c3", "c4", "c7"]
    assert counts(content, legs()) == (8, 4, 2, 0, 2)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_legs_are_known_behind_a_resumed_reading(size: int) -> None:
    spec = legs(bill="longest", window=4)
    batches = read_all(LEGS, spec, rows_per_batch=size)
    whole = joined(batches, "facts")
    for place, batch in enumerate(batches):
        position = Position.from_dict(batch.position.to_dict())
        rest = list(read(io.BytesIO(LEGS.encode()), spec, MADRID, position, size))
        ahead = sum(len(before.facts) for before in batches[: place + 1])
        found = [one for part in rest for one in part.facts["unique_id"]]
        assert found == whole["unique_id"].tolist()[ahead:]
        for part, expected in zip(rest, batches[place + 1 :], strict=True):
            assert part.facts.dtypes.tolist() == expected.facts.dtypes.tolist()
            assert part.position == expected.position


def test_facts_of_legs_have_the_types_of_all_facts() -> None:
    plain = read_all(LEGS, form())[0].facts.dtypes
    for batch in read_all(LEGS, legs(window=2), rows_per_batch=1):
        if len(batch.facts):
            assert batch.facts.dtypes.equals(plain)

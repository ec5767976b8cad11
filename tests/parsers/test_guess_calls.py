# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows of which two are one call are proposed where the values tell it."""

import io
from typing import Any
from xml.etree import ElementTree

import pytest
from parser_samples import FORMATS, MADRID, NOT_OF_THE_SPEC, _value, ready_file
from parsers.formats import FormatSpec
from parsers.guess.guess import propose
from parsers.reader import read

ROWS = [
    ("INVITE", "a1", "b1", "c1@x", "200", "1772442000"),
    ("INVITE", "a2", "b2", "c2@x", "486", "1772442010"),
    ("INVITE", "a3", "b3", "c3@x", "200", "1772442020"),
    ("BYE", "a1", "b1", "c1@x", "200", "1772442062"),
    ("BYE", "a3", "b3", "c3@x", "200", "1772442080"),
]


def sample(rows: list[tuple[str, ...]]) -> bytes:
    """Requests with the numbers of who calls whom, one for each call."""
    lines = ["|".join([*row, "910000001", f"60000000{row[1][1]}"]) for row in rows]
    return "\n".join([*lines, ""]).encode()


def test_requests_become_calls() -> None:
    proposal = propose(sample(ROWS), MADRID)
    assert proposal.definition["legs"] == {
        "key": [4],
        "start": {"column": 1, "pattern": "^INVITE$"},
        "end": {"column": 1, "pattern": "^BYE$"},
        "window": 100_000,
    }
    assert proposal.definition["answered_rule"] == {"column": 5, "pattern": "^2"}
    [note] = proposal.notes
    assert note["values"] == {"begin": "INVITE", "end": "BYE", "key": "4"}
    spec = FormatSpec.from_dict(proposal.definition)
    batches = read(io.BytesIO(sample(ROWS)), spec, MADRID)
    assert [d for one in batches for d in one.facts["duration"]] == [62, 0, 60]


@pytest.mark.parametrize(
    "rows",
    [
        ROWS[:3],  # no BYE
        [(*row[:3], "x", *row[4:]) for row in ROWS],  # one Call-ID for all
        [("CALL", *row[1:]) for row in ROWS],
        [*ROWS, ("REFUND", "a3", "b3", "c3@x", "200", "1772442080")],
    ],
)
def test_what_is_not_sure_is_not_proposed(rows: list[tuple[str, ...]]) -> None:
    if rows[0][3] == "x":
        rows = [(row[0], "a1", "b1", *row[3:]) for row in rows]
    assert "legs" not in propose(sample(rows), MADRID).definition


def ready() -> list[tuple[str, dict[str, Any]]]:
    """Codes and definitions of the ready formats, in the order of their names."""
    found = []
    for path in FORMATS:
        for record in ElementTree.parse(path).iter("record"):
            values = {f.get("name"): _value(f) for f in record.findall("field")}
            own = {key: values[key] for key in values.keys() - NOT_OF_THE_SPEC}
            found.append((values["name"], values["code"], own))
    return [(code, own) for _name, code, own in sorted(found, key=lambda one: one[0])]


@pytest.mark.parametrize("code", ["avaya_ipoffice", "avaya_ipoffice_collector"])
def test_lines_behind_a_collector_have_a_format_of_their_own(code: str) -> None:
    assert propose(ready_file(code).read_bytes(), MADRID, ready()).ready[0] == code

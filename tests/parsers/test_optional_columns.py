# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Columns that a file may lack: what names them does not apply then."""

from typing import Any

import pytest
from parser_samples import facts_of, read_all, spec
from parsers.checks import MaybeName, MaybePosition, as_columns, is_optional
from parsers.exceptions import FileError, FormatError
from parsers.formats import FormatSpec

MAPPING = {
    "start": "at",
    "calling_number": "from",
    "called_number": "to",
    "duration": "secs",
}
HEAD, ROW = "at,from,to,secs", "2026-03-02 10:00:00,910000001,600000001,10"


def form(**values: Any) -> FormatSpec:
    return FormatSpec.from_dict(
        {"column_mapping": MAPPING, "has_header": True, **values}
    )


def one(name: str, **values: Any) -> dict[str, Any]:
    """A format with a rule that looks at a column of this name."""
    rule = {"column": name, "pattern": "^x"}
    return {
        "skip": {"record_filters": [{**rule, "action": "skip"}]},
        "keep": {"record_filters": [{**rule, "action": "keep"}]},
        "answered": {"answered_rule": rule},
        "direction": {"direction_rules": [{**rule, "direction": "incoming"}]},
        "service": {"service_rules": [{**rule, "service": "sms"}]},
        "types": {"record_types": {"column": name, "calls": "^x"}},
        "trailer": {"record_types": {"column": name, "trailer": "^$"}},
        "prefer": {"legs": {"key": ["from"], "prefer": rule}},
        "more": {"legs": {"key": ["from"], "more": rule}},
        "key": {"legs": {"key": ["from", name]}},
        "mapped": {"column_mapping": {**MAPPING, "trunk": name}},
        "checked": {
            "column_mapping": {**MAPPING, "trunk": name},
            "checks": {"trunk": "^x"},
            "steps": {"trunk": [{"keep": "^x"}]},
        },
    }


RULES = sorted(one(""))


@pytest.mark.parametrize("kind", RULES)
def test_without_the_column_the_rule_does_not_apply(kind: str) -> None:
    facts = facts_of(f"{HEAD}\n{ROW}\n", form(**one("kind?")[kind]))
    assert facts[["duration", "direction", "service"]].values.tolist() == [
        [10, "outgoing", "voice"]
    ]


@pytest.mark.parametrize("kind", RULES)
def test_a_column_that_is_no_such_one_is_missing(kind: str) -> None:
    with pytest.raises(FileError, match=r"needs are missing: kind\. The file has: at,"):
        read_all(f"{HEAD}\n{ROW}\n", form(**one("kind")[kind]))


@pytest.mark.parametrize("name", ["kind", "kind?", "Kind "])
def test_with_the_column_the_rule_applies(name: str) -> None:
    own = form(**one("kind?")["skip"])
    content = f"{HEAD},{name}\n{ROW},x\n{ROW},y\n"
    [batch] = read_all(content, own)
    assert (len(batch.facts), batch.skipped) == (1, 1)


@pytest.mark.parametrize(("tail", "skipped"), [("", 0), (",x", 1), (",y", 0)])
def test_a_position_that_rows_may_lack(tail: str, skipped: int) -> None:
    rule = {"column": "7?", "pattern": "^x", "action": "skip"}
    own = spec(record_filters=[rule], minimum_columns=0)
    [batch] = read_all(f"{ROW},,{tail}\n", own)
    assert (batch.skipped, len(batch.rejections)) == (skipped, 0)


def test_how_they_are_written() -> None:
    columns = as_columns("x", ["a?", "7?", "b", 3, "?"])
    assert columns == ("a", 7, "b", 3, "?")
    assert [is_optional(column) for column in columns] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert isinstance(columns[0], MaybeName)
    assert isinstance(columns[1], MaybePosition)
    with pytest.raises(FormatError, match="a position from 1"):
        as_columns("x", "0?")

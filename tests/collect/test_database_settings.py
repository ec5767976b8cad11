# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What may be said about a table, and what is refused before any server is asked."""

from dataclasses import replace

import pytest

from telecom_cdr.collect import CollectError
from telecom_cdr.collect.database_settings import (
    Condition,
    DatabaseSettings,
    check_database,
    is_local,
    names,
)

GOOD = DatabaseSettings(
    kind="mysql",
    name="asteriskcdrdb",
    table="cdr",
    columns="calldate src linkedid?",
    time_column="calldate",
    key_columns="uniqueid sequence?",
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("disposition = ANSWERED", Condition("disposition", "=", ("ANSWERED",))),
        ("a=b", Condition("a", "=", ("b",))),
        ("billsec>=60", Condition("billsec", ">=", ("60",))),
        ("billsec != 0", Condition("billsec", "!=", ("0",))),
        ("dcontext Not  Like x-%", Condition("dcontext", "not like", ("x-%",))),
        ("in in a, b ,c", Condition("in", "in", ("a", "b", "c"))),
        ("x not in 1", Condition("x", "not in", ("1",))),
        ("x is null", Condition("x", "is null")),
        ("x IS NOT NULL", Condition("x", "is not null")),
        ('"two words" = 3 4', Condition("two words", "=", ("3 4",))),
        ("x = 1 OR 1=1; --", Condition("x", "=", ("1 OR 1=1; --",))),
        ("x =", Condition("x", "=", ("",))),
    ],
)
def test_conditions_are_lines(line, expected):
    assert DatabaseSettings(filter=f"\n {line} \n").conditions == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "disposition",
        "x ANSWERED",
        "x in",
        "x in ,",
        "x is nothing",
        "x is null y",
        "= 3",
    ],
)
def test_other_lines_are_refused(line):
    with pytest.raises(CollectError, match="is no condition such as") as caught:
        _ = DatabaseSettings(filter=line).conditions
    assert caught.value.reason == "bad_request"
    assert caught.value.wording["values"]["line"] == line


def test_columns_are_named_once_and_in_their_order():
    assert names(" b, a\nb  c?,") == ["b", "a", "c?"]
    assert GOOD.order_columns == ["calldate", "uniqueid", "sequence?"]
    assert replace(GOOD, by="number").order_columns == ["uniqueid", "sequence?"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "oracle"}, "oracle is no kind of database server"),
        ({"name": " "}, "the database has no name"),
        ({"table": ""}, "no table is named"),
        ({"columns": " , "}, "no column to read is named"),
        ({"time_column": ""}, "the column of the time is not named"),
        ({"key_columns": ""}, "no key column is named"),
        ({"by": "number", "key_columns": ""}, "no key column is named"),
        ({"overlap": -1}, "a number is too small"),
        ({"rows": 0}, "a number is too small"),
        ({"time_column": "at?"}, "the table must have at: no question mark"),
        ({"by": "number", "key_columns": "id?"}, "the table must have id"),
        ({"filter": "nonsense"}, "is no condition such as"),
    ],
)
def test_settings_that_make_no_sense_are_refused(values, words):
    check_database(GOOD)
    with pytest.raises(CollectError, match=words):
        check_database(replace(GOOD, **values))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("/run/mysqld/mysqld.sock", True),
        ("127.0.0.1.example.com", False),
        ("192.0.2.10", False),
    ],
)
def test_what_goes_over_no_net(host, expected):
    assert is_local(host) is expected

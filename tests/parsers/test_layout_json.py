# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""JSON in every shape, and JSON that is none."""

import io
import json
import tracemalloc
from typing import Any

import pytest
from layout_samples import counts, ids, nested, record, told
from parser_samples import MADRID, facts_of, read_all
from parsers.exceptions import FileError
from parsers.formats import FormatSpec
from parsers.reader import preview, read

ONE, TWO, THREE = (record(number) for number in (1, 2, 3))
FORM = nested("json")


def text(*values: Any, mark: str = "\n") -> str:
    """JSON, one value behind the other."""
    return mark.join(map(json.dumps, values))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("", text([ONE, TWO, THREE])),
        ("", json.dumps([ONE, TWO, THREE], indent=4)),
        ("", text(ONE, TWO, THREE)),
        ("", text(ONE, TWO, THREE, mark="")),
        ("", text(ONE, TWO, THREE, mark=",\n")),
        ("", "".join(json.dumps(one, indent=1) for one in (ONE, TWO, THREE))),
        ("", text([ONE], [TWO, THREE])),
        ("", text([[ONE, TWO], [], [THREE]])),
        ("cdr", text({"status": "success", "cdr": [ONE, TWO, THREE]})),
        ("cdr", text({"cdr": [ONE, TWO]}, {"cdr": [THREE]})),
        ("cdr", text([{"cdr": [ONE, TWO]}, {"cdr": THREE}])),
        ("data.rows", text({"n": 3, "data": {"a": [1], "rows": [ONE, TWO, THREE]}})),
        ("data/rows", text({"data": [{"rows": [ONE]}, {"rows": [TWO, THREE]}]})),
        ("", "\ufeff" + text([ONE, TWO, THREE])),
    ],
)
def test_every_shape_gives_the_same_calls(path: str, content: str) -> None:
    form = nested("json", record_path=path)
    assert ids(content, form) == ["c1", "c2", "c3"]
    assert facts_of(content, form)["line_number"].tolist() == [1, 2, 3]
    assert facts_of(content, form)["duration"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "cp1252"])
def test_encodings_that_are_found(encoding: str) -> None:
    form = nested("json", column_mapping={**FORM_MAPPING, "extra.name": "name"})
    content = json.dumps([record(1, name="Núñez")], ensure_ascii=False)
    facts = facts_of(content.encode(encoding), form)
    assert facts["extra"].tolist() == ['{"name":"Núñez"}']


FORM_MAPPING = {"start": "start", "called_number": "to", "unique_id": "id"}


def test_values_within_values() -> None:
    mapping = {
        "start": "variables.start",
        "called_number": "callflow.0.caller_profile.to",
        "unique_id": ["variables.sip_h_X-id.a", "variables.uuid"],
        "duration": "variables.n",
        "carrier_amount": "price",
        "extra.more": "callflow.1",
        "extra.flag": "flag",
    }
    form = FormatSpec.from_dict({"layout": "json", "column_mapping": mapping})
    content = {
        "variables": {"start": "2026-03-02 10:00:00", "n": 7, "sip_h_X-id.a": "x1"},
        "callflow": [{"caller_profile": {"to": "600000002"}}, {"a": [1, None]}],
        "price": 0.00990000,
        "flag": True,
    }
    raw = json.dumps(content).replace("0.0099", "0.009900000")
    facts = facts_of(raw, form)
    assert facts["called_number"].tolist() == ["+34600000002"]
    assert facts["unique_id"].tolist() == ["x1"]
    assert facts["duration"].tolist() == [7]
    assert facts["carrier_amount_nano"].tolist() == [9_900_000]
    extra = json.loads(facts["extra"][0])
    assert extra == {"more": '{"a": ["1", null]}', "flag": "true"}


def test_records_that_are_lists() -> None:
    mapping = {"start": 1, "calling_number": 2, "called_number": 3}
    form = FormatSpec.from_dict({"layout": "json", "column_mapping": mapping})
    rows = [["2026-03-02 10:00:00", "600000001", "600000002"]] * 2
    assert (
        facts_of(json.dumps(rows), form)["called_number"].tolist()
        == ["+34600000002"] * 2
    )


@pytest.mark.parametrize("content", ["", " \n", "[]", "{}\n[]", '{"cdr": []}', "[[]]"])
def test_nothing_in_it(content: str) -> None:
    path = "cdr" if "cdr" in content else ""
    found = counts(content, nested("json", record_path=path))
    assert found[:2] == (content.count("{}"), 0)


def test_no_records_where_a_service_says_there_are_none() -> None:
    form = nested("json", record_path="cdr")
    assert counts('{"status": "no_cdr"}', form) == (0, 0, 0, 0, 0)
    assert counts('{"status": "no_cdr", "cdr": null}', form) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "calls", "rejected"),
    [
        # One a line: only the broken one is lost.
        (text(ONE) + '\n{"start": "2026\n' + text(THREE), ["c1", "c3"], [2]),
        (text(ONE) + "\n{oops}\n" + text(THREE), ["c1", "c3"], [2]),
        (text(ONE) + '\n{"a": 1, "b":\n' + text(THREE), ["c1", "c3"], [2]),
        (text(ONE) + "\njunk\n" + text(THREE), ["c1", "c3"], [2]),
        (text(ONE) + '\n"junk"\n12\n' + text(THREE), ["c1", "c3"], [2]),
        # In a list on lines of their own, and in one line.
        ("[\n" + text(ONE) + ',\n{"a": },\n' + text(THREE) + "\n]", ["c1", "c3"], [2]),
        ("[" + text(ONE) + ', {"a": }, ' + text(THREE) + "]", ["c1", "c3"], [2]),
        # Cut within a record, between two, behind the last.
        (text([ONE, TWO])[:-20], ["c1"], [2]),
        ("[" + text(ONE) + ",", ["c1"], [2]),
        ("[" + text(ONE), ["c1"], [2]),
        (text(ONE) + "\n" + text(TWO)[:-1], ["c1"], [2]),
    ],
)
def test_what_is_broken_is_rejected_alone(
    content: str, calls: list[str], rejected: list[int]
) -> None:
    assert ids(content, FORM) == calls
    found = told(content, FORM)
    assert [number for number, _reason, _message in found] == rejected
    assert {reason for _number, reason, _message in found} == {"syntax"}


def test_a_cut_within_two_levels_is_told_once() -> None:
    content = text({"cdr": [ONE, TWO]})[:-12]
    form = nested("json", record_path="cdr")
    assert ids(content, form) == ["c1"]
    assert [number for number, *_ in told(content, form)] == [2]


def test_a_broken_record_says_where_and_what() -> None:
    content = text(ONE) + "\n{oops}\n" + text(THREE)
    ((number, reason, message),) = told(content, FORM)
    assert (number, reason) == (2, "syntax")
    assert message == (
        "This is no sound JSON: Expecting property name enclosed in double quotes, "
        "line 2."
    )
    (rejections,) = [batch.rejections for batch in read_all(content, FORM)]
    assert rejections["raw"].tolist() == ["{oops}"]


def test_a_record_without_start_says_what_it_has() -> None:
    content = text(ONE, {"begin": "x", "variables": {"uuid": "1"}})
    assert told(content, FORM) == [
        (2, "names", "The record has no start. It has: begin, variables.uuid.")
    ]


def test_filters_come_before_what_is_missing() -> None:
    rule = [{"column": "action", "pattern": "^Ping$", "action": "skip"}]
    form = nested("json", record_filters=rule)
    assert counts(text(ONE, {"action": "Ping"}), form) == (2, 1, 0, 1, 0)


@pytest.mark.parametrize(
    ("content", "path", "words"),
    [
        ("start,from,to\n1,2,3\n", "", "begins with 'start,from,to'"),
        ("<cdr/>", "", "This is no JSON"),
        ('{"rows": [{"a": 1}], "n": 2}', "cdr", "Nothing is at 'cdr'"),
        ('{"rows": [{"a": 1}], "n": 2}', "cdr", "The file has: rows"),
        ('{"data": {"a": {}}}', "data.rows", "Nothing is at 'data.rows'"),
    ],
)
def test_what_is_no_such_json_is_refused(content: str, path: str, words: str) -> None:
    with pytest.raises(FileError) as caught:
        read_all(content, nested("json", record_path=path))
    assert caught.value.reason == "layout"
    assert words in caught.value.message


HOSTILE = [
    '{"a":' * 60_000,
    "[" * 1_000_000,
    '{"cdr":' + "[" * 1_000_000,
    '{"a": "' + "x" * 3_000_000 + '"}',
    '{"a": ' + "9" * 3_000_000 + "}",
    '{"a": "' + "\\" * 3_000_000,
    "[" + "1," * 50_000,
    "[" + "\n" * 2_000_000 + "oops",
    '{"b": ' + "[" * 2_000_000 + "]" * 2_000_000 + ', "cdr": [}',
    '{oops\n{"a":1\n' * 3_000,
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("path", ["", "cdr"])
def test_hostile_input_is_refused_in_little_memory(content: str, path: str) -> None:
    """A call behind it is still read, where it is in a line of its own."""
    form = nested("json", record_path=path)
    data = (content + "\n" + text(ONE) + "\n").encode()
    tracemalloc.start()
    try:
        for batch in _attempt(data, form):
            assert batch.rows == len(batch.facts) + len(batch.rejections)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 200 * 2**20


def _attempt(data: bytes, form: FormatSpec) -> list:
    """The batches of a file, none where it is refused."""
    try:
        return read_all(data, form)
    except FileError:
        return []


def test_a_record_that_is_too_big_is_rejected_alone() -> None:
    content = text(ONE, record(2, big="x" * 2_000_000), THREE)
    assert ids(content, FORM) == ["c1", "c3"]
    assert [(n, reason) for n, reason, _ in told(content, FORM)] == [(2, "size")]


def test_values_that_no_database_holds_are_made_readable() -> None:
    form = nested("json", column_mapping={**FORM_MAPPING, "extra.name": "name"})
    content = (
        '{"start":"2026-03-02 10:00:00","to":"600000002","name":"a\\u0000\\ud800b"}'
    )
    extra = facts_of(content, form)["extra"][0]
    assert json.loads(extra) == {"name": "a\ufffd\ufffdb"}


def test_preview_shows_all_that_the_first_records_have() -> None:
    content = text(ONE, record(2, variables={"uuid": "u2"}), "junk")
    shown = preview(io.BytesIO(content.encode()), FORM, MADRID, 20)
    assert shown.columns == ["start", "from", "to", "secs", "id", "variables.uuid"]
    assert shown.raw_rows[1] == [*record(2).values(), "u2"]
    assert shown.facts["unique_id"].tolist() == ["c1", "c2"]
    assert shown.rejections["line_number"].tolist() == [3]


def test_memory_does_not_grow_with_the_file() -> None:
    """Ten times the records, hardly more memory."""
    peaks = []
    for count in (2_000, 8_000):
        data = "\n".join([json.dumps(record(1, pad="x" * 2_000))] * count).encode()
        stream = io.BytesIO(data)
        tracemalloc.start()
        found = sum(batch.rows for batch in read(stream, FORM, MADRID, None, 500))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found == count
    assert peaks[1] < 1.5 * peaks[0]

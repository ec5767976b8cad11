# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""XML with one call or many, and XML that is none."""

import io
import tracemalloc
from xml.sax.saxutils import escape

import pytest
from layout_samples import ids, nested, record, told
from parser_samples import MADRID, facts_of, read_all
from parsers.exceptions import FileError
from parsers.formats import FormatSpec
from parsers.reader import preview, read

FORM = nested("xml")


def call(number: int, tag: str = "cdr", **values: str) -> str:
    """A call as elements."""
    pairs = record(number, **values).items()
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in pairs)
    return f"<{tag}>{inner}</{tag}>"


CALLS = call(1) + call(2) + call(3)
ATTRIBUTES = FormatSpec.from_dict(
    {
        "layout": "xml",
        "column_mapping": {
            "start": "@start",
            "called_number": "@to",
            "unique_id": "@id",
            "duration": "@secs",
        },
    }
)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("", f"<cdrs>{CALLS}</cdrs>"),
        ("cdrs/cdr", f"<cdrs>\n{call(1)}\n{call(2)}<other/>{call(3)}\n</cdrs>"),
        ("cdr", f"<a><b>{call(1)}</b><b>{call(2)}{call(3)}</b></a>"),
        ("", f'<?xml version="1.0"?>\n<!-- all --><cdrs>{CALLS}</cdrs>\n'),
        ("", CALLS),  # each call a document
        ("cdr", "\n".join(['<?xml version="1.0"?>' + call(n) for n in (1, 2, 3)])),
        ("cdrs/cdr", f"<cdrs>{call(1)}</cdrs>\n<cdrs>{call(2)}{call(3)}</cdrs>"),
        ("x:cdr", f'<x:cdrs xmlns:x="urn:x">{CALLS}</x:cdrs>'.replace("cdr>", "cdr>")),
        ("", f"<cdrs>{CALLS}</cdrs>".replace("c2", "<![CDATA[c2]]>")),
        ("", f"<cdrs>{CALLS}</cdrs>".replace("c2", "&#99;2")),
    ],
)
def test_one_call_or_many(path: str, content: str) -> None:
    form = nested("xml", record_path=path.removeprefix("x:"))
    assert ids(content, form) == ["c1", "c2", "c3"]
    assert facts_of(content, form)["line_number"].tolist() == [1, 2, 3]


def test_one_call_alone_is_the_root_where_it_holds_what_is_needed() -> None:
    mapping = {
        "start": "variables.start_stamp",
        "called_number": "callflow.0.caller_profile.destination_number",
        "redirecting_number": "callflow.1.caller_profile.destination_number",
        "unique_id": "@core-uuid",
        "duration": "variables.billsec",
        "extra.cause": "variables.hangup_cause",
    }
    form = FormatSpec.from_dict(
        {"layout": "xml", "column_mapping": mapping, "url_encoded": True}
    )
    profile = (
        "<caller_profile><destination_number>{}</destination_number></caller_profile>"
    )
    content = (
        '<?xml version="1.0"?>\n<cdr core-uuid="u1"><channel_data><state>x</state>'
        "</channel_data><variables><start_stamp>2026-03-02%2010%3A01%3A02</start_stamp>"
        "<billsec>7</billsec><hangup_cause>50%25 M%C3%BCller+%FC</hangup_cause>"
        f"</variables><callflow>{profile.format('600000002')}</callflow>"
        f"<callflow>{profile.format('600000003')}</callflow></cdr>"
    )
    facts = facts_of(content, form)
    assert facts["called_number"].tolist() == ["+34600000002"]
    assert facts["redirecting_number"].tolist() == ["+34600000003"]
    assert facts["unique_id"].tolist() == ["u1"]
    assert str(facts["start_local"][0]) == "2026-03-02 10:01:02"
    assert facts["extra"].tolist() == ['{"cause":"50% Müller+ü"}']


def test_calls_that_are_attributes() -> None:
    one = '<call start="2026-03-02 10:01:00" to="600000002" id="{}" secs="5"{}'
    content = f"<calls>{one.format('c1', '/>')}{one.format('c2', '></call>')}</calls>"
    assert ids(content, ATTRIBUTES) == ["c1", "c2"]
    bad = content.replace("10:01", "10:61", 1)
    (rejections,) = [batch.rejections for batch in read_all(bad, ATTRIBUTES)]
    assert rejections["raw"].tolist() == [
        '<call start="2026-03-02 10:61:00" to="600000002" id="c1" secs="5"/>'
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings_as_declared(encoding: str) -> None:
    mapping = {"start": "start", "called_number": "to", "extra.name": "name"}
    form = nested("xml", column_mapping=mapping)
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    content = f"{head}<cdrs>{call(1, name='Núñez')}</cdrs>".encode(encoding)
    assert facts_of(content, form)["extra"].tolist() == ['{"name":"Núñez"}']


@pytest.mark.parametrize(
    ("content", "calls", "rejected"),
    [
        (f"<cdrs>{call(1)}<cdr><start>x</cdr>{call(3)}</cdrs>", ["c1", "c3"], [2]),
        (
            f"<cdrs>{call(1)}<cdr><to>a & b</to></cdr>{call(3)}</cdrs>",
            ["c1", "c3"],
            [2],
        ),
        (f"<cdrs>{call(1)}<cdr>&who;</cdr>{call(3)}</cdrs>", ["c1", "c3"], [2]),
        (f"<cdrs>{call(1)}<cdr>\x01</cdr>{call(3)}</cdrs>", ["c1", "c3"], [2]),
        (f"<cdrs>{call(1)}{call(2)}"[:-9], ["c1"], [2]),
        (f"<cdrs>{call(1)}{call(2)}", ["c1", "c2"], [3]),
        (f"<cdrs>{call(1)}</cdrs>junk", ["c1"], [2]),
        (f"<cdrs>{call(1)}</cdrs>junk<cdrs>{call(3)}</cdrs>", ["c1", "c3"], [2]),
        (f"<cdrs>{call(1)}</oops>{call(3)}</cdrs>", ["c1", "c3"], [2]),
    ],
)
def test_what_is_broken_is_rejected_alone(
    content: str, calls: list[str], rejected: list[int]
) -> None:
    form = nested("xml", record_path="cdrs/cdr")
    assert ids(content, form) == calls
    found = told(content, form)
    assert [number for number, _reason, _message in found] == rejected
    assert {reason for _number, reason, _message in found} == {"syntax"}


def test_a_broken_record_says_where_and_what() -> None:
    content = f"<cdrs>\n{call(1)}\n<cdr><start>x</cdr>\n{call(3)}\n</cdrs>"
    assert told(content, FORM) == [
        (2, "syntax", "This is no sound XML: mismatched tag, line 3.")
    ]
    (rejections,) = [batch.rejections for batch in read_all(content, FORM)]
    assert rejections["raw"][0].startswith("<cdr><start>x</cdr>")


def test_a_record_without_start_says_what_it_has() -> None:
    content = f'<cdrs>{call(1)}<cdr a="1"><b>2</b></cdr></cdrs>'
    assert told(content, FORM) == [
        (2, "names", "The record has no start. It has: @a, b.")
    ]


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE cdrs [<!ENTITY a "ha">'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><cdrs><cdr>&b;</cdr></cdrs>'
)
FETCHING = '<!DOCTYPE cdrs [<!ENTITY x SYSTEM "file:///etc/passwd">]><cdrs>&x;</cdrs>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LAUGHS, "declares the entity 'a'"),
        (FETCHING, "declares the entity 'x'"),
        ("start,from,to\n1,2,3\n", "begins with 'start,from,to'"),
        ('{"a": 1}', "This is no XML"),
    ],
)
def test_what_is_no_such_xml_is_refused(content: str, words: str) -> None:
    with pytest.raises(FileError) as caught:
        read_all(content, FORM)
    assert caught.value.reason == "layout"
    assert words in caught.value.message


HOSTILE = [
    "<a>" * 50_000,
    "<cdrs><cdr>" + "<a>" * 300_000,
    "<cdrs><cdr><a>" + "x" * 3_000_000 + "</a></cdr></cdrs>",
    "<cdrs><cdr " + "x" * 3_000_000,
    '<cdrs><cdr a="' + "x" * 3_000_000 + '"/></cdrs>',
    "<cdrs><!-- " + "x" * 3_000_000,
    "<cdrs><cdr>" + "<a/>" * 60_000 + "</cdr></cdrs>",
    "<cdrs>" + "<cdr></x>" * 3_000,
    "<cdrs>" + "".join(f"<a{n}/>" for n in range(20_000)) + "</cdrs>",
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("path", ["", "cdrs/cdr"])
def test_hostile_input_is_refused_in_little_memory(content: str, path: str) -> None:
    form = nested("xml", record_path=path)
    data = (content + "\n").encode()
    tracemalloc.start()
    try:
        for batch in read_all(data, form):
            assert batch.rows == len(batch.facts) + len(batch.rejections)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 200 * 2**20


def test_a_record_that_is_too_big_is_rejected_alone() -> None:
    content = f"<cdrs>{call(1)}{call(2, big='x' * 2_000_000)}{call(3)}</cdrs>"
    assert ids(content, FORM) == ["c1", "c3"]
    assert [(n, reason) for n, reason, _ in told(content, FORM)] == [(2, "size")]


def test_preview_shows_all_that_the_first_records_have() -> None:
    content = f"<cdrs>{call(1)}{call(2, more='m')}</cdrs>".encode()
    shown = preview(io.BytesIO(content), FORM, MADRID, 20)
    assert shown.columns == ["start", "from", "to", "secs", "id", "more"]
    assert shown.raw_rows == [[*record(1).values(), ""], [*record(2).values(), "m"]]
    assert shown.facts["unique_id"].tolist() == ["c1", "c2"]


def test_memory_does_not_grow_with_the_file() -> None:
    peaks = []
    for count in (2_000, 8_000):
        data = ("<cdrs>" + call(1, pad="x" * 2_000) * count + "</cdrs>").encode()
        tracemalloc.start()
        stream = io.BytesIO(data)
        found = sum(batch.rows for batch in read(stream, FORM, MADRID, None, 500))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found == count
    assert peaks[1] < 1.5 * peaks[0]

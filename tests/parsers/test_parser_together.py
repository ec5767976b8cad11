# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Many small files at once say what each says alone."""

import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsers import together
from parsers.exceptions import ParserError
from parsers.formats import FormatSpec
from parsers.reader import ReadContext, read

MAPPING = {
    "start": "start",
    "calling_number": "calling",
    "called_number": "called",
    "duration": "duration",
    "unique_id": "id",
    "extra.note": "note",
}
HEADER = "start,calling,called,duration,id,note\n"
ROW = "2026-10-05 10:00:00,910000001,912000001,60,A1,x\n"
CONTEXT = ReadContext()


def spec(**values):
    """A format with a header, and whatever else."""
    return FormatSpec.from_dict(
        {"column_mapping": MAPPING, "has_header": True, **values}
    )


def alone(contents, format_):
    """What reading the files one by one gives, in the shape of `told`."""
    result = []
    for content in contents:
        try:
            batches = list(read(io.BytesIO(content), format_, CONTEXT, None, 7))
        except ParserError as error:
            result.append(error.reason)
            continue
        facts = pd.concat([one.facts for one in batches]) if batches else []
        refused = pd.concat([one.rejections for one in batches]) if batches else []
        counts = [sum(getattr(one, name) for one in batches) for name in COUNTS]
        result.append((listed(facts), listed(refused), counts))
    return result


COUNTS = ("rows", "skipped", "merged")


def listed(table):
    """Rows of a table as text, in the order of the file."""
    if not len(table):
        return []
    table = table.drop(columns=["file", "wording"], errors="ignore")
    return table.astype(object).where(table.notna(), None).astype(str).values.tolist()


def told(contents, format_):
    """What reading them together gives, by file."""
    read_ = together.read_together(contents, format_, [CONTEXT] * len(contents))
    result = []
    for place in range(len(contents)):
        if place in read_.errors:
            result.append(read_.errors[place].reason)
            continue
        parts = [
            listed(table[table["file"] == place])
            for table in (read_.facts, read_.rejections)
        ]
        counts = [int(getattr(read_, name)[place]) for name in COUNTS]
        result.append((*parts, counts))
    return result


def assert_same(contents, format_=None):
    format_ = format_ or spec()
    contents = [c.encode() if isinstance(c, str) else c for c in contents]
    assert told(contents, format_) == alone(contents, format_)


def joins(contents, format_, monkeypatch):
    """How many files were read one by one."""
    seen = []
    original = together._read_alone
    monkeypatch.setattr(
        together, "_read_alone", lambda *args: (seen.append(args[0]), original(*args))
    )
    contents = [c.encode() if isinstance(c, str) else c for c in contents]
    assert_same(contents, format_)
    return seen


def test_files_of_one_head_are_read_as_one(monkeypatch):
    files = [HEADER + ROW.replace("A1", f"A{i}") * (i % 4) for i in range(9)]
    assert joins(files, spec(), monkeypatch) == []


def test_lines_are_those_of_each_file():
    files = [HEADER + ROW, HEADER + "\n" + ROW + "bad\n" + ROW, HEADER + "bad"]
    got = told([one.encode() for one in files], spec())
    assert [row[0] for row in got[1][0]] == ["3", "5"]
    assert [row[0] for row in got[1][1]] == ["4"]
    assert [row[0] for row in got[2][1]] == ["2"]


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "\n",
        HEADER,
        HEADER.strip(),
        HEADER + ROW.strip(),
        HEADER + ROW + '2026-10-05 10:00:00,910000001,912000001,60,"A,x\n',
        HEADER + '2026-10-05 10:00:00,"910000001\n",912000001,60,A,x\n',
        HEADER + '""\n' + ROW,
        HEADER.replace(",", ";") + ROW.replace(",", ";"),
        HEADER + HEADER + ROW,
        "\n" + HEADER + ROW,
        "\ufeff" + HEADER + ROW,
        HEADER + ROW.replace("x", "señal"),
        (HEADER + ROW.replace("x", "señal")).encode("latin-1"),
        (HEADER + ROW).encode("utf-16"),
        HEADER.replace("\n", "\r\n") + ROW.replace("\n", "\r\n") * 2,
        HEADER + ROW.replace("\n", "\r") * 2,
        HEADER + ROW + "\0",
        HEADER + ROW + "\x1a",
        "sep=,\n" + HEADER + ROW,
        b"\x1f\x8b junk",
        bytes(range(256)) * 20,
        'start,"calling\n",called,duration,id,note\n' + ROW,
    ],
)
def test_odd_files_are_what_they_are_alone(odd):
    assert_same([HEADER + ROW, odd, HEADER + ROW + ROW, odd])


def test_an_open_quote_does_not_reach_the_next_file():
    open_ = HEADER + '2026-10-05 10:00:00,910000001,912000001,60,A,"open\n'
    closed = HEADER + 'x"\n' + ROW
    assert_same([open_, closed, HEADER + ROW])


def test_the_double_hour_is_told_apart_in_each_file():
    """The last Sunday of October: the second pass of a file is none of the next."""
    times = ("02:50:00", "02:10:00")
    rows = [ROW.replace("2026-10-05 10:00:00", f"2026-10-25 {t}") for t in times]
    files = [HEADER + "".join(rows), HEADER + rows[1], HEADER + rows[0]]
    assert_same(files)
    starts = [
        [row for row in one[0]] for one in told([f.encode() for f in files], spec())
    ]
    assert len(starts[0]) == 2


@pytest.mark.parametrize(
    "values",
    [
        {"has_header": False, "column_mapping": {"start": 1, "calling_number": 2,
                                                 "called_number": 3, "duration": 4}},
        {"skipped_lines": 2},
        {"encoding": "latin-1"},
        {"quote": ""},
        {"record_filters": [{"column": "id", "pattern": "B.*", "action": "skip"}]},
    ],
)  # fmt: skip
def test_other_formats(values):
    files = [
        HEADER + ROW,
        "title\nsecond\n" + HEADER + ROW + ROW.replace("A1", "B1"),
        "title\nsecond\n" + HEADER + ROW.replace("A1", "B2"),
        ROW + ROW,
        "one line",
        HEADER + ROW.replace("A1", "B3") + ROW,
    ]
    assert_same(files, spec(**values))


pieces = st.sampled_from(
    [ROW, ROW.strip(), "\n", '"', ",", "bad,row\n", HEADER, "\r\n", "   \n", "ñ",
     "\x1a",
     '"a\nb"\n', ROW.replace("60", "-1"), ROW.replace("10:00:00", "25:00:00")]
)  # fmt: skip
files = st.lists(
    st.builds(
        lambda head, parts: (head + "".join(parts)).encode(),
        st.sampled_from([HEADER, HEADER, HEADER, "", "other\n"]),
        st.lists(pieces, max_size=5),
    ),
    max_size=5,
)


@given(files)
def test_whatever_the_files_hold(contents):
    assert_same(contents)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Records without the carrier's amounts, and with them again."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsers.covering import Cover, has_amounts
from parsers.exceptions import FileError
from parsers.formats import FormatSpec
from parsers.uncovering import mark, uncover

HEADER = ("start", "calling", "duration", "amount", "id")
MAPPING = {
    "start": "start",
    "calling_number": "calling",
    "duration": "duration",
    "carrier_amount": "amount",
    "unique_id": "id",
}
START = "2026-02-31 10:00:00"


def spec_of(**values):
    return FormatSpec.from_dict(
        {"has_header": True, "column_mapping": MAPPING, **values}
    )


def covered(raw, header=HEADER, **values):
    """What is shown of a record, None where it is withheld."""
    found = Cover(spec_of(**values), header).cover(raw, lambda number: f"*{number}*")
    return found and found.text


@pytest.mark.parametrize(
    ("raw", "values", "expected"),
    [
        (f"{START},910000001,60,0.1234,U1", {}, f"{START},910000001,60,*0*,U1"),
        (f'{START},"910000001",60,"0.1234",U1', {}, f'{START},"910000001",60,"*0*",U1'),
        (f"{START},910000001,60, 0.1234 ,U1", {}, f"{START},910000001,60, *0* ,U1"),
        # A delimiter inside of a quoted cell.
        (
            f'{START},910000001,60,"0,1234","U,1"',
            {"decimal_mark": ","},
            f'{START},910000001,60,"*0*","U,1"',
        ),
        (
            f"{START};910000001;60;0,1234;U1",
            {"delimiter": ";"},
            f"{START};910000001;60;*0*;U1",
        ),
        # An escaped delimiter.
        (
            f"{START},9100\\,00001,60,0.1234,U1",
            {"escape": "\\"},
            f"{START},9100\\,00001,60,*0*,U1",
        ),
        # Nothing is there to hide.
        (f"{START},910000001,60,,U1", {}, f"{START},910000001,60,,U1"),
        (f"{START},910000001,60,free,U1", {}, f"{START},910000001,60,free,U1"),
        ("no row at all", {}, "no row at all"),
        # Cells beyond the last are as good as none where they are empty.
        (f"{START},910000001,60,0.1234,U1,", {}, f"{START},910000001,60,*0*,U1,"),
        # Where amounts are is not certain.
        (f"{START},910000001,0.1234,U1", {}, None),
        (f"{START},910000001,60,0,1234,U1", {}, None),
        (f'{START},"910000001,60,0.1234,U1', {}, None),
        (f"{START},910000001,60,0.1234,U1" + "x" * 4000, {}, None),
        # Pieces of a loose column.
        (
            f"{START},91,0000001,60,0.1234,U1",
            {"loose_column": "calling"},
            f"{START},91,0000001,60,*0*,U1",
        ),
    ],
)
def test_delimited(raw, values, expected):
    assert covered(raw, **values) == expected


def test_by_position():
    mapping = {"start": 1, "calling_number": 2, "duration": 3, "carrier_amount": 4}
    values = {"has_header": False, "column_mapping": mapping}
    raw = f"{START},910000001,60,0.1234"
    assert covered(raw, None, **values) == f"{START},910000001,60,*0*"
    assert covered(f"{START},910000001,0.1234", None, **values) is None


def test_without_its_columns_a_file_is_withheld():
    assert covered(f"{START},910000001,60,0.1234,U1", ("a", "b")) is None
    assert covered(f"{START},910000001,60,0.1234,U1", None) is None


def test_several_amounts():
    mapping = {**MAPPING, "extra.price_per_unit": "id"}
    raw = f"{START},910000001,60,0.1234,0.5"
    assert covered(raw, column_mapping=mapping) == f"{START},910000001,60,*0*,*1*"


def test_calls_of_one_row():
    calls = [{"carrier_amount": "amount"}, {"carrier_amount": "id"}]
    raw = f"{START},910000001,60,0.1234,0.5"
    assert covered(raw, row_calls=calls) == f"{START},910000001,60,*0*,*1*"


@pytest.mark.parametrize("layout", ["json", "xml"])
def test_nested(layout):
    mapping = {**MAPPING, "carrier_amount": "money.amount"}
    values = {"layout": layout, "has_header": False, "column_mapping": mapping}
    if layout == "json":
        record = {"start": START, "calling": "910000001", "money": {"amount": 0.1234}}
        shown = json.loads(covered(json.dumps(record), None, **values))
        assert shown == {**record, "money": {"amount": "*0*"}}
        assert covered('{"money": {"amount": 0.1234}', None, **values) is None
    else:
        raw = f"<cdr><start>{START}</start><money><amount>0.1234</amount></money></cdr>"
        assert covered(raw, None, **values) == raw.replace("0.1234", "*0*")
        assert covered("<cdr><amount>0.1234</cdr>", None, **values) is None
        assert covered('<!DOCTYPE x [<!ENTITY a "1">]><cdr/>', None, **values) is None


def test_formats_without_amounts():
    mapping = {name: MAPPING[name] for name in MAPPING if name != "carrier_amount"}
    assert not has_amounts(spec_of(column_mapping=mapping))
    assert has_amounts(spec_of())
    assert has_amounts(
        spec_of(column_mapping={**mapping, "extra.price_per_unit": "amount"})
    )


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8)


@given(st.lists(CELL, min_size=3, max_size=7), st.sampled_from([",", ";", "\t"]))
def test_any_row_keeps_its_other_cells_and_comes_back(cells, delimiter):
    """What is shown holds no amount; uncovered it is the record again."""
    cells.insert(3, "0.1234567")
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter, lineterminator="").writerow(cells)
    raw = target.getvalue()
    spec = spec_of(delimiter=delimiter)
    found = Cover(spec, HEADER).cover(raw, lambda number: mark(spec, 2, number))
    if found is None:
        return
    others = delimiter.join(cells[:3] + cells[4:])
    assert "0.1234567" not in found.text or "0.1234567" in others
    again = next(csv.reader([found.text], delimiter=delimiter))
    assert [*again[:3], *again[4:]] == [*cells[:3], *cells[4:]]
    if any("hidden-" in cell for cell in cells):
        return
    known = {mark(spec, 2, n): one for n, one in enumerate(found.amounts)}
    head = delimiter.join(HEADER) + "\n"
    data = (head + found.text + "\n").encode("utf-8")
    try:
        text = uncover(data, spec, known).decode("utf-8")
    except FileError:
        return
    assert text == f"{head}{raw}\n"


@pytest.mark.parametrize("line", [1, 35, 36, 46_655, 1_000_000])
def test_marks_of_fixed_width_are_short_and_differ(line):
    columns = [{"name": "start", "start": 1, "width": 19}]
    columns += [{"name": "calling", "start": 20, "width": 9}]
    columns += [{"name": "amount", "start": 29, "width": 6}]
    mapping = {n: MAPPING[n] for n in ("start", "calling_number", "carrier_amount")}
    spec = spec_of(
        layout="fixed",
        has_header=False,
        fixed_columns=columns,
        column_mapping=mapping,
    )
    raw = f"{START}910000001 0.123 rest"
    found = Cover(spec, None).cover(raw, lambda number: mark(spec, line, number))
    assert found.amounts == (" 0.123",)
    assert found.text[:28] == raw[:28] and found.text[34:] == raw[34:]
    assert mark(spec, line, 0) != mark(spec, line + 1, 0)
    known = {mark(spec, line, 0): found.amounts[0]}
    data = f"{found.text}\n".encode()
    assert uncover(data, spec, known) == f"{raw}\n".encode()


def test_a_mark_that_does_not_fit_withholds_the_line():
    columns = [{"name": "start", "start": 1, "width": 19}]
    columns += [{"name": "calling", "start": 20, "width": 9}]
    columns += [{"name": "amount", "start": 29, "width": 3}]
    spec = spec_of(
        layout="fixed",
        has_header=False,
        fixed_columns=columns,
        column_mapping={
            n: MAPPING[n] for n in ("start", "calling_number", "carrier_amount")
        },
    )
    raw = f"{START}9100000010.5"
    cover = Cover(spec, None)
    assert cover.cover(raw, lambda number: mark(spec, 7, number)).text.endswith("#7 ")
    assert cover.cover(raw, lambda number: mark(spec, 70_000, number)) is None


def test_wide_encodings_come_back():
    spec = spec_of(encoding="utf-16")
    text = ",".join(HEADER) + f"\n{START},910000001,60,hidden-2-0,Ñ1\n"
    data = uncover(text.encode("utf-16"), spec, {"hidden-2-0": "0.5"})
    assert data.decode("utf-16") == text.replace("hidden-2-0", "0.5")

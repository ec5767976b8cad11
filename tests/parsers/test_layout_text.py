# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files of lines: quoting habits, fixed width, page headers, wrapped lines."""

import io
import json
from typing import Any

import pytest
from layout_samples import counts, ids, named, told
from parser_samples import MADRID, facts_of, read_all, rejections_of
from parsers.exceptions import FileError
from parsers.formats import FormatSpec
from parsers.reader import preview

MAPPING = {"start": 1, "called_number": 2, "unique_id": 3}
WHEN = "2026-03-02 10:00:00"


def delimited(**values: Any) -> FormatSpec:
    """A format of three columns."""
    return FormatSpec.from_dict({"column_mapping": MAPPING, **values})


# === Quoting === #


@pytest.mark.parametrize(
    ("line", "values", "found"),
    [
        (f'{WHEN},600000002,"a ""b"" c"', {}, 'a "b" c'),
        (f'{WHEN},600000002,"a, b"', {}, "a, b"),
        (f'{WHEN}, "600000002", "a, b"', {}, "a, b"),
        (f'{WHEN},600000002,"a', {"quote": ""}, '"a'),
        (f'"{WHEN}","600000002","a "b" c"', {"minimum_columns": 3}, 'a "b" c'),
        (f"{WHEN},600000002,'a, b'", {"quote": "'"}, "a, b"),
        (f"{WHEN},600000002,a\\, b", {"escape": "\\"}, "a, b"),
        (f'{WHEN},600000002,"a \\"b\\" c"', {"escape": "\\"}, 'a "b" c'),
        (f"{WHEN},600000002,a\\\\", {"escape": "\\"}, "a\\"),
        (f"{WHEN},600000002,a\\, b", {"escape": "\\", "quote": ""}, "a, b"),
        (f"{WHEN}|600000002|a,b", {"delimiter": "|"}, "a,b"),
        (f"{WHEN}\t600000002\ta", {"delimiter": "\\t"}, "a"),
    ],
)
def test_quoting_habits(line: str, values: dict[str, Any], found: str) -> None:
    assert ids(f"{line}\n{line}\n", delimited(**values)) == [found] * 2


def test_quotes_that_nothing_escapes_where_a_header_tells_the_columns() -> None:
    """Too many cells as well as too few."""
    mapping = {"start": "start", "called_number": "to", "unique_id": "name"}
    form = delimited(has_header=True, column_mapping=mapping)
    content = (
        '"start","name","to"\n'
        f'"{WHEN}","Smith, "Bob", Inc","600000002"\n'
        f'"{WHEN}","plain","600000002"\n'
    )
    assert ids(content, form) == ['Smith, "Bob", Inc', "plain"]


HEADER = "id,clid,channel,data,start,to,secs\n"
LOOSE = {
    "has_header": True,
    "loose_column": "Data",
    "column_mapping": {
        "start": "start",
        "called_number": "to",
        "unique_id": "id",
        "duration": "secs",
        "extra.data": "data",
    },
}


def test_delimiters_that_nothing_marks_count_from_both_ends() -> None:
    content = HEADER + (
        f'62,"pn01" <5300>,SIP/1,SIP/5301,60,,{WHEN},600000002,6\n'
        f'63,"pn01" <5300>,SIP/1,SIP/5301,{WHEN},600000002,7\n'
        f"64,x,SIP/1,,,,,,{WHEN},600000002,8\n"
    )
    facts = facts_of(content, delimited(**LOOSE))
    assert facts["duration"].tolist() == [6, 7, 8]
    assert [json.loads(extra)["data"] for extra in facts["extra"]] == [
        "SIP/5301,60,",
        "SIP/5301",
        ",,,,",
    ]


def test_loose_column_without_header() -> None:
    form = delimited(loose_column=3, minimum_columns=4)
    assert ids(f"{WHEN},600000002,a,b,c,z\n", form) == ["a,b,c"]


# === Fixed width === #

PLACES = [
    {"name": "kind", "start": 1, "width": 3},
    {"name": "date", "start": 4, "width": 8},
    {"name": "time", "start": 12, "width": 6},
    {"name": "to", "start": 18, "width": 12},
    {"name": "secs", "start": 30, "width": 5},
    {"name": "note", "start": 36, "width": 6},
    {"name": "total", "start": 4, "width": 6},
]


def fixed(**values: Any) -> FormatSpec:
    """A format of fixed width."""
    return FormatSpec.from_dict(
        {
            "layout": "fixed",
            "fixed_columns": PLACES,
            "date_formats": ["%Y%m%d %H%M%S"],
            "column_mapping": {
                "start": ["date", "time"],
                "called_number": "to",
                "duration": "secs",
                "unique_id": "note",
            },
            **values,
        }
    )


def test_cells_at_their_places() -> None:
    """Short lines lack the last cells; blanks at the begin count."""
    content = (
        "CDR20260302100000600000002      61 n1\r\n"
        "CDR20260302100100600000003      62\r\n"
        "\r\n"
        "   20260302100200600000004      63 n3    and more\r\n\x1a"
    )
    facts = facts_of(content, fixed())
    assert facts["called_number"].tolist() == [
        "+34600000002",
        "+34600000003",
        "+34600000004",
    ]
    assert facts["duration"].tolist() == [61, 62, 63]
    assert facts["unique_id"].tolist() == ["n1", None, "n3"]
    assert facts["line_number"].tolist() == [1, 2, 4]


def test_fixed_columns_by_position_and_in_any_order() -> None:
    mapping = {"start": [2, 3], "called_number": 4, "duration": 1}
    places = [PLACES[4], PLACES[1], PLACES[2], PLACES[3]]
    form = fixed(fixed_columns=places, column_mapping=mapping)
    facts = facts_of("CDR20260302100000600000002      61\n", form)
    assert facts["duration"].tolist() == [61]


def test_a_line_that_ends_too_early_is_rejected() -> None:
    content = "CDR20260302100000600000002      61\nCDR2026\n"
    assert [n for n, *_ in told(content, fixed())] == [2]
    assert told(content, fixed(minimum_columns=5)) == [
        (2, "columns", "3 columns found, at least 5 expected.")
    ]
    assert rejections_of(content, fixed())["raw"].tolist() == ["CDR2026"]


def test_preview_of_fixed_width() -> None:
    content = b"CDR20260302100000600000002      61 n1\n"
    shown = preview(io.BytesIO(content), fixed(), MADRID, 5)
    assert shown.columns == [column["name"] for column in PLACES]
    assert shown.raw_rows[0][:4] == ["CDR", "20260302", "100000", "600000002   "]
    assert shown.facts["duration"].tolist() == [61]


# === Pages === #

PAGED = (
    "                              05/01/2026 PAGE 001\r\n"
    "CLASS TIME     NUMBER        DURATION\r\n"
    "-------------------------------------\r\n"
    "\r\n"
    "POT  23:58    600000001     00:01:05\r\n"
    "PIN  23:59    600000002     00:00:07\r\n"
    "\f\r\n"
    "                              06/01/2026 PAGE 002\r\n"
    "CLASS TIME     NUMBER        DURATION\r\n"
    "-------------------------------------\r\n"
    "PTRS 00:04    600000003     00:02:10\r\n"
)


def paged(**values: Any) -> FormatSpec:
    """The date of the calls stands in the page header only."""
    return FormatSpec.from_dict(
        {
            "layout": "fixed",
            "fixed_columns": [
                {"name": "class", "start": 1, "width": 4},
                {"name": "time", "start": 6, "width": 5},
                {"name": "number", "start": 15, "width": 12},
                {"name": "duration", "start": 29, "width": 8},
            ],
            "line_filters": ["^CLASS", "^-+$"],
            "page_values": [r"(?P<page_date>\d\d/\d\d/\d{4}) +PAGE (?P<page>\d+)"],
            "date_formats": ["%d/%m/%Y %H:%M"],
            "duration_unit": "hms",
            "column_mapping": {
                "start": ["page_date", "time"],
                "called_number": "number",
                "duration": "duration",
                "extra.page": "page",
            },
            **values,
        }
    )


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 100])
def test_values_of_the_page_header_hold_until_the_next(size: int) -> None:
    facts = facts_of(PAGED, paged(), rows_per_batch=size)
    assert facts["start_local"].astype(str).tolist() == [
        "2026-01-05 23:58:00",
        "2026-01-05 23:59:00",
        "2026-01-06 00:04:00",
    ]
    assert facts["extra"].tolist() == ['{"page":"001"}'] * 2 + ['{"page":"002"}']
    assert facts["line_number"].tolist() == [5, 6, 11]
    assert counts(PAGED, paged(), rows_per_batch=size) == (3, 3, 0, 0, 0)


def test_values_of_lines_that_are_skipped() -> None:
    content = f"Account 4711 of 2026\nstart,to,id\n{WHEN},600000002,a\n"
    mapping = {"start": "start", "called_number": "to", "account_code": "account"}
    form = delimited(
        has_header=True,
        skipped_lines=1,
        page_values=[r"Account (?P<account>\d+)"],
        column_mapping=mapping,
    )
    assert facts_of(content, form)["account_code"].tolist() == ["4711"]


def test_values_of_the_files_name() -> None:
    mapping = {**MAPPING, "account_code": "site"}
    form = delimited(name_values=r"^cdr_(?P<site>[a-z]+)_", column_mapping=mapping)
    content = f"{WHEN},600000002,a\n"
    facts = facts_of(content, form, context=named("cdr_north_1.csv"))
    assert facts["account_code"].tolist() == ["north"]
    with pytest.raises(FileError) as caught:
        read_all(content, form, named("other.csv"))
    assert caught.value.reason == "name"
    assert "'other.csv' does not say" in caught.value.message


def test_types_line_below_the_header_is_no_row() -> None:
    mapping = {"start": "start", "called_number": "to"}
    form = delimited(
        has_header=True, line_filters=["^INTEGER,"], column_mapping=mapping
    )
    content = f"start,to\nINTEGER,VARCHAR(50)\n{WHEN},600000002\nstart,to\n"
    assert counts(content, form) == (2, 1, 0, 1, 0)


WRAPPED = (
    f"{WHEN},600000002,\r\n"
    "a1\r\n"
    f"{WHEN},600000003,b1\r\n"
    "\r\n"
    f"{WHEN},\r\n"
    "600000004,\r\n"
    "c1\r\n"
)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_lines_that_go_on_in_the_next(size: int) -> None:
    form = delimited(wrapped=r"^\d{4}-\d\d-\d\d ")
    facts = facts_of(WRAPPED, form, rows_per_batch=size)
    assert facts["unique_id"].tolist() == ["a1", "b1", "c1"]
    assert facts["line_number"].tolist() == [1, 3, 5]
    assert counts(WRAPPED, form, rows_per_batch=size) == (3, 3, 0, 0, 0)


def test_wrapped_lines_are_rejected_as_they_were() -> None:
    form = delimited(wrapped=r"^\d{4}-\d\d-\d\d ")
    content = WRAPPED.replace("10:00:00,600000002", "10:61:00,600000002")
    assert rejections_of(content, form)["raw"].tolist() == [
        "2026-03-02 10:61:00,600000002,\r\na1"
    ]


def test_a_first_line_that_is_missing_and_one_without_end() -> None:
    form = delimited(wrapped=r"^\d{4}-\d\d-\d\d ")
    content = "lost\n" + f"{WHEN},600000002,a1" + "\nx" * 150 + "\n"
    for size in (1, 10, 1000):
        found = counts(content, form, rows_per_batch=size)
        assert found == (1 + 1 + 51, 1, 52, 0, 0)


# === Formats that cannot be === #


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"layout": "fixed"}, "fixed_columns"),
        ({"record_path": "a"}, "record_path"),
        ({"fixed_columns": PLACES}, "fixed_columns"),
        ({"layout": "json", "has_header": True}, "has_header"),
        ({"layout": "xml", "wrapped": "x"}, "wrapped"),
        ({"layout": "sheet", "delimiter": ";"}, "delimiter"),
        ({"sheet_name": "a\nb"}, "sheet_name"),
        ({"escape": ","}, "escape"),
        ({"escape": "ab"}, "escape"),
        ({"loose_column": 3}, "minimum_columns"),
        ({"line_filters": ["("]}, "line_filters.1"),
        ({"line_filters": "x"}, "line_filters"),
        ({"page_values": ["x"]}, "page_values.1"),
        ({"name_values": "x"}, "name_values"),
        ({"column_mapping": {**MAPPING, "trunk": "site"}}, "column_mapping"),
        ({"record_types": {"calls": "x"}}, "record_types"),
        ({"record_types": {"column": 1, "calls": "("}}, "record_types.calls"),
        ({"control_totals": [{"in": "trailer"}]}, "control_totals.1"),
        (
            {"control_totals": [{"in": "trailer", "column": 2, "of": "count"}]},
            "control_totals.1.in",
        ),
        (
            {
                "record_types": {"column": 1, "trailer": "^T"},
                "control_totals": [{"in": "trailer", "column": 2, "of": "seconds"}],
            },
            "control_totals.1.of",
        ),
        ({"row_calls": [{"start": "x"}]}, "row_calls"),
        ({"row_calls": {}}, "row_calls"),
        ({"row_calls": [{"begin": 1}]}, "row_calls.1"),
        ({"legs": {"bill": "first"}}, "legs"),
        ({"legs": {"key": [1], "bill": "best"}}, "legs.bill"),
        ({"legs": {"key": [1], "bill": "all"}}, "legs.bill"),
        ({"legs": {"key": ["x"]}}, "legs"),
        ({"legs": {"key": [1], "window": 10**9}}, "legs.window"),
    ],
)
def test_mistakes_name_the_key(values: dict[str, Any], key: str) -> None:
    if values.get("row_calls") == {}:
        values = {"row_calls": '{"a": 1}'}
    with pytest.raises(ValueError) as caught:
        delimited(**values)
    assert caught.value.key == key
    assert "expected" in str(caught.value)


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ({"name": "a", "start": 0, "width": 1}, "fixed_columns.1.start"),
        ({"name": "a", "start": 1, "width": "x"}, "fixed_columns.1.width"),
        ({"name": "7", "start": 1, "width": 1}, "fixed_columns.1.name"),
        ({"name": "a", "start": 1}, "fixed_columns.1"),
    ],
)
def test_mistakes_of_fixed_columns(column: dict[str, Any], key: str) -> None:
    with pytest.raises(ValueError) as caught:
        fixed(fixed_columns=[column])
    assert caught.value.key == key
    with pytest.raises(ValueError, match="once"):
        fixed(fixed_columns=[*PLACES, PLACES[0]])
    with pytest.raises(ValueError, match="a name of fixed_columns or its position"):
        fixed(column_mapping={"start": "when", "called_number": "to"})

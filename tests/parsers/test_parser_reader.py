# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reading files: what is good is kept, what is bad is named, nothing is lost."""

import csv
import io
from typing import Any

import pandas as pd
import pytest
from parser_samples import MADRID, facts_of, joined, read_all, rejections_of, spec
from parsers.exceptions import FileError
from parsers.facts import FACTS
from parsers.formats import FormatSpec
from parsers.reader import Position, ReadContext, preview, read

GOOD = "2026-03-02 10:00:00,600000001,600000002,60,0.05,a1"
ROW = ("2026-03-02 10:00:00", "600000001", "600000002", "60", "0.05", "a1")


def row(**cells: str) -> str:
    """The good row with other cells: start, calling, called, duration, amount, id."""
    names = ("start", "calling", "called", "duration", "amount", "id")
    return ",".join(
        cells.get(name, cell) for name, cell in zip(names, ROW, strict=True)
    )


def named(skipped_lines: int = 0, **mapping: Any) -> FormatSpec:
    """A format whose columns are known by name."""
    return spec(
        has_header=True,
        skipped_lines=skipped_lines,
        column_mapping=mapping,
        minimum_columns=0,
    )


def test_columns_types_and_index_of_facts() -> None:
    facts = facts_of(GOOD, spec())
    assert list(facts.columns) == ["line_number", *FACTS]
    types = {name: str(kind) for name, kind in facts.dtypes.items()}
    assert types["line_number"] == types["duration"] == types["volume"] == "int64"
    assert types["start_local"] == types["start_at"] == "datetime64[s]"
    assert types["carrier_amount_nano"] == "Int64"
    assert types["is_withheld"] == "bool"
    assert types["service"] == types["direction"] == "category"
    assert types["calling_number"] == types["extra"] == "object"
    assert facts.index.tolist() == [0]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n"])
@pytest.mark.parametrize("has_header", [True, False])
def test_file_without_rows_has_no_batches(content: bytes, has_header: bool) -> None:
    form = spec(has_header=has_header)
    assert read_all(content, form) == []
    assert len(preview(io.BytesIO(content), form, MADRID).facts) == 0


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "an image"),
        (b"%PDF-1.7\n1 0 obj", "a PDF document"),
        (b"PK\x03\x04" + b"a" * 100, "a zip archive or an office document"),
        (bytes(range(256)) * 20, "control characters"),
        ((GOOD + "\n").encode("utf-16-le") * 5, "UTF-16"),
    ],
)
def test_binary_file_is_refused(content: bytes, found: str) -> None:
    with pytest.raises(FileError) as caught:
        read_all(content, spec())
    assert caught.value.reason == "binary"
    assert found in caught.value.found


def test_encoding_that_is_plainly_wrong_is_refused() -> None:
    content = "\n".join(["ñandú," + GOOD] * 5).encode("cp1252")
    with pytest.raises(FileError, match="5 of the first 5") as caught:
        read_all(content, spec(encoding="utf-8"))
    assert caught.value.reason == "encoding"


def test_one_line_that_does_not_decode_is_rejected_alone() -> None:
    content = f"{GOOD}\n".encode() + b"\xff\xfe," + f"{GOOD}\n{GOOD}\n".encode()
    batch = read_all(content, spec(encoding="utf-8"))[0]
    assert batch.facts["line_number"].tolist() == [1, 3]
    assert batch.rejections["reason"].tolist() == ["encoding"]
    assert batch.rejections["raw"][0].startswith("\\xff\\xfe,2026")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"]
)
def test_encodings_that_auto_finds(encoding: str) -> None:
    form = spec(column_mapping={"start": 1, "called_number": 3, "extra.note": 7})
    facts = facts_of(f"{GOOD},Müller\n".encode(encoding), form)
    assert facts["extra"].tolist() == ['{"note":"Müller"}']


@pytest.mark.parametrize("encoding", ["utf-16-le", "latin-1", "cp037", "shift_jis"])
def test_encodings_that_are_asked_for(encoding: str) -> None:
    facts = facts_of(f"{GOOD}\n{GOOD}\n".encode(encoding), spec(encoding=encoding))
    assert facts["called_number"].tolist() == ["+34600000002"] * 2


def test_late_letters_do_not_lose_a_line_where_the_head_was_ascii() -> None:
    form = spec(column_mapping={"start": 1, "called_number": 3, "extra.note": 7})
    head = f"{GOOD},x\n".encode() * 6_000
    content = head + f"{GOOD},é\n".encode("cp1252") + f"{GOOD},é\n".encode()
    notes = facts_of(content, form)["extra"].tolist()[-2:]
    assert notes == ['{"note":"é"}'] * 2


@pytest.mark.parametrize(
    ("line", "reason", "found"),
    [
        ("2026-03-02 10:00:00,600000001", "columns", "2"),
        (row(start=""), "date", ""),
        (row(start="2026-02-31 10:00:00"), "date", "2026-02-31 10:00:00"),
        (row(start="2026-03-02 25:61:00"), "date", "2026-03-02 25:61:00"),
        (row(start="02/03/2026"), "date", "02/03/2026"),
        (row(duration="-1"), "duration", "-1"),
        (row(duration="1:00"), "duration", "1:00"),
        (row(duration="99999999999"), "duration", "99999999999"),
        (row(duration="=cmd()"), "duration", "=cmd()"),
        (row(called="1" * 40), "number", "1" * 40),
        (row(calling="", called=""), "number", ""),
        (row(calling="anonymous", called="unknown"), "number", "anonymous"),
        (row(amount="0.0123456789"), "amount", "0.0123456789"),
        (row(amount="0,05").replace("0,05", '"0,05"'), "amount", "0,05"),
        (row(amount="NaN"), "amount", "NaN"),
        pytest.param(row(id="x" * 140_000), "size", "", id="huge value"),
        (row(id="\0"), "encoding", ""),
    ],
)
def test_bad_row_is_rejected_and_the_others_go_on(
    line: str, reason: str, found: str
) -> None:
    content = f"{GOOD}\n{line}\n{GOOD}" + f"\n{GOOD}" * 10
    batch = read_all(content, spec())[0]
    assert batch.facts["line_number"].tolist() == [1, *range(3, 14)]
    (rejection,) = batch.rejections.itertuples()
    assert (rejection.line_number, rejection.reason) == (2, reason)
    assert rejection.found == found
    assert rejection.raw == line.replace("\0", "\ufffd")[:4000]
    assert len(rejection.message) > 10


def test_message_says_what_was_found_and_expected() -> None:
    rejections = rejections_of(row(start="31-Feb-26 8:34"), spec())
    assert rejections["message"][0] == (
        "'31-Feb-26 8:34' is no date and time that exists, written as "
        "%Y-%m-%d %H:%M:%S."
    )


def test_line_of_several_megabytes_is_a_rejection() -> None:
    huge = row(id="x" * 5_000_000)
    batches = read_all(f"{GOOD}\r\n{huge}\r\n{GOOD}\r\n", spec())
    assert joined(batches, "facts")["line_number"].tolist() == [1, 3]
    rejections = joined(batches, "rejections")
    assert rejections["reason"].tolist() == ["size"]
    assert len(rejections["raw"][0]) == 4_000
    assert batches[-1].position.offset == len(huge) + 2 * len(GOOD) + 6


def test_formulas_are_text() -> None:
    form = spec(column_mapping={"start": 1, "called_number": 3, "extra.note": 5})
    facts = facts_of(row(called="=cmd()", amount='=HYPERLINK("x")'), form)
    assert facts["called_number"][0] == "=cmd()"
    assert facts["extra"][0] == '{"note":"=HYPERLINK(\\"x\\")"}'


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("ending", [True, False])
def test_newlines_and_none_at_the_end(newline: str, ending: bool) -> None:
    content = newline.join([GOOD, "", GOOD, GOOD]) + newline * ending
    facts = facts_of(content, spec())
    assert facts["line_number"].tolist() == [1, 3, 4]
    assert facts["unique_id"].tolist() == ["a1"] * 3


def test_newline_inside_quotes_and_the_lines_behind_it() -> None:
    broken = row(id='"a\nb\nc"')
    content = f"{GOOD}\n{broken}\n{row(duration='x')}\n{broken}\n"
    batch = read_all(content, spec())[0]
    assert batch.facts["line_number"].tolist() == [1, 2, 6]
    assert batch.facts["unique_id"].tolist() == ["a1", "a\nb\nc", "a\nb\nc"]
    assert batch.rejections["line_number"].tolist() == [5]


def test_rejected_record_of_several_lines_is_kept_as_it_was() -> None:
    broken = row(id='"a\r\nb"', duration="x")
    rejections = rejections_of(f"{broken}\r\n{GOOD}\r\n", spec())
    assert rejections["raw"].tolist() == [broken]


def test_stray_quote_swallows_no_line() -> None:
    stray = row(id='"x')
    batch = read_all(f"{stray}\n" + f"{GOOD}\n" * 300 + f"{stray}\n", spec())[0]
    assert batch.rows == len(batch.facts) == 302
    assert batch.facts["line_number"].tolist() == list(range(1, 303))


def test_stray_quotes_in_two_lines_do_not_pair_up() -> None:
    content = (
        f"{row(calling=chr(34) + 'Bob')}\n{GOOD}\n{row(id=chr(34) + 'y')}\n{GOOD}\n"
    )
    batch = read_all(content, spec())[0]
    assert batch.rows == 4
    assert batch.facts["line_number"].tolist()[-3:] == [2, 3, 4]


def test_byte_order_mark_is_no_part_of_the_header() -> None:
    form = named(start="Start", called_number="To")
    facts = facts_of("\ufeffStart,To\n2026-03-02 10:00:00,600000001\n", form)
    assert facts["called_number"].tolist() == ["+34600000001"]


def test_sep_line_says_the_delimiter() -> None:
    facts = facts_of("sep=;\r\n" + GOOD.replace(",", ";"), spec(skipped_lines=1))
    assert facts["line_number"].tolist() == [2]
    assert facts["duration"].tolist() == [60]


def test_skipped_lines_header_and_repeated_header() -> None:
    form = named(2, start="When", called_number=["To", "Dst"])
    content = (
        'Report\n"quoted\n\nWhen , TO,New\n2026-03-02 10:00:00,600000001,x\n'
        "When,TO,New\n2026-03-02 10:00:00,600000002,x\n"
    )
    batch = read_all(content, form)[0]
    assert batch.facts["line_number"].tolist() == [5, 7]
    assert (batch.rows, batch.skipped) == (3, 1)


def test_missing_columns_are_named() -> None:
    form = named(start="When", called_number=["To", "B"])
    with pytest.raises(FileError) as caught:
        read_all("Date,From\n1,2\n", form)
    assert caught.value.reason == "header"
    assert caught.value.found == "To, B, When"
    assert "The file has: Date, From." in caught.value.message


def test_filters_skip_and_keep() -> None:
    form = spec(
        record_filters=[
            {"column": 1, "pattern": "^Total", "action": "skip"},
            {"column": 6, "pattern": "^a", "action": "keep"},
        ]
    )
    batch = read_all(f"{GOOD}\n{row(id='b1')}\n;;\nTotal,2\n,,,,,\n", form)[0]
    assert batch.facts["line_number"].tolist() == [1]
    assert (batch.rows, batch.skipped, len(batch.rejections)) == (5, 4, 0)


@pytest.mark.parametrize(
    ("values", "line", "expected"),
    [
        ({"duration_unit": "minutes"}, row(duration="0.62"), 37),
        ({"duration_unit": "hms"}, row(duration="0:01:05"), 65),
        ({"duration_rounding": "up"}, row(duration="60.01"), 61),
        ({"duration_rounding": "down"}, row(duration="60.99"), 60),
        ({}, row(duration="60.5"), 61),
        ({}, row(duration=""), 0),
        ({"answered_rule": {"column": 6, "pattern": "^b"}}, GOOD, 0),
    ],
)
def test_durations(values: dict[str, Any], line: str, expected: int) -> None:
    assert facts_of(line, spec(**values))["duration"].tolist() == [expected]


@pytest.mark.parametrize(
    ("answer", "end", "expected"),
    [
        ("2026-03-02 10:00:10", "2026-03-02 10:01:00", 50),
        ("", "2026-03-02 10:01:00", 0),
        ("0", "2026-03-02 10:01:00", 0),
        # Over the gap of spring (02:00 -> 03:00): ten minutes, not seventy.
        ("2026-03-29 01:55:00", "2026-03-29 03:05:00", 600),
        # Over the double hour nobody knows: what the clock shows.
        ("2026-10-25 02:50:00", "2026-10-25 03:05:00", 900),
    ],
)
def test_duration_from_answer_to_end(answer: str, end: str, expected: int) -> None:
    form = spec(
        column_mapping={"start": 1, "called_number": 3, "answer": 4, "end": 5},
        minimum_columns=5,
    )
    facts = facts_of(row(duration=answer, amount=end), form)
    assert facts["duration"].tolist() == [expected]


def test_end_before_answer_is_rejected() -> None:
    form = spec(column_mapping={"start": 1, "called_number": 3, "end": 4})
    rejections = rejections_of(row(duration="2026-03-02 09:59:59"), form)
    assert rejections["reason"].tolist() == ["duration"]


def test_directions_by_rules_column_and_default() -> None:
    form = spec(
        column_mapping={**spec_columns(), "direction": 7},
        direction_rules=[
            {"column": 6, "pattern": "^in-", "direction": "incoming"},
            {"internal_digits": 4},
        ],
        direction_default="incoming",
    )
    lines = [
        row(id="in-1") + ",outbound",
        row(calling="1001", called="1002") + ",",
        row() + ",Outbound",
        row() + ",IN",
        row() + ",Internal",
        row() + ",what",
    ]
    assert facts_of("\n".join(lines), form)["direction"].tolist() == [
        "incoming",
        "internal",
        "outgoing",
        "incoming",
        "internal",
        "incoming",
    ]


def spec_columns() -> dict[str, int]:
    """The mapping of the plain format without its amount."""
    return {"start": 1, "calling_number": 2, "called_number": 3, "duration": 4}


def test_services_and_volume() -> None:
    form = spec(
        column_mapping={**spec_columns(), "service": 5, "volume": 6},
        service_rules=[{"column": 3, "pattern": "^internet$", "service": "data"}],
    )
    lines = [
        row(amount="SMS", id="5"),
        row(called="internet", amount="", id="1024"),
        row(amount="GPRS", id="2048"),
        row(amount="call", id=""),
        row(amount="data", id="-1"),
    ]
    batch = read_all("\n".join(lines), form)[0]
    services = zip(batch.facts["service"], batch.facts["volume"], strict=True)
    assert list(services) == [("sms", 0), ("data", 1024), ("data", 2048), ("voice", 0)]
    assert batch.rejections["reason"].tolist() == ["volume"]


def test_withheld_numbers() -> None:
    form = spec(
        direction_rules=[{"column": 6, "pattern": "in", "direction": "incoming"}]
    )
    lines = [
        row(calling="Private"),
        row(calling="", id="in"),
        row(calling=""),
        row(calling='"Anonymous <600000009>"'),
        row(),
    ]
    facts = facts_of("\n".join(lines), form)
    assert facts["is_withheld"].tolist() == [True, True, False, True, False]
    assert facts["calling_number"].tolist()[:4] == [None, None, None, "+34600000009"]


def test_own_words_for_withheld_numbers() -> None:
    form = spec(anonymous_values=["Oculto"])
    facts = facts_of(f"{row(calling='OCULTO')}\n{row(calling='private')}", form)
    assert facts["is_withheld"].tolist() == [True, False]


def test_roaming_numbers_are_spelled_as_in_the_visited_country() -> None:
    form = spec(column_mapping={**spec_columns(), "visited_country": 6})
    lines = [row(id="fr", called="0612345678"), row(id="ES"), row(id="France")]
    facts = facts_of("\n".join(lines), form)
    assert facts["called_number"].tolist() == [
        "+33612345678",
        "+34600000002",
        "+34600000002",
    ]
    assert facts["visited_country"].tolist() == ["FR", "ES", None]


def test_date_and_time_in_two_columns_and_ids_of_two() -> None:
    form = spec(
        column_mapping={"start": [1, 2], "called_number": 3, "unique_id": [4, 5, 6]},
        date_formats=["%d.%m.%y %H:%M"],
        time_zone="UTC",
    )
    facts = facts_of("1.3.26, 9:05,600000001,x,,z\n", form)
    assert facts["start_text"][0] == "1.3.26 9:05"
    assert facts["start_at"][0] == pd.Timestamp("2026-03-01 09:05:00")
    assert facts["unique_id"][0] == "x|z"


def test_epochs_and_offsets_need_no_zone() -> None:
    form = spec(date_formats=["epoch", "%Y-%m-%dT%H:%M:%S%z"])
    lines = [row(start="1772442000"), row(start="2026-03-02T10:00:00+01:00")]
    facts = facts_of("\n".join(lines), form)
    assert facts["start_at"].tolist() == [pd.Timestamp("2026-03-02 09:00:00")] * 2
    assert facts["start_local"][1] == pd.Timestamp("2026-03-02 10:00:00")


def test_negative_costs_become_positive() -> None:
    facts = facts_of(row(amount="-0.00750"), spec(amount_sign=-1))
    assert facts["carrier_amount_nano"].tolist() == [7_500_000]


def test_both_traps_of_daylight_saving() -> None:
    starts = [
        "2026-03-29 02:30:00",
        "2026-10-25 02:10:00",
        "2026-10-25 02:50:00",
        "2026-10-25 02:05:00",
    ]
    facts = facts_of("\n".join(row(start=start) for start in starts), spec())
    assert facts["start_at"].astype(str).tolist() == [
        "2026-03-29 01:30:00",
        "2026-10-25 00:10:00",
        "2026-10-25 00:50:00",
        "2026-10-25 01:05:00",
    ]
    assert facts["extra"].tolist() == [
        '{"time_note":"gap"}',
        *['{"time_note":"fold"}'] * 3,
    ]


def test_second_pass_is_known_behind_a_resumed_reading() -> None:
    starts = ["2026-10-25 02:50:00", "2026-10-25 02:05:00", "2026-10-25 02:40:00"]
    content = "\n".join(row(start=start) for start in starts)
    first = read_all(content, spec(), rows_per_batch=2)[0]
    position = Position.from_dict(first.position.to_dict())
    rest = facts_of(content, spec(), position=position)
    assert rest["start_at"].astype(str).tolist() == ["2026-10-25 01:40:00"]


def test_streams_that_cannot_seek() -> None:
    class Pipe(io.BytesIO):
        """A stream to be read once."""

        def seekable(self) -> bool:
            """No."""
            return False

    content = f"{GOOD}\n{GOOD}\n{GOOD}\n".encode()
    whole = list(read(Pipe(content), spec(), MADRID, None, 1))
    rest = list(read(Pipe(content), spec(), MADRID, whole[0].position, 1))
    assert [len(batch.facts) for batch in whole] == [1, 1, 1]
    assert [batch.facts["line_number"][0] for batch in rest] == [2, 3]


def test_preview_shows_columns_rows_facts_and_rejections() -> None:
    form = named(start="When", called_number="To")
    content = b"When,To\n2026-03-02 10:00:00,600000001,more\nx,y\nz,z\n"
    found = preview(io.BytesIO(content), form, MADRID, limit=2)
    assert found.columns == ["When", "To", "3"]
    assert found.raw_rows == [["2026-03-02 10:00:00", "600000001", "more"], ["x", "y"]]
    assert (len(found.facts), len(found.rejections)) == (1, 1)


def test_preview_without_header_counts_the_columns() -> None:
    found = preview(io.BytesIO(GOOD.encode()), spec(), MADRID)
    assert found.columns == ["1", "2", "3", "4", "5", "6"]
    assert found.facts["called_number"].tolist() == ["+34600000002"]


def test_carrier_without_country_reads_international_numbers() -> None:
    context = ReadContext("", "UTC")
    facts = facts_of(row(calling="+34600000001"), spec(), context=context)
    assert facts["calling_number"].tolist() == ["+34600000001"]
    assert facts["called_number"].tolist() == ["600000002"]


def test_limit_of_a_value_is_ours_whatever_the_process_has_set() -> None:
    """Odoo raises the csv module's limit for the whole process."""
    limit = csv.field_size_limit(500_000_000)
    try:
        batch = read_all(f"{GOOD}\n{row(id='x' * 140_000)}\n{GOOD}", spec())[0]
    finally:
        csv.field_size_limit(limit)
    assert batch.rejections["reason"].tolist() == ["size"]
    assert len(batch.facts) == 2

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whole rate sheets, CSV and XLSX, of the shapes that carriers send."""

import datetime as dt
import io
import zipfile
from decimal import Decimal

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles import numbers
from parsers.exceptions import ArchiveError, FileError, FormatError
from parsers.rate_sheets.reader import RATES, REJECTIONS, SheetOptions, read_rate_sheet

DAY = dt.datetime(2027, 2, 1)  # noqa: DTZ001
SPANISH = """\
Operadora Ejemplo;;;;;
Tarifas en EUR, lista completa;;;;;
Fecha de vigencia: 01/02/2027;;;;;
;;;;;
Destino;Código;Precio/min;Incrementos;Inicio;Estado
España Fijo;34-91, 93;0,0123;60/1;15/02/2027;
España Móvil;"34600-34609, 34650; 3466";0,05 €;1/1;;Subida
Cuba;53;1,2;60/60;;Bloqueado
Cuba Especial;537;;60/60;;Bloqueado
Mal código;abc, 3478;0,05;60/60;;
Mal precio;347;x;60/60;;
Mal incremento;348;0,05;0/0;;
Mala fecha;349;0,05;1/1;31/02/2027;
Sin precio;350;;1/1;;
Aparte;;0,07;1/1;;
Fin;351;0,07;1/1;;Eliminado
;352;;;;
;3510;;;;
Nota: IVA no incluido;;;;;
;;;;;
Destino;Prefijos;;;;
Aparte;4470-4479, 4480;;;;
Otro;99;;;;
"""


def read(content, name="rates.csv", **options):
    """Read a sheet from text or bytes."""
    data = content.encode() if isinstance(content, str) else content
    return read_rate_sheet(io.BytesIO(data), name, SheetOptions(**options))


def prices(sheet):
    """(prefix, price in nano) of each row."""
    return list(zip(sheet.rates["prefix"], sheet.rates["price_nano"], strict=True))


def told(sheet):
    """(line, reason, found) of each rejection."""
    names = ["line_number", "reason", "found"]
    return list(sheet.rejections[names].itertuples(index=False, name=None))


def workbook(*sheets):
    """The bytes of a workbook: (name, rows)."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_spanish_sheet_with_all_that_carriers_do():
    sheet = read(SPANISH.encode("cp1252"))
    rates = sheet.rates
    names = ["line_number", "prefix", "price_nano", "initial", "increment"]
    found = rates[names].astype(object).where(rates[names].notna(), None)
    assert found.to_numpy().tolist() == [
        [6, "3491", 12_300_000, 60, 1],
        [6, "3493", 12_300_000, 60, 1],
        [7, "3460", 50_000_000, 1, 1],
        [7, "34650", 50_000_000, 1, 1],
        [7, "3466", 50_000_000, 1, 1],
        [8, "53", 1_200_000_000, 60, 60],
        [9, "537", None, 60, 60],
        [10, "3478", 50_000_000, 60, 60],
        [15, "447", 70_000_000, 1, 1],
        [15, "4480", 70_000_000, 1, 1],
        [16, "351", 70_000_000, 1, 1],
        [17, "352", 70_000_000, 1, 1],
        [18, "3510", 70_000_000, 1, 1],
    ]
    assert rates["is_blocked"].tolist() == [False] * 5 + [True] * 2 + [False] * 6
    assert rates["is_deleted"].tolist() == [False] * 10 + [True] * 3
    assert rates["start"].tolist()[0] == dt.datetime(2027, 2, 15)  # noqa: DTZ001
    assert set(rates["start"].tolist()[2:]) == {DAY}
    assert rates["end"].isna().all()
    assert set(rates["currency"]) == {"EUR"}
    assert rates["destination"].tolist()[2:4] == ["España Móvil"] * 2
    assert rates["raw"][0] == "España Fijo | 34-91, 93 | 0,0123 | 60/1 | 15/02/2027 |"
    assert list(rates.columns) == RATES
    assert told(sheet) == [
        (10, "prefix", "abc"),
        (11, "price", "x"),
        (12, "increment", "0/0"),
        (13, "start", "31/02/2027"),
        (14, "price", ""),
    ]
    assert list(sheet.rejections.columns) == REJECTIONS
    assert sheet.rejections["message"].tolist()[1:3] == [
        "Expected an amount such as 0,05; found 'x'.",
        "Expected a next increment from 1 to 86400 seconds; found '0/0'.",
    ]
    assert sheet.rejections["prefixes"].tolist() == [
        ("3478",), ("347",), ("348",), ("349",), ("350",),
    ]  # fmt: skip
    info = sheet.info
    assert (info.start, info.currency, info.is_full) == (DAY, "EUR", True)
    assert (info.decimal_mark, info.date_order) == (",", "dmy")
    assert not info.date_order_is_assumed
    assert (info.unused_codes, info.row_count) == (1, 13)
    assert [note[1:] for note in info.notes] == [
        (1, "Operadora Ejemplo"),
        (2, "Tarifas en EUR, lista completa"),
        (3, "Fecha de vigencia: 01/02/2027"),
        (19, "Nota: IVA no incluido"),
    ]
    assert info.columns[0][1:] == (
        5,
        {
            "destination": "Destino",
            "prefix": "Código",
            "price": "Precio/min",
            "increments": "Incrementos",
            "start": "Inicio",
            "status": "Estado",
        },
    )


def test_a_deck_with_mark_fees_and_a_currency_in_its_names():
    text = (
        "\ufeffCode,Destination,Connection Cost (USD),Grace Time,Cost / Min (USD),"
        "Initial Increment,Increment,Status\n"
        "1,Fictionland,0,0,0.01,30,60,Active\n"
        "44,Fiction Isles,0.1,3,0.05,30,30,Active\n"
    )
    rates = read(text).rates
    names = ["prefix", "price_nano", "connect_nano", "initial", "increment", "grace"]
    assert rates[names].to_numpy().tolist() == [
        ["1", 10_000_000, 0, 30, 60, 0],
        ["44", 50_000_000, 100_000_000, 30, 30, 3],
    ]
    assert set(rates["currency"]) == {"USD"}
    assert rates["minimum_duration"].isna().all()


def test_one_step_column_is_for_both_increments():
    text = '"Name","Prefix","Per minute charge","Charge period"\n"A",+9377,0.273,1\n'
    rates = read(text).rates
    names = ["prefix", "price_nano", "initial", "increment"]
    assert rates[names].to_numpy().tolist() == [["9377", 273_000_000, 1, 1]]
    assert rates["connect_nano"].isna().all()


def test_a_file_without_header_is_read_by_what_is_in_it():
    sheet = read("36, 0.082\r\n40, 0.071\r\n44, 0.012\r\n")
    assert prices(sheet) == [("36", 82_000_000), ("40", 71_000_000), ("44", 12_000_000)]
    named = read("34,Fictionland,0.5\n35,Otherland,0.25\n")
    assert named.rates["destination"].tolist() == ["Fictionland", "Otherland"]


def test_a_mapping_wins_over_the_names():
    text = "Rate,Code,Wholesale,Name\n9.9,34,0.5,A\n9.9,35,0.25,B\n"
    assert prices(read(text))[0] == ("34", 9_900_000_000)
    sheet = read(text, mapping={"price": "wholesale"})
    assert prices(sheet) == [("34", 500_000_000), ("35", 250_000_000)]
    by_place = read(text, mapping={"price": 3, "prefix": 2, "destination": None})
    assert prices(by_place) == [("34", 500_000_000), ("35", 250_000_000)]
    bare = read("x;34;0,5\ny;35;0,25\n", mapping={"prefix": 2, "price": 3})
    assert prices(bare) == [("34", 500_000_000), ("35", 250_000_000)]


def test_country_and_area_in_columns_of_their_own():
    text = (
        "Country,Country Code,Area Code,Rate\n"
        'Fictionland,34,"91, 93",0.5\nFictionland,34,,0.25\nNowhere,,55,0.1\n'
    )
    sheet = read(text)
    assert prices(sheet) == [
        ("3491", 500_000_000), ("3493", 500_000_000), ("34", 250_000_000),
    ]  # fmt: skip
    assert told(sheet) == [(4, "country_code", "")]


def test_codes_that_hold_their_country_already_or_do_not():
    whole = "Country Code,Code,Rate\n34,3491,0.5\n34,3493,0.5\n34,5593,0.5\n"
    sheet = read(whole)
    assert prices(sheet) == [("3491", 500_000_000), ("3493", 500_000_000)]
    assert told(sheet) == [(4, "prefix", "5593")]
    parts = "Country Code,Code,Rate\n34,91,0.5\n351,21,0.5\n"
    assert [one for one, _price in prices(read(parts))] == ["3491", "35121"]
    letters = "Country Code,Code,Rate\nES,3491,0.5\nPT,35121,0.5\n"
    assert [one for one, _price in prices(read(letters))] == ["3491", "35121"]


def test_codes_stand_in_rows_of_their_own():
    text = (
        "Destination,Code,Rate\nFictionland Mobile,,0.5\nOtherland,,0.1\n"
        "fictionland mobile,34600,\nFictionland-Mobile,34601,\nNowhere,99,\n"
    )
    sheet = read(text)
    assert prices(sheet) == [("34600", 500_000_000), ("34601", 500_000_000)]
    assert told(sheet) == [(3, "prefix", ""), (6, "price", "")]
    assert sheet.info.row_count == 3


def test_factors_given_by_the_caller_win():
    text = "Code,Rate,Connect fee\n34,5,10\n"
    rates = read(
        text, price_factor=Decimal("0.01"), connect_factor=Decimal("0.1")
    ).rates
    names = ["price_nano", "connect_nano"]
    assert rates[names].to_numpy().tolist() == [[50_000_000, 1_000_000_000]]


def test_cents_per_second_and_implied_decimals():
    assert prices(read("Code,Rate (cents/min)\n34,5.5\n")) == [("34", 55_000_000)]
    assert prices(read("Code,Rate per second\n34,0.001\n")) == [("34", 60_000_000)]
    text = "Code,Rate\n34,550\n35,5.5\n"
    sheet = read(text, implied_decimals=4)
    assert prices(sheet) == [("34", 55_000_000)]
    assert told(sheet) == [(3, "price", "5.5")]


def test_dates_american_open_and_contradictory():
    text = "Code,Rate,Effective Date,End Date\n34,1,8/16/2027,12/1/2027\n"
    sheet = read(text)
    assert sheet.rates["start"][0] == dt.datetime(2027, 8, 16)  # noqa: DTZ001
    assert sheet.rates["end"][0] == dt.datetime(2027, 12, 2)  # noqa: DTZ001
    assert sheet.info.date_order == "mdy"
    unsure = read("Code,Rate,Effective Date\n34,1,1/2/2027\n")
    assert unsure.rates["start"][0] == DAY
    assert unsure.info.date_order_is_assumed
    both = "Code,Rate,Effective Date\n34,1,13/2/2027\n35,1,2/13/2027\n36,1,1/2/2027\n"
    assert told(read(both)) == [(4, "start", "1/2/2027")]
    backwards = "Code,Rate,From,Until\n34,1,2027-02-02,2027-02-01\n"
    assert told(read(backwards, end_is_inclusive=False)) == [(2, "end", "2027-02-01")]


def test_a_partial_update_says_so():
    assert read("Partial update\nCode,Rate\n34,1\n").info.is_full is False
    assert read("Code,Rate\n34,1\n").info.is_full is None
    assert read("Code,Rate\n34,1\n", name="rates_A-Z.csv").info.is_full is True


def test_headers_are_repeated_and_quotes_are_broken():
    text = 'Code,Name,Rate\n34,5" pipe,0.5\nCode,Name,Rate\n35,"a\nb",0.25\n36,c,0.1\n'
    sheet = read(text)
    assert prices(sheet) == [
        ("34", 500_000_000), ("35", 250_000_000), ("36", 100_000_000),
    ]  # fmt: skip
    assert sheet.rates["line_number"].tolist() == [2, 4, 6]


def test_lines_in_another_encoding_are_told():
    text = "Code,Name,Rate\n34,España,0.5\n".encode() + b"35,\xff\xfe\xfa,0.5\n" * 1
    sheet = read(text + "36,Perú,0.5\n37,Japón,0.5\n".encode())
    assert [one for one, _price in prices(sheet)] == ["34", "36", "37"]
    assert [one[:2] for one in told(sheet)] == [(3, "encoding")]


@pytest.mark.parametrize(
    ("content", "reason", "part"),
    [
        ("Name;Phone\nA;123\n", "header", "The fullest row holds: Name, Phone"),
        ("", "header", "No table of prices"),
        (b"%PDF-1.4 \x00\x01\x02\x03", "binary", "PDF"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "spreadsheet", "save it as .xlsx"),
        (b"PK\x03\x04" + b"x" * 100, "spreadsheet", "save it again as .xlsx"),
    ],
)
def test_what_is_no_rate_sheet_is_refused_in_words(content, reason, part):
    with pytest.raises(FileError) as refused:
        read(content)
    assert refused.value.reason == reason
    assert part in refused.value.message


@pytest.mark.parametrize(
    "options",
    [
        {"mapping": {"colour": 1}},
        {"mapping": {"price": 0}},
        {"decimal_mark": ";"},
        {"date_order": "ydm"},
        {"implied_decimals": 10},
        {"delimiter": ",,"},
    ],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(FormatError):
        read("Code,Rate\n34,1\n", **options)


def test_a_workbook_as_carriers_send_them():
    rates = [
        ["Example Carrier"],
        ["Effective date:", DAY],
        ["Currency", "USD"],
        [],
        ["Destination", "Code", "Rate", "Billing", "Increments", "Valid until"],
        ["Fictionland", 34600, 0.1 + 0.2, None, "60/1", dt.date(2027, 5, 31)],
        ["Far Island", 1.93e11, "0.5", None, "1/1", None],
        ["Text", "34601", 0.00005, None, dt.datetime(2027, 1, 1), None],  # noqa: DTZ001
        ["Formula", 34602, 1 / 3, None, None, None],
        ["Apart", None, 0.25, None, None, None],
        ["Comma", 34600.3465, 0.5, None, None, None],
        ["All prices exclude VAT"],
    ]
    codes = [["Destination", "Codes"], ["Apart", "44-20, 21"], ["APART", 4422]]
    sheet = read(workbook(("Rates", rates), ("Codes", codes)), "x.xlsx")
    names = ["line_number", "prefix", "price_nano", "is_rounded"]
    assert sheet.rates[names].to_numpy().tolist() == [
        [6, "34600", 300_000_000, False],
        [7, "193000000000", 500_000_000, False],
        [8, "34601", 50_000, False],
        [9, "34602", 333_333_333, True],
        [10, "4420", 250_000_000, False],
        [10, "4421", 250_000_000, False],
        [10, "4422", 250_000_000, False],
    ]
    assert set(sheet.rates["start"].tolist()) == {DAY}
    assert sheet.rates["end"][0] == dt.datetime(2027, 6, 1)  # noqa: DTZ001
    assert sheet.rates["increment"].tolist()[:3] == [1, 1, 1]
    assert set(sheet.rates["currency"]) == {"USD"}
    assert set(sheet.rates["sheet"]) == {"Rates"}
    assert told(sheet) == [(11, "prefix", "34600.3465")]
    assert sheet.info.notes[-1] == ("Rates", 12, "All prices exclude VAT")


def test_sheets_are_chosen_and_hidden_ones_left_out():
    table = [["Code", "Rate"], [34, 0.5]]
    other = [["Code", "Rate"], [35, 0.25]]
    content = workbook(("One", table), ("Two", other))
    assert [one for one, _price in prices(read(content))] == ["34", "35"]
    assert prices(read(content, sheets=("Two",))) == [("35", 250_000_000)]
    with pytest.raises(FileError) as refused:
        read(content, sheets=("Three",))
    assert refused.value.message == (
        "There is no sheet 'Three'; the workbook has: One, Two."
    )
    book = openpyxl.load_workbook(io.BytesIO(content))
    book["One"].sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    assert prices(read(stream.getvalue())) == [("35", 250_000_000)]


def test_numbers_that_only_look_like_dates_stay_numbers():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Code", "Rate", "Effective Date"])
    sheet.append([34, 0.5, 46419])
    sheet["B2"].number_format = '"day" 0.00'
    sheet["C2"].number_format = numbers.FORMAT_DATE_DMYSLASH
    stream = io.BytesIO()
    book.save(stream)
    found = read(stream.getvalue())
    assert prices(found) == [("34", 500_000_000)]
    assert found.rates["start"][0] == DAY


def packed(parts, method=zipfile.ZIP_DEFLATED):
    """The bytes of a zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("parts", "error", "reason"),
    [
        ({"xl/worksheets/sheet1.xml": b" " * 40_000_000}, ArchiveError, "bomb"),
        ({"xl/workbook.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'}, ArchiveError,
         "bomb"),
        ({"rates.csv": b"Code,Rate\n34,1\n"}, FileError, "spreadsheet"),
        ({f"part{n}": b"" for n in range(2001)}, ArchiveError, "members"),
        ({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<a>"}, FileError,
         "spreadsheet"),
    ],
)  # fmt: skip
def test_hostile_workbooks_are_refused(parts, error, reason):
    with pytest.raises(error) as refused:
        read(packed(parts), "x.xlsx")
    assert refused.value.reason == reason


def test_every_row_is_a_rate_a_rejection_or_a_note():
    rows = [f"D{n},{3400 + n},{'x' if n % 7 == 0 else '0.5'}" for n in range(100)]
    sheet = read("Name,Code,Rate\n" + "\n".join(rows) + "\nThe end\n")
    assert (len(sheet.rates), len(sheet.rejections), len(sheet.info.notes)) == (
        85,
        15,
        1,
    )
    assert sheet.info.row_count == 100
    assert sheet.rates["price_nano"].to_numpy(np.int64).sum() == 85 * 500_000_000


def test_a_header_without_rows_and_cells_that_are_too_long():
    empty = read("Code,Rate\n")
    assert (len(empty.rates), len(empty.rejections)) == (0, 0)
    assert list(empty.rates.columns) == RATES
    long = "Code,Rate\n34,0.5\n35," + "9" * 200_000 + "\n36,0.5\n"
    sheet = read(long)
    assert [one for one, _price in prices(sheet)] == ["34", "36"]
    assert [one[:2] for one in told(sheet)] == [(3, "size")]


def test_quotes_in_the_middle_of_cells_swallow_no_row():
    text = 'Code,Name,Rate\n34,a"b,0.5\n35,c"d,0.5\n36,"e"f",0.5\n37,g,0.5\n'
    assert [one for one, _price in prices(read(text))] == ["34", "35", "36", "37"]


@settings(max_examples=100)
@given(st.text(alphabet='3470,;.-+"\n\tCodeRate €x/', max_size=120))
def test_any_text_behind_a_header_is_read(text):
    sheet = read("Code;Rate;Effective Date;Increments\n" + text, delimiter=";")
    assert sheet.rates["price_nano"].notna().all()
    lines = {one[0] for one in told(sheet)} | set(sheet.rates["line_number"])
    assert len(lines) <= sheet.info.row_count <= text.count("\n") + 1


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    try:
        sheet = read(content)
    except (FileError, ArchiveError) as error:
        assert error.message
    else:
        assert len(sheet.rates) <= sheet.info.row_count * 200


NAMES = {
    "destination": [("Fictionland", 7), ("Ficción", 7), ("Twin", 8), ("TWIN", 9)],
    "category": [("Mobile", "mobile"), ("mobile", "mobile"), ("all", "all")],
    "time_band": [("Night", 3), ("Day", 4)],
}


def test_rows_without_codes_are_for_what_they_name():
    text = (
        "Destination;Code;Category;Time band;Called pattern;Rule order;Rate\n"
        "Fictionland;34;Mobile;;;;1\n"
        " ficción ;;Mobile;NIGHT;;;2\n"
        ";;MOBILE;any time;;;3\n"
        ";;all;;'+x;;4\n"
        ";;all;;^\\+34;5;5\n"
    )
    sheet = read(text, names=NAMES)
    names = [
        "prefix", "destination_id", "category", "time_band_id", "called_pattern",
        "sequence",
    ]  # fmt: skip
    found = sheet.rates[names].astype(object).where(sheet.rates[names].notna(), None)
    assert found.to_numpy().tolist() == [
        ["34", 0, "", 0, "", None],
        ["", 7, "", 3, "", None],
        ["", 0, "mobile", 0, "", None],
        ["", 0, "all", 0, "^\\+34", 5],
    ]
    assert sheet.rejections["line_number"].tolist() == [5]


UNKNOWN = [
    # row, names, reason, what is expected
    ("Nowhere;;;;;", NAMES, "destination", "name of one of the company's destinations"),
    ("Twin;;;;;", NAMES, "destination", "a name that only one of them has"),
    (";;martian;;;", NAMES, "category", "one of the categories Mobile, all"),
    (";34;;Noon;;", NAMES, "time_band", "time bands Night, Day (empty: at any time)"),
    (";34;;Noon;;", {"time_band": []}, "time_band", "the company has none yet"),
    (";34;;;(;", NAMES, "called_pattern", "a regular expression of the kind RE2"),
    (";34;;;;x", NAMES, "sequence", "a whole number from 0 to 1000000"),
    ("Nowhere;;;;;", {}, "prefix", "a list of codes for its destination"),
    (";;;Night;;", NAMES, "prefix", "a list of codes for its destination"),
    ("Fictionland;x;;;;", NAMES, "prefix", "digits of a dialling code"),
]


@pytest.mark.parametrize(("row", "names", "reason", "expected"), UNKNOWN)
def test_names_that_are_not_known_are_rejected(row, names, reason, expected):
    header = "Destination;Code;Category;Time band;Called pattern;Rule order;Rate\n"
    sheet = read(f"{header}{row};1\n;33;;;;;1\n", names=names)
    assert sheet.rejections["reason"].tolist() == [reason]
    assert expected in sheet.rejections["message"][0]
    assert sheet.rates["prefix"].tolist() == ["33"]


def test_codes_of_a_list_win_over_a_name():
    text = "Destination;Rate\nFictionland;1\n\nDestination;Code\nFictionland;441\n"
    sheet = read(text, names=NAMES)
    assert sheet.rates[["prefix", "destination_id"]].to_numpy().tolist() == [["441", 0]]


def test_a_rejected_row_tells_what_it_names():
    sheet = read("Destination;Rate\nFictionland;x\n", names=NAMES)
    assert sheet.rejections["destination_id"].tolist() == [7]


def test_a_sheet_of_categories_alone_is_one():
    sheet = read("Category,Rate\nmobile,0.5\n", names=NAMES)
    assert sheet.rates["category"].tolist() == ["mobile"]

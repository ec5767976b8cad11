# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Cells of dialling codes: ranges, lists, countries with areas, spreadsheet numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsers.rate_sheets.prefixes import MAX_CODES, prefixes_of_range, read_codes

RANGES = [
    ("34600", "34609", ["3460"]),
    ("34600", "34600", ["34600"]),
    ("34605", "34621", ["34605", "34606", "34607", "34608", "34609", "3461",
                        "34620", "34621"]),
    ("3000", "3999", ["3"]),
    ("0", "9", [str(digit) for digit in range(10)]),
    ("100", "299", ["1", "2"]),
    ("007", "012", ["007", "008", "009", "010", "011", "012"]),
]  # fmt: skip
CELLS = [
    # text, country, prefixes
    ("34600", "", ["34600"]),
    ("+34600", "", ["34600"]),
    ("0034600", "", ["34600"]),
    ("'34600", "", ["34600"]),
    ("34600-34609, 34650; 3466", "", ["3460", "34650", "3466"]),
    ("34600\u201334609|34650", "", ["3460", "34650"]),
    ("34600 - 34602", "", ["34600", "34601", "34602"]),
    ("34600 to 34602", "", ["34600", "34601", "34602"]),
    ("34600..34601", "", ["34600", "34601"]),
    ("34600-09", "", ["3460"]),
    ("9370-9372", "", ["9370", "9371", "9372"]),
    ("93-70, 71, 72", "", ["9370", "9371", "9372"]),
    ("93-70, 9371, 9372", "", ["9370", "9371", "9372"]),
    ("93-70, 71-73", "", ["9370", "9371", "9372", "9373"]),
    ("61 38,39", "", ["6138", "6139"]),
    ("1(809)", "", ["1809"]),
    ("1-809, 1-829", "", ["1809", "1829"]),
    ("+34 600", "", ["34600"]),
    ("34600 34601\n34602", "", ["34600", "34601", "34602"]),
    ("34 346 347", "", ["34", "346", "347"]),
    ("346x, 347*", "", ["346", "347"]),
    ("34600.0", "", ["34600"]),
    ("3.46E+02", "", ["346"]),
    ("1.5e1", "", ["15"]),
    ("34600, 34600", "", ["34600"]),
    ("34600,", "", ["34600"]),
    ("91, 93", "34", ["3491", "3493"]),
    ("600-609", "34", ["3460"]),
    ("06", "39", ["3906"]),
    ("600 601", "34", ["34600", "34601"]),
]
WRONG = [
    # text, country, prefixes that are good, found, a part of what is expected
    ("abc", "", [], "abc", "digits of a dialling code"),
    ("34600, abc, 34601", "", ["34600", "34601"], "abc", "digits of a dialling code"),
    ("1.93E+11", "", [], "1.93E+11", "the spreadsheet has cut them off"),
    ("0600", "", [], "0600", "begins with its country code"),
    ("34609-34600", "", [], "34609-34600", "from the lower to the higher"),
    ("34600-346099", "", [], "34600-346099", "from the lower to the higher"),
    ("350-359", "", [], "350-359", "a range of countries or a country with an area"),
    ("1234567890123456", "", [], "1234567890123456", "at most %(count)s digits"),
    ("34 91 92", "", [], "34 91 92", "commas between codes"),
    ("1-2-3", "", [], "1-2-3", "digits of a dialling code"),
    ("٣٤", "", [], "٣٤", "digits of a dialling code"),
    (",", "", [], ",", "digits of a dialling code"),
    ("346.5", "", [], "346.5", "digits of a dialling code"),
    ("2027-08-07", "", [], "2027-08-07", "digits of a dialling code"),
]


@pytest.mark.parametrize(("first", "last", "prefixes"), RANGES)
def test_a_range_becomes_its_fewest_prefixes(first, last, prefixes):
    assert prefixes_of_range(first, last) == prefixes


@pytest.mark.parametrize(("text", "country", "prefixes"), CELLS)
def test_a_cell_gives_its_prefixes(text, country, prefixes):
    codes = read_codes(text, country)
    assert (list(codes.prefixes), codes.problems) == (prefixes, ())


@pytest.mark.parametrize(("text", "country", "prefixes", "found", "expected"), WRONG)
def test_what_is_no_code_is_told_and_the_others_stay(
    text, country, prefixes, found, expected
):
    codes = read_codes(text, country)
    assert list(codes.prefixes) == prefixes
    assert [problem.found for problem in codes.problems] == [found]
    assert expected in codes.problems[0].expected
    assert codes.problems[0].reason == "prefix"


def test_a_cell_cannot_grow_without_end():
    text = ",".join(str(number) for number in range(2 * 10**5, 2 * 10**5 + MAX_CODES))
    assert len(read_codes(text).prefixes) == MAX_CODES
    codes = read_codes(text + ",9")
    assert codes.prefixes == ()
    assert codes.problems[0].wording()["values"]["expected"] == {
        "text": "at most %(count)s codes in a cell",
        "values": {"count": MAX_CODES},
    }


@given(st.integers(1, 4), st.data())
def test_ranges_cover_exactly_their_numbers_with_nothing_to_spare(size, data):
    low = data.draw(st.integers(0, 10**size - 1))
    high = data.draw(st.integers(low, 10**size - 1))
    prefixes = prefixes_of_range(f"{low:0{size}d}", f"{high:0{size}d}")
    for number in range(10**size):
        text = f"{number:0{size}d}"
        begun = [prefix for prefix in prefixes if text.startswith(prefix)]
        assert len(begun) == (low <= number <= high)
    # Fewest: no ten of them make up a shorter one.
    for prefix in prefixes:
        siblings = {prefix[:-1] + digit for digit in "0123456789"}
        assert len(prefix) == 1 or not siblings <= set(prefixes)


@given(st.text(alphabet="0123456789-+., ;()xE/to\n", max_size=30))
def test_any_text_gives_prefixes_or_problems(text):
    codes = read_codes(text)
    assert codes.prefixes or codes.problems
    assert all(one.isdigit() and one[0] != "0" for one in codes.prefixes)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Telephone numbers: our quick way finds what the library finds."""

import re

import pandas as pd
import phonenumbers
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from parsers.numbering import (
    ANONYMOUS_VALUES,
    format_international,
    normalise,
    numbers_type,
    spell,
    withheld,
)
from phonenumbers import PhoneMetadata, PhoneNumberFormat

COUNTRIES = ("ES", "GB", "DE", "FR", "IT", "US", "MX", "AU", "PL")
MARKS = st.sampled_from(["", " ", ".", "-", "/", "\u00a0", ") ", " ("])


def one(text: str | None, country: str = "ES", digits: int = 6) -> str | None:
    """One text's spelling."""
    return normalise(pd.Series([text], dtype=object), country, digits).iloc[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("600000001", "+34600000001"),
        ("+34600000001", "+34600000001"),
        ("0034600000001", "+34600000001"),
        ("34600000001", "+34600000001"),
        ("+34 600 000 001", "+34600000001"),
        ("(91) 000-00.01", "+34910000001"),
        ("00 44 (0) 7700 900123", "+447700900123"),
        ("447700900123", "+447700900123"),
        ("112", "112"),
        ("016", "016"),
        ("11888", "11888"),
        ("1007", "1007"),
        ("+34112", "112"),
        ("0034016", "016"),
        ("Ext.1007", "1007"),
        ('"Desk" <1007>', "1007"),
        ('"Desk" <>', None),
        ("Desk <+34600000001>", "+34600000001"),
        ("sip:600000001@sw.example:5060", "+34600000001"),
        ("<sip:1007@sw>", "1007"),
        ("sip:alice@sw", "alice"),
        ("tel:+34600000001", "+34600000001"),
        ("s", "s"),
        ("*9533", "*9533"),
        ("#039", "#039"),
        ("60000XXXX", "+3460000XXXX"),
        ("600123xxx", "+34600123XXX"),
        ("+34600123***", "+34600123XXX"),
        ("0033612345XXX", "+33612345XXX"),
        ("12**", "12**"),
        ("10XX", "10XX"),
        ("XXXX", None),
        ("****", None),
        ("00034600000001", "+34600000001"),
        ("->910000001", "+34910000001"),
        ("->", None),
        ("<I>910000001", "+34910000001"),
        ("<D>912000001<I>600000001", "+34600000001"),
        ("<D>912000001<I>", None),
        ("<I>", None),
        ("\\", None),
        ("Ext.10016", "10016"),
        ("EXT1235", "1235"),
        ("Ann<1001>", "1001"),
        ("sip:test@example.com", "test"),
        ("b002179144511001", "b002179144511001"),
        ("T105", "T105"),
        ("X9999", "X9999"),
        ("#039537835", "#039537835"),
        ("=cmd()", "=cmd()"),
        ("\u0666\u0660\u0660", "\u0666\u0660\u0660"),
        ("x" * 100, "x" * 64),
        ("33482849", "+3433482849"),
        ("009990000000", "009990000000"),
        ("1" * 40, "1" * 40),
        ("", None),
        ("  ", None),
        (None, None),
        ("anonymous", None),
        ("RESTRICTED", None),
        ("sip:anonymous@anonymous.invalid", None),
        ('"Anonymous" <anonymous>', None),
    ],
)
def test_spellings_in_spain(text: str | None, expected: str | None) -> None:
    assert one(text) == expected


def test_extension_digits_decide_what_is_an_extension() -> None:
    assert one("1234567", digits=7) == "1234567"
    assert one("123456", digits=0) == "+34123456"


def test_index_and_name_stay() -> None:
    values = pd.Series(["112", None], index=[7, 3], name="called")
    found = normalise(values)
    assert found.index.tolist() == [7, 3]
    assert found.name == "called"


def test_a_caller_that_the_exchange_did_not_get_is_withheld() -> None:
    values = pd.Series(["\\", "<I>", "XXXX", "->", "", None, "<I>600000001"])
    assert withheld(values).tolist() == [True, True, True, True, False, False, False]


def test_masked_digits_are_shown_as_they_are() -> None:
    assert format_international("+34600123XXX") == "+34600123XXX"


def test_masked_national_numbers_of_another_country() -> None:
    assert one("070XXXXXXX", "GB") == "+4470XXXXXXX"
    assert one("0170123xxx", "DE") == "+49170123XXX"


def test_withheld_by_word_or_by_name() -> None:
    values = pd.Series(["private", "", None, "600000001", "Anonymous <600000001>"])
    assert withheld(values).tolist() == [True, False, False, False, True]


def test_too_long_and_extensions() -> None:
    texts = ["1" * 16, "+34" + "6" * 14, "+34600000001", "1007", "x" * 20, None]
    found = spell(texts, "ES", 6, ANONYMOUS_VALUES)
    assert found.is_too_long().tolist() == [True, True, False, False, False, False]
    assert found.is_extension(4).tolist() == [False, False, False, True, False, False]


@st.composite
def valid_numbers(draw: st.DrawFn) -> tuple[str, phonenumbers.PhoneNumber]:
    """A country and a valid number of it, national one of more than six digits."""
    country = draw(st.sampled_from(COUNTRIES))
    metadata = PhoneMetadata.metadata_for_region(country, None)
    kinds = (metadata.fixed_line, metadata.mobile, metadata.toll_free, metadata.uan)
    patterns = [kind.national_number_pattern for kind in kinds if kind]
    pattern = draw(st.sampled_from([item for item in patterns if item]))
    national = draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    number = phonenumbers.parse(f"+{metadata.country_code}{national}")
    assume(phonenumbers.is_valid_number(number))
    length = len(phonenumbers.national_significant_number(number))
    assume(6 < length <= 15 - len(str(metadata.country_code)))
    return country, number


def written(number: phonenumbers.PhoneNumber, country: str, way: int) -> str:
    """A number in one of the spellings that files have."""
    significant = phonenumbers.national_significant_number(number)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return (
        f"+{number.country_code}{significant}",
        phonenumbers.format_out_of_country_calling_number(number, country)
        if phonenumbers.region_code_for_number(number) != country
        else f"{number.country_code}{significant}",
        national,
        significant,
        phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
    )[way]


@settings(max_examples=400, deadline=None)
@given(valid_numbers(), st.integers(0, 4), st.sampled_from(COUNTRIES), st.data())
def test_equals_the_library(
    sample: tuple[str, phonenumbers.PhoneNumber],
    way: int,
    other: str,
    data: st.DataObject,
) -> None:
    """In the number's own country, or in another one where it is international."""
    home, number = sample
    country = other if way in (0, 4) else home
    text = written(number, country, way)
    mark = data.draw(MARKS)
    place = data.draw(st.integers(2, len(text) - 1))
    text = text[:place] + mark + text[place:]
    parsed = phonenumbers.parse(text, country)
    assume(phonenumbers.is_valid_number(parsed))
    expected = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    assert one(text, country) == expected


@settings(max_examples=120, deadline=None)
@given(
    valid_numbers(),
    st.sampled_from(["00", "0011", "011", "09", "0"]),
    st.sampled_from(COUNTRIES),
)
def test_international_prefixes_equal_the_library(
    sample: tuple[str, phonenumbers.PhoneNumber], prefix: str, country: str
) -> None:
    text = prefix + phonenumbers.format_number(sample[1], PhoneNumberFormat.E164)[1:]
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        assume(False)
    assume(phonenumbers.is_valid_number(parsed))
    assert one(text, country) == phonenumbers.format_number(
        parsed, PhoneNumberFormat.E164
    )


@settings(max_examples=120, deadline=None)
@given(valid_numbers())
def test_spelling_twice_changes_nothing(
    sample: tuple[str, phonenumbers.PhoneNumber],
) -> None:
    country, number = sample
    once = one(phonenumbers.format_number(number, PhoneNumberFormat.E164), country)
    assert one(once, country) == once


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=80), st.sampled_from([*COUNTRIES, "", "XX"]))
def test_any_text_is_spelled_or_none(text: str, country: str) -> None:
    found = one(text, country)
    assert found is None or 0 < len(found) <= 64


@pytest.mark.parametrize(
    ("digits", "category"),
    [
        ("34910000001", "landline"),
        ("34600000001", "mobile"),
        ("34900000001", "intelligent"),
        ("34902000001", "intelligent"),
        ("34806000001", "premium"),
        ("34112", "short"),
        ("3411888", "short"),
        ("447700900123", "international"),
        ("12025550123", "international"),
        ("34333333333", "other"),
        ("999", "other"),
    ],
)
def test_categories_as_seen_from_spain(digits: str, category: str) -> None:
    assert numbers_type([digits], "ES") == [category]


def test_categories_inside_a_shared_country_code() -> None:
    assert numbers_type(["12025550123", "16135550123"], "US") == [
        "landline",
        "international",
    ]


def test_numbers_for_people() -> None:
    assert format_international("+34600000001") == "+34 600 00 00 01"
    assert format_international("1007") == "1007"
    assert format_international("+999") == "+999"

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import pandas as pd
import pytest
from engine.masking import (
    HIDDEN,
    SIGN,
    Choices,
    cut,
    hide,
    masked,
    shown,
    with_hidden,
    without_numbers,
)
from engine.periods import NEVER
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "hidden", "prefix", "expected"),
    [
        ("+34 600 00 00 01", 0, "346", "+34 600 00 00 01"),
        ("+34 600 00 00 01", 3, "346", "+34 600 00 0x xx"),
        ("+34600000001", 4, "346", "+3460000xxxx"),
        ("+34 600 00 00 01", 15, "346", "+34 6xx xx xx xx"),
        ("+34 600 00 00 01", 15, "44", "+xx xxx xx xx xx"),
        ("11888", 3, "118", "118xx"),
        ("11888", 4, "11888", "11888"),
        ("11888", 4, "34118", "118xx"),
        ("11888", 5, "341", "1xxxx"),
        ("+44 20 7946 0001", 12, "34207", "+xx xx xxxx xxxx"),
        ("101", 2, "", "1xx"),
        ("ann@pbx.example", 2, "", "axx@pbx.example"),
        ("ann2@pbx.example", 3, "", "annx@pbx.example"),
        ("", 3, "346", ""),
    ],
)
def test_masked(text, hidden, prefix, expected):
    assert masked(text, hidden, prefix) == expected


@given(st.text("0123456789+ ", max_size=20), st.integers(0, 20))
def test_as_many_digits_are_hidden_as_were_asked(text, hidden):
    shown = masked(text, hidden)
    digits = sum(char.isdigit() for char in text)
    assert len(shown) == len(text)
    assert shown.count(SIGN) == min(hidden, digits)
    kept = [char for char in shown if char.isdigit()]
    assert kept == [char for char in text if char.isdigit()][: len(kept)]


@pytest.mark.parametrize(
    ("text", "hidden", "prefix", "expected"),
    [
        # What is hidden already counts: nothing more goes.
        ("+34 600 00 0x xx", 3, "346", "+34 600 00 0x xx"),
        ("+34 600 00 0x xx", 4, "346", "+34 600 00 xx xx"),
        ("118xx", 3, "118", "118xx"),
    ],
)
def test_masked_again(text, hidden, prefix, expected):
    assert masked(text, hidden, prefix) == expected


def choices(*rows):
    names = ("partner_id", "number_id", "hidden_digits", "start", "end")
    return Choices.build(pd.DataFrame(rows, columns=names))


def calls(*rows, **columns):
    """Calls of (partner, number, second of the epoch, direction)."""
    names = ("partner_id", "number_id", "start_at", "direction")
    table = pd.DataFrame(rows, columns=names)
    starts = pd.to_datetime(table["start_at"], unit="s").astype("datetime64[s]")
    return table.assign(start_at=starts, **columns)


def test_a_choice_holds_from_its_start_to_its_end():
    found = choices((7, 0, 3, 100, 200), (7, 0, 0, 200, NEVER), (8, 0, 2, 100, NEVER))
    table = calls(
        (7, 0, 99, "outgoing"),
        (7, 5, 100, "outgoing"),
        (7, 0, 199, "internal"),
        (7, 0, 200, "outgoing"),
        (8, 0, 200, "outgoing"),
        (8, 0, 200, "incoming"),
        (0, 0, 150, "outgoing"),
    )
    assert found.digits(table).tolist() == [0, 3, 3, 0, 2, 0, 0]


def test_that_for_a_number_comes_first_and_is_that_of_its_customer():
    found = choices((7, 0, 3, 0, NEVER), (7, 5, 0, 100, NEVER), (8, 6, 4, 0, NEVER))
    table = calls(
        (7, 5, 99, "outgoing"),
        (7, 5, 100, "outgoing"),
        (7, 6, 100, "outgoing"),
        (8, 6, 100, "outgoing"),
        (8, 5, 100, "outgoing"),
    )
    assert found.digits(table).tolist() == [3, 0, 3, 4, 0]


def test_who_hides_nothing_costs_nothing():
    assert choices() is None
    assert choices((7, 0, 0, 0, NEVER)) is None
    table = calls((9, 0, 100, "outgoing"))
    assert with_hidden(table, None) is table
    assert with_hidden(table, choices((7, 0, 3, 0, NEVER))) is table
    assert shown(table) is table


def hidden(numbers, digits, prefixes, **columns):
    table = {"called_number": numbers, "prefix": prefixes, HIDDEN: digits, **columns}
    return pd.DataFrame(table)


NUMBERS = st.one_of(
    st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
    st.from_regex(r"[0-9*#]{1,8}", fullmatch=True),
    st.from_regex(r"[a-z0-9.x]{1,9}@pbx\.example", fullmatch=True),
    st.text(max_size=9).filter(lambda text: "\0" not in text),
)


@given(st.lists(st.tuples(NUMBERS, st.integers(0, 17), st.integers(0, 6)), min_size=1))
def test_whole_tables_are_masked_as_one_number_is(rows):
    """And the prefix stays, whatever the number of digits to hide."""
    numbers, digits, kept = map(list, zip(*rows, strict=True))
    prefixes = [
        "".join(char for char in number if "0" <= char <= "9")[:length]
        for number, length in zip(numbers, kept, strict=True)
    ]
    found = hide(hidden(numbers, digits, prefixes))["called_number"].tolist()
    assert found == list(map(masked, numbers, digits, prefixes))
    for text, number, prefix in zip(found, numbers, prefixes, strict=True):
        if number.startswith("+") and number[1:].isascii() and number[1:].isdigit():
            assert text.startswith("+" + prefix)


@pytest.mark.parametrize(
    ("number", "extra", "expected"),
    [
        ("+34600111222", '{"region": "Madrid"}', '{"region": "Madrid"}'),
        ("+34600111222", '{"a": "600111222"}', '{"a": "600111xxx"}'),
        ("+34600111222", '{"a": "0034600111222;z"}', '{"a": "0034600111xxx;z"}'),
        # A number without quotes would be no JSON any more.
        ("+34600111222", '{"a": 600111222}', None),
        # Written with something between the digits.
        ("+34600111222", '{"a": "600 111 222"}', None),
        ("+34600111222", '{"a": "600 111 223"}', '{"a": "600 111 223"}'),
        ("+34600111222", None, None),
        ("ann@pbx.example", '{"a": "sip:ann@x"}', '{"a": "sip:xxx@x"}'),
    ],
)
def test_a_number_that_stands_elsewhere_too(number, extra, expected):
    found = hide(hidden([number], [3], ["346"], extra=[extra], trunk=["SIP/1"]))
    assert found["extra"].tolist() == [expected]
    assert found["trunk"].tolist() == ["SIP/1"]


def test_only_the_calls_of_who_hides_change():
    table = hidden(
        ["+34600111222", "+34600111223", None, "112"],
        [3, 0, 3, 3],
        ["346", "346", "", "34112"],
        trunk=["t1", "600111222", None, "t4"],
    )
    found = shown(table)
    assert found["called_number"].astype(object).where(
        found["called_number"].notna(), None
    ).tolist() == ["+34600111xxx", "+34600111223", None, "112"]
    assert found["trunk"].tolist()[:2] == ["t1", "600111222"]
    assert table["called_number"].tolist()[0] == "+34600111222"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01 12:00:00,600111222,60", "2026-03-01 12:00:00,600111xxx,60"),
        ("call +34 600 11 12 22 failed", "call +34 600 11 1x xx failed"),
        ("11888;5", "11xxx;5"),
        ("nothing", "nothing"),
    ],
)
def test_rows_of_files_without_numbers(text, expected):
    assert without_numbers(text, 3) == expected


def test_cut():
    """What the destination was found by stays, and nothing else."""
    rows = [
        ("+34600000001", "346", "+346…"),
        ("+34600000xxx", "346", "+346…"),
        ("+442079460001", "", "…"),
        ("+442079460001", None, "…"),
        ("11888", "34118", "118…"),
        ("118xx", "118", "118…"),
        ("016", "34016", "016…"),
        ("101", "", "…"),
        ("ann2@pbx.example", "", "…"),
        ("+33600000001", "346", "…"),
        (None, None, "…"),
        ("+34600000001", "346", "+346…"),
    ]
    calls = pd.DataFrame(rows, columns=["called_number", "prefix", "expected"])
    assert list(cut(calls)) == calls["expected"].tolist()
    assert list(cut(calls[:0])) == []


@given(st.text("0123456789+x@an…", max_size=20), st.text("0123456789", max_size=8))
def test_a_cut_number_has_no_digit_beyond_its_prefix(number, prefix):
    calls = pd.DataFrame({"called_number": [number], "prefix": [prefix]}, dtype=object)
    [left] = cut(calls)
    assert left.endswith("…")
    digits = left.rstrip("…").lstrip("+")
    assert digits == "" or prefix.endswith(digits)
    assert list(cut(calls.assign(called_number=[left]))) == [left]

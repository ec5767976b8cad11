# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import pytest
from engine.masking import SIGN, masked
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

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Exact money: reading, writing and the one rounding."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from engine.exceptions import EngineError, MoneyError
from engine.money import (
    MODES,
    format_micro,
    format_nano,
    parse_nano,
    round_ratio,
    to_micro,
)
from hypothesis import given, settings
from hypothesis import strategies as st

DECIMAL_MODES = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
}
TEXTS = [
    ("0", 0),
    ("1", 1_000_000_000),
    ("-1.23", -1_230_000_000),
    ("+.5", 500_000_000),
    ("5.", 5_000_000_000),
    (" 0.000000001 ", 1),
    ("0.1230000000000000000", 123_000_000),
    ("-0", 0),
    ("99999999999999999999", 99999999999999999999 * 10**9),
]
BAD_TEXTS = [
    "",
    " ",
    ".",
    "-",
    "1e3",
    "1,5",
    "0x1",
    "1.0000000001",
    "nan",
    "inf",
    "1 0",
]
BAD_TEXTS += ["٣", "1_000", "--1", "1.2.3"]
ROUNDINGS = [
    # numerator, denominator, half_up, half_even, up, down
    (5, 2, 3, 2, 3, 2),
    (7, 2, 4, 4, 4, 3),
    (-5, 2, -3, -2, -3, -2),
    (-7, 2, -4, -4, -4, -3),
    (1, 3, 0, 0, 1, 0),
    (-1, 3, 0, 0, -1, 0),
    (2, 3, 1, 1, 1, 0),
    (6, 3, 2, 2, 2, 2),
    (0, 7, 0, 0, 0, 0),
    (2**63 - 1, 1, *[2**63 - 1] * 4),
    (2**63 - 1, 2, 2**62, 2**62, 2**62, 2**62 - 1),
]


@pytest.mark.parametrize(("text", "nano"), TEXTS)
def test_parse_reads_plain_decimals_exactly(text, nano):
    assert parse_nano(text) == nano


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_parse_refuses_what_is_no_exact_amount(text):
    with pytest.raises(MoneyError) as refused:
        parse_nano(text)
    assert refused.value.reason == "amount"
    assert refused.value.found == text
    assert isinstance(refused.value, EngineError)


@given(st.integers(-(10**25), 10**25))
def test_format_and_parse_are_inverse(nano):
    assert parse_nano(format_nano(nano)) == nano
    assert Decimal(format_nano(nano)) == Decimal(nano).scaleb(-9)


def test_format_is_short():
    assert format_nano(1_230_000_000) == "1.23"
    assert format_nano(-5) == "-0.000000005"
    assert format_micro(-1_500_000) == "-1.5"
    assert format_micro(np.int64(0)) == "0"


@pytest.mark.parametrize("row", ROUNDINGS)
@pytest.mark.parametrize("kind", [np.int64, object])
def test_round_ratio_by_table(row, kind):
    numerator, denominator, *expected = row
    given_ratio = np.array([numerator], kind), np.array([denominator], kind)
    found = {mode: int(round_ratio(*given_ratio, mode)[0]) for mode in MODES}
    assert found == dict(zip(MODES, expected, strict=True))


@settings(max_examples=200)
@given(st.integers(-(2**62), 2**62), st.integers(1, 10**12), st.sampled_from(MODES))
def test_round_ratio_agrees_with_decimal(numerator, denominator, mode):
    """Decimal rounds the quotient; Fraction tells the exact half from a near one."""
    exact = Fraction(numerator, denominator)
    whole, rest = divmod(abs(exact), 1)
    near = Decimal(whole) + {0: Decimal(0), Fraction(1, 2): Decimal("0.5")}.get(
        rest, Decimal("0.2") if rest < Fraction(1, 2) else Decimal("0.8")
    )
    expected = int(near.quantize(Decimal(1), DECIMAL_MODES[mode]))
    expected = expected if exact >= 0 else -expected
    assert int(round_ratio(np.array([numerator]), denominator, mode)[0]) == expected
    assert int(round_ratio(np.array([-numerator]), denominator, mode)[0]) == -expected


def test_round_ratio_refuses_unknown_modes():
    with pytest.raises(MoneyError, match="unknown rounding 'nearest'"):
        round_ratio(np.array([1]), np.array([2]), "nearest")


def test_to_micro_rounds_once_to_the_digits():
    nano = np.array([1_234_565_500, -1_234_565_500, 449_999])
    for digits, expected in (
        (6, [1_234_566, -1_234_566, 450]),
        (4, [1_234_600, -1_234_600, 400]),
        (2, [1_230_000, -1_230_000, 0]),
        (0, [1_000_000, -1_000_000, 0]),
    ):
        micro, fits = to_micro(nano, np.ones(3, np.int64), digits, "half_up")
        assert micro.tolist() == expected
        assert fits.all()


def test_to_micro_takes_digits_by_row_and_tells_what_does_not_fit():
    nano = np.array([2 * 10**9 + 1, 10**30], dtype=object)
    ones = np.array([1, 1], dtype=object)
    micro, fits = to_micro(nano, ones, np.array([6, 0]), "up")
    assert micro.tolist() == [2_000_001, 0]
    assert fits.tolist() == [True, False]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an invoice line says of its amount: quantity, price and shares."""

import random
from decimal import Decimal

import pytest

from telecom_cdr.engine.invoice_lines import line_price, rounded, shared_distribution


@pytest.mark.parametrize(
    ("amount", "minutes", "digits", "expected"),
    [
        # 10 minutes at 0.05
        ("0.50", "10", 2, ("10.00", "0.05", True)),
        # 3 minutes for 0.10: 0.03 x 3 is 0.09, 0.033 x 3 is 0.099, rounded 0.10
        ("0.10", "3", 2, ("3.00", "0.033", True)),
        # a third of a minute has two decimals: 0.33 at 0.30 is 0.099
        ("0.10", "0.333333", 2, ("0.33", "0.30", True)),
        # credits count below zero, their price does not
        ("-0.50", "10", 2, ("-10.00", "0.05", True)),
        ("0.00", "10", 2, ("10.00", "0.00", True)),
        # less than a hundredth of a minute, and nothing to count
        ("0.07", "0.004", 2, ("1", "0.07", False)),
        ("0.07", "0", 2, ("1", "0.07", False)),
        ("0.07", None, 2, ("1", "0.07", False)),
        ("-0.07", None, 2, ("-1", "0.07", False)),
        # a currency without decimals: 1500 / 7 = 214.285714..., 7 x 214.29 is 1500
        ("1500", "7", 0, ("7.00", "214.29", True)),
        # no price of six decimals times so many minutes is this
        ("1000.01", "123456.78", 3, ("1", "1000.01", False)),
    ],
)
def test_a_line_says_how_many_at_how_much(amount, minutes, digits, expected):
    found = line_price(Decimal(amount), minutes and Decimal(minutes), digits)
    assert found == (Decimal(expected[0]), Decimal(expected[1]), expected[2])


def test_quantity_times_price_is_the_amount():
    """Law 5, whatever the amount, the minutes and the currency."""
    chance = random.Random(5)
    counted = 0
    for _ in range(5_000):
        digits = chance.choice([0, 2, 3])
        amount = rounded(Decimal(chance.uniform(-500, 5_000)), digits)
        minutes = Decimal(chance.randrange(0, 10_000_000)) / 60
        found = line_price(amount, minutes, digits)
        assert rounded(found.quantity * found.price, digits) == amount
        # as Odoo multiplies
        assert round(float(found.quantity) * float(found.price), digits) == (
            pytest.approx(float(amount), abs=1e-9)
        )
        assert found.price >= 0
        counted += found.is_minutes
    assert counted > 2_000


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], {}),
        ([("5", {})], {}),
        ([("5", {"1": 100.0})], {"1": 100.0}),
        ([("5", {"1": 60.0, "2": 40.0}), ("0", {"1": 60.0, "2": 40.0})], None),
        ([("3", {"1": 100.0}), ("1", {"2": 100.0})], {"1": 75.0, "2": 25.0}),
        ([("3", {"1": 100.0}), ("1", {})], {"1": 75.0}),
        ([("0", {"1": 100.0}), ("0", {"2": 100.0})], {"1": 50.0, "2": 50.0}),
        ([("1", {"1": 100.0}), ("2", {"2": 100.0})], {"1": 33.33, "2": 66.67}),
    ],
)
def test_a_distribution_is_shared_by_weight(parts, expected):
    found = shared_distribution([(Decimal(weight), d) for weight, d in parts])
    assert found == (parts[0][1] if expected is None else expected)

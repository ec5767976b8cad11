# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whose a charge is by rules, and what bundles and parts of months do to prices."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from pure_addons.telecom_cdr_fixed_fee.engine.fees import (
    FeeLine,
    choose,
    lists,
    retail,
)
from pure_addons.telecom_cdr_fixed_fee.engine.rules import Facts, FeeRule, choose_rule

DAY = date(2026, 1, 1)
CHARGE = Facts(
    carrier_id=7,
    reference="ICC-89-0042",
    account="A1",
    product_code="LR01",
    description="Line rental main office",
    kind="recurring",
    day=DAY,
)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, True),
        ({"reference": "ICC-*"}, True),
        ({"reference": "icc-??-0042"}, True),
        ({"reference": "ICC"}, False),
        ({"account": "A1", "product_code": "LR*"}, True),
        ({"account": "A2", "product_code": "LR*"}, False),
        ({"description": "*main office"}, True),
        ({"description": "*.*"}, False),
        ({"kind": "one_off"}, False),
        ({"carrier_id": 7}, True),
        ({"carrier_id": 8}, False),
        ({"start": DAY}, True),
        ({"start": date(2026, 1, 2)}, False),
        ({"end": DAY}, False),
        ({"end": date(2026, 1, 2)}, True),
    ],
)
def test_a_rule_is_for_what_has_all_its_parts(values, expected):
    assert FeeRule(1, **values).applies(CHARGE) is expected


def test_the_first_rule_counts():
    rules = [FeeRule(1, account="A9"), FeeRule(2), FeeRule(3, reference="ICC-*")]
    assert choose_rule(rules, CHARGE).rule_id == 2
    assert choose_rule(rules[:1], CHARGE) is None
    assert choose_rule(rules, replace(CHARGE, account="A9")).rule_id == 1


@pytest.mark.parametrize(
    ("patterns", "code", "expected"),
    [
        ("LR01", "LR01", True),
        ("LR01 EQ*", "EQ7", True),
        ("LR01, EQ*;X?", "X1", True),
        ("LR01", "LR011", False),
        ("", "LR01", False),
        (" ", "", False),
        ("*", "", True),
    ],
)
def test_codes_that_a_bundle_lists(patterns, code, expected):
    assert lists(patterns, code) is expected


def test_a_bundle_takes_the_charge_only_where_the_customer_has_it():
    lines = [
        FeeLine(1, "LR*", "", "price", Decimal(15)),
        FeeLine(2, "LR*", "", "included"),
    ]
    values = (lines, "LR01", "recurring", DAY)
    assert choose(*values, is_covered=True).line_id == 2
    assert choose(*values).line_id == 1
    assert choose(lines[1:], "LR01", "recurring", DAY) is None
    own = FeeLine(3, "LR01", "", "price", Decimal(9))
    assert choose([*lines, own], *values[1:], is_covered=True).line_id == 3


def test_an_own_price_takes_the_part_that_is_due():
    line = FeeLine(1, "", "", "price", Decimal("15"))
    values = (line, Fraction(5), Decimal(2), "recurring", 2, "half_up")
    assert retail(*values, Fraction(22, 31)) == Decimal("21.29")
    assert retail(*values, Fraction(3)) == Decimal("90.00")
    credit = (line, Fraction(-5), Decimal(2), "credit", 2, "half_up")
    assert retail(*credit, Fraction(1, 2)) == Decimal("-15.00")


def test_a_mark_up_is_on_a_cost_that_is_the_parts_already():
    line = FeeLine(1, "", "", "markup", markup=Decimal(20))
    values = (line, Fraction(5), Decimal(1), "recurring", 2, "half_up")
    assert retail(*values, Fraction(1, 2)) == Decimal("6.00")


def test_what_a_bundle_includes_costs_nothing():
    line = FeeLine(1, "", "", "included", Decimal(15))
    assert retail(line, Fraction(5), Decimal(1), "recurring", 2, "half_up") == 0

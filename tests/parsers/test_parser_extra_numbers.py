# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Further facts that prices are computed from: numbers of the format, as JSON."""

import pytest
from parser_samples import facts_of, spec
from parsers.pasted_calls import read_more
from parsers.quantities import json_number

# Text, decimal mark, may be in percent -> JSON.
NUMBERS = [
    ("0.05", ".", False, "0.05"),
    ("0,05", ",", False, "0.05"),
    ("1,250", ",", False, "1.250"),
    # What is no number of the format is none, though it may be one of another.
    ("0,05", ".", False, None),
    ("1.250", ",", False, None),
    ("1.234,56", ",", False, None),
    (" 0.05 €", ".", False, "0.05"),
    (".5", ".", False, "0.5"),
    ("+5.", ".", False, "5"),
    ("-007", ".", False, "-7"),
    ("25e-3", ".", False, "0.025"),
    ("0.1234567890123456789012345", ".", False, "0.1234567890123456789012345"),
    ("12.5%", ".", True, "0.125"),
    ("12,5 %", ",", True, "0.125"),
    ("12.5%", ".", False, None),
    ("%", ".", True, None),
    ("free", ".", False, None),
    ("NaN", ".", False, None),
    ("", ".", False, None),
]


@pytest.mark.parametrize(("text", "mark", "is_share", "expected"), NUMBERS)
def test_numbers(text: str, mark: str, is_share: bool, expected: str | None) -> None:
    assert json_number(text, mark, is_share) == expected


def test_facts_of_a_file() -> None:
    """The name of a number alone makes one: a region of digits stays a text."""
    form = spec(
        delimiter=";",
        decimal_mark=",",
        column_mapping={
            "start": 1,
            "called_number": 2,
            "extra.region": 3,
            "extra.price_per_unit": 4,
            "extra.discount": 5,
            "extra.total_hours": 6,
        },
    )
    lines = [
        "2026-10-05 10:00:00;+34600000002;007;0,0123;12,5%;1,5",
        "2026-10-05 10:00:01;+34600000002;;free;10;1.234",
    ]
    assert facts_of("\n".join(lines), form)["extra"].tolist() == [
        '{"discount":0.125,"price_per_unit":0.0123,"region":"007","total_hours":1.5}',
        '{"discount":10,"price_per_unit":"free","total_hours":"1.234"}',
    ]


def test_facts_that_are_typed() -> None:
    text = "Region: NORTH\n\nprice per unit: 0,05\ndiscount: 10 %\nnote\ntotal_hours: x"
    assert read_more(text) == (
        '{"region":"NORTH","price_per_unit":0.05,"discount":0.10,"total_hours":"x"}'
    )
    assert read_more("") == "{}"

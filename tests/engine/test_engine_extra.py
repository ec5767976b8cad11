# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Further facts of calls: from JSON to exact columns, and what prices make of them."""

import pandas as pd
import pytest
from engine.extra import NAMES, NUMBERS, read_extra, with_extra
from engine.pricing.rating import rate_calls, rate_cost
from engine_samples import EUR, book, calls_table, rate

# Text of the column -> what is read.
READ = [
    (None, {}),
    ("", {}),
    ("{}", {}),
    ('{"note": "x"}', {}),
    ('{"region": "NORTH"}', {"region": "NORTH"}),
    ('{"region": ""}', {}),
    ('{"region": 12.50}', {"region": "12.50"}),
    ('{"region": ["N"]}', {}),
    ('{"region": null}', {}),
    ('{"source_address": "192.0.2.7"}', {"source_address": "192.0.2.7"}),
    ('{"price_per_unit": 0.05}', {"price_per_unit_nano": 50_000_000}),
    ('{"price_per_unit": 0.000000001}', {"price_per_unit_nano": 1}),
    # One decimal too many, and one number too large: no price by a rounded one.
    ('{"price_per_unit": 0.0000000001}', {}),
    ('{"price_per_unit": 9223372036.854775807}', {"price_per_unit_nano": 2**63 - 1}),
    ('{"price_per_unit": 9223372036.854775808}', {}),
    ('{"price_per_unit": 1e99999999}', {}),
    ('{"price_per_unit": 0e99999999}', {"price_per_unit_nano": 0}),
    ('{"price_per_unit": -2}', {"price_per_unit_nano": -(2 * 10**9)}),
    ('{"price_per_unit": "0.05"}', {}),
    ('{"price_per_unit": true}', {}),
    ('{"price_per_unit": NaN}', {}),
    ('{"discount": 0.125}', {"discount_ppm": 125_000}),
    ('{"discount": 0}', {"discount_ppm": 0}),
    ('{"discount": 0.1234567}', {}),
    ('{"total_hours": 1.5}', {"total_hours_nano": 1_500_000_000}),
    ('{"total_hours": 12}', {"total_hours_nano": 12 * 10**9}),
    ("[1]", {}),
    ("{", {}),
    ("[" * 100_000, {}),
    ('{"total_hours": ' + "9" * 5_000 + "}", {}),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_what_is_read(text, expected):
    assert read_extra(text) == expected


def test_columns_of_a_whole_table():
    texts = ['{"discount": 0.5, "region": "N"}', None, '{"region": "S"}', "{"]
    calls = pd.DataFrame({"extra": texts * 2}, index=range(10, 18))
    found = with_extra(calls, NAMES)
    assert found.index.tolist() == list(range(10, 18))
    assert found["region"].fillna("-").tolist() == ["N", "-", "S", "-"] * 2
    assert found["discount_ppm"].tolist() == [500_000, *[pd.NA] * 3] * 2
    for column, _scale in NUMBERS.values():
        assert found[column].dtype == "Int64"


def test_nothing_is_read_that_is_not_asked_for():
    calls = pd.DataFrame({"extra": ['{"discount": 0.5, "region": "N"}']})
    assert with_extra(calls, frozenset()) is calls
    assert [*with_extra(calls, {"region"})] == ["extra", "region"]
    bare = pd.DataFrame({"id": [1]})
    assert with_extra(bare, NAMES) is bare
    assert [*with_extra(calls[:0], {"discount"})] == ["extra", "discount_ppm"]


FORMULA = {"method": "formula"}
ADDRESS = {"owner_kind": "address", "owner_key": "192.0.2.7", "tariff_id": 1}
BOTH = {"discount", "total_hours"}
# Rates and assignments of a book -> what it needs to know.
NEEDS = [
    ([rate(1, "1")], {}, set()),
    ([rate(1, "1", called_pattern="^.34")], {}, set()),
    ([rate(1, "1", region_pattern="^N")], {}, {"region"}),
    ([rate(1, **FORMULA, formula="duration * 2")], {}, set()),
    ([rate(1, **FORMULA, formula="discount + total_hours")], {}, BOTH),
    (
        [rate(1, **FORMULA, formula="units", units_formula="price_per_unit")],
        {},
        {"price_per_unit"},
    ),
    ([rate(1, "1")], {"assignments": [ADDRESS]}, {"source_address"}),
]


@pytest.mark.parametrize(("rates", "tables", "expected"), NEEDS)
def test_what_a_book_needs(rates, tables, expected):
    assert book(rates, **tables).needs_extra == frozenset(expected)


def priced(rate_book, *texts):
    """Price calls of 90 s by what is known of them."""
    calls = calls_table([{"duration": 90}] * len(texts)).assign(extra=texts)
    return rate_calls(with_extra(calls, rate_book.needs_extra), rate_book)


def test_a_formula_over_facts():
    formula = "price_per_unit * units * (1 - discount)"
    rate_book = book([rate(1, initial=60, **FORMULA, formula=formula)])
    result = priced(
        rate_book,
        '{"price_per_unit": 0.0123, "discount": 0.125}',  # 2 x 0.0123 x 0.875
        '{"price_per_unit": 0.0123, "discount": 0}',
        '{"price_per_unit": 0.0123}',
        '{"price_per_unit": "free", "discount": 0}',
        None,
    )
    prices = [21_500, 24_600, pd.NA, pd.NA, pd.NA]
    assert result["price_micro"].tolist() == prices
    assert result["state"].tolist() == ["rated", "rated", *["unrated"] * 3]


def test_hours_with_decimals():
    row = rate(1, **FORMULA, formula="price_per_unit * total_hours")
    result = priced(book([row]), '{"price_per_unit": 2.5, "total_hours": 1.5}')
    assert result["price_micro"].tolist() == [3_750_000]


def test_a_cost_by_region():
    rates = [rate(1, "1"), rate(2, "2", region_pattern="^NORTH$")]
    rate_book = book(rates)
    calls = calls_table([{"carrier_amount_nano": 0}] * 2)
    calls = calls.assign(extra=['{"region": "NORTH"}', '{"region": "NORTHWEST"}'])
    calls = with_extra(calls, rate_book.needs_extra)
    found = rate_cost(calls, rate_book, 1, EUR)
    assert found["cost_nano"].tolist() == [2 * 10**9, 10**9]

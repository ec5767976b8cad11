# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Customers who pay in a currency of their own."""

import pandas as pd
import pytest
from engine.pricing.rating import rate_calls, rate_cost
from engine_samples import EUR, USD, book, calls_table, rate

GBP = 3
DAYS = ["2026-03-10", "2026-03-11"]
# Of each pair the ratio of 10 March, and that of 11 March.
PAIRS = {
    (USD, GBP): ((3, 4), (4, 5)),
    (EUR, GBP): ((6, 7), (7, 8)),
    (USD, EUR): ((9, 10), None),
}
CURRENCIES = pd.DataFrame(
    [
        (pd.Timestamp(day), *pair, *ratio)
        for pair, ratios in PAIRS.items()
        for day, ratio in zip(DAYS, ratios, strict=True)
        if ratio
    ],
    columns=["day", "from_id", "to_id", "numerator", "denominator"],
)
TARIFFS = [
    {"tariff_id": 1, "currency_id": EUR, "parent_id": 2, "rounding_digits": 4},
    {"tariff_id": 2, "currency_id": USD, "rounding_digits": 6},
]
RATES = [
    rate(1, "0.10", category="landline", initial=1, increment=1),
    rate(2, "0.10", category="mobile", initial=1, increment=1, tariff_id=2),
]


def rated(rows, partners=(), **options):
    """Rate calls of customers who may have a currency."""
    partners = [{"partner_id": id_, "currency_id": to} for id_, to in partners]
    rate_book = book(
        RATES, TARIFFS, currencies=CURRENCIES, partners=partners, **options
    )
    return rate_calls(calls_table(rows), rate_book)


CASES = [
    # currency of the customer, category, day, currency of the price, price, conversion
    # 10 s at 0.10 a minute are 0.016666...; at 6/7 0.0142857.
    (0, "landline", DAYS[0], EUR, 16_700, ""),
    (EUR, "landline", DAYS[0], EUR, 16_700, ""),
    (GBP, "landline", DAYS[0], GBP, 14_300, "6/7"),
    (GBP, "landline", DAYS[1], GBP, 14_600, "7/8"),
    # The rate of the parent: without an own currency into the tariff's, by its digits.
    (0, "mobile", DAYS[0], EUR, 15_000, "9/10"),
    # Not by way of the euro: 0.0125, and not 0.9 times 6/7 of it, 0.012857.
    (GBP, "mobile", DAYS[0], GBP, 12_500, "3/4"),
    (GBP, "mobile", DAYS[1], GBP, 13_333, "4/5"),
    (USD, "mobile", DAYS[1], USD, 16_667, ""),
]


@pytest.mark.parametrize(
    ("own", "category", "day", "currency", "price", "conversion"), CASES
)
def test_prices_are_converted_once_into_the_customers_currency(
    own, category, day, currency, price, conversion
):
    row = {"duration": 10, "category": category, "start_at": f"{day} 10:00"}
    result = rated([row], [(1, own)])
    names = ["currency_id", "price_micro", "conversion", "state"]
    assert result[names].values.tolist() == [[currency, price, conversion, "rated"]]


def test_each_customer_has_its_own():
    rows = [{"partner_id": id_, "duration": 60} for id_ in (1, 2, 3)]
    result = rated(rows, [(3, GBP), (1, USD)], assignments=None)
    assert result["currency_id"].tolist() == [USD, EUR, GBP]
    # Nobody has set a rate from euros to dollars.
    assert result["state"].tolist() == ["unrated", "rated", "rated"]
    assert result["reason"].tolist() == ["no_currency_rate", "", ""]


def test_the_day_is_the_local_one():
    """23:30 UTC of the 10th is the 11th in Madrid."""
    row = {"duration": 60, "start_at": "2026-03-10 23:30"}
    assert rated([row], [(1, GBP)])["conversion"].tolist() == ["7/8"]


def test_a_currency_that_is_asked_for_comes_first():
    result = rated([{"duration": 60, "currency_id": EUR}], [(1, GBP)])
    assert result["currency_id"].tolist() == [EUR]


def test_costs_stay_in_the_currency_of_the_carriers_tariff():
    rate_book = book(
        RATES,
        TARIFFS,
        currencies=CURRENCIES,
        partners=[{"partner_id": 1, "currency_id": GBP}],
    )
    calls = calls_table([{"category": "mobile", "duration": 60}])
    cost = rate_cost(calls, rate_book, 2, EUR)
    assert cost["cost_currency_id"].tolist() == [USD]
    assert cost["cost_nano"].tolist() == [100_000_000]

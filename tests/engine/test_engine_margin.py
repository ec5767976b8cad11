# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Margins in the company's currency, and the ratio that a price was converted with."""

import pandas as pd
import pytest
from engine.bundles.allowances import Bundles
from engine.match import DestinationTable, NumberTable
from engine.periods import EVER, NEVER
from engine.pipeline import (
    CarrierTerms,
    RatingTables,
    deal_out,
    match_calls,
    price_calls,
)
from engine.pricing.rating import rate_calls
from engine_samples import (
    ALLOWANCE,
    EUR,
    NO_PREFIXES,
    SUBSCRIPTION,
    USD,
    book,
    calls_table,
    facts_table,
    rate,
    table,
)

GBP = 3
DAY = "2026-03-10"
CURRENCIES = pd.DataFrame(
    [(USD, EUR, 9, 10), (EUR, USD, 10, 9), (USD, GBP, 3, 4), (GBP, EUR, 7, 6)],
    columns=["from_id", "to_id", "numerator", "denominator"],
).assign(day=pd.to_datetime([DAY] * 4))
NUMBERS = pd.DataFrame(
    {
        "number_id": [1],
        "identifier": ["+34600000001"],
        "carrier_id": [0],
        "partner_id": [1],
        "start": [EVER],
        "end": [NEVER],
    }
)


def priced(company, carrier, tariff, **facts):
    """Match and price a call of 60 s at 1 a minute; give the row."""
    rate_book = book([rate(1, "1")], [{"currency_id": tariff}], currencies=CURRENCIES)
    terms = CarrierTerms(NumberTable.build(NUMBERS, 9), 0, carrier)
    tables = RatingTables(
        carriers={9: terms},
        destinations=DestinationTable.build(NO_PREFIXES),
        book=rate_book,
        bundles=Bundles.build(table([], SUBSCRIPTION), table([], ALLOWANCE)),
        country_code="34",
        time_zone="Europe/Madrid",
        fallback=lambda digits: ["other"] * len(digits),
        currency_id=company,
    )
    amount = facts.pop("amount", 400_000_001)
    given = facts_table([facts]).assign(
        carrier_amount_nano=pd.array([amount], dtype="Int64"), identity="a"
    )
    matched = match_calls(given, 9, tables)
    return price_calls(matched, 9, tables).iloc[0], matched, tables


MARGINS = [
    # company, carrier, tariff, margin in nano of the company's currency
    (EUR, EUR, EUR, 599_999_999),
    (EUR, EUR, USD, 900_000_000 - 400_000_001),
    # Cost 0.400000001 USD = 0.3600000009 EUR; 0.6399999991 rounds to nano.
    (EUR, USD, EUR, 639_999_999),
    (EUR, USD, USD, 539_999_999),
    # No ratio from pounds to dollars.
    (USD, GBP, USD, None),
    (EUR, GBP, USD, 433_333_332),
]


@pytest.mark.parametrize(("company", "carrier", "tariff", "expected"), MARGINS)
def test_margins_by_the_ratios_of_the_day(company, carrier, tariff, expected):
    row, *_ = priced(company, carrier, tariff)
    margin = row["margin_nano"]
    assert (None if pd.isna(margin) else margin) == expected


def test_a_margin_without_cost_or_ratio_of_the_day_is_missing():
    assert pd.isna(priced(EUR, EUR, EUR, amount=None)[0]["margin_nano"])
    other_day = {"start_at": "2026-03-12 10:00:00"}
    assert pd.isna(priced(EUR, USD, EUR, **other_day)[0]["margin_nano"])
    assert priced(EUR, EUR, EUR, **other_day)[0]["margin_nano"] == 599_999_999


def test_carrier_and_currency_of_its_amounts_are_known_to_all_steps():
    row, matched, tables = priced(EUR, USD, EUR)
    assert (row["carrier_id"], row["carrier_currency_id"]) == (9, USD)
    costed = matched.assign(cost_nano=row["cost_nano"], cost_currency_id=USD)
    dealt, draws = deal_out(costed, tables, None, None)
    assert dealt["margin_nano"].tolist() == [row["margin_nano"]]
    assert len(draws) == 0


def test_the_ratio_that_was_used_is_kept():
    rate_book = book([rate(1, "1")], [{"currency_id": USD}], currencies=CURRENCIES)
    wanted = [0, USD, EUR, GBP, 4]
    calls = calls_table([{"currency_id": one} for one in wanted])
    result = rate_calls(calls, rate_book)
    assert result["conversion"].tolist() == ["", "", "9/10", "3/4", ""]
    assert result["price_micro"].tolist() == [10**6, 10**6, 900_000, 750_000, pd.NA]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The table of sums that the fraud watch works on, read in one query."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pandas as pd
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from odoo import api, models

from . import fraud_sql

MILLION = 1_000_000
COLUMNS = (
    "customer",
    "hour",
    "category",
    "destination",
    "country",
    "digits",
    "currency",
    "calls",
    "seconds",
    "amount",
)
TEXTS = ("category", "digits")


def load_sums(
    env: api.Environment, company: models.BaseModel, asked: fraud_sql.Asked
) -> pd.DataFrame:
    """Sums of calls, as the package `watch` wants them."""
    columns = [*COLUMNS, *(f"short_{seconds}" for seconds in asked.short)]
    rows = env.execute_query(fraud_sql.sums(asked))
    table = pd.DataFrame(rows, columns=columns)
    numbers = [name for name in columns if name not in ("hour", *TEXTS)]
    table = table.astype({"hour": "datetime64[s]", **dict.fromkeys(numbers, "int64")})
    by_digits = table["digits"].map(_countries(env, table["digits"])).fillna(0)
    known = table["country"] > 0
    table["country"] = table["country"].where(known, by_digits).astype("int64")
    table["amount"] = _in_company_currency(env, company, table, asked)
    return table.drop(columns=["digits", "currency"])


def _countries(env: api.Environment, digits: pd.Series) -> dict[str, int]:
    """Countries (ids, 0: unknown) that numbers begin with, by their first digits."""
    texts = [text for text in digits.unique() if text]
    codes = _country_codes(env) if texts else {}
    return {text: _longest(text, codes) for text in texts}


def _country_codes(env: api.Environment) -> dict[str, int]:
    """Country codes, as digits, with the country that gave most of the numbers."""
    # pylint: disable-next=no-search-all
    countries = env["res.country"].sudo().search([])
    by_region = {country.code: country.id for country in countries}
    # Those of North America are told by more digits than their common code.
    codes = {str(c.phone_code): c.id for c in countries if c.phone_code}
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        codes[str(code)] = by_region.get(regions[0], codes.get(str(code), 0))
    return codes


def _longest(digits: str, codes: Mapping[str, int]) -> int:
    """The country of the longest code that digits begin with."""
    starts = (digits[:length] for length in range(len(digits), 0, -1))
    return next((codes[start] for start in starts if start in codes), 0)


def _in_company_currency(
    env: api.Environment,
    company: models.BaseModel,
    table: pd.DataFrame,
    asked: fraud_sql.Asked,
) -> pd.Series:
    """Millionths of the company's currency, at the rate of today."""
    amounts = table["amount"].copy()
    for currency_id in table["currency"].unique():
        currency = env["res.currency"].browse(int(currency_id))
        if currency and currency != company.currency_id:
            rate = env["res.currency"]._get_conversion_rate(
                currency, company.currency_id, company, asked.now.date()
            )
            some = table["currency"] == currency_id
            amounts[some] = [_times(amount, rate) for amount in amounts[some]]
    return amounts


def _times(amount: int, rate: float) -> int:
    """Whole millionths at a currency rate."""
    return round(int(amount) * Fraction(str(rate)))


def to_millionths(amount: float) -> int:
    """Money as the ORM has it, exactly."""
    return int((Decimal(str(amount)) * MILLION).to_integral_value(ROUND_HALF_EVEN))

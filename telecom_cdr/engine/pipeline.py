# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The way of a batch of calls through the engine, and back."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .allowances import Bundles
from .book import RateBook
from .match import (
    DestinationTable,
    NumberTable,
    match_destinations,
    match_numbers,
)
from .money import MICRO
from .periods import local_days
from .rating import rate_bundled, rate_calls, rate_cost


@dataclass(frozen=True)
class CarrierTerms:
    """What a carrier's own calls are matched and costed with.

    :ivar numbers: the numbers that a file of this carrier can name
    :ivar cost_tariff_id: 0 where the file's amount is the cost
    :ivar currency_id: of the amounts in its files
    """

    numbers: NumberTable
    cost_tariff_id: int
    currency_id: int


@dataclass(frozen=True)
class RatingTables:
    """All that matching and pricing a company's calls needs, loaded once.

    :ivar carriers: by carrier id
    :ivar country_code: calling code of the company's country, "34"
    :ivar time_zone: billing time zone of the company, an IANA name
    :ivar fallback: categories of numbers that no prefix of ours names
    :ivar currency_id: of the company, margins are in it
    """

    carriers: dict[int, CarrierTerms]
    destinations: DestinationTable
    book: RateBook
    bundles: Bundles
    country_code: str
    time_zone: str
    fallback: Callable[[list[str]], list[str]]
    currency_id: int


def match_calls(
    facts: pd.DataFrame, carrier_id: int, tables: RatingTables
) -> pd.DataFrame:
    """Facts of one carrier, joined with day, number, customer and destination.

    Adds day, number_id, partner_id, side, match_key, destination_id, prefix
    and category; the index stays.
    """
    terms = tables.carriers[carrier_id]
    numbers = match_numbers(facts, terms.numbers)
    destinations = match_destinations(
        facts, tables.destinations, tables.country_code, tables.fallback
    )
    day = local_days(facts["start_at"], tables.time_zone).rename("day")
    return pd.concat([facts, day, numbers, destinations], axis=1)


def price_calls(
    calls: pd.DataFrame, carrier_id: int, tables: RatingTables
) -> pd.DataFrame:
    """Matched calls of one carrier, joined with cost, price and margin.

    Adds the columns of rate_cost and rate_calls and margin_nano (Int64, in the
    company's currency, missing where price or cost is, or where one of them is
    in another currency). Allowances are left to :func:`deal_out`.
    """
    cost = _cost(calls, carrier_id, tables)
    calls = calls.assign(**cost)
    prices = rate_calls(calls, tables.book)
    return _with_margin(pd.concat([calls, prices], axis=1), tables)


def deal_out(
    calls: pd.DataFrame, tables: RatingTables, used: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Matched and costed calls of one customer and month, with allowances.

    :param calls: all calls of the month that are not invoiced, with identity,
        cost_nano and cost_currency_id
    :param used: draws of the invoiced calls, they stand
    :return: calls joined with prices, covered quantities and margin; the draws
    """
    prices, draws = rate_bundled(calls, tables.book, tables.bundles, used)
    return _with_margin(pd.concat([calls, prices], axis=1), tables), draws


def _cost(calls, carrier_id, tables):
    terms = tables.carriers[carrier_id]
    cost = rate_cost(calls, tables.book, terms.cost_tariff_id, terms.currency_id)
    return {name: cost[name] for name in cost.columns}


def _with_margin(calls: pd.DataFrame, tables: RatingTables) -> pd.DataFrame:
    known = (
        calls["price_micro"].notna()
        & calls["cost_nano"].notna()
        & (calls["currency_id"] == tables.currency_id)
        & (calls["cost_currency_id"] == tables.currency_id)
    ).to_numpy(dtype=bool)
    price = calls["price_micro"].fillna(0).to_numpy(dtype=np.int64)
    cost = calls["cost_nano"].fillna(0).to_numpy(dtype=np.int64)
    margin = pd.array(price * MICRO - cost, dtype="Int64")
    margin[~known] = pd.NA
    return calls.assign(margin_nano=margin)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The way of a batch of calls through the engine, and back."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .bundles.allowances import Bundles
from .exact import Fractions, plus, product
from .extra import with_extra
from .match import (
    DestinationTable,
    NumberTable,
    match_destinations,
    match_numbers,
)
from .money import MICRO, fits_int64, round_ratio
from .periods import local_days
from .pricing.conversion import ratios
from .pricing.outcome import nullable
from .pricing.rating import rate_bundled, rate_calls, rate_cost
from .rates.book import RateBook
from .tables import amounts, integers


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

    Adds day, number_id, partner_id, side, match_key, destination_id, prefix,
    category, carrier_id and carrier_currency_id, and of the facts in `extra` those that
    prices here depend on; the index stays.
    """
    terms = tables.carriers[carrier_id]
    numbers = match_numbers(facts, terms.numbers)
    destinations = match_destinations(
        facts, tables.destinations, tables.country_code, tables.fallback
    )
    day = local_days(facts["start_at"], tables.time_zone).rename("day")
    matched = pd.concat([facts, day, numbers, destinations], axis=1)
    matched = with_extra(matched, tables.book.needs_extra)
    return _of_carrier(matched, carrier_id, tables)


def _of_carrier(
    calls: pd.DataFrame, carrier_id: int, tables: RatingTables
) -> pd.DataFrame:
    currency_id = tables.carriers[carrier_id].currency_id
    return calls.assign(carrier_id=carrier_id, carrier_currency_id=currency_id)


def price_calls(
    calls: pd.DataFrame, carrier_id: int, tables: RatingTables
) -> pd.DataFrame:
    """Matched calls of one carrier, joined with cost, price and margin.

    Adds the columns of rate_cost and rate_calls and margin_nano (Int64, in the
    company's currency at the ratios of the call's day, missing where price, cost or
    a ratio is). Allowances are left to :func:`deal_out`.
    """
    calls = _of_carrier(calls, carrier_id, tables)
    cost = _cost(calls, carrier_id, tables)
    calls = calls.assign(**cost)
    prices = rate_calls(calls, tables.book)
    return _with_margin(pd.concat([calls, prices], axis=1), tables)


def deal_out(
    calls: pd.DataFrame,
    tables: RatingTables,
    used: pd.DataFrame | None,
    tiered: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Matched and costed calls of one customer and period, with allowances and tiers.

    :param calls: all calls of the month that are not invoiced, with identity,
        cost_nano and cost_currency_id
    :param used: draws of the invoiced calls, they stand
    :param tiered: what these count for in tiers of the month, as
        :func:`engine.rating.tier_totals` gives it
    :return: calls joined with prices, covered quantities and margin; the draws
    """
    prices, draws = rate_bundled(calls, tables.book, tables.bundles, used, tiered)
    return _with_margin(pd.concat([calls, prices], axis=1), tables), draws


def _cost(calls, carrier_id, tables):
    terms = tables.carriers[carrier_id]
    cost = rate_cost(calls, tables.book, terms.cost_tariff_id, terms.currency_id)
    return {name: cost[name] for name in cost.columns}


def _with_margin(calls: pd.DataFrame, tables: RatingTables) -> pd.DataFrame:
    price, has_price = _in_company_currency(calls, "price_micro", MICRO, tables)
    cost, has_cost = _in_company_currency(calls, "cost_nano", 1, tables)
    exact = plus(price, Fractions(-cost.top, cost.bottom))
    rounded = round_ratio(*exact, "half_up")
    known = has_price & has_cost & fits_int64(rounded)
    margin = nullable(np.where(known, rounded, 0).astype(np.int64), known, calls.index)
    return calls.assign(margin_nano=margin)


def _in_company_currency(
    calls: pd.DataFrame, name: str, scale: int, tables: RatingTables
) -> tuple[Fractions, np.ndarray]:
    """An amount in nano of the company's currency, and where it is known."""
    values, known = amounts(calls, name)
    currency = "currency_id" if name == "price_micro" else "cost_currency_id"
    own = integers(calls, currency, missing=0)
    wanted = np.full(len(calls), tables.currency_id, dtype=np.int64)
    ratio = ratios(calls, tables.book.currencies, own, wanted)
    nano = product(values, np.full(len(values), scale), ratio.top)
    return Fractions(nano, ratio.bottom), known & ratio.known

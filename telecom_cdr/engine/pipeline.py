# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The way of a batch of calls through the engine, and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .bundles.allowances import Bundles
from .exact import Fractions, plus, product
from .extra import with_extra
from .identifiers import USUAL_SEARCH, Search
from .ignored import IgnoreRule, leave_out
from .masking import Choices
from .match import (
    DestinationTable,
    NumberTable,
    match_destinations,
    match_numbers,
)
from .money import MICRO, fits_int64, round_ratio
from .periods import epoch_seconds, local_days
from .pricing.conversion import ratios
from .pricing.month import counts_months
from .pricing.outcome import no_texts, nullable
from .pricing.rating import rate_bundled, rate_calls, rate_cost
from .rates.book import RateBook
from .tables import amounts, integers
from .untaxed import TaxIncluded, without_tax

# What the cost of a stored call is now, beside the facts of the call.
STORED_COST = (
    "stored_cost_nano",
    "stored_cost_currency_id",
    "stored_cost_rate_id",
    "stored_cost_tier_parts",
)


@dataclass(frozen=True)
class CarrierTerms:
    """What a carrier's own calls are matched and costed with.

    :ivar numbers: the numbers that a file of this carrier can name
    :ivar cost_tariff_id: 0 where the file's amount is the cost
    :ivar currency_id: of the amounts in its files
    :ivar earlier: cost tariffs before, in order: until when (epoch seconds, not
        included), and which (0: none)
    """

    numbers: NumberTable
    cost_tariff_id: int
    currency_id: int
    earlier: tuple[tuple[int, int], ...] = ()

    @property
    def cost_tariffs(self) -> set[int]:
        """All that its calls are costed with."""
        return {self.cost_tariff_id, *(one for _until, one in self.earlier)} - {0}

    def cost_tariffs_of(self, calls: pd.DataFrame) -> int | np.ndarray:
        """The cost tariff of each call by its start; one number where it was one."""
        if not self.earlier:
            return self.cost_tariff_id
        until, tariffs = np.array(self.earlier, dtype=np.int64).T
        place = np.searchsorted(until, epoch_seconds(calls["start_at"]), "right")
        return np.append(tariffs, self.cost_tariff_id)[place]


@dataclass(frozen=True)
class RatingTables:
    """All that matching and pricing a company's calls needs, loaded once.

    :ivar carriers: by carrier id
    :ivar country_code: calling code of the company's country, "34"
    :ivar time_zone: billing time zone of the company, an IANA name
    :ivar fallback: categories of numbers that no prefix of ours names
    :ivar currency_id: of the company, margins are in it
    :ivar ignored: which calls are left out instead of waiting
    :ivar searches: by source id, how it finds the customer where not as usual
    :ivar taxed: prices that hold the tax: it is no part of the margin
    :ivar masking: who hides digits of called numbers, and when; None: nobody
    """

    carriers: dict[int, CarrierTerms]
    destinations: DestinationTable
    book: RateBook
    bundles: Bundles
    country_code: str
    time_zone: str
    fallback: Callable[[list[str]], list[str]]
    currency_id: int
    ignored: tuple[IgnoreRule, ...] = ()
    searches: Mapping[int, Search] = field(default_factory=dict)
    taxed: TaxIncluded = field(default_factory=TaxIncluded)
    masking: Choices | None = None


def match_calls(
    facts: pd.DataFrame, carrier_id: int, tables: RatingTables
) -> pd.DataFrame:
    """Facts of one carrier, joined with day, number, customer and destination.

    Where sources have a search of their own, it goes by the column source_id.

    Adds day, number_id, partner_id, side, match_key, destination_id, prefix,
    category, carrier_id and carrier_currency_id, and of the facts in `extra` those that
    prices here depend on; the index stays.
    """
    terms = tables.carriers[carrier_id]
    numbers = paying_numbers(facts, terms.numbers, tables.searches)
    destinations = match_destinations(
        facts, tables.destinations, tables.country_code, tables.fallback
    )
    day = local_days(facts["start_at"], tables.time_zone).rename("day")
    matched = pd.concat([facts, day, numbers, destinations], axis=1)
    matched = with_extra(matched, tables.book.needs_extra)
    return _of_carrier(matched, carrier_id, tables)


def paying_numbers(
    facts: pd.DataFrame, numbers: NumberTable, searches: Mapping[int, Search]
) -> pd.DataFrame:
    """Numbers and customers, as the source of each call finds them."""
    if not searches or "source_id" not in facts or facts.empty:
        return match_numbers(facts, numbers)
    sources = integers(facts, "source_id", missing=0)
    parts = [
        match_numbers(group, numbers, searches.get(int(source), USUAL_SEARCH))
        for source, group in facts.groupby(sources, sort=True)
    ]
    return parts[0] if len(parts) == 1 else pd.concat(parts).loc[facts.index]


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
    company's currency at the ratios of the call's day, without the tax that a price
    holds, missing where price, cost or a ratio is). Allowances are left to
    :func:`deal_out`.

    A cost that depends on the month of the carrier is the stored one where the calls
    have it (STORED_COST), else that of the only call of a month:
    :func:`cost_of_month` knows better.
    """
    calls = _of_carrier(calls, carrier_id, tables)
    cost = _cost(calls, carrier_id, tables)
    calls = calls.assign(**cost)
    prices = rate_calls(calls, tables.book)
    priced = _with_margin(pd.concat([calls, prices], axis=1), tables)
    return leave_out(priced, tables.ignored)


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
    priced = _with_margin(pd.concat([calls, prices], axis=1), tables)
    return leave_out(priced, tables.ignored), draws


def counts_costs(tables: RatingTables, carrier_id: int | None = None) -> bool:
    """Whether what a carrier (or any) asks for a call depends on its month."""
    wanted = tables.carriers if carrier_id is None else [carrier_id]
    tariffs = set().union(*(tables.carriers[one].cost_tariffs for one in wanted))
    return any(counts_months(tables.book, one) for one in tariffs)


def cost_of_month(
    calls: pd.DataFrame,
    carrier_id: int,
    tables: RatingTables,
    tiered: pd.DataFrame | None,
) -> pd.DataFrame:
    """Matched calls of one carrier, costed where they stand in its month.

    :param tiered: what its other calls count for, see
        :func:`engine.pricing.rating.rate_cost`; None: these calls are the only ones
    """
    calls = _of_carrier(calls, carrier_id, tables)
    return calls.assign(**_new_cost(calls, carrier_id, tables, tiered))


def _cost(calls, carrier_id, tables):
    """Where the month counts, the stored cost stands until its pass is run."""
    if STORED_COST[0] in calls and counts_costs(tables, carrier_id):
        return {name.removeprefix("stored_"): calls[name] for name in STORED_COST}
    return _new_cost(calls, carrier_id, tables)


def _new_cost(calls, carrier_id, tables, tiered=None):
    terms = tables.carriers[carrier_id]
    own = (terms.cost_tariffs_of(calls), terms.currency_id)
    cost = rate_cost(calls, tables.book, *own, tiered)
    found = {"cost_tier_parts": no_texts(calls.index)}
    return found | {name: cost[name] for name in cost.columns}


def _with_margin(calls: pd.DataFrame, tables: RatingTables) -> pd.DataFrame:
    price, has_price = _in_company_currency(calls, "price_micro", MICRO, tables)
    price = without_tax(price, calls, tables.taxed)
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

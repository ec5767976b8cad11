# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices of whole tables of calls: what is billed, what it costs, in which state."""

import numpy as np
import pandas as pd

from ..bundles.allowances import Bundles, Paid, pay_with_money
from ..bundles.exchange import Exchange, with_conversions
from ..codes import MILLION
from ..money import INT64_MAX, MICRO, MODES, to_micro
from ..rates.book import RateBook
from ..rates.choice import select_rates
from ..tables import Array, Table, amounts
from .asked import Asked
from .conversion import currencies_of, own_currencies
from .covering import costing, covered, judged
from .month import (
    Month,
    alone,
    carriers_of,
    customers_of,
    in_month,
    month_totals,
)
from .outcome import Priced, nullable, results
from .prices import exact_amounts, price_calls
from .usage import Usage, billed_seconds

__all__ = [
    "billed_seconds", "cost_totals", "rate_bundled", "rate_calls", "rate_cost",
    "tier_totals",
]  # fmt: skip


def rate_calls(calls: Table, book: RateBook) -> Table:
    """Price whole calls for their customers, without bundles.

    Reads service, direction, start_at, duration, volume, number_id, partner_id,
    match_key, category; day where currencies differ; cost_nano and cost_currency_id
    for mark-ups; currency_id, the currency wanted (0 or absent: the tariff's); what
    `select_rates` reads by the book's assignments and patterns; what formulas name
    (carrier_amount_nano with carrier_currency_id, price_per_unit_nano, discount_ppm,
    total_hours_nano).  At a rate with tiers of the month each call is priced as if it
    were the only one: `rate_bundled` knows better.

    Gives tariff_id, rate_id, currency_id (int64, 0 none), billed_duration (s, int64),
    price_micro (Int64, NA unless rated), is_allowed (bool), state and reason
    (categorical: STATES, REASONS), conversion (categorical text "numerator/denominator"
    from the tariff's to the price's currency, "" where none), tier_from (int64: units
    of the month before the call; the month's total where all units go by it; else 0),
    tier_parts (categorical text, see `month.Month`).
    """
    asked = Asked.of(calls, book, select_rates(calls, book), Usage.of(calls))
    month = alone(asked)
    if month is not None:
        asked = asked.standing(month.done)
    return results(calls, book, asked.choice, judged(asked), month)


def rate_cost(
    calls: Table,
    book: RateBook,
    tariff_id: int | Array,
    currency_id: int,
    tiered: Table | None = None,
) -> Table:
    """Give what the carrier charges: by its tariff, else the amount of the file.

    Reads the columns of `rate_calls` and carrier_amount_nano (nullable), an amount in
    `currency_id`, the carrier's.  Whose call it is does not matter, but for tiers that
    count by number.  Gives cost_nano (Int64), cost_currency_id and cost_rate_id (int64,
    0: as the file said); and cost_tier_parts (categorical text, as in `month.Month`)
    where a rate has tiers of the month.

    tariff_id: of all calls, or of each one (int64); 0: the file says what it costs.
    tiered: at a rate with tiers of the month, what the calls before have counted for
    (rate_id, owner_id, period_start, quantity: see `cost_totals`); identity, day and
    carrier_id are read then.  None: each call is the only one of its month.
    """
    amount, known = amounts(calls, "carrier_amount_nano")
    columns = {
        "cost_nano": nullable(amount, known, calls.index),
        "cost_currency_id": np.full(len(calls), currency_id, dtype=np.int64),
        "cost_rate_id": np.zeros(len(calls), dtype=np.int64),
    }
    said = pd.DataFrame(columns, index=calls.index)
    if not np.any(tariff_id):
        return said
    return cost_by_tariff(calls, book, tariff_id, said, tiered)


def cost_by_tariff(
    calls: Table,
    book: RateBook,
    tariff_id: int | Array,
    said: Table,
    tiered: Table | None,
) -> Table:
    """Rate costs by a tariff; what the file said stays where it gives no price."""
    nobody = {"currency_id": 0, "partner_id": 0, "number_id": 0}
    nobody["carrier_currency_id"] = said["cost_currency_id"]
    of_nobody = calls.assign(**said, **nobody)
    choice = select_rates(of_nobody, book, tariff_id)
    asked = Asked.of(of_nobody, book, choice, Usage.of(of_nobody))
    priced, month = cost_in_month(calls, asked, tiered)
    rated = (priced.reason == 0) & (np.abs(priced.micro) <= INT64_MAX // MICRO)
    columns = {
        "cost_nano": nullable(priced.micro * rated * MICRO, rated, calls.index),
        "cost_currency_id": own_currencies(book, choice),
        "cost_rate_id": book.rates.ids[choice.rate],
    }
    found = said.assign(**{n: said[n].where(~rated, v) for n, v in columns.items()})
    if month is None:
        return found
    return found.assign(cost_tier_parts=month.parts.where(rated, ""))


def cost_in_month(
    calls: Table, asked: Asked, tiered: Table | None
) -> tuple[Priced, Month | None]:
    """Price costs, each where its call stands in the month of its carrier."""
    if tiered is None:
        month = alone(asked)
    else:
        has_price = price_calls(asked).reason == 0
        month = in_month(asked, has_price, carriers_of(calls), tiered)
    return price_calls(asked if month is None else asked.standing(month.done)), month


def rate_bundled(
    calls: Table,
    book: RateBook,
    bundles: Bundles,
    used: Table | None = None,
    tiered: Table | None = None,
) -> tuple[Table, Table]:
    """Price calls after bundles took what they cover; give the result and the draws.

    Give all calls of the customers and periods at hand that are not invoiced; `used`
    holds the draws of those that are (subscription_id, allowance_id, number_id,
    period_start, quantity), `tiered` what they counted for in tiers of the month
    (rate_id, owner_id, period_start, quantity: see `tier_totals`).  Reads the columns
    of `rate_calls`, day and identity.  The result has the columns of `rate_calls` and
    bundle_duration (s), bundle_volume (bytes) and bundle_micro (int64), what bundles
    cover, rest_discount_ppm and paid_discount_ppm, what they give off what they leave.
    The order of rows does not matter.  Draws: see `allowances.DRAW_COLUMNS`, and
    conversion, the ratio (text) from the allowance's currency to the price's that money
    was counted by.  A call for which there is money in another currency has no price
    (reason "no_currency_rate") where its day has no such ratio, and takes nothing.
    """
    usage = Usage.of(calls)
    asked = Asked.of(calls, book, select_rates(calls, book), usage)
    currencies = currencies_of(calls, book, asked.choice)
    given = (currencies, bundles, book.currencies)
    asked, priced, month, cover = covered(asked, given, used, tiered)
    due = np.where(costing(priced), priced.micro, 0)
    paid = pay_with_money(calls, due, currencies, bundles, used, book.currencies)
    if month is not None:
        asked = asked.standing(month.done)
        month = month._replace(tier_from=month.tier_from * asked.has_tier())
    table = results(calls, book, asked.choice, less(asked, priced, paid), month)
    table = table.assign(
        bundle_duration=usage.duration - cover.duration,
        bundle_volume=usage.volume - cover.volume,
        bundle_micro=paid.micro,
        rest_discount_ppm=cover.discount_ppm,
        paid_discount_ppm=paid.discount_ppm,
    )
    draws = pd.concat([cover.draws, paid.draws], ignore_index=True)
    exchange = Exchange.of(calls, *given)
    return table, with_conversions(draws, calls, bundles, exchange)


def less(asked: Asked, priced: Priced, paid: Paid) -> Priced:
    """Take off what allowances of money pay, and what they give off the rest."""
    left = priced.micro - paid.micro
    rows = np.flatnonzero(paid.discount_ppm)
    if not rows.size:
        return priced._replace(micro=left)
    tariff = asked.book.rates.tariffs[asked.choice.rate[rows]]
    tariffs, off = asked.book.tariffs, MILLION - paid.discount_ppm[rows]
    # Of the exact price, which is rounded once: it is only here that it ends.
    top, bottom = exact_amounts(asked.take(rows))
    rest = np.maximum(top - paid.micro[rows].astype(object) * MICRO * bottom, 0) * off
    for mode in np.unique(tariffs.modes[tariff]):
        place = np.flatnonzero(tariffs.modes[tariff] == mode)
        ratio = (rest[place], bottom[place] * MILLION)
        digits = tariffs.digits[tariff[place]]
        left[rows[place]] = to_micro(*ratio, digits, MODES[mode])[0]
    return priced._replace(micro=left)


def tier_totals(calls: Table, book: RateBook) -> Table:
    """Sum what priced calls count for in tiers of the month, as `tiered` is to be.

    For calls that are invoiced: what they counted for is stored with them, and stands
    whatever became of the rates since.  Reads tier_parts, partner_id, number_id, day.
    Gives rate_id, owner_id, period_start, quantity.
    """
    return month_totals(calls, book, customers_of(calls, book))


def cost_totals(calls: Table, book: RateBook) -> Table:
    """Do the same for costs: reads cost_tier_parts, carrier_id, number_id, day."""
    return month_totals(calls, book, carriers_of(calls), "cost_tier_parts")

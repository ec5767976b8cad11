# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices of whole tables of calls: what is billed, what it costs, in which state."""

import numpy as np
import pandas as pd

from ..bundles.allowances import Bundles, Cover, Paid, allocate, pay_with_money
from ..codes import MILLION
from ..exact import product
from ..money import INT64_MAX, MICRO, MODES, to_micro
from ..rates.book import RateBook
from ..rates.choice import Choice, select_rates
from ..tables import Array, Table, amounts, flags, integers, positions
from .asked import Asked, Deal
from .conversion import currencies_of, own_currencies
from .month import Month, alone, in_month, month_rates, month_totals
from .outcome import Priced, nullable, reason_code, results
from .prices import price_calls
from .usage import Usage, billed_seconds

__all__ = ["billed_seconds", "rate_bundled", "rate_calls", "rate_cost", "tier_totals"]


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
    of the month before the call; the month's total where all units go by it; else 0).
    """
    asked = Asked.of(calls, book, select_rates(calls, book), Usage.of(calls))
    month = alone(asked)
    if month is not None:
        asked = asked._replace(done=month.done)
    tier_from = None if month is None else month.tier_from
    return results(calls, book, asked.choice, judged(asked), tier_from)


def rate_cost(calls: Table, book: RateBook, tariff_id: int, currency_id: int) -> Table:
    """Give what the carrier charges: by its tariff, else the amount of the file.

    Reads the columns of `rate_calls` and carrier_amount_nano (nullable), an amount in
    `currency_id`, the carrier's.  Whose call it is does not matter.  Gives cost_nano
    (Int64), cost_currency_id and cost_rate_id (int64, 0: as the file said).
    """
    amount, known = amounts(calls, "carrier_amount_nano")
    columns = {
        "cost_nano": nullable(amount, known, calls.index),
        "cost_currency_id": np.full(len(calls), currency_id, dtype=np.int64),
        "cost_rate_id": np.zeros(len(calls), dtype=np.int64),
    }
    said = pd.DataFrame(columns, index=calls.index)
    return cost_by_tariff(calls, book, tariff_id, said) if tariff_id else said


def cost_by_tariff(calls: Table, book: RateBook, tariff_id: int, said: Table) -> Table:
    """Rate costs by a tariff; what the file said stays where it gives no price."""
    nobody = {"currency_id": 0, "partner_id": 0, "number_id": 0}
    nobody["carrier_currency_id"] = said["cost_currency_id"]
    of_nobody = calls.assign(**said, **nobody)
    choice = select_rates(of_nobody, book, tariff_id)
    asked = Asked.of(of_nobody, book, choice, Usage.of(of_nobody))
    month = alone(asked)
    if month is not None:
        asked = asked._replace(done=month.done)
    priced = price_calls(asked)
    rated = (priced.reason == 0) & (np.abs(priced.micro) <= INT64_MAX // MICRO)
    columns = {
        "cost_nano": nullable(priced.micro * rated * MICRO, rated, calls.index),
        "cost_currency_id": own_currencies(book, choice),
        "cost_rate_id": book.rates.ids[choice.rate],
    }
    return said.assign(**{n: said[n].where(~rated, v) for n, v in columns.items()})


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
    The order of rows does not matter.  Draws: see `allowances.DRAW_COLUMNS`.
    """
    usage = Usage.of(calls)
    asked = Asked.of(calls, book, select_rates(calls, book), usage)
    priced = judged(asked)
    nothing = np.zeros(len(calls), dtype=bool)
    priced, _month = priced_again(asked, priced, (nothing, nothing), tiered)
    billable = (priced.reason == 0) & (priced.micro > 0)
    currencies = currencies_of(calls, book, asked.choice)
    cover = allocate(calls, billable, bundles, used, priced.micro, currencies)
    asked = asked.using(rest_of(usage, cover), Deal.of(cover))
    changed = cover.is_touched | (cover.discount_ppm > 0)
    priced, month = priced_again(asked, priced, (changed, cover.is_whole), tiered)
    due = np.where(billable, priced.micro, 0)
    paid = pay_with_money(calls, due, currencies, bundles, used)
    tier_from = None if month is None else month.tier_from * ~cover.is_whole
    table = results(calls, book, asked.choice, less(asked, priced, paid), tier_from)
    table = table.assign(
        bundle_duration=usage.duration - cover.duration,
        bundle_volume=usage.volume - cover.volume,
        bundle_micro=paid.micro,
        rest_discount_ppm=cover.discount_ppm,
        paid_discount_ppm=paid.discount_ppm,
    )
    return table, pd.concat([cover.draws, paid.draws], ignore_index=True)


def less(asked: Asked, priced: Priced, paid: Paid) -> Priced:
    """Take off what allowances of money pay, and what they give off the rest."""
    left = priced.micro - paid.micro
    rows = np.flatnonzero(paid.discount_ppm)
    if not rows.size:
        return priced._replace(micro=left)
    tariff = asked.book.rates.tariffs[asked.choice.rate[rows]]
    tariffs, off = asked.book.tariffs, MILLION - paid.discount_ppm[rows]
    rest = product(left[rows], np.full(len(rows), MICRO), off).astype(object)
    for mode in np.unique(tariffs.modes[tariff]):
        place = np.flatnonzero(tariffs.modes[tariff] == mode)
        digits = tariffs.digits[tariff[place]]
        left[rows[place]] = to_micro(rest[place], MILLION, digits, MODES[mode])[0]
    return priced._replace(micro=left)


def rest_of(usage: Usage, cover: Cover) -> Usage:
    """Give the usage of all calls, of those that bundles touched what is left."""
    rows = np.flatnonzero(cover.is_touched & ~cover.is_whole)
    return usage.replaced(rows, usage.left_by(cover, rows)) if rows.size else usage


def priced_again(
    asked: Asked,
    priced: Priced,
    marks: tuple[Array, Array],
    tiered: Table | None,
) -> tuple[Priced, Month | None]:
    """Price again what is not as it was, and what has tiers of the month.

    marks: calls that changed, and calls that bundles cover wholly (bools).
    """
    changed, covered = marks
    month = in_month(asked, priced, covered, tiered)
    if month is not None:
        asked = asked._replace(done=month.done)
        changed = changed | month_rates(asked.book)[asked.choice.rate]
    rows = np.flatnonzero(changed)
    if rows.size:
        priced = priced.replaced(rows, judged(asked.take(rows)))
    return priced, month


def judged(asked: Asked) -> Priced:
    """Price calls for customers: as `price_calls`, less those that nobody pays for."""
    priced = price_calls(asked)
    reason, choice = priced.reason, asked.choice
    reason[(choice.tariff >= 0) & ~choice.holds] = reason_code("excluded")
    ids = (integers(asked.calls, name) for name in ("number_id", "partner_id"))
    held = np.logical_and.reduce([column > 0 for column in ids])
    reason[~held] = reason_code("no_number")
    return priced


def tier_totals(calls: Table, book: RateBook) -> Table:
    """Sum what priced calls count for in tiers of the month, as `tiered` is to be.

    For calls that are invoiced: what they count for follows from their facts, the rate
    that priced them and what bundles covered.  Reads rate_id, day, what `rate_calls`
    does and, where given, bundle_duration, bundle_volume and is_covered (bool: wholly).
    Gives rate_id, owner_id, period_start, quantity.
    """
    usage = Usage.of(calls)
    taken = [integers(calls, f"bundle_{one}", 0) for one in ("duration", "volume")]
    left = usage._asdict()
    left |= {"duration": usage.duration - taken[0], "volume": usage.volume - taken[1]}
    order = np.argsort(book.rates.ids[:-1], kind="stable")
    place = positions(book.rates.ids[:-1][order], integers(calls, "rate_id", 0))
    row = np.where(place >= 0, np.append(order, -1)[place], -1)
    found = select_rates(calls, book)
    slot = np.where(found.rate == row, found.slot, book.index.any_slot[row])
    choice = Choice(book.rates.tariffs[row], row, slot, row >= 0)
    asked = Asked.of(calls, book, choice, Usage(**left))
    covered = (taken[0] > 0) & (left["duration"] == 0) | (taken[1] > 0) & (
        left["volume"] == 0
    )
    return month_totals(asked, ~(covered | flags(calls, "is_covered", missing=False)))

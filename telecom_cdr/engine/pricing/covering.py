# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which calls bundles cover, and what these and all others then cost."""

from dataclasses import dataclass

import numpy as np

from ..bundles.allowances import Bundles, Cover, allocate, lack_a_rate
from ..currencies import CurrencyTable
from ..tables import Array, Table, integers
from .asked import Asked, Deal
from .month import (
    WHOLE,
    Month,
    Shares,
    customers_of,
    done_before,
    in_month,
    month_rates,
    shares_of,
)
from .outcome import Priced, reason_code
from .prices import price_calls
from .usage import Usage

# Turns after which a call stays billable: months seldom need more than three.
PATIENCE = 32


def covered(
    asked: Asked,
    given: tuple[Array, Bundles, CurrencyTable],
    used: Table | None,
    tiered: Table | None,
) -> tuple[Asked, Priced, Month | None, Cover]:
    """Let bundles cover the calls that cost something; price what they leave.

    given: currencies of the prices, bundles, currency rates.  Gives what is asked for
    behind the bundles, its prices, where it stands in its month, and the cover.  What
    a bundle covers counts for no tier of the month, by which later calls may cost
    something that did not, or nothing any more: so it is asked until none changes.
    """
    currencies, bundles, rates = given
    priced, lacking, costs = without_bundles(asked, given, tiered)
    month = MonthBehind.of(asked, priced, bundles, tiered)
    prices, costs = month.first_guess(priced, costs)
    while True:
        money = (prices, currencies, rates)
        cover = allocate(asked.calls, costs & ~lacking, bundles, used, *money)
        rest = asked.using(rest_of(asked.usage, cover), Deal.of(cover))
        base = put_off(priced, costs & lacking)
        changed = cover.is_touched | (cover.discount_ppm > 0)
        found, place = priced_again(rest, base, (changed, cover.is_whole), tiered)
        counts = (base.reason == 0) & ~cover.is_whole
        was = (prices, costs)
        prices, costs = month.guess(was, (rest, counts))
        if (costs == was[1]).all() and (prices == was[0]).all():
            return rest, put_off(found, costs & lacking), place, cover


@dataclass
class MonthBehind:
    """Which calls with tiers of the month cost something behind bundles.

    asked: whole calls.  without: their prices (micro) without bundles.  shares: what
    they count for; rows: those that have any.  stays: by call, whether its month goes
    by the total (bools).  turns: how often it was guessed.

    A month that goes by its total has no order: what costs something there stays so.
    """

    asked: Asked
    without: Array
    shares: Shares
    rows: Array
    stays: Array
    tiered: Table | None
    turns: int = 0

    @classmethod
    def of(
        cls, asked: Asked, priced: Priced, bundles: Bundles, tiered: Table | None
    ) -> "MonthBehind":
        """Begin; there is nothing to be asked without tiers or without bundles."""
        none = np.empty(0, np.int64)
        shares = Shares(none, none, none)
        if len(bundles.table) and month_rates(asked.book).any():
            shares = shares_of(asked)
        without = np.where(priced.reason == 0, priced.micro, 0)
        rules = asked.book.rates.volume_rules[shares.rate]
        stays = np.zeros(len(without), dtype=bool)
        stays[shares.call[rules == WHOLE]] = True
        return cls(asked, without, shares, np.unique(shares.call), stays, tiered)

    def first_guess(self, priced: Priced, costs: Array) -> tuple[Array, Array]:
        """Let calls cost something that do so without bundles, or if all were covered.

        Gives what calls cost if no bundle covers them, for limits of money, and which
        cost something.
        """
        if not self.rows.size:
            return priced.micro, costs
        nothing = np.zeros(len(costs), dtype=bool)
        prices, more = self.standing(self.asked, nothing, (self.without, costs))
        prices = np.where(self.stays, self.without, prices)
        return prices, costs | (more & ~self.stays)

    def guess(
        self, was: tuple[Array, Array], rest: tuple[Asked, Array]
    ) -> tuple[Array, Array]:
        """Do the same where bundles leave `rest`, and of it count so many calls.

        Each turn puts one more call in its place at least, most of them all; that it
        surely ends, after many turns a call that has cost something does so, too.
        """
        if not self.rows.size:
            return was
        self.turns += 1
        prices, costs = self.standing(*rest, was)
        stays = self.stays | (self.turns > PATIENCE)
        prices = np.where(stays & (was[0] > 0), was[0], prices)
        return prices, costs | (was[1] & stays)

    def standing(
        self, rest: Asked, counts: Array, was: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        """Price whole calls where they stand while others are as they are."""
        owners = customers_of(rest.calls, rest.book)
        done = done_before(self.shares, (rest, counts), owners, self.tiered)
        found = judged(self.asked.standing(done).take(self.rows))
        prices, costs = (column.copy() for column in was)
        costs[self.rows] = costing(found)
        own = np.where(costing(found), found.micro, 0)
        prices[self.rows] = np.where(
            self.without[self.rows] > 0, self.without[self.rows], own
        )
        return prices, costs


def without_bundles(
    asked: Asked,
    given: tuple[Array, Bundles, CurrencyTable],
    tiered: Table | None,
) -> tuple[Priced, Array, Array]:
    """Price whole calls; tell which lack a rate that their bundles want, and which of
    all cost something (bools): those that do both have to wait.

    given: currencies of the prices, bundles, currency rates.  Only calls that cost
    something wait, and those that wait don't count for tiers of the month, by which
    others may cost something: so it is asked until no more come.
    """
    first = judged(asked)
    lacking = lack_a_rate(asked.calls, first.reason == 0, *given)
    nothing = np.zeros(len(lacking), dtype=bool)
    waiting = nothing
    while True:
        priced = put_off(first, waiting)
        priced, _month = priced_again(asked, priced, (nothing, nothing), tiered)
        priced = put_off(priced, waiting)
        more = lacking & costing(priced)
        if not more.any():
            costs = costing(priced) | waiting
            reason = np.where(waiting, first.reason, priced.reason)
            return priced._replace(reason=reason), lacking, costs
        waiting = waiting | more


def costing(priced: Priced) -> Array:
    """Tell which calls cost something (bools)."""
    return (priced.reason == 0) & (priced.micro > 0)


def put_off(priced: Priced, waiting: Array) -> Priced:
    """Let some calls wait for a currency rate."""
    reason = np.where(waiting, reason_code("no_currency_rate"), priced.reason)
    return priced._replace(reason=reason)


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
    counts = (priced.reason == 0) & ~covered
    owners = customers_of(asked.calls, asked.book)
    month = in_month(asked, counts, owners, tiered)
    if month is not None:
        asked = asked.standing(month.done)
        changed = changed | (month.parts != "").to_numpy(dtype=bool)
    rows = np.flatnonzero(changed)
    if rows.size:
        priced = priced.replaced(rows, judged(asked.take(rows)))
    return priced, month


def judged(asked: Asked) -> Priced:
    """Price calls for customers: as `price_calls`, less those that nobody pays for."""
    priced = price_calls(asked)
    reason, choice = priced.reason, asked.choice
    reason[(choice.tariff >= 0) & ~choice.holds] = reason_code("excluded")
    held = integers(asked.calls, "partner_id") > 0
    reason[~held] = reason_code("no_number")
    return priced

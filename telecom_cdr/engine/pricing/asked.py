# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is to be priced, and what its price is made of."""

from typing import NamedTuple

import numpy as np

from ..bundles.allowances import CONNECT_RULES, Cover
from ..codes import CALL
from ..exact import Fractions, product, total
from ..rates.book import RateBook
from ..rates.choice import Choice
from ..tables import Array, Table
from .usage import Usage, free_calls

ALWAYS, NEVER = CONNECT_RULES.index("always"), CONNECT_RULES.index("never")


class Factors(NamedTuple):
    """What amounts are made of: fixed + price * quantity / unit (nano).

    billed: seconds.  reason: why there is no price (code).
    """

    fixed: Array
    price: Array
    quantity: Array
    unit: Array
    billed: Array
    reason: Array

    def amounts(self) -> Fractions:
        """Give the amounts as ratios."""
        top = total(product(self.fixed, self.unit), product(self.price, self.quantity))
        return Fractions(top, self.unit)

    def take(self, rows: Array) -> "Factors":
        """Give the factors of some calls."""
        return Factors(*(column[rows] for column in self))

    def replaced(self, rows: Array, some: "Factors") -> "Factors":
        """Put the factors of some calls in; columns widen where theirs are wide."""
        columns = []
        for column, part in zip(self, some, strict=True):
            columns.append(column.astype(np.result_type(column, part)))
            columns[-1][rows] = part
        return Factors(*columns)


def factors_of(amounts: Fractions, billed: Array, reason: Array) -> Factors:
    """Give factors that make up amounts as they are."""
    nothing = np.zeros(len(billed), dtype=np.int64)
    top, bottom = amounts
    return Factors(nothing, top, nothing + 1, bottom, billed, reason)


class Deal(NamedTuple):
    """What bundles say of the price of calls, beside what they cover.

    discount: ppm off.  charge: nano for the covered part.  is_whole: only that charge
    is to be paid, and where `has_connect` the connect fee.  A price per call is due as
    a connect fee is, be the call covered wholly or in part.  is_touched: a part is
    covered, at least.
    """

    discount: Array
    charge: Array
    is_whole: Array
    has_connect: Array
    is_touched: Array

    @classmethod
    def none(cls, count: int) -> "Deal":
        """Give what holds where there is no bundle."""
        zeros = np.zeros(count, dtype=np.int64)
        return cls(zeros, zeros, zeros > 0, zeros == 0, zeros > 0)

    @classmethod
    def of(cls, cover: Cover) -> "Deal":
        """Give what bundles say that cover calls."""
        rule = cover.connect_rule
        whole_rule = np.where(cover.is_whole, rule == ALWAYS, rule != NEVER)
        has_connect = whole_rule | ~cover.is_touched
        rules = (cover.is_whole, has_connect, cover.is_touched)
        return cls(cover.discount_ppm, cover.charge_nano, *rules)

    def take(self, rows: Array) -> "Deal":
        """Give what holds for some calls."""
        return Deal(*(column[rows] for column in self))


class Asked(NamedTuple):
    """What is to be priced: calls with what they used, at chosen rates.

    done: units of the month before each call, at rates with tiers of the month, a
    column for each place of a rate (`RateBook.month_places`); -1: at the rate's own
    line.  is_free: costs nothing, being no longer than what is free; what bundles leave
    of a call may be so, not its connect fee (see `owes_nothing`) or its price per call.
    """

    calls: Table
    book: RateBook
    choice: Choice
    usage: Usage
    done: Array
    is_free: Array
    deal: Deal

    @classmethod
    def of(
        cls,
        calls: Table,
        book: RateBook,
        choice: Choice,
        usage: Usage,
        deal: Deal | None = None,
    ) -> "Asked":
        """Ask for calls, each priced as the first of its month."""
        done = np.zeros((len(calls), book.month_width), dtype=np.int64)
        deal = Deal.none(len(calls)) if deal is None else deal
        is_free = free_calls(book.rates, choice.rate, usage) & ~deal.is_whole
        if deal.is_touched.any():
            is_per_call = book.rates.methods[choice.rate] == CALL
            is_free &= ~(is_per_call & deal.is_touched & deal.has_connect)
        return cls(calls, book, choice, usage, done, is_free, deal)

    @property
    def before(self) -> Array:
        """Give the units of the month before each call, at the rate that was chosen."""
        return self.done[np.arange(len(self.done)), self.places]

    @property
    def places(self) -> Array:
        """Give the column of `done` that the chosen rate has."""
        return self.book.month_places[self.choice.rate]

    @property
    def owes_nothing(self) -> Array:
        """Tell which calls are free, connect fee and all (bools)."""
        if not self.deal.is_touched.any():
            return self.is_free
        fee = self.deal.has_connect & (self.book.rates.connect[self.choice.rate] != 0)
        return self.is_free & ~(self.deal.is_touched & fee)

    def take(self, rows: Array) -> "Asked":
        """Ask for some of the calls."""
        parts = (part[rows] for part in (self.done, self.is_free))
        some = (self.choice.take(rows), self.usage.take(rows), *parts)
        return Asked(self.calls.iloc[rows], self.book, *some, self.deal.take(rows))

    def is_per_call(self) -> Array:
        """Tell which calls have a price per call (bools)."""
        return self.book.rates.methods[self.choice.rate] == CALL

    def has_tier(self) -> Array:
        """Tell which calls are priced by a tier: not those that bundles spare that."""
        is_due = self.is_per_call() & self.deal.has_connect
        return ~self.deal.is_whole | is_due

    def standing(self, done: Array) -> "Asked":
        """Ask for the same calls where they stand in their months."""
        return self._replace(done=done)

    def using(self, usage: Usage, deal: Deal) -> "Asked":
        """Ask for the same calls with other usage."""
        return Asked.of(self.calls, self.book, self.choice, usage, deal)

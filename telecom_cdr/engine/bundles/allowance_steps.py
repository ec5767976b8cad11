# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How allowances are taken from: in whole steps, by quantity and by money, in order.

A pool is what one allowance has in one period.  Calls take from it one after the other,
each as much as it needs and as there is:

    covered = what the call needs, at most what is left in the pool, at most what the
              pool's money still pays for at the price of this call
    charged = covered in whole steps, at most what is left in the pool

So the last steps that an allowance has are cut: nothing is left that no call can use.
A call that can't be covered at all takes nothing, the next one may.
"""

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..exact import peak
from ..money import SAFE
from ..tables import Array

NO_LIMIT = 2**62


class Taken(NamedTuple):
    """What calls took from their pools (int64): units charged and really covered.

    value: micro, what the covered part would have cost; 0 where money is no limit.
    """

    charged: Array
    covered: Array
    value: Array


@dataclass(frozen=True)
class Demand:
    """What calls want from pools, in the order in which they take (int64 each).

    pool: position of the pool.  needed: units still to be covered.  initial, increment,
    minimum: the steps of the bundle (0, 1, 0: every unit).  before: units that were
    covered before and that the steps run on from (0: the steps begin anew).
    price, whole: a covered unit is worth price / whole micro (object where large).
    is_up: what units are worth is rounded up, else half up.
    """

    pool: Array
    needed: Array
    initial: Array
    increment: Array
    minimum: Array
    before: Array
    price: Array
    whole: Array
    is_up: Array

    def take(self, rows: Array) -> "Demand":
        """Give some of the calls."""
        values = {one.name: getattr(self, one.name)[rows] for one in fields(self)}
        return replace(self, **values)

    def charged(self, covered: Array) -> Array:
        """Give what covering so many units is charged: whole steps, 0 for none."""
        ends = stepped(
            self.before + covered, self.initial, self.increment, self.minimum
        )
        return np.where(covered > 0, ends - self.before, 0)

    def worth(self, covered: Array) -> Array:
        """Give the price of so many units in micro, rounded once."""
        return (2 * self.price * covered + self.bump()) // (2 * self.whole)

    def bump(self) -> Array:
        """Give what makes a division by 2 * whole round half up, or up."""
        return np.where(self.is_up, 2 * self.whole - 1, self.whole)

    def paid_by(self, money: Array) -> Array:
        """Give the units, at most those needed, that are worth at most this money.

        No money pays for nothing, not even for what is worth less than half a micro.
        """
        enough = np.minimum(money, self.worth(self.needed))
        price = np.where(self.price > 0, self.price, 1)
        units = (2 * self.whole * (enough + 1) - self.bump() - 1) // (2 * price)
        units = np.where(self.price > 0, np.minimum(units, self.needed), self.needed)
        return np.where(money > 0, units, 0).astype(np.int64)

    def safe(self) -> "Demand":
        """Give the same with Python integers where 64 bits might not do."""
        price, whole, needed = peak(self.price), peak(self.whole), peak(self.needed)
        if 2 * price * needed + 4 * whole < SAFE:
            return self
        return replace(
            self, price=self.price.astype(object), whole=self.whole.astype(object)
        )


def stepped(units: Array, initial: Array, increment: Array, minimum: Array) -> Array:
    """Give units in whole steps: the first, then as many next ones as it takes."""
    longer = np.maximum(np.maximum(units, minimum) - initial, 0)
    return initial - -longer // increment * increment


def fill(demand: Demand, quantity: Array, money: Array) -> Taken:
    """Let calls take from their pools, first come first served.

    quantity, money: what each pool has (int64; below 0: nothing; NO_LIMIT).
    """
    limited = money[demand.pool] < NO_LIMIT
    if not limited.any():
        return fill_plain(demand, quantity)
    columns = np.zeros((len(Taken._fields), len(limited)), dtype=np.int64)
    plain, priced = np.flatnonzero(~limited), np.flatnonzero(limited)
    columns[:, plain] = fill_plain(demand.take(plain), quantity)
    columns[:, priced] = fill_priced(demand.take(priced).safe(), quantity, money)
    return Taken(*columns)


def fill_plain(demand: Demand, quantity: Array) -> Taken:
    """Let calls take from pools that only their quantity limits."""
    wanted = demand.charged(demand.needed)
    before = running(wanted, demand.pool) - wanted
    charged = np.clip(np.minimum(quantity[demand.pool] - before, wanted), 0, None)
    charged = charged.astype(np.int64)
    covered = np.minimum(demand.needed, charged)
    return Taken(charged, covered, np.zeros(len(charged), dtype=np.int64))


def fill_priced(demand: Demand, quantity: Array, money: Array) -> Taken:
    """Let calls take from pools that quantity and money limit.

    Each round covers, in every pool, the calls up to the first one that does not fit
    as a whole, and of that one what fits.  What a call can't get it never gets later,
    so that calls which can't take a single unit any more are put aside: a round at
    least halves the money, where calls can be cut.
    """
    quantity, money = quantity.copy(), money.copy()
    taken = Taken(*np.zeros((len(Taken._fields), len(demand.pool)), dtype=np.int64))
    rows = np.arange(len(demand.pool))
    while (rows := rows[can_take(demand.take(rows), quantity, money)]).size:
        fits = fit(demand.take(rows), quantity, money)
        draw(rows[fits], demand, taken, (quantity, money))
        rows = rows[~fits]
        _, edge = np.unique(demand.pool[rows], return_index=True)
        draw(rows[edge], demand, taken, (quantity, money))
        rows = np.delete(rows, edge)
    return taken


def can_take(demand: Demand, quantity: Array, money: Array) -> Array:
    """Tell which calls their pools can cover a unit of."""
    left = money[demand.pool]
    return (quantity[demand.pool] > 0) & (left > 0) & (demand.paid_by(left) > 0)


def fit(demand: Demand, quantity: Array, money: Array) -> Array:
    """Tell which calls their pools cover wholly, after all calls before (bools)."""
    pool = demand.pool
    charged = running(demand.charged(demand.needed), pool)
    worth = demand.worth(demand.needed)
    value = running(worth, pool)
    is_paid = (value <= money[pool]) & (value - worth < money[pool])
    return np.asarray((charged <= quantity[pool]) & is_paid, dtype=bool)


def draw(rows: Array, demand: Demand, taken: Taken, pools: tuple[Array, Array]) -> None:
    """Let calls take what they need and their pools have; changes taken and pools.

    All these calls fit together, or there is one for each pool.
    """
    quantity, money = pools
    part = demand.take(rows)
    pool = part.pool
    covered = np.minimum(part.paid_by(money[pool]), quantity[pool])
    charged = np.minimum(part.charged(covered), quantity[pool])
    value = part.worth(covered).astype(np.int64)
    for column, values in zip(taken, (charged, covered, value), strict=True):
        column[rows] = values
    np.subtract.at(quantity, pool, charged)
    np.subtract.at(money, pool, value)


def running(values: Array, pool: Array) -> Array:
    """Sum values so far, each with its own, by pool; Python integers where large."""
    if not len(values) or peak(values) * len(values) < SAFE:
        values = values.astype(np.int64)
        return pd.Series(values).groupby(pool).cumsum().to_numpy()
    order = np.argsort(pool, kind="stable")
    ordered, pool = values.astype(object)[order], pool[order]
    sums = np.cumsum(ordered)
    first = np.flatnonzero(np.append(True, pool[1:] != pool[:-1]))
    base = np.repeat((sums - ordered)[first], np.diff(np.append(first, len(pool))))
    result = np.empty_like(sums)
    result[order] = sums - base
    return result

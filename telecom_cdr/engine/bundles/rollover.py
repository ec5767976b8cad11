# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What allowances carry over from one period to the next.

What a period includes and does not use can be used in the next `rollover_months`
periods.  What expires first is taken first: extras (they are for their period only)
and what was carried over longest, then younger periods, the period's own at last.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..rates.holders import exploded
from ..tables import Array, Table, integers
from .allowance_steps import NO_LIMIT
from .billing_periods import (
    FIRST_DAY,
    LAST_DAY,
    as_days,
    first_days,
    open_days,
    period_numbers,
)
from .subscriptions import POOL, Bundles, included, pool_sums

CARRIED_COLUMNS = (
    "subscription_id", "allowance_id", "number_id", "period_start", "quantity",
    "amount_micro",
)  # fmt: skip


def carried_over(
    bundles: Bundles, draws: Table, until: str, numbers: Table | None = None
) -> Table:
    """Give what periods up to that of the day `until` got from those before.

    bundles: with all the extras of earlier periods; what it has as carried is not read.
    draws: of all calls of the earlier periods, invoiced or not.  until: local day, ISO
    text or datetime64.  numbers: subscription_id, number_id and first_day (empty: as
    the subscription), the numbers of subscriptions that are not shared; without it only
    numbers that these name, or that took something, get what they left.

    The first period is that of the subscription's first day; where that is open, as
    many periods before the first draw (else `until`) as are carried over, and what
    these got is not given.  Give a row (CARRIED_COLUMNS) for each pool and period that
    got more than 0.
    """
    pools = rolling_pools(bundles, draws, until, numbers)
    flow = Flow.of(bundles, pools, draws)
    got, buckets = [], flow.nothing()
    for period in range(pools["from"].min(), pools["to"].max()) if len(pools) else ():
        buckets, _covered = flow.through(buckets, period)
        got.append(carried_rows(bundles, pools, period + 1, buckets))
    empty = pd.DataFrame({name: np.empty(0, np.int64) for name in CARRIED_COLUMNS})
    empty["period_start"] = as_days(empty["period_start"].to_numpy())
    return pd.concat([empty, *got], ignore_index=True)


def kept_for_later(
    bundles: Bundles,
    draws: Table,
    frozen: Table,
    day: str,
    until: str,
    numbers: Table | None = None,
) -> Table:
    """Give what the period of a day can't give any more, though it is not used in it.

    The rests of a period may have been carried over and taken by calls of later periods
    that are invoiced, so that a late call must not take them once more.  What those
    calls took counts as far as their own periods do not include it.

    draws: of all calls; those of earlier periods stand.  frozen: of the invoiced ones
    among them.  The others as for `carried_over`; give rows as it does.
    """
    pools = rolling_pools(bundles, draws, until, numbers)
    count = len(pools)
    periods = period_numbers(np.full(count, days_of(day)), pools["day"].to_numpy())
    kept = [np.zeros(count, dtype=np.int64) for _ in range(2)]
    for period in np.unique(periods).tolist():
        needed = needed_later(bundles, pools, (draws, frozen), period)
        kept = [
            np.where(periods == period, now, other)
            for now, other in zip(needed, kept, strict=True)
        ]
    return pool_amounts(bundles, pools, periods, kept, np.arange(count))


def needed_later(
    bundles: Bundles, pools: Table, draws: tuple[Table, Table], period: int
) -> list[Array]:
    """Give what later periods need of the rests of one: quantity and money by pool.

    draws: of all calls, and of those that are invoiced.  It is what these get with the
    rests beyond what they get without them.
    """
    flow, frozen = (Flow.of(bundles, pools, one) for one in draws)
    buckets, last = flow.nothing(), int(pools["to"].max())
    for earlier in range(int(pools["from"].min()), period):
        buckets, _covered = flow.through(buckets, earlier)
    rests, _covered = frozen.through(buckets, period)
    more, less = (
        covered_later(frozen, start, period, last) for start in (rests, flow.nothing())
    )
    return [one - other for one, other in zip(more, less, strict=True)]


def covered_later(
    flow: "Flow", buckets: list[Array], period: int, last: int
) -> list[Array]:
    """Give what the periods behind one get, up to the last, from what is left then."""
    sums = [np.zeros(len(flow.pools), dtype=np.int64) for _ in range(2)]
    for later in range(period + 1, last + 1):
        buckets, covered = flow.through(buckets, later)
        sums = [so_far + now for so_far, now in zip(sums, covered, strict=True)]
    return sums


def without(bundles: Bundles, kept: Table) -> Bundles:
    """Give the same bundles with less carried over: what is kept for later periods."""
    less = pool_sums(bundles.table, kept)
    less = less.assign(quantity=-less["quantity"], money=-less["money"])
    carried = pd.concat([bundles.carried, less], ignore_index=True)
    return replace(bundles, carried=carried.groupby(POOL, as_index=False).sum())


@dataclass(frozen=True)
class Flow:
    """What pools get and use, period by period.

    used, extras: quantity and money by pool, by period.  Buckets are what is left in
    pools, by pool and age in periods, of quantity and of money.
    """

    bundles: Bundles
    pools: Table
    used: dict[int, tuple[Array, Array]]
    extras: dict[int, tuple[Array, Array]]

    @classmethod
    def of(cls, bundles: Bundles, pools: Table, draws: Table) -> "Flow":
        """Read what was used, and the extras of the bundles."""
        used = monthly(pools, pool_sums(bundles.table, draws))
        return cls(bundles, pools, used, monthly(pools, bundles.extras))

    def nothing(self) -> list[Array]:
        """Give empty buckets."""
        ages = int(self.pools["age"].max()) if len(self.pools) else 0
        shape = (len(self.pools), ages + 1)
        return [np.zeros(shape, dtype=np.int64) for _ in range(2)]

    def through(
        self, buckets: list[Array], period: int
    ) -> tuple[list[Array], list[Array]]:
        """Go through a period: give the buckets of the next one, and what was covered.

        Covered: what the buckets gave, extras not counted.
        """
        given = given_in(self.bundles, self.pools, period)
        taken = (self.used.get(period), self.extras.get(period))
        age = self.pools["age"].to_numpy()
        both_of = zip(buckets, given, *map(both, taken), strict=True)
        found = [rolled(*columns, age) for columns in both_of]
        after, covered = zip(*found, strict=True)
        return [*after], [*covered]


def rolling_pools(
    bundles: Bundles, draws: Table, until: str, numbers: Table | None
) -> Table:
    """Give row, number, from, to (periods) and age (rollover) of pools that roll over.

    first and last: days on which the subscription and the number are in force.  shown:
    the first period whose carried quantity is known.
    """
    pools = pd.concat(
        [
            shared_pools(bundles),
            named_numbers(bundles),
            drawn_numbers(bundles, draws),
            known_numbers(bundles, numbers),
        ]
    )
    pools = pools.groupby(["row", "number"], as_index=False)["first"].max()
    row = pools["row"].to_numpy(dtype=np.int64)
    day = bundles.column("billing_day", row)
    age = bundles.column("rollover_months", row)
    first = np.maximum(pools["first"], bundles.column("first_day", row))
    to = period_numbers(np.full(len(row), days_of(until)), day)
    columns = {
        "day": day,
        "age": age,
        "first": first,
        "last": bundles.column("last_day", row),
        "to": to,
        "from": first_periods(bundles, draws, (row, day, first.to_numpy()), to - age),
    }
    is_open = columns["first"] <= FIRST_DAY
    columns["shown"] = columns["from"] + np.where(is_open, age, 0)
    pools = pools.assign(**columns)
    return pools[pools["age"] > 0].reset_index(drop=True)


def days_of(day: str) -> int:
    """Give a day as days since 1970."""
    return int(np.datetime64(day, "D").astype(np.int64))


def first_periods(
    bundles: Bundles, draws: Table, keys: tuple[Array, ...], earliest: Array
) -> Array:
    """Give the period that each pool begins in; before its row's draws where open."""
    row, day, first = keys
    drawn = pool_sums(bundles.table, draws).groupby("row")["period"].min()
    begun = drawn.reindex(row).to_numpy(dtype=float, na_value=np.inf)
    begun = begun - bundles.column("rollover_months", row)
    open_start = np.minimum(begun, earliest).astype(np.int64)
    is_open = first <= FIRST_DAY
    known = period_numbers(np.where(is_open, 0, first), day)
    return np.where(is_open, open_start, known)


def shared_pools(bundles: Bundles) -> Table:
    """Give the pools of shared subscriptions: row, number 0, first."""
    rows = np.flatnonzero(bundles.table["is_shared"].to_numpy(dtype=bool))
    return pool_rows(rows, np.zeros(len(rows), dtype=np.int64))


def named_numbers(bundles: Bundles) -> Table:
    """Give the pools of the numbers that subscriptions name, where not shared."""
    row, number = exploded(bundles.table["numbers"])
    own = ~bundles.column("is_shared", row).astype(bool)
    return pool_rows(row[own], number[own])


def drawn_numbers(bundles: Bundles, draws: Table) -> Table:
    """Give the pools of the numbers that took something, where not shared."""
    sums = pool_sums(bundles.table, draws)
    sums = sums[sums["number"] > 0]
    return pool_rows(sums["row"].to_numpy(), sums["number"].to_numpy())


def known_numbers(bundles: Bundles, numbers: Table | None) -> Table:
    """Give the pools of numbers that the caller knows of, where they take part."""
    if numbers is None or not len(numbers):
        return pool_rows(*np.empty((2, 0), dtype=np.int64))
    first = open_days(numbers.get("first_day"), len(numbers), FIRST_DAY)
    asked = numbers[["subscription_id", "number_id"]].assign(first=first)
    rows = bundles.table[["subscription_id", "is_shared"]]
    rows = rows.assign(row=np.arange(len(rows)))
    pairs = asked.merge(rows[~rows["is_shared"].to_numpy(dtype=bool)])
    row, number = integers(pairs, "row"), integers(pairs, "number_id")
    fits = ~bundles.names_any("numbers")[row] | bundles.holds("number", row, number)
    return pool_rows(row[fits], number[fits], pairs["first"].to_numpy()[fits])


def pool_rows(row: Array, number: Array, first: Array | None = None) -> Table:
    """Give a table of pools: row, number, first (day since 1970)."""
    first = np.full(len(row), FIRST_DAY) if first is None else first
    columns = {"row": row, "number": number, "first": first}
    return pd.DataFrame(columns).astype(np.int64)


def monthly(pools: Table, sums: Table) -> dict[int, tuple[Array, Array]]:
    """Give quantity and money of each pool, by period."""
    places = pools[["row", "number"]].assign(place=np.arange(len(pools)))
    found = sums.merge(places, on=["row", "number"])
    columns = {}
    for period, some in found.groupby("period"):
        pair = np.zeros((2, len(pools)), dtype=np.int64)
        pair[:, some["place"]] = some[["quantity", "money"]].to_numpy().T
        columns[int(period)] = tuple(pair)
    return columns


def both(pair: tuple[Array, Array] | None) -> tuple[Array | int, Array | int]:
    """Give quantity and money, 0 where a period has none."""
    return pair or (0, 0)


def given_in(bundles: Bundles, pools: Table, period: int) -> tuple[Array, Array]:
    """Give what each pool includes in a period, 0 where it is not in force."""
    row, periods = pools["row"].to_numpy(), np.full(len(pools), period)
    quantity, money = included(bundles.table, row, periods)
    inside = in_force(pools, period)
    money = np.where(money < NO_LIMIT, money, 0)
    return np.where(inside, quantity, 0), np.where(inside, money, 0)


def in_force(pools: Table, period: int) -> Array:
    """Tell which pools have a day in a period."""
    last, day = pools["last"].to_numpy(), pools["day"].to_numpy()
    begins = first_days(np.full(len(pools), period), day)
    return (pools["from"].to_numpy() <= period) & (
        (last >= LAST_DAY) | (last >= begins)
    )


def rolled(
    buckets: Array, given: Array, used: Array, extras: Array, age: Array
) -> tuple[Array, Array]:
    """Give the buckets of the next period, and what was taken of the present ones.

    The bucket of age a is what is left of what was given a periods ago.
    """
    buckets = buckets.copy()
    buckets[:, 0] = given
    wanted = np.maximum(used - extras, 0) + np.zeros(len(given), dtype=np.int64)
    rest = wanted
    for place in range(buckets.shape[1] - 1, -1, -1):
        taken = np.minimum(buckets[:, place], rest)
        buckets[:, place] -= taken
        rest = rest - taken
    older = np.zeros_like(buckets)
    older[:, 1:] = buckets[:, :-1]
    older = np.where(np.arange(buckets.shape[1]) <= age[:, None], older, 0)
    return older, wanted - rest


def carried_rows(
    bundles: Bundles, pools: Table, period: int, buckets: list[Array]
) -> Table:
    """Give the rows (CARRIED_COLUMNS) of one period."""
    sums = [bucket.sum(axis=1) for bucket in buckets]
    asked = (pools["to"].to_numpy() >= period) & (pools["shown"].to_numpy() <= period)
    some = np.flatnonzero(asked & in_force(pools, period))
    return pool_amounts(bundles, pools, np.full(len(pools), period), sums, some)


def pool_amounts(
    bundles: Bundles, pools: Table, periods: Array, sums: list[Array], some: Array
) -> Table:
    """Give rows (CARRIED_COLUMNS) of some pools that have more than 0."""
    quantity, money = sums
    some = some[(quantity[some] > 0) | (money[some] > 0)]
    row = pools["row"].to_numpy()[some]
    starts = first_days(periods[some], pools["day"].to_numpy()[some])
    columns = {
        "subscription_id": bundles.column("subscription_id", row),
        "allowance_id": bundles.column("allowance_id", row),
        "number_id": pools["number"].to_numpy()[some],
        "period_start": as_days(starts),
        "quantity": quantity[some],
        "amount_micro": money[some],
    }
    return pd.DataFrame(columns)

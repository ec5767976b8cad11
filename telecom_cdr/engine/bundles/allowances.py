# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bundles: what allowances cover of which call, and what they leave to be paid.

Allowances are filled one after the other: by the subscription's priority, then oldest
subscription; each in the order of call start, ties by identity.  As every call of a
customer meets them in the same order, this is the same as taking call by call.

Nothing is taken by calls that are not billable, nor by calls up to the grace of the
bundle; these are priced as without it.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..codes import DIRECTIONS, SERVICES
from ..currencies import CurrencyTable, day_numbers
from ..exact import Fractions, product
from ..exceptions import EngineError
from ..periods import epoch_seconds
from ..tables import Array, Table, codes_of, combined, integers, positions
from .allowance_steps import NO_LIMIT, Demand, Taken, fill
from .billing_periods import as_days, first_days, period_numbers
from .exchange import Exchange
from .subscriptions import (
    AMOUNT,
    BYTES,
    CALLS,
    CONNECT_RULES,
    KINDS,
    MESSAGES,
    POOL,
    SECONDS,
    Bundles,
    included,
    pool_sums,
)

__all__ = [
    "CONNECT_RULES", "DRAW_COLUMNS", "KINDS", "Bundles", "Cover", "Paid", "allocate",
    "allocate_money", "lack_a_rate", "pay_with_money",
]  # fmt: skip

VOICE, SMS, DATA = range(len(SERVICES))
DRAW_COLUMNS = (
    "call", "subscription_id", "allowance_id", "number_id", "period_start", "quantity",
    "covered", "amount_micro",
)  # fmt: skip


@dataclass(frozen=True)
class Cover:
    """What allowances leave of each call, and how that is to be priced.

    duration (s), volume (bytes): what is left.  is_whole: nothing is left to pay but
    `charge_nano` and what `connect_rule` says.  is_touched: something was covered.

    draws: a row (DRAW_COLUMNS) for each allowance that a call took from; call is its
    index label, quantity what the allowance was charged (whole steps), covered what of
    the call that was for (s, bytes, pieces; of money micro of the price), amount_micro
    what it took of the allowance's limit of money (0 where it has none).

    discount_ppm (0 to 1e6): off the price of what is left, also of calls that nothing
    covered; of the first allowance for such calls that has one; 0 where is_whole.

    The rest is by the first subscription that covered a part, neutral where none did.
    covered_seconds: that allowances of seconds covered, and what allowances of calls
    took.  charge_nano: what the covered part costs, in the currency of the tariff: the
    bundle's connect fee once, and its price of each of the covered seconds (by the
    bundle that covered them); neither discounts nor minimum and maximum change it.
    connect_rule: code in CONNECT_RULES: the tariff's connect fee is due unless the call
    is wholly covered, always, or never.  run_through: the increments of what is left
    run on: the whole call's billed seconds less `covered_seconds`, tiers by the second
    of the whole call; else what is left is rated as a call of its own.
    """

    duration: Array
    volume: Array
    is_whole: Array
    is_touched: Array
    draws: Table
    discount_ppm: Array
    charge_nano: Array
    run_through: Array
    connect_rule: Array
    covered_seconds: Array


class Paid(NamedTuple):
    """What allowances of money pay of each call (micro), and their draws.

    discount_ppm: off what is then left to pay, as `Cover.discount_ppm`.
    """

    micro: Array
    draws: Table
    discount_ppm: Array


class Pools(NamedTuple):
    """What allowances have left, by pool: row of the bundles table, number, period.

    number: 0 where shared.  period: see `billing_periods`.  quantity, money (micro,
    NO_LIMIT: none): what is left after frozen draws; below 0 where they took more.
    """

    row: Array
    number: Array
    period: Array
    quantity: Array
    money: Array


@dataclass(frozen=True)
class Pairs:
    """Calls and the allowances that may cover them, in order of call.

    call: position of the call.  rank: turn of that allowance among its customer's.
    pool: position in `pools`.
    """

    call: Array
    rank: Array
    pool: Array
    pools: Pools

    @property
    def row(self) -> Array:
        """Give the row of the bundles table."""
        return self.pools.row[self.pool]

    def take(self, rows: Array) -> "Pairs":
        """Give some of the pairs."""
        columns = (self.call[rows], self.rank[rows], self.pool[rows])
        return Pairs(*columns, self.pools)


def allocate(
    calls: Table,
    billable: Array,
    bundles: Bundles,
    used: Table | None = None,
    prices: Array | None = None,
    currencies: Array | None = None,
    rates: CurrencyTable | None = None,
) -> Cover:
    """Let allowances of seconds, bytes, messages and calls cover the billable calls.

    Reads start_at, identity, day, number_id, partner_id, service, direction, duration,
    volume, match_key, destination_id, category.  `used`: draws that are frozen.
    prices (micro, int64), currencies: what each call costs without bundles, for
    allowances with a limit of money; EngineError "prices" where one needs it.  Such an
    allowance in another currency than the call's price counts it by `rates` (see
    `exchange`), and does not cover it where the day has none.
    """
    exchange = Exchange.of(calls, currencies, bundles, rates)
    pairs = find_pairs(calls, billable, bundles, used, money=False)
    pairs = limited_pairs(pairs, exchange, prices)
    prices = np.zeros(len(calls), dtype=np.int64) if prices is None else prices
    left, outcome = Left.of(calls, prices, exchange), Outcome.of(len(calls))
    taken = []
    for turn in turns(pairs):
        seconds = left.duration[turn.call]
        got = left.give(turn, bundles)
        outcome.note(turn, got, seconds, bundles)
        taken.append((turn, got))
    return cover_of(left, outcome, bundles, draw_table(calls, bundles, taken))


def cover_of(left: "Left", outcome: "Outcome", bundles: Bundles, draws: Table) -> Cover:
    """Put together what `allocate` gives."""
    first = outcome.first
    rule = np.append(bundles.table["connect_rule"].to_numpy(), 0)[first]
    runs = np.append(bundles.table["run_through"].to_numpy(dtype=bool), False)[first]
    connect = np.append(bundles.table["covered_connect_nano"].to_numpy(), 0)[first]
    return Cover(
        duration=left.duration,
        volume=left.volume,
        is_whole=left.is_whole,
        is_touched=first >= 0,
        draws=draws,
        discount_ppm=np.where(left.is_whole, 0, outcome.discount),
        charge_nano=outcome.charge + connect,
        run_through=runs,
        connect_rule=rule,
        covered_seconds=outcome.seconds,
    )


@dataclass(frozen=True)
class Outcome:
    """What is noted of each call while allowances are filled; arrays that change.

    first: row of the allowance that covered the first part, -1 none.  seconds: covered.
    charge: their price, nano.  discount: ppm off what is left.
    """

    first: Array
    seconds: Array
    charge: Array
    discount: Array

    @classmethod
    def of(cls, count: int) -> "Outcome":
        """Start with nothing covered."""
        zeros = (np.zeros(count, dtype=np.int64) for _ in range(3))
        return cls(np.full(count, -1, dtype=np.int64), *zeros)

    def note(self, turn: Pairs, got: Taken, left: Array, bundles: Bundles) -> None:
        """Note what one allowance covered; `left`: seconds of the calls before it."""
        call, row = turn.call, turn.row
        kind = bundles.column("kind", row)
        seconds = np.select([kind == SECONDS, kind == CALLS], [got.covered, left], 0)
        seconds = np.where(got.covered > 0, seconds, 0)
        self.first[call] = np.where(
            (self.first[call] < 0) & (got.covered > 0), row, self.first[call]
        )
        self.seconds[call] += seconds
        self.charge[call] += seconds * bundles.column("covered_price_nano", row)
        self.discount[call] = first_discounts(self.discount[call], row, bundles)


def first_discounts(discount: Array, row: Array, bundles: Bundles) -> Array:
    """Give the discount that calls have, else that of their allowance."""
    own = bundles.column("rest_discount_ppm", row)
    return np.where(discount == 0, own, discount)


@dataclass(frozen=True)
class Left:
    """What is left of each call while allowances are filled; arrays that change.

    total: duration, volume of the whole calls.  prices: what these cost, micro, in the
    currencies that `exchange` knows.
    """

    duration: Array
    volume: Array
    service: Array
    is_whole: Array
    total: tuple[Array, Array]
    prices: Array
    exchange: Exchange

    @classmethod
    def of(cls, calls: Table, prices: Array, exchange: Exchange) -> "Left":
        """Start with the whole calls."""
        duration = integers(calls, "duration", missing=0)
        volume = integers(calls, "volume", missing=0)
        service = codes_of(calls["service"], SERVICES)
        is_whole = np.zeros(len(calls), dtype=bool)
        more = ((duration, volume), prices, exchange)
        return cls(duration.copy(), volume.copy(), service, is_whole, *more)

    def give(self, turn: Pairs, bundles: Bundles) -> Taken:
        """Let one allowance of each customer cover what it can; give what it took."""
        call, kind = turn.call, bundles.column("kind", turn.row)
        demand = self.demand(turn, kind, bundles)
        got = fill(demand, turn.pools.quantity, turn.pools.money)
        self.duration[call] -= np.where(kind == SECONDS, got.covered, 0)
        self.volume[call] -= np.where(kind == BYTES, got.covered, 0)
        self.is_whole[call] |= (got.covered > 0) & (got.covered == demand.needed)
        return got

    def demand(self, turn: Pairs, kind: Array, bundles: Bundles) -> Demand:
        """Give what calls want of their allowance: steps are for seconds only."""
        call, row = turn.call, turn.row
        is_message = (self.service[call] == SMS) * 1
        kinds = [kind == SECONDS, kind == BYTES, kind == MESSAGES, kind == CALLS]
        counted = [self.duration[call], self.volume[call], is_message, 1]
        needed = np.where(self.is_whole[call], 0, np.select(kinds, counted, 0))
        steps = (bundles.column(f"bundle_{name}", row) for name in STEPS)
        pairs = zip(steps, NO_STEPS, strict=True)
        steps = [np.where(kind == SECONDS, step, none) for step, none in pairs]
        runs = (kind == SECONDS) & bundles.column("run_through", row).astype(bool)
        before = np.where(runs, self.total[0][call] - self.duration[call], 0)
        price = self.unit_prices(turn, kind)
        return Demand(turn.pool, needed, *steps, before, *price, kind < 0)

    def unit_prices(self, turn: Pairs, kind: Array) -> Fractions:
        """Give the price of a unit in micro of the allowance, where money limits it."""
        call, count = turn.call, len(turn.call)
        one = np.ones(count, dtype=np.int64)
        if (turn.pools.money[turn.pool] == NO_LIMIT).all():
            return Fractions(np.zeros(count, dtype=np.int64), one)
        by_volume = (self.service[call] == DATA) & (self.total[1][call] > 0)
        by_volume = (kind == BYTES) | (by_volume & (kind != SECONDS))
        whole = np.where(by_volume, self.total[1][call], self.total[0][call])
        rest = np.where(by_volume, self.volume[call], self.duration[call])
        part = np.where(np.isin(kind, [MESSAGES, CALLS]) & (whole > 0), rest, one)
        (top, bottom), _known = self.exchange.ratios(call, turn.row)
        whole = np.where(whole > 0, whole, one)
        return Fractions(product(self.prices[call], part, bottom), product(whole, top))


STEPS = ("initial", "increment", "minimum")
NO_STEPS = (0, 1, 0)


def limited_pairs(pairs: Pairs, exchange: Exchange, prices: Array | None) -> Pairs:
    """Leave out allowances whose limit of money no rate of the day converts."""
    limited = pairs.pools.money[pairs.pool] < NO_LIMIT
    if not limited.any():
        return pairs
    if prices is None:
        message = "allowances with a limit of money need the prices of calls"
        raise EngineError("prices", message)
    _ratio, known = exchange.ratios(pairs.call, pairs.row)
    return pairs.take(np.flatnonzero(~limited | known))


def lack_a_rate(
    calls: Table,
    asked: Array,
    currencies: Array,
    bundles: Bundles,
    rates: CurrencyTable,
) -> Array:
    """Tell which of the calls asked for an allowance can't count, for want of a rate.

    That is one of money, or with a limit of it, for such calls, in another currency;
    whether it has anything left does not matter.
    """
    lacking = np.zeros(len(calls), dtype=bool)
    own = np.unique(bundles.table["currency_id"].to_numpy()[bundles.in_money])
    foreign = asked & (currencies > 0) & ~np.isin(currencies, own)
    if not len(own) or (len(own) == 1 and not foreign.any()):
        return lacking
    exchange = Exchange.of(calls, currencies, bundles, rates)
    order = np.flatnonzero(asked)
    call, row, _rank = fitting(calls, order, bundles, bundles.in_money)
    _ratio, known = exchange.ratios(call, row)
    lacking[call[~known]] = True
    return lacking


def allocate_money(
    calls: Table,
    due: Array,
    currencies: Array,
    bundles: Bundles,
    used: Table | None = None,
    rates: CurrencyTable | None = None,
) -> tuple[Array, Table]:
    """Let allowances of money pay what is due (micro, int64), after all others.

    Gives what they pay of each call (micro) and the draws, as `Cover`.
    """
    paid = pay_with_money(calls, due, currencies, bundles, used, rates)
    return paid.micro, paid.draws


def pay_with_money(
    calls: Table,
    due: Array,
    currencies: Array,
    bundles: Bundles,
    used: Table | None = None,
    rates: CurrencyTable | None = None,
) -> Paid:
    """Do as `allocate_money`; give the discounts on what is left to pay, too."""
    exchange = Exchange.of(calls, currencies, bundles, rates)
    pairs = find_pairs(calls, due > 0, bundles, used, money=True)
    _ratio, known = exchange.ratios(pairs.call, pairs.row)
    pairs = pairs.take(np.flatnonzero(known))
    left, taken = due.copy(), []
    discount = np.zeros(len(due), dtype=np.int64)
    for turn in turns(pairs):
        got = pay(turn, left, exchange)
        left[turn.call] -= got.covered
        discount[turn.call] = first_discounts(discount[turn.call], turn.row, bundles)
        taken.append((turn, got))
    discount = np.where(left > 0, discount, 0)
    return Paid(due - left, draw_table(calls, bundles, taken), discount)


def pay(turn: Pairs, left: Array, exchange: Exchange) -> Taken:
    """Let allowances of money pay: charged in their currency, covered in the price's.

    In another currency the quantity of a pool is money that pays for micro of prices.
    """
    ratio, _known = exchange.ratios(turn.call, turn.row)
    quantity, money = turn.pools.quantity, turn.pools.money
    if (ratio.top == ratio.bottom).all():
        return fill(money_demand(turn, left, ratio), quantity, money)
    got = fill(money_demand(turn, left, ratio), money, quantity)
    return Taken(got.value, got.covered, got.value * 0)


def money_demand(turn: Pairs, left: Array, ratio: Fractions) -> Demand:
    """Give what calls want of allowances of money: what is left to pay."""
    zero = np.zeros(len(turn.call), dtype=np.int64)
    steps = (zero, zero + 1, zero, zero)
    unit = (ratio.bottom, ratio.top, zero == 0)
    return Demand(turn.pool, left[turn.call], *steps, *unit)


def turns(pairs: Pairs) -> list[Pairs]:
    """Cut pairs by the turn of their allowance, keeping the order of calls."""
    return [
        pairs.take(np.flatnonzero(pairs.rank == rank)) for rank in np.unique(pairs.rank)
    ]


def find_pairs(
    calls: Table,
    billable: Array,
    bundles: Bundles,
    used: Table | None,
    money: bool,
) -> Pairs:
    """Find which allowances may cover which calls, calls in order of start."""
    order = call_order(calls, np.flatnonzero(billable))
    wanted = (bundles.table["kind"].to_numpy() == AMOUNT) == money
    call, row, rank = fitting(calls, order, bundles, wanted)
    shared = bundles.column("is_shared", row).astype(bool)
    number = np.where(shared, 0, integers(calls, "number_id")[call])
    days = day_numbers(calls["day"])[call]
    period = period_numbers(days, bundles.column("billing_day", row))
    pool, pools = pools_of(bundles, row, number, period, used)
    return with_common(Pairs(call, rank * 2, pool, pools), bundles, used)


def fitting(
    calls: Table, order: Array, bundles: Bundles, wanted: Array
) -> tuple[Array, ...]:
    """Pair calls with the wanted rows (bools) that are for them: call, row, rank."""
    call, row, rank = customer_pairs(calls, order, bundles)
    kept = np.flatnonzero(wanted[row] & is_open(calls, call, row, bundles))
    kept = kept[is_target(calls, call[kept], row[kept], bundles)]
    return call[kept], row[kept], rank[kept]


def pools_of(
    bundles: Bundles, row: Array, number: Array, period: Array, used: Table | None
) -> tuple[Array, Pools]:
    """Give the place of each pool, and pools with what is left of them."""
    columns = []
    for values in (row, number, period):
        codes, known = pd.factorize(values)
        columns.append((codes.astype(np.int64), len(known) + 1))
    pool, known = pd.factorize(combined(columns))
    first = np.zeros(len(known), dtype=np.int64)
    first[pool[::-1]] = np.arange(len(pool))[::-1]
    keys = (row[first], number[first], period[first])
    return pool, Pools(*keys, *left_in(bundles, keys, used))


def left_in(
    bundles: Bundles, keys: tuple[Array, Array, Array], used: Table | None
) -> tuple[Array, Array]:
    """Give quantity and money of pools: included, carried and extras, less used."""
    row, number, period = keys
    quantity, limit = included(bundles.table, row, period)
    common = (number == 0) & ~bundles.column("is_shared", row).astype(bool)
    quantity, money = np.where(common, 0, quantity), np.where(common, NO_LIMIT, limit)
    wanted = pd.DataFrame(dict(zip(POOL, keys, strict=True)))
    tables = (bundles.extras, bundles.carried, pool_sums(bundles.table, used))
    for sums, sign in zip(tables, (1, 1, -1), strict=True):
        more, more_money = sums_at(sums, wanted)
        quantity = quantity + sign * more
        money = np.where(money < NO_LIMIT, money + sign * more_money, money)
    return quantity, money


def sums_at(sums: Table, wanted: Table) -> tuple[Array, Array]:
    """Give quantity and money of `pool_sums` for each wanted pool, 0 where none."""
    places = sums[POOL].assign(place=np.arange(len(sums)))
    place = wanted.merge(places, "left", POOL)["place"].fillna(-1).to_numpy(np.int64)
    columns = (sums[name].to_numpy() for name in ("quantity", "money"))
    quantity, money = (np.append(column, 0)[place] for column in columns)
    return quantity, money


def with_common(pairs: Pairs, bundles: Bundles, used: Table | None) -> Pairs:
    """Add the pools that all numbers of a subscription have beside their own."""
    extras = bundles.extras[bundles.extras["number"] == 0]
    shared = bundles.table["is_shared"].to_numpy(dtype=bool)
    extras = extras[~shared[extras["row"].to_numpy()]]
    if not len(extras):
        return pairs
    pools = pairs.pools
    keys = pd.DataFrame({"row": pools.row, "number": 0, "period": pools.period})
    has_common = (sums_at(extras, keys)[0] != 0) & (pools.number > 0)
    rows = np.flatnonzero(has_common[pairs.pool])
    own = pairs.pool[rows]
    columns = (pools.row[own], np.zeros(len(own), np.int64), pools.period[own])
    pool, common = pools_of(bundles, *columns, used)
    merged = Pools(*map(np.concatenate, zip(pools, common, strict=True)))
    return Pairs(
        np.append(pairs.call, pairs.call[rows]),
        np.append(pairs.rank, pairs.rank[rows] + 1),
        np.append(pairs.pool, pool + len(pools.row)),
        merged,
    )


def call_order(calls: Table, rows: Array) -> Array:
    """Put rows of calls in order of start, ties by identity."""
    identity = pd.factorize(calls["identity"].iloc[rows], sort=True)[0]
    return rows[np.lexsort((identity, epoch_seconds(calls["start_at"])[rows]))]


def customer_pairs(calls, order, bundles: Bundles) -> tuple[Array, ...]:
    """Pair each call with every allowance of its customer: call, row, rank."""
    owner = positions(bundles.partners, integers(calls, "partner_id")[order])
    order, owner = order[owner >= 0], owner[owner >= 0]
    count = bundles.first[owner + 1] - bundles.first[owner]
    call, first = np.repeat(order, count), np.repeat(bundles.first[owner], count)
    rank = np.arange(len(call)) - np.repeat(np.cumsum(count) - count, count)
    return call, first + rank, rank


def is_open(calls: Table, call: Array, row: Array, bundles: Bundles) -> Array:
    """Tell whether the allowance is for such a call, of that number, at its start."""
    names = ("service", "direction", "start", "end")
    service, direction, start, end = (bundles.column(name, row) for name in names)
    moments = epoch_seconds(calls["start_at"])[call]
    direction_of_call = codes_of(calls["direction"], DIRECTIONS)[call]
    return (
        (service == codes_of(calls["service"], SERVICES)[call])
        & ((direction < 0) | (direction == direction_of_call))
        & (start <= moments)
        & (moments < end)
        & (~bundles.names_any("numbers")[row] | is_member(calls, call, row, bundles))
        & ~is_short(calls, call, row, bundles)
    )


def is_short(calls: Table, call: Array, row: Array, bundles: Bundles) -> Array:
    """Tell whether a call is spoken, and no longer than the grace of the bundle."""
    grace = bundles.column("bundle_grace", row)
    duration = integers(calls, "duration", missing=0)[call]
    is_voice = bundles.column("service", row) == VOICE
    return is_voice & (grace > 0) & (duration <= grace)


def is_member(calls: Table, call: Array, row: Array, bundles: Bundles) -> Array:
    """Tell whether the subscription names the call's number."""
    return bundles.holds("number", row, integers(calls, "number_id")[call])


def is_target(calls: Table, call: Array, row: Array, bundles: Bundles) -> Array:
    """Tell whether the allowance names the call's prefix, destination or category."""
    limited = bundles.names_any("prefixes", "destinations", "categories")
    category = codes_of(calls["category"], bundles.categories)[call]
    destination = integers(calls, "destination_id", missing=0)[call]
    hit = ~limited[row] | bundles.holds("category", row, category)
    hit |= bundles.holds("destination", row, destination)
    node = bundles.prefixes.nodes(integers(calls, "match_key"))[call]
    while (rows := np.flatnonzero(~hit & (node >= 0))).size:
        hit[rows] = bundles.holds("prefix", row[rows], node[rows])
        node[rows] = bundles.prefixes.parents[node[rows]]
    return hit


def draw_table(
    calls: Table, bundles: Bundles, taken: list[tuple[Pairs, Taken]]
) -> Table:
    """Give a row (DRAW_COLUMNS) for each quantity above 0 that was taken."""
    kept = [(pairs, got, np.flatnonzero(got.charged > 0)) for pairs, got in taken]
    empty = np.empty(0, dtype=np.int64)

    def joined(parts: list[Array]) -> Array:
        return np.concatenate([empty, *parts])

    row = joined([pairs.row[some] for pairs, _, some in kept])
    period = joined([pairs.pools.period[pairs.pool[some]] for pairs, _, some in kept])
    number = joined([pairs.pools.number[pairs.pool[some]] for pairs, _, some in kept])
    starts = first_days(period, bundles.column("billing_day", row))
    columns = {
        "call": calls.index.take(joined([pairs.call[some] for pairs, _, some in kept])),
        "subscription_id": bundles.column("subscription_id", row),
        "allowance_id": bundles.column("allowance_id", row),
        "number_id": number,
        "period_start": as_days(starts),
        "quantity": joined([got.charged[some] for _, got, some in kept]),
        "covered": joined([got.covered[some] for _, got, some in kept]),
        "amount_micro": joined([got.value[some] for _, got, some in kept]),
    }
    return pd.DataFrame(columns)

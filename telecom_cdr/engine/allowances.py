# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bundles: what allowances cover of which call, and what they leave to be paid.

Allowances are filled one after the other: by the subscription's priority, then oldest
subscription; each in the order of call start, ties by identity.  As every call of a
customer meets them in the same order, this is the same as taking call by call.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .codes import DIRECTIONS, SERVICES, known_codes, refuse
from .holders import exploded
from .periods import epoch_seconds, month_starts
from .prefixes import PrefixTable
from .tables import Array, Table, codes_of, integers, positions, texts

KINDS = ("seconds", "bytes", "messages", "calls", "amount")
SECONDS, BYTES, MESSAGES, CALLS, AMOUNT = range(len(KINDS))
SMS = SERVICES.index("sms")
DRAW_COLUMNS = (
    "call", "subscription_id", "allowance_id", "number_id", "period_start", "quantity",
)  # fmt: skip


@dataclass(frozen=True)
class Bundles:
    """Allowances of subscriptions, one row each, by customer and order of use.

    partners: sorted, unique; first: where each one's rows begin.  table: the rows, with
    service, direction, kind as codes (-1 direction: any).  members: for number,
    destination, category and prefix (node) the sorted keys row * sizes + member.
    """

    partners: Array
    first: Array
    table: Table
    members: dict[str, Array]
    sizes: dict[str, int]
    prefixes: PrefixTable
    categories: tuple[str, ...]

    @classmethod
    def build(cls, subscriptions: Table, allowances: Table) -> "Bundles":
        """Index subscriptions and allowances; BookError or PrefixError where bad.

        subscriptions: subscription_id, bundle_id, partner_id, priority (lower first),
        start, end (epoch seconds), numbers (set of number_id, empty: all of the
        customer), is_shared (bool).
        allowances: allowance_id, bundle_id, sequence, service, kind (KINDS), quantity
        (s, bytes, pieces or micro), prefixes, destinations, categories (iterables; all
        empty: every call), direction ("" any; absent: outgoing), currency_id (absent or
        0: any).
        """
        table = joined_rows(subscriptions, allowances)
        partners, first = np.unique(integers(table, "partner_id"), return_index=True)
        categories = tuple(
            sorted({one for many in table["categories"] for one in many})
        )
        names = sorted({one for many in table["prefixes"] for one in many})
        prefixes = PrefixTable.build(names)
        coded = {
            "number": table["numbers"],
            "destination": table["destinations"],
            "category": coded_sets(table["categories"], categories),
            "prefix": coded_sets(table["prefixes"], prefixes.prefixes),
        }
        members, sizes = {}, {}
        for name, sets in coded.items():
            members[name], sizes[name] = member_keys(sets)
        first = np.append(first, len(table))
        return cls(partners, first, table, members, sizes, prefixes, categories)

    def holds(self, name: str, rows: Array, values: Array) -> Array:
        """Tell whether each row's set of `name` holds the value (bool array)."""
        size = self.sizes[name]
        inside = (values >= 0) & (values < size)
        keys = np.where(inside, rows * size + values, -1)
        return positions(self.members[name], keys) >= 0

    def names_any(self, *columns: str) -> Array:
        """Tell which rows name something in one of these columns of sets (bools)."""
        sets = zip(*(self.table[name] for name in columns), strict=True)
        return np.array([any(many) for many in sets], dtype=bool)


def joined_rows(subscriptions: Table, allowances: Table) -> Table:
    """Give a row for each allowance of each subscription, in order of use."""
    allowances = coded_allowances(allowances)
    columns = ["subscription_id", "bundle_id", "partner_id", "priority", "start", "end"]
    taken = subscriptions[[*columns, "numbers", "is_shared"]]
    table = taken.merge(allowances, on="bundle_id")
    order = [
        "allowance_id",
        "sequence",
        "subscription_id",
        "start",
        "priority",
        "partner_id",
    ]
    place = np.lexsort([integers(table, name, missing=0) for name in order])
    table = table.iloc[place].reset_index(drop=True)
    table["numbers"] = [frozenset(many or ()) for many in table["numbers"]]
    return table


def coded_allowances(allowances: Table) -> Table:
    """Give allowances with service, direction and kind as codes and sets as sets."""
    columns = {
        "bundle_id": integers(allowances, "bundle_id"),
        "allowance_id": integers(allowances, "allowance_id"),
        "sequence": integers(allowances, "sequence", missing=0),
        "service": known_codes(allowances, "service", SERVICES),
        "direction": allowed_directions(allowances),
        "kind": known_codes(allowances, "kind", KINDS),
        "quantity": integers(allowances, "quantity"),
        "currency_id": integers(allowances, "currency_id", missing=0),
    }
    table = pd.DataFrame(columns)
    for name in ("prefixes", "destinations", "categories"):
        table[name] = [frozenset(many or ()) for many in allowances[name]]
    return table


def allowed_directions(allowances: Table) -> Array:
    """Give the direction of each allowance as a code; -1 stands for any."""
    if "direction" not in allowances:
        return np.zeros(len(allowances), dtype=np.int64)
    names = pd.Series(texts(allowances, "direction"), dtype=object)
    codes = codes_of(names, DIRECTIONS)
    refuse("direction", names.to_numpy(), (codes < 0) & (names != "").to_numpy())
    return codes


def coded_sets(sets: pd.Series, known: tuple[str, ...] | list[str]) -> pd.Series:
    """Give sets of texts as sets of their positions in `known`."""
    place = {name: position for position, name in enumerate(known)}
    return pd.Series([{place[name] for name in many} for many in sets], dtype=object)


def member_keys(sets: pd.Series) -> tuple[Array, int]:
    """Give sorted keys of (position of the set, member) and the size they go by."""
    place, member = exploded(sets)
    size = int(member.max()) + 1 if len(member) else 1
    return np.unique(place * size + member), size


@dataclass(frozen=True)
class Pairs:
    """Calls and the allowances that may cover them, in order of call.

    call: position of the call.  row: row of the bundles table.  rank: turn of that row
    among its customer's.  number: of the call, 0 where shared.  period: first day of
    the month, days since 1970.  left: what invoiced calls leave of the allowance.
    """

    call: Array
    row: Array
    rank: Array
    number: Array
    period: Array
    left: Array

    def take(self, rows: Array) -> "Pairs":
        """Give some of the pairs."""
        names = ("call", "row", "rank", "number", "period", "left")
        return Pairs(*(getattr(self, name)[rows] for name in names))


@dataclass(frozen=True)
class Cover:
    """What allowances leave of each call: duration (s), volume (bytes).

    is_whole: nothing is left to pay.  is_touched: something was covered.  draws: a row
    (DRAW_COLUMNS) for each allowance that a call took from; call is its index label.
    """

    duration: Array
    volume: Array
    is_whole: Array
    is_touched: Array
    draws: Table


def allocate(
    calls: Table,
    billable: Array,
    bundles: Bundles,
    used: Table | None = None,
) -> Cover:
    """Let allowances of seconds, bytes, messages and calls cover the billable calls.

    Reads start_at, identity, day, number_id, partner_id, service, direction, duration,
    volume, match_key, destination_id, category.  `used`: draws that are frozen.
    """
    pairs = find_pairs(calls, billable, bundles, used, money=False)
    left = Left.of(calls)
    kinds = bundles.table["kind"].to_numpy()
    taken = [(turn, left.give(turn, kinds[turn.row])) for turn in turns(pairs)]
    touched = np.zeros(len(calls), dtype=bool)
    for turn, got in taken:
        touched[turn.call[got > 0]] = True
    draws = draw_table(calls, bundles, taken)
    return Cover(left.duration, left.volume, left.is_whole, touched, draws)


@dataclass(frozen=True)
class Left:
    """What is left of each call while allowances are filled; arrays that change."""

    duration: Array
    volume: Array
    is_message: Array
    is_whole: Array

    @classmethod
    def of(cls, calls: Table) -> "Left":
        """Start with the whole calls."""
        duration = integers(calls, "duration", missing=0).copy()
        volume = integers(calls, "volume", missing=0).copy()
        is_message = codes_of(calls["service"], SERVICES) == SMS
        return cls(duration, volume, is_message, np.zeros(len(calls), dtype=bool))

    def give(self, pairs: Pairs, kind: Array) -> Array:
        """Let one allowance of each customer cover what it can; give what it took."""
        call = pairs.call
        wanted = np.select(
            [kind == SECONDS, kind == BYTES, kind == MESSAGES, kind == CALLS],
            [self.duration[call], self.volume[call], self.is_message[call] * 1, 1],
        )
        got = fill(pairs, np.where(self.is_whole[call], 0, wanted))
        self.duration[call] -= np.where(kind == SECONDS, got, 0)
        self.volume[call] -= np.where(kind == BYTES, got, 0)
        self.is_whole[call] |= (got > 0) & (got == wanted)
        return got


def allocate_money(
    calls: Table,
    due: Array,
    currencies: Array,
    bundles: Bundles,
    used: Table | None = None,
) -> tuple[Array, Table]:
    """Let allowances of money pay what is due (micro, int64), after all others.

    Gives what they pay of each call (micro) and the draws, as `Cover`.
    """
    pairs = find_pairs(calls, due > 0, bundles, used, money=True)
    own = bundles.table["currency_id"].to_numpy()[pairs.row]
    pairs = pairs.take(np.flatnonzero((own == 0) | (own == currencies[pairs.call])))
    left, taken = due.copy(), []
    for turn in turns(pairs):
        got = fill(turn, left[turn.call])
        left[turn.call] -= got
        taken.append((turn, got))
    return due - left, draw_table(calls, bundles, taken)


def turns(pairs: Pairs) -> list[Pairs]:
    """Cut pairs by the turn of their allowance, keeping the order of calls."""
    return [
        pairs.take(np.flatnonzero(pairs.rank == rank)) for rank in np.unique(pairs.rank)
    ]


def fill(pairs: Pairs, wanted: Array) -> Array:
    """Give each call what its allowance has left, first come first served (int64)."""
    pools = pd.DataFrame({"row": pairs.row, "number": pairs.number, "at": pairs.period})
    pool = pools.groupby(["row", "number", "at"], sort=False).ngroup()
    before = pd.Series(wanted).groupby(pool.to_numpy()).cumsum().to_numpy() - wanted
    return np.clip(np.minimum(pairs.left - before, wanted), 0, None)


def find_pairs(
    calls: Table,
    billable: Array,
    bundles: Bundles,
    used: Table | None,
    money: bool,
) -> Pairs:
    """Find which allowances may cover which calls, calls in order of start."""
    order = call_order(calls, np.flatnonzero(billable))
    call, row, rank = customer_pairs(calls, order, bundles)
    is_money = bundles.table["kind"].to_numpy()[row] == AMOUNT
    kept = np.flatnonzero((is_money == money) & is_open(calls, call, row, bundles))
    kept = kept[is_target(calls, call[kept], row[kept], bundles)]
    call, row, rank = call[kept], row[kept], rank[kept]
    shared = bundles.table["is_shared"].to_numpy(dtype=bool)[row]
    number = np.where(shared, 0, integers(calls, "number_id")[call])
    period = month_days(calls["day"])[call]
    left = remaining_quantities(bundles, row, number, period, used)
    return Pairs(call, row, rank, number, period, left)


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
    columns = (bundles.table[name].to_numpy()[row] for name in names)
    service, direction, start, end = columns
    moments = epoch_seconds(calls["start_at"])[call]
    direction_of_call = codes_of(calls["direction"], DIRECTIONS)[call]
    return (
        (service == codes_of(calls["service"], SERVICES)[call])
        & ((direction < 0) | (direction == direction_of_call))
        & (start <= moments)
        & (moments < end)
        & (~bundles.names_any("numbers")[row] | is_member(calls, call, row, bundles))
    )


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


def remaining_quantities(bundles: Bundles, row, number, period, used) -> Array:
    """Give what frozen draws leave of each pair's allowance and period (int64)."""
    quantity = bundles.table["quantity"].to_numpy()[row]
    if used is None or not len(used):
        return quantity
    sums = frozen_sums(bundles, used)
    wanted = pd.DataFrame({"row": row, "number": number, "period": period})
    sums["place"] = np.arange(len(sums))
    place = wanted.merge(sums, "left", ["row", "number", "period"])["place"]
    place = place.fillna(-1).to_numpy(dtype=np.int64)
    return quantity - np.append(integers(sums, "quantity"), 0)[place]


def frozen_sums(bundles: Bundles, used: Table) -> Table:
    """Sum frozen draws by row of the bundles, number (0 where shared) and period."""
    ids = ["subscription_id", "allowance_id"]
    rows = bundles.table[[*ids, "is_shared"]].assign(row=np.arange(len(bundles.table)))
    taken = used[[*ids, "number_id", "period_start", "quantity"]].merge(rows, on=ids)
    shared = taken["is_shared"].to_numpy(dtype=bool)
    columns = {
        "row": taken["row"],
        "number": np.where(shared, 0, integers(taken, "number_id", missing=0)),
        "period": month_days(taken["period_start"]),
        "quantity": integers(taken, "quantity"),
    }
    keys = ["row", "number", "period"]
    return pd.DataFrame(columns).groupby(keys, as_index=False)["quantity"].sum()


def month_days(days: pd.Series) -> Array:
    """Give the first day of each day's month as days since 1970 (int64)."""
    return month_starts(days).astype("datetime64[D]").astype(np.int64)


def draw_table(calls, bundles: Bundles, taken: list) -> Table:
    """Give a row (DRAW_COLUMNS) for each quantity above 0 that was taken."""
    parts = [(turn.take(np.flatnonzero(got > 0)), got[got > 0]) for turn, got in taken]
    empty = np.empty(0, dtype=np.int64)

    def column(name: str) -> Array:
        return np.concatenate([empty, *(getattr(pairs, name) for pairs, _ in parts)])

    row = column("row")
    columns = {
        "call": calls.index.take(column("call")),
        "subscription_id": bundles.table["subscription_id"].to_numpy()[row],
        "allowance_id": bundles.table["allowance_id"].to_numpy()[row],
        "number_id": column("number"),
        "period_start": column("period")
        .astype("datetime64[D]")
        .astype("datetime64[s]"),
        "quantity": np.concatenate([empty, *(got for _, got in parts)]),
    }
    return pd.DataFrame(columns)

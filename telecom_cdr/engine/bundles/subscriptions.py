# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Subscriptions and their allowances as one table, and how much each period has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ..codes import DIRECTIONS, SERVICES, known_codes, refuse
from ..currencies import day_numbers
from ..prefixes import PrefixTable
from ..rates.holders import exploded
from ..tables import Array, Table, amounts, codes_of, flags, integers, positions, texts
from .allowance_steps import NO_LIMIT
from .billing_periods import (
    FIRST_DAY,
    LAST_DAY,
    check_billing_days,
    open_days,
    period_numbers,
    prorated,
    used_days,
)

KINDS = ("seconds", "bytes", "messages", "calls", "amount")
SECONDS, BYTES, MESSAGES, CALLS, AMOUNT = range(len(KINDS))
CONNECT_RULES = ("unless_whole", "always", "never")
POOL = ["row", "number", "period"]
IDS = ["subscription_id", "allowance_id"]
READ_OF_GIVEN = {*IDS, "number_id", "period_start", "quantity", "amount_micro"}
ORDER = [
    "allowance_id", "sequence", "subscription_id", "start", "priority", "partner_id",
]  # fmt: skip
SUBSCRIPTION_NUMBERS = {
    "billing_day": 1,
    "bundle_initial": 0,
    "bundle_increment": 0,
    "bundle_minimum": 0,
    "bundle_grace": 0,
    "covered_price_nano": 0,
    "covered_connect_nano": 0,
}
SUBSCRIPTION_COLUMNS = [
    "subscription_id", "bundle_id", "partner_id", "priority", "start", "end",
]  # fmt: skip


@dataclass(frozen=True)
class Bundles:
    """Allowances of subscriptions, one row each, by customer and order of use.

    partners: sorted, unique; first: where each one's rows begin.  table: the rows, with
    service, direction, kind, connect_rule as codes (-1 direction: any) and days since
    1970.  members: for number, destination, category and prefix (node) the sorted keys
    row * sizes + member.  extras, carried: what periods have beside what the allowance
    includes: row of the table, number (0 shared), period, quantity, money (micro).
    """

    partners: Array
    first: Array
    table: Table
    members: dict[str, Array]
    sizes: dict[str, int]
    prefixes: PrefixTable
    categories: tuple[str, ...]
    extras: Table
    carried: Table

    @classmethod
    def build(
        cls,
        subscriptions: Table,
        allowances: Table,
        extras: Table | None = None,
        carried: Table | None = None,
    ) -> "Bundles":
        """Index subscriptions and allowances; BookError or PrefixError where bad.

        subscriptions: subscription_id, bundle_id, partner_id, priority (lower first),
        start, end (epoch seconds), numbers (set of number_id, empty: all of the
        customer), is_shared (bool).  May have (else neutral): billing_day (1..28),
        is_prorated (bool) with first_day and last_day (local days, both used; open
        where empty), connect_rule (CONNECT_RULES), run_through (bool) and the bundle's
        steps and prices (SUBSCRIPTION_NUMBERS: s, and nano).
        allowances: allowance_id, bundle_id, sequence, service, kind (KINDS), quantity
        (s, bytes, pieces or micro), prefixes, destinations, categories (iterables; all
        empty: every call).  May have: direction ("" any; absent: outgoing), currency_id
        (0: any), amount_limit_micro (nullable), rollover_months, rest_discount_ppm.
        extras (top-ups), carried (`rollover.carried_over`): subscription_id,
        allowance_id, number_id, period_start, quantity; may have amount_micro, what
        they add to the limit of money.  Without a number, extras of a subscription that
        is not shared are for all its numbers, each of which first takes its own.
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
        more = (pool_sums(table, extras), pool_sums(table, carried))
        return cls(partners, first, table, members, sizes, prefixes, categories, *more)

    def with_carried(self, carried: Table | None) -> "Bundles":
        """Give the same bundles with other quantities carried over."""
        return replace(self, carried=pool_sums(self.table, carried))

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

    @cached_property
    def in_money(self) -> Array:
        """Tell which rows are an amount of money, or have a limit of it (bools)."""
        limited = self.table["limit"].to_numpy() < NO_LIMIT
        return limited | (self.table["kind"].to_numpy() == AMOUNT)

    def column(self, name: str, row: Array) -> Array:
        """Give a column of the table at some rows."""
        return self.table[name].to_numpy()[row]


def joined_rows(subscriptions: Table, allowances: Table) -> Table:
    """Give a row for each allowance of each subscription, in order of use."""
    taken = subscriptions[[*SUBSCRIPTION_COLUMNS, "numbers", "is_shared"]]
    taken = taken.assign(**subscription_rules(subscriptions))
    table = taken.merge(coded_allowances(allowances), on="bundle_id")
    place = np.lexsort([integers(table, name, missing=0) for name in ORDER])
    table = table.iloc[place].reset_index(drop=True)
    table["numbers"] = [frozenset(many or ()) for many in table["numbers"]]
    return table


def subscription_rules(subscriptions: Table) -> dict[str, Array]:
    """Give the columns that subscriptions may have, neutral where they are absent."""
    count = len(subscriptions)
    columns = {
        name: integers(subscriptions, name, missing=neutral)
        for name, neutral in SUBSCRIPTION_NUMBERS.items()
    }
    check_billing_days(columns["billing_day"])
    columns["bundle_increment"] = np.maximum(columns["bundle_increment"], 1)
    first, last = subscriptions.get("first_day"), subscriptions.get("last_day")
    return columns | {
        "is_prorated": flags(subscriptions, "is_prorated", False),
        "run_through": flags(subscriptions, "run_through", False),
        "connect_rule": words(subscriptions, "connect_rule", CONNECT_RULES, 0),
        "first_day": open_days(first, count, FIRST_DAY),
        "last_day": open_days(last, count, LAST_DAY),
    }


def coded_allowances(allowances: Table) -> Table:
    """Give allowances with service, direction and kind as codes and sets as sets."""
    kind = known_codes(allowances, "kind", KINDS)
    quantity = integers(allowances, "quantity")
    limit, has_limit = amounts(allowances, "amount_limit_micro")
    limit = np.where(has_limit, limit, NO_LIMIT)
    is_money = kind == AMOUNT
    columns = {
        "bundle_id": integers(allowances, "bundle_id"),
        "allowance_id": integers(allowances, "allowance_id"),
        "sequence": integers(allowances, "sequence", missing=0),
        "service": known_codes(allowances, "service", SERVICES),
        "direction": words(allowances, "direction", DIRECTIONS, -1, absent=0),
        "kind": kind,
        "quantity": np.where(is_money, np.minimum(quantity, limit), quantity),
        "limit": np.where(is_money, NO_LIMIT, limit),
        "currency_id": integers(allowances, "currency_id", missing=0),
        "rollover_months": integers(allowances, "rollover_months", missing=0),
        "rest_discount_ppm": integers(allowances, "rest_discount_ppm", missing=0),
    }
    table = pd.DataFrame(columns)
    for name in ("prefixes", "destinations", "categories"):
        table[name] = [frozenset(many or ()) for many in allowances[name]]
    return table


def words(
    table: Table, name: str, known: Sequence[str], empty: int, absent: int | None = None
) -> Array:
    """Give a column of words as positions in `known`; BookError for any other word.

    empty, absent: the code of "" and of a table that has no such column (else `empty`).
    """
    if name not in table:
        return np.full(len(table), empty if absent is None else absent, np.int64)
    names = pd.Series(texts(table, name), dtype=object)
    codes, given = codes_of(names, known), (names != "").to_numpy()
    refuse(name, names.to_numpy(), (codes < 0) & given)
    return np.where(given, codes, empty)


def coded_sets(sets: pd.Series, known: tuple[str, ...] | list[str]) -> pd.Series:
    """Give sets of texts as sets of their positions in `known`."""
    place = {name: position for position, name in enumerate(known)}
    return pd.Series([{place[name] for name in many} for many in sets], dtype=object)


def member_keys(sets: pd.Series) -> tuple[Array, int]:
    """Give sorted keys of (position of the set, member) and the size they go by."""
    place, member = exploded(sets)
    size = int(member.max()) + 1 if len(member) else 1
    return np.unique(place * size + member), size


def pool_sums(table: Table, given: Table | None) -> Table:
    """Sum quantities (draws, extras, carried) by POOL: quantity and money (micro).

    Rows of other subscriptions or allowances are left out.  number: 0 where shared.
    """
    if given is None or not len(given):
        empty = {name: np.empty(0, np.int64) for name in (*POOL, "quantity", "money")}
        return pd.DataFrame(empty)
    known = table[[*IDS, "is_shared", "billing_day"]].assign(row=np.arange(len(table)))
    columns = [name for name in given if name in READ_OF_GIVEN]
    taken = given[columns].merge(known, on=IDS)
    shared = taken["is_shared"].to_numpy(dtype=bool)
    days, billing_day = day_numbers(taken["period_start"]), taken["billing_day"]
    sums = {
        "row": taken["row"],
        "number": np.where(shared, 0, integers(taken, "number_id", missing=0)),
        "period": period_numbers(days, billing_day.to_numpy()),
        "quantity": integers(taken, "quantity"),
        "money": integers(taken, "amount_micro", missing=0),
    }
    return pd.DataFrame(sums).groupby(POOL, as_index=False).sum()


def included(table: Table, row: Array, period: Array) -> tuple[Array, Array]:
    """Give the quantity and the limit of money that allowances include in a period.

    Both are scaled by the days that the subscription is in force, where it says so.
    """
    quantity, limit = table["quantity"].to_numpy()[row], table["limit"].to_numpy()[row]
    scaled = np.flatnonzero(table["is_prorated"].to_numpy(dtype=bool)[row])
    if not scaled.size:
        return quantity, limit
    names = ("billing_day", "first_day", "last_day")
    days = used_days(
        period[scaled], *(table[name].to_numpy()[row[scaled]] for name in names)
    )
    quantity[scaled] = prorated(quantity[scaled], *days)
    part = prorated(limit[scaled], *days)
    limit[scaled] = np.where(limit[scaled] < NO_LIMIT, part, NO_LIMIT)
    return quantity, limit

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which tariff a call goes by: its number's, customer's, class's, trunk's and so on."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..periods import PeriodTable, ranks
from ..tables import Array, Table, codes_of, integers, positions, texts
from .partners import Partners

PLAN_ORDER = ("subscription_id", "start", "priority")
OWNERS = ("number", "partner", "class", "trunk", "carrier", "address", "company")
# Owners that are named by a text, and the column of the calls that holds it.
NAMED = {"trunk": "trunk", "address": "source_address"}
ASSIGNMENT = ["owner_kind", "owner_id", "owner_key", "tariff_id", "start", "end"]
SUBSCRIPTION = [
    "subscription_id", "partner_id", "priority", "start", "end", "numbers", "tariff_id",
]  # fmt: skip


class Plans(NamedTuple):
    """Subscriptions that bring a tariff, the one that counts first in front.

    numbers: by pair of partner and number, and partners: periods whose values are
    places in `tariffs` (positions of tariffs).  members: known partners and numbers.
    """

    numbers: PeriodTable
    partners: PeriodTable
    members: tuple[Array, Array]
    tariffs: Array

    @classmethod
    def build(cls, table: Table | None, tariff_ids: Array) -> "Plans":
        """Index subscriptions, by priority (lower first), oldest start and id."""
        table, tariffs = plan_rows(table, tariff_ids)
        place, number = exploded(table["numbers"])
        partner = integers(table, "partner_id")
        start, end = integers(table, "start"), integers(table, "end")
        members = (np.unique(partner), np.unique(number))
        pairs = pair_keys(members, partner[place], number)
        own = PeriodTable.build(pairs, start[place], end[place], place, place)
        wide = np.flatnonzero([not many for many in table["numbers"]])
        shared = PeriodTable.build(partner[wide], start[wide], end[wide], wide, wide)
        return cls(own, shared, members, tariffs)

    def tariffs_of(
        self, number_ids: Array, partner_ids: Array, moments: Array
    ) -> Array:
        """Give the tariff of the first plan in force; -1 where none (int64)."""
        none = len(self.tariffs)
        if not none:
            return np.full(len(moments), -1, dtype=np.int64)
        pairs = pair_keys(self.members, partner_ids, number_ids)
        own = self.numbers.lookup(pairs, moments)
        wide = self.partners.lookup(partner_ids, moments)
        first = np.minimum(np.where(own < 0, none, own), np.where(wide < 0, none, wide))
        return np.append(self.tariffs, -1)[first]


@dataclass(frozen=True)
class Holders:
    """Dated assignments by kind of owner, with positions of tariffs; and call plans.

    keys: for owners that are named by a text, the known ones, sorted.
    """

    owners: dict[str, PeriodTable]
    keys: dict[str, list[str]]
    plans: Plans

    @classmethod
    def build(
        cls, assignments: Table | None, subscriptions: Table | None, tariff_ids: Array
    ) -> "Holders":
        """Index assignments and subscriptions (columns as in `RateBook.build`)."""
        table = pd.DataFrame(columns=ASSIGNMENT) if assignments is None else assignments
        kinds, names = np.array(texts(table, "owner_kind")), texts(table, "owner_key")
        owners, keys = {}, {}
        for kind in OWNERS:
            rows = np.flatnonzero(kinds == kind)
            own = integers(table, "owner_id", missing=0)[rows] * (kind != "company")
            if kind in NAMED:
                keys[kind] = sorted({names[row] for row in rows} - {""})
                asked = pd.Series([names[row] for row in rows], dtype=object)
                own = codes_of(asked, keys[kind])
            owners[kind] = assigned(table.iloc[rows], own, tariff_ids)
        return cls(owners, keys, Plans.build(subscriptions, tariff_ids))

    def tariffs_of(self, calls: Table, partners: Partners, moments: Array) -> Array:
        """Give each call's tariff (position, -1 none) as assigned at its moment.

        The number's, else the customer's, the call plan's, that of the customer's
        class, of the trunk, the carrier, the source address, the company's.
        """
        number_ids = integers(calls, "number_id")
        partner_ids = integers(calls, "partner_id")
        found = self.owners["number"].lookup(number_ids, moments)
        for kind in ("partner", "plan", *OWNERS[2:]):
            rows = np.flatnonzero(found < 0)
            if not rows.size:
                break
            if kind == "plan":
                owners = (number_ids[rows], partner_ids[rows])
                found[rows] = self.plans.tariffs_of(*owners, moments[rows])
            elif len(self.owners[kind].keys):
                own = self._owners(kind, calls, partner_ids, partners)[rows]
                found[rows] = self.owners[kind].lookup(own, moments[rows])
        return found

    def _owners(
        self, kind: str, calls: Table, partner_ids: Array, partners: Partners
    ) -> Array:
        """Give the owner of each call by which assignments of a kind are found."""
        if kind == "partner":
            return partner_ids
        if kind == "class":
            return partners.classes(partner_ids)
        if kind == "carrier":
            return integers(calls, "carrier_id", missing=0)
        if kind == "company":
            return np.zeros(len(calls), dtype=np.int64)
        name = NAMED[kind]
        if name not in calls:
            return np.full(len(calls), -1, dtype=np.int64)
        return codes_of(calls[name], self.keys[kind])


def assigned(table: Table, owners: Array, tariff_ids: Array) -> PeriodTable:
    """Index the assignments of one kind of owner; of two that overlap the later."""
    tariffs = positions(tariff_ids, integers(table, "tariff_id"))
    kept = np.flatnonzero((tariffs >= 0) & (owners >= 0))
    table, tariffs = table.iloc[kept], tariffs[kept]
    start, end = integers(table, "start"), integers(table, "end")
    rank = ranks(-tariffs, -start)
    return PeriodTable.build(owners[kept], start, end, tariffs, rank)


def plan_rows(table: Table | None, tariff_ids: Array) -> tuple[Table, Array]:
    """Give the subscriptions that bring a tariff, in their order, and those tariffs."""
    if table is None or "tariff_id" not in table:
        table = pd.DataFrame(columns=SUBSCRIPTION)
    tariffs = positions(tariff_ids, integers(table, "tariff_id", missing=0))
    table, tariffs = table[tariffs >= 0], tariffs[tariffs >= 0]
    order = np.lexsort([integers(table, name, missing=0) for name in PLAN_ORDER])
    return table.iloc[order], tariffs[order]


def exploded(sets: pd.Series) -> tuple[Array, Array]:
    """Give (position of the set, member) of each member of sets of ids (int64)."""
    pairs = [(place, one) for place, many in enumerate(sets) for one in many or ()]
    table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def pair_keys(
    members: tuple[Array, Array], partner_ids: Array, number_ids: Array
) -> Array:
    """Give one key for each known pair of partner and number; -1 for any other."""
    partners, numbers = members
    one, other = positions(partners, partner_ids), positions(numbers, number_ids)
    return np.where((one < 0) | (other < 0), -1, one * len(numbers) + other)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which tariff numbers, customers, call plans and the company have, and since when."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from .periods import PeriodTable, ranks
from .tables import Array, Table, integers, positions

PLAN_ORDER = ("subscription_id", "start", "priority")
OWNERS = ("number", "partner", "company")
ASSIGNMENT = ["owner_kind", "owner_id", "tariff_id", "start", "end"]
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
    """Dated assignments by kind of owner, with positions of tariffs; and call plans."""

    numbers: PeriodTable
    partners: PeriodTable
    company: PeriodTable
    plans: Plans

    @classmethod
    def build(
        cls, assignments: Table | None, subscriptions: Table | None, tariff_ids: Array
    ) -> "Holders":
        """Index assignments and subscriptions (columns as in `RateBook.build`)."""
        tables = (assigned(assignments, kind, tariff_ids) for kind in OWNERS)
        return cls(*tables, Plans.build(subscriptions, tariff_ids))

    def tariffs_of(
        self, number_ids: Array, partner_ids: Array, moments: Array
    ) -> Array:
        """Give each call's tariff (position, -1 none) as assigned at its moment."""
        found = self.numbers.lookup(number_ids, moments)
        columns = (number_ids, partner_ids, moments)
        for lookup in (self._of_partner, self.plans.tariffs_of, self._of_company):
            rows = np.flatnonzero(found < 0)
            if rows.size:
                found[rows] = lookup(*(column[rows] for column in columns))
        return found

    def _of_partner(
        self, _number_ids: Array, partner_ids: Array, moments: Array
    ) -> Array:
        """Give the tariff assigned to each customer."""
        return self.partners.lookup(partner_ids, moments)

    def _of_company(
        self, number_ids: Array, _partner_ids: Array, moments: Array
    ) -> Array:
        """Give the company's own tariff."""
        return self.company.lookup(np.zeros_like(number_ids), moments)


def assigned(table: Table | None, kind: str, tariff_ids: Array) -> PeriodTable:
    """Index the assignments of one kind of owner; of two that overlap the later."""
    table = pd.DataFrame(columns=ASSIGNMENT) if table is None else table
    table = table[np.array([name == kind for name in table["owner_kind"]], dtype=bool)]
    tariffs = positions(tariff_ids, integers(table, "tariff_id"))
    table, tariffs = table[tariffs >= 0], tariffs[tariffs >= 0]
    owners = integers(table, "owner_id", missing=0) * (kind != "company")
    start, end = integers(table, "start"), integers(table, "end")
    return PeriodTable.build(owners, start, end, tariffs, ranks(-tariffs, -start))


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

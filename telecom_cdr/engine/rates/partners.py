# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is known of customers and their numbers beside what they are called."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..periods import period_starts
from ..tables import Array, Table, integers, positions

LAST_BILLING_DAY = 28


@dataclass(frozen=True)
class Partners:
    """Class, billing day and currency of customers, department of numbers, by id.

    class_ids, billing_days, currency_ids (0: as the tariff), department_ids have a
    neutral extra last row.
    """

    partner_ids: Array
    class_ids: Array
    billing_days: Array
    currency_ids: Array
    number_ids: Array
    department_ids: Array

    @classmethod
    def build(cls, partners: Table | None, departments: Table | None) -> "Partners":
        """Read partner_id, class_id, billing_day, currency_id; and of numbers the same.

        That is number_id, department_id.  All but the first of each may be absent.
        """
        partners, partner_ids = by_id(partners, "partner_id")
        numbers, number_ids = by_id(departments, "number_id")
        days = np.clip(integers(partners, "billing_day", 1), 1, LAST_BILLING_DAY)
        return cls(
            partner_ids,
            np.append(integers(partners, "class_id", 0), 0),
            np.append(days, 1),
            np.append(integers(partners, "currency_id", 0), 0),
            number_ids,
            np.append(integers(numbers, "department_id", 0), 0),
        )

    def classes(self, partner_ids: Array) -> Array:
        """Give the class of each customer; 0 where none."""
        return self.class_ids[positions(self.partner_ids, partner_ids)]

    def currencies(self, partner_ids: Array) -> Array:
        """Give the currency of each customer's prices; 0 where it has none."""
        if not self.currency_ids.any():
            return np.zeros(len(partner_ids), dtype=np.int64)
        return self.currency_ids[positions(self.partner_ids, partner_ids)]

    def departments(self, number_ids: Array) -> Array:
        """Give the department of each number; 0 where none."""
        return self.department_ids[positions(self.number_ids, number_ids)]

    def periods(self, partner_ids: Array, days: pd.Series) -> Array:
        """Give the first day of each customer's period (days since 1970, int64)."""
        billing = self.billing_days[positions(self.partner_ids, partner_ids)]
        starts = period_starts(days, billing)
        return starts.astype("datetime64[D]").astype(np.int64)


def by_id(table: Table | None, name: str) -> tuple[Table, Array]:
    """Give a table by an id that stands once in it, the last row of each."""
    if table is None or not len(table):
        table = pd.DataFrame({name: np.empty(0, np.int64)})
    table = table.drop_duplicates(name, keep="last").sort_values(name)
    return table, integers(table, name)

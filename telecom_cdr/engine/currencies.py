# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Currency rates as exact ratios of a day, never of an older one."""

from dataclasses import dataclass
from math import gcd

import numpy as np
import pandas as pd

from .exceptions import BookError
from .tables import Array, Table, integers

KEYS = ["day", "from_id", "to_id"]


@dataclass(frozen=True)
class CurrencyTable:
    """Ratios by day and pair of currencies, reduced to lowest terms.

    rows: day (days since 1970), from_id, to_id -> row.  numerators, denominators:
    int64, or object where one is larger; with 1/1 in an extra last row.
    """

    rows: Table
    numerators: Array
    denominators: Array

    @classmethod
    def build(cls, currencies: Table | None) -> "CurrencyTable":
        """Index day (datetime64), from_id, to_id, numerator, denominator.

        amount in to_id = amount in from_id * numerator / denominator, whole numbers of
        any size above 0, else BookError "currency_rate".  The last of a key counts.
        """
        if currencies is None or not len(currencies):
            nothing = pd.DataFrame({name: np.empty(0, np.int64) for name in KEYS})
            return cls(nothing.assign(row=nothing["day"]), *unit_ratios())
        names = ("numerator", "denominator")
        pairs = [
            ratio(*pair) for pair in zip(*(currencies[n] for n in names), strict=True)
        ]
        rows = pd.DataFrame(
            {
                "day": day_numbers(currencies["day"]),
                "from_id": integers(currencies, "from_id"),
                "to_id": integers(currencies, "to_id"),
                "row": np.arange(len(pairs)),
            }
        ).drop_duplicates(KEYS, keep="last")
        top, bottom = zip(*pairs, (1, 1), strict=True)
        return cls(rows, whole_numbers(top), whole_numbers(bottom))

    def lookup(self, day, from_id, to_id) -> tuple[Array, Array, Array]:
        """Give numerator, denominator and known (bool) of each day and pair (int64).

        The same currency twice, or 0 for either, is 1/1 and always known.
        """
        same = (from_id == to_id) | (from_id == 0) | (to_id == 0)
        row = np.full(len(same), len(self.numerators) - 1)
        rows = np.flatnonzero(~same)
        if rows.size:
            wanted = dict(
                zip(KEYS, (day[rows], from_id[rows], to_id[rows]), strict=True)
            )
            found = pd.DataFrame(wanted).merge(self.rows, "left", KEYS)["row"]
            row[rows] = found.fillna(-1).to_numpy(np.int64)
        known = row >= 0
        return self.numerators[row], self.denominators[row], known


def unit_ratios() -> tuple[Array, Array]:
    """Give the extra last row, 1/1, alone."""
    return np.ones(1, np.int64), np.ones(1, np.int64)


def ratio(numerator: object, denominator: object) -> tuple[int, int]:
    """Reduce a ratio of whole numbers above 0; BookError "currency_rate" else."""
    top, bottom = int(numerator), int(denominator)
    if top != numerator or bottom != denominator or top <= 0 or bottom <= 0:
        found = f"{numerator}/{denominator}"
        message = (
            f"a currency rate must be a ratio of whole numbers above 0, not {found}"
        )
        raise BookError("currency_rate", message, found)
    shared = gcd(top, bottom)
    return top // shared, bottom // shared


def whole_numbers(values: tuple[int, ...]) -> Array:
    """Give integers as int64, or as object where one does not fit."""
    fits = all(abs(value) < 2**63 for value in values)
    return np.array(values, dtype=np.int64 if fits else object)


def day_numbers(days: pd.Series) -> Array:
    """Give datetimes as int64 days since 1970."""
    return days.to_numpy().astype("datetime64[D]").astype(np.int64)

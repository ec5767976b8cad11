# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Allowances of money and prices in other currencies: the ratio of the call's day.

The ledger of an allowance is in its own currency, the price of a call in another.  What
is between is one exact ratio, and one rounding:

an allowance of money pays whole micro of the price, and is charged what these are worth
in its own currency, rounded up to a whole micro.  So a price is what was paid and what
is left of it, to the micro, and nobody gets more than was included;

a limit of money counts what the covered part would have cost, rounded half up.
"""

from dataclasses import dataclass

import numpy as np

from ..currencies import CurrencyTable, day_numbers
from ..exact import Fractions
from ..tables import Array, Table
from .subscriptions import AMOUNT, Bundles


@dataclass(frozen=True)
class Exchange:
    """What currencies of allowances are in those of prices.

    days: local day of each call, since 1970.  prices: currency of each call's price, 0:
    whatever the allowance is in.  own: currency of each row of the bundles table, 0:
    whatever the price is in.
    """

    days: Array
    prices: Array
    own: Array
    rates: CurrencyTable

    @classmethod
    def of(
        cls,
        calls: Table,
        currencies: Array | None,
        bundles: Bundles,
        rates: CurrencyTable | None,
    ) -> "Exchange":
        """Read the days of calls; None: all is in one currency, no rate is known."""
        nothing = np.zeros(len(calls), dtype=np.int64)
        return cls(
            day_numbers(calls["day"]),
            nothing if currencies is None else currencies,
            bundles.table["currency_id"].to_numpy(),
            CurrencyTable.build(None) if rates is None else rates,
        )

    def ratios(self, call: Array, row: Array) -> tuple[Fractions, Array]:
        """Give the ratios from allowances to prices, and where they are known."""
        columns = (self.days[call], self.own[row], self.prices[call])
        top, bottom, known = self.rates.lookup(*columns)
        return Fractions(top, bottom), known

    def texts(self, call: Array, row: Array) -> Array:
        """Give the ratios as "numerator/denominator", "" where there is none to use."""
        (top, bottom), known = self.ratios(call, row)
        is_used = known & (top != bottom)
        pairs = zip(top.tolist(), bottom.tolist(), is_used.tolist(), strict=True)
        return np.array([f"{a}/{b}" if used else "" for a, b, used in pairs], object)


def with_conversions(
    draws: Table, calls: Table, bundles: Bundles, exchange: Exchange
) -> Table:
    """Add to draws the ratio (text) that money was counted by, "" where none was."""
    ids = ["subscription_id", "allowance_id"]
    rows = bundles.table[ids].assign(row=np.arange(len(bundles.table)))
    rows = rows.drop_duplicates(ids)
    row = draws[ids].merge(rows, "left", ids)["row"].to_numpy(dtype=np.int64)
    found = exchange.texts(calls.index.get_indexer(draws["call"]), row)
    is_amount = bundles.column("kind", row) == AMOUNT
    is_counted = is_amount | (draws["amount_micro"].to_numpy() > 0)
    return draws.assign(conversion=np.where(is_counted, found, ""))

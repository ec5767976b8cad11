# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The ledger of allowances: what each period had, what was used, what is left."""

import numpy as np
import pandas as pd

from ..tables import Array, Table
from .allowance_steps import NO_LIMIT
from .billing_periods import as_days, first_days
from .subscriptions import POOL, Bundles, included, pool_sums

PERCENT = 100


def ledger(bundles: Bundles, draws: Table) -> Table:
    """Give a row for each pool and period that has draws, extras or carried quantities.

    draws: all of them, of invoiced calls and others.  Gives subscription_id,
    allowance_id, number_id (0 shared, or for all), period_start, period_end (exclusive)
    and included, carried_over, extra, used, left (units of the allowance; left is the
    sum of the first three less used), percent (used of all, rounded down; 100 where
    nothing is left), and the same of the limit of money, NA where there is none:
    amount_limit_micro (with carried and extras), amount_used_micro, amount_left_micro.
    percent is the higher of both.
    """
    parts = {
        "carried_over": bundles.carried,
        "extra": bundles.extras,
        "used": pool_sums(bundles.table, draws),
    }
    table = pd.concat([part[POOL] for part in parts.values()]).drop_duplicates()
    table = table.astype(np.int64).sort_values(POOL, ignore_index=True)
    row, period = table["row"].to_numpy(), table["period"].to_numpy()
    shared = bundles.column("is_shared", row).astype(bool)
    common = ~shared & (table["number"].to_numpy() == 0)
    quantity, limit = included(bundles.table, row, period)
    limit = np.where(common, NO_LIMIT, limit)
    table["included"] = np.where(common, 0, quantity)
    table["amount_limit_micro"] = limit
    for name, part in parts.items():
        named = {"quantity": name, "money": f"{name}_money"}
        table = table.merge(part.rename(columns=named), "left", POOL)
        table = fill_zeros(table, [*named.values()])
    return finished(bundles, table, limit < NO_LIMIT)


def fill_zeros(table: Table, names: list[str]) -> Table:
    """Give a table with 0 for what a join did not find, as int64."""
    filled = {name: table[name].astype("Int64").fillna(0) for name in names}
    return table.assign(**{n: column.astype(np.int64) for n, column in filled.items()})


def finished(bundles: Bundles, table: Table, has_limit: Array) -> Table:
    """Add sums, percents, ids and dates to the rows of `ledger`."""
    row, period = table["row"].to_numpy(), table["period"].to_numpy()
    day = bundles.column("billing_day", row)
    had = table["included"] + table["carried_over"] + table["extra"]
    more = table["carried_over_money"] + table["extra_money"]
    money = np.where(has_limit, table["amount_limit_micro"] + more, 0)
    percent = percents(table["used"].to_numpy(), had.to_numpy())
    paid = percents(table["used_money"].to_numpy(), money)
    percent = np.where(has_limit, np.maximum(percent, paid), percent)

    def limited(values: Array) -> pd.api.extensions.ExtensionArray:
        return pd.arrays.IntegerArray(np.asarray(values), ~has_limit)

    columns = {
        "subscription_id": bundles.column("subscription_id", row),
        "allowance_id": bundles.column("allowance_id", row),
        "number_id": table["number"],
        "period_start": as_days(first_days(period, day)),
        "period_end": as_days(first_days(period + 1, day)),
        "included": table["included"],
        "carried_over": table["carried_over"],
        "extra": table["extra"],
        "used": table["used"],
        "left": had - table["used"],
        "percent": percent,
        "amount_limit_micro": limited(money),
        "amount_used_micro": limited(table["used_money"]),
        "amount_left_micro": limited(money - table["used_money"]),
    }
    return pd.DataFrame(columns)


def percents(used: Array, had: Array) -> Array:
    """Give used of had in whole percent, rounded down; 100 where there is nothing."""
    whole = used // np.maximum(had, 1) * PERCENT
    rest = used % np.maximum(had, 1) * PERCENT // np.maximum(had, 1)
    return np.where(had > 0, whole + rest, PERCENT)

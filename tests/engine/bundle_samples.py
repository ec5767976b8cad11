# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bundles with all their rules, for the tests of the engine."""

import numpy as np
import pandas as pd
from engine.bundles.allowances import Bundles, allocate
from engine_samples import ALLOWANCE, SUBSCRIPTION, calls_table, table

RULES = {
    "billing_day": 1,
    "is_prorated": False,
    "first_day": None,
    "last_day": None,
    "bundle_initial": 0,
    "bundle_increment": 1,
    "bundle_minimum": 0,
    "bundle_grace": 0,
    "run_through": False,
    "connect_rule": "unless_whole",
    "covered_price_nano": 0,
    "covered_connect_nano": 0,
}
LIMITS = {
    "direction": "outgoing",
    "currency_id": 0,
    "amount_limit_micro": None,
    "rollover_months": 0,
    "rest_discount_ppm": 0,
}
GIVEN = {
    "subscription_id": 1,
    "allowance_id": 1,
    "number_id": 0,
    "period_start": "2026-03-01",
    "quantity": 0,
    "amount_micro": 0,
}


def given_table(rows):
    """Give extras, carried quantities or draws as a table."""
    given = table(list(rows), GIVEN)
    return given.assign(period_start=pd.to_datetime(given["period_start"]))


def full_bundles(allowances=({},), subscriptions=({},), extras=(), carried=()):
    """Give bundles; a row is what matters of it."""
    rows = table(list(allowances), ALLOWANCE | LIMITS)
    limits = [None if pd.isna(v) else int(v) for v in rows["amount_limit_micro"]]
    rows["amount_limit_micro"] = pd.array(limits, dtype="Int64")
    given = (given_table(one) if one else None for one in (extras, carried))
    return Bundles.build(table(list(subscriptions), SUBSCRIPTION | RULES), rows, *given)


def spread(*lengths, **common):
    """Give calls of these seconds, one a minute from ten o'clock on."""
    return [
        {
            "duration": length,
            "start_at": f"2026-03-10 {10 + place // 60}:{place % 60:02d}:00",
            **common,
        }
        for place, length in enumerate(lengths)
    ]


def covered(rows, bundles, prices=None, used=None, currencies=None, billable=None):
    """Let bundles cover calls; prices as micro, billable: all by default."""
    calls = calls_table(rows)
    billable = np.ones(len(calls), dtype=bool) if billable is None else billable
    prices = None if prices is None else np.array(prices, dtype=np.int64)
    money = None if currencies is None else np.array(currencies, dtype=np.int64)
    return allocate(calls, np.array(billable), bundles, used, prices, money)


def draws_of(cover, *names):
    """Give some columns of the draws as tuples."""
    columns = [cover.draws[name].tolist() for name in names]
    return list(zip(*columns, strict=True))

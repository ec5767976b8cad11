# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tiers of the month: how many units of a rate a customer had before each call.

Units are billed seconds or bytes, messages, calls, or money at the rate's own line
(whole nano of the tariff's currency, half up), so that what a call counts for never
depends on the tier that it falls in.  Each rate has its own tiers and its own sums, by
customer or by number, from one billing day to the next.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..codes import SMS, VOLUME, VOLUME_RULES, VOLUME_SCOPES, VOLUME_UNITS
from ..money import round_ratio
from ..periods import epoch_seconds
from ..rates.book import RateBook
from ..tables import Array, Table, integers
from .asked import Asked
from .outcome import Priced
from .prices import dealt, factors
from .usage import bytes_of

KEYS = ["rate_id", "owner_id", "period_start"]
TOTALS = (*KEYS, "quantity")
WHOLE = VOLUME_RULES.index("whole")
NUMBER = VOLUME_SCOPES.index("number")


class Month(NamedTuple):
    """Where calls stand in their month.

    done: units before what the tier is chosen by, as `Asked.done`.  tier_from: what is
    stored, the units before the call; where all units go by the tier of the total, the
    total.  quantity: units of the call itself.
    """

    done: Array
    tier_from: Array
    quantity: Array


def month_rates(book: RateBook) -> Array:
    """Tell by row of the rates which have tiers of the month (bools)."""
    return (book.tiers.volume.count() > 0) & (book.rates.volume_units > 0)


def units_of(asked: Asked) -> Array:
    """Give the units of the month that each call counts for (int64)."""
    rates, row, usage = asked.book.rates, asked.choice.rate, asked.usage
    plain = dealt(asked, factors(asked._replace(done=np.full(len(row), -1))))
    by_steps = (rates.methods[row] == VOLUME) & (usage.service != SMS)
    volume = np.where(by_steps, bytes_of(rates, row, usage.volume), usage.volume)
    top, bottom = plain.amounts()
    columns = {
        "": np.zeros(len(row), np.int64),
        "seconds": plain.billed,
        "calls": np.ones(len(row), np.int64),
        "amount": np.maximum(round_ratio(top, bottom, "half_up"), 0),
        "bytes": volume,
        "messages": (usage.service == SMS) * 1,
    }
    unit = rates.volume_units[row]
    found = np.select([unit == place for place in range(len(VOLUME_UNITS))],
                      [columns[name] for name in VOLUME_UNITS])  # fmt: skip
    return np.where(asked.is_free, 0, found).astype(np.int64)


def alone(asked: Asked) -> Month | None:
    """Let each call be the only one of its month; None where no rate has such tiers."""
    rows = np.flatnonzero(month_rates(asked.book)[asked.choice.rate])
    if not rows.size:
        return None
    quantity = np.zeros(len(asked.done), dtype=np.int64)
    quantity[rows] = units_of(asked.take(rows))
    return placed(asked, quantity, quantity * 0, quantity)


def placed(asked: Asked, quantity: Array, before: Array, total: Array) -> Month:
    """Put together where calls stand, by the rule of their rates."""
    is_whole = asked.book.rates.volume_rules[asked.choice.rate] == WHOLE
    done = np.where(is_whole, np.maximum(total - 1, 0), before)
    return Month(done, np.where(is_whole, total, before), quantity)


def in_month(
    asked: Asked, priced: Priced, covered: Array, tiered: Table | None
) -> Month | None:
    """Find where calls stand in their months; None where no rate has such tiers.

    Counts calls that have a price and are not wholly `covered` by bundles, in order of
    start, ties by identity, behind `tiered`, the sums of what is invoiced (TOTALS).
    """
    rows = np.flatnonzero(month_rates(asked.book)[asked.choice.rate])
    if not rows.size:
        return None
    some = asked.take(rows)
    counts = (priced.reason[rows] == 0) & ~covered[rows]
    units = np.where(counts, units_of(some), 0)
    keys = keys_of(some)
    pools = pd.concat([keys, frozen(tiered)], ignore_index=True)
    pool = pools.groupby(KEYS, sort=False).ngroup().to_numpy()
    old = np.bincount(pool[:0], minlength=int(pool.max()) + 1).astype(np.int64)
    np.add.at(old, pool[len(rows) :], integers(frozen(tiered), "quantity"))
    pool = pool[: len(rows)]
    order = call_order(some.calls)
    run = pd.Series(units[order]).groupby(pool[order]).cumsum().to_numpy()
    before, total = np.empty_like(units), old.copy()
    before[order] = old[pool[order]] + run - units[order]
    np.add.at(total, pool, units)
    return spread(asked, rows, (units, before, total[pool]))


def spread(asked: Asked, rows: Array, columns: tuple[Array, Array, Array]) -> Month:
    """Give the month of all calls from that of some; 0 for the others."""
    wide = []
    for column in columns:
        wide.append(np.zeros(len(asked.done), dtype=np.int64))
        wide[-1][rows] = column
    return placed(asked, *wide)


def call_order(calls: Table) -> Array:
    """Put calls in order of start, ties by identity (positions)."""
    identity = pd.factorize(calls["identity"], sort=True)[0]
    return np.lexsort((identity, epoch_seconds(calls["start_at"])))


def keys_of(asked: Asked) -> Table:
    """Give rate_id, owner_id and period_start (days since 1970) of each call."""
    rates, row, calls = asked.book.rates, asked.choice.rate, asked.calls
    partner = integers(calls, "partner_id")
    is_number = rates.volume_scopes[row] == NUMBER
    columns = {
        "rate_id": rates.ids[row],
        "owner_id": np.where(is_number, integers(calls, "number_id"), partner),
        "period_start": asked.book.partners.periods(partner, calls["day"]),
    }
    return pd.DataFrame(columns)


def frozen(tiered: Table | None) -> Table:
    """Give sums of the month with period_start as days since 1970."""
    if tiered is None or not len(tiered):
        return pd.DataFrame({name: np.empty(0, np.int64) for name in TOTALS})
    days = tiered["period_start"].to_numpy().astype("datetime64[D]").astype(np.int64)
    columns = {
        name: integers(tiered, name) for name in TOTALS if name != "period_start"
    }
    return pd.DataFrame(columns | {"period_start": days})


def month_totals(asked: Asked, counts: Array) -> Table:
    """Sum what calls count for (where `counts`), as the table `tiered` (TOTALS)."""
    rows = np.flatnonzero(month_rates(asked.book)[asked.choice.rate] & counts)
    some = asked.take(rows)
    table = keys_of(some).assign(quantity=units_of(some))
    sums = table.groupby(KEYS, as_index=False)["quantity"].sum()
    days = sums["period_start"].to_numpy().astype("datetime64[D]")
    return sums.assign(period_start=days.astype("datetime64[s]"))[list(TOTALS)]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Numbers of billing periods (`periods.period_starts`), and the days of one in use.

A period is the month since 1970 that it begins in: with billing day 15, period 2 is
1970-03-15 up to 1970-04-14.  Billing days are 1 to 28, so that every month has one.
"""

import numpy as np
import pandas as pd

from ..exceptions import BookError
from ..tables import Array

LAST_BILLING_DAY = 28
FIRST_DAY, LAST_DAY = -(2**40), 2**40


def open_days(days: pd.Series | None, count: int, missing: int) -> Array:
    """Give days as days since 1970; `missing` where empty or where there is no column.

    missing: FIRST_DAY or LAST_DAY, a day before or after all others.
    """
    if days is None:
        return np.full(count, missing, dtype=np.int64)
    given = [None if pd.isna(day) else day for day in days]
    values = np.array(given, dtype="datetime64[D]")
    return np.where(np.isnat(values), missing, values.astype(np.int64))


def as_days(numbers: Array) -> Array:
    """Give days since 1970 as datetime64[s]."""
    return numbers.astype("datetime64[D]").astype("datetime64[s]")


def period_numbers(days: Array, billing_days: Array | int) -> Array:
    """Give the period (int64) that each day is in, days since 1970."""
    begun = (days - (billing_days - 1)).astype("datetime64[D]")
    return begun.astype("datetime64[M]").astype(np.int64)


def first_days(periods: Array, billing_days: Array | int) -> Array:
    """Give the first day of each period, days since 1970 (int64)."""
    months = np.asarray(periods).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64) + billing_days - 1


def used_days(
    periods: Array, billing_days: Array, first: Array, last: Array
) -> tuple[Array, Array]:
    """Give the days of each period from `first` to `last`, and all its days (int64).

    first, last: days since 1970, both used.
    """
    begin, after = (
        first_days(periods, billing_days),
        first_days(periods + 1, billing_days),
    )
    used = np.minimum(last, after - 1) - np.maximum(first, begin) + 1
    return np.maximum(used, 0), after - begin


def prorated(quantities: Array, used: Array, days: Array) -> Array:
    """Give quantity * used / days, rounded half up, without leaving 64 bits."""
    whole, rest = quantities // days, quantities % days
    return whole * used + (2 * rest * used + days) // (2 * days)


def check_billing_days(billing_days: Array) -> None:
    """Raise BookError for a billing day that not every month has."""
    wrong = (billing_days < 1) | (billing_days > LAST_BILLING_DAY)
    if wrong.any():
        found = int(billing_days[int(np.argmax(wrong))])
        message = f"a billing day is 1 to {LAST_BILLING_DAY}, found {found}"
        raise BookError("billing_day", message, found)

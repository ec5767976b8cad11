# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which bundle would have been cheapest for the calls that a customer really made."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..currencies import day_numbers
from ..exceptions import EngineError
from ..periods import EVER, NEVER, period_starts
from ..pricing.rating import rate_bundled
from ..rates.book import RateBook
from ..tables import Array, Table
from .billing_periods import as_days, first_days, period_numbers
from .rollover import carried_over
from .subscriptions import Bundles


@dataclass(frozen=True)
class Candidate:
    """A bundle, or several together, that a customer might have had.

    :ivar bundle_id: to know it by; 0 for none at all
    :ivar fee_micro: what it costs in a period, in the currency of the comparison
    :ivar subscriptions: as `Bundles.build` takes them, of this customer; start, end,
        first and last day do not count: it is compared as if always in force
    :ivar allowances: as `Bundles.build` takes them
    :ivar book: prices where the bundle brings its own tariff, else those of all
    """

    bundle_id: int
    fee_micro: int
    subscriptions: Table
    allowances: Table
    book: RateBook | None = None


def compare_bundles(
    calls: Table,
    book: RateBook,
    candidates: Sequence[Candidate],
    months: Sequence[str],
    currency_id: int,
) -> Table:
    """Give what each candidate would have cost for these calls, the cheapest first.

    calls: as for `rate_bundled`, of one customer, matched, with their cost; invoiced or
    not.  months: first days of the billing periods to compare, all of one billing day;
    calls of other periods do not count, nothing is carried into the first.
    currency_id: of prices and fees; prices are converted to it.

    Gives bundle_id, fee_micro (all periods), price_micro (what is left to pay for
    calls), total_micro, unpriced (calls without a price, which would have had to wait),
    is_cheapest.  A candidate that leaves more calls without a price comes after all
    that leave fewer; of equal ones the order given counts.
    """
    numbers, billing_day = compared_periods(months)
    periods = period_numbers(day_numbers(calls["day"]), billing_day)
    asked = calls.assign(currency_id=currency_id)
    parts = [asked[periods == number] for number in numbers]
    rows = []
    for candidate in candidates:
        price, unpriced = cost_of(candidate, book, parts, (numbers, billing_day))
        fee = candidate.fee_micro * len(numbers)
        rows.append((candidate.bundle_id, fee, price, fee + price, unpriced))
    names = ["bundle_id", "fee_micro", "price_micro", "total_micro", "unpriced"]
    table = pd.DataFrame(rows, columns=names)
    order = ["unpriced", "total_micro"]
    table = table.sort_values(order, kind="stable", ignore_index=True)
    return table.assign(is_cheapest=np.arange(len(table)) == 0)


def compared_periods(months: Sequence[str]) -> tuple[Array, int]:
    """Give the periods (sorted, each once) and the billing day they begin on."""
    starts = pd.Series(np.array(months, dtype="datetime64[D]"))
    billing_day = int(starts.dt.day.iloc[0])
    begun = period_starts(starts, billing_day)
    if (begun != starts.to_numpy().astype("datetime64[s]")).any():
        message = f"periods that do not begin on the same day: {list(months)}"
        raise EngineError("months", message, list(months))
    return np.unique(period_numbers(day_numbers(starts), billing_day)), billing_day


def cost_of(
    candidate: Candidate,
    book: RateBook,
    parts: list[Table],
    periods: tuple[Array, int],
) -> tuple[int, int]:
    """Give what calls cost with a candidate, and how many have no price."""
    bundles = always_in_force(candidate, *periods)
    price, unpriced, past = 0, 0, []
    starts = as_days(first_days(*periods))
    for part, start in zip(parts, starts, strict=True):
        if past:
            bundles = bundles.with_carried(
                carried_over(bundles, pd.concat(past), start)
            )
        result, draws = rate_bundled(part, candidate.book or book, bundles)
        past.append(draws)
        prices = result["price_micro"]
        price += sum(prices.dropna().tolist())
        unpriced += int(result["state"].isin(["unrated", "late"]).sum())
    return price, unpriced


def always_in_force(candidate: Candidate, numbers: Array, billing_day: int) -> Bundles:
    """Give the candidate's bundles as if in force from the first of the periods on."""
    first = as_days(first_days(numbers[:1], billing_day))[0]
    columns = {
        "start": EVER,
        "end": NEVER,
        "first_day": first,
        "last_day": None,
        "billing_day": billing_day,
    }
    return Bundles.build(
        candidate.subscriptions.assign(**columns), candidate.allowances
    )

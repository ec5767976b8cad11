# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tiers of the month: how many units of a rate an owner had before each call.

Units are billed seconds or bytes, messages, calls, or money at the rate's own line
(whole nano of the tariff's currency, half up), so that what a call counts for never
depends on the tier that it falls in.  Each rate has its own tiers and its own sums, by
customer or by number, from one billing day to the next; a carrier's cost by carrier or
by number, in calendar months.

Only what a rate has priced itself counts for it.  Of a call that goes through several
bands, each rate gets the seconds or the money of its own steps; the call as such, its
connect fee and its message are of the rate that it began with.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..codes import SMS, VOLUME, VOLUME_RULES, VOLUME_SCOPES, VOLUME_UNITS
from ..exact import Fractions, summed
from ..money import round_ratio
from ..periods import epoch_seconds, month_starts
from ..rates.book import RateBook
from ..tables import Array, Table, integers, labelled, positions, texts
from .asked import Asked
from .prices import dealt, factors, stretch_of
from .steps import Walk
from .usage import bytes_of

KEYS = ["rate_id", "owner_id", "period_start"]
TOTALS = (*KEYS, "quantity")
WHOLE = VOLUME_RULES.index("whole")
NUMBER = VOLUME_SCOPES.index("number")
SECONDS, AMOUNT = VOLUME_UNITS.index("seconds"), VOLUME_UNITS.index("amount")


class Month(NamedTuple):
    """Where calls stand in their month.

    done: units before what the tier is chosen by, as `Asked.done`.  tier_from: what is
    stored, the units before the call at the rate that was chosen; where all units go by
    the tier of the total, the total.  parts: what is stored of every rate with tiers of
    the month that has priced some of the call: "rate:tier_from:units", with a blank
    between two; categorical, "" where there is none.
    """

    done: Array
    tier_from: Array
    parts: pd.Series


class Shares(NamedTuple):
    """What calls count for, a row for each call and rate: place of the call, row."""

    call: Array
    rate: Array
    units: Array


class Owners(NamedTuple):
    """Whose month calls are in, by the scope of a rate: int64, one a call.

    partner: the customer, or the carrier of a cost.  period: days since 1970.
    """

    partner: Array
    number: Array
    period: Array


def month_rates(book: RateBook) -> Array:
    """Tell by row of the rates which have tiers of the month (bools)."""
    return (book.tiers.volume.count() > 0) & (book.rates.volume_units > 0)


def customers_of(calls: Table, book: RateBook) -> Owners:
    """Give whose month calls are in for their customers."""
    partner = integers(calls, "partner_id")
    period = book.partners.periods(partner, calls["day"])
    number = integers(calls, "number_id")
    # Calls of a customer without a number of ours are in a month of their own.
    return Owners(partner, np.where(number > 0, number, -partner), period)


def carriers_of(calls: Table) -> Owners:
    """Give whose month calls are in for their carriers."""
    period = month_starts(calls["day"]).astype("datetime64[D]").astype(np.int64)
    columns = (integers(calls, name, missing=0) for name in ("carrier_id", "number_id"))
    return Owners(*columns, period)


def counts_months(book: RateBook, tariff_id: int, rule: str = "") -> bool:
    """Tell whether a tariff, or one that it asks, has rates with tiers of the month.

    rule: a word of VOLUME_RULES, to ask for those of one kind.
    """
    tariffs, place = set(), int(positions(book.tariffs.ids, np.array([tariff_id]))[0])
    while place >= 0:
        tariffs.add(place)
        place = int(book.tariffs.parents[place])
    wanted = month_rates(book) & np.isin(book.rates.tariffs, [*tariffs])
    if rule:
        wanted = wanted & (book.rates.volume_rules == VOLUME_RULES.index(rule))
    return bool(wanted.any())


# === WHAT CALLS COUNT FOR === #


def shares_of(asked: Asked) -> Shares:
    """Give what calls count for at each rate that prices a part of them.

    At the rate that was chosen each call has a row, be it with 0 units.
    """
    is_month = month_rates(asked.book)
    rate, crosses = asked.choice.rate, crossing(asked)
    rows = np.flatnonzero(is_month[rate] & ~crosses)
    plain = Shares(rows, rate[rows], units_of(asked.take(rows)))
    rows = np.flatnonzero(crosses)
    if not rows.size:
        return plain
    parts = shares_by_band(asked.take(rows))
    kept = np.flatnonzero(is_month[parts.rate])
    parts = Shares(rows[parts.call[kept]], parts.rate[kept], parts.units[kept])
    return Shares(*map(np.concatenate, zip(plain, parts, strict=True)))


def crossing(asked: Asked) -> Array:
    """Tell which calls go on behind the time at which a band ends (bools)."""
    found = np.zeros(len(asked.calls), dtype=bool)
    book, rate = asked.book, asked.choice.rate
    wanted = book.splits[rate] & book.walked[rate] & ~asked.is_free
    rows = np.flatnonzero(wanted & ~asked.deal.is_whole)
    if not rows.size:
        return found
    by, zone = stretch_of(asked.take(rows)), book.tariffs.zones[book.rates.tariffs]
    end, zone = by.clock + by.total, zone[by.row]
    calendar = book.calendar(int(by.start.min()), int(end.max()))
    found[rows] = by.is_split & (calendar.next_change(zone, by.start) < end)
    return found


def units_of(asked: Asked) -> Array:
    """Give the units of the month of calls that one rate prices alone (int64)."""
    rates, row, usage = asked.book.rates, asked.choice.rate, asked.usage
    own_line = asked._replace(done=np.full_like(asked.done, -1))
    plain = dealt(asked, factors(own_line))
    by_steps = (rates.methods[row] == VOLUME) & (usage.service != SMS)
    volume = np.where(by_steps, bytes_of(rates, row, usage.volume), usage.volume)
    volume = np.where(asked.is_free, 0, volume)
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
    return np.where(asked.owes_nothing, 0, found).astype(np.int64)


def shares_by_band(asked: Asked) -> Shares:
    """Give what voice calls count for at each of the rates that they go through."""
    rates, row = asked.book.rates, asked.choice.rate
    own_line = asked._replace(done=np.full_like(asked.done, -1))
    pieces = Walk(asked.book, stretch_of(own_line)).through().pieces
    count, width = len(row), len(rates.ids)
    begun = np.arange(count)
    keys = np.concatenate([begun * width + row, pieces.call * width + pieces.rate])
    keys, place = np.unique(keys, return_inverse=True)
    call, rate = np.divmod(keys, width)
    first, place = place[:count], place[count:]
    seconds = np.zeros(len(keys), np.int64)
    np.add.at(seconds, place, pieces.quantity)
    connect = np.where(asked.deal.has_connect, rates.connect[row], 0)
    money = pieces.amounts()
    parts = Fractions(*map(np.append, money, (connect, np.ones_like(connect))))
    top, bottom = summed(np.append(place, first), parts, len(keys))
    amount = np.maximum(round_ratio(top, bottom, "half_up"), 0)
    calls = np.zeros(len(keys), np.int64)
    calls[first] = 1
    unit = rates.volume_units[rate]
    others = np.where(unit == VOLUME_UNITS.index("calls"), calls, 0)
    units = np.select([unit == SECONDS, unit == AMOUNT], [seconds, amount], others)
    return Shares(call, rate, units.astype(np.int64))


# === WHERE CALLS STAND === #


def alone(asked: Asked) -> Month | None:
    """Let each call be the only one of its month; None where no rate has such tiers."""
    if not month_rates(asked.book).any():
        return None
    shares = shares_of(asked)
    if not shares.call.size:
        return None
    return placed(asked, shares, shares.units * 0, shares.units)


def in_month(
    asked: Asked, counts: Array, owners: Owners, tiered: Table | None
) -> Month | None:
    """Find where calls stand in their months; None where no rate has such tiers.

    Counts the calls where `counts` (those that have a price, and are not wholly covered
    by bundles), in order of start, ties by identity, behind `tiered`, the sums of what
    is invoiced (TOTALS).
    """
    if not month_rates(asked.book).any():
        return None
    shares = counting(asked, counts)
    if not shares.call.size:
        return None
    return placed(asked, shares, *sums_of(asked, shares, owners, tiered))


def done_before(
    shares: Shares, rest: tuple[Asked, Array], owners: Owners, tiered: Table | None
) -> Array:
    """Tell where whole calls stand, as `Asked.done`, while bundles cover some.

    shares: of the whole calls (`shares_of`).  rest: what bundles leave of all calls,
    and which count with that.  A call stands where it would if it were not covered.
    """
    asked, counts = rest
    parts = (shares._replace(units=shares.units * 0), counting(asked, counts))
    both = Shares(*map(np.concatenate, zip(*parts, strict=True)))
    return done_of(asked, both, *sums_of(asked, both, owners, tiered))


def counting(asked: Asked, counts: Array) -> Shares:
    """Give what calls count for, which is nothing but where `counts`."""
    shares = shares_of(asked)
    return shares._replace(units=np.where(counts[shares.call], shares.units, 0))


def sums_of(
    asked: Asked, shares: Shares, owners: Owners, tiered: Table | None
) -> tuple[Array, Array]:
    """Give what the pool of each share holds before the call, and in all."""
    keys = keys_of(asked.book, shares, owners)
    pools = pd.concat([keys, frozen(tiered)], ignore_index=True)
    pool = pools.groupby(KEYS, sort=False).ngroup().to_numpy()
    old = np.zeros(int(pool.max()) + 1, dtype=np.int64)
    np.add.at(old, pool[len(keys) :], integers(frozen(tiered), "quantity"))
    return sums_before(asked, shares, pool[: len(keys)], old)


def sums_before(
    asked: Asked, shares: Shares, pool: Array, old: Array
) -> tuple[Array, Array]:
    """Add up what calls count for in their pools, behind what these held before."""
    turn = np.empty(len(asked.calls), dtype=np.int64)
    turn[call_order(asked.calls)] = np.arange(len(turn))
    order, units = np.argsort(turn[shares.call], kind="stable"), shares.units
    run = pd.Series(units[order]).groupby(pool[order]).cumsum().to_numpy()
    before, total = np.empty_like(units), old.copy()
    before[order] = old[pool[order]] + run - units[order]
    np.add.at(total, pool, units)
    return before, total[pool]


def placed(asked: Asked, shares: Shares, before: Array, total: Array) -> Month:
    """Put together where calls stand, by the rules of their rates."""
    call, rate = shares.call, shares.rate
    is_whole = asked.book.rates.volume_rules[rate] == WHOLE
    shown = np.where(is_whole, total, before)
    done = done_of(asked, shares, before, total)
    tier_from = np.zeros(len(done), dtype=np.int64)
    own = np.flatnonzero(rate == asked.choice.rate[call])
    tier_from[call[own]] = shown[own]
    return Month(done, tier_from, part_texts(asked, shares, shown))


def done_of(asked: Asked, shares: Shares, before: Array, total: Array) -> Array:
    """Give the units before what the tier is chosen by, as `Asked.done`."""
    call, rate = shares.call, shares.rate
    is_whole = asked.book.rates.volume_rules[rate] == WHOLE
    done = np.zeros_like(asked.done)
    done[call, asked.book.month_places[rate]] = np.where(
        is_whole, np.maximum(total - 1, 0), before
    )
    return done


def part_texts(asked: Asked, shares: Shares, shown: Array) -> pd.Series:
    """Write down what calls count for, as `Month.parts`."""
    ids = asked.book.rates.ids[shares.rate]
    order = np.lexsort((ids, shares.call))
    columns = (ids, shown, shares.units)
    written = [
        f"{rate}:{before}:{units}"
        for rate, before, units in zip(
            *(c[order].tolist() for c in columns), strict=False
        )
    ]
    joined = pd.Series(written, dtype=object).groupby(shares.call[order]).agg(" ".join)
    found = np.full(len(asked.calls), "", dtype=object)
    found[joined.index.to_numpy()] = joined.to_numpy()
    codes, names = pd.factorize(np.append(found, ""))
    return labelled(codes[:-1], names.tolist(), asked.calls.index)


def call_order(calls: Table) -> Array:
    """Put calls in order of start, ties by identity (positions)."""
    identity = pd.factorize(calls["identity"], sort=True)[0]
    return np.lexsort((identity, epoch_seconds(calls["start_at"])))


# === SUMS OF THE MONTH === #


def keys_of(book: RateBook, shares: Shares, owners: Owners) -> Table:
    """Give rate_id, owner_id and period_start (days since 1970) of each share."""
    call, rate = shares.call, shares.rate
    is_number = book.rates.volume_scopes[rate] == NUMBER
    columns = {
        "rate_id": book.rates.ids[rate],
        "owner_id": np.where(is_number, owners.number[call], owners.partner[call]),
        "period_start": owners.period[call],
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


def sums_behind(
    book: RateBook, before: Table, total: Table | None, own: Table | None
) -> Table:
    """Give what some calls of a month stand behind, for `in_month` (TOTALS).

    before: sums of the calls before them.  total, own: sums of all calls of the month,
    and of these; None where no rate goes by the total.
    """
    if total is None or own is None:
        return before
    whole = book.rates.ids[month_rates(book) & (book.rates.volume_rules == WHOLE)]
    parts = [before[~before["rate_id"].isin(whole)]]
    for sums, sign in ((total, 1), (own, -1)):
        some = sums[sums["rate_id"].isin(whole)]
        parts.append(some.assign(quantity=sign * some["quantity"]))
    return pd.concat(parts, ignore_index=True)


def month_totals(
    calls: Table, book: RateBook, owners: Owners, name: str = "tier_parts"
) -> Table:
    """Sum what calls were stored to count for, as the table `tiered` (TOTALS).

    name: the column that has it, texts as `Month.parts`.
    """
    shares = read_parts(texts(calls, name), book)
    table = keys_of(book, shares, owners).assign(quantity=shares.units)
    sums = table.groupby(KEYS, as_index=False)["quantity"].sum()
    days = sums["period_start"].to_numpy().astype("datetime64[D]")
    return sums.assign(period_start=days.astype("datetime64[s]"))[list(TOTALS)]


def read_parts(written: list[str], book: RateBook) -> Shares:
    """Read `Month.parts`; rates that are not in the book any more are left out."""
    rows = {one: place for place, one in enumerate(book.rates.ids[:-1].tolist())}
    found = [
        (call, rows[int(rate)], int(units))
        for call, text in enumerate(written)
        for rate, _before, units in (part.split(":") for part in text.split())
        if int(rate) in rows
    ]
    columns = np.array(found, dtype=np.int64).reshape(-1, len(Shares._fields))
    return Shares(*columns.T)

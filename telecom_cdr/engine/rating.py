# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices of whole tables of calls: what is billed, what it costs, in which state."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from .allowances import Bundles, Cover, allocate, allocate_money
from .book import RateBook
from .codes import METHODS, SERVICES
from .currencies import day_numbers
from .money import INT64_MAX, MEGABYTE, MICRO, SAFE
from .rates import Choice, select_rates
from .tables import Array, Table, amounts, codes_of, integers, labelled
from .terms import Terms, amounts_micro, peak

STATES = ("unmatched", "unrated", "late", "rated", "excluded")
REASONS = (
    "", "no_number", "no_tariff", "excluded", "no_rate", "late", "no_cost",
    "no_currency_rate", "amount",
)  # fmt: skip
STATE_OF = {
    "": "rated",
    "no_number": "unmatched",
    "excluded": "excluded",
    "late": "late",
}
STATE_CODES = np.array([STATES.index(STATE_OF.get(one, "unrated")) for one in REASONS])
NOT_ASKED = [REASONS.index("no_number"), REASONS.index("excluded")]
SECONDS_A_MINUTE = 60
MARKUP_UNIT = 1_000_000
DURATION, CALL, VOLUME, MARKUP = range(len(METHODS))
VOICE, SMS, DATA = range(len(SERVICES))


class Priced(NamedTuple):
    """Outcome by call: reason (codes in REASONS), billed seconds, micro (int64).

    Billed seconds and micro mean nothing where the reason is not "" (0).
    """

    reason: Array
    billed: Array
    micro: Array


class Ratios(NamedTuple):
    """Currency ratios by call: numerator, denominator, and whether known (bool)."""

    top: Array
    bottom: Array
    known: Array


class Factors(NamedTuple):
    """Price (nano), what it is multiplied and divided by, and why there is none."""

    price: Array
    quantity: Array
    unit: Array
    reason: Array


@dataclass(frozen=True)
class Usage:
    """What calls used, as arrays: the whole call, or the part that bundles leave.

    service: codes.  duration (s), volume (bytes): to be priced.  rest, whole: the part
    of the call this is, as a ratio (1/1: all of it), that its cost is marked up in.
    """

    service: Array
    duration: Array
    volume: Array
    rest: Array
    whole: Array

    @classmethod
    def of(cls, calls: Table) -> "Usage":
        """Read service, duration and volume of whole calls."""
        one = np.ones(len(calls), dtype=np.int64)
        service = codes_of(calls["service"], SERVICES)
        duration = integers(calls, "duration", missing=0)
        return cls(service, duration, integers(calls, "volume", missing=0), one, one)

    def left_by(self, cover: Cover, rows: Array) -> "Usage":
        """Give what bundles leave of some calls, as usage of their own."""
        by_volume = (self.service[rows] == DATA) & (self.volume[rows] > 0)
        rest = np.where(by_volume, cover.volume[rows], cover.duration[rows])
        whole = np.where(by_volume, self.volume[rows], self.duration[rows])
        rest, whole = np.where(whole > 0, rest, 1), np.where(whole > 0, whole, 1)
        left = (cover.duration[rows], cover.volume[rows])
        return Usage(self.service[rows], *left, rest, whole)


def billed_seconds(
    duration: Array,
    initial: Array,
    increment: Array,
    minimum: Array,
    grace: Array,
) -> Array:
    """Give the seconds to be billed, all int64 seconds, increment above 0.

    0 up to `grace`; else the first increment, then as many whole increments as it takes
    to reach the duration, which counts as `minimum` at least.
    """
    longer = np.maximum(np.maximum(duration, minimum) - initial, 0)
    billed = initial - -longer // increment * increment
    return np.where(duration <= grace, 0, billed)


def rate_calls(calls: Table, book: RateBook) -> Table:
    """Price whole calls for their customers, without bundles.

    Reads service, direction, start_at, duration, volume, number_id, partner_id,
    match_key, category; day where currencies differ; cost_nano and cost_currency_id
    for mark-ups; currency_id, the currency wanted (0 or absent: the tariff's).

    Gives tariff_id, rate_id, currency_id (int64, 0 none), billed_duration (s, int64),
    price_micro (Int64, NA unless rated), is_allowed (bool), state and reason
    (categorical: STATES, REASONS).
    """
    choice = select_rates(calls, book)
    return results(
        calls, book, choice, judge_calls(calls, book, choice, Usage.of(calls))
    )


def rate_cost(calls: Table, book: RateBook, tariff_id: int, currency_id: int) -> Table:
    """Give what the carrier charges: by its tariff, else the amount of the file.

    Reads the columns of `rate_calls` and carrier_amount_nano (nullable), an amount in
    `currency_id`, the carrier's.  Whose call it is does not matter.  Gives cost_nano
    (Int64), cost_currency_id and cost_rate_id (int64, 0: as the file said).
    """
    amount, known = amounts(calls, "carrier_amount_nano")
    columns = {
        "cost_nano": nullable(amount, known, calls.index),
        "cost_currency_id": np.full(len(calls), currency_id, dtype=np.int64),
        "cost_rate_id": np.zeros(len(calls), dtype=np.int64),
    }
    said = pd.DataFrame(columns, index=calls.index)
    return cost_by_tariff(calls, book, tariff_id, said) if tariff_id else said


def cost_by_tariff(calls: Table, book: RateBook, tariff_id: int, said: Table) -> Table:
    """Rate costs by a tariff; what the file said stays where it gives no price."""
    asked = calls.assign(**said, currency_id=0)
    choice = select_rates(asked, book, tariff_id)
    priced = price_calls(asked, book, choice, Usage.of(asked))
    rated = (priced.reason == 0) & (np.abs(priced.micro) <= INT64_MAX // MICRO)
    columns = {
        "cost_nano": nullable(priced.micro * rated * MICRO, rated, calls.index),
        "cost_currency_id": own_currencies(book, choice),
        "cost_rate_id": book.rates.ids[choice.rate],
    }
    return said.assign(**{n: said[n].where(~rated, v) for n, v in columns.items()})


def rate_bundled(
    calls: Table,
    book: RateBook,
    bundles: Bundles,
    used: Table | None = None,
) -> tuple[Table, Table]:
    """Price calls after bundles took what they cover; give the result and the draws.

    Give all calls of the customers and periods at hand that are not invoiced; `used`
    holds the draws of those that are (subscription_id, allowance_id, number_id,
    period_start, quantity).  Reads the columns of `rate_calls`, day and identity.  The
    result has the columns of `rate_calls` and bundle_duration (s), bundle_volume
    (bytes) and bundle_micro (int64), what bundles cover.  The order of rows does not
    matter.  Draws: see `allowances.DRAW_COLUMNS`.
    """
    choice, usage = select_rates(calls, book), Usage.of(calls)
    priced = judge_calls(calls, book, choice, usage)
    billable = (priced.reason == 0) & (priced.micro > 0)
    cover = allocate(calls, billable, bundles, used)
    reprice(calls, book, choice, (usage, cover, priced))
    due = np.where(billable, priced.micro, 0)
    currencies = currencies_of(calls, book, choice)
    paid, draws = allocate_money(calls, due, currencies, bundles, used)
    rest = priced._replace(micro=priced.micro - paid)
    table = results(calls, book, choice, rest).assign(
        bundle_duration=usage.duration - cover.duration,
        bundle_volume=usage.volume - cover.volume,
        bundle_micro=paid,
    )
    return table, pd.concat([cover.draws, draws], ignore_index=True)


def reprice(
    calls: Table,
    book: RateBook,
    choice: Choice,
    state: tuple[Usage, Cover, Priced],
) -> None:
    """Price again, as calls of their own, what bundles leave of calls."""
    usage, cover, priced = state
    rows = np.flatnonzero(cover.is_touched & ~cover.is_whole)
    if rows.size:
        part = usage.left_by(cover, rows)
        left = price_calls(calls.iloc[rows], book, choice.take(rows), part)
        priced.billed[rows], priced.micro[rows] = left.billed, left.micro
    priced.billed[cover.is_whole], priced.micro[cover.is_whole] = 0, 0


def judge_calls(calls: Table, book: RateBook, choice: Choice, usage: Usage) -> Priced:
    """Price calls for customers: as `price_calls`, less those that nobody pays for."""
    priced = price_calls(calls, book, choice, usage)
    reason = priced.reason
    reason[(choice.tariff >= 0) & ~choice.holds] = REASONS.index("excluded")
    held = (integers(calls, "number_id") > 0) & (integers(calls, "partner_id") > 0)
    reason[~held] = REASONS.index("no_number")
    return priced


def price_calls(calls: Table, book: RateBook, choice: Choice, usage: Usage) -> Priced:
    """Apply the chosen rates to what was used."""
    row = choice.rate
    is_free = free_calls(book, row, usage)
    billed = seconds_of(book, row, usage, is_free)
    parts = factors(calls, book, row, usage, billed)
    own, wanted = own_currencies(book, choice), currencies_of(calls, book, choice)
    ratio = ratios(calls, book, own, wanted)
    micro, fits = amounts_micro(terms_of(book, row, is_free, parts, ratio))
    reason = np.where(fits, 0, REASONS.index("amount"))
    reason[~ratio.known] = REASONS.index("no_currency_rate")
    reason = np.where(parts.reason > 0, parts.reason, reason)
    reason[book.rates.is_late[row]] = REASONS.index("late")
    reason[row < 0] = REASONS.index("no_rate")
    reason[choice.tariff < 0] = REASONS.index("no_tariff")
    return Priced(reason, billed, micro)


def terms_of(
    book: RateBook, row: Array, is_free: Array, parts: Factors, ratio: Ratios
) -> Terms:
    """Put together what the amounts are made of."""
    rates, tariff = book.rates, book.rates.tariffs[row]
    return Terms(
        fixed=rates.connect[row],
        price=parts.price,
        quantity=parts.quantity,
        unit=parts.unit,
        minimum=rates.minimum[row],
        has_minimum=rates.has_minimum[row],
        maximum=rates.maximum[row],
        has_maximum=rates.has_maximum[row],
        is_free=is_free,
        top=ratio.top,
        bottom=ratio.bottom,
        digits=book.tariffs.digits[tariff],
        modes=book.tariffs.modes[tariff],
    )


def free_calls(book: RateBook, row: Array, usage: Usage) -> Array:
    """Tell which calls cost nothing because they are no longer than the grace.

    Priced by duration any of 0 s, priced by call a voice call of 0 s (nobody answered);
    what is marked up or priced by volume only where the grace is above 0.
    """
    method, grace = book.rates.methods[row], book.rates.grace[row]
    counts = (method == DURATION) | ((method == CALL) & (usage.service == VOICE))
    return (usage.duration <= grace) & (counts | (grace > 0))


def seconds_of(book: RateBook, row: Array, usage: Usage, is_free: Array) -> Array:
    """Give billed seconds: by increments where priced by duration, else as they are."""
    rates = book.rates
    steps = (rates.initial, rates.increment, rates.minimum_duration, rates.grace)
    billed = billed_seconds(usage.duration, *(column[row] for column in steps))
    other = np.flatnonzero(rates.methods[row] != DURATION)
    billed[other] = np.where(is_free[other], 0, usage.duration[other])
    return billed


def factors(
    calls: Table,
    book: RateBook,
    row: Array,
    usage: Usage,
    billed: Array,
) -> Factors:
    """Give what the amounts are computed from.

    Duration: per 60 s billed.  Call: 1.  Volume: messages, or bytes of a megabyte.
    Markup: the carrier's cost times the part of the call times 1 + markup.
    """
    method, price = book.rates.methods[row], book.rates.price[row]
    unit = np.full(len(row), SECONDS_A_MINUTE, dtype=np.int64)
    parts = Factors(price, billed, unit, np.zeros(len(row), dtype=np.int64))
    if (method == DURATION).all():
        return parts
    is_bytes = (method == VOLUME) & (usage.service != SMS)
    cases = [method == DURATION, is_bytes]
    quantity = np.select(cases, [billed, usage.volume], 1)
    parts = parts._replace(
        quantity=quantity, unit=np.select(cases, [unit, MEGABYTE], 1)
    )
    rows = np.flatnonzero(method == MARKUP)
    if not rows.size:
        return parts
    share = (usage.rest[rows], usage.whole[rows])
    return replaced(parts, rows, marked_up(calls.iloc[rows], book, row[rows], share))


def replaced(parts: Factors, rows: Array, some: Factors) -> Factors:
    """Put the factors of some calls in; the columns widen where theirs are wide."""
    columns = []
    for whole, part in zip(parts, some, strict=True):
        column = whole.astype(np.result_type(whole, part))
        column[rows] = part
        columns.append(column)
    return Factors(*columns)


def marked_up(
    calls: Table,
    book: RateBook,
    row: Array,
    share: tuple[Array, Array],
) -> Factors:
    """Give the factors of calls that are priced by what they cost."""
    cost, known = amounts(calls, "cost_nano")
    own = integers(calls, "cost_currency_id", missing=0)
    ratio = ratios(calls, book, own, book.tariffs.currency_ids[book.rates.tariffs[row]])
    reason = np.where(ratio.known, 0, REASONS.index("no_currency_rate"))
    reason = np.where(known, reason, REASONS.index("no_cost"))
    quantity = product(MARKUP_UNIT + book.rates.markup[row], share[0], ratio.top)
    unit = product(np.full(len(row), MARKUP_UNIT), share[1], ratio.bottom)
    return Factors(cost, quantity, unit, reason)


def product(*columns: Array) -> Array:
    """Multiply columns in 64 bits, or in Python integers where these may not do."""
    bound = 1
    for column in columns:
        bound *= max(peak(column), 1)
    kind = np.int64 if bound < SAFE else object
    return np.prod([column.astype(kind) for column in columns], axis=0)


def own_currencies(book: RateBook, choice: Choice) -> Array:
    """Give the currency that each rate is in; 0 where there is no rate."""
    return book.tariffs.currency_ids[book.rates.tariffs[choice.rate]]


def currencies_of(calls: Table, book: RateBook, choice: Choice) -> Array:
    """Give the currency of each price: the one wanted, else the rate's; 0 no rate."""
    own = own_currencies(book, choice)
    if "currency_id" not in calls:
        return own
    wanted = integers(calls, "currency_id", missing=0)
    return np.where((wanted > 0) & (choice.rate >= 0), wanted, own)


def ratios(calls: Table, book: RateBook, from_id: Array, to_id: Array) -> Ratios:
    """Give the conversion at each call's day; 1/1 where there is nothing to convert."""
    same = (from_id == to_id) | (from_id == 0) | (to_id == 0)
    if same.all():
        one = np.ones(len(calls), dtype=np.int64)
        return Ratios(one, one, same)
    return Ratios(*book.currencies.lookup(day_numbers(calls["day"]), from_id, to_id))


def nullable(values: Array, known: Array, index: pd.Index) -> pd.Series:
    """Give int64 values as nullable Int64, NA where not known."""
    values = np.where(known, values, 0)
    return pd.Series(pd.arrays.IntegerArray(values, ~known), index=index)


def results(calls: Table, book: RateBook, choice: Choice, priced: Priced) -> Table:
    """Put together the table that `rate_calls` gives."""
    reason, index = priced.reason, calls.index
    rate = np.where(np.isin(reason, NOT_ASKED), -1, choice.rate)
    asked = Choice(choice.tariff, rate, choice.holds)
    columns = {
        "tariff_id": np.append(book.tariffs.ids, 0)[choice.tariff],
        "rate_id": book.rates.ids[rate],
        "currency_id": currencies_of(calls, book, asked),
        "billed_duration": np.where(reason == 0, priced.billed, 0),
        "price_micro": nullable(priced.micro, reason == 0, index),
        "is_allowed": book.rates.is_allowed[rate],
        "state": labelled(STATE_CODES[reason], STATES, index),
        "reason": labelled(reason, REASONS, index),
    }
    return pd.DataFrame(columns, index=index)

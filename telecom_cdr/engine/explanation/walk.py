# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One call, increment by increment, for `explain`: tiers, bands, tiers of the month.

Written apart from `steps`, which does the same for whole tables.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd

from ..money import MEGABYTE

DAY = 86_400
QUARTER = 900
Row = Mapping[str, Any]


class Around(NamedTuple):
    """What a price may depend on beside call, rate and tariff; rows as in `RateBook`.

    tiers: of the rate and of `rates`.  rates: those at the same target that are in
    force at the call's start (see `rates.alongside`), for tariffs that split at bands.
    bands: lines. holidays: local days (dates). discounts: rows; all may be given, only
    those that are for the call count. owners: the call's id for each kind of owner of a
    discount (partner, number, department, tariff, class). conversions: currency_id ->
    numerator and denominator to the tariff's currency, for surcharges.
    carrier_conversion: the same for carrier_amount_nano in formulas.
    """

    tiers: Sequence[Row] = ()
    rates: Sequence[Row] = ()
    bands: Sequence[Row] = ()
    holidays: Sequence[Any] = ()
    discounts: Sequence[Row] = ()
    owners: Mapping[str, int] = {}
    conversions: Mapping[int, tuple[int, int]] = {}
    carrier_conversion: tuple[int, int] | None = None

    def tiers_of(self, rate: Row, kind: str) -> list[Row]:
        """Give the tiers of one kind of a rate, in order."""
        own = [
            one
            for one in self.tiers
            if one["kind"] == kind and one.get("rate_id") == rate.get("rate_id")
        ]
        return sorted(own, key=lambda one: one["start"])

    def is_split(self, tariff: Row) -> bool:
        """Tell whether each increment goes by its own band."""
        return tariff.get("band_rule") == "split" and bool(self.bands)


class Piece(NamedTuple):
    """Increments alike, one after the other.

    at: second (or byte) of the call at which the first begins.  count, step: how many,
    and how long.  quantity: what is to be paid of them.  start, month: where the tiers
    by second and of the month begin, None for the rate's own line.
    """

    rate: Row
    start: int | None
    month: int | None
    is_initial: bool
    price_nano: int
    step: int
    at: int
    count: int
    quantity: int


class Route(NamedTuple):
    """What is walked through: `total` seconds or bytes, from second `first` on.

    moment: epoch second at position 0.  done: units of the month before, by id of each
    rate that has tiers of the month.  skip: what of the billed is covered.  connect:
    the connect fee, 0 where it is not due.
    """

    rate: Row
    tariff: Row
    around: Around
    is_bytes: bool
    total: int
    first: int
    moment: int
    start: int
    done: Mapping[int, int]
    skip: int
    connect: int


class OfRate(NamedTuple):
    """What steps at one rate go by: tiers by second, tiers of the month, units before.

    connect: what the call has added to the rate's month before its first step.
    """

    seconds: list[Row]
    months: list[Row]
    done: Fraction
    connect: int


def number(row: Row, name: str, missing: int = 0) -> int:
    """Give a whole number of a row; `missing` where it has none."""
    value = row.get(name)
    return missing if pd.isna(value) else int(value)


def last_begun(tiers: Sequence[Row], done: int | Fraction) -> Row | None:
    """Give the tier that the unit after `done` units is in; None: the rate's own."""
    begun = [one for one in tiers if one["start"] <= done]
    return begun[-1] if begun else None


def walk(route: Route) -> list[Piece]:
    """Take increment by increment; those alike are put together."""
    position, billed = 0, 0
    pieces: list[Piece] = []
    known: dict[int, OfRate] = {}
    paid: dict[int, int] = {}
    spent: dict[int, Fraction] = {}
    while position < route.total:
        own = rate_at(route, position)
        key = number(own, "rate_id")
        if key not in known:
            known[key] = of_rate(route, own)
            paid[key], spent[key] = 0, Fraction(known[key].connect)
        tier = last_begun(known[key].seconds, route.first + position)
        done = units_before(route, own, known[key].done, (paid[key], spent[key]))
        month = last_begun(known[key].months, done)
        is_initial = not pieces and initial_of(route) > 0
        step = step_of(route, own, tier, is_initial)
        usual = usual_price(route, own, tier, is_initial)
        price = number(month or {}, "price_nano", usual)
        quantity = step - min(max(route.skip - billed, 0), step)
        starts = (tier and tier["start"], month and month["start"])
        at = route.first + position
        add(pieces, Piece(own, *starts, is_initial, price, step, at, 1, quantity))
        paid[key] += quantity
        spent[key] += Fraction(usual * quantity, unit_of(own, route.is_bytes))
        billed += step
        position = after((position, position + step), route, own, known[key].seconds)
    return pieces


def of_rate(route: Route, rate: Row) -> OfRate:
    """Give what the steps of a call go by while they are priced by a rate."""
    around, key = route.around, number(rate, "rate_id")
    is_first = rate.get("rate_id") == route.rate.get("rate_id")
    return OfRate(
        [] if route.is_bytes else around.tiers_of(rate, "second"),
        around.tiers_of(rate, "volume") if rate.get("volume_unit") else [],
        Fraction(route.done.get(key, 0)),
        route.connect if is_first else 0,
    )


def initial_of(route: Route) -> int:
    """Give how long the first increment is; 0: as the others."""
    name, missing = ("volume_initial", 1) if route.is_bytes else ("initial", 0)
    return number(route.rate, name, missing)


def step_of(route: Route, rate: Row, tier: Row | None, is_initial: bool) -> int:
    """Give how long an increment is: the first one, the tier's own or the rate's."""
    if is_initial:
        return initial_of(route)
    name = "volume_increment" if route.is_bytes else "increment"
    return number(tier or {}, "increment") or number(rate, name, 1)


def usual_price(route: Route, rate: Row, tier: Row | None, is_initial: bool) -> int:
    """Give the price of an increment, tiers of the month left aside."""
    usual = number(rate, "price_nano")
    if is_initial and not tier and not route.is_bytes:
        return number(rate, "initial_price_nano", usual)
    return number(tier or {}, "price_nano", usual)


def units_before(
    route: Route, rate: Row, done: Fraction, so_far: tuple[int, Fraction]
) -> Fraction:
    """Give the units of the month before an increment, those of this call too.

    done: before the call.  so_far: seconds or bytes of this call, and their price, at
    this rate.
    """
    unit, (paid, spent) = rate.get("volume_unit"), so_far
    if rate.get("volume_rule") == "whole":
        return done
    if unit == ("bytes" if route.is_bytes else "seconds"):
        return done + paid
    return done + (spent if unit == "amount" else 0)


def after(
    position: tuple[int, int], route: Route, rate: Row, tiers: Sequence[Row]
) -> int:
    """Give where the next increment begins; position: of this one, and its end.

    Where each tier is rounded up by itself, that is at the next tier at the latest.
    """
    later = [one["start"] - route.first for one in tiers]
    later = [one for one in later if one > position[0]]
    return (
        min([position[1], *later]) if rate.get("tier_rule") == "each" else position[1]
    )


def unit_of(rate: Row, is_bytes: bool) -> int:
    """Give what the price of a rate is for: seconds, or bytes."""
    return MEGABYTE if is_bytes else number(rate, "price_seconds", 60)


def add(pieces: list[Piece], piece: Piece) -> None:
    """Put an increment to the last piece where it is of its kind."""
    if pieces and pieces[-1][1:6] == piece[1:6] and pieces[-1].rate is piece.rate:
        last = pieces[-1]
        quantity = last.quantity + piece.quantity
        pieces[-1] = last._replace(count=last.count + 1, quantity=quantity)
    else:
        pieces.append(piece)


def rate_at(route: Route, position: int) -> Row:
    """Give the rate of the increment that begins at a position."""
    if route.is_bytes or not route.around.is_split(route.tariff):
        return route.rate
    zone = route.tariff.get("time_zone") or "UTC"
    rates = {number(one, "rate_id"): one for one in route.around.rates}
    rates[number(route.rate, "rate_id")] = route.rate
    open_rates = [
        one
        for one in rates.values()
        if in_band(route.around, number(one, "band_id"), zone, route.moment + position)
    ]
    return min(open_rates, key=lambda one: rank(route.around, number(one, "band_id")))


def rank(around: Around, band_id: int) -> tuple[int, int, int]:
    """Give the place of a band: the highest priority first, any time last."""
    lines = [one for one in around.bands if one["band_id"] == band_id]
    return (not lines, -number(lines[0], "priority") if lines else 0, band_id)


def in_band(around: Around, band_id: int, zone: str, moment: int) -> bool:
    """Tell whether a moment is in a band, on the clock of the zone."""
    if not band_id:
        return True
    day, second = divmod(moment + offset(zone, moment // QUARTER), DAY)
    lines = [one for one in around.bands if one["band_id"] == band_id]
    return any(
        (counts(around, one, day) and began(one) <= second < until(one))
        or (counts(around, one, day - 1) and second + DAY < until(one))
        for one in lines
    )


def began(line: Row) -> int:
    """Give the second of the day at which a line begins."""
    return number(line, "second_from")


def until(line: Row) -> int:
    """Give the second at which a line ends, from the midnight before it begins."""
    end = number(line, "second_to", DAY)
    return end if end > began(line) else end + DAY


@lru_cache(maxsize=4096)
def offset(zone: str, quarter: int) -> int:
    """Give the seconds that a zone is ahead of UTC in a quarter of an hour."""
    moment = pd.Timestamp(quarter * QUARTER, unit="s", tz="UTC")
    return int(moment.tz_convert(zone).utcoffset().total_seconds())


def counts(around: Around, line: Row, day: int) -> bool:
    """Tell whether a line begins on a day (since 1970)."""
    if line.get("on_holidays"):
        days = {pd.Timestamp(one).value // (DAY * 10**9) for one in around.holidays}
        return day in days
    return bool(number(line, "weekdays", 127) >> ((day + 3) % 7) & 1)

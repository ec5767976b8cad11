# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls whose price changes on the way: tiers, bands, a first step of its own price.

Calls are walked through in pieces: as many steps (increments) as begin in one tier, one
band and one tier of the month, for all calls at a time.  How often this turns depends
on how many such borders a call crosses, never on how many steps it has.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from ..codes import DURATION, TIER_RULES, VOLUME_RULES, VOLUME_UNITS
from ..exact import Fractions, product, summed
from ..money import MEGABYTE
from ..periods import NEVER
from ..rates.book import RateBook
from ..tables import Array

EACH = TIER_RULES.index("each")
GRADUATED = VOLUME_RULES.index("graduated")
SECONDS, AMOUNT, BYTES = (VOLUME_UNITS.index(n) for n in ("seconds", "amount", "bytes"))


@dataclass(frozen=True)
class Stretch:
    """What is to be walked through, one row a call.

    row: of the rate.  slot: where it was found.  total: seconds or bytes to reach.
    is_bytes.  elapsed: seconds of the call at position 0.  clock: moment at position 0.
    start: moment of the call, that says which rates are in force.  done: units of the
    month before the call (-1: the rate's own line, whatever the month).  skip: seconds
    of what is billed that are not to be paid, from the beginning.
    """

    row: Array
    slot: Array
    total: Array
    is_bytes: Array
    elapsed: Array
    clock: Array
    start: Array
    done: Array
    skip: Array

    def take(self, rows: Array) -> "Stretch":
        """Give some of the calls."""
        return Stretch(*(getattr(self, one.name)[rows] for one in fields(self)))


class Walked(NamedTuple):
    """What comes of it: sums (nano), seconds or bytes billed, flags.

    is_lost: a part of the call has no rate.  is_late: or one that comes later.
    """

    sums: Fractions
    billed: Array
    is_lost: Array
    is_late: Array


class Piece(NamedTuple):
    """The next piece of some calls: what it is priced with and what bounds it.

    rate: row.  tier, month: tiers, -1 none.  border: position where the tier ends;
    end: where the piece must end.  step: size of a step; is_first: one step of its own.
    price, own_price (without the month's tiers): nano a unit.  unit: s or bytes.
    """

    rate: Array
    tier: Array
    month: Array
    border: Array
    end: Array
    step: Array
    is_first: Array
    price: Array
    own_price: Array
    unit: Array


class Walk:
    """A walk through calls; position, billed and spent move on."""

    def __init__(self, book: RateBook, stretch: Stretch) -> None:
        """Begin at position 0."""
        self.book, self.by = book, stretch
        rates, row = book.rates, stretch.row
        nothing = np.zeros(len(row), dtype=np.int64)
        self.position, self.billed = nothing.copy(), nothing.copy()
        self.is_lost, self.is_late = nothing > 0, nothing > 0
        unit, is_graduated = (
            rates.volume_units[row],
            rates.volume_rules[row] == GRADUATED,
        )
        moves = is_graduated & (stretch.done >= 0)
        self.by_money = moves & (unit == AMOUNT)
        self.by_quantity = moves & (unit == np.where(stretch.is_bytes, BYTES, SECONDS))
        self.is_split = book.tariffs.is_split[rates.tariffs[row]] & ~stretch.is_bytes
        self.is_split &= book.index.bands > 1
        self.spent = (rates.connect[row] * self.by_money).astype(object)
        self.spent *= self.units(row, stretch.is_bytes)
        self.zone = book.tariffs.zones[rates.tariffs[row]]
        self.calendar = None
        if self.is_split.any():
            clock = stretch.clock[self.is_split]
            last = clock + stretch.total[self.is_split]
            self.calendar = book.calendar(int(clock.min()), int(last.max()))
        self.pieces: list[tuple[Array, ...]] = []

    def units(self, rate: Array, is_bytes: Array) -> Array:
        """Give the seconds or bytes that the price of rates is for."""
        return np.where(is_bytes, MEGABYTE, self.book.rates.price_seconds[rate])

    def through(self) -> Walked:
        """Walk to the end of all calls."""
        is_begin = True
        while (rows := np.flatnonzero(self.position < self.by.total)).size:
            self.advance(rows, self.piece(rows, is_begin))
            is_begin = False
        empty = np.empty(0, dtype=np.int64)
        columns = zip(*self.pieces, strict=True) if self.pieces else [[empty]] * 4
        place, price, quantity, unit = (np.concatenate(one) for one in columns)
        parts = Fractions(product(price, quantity), unit)
        sums = summed(place, parts, len(self.position))
        billed = np.maximum(self.billed - self.by.skip, 0)
        return Walked(sums, billed, self.is_lost, self.is_late)

    def piece(self, rows: Array, is_begin: bool) -> Piece:
        """Give what the next step of some calls is priced with, and how far so."""
        rates, by = self.book.rates, self.by.take(rows)
        position = self.position[rows]
        rate, band_end = self.rates_now(rows)
        second, volume = self.book.tiers.second, self.book.tiers.volume
        tier = np.where(by.is_bytes, -1, second.at(rate, by.elapsed + position))
        border = np.where(
            by.is_bytes, NEVER, second.next_start(rate, tier) - by.elapsed
        )
        is_own = (rate == by.row) & (by.done >= 0)
        month = np.where(is_own, volume.at(by.row, self.done(rows)), -1)
        usual = np.where(
            by.is_bytes, rates.volume_increment[rate], rates.increment[rate]
        )
        step = np.where(
            second.increment[tier] * (tier >= 0) > 0, second.increment[tier], usual
        )
        initial = np.where(
            by.is_bytes, rates.volume_initial[by.row], rates.initial[by.row]
        )
        is_first = (initial > 0) & is_begin
        price = np.where(
            (tier >= 0) & second.has_price[tier], second.price[tier], rates.price[rate]
        )
        other = is_first & rates.has_initial_price[rate] & (tier < 0) & ~by.is_bytes
        price = np.where(other, rates.initial_price[rate], price)
        has_month = (month >= 0) & volume.has_price[month]
        return Piece(
            rate=rate,
            tier=tier,
            month=month,
            border=border,
            end=np.minimum(np.minimum(by.total, border), band_end),
            step=np.where(is_first, initial, step),
            is_first=is_first,
            price=np.where(has_month, volume.price[month], price),
            own_price=price,
            unit=self.units(rate, by.is_bytes),
        )

    def rates_now(self, rows: Array) -> tuple[Array, Array]:
        """Give the rate of each call's next second, and the position to ask again."""
        rate, end = self.by.row[rows], np.full(len(rows), NEVER)
        place = np.flatnonzero(self.is_split[rows])
        if not place.size:
            return rate, end
        some = rows[place]
        by, zone = self.by.take(some), self.zone[some]
        moment = by.clock + self.position[some]
        held = self.calendar.held(zone, moment)
        found = self.book.index.rates_at(by.slot, by.start, held)
        self.is_lost[some] |= (found < 0) | (self.book.rates.methods[found] != DURATION)
        self.is_late[some] |= self.book.rates.is_late[found]
        rate[place] = np.where(self.is_lost[some], by.row, found)
        end[place] = self.calendar.next_change(zone, moment) - by.clock
        return rate, end

    def done(self, rows: Array) -> Array:
        """Give the units of the month before the next step of some calls."""
        paid = np.maximum(self.billed[rows] - self.by.skip[rows], 0)
        done = self.by.done[rows] + np.where(self.by_quantity[rows], paid, 0)
        place = np.flatnonzero(self.by_money[rows])
        if place.size:
            some = rows[place]
            unit = self.units(self.by.row[some], self.by.is_bytes[some])
            done[place] += (self.spent[some] // unit).astype(np.int64)
        return done

    def advance(self, rows: Array, piece: Piece) -> None:
        """Take as many steps as begin before the piece ends."""
        position = self.position[rows]
        count = -(-(piece.end - position) // piece.step)
        count = np.minimum(count, self.steps_in_month(rows, piece))
        quantity = np.where(piece.is_first, piece.step, piece.step * count)
        skipped = np.clip(self.by.skip[rows] - self.billed[rows], 0, quantity)
        self.pieces.append((rows, piece.price, quantity - skipped, piece.unit))
        self.billed[rows] += quantity
        each = self.book.rates.tier_rules[piece.rate] == EACH
        reached = np.where(
            each, np.minimum(position + quantity, piece.border), position + quantity
        )
        self.position[rows] = np.where(self.is_lost[rows], self.by.total[rows], reached)
        place = np.flatnonzero(self.by_money[rows] & (piece.rate == self.by.row[rows]))
        paid = (quantity - skipped)[place]
        spent = piece.own_price[place].astype(object) * paid
        self.spent[rows[place]] += spent

    def steps_in_month(self, rows: Array, piece: Piece) -> Array:
        """Give how many steps begin before the month's next tier does."""
        count = np.full(len(rows), NEVER)
        start = self.book.tiers.volume.next_start(self.by.row[rows], piece.month)
        is_own = (piece.rate == self.by.row[rows]) & (start < NEVER)
        place = np.flatnonzero(is_own & self.by_quantity[rows])
        skip = np.maximum(self.by.skip[rows] - self.billed[rows], 0)
        left = (start - self.done(rows) + skip)[place]
        count[place] = -(-left // piece.step[place])
        place = np.flatnonzero(is_own & self.by_money[rows] & (piece.own_price > 0))
        for_step = piece.own_price[place].astype(object) * piece.step[place]
        left = (start - self.by.done[rows])[place].astype(object) * piece.unit[place]
        free = -(-skip[place] // piece.step[place])
        steps = -(-(left - self.spent[rows[place]]) // for_step) + free
        count[place] = np.minimum(steps, NEVER).astype(np.int64)
        return count

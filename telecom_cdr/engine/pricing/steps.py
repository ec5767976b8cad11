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
    start: moment of the call, that says which rates are in force.  is_split: each step
    by its own band.  done: units of the month before the call, a column for each place
    of a rate (`RateBook.month_places`; -1: the rate's own line, whatever the month).
    skip: seconds of what is billed that are not to be paid, from the beginning.
    connect: nano that the call has added to its rate's month before its first step.
    """

    row: Array
    slot: Array
    total: Array
    is_bytes: Array
    elapsed: Array
    clock: Array
    start: Array
    is_split: Array
    done: Array
    skip: Array
    connect: Array

    def take(self, rows: Array) -> "Stretch":
        """Give some of the calls."""
        return Stretch(*(getattr(self, one.name)[rows] for one in fields(self)))


class Pieces(NamedTuple):
    """What calls were priced by on the way: place of the call, row of the rate.

    price: nano a unit; quantity: seconds or bytes to be paid; unit: s or bytes.
    """

    call: Array
    rate: Array
    price: Array
    quantity: Array
    unit: Array

    def amounts(self) -> Fractions:
        """Give what each of them comes to."""
        return Fractions(product(self.price, self.quantity), self.unit)


class Walked(NamedTuple):
    """What comes of it: sums (nano), seconds or bytes billed, flags, all pieces.

    is_lost: a part of the call has no rate.  is_late: or one that comes later.
    """

    sums: Fractions
    billed: Array
    is_lost: Array
    is_late: Array
    pieces: Pieces


class Standing(NamedTuple):
    """Where some calls stand in the month of the rate of their next step.

    place: column of `Stretch.done`.  before: units before the call, -1 where the month
    does not matter; done: units before the step.  by_quantity, by_money: whether steps
    of the call add to it, and in what.
    """

    place: Array
    before: Array
    done: Array
    by_quantity: Array
    by_money: Array


class Piece(NamedTuple):
    """The next piece of some calls: what it is priced with and what bounds it.

    rate: row.  tier, month: tiers, -1 none.  border: position where the tier ends;
    end: where the piece must end.  step: size of a step; is_first: one step of its own.
    price, own_price (without the month's tiers): nano a unit.  unit: s or bytes.
    """

    rate: Array
    tier: Array
    month: Array
    standing: Standing
    border: Array
    end: Array
    step: Array
    is_first: Array
    price: Array
    own_price: Array
    unit: Array


class Walk:
    """A walk through calls; position, billed, paid and spent move on.

    paid (s or bytes) and spent (nano times the unit of the price) are what steps of the
    call add to the month of each rate, by place of the rate.
    """

    def __init__(self, book: RateBook, stretch: Stretch) -> None:
        """Begin at position 0."""
        self.book, self.by = book, stretch
        row = stretch.row
        nothing = np.zeros(len(row), dtype=np.int64)
        self.position, self.billed = nothing.copy(), nothing.copy()
        self.is_lost, self.is_late = nothing > 0, nothing > 0
        self.paid = np.zeros_like(stretch.done)
        self.spent = np.zeros(stretch.done.shape, dtype=object)
        counts_money = np.flatnonzero(book.rates.volume_units[row] == AMOUNT)
        own, is_bytes = row[counts_money], stretch.is_bytes[counts_money]
        connect = stretch.connect[counts_money].astype(object)
        connect *= self.units(own, is_bytes)
        self.spent[counts_money, book.month_places[own]] = connect
        self.zone = book.tariffs.zones[book.rates.tariffs[row]]
        self.calendar = None
        if stretch.is_split.any():
            clock = stretch.clock[stretch.is_split]
            last = clock + stretch.total[stretch.is_split]
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
        empty = [np.empty(0, dtype=np.int64)]
        columns = zip(*self.pieces, strict=True) if self.pieces else [empty] * 5
        pieces = Pieces(*(np.concatenate(one) for one in columns))
        sums = summed(pieces.call, pieces.amounts(), len(self.position))
        billed = np.maximum(self.billed - self.by.skip, 0)
        return Walked(sums, billed, self.is_lost, self.is_late, pieces)

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
        standing = self.standing(rows, rate)
        month = np.where(standing.before >= 0, volume.at(rate, standing.done), -1)
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
            standing=standing,
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
        place = np.flatnonzero(self.by.is_split[rows])
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

    def standing(self, rows: Array, rate: Array) -> Standing:
        """Give where some calls stand in the month of the rate of their next step."""
        rates, is_bytes = self.book.rates, self.by.is_bytes[rows]
        place, unit = self.book.month_places[rate], rates.volume_units[rate]
        before = self.by.done[rows, place]
        moves = (rates.volume_rules[rate] == GRADUATED) & (before >= 0)
        by_quantity = moves & (unit == np.where(is_bytes, BYTES, SECONDS))
        by_money = moves & (unit == AMOUNT)
        done = before + np.where(by_quantity, self.paid[rows, place], 0)
        some = np.flatnonzero(by_money)
        if some.size:
            spent = self.spent[rows[some], place[some]]
            spent //= self.units(rate[some], is_bytes[some])
            done[some] += spent.astype(np.int64)
        return Standing(place, before, done, by_quantity, by_money)

    def advance(self, rows: Array, piece: Piece) -> None:
        """Take as many steps as begin before the piece ends."""
        position, standing = self.position[rows], piece.standing
        count = -(-(piece.end - position) // piece.step)
        count = np.minimum(count, self.steps_in_month(rows, piece))
        quantity = np.where(piece.is_first, piece.step, piece.step * count)
        paid = quantity - np.clip(self.by.skip[rows] - self.billed[rows], 0, quantity)
        self.pieces.append((rows, piece.rate, piece.price, paid, piece.unit))
        self.billed[rows] += quantity
        each = self.book.rates.tier_rules[piece.rate] == EACH
        reached = np.where(
            each, np.minimum(position + quantity, piece.border), position + quantity
        )
        self.position[rows] = np.where(self.is_lost[rows], self.by.total[rows], reached)
        self.paid[rows, standing.place] += paid
        some = np.flatnonzero(standing.by_money)
        spent = piece.own_price[some].astype(object) * paid[some]
        self.spent[rows[some], standing.place[some]] += spent

    def steps_in_month(self, rows: Array, piece: Piece) -> Array:
        """Give how many steps begin before the month's next tier does."""
        count, standing = np.full(len(rows), NEVER), piece.standing
        start = self.book.tiers.volume.next_start(piece.rate, piece.month)
        has_next = start < NEVER
        skip = np.maximum(self.by.skip[rows] - self.billed[rows], 0)
        some = np.flatnonzero(has_next & standing.by_quantity)
        left = (start - standing.done + skip)[some]
        count[some] = -(-left // piece.step[some])
        some = np.flatnonzero(has_next & standing.by_money & (piece.own_price > 0))
        for_step = piece.own_price[some].astype(object) * piece.step[some]
        left = (start - standing.before)[some].astype(object) * piece.unit[some]
        left -= self.spent[rows[some], standing.place[some]]
        # What is covered of these steps adds nothing, be it a part of one only.
        left += skip[some].astype(object) * piece.own_price[some]
        count[some] = np.minimum(-(-left // for_step), NEVER).astype(np.int64)
        return count

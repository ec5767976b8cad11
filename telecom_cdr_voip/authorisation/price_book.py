# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ladders of prices kept for calls that must cost the same."""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from odoo.addons.telecom_cdr.engine.match import match_destinations
from odoo.addons.telecom_cdr.engine.periods import PeriodTable
from odoo.addons.telecom_cdr.engine.pipeline import RatingTables

from .price_ladder import Ladder, PlannedCall, build_ladder

KEPT = 512
KEPT_SMALL = 16 * KEPT
MINUTE = 60
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (UTC)


class Place(NamedTuple):
    """Where a called number leads: the prefix of ours by which that is known."""

    prefix: str
    destination_id: int
    category: str


class Kept:
    """Values by key: those that were used last, for several threads."""

    def __init__(self, most: int) -> None:
        """Keep so many."""
        self._values: OrderedDict[Any, Any] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def of(self, key: Any, make: Callable[[], Any]) -> Any:
        """Give the value of a key, made where there is none."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


class PriceBook:
    """The rating tables of a company, and what was worked out of them.

    Calls are alike where all that decides a price is: their tariff, what is called, and
    the time between two changes; with time bands, discounts or several currencies the
    minute, with discounts the customer and number, with patterns the numbers of the
    call.
    """

    def __init__(self, tables: RatingTables, seconds: int) -> None:
        """Keep ladders of so many seconds."""
        self.tables = tables
        self.seconds = seconds
        self._bundled = frozenset(tables.bundles.partners.tolist())
        self._destinations = places_of(tables.destinations.prefixes.prefixes)
        self._rated = places_of(tables.book.index.prefixes.prefixes)
        self._moments = sorted(set(changes_of(tables)))
        self._ladders, self._alike = Kept(KEPT), Kept(KEPT)
        self._tariffs, self._places = Kept(KEPT_SMALL), Kept(KEPT_SMALL)

    def has_bundle(self, partner_id: int) -> bool:
        """Tell whether a customer has allowances that may cover a call."""
        return partner_id in self._bundled

    def place(self, called: str) -> Place:
        """Give where a number leads (E.164, or the digits of a short number)."""
        node = longest(self._destinations, self._digits(called))
        if node < 0:
            return self._places.of(called, lambda: self._unnamed(called))
        table = self.tables.destinations
        return Place(
            table.prefixes.prefixes[node],
            int(table.destination_ids[node]),
            table.labels[table.categories[node]],
        )

    def ladder(self, call: PlannedCall) -> Ladder:
        """Give what a call costs by its seconds, without bundles."""
        return self._ladders.of(self._key(call), lambda: self._build(call))

    def _build(self, call: PlannedCall) -> Ladder:
        """Work a ladder out; equal prices are kept once."""
        ladder = build_ladder(call, self.tables, self.seconds)
        kept = self._alike.of(ladder.prices.tobytes(), lambda: ladder.prices)
        return ladder._replace(prices=kept)

    # === WHAT CALLS ARE ALIKE BY === #

    def _key(self, call: PlannedCall) -> tuple:
        moment = int((call.start - EPOCH).total_seconds())
        epoch, book = bisect_right(self._moments, moment), self.tables.book
        holder = (call.number_id, call.partner_id, call.carrier_id)
        key = (
            self._tariffs.of((*holder, epoch), lambda: self._tariff(holder, moment)),
            call.carrier_id,
            longest(self._rated, self._digits(call.called)),
            self.place(call.called),
            epoch,
        )
        if book.index.bands > 1 or book.discounts or len(book.currencies.rows):
            key += (moment // MINUTE,)
        if book.discounts:
            key += holder
        if book.rules.rules:
            key += (call.called, call.calling)
        return key

    def _tariff(self, holder: tuple[int, int, int], moment: int) -> tuple[int, int]:
        """Give the position of a call's tariff, and the currency its payer wants."""
        names = ("number_id", "partner_id", "carrier_id")
        calls = pd.DataFrame([holder], columns=list(names), dtype=np.int64)
        book = self.tables.book
        found = book.holders.tariffs_of(calls, book.partners, np.array([moment]))
        wanted = book.partners.currencies(calls["partner_id"].to_numpy())
        return int(found[0]), int(wanted[0])

    def _digits(self, called: str) -> str:
        """Give what prefixes are looked up in; short numbers are of the country."""
        if called.startswith("+"):
            return called[1:]
        return self.tables.country_code + called if called.isdecimal() else ""

    def _unnamed(self, called: str) -> Place:
        """Give the category of a number that no prefix of ours names."""
        facts = pd.DataFrame({"called_number": [called], "direction": ["outgoing"]})
        table, code = self.tables.destinations, self.tables.country_code
        found = match_destinations(facts, table, code, self.tables.fallback)
        return Place("", 0, str(found["category"].iloc[0]))


def places_of(prefixes: list[str]) -> dict[str, int]:
    """Give the place of each prefix."""
    return {prefix: place for place, prefix in enumerate(prefixes)}


def longest(places: dict[str, int], digits: str) -> int:
    """Give the place of the longest prefix of some digits; -1 where none is known."""
    for size in range(len(digits), 0, -1):
        place = places.get(digits[:size])
        if place is not None:
            return place
    return -1


def changes_of(tables: RatingTables) -> Iterator[int]:
    """Give the moments at which a tariff or rate of somebody begins or ends."""
    book = tables.book
    yield from book.index.moments.tolist()
    owners = book.holders.owners.values()
    plans = book.holders.plans
    for periods in (*owners, plans.numbers, plans.partners):
        yield from ends_of(periods)


def ends_of(periods: PeriodTable) -> list[int]:
    """Give the moments at which something begins or ends."""
    return [*periods.starts.tolist(), *periods.ends.tolist()]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tariffs, rates, who has them and currency rates, loaded once for whole tables."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .codes import KINDS, METHODS, kinds_of, known_codes, refuse
from .currencies import CurrencyTable
from .holders import Holders
from .money import MODES, PRICE_DIGITS
from .periods import PeriodTable, ranks
from .prefixes import PrefixTable
from .tables import Array, Table, amounts, codes_of, flags, integers, positions, texts


@dataclass(frozen=True)
class Tariffs:
    """Rate tables by position in the order of their ids.

    ids: int64, sorted.  parents: position or -1, loops cut.  currency_ids, digits
    (0..6), modes (codes in MODES): with a neutral extra last row for "no tariff".
    """

    ids: Array
    parents: Array
    currency_ids: Array
    digits: Array
    modes: Array

    @classmethod
    def build(cls, tariffs: Table) -> "Tariffs":
        """Read tariff_id, parent_id, currency_id, rounding_digits, rounding."""
        tariffs = tariffs.drop_duplicates("tariff_id").sort_values("tariff_id")
        ids = integers(tariffs, "tariff_id")
        parents = positions(ids, integers(tariffs, "parent_id", missing=0))
        digits = integers(tariffs, "rounding_digits")
        refuse("rounding_digits", digits, (digits < 0) | (digits > PRICE_DIGITS))
        modes = np.append(known_codes(tariffs, "rounding", MODES), 0)
        currency_ids = np.append(integers(tariffs, "currency_id", missing=0), 0)
        digits = np.append(digits, PRICE_DIGITS)
        return cls(ids, cut_loops(parents), currency_ids, digits, modes)


def cut_loops(parents: Array) -> Array:
    """Take out the step that closes a loop of parents, so that every chain ends."""
    parents, done = parents.copy(), np.zeros(len(parents), dtype=bool)
    for first in range(len(parents)):
        path, place = set(), first
        while place >= 0 and not done[place]:
            path.add(place)
            if parents[place] in path:
                parents[place] = -1
            place = parents[place]
        done[list(path)] = True
    return parents


@dataclass(frozen=True)
class Rates:
    """Lines of rate tables, column by column, with a neutral extra last row for "none".

    ids, tariffs (positions), kinds (service and direction), methods (codes in METHODS)
    and amounts in nano are int64; the has_* and is_* columns bool.
    """

    ids: Array
    tariffs: Array
    kinds: Array
    methods: Array
    price: Array
    connect: Array
    initial: Array
    increment: Array
    minimum_duration: Array
    grace: Array
    minimum: Array
    has_minimum: Array
    maximum: Array
    has_maximum: Array
    markup: Array
    is_allowed: Array
    is_late: Array

    @classmethod
    def build(cls, rates: Table, tariffs: Tariffs) -> "Rates":
        """Read the rates table (columns as in `RateBook.build`); BookError if bad."""
        columns = {
            "ids": integers(rates, "rate_id"),
            "tariffs": positions(tariffs.ids, integers(rates, "tariff_id")),
            "kinds": kinds_of(rates),
            "methods": known_codes(rates, "method", METHODS),
            **read_amounts(rates),
            **read_steps(rates),
            "is_allowed": flags(rates, "is_allowed", missing=True),
            "is_late": flags(rates, "is_late_priced", missing=False),
        }
        neutral = {"increment": 1, "tariffs": -1, "kinds": -1, "is_allowed": True}
        return cls(**{n: np.append(v, neutral.get(n, 0)).astype(v.dtype)
                      for n, v in columns.items()})  # fmt: skip


def read_amounts(rates: Table) -> dict[str, Array]:
    """Read what a rate costs, and the mark-up; nothing given is 0, or no bound."""
    minimum, has_minimum = amounts(rates, "minimum_nano")
    maximum, has_maximum = amounts(rates, "maximum_nano")
    return {
        "price": integers(rates, "price_nano", missing=0),
        "connect": integers(rates, "connect_nano", missing=0),
        "markup": integers(rates, "markup_ppm", missing=0),
        "minimum": minimum,
        "has_minimum": has_minimum,
        "maximum": maximum,
        "has_maximum": has_maximum,
    }


def read_steps(rates: Table) -> dict[str, Array]:
    """Read the seconds that billing goes by; BookError where one makes no sense."""
    columns = {
        "initial": integers(rates, "initial", missing=0),
        "increment": integers(rates, "increment", missing=1),
        "minimum_duration": integers(rates, "minimum_duration", missing=0),
        "grace": integers(rates, "grace", missing=0),
    }
    for name, values in columns.items():
        refuse(name, values, values < (name == "increment"))
    return columns


@dataclass(frozen=True)
class RateIndex:
    """Where to find the rates: slots of (tariff, kind, target), each with periods.

    A target is a node of `prefixes`, a category or "everything", in this order.
    slots: sorted int64.  periods: by slot position, row of the rates.  holds: bool by
    tariff * KINDS + kind, whether its chain of tariffs holds any rate.  moments: sorted
    times at which some rate begins or ends.
    """

    prefixes: PrefixTable
    categories: tuple[str, ...]
    slots: Array
    periods: PeriodTable
    holds: Array
    moments: Array

    @property
    def width(self) -> int:
        """Count the targets."""
        return len(self.prefixes.prefixes) + len(self.categories) + 1

    @classmethod
    def build(cls, spread: Table, rates: Rates, tariffs: Tariffs) -> "RateIndex":
        """Index the rates of `spread_rates`."""
        spread = spread[usable(rates)[integers(spread, "row")]]
        prefixes = PrefixTable.build(sorted(set(spread["prefix"]) - {""}))
        categories = tuple(sorted(set(spread["category"]) - {""}))
        row = integers(spread, "row")
        group = rates.tariffs[row] * KINDS + rates.kinds[row]
        width = len(prefixes.prefixes) + len(categories) + 1
        keys = group * width + targets_of(spread, prefixes, categories)
        slots, places = np.unique(keys, return_inverse=True)
        start, end = integers(spread, "start"), integers(spread, "end")
        rank = ranks(-rates.ids[row], -start, spread["is_far"].to_numpy(dtype=bool))
        periods = PeriodTable.build(places, start, end, row, rank)
        moments, holds = np.union1d(start, end), chain_holds(rates, tariffs)
        return cls(prefixes, categories, slots, periods, holds, moments)

    def rates_at(self, groups: Array, targets: Array, moments: Array) -> Array:
        """Give the rate in force for each group (tariff * KINDS + kind) and target."""
        places = positions(self.slots, groups * self.width + targets)
        return self.periods.lookup(places, moments)


def usable(rates: Rates) -> Array:
    """Tell which rates belong to a known tariff, service and direction (bools)."""
    return (rates.tariffs >= 0) & (rates.kinds >= 0)


def spread_rates(table: Table, prefixes: Table) -> Table:
    """Give row, prefix, category, is_far, start, end for each prefix of a rate.

    A rate of a destination stands once for each of the destination's prefixes, and is
    far: at the same prefix, a rate of the prefix itself comes first.
    """
    columns = {
        "row": np.arange(len(table)),
        "prefix": np.array(texts(table, "prefix"), dtype=object),
        "category": np.array(texts(table, "category"), dtype=object),
        "destination_id": integers(table, "destination_id", missing=0),
        "start": integers(table, "start"),
        "end": integers(table, "end"),
    }
    rows = pd.DataFrame(columns)
    is_far = (rows["prefix"] == "") & (rows["destination_id"] != 0)
    known = prefixes[["destination_id", "prefix"]].drop_duplicates()
    reached = rows[is_far].drop(columns="prefix").merge(known, on="destination_id")
    parts = [rows[~is_far].assign(is_far=False), reached.assign(is_far=True)]
    spread = pd.concat([part for part in parts if len(part)] or parts[:1])
    spread["category"] = spread["category"].where(spread["prefix"] == "", "")
    return spread.reset_index(drop=True)


def targets_of(spread: Table, prefixes: PrefixTable, labels: tuple[str, ...]) -> Array:
    """Give the target of each row of `spread_rates` as a code (int64)."""
    nodes = len(prefixes.prefixes)
    node = codes_of(spread["prefix"], prefixes.prefixes)
    category = codes_of(spread["category"], labels)
    other = np.where(category >= 0, nodes + category, nodes + len(labels))
    return np.where(node >= 0, node, other)


def chain_holds(rates: Rates, tariffs: Tariffs) -> Array:
    """Tell for each tariff and kind whether its chain of parents holds any rate."""
    holds = np.zeros((len(tariffs.ids), KINDS), dtype=bool)
    known = usable(rates)
    holds[rates.tariffs[known], rates.kinds[known]] = True
    chain, above = holds.copy(), tariffs.parents
    while (rows := np.flatnonzero(above >= 0)).size:
        chain[rows] |= holds[above[rows]]
        above = np.where(above >= 0, np.append(tariffs.parents, -1)[above], -1)
    return chain.ravel()


@dataclass(frozen=True)
class RateBook:
    """All that a price depends on beside the call; load once, use for all batches."""

    tariffs: Tariffs
    rates: Rates
    index: RateIndex
    holders: Holders
    currencies: CurrencyTable

    @classmethod
    def build(
        cls,
        tariffs: Table,
        rates: Table,
        prefixes: Table,
        assignments: Table | None = None,
        subscriptions: Table | None = None,
        currencies: Table | None = None,
    ) -> "RateBook":
        """Index tables whose ids, seconds and amounts are int64.

        tariffs: tariff_id, parent_id, currency_id, rounding_digits (0..6), rounding.
        rates: rate_id, tariff_id, service, direction, prefix (""), destination_id (0),
        category (""), method, price_nano, connect_nano, initial, increment (>= 1),
        minimum_duration, grace, minimum_nano and maximum_nano (nullable), markup_ppm,
        is_allowed, is_late_priced, start, end (epoch seconds, end exclusive).
        prefixes: destination_id, prefix.
        assignments: owner_kind (number, partner, company), owner_id, tariff_id, start,
        end.
        subscriptions: subscription_id, partner_id, priority (lower first), start, end,
        numbers (set of number_id, empty: all of the customer), tariff_id (0: none).
        currencies: as in `CurrencyTable.build`.
        Raises BookError (reason: the column) or PrefixError, with what was found.
        """
        known = Tariffs.build(tariffs)
        lines = Rates.build(rates, known)
        index = RateIndex.build(spread_rates(rates, prefixes), lines, known)
        holders = Holders.build(assignments, subscriptions, known.ids)
        return cls(known, lines, index, holders, CurrencyTable.build(currencies))

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tariffs, rates, who has them and currency rates, loaded once for whole tables."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..codes import (
    BAND_RULES,
    DURATION,
    FORMULA,
    MARKUP,
    VOLUME,
    codes_or_first,
    known_codes,
    refuse,
)
from ..currencies import CurrencyTable
from ..extra import NUMBERS
from ..money import MODES, PRICE_DIGITS
from ..tables import Array, Table, integers, positions, texts
from .bands import Bands, Calendar
from .discounts import Discounts
from .holders import Holders
from .index import RateIndex, band_places
from .lines import Rates
from .partners import Partners
from .rules import Rules
from .tiers import Tiers


@dataclass(frozen=True)
class Tariffs:
    """Rate tables by position in the order of their ids.

    ids: int64, sorted.  parents: position or -1, loops cut.  currency_ids, digits
    (0..6), modes (codes in MODES), zones (places in zone_names), is_split (each
    increment by the band at its first second): with a neutral extra last row for
    "no tariff".
    """

    ids: Array
    parents: Array
    currency_ids: Array
    digits: Array
    modes: Array
    zones: Array
    is_split: Array
    zone_names: tuple[str, ...]

    @classmethod
    def build(cls, tariffs: Table) -> "Tariffs":
        """Read the tariffs table (columns as in `RateBook.build`)."""
        tariffs = tariffs.drop_duplicates("tariff_id").sort_values("tariff_id")
        ids = integers(tariffs, "tariff_id")
        parents = positions(ids, integers(tariffs, "parent_id", missing=0))
        digits = integers(tariffs, "rounding_digits")
        refuse("rounding_digits", digits, (digits < 0) | (digits > PRICE_DIGITS))
        zones = [name or "UTC" for name in texts(tariffs, "time_zone")]
        names = tuple(sorted(set(zones))) or ("UTC",)
        split = codes_or_first(tariffs, "band_rule", BAND_RULES) > 0
        return cls(
            ids,
            cut_loops(parents),
            np.append(integers(tariffs, "currency_id", missing=0), 0),
            np.append(digits, PRICE_DIGITS),
            np.append(known_codes(tariffs, "rounding", MODES), 0),
            np.append([names.index(one) for one in zones], 0).astype(np.int64),
            np.append(split, False),
            names,
        )


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


class AllTiers(NamedTuple):
    """The tiers of all rates by kind: second of the call, month, carrier's cost."""

    second: Tiers
    volume: Tiers
    cost: Tiers


class More(NamedTuple):
    """Tables of `RateBook.build` that seldom are all there."""

    tiers: Table | None = None
    bands: Table | None = None
    holidays: Table | None = None
    discounts: Table | None = None
    partners: Table | None = None
    departments: Table | None = None


@dataclass(frozen=True)
class RateBook:
    """All that a price depends on beside the call; load once, use for all batches."""

    tariffs: Tariffs
    rates: Rates
    tiers: AllTiers
    index: RateIndex
    rules: Rules
    bands: Bands
    holders: Holders
    discounts: Discounts
    partners: Partners
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
        **more: Table | None,
    ) -> "RateBook":
        """Index tables whose ids, seconds and amounts are int64.

        tariffs: tariff_id, parent_id, currency_id, rounding_digits (0..6), rounding;
        time_zone ("UTC"), band_rule (start, split).
        rates: rate_id, tariff_id, service, direction, prefix (""), destination_id (0),
        category (""), method, price_nano, connect_nano, initial, increment (>= 1),
        minimum_duration, grace, minimum_nano and maximum_nano (nullable), markup_ppm,
        is_allowed, is_late_priced, start, end (epoch seconds, end exclusive);
        price_seconds (60), initial_price_nano (nullable), free_seconds, volume_initial
        and volume_increment (1), band_id (0: any time), tier_rule (first_second, each),
        volume_unit ("", seconds, calls, amount, bytes, messages), volume_rule
        (graduated, whole), volume_scope (partner, number), formula, units_formula,
        calling_pattern, called_pattern, region_pattern, sequence.
        prefixes: destination_id, prefix.
        assignments: owner_kind (see `holders.OWNERS`), owner_id, owner_key (trunk,
        address), tariff_id, start, end.
        subscriptions: subscription_id, partner_id, priority (lower first), start, end,
        numbers (set of number_id, empty: all of the customer), tariff_id (0: none).
        currencies: as in `CurrencyTable.build`.
        more: the tables of `More`.
        tiers: rate_id, kind (second, volume, cost), start, price_nano and markup_ppm
        (nullable: the rate's), increment (0: the rate's; tiers by second only).
        bands: band_id, priority (higher first), weekdays (Monday 1 .. Sunday 64),
        second_from, second_to, on_holidays; one row a line.  holidays: day.
        discounts: as in `Discounts.build`.  partners: partner_id, class_id,
        billing_day, currency_id (of its prices).  departments: number_id,
        department_id.
        Raises BookError (reason: the column) or PrefixError, with what was found.
        """
        other = More(**more)
        tables = Tariffs.build(tariffs)
        lines = Rates.build(rates, tables.ids)
        clock = Bands.build(used_bands(other.bands, rates), other.holidays)
        places = band_places(rates, clock)
        ids = dict.fromkeys(AllTiers._fields, lines.ids)
        ids["volume"] = np.where(lines.volume_units > 0, lines.ids, -1)
        kinds = (Tiers.build(other.tiers, kind, known) for kind, known in ids.items())
        return cls(
            tariffs=tables,
            rates=lines,
            tiers=AllTiers(*kinds),
            index=RateIndex.build(rates, prefixes, lines, tables.parents, clock),
            rules=Rules.build(rates, lines, tables.parents, places),
            bands=clock,
            holders=Holders.build(assignments, subscriptions, tables.ids),
            discounts=Discounts.build(other.discounts),
            partners=Partners.build(other.partners, other.departments),
            currencies=CurrencyTable.build(currencies),
        )

    @cached_property
    def walked(self) -> Array:
        """Tell by row of the rates which can only be priced by `steps` (bools)."""
        rates, tiers = self.rates, self.tiers
        has_month = tiers.volume.count() > 0
        many = rates.has_initial_price | has_month | (tiers.second.count() > 0)
        many |= self.splits
        by_seconds, by_bytes = rates.methods == DURATION, rates.methods == VOLUME
        return (by_seconds & many) | (by_bytes & has_month)

    @cached_property
    def splits(self) -> Array:
        """Tell by row of the rates where each step goes by its own band (bools)."""
        return self.tariffs.is_split[self.rates.tariffs] & (self.index.bands > 1)

    @cached_property
    def month_places(self) -> Array:
        """Give by row of the rates its place among those that may share a call.

        That is the place of its band, where calls are split at bands; else 0.
        """
        return np.where(self.splits, self.index.places, 0)

    @cached_property
    def month_width(self) -> int:
        """Count these places."""
        return self.index.bands if self.splits.any() else 1

    @cached_property
    def plain(self) -> Array:
        """Tell by row of the rates which need nothing but plain columns (bools)."""
        other = (self.rates.methods == MARKUP) | (self.rates.methods == FORMULA)
        return ~(self.walked | other | (self.tiers.volume.count() > 0))

    @cached_property
    def needs_extra(self) -> frozenset[str]:
        """Name the facts of `extra` that a pattern, tariff or formula here asks for."""
        written = (one.names for one in self.rates.texts if one is not None)
        found = {name for names in written for name in names} & NUMBERS.keys()
        if any("region" in rule.patterns for rule in self.rules.rules):
            found.add("region")
        if self.holders.keys.get("address"):
            found.add("source_address")
        return frozenset(found)

    def calendar(self, first: int, last: int) -> Calendar:
        """Work out which bands hold when, in all zones of the tariffs."""
        return Calendar.build(self.bands, self.tariffs.zone_names, first, last)


def used_bands(bands: Table | None, rates: Table) -> Table | None:
    """Give the lines of the bands that some rate is for."""
    if bands is None or not len(bands) or "band_id" not in rates:
        return None
    return bands[np.isin(integers(bands, "band_id"), integers(rates, "band_id", 0))]

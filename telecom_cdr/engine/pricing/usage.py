# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What calls used, what of it is free, and what is billed for it."""

from typing import NamedTuple

import numpy as np

from ..bundles.allowances import Cover
from ..codes import CALL, DATA, DURATION, FORMULA, SERVICES, VOICE, VOLUME
from ..rates.lines import Rates
from ..tables import Array, Table, codes_of, integers


class Usage(NamedTuple):
    """What calls used, as arrays: the whole call, or the part that bundles leave.

    service: codes.  duration (s), volume (bytes): to be priced.  rest, whole: the part
    of the call this is, as a ratio (1/1: all of it), that its cost is marked up in.
    offset: seconds of the call that lie before what is to be priced.  skip: seconds of
    what is billed that bundles cover, where steps run on through these.
    """

    service: Array
    duration: Array
    volume: Array
    rest: Array
    whole: Array
    offset: Array
    skip: Array

    @classmethod
    def of(cls, calls: Table) -> "Usage":
        """Read service, duration and volume of whole calls."""
        one = np.ones(len(calls), dtype=np.int64)
        service = codes_of(calls["service"], SERVICES)
        duration = integers(calls, "duration", missing=0)
        volume = integers(calls, "volume", missing=0)
        return cls(service, duration, volume, one, one, one - 1, one - 1)

    def take(self, rows: Array) -> "Usage":
        """Give the usage of some calls."""
        return Usage(*(column[rows] for column in self))

    def replaced(self, rows: Array, some: "Usage") -> "Usage":
        """Put the usage of some calls in the place of theirs."""
        columns = [column.copy() for column in self]
        for column, part in zip(columns, some, strict=True):
            column[rows] = part
        return Usage(*columns)

    def left_by(self, cover: Cover, rows: Array) -> "Usage":
        """Give what bundles leave of some calls.

        That is usage of its own, or the whole call's less what is covered, where the
        steps of the call run on through the bundle.
        """
        by_volume = (self.service[rows] == DATA) & (self.volume[rows] > 0)
        rest = np.where(by_volume, cover.volume[rows], cover.duration[rows])
        whole = np.where(by_volume, self.volume[rows], self.duration[rows])
        rest, whole = np.where(whole > 0, rest, 1), np.where(whole > 0, whole, 1)
        runs = cover.run_through[rows]
        duration = np.where(runs, self.duration[rows], cover.duration[rows])
        offset = self.duration[rows] - duration
        skip = np.where(runs, cover.covered_seconds[rows], 0)
        volume = cover.volume[rows]
        return Usage(self.service[rows], duration, volume, rest, whole, offset, skip)


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
    billed = stepped_up(np.maximum(duration, minimum), initial, increment)
    return np.where(duration <= grace, 0, billed)


def stepped_up(quantity: Array, initial: Array, increment: Array) -> Array:
    """Give a first step, and as many whole steps as it takes to reach the quantity."""
    longer = np.maximum(quantity - initial, 0)
    return initial - -longer // increment * increment


def free_calls(rates: Rates, row: Array, usage: Usage) -> Array:
    """Tell which calls cost nothing because they are no longer than what is free.

    Priced by duration any of 0 s, priced by call or formula a voice call of 0 s (nobody
    answered); what is marked up or priced by volume only where grace is above 0.
    Seconds that are free at the start count likewise, but not for volumes.
    """
    method, grace, free = rates.methods[row], rates.grace[row], rates.free_seconds[row]
    by_voice = ((method == CALL) | (method == FORMULA)) & (usage.service == VOICE)
    is_free = (usage.duration <= grace) & (
        (method == DURATION) | by_voice | (grace > 0)
    )
    if not free.any():
        return is_free
    return is_free | ((usage.duration <= free) & (free > 0) & (method != VOLUME))


def seconds_of(rates: Rates, row: Array, usage: Usage, is_free: Array) -> Array:
    """Give billed seconds: by increments where priced so, else as they are."""
    method = rates.methods[row]
    counted = np.maximum(
        usage.duration - rates.free_seconds[row], rates.minimum_duration[row]
    )
    billed = stepped_up(counted, rates.initial[row], rates.increment[row])
    steps = (method == DURATION) | (method == FORMULA)
    if not steps.all():
        billed = np.where(steps, billed, usage.duration)
    if usage.skip.any():
        billed = np.maximum(billed - usage.skip, 0)
    return np.where(is_free, 0, billed)


def bytes_of(rates: Rates, row: Array, volume: Array) -> Array:
    """Give billed bytes: nothing for nothing, else by steps."""
    initial, increment = rates.volume_initial[row], rates.volume_increment[row]
    if (initial <= 1).all() and (increment == 1).all():
        return volume
    return np.where(volume > 0, stepped_up(volume, initial, increment), 0)

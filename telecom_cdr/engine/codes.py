# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The words that tables use for services, directions and methods, as small codes."""

from collections.abc import Sequence

import numpy as np

from .exceptions import BookError
from .tables import Array, Table, codes_of

SERVICES = ("voice", "sms", "data")
DIRECTIONS = ("outgoing", "incoming", "internal")
METHODS = ("duration", "call", "volume", "markup", "formula")
TIER_KINDS = ("second", "volume", "cost")
TIER_RULES = ("first_second", "each")
VOLUME_UNITS = ("", "seconds", "calls", "amount", "bytes", "messages")
VOLUME_RULES = ("graduated", "whole")
VOLUME_SCOPES = ("partner", "number")
BAND_RULES = ("start", "split")
KINDS = len(SERVICES) * len(DIRECTIONS)
DURATION, CALL, VOLUME, MARKUP, FORMULA = range(len(METHODS))
VOICE, SMS, DATA = range(len(SERVICES))
MILLION = 1_000_000


def known_codes(table: Table, name: str, known: Sequence[str]) -> Array:
    """Give a column of words as positions in `known`; BookError for any other word."""
    codes = codes_of(table[name], known)
    refuse(name, table[name].to_numpy(), codes < 0)
    return codes


def codes_or_first(table: Table, name: str, known: Sequence[str]) -> Array:
    """Give a column of words as positions in `known`; absent or empty: the first."""
    if name not in table:
        return np.zeros(len(table), dtype=np.int64)
    codes = codes_of(table[name], ("", *known))
    refuse(name, table[name].to_numpy(), (codes < 0) & table[name].notna().to_numpy())
    return np.maximum(codes - 1, 0)


def kinds_of(table: Table) -> Array:
    """Give service and direction of each row as one code, -1 where unknown (int64)."""
    services = codes_of(table["service"], SERVICES)
    directions = codes_of(table["direction"], DIRECTIONS)
    codes = services * len(DIRECTIONS) + directions
    return np.where((services < 0) | (directions < 0), -1, codes)


def refuse(name: str, values: Array, wrong: Array) -> None:
    """Raise BookError with the first wrong value, where there is one."""
    if wrong.any():
        found = values[int(np.argmax(wrong))]
        raise BookError(name, f"{name} {found!r} cannot be rated with", found)

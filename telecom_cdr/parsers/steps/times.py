# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Steps on times: what they give is one spelling, which every time is read in."""

import re

import numpy as np

from ..dates import EPOCH, GREGORIAN, NO_OFFSET, parse_dates
from .text import Cells, Converted, Step

# What the steps here write: times of a clock, and instants.
WRITTEN = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S")
# Parts of a time as people write them, to those of strptime.
LETTERS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MON": "%b",
    "MM": "%m",
    "DD": "%d",
    "hh": "%H",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
    "SS": "%S",
    "ff": "%f",
}
NEVER = ("0", "0.0", "0.000000")


def as_pattern(template: str) -> str:
    """The strptime pattern of a template such as MMDDYYYY hhmmss; a pattern itself."""
    if "%" in template:
        return template
    parts = "|".join(LETTERS)
    return re.sub(parts, lambda match: LETTERS[match[0]], template)


def date_parts(template: str) -> Step:
    """Read a time whose parts stand as in a template."""
    pattern = as_pattern(template)
    return lambda cells: _written(cells, pattern)


def epoch() -> Step:
    """Read seconds, milliseconds or microseconds since 1970; 0 is no time."""
    return lambda cells: _written(cells, EPOCH)


def gregorian() -> Step:
    """Read seconds since the year 0; 0 is no time."""
    return lambda cells: _written(cells, GREGORIAN)


def _written(cells: Cells, pattern: str) -> Converted:
    """Times of a pattern in the one spelling; None for what is none."""
    never = (*NEVER, "") if pattern in (EPOCH, GREGORIAN) else ("",)
    times, fits, offsets = parse_dates(cells, [pattern])
    shown = np.datetime_as_string(times, unit="s").tolist()
    rows = zip(cells, shown, fits.tolist(), offsets.tolist(), strict=True)
    return [
        time + _offset(offset) if fit else "" if cell in never else None
        for cell, time, fit, offset in rows
    ]


def _offset(seconds: int) -> str:
    """An offset as it is written; nothing where there is none."""
    if seconds in (0, NO_OFFSET):
        return "" if seconds else "Z"
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}{minutes % 60:02}"

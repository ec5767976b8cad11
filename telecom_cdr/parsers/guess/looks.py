# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the values of each column look like, found once."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise

from . import guess_values as values
from .guess_dates import Dates, guess_dates, guess_times
from .guess_names import rank_of
from .sample import SampleColumn

# Answers of SIP servers, which look like extensions.
SIP_CODE = re.compile(r"200|4\d\d|5\d\d|6\d\d")
TYPICAL_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{20,}.*|\d{8,}\.\d+.*|[a-z]{2}[0-9a-f]{32}", re.I
)
MIN_ID = 6
PHONE_SHARE = 0.8
MIN_LENGTH = 3
MIN_ROWS = 3
MAX_CODE = 3
MAX_DIGITS = 18
MAX_STEP = 100


@dataclass
class Look:
    """A column and what it may be by its values."""

    column: SampleColumn
    country: str = ""
    file_date: date | None = None

    @cached_property
    def rank(self) -> tuple[str, int] | None:
        """The field that the heading means, and how good it is for it."""
        return rank_of(self.column.heading) if self.column.heading else None

    @cached_property
    def depth(self) -> int:
        """How far a name is from the record's top."""
        return str(self.column.key).count(".")

    @cached_property
    def filled(self) -> list[str]:
        """The cells that are not empty."""
        return self.column.filled()

    @cached_property
    def dates(self) -> Dates | None:
        """How its dates are written; None where it has none."""
        return guess_dates(self.filled, self.country, self.file_date)

    @cached_property
    def is_epoch(self) -> bool:
        """Whether its dates are counts of seconds."""
        return bool(self.dates) and "epoch" in self.dates.patterns

    @cached_property
    def times(self) -> Dates | None:
        """How its times of day are written; None where it has none."""
        return guess_times(self.filled)

    @cached_property
    def unit(self) -> str:
        """The unit of its durations; "" where it has none."""
        return "" if self.dates else values.duration_unit(self.column)

    @cached_property
    def phones(self) -> float:
        """The share of numbers that can be dialled."""
        return values.phone_share(self.column)

    @cached_property
    def is_phone(self) -> bool:
        """Whether its values alone say that it holds numbers that can be dialled."""
        if self.dates or self.phones < PHONE_SHARE:
            return False
        numbers = sorted(map(len, map(values.party_of, self.filled)))
        return numbers[len(numbers) // 2] >= MIN_LENGTH and not self.is_code

    @cached_property
    def is_code(self) -> bool:
        """Whether its numbers are answers of SIP servers, or count the rows."""
        parties = map(values.party_of, self.filled)
        return self.is_serial or all(map(SIP_CODE.fullmatch, parties))

    @cached_property
    def is_serial(self) -> bool:
        """Whether its numbers count upwards by little from row to row."""
        cells = self.filled
        is_counted = all(c.isdecimal() and c.isascii() for c in cells)
        if len(cells) < MIN_ROWS or not is_counted or max(map(len, cells)) > MAX_DIGITS:
            return False
        numbers = [int(cell) for cell in cells]
        steps = [b - a for a, b in pairwise(numbers)]
        return min(steps) > 0 and max(steps) <= MAX_STEP * len(steps)

    @cached_property
    def is_unique(self) -> bool:
        """Whether no value stands there twice."""
        return values.is_unique(self.column)

    @cached_property
    def is_id(self) -> bool:
        """Whether its values alone say that they are unique ids."""
        return (
            self.is_unique
            and len(self.filled) > 1
            and (self.is_epoch or not self.dates)
            and (self.is_serial or all(map(TYPICAL_ID.fullmatch, self.filled)))
            and all(len(cell) >= MIN_ID for cell in self.filled)
        )

    def may_be(self, name: str) -> bool:
        """Whether the values do not speak against a field that the heading means."""
        if not self.filled:
            return False
        return FITS[name](self) if name in FITS else True


def _is_word(look: Look) -> bool:
    """Whether the values are words rather than numbers and times."""
    return look.dates is None and all(
        not cell[:1].isdigit() or len(cell) <= MAX_CODE for cell in look.filled
    )


FITS = {
    "start": lambda look: look.dates is not None and look.dates.has_date,
    "answer": lambda look: look.dates is not None and look.dates.has_time,
    "end": lambda look: look.dates is not None and look.dates.has_time,
    "calling_number": lambda look: look.phones > 0.3 and not look.dates,  # noqa: PLR2004
    "called_number": lambda look: look.phones > 0.3 and not look.dates,  # noqa: PLR2004
    "redirecting_number": lambda look: look.phones > 0.3 and not look.dates,  # noqa: PLR2004
    "duration": lambda look: bool(look.unit),
    "carrier_amount": lambda look: values.is_amount(look.column)
    or values.share(look.filled, values.WHOLE) == 1,
    "direction": lambda look: values.direction_share(look.column) > values.MOST,
    "disposition": _is_word,
    "unique_id": lambda look: look.is_unique,
}

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What comes of rating a call: its state, why, and the columns of the result."""

from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from ..rates.book import RateBook
from ..rates.choice import Choice
from ..tables import Array, Table, labelled
from .conversion import Ratios, currencies_of, ratio_texts

STATES = ("unmatched", "unrated", "late", "rated", "excluded")
REASONS = (
    "", "no_number", "no_tariff", "excluded", "no_rate", "late", "no_cost",
    "no_currency_rate", "amount", "formula", "ignored",
)  # fmt: skip
STATE_OF = {
    "": "rated",
    "no_number": "unmatched",
    "excluded": "excluded",
    "ignored": "excluded",
    "late": "late",
}
STATE_CODES = np.array([STATES.index(STATE_OF.get(one, "unrated")) for one in REASONS])
NOT_ASKED = [REASONS.index("no_number"), REASONS.index("excluded")]


def reason_code(name: str) -> int:
    """Give the code of a reason."""
    return REASONS.index(name)


class Priced(NamedTuple):
    """Outcome by call: reason (codes in REASONS), billed seconds, micro (int64), ratio.

    Billed seconds, micro and the currency ratio that was used mean nothing where the
    reason is not "" (0).
    """

    reason: Array
    billed: Array
    micro: Array
    ratio: Ratios

    def replaced(self, rows: Array, some: "Priced") -> "Priced":
        """Put the outcome of some calls in the place of theirs."""
        columns = [put_in(*pair, rows) for pair in zip(self[:3], some[:3], strict=True)]
        ratio = [
            put_in(*pair, rows) for pair in zip(self.ratio, some.ratio, strict=True)
        ]
        return Priced(*columns, Ratios(*ratio))


def put_in(column: Array, part: Array, rows: Array) -> Array:
    """Give a column with some values replaced; it widens where they are wide."""
    column = column.astype(np.result_type(column, part))
    column[rows] = part
    return column


def nullable(values: Array, known: Array, index: pd.Index) -> pd.Series:
    """Give int64 values as nullable Int64, NA where not known."""
    values = np.where(known, values, 0)
    return pd.Series(pd.arrays.IntegerArray(values, ~known), index=index)


def no_texts(index: pd.Index) -> pd.Series:
    """Give a categorical column of empty texts."""
    return labelled(np.zeros(len(index), dtype=np.int64), [""], index)


class InMonth(Protocol):
    """What `results` reads of a `month.Month`."""

    tier_from: Array
    parts: pd.Series


def results(
    calls: Table,
    book: RateBook,
    choice: Choice,
    priced: Priced,
    month: InMonth | None = None,
) -> Table:
    """Put together the table that `rate_calls` gives."""
    reason, index = priced.reason, calls.index
    rate = np.where(np.isin(reason, NOT_ASKED), -1, choice.rate)
    asked = Choice(choice.tariff, rate, choice.slot, choice.holds)
    units, parts = np.zeros(len(calls), np.int64), no_texts(index)
    if month is not None:
        units, parts = month.tier_from, month.parts.where(reason == 0, "")
    columns = {
        "tariff_id": np.append(book.tariffs.ids, 0)[choice.tariff],
        "rate_id": book.rates.ids[rate],
        "currency_id": currencies_of(calls, book, asked),
        "billed_duration": np.where(reason == 0, priced.billed, 0),
        "price_micro": nullable(priced.micro, reason == 0, index),
        "is_allowed": book.rates.is_allowed[rate],
        "state": labelled(STATE_CODES[reason], STATES, index),
        "reason": labelled(reason, REASONS, index),
        "conversion": ratio_texts(priced.ratio, reason == 0, index),
        "tier_from": np.where(reason == 0, units, 0),
        "tier_parts": parts,
    }
    return pd.DataFrame(columns, index=index)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows that are rejected, and why."""

from collections.abc import Mapping

import numpy as np

from .exceptions import Wording

MAX_FOUND = 200
# By reason; `models/reading_messages.py` has them for translation.
MESSAGES = {
    "columns": "%(found)s columns found, at least %(expected)s expected.",
    "date": "'%(found)s' is no date and time that exists, written as %(expected)s.",
    "duration": "'%(found)s' is no duration of 0 or more, in %(expected)s.",
    "number": "'%(found)s' is no number that can be dialled (up to 15 digits).",
    "amount": "'%(found)s' is no amount of up to 9 decimals behind '%(expected)s'.",
    "volume": "'%(found)s' is no number of bytes.",
    "encoding": "The line is not text in the file's encoding (%(expected)s).",
    "size": "The line or a value in it is too long (1 MiB, 131,072 characters).",
}


class Verdicts:
    """Which rows are rejected, and why: the first reason counts.

    :ivar reason: object array of str, "" where the row is not rejected
    :ivar found: object array of str, what was found
    """

    def __init__(self, count: int) -> None:
        """No row is rejected at first."""
        self.reason = np.full(count, "", object)
        self.found = np.full(count, "", object)

    def reject(self, rows: np.ndarray, reason: str, found: np.ndarray) -> None:
        """Reject rows (bool array) that are not yet; `found`: the texts of all rows."""
        if rows.any():
            new = rows & self.good()
            self.reason[new], self.found[new] = reason, found[new]

    def good(self) -> np.ndarray:
        """Rows that are not rejected (bool array)."""
        return self.reason == ""


def wording(reason: str, found: str, expected: Mapping[str, str]) -> Wording:
    """What is to be said of a rejection."""
    values = {"found": found}
    if reason in expected:
        values["expected"] = {"text": expected[reason]}
    return {"text": MESSAGES[reason], "values": values}

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
    "check": "'%(found)s' is not what the format expects there: %(expected)s.",
    "step": "'%(found)s' cannot be converted by the step '%(expected)s'.",
    "offset": "'%(found)s' is no offset from UTC, such as +0200, 2 or 120.",
    "zone": "'%(found)s' is no time zone, such as Europe/Madrid.",
    "encoding": "The line is not text in the file's encoding (%(expected)s).",
    "size": "The line or a value in it is too long (1 MiB, 131,072 characters).",
    "syntax": "This is no sound %(expected)s: %(found)s.",
    "names": "The record has no %(expected)s. It has: %(found)s.",
    "no_end": "The call began here, and no row tells its end (rows of '%(found)s').",
    "no_start": "The call ended here, no row tells its begin (rows of '%(found)s').",
}


class Verdicts:
    """Which rows are rejected, and why: the first reason counts.

    :ivar reason: object array of str, "" where the row is not rejected
    :ivar found: object array of str, what was found
    :ivar expected: object array of str, what was expected where rows differ in that
    """

    def __init__(self, count: int) -> None:
        """No row is rejected at first."""
        self.reason = np.full(count, "", object)
        self.found = np.full(count, "", object)
        self.expected = np.full(count, "", object)

    def reject(
        self, rows: np.ndarray, reason: str, found: np.ndarray, expected: str = ""
    ) -> None:
        """Reject rows (bool array) that are not yet; `found`: the texts of all rows."""
        if rows.any():
            new = rows & self.good()
            self.reason[new], self.found[new] = reason, found[new]
            self.expected[new] = expected

    def take(self, rows: np.ndarray, inner: "Verdicts") -> None:
        """Take over what others found of some rows (bool array)."""
        self.reason[rows], self.found[rows] = inner.reason, inner.found
        self.expected[rows] = inner.expected

    def good(self) -> np.ndarray:
        """Rows that are not rejected (bool array)."""
        return self.reason == ""


def wording(reason: str, found: str, expected: Mapping[str, str]) -> Wording:
    """What is to be said of a rejection."""
    values = {"found": found}
    if reason in expected:
        values["expected"] = {"text": expected[reason]}
    return {"text": MESSAGES[reason], "values": values}

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Why a call is not allowed."""


class Refusal(Exception):
    """A call is not allowed; `reason` is a word of the documentation.

    number: what was called, where that is known.
    """

    def __init__(self, reason: str, number: str = "") -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason
        self.number = number

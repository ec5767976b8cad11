# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the engine refuses, as exceptions that carry what was found."""


class EngineError(Exception):
    """Base of all engine errors: `reason` is a code, `found` the offending value."""

    def __init__(self, reason: str, message: str, found: object = "") -> None:
        """Keep a code to translate by, an English message and what was found."""
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.found = str(found)


class MoneyError(EngineError, ValueError):
    """A text that is no exact amount, or an amount that is too fine or too large."""


class PrefixError(EngineError, ValueError):
    """A prefix that is not 1 to 17 digits."""


class BookError(EngineError, ValueError):
    """Tariff or bundle data that no call can be rated with."""

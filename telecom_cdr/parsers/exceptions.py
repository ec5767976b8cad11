# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What parsers refuse, as exceptions that carry what was found."""


class ParserError(Exception):
    """Base of all: `reason` is a code, `found` the offending value as text."""

    def __init__(self, reason: str, message: str, found: object = "") -> None:
        """Keep a code to translate by, an English message and what was found."""
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.found = str(found)


class FormatError(ParserError, ValueError):
    """A format's definition that cannot be used; `key` is the part that is wrong."""

    def __init__(self, key: str, found: object, expected: str) -> None:
        """Say which key is wrong, what stands there and what should."""
        message = f"{key}: {expected} expected, {found!r} found."
        super().__init__("format", message, found)
        self.key = key


class FileError(ParserError):
    """A file that cannot be read at all: binary, wrong encoding, missing columns."""


class ArchiveError(ParserError):
    """An archive that is damaged, encrypted, too big, or names a forbidden place."""

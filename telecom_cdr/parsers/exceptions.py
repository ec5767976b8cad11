# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What parsers refuse, as exceptions that carry what was found."""

from typing import Any

Wording = dict[str, Any]
"""What is said, to be told in any language: its ``text``, English, and ``values`` for
the names in it, ``%(name)s``. A value may be a wording too."""


def english(wording: Wording) -> str:
    """What a wording says."""
    values = wording.get("values") or {}
    told = {n: english(v) if isinstance(v, dict) else v for n, v in values.items()}
    return wording["text"] % told if told else wording["text"]


class ParserError(Exception):
    """Base of all: `reason` is a code, `found` the offending value as text.

    :ivar message: what is wrong, in English
    :ivar wording: the same, to be told in another language
    """

    def __init__(
        self, reason: str, text: str, found: object = "", **values: object
    ) -> None:
        """Keep a code, an English text and what was found.

        :param text: where it has values, ``%(name)s`` stands for one in it; ``found``
            is one of them
        :param values: numbers, wordings; all else is kept as text
        """
        self.reason = reason
        self.found = str(found)
        told = {
            n: v if isinstance(v, int | dict) else str(v) for n, v in values.items()
        }
        if told or "%(found)s" in text:
            told["found"] = self.found
        self.wording: Wording = {"text": text, "values": told}
        self.message = english(self.wording)
        super().__init__(self.message)


class FormatError(ParserError, ValueError):
    """A format's definition that cannot be used; `key` is the part that is wrong."""

    def __init__(
        self, key: str, found: object, expected: str, **values: object
    ) -> None:
        """Say which key is wrong, what stands there and what should.

        :param expected: a few words; with values, ``%(name)s`` stands for one
        """
        told = {name: str(value) for name, value in values.items()}
        super().__init__(
            "format",
            "%(key)s: %(expected)s expected, %(value)s found.",
            found,
            key=key,
            expected={"text": expected, "values": told},
            value=repr(found),
        )
        self.key = key


class FileError(ParserError):
    """A file that cannot be read at all: binary, wrong encoding, missing columns."""


class ArchiveError(ParserError):
    """An archive that is damaged, encrypted, too big, or names a forbidden place."""

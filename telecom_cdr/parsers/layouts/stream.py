# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A stream of bytes as one text, block by block, for layouts that know no lines."""

import codecs
import re
from typing import BinaryIO

from ..lines import (
    BLOCK_BYTES,
    UNDECIDED,
    Rewound,
    detect,
    go_to,
    is_wide,
    read_head,
)

# What JSON and XML may spend on one record, in characters.
MAX_RECORD = 1024 * 1024
SINGLE_BYTE = "telecom.single_byte"
DECLARED = re.compile(
    rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']"""
)


def _single_byte(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 as those of the encoding that they mostly are."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    found = error.object[error.start : error.end]
    try:
        return found.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return found.decode("latin-1"), error.end


codecs.register_error(SINGLE_BYTE, _single_byte)


class TextStream:
    """The text of a file.

    :ivar encoding: what it is written in
    :ivar offset: bytes that have been read
    """

    def __init__(self, stream: BinaryIO, wanted: str) -> None:
        """The text from the file's start on.

        :param wanted: "auto" or a Python codec
        :raises FileError: binary junk, or text in an encoding that is plainly another
        """
        go_to(stream, 0)
        head = read_head(stream)
        name, bom = detect(head, _declared(head) if wanted == "auto" else wanted)
        self._stream = Rewound(head[bom:], stream)
        self.encoding = "utf-8" if name == UNDECIDED else name
        self.offset = bom
        errors = SINGLE_BYTE if wanted == "auto" else "backslashreplace"
        if is_wide(self.encoding):
            errors = "replace"
        self._decoder = codecs.getincrementaldecoder(self.encoding)(errors)
        self._is_start = True

    def read(self) -> str:
        """The next block; "" at the end."""
        text, block = "", b" "
        while block and not text:
            block = self._stream.read(BLOCK_BYTES)
            self.offset += len(block)
            text = self._decoder.decode(block, final=not block)
        if text and self._is_start:
            text, self._is_start = text.removeprefix("\ufeff"), False
        return text


def _declared(head: bytes) -> str:
    """The encoding that XML says it has; "auto" where it says none that exists."""
    match = DECLARED.match(head)
    if match:
        try:
            return codecs.lookup(match[1].decode("ascii")).name
        except LookupError:
            pass
    return "auto"

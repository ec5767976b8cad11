# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Some rows of a file as they stand in it: header, encoding and line ends are kept."""

import codecs
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from .formats import FormatSpec
from .lines import decode_lines, is_wide, open_lines

GROUP = 10_000
BOMS = {
    "utf-16": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-32": (codecs.BOM_UTF32_LE, "utf-32-le"),
}


def excerpt(
    stream: BinaryIO, spec: FormatSpec, rows: Mapping[int, int]
) -> Iterator[bytes]:
    """The bytes of some rows behind what stands before the first row.

    Lines that give values to the rows behind them (`page_values`) come along.

    :param stream: the file, at its start
    :param spec: the format, which tells how many lines stand before the first row
    :param rows: number of a row's first line (from 1) -> how many lines it has
    :raises FileError: where the file is no text, as reading it does
    """
    source, encoding = open_lines(stream, spec.encoding)
    yield _mark(source.offset, encoding)
    pages = [re.compile(pattern) for pattern in spec.page_values]
    number, head, end = 1, _Head(spec), 0
    while group := source.peek(GROUP):
        for line in group:
            if number in rows:
                end = max(end, number + rows[number])
            if not head.is_over:
                text = decode_lines([line], encoding).texts[0]
                if head.takes(text) or number < end:
                    yield _encoded(line, encoding)
            elif number < end or _is_page(line, encoding, pages):
                yield _with_end(_encoded(line, encoding), encoding)
            number += 1
        source.take(len(group))


def _is_page(line: bytes, encoding: str, pages: list[re.Pattern[str]]) -> bool:
    """Whether a line gives values to the rows behind it."""
    if not pages:
        return False
    text = decode_lines([line], encoding).texts[0]
    return any(pattern.search(text) for pattern in pages)


class _Head:
    """Tells the lines ahead of the first row: skipped ones, and the header."""

    def __init__(self, spec: FormatSpec) -> None:
        self._skipped = spec.skipped_lines
        self._has_header = spec.has_header
        self._count = 0
        self.is_over = not (self._skipped or spec.has_header)

    def takes(self, text: str) -> bool:
        """Whether the next line belongs to the head."""
        self._count += 1
        if self._count == 1 and text.lstrip('" ').lower().startswith("sep="):
            self._skipped = max(self._skipped, 1)
        if self._count > self._skipped and (not self._has_header or text.strip()):
            self.is_over = True
            return self._has_header
        self.is_over = self._count == self._skipped and not self._has_header
        return True


def _mark(offset: int, encoding: str) -> bytes:
    """The byte order mark that the excerpt begins with."""
    if is_wide(encoding):
        return BOMS.get(encoding, (b"", ""))[0]
    return codecs.BOM_UTF8 if offset else b""


def _encoded(line: bytes, encoding: str) -> bytes:
    """A line in the file's encoding; wide ones are read as UTF-8."""
    if not is_wide(encoding):
        return line
    return line.decode("utf-8").encode(BOMS.get(encoding, (b"", encoding))[1])


def _with_end(line: bytes, encoding: str) -> bytes:
    """A line that has an end: the last one of a file may have none."""
    name = BOMS.get(encoding, (b"", encoding))[1] if is_wide(encoding) else "ascii"
    ends = tuple(end.encode(name) for end in ("\n", "\r"))
    return line if line.endswith(ends) else line + ends[0]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows become CSV files: a header, quotes where they are needed, CR and LF."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import IO, Any

IN_MEMORY = 1 << 22


@dataclass
class Part:
    """A file of rows.

    :ivar file: its bytes, to be closed by who gets it
    :ivar rows: how many it has, without the header
    """

    file: IO[bytes]
    size: int = 0
    rows: int = 0
    _digest: Any = field(default_factory=sha256)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, line: bytes) -> None:
        """Add a line."""
        self.file.write(line)
        self._digest.update(line)
        self.size += len(line)


def write_parts(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    most_rows: int,
    most_bytes: int = 0,
) -> list[Part]:
    """Files of the rows in their order, none without any row.

    The same rows give the same bytes.

    :param most_bytes: of a file, where it has more than one row; 0: any number
    """
    first = _line(header)
    parts: list[Part] = []
    try:
        for line in map(_line, rows):
            if not parts or _is_full(parts[-1], line, most_rows, most_bytes):
                parts.append(_new_part())
                parts[-1].write(first)
            parts[-1].write(line)
            parts[-1].rows += 1
    except BaseException:
        close_all(parts)
        raise
    return parts


def _new_part() -> Part:
    # Whoever reads it closes it.
    return Part(tempfile.SpooledTemporaryFile(IN_MEMORY))


def _is_full(part: Part, line: bytes, most_rows: int, most_bytes: int) -> bool:
    is_too_large = most_bytes and part.size + len(line) > most_bytes
    return part.rows >= most_rows or bool(is_too_large)


def close_all(parts: Iterable[Part]) -> None:
    """Give up what was written."""
    for part in parts:
        part.file.close()


def numbered(parts: list[Part]) -> Iterator[tuple[Part, str]]:
    """The parts, with what their names have behind: nothing where there is but one."""
    for number, part in enumerate(parts, 1):
        yield part, f"_{number}" if len(parts) > 1 else ""


def _line(cells: Sequence[str]) -> bytes:
    with io.StringIO(newline="") as text:
        csv.writer(text).writerow(cells)
        return text.getvalue().encode("utf-8", "replace")

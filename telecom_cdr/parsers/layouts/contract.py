# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What every layout gives: records as rows of cells, and where to go on."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np

from ..tables import Table
from ..zones import FoldState

# What is kept of a record that is rejected.
MAX_RAW = 4_000

Problem = tuple[str, str]
"""Why a record cannot be read: a reason of `verdicts.MESSAGES`, what was found."""


@dataclass(frozen=True)
class Position:
    """Where a reading of a file goes on, with all that it must know by then.

    :ivar offset: bytes ahead (of the UTF-8 form for UTF-16 and the like)
    :ivar line: number of the next line, row of a sheet, or record, from 1
    :ivar encoding: what the file turned out to be written in
    :ivar delimiter: the same for what parts its cells
    :ivar header: names of the columns as they stand in the file; None: no header
    :ivar fold: what the rows have told about a double hour of autumn
    :ivar values: what page headers have said by then, by name
    :ivar totals: what the rows add up to, and what header and trailer say of it
    :ivar held: rows of calls that may have further rows, packed
    """

    offset: int
    line: int
    encoding: str = ""
    delimiter: str = ""
    header: tuple[str, ...] | None = None
    fold: FoldState | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    totals: Mapping[str, Any] = field(default_factory=dict)
    held: str = ""

    @property
    def order(self) -> tuple[int, bool]:
        """Greater for what is farther on in a file."""
        return self.line, not self.held

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON takes it."""
        return {
            "offset": self.offset,
            "line": self.line,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "header": None if self.header is None else list(self.header),
            "fold": None if self.fold is None else list(astuple(self.fold)),
            "values": dict(self.values),
            "totals": dict(self.totals),
            "held": self.held,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Position":
        """What `to_dict` gave."""
        header, fold = values["header"], values["fold"]
        return cls(
            offset=int(values["offset"]),
            line=int(values["line"]),
            encoding=values["encoding"],
            delimiter=values["delimiter"],
            header=None if header is None else tuple(header),
            fold=None if fold is None else FoldState(*fold),
            values=values.get("values") or {},
            totals=values.get("totals") or {},
            held=values.get("held") or "",
        )


@dataclass
class Rows:
    """Some records of a file, blank ones left out.

    :ivar table: their cells
    :ivar numbers: int64, the line, row or record that each begins in, from 1
    :ivar raw: row -> the record as it stands in the file
    :ivar problems: row -> why it cannot be read at all
    :ivar names: row -> what its columns are called, for records that name them
    """

    table: Table
    numbers: np.ndarray
    raw: Callable[[int], str]
    problems: dict[int, Problem] = field(default_factory=dict)
    names: Callable[[int], str] | None = None

    def only(self, kept: np.ndarray) -> "Rows":
        """Some of the rows (bool array)."""
        places = np.flatnonzero(kept)
        moved = {int(old): new for new, old in enumerate(places.tolist())}
        found = self.problems.items()
        problems = {moved[row]: one for row, one in found if row in moved}
        raw, names = self.raw, self.names
        return Rows(
            self.table.only(kept),
            self.numbers[kept],
            lambda row: raw(int(places[row])),
            problems,
            names and (lambda row: names(int(places[row]))),
        )


class Source(ABC):
    """The records of a file, from a position on.

    :ivar position: behind the records that `rows` has given
    """

    position: Position

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could be read: not even a header."""
        return False

    @abstractmethod
    def rows(self, count: int) -> Rows | None:
        """The next `count` lines or records; None at the end of the file.

        May have no rows where all of the lines were blank.

        :raises FileError: what cannot be read from here on
        """

    @abstractmethod
    def columns(self) -> list[str]:
        """Names of the columns, as far as anything names them."""

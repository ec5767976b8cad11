# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What servers of databases have in common, seen by who reads a table of theirs.

Times of columns without a zone are told as they stand there. Those of columns with one
(TIMESTAMP of MySQL, timestamptz of PostgreSQL) are moments, which a server would tell
in the zone of whoever asks: they are told in UTC, and say so (``+00:00``).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

CONNECT_TIMEOUT = 15
"""Seconds until a server that does not answer counts as down."""
STATEMENT_TIMEOUT = 300
"""Seconds that reading the rows of a file may take."""
UTC_OFFSET = "+00:00"
TIMES = frozenset(
    {
        "datetime",
        "timestamp",
        "timestamp without time zone",
        "timestamp with time zone",
    }
)
ZONED = frozenset({"timestamp", "timestamp with time zone"})
NUMBERS = frozenset(
    {
        "bigint",
        "decimal",
        "int",
        "integer",
        "mediumint",
        "numeric",
        "smallint",
        "tinyint",
    }
)


@dataclass(frozen=True)
class Column:
    """A column of a table, as the server's own list has it."""

    name: str
    type: str

    @property
    def is_time(self) -> bool:
        return self.type in TIMES

    @property
    def has_zone(self) -> bool:
        return self.type in ZONED

    @property
    def is_number(self) -> bool:
        return self.type in NUMBERS

    @property
    def cell(self) -> Callable[[object], str]:
        """The function from a value of it, not null, to what the file has."""
        if self.has_zone:
            return _with_offset
        return _bits if self.type == "bit" else _text


def _with_offset(value: object) -> str:
    return str(value).removesuffix("+00") + UTC_OFFSET


def _bits(value: object) -> str:
    is_raw = isinstance(value, bytes)
    return str(int.from_bytes(value, "big")) if is_raw else str(value)


def _text(value: object) -> str:
    """Bytes that are no text are told as PostgreSQL does."""
    return rf"\x{value.hex()}" if isinstance(value, bytes) else str(value)


class Server(ABC):
    """A session with a server that can only read.

    :ivar version: what the server says of itself
    :ivar host_key: the fingerprint of its certificate, where that is to be pinned
    :ivar local_now: the present on the clock of the server
    :ivar utc_now: the present in UTC, as the server has it
    """

    version = ""
    host_key: str | None = None
    local_now: datetime
    utc_now: datetime

    @abstractmethod
    def columns(self, table: str) -> tuple[str, list[Column]]:
        """A table's schema, and its columns that we may know of; none: there is none.

        :param table: its name, or schema and name with a point between them
        """

    @abstractmethod
    def quoted(self, name: str) -> str:
        """A name that was found in the server's list, to stand in a query."""

    @abstractmethod
    def as_text(self, expression: str) -> str:
        """An expression whose value comes as the server writes it, not as an object."""

    @abstractmethod
    def rows(
        self, query: str, values: Sequence[object] = ()
    ) -> Iterator[Sequence[object]]:
        """What a query finds, row by row, in a transaction that can only read.

        :raise CollectError: for anything that keeps rows from coming
        """

    @abstractmethod
    def close(self) -> None:
        """End the session."""


def split_table(table: str) -> tuple[str, str]:
    """Schema, perhaps empty, and name of a table."""
    schema, point, name = table.strip().partition(".")
    return (schema, name) if point else ("", schema)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The rows of a PBX's table of calls, step by step, as files."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO

from .contract import CollectError, Connection, Entry, Settings
from .database_files import Part, close_all, numbered, write_parts
from .database_mysql import MysqlServer
from .database_postgresql import PostgresqlServer
from .database_server import Server
from .database_settings import TIME, DatabaseSettings, check_database
from .database_table import Table
from .database_windows import Value, Window

SERVERS: dict[str, Callable[[Settings, DatabaseSettings, bool], Server]] = {
    "mysql": MysqlServer,
    "postgresql": PostgresqlServer,
}
AHEAD = timedelta(days=1)
"""Clocks and zones differ by less; rows later than that have a wrong time."""
NEWEST = 3


@dataclass(frozen=True)
class Look:
    """What was found at a first look.

    :ivar version: of the server
    :ivar table: schema and name
    :ivar columns: names of those that are read
    :ivar left_out: names of those that are not
    :ivar rows: the newest ones, column by column
    """

    version: str
    table: str
    columns: list[str]
    left_out: list[str]
    rows: list[list[str]]


@contextmanager
def open_database(settings: Settings, probe: bool = False) -> Iterator[Connection]:
    """Log in and look the table up.

    :param probe: trust a server whose certificate is to be pinned and is not yet
    :raise CollectError: for settings that make no sense, a server that does not let us
        in, and a table that is not as the settings say
    """
    database = DatabaseSettings.of(settings.options)
    check_database(database)
    if not settings.host:
        raise CollectError("unreachable", "no host is set")
    if not settings.username or not settings.password:
        raise CollectError("refused_login", "user name and password are both needed")
    server = SERVERS[database.kind](settings, database, probe)
    try:
        yield DatabaseConnection(settings, database, server)
    finally:
        server.close()


class DatabaseConnection(Connection):
    """Files that are made of rows: one for each step of what goes on.

    :ivar reached: what is before was read, but for what comes late; as text, in the
        clock of the column, or a number
    """

    def __init__(
        self, settings: Settings, database: DatabaseSettings, server: Server
    ) -> None:
        super().__init__(settings)
        self.reached: str | None = None
        self.host_key = server.host_key
        self._database = database
        self._server = server
        self._table = Table(server, database)
        self._axis = self._table.axis
        self._file: IO[bytes] | None = None
        self._finished = ""

    def look(self) -> Look:
        """What the settings lead to."""
        table = self._table
        read = [column.name for column in table.columns]
        return Look(
            self._server.version,
            table.title,
            read,
            [c.name for c in table.all_columns if c.name not in read],
            table.newest(NEWEST),
        )

    # === STEPS === #

    def list_files(self) -> Iterator[Entry]:
        """The files of the steps, each once the one before is finished.

        One that could not be stored ends it: what comes behind would hide that it is
        missing.
        """
        last = self._last()
        if last is None:
            return
        for window in self._windows(last):
            parts = self._parts(window)
            try:
                for part, suffix in numbered(parts):
                    self._file = part.file
                    entry = self._entry(window, part, suffix)
                    yield entry
                    if self._finished != entry.signature:
                        return
            finally:
                close_all(parts)
            self._reach(window, last)

    def _parts(self, window: Window) -> list[Part]:
        table = self._table
        return write_parts(
            [column.name for column in table.columns],
            map(table.cells, table.rows(window)),
            self._database.rows,
            self.settings.max_bytes,
        )

    def _windows(self, last: Value) -> Iterator[Window]:
        """The steps from where reading is to the last row; empty ones are left out."""
        axis, overlap = self._axis, self._database.overlap
        start = self._start(last)
        while True:
            found = self._table.first_from(start)
            if found is None or found > last:
                return
            start = max(start, axis.start(found, last, overlap))
            window = axis.window(start, last, overlap)
            yield window
            start = window.end

    def _start(self, last: Value) -> Value:
        axis, database = self._axis, self._database
        if not database.until.strip():
            return axis.first(last)
        until = self._until()
        if last < axis.back(until, database.overlap):
            raise CollectError(
                "no_table",
                "its last row is at %(last)s, far before %(until)s, until where it was "
                "read: is it another table now? Set back until where it was read",
                last=axis.text(last),
                until=axis.text(until),
            )
        return axis.small(axis.back(until, database.overlap))[0]

    def _until(self) -> Value:
        try:
            return self._axis.read(self._database.until)
        except ValueError as error:
            raise CollectError(
                "bad_request",
                "%(until)s is no place until where rows were read",
                until=repr(self._database.until),
            ) from error

    def _last(self) -> Value | None:
        """The last row there is; one whose time is not yet come does not count."""
        last = self._table.last()
        if last is None or self._database.by != TIME:
            return last
        limit = self._now() + AHEAD
        if last <= limit:
            return last
        self.problems.append(
            CollectError(
                "no_table",
                "it has rows of the future (%(last)s), which are left out until then: "
                "is a clock wrong?",
                last=self._axis.text(last),
            )
        )
        return self._table.last_until(limit)

    def _now(self) -> Value:
        has_zone = self._table.order[0].has_zone
        return self._server.utc_now if has_zone else self._server.local_now

    def _reach(self, window: Window, last: Value) -> None:
        """Remember how far it is: not beyond the last row, nor the present."""
        reached = min(window.end, last)
        if self._database.by == TIME:
            reached = min(reached, self._now())
        known = [self._until()] if self._database.until.strip() else []
        self.reached = self._axis.text(max([reached, *known]))

    # === FILES === #

    def _entry(self, window: Window, part: Part, suffix: str) -> Entry:
        table = re.sub(r"[^\w.-]+", "_", self._table.title)
        name = f"{table}_{window.name}{suffix}.csv"
        return Entry(
            name=name,
            path=name,
            size=part.size,
            modified=0,
            # Rows have their time and key in them: equal bytes are the same rows.
            signature=f"database|{part.sha256}",
            remote_name=name.encode(),
            sha256=part.sha256,
        )

    @contextmanager
    def _reading(
        self, entry: Entry
    ) -> Iterator[tuple[Callable[[int], bytes], Callable[[], bool]]]:
        file = self._file
        file.seek(0)
        yield file.read, lambda: True

    def finish(self, entry: Entry) -> bool:
        """It is stored: what comes behind it may be read."""
        self._finished = entry.signature
        return False

    def _entries(self) -> Iterator[Entry]:
        return self.list_files()

    def _is_there(self, entry: Entry) -> bool:
        return True

    def _delete(self, entry: Entry) -> None:
        """Nothing is ever written to a PBX."""

    def _move(self, entry: Entry, parts: list[str]) -> None:
        """Nothing is ever written to a PBX."""

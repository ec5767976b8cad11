# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A session with MySQL or MariaDB, through PyMySQL."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from typing import Any

import pymysql
from pymysql.constants import CLIENT
from pymysql.converters import encoders
from pymysql.cursors import SSCursor

from .certificates import check_pinned, refused_certificate, tls_context
from .contract import CollectError, Settings
from .database_server import (
    CONNECT_TIMEOUT,
    STATEMENT_TIMEOUT,
    Column,
    Server,
    split_table,
)
from .database_settings import DatabaseSettings

NO_RIGHT = frozenset({1142, 1143, 1370})
TOO_LONG = frozenset({1317, 1969, 3024})
BROKEN = frozenset({0, 1927, 2006, 2013, 2014, 4031})
REFUSALS = (
    (frozenset({1045, 1251, 1698, 1862, 2059}), "refused_login"),
    (frozenset({1129, 1130, 1203, 1226}), "refused_access"),
    (frozenset({1044, 1049, 1054, 1146}), "no_table"),
    (frozenset({1040, 1053, 2002, 2003, 2005}), "unreachable"),
)
"""What numbers of errors mean; others are errors of the server."""


class MysqlServer(Server):
    """See :class:`Server`."""

    def __init__(
        self, settings: Settings, database: DatabaseSettings, probe: bool
    ) -> None:
        self._database = database.name.strip()
        self._connection = _Session(settings, database, probe)
        with _telling():
            self._connection.connect()
        # Rows may take longer than a greeting.
        self._connection._read_timeout = STATEMENT_TIMEOUT + CONNECT_TIMEOUT
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise
        self.host_key = self._connection.shown

    def _prepare(self) -> None:
        """Learn the server's clock before ours is UTC, and give up what we need not."""
        # MariaDB puts a version before its own, for clients of old.
        self.version = self._connection.get_server_info().removeprefix("5.5.5-")
        [(local, utc)] = self._ask("SELECT NOW(), UTC_TIMESTAMP()")
        self.local_now = datetime.fromisoformat(local)
        self.utc_now = datetime.fromisoformat(utc)
        self._ask("SET SESSION TRANSACTION READ ONLY")
        self._ask("SET SESSION time_zone = '+00:00'")
        if "mariadb" in self.version.lower():
            limit = f"max_statement_time = {STATEMENT_TIMEOUT}"
        else:
            limit = f"max_execution_time = {STATEMENT_TIMEOUT * 1000}"
        self._ask(f"SET SESSION {limit}")

    def _ask(self, query: str) -> Sequence[Any]:
        with _telling(), closing(self._connection.cursor()) as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def columns(self, table: str) -> tuple[str, list[Column]]:
        schema, name = split_table(table)
        schema = schema or self._database
        found = self.rows(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
            (schema, name),
        )
        return schema, [Column(column, kind.lower()) for column, kind in found]

    def quoted(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def as_text(self, expression: str) -> str:
        return expression  # the session converts nothing

    def rows(
        self, query: str, values: Sequence[object] = ()
    ) -> Iterator[Sequence[object]]:
        self._ask("START TRANSACTION READ ONLY")
        with _telling():
            cursor = self._connection.cursor(SSCursor)
            try:
                cursor.execute(query, tuple(values) or None)
                yield from cursor.fetchall_unbuffered()
            finally:
                with suppress(pymysql.Error, OSError):
                    cursor.close()
        self._ask("COMMIT")

    def close(self) -> None:
        with suppress(pymysql.Error, OSError):
            self._connection.close()


class _Session(pymysql.connections.Connection):
    """PyMySQL's session, that shows no password to whom it does not know."""

    shown: str | None = None

    def __init__(
        self, settings: Settings, database: DatabaseSettings, probe: bool
    ) -> None:
        is_socket = settings.host.startswith("/")
        place = (
            {"unix_socket": settings.host}
            if is_socket
            else {"host": settings.host, "port": settings.port}
        )
        super().__init__(
            **place,
            user=settings.username,
            password=settings.password,
            database=database.name.strip(),
            charset="utf8mb4",
            # Values come as the server writes them: numbers exact, times as they stand.
            conv=dict(encoders),
            autocommit=True,
            local_infile=False,
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=CONNECT_TIMEOUT,
            write_timeout=CONNECT_TIMEOUT,
            ssl_disabled=True,
            defer_connect=True,
        )
        self._settings, self._probe = settings, probe
        self.ssl = database.tls and not is_socket
        self.ctx = self

    def _get_server_information(self) -> None:
        super()._get_server_information()
        if self.ssl and not self.server_capabilities & CLIENT.SSL:
            raise CollectError(
                "unreachable",
                "it offers no encryption (TLS): switch that on at the server, or off "
                "at the source",
            )

    def wrap_socket(self, sock: Any, server_hostname: str) -> ssl.SSLSocket:
        """What PyMySQL asks its context for, between the greeting and the login."""
        context = tls_context(self._settings)
        try:
            wrapped = context.wrap_socket(sock, server_hostname=server_hostname)
        except ssl.SSLCertVerificationError as error:
            raise refused_certificate(error) from error
        self.shown = check_pinned(wrapped, self._settings, self._probe)
        return wrapped


@contextmanager
def _telling() -> Iterator[None]:
    """Have the errors of PyMySQL told as ours."""
    try:
        yield
    except pymysql.Error as error:
        raise _told(error) from error
    except (OSError, EOFError) as error:
        raise CollectError("transfer", "the server closed the connection") from error


def _told(error: pymysql.Error) -> CollectError:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else -1
    problem = str(error.args[-1] if error.args else error)
    if code in NO_RIGHT:
        return CollectError(
            "no_table", "the user may not read it (%(problem)s)", problem=problem
        )
    if code in TOO_LONG:
        return CollectError(
            "api_error",
            "reading took longer than %(seconds)s seconds",
            seconds=STATEMENT_TIMEOUT,
        )
    if code in BROKEN:
        return CollectError("transfer", "the server closed the connection")
    for codes, reason in REFUSALS:
        if code in codes:
            return CollectError(reason, problem)
    return CollectError("api_error", problem)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A session with PostgreSQL, through psycopg2."""

import os
import socket
import ssl
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import psycopg2
from cryptography import x509

from .certificates import check_pinned, tls_context
from .contract import CollectError, Settings
from .database_server import (
    CONNECT_TIMEOUT,
    STATEMENT_TIMEOUT,
    Column,
    Server,
    split_table,
)
from .database_settings import DatabaseSettings

AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
BATCH = 2_000
"""Rows that are fetched at a time."""
NO_TABLE = frozenset({"3D000", "3F000", "42P01", "42703"})
NO_RIGHT = "42501"
TOO_LONG = "57014"
WRONG_VALUE = frozenset({"22P02", "22007", "22008", "22003", "42883"})
# What servers say when nobody is logged in yet; they tell no code then.
TOLD = (
    ("pg_hba.conf", "refused_access"),
    ("password authentication failed", "refused_login"),
    ("authentication failed", "refused_login"),
    ("no password supplied", "refused_login"),
    ("is not permitted to log in", "refused_login"),
    ("role", "refused_login"),
    ("permission denied for database", "no_table"),
    ("database", "no_table"),
)


class PostgresqlServer(Server):
    """See :class:`Server`."""

    def __init__(
        self, settings: Settings, database: DatabaseSettings, probe: bool
    ) -> None:
        with tempfile.TemporaryDirectory(prefix="telecom-") as folder:
            tls = self._tls(settings, database, probe, folder)
            self._connection = _connected(settings, database, tls)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _tls(
        self, settings: Settings, database: DatabaseSettings, probe: bool, folder: str
    ) -> dict[str, str]:
        """How libpq is to know the server."""
        if settings.host.startswith("/") or not database.tls:
            return {"sslmode": "disable"}
        if settings.certificate_check != "pinned":
            return {"sslmode": "verify-full", "sslrootcert": _authorities()}
        certificate, self.host_key = _shown_certificate(settings, probe)
        known = x509.load_der_x509_certificate(certificate)
        if known.issuer != known.subject:
            # libpq takes no certificate for its own authority that has another. The
            # password, proven over this very session, keeps others out.
            return {"sslmode": "require", "channel_binding": "require"}
        path = os.path.join(folder, "pinned.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(ssl.DER_cert_to_PEM_cert(certificate))
        return {"sslmode": "verify-ca", "sslrootcert": path}

    def _prepare(self) -> None:
        """Learn the server's clock before ours is UTC."""
        with _telling():
            info = self._connection.info
            if not info.used_password:
                raise CollectError(
                    "refused_login",
                    "the server lets this user in without a password: have it ask for "
                    "one, so that not everybody on this machine is let in",
                )
            version = info.parameter_status("server_version")
            self.version = f"PostgreSQL {version}"
            self._connection.set_session(
                isolation_level="REPEATABLE READ", readonly=True
            )
            [(local, utc)] = self._ask(
                "SELECT localtimestamp(0)::text, (now() AT TIME ZONE 'UTC')::text"
            )
            self.local_now = datetime.fromisoformat(local)
            self.utc_now = datetime.fromisoformat(utc)
            self._ask("SET SESSION TimeZone = 'UTC'", commit=True)

    def _ask(self, query: str, commit: bool = False) -> list[tuple]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            found = cursor.fetchall() if cursor.description else []
        if commit:
            self._connection.commit()
        else:
            self._connection.rollback()
        return found

    def columns(self, table: str) -> tuple[str, list[Column]]:
        schema, name = split_table(table)
        found = list(
            self.rows(
                "SELECT table_schema::text, column_name::text, data_type::text"
                " FROM information_schema.columns WHERE table_name = %s"
                " AND table_schema = ANY(CASE WHEN %s = '' THEN current_schemas(false)"
                " ELSE ARRAY[%s::name] END) ORDER BY"
                " array_position(current_schemas(false), table_schema::name),"
                " table_schema, ordinal_position",
                (name, schema, schema),
            )
        )
        schema = found[0][0] if found else schema
        return schema, [Column(name, kind) for at, name, kind in found if at == schema]

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def as_text(self, expression: str) -> str:
        return f"{expression}::text"

    def rows(
        self, query: str, values: Sequence[object] = ()
    ) -> Iterator[Sequence[object]]:
        with _telling():
            try:
                with self._connection.cursor(name="telecom") as cursor:
                    cursor.itersize = BATCH
                    cursor.execute(query, tuple(values) or None)
                    yield from cursor
            finally:
                with suppress(psycopg2.Error):
                    self._connection.rollback()

    def close(self) -> None:
        with suppress(psycopg2.Error):
            self._connection.close()


def _connected(
    settings: Settings, database: DatabaseSettings, tls: dict[str, str]
) -> Any:
    try:
        return psycopg2.connect(
            host=settings.host,
            port=settings.port,
            user=settings.username,
            password=settings.password,
            dbname=database.name.strip(),
            # Nobody gets in by what else this machine knows.
            passfile=os.devnull,
            gssencmode="disable",
            connect_timeout=CONNECT_TIMEOUT,
            tcp_user_timeout=CONNECT_TIMEOUT * 4000,
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
            client_encoding="UTF8",
            application_name="telecom_cdr",
            options=" ".join(
                f"-c {option}"
                for option in (
                    "default_transaction_read_only=on",
                    f"statement_timeout={STATEMENT_TIMEOUT}s",
                    "DateStyle=ISO",
                    "bytea_output=hex",
                )
            ),
            **tls,
        )
    except psycopg2.Error as error:
        raise _refused(error) from error


def _authorities() -> str:
    """The file of the authorities that this machine trusts."""
    return ssl.get_default_verify_paths().cafile or AUTHORITIES


def _shown_certificate(settings: Settings, probe: bool) -> tuple[bytes, str | None]:
    """The certificate that the server shows, and its fingerprint, where it may be.

    libpq looks at no fingerprint; so this is asked before it gets the password.
    """
    try:
        plain = socket.create_connection(
            (settings.host, settings.port), CONNECT_TIMEOUT
        )
        with plain:
            plain.sendall(SSL_REQUEST)
            if plain.recv(1) != b"S":
                raise CollectError(
                    "unreachable",
                    "it offers no encryption (TLS): switch that on at the server, or "
                    "off at the source",
                )
            with tls_context(settings).wrap_socket(plain) as session:
                shown = check_pinned(session, settings, probe)
                return session.getpeercert(binary_form=True) or b"", shown
    except OSError as error:
        raise CollectError("unreachable", error.strerror or str(error)) from error


@contextmanager
def _telling() -> Iterator[None]:
    """Have the errors of psycopg2 told as ours."""
    try:
        yield
    except psycopg2.Error as error:
        raise _told(error) from error
    except UnicodeDecodeError as error:
        raise CollectError(
            "api_error", "it holds text that is not in its own encoding"
        ) from error


def _told(error: psycopg2.Error) -> CollectError:
    code, problem = error.pgcode, _first_line(error)
    if code == NO_RIGHT:
        return CollectError(
            "no_table", "the user may not read it (%(problem)s)", problem=problem
        )
    if code in NO_TABLE or code in WRONG_VALUE:
        return CollectError("no_table", problem)
    if code == TOO_LONG:
        return CollectError(
            "api_error",
            "reading took longer than %(seconds)s seconds",
            seconds=STATEMENT_TIMEOUT,
        )
    is_broken = not code or code[:2] in ("08", "57")
    if is_broken and isinstance(
        error, psycopg2.OperationalError | psycopg2.InterfaceError
    ):
        return CollectError("transfer", "the server closed the connection")
    return CollectError("api_error", problem)


def _refused(error: psycopg2.Error) -> CollectError:
    """The error for a session that did not come about."""
    whole = str(error)
    problem = _first_line(error)
    if "certificate verify failed" in whole or "does not match host name" in whole:
        return CollectError("certificate_refused", problem)
    if "server does not support SSL" in whole:
        return CollectError(
            "unreachable",
            "it offers no encryption (TLS): switch that on at the server, or off at "
            "the source",
        )
    if "FATAL" in whole:
        said = whole.rpartition("FATAL:")[2]
        for words, reason in TOLD:
            if words in said:
                return CollectError(reason, said.strip())
    return CollectError("unreachable", problem)


def _first_line(error: psycopg2.Error) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # "connection to server at ..., port ... failed: " says what the source says.
    return lines[0].partition(" failed: ")[2] or lines[0]

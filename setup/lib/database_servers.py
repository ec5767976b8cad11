# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Database servers of one's own on this machine, as a PBX has one, for tests.

    with MariaDb() as server:
        server.run("CREATE TABLE cdr ...")
        connect to server.host, server.port as server.username with server.password

MariaDB's program is named by the environment: TELECOM_MARIADB, TELECOM_MARIADB_ROOT and
TELECOM_MARIADB_USER (setup/lib/mariadb.sh sets them). PostgreSQL is the machine's.
"""

import hashlib
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pymysql
from ftp_server import make_certificate

PATIENCE = 60.0
TABLES = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
)


class DatabaseServer:
    """A server that is up between :meth:`start` and :meth:`stop`, or in a ``with``.

    :ivar host: address to connect to
    :ivar port: a free port, the same after :meth:`stop` and :meth:`start`
    :ivar username: who may only read the database `name`
    :ivar fingerprint: SHA-256 of its certificate, as openssl shows it
    :ivar authorities: a file with its certificate, for those who are to trust it
    """

    kind = ""
    end = signal.SIGKILL
    host = "127.0.0.1"
    name = "asteriskcdrdb"
    username = "billing"
    password = "correct horse"

    def __init__(self) -> None:
        self.account = _account()
        self.port = _free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="telecom-db-"))
        self.data = self.folder / "data"
        self.folder.chmod(0o755)
        self._process: subprocess.Popen | None = None
        self._certify()
        self._own(self.folder)
        self._create()

    def __enter__(self) -> "DatabaseServer":
        try:
            self.start()
            self._let_in()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    def _certify(self) -> None:
        certificate, key = make_certificate()
        self.authorities = self.folder / "certificate.pem"
        self.authorities.write_bytes(certificate)
        key_file = self.folder / "key.pem"
        key_file.write_bytes(key)
        key_file.chmod(0o600)
        self._own(self.authorities)
        self._own(key_file)
        der = ssl.PEM_cert_to_DER_cert(certificate.decode())
        digits = hashlib.sha256(der).hexdigest().upper()
        self.fingerprint = "SHA256:" + ":".join(
            digits[at : at + 2] for at in range(0, len(digits), 2)
        )

    # === RUNNING === #

    def start(self) -> None:
        """Serve, and return when connections are taken."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._as_account(*self._command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the server does not start:\n{self.log()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        with suppress(psycopg2.Error, pymysql.Error, OSError):
            self.run("SELECT 1")
            return True
        return False

    def stop(self) -> None:
        """End the server at once, as when the power fails."""
        if self._process:
            self._process.send_signal(self.end)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop, and take all files away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What the server wrote."""
        path = self.folder / "log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def run(self, *statements: str, database: str = "") -> list[tuple]:
        """What statements of an administrator find, the last of them."""
        with (
            closing(self._administrator(database)) as session,
            session.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def insert(self, table: str, columns: str, *rows: tuple) -> None:
        """Add rows to a table."""
        places = ", ".join(["%s"] * len(rows[0]))
        query = f"INSERT INTO {table} ({columns}) VALUES ({places})"
        with (
            closing(self._administrator(self.name)) as session,
            session.cursor() as cursor,
        ):
            cursor.executemany(query, rows)

    # === INNER === #

    def _as_account(self, *command: str) -> list[str]:
        """A command as a user who may run servers; the kernel ends it with us."""
        options = ["--pdeathsig=KILL"]
        if os.geteuid() == 0:
            options += [f"--reuid={self.account.pw_name}"]
            options += [f"--regid={self.account.pw_gid}", "--init-groups"]
        return ["setpriv", *options, *command]

    def _prepare(self, *command: str, script: str = "") -> None:
        """Run a program that makes the data, to its end."""
        done = subprocess.run(
            self._as_account(*command),
            input=script.encode(),
            check=False,
            capture_output=True,
            cwd="/",
        )
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise RuntimeError(f"no server can be made:\n{said[-3000:]}")

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)


class MariaDb(DatabaseServer):
    """MariaDB. Its clock is that of Madrid, where the PBX of the tests stands."""

    kind = "mysql"

    def _create(self) -> None:
        share = self._root() / "share" / "mysql"
        self.data.mkdir()
        self._own(self.data)
        statements = [
            "CREATE DATABASE mysql;",
            "USE mysql;",
            "SET @auth_root_socket = NULL;",
            "SET @skip_auth_anonymous = 1;",
        ]
        statements += [(share / table).read_text() for table in TABLES]
        script = "\n".join(statements)
        self._prepare(_mariadb(), *self._options(), "--bootstrap", script=script)

    def _root(self) -> Path:
        return Path(os.environ.get("TELECOM_MARIADB_ROOT") or "/usr")

    def _options(self) -> list[str]:
        return [
            "--no-defaults",
            f"--basedir={self._root()}",
            f"--datadir={self.data}",
            f"--lc-messages-dir={self._root()}/share/mysql",
            f"--character-sets-dir={self._root()}/share/mysql/charsets",
            "--innodb-buffer-pool-size=16M",
            "--innodb-log-file-size=8M",
            "--innodb-flush-log-at-trx-commit=2",
        ]

    @property
    def socket(self) -> str:
        return str(self.folder / "mariadb.sock")

    def _command(self) -> list[str]:
        return [
            _mariadb(),
            *self._options(),
            f"--bind-address={self.host}",
            f"--port={self.port}",
            f"--socket={self.socket}",
            f"--ssl-cert={self.authorities}",
            f"--ssl-key={self.folder}/key.pem",
            "--default-time-zone=+02:00",
            "--skip-name-resolve",
        ]

    def _administrator(self, database: str = ""):
        return pymysql.connect(
            unix_socket=self.socket,
            user="root",
            database=database or None,
            autocommit=True,
        )

    def _let_in(self) -> None:
        user = f"'{self.username}'@'%'"
        self.run(
            f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4",
            f"CREATE USER {user} IDENTIFIED BY '{self.password}'",
            f"GRANT SELECT ON {self.name}.* TO {user}",
        )


class Postgresql(DatabaseServer):
    """PostgreSQL. Its clock is that of Madrid, where the PBX of the tests stands."""

    kind = "postgresql"
    # At once, too, but with all its processes: one that is left keeps it from starting.
    end = signal.SIGQUIT

    def _create(self) -> None:
        self.data.mkdir(mode=0o700)
        self._own(self.data)
        self._prepare(
            str(_postgresql() / "initdb"),
            f"--pgdata={self.data}",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--no-sync",
        )

    @property
    def socket(self) -> str:
        return str(self.folder)

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": self.folder,
            "ssl": "on",
            "ssl_cert_file": self.authorities,
            "ssl_key_file": self.folder / "key.pem",
            "fsync": "off",
            "shared_buffers": "16MB",
            "timezone": "Europe/Madrid",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(_postgresql() / "postgres"), "-D", str(self.data), *options]

    def _administrator(self, database: str = ""):
        session = psycopg2.connect(
            host=self.socket,
            port=self.port,
            user="postgres",
            dbname=database or "postgres",
            application_name="test",
        )
        session.autocommit = True
        return session

    def _let_in(self) -> None:
        self.run(
            f"CREATE ROLE {self.username} LOGIN PASSWORD '{self.password}'",
            f"CREATE DATABASE {self.name}",
        )
        self.run(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO "
            + self.username,
            database=self.name,
        )


def why_no_mariadb() -> str:
    """What keeps a MariaDB from running here; empty when nothing does."""
    if not os.path.exists(_mariadb()):
        return "no MariaDB here: setup/test brings one (TELECOM_MARIADB)"
    return ""


def why_no_postgresql() -> str:
    """What keeps a PostgreSQL from running here; empty when nothing does."""
    return "" if _postgresql().exists() else "no PostgreSQL here"


def _mariadb() -> str:
    return os.environ.get("TELECOM_MARIADB") or "/usr/sbin/mariadbd"


def _postgresql() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else Path("/nonexistent")


def _account() -> pwd.struct_passwd:
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    return pwd.getpwnam(os.environ.get("TELECOM_MARIADB_USER") or "postgres")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

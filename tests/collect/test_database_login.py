# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who lets us in, and whom we let have the password."""

import socket
import threading

import pytest
from collecting import names

from telecom_cdr.collect import CollectError, connect

PINNED = {"certificate_check": "pinned"}


@pytest.fixture
def calls(database):
    """Settings that read the table of calls, and a table of one row."""
    kind = "datetime" if database.kind == "mysql" else "timestamp"
    database.run(
        "DROP TABLE IF EXISTS cdr",
        f"CREATE TABLE cdr (calldate {kind}, uniqueid varchar(9))",
        "INSERT INTO cdr VALUES ('2026-01-05 10:00:00', '1')",
        database=database.name,
    )

    def settings(**values):
        options = {
            "kind": database.kind,
            "name": database.name,
            "table": "cdr",
            "columns": "calldate",
            "time_column": "calldate",
            "key_columns": "uniqueid",
            "tls": values.pop("tls", False),
        }
        options["name"] = values.pop("name", database.name)
        return {
            "protocol": "database",
            "host": database.host,
            "port": database.port,
            "username": database.username,
            "password": database.password,
            "options": options,
            **values,
        }

    return settings


def refused(values, probe=False):
    """Reason and words of the error that keeps us out."""
    with pytest.raises(CollectError) as caught, connect(values, probe):
        pass
    return caught.value.reason, caught.value.found


def test_with_a_password_over_plain_and_encrypted_connections(
    database, calls, monkeypatch
):
    one = ["cdr_2026-01-05T10.csv"]
    assert names(calls()) == one
    assert names(calls(tls=True, **PINNED, host_key=database.fingerprint)) == one
    monkeypatch.setenv("SSL_CERT_FILE", str(database.authorities))
    assert names(calls(tls=True)) == one


def test_encrypted_is_encrypted(database, calls):
    encrypted = (
        "SHOW SESSION STATUS LIKE 'Ssl_cipher' -- %s"
        if database.kind == "mysql"
        else "SELECT 'x', version FROM pg_stat_ssl "
        "WHERE pid = pg_backend_pid() AND 1 = %s"
    )
    for tls in (True, False):
        values = calls(tls=tls, **PINNED, host_key=database.fingerprint)
        with connect(values) as connection:
            [(_name, version)] = list(connection._server.rows(encrypted, [1]))
        assert bool(version) is tls


def test_a_certificate_that_nobody_vouches_for(calls):
    reason, found = refused(calls(tls=True))
    assert reason == "certificate_refused"
    assert "self-signed" in found or "verify failed" in found


def test_a_certificate_is_pinned_at_the_first_look(database, calls):
    assert refused(calls(tls=True, **PINNED)) == (
        "certificate_missing",
        database.fingerprint,
    )
    with connect(calls(tls=True, **PINNED), probe=True) as connection:
        assert connection.host_key == database.fingerprint
        look = connection.look()
    assert (look.table, look.columns) == ("cdr", ["calldate", "uniqueid"])
    assert look.rows == [["2026-01-05 10:00:00", "1"]]
    assert look.version.startswith(("PostgreSQL 1", "10.", "11."))


def test_another_certificate_gets_no_password(database, calls):
    other = "SHA256:" + ":".join(["AB"] * 32)
    for probe in (False, True):
        assert refused(calls(tls=True, **PINNED, host_key=other), probe) == (
            "certificate_changed",
            database.fingerprint,
        )


@pytest.mark.parametrize(
    ("values", "reason", "words"),
    [
        ({"password": "wrong"}, "refused_login", ("denied", "authentication failed")),
        ({"username": "nobody"}, "refused_login", ("denied", "authentication failed")),
        ({"password": ""}, "refused_login", ("user name and password are both",)),
        ({"name": "nope"}, "no_table", ("nope",)),
        ({"host": ""}, "unreachable", ("no host is set",)),
        ({"port": 1}, "unreachable", ("refused",)),
        ({"host": "no.such.host.invalid"}, "unreachable", ("no.such.host", "known")),
    ],
)
def test_who_is_not_let_in_is_told_why(calls, values, reason, words):
    found = refused(calls(**values))
    assert found[0] == reason
    assert any(word in found[1] for word in words), found


def test_by_a_socket_with_a_password_only(database, calls):
    if database.kind == "mysql":
        assert len(names(calls(host=database.socket))) == 1
        return
    reason, found = refused(calls(host=database.socket))
    assert reason == "refused_login"
    assert "lets this user in without a password" in found


def test_a_server_that_is_silent_counts_as_down(database, calls, monkeypatch):
    module = f"telecom_cdr.collect.database_{database.kind}.CONNECT_TIMEOUT"
    monkeypatch.setattr(module, 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for tls in (False, True):
            reason, _found = refused(calls(port=port, tls=tls, **PINNED))
            assert reason in ("unreachable", "transfer")


def test_a_server_without_encryption_gets_no_password(database, calls):
    """One in the middle that answers in the server's place and knows no TLS."""
    heard = []

    def answer(listener):
        session, _address = listener.accept()
        with session:
            if database.kind == "mysql":
                session.sendall(_greeting(database))
            session.settimeout(5)
            heard.append(session.recv(100))
            if database.kind == "postgresql":
                session.sendall(b"N")
                heard.append(session.recv(1000))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        values = calls(port=port, tls=True, **PINNED, host_key=database.fingerprint)
        reason, found = refused(values)
        thread.join(10)
    assert reason == "unreachable"
    assert "it offers no encryption (TLS)" in found
    assert b"billing" not in b"".join(heard)


def _greeting(database):
    """What the server says first, without its word that it knows TLS."""
    with socket.create_connection((database.host, database.port), 5) as session:
        greeting = bytearray(session.recv(1000))
    version_end = greeting.index(b"\0", 5)
    flags = version_end + 1 + 4 + 8 + 1
    greeting[flags + 1] &= ~0x08
    return bytes(greeting)

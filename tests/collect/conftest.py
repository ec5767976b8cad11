# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A real SSH server for the tests of collect/."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "setup" / "lib"))

from collecting import PASSWORD
from database_servers import (
    MariaDb,
    Postgresql,
    why_no_mariadb,
    why_no_postgresql,
)
from ftp_server import FtpServer, why_no_ftp_server
from sftp_server import SftpServer, why_no_passwords, why_no_server


@pytest.fixture(scope="session")
def server():
    """A server that takes keys. Tests leave it as it was, each in its own folder."""
    if reason := why_no_server():
        pytest.skip(reason)
    with SftpServer() as server:
        yield server


@pytest.fixture(scope="session")
def password_server():
    """A server that takes keys, and the password too."""
    if reason := why_no_server() or why_no_passwords():
        pytest.skip(reason)
    with SftpServer(PASSWORD) as server:
        server.put("calls.csv", b"1")
        yield server


@pytest.fixture
def own_server():
    """A server that a test may stop, and that is its own."""
    if reason := why_no_server():
        pytest.skip(reason)
    with SftpServer() as server:
        yield server


@pytest.fixture
def ftp():
    """Start FTP servers: what is given is how each behaves."""
    if reason := why_no_ftp_server():
        pytest.skip(reason)
    servers = []

    def start(**behaviour):
        server = FtpServer(**behaviour)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    """Tests need not wait for a network that is to come back."""
    pauses = (0.01, 0.01, 0.01)
    monkeypatch.setattr("telecom_cdr.collect.contract.RESUME_PAUSES", pauses)


@pytest.fixture(autouse=True)
def short_second_look(monkeypatch):
    """Tests need not wait a second between the two looks at fresh files."""
    monkeypatch.setattr("telecom_cdr.collect.contract.SECOND_LOOK", 0.05)


@pytest.fixture(scope="session", params=["mysql", "postgresql"])
def database(request):
    """A database server of each kind, as a PBX has one."""
    kinds = {
        "mysql": (MariaDb, why_no_mariadb),
        "postgresql": (Postgresql, why_no_postgresql),
    }
    kind, why_not = kinds[request.param]
    if reason := why_not():
        pytest.skip(reason)
    with kind() as server:
        yield server

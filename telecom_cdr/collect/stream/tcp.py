# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""PBXs that send their lines over TCP: who connects to us, or we to them."""

import logging
import os
import select
import socket
import threading
from contextlib import suppress

from ..contract import CollectError
from .receivers import BLOCK, Receiver, broken, shut

_logger = logging.getLogger(__name__)

PATIENCE = 15.0
TICK = 0.5
"""Seconds between two looks at whether to end."""
MOST_CONNECTIONS = 32


class TcpServer(Receiver):
    """Waits for PBXs to connect (Avaya IP Office, 3CX as a client)."""

    port = 0
    """The port that it listens at, once it does."""

    def _receive(self) -> None:
        with self._listen() as listener:
            self.port = listener.getsockname()[1]
            self.problem = None
            threads: list[threading.Thread] = []
            while not self.is_stopping:
                if not select.select([listener], [], [], TICK)[0]:
                    continue
                threads = [thread for thread in threads if thread.is_alive()]
                connection, address = listener.accept()
                if self._is_welcome(address[0], len(threads)):
                    threads.append(self._serve(connection))
                else:
                    shut(connection)
            for thread in threads:
                thread.join(timeout=PATIENCE)

    def _listen(self) -> socket.socket:
        host, port = self.settings.host, self.settings.port
        both = not host and socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
        try:
            return socket.create_server(
                (host, port), family=family, dualstack_ipv6=both
            )
        except OSError as error:
            raise CollectError(
                "unreachable",
                "port %(port)s of this machine cannot be listened at: %(problem)s",
                port=port,
                problem=os.strerror(error.errno) if error.errno else str(error),
            ) from error

    def _is_welcome(self, address: str, connections: int) -> bool:
        if not self.settings.allows(address):
            what = "%(address)s connected, and is in none of the allowed networks"
            self._set_problem(CollectError("refused_login", what, address=address))
            return False
        if connections >= MOST_CONNECTIONS:
            what = "more than %(count)s connections at a time"
            self._set_problem(CollectError("transfer", what, count=MOST_CONNECTIONS))
            return False
        return True

    def _serve(self, connection: socket.socket) -> threading.Thread:
        thread = threading.Thread(target=self._take, args=[connection], daemon=True)
        thread.start()
        return thread

    def _take(self, connection: socket.socket) -> None:
        try:
            take_all(self, connection)
        except OSError as error:
            self._set_problem(broken(error))
        finally:
            shut(connection)


class TcpClient(Receiver):
    """Connects to a PBX that waits for it (Mitel, Panasonic, 3CX as a server)."""

    def _receive(self) -> None:
        address = (self.settings.host, self.settings.port)
        try:
            connection = socket.create_connection(address, timeout=PATIENCE)
        except OSError as error:
            raise broken(error) from error
        with connection:
            self.problem = None
            take_all(self, connection)
        if not self.is_stopping:
            raise CollectError("transfer", "the PBX closed the connection")


def take_all(receiver: Receiver, connection: socket.socket) -> None:
    """Everything that a connection brings, to the spool, until it ends.

    A connection has a file of its own: a PBX that connects again may send lines
    again, and equal lines of two files are known as the same call.
    """
    _keep_alive(connection)
    connection.settimeout(TICK)
    settings = receiver.settings
    with receiver.spool.strand(settings.tail_is_line, _peer(connection)) as strand:
        _log_in(receiver, connection, strand)
        while not receiver.is_stopping:
            try:
                data = connection.recv(BLOCK)
            except TimeoutError:
                continue
            if not data:
                return
            receiver._keep(strand, data)


def _log_in(receiver: Receiver, connection: socket.socket, strand) -> None:
    """Send user name and password, each after the PBX's question (or a moment).

    What the PBX says before is kept as any other bytes: format rules leave it out.
    """
    settings = receiver.settings
    if settings.mode != "client" or not settings.username:
        return
    for text in (settings.username, settings.password):
        with suppress(TimeoutError):
            connection.settimeout(2.0)
            receiver._keep(strand, connection.recv(BLOCK))
        connection.sendall(f"{text}\r\n".encode())
    connection.settimeout(TICK)


def _peer(connection: socket.socket) -> str:
    """The address of who is at the other end."""
    try:
        return connection.getpeername()[0]
    except OSError:
        return ""  # gone already: what it sent can be read all the same


def _keep_alive(connection: socket.socket) -> None:
    """Find out within minutes that a PBX is gone without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in (("KEEPIDLE", 60), ("KEEPINTVL", 20), ("KEEPCNT", 3)):
        option = getattr(socket, f"TCP_{name}", None)
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, seconds)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An FTP server of one's own, plain or with TLS: pyftpdlib's, for tests.

    with FtpServer(tls="explicit") as server:
        server.put("calls.csv", b"...")
        connect to server.host, server.port as server.username with server.password,
        expecting the certificate server.fingerprint

It can also behave as servers should not: see :class:`Behaviour`.
"""

import datetime
import hashlib
import ipaddress
import os
import shutil
import socket
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

try:
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import (
        DTPHandler,
        FTPHandler,
        TLS_DTPHandler,
        TLS_FTPHandler,
    )
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer
except ImportError:
    FTPServer = None

PATIENCE = 10.0


def why_no_ftp_server() -> str:
    """What keeps a server from running here; empty when nothing does."""
    return "" if FTPServer else "no pyftpdlib here: setup/test brings it"


@dataclass
class Behaviour:
    """How a server behaves.

    :ivar without: commands that it does not know
    :ivar cuts: after how many bytes of files each session is cut, one after another
    :ivar aborts: the same, but only the file is cut, and the session goes on
    :ivar sizes: what it says of the size of files, by name
    :ivar plain_data: whether it wants no protected data channels
    """

    without: frozenset[str] = frozenset()
    cuts: list[int] = field(default_factory=list)
    aborts: list[int] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    plain_data: bool = False


class FtpServer:
    """A server that is up between :meth:`start` and :meth:`stop`, or in a ``with``.

    :ivar host: address to connect to
    :ivar port: a free port, the same after :meth:`stop` and :meth:`start`
    :ivar root: where a client stands after logging in
    :ivar fingerprint: SHA-256 of its certificate, as ``openssl x509`` shows it
    :ivar commands: what clients sent, in order; never a password
    :ivar sent: bytes of files that left, in each session
    """

    host = "127.0.0.1"
    username = "carrier"
    password = "correct horse"

    def __init__(self, tls: str = "", perm: str = "elradfmwMT", **behaviour) -> None:
        """
        :param tls: empty, ``explicit`` or ``implicit``
        :param perm: what the user may do, in pyftpdlib's letters
        """
        self.tls = tls
        self.perm = perm
        self.behaviour = Behaviour(**behaviour)
        self.folder = Path(tempfile.mkdtemp(prefix="telecom-ftp-"))
        self.root = self.folder / "files"
        self.root.mkdir()
        self.port = _free_port()
        self.commands: list[str] = []
        self.sent: list[int] = []
        self.renew_certificate()
        self._loop: IOLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "FtpServer":
        self.start()
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    # === RUNNING === #

    def start(self) -> None:
        """Serve, and return when connections are taken."""
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=[started], daemon=True)
        self._thread.start()
        if not started.wait(PATIENCE):
            raise RuntimeError("the FTP server does not start")

    def stop(self) -> None:
        """End the server and every session of it at once."""
        if self._thread is None:
            return
        self._is_stopping = True
        self._thread.join(PATIENCE)
        self._thread = None

    def close(self) -> None:
        """Stop, and take all files away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _serve(self, started: threading.Event) -> None:
        self._is_stopping = False
        loop = IOLoop()
        server = FTPServer((self.host, self.port), self._handler(), ioloop=loop)
        started.set()
        try:
            while not self._is_stopping:
                loop.loop(timeout=0.02, blocking=False)
        finally:
            server.close_all()

    def _handler(self) -> type:
        authorizer = DummyAuthorizer()
        authorizer.add_user(self.username, self.password, str(self.root), self.perm)
        kinds = {
            "": (FTPHandler, DTPHandler),
            "explicit": (TLS_FTPHandler, TLS_DTPHandler),
            "implicit": (_implicit_tls(), TLS_DTPHandler),
        }
        session, channel = kinds[self.tls]
        values = {
            "authorizer": authorizer,
            "abstracted_fs": _filesystem(self.behaviour),
            "dtp_handler": _channel(channel, self),
            "use_sendfile": False,
            "proto_cmds": {
                name: how
                for name, how in session.proto_cmds.items()
                if name not in self.behaviour.without
            },
            "pre_process_command": _recorder(self),
            "banner": "ready",
        }
        if self.tls:
            values["certfile"] = str(self.folder / "certificate.pem")
            values["tls_control_required"] = True
            values["tls_data_required"] = not self.behaviour.plain_data
            values["ssl_context"] = None
        return type("Session", (session,), values)

    # === CERTIFICATE === #

    def renew_certificate(self) -> None:
        """A new certificate, shown by a server that starts after it."""
        certificate, key = make_certificate()
        self.certificate = certificate
        (self.folder / "certificate.pem").write_bytes(certificate + key)
        digits = hashlib.sha256(
            x509.load_pem_x509_certificate(certificate).public_bytes(
                serialization.Encoding.DER
            )
        ).hexdigest()
        pairs = [digits[at : at + 2] for at in range(0, 64, 2)]
        self.fingerprint = "SHA256:" + ":".join(pairs).upper()

    # === FILES === #

    def put(self, name: str | bytes, content: bytes = b"", age: float = 7 * 86400):
        """Lay a file there, last changed so many seconds ago; its path as bytes."""
        path = os.path.join(os.fsencode(self.root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        changed = int(time.time() - age)
        os.utime(path, (changed, changed))
        return path

    def left(self) -> list[str]:
        """The files that lie there, by their way below the root."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.root)) for path in found)


def _recorder(server: FtpServer):
    def pre_process_command(self, line, command, argument):
        server.commands.append(command if command == "PASS" else line)
        super(type(self), self).pre_process_command(line, command, argument)

    return pre_process_command


def _say_nothing(*_what) -> None:
    """pyftpdlib wants somebody to tell what it answers."""


def _implicit_tls() -> type:
    class ImplicitTls(TLS_FTPHandler):
        def handle(self):
            self.secure_connection(self.get_ssl_context())

        def handle_ssl_established(self):
            super().handle()

    return ImplicitTls


def _channel(base: type, server: FtpServer) -> type:
    """A data channel that breaks when it is told to."""

    class Channel(base):
        def send(self, data):
            count = super().send(data)
            if self.file_obj is not None:
                self._count(count)
            return count

        def _count(self, count):
            if not getattr(self, "_is_counted", False):
                self._is_counted = True
                server.sent.append(0)
            server.sent[-1] += count
            behaviour = server.behaviour
            if behaviour.cuts and server.sent[-1] >= behaviour.cuts[0]:
                behaviour.cuts.pop(0)
                self.cmd_channel.close()
            elif behaviour.aborts and server.sent[-1] >= behaviour.aborts[0]:
                behaviour.aborts.pop(0)
                self._resp = ("426 Transfer aborted.", _say_nothing)
                self.close()

    return Channel


def _filesystem(behaviour: Behaviour) -> type:
    class Filesystem(AbstractedFS):
        def stat(self, path):
            return self._told(path, super().stat(path))

        def lstat(self, path):
            return self._told(path, super().lstat(path))

        def getsize(self, path):
            return behaviour.sizes.get(os.path.basename(path), super().getsize(path))

        def _told(self, path, status):
            size = behaviour.sizes.get(os.path.basename(path))
            if size is None:
                return status
            return os.stat_result((*status[:6], size, *status[7:10]))

    return Filesystem


def make_certificate() -> tuple[bytes, bytes]:
    """A certificate of this machine that it signs itself, and its key, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ftp.carrier.example")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

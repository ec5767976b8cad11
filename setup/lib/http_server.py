# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An HTTP server of one's own, plain or with TLS, that answers as told: for tests.

with ApiServer(lambda request: Reply({"calls": []})) as server:
    ask server.url; what came is in server.requests
"""

import json
import os
import shutil
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from ftp_server import make_certificate


@dataclass
class Request:
    """What a client asked.

    :ivar query: parameters of the address; ``form``: those of the body
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass
class Reply:
    """What a server answers.

    :ivar body: bytes, text, or what becomes JSON
    :ivar sent: so many bytes of it leave, and the line breaks; None: all of them
    """

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    sent: int | None = None

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()


class ApiServer:
    """A server that is up in a ``with``, or until :meth:`close`.

    :ivar fingerprint: SHA-256 of its certificate, as openssl shows it
    :ivar authorities: a file with its certificate, for those who are to trust it
    """

    def __init__(self, answer: Callable[[Request], Reply], tls: bool = False) -> None:
        self.answer = answer
        self.tls = tls
        self.requests: list[Request] = []
        self.fingerprint = ""
        self._folder = Path(tempfile.mkdtemp(prefix="telecom-http-"))
        self.authorities = self._folder / "certificate.pem"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if tls:
            self._wrap()
        self.host = "127.0.0.1"
        self.port = self._server.server_address[1]
        serve = partial(self._server.serve_forever, poll_interval=0.02)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()

    def _wrap(self) -> None:
        certificate, key = make_certificate()
        self.authorities.write_bytes(certificate)
        both = self._folder / "both.pem"
        both.write_bytes(certificate + key)
        digits = sha256(ssl.PEM_cert_to_DER_cert(certificate.decode())).hexdigest()
        pairs = [digits[at : at + 2] for at in range(0, 64, 2)]
        self.fingerprint = "SHA256:" + ":".join(pairs).upper()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> "ApiServer":
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Its address, with the scheme and without a slash."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def close(self) -> None:
        """Stop it; again is fine."""
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _handler(server: ApiServer) -> type:
    class Handler(BaseHTTPRequestHandler):
        """Keeps what was asked, and answers as the server is told to."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            request = Request(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                dict(self.headers.items()),
                self.rfile.read(size),
            )
            server.requests.append(request)
            self._send(server.answer(request))

        do_POST = do_GET

        def _send(self, reply: Reply) -> None:
            content = reply.content
            if reply.sent is not None and "Content-Length" not in reply.headers:
                reply.headers["Content-Length"] = str(len(content))
            self.send_response(reply.status)
            for name, value in {
                "Content-Length": str(len(content)),
                **reply.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: reply.sent])
            if reply.sent is not None:
                self._break()

        def _break(self) -> None:
            self.wfile.flush()
            linger = struct.pack("ii", 1, 0) if os.name == "posix" else b""
            if linger and not server.tls:
                self.connection.shutdown(socket.SHUT_WR)
            self.close_connection = True

        def log_message(self, *_what) -> None:
            """Tests have nothing to say on the terminal."""

    return Handler

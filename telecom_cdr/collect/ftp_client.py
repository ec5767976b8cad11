# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What ftplib's client lacks: names as bytes, TLS from the first byte, data channels
that are those of the session, and one way to ask for what servers tell in several."""

import ftplib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from .ftp_lists import Facts, parse_facts, parse_line, parse_time

ENCODING = "latin-1"
"""Each byte is a character: names come and go byte for byte."""
LONGEST_LINE = 1 << 16
BLOCK = 1 << 16
KEEPALIVE = 30
UNKNOWN = ("500", "501", "502", "503", "504")
"""How servers say that they do not know a command."""
NO_FILES = re.compile(r"^[45]50 .*\bno (such )?files?\b", re.IGNORECASE)
"""How some answer when they are asked for the list of an empty folder."""
CheckSession = Callable[[ssl.SSLSocket], object]


def wire(text: str | bytes) -> str:
    """A text or the bytes of a name, as ftplib has to get them."""
    raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return raw.decode(ENCODING)


class FtpClient(ftplib.FTP_TLS):
    """A session of FTP, with or without TLS.

    :ivar features: what the server says that it knows beyond the oldest commands
    """

    def __init__(
        self, context: ssl.SSLContext, check_session: CheckSession, patience: float
    ) -> None:
        """
        :param check_session: looks at the server's certificate, on each channel
        :param patience: seconds to wait for an answer
        """
        super().__init__(context=context, encoding=ENCODING, timeout=patience)
        self._check_session = check_session
        self._folder: bytes | None = None
        self.features: set[str] = set()

    # === CONNECTING === #

    def start(self, host: str, port: int, implicit: bool) -> None:
        """Connect, with TLS from the first byte or not at all yet."""
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), self.timeout)
        self._stay_alive()
        self.af = self.sock.family
        if implicit:
            self.sock = self._wrapped(self.sock)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()

    def secure(self) -> None:
        """Go on with TLS, before any password is sent."""
        self.auth()
        self._check_session(self.sock)

    def protect_data(self) -> None:
        """Have files and lists encrypted, too."""
        self.prot_p()

    def ask_features(self) -> None:
        """Learn what the server knows; and have binary files and names as they are."""
        with suppress(ftplib.error_perm):
            lines = self.sendcmd("FEAT").splitlines()[1:-1]
            self.features = {line.split()[0].upper() for line in lines if line.strip()}
        for command in ("OPTS UTF8 ON", "OPTS MLST type;size;modify;unique;"):
            if command.split()[1] in self.features:
                with suppress(ftplib.error_perm, ftplib.error_temp):
                    self.sendcmd(command)
        self.voidcmd("TYPE I")

    def _stay_alive(self) -> None:
        """A long transfer leaves the session idle, and firewalls forget idle ones."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE)

    def _wrapped(self, sock: socket.socket, session=None) -> ssl.SSLSocket:
        try:
            wrapped = self.context.wrap_socket(
                sock, server_hostname=self.host, session=session
            )
        except BaseException:
            sock.close()
            raise
        try:
            self._check_session(wrapped)
        except BaseException:
            wrapped.close()
            raise
        return wrapped

    def ntransfercmd(self, cmd: str, rest=None) -> tuple[socket.socket, int | None]:
        """ftplib's way to open a data channel. Servers may want it to go on with the
        TLS session that the password was sent in: so nobody else can take it."""
        channel, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if channel.getpeername()[0] != self.sock.getpeername()[0]:
            channel.close()
            raise ftplib.error_proto("somebody else opened the data connection")
        channel.settimeout(self.timeout)
        if self._prot_p:
            channel = self._wrapped(channel, self.sock.session)
        return channel, size

    # === ASKING === #

    def putline(self, line: str) -> None:
        """ftplib's way to send; a session that was closed has nobody to send to."""
        if self.sock is None:
            raise EOFError
        super().putline(line)

    def enter(self, folder: bytes) -> None:
        """Make a folder the one that names are of."""
        if folder != self._folder:
            self._folder = None
            self.voidcmd(f"CWD {wire(folder)}")
            self._folder = folder

    def scan(self, folder: bytes) -> Iterator[tuple[bytes, Facts]]:
        """The names in a folder and what the server tells about each."""
        self.enter(folder)
        for line in self._lines("MLSD" if "MLST" in self.features else "LIST"):
            found = self._parse(line)
            if found is not None:
                yield found

    def _parse(self, line: bytes) -> tuple[bytes, Facts] | None:
        if "MLST" in self.features:
            return parse_facts(line)
        return parse_line(line, time.time())

    def _lines(self, command: str) -> list[bytes]:
        """All lines of a list: the server does not hear us before the last."""
        lines = []
        try:
            channel = self.transfercmd(command)
        except (ftplib.error_perm, ftplib.error_temp) as error:
            if NO_FILES.search(str(error)):
                return []
            raise
        with channel, channel.makefile("rb") as file:
            while line := file.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise ftplib.error_proto("a line of the list has no end")
                lines.append(line.rstrip(b"\r\n"))
            close_politely(channel)
        self.voidresp()
        return lines

    def facts(self, folder: bytes, name: bytes) -> Facts | None:
        """What the server tells about one name; None where it is not there."""
        self.enter(folder)
        if "MLST" in self.features:
            return self._listed(name)
        exact = self._measured(name)
        if exact is None or not exact.is_rough:
            return exact
        return dict(self.scan(folder)).get(name)

    def _listed(self, name: bytes) -> Facts | None:
        answer = self._asked(f"MLST {wire(name)}")
        for line in (answer or "").splitlines():
            if line.startswith(" "):
                found = parse_facts(line[1:].encode(ENCODING))
                return found and found[1]
        return None

    def _measured(self, name: bytes) -> Facts | None:
        """Size and time asked one by one; rough facts where the server cannot tell."""
        try:
            size, time_ = (
                self._asked(f"{word} {wire(name)}") for word in ("SIZE", "MDTM")
            )
        except ftplib.error_perm:
            return Facts("file", is_rough=True)
        if size is None or time_ is None:
            return None
        modified, stamp = parse_time(time_[4:])
        digits = size[4:].strip()
        if not stamp or not digits.isdigit():
            return Facts("file", is_rough=True)
        return Facts("file", int(digits), modified, stamp)

    def _asked(self, command: str) -> str | None:
        """The answer to a question about a name; None where that is not there."""
        try:
            return self.sendcmd(command)
        except ftplib.error_perm as error:
            if str(error)[:3] in UNKNOWN:
                raise
            return None

    # === FILES === #

    def download(self, folder: bytes, name: bytes, offset: int) -> "Download":
        """The bytes of a file, from an offset on."""
        self.enter(folder)
        command = f"RETR {wire(name)}"
        if not offset:
            return Download(self, self.transfercmd(command))
        try:
            return Download(self, self.transfercmd(command, rest=offset))
        except ftplib.error_perm:
            # It cannot go on where it was: what is known is read once more.
            download = Download(self, self.transfercmd(command))
            download.skip(offset)
            return download

    def remove(self, folder: bytes, name: bytes) -> None:
        self.enter(folder)
        self.voidcmd(f"DELE {wire(name)}")

    def move(self, folder: bytes, name: bytes, target: bytes) -> None:
        """Give a file another path, a whole one."""
        self.enter(folder)
        self.rename(wire(name), wire(target))

    def make_folder(self, path: bytes) -> None:
        """Make a folder that may be there already."""
        try:
            self.voidcmd(f"MKD {wire(path)}")
        except ftplib.error_perm:
            self.enter(path)


def close_politely(channel: socket.socket) -> None:
    """Close a channel that is at its end; with TLS, not without saying so."""
    if isinstance(channel, ssl.SSLSocket):
        with suppress(OSError, ValueError):
            channel.unwrap()
    channel.close()


class Download:
    """A file on its way, over a channel of its own."""

    def __init__(self, client: FtpClient, channel: socket.socket) -> None:
        self._client = client
        self._channel = channel
        self._is_answered = False

    def read(self, size: int) -> bytes:
        """At most so many bytes; none when the server says that this was all.

        :raise ftplib.Error: when it says that it was not
        """
        if self._is_answered:
            return b""
        data = self._channel.recv(min(size, BLOCK))
        if not data:
            # Some servers answer once we have closed the channel, too.
            close_politely(self._channel)
            self._take_answer()
        return data

    def skip(self, size: int) -> None:
        """Read what is known already."""
        while size > 0:
            data = self.read(size)
            if not data:
                raise ftplib.error_proto("the file is shorter than it was")
            size -= len(data)

    def is_at_end(self) -> bool:
        """Whether nothing more comes."""
        return not self.read(1)

    def close(self) -> None:
        """Leave it, at its end or before; the session can be used again."""
        self._channel.close()
        if not self._is_answered:
            # The server says that the transfer was aborted.
            with suppress(ftplib.error_temp, ftplib.error_perm):
                self._take_answer()

    def _take_answer(self) -> None:
        if not self._is_answered:
            self._is_answered = True
            self._client.voidresp()

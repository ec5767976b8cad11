# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A directory of an FTP server, plain or with TLS."""

import ftplib
import posixpath
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial

from .certificates import check_pinned, refused_certificate, tls_context
from .contract import (
    CollectError,
    Connection,
    Entry,
    Settings,
    is_plain_name,
    new_names,
    vanished,
)
from .ftp_client import FtpClient, wire
from .ftp_lists import Facts
from .subfolders import walk

PATIENCE = 15.0
"""Seconds to wait for the network, the handshake and the login."""
SILENCE = 60.0
"""Seconds without an answer after which a session counts as broken."""
PORT = 21
IMPLICIT_PORT = 990
BROKEN = (*ftplib.all_errors, ValueError)
"""What ftplib raises for a session that broke or an answer that makes no sense."""
NAMED = "%(name)s: %(problem)s"
HIDDEN = "***"


@contextmanager
def open_ftp(settings: Settings, probe: bool = False) -> Iterator[Connection]:
    """Connect and log in, in this order: server reached, with TLS its certificate
    right, and only then the password.

    :param probe: trust a server whose certificate is to be pinned and is not yet
    :raise CollectError: when any of these steps fails
    """
    connection = FtpConnection(settings, *_open_session(settings, probe))
    try:
        connection.check_directory()
        yield connection
    finally:
        connection.close()


class FtpConnection(Connection):
    """Files of a directory of a server and perhaps its subfolders, without links."""

    def __init__(
        self, settings: Settings, client: FtpClient, host_key: str | None
    ) -> None:
        super().__init__(settings)
        self.host_key = host_key
        self._client = client
        self._directory = b""
        # By the way to each folder: what it is, and what is in it.
        self._identities: dict[bytes, str] = {}
        self._contents: dict[bytes, frozenset] = {}

    @property
    def is_open(self) -> bool:
        return self._client.sock is not None

    def close(self) -> None:
        """End the session, also one that hangs."""
        self._client.close()

    def check_directory(self) -> None:
        """Go to the directory, and learn its whole path.

        :raise CollectError: ``no_directory`` where it is none that we may see
        """
        with self._asking("no_directory"):
            if self.settings.directory != ".":
                self._client.voidcmd(f"CWD {wire(self.settings.directory)}")
            self._directory = self._client.pwd().encode("latin-1")

    # === LISTING === #

    def _entries(self) -> Iterator[Entry]:
        self._identities = {b"": self._identity_of_directory()}
        self._contents = {}
        return walk(self.settings, self._scan, self.problems)

    def _identity_of_directory(self) -> str:
        if not (self.settings.with_subfolders and "MLST" in self._client.features):
            return ""
        with self._asking("no_directory"):
            facts = self._client.facts(self._directory, b".")
        return facts.unique if facts else ""

    def _scan(self, folder: bytes) -> tuple[list[Entry], list[bytes]]:
        with self._asking("no_directory"):
            found = list(self._client.scan(self._path(folder)))
        if self._is_seen(folder, found):
            return [], []
        entries = []
        folders = []
        for name, facts in found:
            if facts.kind == "dir" and self._is_new(folder, name, facts):
                folders.append(name)
            elif facts.kind == "file" and is_plain_name(name):
                entries.append(self._listed(name, facts, folder))
        return [entry for entry in entries if entry is not None], folders

    def _is_new(self, folder: bytes, name: bytes, facts: Facts) -> bool:
        """Whether this is the first way to a folder: servers may show links to folders
        as folders, also those that lead up."""
        if facts.unique and facts.unique in self._identities.values():
            return False
        self._identities[posixpath.join(folder, name)] = facts.unique
        return True

    def _is_seen(self, folder: bytes, found: list[tuple[bytes, Facts]]) -> bool:
        """Whether a folder is one above: servers that tell no identities show it by
        the same names, sizes and times."""
        content = frozenset(found)
        self._contents[folder] = content
        above = folder
        while content and above:
            above = above.rpartition(b"/")[0]
            if self._contents.get(above) == content:
                return True
        return False

    def _listed(self, name: bytes, facts: Facts, folder: bytes) -> Entry | None:
        """The entry for a file; after a list without seconds, more is asked."""
        entry = self._entry_of(name, facts, folder)
        is_exact = not facts.is_rough and facts.size is not None
        if is_exact or not self.settings.matches(entry.name):
            return entry
        with self._asking("transfer", NAMED, entry.name):
            exact = self._client.facts(self._path(folder), name)
        return exact and self._entry_of(name, exact, folder)

    def _entry_of(self, remote_name: bytes, facts: Facts, folder: bytes) -> Entry:
        return Entry.of(
            self.settings.directory,
            remote_name,
            facts.size or 0,
            facts.modified,
            facts.stamp,
            folder,
        )

    # === READING === #

    @contextmanager
    def _reading(
        self, entry: Entry, offset: int = 0
    ) -> Iterator[tuple[Callable[[int], bytes], Callable[[], bool]]]:
        now = self._now(entry)
        if now is None:
            raise vanished(entry)
        if now.signature != entry.signature:
            raise CollectError(
                "transfer", "%(name)s changed before it was read", name=entry.name
            )
        if offset and offset == entry.size:
            yield lambda _size: b"", lambda: self._is_there(entry)
            return
        what = "%(name)s cannot be opened: %(problem)s"
        with self._asking("transfer", what, entry.name):
            folder = self._path(entry.folder)
            download = self._client.download(folder, entry.remote_name, offset)

        def read(size: int) -> bytes:
            with self._transferring(entry):
                return download.read(size)

        def is_unchanged() -> bool:
            with self._transferring(entry):
                is_whole = download.is_at_end()
            return is_whole and self._is_there(entry)

        try:
            yield read, is_unchanged
        finally:
            self._leave(download)

    def _leave(self, download) -> None:
        """A session that does not find out of a transfer is of no more use."""
        try:
            if self.is_open:
                download.close()
        except BROKEN:
            self.close()

    def _reading_on(
        self, entry: Entry, offset: int
    ) -> AbstractContextManager[tuple[Callable[[int], bytes], Callable[[], bool]]]:
        self.close()
        same_server = replace(self.settings, host_key=self.host_key or "")
        self._client, _key = _open_session(same_server, False)
        return self._reading(entry, offset)

    def _now(self, entry: Entry) -> Entry | None:
        """What an entry's name stands for now."""
        with self._asking("transfer", NAMED, entry.name):
            facts = self._client.facts(self._path(entry.folder), entry.remote_name)
        if facts is None or facts.kind != "file":
            return None
        return self._entry_of(entry.remote_name, facts, entry.folder)

    # === AFTERWARDS === #

    def _is_there(self, entry: Entry) -> bool:
        if not is_plain_name(entry.remote_name):
            return False
        now = self._now(entry)
        return now is not None and now.signature == entry.signature

    def _delete(self, entry: Entry) -> None:
        what = "%(name)s is stored but cannot be deleted: %(problem)s"
        with self._asking("transfer", what, entry.name):
            self._client.remove(self._path(entry.folder), entry.remote_name)

    def _move(self, entry: Entry, parts: list[str]) -> None:
        what = "%(name)s is stored but cannot be moved: %(problem)s"
        with self._asking("transfer", what, entry.name):
            folder = self._make_folders([*map(str.encode, parts), *entry.folders])
            for name in new_names(entry):
                # Servers overwrite what has the new name, so it is asked for before.
                if self._client.facts(folder, name) is None:
                    target = posixpath.join(folder, name)
                    source = self._path(entry.folder)
                    self._client.move(source, entry.remote_name, target)
                    return

    def _make_folders(self, parts: list[bytes]) -> bytes:
        folder = self._directory
        for part in parts:
            folder = posixpath.join(folder, part)
            self._client.make_folder(folder)
        return folder

    def _path(self, folder: bytes) -> bytes:
        return posixpath.join(self._directory, folder) if folder else self._directory

    # === ERRORS === #

    @contextmanager
    def _asking(
        self, reason: str, text: str = "%(problem)s", name: str = ""
    ) -> Iterator[None]:
        """Turn what goes wrong while the server is asked into our own error.

        A session that broke is closed, so that nobody waits for it once more.
        """
        try:
            yield
        except BROKEN as error:
            told = {"name": name, "problem": _words(error)}
            if _is_answer(error) and self.is_open:
                raise CollectError(reason, text, **told) from error
            self.close()
            raise CollectError("transfer", text, **told) from error

    @contextmanager
    def _transferring(self, entry: Entry) -> Iterator[None]:
        """The same while a file comes; whatever happens, a new session goes on."""
        try:
            yield
        except BROKEN as error:
            self.close()
            raise CollectError(
                "transfer", NAMED, name=entry.name, problem=_words(error)
            ) from error


# === CONNECTING === #


def _open_session(settings: Settings, probe: bool) -> tuple[FtpClient, str | None]:
    """A session that is logged in, and the certificate that may be pinned."""
    if not settings.host.strip():
        raise CollectError("unreachable", "no host is set")
    check = partial(check_pinned, settings=settings, probe=probe)
    client = FtpClient(tls_context(settings), check, PATIENCE)
    client.set_pasv(settings.passive)
    try:
        host_key = _connect(client, settings, probe)
        _log_in(client, settings)
        client.timeout = SILENCE
        client.sock.settimeout(SILENCE)
    except BaseException:
        client.close()
        raise
    return client, host_key


def _connect(client: FtpClient, settings: Settings, probe: bool) -> str | None:
    secure = settings.protocol == "ftps"
    implicit = secure and settings.implicit_tls
    port = settings.port or (IMPLICIT_PORT if implicit else PORT)
    try:
        client.start(settings.host.strip(), port, implicit)
        if secure and not implicit:
            _begin_tls(client)
    except ssl.SSLCertVerificationError as error:
        raise refused_certificate(error) from error
    except ssl.SSLError as error:
        raise _no_tls(error) from error
    except (*BROKEN, OverflowError) as error:
        raise CollectError("unreachable", _words(error)) from error
    return check_pinned(client.sock, settings, probe) if secure else None


def _begin_tls(client: FtpClient) -> None:
    try:
        client.secure()
    except ftplib.error_perm as error:
        raise _no_tls(error) from error


def _no_tls(error: Exception) -> CollectError:
    text = "the server speaks no TLS that we know (%(problem)s)"
    return CollectError("unreachable", text, problem=_words(error))


def _log_in(client: FtpClient, settings: Settings) -> None:
    user, password = wire(settings.username), wire(settings.password)
    try:
        client.login(user, password, secure=False)
        if settings.protocol == "ftps":
            client.protect_data()
        client.ask_features()
    except ftplib.error_perm as error:
        # A server may repeat what it got.
        words = _words(error)
        if settings.password:
            words = words.replace(settings.password, HIDDEN)
        raise CollectError("refused_login", words) from error
    except BROKEN as error:
        raise CollectError("unreachable", _words(error)) from error


def _is_answer(error: Exception) -> bool:
    """Whether the server answered, if only with a refusal: the session is fine."""
    answered = isinstance(error, ftplib.error_perm | ftplib.error_temp)
    return answered and not str(error).startswith("421")


def _words(error: Exception) -> str:
    words = {
        ConnectionRefusedError: "nothing listens on this port",
        TimeoutError: "no answer in time",
        socket.gaierror: "no such host name",
        EOFError: "the server closed the connection",
    }
    known = words.get(type(error))
    return known or getattr(error, "strerror", None) or str(error) or "no answer"

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A directory of an SFTP server."""

import logging
import posixpath
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace

import paramiko

from .contract import (
    CollectError,
    Connection,
    Entry,
    Settings,
    is_plain_name,
    new_names,
    vanished,
)
from .sftp_client import SftpClient
from .ssh_keys import HostKey, load_private_key
from .subfolders import walk

PATIENCE = 15.0
"""Seconds to wait for the network, the handshake, the login, a new channel."""
SILENCE = 60.0
"""Seconds without an answer after which a session counts as broken."""
KEEPALIVE = 30
# What happens is told by CollectError; paramiko's own words, with whole tracebacks
# for every server that is down, only come where somebody lowers this logger's level.
PARAMIKO_LOG = f"{__name__}.paramiko"
logging.getLogger(PARAMIKO_LOG).setLevel(logging.CRITICAL)

BROKEN = (OSError, EOFError, ValueError, paramiko.SSHException, paramiko.SFTPError)
"""What paramiko raises for a session that broke or an answer that makes no sense."""
NAMED = "%(name)s: %(problem)s"
"""How it is told when the server does not answer a question about a file."""


@contextmanager
def open_sftp(settings: Settings, probe: bool = False) -> Iterator[Connection]:
    """Connect and log in, in this order: key readable, server reached, its key right,
    and only then credentials.

    :param probe: trust a server whose key is not pinned yet
    :raise CollectError: when any of these steps fails
    """
    connection = SftpConnection(settings, *_open_session(settings, probe))
    try:
        connection.check_directory()
        yield connection
    finally:
        connection.close()


def _open_session(settings: Settings, probe: bool) -> tuple[SftpClient, str]:
    """A session, and the key of the server that it is with."""
    key = load_private_key(settings) if settings.private_key else None
    transport = _open_transport(settings)
    try:
        host_key = _start_session(transport)
        _check_host_key(host_key, settings.host_key, probe)
        _log_in(transport, settings, key)
        return _open_client(transport), str(host_key)
    except BaseException:
        transport.close()
        raise


class SftpConnection(Connection):
    """Files of a directory of a server and perhaps its subfolders, without links."""

    def __init__(self, settings: Settings, client: SftpClient, host_key: str) -> None:
        super().__init__(settings)
        self.host_key = host_key
        self._client = client
        self._directory = settings.directory.encode("utf-8", "surrogateescape")

    @property
    def is_open(self) -> bool:
        return self._client.get_channel().get_transport().is_active()

    def close(self) -> None:
        """End the session, also one that hangs."""
        self._client.get_channel().get_transport().close()

    def check_directory(self) -> None:
        """:raise CollectError: ``no_directory`` where it is none that we may see."""
        with self._asking("no_directory"):
            status = self._client.stat(self._directory)
        if status.st_mode is not None and not stat.S_ISDIR(status.st_mode):
            raise CollectError("no_directory", "it is not a directory")

    def _entries(self) -> Iterator[Entry]:
        return walk(self.settings, self._scan, self.problems)

    def _scan(self, folder: bytes) -> tuple[list[Entry], list[bytes]]:
        entries, folders = [], []
        with self._asking("no_directory"):
            if folder and not _is_folder(self._client.lstat(self._path(folder))):
                return [], []
            path = self._path(folder) if folder else self._directory
            for remote_name, attributes in self._client.scan(path):
                if is_plain_name(remote_name) and _is_file(attributes):
                    entries.append(self._entry_of(remote_name, attributes, folder))
                elif _is_folder(attributes):
                    folders.append(remote_name)
        return entries, folders

    def _entry_of(
        self, remote_name: bytes, attributes: paramiko.SFTPAttributes, folder: bytes
    ) -> Entry:
        modified = attributes.st_mtime or 0
        return Entry.of(
            self.settings.directory,
            remote_name,
            attributes.st_size or 0,
            modified,
            str(modified),
            folder,
        )

    @contextmanager
    def _reading(
        self, entry: Entry, offset: int = 0
    ) -> Iterator[tuple[Callable[[int], bytes], Callable[[], bool]]]:
        what = "%(name)s cannot be opened: %(problem)s"
        with self._asking("transfer", what, entry.name, entry):
            file = self._client.open(self._path(entry.relative_path), "rb")
        reader = self._client.read_ahead(file.handle, entry.size, offset)

        def read(size: int) -> bytes:
            with self._asking("transfer", NAMED, entry.name):
                return reader.read(size)

        def is_unchanged() -> bool:
            with self._asking("transfer", NAMED, entry.name):
                now = self._entry_of(entry.remote_name, file.stat(), entry.folder)
            return now.signature == entry.signature

        try:
            if not is_unchanged():
                raise CollectError(
                    "transfer", "%(name)s changed before it was read", name=entry.name
                )
            yield read, is_unchanged
        finally:
            with suppress(*BROKEN):
                file.close()

    def _reading_on(
        self, entry: Entry, offset: int
    ) -> AbstractContextManager[tuple[Callable[[int], bytes], Callable[[], bool]]]:
        self.close()
        same_server = replace(self.settings, host_key=self.host_key or "")
        self._client, _key = _open_session(same_server, False)
        return self._reading(entry, offset)

    def _is_there(self, entry: Entry) -> bool:
        if not is_plain_name(entry.remote_name):
            return False
        with self._asking("transfer", NAMED, entry.name):
            attributes = self._status(self._path(entry.relative_path))
        if attributes is None or not _is_file(attributes):
            return False
        now = self._entry_of(entry.remote_name, attributes, entry.folder)
        return now.signature == entry.signature

    def _delete(self, entry: Entry) -> None:
        what = "%(name)s is stored but cannot be deleted: %(problem)s"
        with self._asking("transfer", what, entry.name):
            self._client.remove(self._path(entry.relative_path))

    def _move(self, entry: Entry, parts: list[str]) -> None:
        what = "%(name)s is stored but cannot be moved: %(problem)s"
        with self._asking("transfer", what, entry.name):
            folder = self._make_folders([*map(str.encode, parts), *entry.folders])
            for name in new_names(entry):
                if self._rename(entry.relative_path, posixpath.join(folder, name)):
                    return

    def _make_folders(self, parts: list[bytes]) -> bytes:
        folder = self._directory
        for part in parts:
            folder = posixpath.join(folder, part)
            if self._status(folder) is None:
                self._client.mkdir(folder)
        return folder

    def _rename(self, relative_path: bytes, target: bytes) -> bool:
        """Give a file a new path; False when there is something of that path.

        Servers are to refuse a taken name by themselves. Not all of them do, so it is
        asked for before; and those that do may not say why, so it is asked for after.
        """
        if self._status(target) is not None:
            return False
        try:
            self._client.rename(self._path(relative_path), target)
        except OSError:
            if self._status(target) is None:
                raise
            return False
        return True

    def _status(self, path: bytes) -> paramiko.SFTPAttributes | None:
        try:
            return self._client.lstat(path)
        except FileNotFoundError:
            return None

    def _path(self, relative_path: bytes) -> bytes:
        return posixpath.join(self._directory, relative_path)

    @contextmanager
    def _asking(
        self,
        reason: str,
        text: str = "%(problem)s",
        name: str = "",
        entry: Entry | None = None,
    ) -> Iterator[None]:
        """Turn what goes wrong while the server is asked into our own error.

        :param entry: the file that is said to be gone where it is not there
        A session that broke is closed, so that nobody waits for it once more.
        """
        try:
            yield
        except BROKEN as error:
            if entry is not None and isinstance(error, FileNotFoundError):
                raise vanished(entry) from error
            told = {"name": name, "problem": _words(error)}
            if _is_answer(error) and self.is_open:
                raise CollectError(reason, text, **told) from error
            self._client.get_channel().get_transport().close()
            raise CollectError("transfer", text, **told) from error


# === CONNECTING === #


def _open_transport(settings: Settings) -> paramiko.Transport:
    if not settings.host.strip():
        raise CollectError("unreachable", "no host is set")
    address = (settings.host.strip(), settings.port or 22)
    try:
        connected = socket.create_connection(address, PATIENCE)
    except (OSError, OverflowError, ValueError) as error:
        raise CollectError("unreachable", _words(error)) from error
    try:
        transport = paramiko.Transport(connected)
    except BROKEN as error:
        connected.close()
        raise CollectError("unreachable", _words(error)) from error
    transport.set_log_channel(PARAMIKO_LOG)
    transport.banner_timeout = transport.handshake_timeout = PATIENCE
    transport.auth_timeout = transport.channel_timeout = PATIENCE
    prefer_key_types(transport, HostKey.types_of(settings.host_key))
    return transport


def prefer_key_types(transport: paramiko.Transport, types: list[str]) -> None:
    """Ask the server first for a host key of the type that is pinned."""
    options = transport.get_security_options()
    known = list(options.key_types)
    first = [name for name in types if name in known]
    options.key_types = first + [name for name in known if name not in first]


def _start_session(transport: paramiko.Transport) -> HostKey:
    try:
        transport.start_client(timeout=PATIENCE)
        transport.set_keepalive(KEEPALIVE)
        return HostKey.of(transport.get_remote_server_key())
    except BROKEN as error:
        text = "what answers there is no SSH server that we can talk to (%(error)s)"
        raise CollectError("unreachable", text, error=error) from error


def _check_host_key(shown: HostKey, pinned: str, probe: bool) -> None:
    if not pinned.strip():
        if not probe:
            raise CollectError("host_key_missing", shown.fingerprint)
    elif not shown.is_in(pinned):
        raise CollectError("host_key_changed", shown.fingerprint)


def _log_in(
    transport: paramiko.Transport, settings: Settings, key: paramiko.PKey | None
) -> None:
    """Try the key, then the password; servers may also want both."""
    refusal = CollectError(
        "refused_login", "neither a password nor a private key is set"
    )
    if key is not None:
        refusal = _try(transport, transport.auth_publickey, settings.username, key)
    if settings.password and not transport.is_authenticated():
        refusal = _try(
            transport, transport.auth_password, settings.username, settings.password
        )
    if not transport.is_authenticated():
        raise refusal


def _try(transport: paramiko.Transport, method: Callable, *credentials) -> CollectError:
    """Log in by one method; the error that it is where that is not enough."""
    try:
        wanted = method(*credentials)
    except paramiko.BadAuthenticationType as error:
        types = ", ".join(error.allowed_types)
        return CollectError(
            "refused_login", "the server only takes %(types)s", types=types
        )
    except paramiko.AuthenticationException as error:
        if transport.is_active() and "timeout" in str(error):
            raise CollectError("unreachable", "no answer to the login") from error
        return CollectError("refused_login", _words(error))
    except BROKEN as error:
        raise CollectError("unreachable", _words(error)) from error
    types = ", ".join(wanted)
    return CollectError("refused_login", "the server also wants %(types)s", types=types)


def _open_client(transport: paramiko.Transport) -> SftpClient:
    try:
        client = SftpClient.from_transport(transport)
        client.get_channel().settimeout(SILENCE)
    except BROKEN as error:
        text = "the server let us in, but gives no SFTP (%(problem)s)"
        raise CollectError("unreachable", text, problem=_words(error)) from error
    return client


def _is_file(attributes: paramiko.SFTPAttributes) -> bool:
    """A regular file. Servers that tell no mode may tell it by a line as of ``ls``."""
    if attributes.st_mode is not None:
        return stat.S_ISREG(attributes.st_mode)
    return getattr(attributes, "longname", "")[:1] not in tuple("dlbcps")


def _is_folder(attributes: paramiko.SFTPAttributes) -> bool:
    """A folder, and no link to one."""
    if attributes.st_mode is not None:
        return stat.S_ISDIR(attributes.st_mode)
    return getattr(attributes, "longname", "")[:1] == "d"


def _is_answer(error: Exception) -> bool:
    """Whether the server answered, if only with a refusal: the session is fine."""
    lost = (ConnectionError, TimeoutError, EOFError)
    return isinstance(error, OSError) and not isinstance(error, lost)


def _words(error: Exception) -> str:
    words = {
        FileNotFoundError: "it does not exist",
        PermissionError: "no permission",
        ConnectionRefusedError: "nothing listens on this port",
        TimeoutError: "no answer in time",
        socket.gaierror: "no such host name",
        EOFError: "the server closed the connection",
    }
    return words.get(type(error)) or getattr(error, "strerror", None) or str(error)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What every protocol has in common: settings, entries, errors, and their rules."""

import fnmatch
import hashlib
import io
import os
import posixpath
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import Any, BinaryIO

REASONS = frozenset(
    {
        "host_key_changed",
        "host_key_missing",
        "unreachable",
        "refused_login",
        "bad_key",
        "certificate_changed",
        "certificate_missing",
        "certificate_refused",
        "no_directory",
        "too_large",
        "transfer",
        "bad_request",
        "refused_access",
        "api_error",
        "cut",
        "no_table",
    }
)
DAY = 86400
SECOND_LOOK = 1.0
"""Seconds between the two looks at files that changed lately."""
RESUME_PAUSES = (0.1, 1.0, 3.0)
"""Seconds to wait before each try to go on with a transfer that broke."""
BUFFER = 1 << 18
LONGEST_NAME = 255
LONGEST_SIGNATURE = 1000
"""Characters: PostgreSQL refuses to index values that are much longer."""


class CollectError(Exception):
    """Something that kept a file or a place out of reach.

    :ivar reason: one of :data:`REASONS`
    :ivar found: what was met, in a few words for the user, without secrets
    :ivar wording: the same, to be told in another language: its ``text`` and the
        ``values`` for the names in it
    """

    def __init__(self, reason: str, text: str = "", **values: object) -> None:
        """Say what was met.

        :param text: a few words in English; with values, ``%(name)s`` stands for one
        :param values: what was met; ``problem`` is a few words, to be told like text
        """
        if reason not in REASONS:
            raise ValueError(f"unknown reason: {reason}")
        self.reason = reason
        shown = {name: printable(str(value))[:300] for name, value in values.items()}
        self.found = printable(text % shown if values else text)[:300]
        self.wording = _wording(text if values else self.found, shown)
        super().__init__(f"{reason}: {self.found}")


def _wording(text: str, values: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = dict(values)
    if "problem" in told:
        told["problem"] = {"text": told["problem"].rstrip(".")}
    return {"text": text.rstrip("."), "values": told}


def printable(text: str) -> str:
    """A text that can be shown and stored: no control characters, no half ones."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else "_" for c in text).strip()


@dataclass(frozen=True)
class Settings:
    """How to reach a place, and what to do there. Its repr shows no secret."""

    protocol: str = ""
    host: str = ""
    port: int = 22
    username: str = ""
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    private_key_passphrase: str = field(default="", repr=False)
    host_key: str = ""
    directory: str = "."
    file_pattern: str = "*"
    after_collect: str = "keep"
    move_directory: str = "collected"
    settle_seconds: int = 60
    with_subfolders: bool = False
    passive: bool = True
    implicit_tls: bool = False
    certificate_check: str = "authority"
    allowed_roots: tuple[str, ...] = ()
    max_bytes: int = 0
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What a protocol of its own needs beside, as plain data."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Settings":
        """The settings that are known here; empty ones (but 0) take their default."""
        kinds = {setting.name: setting.type for setting in fields(cls)}
        given = {
            name: value
            for name, value in values.items()
            if name in kinds
            and not (value is None or value == "")
            and (value is not False or kinds[name] is bool)
        }
        given["allowed_roots"] = tuple(given.get("allowed_roots") or ())
        return cls(**given)

    def matches(self, name: str) -> bool:
        """Whether a file of this name is wanted.

        Patterns know ``*`` and ``?`` and mind no case; one that begins with ``!``
        leaves names out. As in a shell, a hidden name is only matched by a pattern
        that begins with the dot: upload tools give hidden names to files on their way.
        """
        patterns = self.file_pattern.split()
        wanted = [word for word in patterns if not word.startswith("!")] or ["*"]
        unwanted = [word[1:] for word in patterns if word.startswith("!")]
        return any(_matches(name, word) for word in wanted) and not any(
            _matches(name, word) for word in unwanted
        )

    def move_parts(self) -> list[str]:
        """The names, one below the other, of the folder for collected files."""
        parts = [p for p in self.move_directory.split("/") if p not in ("", ".")]
        absolute = self.move_directory.startswith("/")
        if absolute or not parts or ".." in parts or "\0" in self.move_directory:
            raise CollectError(
                "no_directory",
                "files can only be moved to a subfolder, such as 'collected', "
                "not to %(directory)s",
                directory=repr(self.move_directory),
            )
        return parts


def _matches(name: str, pattern: str) -> bool:
    hidden_too = pattern.startswith(".") or not name.startswith(".")
    literal = pattern.lower().replace("[", "[[]")
    return hidden_too and fnmatch.fnmatchcase(name.lower(), literal)


@dataclass(frozen=True)
class Entry:
    """One file at the source, as it was when it was listed.

    :ivar name: the file's name, fit to be shown and stored
    :ivar path: the configured directory and the name, fit to be shown
    :ivar modified: seconds since 1970, as the server says; 0 when it does not
    :ivar signature: tells this state of this file from any other
    :ivar remote_name: the name as the server has it, byte for byte
    :ivar folder: the folders below the configured directory, with ``/`` between them,
        byte for byte; empty for the directory itself
    :ivar sha256: of its bytes, where they are known before they are read
    """

    name: str
    path: str
    size: int
    modified: int
    signature: str
    remote_name: bytes = field(repr=False)
    folder: bytes = field(default=b"", repr=False)
    sha256: str = ""

    @classmethod
    def of(
        cls,
        directory: str,
        remote_name: bytes,
        size: int,
        modified: float,
        stamp: str,
        folder: bytes = b"",
    ) -> "Entry":
        """An entry for what a server told.

        :param stamp: the time of the last change, as exact as the server has it
        """
        name = readable_name(remote_name)
        parts = [directory.rstrip("/"), *map(readable_name, folder.split(b"/")), name]
        if not folder:
            del parts[1]
        return cls(
            name=name,
            path=printable("/".join(parts)),
            size=size,
            modified=int(modified),
            signature=_signature(
                directory, posixpath.join(folder, remote_name), size, stamp
            ),
            remote_name=remote_name,
            folder=folder,
        )

    @property
    def relative_path(self) -> bytes:
        """Folders and name, below the configured directory."""
        return posixpath.join(self.folder, self.remote_name)

    @property
    def folders(self) -> list[bytes]:
        """The folders below the configured directory, one below the other."""
        return self.folder.split(b"/") if self.folder else []


def readable_name(remote_name: bytes) -> str:
    """A file name as text: UTF-8, else what Western servers mostly use."""
    try:
        text = remote_name.decode("utf-8")
    except UnicodeDecodeError:
        text = remote_name.decode("cp1252", "replace")
    return printable(text) or "_"


def is_plain_name(remote_name: bytes) -> bool:
    """Whether a name stays inside its directory. A server could tell any bytes."""
    return (
        remote_name not in (b"", b".", b"..")
        and b"/" not in remote_name
        and b"\0" not in remote_name
    )


def _signature(directory: str, remote_name: bytes, size: int, stamp: str) -> str:
    # Backslashes are doubled, so that no two byte strings give the same text.
    path = os.path.join(os.fsencode(directory), remote_name).replace(b"\\", b"\\\\")
    text = path.decode("utf-8", "backslashreplace")
    if len(text) > LONGEST_SIGNATURE:
        text = hashlib.sha256(path).hexdigest()
    return f"{text}|{size}|{stamp}"


class Connection(ABC):
    """A place to fetch files from. Every protocol fills in the abstract methods.

    :ivar host_key: what is to be pinned: the server's public key, as ``ssh-ed25519
        AAAA...``, or the fingerprint of its certificate; None where there is none
    :ivar problems: folders that could not be looked into, when files were listed
    :ivar reached: how far the source has been collected, for protocols that ask from
        there the next time; None where nothing is to be remembered
    """

    host_key: str | None = None
    reached: Any = None

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.problems: list[CollectError] = []

    # === FOR THE CALLER === #

    @property
    def is_open(self) -> bool:
        """Whether it makes sense to go on after an error with one file."""
        return True

    def list_files(self) -> list[Entry]:
        """The files to collect, by name: wanted, regular, and at rest.

        A file is at rest when it has not changed for ``settle_seconds``. Clocks can
        differ and files can be stamped with any time, so what seems to have changed
        within a day, or lies more than a day ahead, must also look the same a moment
        later. Less than a day ahead is taken for a clock that is fast: the file waits.
        """
        found = sorted(self._wanted(), key=lambda entry: entry.relative_path)
        settle = self.settings.settle_seconds
        if settle <= 0:
            return found
        now = time.time()
        found = [entry for entry in found if _may_be_at_rest(entry, now, settle)]
        if not any(_is_doubtful(entry, now) for entry in found):
            return found
        time.sleep(min(SECOND_LOOK, settle))
        again = {entry.signature for entry in self._wanted()}
        return [entry for entry in found if entry.signature in again]

    @contextmanager
    def open(self, entry: Entry) -> Iterator[BinaryIO]:
        """A stream of the file's bytes, read in blocks.

        Reading its end raises :class:`CollectError` when the file is not the one that
        was listed any more: what was read so far is then not to be used. When the
        session breaks, the protocols that can go on where it broke, in another.
        """
        limit = self.settings.max_bytes
        if limit and entry.size > limit:
            raise CollectError(
                "too_large",
                "%(name)s has %(size)s bytes, the limit is %(limit)s",
                name=entry.name,
                size=entry.size,
                limit=limit,
            )
        with _Transfer(self, entry) as transfer:
            raw = _CheckedStream(entry, transfer.read, transfer.is_unchanged)
            with io.BufferedReader(raw, BUFFER) as stream:
                yield stream
                raw.check_end()

    def finish(self, entry: Entry) -> bool:
        """Do at the source what is to be done with a file that is stored here.

        Only the file that was listed is touched: one that changed since stays.

        :return: whether it was moved or deleted
        """
        after = self.settings.after_collect
        if after not in ("move", "delete"):
            return False
        parts = self.settings.move_parts() if after == "move" else []
        if not self._is_there(entry):
            return False
        if after == "delete":
            self._delete(entry)
        else:
            self._move(entry, parts)
        return True

    # === FOR THE PROTOCOLS === #

    @abstractmethod
    def _entries(self) -> Iterator[Entry]:
        """Every regular file in the directory."""

    @abstractmethod
    def _reading(
        self, entry: Entry
    ) -> AbstractContextManager[tuple[Callable[[int], bytes], Callable[[], bool]]]:
        """Two functions for an open file: read bytes, and tell if it is the same."""

    def _reading_on(
        self, entry: Entry, offset: int
    ) -> AbstractContextManager[tuple[Callable[[int], bytes], Callable[[], bool]]]:
        """The same in a new session, from a byte on. Protocols that can, override it.

        :raise CollectError: where there is no new session, or the file is another now
        """
        raise CollectError("transfer", "%(name)s broke off", name=entry.name)

    @abstractmethod
    def _is_there(self, entry: Entry) -> bool:
        """Whether the file still is what was listed."""

    @abstractmethod
    def _delete(self, entry: Entry) -> None:
        """Take the file away for good."""

    @abstractmethod
    def _move(self, entry: Entry, parts: list[str]) -> None:
        """Move the file to a subfolder, under the first free of its new names."""

    def _wanted(self) -> Iterator[Entry]:
        self.problems = []
        for entry in self._entries():
            if self.settings.matches(entry.name):
                yield entry


def new_names(entry: Entry) -> Iterator[bytes]:
    """The names to try for a file that moves: its own, then with its time, a count."""
    yield entry.remote_name
    stem, extension = os.path.splitext(entry.remote_name)
    extension = extension[:50]
    stamp = datetime.fromtimestamp(entry.modified, timezone.utc).strftime(
        "-%Y%m%d%H%M%S"
    )
    for count in range(1, 10_000):
        suffix = (stamp if count == 1 else f"{stamp}-{count}").encode()
        kept = LONGEST_NAME - len(suffix) - len(extension)
        yield stem[:kept] + suffix + extension
    raise CollectError(
        "transfer", "%(name)s has no free name to be moved to", name=entry.name
    )


def vanished(entry: Entry) -> CollectError:
    """The error for a file that was listed and is not there any more."""
    return CollectError("transfer", "%(name)s is not there any more", name=entry.name)


def _may_be_at_rest(entry: Entry, now: float, settle: int) -> bool:
    age = now - entry.modified
    return age >= settle or age < -DAY


def _is_doubtful(entry: Entry, now: float) -> bool:
    return not entry.modified or now - entry.modified < DAY


class _Transfer:
    """The bytes of one file, over a new session where the old one broke."""

    def __init__(self, connection: Connection, entry: Entry) -> None:
        self._connection = connection
        self._entry = entry
        self._offset = 0
        self._tries = 0
        self._session = ExitStack()

    def __enter__(self) -> "_Transfer":
        self._start(self._connection._reading(self._entry))
        return self

    def __exit__(self, *exception) -> bool | None:
        return self._session.__exit__(*exception)

    def read(self, size: int) -> bytes:
        """At most so many bytes, and none at the end only."""
        data = self._trying(lambda: self._read(size))
        self._offset += len(data)
        return data

    def is_unchanged(self) -> bool:
        """Whether the file is the same still."""
        return self._trying(lambda: self._is_unchanged())

    def _start(self, reading) -> None:
        self._read, self._is_unchanged = self._session.enter_context(reading)

    def _trying(self, ask: Callable):
        """What is asked, again and again as long as a new session goes further."""
        while True:
            try:
                answer = ask()
            except CollectError as error:
                if self._connection.is_open:
                    raise
                self._go_on(error)
            else:
                self._tries = 0 if answer else self._tries
                return answer

    def _go_on(self, broken: CollectError) -> None:
        """Open a new session, or tell how the old one broke."""
        while self._tries < len(RESUME_PAUSES):
            time.sleep(RESUME_PAUSES[self._tries])
            self._tries += 1
            self._session.close()
            try:
                self._start(self._connection._reading_on(self._entry, self._offset))
            except CollectError as error:
                if self._connection.is_open:
                    raise
                if error.reason not in ("transfer", "unreachable"):
                    raise
            else:
                return
        raise broken


class _CheckedStream(io.RawIOBase):
    """A file's bytes, of which the last is only given when all were right."""

    def __init__(
        self,
        entry: Entry,
        read: Callable[[int], bytes],
        is_unchanged: Callable[[], bool],
    ) -> None:
        super().__init__()
        self.entry = entry
        self.left = entry.size
        self._read = read
        self._is_unchanged = is_unchanged
        self._is_checked = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        wanted = min(len(buffer), self.left)
        data = self._read(wanted) if wanted else b""
        if wanted and not data:
            size = self.entry.size
            self._fail(
                "%(name)s ended after %(count)s of its %(size)s bytes",
                count=size - self.left,
                size=size,
            )
        buffer[: len(data)] = data
        self.left -= len(data)
        self.check_end()
        return len(data)

    def check_end(self) -> None:
        """Compare with what was listed, once everything is read."""
        if self.left or self._is_checked:
            return
        if not self._is_unchanged():
            self._fail("%(name)s changed while it was read")
        self._is_checked = True

    def _fail(self, what: str, **values: int) -> None:
        raise CollectError("transfer", what, name=self.entry.name, **values)

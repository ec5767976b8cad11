# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bytes on disk before anything else is done with them.

A folder holds the spool of one source. While bytes come they are appended to a file
*.open*, and synced to the disk. Then it becomes a file *.ready*, cut behind a line's
end. What a broken connection left of a line becomes a file *.partial*. Whoever takes a
file over removes it, so that a crash at any moment leaves every byte on the disk.
"""

import calendar
import errno
import fcntl
import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

OPEN, READY, PARTIAL = ".open", ".ready", ".partial"
LARGEST = 8 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
"""Bytes: what goes on longer without a line's end is no line."""
STATE = "state.json"
STAMP = "%Y%m%dT%H%M%S"
PARTER = "_"


class SpoolBusy(Exception):
    """Another process works with this spool."""


@dataclass(frozen=True)
class SpoolFile:
    """A file that can be taken over.

    :ivar stem: tells it from any other of this spool, also later: when it began, which
        strand it is of, where that came from, as `Strand` names them
    :ivar is_partial: it holds the beginning of a line, whose end never came
    """

    path: Path
    stem: str
    is_partial: bool

    @property
    def key(self) -> str:
        """The same, also told from what was cut off it."""
        return self.path.name

    @property
    def name(self) -> str:
        """When its first bytes came."""
        return self.stem.split(PARTER)[0]

    @property
    def began(self) -> float:
        """The same as epoch seconds."""
        stamp, _, micro = self.name.partition("-")
        return calendar.timegm(time.strptime(stamp, STAMP)) + int(micro) / 1_000_000

    @property
    def strand(self) -> str:
        """The connection that it came by."""
        return [*self.stem.split(PARTER, 2), ""][1]

    @property
    def origin(self) -> str:
        """Where that connection came from; "" where there is but one place."""
        return [*self.stem.split(PARTER, 2), "", ""][2]

    def open(self) -> BinaryIO:
        """Its bytes."""
        return open(self.path, "rb")

    def remove(self) -> None:
        """Take it away: its bytes are stored elsewhere."""
        _remove(self.path)


class Spool:
    """The spool of one source, for one process at a time."""

    def __init__(self, directory: Path, largest: int = LARGEST) -> None:
        """Open it, and end what a process that died left open.

        :param largest: bytes from which a file is handed over at once
        :raises SpoolBusy: where another process has it
        """
        self.directory = directory
        self.largest = largest
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._strands: set[Strand] = set()
        self._guard = threading.Lock()
        self._last = 0
        self._lock = open(directory / "lock", "w")  # noqa: SIM115 open while we live
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise SpoolBusy(f"Another process works in {directory.name}.") from error

    def recover(self) -> None:
        """End the files of a process that died, as if its connections had broken."""
        for path in sorted(self.directory.glob(f"*{OPEN}")):
            _end(path, tail_is_line=False)

    def cut_back(self, name: str, size: int) -> None:
        """Take off what a file that was left open holds behind its first bytes.

        For senders that can be asked for it again.
        """
        path = self.directory / f"{name}{OPEN}"
        if name and path.exists() and path.stat().st_size > size:
            os.truncate(path, size)

    def close(self) -> None:
        """End every file and let another process come."""
        for strand in list(self._strands):
            strand.close()
        self._lock.close()

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        _remove(self.directory / name)

    @contextmanager
    def strand(
        self, tail_is_line: bool = False, origin: str = ""
    ) -> Iterator["Strand"]:
        """The way of one connection's bytes to the disk; ended behind it.

        :param origin: where it comes from, where there may be several places
        """
        strand = self.begin(tail_is_line, origin)
        try:
            yield strand
        finally:
            strand.close()
            with self._guard:
                self._strands.discard(strand)

    def begin(self, tail_is_line: bool = False, origin: str = "") -> "Strand":
        """The same for who ends it himself."""
        strand = Strand(self, tail_is_line, origin)
        with self._guard:
            self._strands.add(strand)
        return strand

    def hand_over(self) -> list[SpoolFile]:
        """End the lines that came so far; what can be taken over, oldest first."""
        with self._guard:
            strands = list(self._strands)
        for strand in strands:
            strand.rotate()
        found = [
            SpoolFile(path, path.stem, path.suffix == PARTIAL)
            for path in self.directory.iterdir()
            if path.suffix in (READY, PARTIAL)
        ]
        return sorted(found, key=lambda file: (file.stem, file.is_partial))

    # === WHAT A FOLLOWED LOG FILE MUST REMEMBER === #

    def read_state(self, name: str = STATE) -> dict[str, Any]:
        """What was kept last under a name; empty where nothing was."""
        with suppress(FileNotFoundError, ValueError):
            return json.loads((self.directory / name).read_text())
        return {}

    def write_state(self, state: dict[str, Any], name: str = STATE) -> None:
        """Keep it, at once and whole."""
        new = self.directory / f"{name}.new"
        with open(new, "w") as stream:
            json.dump(state, stream)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self.directory / name)
        _sync_directory(self.directory)

    def new_name(self) -> str:
        """A name that none had before, in the order of time."""
        with self._guard:
            self._last = max(time.time_ns() // 1000, self._last + 1)
            seconds, micro = divmod(self._last, 1_000_000)
        stamp = time.strftime(STAMP, time.gmtime(seconds))
        return f"{stamp}-{micro:06}"


class Strand:
    """The bytes of one connection, in their order."""

    def __init__(self, spool: Spool, tail_is_line: bool, origin: str = "") -> None:
        self._spool = spool
        self._tail_is_line = tail_is_line
        self._id = spool.new_name()
        self._origin = re.sub(r"[^0-9A-Za-z.]", "-", origin)
        self._guard = threading.Lock()
        self._path: Path | None = None
        self._stream = None
        self._size = 0

    @property
    def name(self) -> str:
        """The file that the next bytes go to; "" where there is none yet."""
        return self._path.stem if self._path else ""

    @property
    def size(self) -> int:
        """Bytes in that file."""
        return self._size

    def append(self, data: bytes) -> None:
        """Write bytes behind the others, and have the disk hold them.

        :raises OSError: where it can not; then none of them is in the file
        """
        with self._guard:
            self._append(data)
        if self._size >= self._spool.largest:
            self.rotate()

    def _append(self, data: bytes) -> None:
        if self._stream is None:
            name = self._spool.new_name()
            self._begin(PARTER.join([name, self._id, self._origin]).rstrip(PARTER))
        try:
            if os.write(self._stream, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fdatasync(self._stream)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._stream, self._size)
            raise
        self._size += len(data)

    def _begin(self, name: str) -> None:
        """Open the file of a name, to append to it."""
        self._path = self._spool.directory / f"{name}{OPEN}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._stream = os.open(self._path, flags, 0o600)
        self._size = os.fstat(self._stream).st_size
        _sync_directory(self._path.parent)

    def rotate(self) -> None:
        """Make the whole lines ready; the rest begins the next file."""
        with self._guard:
            if self._stream is None or not self._size:
                return
            data = self._path.read_bytes()
            cut = line_end(data)
            if len(data) - cut >= LONGEST_LINE:
                self._end(tail_is_line=False)
            elif cut:
                self._split(data, cut)

    def _split(self, data: bytes, cut: int) -> None:
        """End the file at a place, and begin another with what is behind it."""
        path, stream = self._path, self._stream
        self._stream, self._size = None, 0
        if data[cut:]:
            try:
                self._append(data[cut:])
            except OSError:
                self._path.unlink(missing_ok=True)
                self._path, self._stream, self._size = path, stream, len(data)
                raise
        os.close(stream)
        os.truncate(path, cut)
        _rename(path, path.with_suffix(READY))

    def close(self) -> None:
        """End the file: what comes behind it belongs to another connection."""
        with self._guard:
            if self._stream is not None:
                self._end(self._tail_is_line)

    def _end(self, tail_is_line: bool) -> None:
        os.close(self._stream)
        self._stream, self._size = None, 0
        _end(self._path, tail_is_line)


def line_end(data: bytes) -> int:
    """Place behind the last end of a line; 0 where there is none."""
    return max(data.rfind(b"\n"), data.rfind(b"\r")) + 1


def _end(path: Path, tail_is_line: bool) -> None:
    """Make the whole lines ready, and what stands behind them partial."""
    data = path.read_bytes()
    cut = len(data) if tail_is_line else line_end(data)
    if data[cut:].strip():
        _write(path.with_suffix(PARTIAL), data[cut:])
    if data[:cut].strip():
        if cut < len(data):
            os.truncate(path, cut)
        _rename(path, path.with_suffix(READY))
    else:
        path.unlink()
        _sync_directory(path.parent)


def _write(path: Path, data: bytes) -> None:
    with open(path, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _rename(path: Path, target: Path) -> None:
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())
    path.rename(target)
    _sync_directory(path.parent)


def _remove(path: Path) -> None:
    if path.exists():
        path.unlink()
        _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    """Have the disk hold the names in a directory."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

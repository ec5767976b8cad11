# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Archives as streams of their members, in bounded memory."""

import gzip
import io
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .exceptions import ArchiveError

ZIP_HEADS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
GZIP_HEAD = b"\x1f\x8b"
# Zip files by their bytes, but one document each: not for us to take apart.
DOCUMENTS = (".xlsx", ".xlsm", ".ods", ".docx", ".odt")
MAX_DEPTH = 2
# A member of a few bytes may well grow by more than the ratio.
RATIO_FREE_BYTES = 1024 * 1024
DAMAGES = (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, ValueError)


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may grow to.

    :ivar members: files in it, those of nested archives included
    :ivar total_bytes: bytes of all of them, unpacked
    :ivar ratio: unpacked bytes for one packed byte, in each member
    """

    members: int = 1000
    total_bytes: int = 4 * 1024**3
    ratio: int = 200


@dataclass(frozen=True)
class Member:
    """One file of an archive: its name inside and its bytes, read once, forward."""

    name: str
    stream: BinaryIO


@dataclass
class Budget:
    """What is left of the limits, over all members of one archive."""

    limits: ArchiveLimits
    members: int = 0
    bytes: int = 0

    def add_member(self, name: str) -> None:
        """Count a member; ArchiveError where there are too many."""
        self.members += 1
        if self.members > self.limits.members:
            raise ArchiveError(
                "members",
                "The archive holds more than %(limit)s files.",
                name,
                limit=self.limits.members,
            )

    def add_bytes(self, count: int, name: str) -> None:
        """Count unpacked bytes; ArchiveError where there are too many."""
        self.bytes += count
        if self.bytes > self.limits.total_bytes:
            limit = self.limits.total_bytes
            raise _bomb(name, "more than %(limit)s bytes in all", limit=limit)


class GuardedStream(io.RawIOBase):
    """The bytes of a member, counted while they are unpacked.

    :raises ArchiveError: on reading: bomb, truncated, damaged
    """

    def __init__(
        self, source: BinaryIO, packed: BinaryIO | int, name: str, budget: Budget
    ) -> None:
        """`packed`: the packed size in bytes, or the stream that is being unpacked."""
        super().__init__()
        self._source = source
        self._packed = packed
        self._start = 0 if isinstance(packed, int) else packed.tell()
        self._name = name
        self._budget = budget
        self._count = 0

    def readable(self) -> bool:
        """Yes: that is all it does."""
        return True

    def readinto(self, buffer: bytearray) -> int:
        """Unpack into the buffer; 0 at the end."""
        try:
            data = self._source.read(len(buffer))
        except EOFError as error:
            raise ArchiveError(
                "truncated",
                "'%(found)s' ends before its end: get the file again.",
                self._name,
            ) from error
        except DAMAGES as error:
            raise _damaged(self._name, error) from error
        self._check(len(data))
        buffer[: len(data)] = data
        return len(data)

    def _check(self, count: int) -> None:
        """Count what came; ArchiveError where it is out of proportion."""
        self._count += count
        self._budget.add_bytes(count, self._name)
        ratio = self._budget.limits.ratio
        if self._count > RATIO_FREE_BYTES + ratio * self._packed_bytes():
            raise _bomb(
                self._name, "more than %(ratio)s times its packed size", ratio=ratio
            )

    def _packed_bytes(self) -> int:
        """Packed bytes that what came so far was made of."""
        if isinstance(self._packed, int):
            return self._packed
        return self._packed.tell() - self._start


def is_archive(head: bytes, name: str = "") -> bool:
    """Whether a file that starts so is an archive to be unpacked.

    The content decides; the name only tells office documents from zip files.
    """
    if head.startswith(GZIP_HEAD):
        return True
    return head.startswith(ZIP_HEADS) and not name.lower().endswith(DOCUMENTS)


def members(
    stream: BinaryIO, name: str, limits: ArchiveLimits | None = None
) -> Iterator[Member]:
    """The files in a zip or gzip file, those of a nested archive in its place.

    A plain file is its own only member. Each member must be read before the next
    is asked for. Folders and `__MACOSX/` are left out.

    :param stream: a zip file must be seekable
    :param name: file name, for messages and as the name of a gzip file's content
    :raises ArchiveError: bomb, members, path, encrypted, truncated, damaged, nested;
        also from reading a member's stream
    """
    yield from _unpack(stream, name, Budget(limits or ArchiveLimits()), MAX_DEPTH)


def _unpack(
    stream: BinaryIO, name: str, budget: Budget, depth: int
) -> Iterator[Member]:
    """Members of what may be an archive, `depth` levels deep at most."""
    head = stream.read(4)
    stream.seek(0)
    if not is_archive(head, name):
        budget.add_member(name)
        yield Member(name, stream)
    elif not depth:
        raise ArchiveError(
            "nested",
            "'%(found)s' is an archive in an archive in an archive: unpack it first.",
            name,
        )
    elif head.startswith(GZIP_HEAD):
        yield from _gzip_members(stream, name, budget, depth)
    else:
        yield from _zip_members(stream, name, budget, depth)


def _gzip_members(
    stream: BinaryIO, name: str, budget: Budget, depth: int
) -> Iterator[Member]:
    """The one file in a gzip file."""
    inner = name[:-3] if name.lower().endswith(".gz") else name
    with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked:
        guarded = GuardedStream(unpacked, stream, inner, budget)
        yield from _nested(guarded, inner, budget, depth - 1)


def _zip_members(
    stream: BinaryIO, name: str, budget: Budget, depth: int
) -> Iterator[Member]:
    """The files in a zip file, all of them checked before the first is given."""
    try:
        archive = zipfile.ZipFile(stream)
    except DAMAGES as error:
        raise _damaged(name, error) from error
    with archive:
        entries = [entry for entry in archive.infolist() if _is_file(entry)]
        _check_entries(entries, budget)
        for entry in entries:
            with _opened(archive, entry) as unpacked:
                guarded = GuardedStream(
                    unpacked, entry.compress_size, entry.filename, budget
                )
                yield from _nested(guarded, entry.filename, budget, depth - 1)


def _nested(
    guarded: GuardedStream, name: str, budget: Budget, depth: int
) -> Iterator[Member]:
    """A member, or its own members where it is an archive."""
    buffered = io.BufferedReader(guarded, 256 * 1024)
    if not is_archive(buffered.peek(4)[:4], name):
        budget.add_member(name)
        yield Member(name, buffered)
        return
    yield from _unpack(_spooled(buffered), name, budget, depth)


def _spooled(stream: BinaryIO) -> BinaryIO:
    """A nested archive in a place where it can be sought in: disk, once it is big."""
    place = tempfile.SpooledTemporaryFile(max_size=8 * 1024**2)  # noqa: SIM115
    shutil.copyfileobj(stream, place)
    place.seek(0)
    return place


def _opened(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BinaryIO:
    """An entry's bytes; ArchiveError where the archive contradicts itself."""
    try:
        return archive.open(entry)
    except (RuntimeError, *DAMAGES) as error:
        raise _damaged(entry.filename, error) from error


def _is_file(entry: zipfile.ZipInfo) -> bool:
    """Whether it is a file that somebody put there on purpose."""
    return not entry.is_dir() and not entry.filename.startswith("__MACOSX/")


def _check_entries(entries: list[zipfile.ZipInfo], budget: Budget) -> None:
    """ArchiveError where the table of contents alone shows something forbidden."""
    left = budget.limits.members - budget.members
    if len(entries) > left:
        raise ArchiveError(
            "members",
            "The archive holds %(found)s files, %(limit)s are allowed.",
            len(entries),
            limit=left,
        )
    for entry in entries:
        _check_entry(entry)
    declared = sum(entry.file_size for entry in entries)
    if budget.bytes + declared > budget.limits.total_bytes:
        limit = budget.limits.total_bytes
        text = "%(size)s bytes, %(limit)s allowed"
        raise _bomb("archive", text, size=declared, limit=limit)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """ArchiveError where an entry names a forbidden place, or is not readable."""
    name = entry.filename
    parts = name.replace("\\", "/").split("/")
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    if not all(parts) or ".." in parts or ":" in parts[0] or is_link:
        raise ArchiveError(
            "path",
            "'%(found)s' in the archive is a link or names a place outside of it: "
            "pack the files by their plain names.",
            name,
        )
    if entry.flag_bits & 0x1:
        raise ArchiveError(
            "encrypted",
            "'%(found)s' in the archive is encrypted: send it without a password.",
            name,
        )


def _bomb(name: str, what: str, **values: int) -> ArchiveError:
    """The error for what unpacks to more than it may."""
    return ArchiveError(
        "bomb",
        "'%(found)s' unpacks to too much: %(what)s. Split the file.",
        name,
        what={"text": what, "values": values},
    )


def _damaged(name: str, error: Exception) -> ArchiveError:
    """The error for what cannot be unpacked."""
    return ArchiveError(
        "damaged",
        "'%(found)s' is damaged (%(error)s): get the file again.",
        name,
        error=error,
    )

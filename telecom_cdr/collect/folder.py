# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A directory of this machine, often a mounted one."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from .contract import (
    CollectError,
    Connection,
    Entry,
    Settings,
    is_plain_name,
    new_names,
    vanished,
)
from .subfolders import walk

READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def open_folder(settings: Settings, _probe: bool = False) -> Iterator[Connection]:
    """Connect to a directory: from here on it is held open, whatever its name becomes.

    :raise CollectError: ``no_directory``: it is missing, closed to us or not allowed
    """
    descriptor = _open_directory(settings)
    try:
        yield FolderConnection(settings, descriptor)
    finally:
        os.close(descriptor)


class FolderConnection(Connection):
    """Files of one directory and perhaps its subfolders, without symbolic links."""

    def __init__(self, settings: Settings, descriptor: int) -> None:
        super().__init__(settings)
        self._directory = descriptor

    def _entries(self) -> Iterator[Entry]:
        return walk(self.settings, self._scan, self.problems)

    def _scan(self, folder: bytes) -> tuple[list[Entry], list[bytes]]:
        entries, folders = [], []
        try:
            with self._below(folder.split(b"/") if folder else []) as descriptor:
                for name in map(os.fsencode, os.listdir(descriptor)):
                    status = _status(name, descriptor)
                    if entry := self._entry_of(name, status, folder):
                        entries.append(entry)
                    elif status and stat.S_ISDIR(status.st_mode):
                        folders.append(name)
        except OSError as error:
            raise CollectError("no_directory", _words(error)) from error
        return entries, folders

    def _entry_of(
        self, remote_name: bytes, status: os.stat_result | None, folder: bytes
    ) -> Entry | None:
        """What a name stands for now; None unless it is a regular file."""
        if status is None or not stat.S_ISREG(status.st_mode):
            return None
        return Entry.of(
            self.settings.directory,
            remote_name,
            status.st_size,
            status.st_mtime,
            str(status.st_mtime_ns),
            folder,
        )

    @contextmanager
    def _reading(
        self, entry: Entry
    ) -> Iterator[tuple[Callable[[int], bytes], Callable[[], bool]]]:
        descriptor = self._open_file(entry)

        def read(size: int) -> bytes:
            with _transferring(entry, "%(name)s cannot be read: %(problem)s"):
                return os.read(descriptor, size)

        def is_unchanged() -> bool:
            status = os.fstat(descriptor)
            now = self._entry_of(entry.remote_name, status, entry.folder)
            return now is not None and now.signature == entry.signature

        try:
            if not is_unchanged():
                raise CollectError(
                    "transfer", "%(name)s changed before it was read", name=entry.name
                )
            yield read, is_unchanged
        finally:
            os.close(descriptor)

    def _open_file(self, entry: Entry) -> int:
        if not is_plain_name(entry.remote_name):
            raise vanished(entry)
        try:
            with self._below(entry.folders) as folder:
                return os.open(entry.remote_name, READ_FLAGS, dir_fd=folder)
        except FileNotFoundError as error:
            raise vanished(entry) from error
        except OSError as error:
            raise CollectError(
                "transfer",
                "%(name)s cannot be read: %(problem)s",
                name=entry.name,
                problem=_words(error),
            ) from error

    def _is_there(self, entry: Entry) -> bool:
        if not is_plain_name(entry.remote_name):
            return False
        try:
            with self._below(entry.folders) as folder:
                status = _status(entry.remote_name, folder)
        except OSError:
            return False
        now = self._entry_of(entry.remote_name, status, entry.folder)
        return now is not None and now.signature == entry.signature

    def _delete(self, entry: Entry) -> None:
        what = "%(name)s is stored but cannot be deleted: %(problem)s"
        with _transferring(entry, what), self._below(entry.folders) as folder:
            os.unlink(entry.remote_name, dir_fd=folder)

    def _move(self, entry: Entry, parts: list[str]) -> None:
        what = "%(name)s is stored but cannot be moved: %(problem)s"
        with (
            _transferring(entry, what),
            self._below(entry.folders) as folder,
            self._below([*map(os.fsencode, parts), *entry.folders], True) as target,
        ):
            _rename(entry, folder, target)

    @contextmanager
    def _below(self, parts: Iterable[bytes], make: bool = False) -> Iterator[int]:
        """A folder below this directory, open; no link on the way is followed.

        :param make: make what is missing
        """
        descriptor = os.dup(self._directory)
        try:
            for part in parts:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, 0o770, dir_fd=descriptor)
                below = os.open(part, FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)


def _status(remote_name: bytes, folder: int) -> os.stat_result | None:
    try:
        return os.stat(remote_name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None


def _rename(entry: Entry, source: int, target: int) -> None:
    """Move between two open folders. An empty file of ours holds the new name first,
    so that no file of anybody else can be overwritten."""
    for name in new_names(entry):
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            os.close(os.open(name, flags, 0o600, dir_fd=target))
        except FileExistsError:
            continue
        try:
            os.rename(entry.remote_name, name, src_dir_fd=source, dst_dir_fd=target)
        except OSError:
            os.unlink(name, dir_fd=target)
            raise
        return


def _open_directory(settings: Settings) -> int:
    directory = settings.directory
    if not os.path.isabs(directory) or "\0" in directory:
        raise CollectError(
            "no_directory", "it is not a whole path, one that begins with /"
        )
    real = os.path.realpath(directory)
    if not is_allowed(real, settings.allowed_roots):
        roots = ", ".join(settings.allowed_roots)
        raise CollectError(
            "no_directory", "only these and what is below: %(roots)s", roots=roots
        )
    try:
        return os.open(real, FOLDER_FLAGS | os.O_NOFOLLOW)
    except OSError as error:
        raise CollectError("no_directory", _words(error)) from error


def is_allowed(real_path: str, roots: Iterable[str]) -> bool:
    """Whether a resolved path is one of the roots or below one; no roots: any path."""
    resolved = [os.path.realpath(root) for root in roots]
    return not resolved or any(
        os.path.commonpath([real_path, root]) == root for root in resolved
    )


@contextmanager
def _transferring(entry: Entry, what: str) -> Iterator[None]:
    """Errors of the system, told as one of this file."""
    try:
        yield
    except OSError as error:
        raise CollectError(
            "transfer", what, name=entry.name, problem=_words(error)
        ) from error


def _words(error: OSError) -> str:
    words = {
        FileNotFoundError: "it does not exist",
        NotADirectoryError: "it is not a directory",
        PermissionError: "no permission",
    }
    return words.get(type(error)) or error.strerror or type(error).__name__

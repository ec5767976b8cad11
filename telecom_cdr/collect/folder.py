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
    """Files of one directory, without its subfolders and without symbolic links."""

    def __init__(self, settings: Settings, descriptor: int) -> None:
        super().__init__(settings)
        self._directory = descriptor

    def _entries(self) -> Iterator[Entry]:
        try:
            names = os.listdir(self._directory)
        except OSError as error:
            raise CollectError("no_directory", _words(error)) from error
        for name in names:
            if entry := self._entry(os.fsencode(name)):
                yield entry

    def _entry(self, remote_name: bytes) -> Entry | None:
        """What a name stands for now; None unless it is a regular file."""
        try:
            status = os.stat(remote_name, dir_fd=self._directory, follow_symlinks=False)
        except OSError:
            return None
        return self._entry_of(remote_name, status)

    def _entry_of(self, remote_name: bytes, status: os.stat_result) -> Entry | None:
        if not stat.S_ISREG(status.st_mode):
            return None
        return Entry.of(
            self.settings.directory,
            remote_name,
            status.st_size,
            status.st_mtime,
            str(status.st_mtime_ns),
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
            now = self._entry_of(entry.remote_name, os.fstat(descriptor))
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
            return os.open(entry.remote_name, READ_FLAGS, dir_fd=self._directory)
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
        now = self._entry(entry.remote_name)
        return now is not None and now.signature == entry.signature

    def _delete(self, entry: Entry) -> None:
        what = "%(name)s is stored but cannot be deleted: %(problem)s"
        with _transferring(entry, what):
            os.unlink(entry.remote_name, dir_fd=self._directory)

    def _move(self, entry: Entry, parts: list[str]) -> None:
        what = "%(name)s is stored but cannot be moved: %(problem)s"
        with (
            _transferring(entry, what),
            self._subfolder(parts) as folder,
        ):
            _rename(entry, self._directory, folder)

    @contextmanager
    def _subfolder(self, parts: Iterable[str]) -> Iterator[int]:
        """The folder below this directory, made if need be; links are not followed."""
        descriptor = os.dup(self._directory)
        try:
            for part in parts:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o770, dir_fd=descriptor)
                below = os.open(part, FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)


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

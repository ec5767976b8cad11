# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The way through the folders below a directory."""

import posixpath
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from .contract import CollectError, Entry, Settings, is_plain_name, readable_name

DEPTH = 8
"""Levels below the directory that are looked into."""
IN_FOLDER = "%(name)s: %(problem)s"

Scan = Callable[[bytes], tuple[Iterable[Entry], Iterable[bytes]]]
"""The files of a folder, given by its way below the directory, and the names of the
folders in it: real ones, no links."""


def walk(
    settings: Settings, scan: Scan, problems: list[CollectError]
) -> Iterator[Entry]:
    """The files of the directory and, where the settings say so, of what is below.

    :param problems: gets the error of each subfolder that is closed to us; the files
        of the others come
    :raise CollectError: for the directory itself, and for a session that broke
    """
    waiting = deque([b""])
    while waiting:
        folder = waiting.popleft()
        try:
            entries, names = scan(folder)
        except CollectError as error:
            if not folder or error.reason != "no_directory":
                raise
            problems.append(_of_folder(folder, error))
            continue
        yield from entries
        if settings.with_subfolders and _depth(folder) < DEPTH:
            waiting.extend(_wanted(settings, folder, names))


def _depth(folder: bytes) -> int:
    return folder.count(b"/") + 1 if folder else 0


def _wanted(
    settings: Settings, folder: bytes, names: Iterable[bytes]
) -> Iterator[bytes]:
    """All but hidden folders, and the one that collected files are moved to."""
    collected = b""
    if settings.after_collect == "move":
        collected = "/".join(settings.move_parts()).encode()
    for name in sorted(names):
        path = posixpath.join(folder, name)
        if is_plain_name(name) and not name.startswith(b".") and path != collected:
            yield path


def _of_folder(folder: bytes, error: CollectError) -> CollectError:
    name = "/".join(map(readable_name, folder.split(b"/")))
    return CollectError(error.reason, IN_FOLDER, name=name, problem=error.found)

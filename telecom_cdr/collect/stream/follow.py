# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A log file that a PBX writes on this machine, followed through its rotation."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..contract import CollectError
from .receivers import BLOCK, Receiver
from .spool import Strand, line_end

TICK = 0.5
HEAD = 4096
"""Bytes at a file's beginning that tell whether it was written anew in its place."""


class Follower(Receiver):
    """Takes the lines that are appended to a file, once, over restarts of either side.

    Only whole lines are taken: an unfinished one stays in the log until it is whole.
    After each block the place reached is kept, with the size that the spool's file had
    then. A process that dies between both leaves lines in the spool that are ahead of
    the place: the next one takes them off there, since it reads them again.
    """

    def _recover(self) -> None:
        state = self.spool.read_state()
        self.spool.cut_back(state.get("spool", ""), state.get("size", 0))
        super()._recover()

    def _receive(self) -> None:
        self._check_root()
        with self.spool.strand(self.settings.tail_is_line) as strand:
            while not self.is_stopping:
                self._follow(strand, self.spool.read_state())
                self._stop.wait(TICK)

    def _check_root(self) -> None:
        roots = [Path(root).resolve() for root in self.settings.allowed_roots]
        path = Path(self.settings.path).resolve()
        if roots and not any(path.is_relative_to(root) for root in roots):
            what = "%(path)s is outside of the folders that may be read"
            raise CollectError("no_directory", what, path=self.settings.path)

    def _follow(self, strand: Strand, state: dict) -> None:
        """Take what is new in the file, and before it in the one that it was."""
        path = Path(self.settings.path)
        try:
            with open(path, "rb") as stream:
                if state and not _is_same(stream, state):
                    self._finish_old(strand, state)
                    state = {}
                self._take(strand, stream, state)
        except FileNotFoundError as error:
            what = "%(path)s is not there"
            raise CollectError("no_directory", what, path=str(path)) from error
        self.problem = None

    def _finish_old(self, strand: Strand, state: dict) -> None:
        """The rest of the file that was rotated away, if it is still beside."""
        for path in _siblings(Path(self.settings.path)):
            with open(path, "rb") as stream:
                if _is_same(stream, state):
                    self._take(strand, stream, state)
                    if rest := stream.read():
                        self._keep(strand, rest)
                    break
        # A line that the rotation cut does not go on in the new file.
        strand.close()
        self.spool.write_state({})

    def _take(self, strand: Strand, stream: BinaryIO, state: dict) -> None:
        """Append the whole lines behind the place of a file to the spool."""
        offset = state.get("offset", 0)
        stream.seek(offset)
        while not self.is_stopping and (data := stream.read(BLOCK)):
            if state and not _is_same(stream, state):
                return  # written anew in its place just now: the next look sees it
            whole = data[: line_end(data)]
            if not whole and len(data) < BLOCK:
                break
            # What goes on for so long without a line's end is no line.
            whole = whole or data
            self._keep(strand, whole)
            offset += len(whole)
            state = _state(stream, offset, strand)
            self.spool.write_state(state)
            stream.seek(offset)
        stream.seek(offset)


def _state(stream: BinaryIO, offset: int, strand: Strand) -> dict:
    """The place that was reached, and how to know the file again."""
    count = min(offset, HEAD)
    return {
        "inode": os.fstat(stream.fileno()).st_ino,
        "head": [count, _digest(stream, count)],
        "offset": offset,
        "spool": strand.name,
        "size": strand.size,
    }


def _digest(stream: BinaryIO, count: int) -> str:
    """Tells the first bytes of a file from any others."""
    return hashlib.sha256(os.pread(stream.fileno(), count, 0)).hexdigest()


def _is_same(stream: BinaryIO, state: dict) -> bool:
    """Whether it is the file that was followed, and was not written anew since."""
    status = os.fstat(stream.fileno())
    count, digest = state["head"]
    return (
        status.st_ino == state["inode"]
        and status.st_size >= state["offset"]
        and _digest(stream, count) == digest
    )


def _siblings(path: Path) -> Iterator[Path]:
    """Files that a log file may have become: same folder, its name in the beginning."""
    for entry in sorted(path.parent.glob(f"{path.stem}*")):
        if entry != path and entry.is_file() and not entry.is_symlink():
            yield entry

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The test of a file that takes longer than one run of a scheduled action may.

Its table outlives transactions: each chunk is committed with what is known by then, and
the next run goes on there. Nothing of it is left but the results.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, BinaryIO

from odoo import models
from odoo.tools import SQL

from ..parsers.archives import is_archive
from ..parsers.reader import Position
from .call_trial import HEAD_BYTES, CallTrial

Keep = Callable[[dict[str, Any], int], Any]
"""Commits what is known by then and how many bytes are read; gives the time left."""


class OutOfTime(Exception):
    """The next run goes on."""


def drop_table(env, table: str) -> None:
    """Drop what a test has read."""
    env.cr.execute(SQL("DROP TABLE IF EXISTS %s", SQL.identifier(table)))


class LongTrial(CallTrial):
    """A test that goes on where it was: between chunks, or members of an archive."""

    def __init__(
        self, file: models.BaseModel, table: str, known: dict[str, Any], keep: Keep
    ) -> None:
        super().__init__(file)
        self.table, self._keep = table, keep
        self.counts = Counter(known.get("counts") or {})
        self.rejected = Counter(known.get("rejected") or {})
        self.samples = known.get("samples") or {}
        self.failures = known.get("failures") or []
        self._position = known.get("position")
        self._done = known.get("done", 0)
        self._at = 0
        self._is_begun = bool(known)

    def _create_table(self):
        if self._is_begun:
            return
        drop_table(self.env, self.table)
        self.env.cr.execute(SQL("CREATE TABLE %s (LIKE telecom_call)", self.calls))
        self.env.cr.execute(
            SQL("ALTER TABLE %s ALTER COLUMN id DROP NOT NULL", self.calls)
        )

    def test(self, stream: BinaryIO, name: str) -> None:
        """Read on; OutOfTime where there is more than the time allows."""
        self._is_packed = is_archive(stream.read(HEAD_BYTES), name)
        stream.seek(0)
        return super().test(stream, name)

    def _test_one(self, stream, name):
        """One file, from where the last run ended; members of archives as a whole."""
        self._at += 1
        if self._at <= self._done:
            return
        super()._test_one(stream, name)
        self._done, self._position = self._at, None
        self._save(0)

    def _chunks(self, stream, position):
        if self._position and not self._is_packed:
            position = Position.from_dict(self._position)
            self._count_earlier_keys(stream, position)
            stream.seek(0)
        yield from super()._chunks(stream, position)

    def _take(self, chunk):
        self._take_in(chunk)
        if not self._is_packed:
            self._position = chunk.position.to_dict()
            self._save(chunk.position.offset)

    def _take_in(self, chunk):
        """Do with a chunk what the test is about."""
        return super()._take(chunk)

    def _known(self):
        """What the next run has to know."""
        return {
            "counts": dict(self.counts),
            "rejected": dict(self.rejected),
            "samples": self.samples,
            "failures": self.failures,
            "position": self._position,
            "done": self._done,
        }

    def _save(self, offset):
        if not self._keep(self._known(), offset):
            raise OutOfTime

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reads, matches and prices a file as an import does, and stores nothing of it.

Calls go into a table that the transaction drops at its end, chunk by chunk: what they
come to is asked of it, and memory does not grow with the file.
"""

from collections import Counter
from dataclasses import replace
from typing import BinaryIO

from odoo import fields, models
from odoo.tools import SQL

from ..parsers.archives import ArchiveLimits, is_archive, members
from ..parsers.exceptions import ParserError
from ..parsers.reader import unbalanced
from .call_import import CallImport
from .call_table import copy_rows
from .rating_tables import load_tables

SAMPLES = 5
HEAD_BYTES = 512
TRIAL_TABLE = "telecom_trial_call"
# Which rows of the table are shown as what is wrong.
PROBLEMS = ("unmatched", "unrated", "late")
LOSS = SQL("c.rating_state = 'rated' AND c.margin < 0")


class CallTrial(CallImport):
    """One test of a file.

    :ivar calls: its table
    :ivar counts: rows, duplicates in the file, skipped, merged, rejected
    :ivar rejected: rejected rows by reason
    :ivar samples: the first rejected rows by reason
    :ivar failures: name and wording of what could not be read at all
    """

    def __init__(self, file: models.BaseModel) -> None:
        super().__init__(file)
        self.batch = {**self.batch, "file_id": 0}
        self.table = TRIAL_TABLE
        self.counts: Counter = Counter()
        self.rejected: Counter = Counter()
        self.samples: dict[str, list] = {}
        self.failures: list[tuple[str, dict]] = []

    def test(self, stream: BinaryIO, name: str) -> None:
        """Read a file, or the members of an archive, into the table of trials."""
        self._create_table()
        self._read(stream, name)

    def _read(self, stream, name):
        self.tables = load_tables(self.env, self.company)
        head = stream.read(HEAD_BYTES)
        stream.seek(0)
        try:
            if is_archive(head, name):
                self._test_members(stream, name)
            else:
                self._test_one(stream, name)
        except ParserError as error:
            self.failures.append((name, error.wording))

    @property
    def calls(self) -> SQL:
        """The table, for queries."""
        return SQL.identifier(self.table)

    def _create_table(self):
        for query in (
            SQL("DROP TABLE IF EXISTS %s", self.calls),
            SQL("CREATE TEMP TABLE %s (LIKE telecom_call) ON COMMIT DROP", self.calls),
            SQL("ALTER TABLE %s ALTER COLUMN id DROP NOT NULL", self.calls),
        ):
            self.env.cr.execute(query)

    def _test_members(self, stream, name):
        parameters = self.env["ir.config_parameter"].sudo()
        limit = int(parameters.get_param("telecom_cdr.archive_limit_mb", 2048))
        limits = ArchiveLimits(total_bytes=limit * 1024 * 1024)
        for member in members(stream, name, limits):
            self._test_one(member.stream, member.name)

    def _test_one(self, stream, name):
        """One file; equal rows are numbered through each file by itself."""
        self.counter = type(self.counter)()
        self.context = replace(self.context, file_name=name)
        position = None
        try:
            for chunk in self._chunks(stream, None):
                self._take(chunk)
                position = chunk.position
        except ParserError as error:
            self.failures.append((name, error.wording))
            return
        if position:
            found = unbalanced(self.spec, position)
            self.failures.extend((name, wording) for wording in found)

    def _came_on(self, file):
        """A file that is tested only came just now."""
        if file.create_date:
            return super()._came_on(file)
        return fields.Date.context_today(file.with_context(tz=self.carrier.tz))

    def _take(self, chunk):
        copy_rows(self.env, self.table, chunk.encoded)
        self._count(chunk)

    def _count(self, chunk):
        """Count what becomes of the rows, and keep the first that are rejected."""
        self.counts.update(
            rows=chunk.rows,
            calls=len(chunk.calls),
            duplicates=chunk.repeats,
            skipped=chunk.skipped,
            merged=chunk.merged,
            rejected=len(chunk.rejections),
        )
        for row in chunk.rejections.itertuples():
            self.rejected[row.reason] += 1
            kept = self.samples.setdefault(row.reason, [])
            if len(kept) < SAMPLES:
                kept.append((int(row.line_number), row.raw, row.wording))

    # === WHAT CAME OF IT === #

    def known_count(self) -> int:
        """How many of its calls are stored already: they would be duplicates."""
        return self._rows(
            SQL(
                "SELECT count(*) FROM %s t WHERE EXISTS (SELECT FROM telecom_call c"
                " WHERE c.identity = t.identity)",
                self.calls,
            )
        )[0][0]

    def problems(self) -> list[tuple]:
        """Calls that would wait: state, reason, count, seconds."""
        return self._rows(
            SQL(
                "SELECT c.rating_state, c.rating_reason, count(*), sum(c.duration)"
                " FROM %s c WHERE c.rating_state = ANY(%s) GROUP BY 1, 2 ORDER BY 1, 2",
                self.calls,
                list(PROBLEMS),
            )
        )

    def problem_samples(self, state: str, reason: str | None) -> list[tuple]:
        """The first of such calls: line, from, to, seconds."""
        return self._rows(
            SQL(
                "SELECT c.line_number, c.calling_number, c.called_number, c.duration"
                " FROM %s c WHERE c.rating_state = %s"
                " AND c.rating_reason IS NOT DISTINCT FROM %s"
                " ORDER BY c.line_number LIMIT %s",
                self.calls,
                state,
                reason,
                SAMPLES,
            )
        )

    def losses(self) -> list[tuple]:
        """Calls that cost more than they bring: count, seconds, loss."""
        return self._rows(
            SQL(
                "SELECT count(*), sum(c.duration), -sum(c.margin) FROM %s c WHERE %s",
                self.calls,
                LOSS,
            )
        )

    def totals(self, name: str, limit: int) -> list[tuple]:
        """By partner_id or destination_id: id, currency id, calls, seconds, price."""
        return self._rows(
            SQL(
                "SELECT %(name)s, c.currency_id, count(*), sum(c.duration),"
                " sum(c.price) FROM %(calls)s c WHERE c.rating_state = 'rated'"
                " GROUP BY 1, 2 ORDER BY sum(c.price) DESC, count(*) DESC, 1"
                " LIMIT %(limit)s",
                name=SQL.identifier("c", name),
                calls=self.calls,
                limit=limit,
            )
        )

    def _rows(self, query):
        self.env.cr.execute(query)
        return self.env.cr.fetchall()

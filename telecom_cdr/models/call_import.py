# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reads a file into calls, chunk by chunk, each chunk a transaction of its own."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pandas as pd
from psycopg2.errors import SerializationFailure

from odoo import models
from odoo.tools import SQL

from ..engine.identity import KeyCounter, identities
from ..engine.pipeline import match_calls, price_calls
from ..parsers.reader import Position, ReadContext, read
from .call_table import (
    NO_BUNDLE,
    Rows,
    copy_rows,
    encode_calls,
    known_calls,
    mark_used,
    refresh_statistics,
)
from .rating_tables import load_tables

CHUNK = 50_000
CONFLICT = (
    "A call with this unique id is stored with other values, and the data do not "
    "tell which record is the better one."
)
# Two carriers may mark the same rate as used at the same moment.
ATTEMPTS = 5


@dataclass
class Chunk:
    """A batch of a file, ready to be stored.

    :ivar calls: facts, identity, match, cost and price, one row a call
    :ivar encoded: the same calls as rows of the table
    :ivar repeats: rows that repeat a row of this file, where calls are unique
    :ivar skipped: rows that the format or the source leaves out
    """

    calls: pd.DataFrame
    encoded: Rows
    rejections: pd.DataFrame
    rows: int
    repeats: int
    skipped: int
    merged: int
    position: Position


class CallImport:
    """One run over a file, from where the last run ended."""

    def __init__(self, file: models.BaseModel):
        self.file = file
        self.env = file.env
        self.carrier = file.carrier_id
        self.company = file.company_id
        self.format = file.format_id
        self.batch = {
            "company_id": self.company.id,
            "file_id": file.id,
            "carrier_id": self.carrier.id,
        }
        self.keep_unknown = file.source_id.keep_unknown
        self.counter = KeyCounter()
        self.spec = self.format._spec()
        self.is_unique = self.format.keep_first_only
        self.context = ReadContext(
            country=self.carrier.country_id.code,
            time_zone=self.carrier.tz,
            extension_digits=self.carrier.extension_digits,
        )
        self.secret = self.company._telecom_secret()
        self.countries = dict(
            self.env.execute_query(SQL("SELECT code, id FROM res_country"))
        )

    def run(self, stream: BinaryIO, time_left: Callable | None = None) -> None:
        """Store what is left of the file; stop early where no time is left."""
        total = self.file._size()
        position = self._start(stream)
        self.tables = load_tables(self.env, self.company)
        for chunk in prefetch(self._chunks(stream, position)):
            self._store_and_commit(chunk)
            self.file._write_progress(chunk.position.offset, total)
            if time_left and not time_left():
                return
        self._finish()

    def _start(self, stream: BinaryIO) -> Position | None:
        if not self.file.position:
            self.file.write({"state": "processing", **self._no_counts()})
            self.file.rejection_ids.unlink()
            self.file.env["telecom.file"]._mark_used(self.file.ids)
            self.env["telecom.carrier"].sudo()._mark_used(self.carrier.ids)
            return None
        position = Position.from_dict(self.file.position)
        self._count_earlier_keys(stream, position)
        stream.seek(0)
        return position

    def _no_counts(self):
        return dict.fromkeys(
            (
                "row_count",
                "call_count",
                "duplicate_count",
                "skipped_count",
                "merged_count",
                "rejected_count",
            ),
            0,
        )

    def _count_earlier_keys(self, stream, position):
        """Equal rows are numbered through the file: know those already stored."""
        for batch in read(stream, self.spec, self.context, None, CHUNK):
            if batch.position.offset > position.offset:
                return
            self._identities(batch.facts)

    def _identities(self, facts):
        return identities(
            facts, self.carrier.id, self.secret, self.is_unique, self.counter
        )

    # === READING: runs beside the database, touches no cursor === #

    def _chunks(self, stream, position) -> Iterator[Chunk]:
        for batch in read(stream, self.spec, self.context, position, CHUNK):
            yield self._rate(batch)

    def _rate(self, batch) -> Chunk:
        facts = batch.facts.reset_index(drop=True)
        # A visit to one's own country is no roaming.
        at_home = facts["visited_country"] == self.context.country
        facts.loc[at_home, "visited_country"] = None
        keys = self._identities(facts)
        facts["identity"] = keys["identity"]
        repeats = keys["is_repeat"].to_numpy(dtype=bool)
        calls = facts[~repeats]
        calls = match_calls(calls, self.carrier.id, self.tables)
        known = len(calls)
        if not self.keep_unknown:
            calls = calls[calls["number_id"] != 0]
        skipped = known - len(calls)
        calls = price_calls(calls, self.carrier.id, self.tables)
        calls = calls.assign(**NO_BUNDLE)
        return Chunk(
            calls=calls,
            encoded=self._encode(calls),
            rejections=batch.rejections,
            rows=batch.rows,
            repeats=int(repeats.sum()),
            skipped=batch.skipped + skipped,
            merged=batch.merged,
            position=batch.position,
        )

    def _encode(self, calls) -> Rows:
        return encode_calls(calls, self.countries, self.batch)

    # === STORING: one transaction a chunk === #

    def _store_and_commit(self, chunk: Chunk) -> None:
        """Store a chunk; begin anew where somebody changed the same rows meanwhile."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._store(chunk)
                self.file._commit_step()
                return
            except SerializationFailure:
                self.env.cr.rollback()
                self.env.invalidate_all()
                if attempt == ATTEMPTS:
                    raise

    def _store(self, chunk: Chunk) -> None:
        calls, own, duplicates, merged, conflicts = self._against_known(chunk.calls)
        is_whole = len(calls) == len(chunk.calls)
        encoded = chunk.encoded if is_whole else self._encode(calls)
        copy_rows(self.env, "telecom_call", encoded)
        mark_used(self.env, calls)
        self.env["telecom.bundle.pass"]._mark_frame(self.company, calls)
        self._reject(chunk.rejections)
        self._reject(conflicts)
        self._count(
            row_count=chunk.rows,
            call_count=len(calls) + own,
            duplicate_count=chunk.repeats + duplicates,
            skipped_count=chunk.skipped,
            merged_count=chunk.merged + merged,
            rejected_count=len(chunk.rejections) + len(conflicts),
        )
        self.file.position = chunk.position.to_dict()
        if not self.file.period and len(calls):
            self.file.period = calls["day"].min().replace(day=1).date()

    def _against_known(self, calls):
        """Leave out what is stored already, from whatever file.

        A record that comes again under the same unique id with another length
        is the same call: the longer one stands. Where that cannot decide, the
        row waits as a conflict. A file that is read again meets its own calls.

        :return: calls to store; how many rows are stored as this file's calls, are
            duplicates of other files' and are merged; rows that conflict
        """
        none = calls.iloc[:0]
        known = known_calls(self.env, calls["identity"])
        if known.empty:
            return calls, 0, 0, 0, self._conflicts(none)
        pairs = calls.merge(known, on="identity", suffixes=("", "_known"))
        longer = pairs["duration"] > pairs["duration_known"]
        shorter = pairs["duration"] < pairs["duration_known"]
        amount = pairs["carrier_amount_nano"].fillna(-1)
        other_amount = amount != pairs["carrier_amount_nano_known"].fillna(-1)
        is_conflict = (longer & pairs["is_invoiced"]) | (
            ~longer & ~shorter & other_amount & pairs["unique_id"].notna()
        )
        better = pairs[longer & ~is_conflict]
        self._delete(better["id"].tolist())
        stored = calls[
            ~calls["identity"].isin(known["identity"])
            | calls["identity"].isin(better["identity"])
        ]
        merged = int((shorter & ~is_conflict).sum())
        conflicts = self._conflicts(pairs[is_conflict])
        repeats = pairs[~longer & ~shorter & ~is_conflict]
        own = int((repeats["file_id"] == self.file.id).sum())
        return stored, own, len(repeats) - own, merged, conflicts

    def _delete(self, call_ids):
        """Take out the poorer records of calls that came again."""
        if not call_ids:
            return
        self.env["telecom.bundle.pass"]._mark_calls(SQL("c.id = ANY(%s)", call_ids))
        for query in (
            "DELETE FROM telecom_bundle_draw WHERE call_id = ANY(%s)",
            "DELETE FROM telecom_call_release WHERE call_id = ANY(%s)",
            "UPDATE telecom_file f SET call_count = call_count - c.count,"
            " merged_count = merged_count + c.count"
            " FROM (SELECT file_id, count(*) FROM telecom_call WHERE id = ANY(%s)"
            " GROUP BY file_id) c WHERE c.file_id = f.id",
            "DELETE FROM telecom_call WHERE id = ANY(%s)",
        ):
            self.env.cr.execute(query, (call_ids,))
        self.env["telecom.file"].invalidate_model(["call_count", "merged_count"])

    def _conflicts(self, pairs):
        return pd.DataFrame(
            {
                "line_number": pairs["line_number"],
                "raw": pairs["unique_id"],
                "reason": "conflict",
                "found": pairs["unique_id"],
                "wording": [{"text": CONFLICT}] * len(pairs),
            }
        )

    def _reject(self, rejections):
        if rejections.empty:
            return
        self.env["telecom.rejection"].create(
            [
                {
                    "file_id": self.file.id,
                    "line_number": int(row.line_number),
                    "raw": row.raw,
                    "reason": row.reason,
                    "found": row.found,
                    "wording": row.wording,
                }
                for row in rejections.itertuples()
            ]
        )

    def _count(self, **counts):
        self.file.write({name: self.file[name] + n for name, n in counts.items()})

    def _finish(self):
        self.file._set_processed()
        self.env["telecom.bundle.pass"]._run(self.company)
        if self.file.call_count > CHUNK:
            refresh_statistics(self.env, self.file.call_count)
        self.file._commit_step()


def prefetch(items: Iterator, depth: int = 1) -> Iterator:
    """The same items, the next one being made while the present one is used.

    Reading and pricing keep one core busy while PostgreSQL stores on another.
    An error of the maker is raised where its item would have come.
    """
    ready: queue.Queue = queue.Queue(maxsize=depth)
    done = object()
    stop = threading.Event()

    def make():
        try:
            for item in items:
                if not _put(ready, (item, None), stop):
                    return
            _put(ready, (done, None), stop)
        except Exception as error:  # handed over to the consumer, which raises it
            _put(ready, (done, error), stop)

    maker = threading.Thread(target=make, daemon=True, name="telecom-reader")
    maker.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is done:
                return
            yield item
    finally:
        stop.set()
        maker.join()


def _put(ready, item, stop):
    """Wait for a free place; False where nobody wants the item any more."""
    while not stop.is_set():
        try:
            ready.put(item, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reads a file into calls, chunk by chunk, each chunk a transaction of its own."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

import pandas as pd
from psycopg2.errors import SerializationFailure

from odoo import fields, models

from ..engine.identity import KeyCounter, identities
from ..engine.masking import with_hidden
from ..engine.pipeline import match_calls, price_calls
from ..parsers.exceptions import ParserError
from ..parsers.reader import Position, ReadContext, read
from .call_confirmation import Confirmation
from .call_store import load_countries, store_calls
from .call_table import NO_BUNDLE, Rows, encode_calls
from .corrected_rows import CorrectedCounter, CorrectedRows
from .import_run import ImportRun
from .known_calls import KnownCalls
from .row_account import COUNTS, RowAccount

CHUNK = 50_000
# Two carriers may mark the same rate as used at the same moment.
ATTEMPTS = 5


@dataclass
class Chunk:
    """A batch of a file, ready to be stored.

    :ivar calls: facts, identity, match, cost and price, one row a call
    :ivar encoded: the same calls as rows of the table
    :ivar repeats: rows that repeat a row of this file, where calls are unique
    :ivar skipped: rows that the format or the source leaves out
    :ivar days: local days of the first call and of the last one, empty where none is
    """

    calls: pd.DataFrame
    encoded: Rows
    rejections: pd.DataFrame
    rows: int
    repeats: int
    skipped: int
    merged: int
    position: Position
    days: tuple = ()


class CallImport:
    """One run over a file, from where the last run ended."""

    def __init__(self, file: models.BaseModel, run: ImportRun | None = None):
        """Read a file; `run` is what it has in common with others."""
        self.file = file
        self.env = file.env
        self.own_run = ImportRun(file.env) if run is None else None
        self.import_run = run or self.own_run
        self.source = file.source_id
        self.carrier = file.carrier_id
        self.company = file.company_id
        self.format = file.format_id
        self.batch = {
            "company_id": self.company.id,
            "file_id": file.id,
            "carrier_id": self.carrier.id,
        }
        self.keep_unknown = self.source.keep_unknown
        self.counter = KeyCounter()
        self.spec = self.format._spec()
        self.is_unique = self.format.keep_first_only
        self.salt = bytes.fromhex(file.identity_salt or "")
        self.context = self._read_context(file._read_as())
        self.secret = self.company._telecom_secret()
        self.countries = load_countries(self.env)
        self.known = KnownCalls(self.source)
        # New charges are compared with nothing.
        is_confirming = self.source._is_confirming() and not self.salt
        self.confirmation = Confirmation(file) if is_confirming else None

    def _read_context(self, file: models.BaseModel) -> ReadContext:
        return ReadContext(
            country=self.carrier.country_id.code,
            time_zone=self.carrier.tz,
            extension_digits=self.carrier.extension_digits,
            file_date=self._came_on(file),
            file_name=file.name if self.spec.name_values else "",
        )

    def _came_on(self, file):
        """When a file came, by the carrier's clock: times may lack the year."""
        clock = file.with_context(tz=self.carrier.tz)
        return fields.Datetime.context_timestamp(clock, file.create_date).date()

    def run(self, stream: BinaryIO, time_left: Callable | None = None) -> None:
        """Store what is left of the file; stop early where no time is left."""
        total = self.file._size()
        position = self._start(stream)
        self.tables = self.import_run.tables(self.company, self.carrier.id)
        self.version = self.import_run.version(self.company)
        for chunk in prefetch(self._chunks(stream, position)):
            self._store_and_commit(chunk)
            self.file._write_progress(chunk.position.offset, total)
            if time_left and not time_left():
                self._rate_again_if_changed(self.version)
                return
        self._finish()

    def _start(self, stream: BinaryIO) -> Position | None:
        self._count_corrected_keys(stream)
        if not self.file.position:
            self._begin_anew()
            return None
        position = Position.from_dict(self.file.position)
        # The run before may have been killed before it could compare.
        self._rate_again_if_changed(self.file.position.get("priced_with"))
        self._count_earlier_keys(stream, position)
        stream.seek(0)
        return position

    def _begin_anew(self):
        """Forget what an earlier reading of the file counted; its calls stay."""
        self.file.write({"state": "processing", **dict.fromkeys(COUNTS, 0)})
        self.file.write({"date_first": False, "date_last": False})
        self.file.rejection_ids.unlink()
        self.env["telecom.file"]._mark_used(self.file.ids)
        self.env["telecom.carrier"].sudo()._mark_used(self.carrier.ids)
        if self.confirmation:
            self.confirmation.begin()
        # A chunk that meets another transaction begins anew, this does not.
        self.file._commit_step()

    def _count_earlier_keys(self, stream, position):
        """Equal rows are numbered through the file: know those already stored."""
        for batch in read(stream, self.spec, self.context, None, CHUNK):
            if batch.position.order > position.order:
                return
            self._identities(batch.facts)

    def _count_corrected_keys(self, stream):
        """Corrected rows are numbered behind the good ones of the file they come from.

        Unless it comes again as a whole: then they are in this file, too.
        """
        if not (self.file.corrects_id and self._is_part(stream)):
            return
        corrected = CorrectedRows(self.file, self._read_again, self.carrier.id)
        for facts in corrected.good_rows():
            self._identities(facts)
        self.counter = CorrectedCounter(self.counter, corrected)

    def _read_again(self, stream):
        return read(stream, self.spec, self.context, None, CHUNK)

    def _is_part(self, stream):
        """Whether the file has no more rows than it corrects."""
        count = 0
        # What is wrong with it is told by the reading that follows.
        with suppress(ParserError):
            for batch in read(stream, self.spec, self.context, None, CHUNK):
                count += batch.rows
        stream.seek(0)
        return count <= len(self.file.corrected_lines or [])

    def _identities(self, facts):
        return identities(
            facts,
            self.carrier.id,
            self.secret,
            self.is_unique,
            self.counter,
            self.salt,
        )

    # === READING: runs beside the database, touches no cursor === #

    def _chunks(self, stream, position) -> Iterator[Chunk]:
        for batch in read(stream, self.spec, self.context, position, CHUNK):
            yield self._rate(batch)

    def _rate(self, batch) -> Chunk:
        facts = self._at_home(batch.facts.reset_index(drop=True))
        keys = self._identities(facts)
        facts["identity"] = keys["identity"]
        repeats = keys["is_repeat"].to_numpy(dtype=bool)
        calls, unknown = self._priced(facts[~repeats])
        return Chunk(
            calls=calls,
            encoded=self._encode(calls),
            rejections=batch.rejections,
            rows=batch.rows,
            repeats=int(repeats.sum()),
            skipped=batch.skipped + len(unknown),
            merged=batch.merged,
            position=batch.position,
            days=_days(calls),
        )

    def _at_home(self, facts):
        """A visit to one's own country is no roaming."""
        facts.loc[
            facts["visited_country"] == self.context.country, "visited_country"
        ] = None
        return facts

    def _priced(self, facts):
        """Calls as they are to be stored, and the rows of numbers that are not ours."""
        if self.source.id in self.tables.searches:
            facts = facts.assign(source_id=self.source.id)
        calls = match_calls(facts, self.carrier.id, self.tables)
        unknown = calls.iloc[:0]
        if not self.keep_unknown:
            is_ours = (calls["number_id"] != 0) | (calls["partner_id"] != 0)
            calls, unknown = calls[is_ours], calls[~is_ours]
        calls = price_calls(calls, self.carrier.id, self.tables)
        calls = with_hidden(calls.assign(**NO_BUNDLE), self.tables.masking)
        return calls, unknown

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
        account = RowAccount()
        file_id = self.file.id
        account.add(
            file_id,
            row_count=chunk.rows,
            duplicate_count=chunk.repeats,
            skipped_count=chunk.skipped,
            merged_count=chunk.merged,
        )
        account.refuse(chunk.rejections.assign(file_id=file_id))
        # Ahead of the calls: it tells which rows of this file are counted.
        place = chunk.position.to_dict()
        self.file.position = {**place, "priced_with": list(self.version)}
        self._add(chunk.calls.assign(file_id=file_id), chunk.encoded, account)
        account.apply(self.env)
        self._note_days(chunk.days)

    def _add(self, calls: pd.DataFrame, encoded: Rows, account: RowAccount) -> None:
        """Store the calls that are new; the others are counted."""
        if self.confirmation:
            new = self.confirmation.leave_out(calls, account)
        else:
            new = self.known.leave_out(calls, account)
        told = new
        if not self.salt:
            same_calls = self.import_run.same_calls(self.company)
            new = same_calls.leave_out(new, self.source.id, account)
        if self.confirmation:
            self.confirmation.list_stored(told, new["identity"])
        account.count("call_count", new["file_id"])
        is_whole = len(new) == len(calls)
        store_calls(self.company, new, encoded if is_whole else self._encode(new))
        if len(told):
            # Also where another carrier's call stands for it: it is known now.
            self.source._confirm_again(*_days(told))
        customers = new["partner_id"].unique().tolist()
        self.import_run.note(self.company, len(new), customers)

    def _note_days(self, days):
        """The days that the file tells of, and the month that it is listed under."""
        if days:
            file = self.file
            file.date_first = min(filter(None, (file.date_first, days[0])))
            file.date_last = max(filter(None, (file.date_last, days[1])))
            file.period = file.period or days[0].replace(day=1)

    def _rate_again_if_changed(self, version):
        """Have stored calls rated again where prices are others than at their load."""
        if version:
            self.import_run.rate_again_if_changed(self.file, version)
            self.file._commit_step()

    def _finish(self):
        if self.confirmation:
            self.confirmation.finish()
        # Ahead of the state: a file that is processed is not looked at again.
        self._rate_again_if_changed(self.version)
        self.file._settle(self.spec)
        if self.own_run:
            self.own_run.finish()


def _days(calls: pd.DataFrame) -> tuple:
    """Local days of the first call and of the last one."""
    if calls.empty:
        return ()
    return calls["day"].min().date(), calls["day"].max().date()


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

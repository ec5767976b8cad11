# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Small files of one source, read, priced and stored as one batch.

What a batch costs beside its rows is paid once for hundreds of files. Each becomes what
it would have become alone, and a bunch is stored as a whole or not at all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from odoo import models
from odoo.tools import SQL

from ..engine.identity import identities
from ..parsers.archives import is_archive
from ..parsers.reader import ReadContext
from ..parsers.together import read_together
from .call_facts import KEPT, unpack_facts
from .call_import import CallImport, prefetch
from .call_table import Rows
from .import_run import ImportRun
from .known_calls import is_part
from .row_account import RowAccount

SMALL_BYTES = 256 * 1024
BUNCH_BYTES = 4 * 1024 * 1024


class SmallFile(NamedTuple):
    """A file as the reading thread takes it: it touches no database."""

    id: int
    name: str
    path: str
    size: int
    context: ReadContext


@dataclass
class Bunch:
    """Files that are ready to be stored together.

    :ivar counts: name of a count, and of each row that it counts the file's id
    :ivar days: min and max: local days of the first call and the last, by file_id
    :ivar file_ids: what is stored by it
    :ivar alone: ids of files that have to be read one by one
    """

    calls: pd.DataFrame
    encoded: Rows
    rejections: pd.DataFrame
    counts: list[tuple[str, np.ndarray]]
    days: pd.DataFrame
    file_ids: list[int]
    alone: list[int]


class SmallFiles(CallImport):
    """One run over files of one source that have not been begun."""

    def __init__(self, files: models.BaseModel, run: ImportRun):
        super().__init__(files[0], run)
        self.files = files
        self.batch = {name: self.batch[name] for name in ("company_id", "carrier_id")}

    def run_all(self, time_left: Callable | None = None) -> models.BaseModel:
        """Store the files; stop early where no time is left.

        :return: those that have to be read one by one
        """
        self.tables = self.import_run.tables(self.company, self.carrier.id)
        self.files._mark_used(self.files.ids)
        self.env["telecom.carrier"].sudo()._mark_used(self.carrier.ids)
        files, alone = self._small_files()
        for bunch in prefetch(map(self._bunch, in_bunches(files))):
            self._store_and_commit(bunch)
            self.import_run.rate_again_if_changed(self.files.browse(bunch.file_ids))
            alone += bunch.alone
            if time_left and not time_left():
                alone = []
                break
        self.file._commit_step()
        return self.files.browse(alone)

    def _small_files(self) -> tuple[list[SmallFile], list[int]]:
        """The files as plain data, and the ids of those that lie elsewhere."""
        attachments = self.env["ir.attachment"].sudo()
        paths = dict(
            self.env.execute_query(
                SQL(
                    "SELECT res_id, store_fname FROM ir_attachment"
                    " WHERE res_model = 'telecom.file' AND res_field = 'content'"
                    " AND store_fname IS NOT NULL AND res_id = ANY(%s)",
                    self.files.ids,
                )
            )
        )
        found = [
            SmallFile(
                file.id,
                file.name,
                attachments._full_path(paths[file.id]),
                file.content_size,
                self._read_context(file._read_as()),
            )
            for file in self.files
            if file.id in paths
        ]
        return found, [id_ for id_ in self.files.ids if id_ not in paths]

    # === READING: runs beside the database, touches no cursor === #

    def _bunch(self, files: list[SmallFile]) -> Bunch:
        ids = np.array([file.id for file in files])
        contents = [Path(file.path).read_bytes() for file in files]
        read = read_together(contents, self.spec, [file.context for file in files])
        facts = self._identified(read.facts, ids)
        packed = [is_archive(c, f.name) for c, f in zip(contents, files, strict=True)]
        alone = {*ids[packed].tolist(), *ids[list(read.errors)].tolist()}
        alone |= rivals(facts[~facts["is_repeat"] & ~facts["file_id"].isin(alone)])
        facts = facts[~facts["file_id"].isin(alone)]
        refused = read.rejections.assign(file_id=ids[read.rejections["file"]])
        is_repeat = facts["is_repeat"] | facts.duplicated("identity")
        calls, unknown = self._priced(facts[~is_repeat])
        counts = {
            "row_count": np.repeat(ids, read.rows),
            "skipped_count": np.repeat(ids, read.skipped),
            "merged_count": np.repeat(ids, read.merged),
        }
        return Bunch(
            calls=calls,
            encoded=self._encode(calls),
            rejections=refused[~refused["file_id"].isin(alone)],
            counts=[
                *((name, of[~np.isin(of, list(alone))]) for name, of in counts.items()),
                ("duplicate_count", facts["file_id"][is_repeat].to_numpy()),
                ("skipped_count", unknown["file_id"].to_numpy()),
            ],
            days=days_by_file(facts, calls),
            file_ids=[id_ for id_ in ids.tolist() if id_ not in alone],
            alone=sorted(alone),
        )

    def _identified(self, facts: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
        """Facts with identity, is_repeat, file_id; equal rows are numbered by file."""
        if facts.empty:
            names = [*KEPT, "file_id", "is_repeat"]
            return unpack_facts([]).reindex(columns=names).astype({"is_repeat": bool})
        places = facts["file"].to_numpy(np.int64)
        keys = identities(
            facts, self.carrier.id, self.secret, self.is_unique, files=places
        )
        return self._at_home(facts).assign(
            identity=keys["identity"], is_repeat=keys["is_repeat"], file_id=ids[places]
        )

    # === STORING: one transaction a bunch === #

    def _store(self, bunch: Bunch) -> None:
        account = RowAccount()
        for name, file_ids in bunch.counts:
            account.count(name, file_ids)
        account.refuse(bunch.rejections)
        self._add(bunch.calls, bunch.encoded, account)
        account.apply(self.env)
        self._write_days(bunch.days)
        self.files.browse(bunch.file_ids)._set_processed()

    def _write_days(self, days: pd.DataFrame) -> None:
        self.env.cr.execute(
            "UPDATE telecom_file f SET date_first = v.first, date_last = v.last,"
            " period = COALESCE(f.period, date_trunc('month', v.first))"
            " FROM unnest(%s::int[], %s::date[], %s::date[]) AS v(id, first, last)"
            " WHERE f.id = v.id",
            (
                days.index.tolist(),
                [day.date() for day in days["min"]],
                [day.date() for day in days["max"]],
            ),
        )
        self.files.invalidate_recordset(["date_first", "date_last", "period"])


def in_bunches(files: list[SmallFile]) -> Iterator[list[SmallFile]]:
    """Files in their order, so many at a time as a batch should hold."""
    bunch: list[SmallFile] = []
    size = 0
    for file in files:
        if bunch and size + file.size > BUNCH_BYTES:
            yield bunch
            bunch, size = [], 0
        bunch.append(file)
        size += file.size
    if bunch:
        yield bunch


def days_by_file(facts: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """Local days that files tell of, also by rows that repeat those of other files."""
    told = facts[["file_id", "identity"]].merge(calls[["identity", "day"]])
    return told.groupby("file_id")["day"].agg(["min", "max"])


def rivals(facts: pd.DataFrame) -> set[int]:
    """Files that tell of a call otherwise than a file before them: ids.

    Which record stands is found out where the other one is stored already.

    :param facts: file_id, identity and values, in the order of the files
    """
    found: set[int] = set()
    while True:
        left = facts[~facts["file_id"].isin(found)]
        again = left[left.duplicated("identity")]
        if again.empty:
            return found
        first = left[left["identity"].isin(again["identity"])]
        first = first.drop_duplicates("identity")
        pairs = again.merge(first, on="identity", suffixes=("", "_first"))
        other = pairs["duration"].ne(pairs["duration_first"])
        amounts = pairs[["carrier_amount_nano", "carrier_amount_nano_first"]].fillna(-1)
        other |= amounts.iloc[:, 0].ne(amounts.iloc[:, 1])
        other |= is_part(pairs["extra"]) != is_part(pairs["extra_first"])
        if not other.any():
            return found
        found |= set(pairs["file_id"][other].tolist())

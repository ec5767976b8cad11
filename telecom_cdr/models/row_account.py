# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What becomes of the rows of files: each is counted once, whatever happens to it."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd

from odoo import api
from odoo.tools import SQL

COUNTS = (
    "row_count",
    "call_count",
    "duplicate_count",
    "skipped_count",
    "merged_count",
    "rejected_count",
)
ALL_LINES = 2**31 - 1
REJECTION_COLUMNS = (
    "file_id",
    "line_number",
    "raw",
    "reason",
    "found",
    "wording",
    "identity",
    "call_identity",
    "facts",
)


class RowAccount:
    """Counts by file, and rejected rows, until they are written together.

    Law 1 holds for each file: rows = calls + duplicates + skipped + merged + rejected.
    """

    def __init__(self) -> None:
        self._counts: dict[int, Counter[str]] = defaultdict(Counter)
        self._rejections: list[dict] = []

    def count(self, name: str, file_ids: Iterable[int]) -> None:
        """Count rows, each by the id of its file."""
        ids, counts = np.unique(np.asarray(file_ids, np.int64), return_counts=True)
        for file_id, count in zip(ids.tolist(), counts.tolist(), strict=True):
            self._counts[file_id][name] += count

    def add(self, file_id: int, **counts: int) -> None:
        """Count rows of one file."""
        self._counts[file_id].update(counts)

    def move(self, name: str, other: str, file_ids: Iterable[int]) -> None:
        """Rows that were counted as one thing are another now."""
        ids, counts = np.unique(np.asarray(file_ids, np.int64), return_counts=True)
        for file_id, count in zip(ids.tolist(), counts.tolist(), strict=True):
            self._counts[file_id][name] -= count
            self._counts[file_id][other] += count

    def move_rows(
        self,
        env: api.Environment,
        name: str,
        other: str,
        file_ids: Iterable[int],
        lines: Iterable[int],
    ) -> None:
        """The same for rows of which some may not be counted: their file is read again.

        :param lines: where the rows stand in their files
        """
        rows = pd.DataFrame({"file_id": list(file_ids), "line": list(lines)})
        if rows.empty:
            return
        ends = rows["file_id"].map(_counted_until(env, rows["file_id"]))
        self.move(name, other, rows["file_id"][rows["line"] < ends])

    def refuse(self, rejections: pd.DataFrame) -> None:
        """Count rows as rejected, and keep them for a person.

        :param rejections: file_id, line_number, raw, reason, found, wording; and
            identity, call_identity, facts where the row is a call that waits
        """
        self.count("rejected_count", rejections["file_id"])
        self.keep(rejections)

    def keep(self, rejections: pd.DataFrame) -> None:
        """Keep rows for a person that are counted as rejected already."""
        if len(rejections):
            names = [name for name in REJECTION_COLUMNS if name in rejections]
            self._rejections += rejections[names].to_dict("records")

    def apply(self, env: api.Environment) -> None:
        """Add it all to the files, in one statement."""
        files = env["telecom.file"]
        files.flush_model()
        rows = [
            (file_id, *(counts[name] for name in COUNTS))
            for file_id, counts in self._counts.items()
        ]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            env.cr.execute(
                SQL(
                    "UPDATE telecom_file f SET %(sums)s FROM unnest(%(columns)s)"
                    " AS v(id, %(names)s) WHERE f.id = v.id",
                    sums=SQL(", ").join(_sum(name) for name in COUNTS),
                    columns=SQL(", ").join(SQL("%s::int[]", one) for one in columns),
                    names=SQL(", ").join(SQL.identifier(name) for name in COUNTS),
                )
            )
            files.invalidate_model(COUNTS)
        # Facts are for the code alone.
        env["telecom.rejection"].sudo().create(self._rejections)


def _counted_until(env, file_ids):
    """The line of each file from which on rows are not counted, or not again."""
    env["telecom.file"].flush_model(["position", "row_count"])
    return dict(
        env.execute_query(
            SQL(
                "SELECT id, COALESCE((position->>'line')::int,"
                " CASE WHEN row_count > 0 THEN %s ELSE 0 END)"
                " FROM telecom_file WHERE id = ANY(%s)",
                ALL_LINES,
                file_ids.unique().tolist(),
            )
        )
    )


def _sum(name):
    column = SQL.identifier(name)
    return SQL("%s = COALESCE(f.%s, 0) + v.%s", column, column, column)

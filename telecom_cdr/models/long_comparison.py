# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The comparison of a carrier's file that takes longer than somebody waits.

It goes on chunk by chunk, as a long test of a file does: which calls were told of is
kept in a table of its own between two runs, which is gone at the end.
"""

from datetime import date
from typing import Any

from odoo import models
from odoo.tools import SQL

from .call_comparison import Comparison
from .long_trial import Keep, LongTrial, drop_table


class LongComparison(LongTrial):
    """One file that is read to be compared, from where the last run ended."""

    def __init__(
        self,
        file: models.BaseModel,
        reconciliation: models.BaseModel,
        known: dict[str, Any],
        keep: Keep,
    ) -> None:
        super().__init__(file, compared_table(reconciliation), known, keep)
        self.keep_unknown = True
        self.comparison = Comparison(file, reconciliation, self.table)
        self.comparison.days = [
            date.fromisoformat(one) for one in known.get("days", [])
        ]

    def _create_table(self):
        if not self._is_begun:
            self.comparison.begin()

    def _take_in(self, chunk):
        self._count(chunk)
        self.comparison.compare(chunk.calls)

    def _known(self):
        days = [day.isoformat() for day in self.comparison.days]
        return {**super()._known(), "days": days}


def compared_table(reconciliation: models.BaseModel) -> str:
    """The table of the calls that a file has told of."""
    return f"telecom_compared_call_{reconciliation.id}"


def forget(reconciliation: models.BaseModel) -> None:
    """Drop what was read, and what was listed of it."""
    env = reconciliation.env
    drop_table(env, compared_table(reconciliation))
    env.cr.execute(
        SQL(
            "DELETE FROM telecom_file_difference WHERE reconciliation_id = %s",
            reconciliation.id,
        )
    )
    env["telecom.file.difference"].invalidate_model()

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A carrier's file against the calls of a reconciliation: compared, never stored.

Its rows are read, matched and priced as an import does, chunk by chunk, and paired with
the carrier's calls as those of a confirming file are. What differs is listed with the
reconciliation; which calls were told of is known to the transaction alone.
"""

from datetime import date

import numpy as np
import pandas as pd

from odoo import models
from odoo.tools import SQL

from .call_confirmation import Confirmation
from .call_trial import CallTrial
from .row_account import RowAccount

COMPARED_TABLE = "telecom_compared_call"
A_DAY = pd.Timedelta(days=1)


class Comparison(Confirmation):
    """Pairs rows with calls; lists what differs on the days of a reconciliation.

    :ivar days: local days of the first and of the last row, in the period
    """

    def __init__(
        self,
        file: models.BaseModel,
        reconciliation: models.BaseModel,
        table: str = "",
    ):
        """Compare with a period.

        :param table: keeps what was told of over commits; empty: none is needed
        """
        super().__init__(file)
        self.is_kept = bool(table)
        self.table = SQL.identifier(table or COMPARED_TABLE)
        self.origin = reconciliation
        self.stores_extra = False
        self.first = pd.Timestamp(reconciliation.date_from)
        self.last = pd.Timestamp(reconciliation.date_to)
        self.days: list[date] = []

    def begin(self) -> None:
        """Forget what an earlier file was compared with."""
        for query in (
            SQL("DROP TABLE IF EXISTS %s", self.table),
            SQL(
                "CREATE %s TABLE %s (identity uuid PRIMARY KEY) %s",
                SQL("" if self.is_kept else "TEMP"),
                self.table,
                SQL("" if self.is_kept else "ON COMMIT DROP"),
            ),
            SQL(
                "DELETE FROM telecom_file_difference WHERE reconciliation_id = %s",
                self.origin.id,
            ),
        ):
            self.env.cr.execute(query)

    def compare(self, calls: pd.DataFrame) -> None:
        """Compare a batch; rows of the days beside the period may tell of its calls."""
        around = calls["day"].between(self.first - A_DAY, self.last + A_DAY)
        near = calls[around].assign(file_id=0)
        self.leave_out(near, RowAccount())
        days = near["day"][self._is_inside(near)]
        if len(days):
            self.days += [days.min().date(), days.max().date()]

    def _is_inside(self, calls):
        return calls["day"].between(self.first, self.last).to_numpy(bool)

    def _is_noted(self, identity):
        return SQL(
            "EXISTS (SELECT FROM %s n WHERE n.identity = %s)", self.table, identity
        )

    def _note(self, stored, corrects):
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s SELECT unnest(%s::uuid[]) ON CONFLICT DO NOTHING",
                self.table,
                stored["identity"].tolist(),
            )
        )

    def _hand_over(self, told, stands):
        """What is compared changes nothing."""

    def _confirm(self, told, stored):
        """List what differs; nothing is corrected."""
        if told.empty:
            return
        nowhere = np.zeros(len(told), bool)
        self._note(stored, nowhere)
        inside = self._is_inside(told)
        told, stored = told[inside], stored[inside]
        theirs = told["carrier_amount_nano"].astype("Int64")
        self._list_durations(told, stored)
        self._list_prices(told, stored, theirs, nowhere[inside])

    def _list_extra(self, calls):
        return super()._list_extra(calls[self._is_inside(calls)])

    def _missing(self):
        return SQL("NOT %s", self._is_noted(SQL("c.identity")))

    def list_missing(self, is_whole: bool) -> None:
        """List the calls that the file does not tell of.

        :param is_whole: of the whole period, else of the days that the file tells of
        """
        days = [self.first, self.last] if is_whole else self.days
        if days:
            self.differences._list_missing(
                self.origin, min(days), max(days), self._missing()
            )


class CallComparison(CallTrial):
    """One file that is read to be compared."""

    def __init__(self, file: models.BaseModel, reconciliation: models.BaseModel):
        super().__init__(file)
        # A call of somebody else's number that we are billed for is a difference.
        self.keep_unknown = True
        self.comparison = Comparison(file, reconciliation)

    def _create_table(self):
        self.comparison.begin()

    def _take(self, chunk):
        self._count(chunk)
        self.comparison.compare(chunk.calls)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files that confirm what others of their carrier have told: its monthly ones.

Whatever such a file says depends on its rows and on the calls of the others alone. When
these change it is read again from its start, so the order of the files does not matter.
"""

import numpy as np
import pandas as pd
from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.tools import SQL

from ..engine.same_call import NONE, pair_up
from .call_secret import query_quietly, whole
from .dispute_sql import hand_over
from .row_account import RowAccount
from .same_calls import whole_twin
from .table_frames import read_frame

NANO = 1_000_000_000
KNOWN = (
    "id",
    "identity",
    "direction",
    "service",
    "calling_number",
    "called_number",
    "start_at",
    "duration",
    "file_id",
    "partner_id",
    "amount",
    "cost",
    "is_by_tariff",
    "cost_currency_id",
    "is_invoiced",
)


class Confirmation:
    """Compares the rows of one file with the calls of the sources it confirms."""

    def __init__(self, file: models.BaseModel) -> None:
        self.file = file
        self.env = file.env
        self.source = file.source_id
        # Asked once: a file that is not in the database is forgotten by a commit.
        self.carrier = file.carrier_id
        self.confirmed = self.source.confirms_source_ids
        self.stores_extra = self.source.stores_extra_calls
        # Differences are listed with it.
        self.origin: models.BaseModel = file
        self.differences = self.env["telecom.file.difference"]

    def begin(self) -> None:
        """Take back what an earlier reading of the file has done."""
        self.file._undo_confirmation()

    # === A BATCH === #

    def leave_out(self, calls: pd.DataFrame, account: RowAccount) -> pd.DataFrame:
        """Compare rows with what is known; gives those that are to be stored.

        What is known is a duplicate. What nobody else told of is stored, or skipped,
        by choice of the source; it is listed in any case.
        """
        if calls.empty:
            return calls
        known = self._known(calls)
        place = pair_up(calls, known, self.source.same_start_seconds, self._longest)
        is_known = place != NONE
        told = calls[is_known].reset_index(drop=True)
        stored = known.iloc[place[is_known]].reset_index(drop=True)
        is_own = stored["file_id"].eq(self.file.id)
        account.count("call_count", told["file_id"][is_own])
        account.count("duplicate_count", told["file_id"][~is_own])
        self._confirm(told[~is_own], stored[~is_own])
        extra = self._without_twins(calls[~is_known], account)
        if self.stores_extra:
            return extra
        self._list_extra(extra)
        account.count("skipped_count", extra["file_id"])
        return extra.iloc[:0]

    def _without_twins(self, calls, account):
        """Leave out what is known, though another carrier's call stands for it."""
        if calls.empty:
            return calls
        twins = self._twins(calls)
        place = pair_up(calls, twins, self.source.same_start_seconds, self._longest)
        is_twin = place != NONE
        told = twins.iloc[place[is_twin]].reset_index(drop=True)
        account.count("duplicate_count", calls["file_id"][is_twin])
        self._note(told, np.zeros(len(told), bool))
        self._hand_over(calls["identity"][is_twin], told["stands"])
        return calls[~is_twin]

    def _hand_over(self, told, stands):
        """Disputes of calls that the file alone had told of hold those that stand."""
        hand_over(self.env, told, told, stands)

    def _twins(self, calls):
        """Calls of the carrier's other files for which others stand, once each."""
        around = pd.Timedelta(seconds=self.source.same_start_seconds)
        return read_frame(
            self.env,
            SQL(
                """
                SELECT replace(t.identity::text, '-', '') AS identity,
                       replace(t.stands::text, '-', '') AS stands, t.direction,
                       t.service, t.calling_number, %(whole)s AS called_number,
                       t.start_at,
                       t.duration, NULL AS amount
                  FROM telecom_call_twin t
                 WHERE t.carrier_id = %(carrier)s AND t.file_id <> %(file)s
                   AND t.start_at BETWEEN %(first)s AND %(last)s
                   AND t.calling_number = ANY(%(calling)s::text[])
                   AND NOT %(noted)s
              ORDER BY t.identity
                """,
                whole=whole_twin("t"),
                carrier=self.carrier.id,
                file=self.file.id or 0,
                noted=self._is_noted(SQL("t.identity")),
                first=(calls["start_at"].min() - around).to_pydatetime(),
                last=(calls["start_at"].max() + around).to_pydatetime(),
                calling=_texts(calls["calling_number"]),
            ),
            {"start_at": "datetime64[s]", "duration": "int64"},
        )

    @property
    def _longest(self):
        return self.source.same_duration_seconds

    def _known(self, calls):
        """Stored calls of the carrier that the rows may tell of, each told of once."""
        around = pd.Timedelta(seconds=self.source.same_start_seconds)
        rows = query_quietly(
            self.env,
            SQL(
                """
                WITH parties AS MATERIALIZED (
                    SELECT DISTINCT calling, called
                      FROM unnest(%(calling)s::text[], %(called)s::text[])
                           AS p(calling, called)),
                found AS (
                    SELECT c.id FROM telecom_call c
                     WHERE c.identity = ANY(%(identities)s::uuid[])
                     UNION
                    SELECT c.id FROM telecom_call c
                      JOIN parties p ON p.calling = c.calling_number
                                    AND p.called = %(whole)s
                     WHERE c.carrier_id = %(carrier)s
                       AND c.start_at BETWEEN %(first)s AND %(last)s)
                SELECT c.id, replace(c.identity::text, '-', '') AS identity,
                       c.direction, c.service, c.calling_number,
                       %(whole)s AS called_number,
                       c.start_at, c.duration, c.file_id, c.partner_id,
                       (c.carrier_amount * 1000000000)::bigint AS amount,
                       (c.cost * 1000000000)::bigint AS cost,
                       c.cost_rate_id IS NOT NULL AS is_by_tariff,
                       c.cost_currency_id, i.call_id IS NOT NULL AS is_invoiced
                  FROM found
                  JOIN telecom_call c ON c.id = found.id
             LEFT JOIN telecom_call_invoice i ON i.call_id = c.id
                 WHERE NOT %(noted)s
              ORDER BY c.identity
                """,
                calling=_texts(calls["calling_number"]),
                called=_texts(calls["called_number"]),
                whole=whole("c"),
                identities=calls["identity"].tolist(),
                carrier=self.carrier.id,
                first=(calls["start_at"].min() - around).to_pydatetime(),
                last=(calls["start_at"].max() + around).to_pydatetime(),
                noted=self._is_noted(SQL("c.identity")),
            ),
        )
        known = pd.DataFrame(rows, columns=KNOWN)
        types = {"start_at": "datetime64[s]", "duration": "int64", "id": "int64"}
        nullable = dict.fromkeys(("amount", "cost", "partner_id"), "Int64")
        return known.astype({**types, **nullable})

    def _is_noted(self, identity):
        """SQL: whether the file has told of a call already."""
        return SQL(
            "EXISTS (SELECT FROM telecom_file_confirmation f WHERE f.file_id = %s"
            " AND f.identity = %s)",
            self.file.id,
            identity,
        )

    # === WHAT IS KNOWN === #

    def _confirm(self, told, stored):
        """Note that calls are confirmed, list what differs, correct their cost."""
        if told.empty:
            return
        # Of a call that the file alone had told of so far.
        self._hand_over(told["identity"], stored["identity"])
        theirs = told["carrier_amount_nano"].astype("Int64")
        is_free = ~stored["is_invoiced"].astype(bool) & ~self._is_confirmed(stored)
        differs = theirs.notna() & theirs.ne(stored["amount"]).fillna(True)
        corrects = (differs & is_free).to_numpy(bool)
        self._note(stored, corrects)
        self._correct(stored[corrects], theirs[corrects])
        self._list_durations(told, stored)
        self._list_prices(told, stored, theirs, corrects)

    def _is_confirmed(self, stored):
        """Which calls another file has confirmed: that one has set their cost."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT replace(identity::text, '-', '')"
                " FROM telecom_file_confirmation WHERE identity = ANY(%s::uuid[])",
                stored["identity"].tolist(),
            )
        )
        return stored["identity"].isin([row[0] for row in rows])

    def _note(self, stored, corrects):
        """Remember which calls the file told of, and what they cost before."""
        amounts = stored["amount"].astype(object).where(stored["amount"].notna(), None)
        self.env.cr.execute(
            "INSERT INTO telecom_file_confirmation"
            " (file_id, identity, is_corrected, carrier_amount)"
            " SELECT %s, v.identity, v.corrected, v.amount / 1000000000.0"
            " FROM unnest(%s::uuid[], %s::bool[], %s::bigint[])"
            " AS v(identity, corrected, amount)",
            (
                self.file.id,
                stored["identity"].tolist(),
                corrects.tolist(),
                amounts.tolist(),
            ),
        )
        # What a file of the same source missed is here.
        self.differences._drop_missing(stored["identity"].tolist())

    def _correct(self, stored, amounts):
        """Give calls the amount that the carrier bills, and have them rated again."""
        if stored.empty:
            return
        self.env.cr.execute(
            "UPDATE telecom_call c SET carrier_amount = v.amount / 1000000000.0"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, amount)"
            " WHERE c.id = v.id AND NOT EXISTS (SELECT FROM telecom_call_invoice i"
            " WHERE i.call_id = c.id)",
            (stored["id"].tolist(), [int(one) for one in amounts]),
        )
        self.env["telecom.call"].invalidate_model(["carrier_amount"])
        starts = stored["start_at"].dt.to_pydatetime()
        self.file._rate_calls_again(min(starts), max(starts))

    def _list_durations(self, told, stored):
        """Calls whose duration differs by more than the tolerance."""
        longer = (told["duration"] - stored["duration"]).abs() > self._longest
        rows, ours = told[longer], stored[longer]
        self.differences._list(
            self.origin,
            "duration",
            rows,
            call_identity=ours["identity"],
            partner_id=ours["partner_id"],
            seconds_ours=ours["duration"],
            seconds_theirs=rows["duration"],
            state=_states(ours, "open"),
        )

    def _list_prices(self, told, stored, theirs, corrects):
        """Calls that the carrier bills otherwise than we reckon."""
        ours = self._reckoned(stored)
        tolerance = round(self.source.price_tolerance * NANO)
        differs = theirs.notna() & ours.notna()
        differs &= (theirs - ours).abs().fillna(0).gt(tolerance)
        differs = differs.to_numpy(bool)
        states = pd.Series(_states(stored, "open"), stored.index)
        states[corrects & ~stored["is_by_tariff"].to_numpy(bool)] = "corrected"
        self.differences._list(
            self.origin,
            "price",
            told[differs],
            call_identity=stored["identity"][differs],
            partner_id=stored["partner_id"][differs],
            amount_ours=ours[differs],
            amount_theirs=theirs[differs],
            state=states[differs].tolist(),
        )

    def _reckoned(self, stored):
        """What we took calls to cost: by the tariff of the carrier, or as told before.

        A tariff in another currency than the carrier's files tells nothing here.
        """
        currency = self.carrier.currency_id.id
        by_tariff = stored["is_by_tariff"].astype(bool)
        comparable = stored["cost_currency_id"].eq(currency)
        return stored["amount"].where(~(by_tariff & comparable), stored["cost"])

    # === WHAT IS NOT === #

    def list_stored(self, calls: pd.DataFrame, stored: pd.Series) -> None:
        """List the extra rows that `leave_out` gave.

        :param stored: identities of those that are stored: another carrier may have
            told of the others
        """
        if self.stores_extra:
            is_stored = calls["identity"].isin(stored)
            self._list_extra(calls[is_stored], "stored")
            self._list_extra(calls[~is_stored], "twin")

    def _list_extra(self, calls, state="open"):
        """Rows that tell of calls which nobody else of the carrier told of."""
        self.differences._list(
            self.origin,
            "extra",
            calls,
            call_identity=calls["identity"],
            partner_id=calls["partner_id"],
            seconds_theirs=calls["duration"],
            amount_theirs=calls["carrier_amount_nano"],
            state=[state] * len(calls),
        )

    def finish(self) -> None:
        """List the calls of the confirmed sources that the file does not tell of."""
        first, last = self._days()
        if not first:
            return
        self.differences._list_missing(self.file, first, last, self._missing())
        self.file._tell_differences()

    def _missing(self):
        """SQL of the calls of the confirmed sources that no file has confirmed."""
        return SQL(
            "EXISTS (SELECT FROM telecom_file f WHERE f.id = c.file_id"
            " AND f.source_id = ANY(%s)) AND NOT EXISTS"
            " (SELECT FROM telecom_file_confirmation n WHERE n.identity = c.identity)",
            self.confirmed.ids,
        )

    def _days(self):
        """The first and last local day that the file should tell of."""
        first, last = self.file.date_first, self.file.date_last
        if first and self.source.confirmed_period == "months":
            return first.replace(day=1), last + relativedelta(day=31)
        return first, last


def _states(stored, usual):
    """What became of differences: what is invoiced stands."""
    return np.where(stored["is_invoiced"].astype(bool), "invoiced", usual).tolist()


def _texts(column):
    """A column as a list that the database takes."""
    return [one if isinstance(one, str) else None for one in column]

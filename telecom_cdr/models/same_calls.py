# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls that two tell of, a PBX and its carrier or two carriers: stored once.

Which of them stands depends on the calls alone, never on which file came first. So
whatever is left out is kept beside (``telecom.call.twin``), and each batch settles anew
what lies near its calls: a twin may come to stand, a stored call may become a twin.
"""

import json
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from odoo import models
from odoo.tools import SQL

from ..engine.same_call import KEY, NEVER, NONE, twins
from .call_facts import pack_facts, stored_facts, unpack_facts
from .call_secret import is_hidden, query_quietly, whole
from .call_store import rate_facts, remove_calls, store_calls
from .dispute_sql import hand_over
from .rating_tables import load_tables
from .row_account import RowAccount

# Calls so near may hang together, one by one, with those of a batch.
AROUND = pd.Timedelta(hours=1)
FLAGGED = (
    "%(carrier)s has told of this call already, or tells better: it is stored once. "
    "Say whether it is another call."
)
# Stands whatever its source: it is invoiced, or else a person chose it.
INVOICED, CHOSEN = -2, -1
NEW, STORED, TWIN = "new", "stored", "twin"
COLUMNS = (
    *KEY,
    "identity",
    "start_at",
    "duration",
    "carrier_id",
    "source_id",
    "file_id",
    "line_number",
)


class Tolerance(NamedTuple):
    """How a source compares its calls with those of other carriers."""

    seconds: int
    duration_seconds: int
    is_flagged: bool
    rank: int


class SameCalls:
    """Compares calls of a company with those of its other carriers."""

    def __init__(self, company: models.BaseModel) -> None:
        self.company = company
        self.env = company.env
        sources = self.env["telecom.source"].with_context(active_test=False).sudo()
        comparing = sources.search(
            [("company_id", "=", company.id), ("compares_carriers", "=", True)]
        ).sorted(lambda source: (source.carrier_id.id, source.id))
        self.sources = {
            source.id: Tolerance(
                source.same_start_seconds,
                source.same_duration_seconds,
                source.same_call_action == "flag",
                source.carrier_id.id,
            )
            for source in comparing
        }

    def __bool__(self) -> bool:
        """Whether any source of the company compares."""
        return bool(self.sources)

    def leave_out(
        self, calls: pd.DataFrame, source_id: int, account: RowAccount
    ) -> pd.DataFrame:
        """Settle new calls among the known ones near them; gives those to be stored."""
        if not self or calls.empty:
            return calls
        new = calls.assign(source_id=source_id, origin=NEW, row=np.arange(len(calls)))
        repeats = self._settle(new, account)
        return calls[~repeats]

    def settle(self, near: pd.DataFrame, account: RowAccount) -> None:
        """Settle anew what lies near calls that are gone (columns of KEY, start_at)."""
        if self and len(near):
            none = near.iloc[:0].reindex(columns=[*COLUMNS, "row"])
            self._settle(none.assign(origin=NEW), account, near)

    # === WHAT LIES NEAR === #

    def _settle(self, new, account, near=None):
        """Find out who stands, and bring the stored calls and twins into line.

        :return: which of the new rows are twins (bool array)
        """
        known = self._known(new if near is None else near)
        is_again = known["origin"].eq(TWIN) & known["identity"].isin(new["identity"])
        again, known = known[is_again], known[~is_again]
        names = [*COLUMNS, "origin", "row", "is_invoiced"]
        every = pd.concat([new.reindex(columns=names), known], ignore_index=True)
        every = self._with_twins(self._judged(every))
        is_twin = every["stands"].notna().to_numpy()
        of_new = every["origin"].eq(NEW).to_numpy()
        left_out = every[of_new & is_twin]
        self._forget(again, new, account)
        self._restore(every[every["origin"].eq(TWIN) & ~is_twin], account)
        self._move(every[every["origin"].eq(TWIN) & is_twin])
        self._take_out(every[every["origin"].eq(STORED) & is_twin], account)
        self._leave_out(left_out, new.iloc[left_out["row"].tolist()], account)
        return is_twin[of_new]

    def _with_twins(self, calls):
        """Calls with who stands for them: its identity, its carrier, if it waits."""
        found = twins(calls)
        stands = calls.iloc[np.maximum(found, 0)].reset_index(drop=True)
        is_twin = pd.Series(found != NONE, calls.index)
        return calls.assign(
            stands=stands["identity"].where(is_twin, None),
            stands_carrier=stands["carrier_id"],
            is_flagged=is_twin
            & ~calls["is_decided"]
            & (calls["is_flagged"] | stands["is_flagged"]),
        )

    def _known(self, near):
        """Stored calls and twins of the same parties around some calls."""
        rows = query_quietly(
            self.env,
            SQL(
                """
                WITH parties AS MATERIALIZED (
                    SELECT DISTINCT calling, called
                      FROM unnest(%(calling)s::text[], %(called)s::text[])
                           AS p(calling, called))
                SELECT c.id AS row, 'stored' AS origin, c.direction, c.service,
                       c.calling_number, p.called AS called_number, c.identity::text,
                       c.start_at, c.duration, c.carrier_id, f.source_id, c.file_id,
                       c.line_number, EXISTS (SELECT FROM telecom_call_invoice i
                                               WHERE i.call_id = c.id) AS is_invoiced
                  FROM telecom_call c
                  JOIN parties p ON p.calling = c.calling_number
                                AND p.called = %(whole)s
                  JOIN telecom_file f ON f.id = c.file_id
                                     AND f.identity_salt IS NULL
                 WHERE c.company_id = %(company)s
                   AND c.start_at BETWEEN %(first)s AND %(last)s
             UNION ALL
                SELECT t.id, 'twin', t.direction, t.service, t.calling_number,
                       p.called, t.identity::text, t.start_at, t.duration,
                       t.carrier_id, f.source_id, t.file_id, t.line_number, FALSE
                  FROM telecom_call_twin t
                  JOIN parties p ON p.calling = t.calling_number
                                AND p.called = %(whole_twin)s
                  JOIN telecom_file f ON f.id = t.file_id
                 WHERE t.company_id = %(company)s
                   AND t.start_at BETWEEN %(first)s AND %(last)s
                """,
                calling=_listed(near["calling_number"]),
                called=_listed(near["called_number"]),
                whole=whole("c"),
                whole_twin=whole_twin("t"),
                company=self.company.id,
                first=(near["start_at"].min() - AROUND).to_pydatetime(),
                last=(near["start_at"].max() + AROUND).to_pydatetime(),
            ),
        )
        known = pd.DataFrame(rows, columns=["row", "origin", *COLUMNS, "is_invoiced"])
        known["identity"] = known["identity"].str.replace("-", "")
        return known.astype({"start_at": "datetime64[s]"})

    def _judged(self, calls):
        """Calls with what they are compared by: rank and tolerance."""
        whole = ("duration", "carrier_id", "source_id", "file_id", "row")
        types = dict.fromkeys(whole, "int64")
        calls = calls.astype({"start_at": "datetime64[s]", **types})
        usual = Tolerance(NEVER, NEVER, False, 0)
        own = [self.sources.get(one, usual) for one in calls["source_id"].tolist()]
        judged = pd.DataFrame(own, columns=Tolerance._fields, index=calls.index)
        decided = self._decisions(calls)
        judged.loc[decided.eq("take"), "rank"] = CHOSEN
        judged.loc[calls["is_invoiced"].eq(True), "rank"] = INVOICED
        judged["is_decided"] = decided.notna()
        calls.loc[decided.eq("apart"), "calling_number"] = None
        return pd.concat([calls, judged], axis=1)

    def _decisions(self, calls):
        """What persons have decided of these calls, missing where nothing."""
        decided = self.env["telecom.call.decision"]._choices(
            calls["identity"].tolist(), "same_call"
        )
        keys = zip(calls["identity"], calls["file_id"], strict=True)
        return pd.Series([decided.get(key) for key in keys], calls.index, dtype=object)

    # === WHO STANDS NOW === #

    def _take_out(self, rows, account):
        """Stored calls for which another stands are calls no more."""
        if rows.empty:
            return
        facts = stored_facts(self.env, rows["row"]).set_index("id")
        facts = facts.loc[rows["row"]].reset_index()
        remove_calls(self.env, rows["row"])
        hand_over(self.env, rows["identity"], rows["identity"], rows["stands"])
        flagged = rows["is_flagged"].to_numpy(bool)
        for kind, those in (
            ("duplicate_count", rows[~flagged]),
            ("rejected_count", rows[flagged]),
        ):
            places = (those["file_id"], those["line_number"])
            account.move_rows(self.env, "call_count", kind, *places)
        account.keep(self._keep(rows, facts))
        self._confirm_again(rows)

    def _confirm_again(self, rows):
        """Calls that come or go are to be listed otherwise by files that confirm them.

        Local days are not at hand: one more on either side.
        """
        day = timedelta(days=1)
        for source_id, starts in rows.groupby("source_id")["start_at"]:
            source = self.env["telecom.source"].browse(int(source_id))
            first, last = starts.min().date() - day, starts.max().date() + day
            source._confirm_again(first, last, with_own=True)

    def _leave_out(self, rows, facts, account):
        """New calls for which another stands are not stored."""
        if rows.empty:
            return
        flagged = rows["is_flagged"].to_numpy(bool)
        account.count("duplicate_count", rows["file_id"][~flagged])
        account.refuse(self._keep(rows, facts))

    def _restore(self, rows, account):
        """Twins for which nobody stands any more are calls."""
        if rows.empty:
            return
        kept = self._taken(rows)
        facts = unpack_facts([one["facts"] for one in kept])
        for name in ("file_id", "carrier_id", "source_id"):
            facts[name] = [one[name] for one in kept]
        # Those that waited are duplicates first.
        self._unflag(kept, account)
        places = (facts["file_id"], facts["line_number"])
        account.move_rows(self.env, "duplicate_count", "call_count", *places)
        own = pd.DataFrame(kept, columns=["identity", "stands"])
        hand_over(self.env, own["identity"], own["stands"], own["identity"])
        store_calls(self.company, rate_facts(facts, self._tables()))
        self._confirm_again(rows)

    def _tables(self):
        return load_tables(self.env, self.company)

    def _forget(self, rows, new, account):
        """Twins whose call comes again are told of by the file that is read now."""
        if not rows.empty:
            read = set(new["file_id"])
            kept = self._taken(rows)
            self._unflag([one for one in kept if one["file_id"] not in read], account)

    def _taken(self, rows):
        """Twins that are kept no longer, as they were."""
        twin = self.env["telecom.call.twin"]
        twin.flush_model()
        kept = self.env.execute_query_dict(
            SQL(
                "DELETE FROM telecom_call_twin t USING telecom_file f"
                " WHERE f.id = t.file_id AND t.id = ANY(%s) RETURNING t.file_id,"
                " t.carrier_id, f.source_id, t.is_flagged, t.facts,"
                " t.line_number, replace(t.stands::text, '-', '') AS stands,"
                " replace(t.identity::text, '-', '') AS identity",
                rows["row"].tolist(),
            )
        )
        twin.invalidate_model()
        return kept

    def _unflag(self, kept, account):
        """Rows that waited for a person are as good as counted."""
        flagged = [one for one in kept if one["is_flagged"]]
        if not flagged:
            return
        files = [one["file_id"] for one in flagged]
        lines = [one["line_number"] for one in flagged]
        identities = [one["identity"] for one in flagged]
        account.move_rows(self.env, "rejected_count", "duplicate_count", files, lines)
        self.env["telecom.rejection"]._of_calls(identities, files).unlink()

    def _move(self, rows):
        """Twins for which another stands than before."""
        if rows.empty:
            return
        self._hand_over_moved(rows)
        self.env.cr.execute(
            "UPDATE telecom_call_twin t SET stands = v.stands"
            " FROM unnest(%s::int[], %s::uuid[]) AS v(id, stands)"
            " WHERE v.id = t.id AND t.stands <> v.stands",
            (rows["row"].tolist(), rows["stands"].tolist()),
        )
        self.env["telecom.call.twin"].invalidate_model(["stands"])

    def _hand_over_moved(self, rows):
        """Disputes go with twins for which another stands than before."""
        stood = dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, replace(stands::text, '-', '')"
                    " FROM telecom_call_twin WHERE id = ANY(%s)",
                    rows["row"].tolist(),
                )
            )
        )
        before = rows["row"].map(stood)
        hand_over(self.env, rows["identity"], before, rows["stands"])

    def _keep(self, rows, facts):
        """Keep calls that are left out; gives the rejections of those that wait."""
        packed = pack_facts(facts)
        names = ("file_id", "carrier_id", "line_number", "identity", "stands")
        columns = [rows[name].tolist() for name in (*names, "is_flagged")]
        self.env.cr.execute(
            """
            INSERT INTO telecom_call_twin (company_id, file_id, carrier_id, line_number,
                   identity, stands, is_flagged, facts, direction, service,
                   calling_number, called_number, start_at, duration)
            SELECT %s, v.*, v.facts->>'direction', v.facts->>'service',
                   v.facts->>'calling_number',
                   COALESCE(v.facts->>'shown_number', v.facts->>'called_number'),
                   (v.facts->>'start_at')::timestamp, (v.facts->>'duration')::int
              FROM unnest(%s::int[], %s::int[], %s::int[], %s::uuid[], %s::uuid[],
                          %s::bool[], %s::jsonb[])
                   AS v(file_id, carrier_id, line_number, identity, stands, is_flagged,
                        facts)
            """,
            (self.company.id, *columns, [json.dumps(one) for one in packed]),
            log_exceptions=False,  # they hold whole numbers
        )
        return self._waiting(rows.assign(facts=packed))

    def _waiting(self, rows):
        """Rows that a person is to look at, as rejections."""
        rows = rows[rows["is_flagged"].to_numpy(bool)]
        told = rows["calling_number"] + " → " + rows["facts"].map(_shown_number)
        carriers = self.env["telecom.carrier"].browse(rows["stands_carrier"].tolist())
        return rows.assign(
            raw=rows["start_at"].astype(str) + "  " + told,
            reason="same_call",
            found=told,
            call_identity=rows["stands"],
            wording=[
                {"text": FLAGGED, "values": {"carrier": carrier.name}}
                for carrier in carriers
            ],
        )


def whole_twin(alias: str) -> SQL:
    """SQL of the number that a twin called, all of its digits."""
    return SQL(
        "CASE WHEN %s THEN %s->>'called_number' ELSE %s END",
        is_hidden(alias),
        SQL.identifier(alias, "facts"),
        SQL.identifier(alias, "called_number"),
    )


def _shown_number(facts):
    """The called number of packed facts as people may see it."""
    return facts.get("shown_number") or facts.get("called_number")


def _listed(texts):
    """A column as a list that the database takes."""
    return [one if isinstance(one, str) else None for one in texts]

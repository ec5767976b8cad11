# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls of a batch that are stored already, under the same identity.

A record that comes again with other values is the same call: the better one by the data
stands. Where the data do not tell, both wait for a person; what is invoiced stands.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from odoo import models

from .call_facts import pack_facts
from .call_store import remove_calls
from .call_table import known_calls
from .retention_sql import anonymous_twins
from .row_account import RowAccount

CONFLICT = (
    "A call with this unique id is stored with other values, and the data do not "
    "tell which record is the better one."
)
# What a format may map to extra.partial: the record of a call that still goes on.
PARTIAL = r'"partial":\s*"?(?i:1|true|yes|y|partial|intermediate|interim)"?\s*[,}]'


class KnownCalls:
    """Compares the calls of a batch with the stored ones."""

    def __init__(self, source: models.BaseModel) -> None:
        self.env = source.env
        self.confirmed_by = source.sudo().confirmed_by_ids

    def leave_out(self, calls: pd.DataFrame, account: RowAccount) -> pd.DataFrame:
        """Leave out what is stored already, from whatever file.

        A file that is read again meets its own calls: they count as calls, and are
        stored anew where they read differently now. A call that only a confirming file
        had told of is the daily file's as soon as that tells of it.

        :return: the calls to store; the others are counted, or wait
        """
        calls = self._leave_out_anonymous(calls, account)
        known = known_calls(self.env, calls["identity"])
        if known.empty:
            return calls
        pairs = calls.merge(known, on="identity", suffixes=("", "_known"))
        verdict = self._verdicts(pairs)
        self._replace(pairs[verdict == "better"], account)
        is_own = pairs["file_id"] == pairs["file_id_known"]
        account.count("call_count", pairs["file_id"][(verdict == "same") & is_own])
        repeats = pairs["file_id"][(verdict == "same") & ~is_own]
        account.count("duplicate_count", repeats)
        account.count("merged_count", pairs["file_id"][verdict == "poorer"])
        account.refuse(conflicts(pairs[verdict == "conflict"]))
        left = pairs["identity"][verdict != "better"]
        return calls[~calls["identity"].isin(left)]

    def _leave_out_anonymous(self, calls, account):
        """Leave out rows for which a call of another carrier stands, without numbers.

        Nothing but their identity tells of them: who called whom is not known any more.
        """
        is_gone = calls["identity"].isin(anonymous_twins(self.env, calls["identity"]))
        if not is_gone.any():
            return calls
        account.count("duplicate_count", calls["file_id"][is_gone])
        return calls[~is_gone]

    def _verdicts(self, pairs):
        """What each row that comes again is to the stored call: text array."""
        is_locked = pairs["is_invoiced"].to_numpy(bool)
        by_data = np.where(
            self._is_only_confirmed(pairs),
            np.where(is_locked, "same", "better"),
            _by_data(pairs),
        )
        # What it was is not known any more: it stands.
        by_data = np.where(pairs["is_anonymous"].to_numpy(bool), "same", by_data)
        is_own = (pairs["file_id"] == pairs["file_id_known"]).to_numpy(bool)
        differs = by_data != "same"
        if not differs.any():
            return by_data
        chosen, passed_over = self._decided(pairs, differs)
        verdict = np.where(differs & (is_own | chosen), "better", by_data)
        verdict = np.where(differs & is_own & is_locked, "same", verdict)
        verdict = np.where(
            ~is_own & is_locked & (verdict == "better"), "conflict", verdict
        )
        return np.where(differs & passed_over & ~is_own, "poorer", verdict)

    def _is_only_confirmed(self, pairs):
        """Which stored calls a file has brought that should only confirm these."""
        if not self.confirmed_by:
            return np.zeros(len(pairs), bool)
        files = self.env["telecom.file"].browse(set(pairs["file_id_known"].tolist()))
        confirming = files.filtered(lambda file: file.source_id in self.confirmed_by)
        return pairs["file_id_known"].isin(confirming.ids).to_numpy(bool)

    def _decided(self, pairs, differs):
        """Where a person chose the row, and where its rival or against it."""
        chosen, passed_over = np.zeros((2, len(pairs)), bool)
        places = np.flatnonzero(differs)
        names = ["identity", "file_id", "file_id_known"]
        rows = pairs[names].iloc[places].to_numpy(object).tolist()
        choices = self.env["telecom.call.decision"]._choices([row[0] for row in rows])
        for place, (identity, file_id, known_id) in zip(places, rows, strict=True):
            mine, other = (
                choices.get((identity, file_id)),
                choices.get((identity, known_id)),
            )
            chosen[place] = mine == "take"
            passed_over[place] = mine == "keep" or (other == "take" and mine != "take")
        return chosen, passed_over

    def _replace(self, pairs, account):
        """Take out stored records for which better ones have come."""
        if pairs.empty:
            return
        remove_calls(self.env, pairs["id"])
        self.env["telecom.file.confirmation"].sudo()._forget(pairs["identity"])
        others = pairs[pairs["file_id"] != pairs["file_id_known"]]
        places = (others["file_id_known"], others["line_number_known"])
        account.move_rows(self.env, "call_count", "merged_count", *places)
        self._settle_conflicts(others["identity"].tolist(), account)

    def _settle_conflicts(self, identities, account):
        """Rows that waited beside a poorer record are poorer, too."""
        waiting = self.env["telecom.rejection"]._of_calls(identities, reason="conflict")
        files = [rejection.file_id.id for rejection in waiting]
        account.move("rejected_count", "merged_count", files)
        waiting.unlink()


def _by_data(pairs):
    """What the values of a row tell: same, better, poorer or conflict (text array)."""
    is_partial, was_partial = (
        is_part(pairs["extra"]),
        pairs["is_partial"].to_numpy(bool),
    )
    longer = (pairs["duration"] > pairs["duration_known"]).to_numpy(bool)
    shorter = (pairs["duration"] < pairs["duration_known"]).to_numpy(bool)
    amount = pairs["carrier_amount_nano"].fillna(-1)
    other = (amount != pairs["carrier_amount_nano_known"].fillna(-1)).to_numpy(bool)
    other &= pairs["unique_id"].notna().to_numpy(bool)
    return np.select(
        [was_partial & ~is_partial, is_partial & ~was_partial, longer, shorter, other],
        ["better", "poorer", "better", "poorer", "conflict"],
        "same",
    )


def is_part(extra: pd.Series) -> np.ndarray:
    """Which records say of themselves that their call still went on (bool array)."""
    texts = pa.array(extra, pa.string(), from_pandas=True)
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    found = pc.fill_null(pc.match_substring_regex(texts, PARTIAL), False)
    return np.asarray(found)


def conflicts(pairs: pd.DataFrame) -> pd.DataFrame:
    """Rows that wait beside a stored call, as rejections."""
    return pd.DataFrame(
        {
            "file_id": pairs["file_id"],
            "line_number": pairs["line_number"],
            "raw": pairs["unique_id"],
            "reason": "conflict",
            "found": pairs["unique_id"],
            "wording": [{"text": CONFLICT}] * len(pairs),
            "identity": pairs["identity"],
            "call_identity": pairs["identity"],
            "facts": pack_facts(pairs),
        }
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls into the table and out of it, with all that hangs on them."""

from collections.abc import Sequence

import pandas as pd

from odoo import api, models
from odoo.tools import SQL

from ..engine.masking import with_hidden
from ..engine.pipeline import RatingTables, match_calls, price_calls
from .call_secret import keep_secrets
from .call_sums import mark_calls, mark_frame
from .call_table import NO_BUNDLE, Rows, copy_rows, encode_calls, mark_used
from .dispute_sql import follow_calls
from .price_guard import guard_customers


def load_countries(env: api.Environment) -> dict[str, int]:
    """Ids of countries by their ISO code."""
    return dict(env.execute_query(SQL("SELECT code, id FROM res_country")))


def rate_facts(facts: pd.DataFrame, tables: RatingTables) -> pd.DataFrame:
    """Facts of calls of any carriers (carrier_id, source_id), matched and priced."""
    parts = []
    for carrier_id, group in facts.groupby("carrier_id", sort=True):
        matched = match_calls(group, int(carrier_id), tables)
        parts.append(price_calls(matched, int(carrier_id), tables))
    calls = pd.concat(parts).assign(**NO_BUNDLE)
    return with_hidden(calls, tables.masking)


def store_calls(
    company: models.BaseModel, calls: pd.DataFrame, encoded: Rows | None = None
) -> None:
    """Add rated calls to the table, and mark what they touch.

    :param calls: facts, identity and results, and the file_id of each
    :param encoded: the same as rows of the table, where that is done already
    """
    env = company.env
    if calls.empty:
        return
    if encoded is None:
        encoded = encode_calls(calls, load_countries(env), {"company_id": company.id})
    copy_rows(env, "telecom_call", encoded)
    keep_secrets(env, calls)
    follow_calls(env, calls["identity"])
    mark_frame(company, calls)
    mark_used(env, calls)
    env["telecom.bundle.pass"]._mark_frame(company, calls)


def remove_calls(env: api.Environment, call_ids: Sequence[int]) -> None:
    """Take calls that are not invoiced out of the table, with what they drew.

    The rest of their customers' months is dealt out anew.
    """
    ids = [int(id_) for id_ in call_ids]
    if not ids:
        return
    these = SQL("c.id = ANY(%s)", ids)
    env["telecom.bundle.pass"]._mark_calls(these)
    mark_calls(env, these)
    payers = env.execute_query(
        SQL(
            "SELECT DISTINCT partner_id FROM telecom_call"
            " WHERE id = ANY(%s) AND partner_id IS NOT NULL",
            ids,
        )
    )
    guard_customers(env, [row[0] for row in payers])
    for query in (
        "DELETE FROM telecom_bundle_draw WHERE call_id = ANY(%s)",
        "DELETE FROM telecom_call_release WHERE call_id = ANY(%s)",
        "DELETE FROM telecom_call WHERE id = ANY(%s)",
    ):
        env.cr.execute(query, (ids,))
    env["telecom.call"].invalidate_model()
    env["telecom.bundle.draw"].invalidate_model()

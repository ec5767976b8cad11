# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Facts of calls that are not stored as calls (they wait, or another call stands for
them), kept so that they can be stored later without reading their file again."""

from collections.abc import Sequence

import pandas as pd

from odoo import api
from odoo.tools import SQL

from ..engine.masking import hidden_rows
from .call_secret import is_hidden, shown_numbers, whole

# Column -> what it is; the rest of a row is found again by matching and pricing.
KEPT = {
    "line_number": "int64",
    "identity": "text",
    "service": "text",
    "direction": "text",
    "calling_number": "text",
    "called_number": "text",
    "redirecting_number": "text",
    "is_withheld": "bool",
    "start_at": "datetime64[s]",
    "duration": "int64",
    "volume": "int64",
    "carrier_amount_nano": "Int64",
    "unique_id": "text",
    "trunk": "text",
    "account_code": "text",
    "visited_country": "text",
    "extra": "text",
    # Of customers who hide digits: as people may see it.
    "shown_number": "text",
}


def pack_facts(calls: pd.DataFrame) -> list[dict]:
    """Facts of calls as JSON takes them, one object a call; what is empty is left out.

    :param calls: facts as `parsers.reader` gives them, and identity
    """
    rows = hidden_rows(calls)
    if rows.size:
        shown = shown_numbers(calls)
        is_other = shown.ne(calls["called_number"].astype(object))
        calls = calls.assign(shown_number=shown.where(is_other, None))
    names = [name for name in KEPT if name in calls]
    kept = calls[names].astype(object)
    kept = kept.where(kept.notna(), None)
    if "start_at" in kept:
        kept["start_at"] = [str(one) for one in calls["start_at"]]
    return [
        {name: _plain(value) for name, value in row.items() if value is not None}
        for row in kept.to_dict("records")
    ]


def _plain(value):
    """A value without numpy's types, which JSON does not know."""
    return value.item() if hasattr(value, "item") else value


def unpack_facts(packed: Sequence[dict]) -> pd.DataFrame:
    """What `pack_facts` gave, as a table of calls with all columns of KEPT."""
    columns = {}
    for name, kind in KEPT.items():
        values = [one.get(name) for one in packed]
        if kind == "text":
            columns[name] = pd.Series(values, dtype=object)
        elif kind in ("int64", "bool"):
            columns[name] = pd.Series([one or 0 for one in values], dtype=kind)
        else:
            columns[name] = pd.Series(values, dtype=object).astype(kind)
    return pd.DataFrame(columns)


def stored_facts(env: api.Environment, call_ids: Sequence[int]) -> pd.DataFrame:
    """Facts of stored calls as `unpack_facts` gives them; id, file_id, carrier_id."""
    rows = env.execute_query_dict(
        SQL(
            """
            SELECT c.id, c.file_id, c.carrier_id, c.line_number,
                   replace(c.identity::text, '-', '') AS identity, c.service,
                   c.direction, c.calling_number, c.is_withheld, c.start_at::text,
                   c.duration, c.volume, (c.carrier_amount * 1000000000)::bigint
                   AS carrier_amount_nano, v.code AS visited_country,
                   %(called)s AS called_number, %(redirecting)s AS redirecting_number,
                   %(trunk)s AS trunk, %(account)s AS account_code,
                   (%(extra)s)::text AS extra,
                   CASE WHEN %(is_hidden)s THEN c.called_number END AS shown_number
              FROM telecom_call c
         LEFT JOIN res_country v ON v.id = c.visited_country_id
             WHERE c.id = ANY(%(ids)s)
          ORDER BY c.id
            """,
            ids=[int(id_) for id_ in call_ids],
            called=whole("c"),
            redirecting=whole("c", "redirecting_number"),
            trunk=whole("c", "trunk"),
            account=whole("c", "account_code"),
            extra=whole("c", "extra"),
            is_hidden=is_hidden("c"),
        )
    )
    facts = unpack_facts(rows)
    for name in ("id", "file_id", "carrier_id"):
        facts[name] = pd.Series([row[name] for row in rows], dtype="int64")
    return facts

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows of the database as the tables that the engine takes."""

import io

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from odoo import api
from odoo.tools import SQL

from ..engine.periods import EVER, NEVER

# PostgreSQL's types of columns, and what they are in a table. A numeric has no place
# here: it would come as text.
ARROW_TYPES = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int64(),
    23: pa.int64(),
    25: pa.string(),
    1043: pa.string(),
    1114: pa.timestamp("s"),
}
COPY_BLOCK = 1 << 22


def read_frame(
    env: api.Environment, query: SQL, types: dict[str, str] | None = None
) -> pd.DataFrame:
    """The rows of a query, columns named as in it."""
    env.cr.execute(query)
    names = [column.name for column in env.cr.description]
    frame = pd.DataFrame(env.cr.fetchall(), columns=names)
    return frame.astype(types or {})


def read_large_frame(
    env: api.Environment, query: SQL, types: dict[str, str] | None = None
) -> pd.DataFrame:
    """The same by COPY: of 100,000 rows in a quarter of the time."""
    env.cr.execute(SQL("SELECT * FROM (%s) AS rows LIMIT 0", query))
    kinds = {c.name: ARROW_TYPES[c.type_code] for c in env.cr.description}
    code = env.cr.mogrify(query.code, query.params).decode()
    target = io.BytesIO()
    copied = f"COPY ({code}) TO STDOUT (FORMAT csv)"
    env.cr.copy_expert(copied, target, COPY_BLOCK)
    table = (
        pa.csv.read_csv(
            io.BytesIO(target.getvalue()),
            pa.csv.ReadOptions(column_names=list(kinds)),
            pa.csv.ParseOptions(newlines_in_values=True),
            pa.csv.ConvertOptions(
                column_types=kinds,
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )
        if target.tell()
        else pa.schema(kinds.items()).empty_table()
    )
    # Not as floats where some are missing: large amounts would lose digits.
    return table.to_pandas(integer_object_nulls=True).astype(types or {})


def period_sql(alias: str) -> SQL:
    """SQL of the columns start and end: epoch seconds, open ends far away."""
    return SQL(
        "COALESCE(EXTRACT(EPOCH FROM %s)::bigint, %s) AS start,"
        ' COALESCE(EXTRACT(EPOCH FROM %s)::bigint, %s) AS "end"',
        SQL.identifier(alias, "date_start"),
        EVER,
        SQL.identifier(alias, "date_end"),
        NEVER,
    )

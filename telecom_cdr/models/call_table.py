# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whole tables of calls between the engine and PostgreSQL: COPY both ways."""

import io
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from odoo import api
from odoo.tools import SQL, Query

from ..engine.masking import shown
from ..engine.pipeline import RatingTables, counts_costs
from . import copy_binary
from .call_secret import is_anonymous, is_open, mask_calls, whole
from .call_sums import MONTH, mark_parts
from .copy_binary import Fixed, Text
from .price_guard import guard_customers

# Column of telecom_call -> column of the engine's table and its kind.
FACT_COLUMNS = {
    "line_number": ("line_number", "int"),
    "identity": ("identity", "uuid"),
    "direction": ("direction", "text"),
    "service": ("service", "text"),
    "calling_number": ("calling_number", "text"),
    "called_number": ("called_number", "text"),
    "redirecting_number": ("redirecting_number", "text"),
    "is_withheld": ("is_withheld", "bool"),
    "start_at": ("start_at", "time"),
    "day": ("day", "day"),
    "duration": ("duration", "int"),
    "volume": ("volume", "bytes"),
    "carrier_amount": ("carrier_amount_nano", "nano"),
    "trunk": ("trunk", "text"),
    "account_code": ("account_code", "text"),
    "extra": ("extra", "json"),
}
RESULT_COLUMNS = {
    "number_id": ("number_id", "id"),
    "partner_id": ("partner_id", "id"),
    "destination_id": ("destination_id", "id"),
    "prefix": ("prefix", "text"),
    "category": ("category", "text"),
    "billed_duration": ("billed_duration", "int"),
    "bundle_duration": ("bundle_duration", "count"),
    "cost": ("cost_nano", "nano"),
    "cost_currency_id": ("cost_currency_id", "id"),
    "price": ("price_micro", "micro"),
    "currency_id": ("currency_id", "id"),
    "margin": ("margin_nano", "nano"),
    "rate_id": ("rate_id", "id"),
    "cost_rate_id": ("cost_rate_id", "id"),
    "is_allowed": ("is_allowed", "bool"),
    "rating_state": ("state", "text"),
    "rating_reason": ("reason", "word"),
    "conversion": ("conversion", "word"),
    "tier_from": ("tier_from", "bytes"),
    "tier_parts": ("tier_parts", "word"),
    "cost_tier_parts": ("cost_tier_parts", "word"),
    "rest_discount_ppm": ("rest_discount_ppm", "count"),
    "paid_discount_ppm": ("paid_discount_ppm", "count"),
}
# What mostly is another where anything is.
CHANGING = {"price", "margin", "cost"}
COST_COLUMNS = {
    name: RESULT_COLUMNS[name]
    for name in ("cost", "cost_currency_id", "cost_rate_id", "cost_tier_parts")
}
# Results of calls that no bundle is asked for.
NO_BUNDLE = {"bundle_duration": 0, "rest_discount_ppm": 0, "paid_discount_ppm": 0}
READ_TYPES = {
    "id": pa.int64(),
    "carrier_id": pa.int64(),
    "identity": pa.string(),
    "direction": pa.string(),
    "service": pa.string(),
    "calling_number": pa.string(),
    "called_number": pa.string(),
    "redirecting_number": pa.string(),
    "is_withheld": pa.bool_(),
    "start_at": pa.timestamp("s"),
    "duration": pa.int64(),
    "volume": pa.int64(),
    "carrier_amount_nano": pa.int64(),
    "trunk": pa.string(),
    "account_code": pa.string(),
    "extra": pa.string(),
    "source_id": pa.int64(),
    "found_partner_id": pa.int64(),
    "is_abroad": pa.bool_(),
    "stored_cost_nano": pa.int64(),
    "stored_cost_currency_id": pa.int64(),
    "stored_cost_rate_id": pa.int64(),
    "stored_cost_tier_parts": pa.string(),
}
# Mostly the same for all rows of a batch.
BATCH_COLUMNS = ("company_id", "file_id", "carrier_id")
# Few large blocks: for each one the reading thread has to be waited for.
COPY_BLOCK = 1 << 22
DECIMALS = {"nano": 9, "micro": 6}


class Rows(NamedTuple):
    """Rows as COPY takes them.

    :ivar columns: names of the table's columns
    :ivar data: PostgreSQL's binary format
    """

    columns: list[str]
    data: bytes


def encode_calls(
    calls: pd.DataFrame, countries: dict[str, int], batch: dict[str, int]
) -> Rows:
    """Calls as rows of the table, without the digits that their customers hide.

    :param calls: facts, identity and results, one row a call
    :param countries: id by ISO code, for visited_country
    :param batch: those of company_id, file_id and carrier_id that all rows have in
        common; the others are columns of the calls
    """
    columns = {
        name: copy_binary.numbers(
            np.full(len(calls), batch[name])
            if name in batch
            else calls[name].to_numpy(),
            4,
        )
        for name in BATCH_COLUMNS
    }
    columns.update(_columns(shown(calls), {**FACT_COLUMNS, **RESULT_COLUMNS}))
    visited = calls["visited_country"].map(countries).fillna(0)
    columns["visited_country_id"] = _none_if_zero(visited)
    return Rows(*copy_binary.encode(columns))


def copy_rows(env: api.Environment, table: str, rows: Rows) -> None:
    """Append rows to a table."""
    columns = SQL(", ").join(SQL.identifier(name) for name in rows.columns)
    query = SQL(
        "COPY %s (%s) FROM STDIN (FORMAT binary)", SQL.identifier(table), columns
    )
    env.cr.copy_expert(query.code, io.BytesIO(rows.data), COPY_BLOCK)


def refresh_statistics(
    env: api.Environment, new_rows: int, table: str = "telecom_call"
) -> None:
    """Have PostgreSQL look at a table again where a tenth of it is new.

    It does so by itself some time later, and plans for the table as it was until then.
    """
    env.cr.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", (table,))
    if new_rows * 10 > env.cr.fetchone()[0]:
        env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))


def encode_results(calls: pd.DataFrame, results: dict | None = None) -> Rows:
    """Results of stored calls, and ``id``, as rows that are compared with the table."""
    ids = calls["id"].to_numpy(dtype=np.int64)
    return Rows(
        *copy_binary.encode(
            {
                "id": copy_binary.numbers(ids, 8),
                **_columns(calls, results or RESULT_COLUMNS),
            }
        )
    )


def update_calls(
    env: api.Environment,
    calls: pd.DataFrame,
    results: dict | None = None,
    rows: Rows | None = None,
) -> int:
    """Write results of rating to calls that are not invoiced, where they differ.

    :param calls: results, and ``id``, one row a call
    :param results: which of them; None: all
    :param rows: the same as `encode_results` gives it, where that is done already
    :return: number of calls that changed
    """
    if calls.empty:
        return 0
    rows = rows or encode_results(calls, results)
    columns = SQL(", ").join(SQL.identifier(name) for name in rows.columns)
    cr = env.cr
    cr.execute("DROP TABLE IF EXISTS telecom_call_result")
    cr.execute(
        SQL(
            "CREATE TEMP TABLE telecom_call_result ON COMMIT DROP AS"
            " SELECT %s FROM telecom_call LIMIT 0",
            columns,
        )
    )
    copy_rows(env, "telecom_call_result", rows)
    first_id, last_id = int(calls["id"].min()), int(calls["id"].max())
    pairs = _pairs(first_id, last_id)
    is_whole_span = last_id - first_id + 1 == len(calls)
    span = SQL("c.id BETWEEN %s AND %s", first_id, last_id)
    parts = _parts(env, span if is_whole_span else _in_results(pairs))
    changed = _write_results(env, list(results or RESULT_COLUMNS), pairs)
    if changed:
        guard_customers(env, {payer for *_month, payer in parts if payer})
        mark_parts(env, parts | _parts_of(calls, parts))
    mask_calls(env, SQL("c.id = ANY(%s)", calls["id"].tolist()))
    mark_used(env, calls)
    return changed


def _pairs(first_id: int, last_id: int) -> SQL:
    """SQL condition: the call ``c`` has the result ``r``.

    The span tells PostgreSQL, who knows nothing of a table just made, which part of
    the calls to look at: else it reads all of them for each batch.
    """
    return SQL("c.id = r.id AND c.id BETWEEN %s AND %s", first_id, last_id)


def _in_results(pairs: SQL) -> SQL:
    """SQL condition: the call ``c`` has a result."""
    return SQL("EXISTS (SELECT FROM telecom_call_result r WHERE %s)", pairs)


def _parts(env: api.Environment, condition: SQL) -> set[tuple]:
    """Company, month and customer of the calls ``c`` as they are stored."""
    rows = env.execute_query(
        SQL(
            "SELECT DISTINCT c.company_id, %s, c.partner_id"
            " FROM telecom_call c WHERE %s",
            MONTH,
            condition,
        )
    )
    return set(rows)


def _parts_of(calls: pd.DataFrame, parts: set[tuple]) -> set[tuple]:
    """The same months of customers who have calls now: in which is not looked up."""
    payers = calls["partner_id"].unique().tolist()
    months = {part[:2] for part in parts}
    return {(*month, payer) for month in months for payer in payers}


def _write_results(env: api.Environment, names: list[str], pairs: SQL) -> int:
    """Take over what differs from telecom_call_result; the number of such calls."""
    # Where prices change, the first columns tell.
    compared = sorted(names, key=lambda name: name not in CHANGING)
    env.cr.execute(
        SQL(
            "UPDATE telecom_call c SET %(assigned)s FROM telecom_call_result r"
            " WHERE %(pairs)s AND (%(old)s) IS DISTINCT FROM (%(new)s)"
            " AND %(open)s",
            open=is_open("c"),
            assigned=SQL(", ").join(
                SQL("%s = %s", SQL.identifier(n), SQL.identifier("r", n)) for n in names
            ),
            pairs=pairs,
            old=SQL(", ").join(SQL.identifier("c", n) for n in compared),
            new=SQL(", ").join(SQL.identifier("r", n) for n in compared),
        )
    )
    return env.cr.rowcount


def mark_used(env: api.Environment, calls: pd.DataFrame) -> None:
    """Mark what these calls refer to, so that it is not deleted under them."""
    for model, columns in (
        ("telecom.number", ("number_id",)),
        ("telecom.destination", ("destination_id",)),
        ("telecom.rate", ("rate_id", "cost_rate_id")),
        ("res.partner", ("partner_id",)),
    ):
        ids = set()
        for column in columns:
            ids.update(calls[column].unique().tolist())
        if model == "telecom.rate":
            ids.update(_rates_of_parts(calls))
        env[model].sudo()._mark_used(ids)


def _rates_of_parts(calls: pd.DataFrame) -> set[int]:
    """Rates that have priced a part of a call, beside the one that it began with."""
    texts = set()
    for name in {"tier_parts", "cost_tier_parts"} & {*calls}:
        texts.update(text for text in calls[name].unique().tolist() if text)
    parts = (part for text in texts for part in text.split())
    return {int(part.partition(":")[0]) for part in parts}


def read_calls(
    env: api.Environment,
    condition: SQL,
    after_id: int,
    limit: int,
    **wanted: bool,
) -> pd.DataFrame:
    """Stored calls that are neither invoiced nor anonymous, as the engine takes them.

    :param condition: a subselect of ids
    :param after_id: only ids above this one, in order
    :param wanted: more facts, see :func:`wanted_by`
    :return: id, carrier_id, identity and the facts of the next calls
    """
    return _copy_calls(
        env,
        SQL(
            """
              FROM telecom_call c
             WHERE c.id IN %s AND c.id > %s AND %s
          ORDER BY c.id LIMIT %s
            """,
            condition,
            after_id,
            is_open("c"),
            limit,
        ),
        _more_facts(**wanted),
    )


def read_batch(env: api.Environment, query: Query, **wanted: bool) -> pd.DataFrame:
    """The calls that a query of telecom.call finds, as `read_calls` gives them."""
    found = query.select(SQL("telecom_call.*"))
    return _copy_calls(env, SQL("FROM (%s) c", found), _more_facts(**wanted))


def wanted_by(tables: RatingTables) -> dict[str, bool]:
    """What has to be read beside the facts, for the prices at hand.

    :return: ``with_extra`` (a pattern or formula asks for it, or a source finds the
        customer in it), ``with_cost`` (a cost depends on its month, and is not computed
        anew call by call), ``with_source`` (a source finds customers in its own order),
        ``with_abroad`` (prices hold a tax, which goes by the product that bills a call)
    """
    return {
        "with_extra": bool(tables.book.needs_extra or tables.searches),
        "with_cost": counts_costs(tables),
        "with_source": bool(tables.searches),
        "with_abroad": bool(tables.taxed.rate_ids),
    }


def _more_facts(
    with_extra: bool = False,
    with_cost: bool = False,
    with_source: bool = False,
    with_abroad: bool = False,
) -> list[SQL]:
    cost = [
        SQL("(c.cost * 1000000000)::bigint AS stored_cost_nano"),
        SQL("COALESCE(c.cost_currency_id, 0) AS stored_cost_currency_id"),
        SQL("COALESCE(c.cost_rate_id, 0) AS stored_cost_rate_id"),
        SQL("COALESCE(c.cost_tier_parts, '') AS stored_cost_tier_parts"),
    ]
    source = [
        SQL(
            "(SELECT f.source_id FROM telecom_file f WHERE f.id = c.file_id) source_id"
        ),
        # Whom a reference named when the call was read: nothing else has no number.
        SQL("CASE WHEN c.number_id IS NULL THEN c.partner_id END AS found_partner_id"),
    ]
    abroad = [SQL("c.visited_country_id IS NOT NULL AS is_abroad")]
    return [
        *[SQL("%s AS extra", whole("c", "extra"))] * with_extra,
        *cost * with_cost,
        *source * with_source,
        *abroad * with_abroad,
    ]


def read_all_calls(
    env: api.Environment,
    condition: SQL,
    after_id: int,
    limit: int,
    **wanted: bool,
) -> pd.DataFrame:
    """Stored calls as `read_calls` gives them, those that are invoiced too.

    :param condition: a subselect of ids
    :return: the columns of `read_calls`, and stored_partner_id and move_id (the
        invoice), 0 where there is none
    """
    more = [
        SQL("COALESCE(c.partner_id, 0) AS stored_partner_id"),
        SQL("COALESCE(l.move_id, 0) AS move_id"),
    ]
    return _copy_calls(
        env,
        SQL(
            """
              FROM telecom_call c
         LEFT JOIN telecom_call_invoice i ON i.call_id = c.id
         LEFT JOIN account_move_line l ON l.id = i.move_line_id
             WHERE c.id IN %s AND c.id > %s
          ORDER BY c.id LIMIT %s
            """,
            condition,
            after_id,
            limit,
        ),
        [*_more_facts(**wanted), *more],
    )


def _copy_calls(env: api.Environment, rows: SQL, more: list[SQL]) -> pd.DataFrame:
    """The facts of stored calls, and more columns of theirs.

    :param rows: FROM and all that follows, with the calls as ``c``
    """
    query = SQL(
        """
        COPY (
            SELECT c.id, c.carrier_id, c.identity, c.direction, c.service,
                   c.calling_number, c.is_withheld, c.start_at, c.duration,
                   COALESCE(c.volume, 0) AS volume,
                   (c.carrier_amount * 1000000000)::bigint AS carrier_amount_nano,
                   %s
            %s
        ) TO STDOUT (FORMAT csv, HEADER)
        """,
        SQL(", ").join([*_whole_facts(), *more]),
        rows,
    )
    target = io.BytesIO()
    text = env.cr.mogrify(query.code, query.params).decode()
    # Compiling the query for each batch takes twice the time that reading it does.
    env.cr.execute("SET LOCAL jit = off")
    env.cr.copy_expert(text, target, COPY_BLOCK)
    env.cr.execute("SET LOCAL jit = DEFAULT")
    return _decode(target.getvalue())


def _whole_facts() -> list[SQL]:
    """Columns that may have lost digits in the table: they are priced as they were."""
    names = ("called_number", "redirecting_number", "trunk", "account_code")
    return [SQL("%s AS %s", whole("c", name), SQL.identifier(name)) for name in names]


def _decode(data: bytes) -> pd.DataFrame:
    """The rows of a COPY, with the types that the engine expects."""
    options = pa.csv.ConvertOptions(
        column_types=READ_TYPES,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )
    frame = pa.csv.read_csv(io.BytesIO(data), convert_options=options).to_pandas()
    for name in {"carrier_amount_nano", "stored_cost_nano"} & {*frame}:
        frame[name] = frame[name].astype("Int64")
    return frame


def known_calls(env: api.Environment, identities: pd.Series) -> pd.DataFrame:
    """Calls that are stored under these identities.

    :param identities: text without dashes
    :return: identity (text without dashes), id, duration, carrier_amount_nano,
        file_id, line_number, is_partial, is_invoiced, is_anonymous
    """
    cr = env.cr
    candidates = _known_candidates(env, identities)
    cr.execute(
        SQL(
            """
            SELECT replace(c.identity::text, '-', '') AS identity, c.id, c.duration,
                   (c.carrier_amount * 1000000000)::bigint AS carrier_amount_nano,
                   c.file_id, c.line_number,
                   COALESCE(lower(c.extra->>'partial') IN ('1', 'true', 'yes', 'y',
                       'partial', 'intermediate', 'interim'), FALSE) AS is_partial,
                   EXISTS (SELECT FROM telecom_call_invoice i
                            WHERE i.call_id = c.id) AS is_invoiced,
                   %s AS is_anonymous
              FROM telecom_call c WHERE c.identity = ANY(%s::uuid[])
            """,
            is_anonymous("c"),
            candidates,
        )
    )
    names = [column.name for column in cr.description]
    frame = pd.DataFrame(cr.fetchall(), columns=names)
    return frame.astype({"carrier_amount_nano": "Int64"})


def _known_candidates(env: api.Environment, identities: pd.Series) -> list[str]:
    """The identities that may be stored.

    An identity begins with its hour, and files mostly come in the order of time:
    few stored calls lie in the span of a batch, and they are read faster than each
    identity is looked up.
    """
    if identities.empty:
        return []
    env.cr.execute(
        "SELECT replace(identity::text, '-', '') FROM telecom_call"
        " WHERE identity BETWEEN %s AND %s LIMIT %s",
        (identities.min(), identities.max(), len(identities) // 4 + 100),
    )
    stored = [row[0] for row in env.cr.fetchall()]
    if len(stored) > len(identities) // 4:
        return identities.tolist()
    return identities[identities.isin(stored)].tolist()


def _columns(calls: pd.DataFrame, columns: dict) -> dict[str, Fixed | Text]:
    """Columns as COPY takes them, by their name in the table."""
    return {
        name: _MAKERS[kind](calls[column])
        for name, (column, kind) in columns.items()
        if column in calls
    }


def _text(series: pd.Series) -> Text:
    array = pa.array(series, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return Text(array.cast(pa.string()))


def _word(series: pd.Series) -> Text:
    """Texts of which the empty one means that there is none."""
    array = _text(series).data
    return Text(pc.if_else(pc.equal(array, ""), pa.scalar(None, array.type), array))


def _json(series: pd.Series) -> Text:
    """JSON as jsonb, whose binary form begins with its version."""
    return Text(_text(series).data, b"\x01")


def _int(series: pd.Series) -> Fixed:
    return copy_binary.numbers(series.to_numpy(dtype=np.int64), 4)


def _none_if_zero(series: pd.Series, width: int = 4) -> Fixed:
    """Most calls have no volume and no customer's bundle: NULL takes no space."""
    values = series.to_numpy(dtype=np.int64)
    return copy_binary.numbers(values, width, values == 0)


def _bytes(series: pd.Series) -> Fixed:
    return _none_if_zero(series, 8)


def _decimal(decimals: int):
    """Scaled integers as exact decimals: 34000000 nano -> 0.034000000."""

    def convert(series: pd.Series) -> Fixed:
        missing = series.isna().to_numpy(dtype=bool)
        values = series.fillna(0).to_numpy(dtype=np.int64)
        return copy_binary.decimals(values, decimals, missing)

    return convert


_MAKERS = {
    "text": _text,
    "word": _word,
    "json": _json,
    "uuid": lambda series: copy_binary.uuids(_text(series).data),
    "int": _int,
    "id": _none_if_zero,
    "count": _none_if_zero,
    "bytes": _bytes,
    "bool": lambda series: copy_binary.flags(series.to_numpy(dtype=bool)),
    "time": lambda series: copy_binary.moments(series.to_numpy()),
    "day": lambda series: copy_binary.days(series.to_numpy()),
    "nano": _decimal(DECIMALS["nano"]),
    "micro": _decimal(DECIMALS["micro"]),
}

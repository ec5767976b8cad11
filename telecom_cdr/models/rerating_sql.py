# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Statements of a re-rating, each over a whole table of calls."""

import pandas as pd

from odoo import api
from odoo.tools import SQL

from . import copy_binary
from .call_secret import is_open, mask_calls
from .call_sums import MONTH, NOBODY, insert_marks
from .call_table import RESULT_COLUMNS, Rows, _columns, copy_rows
from .currency_rates import day_rates
from .mixin_invoicing_release import OWED

NAMES = tuple(RESULT_COLUMNS)
# Corrections that stand: on an invoice that is not cancelled, and not credited since.
CORRECTED = SQL(
    "COALESCE((SELECT sum(n.amount) FROM telecom_call_correction n"
    " LEFT JOIN account_move_line nl ON nl.id = n.move_line_id"
    " WHERE n.call_id = c.id AND n.is_released IS NOT TRUE"
    " AND nl.parent_state IS DISTINCT FROM 'cancel'), 0)"
)

# How much of an invoiced call's currency 1 of the company's was on its day.
CURRENCY_RATE = SQL(
    "CASE WHEN NOT s.is_invoiced OR s.old_currency_id IS NULL THEN 1"
    " ELSE (SELECT CASE WHEN m.currency_id = s.old_currency_id THEN 1 ELSE"
    " (SELECT r.rate / r.own_rate FROM (%s) r WHERE r.day = s.day"
    " AND r.currency_id = s.old_currency_id) END"
    " FROM res_company m WHERE m.id = s.company_id) END",
    day_rates(SQL("b.id = m.id")),
)


def columns_of(alias: str, prefix: str = "") -> SQL:
    """The results of a call as a list of columns: c.price, c.rate_id ..."""
    return SQL(", ").join(SQL.identifier(alias, prefix + name) for name in NAMES)


def renamed(alias: str, prefix: str) -> SQL:
    """The same with names of their own: c.price AS old_price ..."""
    return SQL(", ").join(
        SQL("%s AS %s", SQL.identifier(alias, name), SQL.identifier(prefix + name))
        for name in NAMES
    )


def prefixed(prefix: str) -> SQL:
    """Names alone: old_price, old_rate_id ..."""
    return SQL(", ").join(SQL.identifier(prefix + name) for name in NAMES)


def assigned(alias: str, prefix: str) -> SQL:
    """Assignments of an update: price = k.new_price ..."""
    return SQL(", ").join(
        SQL("%s = %s", SQL.identifier(name), SQL.identifier(alias, prefix + name))
        for name in NAMES
    )


def add_result_columns(env: api.Environment) -> None:
    """Give the table of proposed calls a column for each result, before and after.

    A result that calls gain later is there after the next update of the module.
    """
    env.cr.execute(
        SQL(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = 'telecom_call'::regclass AND attname = ANY(%s)",
            list(NAMES),
        )
    )
    for name, kind in env.cr.fetchall():
        for prefix in ("old_", "new_"):
            env.cr.execute(
                SQL(
                    "ALTER TABLE telecom_rerating_call ADD COLUMN IF NOT EXISTS %s %s",
                    SQL.identifier(prefix + name),
                    SQL(kind),
                )
            )


def compare(env: api.Environment, calls: pd.DataFrame) -> None:
    """Put what calls would be now beside what is stored: telecom_rerating_step.

    :param calls: results of the engine and ``id``; ``period_id``, 0 where the calls
        do not hang together by allowances
    """
    cr = env.cr
    for table in ("telecom_rerating_result", "telecom_rerating_step"):
        cr.execute(SQL("DROP TABLE IF EXISTS %s", SQL.identifier(table)))
    cr.execute(
        SQL(
            "CREATE TEMP TABLE telecom_rerating_result ON COMMIT DROP AS"
            " SELECT id, 0 AS period_id, %s FROM telecom_call c LIMIT 0",
            columns_of("c"),
        )
    )
    copy_rows(env, "telecom_rerating_result", _result_rows(calls))
    cr.execute(
        SQL(
            """
            CREATE TEMP TABLE telecom_rerating_step ON COMMIT DROP AS
            SELECT s.*, %(currency_rate)s AS currency_rate,
                   CASE WHEN NOT s.is_invoiced THEN
                        CASE WHEN (%(old)s) IS DISTINCT FROM (%(new)s)
                             THEN 'proposed' ELSE 'same' END
                        WHEN s.is_credited THEN 'same'
                        WHEN s.new_rating_state NOT IN ('rated', 'excluded')
                        THEN 'no_price'
                        WHEN s.new_partner_id IS DISTINCT FROM s.old_partner_id
                        THEN 'other_customer'
                        WHEN s.new_rating_state = 'rated'
                         AND s.new_currency_id IS DISTINCT FROM s.old_currency_id
                        THEN 'other_currency'
                        WHEN COALESCE(s.new_price, 0)
                             <> COALESCE(s.old_price, 0) + s.corrected
                        THEN 'proposed' ELSE 'same' END AS outcome
              FROM (SELECT c.id AS call_id, c.company_id, c.day, r.period_id,
                           i.move_line_id AS origin_line_id,
                           i.call_id IS NOT NULL AS is_invoiced,
                           i.call_id IS NOT NULL AND NOT %(owed)s AS is_credited,
                           %(corrected)s AS corrected, %(c)s, %(r)s
                      FROM telecom_rerating_result r
                      JOIN telecom_call c ON c.id = r.id AND c.id BETWEEN %(first)s
                                         AND %(last)s
                 LEFT JOIN telecom_call_invoice i ON i.call_id = c.id) s
            """,
            # Which part of the calls to look at: a table just made tells nothing.
            first=int(calls["id"].min()) if len(calls) else 0,
            last=int(calls["id"].max()) if len(calls) else 0,
            old=columns_of("s", "old_"),
            new=columns_of("s", "new_"),
            corrected=CORRECTED,
            owed=OWED,
            currency_rate=CURRENCY_RATE,
            c=renamed("c", "old_"),
            r=renamed("r", "new_"),
        )
    )


def _result_rows(calls: pd.DataFrame) -> Rows:
    ids = calls["id"].to_numpy(dtype="int64")
    periods = calls["period_id"].to_numpy(dtype="int64")
    return Rows(
        *copy_binary.encode(
            {
                "id": copy_binary.numbers(ids, 8),
                "period_id": copy_binary.numbers(periods, 4),
                **_columns(calls, RESULT_COLUMNS),
            }
        )
    )


# What a call is worth before and after, whatever becomes of it. Margins are in the
# company's currency: what is added to one is converted at the rate of the call's day.
AMOUNTS = SQL(
    """
    COALESCE(s.old_price, 0) + s.corrected AS old_amount,
    CASE WHEN s.is_invoiced AND s.outcome <> 'proposed'
         THEN COALESCE(s.old_price, 0) + s.corrected
         ELSE COALESCE(s.new_price, 0) END AS new_amount,
    COALESCE(s.old_cost, 0) AS old_cost,
    CASE WHEN s.is_invoiced THEN COALESCE(s.old_cost, 0)
         ELSE COALESCE(s.new_cost, 0) END AS new_cost,
    CASE WHEN s.old_margin IS NOT NULL
         THEN s.old_margin + COALESCE(round(s.corrected / s.currency_rate, 9), 0)
         ELSE 0 END AS old_margin,
    CASE WHEN NOT s.is_invoiced THEN COALESCE(s.new_margin, 0)
         WHEN s.old_margin IS NULL THEN 0
         WHEN s.outcome = 'proposed'
         THEN s.old_margin + COALESCE(round((COALESCE(s.new_price, 0)
                             - COALESCE(s.old_price, 0)) / s.currency_rate, 9), 0)
         ELSE s.old_margin + COALESCE(round(s.corrected / s.currency_rate, 9), 0)
         END AS new_margin
    """
)


def keep_changes(env: api.Environment, rerating_id: int) -> None:
    """Keep the compared calls that differ, and why some may not be changed."""
    env.cr.execute(
        SQL(
            """
            INSERT INTO telecom_rerating_call (
                   rerating_id, company_id, call_id, day, period_id, origin_line_id,
                   is_invoiced, corrected, outcome, partner_id, category, currency_id,
                   difference, margin_difference, %(names)s)
            SELECT %(rerating)s, s.company_id, s.call_id, s.day,
                   NULLIF(s.period_id, 0), s.origin_line_id, s.is_invoiced, s.corrected,
                   s.outcome, COALESCE(s.new_partner_id, s.old_partner_id),
                   s.new_category, COALESCE(s.new_currency_id, s.old_currency_id),
                   a.new_amount - a.old_amount, a.new_margin - a.old_margin,
                   %(values)s
              FROM telecom_rerating_step s, LATERAL (SELECT %(amounts)s) a
             WHERE s.outcome <> 'same'
          ORDER BY s.call_id
            """,
            rerating=rerating_id,
            names=SQL("%s, %s", prefixed("old_"), prefixed("new_")),
            values=SQL("%s, %s", columns_of("s", "old_"), columns_of("s", "new_")),
            amounts=AMOUNTS,
        )
    )


def add_sums(env: api.Environment, rerating_id: int) -> None:
    """Sum the compared calls up by customer and category, changed or not."""
    env.cr.execute(
        SQL(
            """
            INSERT INTO telecom_rerating_line (
                   rerating_id, company_id, partner_id, category, currency_id,
                   is_invoiced, call_count, changed_count, blocked_count, old_amount,
                   new_amount, old_cost, new_cost, old_margin, new_margin)
            SELECT %(rerating)s, s.company_id,
                   COALESCE(s.new_partner_id, s.old_partner_id), s.new_category,
                   COALESCE(s.old_currency_id, s.new_currency_id), s.is_invoiced,
                   count(*), count(*) FILTER (WHERE s.outcome = 'proposed'),
                   count(*) FILTER (WHERE s.outcome NOT IN ('proposed', 'same')),
                   sum(a.old_amount), sum(a.new_amount), sum(a.old_cost),
                   sum(a.new_cost), sum(a.old_margin), sum(a.new_margin)
              FROM telecom_rerating_step s, LATERAL (SELECT %(amounts)s) a
          GROUP BY 1, 2, 3, 4, 5, 6
            """,
            rerating=rerating_id,
            amounts=AMOUNTS,
        )
    )


def merge_sums(env: api.Environment, rerating_id: int) -> None:
    """Make one row of those that the steps have added for the same group."""
    env.cr.execute(
        SQL(
            """
            WITH gone AS (DELETE FROM telecom_rerating_line
                           WHERE rerating_id = %(rerating)s RETURNING *)
            INSERT INTO telecom_rerating_line (
                   rerating_id, company_id, partner_id, category, currency_id,
                   is_invoiced, call_count, changed_count, blocked_count, old_amount,
                   new_amount, old_cost, new_cost, old_margin, new_margin, difference,
                   margin_difference)
            SELECT rerating_id, company_id, partner_id, category, currency_id,
                   is_invoiced, sum(call_count), sum(changed_count),
                   sum(blocked_count), sum(old_amount), sum(new_amount), sum(old_cost),
                   sum(new_cost), sum(old_margin), sum(new_margin),
                   sum(new_amount) - sum(old_amount), sum(new_margin) - sum(old_margin)
              FROM gone
          GROUP BY 1, 2, 3, 4, 5, 6
            """,
            rerating=rerating_id,
        )
    )
    env.cr.execute(
        SQL(
            """
            WITH gone AS (DELETE FROM telecom_rerating_bundle
                           WHERE rerating_id = %(rerating)s RETURNING *)
            INSERT INTO telecom_rerating_bundle (
                   rerating_id, company_id, partner_id, subscription_id, allowance_id,
                   number_id, period_start, old_quantity, new_quantity)
            SELECT rerating_id, company_id, partner_id, subscription_id, allowance_id,
                   number_id, period_start, sum(old_quantity), sum(new_quantity)
              FROM gone
          GROUP BY 1, 2, 3, 4, 5, 6, 7
            HAVING sum(old_quantity) <> sum(new_quantity)
            """,
            rerating=rerating_id,
        )
    )


# === APPLICATION === #


def drifted_periods(
    env: api.Environment, rerating_id: int, period_ids: list[int]
) -> list[int]:
    """Periods in which the compared calls are not what was proposed any more."""
    rows = env.execute_query(
        SQL(
            """
            SELECT DISTINCT COALESCE(s.period_id, k.period_id)
              FROM (SELECT * FROM telecom_rerating_step WHERE outcome = 'proposed') s
         FULL JOIN (SELECT * FROM telecom_rerating_call
                     WHERE rerating_id = %(rerating)s AND outcome = 'proposed'
                       AND period_id = ANY(%(periods)s)) k ON k.call_id = s.call_id
             WHERE s.call_id IS NULL OR k.call_id IS NULL
                OR s.is_invoiced <> k.is_invoiced OR s.corrected <> k.corrected
                OR s.origin_line_id IS DISTINCT FROM k.origin_line_id
                OR (%(old_s)s) IS DISTINCT FROM (%(old_k)s)
                OR (%(new_s)s) IS DISTINCT FROM (%(new_k)s)
            """,
            rerating=rerating_id,
            periods=period_ids,
            old_s=columns_of("s", "old_"),
            old_k=columns_of("k", "old_"),
            new_s=columns_of("s", "new_"),
            new_k=columns_of("k", "new_"),
        )
    )
    return [row[0] for row in rows]


def judge(env: api.Environment, condition: SQL) -> None:
    """Leave out proposed calls ``k`` that have changed since, and say why."""
    env.cr.execute(
        SQL(
            """
            UPDATE telecom_rerating_call k SET outcome = j.outcome
              FROM (SELECT k.id,
                           CASE WHEN c.id IS NULL THEN 'kept_changed'
                                WHEN k.new_rate_id IS NOT NULL AND NOT EXISTS (
                                     SELECT FROM telecom_rate t
                                      WHERE t.id = k.new_rate_id)
                                THEN 'kept_changed'
                                WHEN NOT k.is_invoiced AND i.call_id IS NOT NULL
                                THEN 'kept_invoiced'
                                WHEN k.is_invoiced
                                 AND i.move_line_id IS DISTINCT FROM k.origin_line_id
                                THEN 'kept_changed'
                                WHEN k.is_invoiced AND NOT %(owed)s
                                THEN 'kept_changed'
                                WHEN %(corrected)s <> k.corrected
                                THEN 'kept_corrected'
                                WHEN (%(now)s) IS NOT DISTINCT FROM (%(old)s)
                                THEN 'proposed'
                                WHEN NOT k.is_invoiced
                                 AND (%(now)s) IS NOT DISTINCT FROM (%(new)s)
                                THEN 'done_before'
                                ELSE 'kept_changed' END AS outcome
                      FROM telecom_rerating_call k
                 LEFT JOIN telecom_call c ON c.id = k.call_id
                 LEFT JOIN telecom_call_invoice i ON i.call_id = k.call_id
                     WHERE k.outcome = 'proposed' AND %(condition)s) j
             WHERE k.id = j.id AND j.outcome <> 'proposed' AND %(condition)s
            """,
            corrected=CORRECTED,
            owed=OWED,
            now=columns_of("c"),
            old=columns_of("k", "old_"),
            new=columns_of("k", "new_"),
            condition=condition,
        )
    )


def write_results(env: api.Environment, condition: SQL, way: str) -> int:
    """Write the results of calls ``k`` that are not invoiced: new_ or back to old_.

    Only where the call is as it was before: others are left alone.
    """
    before, after = ("old_", "new_") if way == "new_" else ("new_", "old_")
    done = "applied" if way == "new_" else "undone"
    env.cr.execute(
        SQL(
            """
            WITH written AS (
                UPDATE telecom_call c SET %(assigned)s
                  FROM telecom_rerating_call k
                 WHERE k.call_id = c.id AND NOT k.is_invoiced AND %(condition)s
                   AND (%(now)s) IS NOT DISTINCT FROM (%(before)s)
                   AND %(open)s
             RETURNING k.id, c.company_id, %(month)s AS month,
                       ARRAY[k.old_partner_id, k.new_partner_id] AS payers),
            marked AS (%(marks)s)
            UPDATE telecom_rerating_call k SET outcome = %(done)s
              FROM written WHERE k.id = written.id
            """,
            assigned=assigned("k", after),
            open=is_open("c"),
            now=columns_of("c"),
            before=columns_of("k", before),
            condition=condition,
            done=done,
            month=MONTH,
            marks=insert_marks(
                SQL(
                    "SELECT DISTINCT w.company_id, w.month,"
                    " COALESCE(payer, %s) AS partner_id"
                    " FROM written w, unnest(w.payers) payer",
                    NOBODY,
                )
            ),
        )
    )
    written = env.cr.rowcount
    mask_calls(env, _written(condition, done))
    return written


def _written(condition: SQL, outcome: str) -> SQL:
    """SQL condition: the call ``c`` is one of those ``k`` that were written."""
    return SQL(
        "c.id IN (SELECT k.call_id FROM telecom_rerating_call k"
        " WHERE %s AND k.outcome = %s)",
        condition,
        outcome,
    )


def new_references(env: api.Environment, condition: SQL) -> pd.DataFrame:
    """What the new results of calls ``k`` refer to, each combination once."""
    names = ("number_id", "destination_id", "rate_id", "cost_rate_id", "partner_id")
    columns = SQL(", ").join(
        SQL("COALESCE(%s, 0)", SQL.identifier("k", f"new_{name}")) for name in names
    )
    rows = env.execute_query(
        SQL(
            "SELECT DISTINCT %s FROM telecom_rerating_call k WHERE %s",
            columns,
            condition,
        )
    )
    return pd.DataFrame(rows, columns=list(names), dtype="int64")


# === ALLOWANCES === #


def keep_draws(env: api.Environment, rerating_id: int, call_ids: list[int]) -> None:
    """Remember what calls take from bundles, to give it back on undo."""
    env.cr.execute(
        SQL(
            "INSERT INTO telecom_rerating_draw (rerating_id, call_id, draw)"
            " SELECT %s, d.call_id, to_jsonb(d) FROM telecom_bundle_draw d"
            " WHERE d.call_id = ANY(%s)",
            rerating_id,
            call_ids,
        )
    )


def restore_draws(env: api.Environment, rerating_id: int, call_ids: list[int]) -> None:
    """Let calls take from bundles what they took before."""
    env.cr.execute(
        SQL("DELETE FROM telecom_bundle_draw WHERE call_id = ANY(%s)", call_ids)
    )
    env.cr.execute(
        SQL(
            "INSERT INTO telecom_bundle_draw SELECT b.* FROM telecom_rerating_draw d,"
            " jsonb_populate_record(NULL::telecom_bundle_draw, d.draw) b"
            " WHERE d.rerating_id = %s AND d.call_id = ANY(%s)",
            rerating_id,
            call_ids,
        )
    )
    env["telecom.bundle.draw"].invalidate_model()

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Sums of calls by month, and marks of those that calls have left behind.

``telecom_call_sum`` holds what calls of the same facts come to. Whoever adds, changes,
invoices or removes calls leaves marks in the same transaction: which months of which
customers are not what the table says any more. So a reader who sees the change sees
the mark, and adds up the marked calls instead (``fresh_sums``); a scheduled action
brings the table up to date and takes the marks away (``refresh_month``). No reader ever
waits, and none sees sums that its own snapshot of the calls does not have.
"""

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd
from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

from .dispute_sql import OPEN_STATE

# From so many customers of a month on, the whole month is marked.
MANY = 200
NOBODY = 0
KEYS = (
    "company_id",
    "month",
    "partner_id",
    "number_id",
    "carrier_id",
    "direction",
    "service",
    "category",
    "is_roaming",
    "destination_id",
    "rate_id",
    "cost_rate_id",
    "rating_state",
    "is_invoiced",
    "currency_id",
    "cost_currency_id",
    "has_margin",
    "rate_day",
)
SUMS = ("call_count", "duration", "bundle_duration", "price", "cost", "margin")
COLUMNS = SQL(", ").join(SQL.identifier(name) for name in ("id", *KEYS, *SUMS))
MONTH = SQL("date_trunc('month', c.day::timestamp)::date")
EVERY_MARK = SQL("TRUE")


# === TABLES === #


def create_sum_tables(env: api.Environment) -> None:
    """Make both tables; what is stored by then is all still to be added up."""
    is_new = not _has_columns(env)
    if is_new:
        env.cr.execute("DROP TABLE IF EXISTS telecom_call_sum")
    env.cr.execute(
        """
        CREATE TABLE IF NOT EXISTS telecom_call_sum (
            -- That of the first call: it stays the same between two clicks.
            id bigint PRIMARY KEY,
            duration bigint NOT NULL,
            bundle_duration bigint NOT NULL,
            call_count bigint NOT NULL,
            company_id integer NOT NULL,
            month date NOT NULL,
            partner_id integer,
            number_id integer,
            carrier_id integer,
            destination_id integer,
            rate_id integer,
            cost_rate_id integer,
            currency_id integer,
            cost_currency_id integer,
            -- Set where the amounts go by the rates of a day.
            rate_day date,
            is_roaming boolean NOT NULL,
            -- Whether a line of an invoice bills them.
            is_invoiced boolean NOT NULL,
            has_margin boolean NOT NULL,
            direction varchar,
            service varchar,
            category varchar,
            rating_state varchar,
            price numeric,
            cost numeric,
            margin numeric
        );
        CREATE INDEX IF NOT EXISTS telecom_call_sum_part_idx
            ON telecom_call_sum (company_id, month, partner_id);
        -- No key: whoever writes calls only appends, and meets nobody.
        CREATE TABLE IF NOT EXISTS telecom_call_sum_mark (
            company_id integer NOT NULL,
            month date NOT NULL,
            -- 0: calls of no customer; none: all calls of the month
            partner_id integer
        );
        """
    )
    if is_new:
        env.cr.execute(
            SQL(
                "INSERT INTO telecom_call_sum_mark (company_id, month)"
                " SELECT DISTINCT c.company_id, %s FROM telecom_call c",
                MONTH,
            )
        )


def _has_columns(env: api.Environment) -> bool:
    """Whether the table is there as it is made now: it can always be made anew."""
    env.cr.execute(
        "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped"
        " AND attrelid = to_regclass('telecom_call_sum')"
    )
    return {name for (name,) in env.cr.fetchall()} == {"id", *KEYS, *SUMS}


# === MARKS === #


def mark_frame(company: models.BaseModel, calls: pd.DataFrame) -> None:
    """Mark what calls of a table belong to: ``day``, ``partner_id`` (0: nobody)."""
    months = calls["day"].to_numpy().astype("datetime64[M]")
    payers = calls["partner_id"].to_numpy(dtype=np.int64)
    parts = [
        (company.id, month.astype("datetime64[D]").item(), payer)
        for month in np.unique(months)
        for payer in np.unique(payers[months == month]).tolist()
    ]
    mark_parts(company.env, parts)


def mark_parts(
    env: api.Environment, parts: Iterable[tuple[int, date, int | None]]
) -> None:
    """Mark months of customers.

    :param parts: company id, first day of the month, customer id (None or 0: nobody)
    """
    rows = sorted({(one, month, payer or NOBODY) for one, month, payer in parts})
    if not rows:
        return
    given = SQL(
        "SELECT * FROM unnest(%s::int[], %s::date[], %s::int[])"
        " AS p(company_id, month, partner_id)",
        *(list(column) for column in zip(*rows, strict=True)),
    )
    env.cr.execute(insert_marks(given))


def mark_calls(env: api.Environment, condition: SQL) -> None:
    """Mark what stored calls ``c`` under a condition belong to now."""
    parts = SQL(
        "SELECT DISTINCT c.company_id, %s AS month,"
        " COALESCE(c.partner_id, %s) AS partner_id FROM telecom_call c WHERE %s",
        MONTH,
        NOBODY,
        condition,
    )
    env.cr.execute(insert_marks(parts))


def insert_marks(parts: SQL) -> SQL:
    """Statement that marks parts, or whole months where they are of many customers.

    :param parts: query of company_id, month, partner_id, each combination once
    """
    return SQL(
        """
        INSERT INTO telecom_call_sum_mark (company_id, month, partner_id)
        SELECT DISTINCT p.company_id, p.month,
               CASE WHEN count(*) OVER (PARTITION BY p.company_id, p.month) <= %s
                    THEN p.partner_id END
          FROM (%s) p
        """,
        MANY,
        parts,
    )


# === SUMS === #


def fresh_sums(env: api.Environment) -> SQL:
    """Query of the sums of all calls as they are in this transaction: the COLUMNS.

    The marks are looked at first: PostgreSQL plans for what they are about, and most
    of the time there are none.
    """
    parts = _marked_parts(env, EVERY_MARK)
    kept = SQL("SELECT %s FROM telecom_call_sum s", COLUMNS)
    if not parts:
        return kept
    return SQL(
        "%s WHERE NOT (%s) UNION ALL SELECT * FROM (%s) marked",
        kept,
        _is_marked(parts),
        _added_up(parts),
    )


def marked_months(env: api.Environment) -> list[tuple[int, date]]:
    """Company and month of what is to be added up anew, the latest first."""
    return env.execute_query(
        SQL(
            "SELECT DISTINCT company_id, month FROM telecom_call_sum_mark"
            " ORDER BY month DESC, company_id"
        )
    )


def refresh_month(env: api.Environment, company_id: int, month: date) -> int:
    """Add up anew what is marked of a month; the number of sums.

    All within one snapshot: marks and calls that come meanwhile are left for the next
    time. Two who do the same meet at the marks, and the second is repeated.
    """
    own = SQL("k.company_id = %s AND k.month = %s", company_id, month)
    parts = _marked_parts(env, own)
    if not parts:
        return 0
    # Calls are many and their facts few: to sort them takes longest, and is not needed.
    env.cr.execute("SET LOCAL enable_sort = off; SET LOCAL jit = off")
    env.cr.execute(SQL("DELETE FROM telecom_call_sum s WHERE %s", _is_marked(parts)))
    env.cr.execute(
        SQL("INSERT INTO telecom_call_sum (%s) %s", COLUMNS, _added_up(parts))
    )
    count = env.cr.rowcount
    env.cr.execute(SQL("DELETE FROM telecom_call_sum_mark k WHERE %s", own))
    env.cr.execute("SET LOCAL enable_sort = DEFAULT; SET LOCAL jit = DEFAULT")
    return count


def _marked_parts(env: api.Environment, marks: SQL) -> dict[tuple, set[int] | None]:
    """Customers by company and month, as marks ``k`` tell; None: all of the month."""
    rows = env.execute_query(
        SQL(
            "SELECT DISTINCT k.company_id, k.month, k.partner_id"
            " FROM telecom_call_sum_mark k WHERE %s",
            marks,
        )
    )
    parts: dict[tuple, set[int] | None] = {}
    for company_id, month, payer in rows:
        known = parts.setdefault((company_id, month), set())
        if payer is None or known is None:
            parts[company_id, month] = None
        else:
            known.add(payer)
    return parts


def _is_marked(parts: dict[tuple, set[int] | None]) -> SQL:
    """Condition: calls of the sum ``s`` are marked; never null."""
    return SQL(" OR ").join(
        SQL(
            "s.company_id = %s AND s.month = %s AND (%s OR"
            " COALESCE(s.partner_id, %s) = ANY(%s))",
            company_id,
            month,
            payers is None,
            NOBODY,
            sorted(payers or ()),
        )
        for (company_id, month), payers in parts.items()
    )


def _is_of(payers: set[int] | None) -> SQL:
    """Condition: a call ``c`` is of one of these customers; told for its index."""
    if payers is None:
        return SQL("TRUE")
    of_some = SQL("c.partner_id = ANY(%s)", sorted(payers - {NOBODY}))
    if NOBODY in payers:
        return SQL("(%s OR c.partner_id IS NULL)", of_some)
    return of_some


def _added_up(parts: dict[tuple, set[int] | None]) -> SQL:
    """Query of the sums of the calls of these parts: the COLUMNS."""
    keys = SQL(", ").join(SQL.identifier("c", name) for name in KEYS)
    return SQL(
        """
        SELECT min(c.id) AS id, %(keys)s, count(*) AS call_count,
               COALESCE(sum(c.duration), 0) AS duration,
               COALESCE(sum(c.bundle_duration), 0) AS bundle_duration,
               sum(c.price) AS price, sum(c.cost) AS cost, sum(c.margin) AS margin
          FROM (%(calls)s) c
      GROUP BY %(keys)s
        """,
        keys=keys,
        calls=SQL(" UNION ALL ").join(
            _calls_of(*month, payers) for month, payers in parts.items()
        ),
    )


def _calls_of(company_id: int, month: date, payers: set[int] | None) -> SQL:
    """Query of the calls of a month and some customers, with all KEYS.

    By the moment they began, which has an index, and then by their day.
    """
    end, day = month + relativedelta(months=1), relativedelta(days=1)
    return SQL(
        """
        SELECT c.id, c.company_id, %(month)s::date AS month, c.partner_id, c.number_id,
               c.carrier_id, c.direction, c.service, c.category,
               c.visited_country_id IS NOT NULL AS is_roaming, c.destination_id,
               c.rate_id, c.cost_rate_id, %(state)s AS rating_state,
               i.call_id IS NOT NULL AS is_invoiced, c.currency_id,
               c.cost_currency_id, c.margin IS NOT NULL AS has_margin,
               CASE WHEN %(is_by_day)s THEN c.day END AS rate_day,
               c.duration, c.bundle_duration, c.price, c.cost, c.margin
          FROM telecom_call c
          JOIN res_company m ON m.id = c.company_id
     LEFT JOIN telecom_call_invoice i ON i.call_id = c.id
         WHERE c.company_id = %(company)s AND %(is_of)s
           AND c.day >= %(month)s AND c.day < %(end)s
           AND c.start_at >= %(first)s AND c.start_at < %(last)s
        """,
        company=company_id,
        month=month,
        end=end,
        first=month - day,
        last=end + day,
        is_of=_is_of(payers),
        is_by_day=_is_by_day(),
        state=OPEN_STATE,
    )


def _is_by_day() -> SQL:
    """Whether an amount can only be had by a currency rate of the call's day.

    The margin, where it is known, tells what the other currency came to.
    """
    return SQL(
        "CASE WHEN c.margin IS NULL THEN"
        " COALESCE(c.currency_id <> m.currency_id, FALSE)"
        " OR COALESCE(c.cost_currency_id <> m.currency_id, FALSE)"
        " ELSE c.currency_id <> m.currency_id"
        " AND c.cost_currency_id <> m.currency_id END"
    )

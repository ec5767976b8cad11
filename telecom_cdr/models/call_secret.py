# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Called numbers of customers who hide digits: what is stored for all to see, and the
whole numbers beside it, for those that need them.

No model shows the table of whole numbers. It is read to rate calls again, to tell calls
from others, and for lawful access (``telecom.lawful.access``).
"""

from collections.abc import Iterable

import pandas as pd

from odoo import api
from odoo.tools import SQL

from ..engine.masking import (
    COLUMNS,
    GONE,
    SIGN,
    Choices,
    cut,
    hidden_rows,
    hide,
    with_hidden,
)
from .table_frames import period_sql, read_frame


def create_secrets(env: api.Environment) -> None:
    """Make the table; calls that are deleted take their whole numbers along.

    All calls of a statement together: a foreign key looks at each on its own, which is
    a quarter of the time that it takes to delete them, also where nobody hides digits.
    """
    env.cr.execute(
        """
        CREATE TABLE IF NOT EXISTS telecom_call_secret (
            call_id bigint PRIMARY KEY,
            called_number varchar NOT NULL,
            redirecting_number varchar,
            account_code varchar,
            trunk varchar,
            extra jsonb
        );
        ALTER TABLE telecom_call_secret
            DROP CONSTRAINT IF EXISTS telecom_call_secret_call_id_fkey;
        CREATE OR REPLACE FUNCTION telecom_call_secrets_gone() RETURNS trigger AS $$
        BEGIN
            DELETE FROM telecom_call_secret s USING gone WHERE s.call_id = gone.id;
            RETURN NULL;
        END $$ LANGUAGE plpgsql;
        DROP TRIGGER IF EXISTS telecom_call_secrets ON telecom_call;
        CREATE TRIGGER telecom_call_secrets AFTER DELETE ON telecom_call
            REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION telecom_call_secrets_gone();
        """
    )


# === WHOLE AGAIN === #


def is_hidden(alias: str) -> SQL:
    """SQL: whether digits of a call's number may be hidden; cheap where none are."""
    return SQL("position(%s in %s) > 0", SIGN, SQL.identifier(alias, "called_number"))


def whole(alias: str, name: str = "called_number") -> SQL:
    """SQL of a column of a call, one of COLUMNS, as its file told it.

    :param alias: of a table with the id, the called number and the column
    """
    return SQL(
        # The first is asked once for all rows, where nobody hides anything.
        "CASE WHEN (SELECT EXISTS (SELECT FROM telecom_call_secret))"
        " AND %(is_hidden)s THEN COALESCE((SELECT %(secret)s FROM"
        " telecom_call_secret secret WHERE secret.call_id = %(id)s), %(column)s)"
        " ELSE %(column)s END",
        is_hidden=is_hidden(alias),
        secret=SQL.identifier("secret", name),
        id=SQL.identifier(alias, "id"),
        column=SQL.identifier(alias, name),
    )


# === ANONYMOUS === #


def is_anonymous(alias: str) -> SQL:
    """SQL: whether a call is anonymous; its numbers are gone for good.

    Both numbers say so: no call with a number of ours comes like that from a file.
    """
    return SQL(
        "COALESCE(right(%s, 1) = %s AND right(%s, 1) = %s, FALSE)",
        SQL.identifier(alias, "called_number"),
        GONE,
        SQL.identifier(alias, "calling_number"),
        GONE,
    )


def is_frozen(alias: str) -> SQL:
    """SQL: whether the result of a call stands: it is invoiced, or anonymous."""
    return SQL(
        "(EXISTS (SELECT FROM telecom_call_invoice frozen WHERE frozen.call_id = %s)"
        " OR %s)",
        SQL.identifier(alias, "id"),
        is_anonymous(alias),
    )


def is_open(alias: str) -> SQL:
    """SQL: whether it is neither; written so that PostgreSQL joins what is invoiced."""
    return SQL(
        "(NOT EXISTS (SELECT FROM telecom_call_invoice frozen"
        " WHERE frozen.call_id = %s) AND NOT %s)",
        SQL.identifier(alias, "id"),
        is_anonymous(alias),
    )


def make_anonymous(env: api.Environment, calls: pd.DataFrame) -> None:
    """Forget the numbers of calls, and what else a file has told of who called whom.

    What tells destination and category stays, and the line that a call went by, where
    that is no number.

    :param calls: id, called_number, prefix
    """
    ids = calls["id"].tolist()
    env.cr.execute("DELETE FROM telecom_call_secret WHERE call_id = ANY(%s)", (ids,))
    _execute(
        env,
        SQL(
            "UPDATE telecom_call c SET called_number = v.called,"
            " calling_number = %(gone)s, account_code = NULL, extra = NULL,"
            " redirecting_number = CASE WHEN c.redirecting_number IS NOT NULL"
            " THEN %(gone)s END,"
            " trunk = CASE WHEN c.trunk !~ '[0-9]{5}|@' THEN c.trunk END"
            " FROM unnest(%(ids)s::bigint[], %(called)s::text[]) AS v(id, called)"
            " WHERE c.id = v.id",
            gone=GONE,
            ids=ids,
            called=cut(calls).tolist(),
        ),
    )
    env["telecom.call"].invalidate_model()


# === WHO HIDES === #


def load_choices(env: api.Environment, company_id: int) -> Choices | None:
    """What the customers of a company hide, and since when; None where nobody does."""
    return Choices.build(
        read_frame(
            env,
            SQL(
                "SELECT m.partner_id, COALESCE(m.number_id, 0) AS number_id,"
                " m.hidden_digits, %s FROM telecom_masking m WHERE m.company_id = %s"
                " ORDER BY m.id",
                period_sql("m"),
                company_id,
            ),
            dict.fromkeys(("partner_id", "number_id", "hidden_digits"), "int64"),
        )
    )


def shown_numbers(calls: pd.DataFrame) -> pd.Series:
    """Called numbers of calls as people may see them."""
    numbers = calls["called_number"].astype(object)
    rows = hidden_rows(calls)
    if rows.size:
        numbers = numbers.copy()
        numbers.iloc[rows] = hide(calls.iloc[rows])["called_number"].to_numpy()
    return numbers


# === STORED === #


def keep_secrets(env: api.Environment, calls: pd.DataFrame) -> None:
    """Keep the whole numbers of calls that were stored just now, by their identity."""
    rows = hidden_rows(calls)
    if not rows.size:
        return
    lost = _lost(calls.iloc[rows])
    if lost.empty:
        return
    _execute(
        env,
        SQL(
            "INSERT INTO telecom_call_secret (call_id, %(names)s)"
            " SELECT c.id, %(values)s FROM %(rows)s"
            " JOIN telecom_call c ON c.identity = v.key::uuid",
            names=_names(),
            values=_values(),
            rows=_rows(lost, lost["identity"]),
        ),
    )


def mask_calls(env: api.Environment, condition: SQL) -> None:
    """Hide digits of stored calls whose payer hides them now, where they are whole.

    A call that has come to another customer keeps what is hidden of it already.

    :param condition: which calls ``c``
    """
    env["telecom.masking"].flush_model()
    if not env.execute_query(SQL("SELECT 1 FROM telecom_masking LIMIT 1")):
        return
    for company_id, found in _unmasked(env, condition).groupby("company_id"):
        calls = with_hidden(found, load_choices(env, int(company_id)))
        calls = calls.iloc[hidden_rows(calls)]
        lost = _lost(calls) if len(calls) else calls
        if len(lost):
            _hide_stored(env, lost, hide(calls.loc[lost.index]))


def _unmasked(env, condition):
    """Calls with whole numbers whose customers hide some at that time."""
    return read_frame(
        env,
        SQL(
            """
            SELECT c.id, c.company_id, c.direction, c.partner_id,
                   COALESCE(c.number_id, 0) AS number_id, c.start_at, c.prefix,
                   c.called_number, c.redirecting_number, c.account_code, c.trunk,
                   c.extra::text AS extra
              FROM telecom_call c
             WHERE %s AND c.direction <> 'incoming' AND c.called_number IS NOT NULL
               AND EXISTS (SELECT FROM telecom_masking m
                            WHERE m.company_id = c.company_id
                              AND m.partner_id = c.partner_id AND m.hidden_digits > 0
                              AND c.start_at >= m.date_start
                              AND (m.date_end IS NULL OR c.start_at < m.date_end))
               AND NOT EXISTS (SELECT FROM telecom_call_secret s
                                WHERE s.call_id = c.id)
               AND NOT %s
            """,
            condition,
            is_anonymous("c"),
        ),
        {"start_at": "datetime64[s]"},
    )


def _hide_stored(env, lost, shown):
    """Write what is shown of calls from now on, and keep the whole beside."""
    _execute(
        env,
        SQL(
            "INSERT INTO telecom_call_secret (call_id, %s) SELECT v.key::bigint, %s"
            " FROM %s",
            _names(),
            _values(),
            _rows(lost, lost["id"]),
        ),
    )
    _execute(
        env,
        SQL(
            "UPDATE telecom_call c SET (%s) = ROW(%s) FROM %s"
            " WHERE c.id = v.key::bigint",
            _names(),
            _values(),
            _rows(shown, lost["id"]),
        ),
    )
    env["telecom.call"].invalidate_model()


def query_quietly(env: api.Environment, query: SQL) -> list[dict]:
    """Rows of a statement that names whole numbers: no log quotes it where it fails."""
    env.cr.execute(query, log_exceptions=False)
    return env.cr.dictfetchall()


def _execute(env, query):
    """Run a statement of whole numbers: where it fails, no log tells of them."""
    env.cr.execute(query, log_exceptions=False)


def _lost(calls: pd.DataFrame) -> pd.DataFrame:
    """The whole texts of calls of which something is hidden.

    Those of other columns only where these hold the number, too: else they are None.
    """
    shown = hide(calls).reindex(columns=list(COLUMNS))
    texts = calls.reindex(columns=list(COLUMNS)).astype(object)
    texts = texts.where(texts.notna(), None)
    differs = shown["called_number"] != texts["called_number"]
    lost = texts.where(shown.ne(texts), None)
    keys = {name: calls[name] for name in ("id", "identity") if name in calls}
    return lost.assign(**keys)[differs.to_numpy(bool)]


def _names() -> SQL:
    return SQL(", ").join(SQL.identifier(name) for name in COLUMNS)


def _values() -> SQL:
    """Texts of `_rows` as the columns take them."""
    *texts, extra = (SQL.identifier("v", name) for name in COLUMNS)
    return SQL(", ").join([*texts, SQL("%s::jsonb", extra)])


def _rows(calls: pd.DataFrame, keys: Iterable) -> SQL:
    """SQL of a table ``v`` of texts: a key, and COLUMNS."""
    lists = [[str(key) for key in keys]]
    for name in COLUMNS:
        lists.append([one if isinstance(one, str) else None for one in calls[name]])
    return SQL(
        "unnest(%s) AS v(key, %s)",
        SQL(", ").join(SQL("%s::text[]", one) for one in lists),
        _names(),
    )

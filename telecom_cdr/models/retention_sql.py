# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which calls are done with, and what lies beside them: SQL on calls ``c``."""

from datetime import date

import pandas as pd

from odoo import api
from odoo.tools import SQL

from ..engine.masking import GONE
from .call_secret import is_anonymous
from .dispute_sql import DISPUTED
from .table_frames import read_frame

# On an invoice that is posted; or on none, and never to be charged.
OVER = SQL(
    """
    CASE WHEN EXISTS (SELECT FROM telecom_call_invoice i WHERE i.call_id = c.id)
         THEN EXISTS (SELECT FROM telecom_call_invoice i
                        JOIN account_move_line l ON l.id = i.move_line_id
                       WHERE i.call_id = c.id AND l.parent_state = 'posted')
         ELSE c.rating_state = 'excluded' OR EXISTS (
              SELECT FROM telecom_dispute d
               WHERE d.call_id = c.id AND d.state = 'granted') END
    """
)
# A credit note or correction that is not posted yet.
DRAFTED = SQL(
    """
    (EXISTS (SELECT FROM telecom_release_call o
               JOIN telecom_release r ON r.id = o.release_id AND r.state = 'draft'
              WHERE o.call_id = c.id)
     OR EXISTS (SELECT FROM telecom_call_correction n
                  JOIN account_move_line l ON l.id = n.move_line_id
                 WHERE n.call_id = c.id AND l.parent_state = 'draft'))
    """
)
PROPOSED = SQL(
    """
    EXISTS (SELECT FROM telecom_rerating_call k
              JOIN telecom_rerating g ON g.id = k.rerating_id
             WHERE k.call_id = c.id
               AND (g.work IS NOT NULL OR g.state IN ('draft', 'proposed')))
    """
)
# Another record of it waits for somebody to say which is right.
IN_CONFLICT = SQL(
    "EXISTS (SELECT FROM telecom_rejection r WHERE r.call_identity = c.identity"
    " AND r.reason IN ('conflict', 'same_call'))"
)
READ = SQL(
    "EXISTS (SELECT FROM telecom_file f WHERE f.id = c.file_id"
    " AND f.state = 'processed')"
)


def compared(carrier: SQL, day: SQL) -> SQL:
    """Whether a carrier's period around a day is still being compared."""
    return SQL(
        "EXISTS (SELECT FROM telecom_reconciliation p WHERE p.carrier_id = %s"
        " AND %s BETWEEN p.date_from AND p.date_to"
        " AND p.state NOT IN ('agrees', 'accepted'))",
        carrier,
        day,
    )


def old_calls(
    env: api.Environment, company_id: int, limit: date, ids: tuple[int, int]
) -> pd.DataFrame:
    """Calls before a day that have their numbers: id, called_number, prefix, is_over.

    :param ids: only those above the first, up to the second
    """
    return read_frame(
        env,
        SQL(
            """
            SELECT c.id, c.called_number, c.prefix,
                   %(over)s AND %(read)s AND NOT (%(disputed)s OR %(drafted)s
                       OR %(proposed)s OR %(conflict)s OR %(compared)s) AS is_over
              FROM telecom_call c
             WHERE c.id > %(first)s AND c.id <= %(last)s
               AND c.company_id = %(company)s AND c.day < %(limit)s
               AND NOT %(anonymous)s
          ORDER BY c.id
            """,
            over=OVER,
            read=READ,
            disputed=DISPUTED,
            drafted=DRAFTED,
            proposed=PROPOSED,
            conflict=IN_CONFLICT,
            compared=compared(SQL("c.carrier_id"), SQL("c.day")),
            first=ids[0],
            last=ids[1],
            company=company_id,
            limit=limit,
            anonymous=is_anonymous("c"),
        ),
        {"id": "int64", "is_over": "bool"},
    )


# === BESIDE CALLS === #


def forget_twins(env: api.Environment, company_id: int, limit: date) -> None:
    """Records of another carrier go as the calls that stand for them have gone."""
    _execute(
        env,
        "telecom.call.twin",
        SQL(
            "UPDATE telecom_call_twin t SET calling_number = %(gone)s,"
            " called_number = %(gone)s, facts = NULL FROM telecom_call c"
            " WHERE t.company_id = %(company)s AND t.start_at < %(limit)s"
            " AND t.called_number IS DISTINCT FROM %(gone)s"
            " AND c.identity = t.stands AND %(anonymous)s",
            gone=GONE,
            company=company_id,
            limit=limit,
            anonymous=is_anonymous("c"),
        ),
    )


def anonymous_twins(env: api.Environment, identities: pd.Series) -> list[str]:
    """Identities, without dashes, of those of another carrier's records that are so.

    :param identities: only those in their span
    """
    if identities.empty:
        return []
    rows = env.execute_query(
        SQL(
            "SELECT replace(identity::text, '-', '') FROM telecom_call_twin"
            " WHERE identity BETWEEN %s AND %s AND called_number = %s",
            identities.min(),
            identities.max(),
            GONE,
        )
    )
    return [row[0] for row in rows]


def forget_differences(env: api.Environment, company_id: int, limit: date) -> None:
    """What files told otherwise, of periods that nobody compares any more."""
    _execute(
        env,
        "telecom.file.difference",
        SQL(
            "UPDATE telecom_file_difference d SET calling_number = %(gone)s,"
            " called_number = %(gone)s WHERE d.company_id = %(company)s"
            " AND d.start_at < %(limit)s"
            " AND d.called_number IS DISTINCT FROM %(gone)s AND NOT %(compared)s"
            " AND NOT EXISTS (SELECT FROM telecom_call c"
            " WHERE c.identity = d.call_identity AND NOT %(anonymous)s)",
            gone=GONE,
            company=company_id,
            limit=limit,
            compared=compared(SQL("d.carrier_id"), SQL("d.start_at::date")),
            anonymous=is_anonymous("c"),
        ),
    )


def forget_disputes(env: api.Environment, company_id: int) -> None:
    """Answered disputes of calls that are anonymous."""
    _execute(
        env,
        "telecom.dispute",
        SQL(
            "UPDATE telecom_dispute d SET other_number = %(gone)s FROM telecom_call c"
            " WHERE d.company_id = %(company)s AND d.state <> 'open'"
            " AND d.other_number <> %(gone)s AND c.id = d.call_id AND %(anonymous)s",
            gone=GONE,
            company=company_id,
            anonymous=is_anonymous("c"),
        ),
    )


def _execute(env, model, query):
    env.cr.execute(query)
    env[model].invalidate_model()


# === FILES === #


def old_files(
    env: api.Environment, company_id: int, limit: date, most: int
) -> list[int]:
    """Files before a day of which no call has its number any more, the last first.

    An archive goes when all its members are gone; nothing goes that still waits.
    """
    rows = env.execute_query(
        SQL(
            """
            SELECT f.id FROM telecom_file f
             WHERE f.company_id = %(company)s AND f.file_type = 'usage'
               AND f.content_gone_on IS NULL AND f.state IN ('processed', 'discarded')
               AND COALESCE(f.date_last, f.create_date::date) < %(limit)s
               AND NOT EXISTS (SELECT FROM telecom_call c
                                WHERE c.file_id = f.id AND NOT %(anonymous)s)
               AND NOT EXISTS (SELECT FROM telecom_rejection r WHERE r.file_id = f.id
                                AND r.reason IN ('conflict', 'same_call'))
               AND NOT EXISTS (SELECT FROM telecom_file m WHERE m.parent_id = f.id
                                AND m.content_gone_on IS NULL)
          ORDER BY f.id DESC LIMIT %(most)s
            """,
            company=company_id,
            limit=limit,
            anonymous=is_anonymous("c"),
            most=most,
        )
    )
    return [row[0] for row in rows]

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which calls a dispute holds: SQL conditions on calls ``c``.

For whatever invoices calls, and for whatever deletes old ones or stores them anew.
"""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from odoo import api
from odoo.tools import SQL

# Somebody looks into them: no retention deletes or strips them meanwhile.
DISPUTED = SQL(
    "EXISTS (SELECT FROM telecom_dispute d WHERE d.call_id = c.id AND d.state = 'open')"
)


def granted(call_id: SQL) -> SQL:
    """Condition: of this call the customer was right; it is invoiced no more."""
    return SQL(
        "EXISTS (SELECT FROM telecom_dispute d"
        " WHERE d.call_id = %s AND d.state = 'granted')",
        call_id,
    )


GRANTED = granted(SQL("c.id"))
# How calls are rated, as far as they are not invoiced (links ``i``): what was granted
# is not charged.
OPEN_STATE = SQL(
    "CASE WHEN c.rating_state = 'rated' AND i.call_id IS NULL AND %s"
    " THEN 'excluded' ELSE c.rating_state END",
    GRANTED,
)
FORGIVEN = SQL(
    "(%s AND NOT EXISTS (SELECT FROM telecom_call_invoice i WHERE i.call_id = c.id))",
    GRANTED,
)
# They wait until somebody has answered.
WAITING = SQL(
    "EXISTS (SELECT FROM telecom_dispute d WHERE d.call_id = c.id"
    " AND d.state = 'open' AND d.keep_off_invoice)"
)
# On no invoice: while it is open, where that was chosen; once it is granted, never.
KEPT_OFF = SQL(
    "EXISTS (SELECT FROM telecom_dispute d WHERE d.call_id = c.id"
    " AND (d.state = 'granted' OR d.state = 'open' AND d.keep_off_invoice))"
)


def kept_off(company_id: int, end: date, partner_ids: Sequence[int] | None) -> SQL:
    """Calls that a run leaves out while their disputes are open: kind, count, seconds.

    :param end: last billing day of the run
    :param partner_ids: only calls of these customers; None: of all
    """
    own = SQL("TRUE")
    if partner_ids is not None:
        own = SQL("c.partner_id = ANY(%s)", list(partner_ids))
    return SQL(
        """
        SELECT 'disputed', count(*), sum(c.duration)
          FROM telecom_dispute d
          JOIN telecom_call c ON c.id = d.call_id
         WHERE d.state = 'open' AND d.keep_off_invoice AND c.company_id = %s
           AND c.day <= %s AND c.rating_state = 'rated' AND %s
           AND NOT EXISTS (SELECT FROM telecom_call_invoice i WHERE i.call_id = c.id)
        HAVING count(*) > 0
        """,
        company_id,
        end,
        own,
    )


def follow_calls(env: api.Environment, identities: pd.Series) -> None:
    """Have disputes hold calls that were stored anew: a better record, a file again.

    Where the very record that was disputed is a call again, that is held, and not one
    that has stood for it meanwhile. An identity begins with its hour, so the span of a
    batch finds few disputes, and each looks its call up: that is one short statement,
    however many calls there are.

    :param identities: of calls stored just now, text without dashes
    """
    disputes = env["telecom.dispute"]
    disputes.flush_model(["call_id", "call_identity", "first_identity"])
    env.cr.execute(
        SQL(
            """
            UPDATE telecom_dispute d SET call_id = c.id, call_identity = c.identity
              FROM telecom_call c
             WHERE (d.call_identity BETWEEN %(low)s AND %(high)s
                    OR d.first_identity BETWEEN %(low)s AND %(high)s)
               AND c.identity IN (d.call_identity, d.first_identity)
               AND c.id <> d.call_id
               AND (c.identity = d.first_identity OR NOT EXISTS (
                    SELECT FROM telecom_call o WHERE o.identity = d.first_identity))
            """,
            low=identities.min(),
            high=identities.max(),
        )
    )
    if env.cr.rowcount:
        disputes.invalidate_model()


def hand_over(
    env: api.Environment, told: Sequence, before: Sequence, after: Sequence
) -> None:
    """Have disputes of calls hold those that stand for them now.

    A dispute goes with the record that was disputed, and with any where its call is
    gone. Of columns of the same length, identities as text without dashes:

    :param told: of records of calls
    :param before: of the call that stood for each until now; it may be itself
    :param after: of the call that stands for it now, stored already or soon
    """
    moved = [one for one in zip(told, before, after, strict=True) if one[1] != one[2]]
    disputes = env["telecom.dispute"].sudo()
    disputes.flush_model()
    if not moved or not _are_held(env, [one[1] for one in moved]):
        return
    rows = env.execute_query(
        SQL(
            """
            SELECT DISTINCT ON (d.id) d.id, replace(v.after::text, '-', '')
              FROM telecom_dispute d
              JOIN unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS v(told, before, after)
                ON v.before = d.call_identity
             WHERE v.told = d.first_identity OR NOT EXISTS (
                   SELECT FROM telecom_call c WHERE c.identity = v.before)
          ORDER BY d.id, v.told = d.first_identity DESC, v.after
            """,
            *(list(column) for column in zip(*moved, strict=True)),
        )
    )
    for dispute_id, identity in rows:
        disputes.browse(dispute_id)._hold(identity)


def _are_held(env: api.Environment, identities: Sequence[str]) -> bool:
    """Whether there may be a dispute of any of these calls: one short look."""
    [(found,)] = env.execute_query(
        SQL(
            "SELECT EXISTS (SELECT FROM telecom_dispute d"
            " WHERE d.call_identity BETWEEN %s AND %s)",
            min(identities),
            max(identities),
        )
    )
    return found

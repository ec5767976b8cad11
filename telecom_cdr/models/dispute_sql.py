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

    An identity begins with its hour, so the span of a batch finds few disputes, and
    each looks its call up: that is one short statement, however many calls there are.

    :param identities: of calls stored just now, text without dashes
    """
    disputes = env["telecom.dispute"]
    disputes.flush_model(["call_id", "call_identity"])
    env.cr.execute(
        SQL(
            "UPDATE telecom_dispute d SET call_id = c.id FROM telecom_call c"
            " WHERE d.call_identity BETWEEN %s AND %s"
            " AND c.identity = d.call_identity AND c.id <> d.call_id",
            identities.min(),
            identities.max(),
        )
    )
    if env.cr.rowcount:
        disputes.invalidate_model()

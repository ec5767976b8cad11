# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which calls a hot bill is of, and which may still come: as SQL, on calls ``c``."""

from collections.abc import Iterable
from datetime import datetime

from odoo.tools import SQL

from .dispute_sql import WAITING

# The number or code on our side of a call.
OWN_SIDE = SQL(
    "CASE WHEN c.direction = 'incoming' THEN c.called_number ELSE c.calling_number END"
)
# Why a call is not on it yet, in the order of what is asked first.
CAUSES = SQL(
    """
    CASE WHEN c.rating_state <> 'rated' THEN c.rating_state
         WHEN NOT EXISTS (SELECT FROM telecom_file f
                           WHERE f.id = c.file_id AND f.state = 'processed')
         THEN 'file'
         WHEN EXISTS (SELECT FROM telecom_rejection r
                       WHERE r.call_identity = c.identity AND r.reason = 'conflict')
         THEN 'conflict' ELSE 'disputed' END
    """
)


def between(start: datetime | None, end: datetime | None) -> SQL:
    """Calls that began within a time; an end that is None is open."""
    return SQL(
        "(%(start)s::timestamp IS NULL OR c.start_at >= %(start)s)"
        " AND (%(end)s::timestamp IS NULL OR c.start_at < %(end)s)",
        start=start or None,
        end=end or None,
    )


def of_numbers(number_ids: Iterable[int]) -> SQL:
    return SQL("c.number_id = ANY(%s)", list(number_ids))


def of_codes(codes: list[str]) -> SQL:
    """Calls by a code that the switch writes: account code, extension, room."""
    return SQL(
        "(c.account_code = ANY(%(codes)s) OR %(own)s = ANY(%(codes)s)"
        " OR c.number_id IN (SELECT n.id FROM telecom_number n"
        " WHERE n.number = ANY(%(codes)s)))",
        codes=codes,
        own=OWN_SIDE,
    )


def waiting_causes(company_id: int, partner_id: int, chosen: SQL, named: SQL) -> SQL:
    """How many calls wait, by cause, that would be on the bill otherwise.

    :param chosen: condition that calls of the customer must meet
    :param named: condition that calls of nobody must meet: that they name its numbers
    """
    return SQL(
        """
        SELECT cause, count(*) FROM (
            SELECT %(causes)s AS cause
              FROM telecom_call c
             WHERE c.partner_id = %(partner)s AND c.company_id = %(company)s
               AND c.rating_state IN ('unrated', 'late', 'rated') AND %(chosen)s
               AND NOT EXISTS (SELECT FROM telecom_call_invoice i
                                WHERE i.call_id = c.id)
               AND (c.rating_state <> 'rated'
                    OR NOT EXISTS (SELECT FROM telecom_file f
                                    WHERE f.id = c.file_id AND f.state = 'processed')
                    OR EXISTS (SELECT FROM telecom_rejection r
                                WHERE r.call_identity = c.identity
                                  AND r.reason = 'conflict')
                    OR %(waiting)s)
             UNION ALL
            SELECT 'unmatched'
              FROM telecom_call c
             WHERE c.company_id = %(company)s AND c.rating_state = 'unmatched'
               AND %(named)s
        ) w GROUP BY 1 ORDER BY 1
        """,
        causes=CAUSES,
        waiting=WAITING,
        partner=partner_id,
        company=company_id,
        chosen=chosen,
        named=named,
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an invoicing run looks at beside the calls to invoice, as SQL.

Days are billing days, both ends included.
"""

from collections.abc import Sequence
from datetime import date

from odoo.tools import SQL

from .dispute_sql import kept_off
from .waiting_sql import CONFLICTS, OPEN_REJECTION


def _of_period(moment: SQL, start: date, end: date) -> SQL:
    """A file without a period is of this one where it came since its first day."""
    return SQL(
        "(f.period BETWEEN date_trunc('month', %s::date) AND %s"
        " OR f.period IS NULL AND %s >= %s)",
        start,
        end,
        moment,
        start,
    )


def gaps(
    company_id: int, start: date, end: date, partner_ids: Sequence[int] | None
) -> SQL:
    """What of a period is not ready to be invoiced: kind, count, seconds.

    :param partner_ids: only calls without a rate of these; None: of all
    """
    own = SQL("TRUE")
    if partner_ids is not None:
        own = SQL("c.partner_id = ANY(%s)", list(partner_ids))
    period = {"company": company_id, "start": start, "end": end}
    parts = [_calls(period, own), _files(period), _missing(period), _conflicts(period)]
    parts.append(kept_off(company_id, end, partner_ids))
    return SQL(" UNION ALL ").join(parts)


def _calls(period: dict, own: SQL) -> SQL:
    return SQL(
        """
        SELECT c.rating_state AS kind, count(*), sum(c.duration)
          FROM telecom_call c
         WHERE c.company_id = %(company)s AND c.day BETWEEN %(start)s AND %(end)s
           AND c.rating_state IN ('unmatched', 'unrated', 'late')
           AND (c.rating_state = 'unmatched' OR %(own)s)
      GROUP BY 1
        """,
        own=own,
        **period,
    )


def _files(period: dict) -> SQL:
    return SQL(
        """
        SELECT CASE WHEN f.state IN ('held', 'failed') THEN f.state ELSE 'unread' END,
               count(*), NULL
          FROM telecom_file f
         WHERE f.company_id = %(company)s
           AND f.state IN ('held', 'failed', 'received', 'processing') AND %(of_period)s
      GROUP BY 1
        """,
        company=period["company"],
        of_period=_of_period(SQL("f.create_date"), period["start"], period["end"]),
    )


def _missing(period: dict) -> SQL:
    return SQL(
        """
        SELECT 'missing', sum(CASE WHEN m.day IS NULL
                                   THEN m.last_number - m.first_number + 1
                                   ELSE 1 END)::bigint, NULL
          FROM telecom_missing_file m
         WHERE m.company_id = %(company)s AND m.state = 'missing'
           AND (m.day BETWEEN date_trunc('month', %(start)s::date) AND %(end)s
                OR m.day IS NULL AND m.noticed_at >= %(start)s)
        HAVING count(*) > 0
        """,
        **period,
    )


def _conflicts(period: dict) -> SQL:
    """Rows that wait beside a call of the period until somebody decides."""
    return SQL(
        """
        SELECT 'conflict', count(DISTINCT r.id), NULL
          FROM telecom_rejection r
          JOIN telecom_file f ON f.id = r.file_id
     LEFT JOIN telecom_call c ON c.identity = r.call_identity
           AND c.company_id = f.company_id
         WHERE f.company_id = %(company)s AND r.reason = ANY(%(conflicts)s) AND %(open)s
           AND (c.day BETWEEN %(start)s AND %(end)s
                OR c.id IS NULL AND f.create_date >= %(start)s)
        HAVING count(*) > 0
        """,
        conflicts=list(CONFLICTS),
        open=OPEN_REJECTION,
        **period,
    )


def waiting_by_customer(
    company_id: int, start: date, end: date, partner_ids: Sequence[int] | None
) -> SQL:
    """Customers with calls of a period that have no price yet: id, number of calls."""
    own = SQL("TRUE")
    if partner_ids is not None:
        own = SQL("c.partner_id = ANY(%s)", list(partner_ids))
    return SQL(
        "SELECT c.partner_id, count(*) FROM telecom_call c"
        " WHERE c.company_id = %s AND c.day BETWEEN %s AND %s"
        " AND c.rating_state IN ('unrated', 'late') AND c.partner_id IS NOT NULL"
        " AND %s GROUP BY 1",
        company_id,
        start,
        end,
        own,
    )


def billed_before(
    run_id: int,
    company_id: int,
    previous: tuple[date, date],
    end: date,
    partner_ids: Sequence[int] | None,
    telecom_line: SQL,
) -> SQL:
    """What customers were invoiced for the period before.

    Invoices of a run are of the period of the run. Those that were made without one
    count by their date: from the last day of the period before until the day before
    the last one of this period.

    :param telecom_line: condition of the lines ``l`` that telephony bills
    :return: SQL of customer id, currency id, untaxed amount of the period before
        (null: no invoice of it; there were other ones)
    """
    own = SQL("TRUE")
    if partner_ids is not None:
        own = SQL("m.commercial_partner_id = ANY(%s)", list(partner_ids))
    return SQL(
        """
        SELECT m.commercial_partner_id, m.currency_id,
               sum(CASE WHEN m.move_type = 'out_refund' THEN -m.amount_untaxed
                        ELSE m.amount_untaxed END) FILTER (
                   WHERE r.date_to BETWEEN %(first)s AND %(last)s
                      OR r.id IS NULL
                     AND COALESCE(m.invoice_date, m.create_date::date) >= %(last)s
                     AND COALESCE(m.invoice_date, m.create_date::date) < %(end)s)
          FROM account_move m
     LEFT JOIN telecom_run r ON r.id = m.telecom_run_id
         WHERE m.company_id = %(company)s AND m.state <> 'cancel'
           AND m.move_type IN ('out_invoice', 'out_refund')
           AND m.telecom_run_id IS DISTINCT FROM %(run)s AND %(own)s
           AND (r.id IS NOT NULL OR EXISTS (
                SELECT FROM account_move_line l
                 WHERE l.move_id = m.id AND %(telecom_line)s))
      GROUP BY 1, 2
        """,
        first=previous[0],
        last=previous[1],
        end=end,
        company=company_id,
        run=run_id,
        own=own,
        telecom_line=telecom_line,
    )


def calls_of(move_ids: Sequence[int]) -> SQL:
    """Calls on invoices: customer id, currency id, number, seconds."""
    return SQL(
        """
        SELECT m.commercial_partner_id, m.currency_id, count(*),
               COALESCE(sum(c.duration), 0)::bigint
          FROM account_move m
          JOIN account_move_line l ON l.move_id = m.id
          JOIN telecom_call_invoice i ON i.move_line_id = l.id
          JOIN telecom_call c ON c.id = i.call_id
         WHERE m.id = ANY(%s)
      GROUP BY 1, 2
        """,
        list(move_ids),
    )


def first_days(company_ids: Sequence[int], partner_ids: Sequence[int]) -> SQL:
    """First day of the earliest run that named each customer: customer id, day.

    Who was left out waited for a later one. Those whom the settings of other addons
    leave out are not billed by runs at all.
    """
    return SQL(
        """
        SELECT c.partner_id, min(r.date_from)
          FROM telecom_run_customer c
          JOIN telecom_run r ON r.id = c.run_id
         WHERE r.company_id = ANY(%s) AND c.partner_id = ANY(%s)
           AND (c.left_reason IS NULL
                OR c.left_reason IN ('hand', 'hold', 'minimum', 'zero'))
      GROUP BY 1
        """,
        list(company_ids),
        list(partner_ids),
    )

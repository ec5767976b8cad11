# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The sums that the fraud watch looks at, as SQL; moments are UTC without a zone."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from odoo.tools import SQL

from .authorisation_sql import is_recorded

# Longest country code, and that of islands in North America: 1 876.
CODE_DIGITS = 4


class Asked(NamedTuple):
    """Whose calls are added up, since when, and by which clock.

    short: longest durations of the short calls that are counted.
    """

    company_id: int
    partner_ids: Sequence[int]
    since: datetime
    now: datetime
    zone: str
    short: Sequence[int]


def sums(asked: Asked) -> SQL:
    """Sums by customer, hour and place, of calls that are over and of those under way.

    Columns: customer, hour, category, destination, country, digits (the first of the
    called number, where no destination tells the country), currency, calls, seconds,
    amount (millionths of that currency), and a count for each limit of short calls.
    """
    return SQL(
        """
        SELECT c.partner_id, %(hour)s, COALESCE(c.category, ''),
               COALESCE(c.destination_id, 0), COALESCE(d.country_id, 0),
               CASE WHEN d.country_id IS NULL AND c.called_number LIKE '+%%'
                    THEN substr(c.called_number, 2, %(digits)s) ELSE '' END,
               COALESCE(c.currency_id, 0), count(*), sum(c.duration)::bigint,
               COALESCE(sum(c.price * 1000000), 0)::bigint%(short)s
          FROM (%(over)s UNION ALL %(underway)s) c
     LEFT JOIN telecom_destination d ON d.id = c.destination_id
      GROUP BY 1, 2, 3, 4, 5, 6, 7
        """,
        hour=SQL(
            "date_trunc('hour', c.start_at AT TIME ZONE 'UTC', %s) AT TIME ZONE 'UTC'",
            asked.zone,
        ),
        digits=CODE_DIGITS,
        short=SQL().join(_short_column(seconds) for seconds in asked.short),
        over=_over(asked),
        underway=_underway(asked),
    )


def _short_column(seconds: int) -> SQL:
    return SQL(", count(*) FILTER (WHERE c.duration <= %s)", seconds)


def _over(asked: Asked) -> SQL:
    """Calls that were made and answered."""
    return SQL(
        """
        SELECT partner_id, start_at, category, destination_id, called_number,
               duration, price, currency_id
          FROM telecom_call
         WHERE partner_id = ANY(%(partners)s) AND company_id = %(company)s
           AND start_at >= %(since)s
           AND direction = 'outgoing' AND service = 'voice' AND duration > 0
        """,
        **_scope(asked),
    )


def _underway(asked: Asked) -> SQL:
    """Calls that no file has told of yet: as long as they last or have lasted.

    One that goes on costs the part by now of what is reserved for it.
    """
    return SQL(
        """
        SELECT u.partner_id, u.started_at, p.category, p.destination_id, u.called,
               u.elapsed, CASE WHEN u.ended_at IS NOT NULL THEN u.reserved
                   ELSE u.reserved * u.elapsed / GREATEST(u.max_duration, 1) END,
               u.currency_id
          FROM (SELECT u.*, CASE WHEN u.ended_at IS NOT NULL THEN u.duration
                       ELSE LEAST(u.max_duration, GREATEST(0, extract(epoch FROM
                            %(now)s::timestamp - u.started_at)))::int END AS elapsed
                  FROM telecom_call_underway u
                 WHERE u.partner_id = ANY(%(partners)s) AND u.company_id = %(company)s
                   AND u.started_at >= %(since)s AND %(unrecorded)s) u
     LEFT JOIN LATERAL (
               SELECT d.id AS destination_id, d.category
                 FROM telecom_prefix p JOIN telecom_destination d
                   ON d.id = p.destination_id AND d.active
                WHERE (d.company_id IS NULL OR d.company_id = u.company_id)
                  AND starts_with(ltrim(u.called, '+'), p.prefix)
             ORDER BY length(p.prefix) DESC, d.company_id NULLS LAST LIMIT 1) p ON TRUE
        """,
        unrecorded=_unrecorded(asked.now),
        **_scope(asked),
    )


def _unrecorded(now: datetime) -> SQL:
    """Whether a call of a switch (u) goes on, or ended without a record by now."""
    return SQL(
        "(u.settled_at IS NULL AND CASE WHEN u.ended_at IS NULL"
        " THEN u.expires_at > %s::timestamp ELSE u.duration > 0 AND NOT %s END)",
        now,
        is_recorded(),
    )


def _scope(asked: Asked) -> dict:
    return {
        "partners": list(asked.partner_ids),
        "company": asked.company_id,
        "since": asked.since,
        "now": asked.now,
    }


def touched(file_ids: Sequence[int]) -> SQL:
    """Customers of the calls of files, with their first call: partner, start."""
    return SQL(
        """
        SELECT partner_id, min(start_at) FROM telecom_call
         WHERE file_id = ANY(%s) AND partner_id IS NOT NULL
           AND direction = 'outgoing' AND service = 'voice' AND duration > 0
      GROUP BY 1
        """,
        list(file_ids),
    )


def talking(company_id: int, now: datetime) -> SQL:
    """Customers with calls that go on, or that no file has told of yet."""
    return SQL(
        "SELECT DISTINCT u.partner_id FROM telecom_call_underway u"
        " WHERE u.company_id = %s AND %s",
        company_id,
        _unrecorded(now),
    )


def numbers_of(fact_ids: Sequence[int]) -> SQL:
    """Numbers that the calls of facts were made from: alert, number."""
    return SQL(
        """
        SELECT DISTINCT f.alert_id, c.number_id
          FROM telecom_fraud_fact f
          JOIN (SELECT partner_id, company_id, start_at, number_id FROM telecom_call
                 WHERE direction = 'outgoing'
             UNION ALL
                SELECT partner_id, company_id, started_at, number_id
                  FROM telecom_call_underway) c
            ON c.partner_id = f.partner_id AND c.company_id = f.company_id
           AND c.start_at >= f.start_at AND c.start_at < f.end_at
          JOIN telecom_number n ON n.id = c.number_id
         WHERE f.id = ANY(%s)
        """,
        list(fact_ids),
    )

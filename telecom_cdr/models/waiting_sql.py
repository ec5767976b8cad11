# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everything that waits, as SQL: one part a kind of record, the same columns in each.

The ids of groups do not move between two clicks: they are made of the group's first
record. Each kind of record has its own remainder, so that no two ids are the same.
"""

from odoo.tools import SQL

Orders = dict[tuple[tuple[str, str, str], ...], list[int]]
"""What sources of their own order look at (fact, name of another fact, direction) ->
ids of the sources."""

# More than there are here: other addons have kinds of their own.
KINDS = 8
CALLS, FILES, REJECTIONS, MISSING = range(4)
# Calls that are looked at for losses: those that are still to be invoiced.
NOT_INVOICED = SQL(
    "NOT EXISTS (SELECT FROM telecom_call_invoice i WHERE i.call_id = c.id)"
)
# Rows whose corrected copy was read, or that somebody left out, wait no more.
OPEN_REJECTION = SQL(
    "r.is_dismissed IS NOT TRUE AND NOT EXISTS (SELECT FROM telecom_file k"
    " WHERE k.id = r.corrected_by_id AND k.state = 'processed')"
)
# Rows that wait beside a stored call, until somebody says which of them stands.
CONFLICTS = ("conflict", "same_call")
# Where no destination is known, its first digits stand for it.
UNKNOWN_DIGITS = 6


def waiting_rows(orders: Orders) -> SQL:
    """All groups of what waits."""
    calls = waiting_calls(orders)
    parts = [calls, losses(), held_files(), rejections(), missing_files()]
    return SQL(" UNION ALL ").join(parts)


def waiting_calls(orders: Orders) -> SQL:
    """Calls without a customer, without a rate, or whose price comes later."""
    return SQL(
        """
        SELECT min(c.id) * %(kinds)s + %(kind)s AS id, c.company_id,
               c.rating_state AS cause, c.carrier_id, NULL::int AS source_id,
               NULL::int AS file_id, NULL::int AS missing_id, c.destination_id,
               c.prefix, c.subject, c.rating_reason AS reason, c.direction, c.service,
               count(*) AS record_count, sum(c.duration) AS duration,
               sum(c.cost) AS cost, NULL::numeric AS loss,
               c.cost_currency_id AS currency_id, min(c.start_at) AS oldest
          FROM (
               SELECT c.id, c.company_id, c.rating_state, c.carrier_id,
                      c.rating_reason, c.duration, c.cost, c.cost_currency_id,
                      c.start_at, %(subject)s AS subject,
                      CASE WHEN c.rating_state <> 'unmatched'
                           THEN c.direction END AS direction,
                      CASE WHEN c.rating_state <> 'unmatched'
                           THEN c.service END AS service,
                      CASE WHEN c.rating_state <> 'unmatched'
                           THEN c.destination_id END AS destination_id,
                      CASE WHEN c.rating_state <> 'unmatched'
                           THEN c.prefix END AS prefix
                 FROM telecom_call c
                WHERE c.rating_state IN ('unmatched', 'unrated', 'late')
               ) c
      GROUP BY c.company_id, c.rating_state, c.carrier_id, c.destination_id, c.prefix,
               c.subject, c.rating_reason, c.direction, c.service, c.cost_currency_id
        """,
        kinds=KINDS,
        kind=CALLS,
        subject=call_subject("c", orders),
    )


def call_subject(alias: str, orders: Orders) -> SQL:
    """What a waiting call is grouped by: our side's identifier, or what was called.

    Our side is told by what its source looks at, else by the direction of the call.

    :param alias: of the table of calls
    """
    return SQL(
        """
        CASE WHEN %(c)s.rating_state = 'unmatched' THEN
                  COALESCE(
                      %(asked)s,
                      CASE WHEN %(c)s.direction = 'incoming' THEN %(c)s.called_number
                           ELSE %(c)s.calling_number END,
                      %(c)s.account_code, %(c)s.trunk, '')
             WHEN %(c)s.destination_id IS NOT NULL THEN ''
             ELSE left(COALESCE(%(c)s.called_number, ''), %(digits)s) END
        """,
        c=SQL.identifier(alias),
        asked=_asked_identifier(SQL.identifier(alias), orders),
        digits=UNKNOWN_DIGITS,
    )


def _asked_identifier(call: SQL, orders: Orders) -> SQL:
    """The first that a source of its own order looks at and that a call has.

    Written out for each order, and absent where there is none: asked of a table for
    each call it would take longer than all the rest.
    """
    if not orders:
        return SQL("NULL")
    choices = [
        SQL(
            "WHEN %s.file_id IN (SELECT o.id FROM telecom_file o"
            " WHERE o.source_id = ANY(%s)) THEN COALESCE(%s)",
            call,
            source_ids,
            SQL(", ").join(_asked(call, *one) for one in order),
        )
        for order, source_ids in orders.items()
    ]
    return SQL("CASE %s END", SQL(" ").join(choices))


def _asked(call: SQL, fact: str, extra_name: str, directions: str) -> SQL:
    """One thing to look at, where the call has it and is of a direction."""
    value = SQL("%s.%s", call, SQL.identifier(fact))
    if fact == "extra":
        value = SQL("%s ->> %s", value, extra_name)
    if directions == "all":
        return SQL("NULLIF(%s, '')", value)
    condition = SQL("%s.direction = %s", call, directions)
    if directions == "from_us":
        condition = SQL("%s.direction <> 'incoming'", call)
    return SQL("CASE WHEN %s THEN NULLIF(%s, '') END", condition, value)


def losses() -> SQL:
    """Calls that cost more than they bring, while they are not invoiced."""
    return SQL(
        """
        SELECT min(c.id) * %(kinds)s + %(kind)s, c.company_id, 'loss', c.carrier_id,
               NULL::int, NULL::int, NULL::int, c.destination_id, NULL,
               '', NULL, c.direction, c.service, count(*), sum(c.duration),
               sum(c.cost), -sum(c.margin), c.cost_currency_id, min(c.start_at)
          FROM telecom_call c
         WHERE c.margin < 0 AND c.rating_state = 'rated' AND %(open)s
      GROUP BY c.company_id, c.carrier_id, c.destination_id, c.direction, c.service,
               c.cost_currency_id
        """,
        kinds=KINDS,
        kind=CALLS,
        open=NOT_INVOICED,
    )


def held_files() -> SQL:
    """Files that wait for a decision, or that could not be read."""
    return SQL(
        """
        SELECT f.id::bigint * %(kinds)s + %(kind)s, f.company_id, f.state, f.carrier_id,
               f.source_id, f.id, NULL::int, NULL::int, NULL, f.name, NULL, NULL, NULL,
               1, NULL::bigint, NULL::numeric, NULL::numeric, NULL::int, f.create_date
          FROM telecom_file f
         WHERE f.state IN ('held', 'failed')
        """,
        kinds=KINDS,
        kind=FILES,
    )


def rejections() -> SQL:
    """Rows that could not be read, and conflicts, by source and reason."""
    return SQL(
        """
        SELECT min(r.id)::bigint * %(kinds)s + %(kind)s, f.company_id,
               CASE WHEN r.reason = ANY(%(conflicts)s) THEN 'conflict'
                    ELSE 'rejected' END,
               f.carrier_id, f.source_id,
               CASE WHEN count(DISTINCT f.id) = 1 THEN min(f.id) END, NULL::int,
               NULL::int, NULL, r.reason, NULL, NULL, NULL, count(*), NULL::bigint,
               NULL::numeric, NULL::numeric, NULL::int, min(f.create_date)
          FROM telecom_rejection r
          JOIN telecom_file f ON f.id = r.file_id
         WHERE %(open)s
      GROUP BY f.company_id, f.carrier_id, f.source_id, r.reason
        """,
        kinds=KINDS,
        kind=REJECTIONS,
        open=OPEN_REJECTION,
        conflicts=list(CONFLICTS),
    )


def missing_files() -> SQL:
    """Files that should have come."""
    return SQL(
        """
        SELECT m.id::bigint * %(kinds)s + %(kind)s, m.company_id, 'missing',
               m.carrier_id, m.source_id, NULL::int, m.id, NULL::int, NULL, '', NULL,
               NULL, NULL,
               CASE WHEN m.day IS NULL THEN m.last_number - m.first_number + 1
                    ELSE 1 END,
               NULL::bigint, NULL::numeric, NULL::numeric, NULL::int, m.noticed_at
          FROM telecom_missing_file m
         WHERE m.state = 'missing'
        """,
        kinds=KINDS,
        kind=MISSING,
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import namedtuple
from datetime import datetime
from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..parameters import CallFilter, CallKey, days_around, next_month

PAGE_SIZE = 50
# A filter that few calls pass looks through so many calls in one go, then asks.
SCAN_SIZE = 20_000
COUNT_LIMIT = 1_000
# Everything that leaves for the customer. The other party of an incoming call is
# not even read where the caller withheld the number.
COLUMNS = {
    "id": SQL("c.id"),
    "start_at": SQL("c.start_at"),
    "day": SQL("c.day"),
    "direction": SQL("c.direction"),
    "service": SQL("c.service"),
    "number_id": SQL("c.number_id"),
    "other_number": SQL(
        "CASE WHEN c.direction IS DISTINCT FROM 'incoming' THEN c.called_number"
        " WHEN c.is_withheld IS NOT TRUE THEN c.calling_number END"
    ),
    "is_withheld": SQL("c.direction = 'incoming' AND c.is_withheld IS TRUE"),
    "duration": SQL("c.duration"),
    "volume": SQL("c.volume"),
    "destination_id": SQL("c.destination_id"),
    "rate_id": SQL("c.rate_id"),
    "category": SQL("c.category"),
    "visited_country_id": SQL("c.visited_country_id"),
    "bundle_duration": SQL("c.bundle_duration"),
    "is_covered": SQL(
        "EXISTS (SELECT FROM telecom_bundle_draw d WHERE d.call_id = c.id)"
    ),
    # As text: a float would not hold every amount exactly.
    "price": SQL("CASE WHEN c.rating_state = 'rated' THEN c.price END::text"),
    "currency_id": SQL("c.currency_id"),
    "rating_state": SQL("c.rating_state"),
    "move_id": SQL("m.id"),
    "move_name": SQL("m.name"),
}
CallRow = namedtuple("CallRow", COLUMNS)
CallPage = namedtuple("CallPage", "rows before after is_partial")


class TelecomPortalCalls(models.AbstractModel):
    """Which calls a customer sees: pages, numbers of calls, totals."""

    _name = "telecom.portal.calls"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: Calls"

    # === WHICH CALLS === #

    @api.model
    def _call_filter(self, **values):
        """A filter over the calls of the user's customer."""
        return CallFilter(self._payer().id or 0, tuple(self._companies().ids), **values)

    @api.model
    def _scope_sql(self, calls):
        """Conditions that the index (partner, start) serves."""
        conditions = [
            SQL("c.partner_id = %s", calls.payer_id),
            SQL("c.company_id = ANY(%s)", list(calls.company_ids)),
        ]
        if calls.start:
            conditions.append(SQL("c.start_at >= %s", calls.start))
        if calls.end:
            conditions.append(SQL("c.start_at < %s", calls.end))
        return SQL(" AND ").join(conditions)

    @api.model
    def _shown_sql(self, calls):
        """Conditions that are tested call by call."""
        return SQL("%s AND %s", self._itemised_sql(), self._number_sql(calls))

    @api.model
    def _listed_sql(self, calls):
        """Those of them that are listed: a rate may keep its calls out of lists."""
        return SQL(
            "%s AND NOT EXISTS (SELECT FROM telecom_rate r WHERE r.id = c.rate_id"
            " AND r.show_in_detail IS FALSE)",
            self._shown_sql(calls),
        )

    @api.model
    def _number_sql(self, calls):
        if calls.number_ids is None:
            return SQL("TRUE")
        return SQL("c.number_id = ANY(%s::int[])", list(calls.number_ids))

    @api.model
    def _itemised_sql(self):
        """Calls to and from what is never itemised are on no page and in no file."""
        destinations = (
            self.env["telecom.destination"]
            .sudo()
            .with_context(active_test=False)
            .search(Domain("never_itemised", "=", True))
        )
        return SQL(
            "(c.destination_id IS NULL OR c.destination_id <> ALL(%s::int[]))"
            " AND (c.direction <> 'incoming' OR c.calling_number IS NULL"
            " OR c.calling_number NOT LIKE ALL(%s::text[]))",
            destinations.ids,
            self._caller_patterns(destinations),
        )

    @api.model
    def _caller_patterns(self, destinations):
        """LIKE patterns of callers: +34016, and 016 inside the country."""
        code = str(self.env.company.sudo().country_id.phone_code or "")
        patterns = []
        for prefix in destinations.prefix_ids.mapped("prefix"):
            patterns.append(f"+{prefix}%")
            if code and prefix.startswith(code):
                patterns.append(f"{prefix.removeprefix(code)}%")
        return patterns

    # === PAGES === #

    @api.model
    def _page(self, calls, key=None, is_backwards=False, size=None):
        """The calls that follow a key in the filter's order, or that precede it."""
        size = size or PAGE_SIZE
        newest_first = calls.newest_first != is_backwards
        rows = self._read_calls(calls, newest_first, key, size + 1)
        is_full = len(rows) > size
        rows = rows[:size]
        if is_full:
            further = _key(rows[-1])
        else:
            further = self._scanned_to(calls, newest_first, key)
        if not is_backwards:
            before = _key(rows[0]) if key and rows else key
            return CallPage(rows, before, further, not is_full and bool(further))
        if further is None:
            return self._page(calls, size=size)
        rows.reverse()
        after = _key(rows[-1]) if rows else key
        return CallPage(rows, further, after, not is_full)

    @api.model
    def _read_calls(self, calls, newest_first, key, limit):
        """Up to so many calls behind a key, out of the next SCAN_SIZE."""
        order = _order_sql(newest_first)
        query = SQL(
            """
            SELECT %(columns)s
              FROM (SELECT *
                      FROM (%(scanned)s) c
                     WHERE %(shown)s ORDER BY %(order)s LIMIT %(limit)s) c
         LEFT JOIN LATERAL (
                   SELECT m.id, m.name FROM telecom_call_invoice i
                     JOIN account_move_line l ON l.id = i.move_line_id
                     JOIN account_move m ON m.id = l.move_id
                    WHERE i.call_id = c.id AND m.state = 'posted') m ON TRUE
          ORDER BY %(order)s
            """,
            columns=SQL(", ").join(COLUMNS.values()),
            scanned=self._scan_sql(calls, newest_first, key, SQL("c.*")),
            shown=self._listed_sql(calls),
            order=order,
            limit=limit,
        )
        return [CallRow(*row) for row in self.env.execute_query(query)]

    @api.model
    def _scan_sql(self, calls, newest_first, key, columns, limit=None):
        """The next calls behind a key, as the index gives them."""
        comparison = SQL("<") if newest_first else SQL(">")
        behind = SQL("TRUE")
        if key:
            behind = SQL(
                "(c.start_at, c.id) %s (%s, %s)", comparison, key.start_at, key.id
            )
        return SQL(
            "SELECT %s FROM telecom_call c WHERE %s AND %s ORDER BY %s LIMIT %s",
            columns,
            self._scope_sql(calls),
            behind,
            _order_sql(newest_first),
            limit or SCAN_SIZE,
        )

    @api.model
    def _scanned_to(self, calls, newest_first, key):
        """Where a search stopped before it had seen all; None where it has."""
        scanned = self._scan_sql(calls, newest_first, key, SQL("c.start_at, c.id"))
        rows = self.env.execute_query(SQL("%s OFFSET %s", scanned, SCAN_SIZE - 1))
        return CallKey(*rows[0]) if rows else None

    @api.model
    def _count(self, calls, limit=COUNT_LIMIT):
        """How many calls the filter has, and whether there may be more."""
        scanned = self._scan_sql(calls, True, None, SQL("c.*"), limit + 1)
        [(shown, seen)] = self.env.execute_query(
            SQL(
                "SELECT count(*) FILTER (WHERE %s), count(*) FROM (%s) c",
                self._listed_sql(calls),
                scanned,
            )
        )
        return min(shown, limit), seen > limit

    # === TOTALS === #

    @api.model
    def _month_totals(self, calls, month):
        """Calls, time, messages, data and money of one whole month.

        Number and time are of the calls that are itemised. The money of a month
        that is over is that of the bill, what is never itemised included; while a
        month runs, watching it grow would tell of such a call. Calls that a rate
        keeps out of the list are in all of it, and shown apart as well.
        """
        start, end = days_around(month, next_month(month))
        shown = self._shown_sql(calls)
        billed = self._number_sql(calls) if self._is_over(month) else shown
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.service, c.currency_id, count(*) FILTER (WHERE %(shown)s),
                       sum(c.duration) FILTER (WHERE %(shown)s),
                       sum(c.volume) FILTER (WHERE %(shown)s),
                       count(*) FILTER (WHERE %(shown)s
                           AND c.rating_state IN ('unrated', 'late')),
                       (sum(c.price) FILTER (WHERE %(billed)s
                           AND c.rating_state = 'rated'))::text,
                       count(r.id) FILTER (WHERE %(shown)s),
                       sum(c.duration) FILTER (WHERE r.id IS NOT NULL AND %(shown)s),
                       (sum(c.price) FILTER (WHERE r.id IS NOT NULL AND %(shown)s
                           AND c.rating_state = 'rated'))::text
                  FROM telecom_call c
             LEFT JOIN telecom_rate r ON r.id = c.rate_id
                       AND r.show_in_detail IS FALSE
                 WHERE %(scope)s AND c.start_at >= %(start)s AND c.start_at < %(end)s
                   AND c.day >= %(first)s AND c.day < %(last)s
              GROUP BY 1, 2 ORDER BY 1, 2
                """,
                shown=shown,
                billed=billed,
                scope=self._scope_sql(calls),
                start=start,
                end=end,
                first=month,
                last=next_month(month),
            )
        )
        return self._add_up(rows)

    @api.model
    def _add_up(self, rows):
        """Totals over services and currencies."""
        totals = {"voice": 0, "sms": 0, "data": 0, "seconds": 0, "bytes": 0}
        totals |= {"waiting": 0, "amounts": {}}
        totals["others"] = {"count": 0, "seconds": 0, "amounts": {}}
        for (
            service,
            currency_id,
            count,
            seconds,
            volume,
            waiting,
            amount,
            *other,
        ) in rows:
            totals[service or "voice"] += count
            totals["seconds"] += seconds or 0
            totals["bytes"] += int(volume or 0)
            totals["waiting"] += waiting
            _add_amount(totals["amounts"], currency_id, amount)
            others = totals["others"]
            others["count"] += other[0]
            others["seconds"] += other[1] or 0
            _add_amount(others["amounts"], currency_id, other[2])
        return totals

    @api.model
    def _is_over(self, month):
        zone = self._zone()
        return next_month(month) <= datetime.now(zone).date()


def _order_sql(newest_first):
    if newest_first:
        return SQL("c.start_at DESC, c.id DESC")
    return SQL("c.start_at, c.id")


def _add_amount(amounts, currency_id, amount):
    """Add to the sum of a currency, where there is anything to add."""
    if amount is not None:
        amounts[currency_id] = amounts.get(currency_id, 0) + Decimal(amount)


def _key(row):
    return CallKey(row.start_at, row.id)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import namedtuple
from datetime import date, datetime
from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from ..parameters import CallFilter, CallKey, days_around, next_month
from .telecom_portal_filters import CHARGED, OTHER_NUMBER

PAGE_SIZE = 50
# A filter that few calls pass looks through so many calls in one go, then asks.
SCAN_SIZE = 20_000
COUNT_LIMIT = 1_000
BIGGEST_ID = 2**63
# What calls may be sorted by beside their start; nothing counts as zero.
VALUES = {
    "price": SQL("CASE WHEN %s THEN COALESCE(c.price, 0) ELSE 0 END", CHARGED),
    "duration": SQL("COALESCE(c.duration, 0)::numeric"),
}
# Everything that leaves for the customer.
COLUMNS = {
    "id": SQL("c.id"),
    "start_at": SQL("c.start_at"),
    "day": SQL("c.day"),
    "direction": SQL("c.direction"),
    "service": SQL("c.service"),
    "number_id": SQL("c.number_id"),
    "other_number": OTHER_NUMBER,
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
    "price": SQL("CASE WHEN %s THEN c.price END::text", CHARGED),
    "currency_id": SQL("c.currency_id"),
    "rating_state": SQL("c.rating_state"),
    "move_id": SQL("m.id"),
    "move_name": SQL("m.name"),
    "dispute_id": SQL("q.id"),
    "dispute_state": SQL("q.state"),
}
CallRow = namedtuple("CallRow", COLUMNS)
CallPage = namedtuple("CallPage", "rows before after is_partial")
# Money by currency: its id, or None where a call has none.
Amounts = dict[int | None, Decimal]


class TelecomPortalCalls(models.AbstractModel):
    """Calls as rows: pages, numbers of calls, totals."""

    _name = "telecom.portal.calls"
    _inherit = "telecom.portal.filters"
    _description = "Telephony in the Portal: Calls"

    # === PAGES === #

    @api.model
    def _page(
        self,
        calls: CallFilter,
        key: CallKey | None = None,
        is_backwards: bool = False,
        size: int | None = None,
    ) -> CallPage:
        """The calls that follow a key in the filter's order, or that precede it."""
        size = size or PAGE_SIZE
        if calls.order_by in VALUES:
            return self._sorted_page(calls, key, is_backwards, size)
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
    def _read_calls(
        self, calls: CallFilter, newest_first: bool, key: CallKey | None, limit: int
    ) -> list[CallRow]:
        """Up to so many calls behind a key, out of the next SCAN_SIZE."""
        return self._read(
            self._scan_sql(calls, newest_first, key, SQL("c.*")),
            self._listed_sql(calls),
            _order_sql(newest_first),
            limit,
        )

    @api.model
    def _read(
        self, scanned: SQL, condition: SQL, order: SQL, limit: int
    ) -> list[CallRow]:
        """The first rows of scanned calls that meet a condition, in an order."""
        query = SQL(
            """
            SELECT %(columns)s
              FROM (SELECT *
                      FROM (%(scanned)s) c
                     WHERE %(condition)s ORDER BY %(order)s LIMIT %(limit)s) c
         LEFT JOIN LATERAL (
                   SELECT m.id, m.name FROM telecom_call_invoice i
                     JOIN account_move_line l ON l.id = i.move_line_id
                     JOIN account_move m ON m.id = l.move_id
                    WHERE i.call_id = c.id AND m.state = 'posted') m ON TRUE
         LEFT JOIN LATERAL (
                   SELECT d.id, d.state FROM telecom_dispute d
                    WHERE d.call_id = c.id ORDER BY d.id DESC LIMIT 1) q ON TRUE
          ORDER BY %(order)s
            """,
            columns=SQL(", ").join(COLUMNS.values()),
            scanned=scanned,
            condition=condition,
            order=order,
            limit=limit,
        )
        return [CallRow(*row) for row in self.env.execute_query(query)]

    @api.model
    def _sorted_page(
        self, calls: CallFilter, key: CallKey | None, is_backwards: bool, size: int
    ) -> CallPage:
        """The dearest or longest of the newest SCAN_SIZE calls, by key as well."""
        key = key if key and key.value is not None else None
        value = VALUES[calls.order_by]
        condition, order = self._listed_sql(calls), SQL("DESC")
        if is_backwards:
            order = SQL("ASC")
        if key:
            condition = SQL(
                "%s AND (%s, c.start_at, c.id) %s (%s, %s, %s)",
                condition,
                value,
                SQL(">") if is_backwards else SQL("<"),
                key.value,
                key.start_at,
                key.id,
            )
        order = SQL("%s %s, c.start_at %s, c.id %s", value, order, order, order)
        scanned = self._scan_sql(calls, True, None, SQL("c.*"))
        rows = self._read(scanned, condition, order, size + 1)
        is_full = len(rows) > size
        rows = rows[:size]
        if is_backwards and not is_full:
            return self._sorted_page(calls, None, False, size)
        if is_backwards:
            rows.reverse()
        return CallPage(
            rows,
            _value_key(rows[0], calls.order_by) if key and rows else key,
            _value_key(rows[-1], calls.order_by) if is_full or is_backwards else None,
            False,
        )

    @api.model
    def _scan_sql(
        self,
        calls: CallFilter,
        newest_first: bool,
        key: CallKey | None,
        columns: SQL,
        limit: int | None = None,
    ) -> SQL:
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
    def _has_more_than(self, calls: CallFilter, limit: int) -> bool:
        """Whether a filter would look through more calls than so many."""
        scanned = self._scan_sql(calls, True, None, SQL("c.id"), limit + 1)
        return bool(self.env.execute_query(SQL("%s OFFSET %s", scanned, limit)))

    @api.model
    def _sorted_number(self, calls: CallFilter) -> int | None:
        """How many calls were sorted, where that are not all; else None."""
        return SCAN_SIZE if self._has_more_than(calls, SCAN_SIZE) else None

    @api.model
    def _find_call(self, call_id: int) -> CallRow | None:
        """The row of a call that the user may see, or None."""
        if not 0 < call_id < BIGGEST_ID:
            return None
        rows = self._read(
            SQL(
                "SELECT c.* FROM telecom_call c WHERE c.id = %s AND %s",
                call_id,
                self._scope_sql(self._call_filter()),
            ),
            self._listed_sql(self._call_filter()),
            SQL("c.id"),
            1,
        )
        return rows[0] if rows else None

    @api.model
    def _scanned_to(
        self, calls: CallFilter, newest_first: bool, key: CallKey | None
    ) -> CallKey | None:
        """Where a search stopped before it had seen all; None where it has."""
        scanned = self._scan_sql(calls, newest_first, key, SQL("c.start_at, c.id"))
        rows = self.env.execute_query(SQL("%s OFFSET %s", scanned, SCAN_SIZE - 1))
        return CallKey(*rows[0]) if rows else None

    @api.model
    def _count(self, calls: CallFilter, limit: int = COUNT_LIMIT) -> tuple[int, bool]:
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
    def _month_totals(self, calls: CallFilter, month: date) -> dict:
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
                           AND %(charged)s))::text,
                       count(r.id) FILTER (WHERE %(shown)s),
                       sum(c.duration) FILTER (WHERE r.id IS NOT NULL AND %(shown)s),
                       (sum(c.price) FILTER (WHERE r.id IS NOT NULL AND %(shown)s
                           AND %(charged)s))::text
                  FROM telecom_call c
             LEFT JOIN telecom_rate r ON r.id = c.rate_id
                       AND r.show_in_detail IS FALSE
                 WHERE %(scope)s AND c.start_at >= %(start)s AND c.start_at < %(end)s
                   AND c.day >= %(first)s AND c.day < %(last)s
              GROUP BY 1, 2 ORDER BY 1, 2
                """,
                shown=shown,
                billed=billed,
                charged=CHARGED,
                scope=self._scope_sql(calls),
                start=start,
                end=end,
                first=month,
                last=next_month(month),
            )
        )
        return self._add_up(rows)

    @api.model
    def _add_up(self, rows: list[tuple]) -> dict:
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
    def _is_over(self, month: date) -> bool:
        zone = self._zone()
        return next_month(month) <= datetime.now(zone).date()


def _order_sql(newest_first: bool) -> SQL:
    if newest_first:
        return SQL("c.start_at DESC, c.id DESC")
    return SQL("c.start_at, c.id")


def _add_amount(amounts: Amounts, currency_id: int | None, amount: str | None) -> None:
    """Add to the sum of a currency, where there is anything to add."""
    if amount is not None:
        amounts[currency_id] = amounts.get(currency_id, 0) + Decimal(amount)


def _key(row: CallRow) -> CallKey:
    return CallKey(row.start_at, row.id)


def _value_key(row: CallRow, order_by: str) -> CallKey:
    """The place of a call in a list that is sorted by a value."""
    value = row.duration if order_by == "duration" else row.price
    return CallKey(row.start_at, row.id, Decimal(value or 0))

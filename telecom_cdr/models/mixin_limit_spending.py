# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from .customer_periods import next_period, period_start
from .dispute_sql import GRANTED


class TelecomLimitSpending(models.AbstractModel):
    """What was spent of limits, for many of them in one query."""

    _name = "telecom.limit.spending.mixin"
    _description = "Spending of Limits"

    def _period_days(self):
        """First day of the present period, and the day after its last.

        A day of the company's billing time zone, or a month that begins on the
        customer's billing day.
        """
        self.ensure_one()
        zone = self.env["telecom.bundle.subscription"]._zone(self.company_id)
        today = fields.Datetime.now().replace(tzinfo=UTC).astimezone(zone).date()
        if self.period == "day":
            return today, today + timedelta(days=1)
        billing_day = self.partner_id._telecom_billing_day(self.company_id)
        start = period_start(today, billing_day)
        return start, next_period(start)

    @api.model
    def _telecom_spent(self, limits):
        """What was spent of each limit in its period, calls under way included.

        :return: {limit id: Decimal}, exact, in the currency of the limit
        """
        spent = dict.fromkeys(limits.ids, Decimal(0))
        for limit_id, currency, amount in self._spent_rows(limits):
            limit = limits.browse(limit_id)
            spent[limit_id] += limit._in_own_currency(currency, amount)
        for limit_id, amount in self._telecom_underway(limits).items():
            spent[limit_id] += amount
        return spent

    @api.model
    def _telecom_underway(self, limits):
        """What calls take that no file has told of yet; others fill it.

        :return: {limit id: Decimal}, in the currency of the limit
        """
        return {}

    @api.model
    def _spent_rows(self, limits):
        """(limit id, currency, Decimal) of stored calls, invoiced or not.

        What was disputed and granted is not owed, and does not count.

        The calls of a customer are read once, however many limits there are.
        """
        if not limits:
            return []
        limits.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                WITH asked (id, company_id, partner_id, number_id, first, last) AS (
                    SELECT * FROM unnest(%(ids)s::int[], %(companies)s::int[],
                        %(partners)s::int[], %(numbers)s::int[], %(firsts)s::date[],
                        %(lasts)s::date[])
                ), widest AS (
                    SELECT company_id, partner_id, min(first) AS first,
                           max(last) AS last
                      FROM asked GROUP BY 1, 2
                ), spent AS MATERIALIZED (
                    SELECT w.company_id, w.partner_id, c.number_id, c.day,
                           c.currency_id, sum(c.price) AS amount
                      FROM widest w
                      JOIN telecom_call c ON c.partner_id = w.partner_id
                       AND c.company_id = w.company_id
                       AND c.start_at >= w.first - interval '1 day'
                       AND c.start_at < w.last + interval '1 day'
                       AND c.day >= w.first AND c.day < w.last
                     WHERE c.rating_state = 'rated' AND NOT %(granted)s
                  GROUP BY 1, 2, 3, 4, 5
                )
                SELECT a.id, s.currency_id, sum(s.amount)::text
                  FROM asked a
                  JOIN spent s ON s.partner_id = a.partner_id
                   AND s.company_id = a.company_id
                   AND s.day >= a.first AND s.day < a.last
                 WHERE a.number_id IS NULL OR s.number_id = a.number_id
              GROUP BY 1, 2 ORDER BY 1, 2
                """,
                granted=GRANTED,
                **self._spent_arguments(limits),
            )
        )
        currencies = self.env["res.currency"]
        return [
            (id_, currencies.browse(currency_id), Decimal(amount))
            for id_, currency_id, amount in rows
            if amount is not None
        ]

    @api.model
    def _spent_arguments(self, limits):
        """Limits and their periods as columns."""
        periods = [limit._period_days() for limit in limits]
        return {
            "ids": limits.ids,
            "companies": [limit.company_id.id for limit in limits],
            "partners": [limit.partner_id.id for limit in limits],
            "numbers": [limit.number_id.id or None for limit in limits],
            "firsts": [first for first, _last in periods],
            "lasts": [last for _first, last in periods],
        }

    def _in_own_currency(self, currency, amount):
        """An amount in the limit's currency, at the rate of today and unrounded."""
        currency = currency or self.company_id.currency_id
        if currency == self.currency_id:
            return amount
        rate = currency._get_conversion_rate(
            currency, self.currency_id, self.company_id, fields.Date.context_today(self)
        )
        return amount * Decimal(repr(rate))

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from .authorisation_sql import BEGAN, counts_still, limit_span


class TelecomLimit(models.Model):
    _inherit = "telecom.limit"

    @api.model
    def _telecom_underway(self, limits: models.BaseModel) -> dict[int, Decimal]:
        """What calls that no file has told of have cost by now.

        Of a call that goes on that is its share of what is reserved for it: limits are
        reached, and told of, by what was talked. A switch is answered by all that is
        reserved.
        """
        taken = super()._telecom_underway(limits)
        for limit_id, currency_id, amount in self._underway_rows(limits):
            limit = limits.browse(limit_id)
            currency = self.env["res.currency"].browse(currency_id)
            own = limit._in_own_currency(currency, Decimal(amount))
            taken[limit_id] = taken.get(limit_id, Decimal(0)) + own
        return taken

    @api.model
    def _underway_rows(self, limits: models.BaseModel) -> list[tuple[int, int, str]]:
        """(limit id, currency id, amount as text) of calls under way."""
        if not limits.ids:
            return []
        self.env["telecom.call.underway"].flush_model()
        now = fields.Datetime.now()
        return self.env.execute_query(
            SQL(
                """
                SELECT l.id, u.currency_id, sum(u.reserved * CASE
                       WHEN u.ended_at IS NOT NULL OR u.max_duration <= 0 THEN 1
                       ELSE LEAST(1, GREATEST(0, EXTRACT(EPOCH FROM
                            %(now)s::timestamp - u.started_at) / u.max_duration))
                       END)::text
                  FROM telecom_limit l
                       %(span)s
                  JOIN telecom_call_underway u ON u.partner_id = l.partner_id
                   AND u.company_id = l.company_id
                   AND COALESCE(l.number_id = u.number_id, l.number_id IS NULL)
                 WHERE l.id = ANY(%(ids)s) AND %(began)s >= span.first AND %(counts)s
              GROUP BY l.id, u.currency_id ORDER BY l.id, u.currency_id
                """,
                now=now,
                ids=limits.ids,
                began=BEGAN,
                span=limit_span(now),
                counts=counts_still(now),
            )
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .call_sums import fresh_sums
from .telecom_call import COST_GROUP

# A row is what the calls come to that have all of these in common.
FACTS = (
    "company_id",
    "partner_id",
    "number_id",
    "carrier_id",
    "direction",
    "service",
    "category",
    "month",
    "currency_id",
)


class TelecomCallSummary(models.Model):
    """Calls, time, cost and price per customer, number, category and month."""

    _name = "telecom.call.summary"
    _inherit = ["telecom.margin.calls.mixin", "telecom.invoiced.mixin"]
    _description = "Summary of Calls"
    _auto = False
    _depends = {
        "telecom.call": [
            "partner_id",
            "number_id",
            "price",
            "currency_id",
            "cost",
            "margin",
            "rating_state",
        ],
    }
    _order = "month desc, partner_id, number_id, category, id"

    number_id = fields.Many2one("telecom.number", string="Number", readonly=True)
    duration = fields.Integer(string="Seconds", readonly=True)
    hours = fields.Float(string="Time", readonly=True)
    covered_duration = fields.Integer(string="From bundles", readonly=True)
    cost = fields.Float(digits=(18, 6), readonly=True, groups=COST_GROUP)
    price = fields.Float(digits=(18, 6), readonly=True)
    margin = fields.Float(
        string="Profit", digits=(18, 6), readonly=True, groups=COST_GROUP
    )
    to_invoice_count = fields.Integer(string="Calls to invoice", readonly=True)
    to_invoice = fields.Float(digits=(18, 6), readonly=True)
    invoiced = fields.Float(digits=(18, 6), readonly=True)

    @property
    def _table_query(self) -> SQL:
        # The first call names the row: it stays the same between two clicks.
        return SQL(
            """
            SELECT min(s.id) AS id, %(facts)s,
                   sum(s.call_count)::bigint AS call_count,
                   sum(s.duration)::bigint AS duration,
                   sum(s.duration) / 3600.0 AS hours,
                   sum(s.bundle_duration)::bigint AS covered_duration,
                   sum(s.cost) AS cost, sum(s.price) AS price, sum(s.margin) AS margin,
                   sum(CASE WHEN %(is_open)s THEN s.call_count ELSE 0 END)::bigint
                   AS to_invoice_count,
                   sum(s.price) FILTER (WHERE %(is_open)s) AS to_invoice,
                   sum(s.price) FILTER (WHERE s.is_invoiced) AS invoiced
              FROM (%(sums)s) s
             WHERE s.partner_id IS NOT NULL
          GROUP BY %(facts)s
            """,
            facts=SQL(", ").join(SQL.identifier("s", name) for name in FACTS),
            is_open=SQL("NOT s.is_invoiced AND s.rating_state = 'rated'"),
            sums=fresh_sums(self.env),
        )

    def _calls_domain(self) -> Domain:
        return self._facts_domain(FACTS)

    def action_rate(self) -> dict:
        """Rate the calls behind these rows that are not invoiced."""
        domain = Domain.OR(row._calls_domain() for row in self)
        calls = self.env["telecom.call"]
        calls.check_access("write")
        changed = self.env["telecom.rating"]._rate_again(domain, self.company_id)
        return self.env["telecom.source"]._notify(
            "success", self.env._("%s calls have another result now.", changed)
        )

    def action_invoice(self) -> dict:
        """Invoice the customers of these rows; without any all, by a run."""
        if not self:
            return self.env["telecom.run"]._action_new()
        return super().action_invoice()

    def _invoice_until(self):
        return fields.Date.end_of(max(self.mapped("month")), "month")

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from .bulk_fields import BigInteger
from .durations import hms
from .margin_sql import DEPENDS, company_amounts

FACTS = (
    "company_id",
    "month",
    "partner_id",
    "carrier_id",
    "direction",
    "service",
    "category",
    "destination_id",
    "rate_id",
    "cost_rate_id",
)


class TelecomMarginLoss(models.Model):
    """Traffic of a customer, destination and month that costs more than it brings.

    Calls that wait for a customer or a price are no loss yet.
    """

    _name = "telecom.margin.loss"
    _inherit = ["telecom.margin.calls.mixin"]
    _description = "Loss-making Traffic"
    _auto = False
    _depends = DEPENDS
    _order = "margin, id"

    destination_id = fields.Many2one("telecom.destination", readonly=True)
    rate_id = fields.Many2one("telecom.rate", string="Rate", readonly=True)
    cost_rate_id = fields.Many2one("telecom.rate", string="Cost rate", readonly=True)
    duration = BigInteger(string="Time", readonly=True)
    bundle_duration = BigInteger(
        string="From bundles",
        readonly=True,
        help="What bundles cover is paid by their price, which is not in the revenue.",
    )
    revenue = fields.Float(digits=(18, 6), readonly=True)
    cost = fields.Float(digits=(18, 6), readonly=True)
    margin = fields.Float(digits=(18, 6), readonly=True)

    @property
    def _table_query(self) -> SQL:
        # The first call names the row: it stays the same between two clicks.
        return SQL(
            """
            SELECT min(a.id) AS id, %(facts)s, a.currency_id,
                   sum(a.call_count)::bigint AS call_count,
                   sum(a.duration)::bigint AS duration,
                   sum(a.bundle_duration)::bigint AS bundle_duration,
                   sum(a.revenue) AS revenue, sum(a.cost) AS cost,
                   sum(a.margin) AS margin
              FROM (%(amounts)s) a
             WHERE a.rating_state IN ('rated', 'excluded')
          GROUP BY %(facts)s, a.currency_id
            HAVING sum(a.margin) < 0
            """,
            facts=SQL(", ").join(SQL.identifier("a", name) for name in FACTS),
            amounts=company_amounts(self.env),
        )

    def _calls_domain(self) -> Domain:
        counted = Domain("rating_state", "in", ("rated", "excluded"))
        return self._facts_domain(FACTS) & counted

    def action_open_rate(self) -> dict:
        """Open the rate that prices these calls."""
        return self._open_rate(self.rate_id)

    def action_open_cost_rate(self) -> dict:
        """Open the rate that tells what these calls cost."""
        return self._open_rate(self.cost_rate_id)

    def _open_rate(self, rate):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "telecom.rate",
            "res_id": rate.id,
            "view_mode": "form",
        }

    def _time(self, seconds):
        return hms(seconds)

    def _money(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    def _totals(self):
        """Calls, seconds, revenue, cost and margin of these rows, for the report."""
        names = ("call_count", "duration", "revenue", "cost", "margin")
        return {name: sum(self.mapped(name)) for name in names}

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .bulk_fields import BigInteger
from .margin_sql import DEPENDS, company_amounts
from .telecom_call import STATES

# A row is what the calls come to that have these and both currencies in common.
FACTS = (
    "company_id",
    "month",
    "partner_id",
    "number_id",
    "carrier_id",
    "direction",
    "service",
    "category",
    "is_roaming",
    "destination_id",
    "rate_id",
    "cost_rate_id",
    "rating_state",
)


class TelecomMargin(models.Model):
    """What calls bring and cost, for pivots and graphs; amounts of one currency.

    A row is what the calls of the same facts and month come to.
    """

    _name = "telecom.margin"
    _inherit = ["telecom.margin.calls.mixin"]
    _description = "Margin"
    _auto = False
    _depends = DEPENDS
    _order = "month desc, id desc"

    number_id = fields.Many2one("telecom.number", string="Number", readonly=True)
    is_roaming = fields.Boolean(string="Roaming", readonly=True)
    destination_id = fields.Many2one("telecom.destination", readonly=True)
    rate_id = fields.Many2one("telecom.rate", string="Rate", readonly=True)
    cost_rate_id = fields.Many2one("telecom.rate", string="Cost rate", readonly=True)
    rating_state = fields.Selection(
        [item for item in STATES if item[0] != "invoiced"],
        string="State",
        readonly=True,
    )
    price_currency_id = fields.Many2one(
        "res.currency", string="Currency of the price", readonly=True
    )
    cost_currency_id = fields.Many2one(
        "res.currency", string="Currency of the cost", readonly=True
    )
    duration = BigInteger(string="Seconds", readonly=True)
    hours = fields.Float(string="Time", readonly=True)
    revenue = fields.Float(
        digits=(18, 6),
        readonly=True,
        help="Before tax: of a price that includes tax what the tax of the product "
        "that bills the call leaves, as it was when the call was rated. Where the cost "
        "is unknown or in another currency, as it is now. A tax that is no percentage "
        "is known on the invoice alone: it is not taken out here.",
    )
    cost = fields.Float(digits=(18, 6), readonly=True)
    margin = fields.Float(digits=(18, 6), readonly=True, help="Revenue less cost.")

    @property
    def _table_query(self) -> SQL:
        # The first call names the row: it stays the same between two clicks.
        return SQL(
            """
            SELECT min(a.id) AS id, %(facts)s, a.price_currency_id, a.cost_currency_id,
                   a.currency_id, sum(a.call_count)::bigint AS call_count,
                   sum(a.duration)::bigint AS duration,
                   sum(a.duration) / 3600.0 AS hours,
                   sum(a.revenue) AS revenue, sum(a.cost) AS cost,
                   sum(a.margin) AS margin
              FROM (%(amounts)s) a
          GROUP BY %(facts)s, a.price_currency_id, a.cost_currency_id, a.currency_id
            """,
            facts=SQL(", ").join(SQL.identifier("a", name) for name in FACTS),
            amounts=company_amounts(self.env),
        )

    def _calls_domain(self) -> Domain:
        return self._facts_domain([*FACTS, "cost_currency_id"]) & Domain(
            "currency_id", "=", self.price_currency_id.id
        )

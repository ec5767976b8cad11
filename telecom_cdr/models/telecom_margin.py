# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from .bulk_fields import BigInteger
from .telecom_call import STATES
from .telecom_destination import CATEGORIES
from .telecom_rate import DIRECTIONS, SERVICES

DEPENDS = {
    "telecom.call": [
        "partner_id",
        "number_id",
        "price",
        "currency_id",
        "cost",
        "cost_currency_id",
        "margin",
        "rating_state",
    ],
    "res.currency.rate": ["name", "rate", "currency_id", "company_id"],
    "res.company": ["currency_id"],
}
# Of each company and day: its own, else that of all. Joined, not looked up by call:
# a million look-ups take longer than all the rest.
RATES = SQL(
    """
    SELECT DISTINCT ON (b.id, r.currency_id, r.name)
           b.id AS company_id, r.currency_id, r.name AS day, r.rate
      FROM res_currency_rate r
      JOIN res_company b ON r.company_id IS NULL
                         OR r.company_id = split_part(b.parent_path, '/', 1)::int
  ORDER BY b.id, r.currency_id, r.name, r.company_id NULLS LAST
    """
)
MARGIN = SQL("COALESCE(a.stored_margin, COALESCE(a.revenue, 0) - COALESCE(a.cost, 0))")


def company_amounts() -> SQL:
    """Calls with revenue, cost and margin in the company's currency, one row a call.

    The margin tells what the other currency came to; only where both amounts are in
    foreign ones are these converted here, at the rate of the call's day. A price or a
    cost that is unknown counts as 0.
    """
    return SQL(
        """
        SELECT c.id, c.company_id, c.partner_id, c.number_id, c.carrier_id,
               c.direction, c.service, c.category, c.destination_id, c.rate_id,
               c.cost_rate_id, c.rating_state, c.day, c.duration, c.bundle_duration,
               m.currency_id, c.margin AS stored_margin,
               CASE WHEN c.currency_id = m.currency_id THEN c.price
                    WHEN c.cost_currency_id = m.currency_id THEN c.margin + c.cost
                    ELSE c.price / p.rate END AS revenue,
               CASE WHEN c.cost_currency_id = m.currency_id THEN c.cost
                    WHEN c.currency_id = m.currency_id THEN c.price - c.margin
                    ELSE c.cost / k.rate END AS cost
          FROM telecom_call c
          JOIN res_company m ON m.id = c.company_id
     LEFT JOIN (%(rates)s) p
            ON p.currency_id = c.currency_id AND p.day = c.day
           AND p.company_id = c.company_id AND c.currency_id <> m.currency_id
     LEFT JOIN (%(rates)s) k
            ON k.currency_id = c.cost_currency_id AND k.day = c.day
           AND k.company_id = c.company_id AND c.cost_currency_id <> m.currency_id
        """,
        rates=RATES,
    )


class TelecomMargin(models.Model):
    """What calls bring and cost, for pivots and graphs; amounts of one currency."""

    _name = "telecom.margin"
    _description = "Margin"
    _auto = False
    _depends = DEPENDS
    _order = "day desc, id desc"

    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    number_id = fields.Many2one("telecom.number", string="Number", readonly=True)
    carrier_id = fields.Many2one("telecom.carrier", readonly=True)
    direction = fields.Selection(DIRECTIONS, readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    category = fields.Selection(CATEGORIES, readonly=True)
    destination_id = fields.Many2one("telecom.destination", readonly=True)
    rating_state = fields.Selection(
        [item for item in STATES if item[0] != "invoiced"],
        string="State",
        readonly=True,
    )
    day = fields.Date(readonly=True)
    call_count = fields.Integer(string="Calls", readonly=True)
    duration = BigInteger(string="Seconds", readonly=True)
    hours = fields.Float(string="Time", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    revenue = fields.Float(digits=(18, 6), readonly=True)
    cost = fields.Float(digits=(18, 6), readonly=True)
    margin = fields.Float(digits=(18, 6), readonly=True, help="Revenue less cost.")

    @property
    def _table_query(self):
        return SQL(
            "SELECT a.*, 1 AS call_count, a.duration / 3600.0 AS hours,"
            " %s AS margin FROM (%s) a",
            MARGIN,
            company_amounts(),
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .bulk_fields import BigInteger
from .margin_sql import DEPENDS, company_amounts
from .telecom_call import STATES
from .telecom_destination import CATEGORIES
from .telecom_rate import DIRECTIONS, SERVICES

FACTS = (
    "company_id",
    "partner_id",
    "number_id",
    "carrier_id",
    "direction",
    "service",
    "category",
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

    company_id = fields.Many2one("res.company", readonly=True)
    month = fields.Date(readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    number_id = fields.Many2one("telecom.number", string="Number", readonly=True)
    carrier_id = fields.Many2one("telecom.carrier", readonly=True)
    direction = fields.Selection(DIRECTIONS, readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    category = fields.Selection(CATEGORIES, readonly=True)
    destination_id = fields.Many2one("telecom.destination", readonly=True)
    rate_id = fields.Many2one("telecom.rate", string="Rate", readonly=True)
    cost_rate_id = fields.Many2one("telecom.rate", string="Cost rate", readonly=True)
    rating_state = fields.Selection(
        [item for item in STATES if item[0] != "invoiced"],
        string="State",
        readonly=True,
    )
    rate_day = fields.Date(
        string="Day of the rates",
        readonly=True,
        help="Set where both amounts are in other currencies than the company's: they "
        "are converted at the rates of this day.",
    )
    price_currency_id = fields.Many2one(
        "res.currency", string="Currency of the price", readonly=True
    )
    cost_currency_id = fields.Many2one(
        "res.currency", string="Currency of the cost", readonly=True
    )
    call_count = fields.Integer(string="Calls", readonly=True)
    duration = BigInteger(string="Seconds", readonly=True)
    hours = fields.Float(string="Time", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
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
    def _table_query(self):
        return SQL(
            "SELECT a.*, a.duration / 3600.0 AS hours FROM (%s) a",
            company_amounts(self.env),
        )

    def _calls_domain(self):
        currencies = Domain("currency_id", "=", self.price_currency_id.id)
        currencies &= Domain("cost_currency_id", "=", self.cost_currency_id.id)
        days = self._month_domain()
        if self.rate_day:
            days = Domain("day", "=", self.rate_day)
        return self._facts_domain(FACTS) & currencies & days

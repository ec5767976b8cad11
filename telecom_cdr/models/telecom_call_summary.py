# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .telecom_call import COST_GROUP
from .telecom_destination import CATEGORIES
from .telecom_rate import DIRECTIONS, SERVICES


class TelecomCallSummary(models.Model):
    """Calls, time, cost and price per customer, number, category and month."""

    _name = "telecom.call.summary"
    _description = "Summary of Calls"
    _auto = False
    _order = "month desc, partner_id, number_id, category, id"

    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    number_id = fields.Many2one("telecom.number", string="Number", readonly=True)
    carrier_id = fields.Many2one("telecom.carrier", readonly=True)
    direction = fields.Selection(DIRECTIONS, readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    category = fields.Selection(CATEGORIES, readonly=True)
    month = fields.Date(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    call_count = fields.Integer(string="Calls", readonly=True)
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
    def _table_query(self):
        # The first call names the row: it stays the same between two clicks.
        return SQL(
            """
            SELECT min(c.id) AS id, c.company_id, c.partner_id, c.number_id,
                   c.carrier_id, c.direction, c.service, c.category,
                   date_trunc('month', c.day)::date AS month, c.currency_id,
                   count(*) AS call_count, sum(c.duration) AS duration,
                   sum(c.duration) / 3600.0 AS hours,
                   sum(c.bundle_duration) AS covered_duration,
                   sum(c.cost) AS cost, sum(c.price) AS price, sum(c.margin) AS margin,
                   count(*) FILTER (
                       WHERE i.call_id IS NULL AND c.rating_state = 'rated'
                   ) AS to_invoice_count,
                   sum(c.price) FILTER (
                       WHERE i.call_id IS NULL AND c.rating_state = 'rated'
                   ) AS to_invoice,
                   sum(c.price) FILTER (WHERE i.call_id IS NOT NULL) AS invoiced
              FROM telecom_call c
         LEFT JOIN telecom_call_invoice i
                ON i.call_id = c.id
             WHERE c.partner_id IS NOT NULL
          GROUP BY c.company_id, c.partner_id, c.number_id, c.carrier_id, c.direction,
                   c.service, c.category, date_trunc('month', c.day), c.currency_id
            """
        )

    def action_open_calls(self):
        """Open the calls behind these rows."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = list(Domain.OR(row._calls_domain() for row in self))
        action["context"] = {}
        return action

    def _calls_domain(self):
        """The calls that a row sums up."""
        return Domain.AND(
            [
                Domain(name, "=", self[name].id if name.endswith("_id") else self[name])
                for name in (
                    "company_id",
                    "partner_id",
                    "number_id",
                    "carrier_id",
                    "direction",
                    "service",
                    "category",
                    "currency_id",
                )
            ]
            + [
                Domain("day", ">=", self.month),
                Domain("day", "<", fields.Date.add(self.month, months=1)),
            ]
        )

    def action_rate(self):
        """Rate the calls behind these rows that are not invoiced."""
        domain = Domain.OR(row._calls_domain() for row in self)
        calls = self.env["telecom.call"]
        calls.check_access("write")
        changed = self.env["telecom.rating"]._rate_again(domain, self.company_id)
        return self.env["telecom.source"]._notify(
            "success", self.env._("%s calls have another result now.", changed)
        )

    def action_invoice(self):
        """Invoice the customers of these rows; without any all, by a run."""
        if not self:
            return self.env["telecom.run"]._action_new()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_invoice_wizard_action"
        )
        action["context"] = {"default_partner_ids": self.partner_id.ids}
        if self:
            last = max(self.mapped("month"))
            action["context"]["default_date_to"] = fields.Date.end_of(last, "month")
        return action

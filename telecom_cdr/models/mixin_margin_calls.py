# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Iterable

from odoo import fields, models
from odoo.fields import Domain

from .telecom_destination import CATEGORIES
from .telecom_rate import DIRECTIONS, SERVICES


class TelecomMarginCalls(models.AbstractModel):
    """The calls behind a row of sums by month."""

    _name = "telecom.margin.calls.mixin"
    _description = "Calls Behind a Margin"

    company_id = fields.Many2one("res.company", readonly=True)
    month = fields.Date(readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    carrier_id = fields.Many2one("telecom.carrier", readonly=True)
    direction = fields.Selection(DIRECTIONS, readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    category = fields.Selection(CATEGORIES, readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    call_count = fields.Integer(string="Calls", readonly=True)

    def action_open_calls(self) -> dict:
        """Open the calls behind these rows."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = list(Domain.OR(row._calls_domain() for row in self))
        action["context"] = {}
        return action

    def _calls_domain(self) -> Domain:
        """Which calls a row is the sum of: what it says of all of them."""
        raise NotImplementedError

    def _facts_domain(self, names: Iterable[str]) -> Domain:
        """Calls that have these facts of the row: what its query groups by."""
        return Domain.AND(self._fact_domain(name) for name in names)

    def _fact_domain(self, name: str) -> Domain:
        value = self[name]
        if name == "month":
            end = fields.Date.add(value, months=1)
            return Domain("day", ">=", value) & Domain("day", "<", end)
        if name == "is_roaming":
            return Domain("visited_country_id", "!=" if value else "=", False)
        return Domain(name, "=", value.id if name.endswith("_id") else value)

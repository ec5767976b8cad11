# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain


class TelecomMarginCalls(models.AbstractModel):
    """The calls behind a row of sums by month."""

    _name = "telecom.margin.calls.mixin"
    _description = "Calls Behind a Margin"

    def action_open_calls(self):
        """Open the calls behind these rows."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = list(Domain.OR(row._calls_domain() for row in self))
        action["context"] = {}
        return action

    def _calls_domain(self):
        """Which calls of its month a row is the sum of: what it says of all of them."""
        raise NotImplementedError

    def _facts_domain(self, names):
        return Domain.AND(
            Domain(name, "=", self[name].id if name.endswith("_id") else self[name])
            for name in names
        )

    def _month_domain(self):
        end = fields.Date.add(self.month, months=1)
        return Domain("day", ">=", self.month) & Domain("day", "<", end)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomNumberLimit(models.AbstractModel):
    """The limits of a number."""

    _name = "telecom.number.limit.mixin"
    _description = "Limits of a Number"

    limit_ids = fields.One2many("telecom.limit", "number_id", string="Limits")

    def action_open_limits(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_limit_action"
        )
        action["domain"] = [("number_id", "=", self.id)]
        action["context"] = {
            "default_number_id": self.id,
            "default_partner_id": self.commercial_partner_id.id,
        }
        return action

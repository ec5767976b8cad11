# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomPartnerLimit(models.AbstractModel):
    """The limits of a customer."""

    _name = "telecom.partner.limit.mixin"
    _description = "Limits of a Customer"

    telecom_limit_ids = fields.One2many(
        "telecom.limit",
        "partner_id",
        string="Limits of spending",
        groups="telecom_cdr.group_telecom_reader",
    )

    def action_telecom_limits(self):
        """Open the limits of the customer and of each number."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_limit_action"
        )
        payer = self.commercial_partner_id
        action["domain"] = [("partner_id", "=", payer.id)]
        action["context"] = {"default_partner_id": payer.id}
        return action

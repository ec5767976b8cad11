# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_telecom_portal_rights(self) -> dict:
        """What this contact sees in the portal; of a customer, its contacts."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_portal.telecom_portal_right_action"
        )
        action["context"] = {}
        if self == self.commercial_partner_id:
            action["domain"] = [("commercial_partner_id", "=", self.id)]
            return action
        right = self.env["telecom.portal.right"].search(
            [("partner_id", "=", self.id)], limit=1
        )
        return {
            **action,
            "views": [(False, "form")],
            "res_id": right.id,
            "context": {"default_partner_id": self.id},
        }

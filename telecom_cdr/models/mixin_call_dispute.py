# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class TelecomCallDispute(models.AbstractModel):
    """Calls that a customer may find wrong."""

    _name = "telecom.call.dispute.mixin"
    _description = "Disputes of a Call"

    def action_dispute(self):
        """Open the call's dispute, or begin one."""
        self.ensure_one()
        disputes = self.env["telecom.dispute"]
        dispute = disputes.search([("call_id", "=", self.id)], limit=1)
        dispute = dispute or disputes.create({"call_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dispute"),
            "res_model": "telecom.dispute",
            "res_id": dispute.id,
            "view_mode": "form",
        }

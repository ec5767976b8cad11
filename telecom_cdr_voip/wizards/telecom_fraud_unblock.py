# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import fields, models
from odoo.exceptions import UserError

CONCLUSIONS = [
    ("looked", "It was fraud or a mistake, and is solved"),
    ("false", "False alarm"),
]


class TelecomFraudUnblock(models.TransientModel):
    """Asks why calls may be made again."""

    _name = "telecom.fraud.unblock"
    _description = "Unblock Calls after an Alert"

    alert_ids = fields.Many2many("telecom.fraud.alert", required=True)
    state = fields.Selection(
        CONCLUSIONS, string="What was it?", required=True, default="looked"
    )
    reason = fields.Char(required=True)

    def action_unblock(self) -> dict[str, Any]:
        """Unblock, and close the alerts with the reason."""
        self.ensure_one()
        reason = (self.reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why calls may be made again."))
        self.alert_ids.check_access("write")
        self.alert_ids._unblock(reason)
        self.alert_ids._close(self.state, reason)
        return {"type": "ir.actions.act_window_close"}

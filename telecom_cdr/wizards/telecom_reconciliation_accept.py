# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomReconciliationAccept(models.TransientModel):
    """Asks why a difference is taken as it is."""

    _name = "telecom.reconciliation.accept"
    _description = "Accept a Difference"

    reconciliation_id = fields.Many2one(
        "telecom.reconciliation", required=True, ondelete="cascade"
    )
    reason = fields.Text(string="Why", required=True)

    def action_accept(self):
        """Accept, with what was said."""
        self.reconciliation_id.check_access("write")
        self.reconciliation_id._accept(self.reason)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def button_cancel(self) -> bool:
        """A cancelled order takes no draft along that bills the customer's calls."""
        moves = self
        if self.env.context.get("telecom_keep_drafts"):
            moves = self.filtered(lambda move: not move.sudo()._has_telecom_lines())
        return super(AccountMove, moves).button_cancel()

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

# What the sample calls were asked with.
ASKED = ("date_start", "price", "connect_fee", "markup", "formula")


class TelecomRateSuccessor(models.TransientModel):
    """Says which sample calls a new price breaks, before it is set."""

    _name = "telecom.rate.successor"
    _inherit = ["telecom.rate.successor", "telecom.sample.check.mixin"]

    def action_apply(self):
        """Set the price; where it breaks sample calls, say so first."""
        return self._check_samples(super().action_apply)

    def _checked_tariffs(self):
        return self.rate_id.tariff_id

    def _title(self):
        return self.env._("New price from…")

    @api.onchange(*ASKED)
    def _onchange_broken_text(self):
        self.broken_text = False

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.fields import Domain


class TelecomRun(models.Model):
    _inherit = "telecom.run"

    def _gap_rows(self):
        """Charges of the period that wait hold the run up, as calls do."""
        rows = self.env["telecom.charge"]._read_group(
            self._waiting_charges(), ["state"], ["__count"]
        )
        charges = [(f"charge_{state}", count, None) for state, count in rows]
        return [*super()._gap_rows(), *charges]

    def _waiting_charges(self):
        """Without a customer: all; without a price: those of the run's customers."""
        domain = (
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "in", ["unmatched", "unpriced"])
            & Domain("period_from", ">=", self.date_from)
            & Domain("period_from", "<=", self.date_to)
        )
        selected = self._worker()._selected_ids()
        if selected is None:
            return domain
        of_them = Domain("partner_id", "in", selected)
        return domain & (Domain("state", "=", "unmatched") | of_them)

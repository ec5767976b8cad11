# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from .call_sums import mark_parts


class TelecomCallSumMixin(models.AbstractModel):
    """Calls that come or change by the ORM: their sums are made anew, too."""

    _name = "telecom.call.sum.mixin"
    _description = "Calls in Sums"

    @api.model_create_multi
    def create(self, vals_list):
        calls = super().create(vals_list)
        calls._mark_sums()
        return calls

    def write(self, vals):
        self._mark_sums()
        result = super().write(vals)
        self._mark_sums()
        return result

    def unlink(self):
        self._mark_sums()
        return super().unlink()

    def _mark_sums(self):
        mark_parts(
            self.env,
            (
                (call.company_id.id, call.day.replace(day=1), call.partner_id.id)
                for call in self.sudo()
                if call.company_id and call.day
            ),
        )

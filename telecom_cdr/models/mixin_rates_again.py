# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class TelecomRatesAgainMixin(models.AbstractModel):
    """Records that prices depend on: what a change touches is priced again.

    What a record was for before the change is touched as much as what it is for after.
    """

    _name = "telecom.rates.again.mixin"
    _description = "Has calls rated again"

    def _mark_for_rating(self):
        """Have priced again what these records are for, as they are now."""
        raise NotImplementedError

    @api.model_create_multi
    def create(self, vals_list):
        self.flush_model()  # an ended period must be free before the next is added
        records = super().create(vals_list)
        records._mark_for_rating()
        return records

    def write(self, vals):
        self._mark_for_rating()
        result = super().write(vals)
        self._mark_for_rating()
        return result

    def unlink(self):
        self._mark_for_rating()
        return super().unlink()

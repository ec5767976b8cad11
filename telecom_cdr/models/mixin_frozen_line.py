# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class TelecomFrozenLineMixin(models.AbstractModel):
    """Lines of a record that prices came from: frozen with it, and rated again.

    A model names in `_whole` its field of that record, and in `_frozen_as` what that
    one calls its lines.
    """

    _name = "telecom.frozen.line.mixin"
    _description = "Line frozen once it has priced something"
    _inherit = ["telecom.rates.again.mixin"]
    _whole = ""
    _frozen_as = "line_ids"

    @api.model_create_multi
    def create(self, vals_list):
        ids = {vals.get(self._whole) for vals in vals_list}
        self[self._whole].browse(ids)._check_unused({self._frozen_as: []})
        return super().create(vals_list)

    def write(self, vals):
        self[self._whole]._check_unused({self._frozen_as: []})
        return super().write(vals)

    def unlink(self):
        self[self._whole]._check_unused({self._frozen_as: []})
        return super().unlink()

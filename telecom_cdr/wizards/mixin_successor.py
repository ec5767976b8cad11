# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Command


class TelecomSuccessorMixin(models.AbstractModel):
    """What follows a record from a date: its name, and lines to begin with.

    A wizard has `line_ids`, and names in `_replaced` its field of the record, whose
    `_succeed(date, name, lines)` gives the one that follows.
    """

    _name = "telecom.successor.mixin"
    _description = "From a Date On"
    _replaced = ""

    date_start = fields.Datetime(
        string="From", required=True, default=fields.Datetime.now
    )
    name = fields.Char(
        compute="_compute_name",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )

    @api.depends(lambda self: [self._replaced, "date_start"][not self._replaced :])
    def _compute_name(self):
        for wizard in self:
            date = fields.Date.to_string(wizard.date_start) or ""
            wizard.name = f"{wizard[self._replaced].name or ''} {date}".strip()

    @api.depends(lambda self: [self._replaced][not self._replaced :])
    def _compute_line_ids(self):
        for wizard in self:
            lines = wizard[self._replaced].line_ids._line_values()
            wizard.line_ids = [Command.clear(), *map(Command.create, lines)]

    def action_apply(self):
        self.ensure_one()
        successor = self[self._replaced]._succeed(
            self.date_start, self.name, self.line_ids._line_values()
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": successor._name,
            "res_id": successor.id,
            "view_mode": "form",
        }

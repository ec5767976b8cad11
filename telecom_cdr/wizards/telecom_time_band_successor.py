# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Command


class TelecomTimeBandSuccessor(models.TransientModel):
    """New hours from a date: rates of the band end, and go on with the new ones."""

    _name = "telecom.time.band.successor"
    _description = "New Hours"

    band_id = fields.Many2one("telecom.time.band", required=True, ondelete="cascade")
    rate_count = fields.Integer(related="band_id.rate_count")
    date_start = fields.Datetime(
        string="From", required=True, default=fields.Datetime.now
    )
    name = fields.Char(
        string="Name of the new band",
        compute="_compute_name",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    line_ids = fields.One2many(
        "telecom.time.band.successor.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    @api.depends("band_id", "date_start")
    def _compute_name(self):
        for wizard in self:
            date = fields.Date.to_string(wizard.date_start) or ""
            wizard.name = f"{wizard.band_id.name or ''} {date}".strip()

    @api.depends("band_id")
    def _compute_line_ids(self):
        for wizard in self:
            lines = wizard.band_id.line_ids._line_values()
            wizard.line_ids = [Command.clear(), *map(Command.create, lines)]

    def action_apply(self):
        self.ensure_one()
        band = self.band_id._succeed(
            self.date_start, self.name, self.line_ids._line_values()
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": band._name,
            "res_id": band.id,
            "view_mode": "form",
        }


class TelecomTimeBandSuccessorLine(models.TransientModel):
    _name = "telecom.time.band.successor.line"
    _description = "Hours of a New Time Band"
    _inherit = ["telecom.time.band.line.mixin"]

    wizard_id = fields.Many2one(
        "telecom.time.band.successor", required=True, ondelete="cascade"
    )

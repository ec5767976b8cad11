# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomTimeBandSuccessor(models.TransientModel):
    """New hours from a date: rates of the band end, and go on with the new ones."""

    _name = "telecom.time.band.successor"
    _description = "New Hours"
    _inherit = ["telecom.successor.mixin", "telecom.sample.check.mixin"]
    _replaced = "band_id"

    band_id = fields.Many2one("telecom.time.band", required=True, ondelete="cascade")
    rate_count = fields.Integer(related="band_id.rate_count")
    name = fields.Char(string="Name of the new band")
    line_ids = fields.One2many(
        "telecom.time.band.successor.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    def action_apply(self):
        """Set the hours; where they break sample calls, say so first."""
        return self._check_samples(super().action_apply)

    def _checked_tariffs(self):
        return self.band_id.rate_ids.tariff_id

    def _title(self):
        return self.env._("New hours from…")


class TelecomTimeBandSuccessorLine(models.TransientModel):
    _name = "telecom.time.band.successor.line"
    _description = "Hours of a New Time Band"
    _inherit = ["telecom.time.band.line.mixin"]

    wizard_id = fields.Many2one(
        "telecom.time.band.successor", required=True, ondelete="cascade"
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

REASONS = [
    ("columns", "Too few columns"),
    ("date", "Date"),
    ("duration", "Duration"),
    ("number", "Number"),
    ("amount", "Amount"),
    ("volume", "Volume"),
    ("check", "Unexpected value"),
    ("step", "Conversion"),
    ("offset", "Offset from UTC"),
    ("zone", "Time zone"),
    ("direction", "Direction"),
    ("service", "Service"),
    ("encoding", "Encoding"),
    ("size", "Size"),
    ("syntax", "Broken record"),
    ("names", "Missing values"),
    ("empty", "Empty"),
    ("conflict", "Conflict with a known call"),
    ("no_start", "Begin of the call missing"),
    ("no_end", "End of the call missing"),
    ("same_call", "Told by another carrier, too"),
    ("other", "Other"),
]


class TelecomRejection(models.Model):
    """A row of a file that could not be read."""

    _name = "telecom.rejection"
    _description = "Rejected Row"
    _inherit = [
        "telecom.rejection.row.mixin",
        "telecom.rejection.deciding.mixin",
        "telecom.rejection.solving.mixin",
    ]
    _order = "file_id desc, line_number, id"

    file_id = fields.Many2one(
        "telecom.file", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="file_id.company_id", store=True, index=True)
    line_number = fields.Integer(required=True)
    reason = fields.Selection(REASONS, required=True)

    @api.depends_context("lang", "uid")
    @api.depends("line_number", "message")
    def _compute_display_name(self):
        for rejection in self:
            rejection.display_name = self.env._(
                "Line %(line)s: %(message)s",
                line=rejection.line_number,
                message=rejection.message or "",
            )

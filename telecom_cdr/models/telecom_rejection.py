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
    ("direction", "Direction"),
    ("service", "Service"),
    ("encoding", "Encoding"),
    ("size", "Size"),
    ("empty", "Empty"),
    ("conflict", "Conflict with a known call"),
    ("other", "Other"),
]


class TelecomRejection(models.Model):
    """A row of a file that could not be read."""

    _name = "telecom.rejection"
    _description = "Rejected Row"
    _order = "file_id desc, line_number, id"

    file_id = fields.Many2one(
        "telecom.file", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="file_id.company_id", store=True, index=True)
    line_number = fields.Integer(required=True)
    raw = fields.Text(help="The row as it stands in the file.")
    reason = fields.Selection(REASONS, required=True)
    message = fields.Char(help="What was found and what was expected.")

    @api.depends("line_number", "message")
    def _compute_display_name(self):
        for rejection in self:
            rejection.display_name = self.env._(
                "Line %(line)s: %(message)s",
                line=rejection.line_number,
                message=rejection.message or "",
            )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from .reading_messages import worded

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
    ("same_call", "Told by another carrier, too"),
    ("other", "Other"),
]


class TelecomRejection(models.Model):
    """A row of a file that could not be read."""

    _name = "telecom.rejection"
    _description = "Rejected Row"
    _inherit = ["telecom.rejection.deciding.mixin", "telecom.rejection.solving.mixin"]
    _order = "file_id desc, line_number, id"

    file_id = fields.Many2one(
        "telecom.file", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="file_id.company_id", store=True, index=True)
    line_number = fields.Integer(required=True)
    raw = fields.Text(help="The row as it stands in the file.")
    reason = fields.Selection(REASONS, required=True)
    found = fields.Char(readonly=True)
    wording = fields.Json(readonly=True)
    message = fields.Char(
        compute="_compute_message",
        search="_search_message",
        help="What was found and what was expected.",
    )

    @api.depends_context("lang")
    @api.depends("wording")
    def _compute_message(self):
        for rejection in self:
            rejection.message = worded(self.env, rejection.wording) or False

    def _search_message(self, operator, value):
        """Texts are made when they are shown: search what was found, and the reason."""
        if operator not in ("ilike", "like", "=ilike", "=like"):
            return NotImplemented
        labels = dict(self._fields["reason"]._description_selection(self.env))
        term = value.strip("%").casefold()
        reasons = [code for code, label in labels.items() if term in label.casefold()]
        return Domain("found", operator, value) | Domain("reason", "in", reasons)

    @api.depends_context("lang")
    @api.depends("line_number", "message")
    def _compute_display_name(self):
        for rejection in self:
            rejection.display_name = self.env._(
                "Line %(line)s: %(message)s",
                line=rejection.line_number,
                message=rejection.message or "",
            )

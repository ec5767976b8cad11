# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64

from odoo import api, fields, models


class TelecomFormatPreview(models.TransientModel):
    """Shows the first rows of a sample as a format reads them."""

    _name = "telecom.format.preview"
    _description = "Preview of a Format"
    _inherit = ["telecom.format.rendering.mixin"]

    format_id = fields.Many2one("telecom.format", required=True, ondelete="cascade")
    sample = fields.Binary(string="Sample file", required=True, attachment=False)
    result = fields.Html(compute="_compute_result", sanitize=False)

    @api.depends("sample", "format_id", "carrier_id")
    def _compute_result(self):
        for wizard in self:
            wizard.result = wizard._render() if wizard.sample else False

    def _render(self):
        content = base64.b64decode(self.with_context(bin_size=False).sample)
        return self._render_sample(content, self.format_id._spec)

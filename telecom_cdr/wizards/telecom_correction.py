# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.reading_messages import worded
from ..parsers.exceptions import FileError


class TelecomCorrection(models.TransientModel):
    """Takes rejected rows back, corrected, as a file of their source."""

    _name = "telecom.correction"
    _description = "Read Corrected Rows"

    file_id = fields.Many2one("telecom.file", required=True, ondelete="cascade")
    rejection_ids = fields.Many2many("telecom.rejection", string="Rejected rows")
    row_count = fields.Integer(string="Rows", compute="_compute_row_count")
    content = fields.Binary(string="Corrected file", attachment=False)
    content_name = fields.Char()

    @api.depends("rejection_ids")
    def _compute_row_count(self):
        for wizard in self:
            wizard.row_count = len(wizard.rejection_ids)

    def action_download(self):
        """The rows as they stand in their file, to be corrected."""
        return self.rejection_ids.action_download_rows()

    def action_receive(self):
        """Read the corrected rows; the rejected ones are solved once that is done."""
        self.ensure_one()
        self.file_id.check_access("write")
        content = self.with_context(bin_size=False).content
        if not content:
            raise UserError(self.env._("Choose the file with the corrected rows."))
        name = self.content_name or self.file_id._unprocessed_name()
        try:
            stream, given = self.file_id._uncovered(
                base64.b64decode(content), self.rejection_ids
            )
            file = self.file_id._receive_rows(name, stream, given)
        except FileError as error:
            raise UserError(worded(self.env, error.wording)) from error
        file.action_process()
        return {
            "type": "ir.actions.act_window",
            "res_model": "telecom.file",
            "res_id": file.id,
            "views": [(False, "form")],
        }

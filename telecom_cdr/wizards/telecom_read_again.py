# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class TelecomReadAgain(models.TransientModel):
    """Reads rejected rows again, after their format was corrected."""

    _name = "telecom.read.again"
    _description = "Read Rejected Rows Again"

    rejection_ids = fields.Many2many("telecom.rejection", string="Rejected rows")
    file_ids = fields.Many2many(
        "telecom.file", string="Of the files", compute="_compute_files"
    )
    row_count = fields.Integer(string="Rows", compute="_compute_files")
    invoiced_count = fields.Integer(string="Invoiced calls", compute="_compute_files")
    mode = fields.Selection(
        [
            ("rows", "The rejected rows only, as a file of their own"),
            ("whole", "The whole files: their calls are taken back and read anew"),
        ],
        string="What to read again",
        required=True,
        default="rows",
    )

    @api.depends("rejection_ids")
    def _compute_files(self):
        for wizard in self:
            files = wizard.rejection_ids.file_id
            wizard.file_ids = files
            wizard.row_count = len(wizard.rejection_ids)
            wizard.invoiced_count = self.env["telecom.call"]._count_invoiced(files)

    def action_read(self):
        """Read now what was chosen."""
        self.ensure_one()
        files = self.file_ids
        files.check_access("write")
        if self.mode == "whole":
            if self.invoiced_count:
                raise UserError(
                    self.env._(
                        "%(count)s calls of these files are invoiced: read the "
                        "rejected rows only.",
                        count=self.invoiced_count,
                    )
                )
            files._read_whole_again()
            files.action_process()
        else:
            for file, rejections in self.rejection_ids.grouped("file_id").items():
                file._read_rows_again(rejections).action_process()
        return self.env["telecom.waiting"]._reload_and_close()

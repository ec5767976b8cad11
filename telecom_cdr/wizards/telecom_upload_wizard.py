# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class TelecomUploadWizard(models.TransientModel):
    """Asks which source the dropped files belong to."""

    _name = "telecom.upload.wizard"
    _description = "Upload Files"

    source_id = fields.Many2one(
        "telecom.source", required=True, default=lambda self: self._default_source()
    )
    attachment_ids = fields.Many2many("ir.attachment", string="Files", required=True)

    @api.model
    def _default_source(self):
        """The only source, or the one that was uploaded to last."""
        sources = self.env["telecom.source"].search([("protocol", "=", "upload")])
        if len(sources) == 1:
            return sources
        last = self.env["telecom.file"].search(
            [("source_id", "in", sources.ids), ("create_uid", "=", self.env.uid)],
            limit=1,
        )
        return last.source_id

    def action_upload(self):
        """Keep the files; they are read in the background."""
        self.ensure_one()
        files = self.env["telecom.file"]
        for attachment in self.attachment_ids:
            files |= files._receive_attachment(self.source_id, attachment)
        self.attachment_ids.unlink()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_file_action"
        )
        action["domain"] = [("id", "in", files.ids)]
        action["context"] = {}
        return action

    def action_test(self):
        """Read, match and price the file, and store nothing of it."""
        self.ensure_one()
        if len(self.attachment_ids) != 1:
            raise UserError(
                self.env._("A test run takes one file: choose one of them.")
            )
        run = self.env["telecom.test.run"].create(
            {
                "source_id": self.source_id.id,
                "content": self.attachment_ids.datas,
                "content_name": self.attachment_ids.name,
            }
        )
        return run.action_run()

    @api.autovacuum
    def _gc_attachments(self):
        """Drop uploads that were never received: their dialog was closed."""
        yesterday = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("create_date", "<", yesterday)]
        ).unlink()

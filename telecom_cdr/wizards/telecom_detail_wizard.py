# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.mixin_partner_detail import ATTACHMENTS

KINDS = [item for item in ATTACHMENTS if item[0] != "none"]


class TelecomDetailWizard(models.TransientModel):
    """Gives the calls of an invoice as a file, or puts it with the invoice."""

    _name = "telecom.detail.wizard"
    _description = "Call Details of an Invoice"

    move_id = fields.Many2one(
        "account.move", string="Invoice", required=True, readonly=True
    )
    kind = fields.Selection(
        KINDS,
        string="Form",
        required=True,
        compute="_compute_kind",
        store=True,
        readonly=False,
        precompute=True,
    )
    call_count = fields.Integer(related="move_id.telecom_call_count")
    attachment_id = fields.Many2one(related="move_id.telecom_detail_id")

    @api.depends("move_id")
    def _compute_kind(self):
        for wizard in self:
            wizard.kind = wizard.move_id._telecom_detail_kind() or "pdf"

    def action_download(self):
        """Hand the file out; the invoice stays as it is."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/telecom_cdr/detail/{self.move_id.id}/{self.kind}",
            "target": "download",
        }

    def action_attach(self):
        """Make the file that goes with the invoice when it is sent or downloaded."""
        self.ensure_one()
        self.move_id.check_access("write")
        attachment = self.move_id._attach_telecom_detail(self.kind)
        self.move_id.message_post(
            body=self.env._("Call details attached: %s", attachment.name)
        )
        return {"type": "ir.actions.act_window_close"}

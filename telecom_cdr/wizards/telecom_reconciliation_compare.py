# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io

from odoo import fields, models
from odoo.exceptions import UserError

from ..models.stored_content import content_of

# Larger files are compared in the background: that takes longer than a moment.
AT_ONCE_BYTES = 1024 * 1024


class TelecomReconciliationCompare(models.TransientModel):
    """Takes a carrier's file to compare it call by call; none of it is stored."""

    _name = "telecom.reconciliation.compare"
    _description = "Compare a Carrier's File"

    reconciliation_id = fields.Many2one(
        "telecom.reconciliation", required=True, ondelete="cascade"
    )
    carrier_id = fields.Many2one(related="reconciliation_id.carrier_id")
    source_id = fields.Many2one(
        "telecom.source",
        string="Read as a file of",
        required=True,
        ondelete="cascade",
        domain="[('carrier_id', '=', carrier_id), ('file_type', '=', 'usage')]",
        help="Its format reads the file; its tolerances say which calls are the same.",
    )
    content = fields.Binary(string="Carrier's file", attachment=True)
    content_name = fields.Char()
    is_whole = fields.Boolean(
        string="It tells of the whole period",
        default=True,
        help="Off: only calls between its first day and its last are missing in it.",
    )

    def action_compare(self):
        """Compare, and show the calls that differ."""
        self.ensure_one()
        one = self.reconciliation_id
        one.check_access("write")
        if self.source_id.carrier_id != one.carrier_id:
            raise UserError(
                self.env._(
                    "%(name)s is a source of %(other)s. Choose one of %(carrier)s.",
                    name=self.source_id.display_name,
                    other=self.source_id.carrier_id.display_name,
                    carrier=one.carrier_id.display_name,
                )
            )
        content = content_of(self, "content")
        if not content.file_size:
            raise UserError(self.env._("Choose the file to compare with."))
        name = self.content_name or "file"
        if content.file_size > AT_ONCE_BYTES:
            one._compare_later(self.source_id, name, content, self.is_whole)
            return {"type": "ir.actions.act_window_close"}
        one._compare(self.source_id, name, io.BytesIO(content.raw), self.is_whole)
        return one.action_open_differences()

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from .bulk_fields import Uuid


class TelecomFileConfirmation(models.Model):
    """That a file told of a call that another one brought, and what it cost before.

    Rows come set by set (``call_confirmation``).
    """

    _name = "telecom.file.confirmation"
    _description = "Confirmation of a Call"
    _log_access = False

    file_id = fields.Many2one(
        "telecom.file", required=True, readonly=True, ondelete="cascade"
    )
    identity = Uuid(required=True, readonly=True, help="Of the call.")
    is_corrected = fields.Boolean(string="Corrected", readonly=True)
    carrier_amount = fields.Float(
        digits=(18, 9), readonly=True, groups="telecom_cdr.group_telecom_cost"
    )

    _call_uniq = models.UniqueIndex("(identity, file_id)", "It is confirmed already.")
    _file_idx = models.Index("(file_id)")

    @api.model
    def _forget(self, identities):
        """Calls have come again with an amount of their own: no other was theirs."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM telecom_file_confirmation"
                " WHERE identity = ANY(%s::uuid[])",
                list(identities),
            )
        )

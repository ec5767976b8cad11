# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomSipRemoved(models.Model):
    """A login that a switch may still know, and has to forget."""

    _name = "telecom.sip.removed"
    _description = "Removed SIP Login"
    _rec_name = "login"
    _order = "removed_at desc, id desc"

    switch_id = fields.Many2one(
        "telecom.switch", required=True, index=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="switch_id.company_id", store=True, index=True, precompute=True
    )
    # The account may be gone: its key is kept, not a reference.
    account_key = fields.Integer(required=True, readonly=True)
    login = fields.Char(required=True, readonly=True)
    removed_at = fields.Datetime(
        string="Removed", required=True, readonly=True, default=fields.Datetime.now
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomReconciliationOther(models.Model):
    """What a carrier should bill beside calls, as far as an addon knows of it."""

    _name = "telecom.reconciliation.other"
    _description = "Other Cost of a Carrier"
    _order = "reconciliation_id, id"

    reconciliation_id = fields.Many2one(
        "telecom.reconciliation",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="reconciliation_id.company_id", store=True)
    currency_id = fields.Many2one(related="reconciliation_id.currency_id")
    name = fields.Char(string="What", required=True, readonly=True)
    amount = fields.Monetary(readonly=True)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomBlockOwnerMixin(models.AbstractModel):
    """Who blocked: the customer, the company, or the fraud watch."""

    _name = "telecom.block.owner.mixin"
    _description = "Who Blocked"

    is_own = fields.Boolean(
        string="Set by the customer",
        readonly=True,
        copy=False,
        help="What a customer has set in the portal, the customer may take back.",
    )
    fraud_alert_id = fields.Many2one(
        "telecom.fraud.alert",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Blocked until somebody has looked at this alert.",
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomSipAccountFraudMixin(models.AbstractModel):
    """An account that the fraud watch has blocked."""

    _name = "telecom.sip.account.fraud.mixin"
    _description = "Fraud Watch of a SIP Account"

    fraud_alert_id = fields.Many2one(
        "telecom.fraud.alert",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Blocked until somebody has looked at this alert.",
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomCompanyDispute(models.AbstractModel):
    """How a company deals with calls that a customer finds wrong."""

    _name = "telecom.company.dispute.mixin"
    _description = "Disputes of a Company"

    telecom_dispute_keep_off = fields.Boolean(
        string="Disputed calls wait",
        default=True,
        help="While a dispute is open its call goes on no invoice. It may be chosen "
        "otherwise for each dispute.",
    )
    telecom_dispute_user_id = fields.Many2one(
        "res.users",
        string="Who answers disputes",
        domain="[('share', '=', False)]",
        help="Gets a task for each dispute. Empty: the customer's salesperson.",
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomCompanyLimit(models.AbstractModel):
    """How a company tells customers of their limits."""

    _name = "telecom.company.limit.mixin"
    _description = "Limits of a Company's Customers"

    telecom_limit_sms = fields.Boolean(
        string="SMS when a limit is reached",
        help="Beside the mail, also at the warning. It needs Odoo's app for SMS, which "
        "charges for each message.",
    )

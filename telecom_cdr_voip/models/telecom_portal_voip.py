# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class TelecomPortalVoip(models.AbstractModel):
    """What a customer sees and sets of SIP accounts, blocks and redirections."""

    _name = "telecom.portal.voip"
    _inherit = [
        "telecom.portal.blocks",
        "telecom.portal.redirects",
    ]
    _description = "SIP Accounts in the Portal"

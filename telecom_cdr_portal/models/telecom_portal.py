# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class TelecomPortal(models.AbstractModel):
    """What a customer may see of own telephony: the only way to it.

    Portal users have no access right on any telephony model, so neither a page
    nor JSON-RPC, JSON-2 or XML-RPC reads a call, a cost or a carrier. The pages
    ask these private methods, which read with sudo: always for one payer and his
    companies, always named columns, never whole records.
    """

    _name = "telecom.portal"
    _inherit = [
        "telecom.portal.calls",
        "telecom.portal.sums",
        "telecom.portal.overview",
        "telecom.portal.why",
        "telecom.portal.disputes",
        "telecom.portal.texts",
        "telecom.portal.export",
        "telecom.portal.limits",
        "telecom.portal.masking",
        "telecom.portal.inviting",
        "telecom.portal.changes",
        "telecom.portal.withdrawing",
        "telecom.portal.bundles",
    ]
    _description = "Telephony in the Portal"

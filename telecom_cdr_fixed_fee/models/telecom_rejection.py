# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

CHARGE_REASONS = [
    ("reference", "Reference"),
    ("kind", "Kind of charge"),
    ("period", "Period"),
    ("quantity", "Quantity"),
    ("sign", "Sign of the amount"),
    ("currency", "Currency"),
]


class TelecomRejection(models.Model):
    _inherit = "telecom.rejection"

    reason = fields.Selection(
        selection_add=CHARGE_REASONS,
        ondelete={
            name: lambda rejections: rejections.write({"reason": "other"})
            for name, _label in CHARGE_REASONS
        },
    )

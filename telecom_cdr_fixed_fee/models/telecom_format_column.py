# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

CHARGE_TARGETS = [
    ("account", "Account"),
    ("reference", "Reference"),
    ("product_code", "Product code"),
    ("description", "Description"),
    ("kind", "Kind of charge"),
    ("period_from", "Period from"),
    ("period_to", "Period to"),
    ("quantity", "Quantity"),
    ("unit_amount", "Amount of one"),
    ("total_amount", "Total amount"),
    ("currency", "Currency"),
    ("tax_code", "Tax code"),
]


class TelecomFormatColumn(models.Model):
    _inherit = "telecom.format.column"

    target = fields.Selection(
        selection_add=CHARGE_TARGETS,
        ondelete={name: "cascade" for name, _label in CHARGE_TARGETS},
    )

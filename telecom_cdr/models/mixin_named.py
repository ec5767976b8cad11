# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomNamedMixin(models.AbstractModel):
    """What a company knows by a name: it can be archived, and copied as another."""

    _name = "telecom.named.mixin"
    _description = "Has a name in a company"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for record, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", record.name)
        return vals_list

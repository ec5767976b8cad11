# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomDepartment(models.Model):
    """A part of a customer that wants its own figures."""

    _name = "telecom.department"
    _description = "Department of a Telecom Customer"
    _inherit = ["analytic.mixin"]
    _order = "partner_id, name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    number_ids = fields.One2many("telecom.number", "department_id")

    _name_uniq = models.Constraint(
        "UNIQUE(partner_id, company_id, name)",
        "This customer already has a department of this name.",
    )

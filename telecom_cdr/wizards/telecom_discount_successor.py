# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomDiscountSuccessor(models.TransientModel):
    """Another discount from a date, for everybody who has this one."""

    _name = "telecom.discount.successor"
    _description = "New Discount"
    _inherit = ["telecom.successor.mixin"]
    _replaced = "discount_id"

    discount_id = fields.Many2one("telecom.discount", required=True, ondelete="cascade")
    name = fields.Char(string="Name of the new discount")
    line_ids = fields.One2many(
        "telecom.discount.successor.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )


class TelecomDiscountSuccessorLine(models.TransientModel):
    _name = "telecom.discount.successor.line"
    _description = "Line of a New Discount"
    _inherit = ["telecom.discount.line.mixin"]
    _order = "sequence, id"

    wizard_id = fields.Many2one(
        "telecom.discount.successor", required=True, ondelete="cascade"
    )

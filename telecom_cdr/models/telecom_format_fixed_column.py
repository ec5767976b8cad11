# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomFormatFixedColumn(models.Model):
    """Where a column of a file of fixed width stands."""

    _name = "telecom.format.fixed.column"
    _description = "Column of Fixed Width"
    _order = "format_id, sequence, id"

    format_id = fields.Many2one(
        "telecom.format", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, help="What the columns below call it.")
    start = fields.Integer(
        string="First character", required=True, default=1, help="Counted from 1."
    )
    width = fields.Integer(required=True, default=1, help="Number of characters.")

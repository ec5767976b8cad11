# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .telecom_destination import CATEGORIES

# What a detail of calls can show. No cost, no carrier: customers read it.
COLUMNS = [
    ("own", "Own number"),
    ("label", "Name of the number"),
    ("department", "Department"),
    ("day", "Date"),
    ("time", "Time of day"),
    ("direction", "Direction"),
    ("other", "Number"),
    ("destination", "Destination"),
    ("category", "Category"),
    ("country", "Roaming in"),
    ("account_code", "Account code"),
    ("duration", "Duration"),
    ("billed", "Billed duration"),
    ("covered", "From bundle"),
    ("price", "Price"),
]
COLOR = re.compile(r"#[0-9a-fA-F]{6}")


class TelecomDetailLayoutColumn(models.Model):
    """A column of a detail of calls."""

    _name = "telecom.detail.layout.column"
    _description = "Column of Call Details"
    _order = "layout_id, sequence, id"

    layout_id = fields.Many2one(
        "telecom.detail.layout", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="layout_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    column = fields.Selection(COLUMNS, string="What it shows", required=True)
    title = fields.Char(translate=True, help="Empty: what it shows.")

    _column_uniq = models.Constraint(
        'UNIQUE(layout_id, "column")', "Each column stands once in a layout."
    )


class TelecomDetailLayoutCategory(models.Model):
    """What a detail of calls does with the calls of a category."""

    _name = "telecom.detail.layout.category"
    _description = "Category in Call Details"
    _order = "layout_id, id"

    layout_id = fields.Many2one(
        "telecom.detail.layout", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="layout_id.company_id", store=True, index=True)
    category = fields.Selection(CATEGORIES, required=True)
    is_listed = fields.Boolean(
        string="In detail",
        default=True,
        help="Off: the calls of this category are summed up in one row.",
    )
    color = fields.Char(help="Of the text, as #rrggbb. Empty: black.")

    _category_uniq = models.Constraint(
        "UNIQUE(layout_id, category)", "Each category stands once in a layout."
    )

    @api.constrains("color")
    def _check_color(self):
        for record in self:
            if record.color and not COLOR.fullmatch(record.color):
                raise ValidationError(
                    self.env._(
                        "'%s' is no colour. Write it as #rrggbb, like #c0392b.",
                        record.color,
                    )
                )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomDatabaseTable(models.Model):
    """A table of a PBX that is known: sources take a copy of what is read of it."""

    _name = "telecom.database.table"
    _description = "Table Template"
    _inherit = ["telecom.database.table.mixin"]
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    format_code = fields.Char(
        help="Short name of the format that reads the rows: a source that takes the "
        "template takes this format, too."
    )
    note = fields.Text(
        string="What to know", translate=True, help="Shown to who chooses it."
    )

    def _source_values(self):
        """What a source takes over; its format where there is one of this code."""
        self.ensure_one()
        values = {name: self[name] for name in self._database_fields()}
        code = self.format_code
        formats = self.env["telecom.format"]
        known = formats.search([("code", "=", code)], limit=1) if code else formats
        return {**values, "format_id": known.id} if known else values

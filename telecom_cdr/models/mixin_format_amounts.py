# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..parsers.covering import has_amounts
from ..parsers.exceptions import FormatError


class TelecomFormatAmountsMixin(models.AbstractModel):
    """Whether files of a format say what the carrier charges."""

    _name = "telecom.format.amounts.mixin"
    _description = "Amounts in Files of a Format"

    holds_amounts = fields.Boolean(
        string="Says what the carrier charges",
        compute="_compute_holds_amounts",
        store=True,
        help="Files of such a format are only given to who sees costs and margins; "
        "others see and correct their rejected rows without the amounts.",
    )

    @api.depends("file_type", "column_mapping", "row_calls", "layout", "has_header")
    def _compute_holds_amounts(self):
        for one in self:
            try:
                one.holds_amounts = one.file_type != "usage" or has_amounts(one._spec())
            except FormatError:
                # It is refused anyway.
                one.holds_amounts = True

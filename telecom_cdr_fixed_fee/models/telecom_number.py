# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Self

from odoo import api, models
from odoo.exceptions import UserError

# What decides who pays a charge.
MATCHING_FIELDS = {
    "number",
    "kind",
    "carrier_id",
    "partner_id",
    "date_start",
    "date_end",
}


class TelecomNumber(models.Model):
    _inherit = "telecom.number"

    @api.model_create_multi
    def create(self, vals_list: list[dict]) -> Self:
        numbers = super().create(vals_list)
        self.env["telecom.charge"]._take_up_soon()
        return numbers

    def write(self, vals: dict) -> bool:
        result = super().write(vals)
        if MATCHING_FIELDS & vals.keys():
            self.env["telecom.charge"]._take_up_soon()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed_charges(self):
        billed = (
            self.env["telecom.charge"]
            .sudo()
            .search(
                [("number_id", "in", self.ids), ("state", "=", "invoiced")], limit=1
            )
        )
        if billed:
            raise UserError(
                self.env._(
                    "%(number)s cannot be deleted: charges for it are invoiced. End "
                    "its period instead.",
                    number=billed.number_id.display_name,
                )
            )

    def unlink(self) -> bool:
        self.env["telecom.charge"]._forget_numbers(self)
        return super().unlink()

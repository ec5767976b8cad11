# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    telecom_charge_id = fields.Many2one(
        "telecom.charge",
        string="Carrier's charge",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="telecom_cdr.group_telecom_reader",
    )

    # A charge is on one invoice at most, whoever invoices it.
    _telecom_charge_uniq = models.UniqueIndex(
        "(telecom_charge_id) WHERE telecom_charge_id IS NOT NULL"
        " AND telecom_is_released IS NOT TRUE",
        "This charge is on an invoice already.",
    )

    def unlink(self):
        """A draft line that is deleted gives its charge back."""
        charges = self.sudo().telecom_charge_id.filtered(
            lambda charge: charge.move_line_id in self
        )
        if not charges:
            return super().unlink()
        charges._store({"move_line_id": False})
        result = super().unlink()
        charges._take_up_soon()
        return result

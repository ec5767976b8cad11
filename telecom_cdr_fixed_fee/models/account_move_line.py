# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL


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

    telecom_own_charge_id = fields.Many2one(
        "telecom.own.charge",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="telecom_cdr.group_telecom_reader",
    )

    # The days of an own charge are on one invoice at most; what corrects them is, too,
    # by its number.
    _telecom_own_charge_uniq = models.UniqueIndex(
        "(telecom_own_charge_id, telecom_period_start)"
        " WHERE telecom_own_charge_id IS NOT NULL"
        " AND telecom_is_released IS NOT TRUE AND COALESCE(telecom_fee_number, 0) = 0",
        "These days of the charge are on an invoice already.",
    )
    # A charge is on one invoice at most, whoever invoices it.
    _telecom_charge_uniq = models.UniqueIndex(
        "(telecom_charge_id) WHERE telecom_charge_id IS NOT NULL"
        " AND telecom_is_released IS NOT TRUE",
        "This charge is on an invoice already.",
    )

    def _telecom_bills(self):
        billed = self.sudo()
        own = billed.telecom_charge_id or billed.telecom_own_charge_id
        return super()._telecom_bills() or bool(own)

    def _telecom_line_sql(self):
        return SQL(
            "(%s OR l.telecom_charge_id IS NOT NULL"
            " OR l.telecom_own_charge_id IS NOT NULL)",
            super()._telecom_line_sql(),
        )

    def _telecom_billed_fields(self):
        own = ("telecom_charge_id", "telecom_own_charge_id")
        return (*super()._telecom_billed_fields(), *own)

    def _take_telecom_calls(self):
        for line in self.sudo().filtered("telecom_charge_id"):
            line.telecom_charge_id._link(line)
        return super()._take_telecom_calls()

    def unlink(self) -> bool:
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

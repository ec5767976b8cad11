# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

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
    telecom_is_credit = fields.Boolean(
        string="Gives an own charge back", readonly=True, copy=False
    )

    # The days of an own charge are on one invoice at most.
    _telecom_own_charge_uniq = models.UniqueIndex(
        "(telecom_own_charge_id, telecom_period_start,"
        " COALESCE(telecom_is_credit, FALSE))"
        " WHERE telecom_own_charge_id IS NOT NULL"
        " AND telecom_is_released IS NOT TRUE",
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
        own = ("telecom_charge_id", "telecom_own_charge_id", "telecom_is_credit")
        return (*super()._telecom_billed_fields(), *own)

    def _take_telecom_calls(self):
        for line in self.sudo().filtered("telecom_charge_id"):
            line.telecom_charge_id._link(line)
        return super()._take_telecom_calls()

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

    def _telecom_billed_amount(self):
        """What the line takes from the customer, as it is written: with or without tax.

        A line of a credit note holds it with the other sign.
        """
        amount = Decimal(repr(self.price_unit)) * Decimal(repr(self.quantity))
        return -amount if self.move_id.move_type == "out_refund" else amount

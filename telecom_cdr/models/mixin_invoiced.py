# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date

from odoo import models


class TelecomInvoicedMixin(models.AbstractModel):
    """What goes on invoices: the way to the one that bills it, and to the next."""

    _name = "telecom.invoiced.mixin"
    _description = "Goes on invoices"

    def _invoice_until(self) -> date:
        """The day until which an invoice is made that these are to be on."""
        raise NotImplementedError

    def action_open_invoice(self) -> dict:
        """Open the invoice that bills it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    def action_invoice(self) -> dict:
        """Invoice the customers of these."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_invoice_wizard_action"
        )
        action["context"] = {"default_partner_ids": self.partner_id.ids}
        if self:
            action["context"]["default_date_to"] = self._invoice_until()
        return action

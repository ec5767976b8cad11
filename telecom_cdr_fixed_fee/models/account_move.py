# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    telecom_charge_count = fields.Integer(
        string="Charges", compute="_compute_telecom_charge_count", compute_sudo=True
    )

    @api.depends("invoice_line_ids.telecom_charge_id")
    def _compute_telecom_charge_count(self):
        """Charges that were put on the invoice, given back since or not."""
        for move in self:
            move.telecom_charge_count = len(move.invoice_line_ids.telecom_charge_id)

    def action_telecom_charges(self) -> dict:
        """Open the charges of this invoice."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_charge_action"
        )
        action["domain"] = [("id", "in", self.invoice_line_ids.telecom_charge_id.ids)]
        action["context"] = {}
        return action

    def _release_lines(self, lines):
        original = self.reversed_entry_id
        billed = len(original._billed_charges())
        result = super()._release_lines(lines)
        released = billed - len(original._billed_charges())
        if released:
            original.message_post(
                body=self.env._("Charges that may be invoiced again: %s.", released)
            )
        return result

    def _give_telecom_calls_back(self):
        billed = {move: len(move._billed_charges()) for move in self}
        result = super()._give_telecom_calls_back()
        for move, count in billed.items():
            if count and not move._billed_charges():
                move.message_post(
                    body=self.env._("Charges that may be invoiced again: %s.", count)
                )
        return result

    def _billed_charges(self):
        """Charges that this invoice bills now."""
        lines = self.sudo().invoice_line_ids
        return lines.telecom_charge_id.filtered(lambda c: c.move_line_id in lines)

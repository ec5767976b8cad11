# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from .charge_import import ChargeImport


class TelecomFile(models.Model):
    _inherit = "telecom.file"

    charge_count = fields.Integer(string="Charges", readonly=True)

    def _process_fixed_fee(self, stream, time_left, run):
        ChargeImport(self).run(stream, time_left)

    def action_open_charges(self) -> dict:
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_charge_action"
        )
        action.update(domain=[("file_id", "in", self.ids)], context={})
        return action

    def action_discard(self) -> None:
        partly = self.filtered(lambda f: f.state == "failed" and f.charge_count)
        if partly:
            raise UserError(
                self.env._(
                    "%(name)s was read in part: revert it before discarding it.",
                    name=partly[0].name,
                )
            )
        return super().action_discard()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_charges(self):
        with_charges = self.filtered("charge_count")
        if with_charges:
            raise UserError(
                self.env._(
                    "%(name)s cannot be deleted: its charges are stored. Revert it "
                    "first.",
                    name=with_charges[0].name,
                )
            )

    def _revert(self):
        """Take the charges back too, while none of them is invoiced."""
        if not self.child_ids:
            self._delete_charges()
        return super()._revert()

    def _delete_charges(self):
        charges = self.env["telecom.charge"]._whole()
        charges = charges.search([("file_id", "=", self.id)])
        invoiced = charges.filtered(lambda charge: charge.state == "invoiced")
        if invoiced:
            raise UserError(
                self.env._(
                    "%(count)s charges of %(name)s are invoiced, so it cannot be taken "
                    "back. Credit those invoices first: %(invoice)s.",
                    count=len(invoiced),
                    name=self.name,
                    invoice=invoiced[0].move_id.display_name,
                )
            )
        charges.unlink()
        self.charge_count = 0

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomRunCustomer(models.Model):
    _inherit = "telecom.run.customer"

    left_reason = fields.Selection(selection_add=[("usage", "Without Voice calls")])

    def _reason_to_leave(self, run, held):
        reason = super()._reason_to_leave(run, held)
        if reason or not any(line._has_something() for line in self):
            return reason
        invoicing = self.env["telecom.invoicing"].with_company(run.company_id)
        return (
            False
            if invoicing._payers_to_bill(self.partner_id, run.date_to)
            else "usage"
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomRunCustomer(models.Model):
    _inherit = "telecom.run.customer"

    left_reason = fields.Selection(
        selection_add=[("contract", "On the invoices of a contract")]
    )

    def _judge(self, held=()):
        """Customers with Voice calls on a contract wait for its next invoice."""
        billed = self.env["res.partner"]
        for company, lines in self.grouped("company_id").items():
            billed |= lines._payers_by_contract(company)
        judging = self.with_context(telecom_contract_payer_ids=billed.ids)
        return super(TelecomRunCustomer, judging)._judge(held)

    def _payers_by_contract(self, company):
        """Those of these customers whose contract will bring their calls."""
        lines = self.env["contract.line"].with_company(company)
        until = min(self.mapped("date_to"))
        bringing = lines._telecom_bringing(self.partner_id, until)
        return bringing.commercial_partner_id

    def _reason_to_leave(self, run, held):
        reason = super()._reason_to_leave(run, held)
        if reason or not any(line._has_something() for line in self):
            return reason
        billed = self.env.context.get("telecom_contract_payer_ids", [])
        return "contract" if self.partner_id.id in billed else False

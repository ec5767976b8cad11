# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class TelecomInvoiceWizard(models.TransientModel):
    _inherit = "telecom.invoice.wizard"

    without_usage_count = fields.Integer(
        string="Left out: without Voice calls", compute="_compute_preview"
    )

    @api.depends("partner_ids", "date_to", "date_from", "company_id")
    def _compute_preview(self):
        result = super()._compute_preview()
        for wizard in self:
            everybody = super(TelecomInvoiceWizard, wizard)._payers()
            left = everybody - wizard._payers() if wizard.date_to else everybody[:0]
            wizard.without_usage_count = len(left)
        return result

    def _payers(self):
        """Only customers who have telephony, where the company says so."""
        payers = super()._payers()
        invoicing = self.env["telecom.invoicing"].with_company(self.company_id)
        return invoicing._payers_to_bill(payers, self.date_to)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class TelecomInvoicing(models.AbstractModel):
    _inherit = "telecom.invoicing"

    @api.model
    def _payers_to_bill(self, payers, date_to):
        """Customers who are billed: where the company says so, who have telephony."""
        payers, company = super()._payers_to_bill(payers, date_to), self.env.company
        is_open = self.env.context.get("telecom_everybody")
        if is_open or not company.sudo().telecom_only_with_usage:
            return payers
        subscriptions = self.env["telecom.bundle.subscription"].sudo()
        found = subscriptions._with_usage(company, payers.sudo(), date_to)
        return payers.browse(found.ids)

    # === FEES OF WHAT WAS SOLD: the price of the order, and its line === #

    def _period_price(self, fee):
        """What was sold costs what the order says, in the invoice's currency."""
        line = fee.subscription.sudo().sale_line_id
        if not line:
            return super()._period_price(fee)
        return line.currency_id._convert(
            line.price_unit,
            self._fee_currency(fee.subscription),
            line.company_id,
            self._invoice_day(),
            round=False,
        )

    def _prepare_fee_line(self, fee):
        values = super()._prepare_fee_line(fee)
        line = fee.subscription.sudo().sale_line_id
        if not line:
            return values
        values |= {
            "discount": line.discount,
            "tax_ids": [fields.Command.set(line.tax_ids.ids)],
            "sale_line_ids": [fields.Command.link(line.id)],
        }
        if line.analytic_distribution:
            values["analytic_distribution"] = line.analytic_distribution
        return values

    def _prepare_fee_correction(self, subscription, due):
        values = super()._prepare_fee_correction(subscription, due)
        line = subscription.sudo().sale_line_id
        if line:
            values["sale_line_ids"] = [fields.Command.link(line.id)]
        return values

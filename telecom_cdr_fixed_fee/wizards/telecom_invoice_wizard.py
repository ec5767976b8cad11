# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain


class TelecomInvoiceWizard(models.TransientModel):
    _inherit = "telecom.invoice.wizard"

    waiting_charge_count = fields.Integer(compute="_compute_waiting_charge_count")
    charge_amount = fields.Monetary(
        string="Charges, untaxed",
        compute="_compute_charge_amount",
        help="Of those that are priced in the company's currency.",
    )

    @api.depends("partner_ids", "date_to", "company_id")
    def _compute_charge_amount(self):
        """What the charges of carriers come to, with the prices of now."""
        charges = self.env["telecom.charge"]
        for wizard in self:
            domain = charges._billable_domain(wizard.company_id, wizard.date_to)
            domain &= Domain("currency_id", "=", wizard.currency_id.id)
            if wizard.partner_ids:
                payers = wizard.partner_ids._origin.commercial_partner_id
                domain &= Domain("partner_id", "in", payers.ids)
            [(wizard.charge_amount,)] = charges._read_group(domain, [], ["price:sum"])

    @api.depends("date_to", "company_id")
    def _compute_waiting_charge_count(self):
        """Charges until that day that have no customer or no price."""
        for wizard in self:
            wizard.waiting_charge_count = self.env["telecom.charge"].search_count(
                [
                    ("company_id", "=", wizard.company_id.id),
                    ("state", "in", ["unmatched", "unpriced"]),
                    ("period_from", "<=", wizard.date_to),
                ]
            )

    def _partners_with_other_lines(self):
        """Also those who have charges to pay, or charges that wait for a price."""
        charges = self.env["telecom.charge"]._read_group(
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "in", ["ready", "unpriced"])
            & Domain("period_from", "<=", self.date_to),
            ["partner_id"],
        )
        partners = self.env["res.partner"].union(*(partner for (partner,) in charges))
        own = self.env["telecom.own.charge"]._read_group(
            [
                ("company_id", "=", self.company_id.id),
                ("date_start", "<=", fields.Date.add(self.date_to, days=1)),
            ],
            ["partner_id"],
        )
        partners |= self.env["res.partner"].union(*(partner for (partner,) in own))
        return super()._partners_with_other_lines() | partners

    def action_open_waiting_charges(self) -> dict:
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_charge_waiting_action"
        )
        action["context"] = {"search_default_filter_waiting": 1}
        return action

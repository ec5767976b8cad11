# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

READER = "telecom_cdr.group_telecom_reader"


class TelecomPartnerCurrencyMixin(models.AbstractModel):
    """The currency that a customer's calls are priced and invoiced in.

    Each company has its own with a customer, as it has tariffs. It is the one who pays
    that has it: the commercial partner.
    """

    _name = "telecom.partner.currency.mixin"
    _description = "Currency of a Customer's Calls"

    telecom_currency_id = fields.Many2one(
        "res.currency",
        string="Currency of calls",
        company_dependent=True,
        groups=READER,
        help="Calls and fees of bundles are invoiced in it. The price of a call is "
        "converted once, at the rate of its day: without a rate of that very day it "
        "waits. Empty: the currency of the tariff. Calls that are not invoiced are "
        "priced again where it changes.",
    )
    telecom_amount_currency_id = fields.Many2one(
        "res.currency",
        string="Currency of what is to invoice",
        compute="_compute_telecom_amount_currency_id",
        groups=READER,
    )

    @api.depends("commercial_partner_id.telecom_currency_id")
    @api.depends_context("company")
    def _compute_telecom_amount_currency_id(self):
        for partner in self:
            partner.telecom_amount_currency_id = partner._telecom_currency(
                self.env.company
            )

    def _telecom_currency(self, company):
        """The currency of this customer, else of the company."""
        payer = self.commercial_partner_id.sudo().with_company(company)
        return payer.telecom_currency_id or company.sudo().currency_id

    @api.model
    def _telecom_currency_sql(self, company):
        """SQL: the own currency of the customer ``p`` of a company, or NULL."""
        partners = self.env["res.partner"].sudo().with_company(company)
        return partners._field_to_sql("p", "telecom_currency_id")

    @api.constrains("telecom_currency_id")
    def _check_telecom_currency_id(self):
        for partner in self.sudo():
            payer = partner.commercial_partner_id
            if partner.telecom_currency_id and partner != payer:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(customer)s, who pays for the "
                        "calls: choose the currency there.",
                        contact=partner.name,
                        customer=payer.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("telecom_currency_id") for vals in vals_list):
            self._check_telecom_operator()
        return super().create(vals_list)

    def write(self, vals):
        if "telecom_currency_id" not in vals:
            return super().write(vals)
        asked = self.env["res.currency"].browse(vals["telecom_currency_id"])
        changed = self.filtered(lambda p: p.sudo().telecom_currency_id != asked)
        if changed:
            self._check_telecom_operator()
        result = super().write(vals)
        self.env["telecom.rating.mark"]._mark(
            [
                {"company_id": self.env.company.id, "partner_id": one.id}
                for one in changed
            ]
        )
        return result

    @api.model
    def _check_telecom_operator(self):
        """Only who may give tariffs decides in which currency calls are priced."""
        if self.env.su or self.env.user.has_group("telecom_cdr.group_telecom_user"):
            return
        raise AccessError(
            self.env._(
                "The currency of a customer's calls changes their prices: only "
                "telephony users may choose it."
            )
        )

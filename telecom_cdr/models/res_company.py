# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets

from odoo import api, fields, models

from odoo.addons.base.models.res_partner import _tz_get

BILLING_PRODUCTS = ("landline", "mobile", "other", "roaming")


class ResCompany(models.Model):
    _inherit = "res.company"

    telecom_tariff_id = fields.Many2one(
        "telecom.tariff",
        string="Default call tariff",
        check_company=True,
        help="For customers and numbers without a tariff of their own.",
    )
    telecom_tz = fields.Selection(
        _tz_get,
        string="Billing time zone",
        required=True,
        default=lambda self: self._default_telecom_tz(),
        help="The day and month that a call belongs to are those of this zone.",
    )
    telecom_identity_key = fields.Char(
        groups="base.group_system",
        copy=False,
        default=lambda self: self._default_telecom_identity_key(),
        help="Secret that call identities are made with. It never changes: calls "
        "that come again would not be known any more.",
    )
    telecom_product_landline_id = fields.Many2one(
        "product.product", string="Product for landline calls"
    )
    telecom_product_mobile_id = fields.Many2one(
        "product.product", string="Product for mobile calls"
    )
    telecom_product_other_id = fields.Many2one(
        "product.product", string="Product for other calls"
    )
    telecom_product_roaming_id = fields.Many2one(
        "product.product", string="Product for roaming"
    )

    @api.model
    def _default_telecom_tz(self):
        return self.env.user.tz or "Europe/Madrid"

    @api.model
    def _default_telecom_identity_key(self):
        return secrets.token_hex(32)

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"telecom_tariff_id", "telecom_tz", "country_id"}:
            self.env["telecom.rating.mark"]._mark(
                [{"company_id": company.id} for company in self]
            )
        return result

    def _telecom_secret(self):
        """The key of this company's call identities."""
        return bytes.fromhex(self.sudo().telecom_identity_key)

    def _telecom_product(self, kind):
        """The product that bills a kind of calls: the company's, else the shipped."""
        own = self[f"telecom_product_{kind}_id"]
        return own or self.env.ref(f"telecom_cdr.product_calls_{kind}")

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.base.models.res_partner import _tz_get

BILLING_PRODUCTS = ("landline", "mobile", "other", "roaming", "all")


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = [
        "res.company",
        "telecom.company.detail.mixin",
        "telecom.company.dispute.mixin",
        "telecom.company.email.mixin",
        "telecom.company.limit.mixin",
        "telecom.company.masking.mixin",
        "telecom.company.retention.mixin",
        "telecom.company.run.mixin",
        "telecom.company.tax.mixin",
    ]

    telecom_tariff_id = fields.Many2one(
        "telecom.tariff",
        string="Default call tariff",
        check_company=True,
        help="For customers and numbers without a tariff of their own. Another one "
        "counts from now on; what the one before has priced stays, and is listed under "
        "Earlier tariffs, where it can be said until when it counts.",
    )
    telecom_tz = fields.Selection(
        _tz_get,
        string="Billing time zone",
        required=True,
        default=lambda self: self._default_telecom_tz(),
        help="The day and month that a call belongs to are those of this zone.",
    )
    telecom_billing_day = fields.Integer(
        string="Billing day",
        required=True,
        default=1,
        help="Day of the month on which the periods of bundles and their fees begin, "
        "1 to 28, for customers without one of their own.",
    )
    telecom_max_file_mb = fields.Integer(
        string="Largest file (MB)",
        required=True,
        default=1024,
        help="Larger files are refused, whether they are collected, uploaded or come "
        "in an archive.",
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
    telecom_product_all_id = fields.Many2one(
        "product.product", string="Product for calls of all kinds"
    )
    telecom_invoice_shape_id = fields.Many2one(
        "telecom.invoice.shape",
        string="Shape of invoices",
        check_company=True,
        help="How calls become invoices and lines, for customers without a shape of "
        "their own. Empty: a line for each product and number.",
    )

    _telecom_billing_day_range = models.Constraint(
        "CHECK(telecom_billing_day BETWEEN 1 AND 28)",
        "A billing day is 1 to 28: every month has it.",
    )
    # The size of an attachment is an integer of four bytes.
    _telecom_max_file_range = models.Constraint(
        "CHECK(telecom_max_file_mb BETWEEN 1 AND 2047)",
        "The largest file has 1 to 2,047 MB.",
    )

    @api.model
    def _default_telecom_tz(self):
        return self.env.user.tz or "Europe/Madrid"

    @api.model
    def _default_telecom_identity_key(self):
        return secrets.token_hex(32)

    def write(self, vals):
        if "telecom_tariff_id" in vals:
            self._telecom_keep_tariff(vals["telecom_tariff_id"])
        holidays = self.env["telecom.holiday"].sudo()
        is_calendar = "resource_calendar_id" in vals
        if is_calendar:
            holidays._mark_calendar(self)
        result = super().write(vals)
        if is_calendar:
            holidays._mark_calendar(self)
        if vals.keys() & {"telecom_tariff_id", "telecom_tz", "country_id"}:
            self.env["telecom.rating.mark"]._mark(
                [{"company_id": company.id} for company in self]
            )
        if "telecom_billing_day" in vals:
            self._telecom_mark_periods()
        return result

    def _telecom_keep_tariff(self, tariff_id):
        """The default tariff until now goes on to count for the calls until now."""
        for company in self.sudo():
            self.env["telecom.earlier.tariff"]._keep(
                company.telecom_tariff_id, tariff_id, company
            )

    def _telecom_tariff_at(self, moment):
        """The default tariff as it was at a moment."""
        earlier = self.env["telecom.earlier.tariff"]
        return earlier._tariff_at(self.telecom_tariff_id, moment, self)

    def _telecom_mark_periods(self):
        """Deal out anew the bundles of customers without a day of their own."""
        self.env["telecom.bundle.pass"]._mark_partners(
            SQL(
                "c.company_id = ANY(%s) AND EXISTS (SELECT FROM res_partner p"
                " WHERE p.id = c.partner_id"
                " AND COALESCE(p.telecom_billing_day, 0) = 0)",
                list(self.ids),
            )
        )

    def _telecom_secret(self):
        """The key of this company's call identities."""
        return bytes.fromhex(self.sudo().telecom_identity_key)

    def _telecom_product(self, kind):
        """The product that bills a kind of calls: the company's, else the shipped."""
        own = self[f"telecom_product_{kind}_id"]
        if own:
            return own
        # Asked for each line: `ref` would look each time whether it is there still.
        data = self.env["ir.model.data"]
        shipped = data._xmlid_to_res_id(
            f"telecom_cdr.product_calls_{kind}", raise_if_not_found=True
        )
        return self.env["product.product"].browse(shipped)

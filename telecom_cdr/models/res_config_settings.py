# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    telecom_tariff_id = fields.Many2one(
        related="company_id.telecom_tariff_id", readonly=False
    )
    telecom_tz = fields.Selection(related="company_id.telecom_tz", readonly=False)
    telecom_product_landline_id = fields.Many2one(
        related="company_id.telecom_product_landline_id", readonly=False
    )
    telecom_product_mobile_id = fields.Many2one(
        related="company_id.telecom_product_mobile_id", readonly=False
    )
    telecom_product_other_id = fields.Many2one(
        related="company_id.telecom_product_other_id", readonly=False
    )
    telecom_product_roaming_id = fields.Many2one(
        related="company_id.telecom_product_roaming_id", readonly=False
    )
    telecom_product_all_id = fields.Many2one(
        related="company_id.telecom_product_all_id", readonly=False
    )
    telecom_invoice_shape_id = fields.Many2one(
        related="company_id.telecom_invoice_shape_id", readonly=False
    )
    telecom_billing_day = fields.Integer(
        related="company_id.telecom_billing_day", readonly=False
    )
    telecom_detail_layout_id = fields.Many2one(
        related="company_id.telecom_detail_layout_id", readonly=False
    )
    telecom_detail_attachment = fields.Selection(
        related="company_id.telecom_detail_attachment", readonly=False, required=True
    )
    telecom_cutoff_day = fields.Integer(
        related="company_id.telecom_cutoff_day", readonly=False
    )
    telecom_run_day = fields.Integer(
        related="company_id.telecom_run_day", readonly=False
    )
    telecom_dispute_keep_off = fields.Boolean(
        related="company_id.telecom_dispute_keep_off", readonly=False
    )
    telecom_dispute_user_id = fields.Many2one(
        related="company_id.telecom_dispute_user_id", readonly=False
    )
    telecom_limit_sms = fields.Boolean(
        related="company_id.telecom_limit_sms", readonly=False
    )
    telecom_has_sms = fields.Boolean(
        string="Odoo's app for SMS is installed", compute="_compute_telecom_has_sms"
    )
    telecom_masked_digits = fields.Integer(
        related="company_id.telecom_masked_digits", readonly=False
    )
    telecom_retention_months = fields.Integer(
        related="company_id.telecom_retention_months", readonly=False
    )
    telecom_max_file_mb = fields.Integer(
        related="company_id.telecom_max_file_mb", readonly=False
    )
    telecom_mail_alias_name = fields.Char(
        related="company_id.telecom_mail_alias_name", readonly=False
    )
    telecom_mail_domain = fields.Char(
        related="company_id.alias_domain_id.name", string="Domain of the address"
    )
    telecom_unknown_sender = fields.Selection(
        related="company_id.telecom_unknown_sender", readonly=False, required=True
    )
    telecom_mail_user_id = fields.Many2one(
        related="company_id.telecom_mail_user_id", readonly=False
    )
    telecom_archive_limit_mb = fields.Integer(
        string="Largest unpacked archive (MB)",
        config_parameter="telecom_cdr.archive_limit_mb",
        default=2048,
    )

    def _compute_telecom_has_sms(self):
        self.telecom_has_sms = "sms.sms" in self.env

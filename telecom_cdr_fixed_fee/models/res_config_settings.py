# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    telecom_fee_tariff_id = fields.Many2one(
        related="company_id.telecom_fee_tariff_id", readonly=False
    )
    telecom_product_recurring_id = fields.Many2one(
        related="company_id.telecom_product_recurring_id", readonly=False
    )
    telecom_product_one_off_id = fields.Many2one(
        related="company_id.telecom_product_one_off_id", readonly=False
    )
    telecom_product_credit_id = fields.Many2one(
        related="company_id.telecom_product_credit_id", readonly=False
    )
    telecom_fee_split = fields.Selection(
        related="company_id.telecom_fee_split", readonly=False
    )

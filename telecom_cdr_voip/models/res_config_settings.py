# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    telecom_call_seconds = fields.Integer(
        related="company_id.telecom_call_seconds", readonly=False
    )
    telecom_end_calls = fields.Boolean(
        related="company_id.telecom_end_calls", readonly=False
    )
    telecom_unblocked_numbers = fields.Char(
        related="company_id.telecom_unblocked_numbers", readonly=False
    )
    telecom_portal_may_secrets = fields.Boolean(
        related="company_id.telecom_portal_may_secrets", readonly=False
    )
    telecom_portal_may_networks = fields.Boolean(
        related="company_id.telecom_portal_may_networks", readonly=False
    )
    telecom_portal_may_blocks = fields.Boolean(
        related="company_id.telecom_portal_may_blocks", readonly=False
    )
    telecom_portal_may_redirects = fields.Boolean(
        related="company_id.telecom_portal_may_redirects", readonly=False
    )
    telecom_portal_ipv4_bits = fields.Integer(
        related="company_id.telecom_portal_ipv4_bits", readonly=False
    )
    telecom_portal_ipv6_bits = fields.Integer(
        related="company_id.telecom_portal_ipv6_bits", readonly=False
    )
    telecom_redirect_price = fields.Float(
        related="company_id.telecom_redirect_price", readonly=False
    )

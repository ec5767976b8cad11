# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    telecom_portal_may_masking = fields.Boolean(
        related="company_id.telecom_portal_may_masking", readonly=False
    )
    telecom_portal_may_limits = fields.Boolean(
        related="company_id.telecom_portal_may_limits", readonly=False
    )
    telecom_portal_may_rights = fields.Boolean(
        related="company_id.telecom_portal_may_rights", readonly=False
    )
    telecom_portal_may_colleagues = fields.Boolean(
        related="company_id.telecom_portal_may_colleagues", readonly=False
    )
    telecom_portal_may_bundles = fields.Boolean(
        related="company_id.telecom_portal_may_bundles", readonly=False
    )
    telecom_portal_user_id = fields.Many2one(
        related="company_id.telecom_portal_user_id", readonly=False
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    telecom_portal_may_masking = fields.Boolean(
        string="Customers choose whether digits are shown", default=True
    )
    telecom_portal_may_limits = fields.Boolean(
        string="Customers set limits of spending", default=True
    )
    telecom_portal_may_rights = fields.Boolean(
        string="Main users say what colleagues see", default=True
    )
    telecom_portal_may_colleagues = fields.Boolean(
        string="Main users invite colleagues and take access back", default=True
    )
    telecom_portal_may_bundles = fields.Boolean(
        string="Customers order bundles",
        help="Those that are offered in the portal, at the terms that the bundle says.",
    )
    telecom_portal_user_id = fields.Many2one(
        "res.users",
        string="Told of orders",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Has an activity for each order, change and cancellation of a bundle in "
        "the portal. Nobody: the company is mailed.",
    )

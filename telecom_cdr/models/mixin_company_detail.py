# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .mixin_partner_detail import ATTACHMENTS


class TelecomCompanyDetailMixin(models.AbstractModel):
    """How customers who have not chosen otherwise get the calls of their invoices."""

    _name = "telecom.company.detail.mixin"
    _description = "Call Details of a Company"

    telecom_detail_layout_id = fields.Many2one(
        "telecom.detail.layout",
        string="Layout of call details",
        check_company=True,
        help="Columns, groups and texts of the calls that invoices list, for customers "
        "without a layout of their own.",
    )
    telecom_detail_attachment = fields.Selection(
        ATTACHMENTS,
        string="Call details as a file",
        required=True,
        default="none",
        help="Goes with invoices when they are sent, where the customer has not chosen "
        "otherwise.",
    )

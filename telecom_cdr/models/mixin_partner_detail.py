# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

ATTACHMENTS = [
    ("none", "No file"),
    ("pdf", "PDF"),
    ("csv", "CSV"),
    ("xlsx", "Excel (XLSX)"),
]
READER = "telecom_cdr.group_telecom_reader"


class TelecomPartnerDetailMixin(models.AbstractModel):
    """How a customer wants the calls of its invoices."""

    _name = "telecom.partner.detail.mixin"
    _description = "Call Details of a Customer"

    telecom_detail_layout_id = fields.Many2one(
        "telecom.detail.layout",
        string="Layout of call details",
        company_dependent=True,
        ondelete="restrict",
        groups=READER,
        help="Columns, groups and texts of the calls that invoices list. Empty: as "
        "the company has it.",
    )
    telecom_detail_attachment = fields.Selection(
        ATTACHMENTS,
        string="Call details as a file",
        company_dependent=True,
        groups=READER,
        help="Goes with the invoice when it is sent. Empty: as the company has it.",
    )
    telecom_hidden_digits = fields.Integer(
        string="Hidden digits",
        groups=READER,
        help="So many of the last digits of other people's numbers are not shown in "
        "call details, whatever their form. 0: whole numbers. Digits that tell the "
        "destination always stay. This is how bills look, of all calls, and can be "
        "taken back; what a customer hides for good is its masking.",
    )

    _telecom_hidden_digits_range = models.Constraint(
        "CHECK(telecom_hidden_digits BETWEEN 0 AND 15)",
        "A telephone number has at most 15 digits to hide: write 0 to 15.",
    )

    def _telecom_detail_kind(self, company):
        """Which file goes with the customer's invoices: pdf, csv, xlsx or None."""
        payer = self.commercial_partner_id.sudo().with_company(company)
        kind = payer.telecom_detail_attachment or (
            company.sudo().telecom_detail_attachment
        )
        return kind if kind != "none" else None

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomCompanyMaskingMixin(models.AbstractModel):
    """How many digits customers of a company may hide."""

    _name = "telecom.company.masking.mixin"
    _description = "Masking of a Company"

    telecom_masked_digits = fields.Integer(
        string="Digits that customers may hide",
        required=True,
        default=3,
        help="Of called numbers, where a customer chooses so. 0: customers cannot "
        "choose it. What was chosen before stays as it is.",
    )

    _telecom_masked_digits_range = models.Constraint(
        "CHECK(telecom_masked_digits BETWEEN 0 AND 15)",
        "A telephone number has at most 15 digits to hide: write 0 to 15.",
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any, Self

from odoo import api, models


class TelecomCompanyFraudMixin(models.AbstractModel):
    """Every company starts with the usual rules of the fraud watch."""

    _name = "telecom.company.fraud.mixin"
    _description = "Fraud Watch of a Company"

    @api.model_create_multi
    def create(self, vals_list: list[dict[str, Any]]) -> Self:
        companies = super().create(vals_list)
        self.env["telecom.fraud.rule"].sudo()._create_defaults(companies)
        return companies

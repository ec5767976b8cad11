# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class TelecomPartnerReferenceMixin(models.AbstractModel):
    """Customers whom files name by their reference."""

    _name = "telecom.partner.reference.mixin"
    _description = "Customer: reference in files"

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        if any(vals.get("ref") for vals in vals_list):
            partners._mark_references()
        return partners

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"ref", "parent_id", "company_id", "active"}:
            self._mark_references()
        return result

    def _mark_references(self):
        """Calls that wait for a customer of this reference may have one now."""
        references = {ref.strip() for ref in self.mapped("ref") if ref and ref.strip()}
        if not references:
            return
        lines = self.env["telecom.source.identifier"].sudo()
        companies = lines.search([("kind", "=", "reference")]).company_id
        self.env["telecom.rating.mark"]._mark(
            [
                {"company_id": company.id, "number": reference}
                for company in companies
                for reference in sorted(references)
            ]
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomCompanyRetentionMixin(models.AbstractModel):
    """How long a company keeps who called whom."""

    _name = "telecom.company.retention.mixin"
    _description = "Retention of a Company"

    telecom_retention_months = fields.Integer(
        string="Anonymise calls after (months)",
        help="Calls that are older and done with lose their numbers for good: those on "
        "a posted invoice, and those that are not charged. Calls that wait for a "
        "customer, a price or an invoice stay, so do disputed ones, those of drafts "
        "and of proposals, and those of a carrier's period that is still being "
        "compared. Files of which all calls are anonymous lose their content and their "
        "rejected rows. 0: everything is kept.",
    )

    _telecom_retention_months_range = models.Constraint(
        "CHECK(telecom_retention_months BETWEEN 0 AND 600)",
        "Write after how many months calls become anonymous, 0 to 600.",
    )

    def _telecom_retention_limit(self):
        """The day before which calls are old; None where all are kept."""
        self.ensure_one()
        if not self.telecom_retention_months:
            return None
        zoned = self.with_context(tz=self.telecom_tz)
        today = fields.Date.context_today(zoned)
        return fields.Date.subtract(today, months=self.telecom_retention_months)

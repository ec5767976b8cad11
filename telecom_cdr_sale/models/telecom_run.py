# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class TelecomRun(models.Model):
    _inherit = "telecom.run"

    def _figures_until(self, partners, date_to):
        """Whoever is left out is shown with what is left out."""
        everybody = self.with_context(telecom_everybody=True)
        return super(TelecomRun, everybody)._figures_until(partners, date_to)

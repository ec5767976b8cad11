# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class TelecomHotBill(models.TransientModel):
    _inherit = "telecom.hot.bill"

    def _not_billed_text(self):
        return self.env._(
            "%(customer)s has no Voice calls, and only customers who have are billed. "
            "Sell them, or change that in the settings of Telephony.",
            customer=self._payer().name,
        )

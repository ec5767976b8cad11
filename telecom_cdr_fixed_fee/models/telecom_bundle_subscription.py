# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Self

from odoo import api, models

COVERING_FIELDS = {"bundle_id", "partner_id", "number_ids", "date_start", "date_end"}


class TelecomBundleSubscription(models.Model):
    _inherit = "telecom.bundle.subscription"

    @api.model_create_multi
    def create(self, vals_list: list[dict]) -> Self:
        subscriptions = super().create(vals_list)
        subscriptions._take_up_charges()
        return subscriptions

    def write(self, vals: dict) -> bool:
        result = super().write(vals)
        if COVERING_FIELDS & vals.keys():
            self._take_up_charges()
        return result

    def _take_up_charges(self):
        """A bundle may include charges that wait, or no longer include them."""
        if self.bundle_id.filtered("fee_product_codes"):
            self.env["telecom.charge"]._take_up_soon()

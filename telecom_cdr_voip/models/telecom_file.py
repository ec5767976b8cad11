# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import fields, models

CRON = "telecom_cdr_voip.ir_cron_telecom_fraud"


class TelecomFile(models.Model):
    _inherit = "telecom.file"

    is_watched = fields.Boolean(
        string="Seen by the fraud watch", readonly=True, copy=False
    )

    _unwatched_idx = models.Index(
        "(company_id) WHERE state = 'processed' AND is_watched IS NOT TRUE"
    )

    def write(self, vals: dict[str, Any]) -> bool:
        if vals.get("state") != "processed":
            return super().write(vals)
        # Before the commit that makes its calls known: nothing is forgotten.
        self._ask_to_watch()
        return super().write({**vals, "is_watched": False})

    def _ask_to_watch(self) -> None:
        """Have the fraud watch look soon, once for all files of a transaction."""
        asked = self.env.cr.precommit.data
        cron = self.env.ref(CRON, raise_if_not_found=False)
        if cron and not asked.get(CRON):
            asked[CRON] = True
            cron.sudo()._trigger()

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from .advisory_lock import advisory_lock
from .call_sums import marked_months, refresh_month
from .call_table import refresh_statistics

LOCK_SPACE = 0x73756D73  # "sums"


class TelecomCallSum(models.AbstractModel):
    """Keeps the sums of calls up to date (``call_sums``)."""

    _name = "telecom.call.sum"
    _description = "Sums of Calls"

    @api.model
    def _cron_refresh(self):
        """Add up anew what has changed, month by month, each committed."""
        # A second worker would do the same work, and be refused at its end.
        with advisory_lock(self.env.cr.dbname, LOCK_SPACE, 0) as is_held:
            if is_held:
                self._refresh(self.env["ir.cron"]._commit_progress)

    @api.model
    def _refresh(self, step_done):
        """Bring the sums up to date.

        :param step_done: commits; returns whether there is time for another month
        """
        self.env.flush_all()
        step_done(remaining=1)
        months = marked_months(self.env)
        count, in_time = 0, step_done(remaining=len(months))
        for company_id, month in months:
            if not in_time:
                break
            count += refresh_month(self.env, company_id, month)
            in_time = step_done(1)
        if count:
            refresh_statistics(self.env, count, "telecom_call_sum")

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain


class TelecomDispute(models.Model):
    """Disputes with a page in the portal, where the customer reads and writes."""

    _name = "telecom.dispute"
    _inherit = ["telecom.dispute", "portal.mixin"]

    def _compute_access_url(self):
        for dispute in self:
            dispute.access_url = f"/my/telecom/dispute/{dispute.id}"

    @api.model
    def _get_thread_with_access(self, thread_id, **kwargs):
        """A token opens the thread to whoever sees the page, and to nobody else.

        The link in a mail goes to the page, where one signs in.
        """
        thread = super()._get_thread_with_access(thread_id, **kwargs)
        if not thread:
            return thread
        if self.env.user._is_internal():
            own = thread.with_user(self.env.user)
            allowed = own.has_access(kwargs.get("mode", "read"))
            return thread if allowed else self.browse()
        found = self.env["telecom.portal"]._disputes(Domain("id", "=", thread.id))
        return thread if found else self.browse()

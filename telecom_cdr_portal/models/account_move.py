# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.http import request
from odoo.tools import consteq


class AccountMove(models.Model):
    """A link with an invoice's access key opens it for whoever has the link.

    So nobody who sees only some numbers is given one: neither by a page nor by mail.
    Who has it from somebody else sees this invoice, as everybody would.
    """

    _inherit = "account.move"

    def get_portal_url(self, *args: object, **kwargs: object) -> str:
        url = super().get_portal_url(*args, **kwargs)
        if self._telecom_keeps_key():
            return url.replace(f"access_token={self.access_token}", "access_token=")
        return url

    def _telecom_keeps_key(self) -> bool:
        """Whether a page is shown to somebody who may not have the key, and has not
        come with it."""
        if not request or not request.env.user.telecom_is_limited:
            return False
        brought = str(request.params.get("access_token") or "")
        return not consteq(brought.encode(), (self.access_token or "").encode())

    def _notify_get_recipients_groups(
        self,
        message: models.BaseModel,
        model_description: str,
        msg_vals: object = False,
    ) -> list:
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        if not self:
            return groups
        rights = self.env["telecom.portal.right"].sudo()
        limited = rights.search(
            [
                ("commercial_partner_id", "=", self.commercial_partner_id.id),
                ("is_limited", "=", True),
            ]
        ).partner_id
        # The first group that fits counts: this one's mail has no button.
        without_link = {"active": True, "has_button_access": False}
        return [
            ("telecom_limited", lambda one: one["id"] in limited.ids, without_link),
            *groups,
        ]

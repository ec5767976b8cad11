# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from odoo.addons.mail.tools.discuss import Store

# What a customer may ask of a dispute, beside its messages.
TOLD = ("attachments", "display_name")


class TelecomDispute(models.Model):
    """Disputes with a page in the portal, where the customer reads and writes."""

    _name = "telecom.dispute"
    _inherit = ["telecom.dispute", "portal.mixin"]

    def _compute_access_url(self) -> None:
        for dispute in self:
            dispute.access_url = f"/my/telecom/dispute/{dispute.id}"

    @api.model
    def _get_thread_with_access(
        self, thread_id: int, **kwargs: object
    ) -> models.BaseModel:
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

    def _thread_to_store(
        self,
        store: Store,
        fields: list,
        *,
        request_list: list[str] | None = None,
    ) -> None:
        """A customer is told what was written, not who follows or what is planned."""
        if request_list and not self.env.user._is_internal():
            request_list = [name for name in request_list if name in TOLD]
        return super()._thread_to_store(store, fields, request_list=request_list)

    def _get_mail_thread_data_attachments(self) -> models.BaseModel:
        """A customer has the files of messages, not those of internal notes."""
        attachments = super()._get_mail_thread_data_attachments()
        if self.env.user._is_internal():
            return attachments
        messages = self.sudo().message_ids.filtered(
            lambda message: message.subtype_id
            and not (message.is_internal or message.subtype_id.internal)
        )
        return attachments & messages.attachment_ids

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from .detail_files import MIME_TYPES


class AccountMoveSend(models.AbstractModel):
    """Sends the calls along with their invoice, in the form that the customer wants."""

    _inherit = "account.move.send"

    @api.model
    def _get_placeholder_mail_attachments_data(self, move, **values):
        placeholders = super()._get_placeholder_mail_attachments_data(move, **values)
        kind = self._telecom_missing_detail(move)
        if not kind:
            return placeholders
        name = move._telecom_detail_name(kind)
        placeholder = {
            "id": f"placeholder_{name}",
            "name": name,
            "mimetype": MIME_TYPES[kind].partition(";")[0],
            "placeholder": True,
        }
        return [*placeholders, placeholder]

    @api.model
    def _telecom_missing_detail(self, move):
        """Which file of calls is still to be made for an invoice, if any."""
        return None if move.telecom_detail_id else move._telecom_detail_kind()

    @api.model
    def _link_invoice_documents(self, invoices_data):
        result = super()._link_invoice_documents(invoices_data)
        for invoice in invoices_data:
            kind = self._telecom_missing_detail(invoice)
            if kind:
                invoice._attach_telecom_detail(kind)
        return result

    @api.model
    def _get_invoice_extra_attachments(self, move):
        return super()._get_invoice_extra_attachments(move) + move.telecom_detail_id

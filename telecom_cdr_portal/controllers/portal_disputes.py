# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import pager

from ..models.telecom_portal_disputes import NOTE_SIZE, PAGE_SIZE
from .portal import TelecomCustomerPortal


class TelecomDisputesPortal(TelecomCustomerPortal):
    """One call with the way to its price, and what a customer finds wrong."""

    # === ONE CALL === #

    @http.route(
        "/my/telecom/call/<int:call_id>",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_telecom_call(self, call_id, **parameters):
        return self._call_page(call_id)

    def _call_page(self, call_id, **more):
        portal = request.env["telecom.portal"]
        call = portal._call_page(call_id)
        if call is None:
            return request.not_found()
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "telecom_call",
            "page_title": request.env._("One call"),
            "call": call,
            "reasons": portal._dispute_reasons(),
            "note_size": NOTE_SIZE,
            **more,
        }
        return request.render("telecom_cdr_portal.portal_my_call", values)

    @http.route(
        "/my/telecom/call/<int:call_id>/dispute",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_dispute_call(self, call_id, reason=None, note=None, **parameters):
        portal = request.env["telecom.portal"]
        row = portal._find_call(call_id)
        if row is None:
            return request.not_found()
        if reason not in dict(portal._dispute_reasons()):
            notice = request.env._("Please say what is wrong with this call.")
            return self._call_page(call_id, notices=[notice])
        try:
            note = self._text(note, NOTE_SIZE)
            dispute = portal._begin_dispute(row, reason, note)
        except UserError as error:
            return self._call_page(call_id, notices=[str(error)])
        return request.redirect(f"/my/telecom/dispute/{dispute.id}")

    # === DISPUTES === #

    @http.route(
        ["/my/telecom/disputes", "/my/telecom/disputes/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_telecom_disputes(self, page=1, **parameters):
        portal = request.env["telecom.portal"]
        pages = pager(
            url="/my/telecom/disputes",
            total=portal._count_disputes(),
            page=min(page, 10**6),
            step=PAGE_SIZE,
        )
        disputes = portal._disputes(limit=PAGE_SIZE, offset=pages["offset"])
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "telecom_disputes",
            "page_title": request.env._("Questions"),
            "disputes": [portal._dispute_text(dispute) for dispute in disputes],
            "pager": pages,
        }
        return request.render("telecom_cdr_portal.portal_my_disputes", values)

    @http.route(
        "/my/telecom/dispute/<int:dispute_id>",
        type="http",
        auth="user",
        website=True,
        methods=["GET"],
    )
    def portal_my_telecom_dispute(self, dispute_id, **parameters):
        """The page of a dispute; no token in the address opens another one's."""
        portal = request.env["telecom.portal"]
        dispute = portal._find_dispute(dispute_id)
        if not dispute:
            return request.not_found()
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "telecom_dispute",
            "page_title": request.env._("Question about a call"),
            "dispute": portal._dispute_text(dispute),
            "call_is_shown": portal._find_call(dispute.call_id.id) is not None,
            "object": dispute,
            "token": dispute._portal_ensure_token(),
        }
        return request.render("telecom_cdr_portal.portal_my_dispute", values)

    @http.route(
        "/my/telecom/dispute/<int:dispute_id>/close",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_close_dispute(self, dispute_id, **parameters):
        portal = request.env["telecom.portal"]
        dispute = portal._find_dispute(dispute_id)
        if not dispute:
            return request.not_found()
        portal._withdraw_dispute(dispute)
        return request.redirect(f"/my/telecom/dispute/{dispute.id}")

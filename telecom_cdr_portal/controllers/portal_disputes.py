# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import http
from odoo.exceptions import UserError
from odoo.http import Response, request

from odoo.addons.portal.controllers.portal import pager

from ..models.telecom_portal_disputes import NOTE_SIZE, PAGE_SIZE
from .portal import TelecomCustomerPortal, form, page

CALL = "/my/telecom/call/<int:call_id>"
DISPUTE = "/my/telecom/dispute/<int:dispute_id>"
DISPUTES = "/my/telecom/disputes"


class TelecomDisputesPortal(TelecomCustomerPortal):
    """One call with the way to its price, and what a customer finds wrong."""

    # === ONE CALL === #

    @page(CALL)
    def portal_my_telecom_call(self, call_id: int, **parameters: str) -> Response:
        return self._call_page(call_id)

    def _call_page(self, call_id: int, *notices: str) -> Response:
        portal = request.env["telecom.portal"]
        call = portal._call_page(call_id)
        if call is None:
            return request.not_found()
        return self._telecom_page(
            "portal_my_call",
            "telecom_call",
            request.env._("One call"),
            call=call,
            reasons=portal._dispute_reasons(),
            note_size=NOTE_SIZE,
            notices=notices,
        )

    @form(f"{CALL}/dispute")
    def portal_dispute_call(
        self,
        call_id: int,
        reason: str | None = None,
        note: str | None = None,
        **parameters: str,
    ) -> Response:
        portal = request.env["telecom.portal"]
        row = portal._find_call(call_id)
        if row is None:
            return request.not_found()
        if reason not in dict(portal._dispute_reasons()):
            notice = request.env._("Please say what is wrong with this call.")
            return self._call_page(call_id, notice)
        try:
            note = self._text(note, NOTE_SIZE)
            dispute = portal._begin_dispute(row, reason, note)
        except UserError as error:
            return self._call_page(call_id, str(error))
        return request.redirect(f"/my/telecom/dispute/{dispute.id}")

    # === DISPUTES === #

    @page(DISPUTES, f"{DISPUTES}/page/<int:page>")
    def portal_my_telecom_disputes(self, page: int = 1, **parameters: str) -> Response:
        portal = request.env["telecom.portal"]
        pages = pager(
            url=DISPUTES,
            total=portal._count_disputes(),
            page=min(page, 10**6),
            step=PAGE_SIZE,
        )
        disputes = portal._disputes(limit=PAGE_SIZE, offset=pages["offset"])
        return self._telecom_page(
            "portal_my_disputes",
            "telecom_disputes",
            request.env._("Questions"),
            disputes=[portal._dispute_text(dispute) for dispute in disputes],
            pager=pages,
        )

    # Not `page`: the thread gets its token where it has none yet.
    @http.route(DISPUTE, type="http", auth="user", website=True, methods=["GET"])
    def portal_my_telecom_dispute(self, dispute_id: int, **parameters: str) -> Response:
        """The page of a dispute; no token in the address opens another one's."""
        portal = request.env["telecom.portal"]
        dispute = portal._find_dispute(dispute_id)
        if not dispute:
            return request.not_found()
        return self._telecom_page(
            "portal_my_dispute",
            "telecom_dispute",
            request.env._("Question about a call"),
            dispute=portal._dispute_text(dispute),
            call_is_shown=portal._find_call(dispute.call_id.id) is not None,
            object=dispute,
            token=dispute._portal_ensure_token(),
        )

    @form(f"{DISPUTE}/close")
    def portal_close_dispute(self, dispute_id: int, **parameters: str) -> Response:
        portal = request.env["telecom.portal"]
        dispute = portal._find_dispute(dispute_id)
        if not dispute:
            return request.not_found()
        portal._withdraw_dispute(dispute)
        return request.redirect(f"/my/telecom/dispute/{dispute.id}")

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import http
from odoo.http import Response, request

from .portal_voip import PAGE, TelecomVoipPortal

URL = "/my/telecom/redirects"
ASKED = ("number", "condition", "after_seconds", "target", "hour_from", "hour_to")


class TelecomRedirectsPortal(TelecomVoipPortal):
    """Where incoming calls of a customer go instead."""

    @http.route(URL, methods=["GET"], readonly=True, **PAGE)
    def portal_my_redirects(self, **parameters: str) -> Response:
        voip = self._voip()
        redirects = voip._redirects()
        return self._voip_page(
            "portal_my_redirects",
            "telecom_redirects",
            request.env._("Redirections"),
            cards=voip._redirect_cards(redirects),
            numbers=[voip._number_values(one) for one in voip._redirect_numbers()],
            may_redirect=voip._may("redirects"),
            conditions=voip._conditions(),
            days=voip._day_names(),
            changes=voip._redirect_changes(),
        )

    @http.route(f"{URL}/add", methods=["POST"], **PAGE)
    def portal_add_redirect(self, **parameters: str) -> Response:
        days = request.httprequest.form.getlist("days")

        def change() -> str:
            asked = {name: parameters.get(name) for name in ASKED}
            self._voip()._add_redirect(asked, days)
            return request.env._("Calls are redirected from now on.")

        return self._telecom_change(URL, change)

    @http.route(f"{URL}/remove", methods=["POST"], **PAGE)
    def portal_remove_redirect(
        self, redirect: str | None = None, **parameters: str
    ) -> Response:
        def change() -> str:
            self._voip()._remove_redirect(redirect)
            return request.env._("The redirection is taken away.")

        return self._telecom_change(URL, change)

    @http.route(f"{URL}/raise", methods=["POST"], **PAGE)
    def portal_raise_redirect(
        self, redirect: str | None = None, **parameters: str
    ) -> Response:
        def change() -> str:
            self._voip()._raise_redirect(redirect)
            return request.env._("The order is changed.")

        return self._telecom_change(URL, change)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Callable

from odoo.http import Response, request

from .portal import Notice, form, page
from .portal_settings import TelecomSettingsPortal

URL = "/my/telecom/users"


class TelecomColleaguesPortal(TelecomSettingsPortal):
    """Colleagues: who has access and sees what; invite, change, take access back.

    For main users; of others each page says so, and each form is refused.
    """

    @page(URL)
    def portal_my_colleagues(self, **parameters: str) -> Response:
        portal = request.env["telecom.portal"]
        return self._telecom_settings_page(
            "portal_my_colleagues",
            request.env._("Colleagues"),
            colleagues=portal._colleague_cards(),
            may_manage=portal._may_manage(),
            may_invite=portal._may_invite(),
        )

    # === RIGHTS === #

    @page(f"{URL}/edit")
    def portal_edit_colleague(
        self, user: str | None = None, **parameters: str
    ) -> Response:
        portal = request.env["telecom.portal"]

        def values() -> dict:
            return {
                "colleague": portal._colleague_card(portal._colleague(user)),
                "may_invite": portal._may_invite(),
            }

        return self._colleague_page("portal_edit_colleague", values)

    @form(f"{URL}/save")
    def portal_save_colleague(
        self, user: str | None = None, **parameters: str
    ) -> Response:
        portal = request.env["telecom.portal"]
        asked = self._asked_right(parameters)

        def change() -> str:
            right = portal._save_right(user, **asked)
            return request.env._(
                "%(name)s sees %(what)s.",
                name=right.partner_id.name,
                what=right._words(),
            )

        return self._telecom_change(URL, change)

    # === INVITATIONS === #

    @page(f"{URL}/invite")
    def portal_ask_invitation(self, **parameters: str) -> Response:
        portal = request.env["telecom.portal"]

        def values() -> dict:
            portal._check_may_invite()
            return {"colleague": None}

        return self._colleague_page("portal_invite_colleague", values)

    @form(f"{URL}/invite/send")
    def portal_invite_colleague(
        self,
        name: str | None = None,
        email: str | None = None,
        scope: str | None = None,
        **parameters: str,
    ) -> Response:
        portal = request.env["telecom.portal"]
        asked = self._asked_right({**parameters, "scope": scope})

        def change() -> str:
            is_sent, text = portal._invite(name, email, scope, asked)
            return text if is_sent else Notice(text)

        return self._telecom_change(f"{URL}/invite", change, after=URL)

    @form(f"{URL}/invite/again")
    def portal_invite_again(
        self, user: str | None = None, **parameters: str
    ) -> Response:
        portal = request.env["telecom.portal"]
        return self._telecom_change(URL, lambda: portal._invite_again(user))

    @form(f"{URL}/remove")
    def portal_remove_colleague(
        self, user: str | None = None, **parameters: str
    ) -> Response:
        portal = request.env["telecom.portal"]
        return self._telecom_change(URL, lambda: portal._take_access_back(user))

    # === WHAT THEY SHARE === #

    def _colleague_page(self, template: str, values: Callable[[], dict]) -> Response:
        """A page with the choice of rights; back to the list where it is refused."""
        portal = request.env["telecom.portal"]
        return self._telecom_ask(
            URL,
            template,
            request.env._("Colleagues"),
            lambda: {
                **values(),
                "departments": portal._departments(),
                "numbers": portal._numbers(),
            },
        )

    def _asked_right(self, parameters: dict) -> dict:
        """What a form says of the rights of a colleague."""
        sent = request.httprequest.form
        return {
            "is_limited": parameters.get("scope") == "some",
            "may_change": parameters.get("may_change"),
            "departments": sent.getlist("departments"),
            "numbers": sent.getlist("numbers"),
        }

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Callable

from odoo.exceptions import UserError
from odoo.http import Response, request

from .portal import MESSAGES, TelecomCustomerPortal, form, page

__all__ = ["MESSAGES", "TelecomSettingsPortal"]

LIMITS = "/my/telecom/limits"
MASKING = "/my/telecom/masking"


class TelecomSettingsPortal(TelecomCustomerPortal):
    """What customers set: limits and masking; and its history.

    Changes come by POST only, with the token of the form; what is named is looked for
    among the customer's own, and the models decide whether it may be changed.
    """

    def _telecom_settings_page(
        self, template: str, title: str, **values: object
    ) -> Response:
        return self._telecom_page(template, "telecom_settings", title, **values)

    def _telecom_ask(
        self, url: str, template: str, title: str, values: Callable[[], dict]
    ) -> Response:
        """A page that asks; back to another one where there is nothing to ask."""
        try:
            shown = values()
        except UserError as error:
            return self._telecom_refused(url, str(error))
        return self._telecom_settings_page(template, title, **shown)

    @page("/my/telecom/settings")
    def portal_my_telecom_settings(self, **parameters: str) -> Response:
        portal = request.env["telecom.portal"]
        return self._telecom_settings_page(
            "portal_my_settings",
            request.env._("Settings"),
            may_order=portal._may_order(),
            may_manage=portal._may_manage(),
        )

    # === LIMITS === #

    @page(LIMITS)
    def portal_my_limits(self, **parameters: str) -> Response:
        portal = request.env["telecom.portal"]
        return self._telecom_settings_page(
            "portal_my_limits",
            request.env._("Limits"),
            limits=portal._limit_cards(),
            may_change=portal._may("limits"),
            sees_all=portal._sees_all(),
            numbers=portal._settable_numbers(),
            currency=portal._payer()._telecom_currency(request.env.user.company_id),
        )

    @form(f"{LIMITS}/save")
    def portal_save_limit(
        self,
        number: str | None = None,
        period: str | None = None,
        amount: str | None = None,
        **parameters: str,
    ) -> Response:
        portal = request.env["telecom.portal"]

        def change() -> str:
            portal._save_limit(
                number,
                period,
                amount,
                parameters.get("warn_percent"),
                parameters.get("is_blocking"),
            )
            return request.env._("The limit is set.")

        return self._telecom_change(LIMITS, change)

    @form(f"{LIMITS}/remove")
    def portal_remove_limit(
        self, limit: str | None = None, **parameters: str
    ) -> Response:
        portal = request.env["telecom.portal"]

        def change() -> str:
            portal._remove_limit(limit)
            return request.env._("The limit is taken away.")

        return self._telecom_change(LIMITS, change)

    # === MASKING === #

    @page(MASKING)
    def portal_my_masking(self, **parameters: str) -> Response:
        portal = request.env["telecom.portal"]
        now = portal._masking_now()
        return self._telecom_settings_page(
            "portal_my_masking",
            request.env._("Digits of called numbers"),
            now_words=portal._masking_words(now),
            is_hidden=bool(now.hidden_digits),
            rows=portal._masking_rows(),
            may_change=portal._may("masking"),
            sees_all=portal._sees_all(),
            numbers=portal._settable_numbers(),
        )

    @form(f"{MASKING}/save")
    def portal_save_masking(
        self, number: str | None = None, hide: str | None = None, **parameters: str
    ) -> Response:
        portal = request.env["telecom.portal"]

        def change() -> str:
            words = portal._set_masking(number, hide)
            return request.env._("From now on %s.", words)

        return self._telecom_change(MASKING, change)

    # === HISTORY === #

    @page("/my/telecom/changes")
    def portal_my_changes(
        self, before: str | None = None, **parameters: str
    ) -> Response:
        changes, further = request.env["telecom.portal"]._changes(before)
        return self._telecom_settings_page(
            "portal_my_changes",
            request.env._("History of changes"),
            changes=changes,
            further_url=further and f"/my/telecom/changes?before={further}",
        )

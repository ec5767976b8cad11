# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets
from collections.abc import Callable

from odoo import models
from odoo.fields import Domain
from odoo.http import Response, request

from .portal import form, page
from .portal_settings import TelecomSettingsPortal

URL = "/my/telecom/offers"


class TelecomOrdersPortal(TelecomSettingsPortal):
    """Bundles: order, change and cancel, each with a page that asks first."""

    @page(URL)
    def portal_my_offers(self, **parameters: str) -> Response:
        portal = request.env["telecom.portal"]
        return self._telecom_settings_page(
            "portal_my_offers",
            request.env._("Order bundles"),
            may_order=portal._may_order(),
            own_bundles=portal._own_bundles(),
            orders=portal._pending_orders(),
            offers=[portal._offer(bundle) for bundle in portal._offered()],
        )

    # === ORDER === #

    @page(f"{URL}/order")
    def portal_ask_order(
        self, bundle: str | None = None, **parameters: str
    ) -> Response:
        portal = request.env["telecom.portal"]

        def values() -> dict:
            found = portal._offered_bundle(bundle)
            return {
                "start": portal._day_text(portal._order_start(found)),
                "numbers": portal._settable_numbers(found.company_id),
                **self._telecom_confirmation(found),
            }

        return self._telecom_ask_order("portal_order_bundle", values)

    @form(f"{URL}/order/confirm")
    def portal_order(
        self,
        bundle: str | None = None,
        quote: str | None = None,
        token: str | None = None,
        **parameters: str,
    ) -> Response:
        portal = request.env["telecom.portal"]
        sent = request.httprequest.form

        def change() -> None:
            found = portal._offered_bundle(bundle)
            numbers = portal._order_numbers(sent, found)
            portal._order_bundle(found, numbers, quote, token)

        done = request.env._("Thank you: the bundle is ordered.")
        return self._telecom_order(token, change, done)

    # === CHANGE === #

    @page(f"{URL}/change")
    def portal_ask_change(
        self,
        subscription: str | None = None,
        bundle: str | None = None,
        **parameters: str,
    ) -> Response:
        portal = request.env["telecom.portal"]

        def values() -> dict:
            own = portal._own_subscription(subscription)
            moment = portal._end_moment(own, has_notice=False)
            found = portal._offered_bundle(bundle) if bundle else None
            others = portal._offered(Domain("company_id", "=", own.company_id.id))
            return {
                "subscription": own.id,
                "old_name": own.bundle_id.name,
                "start": portal._day_text(moment),
                "offers": [portal._offer(one) for one in others - own.bundle_id],
                **(self._telecom_confirmation(found) if found else {"offer": None}),
            }

        return self._telecom_ask_order("portal_change_bundle", values)

    @form(f"{URL}/change/confirm")
    def portal_change(
        self,
        subscription: str | None = None,
        bundle: str | None = None,
        quote: str | None = None,
        token: str | None = None,
        **parameters: str,
    ) -> Response:
        portal = request.env["telecom.portal"]

        def change() -> None:
            own = portal._own_subscription(subscription)
            found = portal._offered_bundle(bundle)
            portal._change_bundle(own, found, quote, token)

        done = request.env._("Thank you: the bundle is changed.")
        return self._telecom_order(token, change, done)

    # === CANCEL === #

    @page(f"{URL}/cancel")
    def portal_ask_cancel(
        self, subscription: str | None = None, **parameters: str
    ) -> Response:
        portal = request.env["telecom.portal"]

        def values() -> dict:
            own = portal._own_subscription(subscription)
            return {
                "subscription": own.id,
                "name": own.bundle_id.name,
                "last_day": portal._last_day_text(own),
                "token": secrets.token_hex(16),
            }

        return self._telecom_ask_order("portal_cancel_bundle", values)

    @form(f"{URL}/cancel/confirm")
    def portal_cancel(
        self,
        subscription: str | None = None,
        token: str | None = None,
        **parameters: str,
    ) -> Response:
        portal = request.env["telecom.portal"]

        def change() -> None:
            portal._cancel_bundle(portal._own_subscription(subscription), token)

        done = request.env._("The bundle is cancelled.")
        return self._telecom_order(token, change, done)

    # === TAKE BACK === #

    @form(f"{URL}/withdraw")
    def portal_withdraw_order(
        self, order: str | None = None, **parameters: str
    ) -> Response:
        portal = request.env["telecom.portal"]

        def change() -> str:
            portal._withdraw_order(order)
            return request.env._("It is taken back: nothing changes.")

        return self._telecom_change(URL, change)

    # === WHAT THEY SHARE === #

    def _telecom_ask_order(self, template: str, values: Callable[[], dict]) -> Response:
        title = request.env._("Order bundles")
        return self._telecom_ask(URL, template, title, values)

    def _telecom_order(
        self, token: str | None, change: Callable[[], None], done: str
    ) -> Response:
        """Do what was confirmed; once, however often the button was clicked."""
        portal = request.env["telecom.portal"]

        def order() -> str:
            if not portal._is_done(token):
                change()
            return done

        return self._telecom_change(URL, order)

    def _telecom_confirmation(self, bundle: models.BaseModel) -> dict:
        """What is asked to be confirmed: the offer as it is now, for one click."""
        portal = request.env["telecom.portal"]
        return {
            "offer": portal._offer(bundle),
            "quote": portal._quote(bundle),
            "token": secrets.token_hex(16),
        }

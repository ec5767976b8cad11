# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets

from odoo import http
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from .portal_settings import MESSAGES, TelecomSettingsPortal

URL = "/my/telecom/offers"


class TelecomOrdersPortal(TelecomSettingsPortal):
    """Bundles: order, change and cancel, each with a page that asks first."""

    @http.route(
        URL, type="http", auth="user", website=True, readonly=True, methods=["GET"]
    )
    def portal_my_offers(self, **parameters):
        portal = request.env["telecom.portal"]
        return self._telecom_settings_page(
            "portal_my_offers",
            request.env._("Order bundles"),
            may_order=portal._may_order(),
            own_bundles=portal._own_bundles(),
            offers=[portal._offer(bundle) for bundle in portal._offered()],
        )

    # === ORDER === #

    @http.route(
        f"{URL}/order",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_ask_order(self, bundle=None, **parameters):
        portal = request.env["telecom.portal"]

        def values():
            found = portal._offered_bundle(bundle)
            return {
                "start": portal._day_text(portal._order_start(found)),
                "numbers": portal._settable_numbers(found.company_id),
                **self._telecom_confirmation(found),
            }

        return self._telecom_ask("portal_order_bundle", values)

    @http.route(
        f"{URL}/order/confirm",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_order(self, bundle=None, quote=None, token=None, **parameters):
        portal = request.env["telecom.portal"]
        form = request.httprequest.form

        def change():
            if not portal._is_done(token):
                found = portal._offered_bundle(bundle)
                portal._order_bundle(
                    found, portal._order_numbers(form, found), quote, token
                )
            return request.env._("Thank you: the bundle is ordered.")

        return self._telecom_change(URL, change)

    # === CHANGE === #

    @http.route(
        f"{URL}/change",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_ask_change(self, subscription=None, bundle=None, **parameters):
        portal = request.env["telecom.portal"]

        def values():
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

        return self._telecom_ask("portal_change_bundle", values)

    @http.route(
        f"{URL}/change/confirm",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_change(
        self, subscription=None, bundle=None, quote=None, token=None, **parameters
    ):
        portal = request.env["telecom.portal"]

        def change():
            if not portal._is_done(token):
                own = portal._own_subscription(subscription)
                found = portal._offered_bundle(bundle)
                portal._change_bundle(own, found, quote, token)
            return request.env._("Thank you: the bundle is changed.")

        return self._telecom_change(URL, change)

    # === CANCEL === #

    @http.route(
        f"{URL}/cancel",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_ask_cancel(self, subscription=None, **parameters):
        portal = request.env["telecom.portal"]

        def values():
            own = portal._own_subscription(subscription)
            return {
                "subscription": own.id,
                "name": own.bundle_id.name,
                "last_day": portal._last_day_text(own),
                "token": secrets.token_hex(16),
            }

        return self._telecom_ask("portal_cancel_bundle", values)

    @http.route(
        f"{URL}/cancel/confirm",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_cancel(self, subscription=None, token=None, **parameters):
        portal = request.env["telecom.portal"]

        def change():
            if not portal._is_done(token):
                portal._cancel_bundle(portal._own_subscription(subscription), token)
            return request.env._("The bundle is cancelled.")

        return self._telecom_change(URL, change)

    # === WHAT THEY SHARE === #

    def _telecom_ask(self, template, values):
        """The page that asks; back to the bundles where there is nothing to ask."""
        try:
            shown = values()
        except UserError as error:
            request.session[MESSAGES] = {"notices": [str(error)]}
            return request.redirect(URL)
        title = request.env._("Order bundles")
        return self._telecom_settings_page(template, title, **shown)

    def _telecom_confirmation(self, bundle):
        """What is asked to be confirmed: the offer as it is now, for one click."""
        portal = request.env["telecom.portal"]
        return {
            "offer": portal._offer(bundle),
            "quote": portal._quote(bundle),
            "token": secrets.token_hex(16),
        }

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from .portal import TelecomCustomerPortal

MESSAGES = "telecom_portal_messages"


class TelecomSettingsPortal(TelecomCustomerPortal):
    """What customers set: limits, masking, rights of colleagues; and its history.

    Changes come by POST only, with the token of the form; what is named is looked for
    among the customer's own, and the models decide whether it may be changed.
    """

    # === WHAT THE PAGES SHARE === #

    def _telecom_settings_page(self, template, title, **values):
        """A page with what was done by the request before it."""
        done = request.session.pop(MESSAGES, None) or {}
        return request.render(
            f"telecom_cdr_portal.{template}",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "telecom_settings",
                "page_title": title,
                "messages": done.get("messages", []),
                "notices": done.get("notices", []),
                **values,
            },
        )

    def _telecom_change(self, url, change):
        """Do a change wholly or not at all; back to a page that says which.

        :param change: does it, and returns what is to be said
        """
        try:
            with request.env.cr.savepoint():
                told = {"messages": [change()]}
        except UserError as error:
            # What was cached belongs to what was rolled back.
            request.env.invalidate_all(flush=False)
            told = {"notices": [str(error)]}
        request.session[MESSAGES] = told
        return request.redirect(url)

    @http.route(
        "/my/telecom/settings",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_telecom_settings(self, **parameters):
        portal = request.env["telecom.portal"]
        return self._telecom_settings_page(
            "portal_my_settings",
            request.env._("Settings"),
            may_order=portal._may_order(),
            may_manage=portal._may_manage(),
        )

    # === LIMITS === #

    @http.route(
        "/my/telecom/limits",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_limits(self, **parameters):
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

    @http.route(
        "/my/telecom/limits/save",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_save_limit(self, number=None, period=None, amount=None, **parameters):
        portal = request.env["telecom.portal"]

        def change():
            portal._save_limit(
                number,
                period,
                amount,
                parameters.get("warn_percent"),
                parameters.get("is_blocking"),
            )
            return request.env._("The limit is set.")

        return self._telecom_change("/my/telecom/limits", change)

    @http.route(
        "/my/telecom/limits/remove",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_remove_limit(self, limit=None, **parameters):
        portal = request.env["telecom.portal"]

        def change():
            portal._remove_limit(limit)
            return request.env._("The limit is taken away.")

        return self._telecom_change("/my/telecom/limits", change)

    # === MASKING === #

    @http.route(
        "/my/telecom/masking",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_masking(self, **parameters):
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

    @http.route(
        "/my/telecom/masking/save",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_save_masking(self, number=None, hide=None, **parameters):
        portal = request.env["telecom.portal"]

        def change():
            words = portal._set_masking(number, hide)
            return request.env._("From now on %s.", words)

        return self._telecom_change("/my/telecom/masking", change)

    # === COLLEAGUES === #

    @http.route(
        "/my/telecom/users",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_colleagues(self, **parameters):
        portal = request.env["telecom.portal"]
        return self._telecom_settings_page(
            "portal_my_colleagues",
            request.env._("Colleagues"),
            colleagues=portal._colleague_cards(),
            may_manage=portal._may_manage(),
            departments=portal._departments() if portal._may_manage() else (),
            numbers=portal._numbers() if portal._may_manage() else (),
        )

    @http.route(
        "/my/telecom/users/save",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_save_colleague(self, user=None, scope=None, **parameters):
        portal = request.env["telecom.portal"]
        form = request.httprequest.form

        def change():
            right = portal._save_right(
                user,
                scope == "some",
                parameters.get("may_change"),
                form.getlist("departments"),
                form.getlist("numbers"),
            )
            return request.env._(
                "%(name)s sees %(what)s.",
                name=right.partner_id.name,
                what=right._words(),
            )

        return self._telecom_change("/my/telecom/users", change)

    # === HISTORY === #

    @http.route(
        "/my/telecom/changes",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_changes(self, before=None, **parameters):
        changes, further = request.env["telecom.portal"]._changes(before)
        return self._telecom_settings_page(
            "portal_my_changes",
            request.env._("History of changes"),
            changes=changes,
            further_url=further and f"/my/telecom/changes?before={further}",
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Callable
from urllib.parse import urlencode

from odoo import http
from odoo.exceptions import UserError
from odoo.http import Response, request

from odoo.addons.portal.controllers.portal import CustomerPortal

# Where the session keeps what the next page is to say.
MESSAGES = "telecom_portal_messages"


def page(*urls: str) -> Callable:
    """A page to look at, for whoever is signed in."""
    return http.route(
        list(urls),
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )


def form(*urls: str) -> Callable:
    """Where a form of a page is sent: by POST only, with the form's token."""
    return http.route(
        list(urls), type="http", auth="user", website=True, methods=["POST"]
    )


class Notice(str):
    """Said of a change that was kept, but did not do what was asked for."""


class TelecomCustomerPortal(CustomerPortal):
    """What the pages share. All data come from ``telecom.portal``."""

    def _prepare_home_portal_values(self, counters: list[str]) -> dict:
        values = super()._prepare_home_portal_values(counters)
        portal = request.env["telecom.portal"]
        if "telecom_month_text" in counters:
            values["telecom_month_text"] = portal._home_text()
        if "telecom_call_count" in counters:
            # A customer with a number sees the card before the first call.
            values["telecom_call_count"] = portal._count(
                portal._call_filter(), limit=1
            )[0] or len(portal._numbers(limit=1))
        if "telecom_bundle_count" in counters:
            values["telecom_bundle_count"] = len(portal._subscriptions())
        return values

    # === PAGES === #

    def _telecom_page(
        self, template: str, page_name: str, title: str | None = None, **values: object
    ) -> Response:
        """A page with what was said of the request before it.

        :param template: of this addon; another one's with its name in front
        :param page_name: which of the pages' tabs is the present one
        :param title: the end of the breadcrumbs
        """
        said = request.session.pop(MESSAGES, None) or {}
        name = template if "." in template else f"telecom_cdr_portal.{template}"
        return request.render(
            name,
            {
                **self._prepare_portal_layout_values(),
                "page_name": page_name,
                "page_title": title,
                "messages": said.get("messages", []),
                **values,
                "notices": [*said.get("notices", []), *values.get("notices", [])],
            },
        )

    def _telecom_change(
        self, url: str, change: Callable[[], str], after: str | None = None
    ) -> Response:
        """Do a change wholly or not at all; go on to a page that says which.

        :param url: of the page that is shown where it was refused
        :param change: does it, and returns what is to be said
        :param after: the page that is shown where it was done, if another one
        """
        try:
            with request.env.cr.savepoint():
                text = change()
        except UserError as error:
            # What was cached belongs to what was rolled back.
            request.env.invalidate_all(flush=False)
            return self._telecom_refused(url, str(error))
        if isinstance(text, Notice):
            return self._telecom_refused(url, text)
        request.session[MESSAGES] = {"messages": [text]}
        return request.redirect(after or url)

    def _telecom_refused(self, url: str, text: str) -> Response:
        """To a page that says why not."""
        request.session[MESSAGES] = {"notices": [str(text)]}
        return request.redirect(url)

    # === ADDRESSES === #

    def _url(self, path: str, query: dict) -> str:
        return f"{path}?{urlencode(query)}" if query else path

    def _text(self, value: object, size: int = 64) -> str:
        """A parameter of the address as a text of bounded length, or ''."""
        if not isinstance(value, str):
            return ""
        return value.replace("\0", "").strip()[:size]

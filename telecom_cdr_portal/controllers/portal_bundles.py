# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import http
from odoo.http import request

from ..parameters import BadParameter, next_month, read_month
from .portal import TelecomCustomerPortal


class TelecomBundlesPortal(TelecomCustomerPortal):
    """What is used and left of bundles."""

    @http.route(
        ["/my/bundles", "/my/telecom/bundles"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_bundles(self, month=None, **parameters):
        portal = request.env["telecom.portal"]
        present, notices = portal._present_bundle_month(), []
        try:
            shown = read_month(month) or present
        except BadParameter as error:
            shown = present
            notices.append(self._bad_month_notice(error.args[0]))
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "telecom_bundles",
            "notices": notices,
            "bundles": portal._month_bundles(shown),
            "has_any": bool(portal._subscriptions()),
            "month_title": portal._bundle_period_text(shown),
            "before_url": f"/my/bundles?month={next_month(shown, -1):%Y-%m}",
            "after_url": shown < present
            and f"/my/bundles?month={next_month(shown):%Y-%m}",
        }
        return request.render("telecom_cdr_portal.portal_my_bundles", values)

    def _bad_month_notice(self, found):
        return request.env._(
            "“%(found)s” is not a month, so the present one is shown. "
            "Write year and month: %(example)s.",
            found=found,
            example="2026-07",
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import Response, request

from ..parameters import BadParameter, next_month, read_month
from .portal import TelecomCustomerPortal, page


class TelecomBundlesPortal(TelecomCustomerPortal):
    """What is used and left of bundles."""

    @page("/my/bundles", "/my/telecom/bundles")
    def portal_my_bundles(
        self, month: str | None = None, **parameters: str
    ) -> Response:
        portal = request.env["telecom.portal"]
        present, notices = portal._present_bundle_month(), []
        try:
            shown = read_month(month) or present
        except BadParameter as error:
            shown = present
            notices.append(self._bad_month_notice(error.args[0]))
        return self._telecom_page(
            "portal_my_bundles",
            "telecom_bundles",
            notices=notices,
            bundles=portal._month_bundles(shown),
            has_any=bool(portal._subscriptions()),
            month_title=portal._bundle_period_text(shown),
            before_url=f"/my/bundles?month={next_month(shown, -1):%Y-%m}",
            after_url=shown < present
            and f"/my/bundles?month={next_month(shown):%Y-%m}",
        )

    def _bad_month_notice(self, found: str) -> str:
        return request.env._(
            "“%(found)s” is not a month, so the present one is shown. "
            "Write year and month: %(example)s.",
            found=found,
            example="2026-07",
        )

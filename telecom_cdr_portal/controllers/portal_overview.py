# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import Response, request

from .portal import TelecomCustomerPortal, page


class TelecomOverviewPortal(TelecomCustomerPortal):
    """The first page: where the month stands."""

    @page("/my/telecom")
    def portal_my_telecom(self, **parameters: str) -> Response:
        return self._telecom_page(
            "portal_my_telecom", "telecom_overview", **self._telecom_overview_values()
        )

    def _telecom_overview_values(self) -> dict:
        """What the cards of the first page show; others add to it."""
        portal = request.env["telecom.portal"]
        at_once = portal._adds_up_at_once()
        return {
            "figures": portal._month_figures() if at_once else None,
            "limits": portal._limit_bars(),
            "bundles": portal._present_bundles(),
            "invoices": portal._last_invoices(),
        }

    @page("/my/telecom/figures")
    def portal_my_telecom_figures(self, **parameters: str) -> Response:
        """The cards with sums, for a page that was shown before they were added up."""
        figures = request.env["telecom.portal"]._month_figures()
        return request.render(
            "telecom_cdr_portal.portal_figures_later", {"figures": figures}
        )

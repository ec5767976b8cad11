# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import http
from odoo.http import request

from .portal import TelecomCustomerPortal


class TelecomOverviewPortal(TelecomCustomerPortal):
    """The first page: where the month stands."""

    @http.route(
        "/my/telecom",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_telecom(self, **parameters):
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "telecom_overview",
            **self._telecom_overview_values(),
        }
        return request.render("telecom_cdr_portal.portal_my_telecom", values)

    def _telecom_overview_values(self):
        """What the cards of the first page show; others add to it."""
        portal = request.env["telecom.portal"]
        at_once = portal._adds_up_at_once()
        return {
            "figures": portal._month_figures() if at_once else None,
            "limits": portal._limit_bars(),
            "bundles": portal._present_bundles(),
            "invoices": portal._last_invoices(),
        }

    @http.route(
        "/my/telecom/figures",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_telecom_figures(self, **parameters):
        """The cards with sums, for a page that was shown before they were added up."""
        figures = request.env["telecom.portal"]._month_figures()
        return request.render(
            "telecom_cdr_portal.portal_figures_later", {"figures": figures}
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from urllib.parse import urlencode

from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal


class TelecomCustomerPortal(CustomerPortal):
    """What the pages share. All data come from ``telecom.portal``."""

    def _prepare_home_portal_values(self, counters):
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

    def _url(self, path, query):
        return f"{path}?{urlencode(query)}" if query else path

    def _text(self, value, size=64):
        """A parameter of the address as a text of bounded length, or ''."""
        if not isinstance(value, str):
            return ""
        return value.replace("\0", "").strip()[:size]

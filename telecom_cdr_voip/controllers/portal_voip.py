# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import models
from odoo.http import Response, request

from odoo.addons.telecom_cdr_portal.controllers.portal_settings import (
    MESSAGES,
    TelecomSettingsPortal,
)

# What all pages have in common; what changes something comes by POST with a token.
PAGE = {"type": "http", "auth": "user", "website": True}


class TelecomVoipPortal(TelecomSettingsPortal):
    """Pages of SIP accounts, blocks and redirections. Data: `telecom.portal.voip`."""

    def _voip(self) -> models.BaseModel:
        return request.env["telecom.portal.voip"]

    def _voip_page(
        self, template: str, page_name: str, title: str, **values: Any
    ) -> Response:
        """A page with what was done by the request before it."""
        done = request.session.pop(MESSAGES, None) or {}
        return request.render(
            f"telecom_cdr_voip.{template}",
            {
                **self._prepare_portal_layout_values(),
                "page_name": page_name,
                "page_title": title,
                "messages": done.get("messages", []),
                "notices": done.get("notices", []),
                **values,
            },
        )

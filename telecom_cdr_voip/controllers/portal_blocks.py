# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import http
from odoo.http import Response, request

from .portal_voip import PAGE, TelecomVoipPortal

URL = "/my/telecom/blocks"
ASKED = ("kind", "category", "destination", "country", "prefix", "number")


class TelecomBlocksPortal(TelecomVoipPortal):
    """Where a customer may not call."""

    @http.route(URL, methods=["GET"], readonly=True, **PAGE)
    def portal_my_blocks(self, **parameters: str) -> Response:
        voip = self._voip()
        blocks = voip._blocks()
        may_block = voip._may("blocks")
        return self._voip_page(
            "portal_my_blocks",
            "telecom_blocks",
            request.env._("Blocked destinations"),
            blocks=[voip._block_values(block) for block in blocks],
            may_block=may_block,
            sees_all=voip._sees_all(),
            numbers=[voip._number_values(one) for one in voip._numbers()],
            categories=voip._category_texts(),
            codes=voip._code_choices() if may_block else [],
            destinations=voip._destinations().mapped("name") if may_block else [],
            changes=voip._block_changes(),
        )

    @http.route(f"{URL}/add", methods=["POST"], **PAGE)
    def portal_add_block(self, **parameters: str) -> Response:
        def change() -> str:
            asked = {name: parameters.get(name) for name in ASKED}
            self._voip()._add_block(asked)
            return request.env._("It is blocked from now on.")

        return self._telecom_change(URL, change)

    @http.route(f"{URL}/remove", methods=["POST"], **PAGE)
    def portal_remove_block(
        self, block: str | None = None, **parameters: str
    ) -> Response:
        def change() -> str:
            self._voip()._remove_block(block)
            return request.env._("It is not blocked any more.")

        return self._telecom_change(URL, change)

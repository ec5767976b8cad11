# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Iterable

from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _telecom_wide(self) -> Iterable[models.BaseModel]:
        yield from super()._telecom_wide()
        own = [("partner_id", "in", self.ids)]
        blocks = self.env["telecom.block"].sudo()
        yield blocks.search([*own, ("number_id", "=", False)])
        yield self.env["telecom.fraud.exception"].sudo().search(own)

    def _telecom_hand_over(self) -> None:
        """SIP accounts belong to who pays; their numbers come along."""
        result = super()._telecom_hand_over()
        accounts = self.env["telecom.sip.account"].sudo()
        accounts = accounts.with_context(active_test=False)
        for account in accounts.search([("partner_id", "in", self.ids)]):
            account.partner_id = account.partner_id.commercial_partner_id
        return result

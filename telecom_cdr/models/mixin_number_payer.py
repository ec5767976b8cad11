# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Mapping

from odoo import models


class TelecomNumberPayerMixin(models.AbstractModel):
    """Numbers whose holder belongs to another customer now, or has become one."""

    _name = "telecom.number.payer.mixin"
    _description = "Number: who pays for calls"

    def _telecom_follow_payer(
        self, payers: Mapping[models.BaseModel, models.BaseModel]
    ) -> None:
        """Take along what is set for these numbers.

        :param payers: who paid for each number so far
        """
        limits = self.env["telecom.limit"].sudo().with_context(active_test=False)
        for limit in limits.search([("number_id", "in", self.ids)]):
            limit.partner_id = limit.number_id.commercial_partner_id
        self._keep_hidden(payers)
        foreign = self.filtered(
            lambda n: n.department_id.partner_id.commercial_partner_id
            != n.commercial_partner_id
        )
        foreign.filtered("department_id").department_id = False
        self.env["telecom.rating.change"]._note(self.company_id.ids)

    def _keep_hidden(self, payers: Mapping[models.BaseModel, models.BaseModel]) -> None:
        """Digits that were hidden so far stay so, whatever the new payer has chosen."""
        for number in self:
            choices = self.env["telecom.masking"].sudo().with_company(number.company_id)
            hidden = [
                (choices._present(one, number) or choices._present(one)).hidden_digits
                for one in (payers[number], number.commercial_partner_id)
            ]
            if hidden[0] > hidden[1]:
                choices.create(
                    {
                        "company_id": number.company_id.id,
                        "partner_id": number.commercial_partner_id.id,
                        "number_id": number.id,
                        "hidden_digits": hidden[0],
                    }
                )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Iterable, Mapping
from typing import Any

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

# What decides who pays for a contact: its commercial partner.
DECIDING = {"parent_id", "is_company"}


class TelecomPartnerPayerMixin(models.AbstractModel):
    """Contacts who get another payer: what belongs to payers and numbers goes along."""

    _name = "telecom.partner.payer.mixin"
    _description = "Customer: who pays for calls"

    def write(self, vals: dict[str, Any]) -> bool:
        if not DECIDING & vals.keys():
            return super().write(vals)
        payers = self._telecom_number_payers()
        result = super().write(vals)
        self._telecom_payer_moved(payers)
        return result

    def _telecom_number_payers(self) -> dict[models.BaseModel, models.BaseModel]:
        """Who pays for the numbers of these contacts and of those below them."""
        numbers = self.env["telecom.number"].sudo()
        found = numbers.search([("partner_id", "child_of", self.ids)])
        return {number: number.commercial_partner_id for number in found}

    def _telecom_payer_moved(
        self, payers: Mapping[models.BaseModel, models.BaseModel]
    ) -> None:
        """Take along what belongs to the numbers, and to who pays no more.

        :param payers: who paid for each number so far
        """
        family = self.sudo().with_context(active_test=False)
        family = family.search([("id", "child_of", self.ids)])
        contacts = family.filtered(lambda p: p != p.commercial_partner_id)
        contacts.with_env(self.sudo().env)._telecom_hand_over()
        numbers = self.env["telecom.number"].sudo().union(*payers)
        moved = numbers.filtered(lambda n: n.commercial_partner_id != payers[n])
        moved._telecom_follow_payer(payers)
        for partner, some in moved.grouped("partner_id").items():
            partner._telecom_tell_payer(some)

    def _telecom_tell_payer(self, numbers: models.BaseModel) -> None:
        self.message_post(
            body=self.env._(
                "%(customer)s pays for calls of %(numbers)s from now on. Limits, and "
                "whatever else was set for them, are those of that customer.",
                customer=self.commercial_partner_id.display_name,
                numbers=", ".join(numbers.mapped("number")),
            )
        )

    # === FOR ALL NUMBERS OF A CUSTOMER === #

    def _telecom_wide(self) -> Iterable[models.BaseModel]:
        """What customers have for all of their numbers together."""
        limits = self.env["telecom.limit"].sudo()
        yield limits.search([("partner_id", "in", self.ids), ("number_id", "=", False)])

    def _telecom_hand_over(self) -> None:
        """Give what counts for all numbers of contacts to who pays for them.

        Where that one has other numbers, it would count for these, too: then somebody
        has to say what is meant.
        """
        for records in self._telecom_wide():
            for contact, own in records.grouped("partner_id").items():
                if contact._telecom_joins_others(own.company_id):
                    raise UserError(contact._telecom_say_wide(own))
                own.partner_id = contact.commercial_partner_id

    def _telecom_joins_others(self, companies: models.BaseModel) -> bool:
        """Whether who pays for a contact has numbers beside those of the contact."""
        others = Domain("partner_id", "child_of", self.commercial_partner_id.id)
        others &= ~Domain("partner_id", "child_of", self.id)
        others &= Domain("company_id", "in", companies.ids)
        return bool(self.env["telecom.number"].sudo().search_count(others, limit=1))

    def _telecom_say_wide(self, records: models.BaseModel) -> str:
        return self.env._(
            "%(contact)s has settings for all of its numbers (%(kind)s: %(names)s). "
            "%(customer)s, who would pay from now on, has other numbers, too, so they "
            "can not go along: set them for single numbers, or archive them, first.",
            contact=self.name,
            kind=self.env["ir.model"]._get(records._name).name,
            names=", ".join(records.mapped("display_name")),
            customer=self.commercial_partner_id.name,
        )

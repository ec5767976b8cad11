# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Mapping
from typing import Any

from odoo import models
from odoo.fields import Command, Domain

# What decides from which accounts a number may call.
SERVED = {"number", "partner_id", "date_start", "date_end", "is_suspended"}


class TelecomNumber(models.Model):
    _inherit = "telecom.number"

    def write(self, vals: dict[str, Any]) -> bool:
        is_given = "partner_id" in vals
        payers = {one: one.commercial_partner_id for one in self if is_given}
        result = super().write(vals)
        given = self.filtered(
            lambda one: payers.get(one, one.commercial_partner_id)
            != one.commercial_partner_id
        )
        given._leave_holder()
        if SERVED & vals.keys():
            self._sip_accounts()._touch()
        return result

    def _leave_holder(self) -> None:
        """Nothing of the earlier holder's telephones stays with these numbers.

        What was prepared while a number was in stock is for who gets it.
        """
        redirects = self._redirects()
        former = redirects.filtered("partner_id")
        former.write({"active": False})
        (redirects - former)._belong_to_holder()
        self._leave_accounts(self._sip_accounts())

    def _telecom_follow_payer(
        self, payers: Mapping[models.BaseModel, models.BaseModel]
    ) -> None:
        """The same holder has another payer: what is set for the numbers stays."""
        result = super()._telecom_follow_payer(payers)
        blocks = self.env["telecom.block"].sudo().with_context(active_test=False)
        for block in blocks.search([("number_id", "in", self.ids)]):
            block.partner_id = block.number_id.commercial_partner_id
        self._redirects()._belong_to_holder()
        calls = self.env["telecom.call.underway"].sudo()
        waiting = [("number_id", "in", self.ids), ("settled_at", "=", False)]
        for call in calls.search(waiting):
            call.partner_id = call.number_id.commercial_partner_id
        accounts = self._sip_accounts()
        accounts._follow_numbers()
        accounts._touch()
        return result

    def _leave_accounts(self, accounts: models.BaseModel) -> None:
        """Take these numbers out of accounts."""
        gone = {"number_ids": [Command.unlink(number.id) for number in self]}
        shown = accounts.filtered(lambda account: account.caller_number_id in self)
        shown.write({**gone, "caller_number_id": False})
        (accounts - shown).write(gone)

    def _redirects(self) -> models.BaseModel:
        """The redirections of these numbers that count."""
        redirects = self.env["telecom.redirect"].sudo()
        return redirects.search([("number_id", "in", self.ids)])

    def _sip_accounts(self) -> models.BaseModel:
        """All accounts that these numbers belong to, archived ones, too."""
        accounts = self.env["telecom.sip.account"].sudo()
        return accounts.with_context(active_test=False).search(
            Domain("number_ids", "in", self.ids)
            | Domain("caller_number_id", "in", self.ids)
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.fields import Command, Domain

# What decides from which accounts a number may call.
SERVED = {"number", "partner_id", "date_start", "date_end", "is_suspended"}


class TelecomNumber(models.Model):
    _inherit = "telecom.number"

    def write(self, vals):
        is_given = "partner_id" in vals
        payers = {one: one.commercial_partner_id for one in self if is_given}
        result = super().write(vals)
        given = self.filtered(
            lambda one: payers.get(one, one.commercial_partner_id)
            != one.commercial_partner_id
        )
        given._leave_accounts()
        if SERVED & vals.keys():
            self._sip_accounts()._touch()
        return result

    def _leave_accounts(self):
        """Nothing of the earlier holder's telephones stays with these numbers."""
        redirects = self.env["telecom.redirect"].sudo()
        redirects.search([("number_id", "in", self.ids)]).write({"active": False})
        gone = {"number_ids": [Command.unlink(number.id) for number in self]}
        accounts = self._sip_accounts()
        shown = accounts.filtered(lambda account: account.caller_number_id in self)
        shown.write({**gone, "caller_number_id": False})
        (accounts - shown).write(gone)

    def _sip_accounts(self):
        """All accounts that these numbers belong to, archived ones, too."""
        accounts = self.env["telecom.sip.account"].sudo()
        return accounts.with_context(active_test=False).search(
            Domain("number_ids", "in", self.ids)
            | Domain("caller_number_id", "in", self.ids)
        )

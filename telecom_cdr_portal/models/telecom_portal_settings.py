# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import format_datetime


class TelecomPortalSettings(models.AbstractModel):
    """Whether a customer may set something, and the record that it is about."""

    _name = "telecom.portal.settings"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: What May Be Set"

    @api.model
    def _may(self, what: str, company: models.BaseModel | None = None) -> bool:
        """Whether the company lets customers set it, and the customer this user.

        :param what: the last word of a company's `telecom_portal_may_…`
        """
        user = self.env.user
        company = (company or user.company_id).sudo()
        if not (user.share and self._payer() and company in self._companies()):
            return False
        right = user._telecom_portal_right()
        may_change = not right or right.may_change
        return may_change and company[f"telecom_portal_may_{what}"]

    @api.model
    def _check_may(self, what: str, company: models.BaseModel | None = None) -> None:
        """Refuse what the page would not have offered."""
        if not self._may(what, company):
            raise UserError(
                self.env._("You cannot change this here: please ask us to do it.")
            )

    @api.model
    def _sees_all(self) -> bool:
        """Whether the user sees all numbers of the customer."""
        return self._scope_number_ids() is None

    @api.model
    def _own_number(self, text: object) -> models.BaseModel:
        """The number that a page names by its id; nothing where none is named.

        Whatever the text is, it is looked for among the user's own numbers.
        """
        if not text:
            return self.env["telecom.number"].sudo()
        number = self._own(self.env["telecom.number"], text, "id")
        if not number:
            raise UserError(self.env._("This number is none of yours any more."))
        return number

    @api.model
    def _settable_numbers(
        self, company: models.BaseModel | None = None
    ) -> list[tuple[int, str]]:
        """(id, text) of the numbers that the user holds now, to choose from."""
        held = Domain("state", "in", ["active", "suspended"])
        if company:
            held &= Domain("company_id", "=", company.id)
        return [(number.id, number.display_name) for number in self._numbers(held)]

    @api.model
    def _own(
        self, model: models.BaseModel, text: object, number: str = "number_id"
    ) -> models.BaseModel:
        """The record of a customer that a page names by its id, or nothing."""
        digits = str(text or "")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):  # noqa: PLR2004 ids are of four bytes
            return model.sudo().browse()
        domain = self._scope_domain(number) & Domain("id", "=", int(digits))
        return model.sudo().search(domain, limit=1)

    @api.model
    def _moment_text(self, moment: datetime) -> str:
        return format_datetime(self.env, moment, tz=self._zone().key)

    @api.model
    def _log(
        self, record: models.BaseModel, what: str, old: str, new: str
    ) -> models.BaseModel:
        return self.env["telecom.portal.change"]._log(record, what, old, new)

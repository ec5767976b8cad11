# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools.misc import format_date


class TelecomPortalColleagues(models.AbstractModel):
    """What colleagues see and set: said by the main users of a customer."""

    _name = "telecom.portal.colleagues"
    _inherit = "telecom.portal.settings"
    _description = "Telephony in the Portal: Colleagues"

    @api.model
    def _may_manage(self) -> bool:
        user = self.env.user
        is_main = user._telecom_is_main() and self._sees_all()
        return is_main and self._may("rights")

    @api.model
    def _colleagues(self, domain: Domain = Domain.TRUE) -> models.BaseModel:
        """Other portal users of the same customer; nobody for those who may not ask.

        Who signs in for a company below the customer belongs to another customer.
        """
        users = self.env["res.users"].sudo()
        if not self._may_manage():
            return users
        return users.search(
            Domain("share", "=", True)
            & Domain("partner_id.commercial_partner_id", "=", self._payer().id)
            & Domain("id", "!=", self.env.user.id)
            & domain,
            order="name, id",
        )

    @api.model
    def _colleague_cards(self) -> list[dict]:
        return [self._colleague_card(user) for user in self._colleagues()]

    @api.model
    def _colleague_card(self, user: models.BaseModel) -> dict:
        right = user._telecom_portal_right()
        seen = user.login_date
        return {
            "id": user.id,
            "name": user.name,
            "login": user.login,
            "words": self._right_words(right),
            "seen": seen and format_date(self.env, self._local(seen).date()),
            "is_main": user._telecom_is_main(),
            "is_limited": right.is_limited,
            "may_change": not right or right.may_change,
            "department_ids": right.department_ids.ids,
            "number_ids": right.number_ids.ids,
        }

    @api.model
    def _colleague(self, text: object) -> models.BaseModel:
        """The colleague that a page names by the user's id."""
        digits = str(text or "")
        found = self._colleagues().filtered(lambda user: str(user.id) == digits)
        if not found:
            raise UserError(self.env._("This user is none of your colleagues."))
        if found._telecom_is_main():
            raise UserError(
                self.env._(
                    "%s is a main user too: please ask us to change that.", found.name
                )
            )
        return found

    @api.model
    def _departments(self) -> models.BaseModel:
        """Departments of the customer."""
        return (
            self.env["telecom.department"]
            .sudo()
            .search(
                Domain("partner_id.commercial_partner_id", "=", self._payer().id)
                & Domain("company_id", "in", self._companies().ids)
            )
        )

    @api.model
    def _save_right(
        self,
        user_text: object,
        is_limited: object,
        may_change: object,
        departments: list[str],
        numbers: list[str],
    ) -> models.BaseModel:
        """Say what a colleague sees and sets.

        :param departments, numbers: what the page names, ids as texts; what is none
            of the customer's is refused
        :return: the right
        """
        user = self._colleague(user_text)
        values = self._right_values(is_limited, may_change, departments, numbers)
        before = self._right_words(user._telecom_portal_right())
        right = self._write_right(user.partner_id, values)
        what = self.env._("Rights of %s", user.name)
        self._log(right, what, before, self._right_words(right))
        return right

    @api.model
    def _right_values(
        self,
        is_limited: object,
        may_change: object,
        departments: list[str],
        numbers: list[str],
    ) -> dict:
        """Values of a right, of what a page names; it never makes a main user."""
        chosen = self._chosen(self._departments(), departments if is_limited else [])
        own = self._chosen(self._numbers(), numbers if is_limited else [])
        return {
            "is_main": False,
            "is_limited": bool(is_limited),
            "may_change": bool(may_change),
            "department_ids": [Command.set(chosen.ids)],
            "number_ids": [Command.set(own.ids)],
        }

    @api.model
    def _chosen(self, known: models.BaseModel, texts: list[str]) -> models.BaseModel:
        """Those of the customer's records that a page names; all must be of them."""
        by_text = {str(record.id): record for record in known}
        unknown = set(texts) - by_text.keys()
        if unknown:
            raise UserError(
                self.env._(
                    "One of the departments or numbers is none of yours any more: look "
                    "at the page again."
                )
            )
        return known.browse([by_text[text].id for text in sorted(set(texts))])

    @api.model
    def _write_right(self, contact: models.BaseModel, values: dict) -> models.BaseModel:
        """Write the right of a contact; who calls this writes the history."""
        rights = self.env["telecom.portal.right"].sudo()
        rights = rights.with_context(tracking_disable=True, mail_create_nolog=True)
        right = rights._of(contact)
        if right:
            right.write(values)
            return right
        return rights.create({"partner_id": contact.id, **values})

    @api.model
    def _right_words(self, right: models.BaseModel) -> str:
        words = right._words() if right else self.env._("everything")
        if right and not right.may_change:
            return self.env._("%s, to look at only", words)
        return words

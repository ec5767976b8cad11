# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain


class TelecomPortalColleagues(models.AbstractModel):
    """What colleagues see and set: said by the main users of a customer."""

    _name = "telecom.portal.colleagues"
    _inherit = "telecom.portal.settings"
    _description = "Telephony in the Portal: Colleagues"

    @api.model
    def _may_manage(self):
        user = self.env.user
        is_main = user._telecom_is_main() and self._sees_all()
        return is_main and self._may("rights")

    @api.model
    def _colleagues(self, domain=Domain.TRUE):
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
    def _colleague_cards(self):
        return [self._colleague_card(user) for user in self._colleagues()]

    @api.model
    def _colleague_card(self, user):
        right = user._telecom_portal_right()
        return {
            "id": user.id,
            "name": user.name,
            "login": user.login,
            "words": right._words() if right else self.env._("everything"),
            "is_main": user._telecom_is_main(),
            "is_limited": right.is_limited,
            "may_change": not right or right.may_change,
            "department_ids": right.department_ids.ids,
            "number_ids": right.number_ids.ids,
        }

    @api.model
    def _colleague(self, text):
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
    def _departments(self):
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
    def _save_right(self, user_text, is_limited, may_change, departments, numbers):
        """Say what a colleague sees and sets.

        :param departments, numbers: what the page names, ids as texts; what is none
            of the customer's is refused
        :return: the right
        """
        user = self._colleague(user_text)
        values = {
            "is_limited": bool(is_limited),
            "may_change": bool(may_change),
            "department_ids": [Command.clear()],
            "number_ids": [Command.clear()],
        }
        if is_limited:
            chosen = self._chosen(self._departments(), departments)
            own = self._chosen(self._numbers(), numbers)
            values["department_ids"] = [Command.set(chosen.ids)]
            values["number_ids"] = [Command.set(own.ids)]
        return self._write_right(user, values)

    @api.model
    def _chosen(self, known, texts):
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
    def _write_right(self, user, values):
        """Write a right, with its history."""
        rights = self.env["telecom.portal.right"].sudo()
        right = rights._of(user.partner_id)
        before = self._right_words(right)
        quiet = {"tracking_disable": True, "mail_create_nolog": True}
        if right:
            # First what is taken away: the choice of numbers means only those.
            right.with_context(**quiet).write(values)
        else:
            right = rights.with_context(**quiet).create(
                {"partner_id": user.partner_id.id, **values}
            )
        what = self.env._("Rights of %s", user.name)
        self._log(right, what, before, self._right_words(right))
        return right

    @api.model
    def _right_words(self, right):
        words = right._words() if right else self.env._("everything")
        if right and not right.may_change:
            return self.env._("%s, to look at only", words)
        return words

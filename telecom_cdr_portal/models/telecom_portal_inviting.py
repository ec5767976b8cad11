# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import escape_psql
from odoo.tools.mail import email_normalize, single_email_re

NAME_SIZE = 64
EMAIL_SIZE = 128
# What no name of a person has, but what an unasked-for advertisement needs.
STRANGE = '<>@/\\:"'


class TelecomPortalInviting(models.AbstractModel):
    """Access of colleagues: given and taken back by the main users of a customer."""

    _name = "telecom.portal.inviting"
    _inherit = "telecom.portal.colleagues"
    _description = "Telephony in the Portal: Invitations"

    @api.model
    def _may_invite(self) -> bool:
        return self._may_manage() and self._may("colleagues")

    @api.model
    def _check_may_invite(self) -> None:
        if not self._may_invite():
            raise UserError(
                self.env._("You cannot invite colleagues here: please ask us to do it.")
            )

    # === INVITE === #

    @api.model
    def _invite(
        self, name: object, email: object, scope: object, right: dict
    ) -> tuple[bool, str]:
        """Give a colleague access; Odoo's own invitation goes out by mail.

        :param right: what the page says of the rights, see `_right_values`
        :return: whether it was sent, and words for people. An address that belongs
            to somebody else is counted, and refused without a word on whose it is.
        """
        self._check_may_invite()
        name, email = self._read_name(name), self._read_email(email)
        if scope not in ("all", "some"):
            raise UserError(self.env._("Choose what the colleague sees."))
        values = self._right_values(**right)
        self.env["telecom.portal.invitation"].sudo()._note(self._payer(), email)
        users = self._users_of(email)
        if not self._is_colleague(users):
            return False, self.env._(
                "%s cannot be invited here: please ask us to do it.", email
            )
        if any(users.mapped("active")):
            raise UserError(self.env._("%s has access already.", email))
        contact = users.partner_id[:1] or self._contact(name, email)
        granted = self._write_right(contact, values)
        self._grant(contact, email)
        words = self._right_words(granted)
        self._note_access(contact, "", words)
        return True, self.env._(
            "%(name)s is invited by a mail to %(email)s, and sees %(what)s.",
            name=contact.name,
            email=email,
            what=words,
        )

    @api.model
    def _invite_again(self, user_text: object) -> str:
        """Send the invitation of a colleague who has never signed in once more."""
        self._check_may_invite()
        user = self._colleague(user_text)
        if user.login_date:
            raise UserError(self.env._("%s has signed in already.", user.name))
        email = email_normalize(user.email or user.login) or user.login
        self.env["telecom.portal.invitation"].sudo()._note(self._payer(), email)
        self._access_line(user.partner_id).action_invite_again()
        what = self.env._("Invitation of %s", user.name)
        self._log(user.partner_id, what, "", self.env._("sent again"))
        return self.env._("The invitation was sent to %s again.", email)

    @api.model
    def _take_access_back(self, user_text: object) -> str:
        """End the access of a colleague: at once, whoever is signed in."""
        self._check_may_invite()
        user = self._colleague(user_text)
        words = self._right_words(user._telecom_portal_right())
        self._access_line(user.partner_id).action_revoke_access()
        self._note_access(user.partner_id, words, "")
        return self.env._("%s has no access any more.", user.name)

    # === WHO IT IS === #

    @api.model
    def _users_of(self, email: str) -> models.BaseModel:
        """Users, of whomever, present or former, who sign in by an address or have
        it as theirs."""
        users = self.env["res.users"].sudo().with_context(active_test=False)
        return users.search(
            Domain("login", "=ilike", escape_psql(email))
            | Domain("partner_id.email_normalized", "=", email)
        )

    @api.model
    def _is_colleague(self, users: models.BaseModel) -> bool:
        """Whether users are contacts of the customer's, and nobody else's."""
        payer = self._payer()
        return all(
            user.share
            and user.partner_id != payer
            and user.partner_id.commercial_partner_id == payer
            for user in users
        )

    @api.model
    def _contact(self, name: str, email: str) -> models.BaseModel:
        """The customer's contact with this address, else a new one."""
        contacts = self.env["res.partner"].sudo()
        known = contacts.search(
            Domain("commercial_partner_id", "=", self._payer().id)
            & Domain("id", "!=", self._payer().id)
            & Domain("email_normalized", "=", email)
            & Domain("user_ids", "=", False),
            limit=1,
        )
        return known or contacts.create(
            {
                "name": name,
                "email": email,
                "parent_id": self._payer().id,
                "company_id": self._payer().company_id.id,
                "lang": self.env.user.lang,
                "tz": self.env.user.tz,
            }
        )

    # === ODOO'S OWN INVITATION === #

    @api.model
    def _access_line(self, contact: models.BaseModel) -> models.BaseModel:
        """The line of a contact in Odoo's wizard of portal access."""
        wizards = self.env["portal.wizard"].sudo()
        wizards = wizards.with_company(self.env.user.company_id)
        wizard = wizards.create({"partner_ids": [Command.set(contact.ids)]})
        return wizard.user_ids

    @api.model
    def _grant(self, contact: models.BaseModel, email: str) -> None:
        """Access to what the inviting user sees: the same companies."""
        line = self._access_line(contact)
        line.email = email
        line.action_grant_access()
        users = self.env["res.users"].sudo()
        user = users.search(Domain("partner_id", "=", contact.id), limit=1)
        user.company_ids |= self._companies()

    @api.model
    def _note_access(self, contact: models.BaseModel, old: str, new: str) -> None:
        what = self.env._("Access of %s", contact.name)
        self._log(contact, what, old, new)

    # === READING, WITH DISTRUST === #

    @api.model
    def _read_name(self, text: object) -> str:
        name = " ".join(str(text or "").split())
        if not name or len(name) > NAME_SIZE or set(name) & set(STRANGE):
            raise UserError(
                self.env._(
                    "Write the colleague's name: up to %s characters, no address.",
                    NAME_SIZE,
                )
            )
        return name

    @api.model
    def _read_email(self, text: object) -> str:
        text = str(text or "").strip()
        email = email_normalize(text) if single_email_re.fullmatch(text) else False
        if not email or len(email) > EMAIL_SIZE:
            raise UserError(
                self.env._(
                    "“%s” is no e-mail address: write one such as ann@example.com.",
                    text[:40],
                )
            )
        return email

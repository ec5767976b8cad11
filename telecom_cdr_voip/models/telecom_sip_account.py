# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import re
import secrets
from typing import Any, Self

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

STATES = [("active", "Active"), ("blocked", "Blocked")]
# What stands in configuration files of switches without quoting.
LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", re.ASCII)
SECRET = re.compile(r"[A-Za-z0-9._~!*+=@-]{12,64}", re.ASCII)
SECRET_BYTES = 15  # 20 characters
# What a switch has to know of an account.
PROVISIONED = {
    "active",
    "caller_number_id",
    "ha1",
    "label",
    "login",
    "network_ids",
    "number_ids",
    "secret_cipher",
    "state",
    "switch_id",
}


class TelecomSipAccount(models.Model):
    """What a telephone or PBX of a customer logs in with at a switch."""

    _name = "telecom.sip.account"
    _description = "SIP Account"
    _inherit = [
        "mail.thread",
        "telecom.sip.account.guide.mixin",
        "telecom.sip.account.provisioning.mixin",
        "telecom.sip.account.fraud.mixin",
    ]
    _rec_name = "login"
    _order = "login, id"
    _check_company_auto = True

    login = fields.Char(required=True, tracking=True)
    label = fields.Char(
        tracking=True, help="What the customer calls it: reception, Ann's desk."
    )
    active = fields.Boolean(default=True, tracking=True)
    state = fields.Selection(STATES, required=True, default="active", tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    switch_id = fields.Many2one(
        "telecom.switch",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        ondelete="restrict",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        tracking=True,
        ondelete="restrict",
        help="Who pays for its calls: a customer, not one of its contacts.",
    )
    number_ids = fields.Many2many(
        "telecom.number",
        string="Numbers",
        check_company=True,
        domain="[('partner_id.commercial_partner_id', '=', partner_id)]",
        help="The numbers that it may call from, and that ring there.",
    )
    caller_number_id = fields.Many2one(
        "telecom.number",
        string="Caller id",
        tracking=True,
        index="btree_not_null",
        check_company=True,
        domain="[('id', 'in', number_ids)]",
        ondelete="restrict",
        help="The number that called people see. Empty: the first of its numbers.",
    )
    network_ids = fields.One2many("telecom.sip.network", "account_id")
    device_id = fields.Many2one(
        "telecom.sip.device",
        tracking=True,
        index="btree_not_null",
        check_company=True,
        ondelete="set null",
    )
    secret_cipher = fields.Char(copy=False, groups="base.group_system")
    ha1 = fields.Char(string="HA1", copy=False, groups="base.group_system")
    changed_at = fields.Datetime(
        string="Changed",
        readonly=True,
        copy=False,
        index=True,
        default=fields.Datetime.now,
        help="When something changed that the switch has to know.",
    )

    _login_uniq = models.Constraint(
        "UNIQUE(switch_id, login)", "This switch already has an account of this login."
    )

    @api.depends("login", "label")
    def _compute_display_name(self) -> None:
        for account in self:
            text = account.login or ""
            account.display_name = (
                f"{text} ({account.label})" if account.label else text
            )

    # === CHECKS === #

    @api.constrains("login")
    def _check_login(self) -> None:
        for account in self:
            if not LOGIN.fullmatch(account.login):
                raise ValidationError(
                    self.env._(
                        "'%s' can not be a login. Use up to 64 letters, digits and "
                        ". _ + -, with a letter or digit first.",
                        account.login,
                    )
                )

    @api.constrains("partner_id", "number_ids", "caller_number_id")
    def _check_owner(self) -> None:
        for account in self:
            if account.partner_id != account.partner_id.commercial_partner_id:
                raise ValidationError(account._say_contact())
            numbers = account.number_ids | account.caller_number_id
            for number in numbers.sudo():
                if number.commercial_partner_id != account.partner_id:
                    raise ValidationError(
                        self.env._(
                            "%(number)s is not held by %(customer)s.",
                            number=number.display_name,
                            customer=account.partner_id.display_name,
                        )
                    )

    def _say_contact(self) -> str:
        return self.env._(
            "%(contact)s is a contact of %(customer)s, who pays for the calls: choose "
            "the customer.",
            contact=self.partner_id.display_name,
            customer=self.partner_id.commercial_partner_id.display_name,
        )

    # === WRITING === #

    @api.model_create_multi
    def create(self, vals_list: list[dict[str, Any]]) -> Self:
        accounts = super().create(vals_list)
        for account in accounts.filtered(lambda one: not one.sudo().secret_cipher):
            account._new_secret()
        return accounts

    def write(self, vals: dict[str, Any]) -> bool:
        if vals.keys() & PROVISIONED:
            vals = {**vals, "changed_at": fields.Datetime.now()}
        result = super().write(vals)
        if vals.keys() & {"login", "switch_id"}:
            self._refresh_ha1()
        return result

    def _follow_numbers(self) -> None:
        """Numbers have another payer: an account goes along with all it has.

        Where it has others, too, it stays, and those that went leave it.
        """
        for account in self:
            numbers = account.number_ids | account.caller_number_id
            gone = numbers.filtered(
                lambda n, own=account.partner_id: n.commercial_partner_id != own
            )
            payers = gone.commercial_partner_id
            if gone == numbers and len(payers) == 1:
                account.partner_id = payers
            elif gone:
                gone._leave_accounts(account)
                account._note_left(gone)

    def _note_left(self, numbers: models.BaseModel) -> None:
        self.message_post(
            body=self.env._(
                "Numbers taken out, as another customer pays for them now: %s",
                ", ".join(numbers.mapped("number")),
            ),
            subtype_xmlid="mail.mt_note",
        )

    def _touch(self) -> None:
        """Something beside the account changed that its switch has to know."""
        self.sudo().write({"changed_at": fields.Datetime.now()})

    # === SECRET === #

    def _secret(self) -> str | None:
        """The password in clear; for code that shows or provisions it, as superuser."""
        self.ensure_one()
        if not self.env.su and not self.env.is_system():
            raise UserError(self.env._("Passwords are shown one by one, by a button."))
        cipher = self.sudo().secret_cipher
        return self.env["telecom.secret"]._decrypt(cipher) if cipher else None

    def _set_secret(self, text: str | None) -> bool:
        """Set the password, or none: the account can't log in then."""
        self.ensure_one()
        if text is not None and not SECRET.fullmatch(text):
            raise UserError(
                self.env._(
                    "A password has 12 to 64 letters, digits and . _ ~ ! * + = @ -; "
                    "this one has %s characters or others than these.",
                    len(text),
                )
            )
        cipher = text and self.env["telecom.secret"]._encrypt(text)
        self.sudo().write({"secret_cipher": cipher, "ha1": self._ha1(text)})
        return True

    def _new_secret(self) -> str:
        """Set a random password, and return it."""
        text = secrets.token_urlsafe(SECRET_BYTES)
        self._set_secret(text)
        return text

    def _show_secret(self) -> str | None:
        """The password, to show it to who asked: that is noted in the history."""
        self.ensure_one()
        text = self.sudo()._secret()
        self.sudo().message_post(
            body=self.env._("The password was shown to %s.", self.env.user.name),
            author_id=self.env.user.partner_id.id,
            subtype_xmlid="mail.mt_note",
        )
        return text

    def _ha1(self, secret: str | None) -> str | bool:
        """What digest authentication needs instead of the password (RFC 2617)."""
        if not secret:
            return False
        text = f"{self.login}:{self.switch_id.sudo().domain}:{secret}"
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    def _refresh_ha1(self) -> None:
        for account in self.sudo().filtered("secret_cipher"):
            account.ha1 = account._ha1(account._secret())

    def _rotate_secrets(self) -> int:
        """Encrypt passwords with the first key of the file; their number."""
        accounts = self.sudo().filtered("secret_cipher")
        for account in accounts:
            again = self.env["telecom.secret"]._again(account.secret_cipher)
            # Not through write: nothing changes for the switch.
            super(TelecomSipAccount, account).write({"secret_cipher": again})
        return len(accounts)

    # === BUTTONS === #

    def action_show_secret(self) -> dict[str, Any]:
        """Show the password to somebody who may change it."""
        self.check_access("write")
        return self._shown(
            self.env._("Password of %s", self.login), self._show_secret()
        )

    def action_new_secret(self) -> dict[str, Any]:
        """Set another password, and show it."""
        self.check_access("write")
        self._new_secret()
        return self._shown(
            self.env._("New password of %s", self.login), self._show_secret()
        )

    def _shown(self, title: str, text: str | None) -> dict[str, Any]:
        params = {"title": title, "message": text or self.env._("There is none.")}
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {**params, "type": "info", "sticky": True},
        }

    def action_block(self) -> None:
        self.write({"state": "blocked"})

    def action_unblock(self) -> None:
        self.write({"state": "active"})

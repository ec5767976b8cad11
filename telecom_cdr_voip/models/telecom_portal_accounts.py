# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.telecom_cdr.parsers import numbering

from .networks import BadNetwork, read_network

MAX_LABEL = 64
MAX_NETWORKS = 50
MAX_NUMBERS = 500
# Changes that a page shows; all of them are on a page of their own.
SHOWN_CHANGES = 10


class TelecomPortalAccounts(models.AbstractModel):
    """SIP accounts as their customer sees and sets them."""

    _name = "telecom.portal.accounts"
    _inherit = "telecom.portal.settings"
    _description = "Telephony in the Portal: SIP Accounts"

    # === WHICH === #

    @api.model
    def _accounts(self, domain: Domain = Domain.TRUE) -> models.BaseModel:
        """The accounts that the user may see.

        Who sees some numbers only sees no account that others' numbers use, too: its
        password would be theirs.
        """
        domain &= self._scope_domain("number_ids")
        accounts = self.env["telecom.sip.account"].sudo().search(domain)
        scope = self._scope_number_ids()
        if scope is None:
            return accounts
        own = set(scope)
        return accounts.filtered(lambda one: set(one.number_ids.ids) <= own)

    @api.model
    def _account(self, account_id: int) -> models.BaseModel:
        """An account of the user's by its id, or nothing."""
        return self._accounts(Domain("id", "=", account_id))

    @api.model
    def _account_values(self, account: models.BaseModel) -> dict[str, Any]:
        """What a page shows of an account; the password is not among it."""
        switch = account.switch_id
        return {
            "id": account.id,
            "title": account.label or account.login,
            "label": account.label or "",
            "login": account.login,
            "server": switch.host or switch.domain,
            "domain": switch.domain,
            "port": switch.port,
            "is_blocked": account.state == "blocked",
            "device": account.device_id.model_id.display_name or "",
            "caller": self._phone_text(account.caller_number_id),
            "numbers": [self._number_values(number) for number in account.number_ids],
            "networks": [
                {"id": one.id, "network": one.network, "label": one.label or ""}
                for one in account.network_ids
            ],
        }

    @api.model
    def _number_values(self, number: models.BaseModel) -> dict[str, Any]:
        return {
            "id": number.id,
            "text": self._phone_text(number),
            "label": number.label or "",
        }

    @api.model
    def _number_cards(self) -> list[dict[str, Any]]:
        """The numbers that the user sees and that run, with their names."""
        domain = Domain("state", "in", ["active", "suspended"])
        numbers = self._numbers(domain, limit=MAX_NUMBERS)
        return [self._number_values(number) for number in numbers]

    @api.model
    def _phone_text(self, number: models.BaseModel) -> str:
        return numbering.format_international(number.number or "")

    @api.model
    def _changes_of(self, records: models.BaseModel) -> models.BaseModel:
        """The last changes of records by the customer, newest first."""
        changes = self.env["telecom.portal.change"].sudo()
        return changes.search(
            [("res_model", "=", records._name), ("res_id", "in", records.ids)],
            limit=SHOWN_CHANGES,
        )

    # === NAMES === #

    @api.model
    def _set_label(self, record: models.BaseModel, text: str | None) -> None:
        """The customer's own name of an account or number."""
        if not self._may_name():
            raise UserError(self.env._("You cannot change this here."))
        label, old = self._one_line(text), record.label
        if label != (old or ""):
            record.label = label or False
            self._log(
                record, self.env._("Name of %s", self._name_of(record)), old, label
            )

    @api.model
    def _one_line(self, text: str | None) -> str:
        return " ".join((text or "").replace("\0", "").split())[:MAX_LABEL]

    @api.model
    def _may_name(self) -> bool:
        """Whoever may change something may give names."""
        user = self.env.user
        right = user._telecom_portal_right()
        return bool(user.share and self._payer() and (not right or right.may_change))

    @api.model
    def _name_of(self, record: models.BaseModel) -> str:
        if record._name == "telecom.number":
            return self._phone_text(record)
        return record.login

    # === PASSWORD === #

    @api.model
    def _show_password(self, account: models.BaseModel) -> str:
        """The password in clear, noted in both histories."""
        self._check_may("secrets", account.company_id)
        self._log(account, self.env._("Password"), "", self.env._("shown"))
        return account._show_secret()

    @api.model
    def _renew_password(self, account: models.BaseModel) -> str:
        """Another password, in clear: telephones have to be told."""
        self._check_may("secrets", account.company_id)
        text = account._new_secret()
        self._log(account, self.env._("Password"), "", self.env._("renewed"))
        return text

    # === NETWORKS === #

    @api.model
    def _add_network(
        self, account: models.BaseModel, text: str | None, label: str | None
    ) -> None:
        """Allow an address or network to use an account."""
        self._check_may("networks", account.company_id)
        network = self._checked_network(account.company_id, text)
        if len(account.network_ids) >= MAX_NETWORKS:
            raise UserError(
                self.env._(
                    "An account has %s addresses at most: remove one first, or allow a "
                    "network that holds several.",
                    MAX_NETWORKS,
                )
            )
        known = account.network_ids.mapped("network")
        spelled = account.network_ids._spelled(str(network))
        if spelled in known:
            raise UserError(self.env._("%s is allowed already.", spelled))
        new = account.network_ids.create(
            {
                "account_id": account.id,
                "network": spelled,
                "label": self._one_line(label),
            }
        )
        self._log_networks(account, known, [*known, new.network])

    @api.model
    def _remove_network(
        self, account: models.BaseModel, network_id: str | None
    ) -> None:
        """Take an allowed network back; the last one gone means from anywhere."""
        self._check_may("networks", account.company_id)
        network = account.network_ids.filtered(lambda one: str(one.id) == network_id)
        known = account.network_ids.mapped("network")
        if network:
            network.unlink()
            self._log_networks(account, known, account.network_ids.mapped("network"))

    @api.model
    def _log_networks(self, account: models.BaseModel, old: str, new: str) -> None:
        self._log(
            account,
            self.env._("Allowed addresses of %s", account.login),
            ", ".join(old) or self.env._("from anywhere"),
            ", ".join(new) or self.env._("from anywhere"),
        )

    @api.model
    def _checked_network(self, company: models.BaseModel, text: str | None) -> str:
        """The network in a text, where it is one and not too large."""
        try:
            network = read_network(text)
        except BadNetwork as error:
            raise UserError(
                self.env._(
                    "“%s” is neither an address nor a network. Write 192.0.2.1, "
                    "192.0.2.0/24, 2001:db8::1 or 2001:db8::/32.",
                    error,
                )
            ) from error
        # As text: a translation would list all addresses of a network.
        text = str(network)
        least = company[f"telecom_portal_ipv{network.version}_bits"]
        if network.prefixlen < least:
            raise UserError(
                self.env._(
                    "%(network)s is too large a network: at least /%(least)s was "
                    "expected. Write the addresses that your telephones really have.",
                    network=text,
                    least=least,
                )
            )
        if network.is_multicast or network.is_unspecified:
            raise UserError(self.env._("No telephone has an address in %s.", text))
        return network

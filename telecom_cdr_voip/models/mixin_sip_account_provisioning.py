# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
from typing import Any

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..provisioning.accounts import Removed, SipAccount


class TelecomSipAccountProvisioningMixin(models.AbstractModel):
    """What switches are told of SIP accounts, and which logins they must forget."""

    _name = "telecom.sip.account.provisioning.mixin"
    _description = "SIP Accounts as Switches Know Them"

    def write(self, vals: dict[str, Any]) -> bool:
        known = self._known() if vals.keys() & {"login", "switch_id"} else []
        result = super().write(vals)
        self._bury(known)
        return result

    def unlink(self) -> bool:
        known = self._known()
        result = super().unlink()
        self._bury(known)
        return result

    def _known(self) -> list[tuple[int, int, str]]:
        """(switch, key, login) as switches know them now."""
        return [(one.switch_id.id, one.id, one.login) for one in self]

    @api.model
    def _bury(self, known: list[tuple[int, int, str]]) -> None:
        """Keep what is not true any more, for switches to be told of."""
        present = set(self.exists()._known())
        self.env["telecom.sip.removed"].sudo().create(
            [
                {"switch_id": switch, "account_key": key, "login": login}
                for switch, key, login in known
                if (switch, key, login) not in present
            ]
        )

    def _is_served(self) -> bool:
        """Whether its switch lets it in at all."""
        return self.active and self.state == "active"

    def _as_removed(self) -> Removed:
        return Removed(id=self.id, login=self.login)

    def _provisioned(self) -> SipAccount:
        """The account as the writers of files take it."""
        number = self._held_numbers()[:1]
        return SipAccount(
            id=self.id,
            login=self.login,
            ha1=self.ha1 or "",
            ha1b=self._ha1b(),
            label=self.label or "",
            caller_number=number.number or "",
            networks=tuple(self.network_ids.mapped("network")),
        )

    def _held_numbers(self) -> models.BaseModel:
        """Its numbers in service that its customer holds still, the caller id first."""
        now = fields.Datetime.now()
        return (self.caller_number_id | self.number_ids).filtered(
            lambda one: one.state == "active"
            and one.commercial_partner_id == self.partner_id.commercial_partner_id
            and not (one.date_start and one.date_start > now)
        )

    def _ha1b(self) -> str:
        """The digest for telephones that log in as login@realm.

        Made from the password. Where the configuration file's key is gone, those that
        log in by the login alone go on.
        """
        try:
            secret = self._secret()
        except UserError:
            return ""
        realm = self.switch_id.domain
        text = f"{self.login}@{realm}:{realm}:{secret}"
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return digest if secret else ""

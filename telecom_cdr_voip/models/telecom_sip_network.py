# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any, Self

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .networks import BadNetwork, read_network


class TelecomSipNetwork(models.Model):
    """An address or network that may use a SIP account."""

    _name = "telecom.sip.network"
    _description = "Allowed Network of a SIP Account"
    _rec_name = "network"
    _order = "network, id"

    account_id = fields.Many2one(
        "telecom.sip.account", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="account_id.company_id", store=True, index=True, precompute=True
    )
    network = fields.Char(
        required=True, help="192.0.2.1, 192.0.2.0/24, 2001:db8::1 or 2001:db8::/32"
    )
    label = fields.Char(string="Place")

    _network_uniq = models.Constraint(
        "UNIQUE(account_id, network)", "This account already has this network."
    )

    @api.model_create_multi
    def create(self, vals_list: list[dict[str, Any]]) -> Self:
        networks = super().create(
            [
                {**vals, "network": self._spelled(vals.get("network"))}
                for vals in vals_list
            ]
        )
        networks._note(self.env._("Allowed network added: %s"))
        return networks

    def write(self, vals: dict[str, Any]) -> bool:
        if "network" in vals:
            self._note(self.env._("Allowed network replaced: %s"))
            vals = {**vals, "network": self._spelled(vals["network"])}
        result = super().write(vals)
        if "network" in vals:
            self._note(self.env._("Allowed network added: %s"))
        return result

    def unlink(self) -> bool:
        self._note(self.env._("Allowed network removed: %s"))
        return super().unlink()

    @api.model
    def _spelled(self, text: str | None) -> str:
        """The network in one spelling, an address without a prefix length."""
        try:
            network = read_network(text)
        except BadNetwork as error:
            raise ValidationError(
                self.env._(
                    "'%s' is neither an address nor a network. Write 192.0.2.1, "
                    "192.0.2.0/24, 2001:db8::1 or 2001:db8::/32.",
                    error,
                )
            ) from error
        if network.prefixlen == network.max_prefixlen:
            return str(network.network_address)
        return str(network)

    def _note(self, text: str) -> None:
        """History of the account, which the switch has to be told of."""
        for account, networks in self.grouped("account_id").items():
            account.sudo().message_post(
                body=text % ", ".join(networks.mapped("network")),
                subtype_xmlid="mail.mt_note",
            )
            account._touch()

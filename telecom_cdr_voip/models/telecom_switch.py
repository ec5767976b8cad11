# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import re
import secrets
from typing import Any

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import consteq

from .networks import BadNetwork, covers, read_networks

KINDS = [
    ("asterisk", "Asterisk"),
    ("freeswitch", "FreeSWITCH"),
    ("kamailio", "Kamailio"),
    ("other", "Other"),
]
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,252}[A-Za-z0-9])?", re.ASCII)
KEY_START = 6  # characters of a key that are kept to tell keys apart
LAST_PORT = 65535


def hashed(key: str) -> str:
    """What is kept of a key; it is long and random, so that a plain hash will do."""
    return hashlib.sha256(key.encode()).hexdigest()


class TelecomSwitch(models.Model):
    """A PBX or softswitch that asks for each call, and takes its accounts from here."""

    _name = "telecom.switch"
    _description = "Switch"
    _inherit = ["mail.thread", "telecom.switch.provisioning.mixin"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    kind = fields.Selection(KINDS, required=True, default="asterisk", tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    domain = fields.Char(
        string="SIP domain",
        required=True,
        tracking=True,
        help="The realm that telephones log in to, as the switch has it. A change "
        "makes new hashes of all passwords: telephones have to be told.",
    )
    host = fields.Char(
        tracking=True, help="Where telephones find it. Empty: the SIP domain."
    )
    port = fields.Integer(default=5060, required=True, tracking=True)
    key_hash = fields.Char(copy=False, groups="base.group_system")
    key_start = fields.Char(
        string="Key begins with", copy=False, readonly=True, tracking=True
    )
    allowed_networks = fields.Char(
        string="Asks from",
        tracking=True,
        help="Addresses and networks that the switch may ask from, separated by "
        "commas (192.0.2.10, 2001:db8::/32). Empty: from anywhere that has its key.",
    )
    rate_limit = fields.Integer(
        string="Requests a second",
        required=True,
        default=100,
        tracking=True,
        help="More are refused. Each of Odoo's workers answers its share of them, and "
        "may once answer the requests of a whole second at a time.",
    )
    time_reserved = fields.Integer(
        string="Allowed at once (s)",
        required=True,
        default=0,
        tracking=True,
        help="0: a limited call may go on as long as the limit pays for, and all of "
        "that is reserved for it. Else it gets so many seconds at a time, and the "
        "switch asks to go on before they end.",
    )
    account_ids = fields.One2many("telecom.sip.account", "switch_id")
    account_count = fields.Integer(
        string="Number of accounts", compute="_compute_account_count"
    )

    _rate_limit_positive = models.Constraint(
        "CHECK(rate_limit > 0)", "A switch must be allowed at least 1 request a second."
    )
    _time_reserved_positive = models.Constraint(
        "CHECK(time_reserved >= 0)", "The time reserved cannot be negative."
    )

    @api.depends("account_ids")
    def _compute_account_count(self) -> None:
        for switch in self:
            switch.account_count = len(switch.account_ids)

    @api.constrains("domain", "host")
    def _check_host(self) -> None:
        for switch in self:
            for text in (switch.domain, switch.host or switch.domain):
                if not HOST.fullmatch(text):
                    raise ValidationError(
                        self.env._(
                            "'%s' is neither the name of a host nor an address, such "
                            "as sip.example.com.",
                            text,
                        )
                    )

    @api.constrains("port")
    def _check_port(self) -> None:
        for switch in self:
            if not 0 < switch.port <= LAST_PORT:
                raise ValidationError(
                    self.env._(
                        "%s is not a port; ports go from 1 to 65535.", switch.port
                    )
                )

    @api.constrains("allowed_networks")
    def _check_allowed_networks(self) -> None:
        for switch in self:
            try:
                read_networks(switch.allowed_networks)
            except BadNetwork as error:
                raise ValidationError(
                    self.env._(
                        "'%s' is neither an address nor a network, such as 192.0.2.10 "
                        "or 2001:db8::/32.",
                        error,
                    )
                ) from error

    def write(self, vals: dict[str, Any]) -> bool:
        result = super().write(vals)
        if "domain" in vals:
            self.account_ids._refresh_ha1()
        if vals.keys() & {"domain", "host", "port", "kind", "active"}:
            self.account_ids._touch()
        return result

    # === API KEY === #

    def _new_key(self) -> str:
        """Give the switch another key, and return it: it is kept as a hash only."""
        self.ensure_one()
        key = secrets.token_urlsafe(32)
        self.sudo().write({"key_hash": hashed(key), "key_start": key[:KEY_START]})
        return key

    def _check_key(self, key: str | None) -> bool:
        """Whether this is the key of the switch, in the same time for any key."""
        known = self.sudo().key_hash or hashed("")
        return consteq(known, hashed(key or "")) and bool(key)

    def _may_ask_from(self, address: str | None) -> bool:
        """Whether the switch may ask from an address."""
        return covers(self.allowed_networks, address)

    def action_new_key(self) -> dict[str, Any]:
        """A new key, shown once; the switch has to be told before it asks again."""
        self.check_access("write")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "title": self.env._("The new key, shown this once"),
                "message": self._new_key(),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_open_accounts(self) -> dict[str, Any]:
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_voip.telecom_sip_account_action"
        )
        action["domain"] = [("switch_id", "=", self.id)]
        action["context"] = {"default_switch_id": self.id}
        return action

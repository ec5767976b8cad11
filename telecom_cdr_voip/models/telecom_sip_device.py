# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from typing import Any, Self

from odoo import api, fields, models
from odoo.exceptions import ValidationError

MAC = re.compile(r"[0-9A-F]{12}", re.ASCII)


class TelecomSipDevice(models.Model):
    """A telephone at a customer's."""

    _name = "telecom.sip.device"
    _description = "SIP Device"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    model_id = fields.Many2one(
        "telecom.sip.device.model",
        required=True,
        index=True,
        tracking=True,
        ondelete="restrict",
    )
    mac = fields.Char(string="MAC address", tracking=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", tracking=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    account_ids = fields.One2many("telecom.sip.account", "device_id")

    _mac_uniq = models.UniqueIndex(
        "(company_id, mac) WHERE mac IS NOT NULL",
        "There is already a device of this MAC address.",
    )

    @api.model_create_multi
    def create(self, vals_list: list[dict[str, Any]]) -> Self:
        return super().create([self._spelled(vals) for vals in vals_list])

    def write(self, vals: dict[str, Any]) -> bool:
        return super().write(self._spelled(vals))

    @api.model
    def _spelled(self, vals: dict[str, Any]) -> dict[str, Any]:
        """MAC addresses in one spelling: 00:1A:2B:3C:4D:5E."""
        if not vals.get("mac"):
            return vals
        digits = re.sub(r"[\s:.-]", "", vals["mac"]).upper()
        if not MAC.fullmatch(digits):
            raise ValidationError(
                self.env._(
                    "'%s' is not a MAC address: twelve hexadecimal digits were "
                    "expected, such as 00:1A:2B:3C:4D:5E.",
                    vals["mac"],
                )
            )
        pairs = (digits[place : place + 2] for place in range(0, 12, 2))
        return {**vals, "mac": ":".join(pairs)}

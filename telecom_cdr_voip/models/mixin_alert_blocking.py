# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import api, fields, models
from odoo.fields import Domain


class TelecomAlertBlockingMixin(models.AbstractModel):
    """What an alert blocks until somebody has looked."""

    _name = "telecom.alert.blocking.mixin"
    _description = "Blocks of an Alert"

    block_ids = fields.One2many("telecom.block", "fraud_alert_id", readonly=True)
    account_ids = fields.One2many(
        "telecom.sip.account",
        "fraud_alert_id",
        string="Blocked accounts",
        readonly=True,
    )
    is_blocking = fields.Boolean(
        string="Blocks calls", compute="_compute_is_blocking", search="_search_blocking"
    )

    @api.depends("block_ids.active", "account_ids.state")
    def _compute_is_blocking(self) -> None:
        for alert in self:
            blocked = alert.account_ids.filtered(lambda one: one.state == "blocked")
            alert.is_blocking = bool(alert.block_ids.filtered("active") or blocked)

    def _search_blocking(self, operator: str, value: Any) -> Domain:
        if operator != "in":
            return NotImplemented
        return fields.Domain("block_ids", "!=", False) | fields.Domain(
            "account_ids.state", "=", "blocked"
        )

    def _block(self) -> None:
        """Do what the rule says; once, also where more facts come."""
        if self.rule_id.action == "tell" or self.is_blocking:
            return
        values = self._block_values() if self.rule_id.action == "place" else None
        if values:
            self.env["telecom.block"].create({**self._block_owner(), **values})
        else:
            self._block_accounts()

    def _block_owner(self) -> dict[str, Any]:
        return {
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "fraud_alert_id": self.id,
            "note": self.env._("Fraud watch: %s", self.rule_id.name),
        }

    def _block_values(self) -> dict[str, Any] | None:
        """The place of the alert as a block; nothing where it has no name."""
        if self.destination_id:
            return {"kind": "destination", "destination_id": self.destination_id.id}
        if self.category:
            return {"kind": "category", "category": self.category}
        if self.country_id.phone_code:
            return {"kind": "prefix", "prefix": f"+{self.country_id.phone_code}"}
        return None

    def _block_accounts(self) -> None:
        """No call at all from the accounts that were active until now."""
        accounts = self.env["telecom.sip.account"].search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "active"),
            ]
        )
        accounts.write({"state": "blocked", "fraud_alert_id": self.id})

    def _unblock(self, reason: str) -> None:
        """Let calls be made again; who did it and why is in the history."""
        for alert in self:
            blocked = alert.block_ids.mapped("display_name")
            blocked += alert.account_ids.mapped("login")
            alert.message_post(
                body=self.env._(
                    "Unblocked: %(what)s. Reason: %(reason)s",
                    what=", ".join(blocked),
                    reason=reason,
                ),
                subtype_xmlid="mail.mt_note",
            )
        # Blocks stay as history, without effect.
        self.block_ids.write({"active": False})
        accounts = self.account_ids.filtered(lambda one: one.state == "blocked")
        accounts.write({"state": "active"})
        self.account_ids.write({"fraud_alert_id": False})

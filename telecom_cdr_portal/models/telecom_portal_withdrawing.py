# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import format_date


class TelecomPortalWithdrawing(models.AbstractModel):
    """Orders that have not taken effect yet, and taking them back."""

    _name = "telecom.portal.withdrawing"
    _inherit = "telecom.portal.ordering"
    _description = "Telephony in the Portal: Orders Taken Back"

    @api.model
    def _pending_orders(self) -> list[dict]:
        """What the user may still take back, as texts."""
        if not self._sees_all():
            return []
        domain = self._scope_domain() & Domain("is_to_come", "=", True)
        orders = self.env["telecom.portal.order"].sudo().search(domain)
        return [
            self._pending_order(order)
            for order in orders
            if self._may_order(order.company_id) and not order._why_it_stays()
        ]

    @api.model
    def _pending_order(self, order: models.BaseModel) -> dict:
        return {
            "id": order.id,
            "kind": order.kind,
            "text": self._pending_text(order),
            "who": self.env._(
                "%(who)s, %(when)s",
                who=order.user_id.name,
                when=self._moment_text(order.create_date),
            ),
        }

    @api.model
    def _pending_text(self, order: models.BaseModel) -> str:
        """What will be, unless it is taken back."""
        values = {
            "bundle": order.bundle_id.name,
            "day": format_date(self.env, order._effective_day()),
        }
        if order.kind == "cancel":
            return self.env._("%(bundle)s ends after %(day)s", **values)
        if order.kind == "change":
            old = order.previous_id.bundle_id.name
            return self.env._(
                "%(bundle)s takes the place of %(old)s on %(day)s", old=old, **values
            )
        return self.env._("%(bundle)s begins on %(day)s", **values)

    @api.model
    def _withdraw_order(self, text: object) -> models.BaseModel:
        """Take back the order that a page names by its id."""
        orders = self.env["telecom.portal.order"].sudo()
        found = self._own(orders, text) if self._sees_all() else orders
        if not found or not self._may_order(found.company_id):
            raise UserError(
                self.env._(
                    "This order cannot be taken back here: please ask us to do it."
                )
            )
        found._withdraw()
        return found

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

from odoo import api, models


class TelecomPortalWhy(models.AbstractModel):
    """One call: what it is, and why it costs what it costs."""

    _name = "telecom.portal.why"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: One Call"

    @api.model
    def _call_page(self, call_id: int) -> dict | None:
        """A call as texts, with the way to its price; None: not one to be seen."""
        row = self._find_call(call_id)
        if row is None:
            return None
        [shown] = self._shown_calls([row])
        call = self.env["telecom.call"].sudo().browse(row.id)
        explanation = self.env["telecom.call.explanation"].sudo()
        return {
            **shown,
            "steps": [
                *explanation._customer_rows(call),
                *self._correction_rows(call),
                *self._anonymous_rows(call),
            ],
            "service": dict(self._selection("service")).get(row.service, ""),
        }

    @api.model
    def _anonymous_rows(self, call: models.BaseModel) -> list[dict]:
        """Why no more is known of an old call."""
        if not call._is_anonymous():
            return []
        return [
            {
                "title": self.env._("Anonymous call"),
                "text": self.env._(
                    "It is old and done with: its numbers were deleted for good, and "
                    "what depended on them cannot be told any more."
                ),
                "amount": "",
            }
        ]

    @api.model
    def _correction_rows(self, call: models.BaseModel) -> list[dict]:
        """What was billed or credited on the call since, by posted invoices."""
        standing = call.correction_ids.filtered("is_standing")
        posted = standing.filtered(lambda one: one.move_id.state == "posted")
        return [
            {
                "title": self.env._("Correction"),
                "text": self.env._("By %s.", one.move_id.name),
                "amount": self._money_text(
                    Decimal(repr(one.amount)), one.currency_id, is_exact=True
                ),
            }
            for one in posted.sorted("id")
        ]

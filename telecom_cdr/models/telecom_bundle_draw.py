# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from .bulk_fields import UncheckedBigMany2one, UncheckedMany2one
from .bundle_tables import read_draws
from .durations import hms


class TelecomBundleDraw(models.Model):
    """What one call took from one allowance."""

    _name = "telecom.bundle.draw"
    _description = "Telecom Bundle Draw"
    _order = "id desc"

    call_id = UncheckedBigMany2one("telecom.call", required=True, index=True)
    company_id = UncheckedMany2one("res.company", required=True)
    subscription_id = fields.Many2one(
        "telecom.bundle.subscription", required=True, index=True, ondelete="restrict"
    )
    allowance_id = fields.Many2one(
        "telecom.bundle.allowance", required=True, index=True, ondelete="restrict"
    )
    number_id = UncheckedMany2one("telecom.number")
    period_start = fields.Date(required=True)
    quantity = fields.Float(
        digits=(18, 6),
        required=True,
        help="Seconds, bytes, messages, calls or an amount, as the allowance has it.",
    )
    covered = fields.Float(
        digits=(18, 6),
        help="What of the call that was for: less than the quantity where the bundle "
        "takes whole steps; of money in the currency of the call's price.",
    )
    amount = fields.Float(
        digits=(18, 6),
        help="What it took of the allowance's limit of money, where it has one.",
    )
    conversion = fields.Char(
        help="From the currency of the allowance to that of the price, as a fraction."
    )
    quantity_text = fields.Char(string="Taken", compute="_compute_quantity_text")

    @api.depends("quantity", "allowance_id")
    def _compute_quantity_text(self):
        usage = self.env["telecom.bundle.usage"]
        for draw in self:
            kind = draw.allowance_id._quantity_kind()
            draw.quantity_text = (
                hms(draw.quantity)
                if kind == "seconds"
                else usage._quantity_text(
                    kind, draw.quantity, draw.company_id.currency_id
                )
            )

    @api.model
    def _frame(self, condition):
        """What calls ``c`` under an SQL condition took, as the engine takes it."""
        source = SQL("telecom_bundle_draw d JOIN telecom_call c ON c.id = d.call_id")
        return read_draws(self.env, source, condition)

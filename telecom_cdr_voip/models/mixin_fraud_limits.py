# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .fraud_tables import to_millionths


class TelecomFraudLimitsMixin(models.AbstractModel):
    """From which size on calls are an alert, in whole units."""

    _name = "telecom.fraud.limits.mixin"
    _description = "Limits of the Fraud Watch"

    min_calls = fields.Integer(
        string="Calls", help="At least so many. 0: any number of calls."
    )
    min_minutes = fields.Integer(string="Minutes", help="At least so many. 0: any.")
    min_amount = fields.Monetary(
        string="Amount",
        help="At least so much, in the currency of the company, as far as the calls "
        "have a price. 0: any.",
    )
    factor_percent = fields.Integer(
        string="Of the usual (%)",
        default=500,
        help="500: five times as much as in the same hour of the days before, on "
        "average.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    company_id = fields.Many2one("res.company")

    _limits_positive = models.Constraint(
        "CHECK(min_calls >= 0 AND min_minutes >= 0 AND min_amount >= 0)",
        "Limits cannot be negative.",
    )
    _factor_range = models.Constraint(
        "CHECK(factor_percent BETWEEN 100 AND 100000)",
        "A rise is measured from 100 % (as usual) to 100000 % (a thousand times).",
    )

    def _limits(self) -> dict[str, int]:
        """The limits as the watch takes them."""
        return {
            "min_calls": self.min_calls,
            "min_seconds": self.min_minutes * 60,
            "min_amount": to_millionths(self.min_amount),
            "factor_percent": self.factor_percent,
        }

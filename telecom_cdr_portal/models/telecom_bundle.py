# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class TelecomBundle(models.Model):
    _inherit = "telecom.bundle"

    is_offered = fields.Boolean(
        string="Offered in the portal",
        tracking=True,
        copy=False,
        help="Customers may order it, change to it and cancel it there, where the "
        "settings let customers order bundles.",
    )
    offer_start = fields.Selection(
        [("now", "At once"), ("next", "With the customer's next period")],
        string="An order begins",
        required=True,
        default="next",
        tracking=True,
    )
    offer_minimum_months = fields.Integer(
        string="At least for (months)",
        tracking=True,
        help="It cannot be cancelled or changed for an end before that.",
    )
    offer_notice_days = fields.Integer(
        string="Notice (days)",
        tracking=True,
        help="It ends with a period that ends at least so many days after the "
        "cancellation.",
    )
    offer_terms = fields.Text(
        string="Terms",
        translate=True,
        help="What the customer reads before ordering and agrees to.",
    )

    _offer_range = models.Constraint(
        "CHECK(offer_minimum_months BETWEEN 0 AND 120"
        " AND offer_notice_days BETWEEN 0 AND 365)",
        "A minimum is 0 to 120 months, a notice 0 to 365 days.",
    )

    @api.constrains("is_offered", "allowance_ids", "tariff_id")
    def _check_offered(self) -> None:
        for bundle in self.filtered("is_offered"):
            if bundle.is_empty:
                raise ValidationError(
                    self.env._(
                        "%(bundle)s includes nothing: add an allowance or a call plan "
                        "tariff before offering it.",
                        bundle=bundle.name,
                    )
                )

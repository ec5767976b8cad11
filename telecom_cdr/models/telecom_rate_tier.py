# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .largest_amounts import LARGEST_BYTES, LARGEST_PRICE, LARGEST_SUM, at_most, exceeds

TIER_KINDS = [
    ("second", "Seconds of the call"),
    ("volume", "Quantity in the month"),
    ("cost", "Carrier's cost of the call"),
]
# Quantities are stored as the engine counts them, and typed as people count them.
TYPED_UNITS = {"seconds": 60, "bytes": 1_000_000}


class TelecomRateTierMixin(models.AbstractModel):
    """Another price from some second, quantity or cost on."""

    _name = "telecom.rate.tier.mixin"
    _description = "Tier of a Price"

    kind = fields.Selection(
        TIER_KINDS,
        string="Counts",
        required=True,
        default="second",
        help="What decides that the tier is reached: how long the call lasts, what "
        "the month holds so far, or what the carrier asks for the call.",
    )
    start = fields.Float(digits=(24, 9), aggregator=None)
    typed_start = fields.Float(
        string="Above",
        digits=(24, 6),
        compute="_compute_typed_start",
        inverse="_inverse_typed_start",
        help="The tier begins behind it: above 600 s means from second 601 on.",
    )
    unit_text = fields.Char(string="Unit", compute="_compute_unit_text")
    has_price = fields.Boolean(
        string="Own price", default=True, help="Off: the price of the rate stays."
    )
    price = fields.Float(digits=(16, 9), aggregator=None)
    increment = fields.Integer(
        string="Step (s)", aggregator=None, help="0: the step of the rate."
    )
    # With the price it tells the cost.
    markup = fields.Float(
        string="Mark-up (%)",
        digits=(16, 4),
        aggregator=None,
        groups="telecom_cdr.group_telecom_cost",
    )

    _start_positive = models.Constraint(
        "CHECK(start > 0)",
        "A tier starts above 0: up to there the rate's own price holds.",
    )
    _start_largest = models.Constraint(
        f"CHECK({at_most(LARGEST_BYTES, 'start')}"
        f" AND (kind <> 'cost' OR {at_most(LARGEST_SUM, 'start')}))",
        "A tier starts at most at 1,000,000,000 of the carrier's cost, or at "
        "1,000,000,000 MB of the month.",
    )
    _price_largest = models.Constraint(
        f"CHECK({at_most(LARGEST_PRICE, 'price')} AND COALESCE(markup, 0) <= 1000001)",
        "The price of a tier is at most 100,000,000, its mark-up at most 1,000,000 %.",
    )
    _increment_positive = models.Constraint(
        "CHECK(increment >= 0)",
        "The step of a tier is a whole number of seconds.",
    )

    def _rate_fields(self):
        """The record that says method and unit: a rate, or the wizard of one."""
        raise NotImplementedError

    def _typed_factor(self):
        unit = self._rate_fields().volume_unit if self.kind == "volume" else ""
        return TYPED_UNITS.get(unit, 1)

    @api.depends("start", "kind")
    def _compute_typed_start(self):
        for tier in self:
            tier.typed_start = tier.start / tier._typed_factor()

    def _inverse_typed_start(self):
        for tier in self:
            tier.start = tier.typed_start * tier._typed_factor()

    @api.depends("kind")
    def _compute_unit_text(self):
        for tier in self:
            tier.unit_text = tier._unit()

    def _unit(self):
        rate = self._rate_fields()
        if self.kind == "second":
            return self.env._("s")
        if self.kind == "cost":
            return self.env._("of cost")
        return {
            "seconds": self.env._("minutes"),
            "calls": self.env._("calls"),
            "bytes": self.env._("MB"),
            "messages": self.env._("messages"),
            "amount": rate.currency_id.name or "",
        }.get(rate.volume_unit, "")


class TelecomRateTier(models.Model):
    _name = "telecom.rate.tier"
    _description = "Tier of a Telecom Rate"
    _inherit = ["telecom.rate.tier.mixin", "telecom.frozen.line.mixin"]
    _order = "rate_id, kind, start, id"
    _whole = "rate_id"
    _frozen_as = "tier_ids"

    rate_id = fields.Many2one(
        "telecom.rate", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="rate_id.company_id", store=True, index=True, precompute=True
    )

    _start_uniq = models.Constraint(
        "UNIQUE(rate_id, kind, start)",
        "Two tiers of this rate start at the same place.",
    )

    def _rate_fields(self):
        return self.rate_id

    @api.constrains("kind", "start", "price", "rate_id")
    def _check_of_rate(self):
        for tier in self:
            message = tier._contradiction()
            if message:
                raise ValidationError(message)

    def _contradiction(self):
        """What speaks against this tier in its rate, in words."""
        rate = self.rate_id
        if self.kind == "second" and rate.method != "duration":
            return self.env._("Tiers by second need a price by duration.")
        if self.kind == "cost" and rate.method != "markup":
            return self.env._("Tiers by cost need a mark-up on the cost.")
        if self.kind == "volume" and not rate.volume_unit:
            return self.env._(
                "Tiers by quantity in the month need to know what is counted: choose "
                "what the rate counts in the month."
            )
        is_money = self.kind == "volume" and rate.volume_unit == "amount"
        if is_money and exceeds(self.start, LARGEST_SUM):
            return self.env._(
                "A tier by the amount of the month starts at 1,000,000,000 at most."
            )
        if self.price < 0 and not rate.allow_negative:
            return self.env._(
                "The tier above %(start)s has a negative price, which the tariff "
                "%(tariff)s does not allow.",
                start=self.typed_start,
                tariff=rate.tariff_id.name,
            )
        return ""

    def _mark_for_rating(self):
        self.rate_id._mark_for_rating()

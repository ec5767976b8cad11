# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .telecom_destination import CATEGORIES

SERVICES = [("voice", "Voice"), ("sms", "Message"), ("data", "Data")]
DIRECTIONS = [
    ("outgoing", "Outgoing"),
    ("incoming", "Incoming"),
    ("internal", "Internal"),
]
METHODS = [
    ("duration", "Per minute"),
    ("call", "Per call"),
    ("volume", "Per MB or message"),
    ("markup", "Mark-up on cost"),
]
# Digits of the longest number of the world.
PREFIX_DIGITS = 15
# May change after the rate has priced a call: an end, which is not in the past.
FREE_FIELDS = {"date_end", "is_telecom_used", "sequence"}
INCREMENTS = re.compile(r"\s*(\d{1,5})\s*/\s*(\d{1,5})\s*")


class TelecomRate(models.Model):
    """One line of a tariff: the price of some calls in a period."""

    _name = "telecom.rate"
    _description = "Telecom Rate"
    _inherit = ["telecom.used.mixin"]
    _order = "tariff_id, service, direction, category, prefix, date_start desc, id"

    tariff_id = fields.Many2one(
        "telecom.tariff", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="tariff_id.currency_id")
    service = fields.Selection(SERVICES, required=True, default="voice")
    direction = fields.Selection(DIRECTIONS, required=True, default="outgoing")
    prefix = fields.Char(
        help="Leading digits of the called number with country code, without +. "
        "Prefix, destination and category empty: all calls."
    )
    destination_id = fields.Many2one("telecom.destination", index="btree_not_null")
    category = fields.Selection(CATEGORIES)
    method = fields.Selection(METHODS, required=True, default="duration")
    price = fields.Float(
        digits=(16, 9),
        aggregator=None,
        help="Per minute, per call, or per MB or message.",
    )
    connect_fee = fields.Float(
        digits=(16, 9), aggregator=None, help="Once per connected call."
    )
    initial_increment = fields.Integer(
        default=1,
        aggregator=None,
        help="The first seconds are always billed whole: 60 of 60/1.",
    )
    increment = fields.Integer(
        default=1, aggregator=None, help="Then seconds are billed in steps: 1 of 60/1."
    )
    minimum_duration = fields.Integer(
        aggregator=None, help="Shorter calls are billed as this long."
    )
    grace = fields.Integer(
        aggregator=None, help="Calls up to this many seconds cost nothing."
    )
    has_minimum_price = fields.Boolean(string="Has a minimum price")
    minimum_price = fields.Float(digits=(16, 9), aggregator=None)
    has_maximum_price = fields.Boolean(string="Has a maximum price")
    maximum_price = fields.Float(digits=(16, 9), aggregator=None)
    # With the price it tells the cost.
    markup = fields.Float(
        string="Mark-up (%)",
        digits=(16, 4),
        aggregator=None,
        groups="telecom_cdr.group_telecom_cost",
    )
    is_allowed = fields.Boolean(
        string="Allowed",
        default=True,
        help="Calls that should not have been possible are priced and flagged.",
    )
    is_late_priced = fields.Boolean(
        string="Price comes later",
        help="Calls wait until a rate with a price replaces this one.",
    )
    date_start = fields.Datetime(string="From", help="Empty: from ever.")
    date_end = fields.Datetime(string="Until", help="Not included.")
    increments = fields.Char(
        string="Steps (s)",
        compute="_compute_increments",
        inverse="_inverse_increments",
        help="Seconds that are billed whole, then the step: 60/60, 60/1, 30/6, 1/1.",
    )

    _increments_positive = models.Constraint(
        "CHECK(initial_increment > 0 AND increment > 0)",
        "Increments are whole seconds above 0.",
    )
    _seconds_positive = models.Constraint(
        "CHECK(minimum_duration >= 0 AND grace >= 0)",
        "Minimum duration and grace cannot be negative.",
    )
    _prices_positive = models.Constraint(
        "CHECK(price >= 0 AND connect_fee >= 0 AND minimum_price >= 0"
        " AND maximum_price >= 0 AND markup >= -100)",
        "Prices cannot be negative, and a mark-up takes at most the whole cost.",
    )
    _price_limits = models.Constraint(
        "CHECK(NOT (has_minimum_price AND has_maximum_price)"
        " OR minimum_price <= maximum_price)",
        "The minimum price is above the maximum price.",
    )
    _period_order = models.Constraint(
        "CHECK(date_end > date_start)",
        "A rate must end after it starts.",
    )
    _target_single = models.Constraint(
        "CHECK((prefix IS NOT NULL)::int + (destination_id IS NOT NULL)::int"
        " + (category IS NOT NULL)::int <= 1)",
        "A rate is for a prefix, a destination or a category: choose one.",
    )
    # Two prices for the same call at the same time are a mistake.
    _period_excl = models.Constraint(
        "EXCLUDE USING gist (tariff_id WITH =, service WITH =, direction WITH =,"
        " COALESCE(prefix, '') WITH =, COALESCE(destination_id, 0) WITH =,"
        " COALESCE(category, '') WITH =, tsrange(date_start, date_end) WITH &&)",
        "This tariff already has a rate for the same calls in a part of this "
        "period. End the other one first.",
    )

    @api.depends("initial_increment", "increment")
    def _compute_increments(self):
        for rate in self:
            rate.increments = f"{rate.initial_increment}/{rate.increment}"

    def _inverse_increments(self):
        for rate in self:
            steps = INCREMENTS.fullmatch(rate.increments or "")
            if not steps:
                raise ValidationError(
                    self.env._(
                        "'%(found)s' are no steps: two numbers of seconds are "
                        "expected, such as 60/1.",
                        found=rate.increments or "",
                    )
                )
            first, then = map(int, steps.groups())
            if (first, then) != (rate.initial_increment, rate.increment):
                rate.write({"initial_increment": first, "increment": then})

    @api.depends("prefix", "destination_id", "category")
    def _compute_display_name(self):
        categories = dict(self._fields["category"]._description_selection(self.env))
        for rate in self:
            target = (
                rate.prefix
                or rate.destination_id.display_name
                or categories.get(rate.category)
                or self.env._("All calls")
            )
            rate.display_name = f"{rate.tariff_id.name}: {target}"

    @api.constrains("prefix")
    def _check_prefix(self):
        for rate in self:
            prefix = rate.prefix
            if prefix and (not prefix.isdecimal() or len(prefix) > PREFIX_DIGITS):
                raise ValidationError(
                    self.env._(
                        "'%(prefix)s' is not a prefix: 1 to 15 digits are expected.",
                        prefix=prefix,
                    )
                )

    @api.constrains("method", "service")
    def _check_method(self):
        for rate in self:
            if rate.method == "volume" and rate.service == "voice":
                raise ValidationError(
                    self.env._(
                        "Voice calls have a duration, no volume: price them per minute "
                        "or per call."
                    )
                )
            if rate.method == "duration" and rate.service == "sms":
                raise ValidationError(
                    self.env._("A message has no duration: price it per message.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        self.flush_model()  # an ended period must be free before the next is added
        for vals in vals_list:
            vals["prefix"] = self._clean_prefix(vals.get("prefix"))
        rates = super().create(vals_list)
        rates._mark_for_rating()
        return rates

    def write(self, vals):
        if "prefix" in vals:
            vals = {**vals, "prefix": self._clean_prefix(vals["prefix"])}
        if not vals.keys() - {"is_telecom_used"}:
            return super().write(vals)
        self._check_unused(vals)
        self._mark_for_rating()
        result = super().write(vals)
        self._mark_for_rating()
        return result

    def unlink(self):
        self._mark_for_rating()
        return super().unlink()

    @api.model
    def _clean_prefix(self, prefix):
        """Digits of a prefix: "+34 6" and "0034 6" are 346."""
        prefix = "".join((prefix or "").split())
        return prefix.removeprefix("+").removeprefix("00") or False

    def _check_unused(self, vals):
        used = self.filtered("is_telecom_used")
        if used and vals.keys() - FREE_FIELDS:
            raise UserError(
                self.env._(
                    "%(name)s has priced calls, so it stays as it is. Use "
                    "'New price from…': it ends this rate and adds the next.",
                    name=used[0].display_name,
                )
            )

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark(
            [
                {
                    "company_id": rate.company_id.id,
                    "date_start": rate.date_start,
                    "date_end": rate.date_end,
                    "prefix": rate.prefix,
                }
                for rate in self
            ]
        )

    def _succeed(self, date, values):
        """End this rate at a date and add its successor with these values."""
        self.ensure_one()
        self.check_access("write")
        rate = self.sudo()  # a mark-up is carried over by who may not see it, too
        [successor] = rate.copy_data({**values, "date_start": date})
        successor["date_end"] = rate.date_end
        rate.date_end = date
        return rate.create(successor).sudo(False)

    def action_new_price(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rate_successor_action"
        )
        action["context"] = {"default_rate_id": self.id}
        return action

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..engine.pricing.formula import FormulaError, compile_formula
from .largest_amounts import LARGEST_PRICE, at_most
from .telecom_destination import CATEGORIES

SERVICES = [("voice", "Voice"), ("sms", "Message"), ("data", "Data")]
DIRECTIONS = [
    ("outgoing", "Outgoing"),
    ("incoming", "Incoming"),
    ("internal", "Internal"),
]
METHODS = [
    ("duration", "By duration"),
    ("call", "Per call"),
    ("volume", "Per MB or message"),
    ("markup", "Mark-up on cost"),
    ("formula", "By formula"),
]
PRICE_UNITS = [("minute", "Minute"), ("second", "Second"), ("pulse", "Pulse")]
TIER_RULES = [
    ("first_second", "A step belongs to the tier of its first second"),
    ("each", "The part in each tier is rounded up by itself"),
]
VOLUME_UNITS = [
    ("seconds", "Minutes"),
    ("calls", "Calls"),
    ("amount", "Amount"),
    ("bytes", "Data (MB)"),
    ("messages", "Messages"),
]
VOLUME_RULES = [
    ("graduated", "What is in a tier has its price"),
    ("whole", "All has the price of the tier that the month's total is in"),
]
VOLUME_SCOPES = [("partner", "All of the customer"), ("number", "Each number")]
LATE_RULES = [
    ("wait", "Calls wait for the price"),
    ("provisional", "Calls are invoiced at this price, and trued up later"),
]
PRICE_FIELDS = (
    "price",
    "initial_price",
    "connect_fee",
    "minimum_price",
    "maximum_price",
)
PATTERNS = ("calling_pattern", "called_pattern", "region_pattern")
# What a rate is for, beside its tariff and period: two alike contradict each other.
TARGET_FIELDS = ("service", "direction", "prefix", "destination_id", "category")
# What the volume of a service can be counted in.
UNITS_OF_SERVICE = {
    "voice": {"seconds", "calls", "amount"},
    "sms": {"messages", "calls", "amount"},
    "data": {"seconds", "bytes", "calls", "amount"},
}
# May change after the rate has priced a call: its end, and how bills show it.
FREE_FIELDS = {"date_end", "is_telecom_used", "label", "show_in_detail"}
# More rates of a tariff at a time, and all its calls of that time are marked at once.
MARKED_ONE_BY_ONE = 100
# Values that a formula is tried with when it is saved.
TRIALS = (1, 7)
INCREMENTS = re.compile(r"\s*(\d{1,5})\s*/\s*(\d{1,5})\s*")


class TelecomRate(models.Model):
    """One line of a tariff: the price of some calls in a period."""

    _name = "telecom.rate"
    _description = "Telecom Rate"
    _inherit = ["telecom.used.mixin", "telecom.call.patterns.mixin"]
    _pattern_fields = PATTERNS
    _order = (
        "tariff_id, service, direction, sequence, category, prefix, date_start desc, id"
    )

    tariff_id = fields.Many2one(
        "telecom.tariff", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="tariff_id.currency_id")
    allow_negative = fields.Boolean(
        related="tariff_id.allow_negative", store=True, precompute=True
    )
    active = fields.Boolean(
        default=True,
        help="Off: withdrawn for its whole period, kept for the calls that it priced.",
    )
    sequence = fields.Integer(
        default=10,
        aggregator=None,
        help="The order in which rules with patterns are tried. Other rates have none.",
    )
    label = fields.Char(
        translate=True, help="What bills say instead of the destination."
    )
    show_in_detail = fields.Boolean(
        string="Show in detail",
        default=True,
        help="Off: its calls are in the totals of the bill, not in its list of calls.",
    )
    service = fields.Selection(SERVICES, required=True, default="voice")
    direction = fields.Selection(DIRECTIONS, required=True, default="outgoing")
    prefix = fields.Char(
        help="Leading digits of the called number with country code, without +. "
        "Prefix, destination and category empty: all calls."
    )
    destination_id = fields.Many2one("telecom.destination", index="btree_not_null")
    category = fields.Selection(CATEGORIES)
    calling_pattern = fields.Char(
        help="A regular expression (RE2) that the calling number has to match, such "
        "as ^\\+3491. With a pattern the rate is a rule: rules are tried in their "
        "order, before all prefixes."
    )
    called_pattern = fields.Char(
        help="A regular expression (RE2) that the called number has to match."
    )
    region_pattern = fields.Char(
        help="A regular expression (RE2) that the region in the file has to match."
    )
    is_rule = fields.Boolean(string="By a rule", compute="_compute_is_rule")
    time_band_id = fields.Many2one(
        "telecom.time.band",
        string="Time band",
        index="btree_not_null",
        ondelete="restrict",
        help="The rate counts only in these hours. Empty: any time at which no band "
        "of the same calls holds.",
    )
    method = fields.Selection(METHODS, required=True, default="duration")
    price_per = fields.Selection(PRICE_UNITS, required=True, default="minute")
    pulse_seconds = fields.Integer(
        string="Seconds of a pulse", default=60, aggregator=None
    )
    price = fields.Float(
        digits=(16, 9),
        aggregator=None,
        help="Per minute, second or pulse; per call; or per MB or message.",
    )
    unit_text = fields.Char(string="Per", compute="_compute_unit_text")
    has_initial_price = fields.Boolean(string="Other price of the first step")
    initial_price = fields.Float(
        string="First step at",
        digits=(16, 9),
        aggregator=None,
        help="For the same time as the price (a minute, a second, a pulse), but of "
        "the first step only.",
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
    free_seconds = fields.Integer(
        string="Free seconds",
        aggregator=None,
        help="So many seconds at the start of each call are free. A call that has no "
        "more costs nothing, not even the connection fee.",
    )
    volume_initial = fields.Integer(
        string="First bytes",
        default=1,
        aggregator=None,
        help="The first bytes of a session are always billed whole.",
    )
    volume_increment = fields.Integer(
        string="Then bytes", default=1, aggregator=None, help="Then in such steps."
    )
    tier_ids = fields.One2many("telecom.rate.tier", "rate_id", copy=True)
    tier_count = fields.Integer(string="Tiers", compute="_compute_tier_count")
    tier_rule = fields.Selection(
        TIER_RULES, string="At a tier's edge", required=True, default="first_second"
    )
    volume_unit = fields.Selection(
        VOLUME_UNITS,
        string="Counted in the month",
        help="What the tiers by quantity in the month count. Empty: there are none.",
    )
    volume_rule = fields.Selection(
        VOLUME_RULES, string="What a tier is for", required=True, default="graduated"
    )
    volume_scope = fields.Selection(
        VOLUME_SCOPES, string="Counted for", required=True, default="partner"
    )
    # Formulas may name the cost.
    formula = fields.Text(
        groups="telecom_cdr.group_telecom_cost",
        help="The price of a call in the currency of the tariff. Names: duration, "
        "original_duration, billed_duration, carrier_amount, "
        "carrier_amount_without_free_minutes, discount, price_per_unit, total_hours, "
        "units, cost, volume, price. Signs: + - * / % = < > <= >= != and or not. "
        "Functions: if(condition, then, else), int, ceil, floor, abs, min, max, round.",
    )
    units_formula = fields.Text(
        groups="telecom_cdr.group_telecom_cost",
        help="What the name 'units' stands for in the formula of the price.",
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
        help="The final price is not known yet: give it with 'New price from…'.",
    )
    late_rule = fields.Selection(
        LATE_RULES, string="Until then", required=True, default="wait"
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
    _volume_increments_positive = models.Constraint(
        "CHECK(volume_initial > 0 AND volume_increment > 0)",
        "Steps of data are whole bytes above 0.",
    )
    _pulse_positive = models.Constraint(
        "CHECK(price_per <> 'pulse' OR pulse_seconds > 0)",
        "A pulse has at least one second.",
    )
    _seconds_positive = models.Constraint(
        "CHECK(minimum_duration >= 0 AND grace >= 0 AND free_seconds >= 0)",
        "Minimum duration, grace and free seconds cannot be negative.",
    )
    _prices_positive = models.Constraint(
        "CHECK((COALESCE(allow_negative, FALSE) OR (price >= 0 AND connect_fee >= 0"
        " AND minimum_price >= 0 AND maximum_price >= 0"
        " AND COALESCE(initial_price, 0) >= 0)) AND markup >= -100)",
        "Prices cannot be negative unless the tariff allows it, and a mark-up takes "
        "at most the whole cost.",
    )
    _prices_largest = models.Constraint(
        f"CHECK({at_most(LARGEST_PRICE, *PRICE_FIELDS)})",
        "Prices and fees are at most 100,000,000.",
    )
    _markup_largest = models.Constraint(
        "CHECK(COALESCE(markup, 0) <= 1000001)",
        "A mark-up is at most 1,000,000 %.",
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
    # Two prices for the same call at the same time are a mistake. What they are for
    # is one text, and of that its hash of 64 bits: an index over columns or texts takes
    # an import of many rates four times as long. What is equal has an equal hash, so
    # none is missed; that two others have one is likely once in 10^7 such tables.
    _period_excl = models.Constraint(
        "EXCLUDE USING gist (hashtextextended(tariff_id::text || ' ' || service || ' '"
        " || direction || ' ' || COALESCE(prefix, '') || ' '"
        " || COALESCE(destination_id, 0)::text || ' ' || COALESCE(category, '') || ' '"
        " || COALESCE(time_band_id, 0)::text || ' ' || COALESCE(calling_pattern, '')"
        " || ' ' || COALESCE(called_pattern, '') || ' '"
        " || COALESCE(region_pattern, ''), 0) WITH =,"
        " tsrange(date_start, date_end) WITH &&) WHERE (active)",
        "This tariff already has a rate for the same calls in a part of this "
        "period. End the other one first.",
    )

    # Lists of calls leave theirs out.
    _unlisted_idx = models.Index("(id) WHERE show_in_detail IS FALSE")

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

    @api.depends(*PATTERNS)
    def _compute_is_rule(self):
        for rate in self:
            rate.is_rule = any(rate[name] for name in PATTERNS)

    @api.depends("method", "service", "price_per", "pulse_seconds")
    def _compute_unit_text(self):
        for rate in self:
            rate.unit_text = rate._unit()

    def _unit(self):
        """What the price is for, in a word."""
        if self.method == "duration":
            pulse = self.env._("%s s", self.pulse_seconds)
            units = {"second": self.env._("second"), "pulse": pulse}
            return units.get(self.price_per, self.env._("minute"))
        if self.method == "call":
            return self.env._("call")
        if self.method == "volume":
            by_bytes = self.service == "data"
            return self.env._("MB") if by_bytes else self.env._("message")
        by_cost = self.method == "markup"
        return self.env._("% of cost") if by_cost else self.env._("formula")

    @api.depends("tier_ids")
    def _compute_tier_count(self):
        for rate in self:
            rate.tier_count = len(rate.tier_ids)

    @api.depends("prefix", "destination_id", "category", "time_band_id", *PATTERNS)
    def _compute_display_name(self):
        for rate in self:
            target = rate._target_text()
            if rate.time_band_id:
                target = f"{target}, {rate.time_band_id.name}"
            rate.display_name = f"{rate.tariff_id.name}: {target}"

    def _target_text(self):
        """Which calls it is for, in words."""
        categories = dict(self._fields["category"]._description_selection(self.env))
        return (
            self.prefix
            or self.destination_id.display_name
            or categories.get(self.category)
            or " ".join(self[name] for name in PATTERNS if self[name])
            or self.env._("All calls")
        )

    @api.constrains("method", "formula", "units_formula")
    def _check_formula(self):
        for rate in self.sudo():  # who may not see formulas may save the rest
            if rate.method == "formula" and not (rate.formula or "").strip():
                raise ValidationError(
                    self.env._("Write the formula that gives the price of a call.")
                )
            for text in (rate.formula, rate.units_formula):
                if (text or "").strip():
                    rate._check_formula_text(text)

    def _check_formula_text(self, text):
        try:
            formula = compile_formula(text)
        except FormulaError as error:
            raise ValidationError(
                self.env._(
                    "The formula cannot be read at character %(position)s: "
                    "%(expected)s expected, %(found)s found.",
                    position=error.position,
                    expected=error.expected,
                    found=error.found,
                )
            ) from error
        found = {
            formula.explain(dict.fromkeys(formula.names, value)).reason
            for value in TRIALS
        }
        if found == {"zero_division"}:
            raise ValidationError(
                self.env._("The formula '%s' divides by zero for every call.", text)
            )

    @api.constrains("volume_unit", "service")
    def _check_volume_unit(self):
        units = dict(self._fields["volume_unit"]._description_selection(self.env))
        services = dict(self._fields["service"]._description_selection(self.env))
        for rate in self:
            unit = rate.volume_unit
            if unit and unit not in UNITS_OF_SERVICE[rate.service]:
                raise ValidationError(
                    self.env._(
                        "%(service)s is not counted in %(unit)s: choose another "
                        "quantity of the month.",
                        service=services[rate.service],
                        unit=units[unit],
                    )
                )

    @api.constrains("method", "volume_unit", "tier_ids")
    def _check_tiers(self):
        self.tier_ids._check_of_rate()

    @api.constrains("tariff_id", "time_band_id")
    def _check_band_company(self):
        for rate in self:
            band = rate.time_band_id
            if band and band.company_id != rate.tariff_id.company_id:
                raise ValidationError(
                    self.env._(
                        "The time band %(band)s belongs to another company than the "
                        "tariff.",
                        band=band.name,
                    )
                )

    @api.constrains("time_band_id", "date_start", "date_end", *TARGET_FIELDS, *PATTERNS)
    def _check_band(self):
        """Two bands of one priority must not hold at once for the same calls."""
        for rate in self.filtered(lambda r: r.time_band_id and r.active):
            for other in rate._in_other_bands():
                hours = rate.time_band_id._meeting_text(other.time_band_id)
                if hours:
                    raise ValidationError(rate._contradiction(other, hours))

    def _in_other_bands(self):
        """Rates for the same calls in other bands of the same priority."""
        domain = Domain("tariff_id", "=", self.tariff_id.id)
        for name in (*TARGET_FIELDS, *PATTERNS):
            value = self[name].id if name == "destination_id" else self[name]
            domain &= Domain(name, "=", value or False)
        if self.date_end:
            start = Domain("date_start", "=", False)
            domain &= start | Domain("date_start", "<", self.date_end)
        if self.date_start:
            end = Domain("date_end", "=", False)
            domain &= end | Domain("date_end", ">", self.date_start)
        band = self.time_band_id
        domain &= Domain("time_band_id", "not in", [False, band.id])
        domain &= Domain("time_band_id.priority", "=", band.priority)
        return self.search(domain)

    def _contradiction(self, other, hours):
        return self.env._(
            "For %(target)s, the bands %(one)s and %(other)s both hold (%(hours)s), "
            "and have the same priority: give one of them a higher one, or other "
            "hours.",
            target=self._target_text(),
            one=self.time_band_id.name,
            other=other.time_band_id.name,
            hours=hours,
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
        typed = "".join((prefix or "").split())
        digits = typed.removeprefix("+").removeprefix("00")
        if typed and (not digits or digits.startswith("0")):
            raise ValidationError(
                self.env._(
                    "'%(prefix)s' is not a prefix: write the country code and what "
                    "follows it, such as 346. For all calls leave it empty.",
                    prefix=prefix,
                )
            )
        return digits or False

    def _check_unused(self, vals):
        used = self.filtered(lambda r: r.is_telecom_used and not r._is_waiting())
        if used and vals.keys() - FREE_FIELDS:
            raise UserError(
                self.env._(
                    "%(name)s has priced calls, so it stays as it is. Use "
                    "'New price from…': it ends this rate and adds the next.",
                    name=used[0].display_name,
                )
            )

    def _is_waiting(self):
        """Calls refer to it, but it has given none of them a price yet."""
        return self.is_late_priced and self.late_rule == "wait"

    def _mark_for_rating(self):
        """Have the calls rated again that these rates may price."""
        marks = []
        for tariff, rates in self.grouped("tariff_id").items():
            if len(rates) > MARKED_ONE_BY_ONE:
                marks.append({**rates._mark_period(), "tariff_id": tariff.id})
            else:
                marks += [rate._mark_values() for rate in rates]
        self.env["telecom.rating.mark"]._mark(marks)

    def _mark_period(self):
        """The time that all these rates are in, in one piece."""
        starts, ends = self.mapped("date_start"), self.mapped("date_end")
        return {
            "company_id": self.company_id.id,
            "date_start": min(starts) if all(starts) else False,
            "date_end": max(ends) if all(ends) else False,
        }

    def _mark_values(self):
        """Which calls it may price, as a mark says it."""
        return {
            "company_id": self.company_id.id,
            "tariff_id": self.tariff_id.id,
            "service": self.service,
            "direction": self.direction,
            "date_start": self.date_start,
            "date_end": self.date_end,
            **self._mark_target(),
        }

    def _mark_target(self):
        # Prefixes are asked one by one: a change of one is a mark of its own.
        if self.prefix:
            return {"prefix": self.prefix}
        if self.destination_id:
            return {"destination_id": self.destination_id.id}
        return {"category": self.category} if self.category else {}

    @api.onchange("price_per", "pulse_seconds")
    def _onchange_pulse(self):
        """A pulse that has begun is charged whole."""
        if self.price_per == "pulse" and self.pulse_seconds > 0:
            self.initial_increment = self.increment = self.pulse_seconds

    def _succeed(self, date, values):
        """End this rate at a date and add its successor with these values.

        Where the successor is to hold from the beginning (no date, or one up to its
        start), this rate is withdrawn: it stays to be seen for the calls it priced.
        """
        self.ensure_one()
        self.check_access("write")
        rate = self.sudo()  # a mark-up is carried over by who may not see it, too
        rate._check_in_force(date)
        [successor] = rate.copy_data(values)
        successor["date_end"] = rate.date_end
        start = fields.Datetime.to_datetime(date) if date else False
        if not start or (rate.date_start and start <= rate.date_start):
            successor["date_start"] = rate.date_start
            rate._withdraw()
        else:
            successor["date_start"] = start
            rate.date_end = start
        created = rate.create(successor)
        rate.copy_translations(created, excluded=values)
        return created.sudo(False)

    def _check_in_force(self, date):
        """What is withdrawn, or has ended by then, has no successor."""
        if not self.active:
            raise UserError(
                self.env._(
                    "%(name)s is withdrawn: change the rate that holds in its place.",
                    name=self.display_name,
                )
            )
        start = fields.Datetime.to_datetime(date) if date else False
        if start and self.date_end and start >= self.date_end:
            raise UserError(
                self.env._(
                    "%(name)s ends on %(date)s: change the rate that follows it.",
                    name=self.display_name,
                    date=fields.Datetime.to_string(self.date_end),
                )
            )

    def _withdraw(self):
        """Take it out of force for its whole period, also where it has priced calls."""
        self._mark_for_rating()
        return super().write({"active": False})

    def action_new_price(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rate_successor_action"
        )
        action["context"] = {"default_rate_id": self.id}
        return action

    def action_open(self):
        """The whole form, from a line of the tariff."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .band_hours import DAY, Hours, clock, gaps, meeting

WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
SHOWN_GAPS = 3
# May change though calls have been priced in the band.
FREE_FIELDS = {"name", "active", "note"}


class TelecomTimeBand(models.Model):
    """Hours of the week, or of holidays, in which some rates count."""

    _name = "telecom.time.band"
    _description = "Time Band"
    _inherit = ["telecom.priced.with.mixin", "telecom.named.mixin"]
    _order = "priority desc, name, id"

    priority = fields.Integer(
        default=10,
        aggregator=None,
        help="Where two bands hold at the same time, the higher one counts: "
        "give holidays more than weekdays.",
    )
    note = fields.Text()
    line_ids = fields.One2many("telecom.time.band.line", "band_id", copy=True)
    rate_ids = fields.One2many("telecom.rate", "time_band_id")
    rate_count = fields.Integer(compute="_compute_rate_count")
    hours_text = fields.Char(string="Hours", compute="_compute_hours_text")
    is_telecom_used = fields.Boolean(
        string="Has decided prices",
        compute="_compute_is_telecom_used",
        help="Calls have been priced with tariffs that this band is in.",
    )

    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "There is already a time band of this name."
    )

    @api.depends("rate_ids")
    def _compute_rate_count(self):
        rates = self.env["telecom.rate"]
        counts = dict(
            rates._read_group(
                [("time_band_id", "in", self.ids)], ["time_band_id"], ["__count"]
            )
        )
        for band in self:
            band.rate_count = counts.get(band, 0)

    @api.depends("line_ids.summary")
    def _compute_hours_text(self):
        for band in self:
            band.hours_text = "; ".join(band.line_ids.mapped("summary"))

    @api.depends("rate_ids.is_telecom_used")
    def _compute_is_telecom_used(self):
        for band in self:
            rates = band.sudo()._rates_begun()
            band.is_telecom_used = bool(rates) and bool(
                rates.search_count(
                    [
                        ("tariff_id", "in", rates.tariff_id.ids),
                        ("is_telecom_used", "=", True),
                    ],
                    limit=1,
                )
            )

    def _rates_begun(self):
        """Rates of this band that may have decided a price: future ones have not."""
        begun = Domain("date_start", "=", False) | Domain("date_start", "<=", "now")
        rates = self.env["telecom.rate"].with_context(active_test=False)
        return rates.search(Domain("time_band_id", "=", self.id) & begun)

    def _hours(self):
        """What the pure functions compute with."""
        return [line._hours() for line in self.line_ids]

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if self._frozen_names(vals):
            self.rate_ids._check_band()
            self.rate_ids._mark_for_rating()
        return result

    def _frozen_names(self, vals):
        return vals.keys() - FREE_FIELDS

    def _frozen_text(self):
        return self.env._(
            "Calls have been priced by the hours of %(name)s, so they stay as they "
            "are. Use 'New hours from…': rates of the band end then, and go on with "
            "the new hours.",
            name=self[0].name,
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_rates(self):
        named = self.filtered("rate_count")
        if named:
            raise UserError(
                self.env._(
                    "%(name)s is the band of %(count)s rates. Archive it, or give "
                    "these rates another band first.",
                    name=named[0].name,
                    count=named[0].rate_count,
                )
            )

    def _succeed(self, date, name, lines, priority=None):
        """Give the rates of this band other hours from a date on.

        :param lines: values of the new band's lines
        :return: the band that follows
        """
        self.ensure_one()
        self.check_access("write")
        values = {"name": name, "line_ids": [(0, 0, line) for line in lines]}
        values["priority"] = self.priority if priority is None else priority
        successor = self.create({**values, "company_id": self.company_id.id})
        later = Domain("date_end", "=", False) | Domain("date_end", ">", date)
        rates = self.env["telecom.rate"].search(
            Domain("time_band_id", "=", self.id) & later
        )
        for rate in rates:
            rate._succeed(
                max(date, rate.date_start or date), {"time_band_id": successor.id}
            )
        return successor

    def action_new_hours(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_time_band_successor_action"
        )
        action["context"] = {"default_band_id": self.id}
        return action

    def action_open_rates(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rate_action"
        )
        action["domain"] = [("time_band_id", "=", self.id)]
        action["context"] = {"default_time_band_id": self.id}
        return action

    # === WHERE BANDS CONTRADICT EACH OTHER === #

    def _meeting_text(self, other):
        """When this band and another of the same priority both hold, in words."""
        found = meeting(self._hours(), other._hours())
        if not found:
            return ""
        span, on_holidays = found
        hours = self._span_text(span)
        return self.env._("%s on holidays", hours) if on_holidays else hours

    @api.model
    def _span_text(self, span):
        """Seconds of the week in words: Monday 08:00 to Monday 20:00."""
        return self.env._(
            "%(start)s to %(end)s",
            start=self._moment_text(span.start),
            end=self._moment_text(span.end, is_end=True),
        )

    @api.model
    def _moment_text(self, second, is_end=False):
        day, time = divmod(second, DAY)
        if is_end and not time:
            day, time = day - 1, DAY
        return f"{self._weekday_names()[day]} {clock(time)}"

    @api.model
    def _weekday_names(self):
        lines = self.env["telecom.time.band.line"]
        return [lines._fields[name]._description_string(self.env) for name in WEEKDAYS]

    def _gap_text(self):
        """The hours of an ordinary week that none of these bands holds, in words."""
        free = gaps([hours for band in self for hours in band._hours()])
        return ", ".join(self._span_text(span) for span in free[:SHOWN_GAPS]) + (
            "…" if len(free) > SHOWN_GAPS else ""
        )


class TelecomTimeBandLineMixin(models.AbstractModel):
    """Some hours of some weekdays, or of holidays."""

    _name = "telecom.time.band.line.mixin"
    _description = "Hours of a Time Band"

    monday = fields.Boolean(default=True)
    tuesday = fields.Boolean(default=True)
    wednesday = fields.Boolean(default=True)
    thursday = fields.Boolean(default=True)
    friday = fields.Boolean(default=True)
    saturday = fields.Boolean()
    sunday = fields.Boolean()
    on_holidays = fields.Boolean(
        string="Holidays",
        help="These hours count on public holidays, whatever the weekday, and only "
        "then.",
    )
    hour_from = fields.Float(string="From", aggregator=None)
    hour_to = fields.Float(
        string="To",
        default=24,
        aggregator=None,
        help="Not included. Before the beginning: over midnight, into the next day.",
    )
    summary = fields.Char(compute="_compute_summary")

    _hours_range = models.Constraint(
        "CHECK(hour_from >= 0 AND hour_from < 24 AND hour_to >= 0 AND hour_to <= 24)",
        "Hours are from 00:00 to 24:00.",
    )

    @api.depends("hour_from", "hour_to", "on_holidays", *WEEKDAYS)
    def _compute_summary(self):
        for line in self:
            line.summary = line._in_words()

    def _in_words(self):
        names = self.env["telecom.time.band"]._weekday_names()
        days = ", ".join(names[day][:3] for day in self._weekdays())
        if self.on_holidays:
            days = self.env._("Holidays")
        hours = self._hours()
        return f"{days} {clock(hours.start)}-{clock(hours.end)}"

    def _weekdays(self):
        return tuple(day for day, name in enumerate(WEEKDAYS) if self[name])

    def _hours(self):
        start, end = (round(hour * 60) * 60 for hour in (self.hour_from, self.hour_to))
        days = () if self.on_holidays else self._weekdays()
        return Hours(days, start, end, self.on_holidays)

    @api.constrains("hour_from", "hour_to", "on_holidays", *WEEKDAYS)
    def _check_hours(self):
        for line in self:
            if not (line.on_holidays or line._weekdays()):
                raise ValidationError(
                    self.env._("Choose the weekdays of these hours, or holidays.")
                )
            hours = line._hours()
            if hours.start == DAY:
                raise ValidationError(
                    self.env._(
                        "Hours count in whole minutes, and the beginning is nearer to "
                        "24:00 than to 23:59: write 23:59, or 00:00 of the next day."
                    )
                )
            if hours.start == hours.end:
                raise ValidationError(
                    self.env._(
                        "Hours from %(time)s to %(time)s are none. For the whole day "
                        "write 00:00 to 24:00.",
                        time=clock(hours.start),
                    )
                )

    def _line_values(self):
        """The values of a line like this one."""
        names = (*WEEKDAYS, "on_holidays", "hour_from", "hour_to")
        return [{name: line[name] for name in names} for line in self]


class TelecomTimeBandLine(models.Model):
    _name = "telecom.time.band.line"
    _description = "Hours of a Time Band"
    _inherit = ["telecom.time.band.line.mixin", "telecom.frozen.line.mixin"]
    _order = "band_id, on_holidays, hour_from, id"
    _whole = "band_id"

    band_id = fields.Many2one(
        "telecom.time.band", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="band_id.company_id", store=True, index=True, precompute=True
    )

    @api.constrains("band_id", "hour_from", "hour_to", "on_holidays", *WEEKDAYS)
    def _check_other_bands(self):
        """Other hours may contradict other bands."""
        self.band_id.rate_ids._check_band()

    def _mark_for_rating(self):
        self.band_id.rate_ids._mark_for_rating()

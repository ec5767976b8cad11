# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.fields import Domain

UTC = ZoneInfo("UTC")


class TelecomHoliday(models.Model):
    """A public holiday, for companies that keep a list of their own."""

    _name = "telecom.holiday"
    _description = "Public Holiday"
    _inherit = ["telecom.priced.with.mixin", "telecom.rates.again.mixin"]
    _order = "date desc, id"

    name = fields.Char(required=True, translate=True)
    date = fields.Date(required=True, index=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    is_telecom_used = fields.Boolean(
        string="Has decided prices", compute="_compute_is_telecom_used"
    )

    _date_uniq = models.Constraint(
        "UNIQUE(company_id, date)", "This day is already a holiday."
    )

    @api.depends("date")
    def _compute_is_telecom_used(self):
        """A past day has decided prices where a used band counts holidays."""
        today = fields.Date.context_today(self)
        for holiday in self:
            bands = self._holiday_bands(holiday.company_id)
            is_past = bool(holiday.date) and holiday.date <= today
            holiday.is_telecom_used = is_past and any(bands.mapped("is_telecom_used"))

    @api.model
    def _holiday_bands(self, company):
        """The bands of a company that hold on holidays."""
        bands = self.env["telecom.time.band"].sudo().with_context(active_test=False)
        return bands.search(
            [("company_id", "=", company.id), ("line_ids.on_holidays", "=", True)]
        )

    @api.depends("name", "date")
    def _compute_display_name(self):
        for holiday in self:
            holiday.display_name = f"{holiday.name} ({holiday.date or ''})"

    def _frozen_names(self, vals):
        return vals.keys() - {"name"}

    def _frozen_text(self):
        return self.env._(
            "%(name)s is past, and calls have been priced by the hours of holidays: "
            "that day stays as it was.",
            name=self[0].display_name,
        )

    def _mark_for_rating(self):
        for company, holidays in self.grouped("company_id").items():
            self._mark_days(company, holidays.mapped("date"))

    @api.model
    def _mark_calendar(self, companies):
        """Have the calls rated again on days that companies' own calendars have off."""
        for company in companies.sudo():
            leaves = self.env["resource.calendar.leaves"].sudo()
            own = Domain("company_id", "=", company.id)
            own &= Domain("resource_id", "=", False)
            own &= Domain("calendar_id", "=", company.resource_calendar_id.id)
            found = leaves.search(own)
            self._mark_days(
                company, [day for one in found for day in one._telecom_days()]
            )

    @api.model
    def _mark_days(self, company, days):
        """Have the calls of these local days rated again, where bands count them."""
        tariffs = self._holiday_bands(company).rate_ids.tariff_id
        self.env["telecom.rating.mark"]._mark(
            [
                {"company_id": company.id, "tariff_id": tariff.id, **period}
                for tariff in tariffs
                for period in (self._period(tariff, day) for day in days if day)
            ]
        )

    @api.model
    def _period(self, tariff, day):
        """The start of the calls that a holiday may touch.

        Its hours may run over midnight, and a call that is split at the hours may
        have begun the day before.
        """
        before = 1 if tariff.band_rule == "split" else 0
        midnight = datetime.combine(day, time.min)
        zone = ZoneInfo(tariff.tz)
        start, end = (
            (midnight + timedelta(days=shift))
            .replace(tzinfo=zone)
            .astimezone(UTC)
            .replace(tzinfo=None)
            for shift in (-before, 2)
        )
        return {"date_start": start, "date_end": end}


class ResourceCalendarLeaves(models.Model):
    _inherit = "resource.calendar.leaves"

    @api.model_create_multi
    def create(self, vals_list):
        leaves = super().create(vals_list)
        leaves._mark_telecom_days()
        return leaves

    def write(self, vals):
        self._mark_telecom_days()
        result = super().write(vals)
        self._mark_telecom_days()
        return result

    def unlink(self):
        self._mark_telecom_days()
        return super().unlink()

    def _mark_telecom_days(self):
        """Leaves of the company's calendar are holidays, for bands too."""
        holidays = self.env["telecom.holiday"].sudo()
        for leave in self.sudo():
            company = leave.company_id
            if not leave.resource_id and company and leave._is_of_company(company):
                holidays._mark_days(company, leave._telecom_days())

    def _is_of_company(self, company):
        return not self.calendar_id or self.calendar_id == company.resource_calendar_id

    def _telecom_days(self):
        """The local days of a leave, in the zone of its calendar."""
        name = self.calendar_id.tz or self.company_id.telecom_tz or "UTC"
        zone = ZoneInfo(name)
        first, last = (
            moment.replace(tzinfo=UTC).astimezone(zone).date()
            for moment in (self.date_from, self.date_to - timedelta(seconds=1))
        )
        count = (last - first).days + 1
        return [first + timedelta(days=shift) for shift in range(max(count, 0))]

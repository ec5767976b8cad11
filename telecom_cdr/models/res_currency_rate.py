# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, models

from .rating_tables import used_currencies


class ResCurrencyRate(models.Model):
    """Calls wait for the rate of their day: they are rated again when it comes."""

    _inherit = "res.currency.rate"

    @api.model_create_multi
    def create(self, vals_list):
        rates = super().create(vals_list)
        rates._mark_calls_of_day()
        return rates

    def write(self, vals):
        if not vals.keys() & {
            "name", "rate", "company_rate", "inverse_company_rate", "currency_id",
            "company_id",
        }:  # fmt: skip
            return super().write(vals)
        self._mark_calls_of_day()
        result = super().write(vals)
        self._mark_calls_of_day()
        return result

    def unlink(self):
        self._mark_calls_of_day()
        return super().unlink()

    def _mark_calls_of_day(self):
        """Mark the calls of the days from the first to the last of these rates.

        Only where a tariff, carrier, discount or customer has one of the currencies. A
        rate of the company's own counts on all days behind it, too.
        """
        marks = self.env["telecom.rating.mark"]
        companies = marks._all_companies()
        concerned = [
            (company, self.sudo().filtered(lambda r, c=company: r._is_used_by(c)))
            for company in companies
        ]
        marks._mark(
            [
                {"company_id": company.id, **rates._span(company)}
                for company, rates in concerned
                if rates
            ]
        )

    def _is_used_by(self, company):
        """Whether a company prices calls in this currency, by this rate."""
        own = not self.company_id or self.company_id == company.root_id
        used = used_currencies(self.env, company)
        return own and len(used) > 1 and self.currency_id.id in used

    def _span(self, company):
        """The time from the first to the last of these local days."""
        days = self.mapped("name")
        ends = (min(days), max(days) + timedelta(days=1))
        zone = ZoneInfo(company.telecom_tz)
        start, end = (
            datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)
            for day in ends
        )
        has_own = company.currency_id in self.currency_id
        return {"date_start": start, "date_end": False if has_own else end}

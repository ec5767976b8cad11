# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_date

from odoo.addons.telecom_cdr.models.customer_periods import next_period, period_start
from odoo.addons.telecom_cdr.parsers import numbering

from ..parameters import day_start


class TelecomPortalBundles(models.AbstractModel):
    """What is used and left of bundles."""

    _name = "telecom.portal.bundles"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: Bundles"

    @api.model
    def _subscriptions_domain(self) -> Domain:
        """Who sees some numbers sees their bundles, and those for all numbers."""
        domain = self._scope_domain("number_ids")
        if self._scope_number_ids() is None or not self._payer():
            return domain
        return domain | (
            Domain("partner_id.commercial_partner_id", "=", self._payer().id)
            & Domain("company_id", "in", self._companies().ids)
            & Domain("number_ids", "=", False)
        )

    @api.model
    def _subscriptions(self, domain: Domain = Domain.TRUE) -> models.BaseModel:
        subscriptions = self.env["telecom.bundle.subscription"].sudo()
        return subscriptions.search(
            domain & self._subscriptions_domain(), order="priority, date_start, id"
        )

    @api.model
    def _this_month(self) -> date:
        return self._local(fields.Datetime.now()).date().replace(day=1)

    # === PERIODS: months that begin on the customer's billing day === #

    @api.model
    def _billing_day(self) -> int:
        return self._payer().sudo()._telecom_billing_day(self._companies()[:1])

    @api.model
    def _bundle_period(self, month: date) -> date:
        """First day of the period that begins in a month."""
        return month.replace(day=self._billing_day())

    @api.model
    def _present_bundle_month(self) -> date:
        """The month in which the present period began."""
        today = self._local(fields.Datetime.now()).date()
        return period_start(today, self._billing_day()).replace(day=1)

    @api.model
    def _bundle_period_text(self, month: date) -> str:
        """The name of a calendar month, or the days of another period."""
        start = self._bundle_period(month)
        if start.day == 1:
            return format_date(self.env, start, date_format="MMMM y")
        last = fields.Date.subtract(next_period(start), days=1)
        return self.env._(
            "%(first)s to %(last)s",
            first=format_date(self.env, start),
            last=format_date(self.env, last),
        )

    @api.model
    def _month_subscriptions(self, month: date) -> models.BaseModel:
        """Bundles that run in a period; in the present one also those to come."""
        first = self._bundle_period(month)
        start = day_start(first, self._zone())
        end = day_start(next_period(first), self._zone())
        domain = Domain("date_end", "=", False) | Domain("date_end", ">", start)
        if month != self._present_bundle_month():
            domain &= Domain("date_start", "<", end)
        return self._subscriptions(domain)

    @api.model
    def _month_bundles(self, month: date) -> list[dict]:
        """Bundles of the customer with what is used of them in a period.

        :param month: first day of the month in which the period begins
        """
        subscriptions = self._month_subscriptions(month)
        numbers = self._seen_numbers(subscriptions)
        bars = self._bars(subscriptions, self._bundle_period(month), numbers)
        return [self._bundle(sub, bars[sub.id], numbers) for sub in subscriptions]

    @api.model
    def _seen_numbers(self, subscriptions: models.BaseModel) -> models.BaseModel:
        """The numbers of bundles that the user may see."""
        scope = self._scope_number_ids()
        numbers = subscriptions.number_ids
        if scope is None:
            return numbers
        return numbers.filtered(lambda number: number.id in scope)

    @api.model
    def _bundle(
        self,
        subscription: models.BaseModel,
        bars: list[dict],
        numbers: models.BaseModel,
    ) -> dict:
        return {
            "id": subscription.id,
            "name": subscription.bundle_id.name,
            "state": subscription.state,
            "period": self._period_text(subscription),
            "numbers": [
                numbering.format_international(number.number)
                for number in subscription.number_ids & numbers
            ],
            "is_shared": subscription.bundle_id.is_shared,
            "bars": bars,
        }

    @api.model
    def _period_text(self, subscription: models.BaseModel) -> str:
        # An end is the moment after: what is over at midnight had its last day before.
        last = subscription.date_end and subscription.date_end - timedelta(seconds=1)
        start, end = (
            moment and format_date(self.env, self._local(moment).date())
            for moment in (subscription.date_start, last)
        )
        if end:
            return self.env._("from %(start)s until %(end)s", start=start, end=end)
        if subscription.state == "planned":
            return self.env._("from %s", start)
        return self.env._("since %s", start)

    # === BARS === #

    @api.model
    def _bars(
        self, subscriptions: models.BaseModel, start: date, numbers: models.BaseModel
    ) -> dict[int, list[dict]]:
        """By subscription, one bar for each allowance and number."""
        used = defaultdict(list)
        for usage in self._usages(subscriptions, start):
            used[usage.subscription_id, usage.allowance_id].append(usage)
        return {
            subscription.id: [
                bar
                for allowance in subscription.bundle_id.allowance_ids
                for bar in self._allowance_bars(
                    (subscription, subscription.number_ids & numbers),
                    allowance,
                    used[subscription, allowance],
                    start,
                )
            ]
            for subscription in subscriptions
        }

    @api.model
    def _allowance_bars(
        self, holder: tuple, allowance: models.BaseModel, usages: list, start: date
    ) -> list[dict]:
        """Bars of what was used, and empty ones of what was not.

        :param holder: the bundle given, and those of its numbers that are shown
        """
        subscription, shown = holder
        included = allowance._included_in(subscription, start)
        bars = [
            self._bar(allowance, usage.included, usage.number_id, usage)
            for usage in usages
        ]
        if not subscription.bundle_id.is_shared:
            numbers = [usage.number_id for usage in usages]
            idle = shown.filtered(lambda n: n not in numbers)
            bars = [bar for bar in bars if bar["number"] or bar["has_use"] or not idle]
            bars += [self._bar(allowance, included, number) for number in idle]
        return bars or [self._bar(allowance, included)]

    @api.model
    def _usages(self, subscriptions: models.BaseModel, start: date) -> models.BaseModel:
        domain = Domain("subscription_id", "in", subscriptions.ids)
        domain &= Domain("period_start", "=", start)
        scope = self._scope_number_ids()
        if scope is not None:
            domain &= Domain("number_id", "in", [False, *scope])
        usages = self.env["telecom.bundle.usage"].sudo()
        return usages.search(domain, order="subscription_id, allowance_id, number_id")

    @api.model
    def _bar(
        self,
        allowance: models.BaseModel,
        included: float,
        number: models.BaseModel | None = None,
        usage: models.BaseModel | None = None,
    ) -> dict:
        kind = allowance._quantity_kind()
        more = self._more(allowance, kind, usage) if usage else []
        available = included
        if usage:
            available += usage.carried_over + usage.topped_up
        used = usage.used if usage else 0
        percent = round(100 * used / available) if available else 0
        return {
            "title": self._allowance_title(allowance),
            "number": numbering.format_international(number.number) if number else "",
            "has_use": bool(used),
            "more": more,
            **self._bar_texts(allowance, kind, used, available),
            "percent": min(percent, 100),
            "level": _level(percent),
        }

    @api.model
    def _more(
        self, allowance: models.BaseModel, kind: str, usage: models.BaseModel
    ) -> list[str]:
        """What there is beside what is included, in words."""
        texts = []
        if usage.carried_over:
            carried = self._allowance_text(allowance, kind, usage.carried_over)
            texts.append(self.env._("%s carried over", carried))
        if usage.topped_up:
            added = self._allowance_text(allowance, kind, usage.topped_up)
            texts.append(self.env._("%s added", added))
        return texts

    @api.model
    def _bar_texts(
        self, allowance: models.BaseModel, kind: str, used: float, included: float
    ) -> dict[str, str]:
        used_text, included_text, left_text = (
            self._allowance_text(allowance, kind, quantity)
            for quantity in (used, included, max(included - used, 0))
        )
        return {
            "left": self.env._("%s left", left_text),
            "used": self.env._(
                "%(used)s used of %(included)s", used=used_text, included=included_text
            ),
        }

    @api.model
    def _allowance_title(self, allowance: models.BaseModel) -> str:
        """What the allowance is good for, in words."""
        places = [
            *allowance.category_ids.mapped("name"),
            *allowance.destination_ids.mapped("name"),
            *(f"+{prefix}" for prefix in allowance.prefix_ids.mapped("prefix")),
        ]
        service = dict(self._selection("service"))[allowance.service]
        return f"{service}: {', '.join(places)}" if places else service

    @api.model
    def _allowance_text(
        self, allowance: models.BaseModel, kind: str, quantity: float
    ) -> str:
        if kind == "seconds":
            return self.env._("%s min", self._decimal_text(quantity / 60, 1))
        if kind == "bytes":
            return self._volume_text(quantity)
        if kind == "messages":
            return self._count_text("sms", quantity)
        if kind == "amount":
            return self._money_text(quantity, allowance.currency_id)
        return self._count_text("voice", quantity)


def _level(percent: float) -> str:
    """The colour of a bar: orange when little is left, red when nothing is."""
    if percent >= 100:  # noqa: PLR2004 percent
        return "danger"
    return "warning" if percent >= 80 else "success"  # noqa: PLR2004 percent

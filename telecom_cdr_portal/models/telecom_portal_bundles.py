# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_date

from odoo.addons.telecom_cdr.parsers import numbering

from ..parameters import day_start, next_month


class TelecomPortalBundles(models.AbstractModel):
    """What is used and left of bundles."""

    _name = "telecom.portal.bundles"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: Bundles"

    @api.model
    def _subscriptions_domain(self):
        return Domain(
            "partner_id.commercial_partner_id", "=", self._payer().id
        ) & Domain("company_id", "in", self._companies().ids)

    @api.model
    def _subscriptions(self, domain=Domain.TRUE):
        subscriptions = self.env["telecom.bundle.subscription"].sudo()
        if not self._payer():
            return subscriptions
        return subscriptions.search(
            domain & self._subscriptions_domain(), order="priority, date_start, id"
        )

    @api.model
    def _this_month(self):
        return self._local(fields.Datetime.now()).date().replace(day=1)

    @api.model
    def _month_subscriptions(self, month):
        """Bundles that run in a month; in the present one also those to come."""
        start = day_start(month, self._zone())
        end = day_start(next_month(month), self._zone())
        domain = Domain("date_end", "=", False) | Domain("date_end", ">", start)
        if month != self._this_month():
            domain &= Domain("date_start", "<", end)
        return self._subscriptions(domain)

    @api.model
    def _month_bundles(self, month):
        """Bundles of the customer with what is used of them in a month."""
        subscriptions = self._month_subscriptions(month)
        bars = self._bars(subscriptions, month)
        return [self._bundle(sub, bars[sub.id]) for sub in subscriptions]

    @api.model
    def _bundle(self, subscription, bars):
        return {
            "id": subscription.id,
            "name": subscription.bundle_id.name,
            "state": subscription.state,
            "period": self._period_text(subscription),
            "numbers": [
                numbering.format_international(number.number)
                for number in subscription.number_ids
            ],
            "is_shared": subscription.bundle_id.is_shared,
            "bars": bars,
        }

    @api.model
    def _period_text(self, subscription):
        start, end = (
            moment and format_date(self.env, self._local(moment).date())
            for moment in (subscription.date_start, subscription.date_end)
        )
        if end:
            return self.env._("from %(start)s until %(end)s", start=start, end=end)
        if subscription.state == "planned":
            return self.env._("from %s", start)
        return self.env._("since %s", start)

    # === BARS === #

    @api.model
    def _bars(self, subscriptions, month):
        """By subscription, one bar for each allowance and number."""
        used = defaultdict(list)
        for usage in self._usages(subscriptions, month):
            used[usage.subscription_id, usage.allowance_id].append(usage)
        return {
            subscription.id: [
                bar
                for allowance in subscription.bundle_id.allowance_ids
                for bar in self._allowance_bars(
                    subscription, allowance, used[subscription, allowance]
                )
            ]
            for subscription in subscriptions
        }

    @api.model
    def _allowance_bars(self, subscription, allowance, usages):
        """Bars of what was used, and empty ones of what was not."""
        bars = [self._bar(allowance, usage.number_id, usage) for usage in usages]
        if not subscription.bundle_id.is_shared:
            numbers = [usage.number_id for usage in usages]
            idle = subscription.number_ids.filtered(lambda n: n not in numbers)
            bars = [bar for bar in bars if bar["number"] or bar["has_use"] or not idle]
            bars += [self._bar(allowance, number) for number in idle]
        return bars or [self._bar(allowance)]

    @api.model
    def _usages(self, subscriptions, month):
        return (
            self.env["telecom.bundle.usage"]
            .sudo()
            .search(
                Domain("subscription_id", "in", subscriptions.ids)
                & Domain("period_start", "=", month),
                order="subscription_id, allowance_id, number_id",
            )
        )

    @api.model
    def _bar(self, allowance, number=None, usage=None):
        kind = allowance._quantity_kind()
        included = (allowance[kind] if kind else 0) + (
            usage.carried_over if usage else 0
        )
        used = usage.used if usage else 0
        percent = round(100 * used / included) if included else 0
        return {
            "title": self._allowance_title(allowance),
            "number": numbering.format_international(number.number) if number else "",
            "has_use": bool(used),
            **self._bar_texts(allowance, kind, used, included),
            "percent": min(percent, 100),
            "level": _level(percent),
        }

    @api.model
    def _bar_texts(self, allowance, kind, used, included):
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
    def _allowance_title(self, allowance):
        """What the allowance is good for, in words."""
        places = [
            *allowance.category_ids.mapped("name"),
            *allowance.destination_ids.mapped("name"),
            *(f"+{prefix}" for prefix in allowance.prefix_ids.mapped("prefix")),
        ]
        service = dict(self._selection("service"))[allowance.service]
        return f"{service}: {', '.join(places)}" if places else service

    @api.model
    def _allowance_text(self, allowance, kind, quantity):
        if kind == "seconds":
            return self.env._("%s min", self._decimal_text(quantity / 60, 1))
        if kind == "bytes":
            return self._volume_text(quantity)
        if kind == "messages":
            return self._count_text("sms", quantity)
        if kind == "amount":
            return self._money_text(quantity, allowance.currency_id)
        return self._count_text("voice", quantity)


def _level(percent):
    """The colour of a bar: orange when little is left, red when nothing is."""
    if percent >= 100:  # noqa: PLR2004 percent
        return "danger"
    return "warning" if percent >= 80 else "success"  # noqa: PLR2004 percent

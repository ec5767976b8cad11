# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from odoo import fields, models
from odoo.tools.misc import format_date

from ..engine.fee_periods import due_days, without
from ..engine.invoice_lines import shared_distribution
from . import run_sql
from .customer_periods import next_period


class Fee(NamedTuple):
    """Days of a period whose fee is due: start to end, this not included."""

    subscription: models.BaseModel
    period_start: date
    period_end: date
    start: date
    end: date

    @property
    def is_whole(self) -> bool:
        return (self.start, self.end) == (self.period_start, self.period_end)


class TelecomInvoicingFees(models.AbstractModel):
    """Fees of bundles and top-ups on invoices: which days are due, and their lines."""

    _name = "telecom.invoicing.fees.mixin"
    _description = "Invoicing of Bundle Fees"

    def _fee_lines(self, company, payers, date_from, date_to):
        """Fees and top-ups that are due: (customer id, currency id, line values)."""
        lines = []
        subscriptions = self._fee_subscriptions(company, payers)
        for fee in self._fees(subscriptions, date_from, date_to):
            partner_id, currency_id = self._fee_key(fee.subscription)
            writer = self._in_language_of(partner_id)
            lines.append((partner_id, currency_id, writer._prepare_fee_line(fee)))
        lines += self._fee_correction_lines(subscriptions)
        for topup in self._due_topups(company, payers, date_to):
            partner_id, currency_id = self._fee_key(topup.subscription_id)
            writer = self._in_language_of(partner_id)
            lines.append((partner_id, currency_id, writer._prepare_topup_line(topup)))
        return lines

    def _fee_key(self, subscription):
        payer = subscription.partner_id.commercial_partner_id
        return payer.id, self._fee_currency(subscription).id

    def _fee_currency(self, subscription):
        """The currency of the customer's calls, so that fees are on the same invoice.

        Odoo converts what is sold at the rate of the invoice's day, or the last one
        before. Where there is none at all it stays in the company's currency.
        """
        company = subscription.company_id
        currency = subscription.partner_id._telecom_currency(company)
        known = self.env["res.currency.rate"].search_count(
            [
                ("currency_id", "=", currency.id),
                ("company_id", "in", [False, company.root_id.id]),
                ("name", "<=", fields.Date.context_today(self)),
            ],
            limit=1,
        )
        return currency if known else company.currency_id

    def _invoice_day(self):
        """The date of the invoices, where their run gives them one; else today.

        Odoo prices a line at the rate of this day, so a part of a fee is, too.
        """
        given = self.env.context.get("telecom_move_values", {}).get("invoice_date")
        return fields.Date.to_date(given) or fields.Date.context_today(self)

    def _subscription_of(self, values):
        """The subscription whose fee or top-up a line bills."""
        topup = self.env["telecom.bundle.topup"].browse(
            values.get("telecom_topup_id") or []
        )
        given = self.env["telecom.bundle.subscription"].browse(
            values.get("telecom_subscription_id") or []
        )
        return given or topup.subscription_id

    def _numbers_of_other(self, values):
        """Numbers that a line is for which bills no calls; none: the whole customer."""
        own = self.env["telecom.number"].browse(values.get("telecom_number_id") or [])
        return own or self._subscription_of(values).number_ids

    # === INVOICE VALUES: readers, they write nothing === #

    def _fee_distribution(self, subscription):
        """Analytic accounts of the numbers that have a bundle, in equal parts."""
        numbers = subscription.number_ids
        distribution = shared_distribution(
            [(Decimal(1), self._number_distribution(number.id)) for number in numbers]
        )
        return {"analytic_distribution": distribution} if distribution else {}

    def _prepare_fee_line(self, fee):
        """The fee of a period, or of the days of it that are due."""
        subscription = fee.subscription
        bundle = subscription.bundle_id.with_env(self.env)
        values = {
            "product_id": bundle.product_id.id,
            "name": self.env._(
                "%(bundle)s, %(month)s",
                bundle=bundle.name,
                month=self._period_name(fee.period_start, fee.period_end),
            ),
            "quantity": 1,
            "telecom_subscription_id": subscription.id,
            "telecom_is_by_days": bundle.prorate_fee,
            "telecom_period_start": fee.start,
            "telecom_period_end": fee.end,
            **self._fee_distribution(subscription),
        }
        price = self._period_price(fee)
        if fee.is_whole:
            return values if price is None else values | {"price_unit": price}
        if price is None:
            price = self._fee_price(subscription, bundle.product_id)
        days = (fee.period_end - fee.period_start).days
        return values | {
            "name": self.env._(
                "%(name)s (%(first)s to %(last)s: %(used)s of %(days)s days)",
                name=values["name"],
                first=format_date(self.env, fee.start),
                last=format_date(self.env, fee.end - timedelta(days=1)),
                used=(fee.end - fee.start).days,
                days=days,
            ),
            "price_unit": float(
                Decimal(repr(price)) * (fee.end - fee.start).days / days
            ),
        }

    def _period_price(self, fee):
        """The fee of a whole period as it was on its first day; None: as it is now."""
        product = fee.subscription.bundle_id.product_id
        prices = self.env["telecom.fee.price"].sudo()
        earlier = prices._price_on(product, fee.period_start)
        if earlier is None:
            return None
        return self._fee_price(fee.subscription, product, earlier)

    def _fee_price(self, subscription, product, list_price=None):
        """The fee of a whole period, as the invoice line would propose it."""
        company = subscription.company_id
        payer = subscription.partner_id.commercial_partner_id
        return product.with_company(company)._get_tax_included_unit_price(
            company,
            self._fee_currency(subscription),
            self._invoice_day(),
            "sale",
            fiscal_position=self.with_company(company)._fiscal_position(payer),
            product_price_unit=list_price,
        )

    def _period_name(self, start, end):
        """A calendar month by its name, another period by its days."""
        if start.day == 1 and end == next_period(start):
            return format_date(self.env, start, date_format="MMMM y")
        return self.env["telecom.bundle.subscription"]._days_text(start, end)

    def _prepare_topup_line(self, topup):
        product = topup.product_id or self.env.ref("telecom_cdr.product_bundle_topup")
        start, subscription = topup.period_start, topup.subscription_id
        company = subscription.company_id
        payer = subscription.partner_id.commercial_partner_id
        price = company.currency_id._convert(
            self.with_company(company)._price_of_customer(topup.price, product, payer),
            self._fee_currency(subscription),
            company,
            self._invoice_day(),
        )
        return {
            "product_id": product.id,
            "name": self.env._(
                "Top-up of %(bundle)s, %(month)s: %(quantity)s",
                bundle=topup.bundle_id.with_env(self.env).name,
                month=self._period_name(start, next_period(start)),
                quantity=topup.with_env(self.env).quantity_text,
            ),
            "quantity": 1,
            "price_unit": price,
            "telecom_topup_id": topup.id,
            **self._fee_distribution(subscription),
        }

    # === WHAT IS DUE === #

    def _due_topups(self, company, payers, date_to):
        """Top-ups of periods that began by a day, and are on no invoice yet."""
        topups = self.env["telecom.bundle.topup"].search(
            [
                ("company_id", "=", company.id),
                ("partner_id.commercial_partner_id", "in", payers.ids),
                ("period_start", "<=", date_to),
            ],
            order="partner_id, period_start, id",
        )
        return topups - topups._billed()

    def _fee_subscriptions(self, company, payers):
        """Subscriptions of customers, ended or planned ones too, that have a fee."""
        return self.env["telecom.bundle.subscription"].search(
            [
                ("company_id", "=", company.id),
                ("partner_id.commercial_partner_id", "in", payers.ids),
                ("bundle_id.product_id", "!=", False),
            ],
            order="partner_id, priority, id",
        )

    def _fees(self, subscriptions, date_from, date_to):
        """Fees that are due and on no invoice yet."""
        billed, first = self._billed_fees(subscriptions)
        began = self._billing_began(subscriptions)
        fees = []
        for subscription in subscriptions:
            since = self._fees_since(subscription, date_from, first, began)
            # Another billing day reaches back, not behind what was billed first.
            floor = since if first.get(subscription.id) == since else date.min
            due_spans = due_days(
                subscription._fee_plan(),
                subscription._running_days(),
                since,
                date_to,
                subscription.bundle_id.prorate_fee,
            )
            fees += [
                Fee(subscription, due.period_start, due.period_end, *days)
                for due in due_spans
                for days in without(
                    (max(due.start, floor), due.end), billed[subscription.id]
                )
            ]
        return fees

    def _fees_since(self, subscription, date_from, first, began):
        """The day from which fees count: what was left out since the first one, too.

        Fees wait as calls do, whatever the reason: on hold, too little, a cut-off day,
        data that was missing, a draft that was deleted. What was before the customer's
        first run was invoiced elsewhere.
        """
        payer = subscription.partner_id.commercial_partner_id
        return min(
            date_from,
            first.get(subscription.id, date_from),
            began.get(payer.id, date_from),
        )

    def _billing_began(self, subscriptions):
        """The first day of the earliest run that named each customer: by id."""
        payers = subscriptions.partner_id.commercial_partner_id
        self.env["telecom.run"].flush_model(["company_id", "date_from"])
        self.env["telecom.run.customer"].flush_model(
            ["run_id", "partner_id", "left_reason"]
        )
        return dict(
            self.env.execute_query(
                run_sql.first_days(subscriptions.company_id.ids, payers.ids)
            )
        )

    def _billed_fees(self, subscriptions):
        """Days whose fee is on an invoice, and the first day that ever was on one.

        Days are billed already where the billing day, the interval or the dates of the
        subscription have changed since.

        :return: spans by subscription id, first day by subscription id
        """
        lines = self.env["account.move.line"].search(
            [
                ("telecom_subscription_id", "in", subscriptions.ids),
                ("telecom_fee_number", "=", 0),
            ],
            order="telecom_period_start",
        )
        billed, first = defaultdict(list), {}
        for line in lines:
            start, end, _sign = line._telecom_fee_span()
            first.setdefault(line.telecom_subscription_id.id, start)
            if not line.telecom_is_released:
                billed[line.telecom_subscription_id.id].append((start, end))
        return billed, first

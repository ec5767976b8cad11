# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import re
from datetime import date, datetime, timedelta

from dateutil.relativedelta import relativedelta
from werkzeug.datastructures import MultiDict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools.misc import format_date

from odoo.addons.telecom_cdr.models.customer_periods import next_period, period_start

TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)


class TelecomPortalOrdering(models.AbstractModel):
    """Bundles: what is offered, and order, change and cancel."""

    _name = "telecom.portal.ordering"
    _inherit = ["telecom.portal.settings", "telecom.portal.own.use"]
    _description = "Telephony in the Portal: Orders of Bundles"

    # === WHAT MAY BE DONE === #

    @api.model
    def _may_order(self, company: models.BaseModel | None = None) -> bool:
        """Orders cost the whole customer money: they are for those who see all."""
        return self._sees_all() and self._may("bundles", company)

    @api.model
    def _offered(self, domain: Domain = Domain.TRUE) -> models.BaseModel:
        """The bundles that the user may order."""
        companies = self._companies().filtered(self._may_order)
        return (
            self.env["telecom.bundle"]
            .sudo()
            .search(
                Domain("is_offered", "=", True)
                & Domain("company_id", "in", companies.ids)
                & domain
            )
        )

    @api.model
    def _offered_bundle(self, text: object) -> models.BaseModel:
        """The offered bundle that a page names by its id."""
        digits = str(text or "")
        known = self._offered().filtered(lambda bundle: str(bundle.id) == digits)
        if not known:
            raise UserError(self.env._("This bundle is not offered any more."))
        return known

    @api.model
    def _own_subscription(self, text: object) -> models.BaseModel:
        """The running bundle that a page names by its id, and that may be changed."""
        found = self._own(self.env["telecom.bundle.subscription"], text, "number_ids")
        if not found or not self._is_changeable(found):
            raise UserError(
                self.env._(
                    "This bundle cannot be changed here: please ask us to do it."
                )
            )
        return found

    @api.model
    def _is_changeable(self, subscription: models.BaseModel) -> bool:
        """Whether it is the customer's to change: offered, and without an end."""
        if subscription.date_end or not self._may_order(subscription.company_id):
            return False
        return subscription.bundle_id.is_offered or self._was_ordered(subscription)

    @api.model
    def _was_ordered(self, subscription: models.BaseModel) -> bool:
        orders = self.env["telecom.portal.order"].sudo()
        return bool(
            orders.search_count([("subscription_id", "=", subscription.id)], limit=1)
        )

    # === WHEN === #

    @api.model
    def _order_start(self, bundle: models.BaseModel) -> datetime:
        """The moment from which an order would count."""
        if bundle.offer_start == "now":
            return fields.Datetime.now()
        subscriptions = self.env["telecom.bundle.subscription"].sudo()
        day = self._payer()._telecom_billing_day(bundle.company_id)
        present = subscriptions._present_period(bundle.company_id, day)
        return subscriptions._midnight(next_period(present), bundle.company_id)

    @api.model
    def _earliest_end(
        self, subscription: models.BaseModel, has_notice: bool = True
    ) -> date:
        """The first day without a bundle that is ended now: a period begins then."""
        bundle = subscription.bundle_id
        today, first = subscription._today(), subscription._first_day()
        notice = bundle.offer_notice_days if has_notice else 0
        earliest = max(
            today + timedelta(days=max(notice, 1)),
            first + timedelta(days=1),
            first + relativedelta(months=bundle.offer_minimum_months),
        )
        start = period_start(earliest, subscription._billing_day())
        return start if start == earliest else next_period(start)

    @api.model
    def _end_moment(
        self, subscription: models.BaseModel, has_notice: bool = True
    ) -> datetime:
        day = self._earliest_end(subscription, has_notice)
        return subscription._midnight(day, subscription.company_id)

    # === WORDS === #

    @api.model
    def _offer(self, bundle: models.BaseModel) -> dict:
        """An offer as texts."""
        return {
            "id": bundle.id,
            "name": bundle.name,
            "fee": self._fee_text(bundle),
            "includes": [
                self._included_text(allowance) for allowance in bundle.allowance_ids
            ],
            "has_plan": bool(bundle.tariff_id),
            "is_shared": bundle.is_shared,
            "terms": bundle.offer_terms or "",
            "conditions": self._conditions(bundle),
        }

    @api.model
    def _included_text(self, allowance: models.BaseModel) -> str:
        kind = allowance._quantity_kind()
        quantity = self._allowance_text(allowance, kind, allowance[kind])
        return f"{quantity} · {self._allowance_title(allowance)}"

    @api.model
    def _fee_text(self, bundle: models.BaseModel) -> str:
        """What the invoice will ask for: in the customer's currency, without taxes."""
        if not bundle.product_id:
            return self.env._("no fee")
        invoicing = self.env["telecom.invoicing"].sudo()
        asked = self.env["telecom.bundle.subscription"].sudo()
        asked = asked.new({"bundle_id": bundle.id, "partner_id": self._payer().id})
        fee = invoicing._fee_price(asked, bundle.product_id)
        amount = self._money_text(fee, invoicing._fee_currency(asked))
        return {
            "month": self.env._("%s a month", amount),
            "quarter": self.env._("%s a quarter", amount),
            "year": self.env._("%s a year", amount),
        }[bundle.fee_interval]

    @api.model
    def _conditions(self, bundle: models.BaseModel) -> list[str]:
        """What counts for it, sentence by sentence."""
        texts = []
        if bundle.product_id and bundle.prorate_fee:
            texts.append(self.env._("A part of a period costs a part of the fee."))
        elif bundle.product_id:
            texts.append(self.env._("A period that has begun costs the whole fee."))
        months, days = bundle.offer_minimum_months, bundle.offer_notice_days
        if months == 1:
            texts.append(self.env._("It runs for at least a month."))
        elif months:
            texts.append(self.env._("It runs for at least %s months.", months))
        if days:
            texts.append(
                self.env._(
                    "It can be cancelled for the end of a period, %s days ahead.", days
                )
            )
        else:
            texts.append(self.env._("It can be cancelled for the end of each period."))
        return texts

    @api.model
    def _quote(self, bundle: models.BaseModel) -> str:
        """A short text that differs once what the customer was shown has changed."""
        offer = self._offer(bundle)
        return hashlib.sha256(repr(sorted(offer.items())).encode()).hexdigest()[:32]

    @api.model
    def _day_text(self, moment: datetime) -> str:
        return format_date(self.env, self._local(moment).date())

    @api.model
    def _last_day_text(self, subscription: models.BaseModel) -> str:
        """The last day that a bundle would cover, were it cancelled now."""
        day = self._earliest_end(subscription) - timedelta(days=1)
        return format_date(self.env, day)

    @api.model
    def _own_bundles(self) -> list[dict]:
        """The customer's running bundles, and what may be done with them."""
        running = self._subscriptions(
            Domain("date_end", "=", False)
            | Domain("date_end", ">", fields.Datetime.now())
        )
        seen = self._seen_numbers(running)
        return [
            {
                "id": one.id,
                "name": one.bundle_id.name,
                "period": self._period_text(one),
                "numbers": (one.number_ids & seen).mapped("display_name"),
                "is_changeable": self._is_changeable(one),
            }
            for one in running
        ]

    # === DOING === #

    @api.model
    def _order_numbers(
        self, form: MultiDict, bundle: models.BaseModel
    ) -> models.BaseModel:
        """The numbers that a form names; none where it is for all of them."""
        numbers = self.env["telecom.number"].sudo()
        if form.get("scope") != "some":
            return numbers
        for text in form.getlist("numbers"):
            numbers |= self._own_number(text)
        if not numbers or numbers.company_id != bundle.company_id:
            raise UserError(self.env._("Choose at least one of your numbers."))
        return numbers

    @api.model
    def _order_bundle(
        self,
        bundle: models.BaseModel,
        numbers: models.BaseModel,
        quote: str | None,
        token: str | None,
    ) -> models.BaseModel:
        """Give the customer an offered bundle; once, however often it is asked for."""
        self._check_quote(bundle, quote)
        order = self._begin_order("order", bundle, token)
        if not order:
            return order
        self._check_not_given(bundle, numbers)
        subscription = (
            self.env["telecom.bundle.subscription"]
            .sudo()
            .create(
                {
                    "partner_id": self._payer().id,
                    "bundle_id": bundle.id,
                    "number_ids": [Command.set(numbers.ids)],
                    "date_start": self._order_start(bundle),
                }
            )
        )
        since = self._period_text(subscription)
        self._log(subscription, self.env._("Bundle"), "", f"{bundle.name}, {since}")
        return self._finish_order(order, subscription, subscription.date_start)

    @api.model
    def _change_bundle(
        self,
        subscription: models.BaseModel,
        bundle: models.BaseModel,
        quote: str | None,
        token: str | None,
    ) -> models.BaseModel:
        """Another bundle instead, from the next period that the terms allow."""
        self._check_quote(bundle, quote)
        if bundle == subscription.bundle_id:
            raise UserError(self.env._("You have this bundle already."))
        if bundle.company_id != subscription.company_id:
            raise UserError(self.env._("This bundle is not offered any more."))
        order = self._begin_order("change", bundle, token)
        if not order:
            return order
        start = self._end_moment(subscription, has_notice=False)
        successor = subscription.create(subscription._successor_values(bundle, start))
        subscription.date_end = start
        old, new = subscription.bundle_id.name, bundle.name
        what = self.env._("Bundle from %s", self._day_text(start))
        self._log(subscription, what, old, new)
        order.previous_id = subscription
        return self._finish_order(order, successor, start)

    @api.model
    def _cancel_bundle(
        self, subscription: models.BaseModel, token: str | None
    ) -> models.BaseModel:
        """End a bundle with the first period that the terms allow."""
        order = self._begin_order("cancel", subscription.bundle_id, token)
        if not order:
            return order
        end = self._end_moment(subscription)
        subscription.date_end = end
        what = self.env._("End of %s", subscription.bundle_id.name)
        self._log(subscription, what, "", self._day_text(end))
        return self._finish_order(order, subscription, end)

    @api.model
    def _is_done(self, token: str | None) -> bool:
        """Whether a click was taken up already, so that a second one is no error."""
        orders = self.env["telecom.portal.order"].sudo()
        domain = Domain("partner_id", "=", self._payer().id)
        domain &= Domain("token", "=", str(token or ""))
        return bool(orders.search_count(domain, limit=1))

    @api.model
    def _begin_order(
        self, kind: str, bundle: models.BaseModel, token: str | None
    ) -> models.BaseModel:
        if not TOKEN.fullmatch(str(token or "")):
            raise UserError(
                self.env._("This page is too old: please begin with the bundle again.")
            )
        orders = self.env["telecom.portal.order"].sudo()
        return orders._begin(kind, self._payer(), bundle, token)

    @api.model
    def _finish_order(
        self, order: models.BaseModel, subscription: models.BaseModel, moment: datetime
    ) -> models.BaseModel:
        """Complete an order with what was shown, and tell it."""
        bundle = order.bundle_id
        order.write(
            {
                "subscription_id": subscription.id,
                "date_effective": moment,
                "fee_text": self._fee_text(bundle),
                "terms": "\n".join(
                    [*self._conditions(bundle), bundle.offer_terms or ""]
                ),
            }
        )
        order._tell()
        return order

    @api.model
    def _check_quote(self, bundle: models.BaseModel, quote: str | None) -> None:
        if quote != self._quote(bundle):
            raise UserError(
                self.env._(
                    "%(bundle)s has other terms now than those you were shown. Look at "
                    "them and confirm again.",
                    bundle=bundle.name,
                )
            )

    @api.model
    def _check_not_given(
        self, bundle: models.BaseModel, numbers: models.BaseModel
    ) -> None:
        """The same bundle twice for a number would only cost twice."""
        domain = Domain("bundle_id", "=", bundle.id) & (
            Domain("date_end", "=", False)
            | Domain("date_end", ">", self._order_start(bundle))
        )
        for given in self._subscriptions(domain):
            if not numbers or not given.number_ids or numbers & given.number_ids:
                raise UserError(
                    self.env._(
                        "You have %(bundle)s already, %(period)s.",
                        bundle=bundle.name,
                        period=self._period_text(given),
                    )
                )

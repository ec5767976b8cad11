# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import date, datetime

from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .settings_common import OrdersCase

# Noon of a summer day in Madrid.
NOW = "2026-07-10 10:00:00"
TOKENS = [f"{n:032x}" for n in range(1, 10)]


@tagged("post_install", "-at_install")
class TestPortalOrders(OrdersCase):
    """Bundles: ordered once, changed at the next period, cancelled by the terms."""

    def _order(self, bundle=None, user=None, token=TOKENS[0], numbers=None):
        portal = self._portal(user)
        bundle = portal._offered_bundle((bundle or self.small).id)
        numbers = numbers or self.env["telecom.number"].sudo()
        return portal._order_bundle(bundle, numbers, portal._quote(bundle), token)

    def _given(self, partner=None):
        """(bundle, from, until) of a customer's bundles."""
        found = self.env["telecom.bundle.subscription"].search(
            [("partner_id", "=", (partner or self.acme).id)], order="date_start, id"
        )
        return [(one.bundle_id.name, one.date_start, one.date_end) for one in found]

    # === ORDER === #

    @freeze_time(NOW)
    def test_an_order_begins_with_the_next_period(self):
        order = self._order()
        start = datetime(2026, 7, 31, 22)
        self.assertEqual(self._given(), [("SMALL", start, False)])
        self.assertEqual(
            (order.kind, order.date_effective, order.user_id, order.partner_id),
            ("order", start, self.user, self.acme),
        )
        self.assertIn("Terms of SMALL", order.terms)
        self.assertEqual(order.fee_text, f"{self._fee(10)} a month")
        [(login, what, old, new)] = self._changes()
        self.assertEqual((login, what, old), ("acme_portal", "Bundle", ""))
        self.assertTrue(new.startswith("SMALL, from"))

    def _fee(self, amount):
        return self.portal._money_text(amount, self.company.currency_id)

    @freeze_time(NOW)
    def test_or_at_once(self):
        self.small.offer_start = "now"
        self._order()
        self.assertEqual(self._given(), [("SMALL", datetime(2026, 7, 10, 10), False)])

    @freeze_time(NOW)
    def test_the_same_click_twice_is_one_order(self):
        self.assertTrue(self._order())
        self.assertTrue(self._portal()._is_done(TOKENS[0]))
        self.assertFalse(self._order())
        refused = self.assertRaisesRegex(UserError, "You have SMALL already")
        with refused, self.cr.savepoint():
            self._order(token=TOKENS[1])
        self.assertEqual(len(self._given()), 1)
        self.assertFalse(self._portal(self.rival_user)._is_done(TOKENS[0]))

    @freeze_time(NOW)
    def test_each_number_has_it_once(self):
        self._order(numbers=self.number)
        self._order(numbers=self.second, token=TOKENS[1])
        for numbers in (self.number, self.second | self.number, None):
            with self.assertRaises(UserError), self.cr.savepoint():
                self._order(numbers=numbers, token=TOKENS[2])
        self.assertEqual(len(self._given()), 2)

    @freeze_time(NOW)
    def test_other_terms_than_were_shown(self):
        portal = self._portal()
        quote = portal._quote(self.small.sudo())
        changes = [
            {"offer_terms": "Other"},
            {"offer_minimum_months": 12},
            {"offer_notice_days": 30},
        ]
        none = self.env["telecom.number"]
        for values in changes:
            before = {name: self.small[name] for name in values}
            self.small.write(values)
            with self.assertRaisesRegex(UserError, "has other terms now"):
                portal._order_bundle(self.small.sudo(), none, quote, TOKENS[0])
            self.small.write(before)
        self.small.product_id.list_price = 11
        with self.assertRaisesRegex(UserError, "has other terms now"):
            portal._order_bundle(self.small.sudo(), none, quote, TOKENS[0])
        self.assertFalse(self._given())

    @freeze_time(NOW)
    def test_a_token_that_is_none(self):
        for token in (None, "", "x" * 32, TOKENS[0] + "0"):
            with self.assertRaisesRegex(UserError, "too old"):
                self._order(token=token)
        self.assertFalse(self._given())

    def test_who_may_not_order(self):
        cases = [self.clerk, self.env.ref("base.public_user")]
        self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        for user in cases:
            with self.assertRaisesRegex(UserError, "not offered any more"):
                self._order(user=user)
        self.small.is_offered = False
        with self.assertRaisesRegex(UserError, "not offered any more"):
            self._order()
        self.company.telecom_portal_may_bundles = False
        with self.assertRaisesRegex(UserError, "not offered any more"):
            self._order(self.large)
        self.assertFalse(self._given())

    def test_another_company_offers_its_own(self):
        company = self.env["res.company"].create(
            {"name": "Other Telecom", "telecom_portal_may_bundles": True}
        )
        foreign = self._bundle("FOREIGN", 1, company_id=company.id, product_id=False)
        with self.assertRaisesRegex(UserError, "not offered any more"):
            self._order(foreign)
        self.assertNotIn("FOREIGN", self._text("/my/telecom/offers"))

    def test_an_empty_bundle_is_not_offered(self):
        with self.assertRaisesRegex(ValidationError, "EMPTY includes nothing"):
            self._bundle("EMPTY", 1, allowance_ids=[])

    # === CHANGE === #

    def _subscription(self, bundle=None, **values):
        return self.env["telecom.bundle.subscription"].create(
            {
                "partner_id": self.acme.id,
                "bundle_id": (bundle or self.small).id,
                "date_start": datetime(2026, 5, 31, 22),
                **values,
            }
        )

    def _change(self, subscription, bundle, token=TOKENS[0], user=None):
        portal = self._portal(user)
        own = portal._own_subscription(str(subscription.id))
        bundle = bundle.sudo()
        return portal._change_bundle(own, bundle, portal._quote(bundle), token)

    @freeze_time(NOW)
    def test_a_change_counts_from_the_next_period(self):
        self.small.offer_notice_days = 60
        own = self._subscription(number_ids=[Command.set(self.second.ids)])
        order = self._change(own, self.large)
        turn = datetime(2026, 7, 31, 22)
        self.assertEqual(
            self._given(),
            [("SMALL", own.date_start, turn), ("LARGE", turn, False)],
        )
        self.assertEqual(order.subscription_id.number_ids, self.second)
        self.assertEqual(order.previous_id, own)
        [(_login, what, old, new)] = self._changes()
        self.assertEqual((old, new), ("SMALL", "LARGE"))
        self.assertIn("Bundle from", what)
        with self.assertRaisesRegex(UserError, "cannot be changed here"):
            self._change(own, self.large, TOKENS[1])

    @freeze_time(NOW)
    def test_not_before_the_minimum_is_over(self):
        self.small.offer_minimum_months = 3
        own = self._subscription()
        self._change(own, self.large)
        self.assertEqual(own.date_end, datetime(2026, 8, 31, 22))

    @freeze_time(NOW)
    def test_what_cannot_be_changed(self):
        given = self._bundle("GIVEN", 5, is_offered=False)
        own, theirs = self._subscription(), self._subscription(given)
        rivals = self._subscription(partner_id=self.rival.id)
        ended = self._subscription(self.large, date_end=datetime(2026, 12, 1))
        for subscription in (theirs, rivals, ended):
            with self.assertRaisesRegex(UserError, "cannot be changed here"):
                self._change(subscription, self.large)
        with self.assertRaisesRegex(UserError, "have this bundle already"):
            self._change(own, self.small)
        self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        with self.assertRaisesRegex(UserError, "cannot be changed here"):
            self._change(own, self.large, user=self.clerk)

    # === CANCEL === #

    def test_earliest_end(self):
        """(today, minimum months, notice days, first day without it)."""
        own = self._subscription()
        cases = [
            ("2026-07-10", 0, 0, date(2026, 8, 1)),
            ("2026-07-31", 0, 0, date(2026, 8, 1)),
            ("2026-08-01", 0, 0, date(2026, 9, 1)),
            ("2026-07-10", 0, 22, date(2026, 8, 1)),
            ("2026-07-10", 0, 23, date(2026, 9, 1)),
            ("2026-07-10", 2, 0, date(2026, 8, 1)),
            ("2026-07-10", 3, 0, date(2026, 9, 1)),
            ("2026-07-10", 12, 30, date(2027, 6, 1)),
            ("2026-05-01", 0, 0, date(2026, 7, 1)),
        ]
        for today, months, days, expected in cases:
            self.small.write(
                {"offer_minimum_months": months, "offer_notice_days": days}
            )
            asked = self.subTest(today=today, months=months, days=days)
            with asked, freeze_time(f"{today} 10:00:00"):
                self.assertEqual(self._portal()._earliest_end(own), expected)

    def test_periods_of_the_billing_day(self):
        self.acme.telecom_billing_day = 15
        own = self._subscription()
        with freeze_time(NOW):
            self.assertEqual(self._portal()._earliest_end(own), date(2026, 7, 15))

    @freeze_time(NOW)
    def test_a_cancellation(self):
        own = self._subscription()
        portal = self._portal()
        portal._cancel_bundle(portal._own_subscription(str(own.id)), TOKENS[0])
        self.assertEqual(own.date_end, datetime(2026, 7, 31, 22))
        [(login, what, old, new)] = self._changes()
        self.assertEqual((login, what, old), ("acme_portal", "End of SMALL", ""))
        self.assertIn("2026", new)
        self.assertTrue(portal._is_done(TOKENS[0]))

    # === WHO IS TOLD === #

    @freeze_time(NOW)
    def test_the_company_has_an_activity_or_a_mail(self):
        self.user.partner_id.email = "ann@example.com"
        order = self._order()
        notified = (
            self.env["mail.message"]
            .search(
                [
                    ("model", "=", order._name),
                    ("res_id", "=", order.id),
                    ("message_type", "=", "user_notification"),
                ]
            )
            .notified_partner_ids
        )
        self.assertIn(self.company.partner_id, notified)
        mails = self.env["mail.mail"].search([("model", "=", "telecom.portal.order")])
        self.assertIn(self.user.partner_id, mails.recipient_ids)
        self.company.telecom_portal_user_id = self.env.ref("base.user_admin")
        order = self._order(self.large, token=TOKENS[1])
        self.assertEqual(order.activity_ids.user_id, self.env.ref("base.user_admin"))

    # === PAGES === #

    def test_order_change_and_cancel_through_the_pages(self):
        text = self._text("/my/telecom/offers")
        self.assertIn("100 min · Voice", text)
        self.assertIn(f"{self._fee(10)} a month".replace("\xa0", " "), text)
        values = self._form(f"/my/telecom/offers/order?bundle={self.small.id}")
        values |= {"scope": "some", "numbers": self.second.id}
        for _click in range(2):
            text = self._post("/my/telecom/offers/order/confirm", **values)
            self.assertIn("Thank you: the bundle is ordered.", text)
        own = self.env["telecom.bundle.subscription"].search(
            [("partner_id", "=", self.acme.id)]
        )
        self.assertEqual(own.number_ids, self.second)
        url = f"/my/telecom/offers/change?subscription={own.id}"
        self.assertIn("LARGE", self._text(url))
        values = self._form(f"{url}&bundle={self.large.id}")
        text = self._post("/my/telecom/offers/change/confirm", **values)
        self.assertIn("Thank you: the bundle is changed.", text)
        new = self.env["telecom.portal.order"].search([], limit=1).subscription_id
        self.assertEqual(new.bundle_id, self.large)
        url = f"/my/telecom/offers/cancel?subscription={new.id}"
        text = self._post("/my/telecom/offers/cancel/confirm", **self._form(url))
        self.assertIn("The bundle is cancelled.", text)
        self.assertTrue(new.date_end)
        kinds = self.env["telecom.portal.order"].search([]).mapped("kind")
        self.assertEqual(kinds, ["cancel", "change", "order"])

    def _form(self, url):
        """The hidden fields of the form of a page."""
        names = ("bundle", "quote", "token", "subscription")
        text = self._open(url)
        values = {}
        for name in names:
            part = text.partition(f'name="{name}" value="')[2]
            if part:
                values[name] = part.partition('"')[0]
        return values

    def test_pages_of_others_are_not_there(self):
        rivals = self._subscription(partner_id=self.rival.id)
        self.authenticate(self.user.login, self.user.login)
        for url in (
            f"/my/telecom/offers/cancel?subscription={rivals.id}",
            f"/my/telecom/offers/change?subscription={rivals.id}",
            "/my/telecom/offers/order?bundle=0",
            "/my/telecom/offers/order?bundle=abc",
            "/my/telecom/offers/order",
        ):
            response = self.url_open(url)
            self.assertTrue(response.url.endswith("/my/telecom/offers"), url)
            self.assertIn("alert-warning", response.text)

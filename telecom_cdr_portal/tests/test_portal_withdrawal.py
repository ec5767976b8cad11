# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import date, datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .settings_common import OrdersCase

# Noon of a summer day in Madrid; the next period begins at TURN.
NOW, TURN = "2026-07-10 10:00:00", datetime(2026, 7, 31, 22)
TOKENS = [f"{n:032x}" for n in range(1, 10)]


@tagged("post_install", "-at_install")
class TestPortalWithdrawal(OrdersCase):
    """Orders, changes and cancellations are taken back before they take effect."""

    def _order(self, bundle=None, token=TOKENS[0], user=None):
        portal = self._portal(user)
        bundle = portal._offered_bundle((bundle or self.small).id)
        none = self.env["telecom.number"].sudo()
        return portal._order_bundle(bundle, none, portal._quote(bundle), token)

    def _subscription(self, **values):
        return self.env["telecom.bundle.subscription"].create(
            {
                "partner_id": self.acme.id,
                "bundle_id": self.small.id,
                "date_start": datetime(2026, 5, 31, 22),
                **values,
            }
        )

    def _change(self, own, bundle=None, token=TOKENS[0]):
        portal = self._portal()
        bundle = (bundle or self.large).sudo()
        own = portal._own_subscription(str(own.id))
        return portal._change_bundle(own, bundle, portal._quote(bundle), token)

    def _cancel(self, own, token=TOKENS[0]):
        portal = self._portal()
        return portal._cancel_bundle(portal._own_subscription(str(own.id)), token)

    def _withdraw(self, order, user=None):
        return self._portal(user)._withdraw_order(str(order.id))

    def _given(self):
        found = self.env["telecom.bundle.subscription"].search(
            [("partner_id", "=", self.acme.id)], order="date_start, id"
        )
        return [(one.bundle_id.name, one.date_start, one.date_end) for one in found]

    # === WHAT IS LEFT === #

    @freeze_time(NOW)
    def test_nothing_is_left_of_an_order(self):
        order = self._order()
        self.assertEqual(self._given(), [("SMALL", TURN, False)])
        self._withdraw(order)
        self.assertEqual(self._given(), [])
        self.assertEqual(
            (order.state, order.withdrawn_by_id, order.date_withdrawn),
            ("withdrawn", self.user, datetime(2026, 7, 10, 10)),
        )
        self.assertEqual(order._effective_day(), date(2026, 8, 1))
        self.assertEqual(
            self._changes()[1:],
            [("acme_portal", "Taken back: Order: SMALL", "08/01/2026", "")],
        )
        self._withdraw(order)
        self.assertEqual(len(self._changes()), 2, "a second click is no error")
        self.assertTrue(self._order(token=TOKENS[1]), "it can be ordered again")

    @freeze_time(NOW)
    def test_no_fee_is_left_of_an_order(self):
        order = self._order()
        self._withdraw(order)
        with freeze_time("2026-08-20 10:00:00"):
            moves = self.env["telecom.invoicing"]._invoice(
                self.acme, date(2026, 8, 1), date(2026, 8, 31)
            )
        self.assertFalse(moves)

    @freeze_time(NOW)
    def test_after_a_change_the_old_one_goes_on(self):
        own = self._subscription()
        order = self._change(own)
        self.assertEqual(own.date_end, TURN)
        self._withdraw(order)
        self.assertEqual(self._given(), [("SMALL", own.date_start, False)])
        self.assertEqual(self._changes()[-1][1], "Taken back: Change: LARGE")

    @freeze_time(NOW)
    def test_after_a_cancellation_it_goes_on(self):
        own = self._subscription()
        order = self._cancel(own)
        self.assertEqual(order._effective_day(), date(2026, 7, 31))
        self._withdraw(order)
        self.assertFalse(own.date_end)
        self.assertTrue(self._cancel(own, TOKENS[1]))

    # === WHAT STAYS === #

    def test_not_once_it_has_taken_effect(self):
        with freeze_time(NOW):
            order = self._order()
            own = self._subscription(bundle_id=self.large.id)
            cancelled = self._cancel(own, TOKENS[1])
        with freeze_time("2026-07-31 22:00:00"):
            for one in (order, cancelled):
                with self.assertRaisesRegex(UserError, "has taken effect"):
                    self._withdraw(one)
            self.assertEqual(self._portal()._pending_orders(), [])
        self.assertEqual(
            self._given(),
            [("LARGE", own.date_start, TURN), ("SMALL", TURN, False)],
        )
        self.small.offer_start = "now"
        own.date_end = datetime(2026, 6, 1)
        order.subscription_id.unlink()
        with freeze_time(NOW):
            at_once = self._order(token=TOKENS[2])
            with self.assertRaisesRegex(UserError, "has taken effect"):
                self._withdraw(at_once)

    @freeze_time(NOW)
    def test_the_last_one_first(self):
        """Order, then change, then cancel what the change would begin."""
        order = self._order()
        change = self._change(order.subscription_id, token=TOKENS[1])
        cancel = self._cancel(change.subscription_id, TOKENS[2])
        with self.assertRaisesRegex(UserError, "followed by Change: LARGE"):
            self._withdraw(order)
        with self.assertRaisesRegex(UserError, "followed by Cancellation: LARGE"):
            self._withdraw(change)
        ids = [one["id"] for one in self._portal()._pending_orders()]
        self.assertEqual(ids, [cancel.id])
        for one in (cancel, change, order):
            self._withdraw(one)
        self.assertEqual(self._given(), [])

    @freeze_time(NOW)
    def test_not_what_is_on_an_invoice(self):
        order = self._order()
        self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.acme.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Fee",
                            "price_unit": 10,
                            "telecom_subscription_id": order.subscription_id.id,
                        }
                    )
                ],
            }
        )
        with self.assertRaisesRegex(UserError, "on an invoice already"):
            self._withdraw(order)
        self.assertTrue(order.subscription_id)

    @freeze_time(NOW)
    def test_not_what_was_changed_since(self):
        order = self._order()
        order.subscription_id.date_start = datetime(2026, 8, 31, 22)
        with self.assertRaisesRegex(UserError, "was changed since"):
            self._withdraw(order)
        own = self._subscription(bundle_id=self.large.id)
        cancelled = self._cancel(own, TOKENS[1])
        own.date_end = datetime(2026, 12, 31, 23)
        with self.assertRaisesRegex(UserError, "was changed since"):
            self._withdraw(cancelled)
        self.assertEqual(own.date_end, datetime(2026, 12, 31, 23))

    # === WHO === #

    @freeze_time(NOW)
    def test_who_may_not(self):
        order = self._order()
        self._limit_to(self.clerk, number_ids=[Command.set(self.second.ids)])
        users = (self.clerk, self.rival_user, self.env.ref("base.public_user"))
        for user in users:
            with self.assertRaisesRegex(UserError, "cannot be taken back here"):
                self._withdraw(order, user)
            self.assertEqual(self._portal(user)._pending_orders(), [])
        for text in ("0", "x", None, f"{order.id} OR 1=1"):
            with self.assertRaisesRegex(UserError, "cannot be taken back here"):
                self._portal()._withdraw_order(text)
        self.company.telecom_portal_may_bundles = False
        with self.assertRaisesRegex(UserError, "cannot be taken back here"):
            self._withdraw(order)
        self.assertEqual(order.state, "ordered")

    @freeze_time(NOW)
    def test_the_back_office_takes_it_back(self):
        operator = new_test_user(
            self.env, "operator", groups="telecom_cdr.group_telecom_user"
        )
        reader = new_test_user(
            self.env, "reader", groups="telecom_cdr.group_telecom_reader"
        )
        order = self._order()
        with self.assertRaises(AccessError):
            order.with_user(reader).action_withdraw()
        order.with_user(operator).action_withdraw()
        self.assertEqual((order.state, order.withdrawn_by_id), ("withdrawn", operator))
        self.assertEqual(self._given(), [])
        self.assertEqual(self._changes()[-1][0], "operator")
        [row, _ordered] = self._portal()._changes()[0]
        self.assertEqual(row["what"], "Taken back: Order: SMALL")
        self.assertNotIn("in the portal", order.message_ids[0].body)

    @freeze_time(NOW)
    def test_who_is_told(self):
        self.user.partner_id.email = "ann@example.com"
        self.company.telecom_portal_user_id = self.env.ref("base.user_admin")
        order = self._order()
        self.assertEqual(len(order.activity_ids), 1)
        self._withdraw(order)
        self.assertFalse(order.activity_ids, "nobody has looked at it yet")
        mails = self.env["mail.mail"].search([("model", "=", order._name)])
        self.assertEqual(mails[0].subject, "Taken back: Order: SMALL")
        self.assertIn("is taken back", mails[0].body_html)
        self.assertNotIn("Terms of SMALL", mails[0].body_html)
        order = self._order(token=TOKENS[1])
        order.activity_ids.action_done()
        self._withdraw(order)
        self.assertEqual(len(order.activity_ids), 1)
        self.assertIn("has taken back: Order: SMALL", order.activity_ids.note)

    # === PAGES === #

    def test_through_the_page(self):
        order = self._order()
        page = self._open("/my/telecom/offers")
        self.assertIn("SMALL begins on", page)
        self.assertIn("Take the order back", page)
        text = self._post("/my/telecom/offers/withdraw", order=order.id)
        self.assertIn("It is taken back: nothing changes.", text)
        self.assertNotIn("Take the order back", text)
        self.assertEqual(order.state, "withdrawn")
        rivals = self._order(user=self.rival_user, token=TOKENS[1])
        text = self._post("/my/telecom/offers/withdraw", order=rivals.id)
        self.assertIn("cannot be taken back here", text)
        self.assertEqual(rivals.state, "ordered")

    def test_a_cancelled_bundle_is_kept(self):
        own = self._subscription()
        self._cancel(own)
        page = self._text("/my/telecom/offers")
        self.assertIn("SMALL ends after", page)
        self.assertIn("Keep the bundle", page)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Limits of spending: what counts, when it is told, and who may set it."""

# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import date, datetime
from decimal import Decimal

from freezegun import freeze_time

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from .common import READER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_rating import row

# A Tuesday, noon of Madrid.
NOW = "2026-10-20 10:00:00"


@tagged("post_install", "-at_install")
class TestLimit(TelecomCommon, RefusalMixin):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "customer@example.com"
        cls.other = cls._create_customer("Customer Two")
        cls.second = cls._create_number("+34910000002", cls.customer)
        cls.third = cls._create_number("+34910000003", cls.other)

    def _call(self, day, price, number=None, **values):
        """A priced call at noon of a local day, as the importer stores it."""
        number = number or self.number
        values = {
            "company_id": self.company.id,
            "carrier_id": self.carrier.id,
            "direction": "outgoing",
            "service": "voice",
            "start_at": datetime(day.year, day.month, day.day, 11),
            "day": day,
            "number_id": number.id,
            "partner_id": number.partner_id.id,
            "price": price,
            "currency_id": self.company.currency_id.id,
            "rating_state": "rated",
            **values,
        }
        columns = SQL(", ").join(SQL.identifier(name) for name in values)
        query = SQL(
            "INSERT INTO telecom_call (%s) VALUES %s", columns, tuple(values.values())
        )
        self.env.cr.execute(query)
        self.env.invalidate_all()

    def _limit(self, amount=10, **values):
        return self.env["telecom.limit"].create(
            {"partner_id": self.customer.id, "amount": amount, **values}
        )

    def _spent(self, *limits):
        limits = self.env["telecom.limit"].union(*limits)
        spent = limits._telecom_spent(limits)
        return [str(spent[id_].normalize()) for id_ in limits.ids]

    def _levels(self, limit):
        return limit.notice_ids.sorted("id").mapped("level")

    def _mails(self):
        return self.env["mail.mail"].search([("model", "=", "telecom.limit.notice")])

    # === WHAT COUNTS === #

    @freeze_time(NOW)
    def test_calls_of_the_period_to_the_last_decimal(self):
        today, first = date(2026, 10, 20), date(2026, 10, 1)
        month, day = self._limit(), self._limit(period="day")
        number = self._limit(number_id=self.second.id)
        self.assertEqual(self._spent(month, day, number), ["0", "0", "0"])
        self._call(first, "0.000001")
        self._call(today, "1.1")
        self._call(today, "0.200002", self.second)
        self._call(date(2026, 9, 30), "100", self.second)
        self._call(date(2026, 11, 1), "100")
        self._call(date(2026, 10, 19), "2", self.second)
        self._call(today, "50", self.third)
        self._call(today, "50", rating_state="late")
        self.assertEqual(
            self._spent(month, day, number), ["3.300003", "1.300002", "2.200002"]
        )
        self.assertEqual(month.spent_percent, 33.00003)

    @freeze_time(NOW)
    def test_invoiced_calls_count_too(self):
        limit = self._limit()
        self._call(date(2026, 10, 20), "4")
        self.assertEqual(self._spent(limit), ["4"])
        self.assertEqual(limit.spent, 4)

    @freeze_time(NOW)
    def test_what_was_granted_is_not_owed(self):
        limit = self._limit()
        self._process(
            row("G1", called="600000099", start="2026-10-20 11:00:00"),
            row("G2", called="600000099", seconds=120, start="2026-10-20 12:00:00"),
        )
        self.assertEqual(self._spent(limit), ["0.27"])
        call = self._calls(("duration", "=", 120))
        dispute = self.env["telecom.dispute"].create({"call_id": call.id})
        self.assertEqual(self._spent(limit), ["0.27"])
        dispute.action_grant()
        self.assertEqual(self._spent(limit), ["0.09"])

    @freeze_time("2026-10-20 22:30:00")
    def test_a_day_begins_at_midnight_of_the_billing_zone(self):
        limit = self._limit(period="day")
        self._call(date(2026, 10, 20), "1")
        self._call(date(2026, 10, 21), "2")
        self.assertEqual(self._spent(limit), ["2"])

    @freeze_time(NOW)
    def test_a_month_begins_on_the_billing_day(self):
        self.customer.telecom_billing_day = 15
        limit = self._limit()
        self._call(date(2026, 10, 14), "1")
        self._call(date(2026, 10, 15), "2")
        self.assertEqual(self._spent(limit), ["2"])
        self.assertEqual(limit._period_days(), (date(2026, 10, 15), date(2026, 11, 15)))

    @freeze_time(NOW)
    def test_other_currencies_are_converted(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": dollar.id,
                "company_id": self.company.id,
                "name": "2026-10-01",
                "rate": 2,
            }
        )
        limit = self._limit()
        self._call(date(2026, 10, 20), "3", currency_id=dollar.id)
        self._call(date(2026, 10, 20), "1")
        self.assertEqual(self._spent(limit), ["2.5"])

    @freeze_time(NOW)
    def test_another_company_does_not_count(self):
        limit = self._limit()
        company = self._telecom_company("Other Telecom")
        self._call(date(2026, 10, 20), "9", company_id=company.id)
        self.assertEqual(self._spent(limit), ["0"])

    @freeze_time(NOW)
    def test_many_limits_are_one_query(self):
        limits = self.env["telecom.limit"]
        for position in range(20):
            number = self._create_number(f"+3491000010{position:02}", self.customer)
            limits += self._limit(number_id=number.id)
            self._call(date(2026, 10, 20), "1", number)
        limits.mapped("partner_id.commercial_partner_id")
        self.env.flush_all()
        limits._telecom_spent(limits)
        # Addons that reserve for calls under way ask one of their own.
        start = self.cr.sql_log_count
        limits._telecom_spent(limits[:1])
        one = self.cr.sql_log_count - start
        self.assertLessEqual(one, 2)
        with self.assertQueryCount(one):
            spent = limits._telecom_spent(limits)
        self.assertEqual(set(spent.values()), {Decimal(1)})

    # === WHAT IS TOLD === #

    @freeze_time(NOW)
    def test_a_warning_and_the_end_are_told_once(self):
        limit = self._limit(warn_percent=80)
        self._call(date(2026, 10, 20), "7.99")
        limit._refresh()
        self.assertEqual((limit.state, self._levels(limit)), ("open", []))
        self._call(date(2026, 10, 20), "0.01")
        limit._refresh()
        limit._refresh()
        self.assertEqual((limit.state, self._levels(limit)), ("warned", ["warned"]))
        self.assertEqual(limit.notice_ids.spent, 8)
        self._call(date(2026, 10, 20), "2")
        limit._refresh()
        limit._refresh()
        self.assertEqual(limit.state, "reached")
        self.assertEqual(self._levels(limit), ["warned", "reached"])
        mails = self._mails()
        self.assertEqual(len(mails), 2)
        self.assertEqual(mails.recipient_ids, self.customer)
        self.assertIn("reached", mails.sorted("id")[-1].subject)

    def test_the_next_period_begins_below(self):
        with freeze_time(NOW):
            limit = self._limit(1)
            self._call(date(2026, 10, 20), "2")
            limit._refresh()
            self.assertEqual(limit.state, "reached")
        with freeze_time("2026-11-02 10:00:00"):
            self._run_cron("limits")
            self.assertEqual(limit.state, "open")
            self._call(date(2026, 11, 2), "2")
            self._run_cron("limits")
        self.assertEqual(self._levels(limit), ["reached", "reached"])

    @freeze_time(NOW)
    def test_another_amount_is_another_limit(self):
        limit = self._limit(1, warn_percent=0)
        self._call(date(2026, 10, 20), "2")
        limit._refresh()
        limit.amount = 3
        self.assertEqual(limit.state, "open")
        self._call(date(2026, 10, 20), "2")
        limit._refresh()
        limit.amount = 1
        self.assertEqual(self._levels(limit), ["reached", "reached"])
        self.assertEqual(limit.notice_ids.mapped("amount"), [3, 1])

    @freeze_time(NOW)
    def test_nothing_spent_reaches_nothing(self):
        limit = self._limit(0)
        limit._refresh()
        self.assertEqual((limit.state, self._levels(limit)), ("open", []))
        self._call(date(2026, 10, 20), "0.000001")
        limit._refresh()
        self.assertEqual((limit.state, self._levels(limit)), ("reached", ["reached"]))

    @freeze_time(NOW)
    def test_who_has_no_address_is_noted(self):
        self.customer.email = False
        limit = self._limit(1)
        self._call(date(2026, 10, 20), "2")
        limit._refresh()
        self.assertFalse(self._mails())
        bodies = " ".join(limit.message_ids.mapped("body"))
        self.assertIn("Customer One was not mailed", bodies)
        self.assertIn("the limit is reached", bodies)

    @freeze_time(NOW)
    def test_an_archived_limit_is_silent(self):
        limit = self._limit(1)
        limit.active = False
        self._call(date(2026, 10, 20), "2")
        limit._refresh()
        self.assertFalse(limit.notice_ids)

    def test_a_file_of_calls_brings_the_limit_up_to_date(self):
        """Mobile at 0.09 a minute: 100 minutes are 9 euros."""
        with freeze_time(NOW):
            mine = self._limit(10)
            other = self.env["telecom.limit"].create(
                {"partner_id": self.other.id, "amount": 1}
            )
            self._process("2026-10-20 09:00:00,910000001,600000001,6000,0,a")
            self.assertEqual((mine.state, mine.spent), ("warned", 9))
            self.assertEqual(other.state, "open")

    def test_sms_where_the_app_is_there_and_it_is_wanted(self):
        if "sms.sms" not in self.env:
            self.skipTest("Odoo's app for SMS is not installed")
        self.customer.phone = "+34600000009"
        self.company.telecom_limit_sms = True
        with freeze_time(NOW):
            limit = self._limit(1)
            self._call(date(2026, 10, 20), "2")
            limit._refresh()
        sms = self.env["sms.sms"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual(len(sms), 1)
        self.assertIn("the limit is reached", sms.body)

    # === WHAT IS REFUSED === #

    def test_above_what_the_company_allows(self):
        with self.assertSays(ValidationError, "above the .*50.00.* that the company"):
            self._limit(51, company_amount=50)
        limit = self._limit(50, company_amount=50)
        with self.assertSays(ValidationError, "choose a lower one"):
            limit.amount = "50.01"

    def test_one_limit_for_each_owner_and_period(self):
        self._limit()
        self._limit(period="day")
        self._limit(number_id=self.number.id)
        with self.assertRefused("such a limit already"):
            self._limit()

    @mute_logger("odoo.sql_db")
    def test_amounts_and_shares_have_bounds(self):
        with self.assertRefused("cannot be negative"):
            self._limit(-1)
        with self.assertRefused("1 to 99"):
            self._limit(warn_percent=100)

    def test_a_number_of_somebody_else(self):
        with self.assertSays(ValidationError, "another customer than Customer One"):
            self._limit(number_id=self.third.id)

    def test_a_contact_is_not_who_pays(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        with self.assertSays(ValidationError, "Ann is a contact of Customer One"):
            self._limit(partner_id=contact.id)

    def test_who_may(self):
        company = {"company_id": self.company.id, "company_ids": self.company.ids}
        reader = new_test_user(self.env, "limit_reader", groups=READER, **company)
        user = new_test_user(self.env, "limit_user", groups=USER, **company)
        clerk = new_test_user(self.env, "limit_clerk", "base.group_user", **company)
        limit = self._limit()
        limit.with_user(user).amount = 20
        self.assertEqual(limit.with_user(reader).amount, 20)
        with self.assertRaises(AccessError):
            limit.with_user(reader).amount = 30
        with self.assertRaises(AccessError):
            limit.with_user(clerk).read(["amount"])
        with self.assertRaises(AccessError):
            limit.with_user(reader).action_refresh()

    def test_another_company_sees_nothing(self):
        company = self.env["res.company"].create({"name": "Stranger"})
        stranger = new_test_user(
            self.env,
            "limit_stranger",
            groups=USER,
            company_id=company.id,
            company_ids=company.ids,
        )
        limit = self._limit()
        limit = limit.with_user(stranger).with_context(allowed_company_ids=company.ids)
        self.assertFalse(limit.search([]))
        with self.assertRaises(AccessError):
            limit.read(["amount"])

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import datetime

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from .common import PortalCase


@tagged("post_install", "-at_install")
class TestPortalBundles(PortalCase):
    def _portal_bars(self, month):
        [bundle] = self.portal._month_bundles(month)
        return [
            (bar["number"], bar["percent"], bar["used"], bar["left"])
            for bar in bundle["bars"]
        ]

    def test_bar_of_used_and_included(self):
        subscription = self._create_subscription(self.acme)
        calls = self._create_calls([{}, {}])
        self._create_draw(calls[0], subscription, 15_000)
        self._create_draw(calls[1], subscription, 10_500)
        text = self._open("/my/bundles?month=2026-07")
        self.assertIn("FIXED 500", text)
        self.assertIn("July 2026", text)
        self.assertIn('aria-valuenow="85"', text)
        self.assertIn("bg-warning", text)
        self.assertEqual(
            self._portal_bars(datetime(2026, 7, 1).date()),
            [("", 85, "425 min used of 500 min", "75 min left")],
        )

    def test_another_month_has_its_own_use(self):
        subscription = self._create_subscription(self.acme)
        self._create_draw(self._create_call(), subscription, 30_000)
        for month, percent in (("2026-06", 0), ("2026-07", 100), ("2026-08", 0)):
            with self.subTest(month=month):
                text = self._open(f"/my/bundles?month={month}")
                self.assertIn(f'aria-valuenow="{percent}"', text)

    def test_numbers_that_do_not_share_have_a_bar_each(self):
        second = self._create_number("+34910000003", self.acme)
        subscription = self._create_subscription(
            self.acme,
            is_shared=False,
            number_ids=[Command.set((self.number + second).ids)],
        )
        self._create_draw(
            self._create_call(), subscription, 600, number_id=self.number.id
        )
        self.assertEqual(
            self._portal_bars(datetime(2026, 7, 1).date()),
            [
                ("+34 910 00 00 01", 2, "10 min used of 500 min", "490 min left"),
                ("+34 910 00 00 03", 0, "0 min used of 500 min", "500 min left"),
            ],
        )

    def test_a_period_begins_on_the_billing_day(self):
        """What is of 15 July to 14 August is on the page of July."""
        self.acme.telecom_billing_day = 15
        subscription = self._create_subscription(self.acme)
        self._create_draw(
            self._create_call(), subscription, 6_000, period_start="2026-07-15"
        )
        text = self._open("/my/bundles?month=2026-07")
        self.assertIn("07/15/2026 to 08/14/2026", text)
        self.assertIn("100 min used of 500 min", text)
        self.assertIn("0 min used of", self._open("/my/bundles?month=2026-06"))

    @freeze_time("2026-07-10")
    def test_the_present_period_may_have_begun_last_month(self):
        self.acme.telecom_billing_day = 15
        month = self.portal._present_bundle_month()
        self.assertEqual(month, datetime(2026, 6, 1).date())
        self._create_subscription(self.acme)
        self.assertIn("06/15/2026 to 07/14/2026", self._open("/my/bundles"))

    def test_what_is_carried_over_and_added(self):
        subscription = self._create_subscription(self.acme)
        allowance = subscription.bundle_id.allowance_ids
        values = {
            "subscription_id": subscription.id,
            "allowance_id": allowance.id,
            "period_start": "2026-07-01",
        }
        self.env["telecom.bundle.carry"].create({**values, "quantity": 6_000})
        self.env["telecom.bundle.topup"].create({**values, "quantity": 3_000})
        self._create_draw(self._create_call(), subscription, 6_000)
        self.assertEqual(
            self._portal_bars(datetime(2026, 7, 1).date()),
            [("", 15, "100 min used of 650 min", "550 min left")],
        )
        text = self._open("/my/bundles?month=2026-07")
        self.assertIn("(100 min carried over, 50 min added)", text)

    def test_a_part_of_the_month_has_a_part_of_the_allowance(self):
        """From 17 July: 15 of 31 days."""
        subscription = self._create_subscription(
            self.acme, date_start=datetime(2026, 7, 16, 22)
        )
        subscription.bundle_id.prorate_allowance = True
        self.assertEqual(
            self._portal_bars(datetime(2026, 7, 1).date())[0][2:],
            ("0 min used of 241.9 min", "241.9 min left"),
        )

    def test_every_kind_of_allowance_has_its_words(self):
        self._create_subscription(
            self.acme,
            allowances=[
                {"service": "data", "bytes": 1_500_000},
                {"service": "sms", "messages": 100},
                {"service": "voice", "calls": 1},
                {"service": "voice", "amount": 20},
            ],
        )
        left = [bar[3] for bar in self._portal_bars(datetime(2026, 7, 1).date())]
        quantities = ["1.5 MB", "100 messages", "1 call", "20.00\xa0€"]
        self.assertEqual(left, [f"{text} left" for text in quantities])

    def test_only_bundles_that_run_in_the_month(self):
        self._create_subscription(
            self.acme,
            "OLD",
            date_start=datetime(2026, 1, 1),
            # Midnight of Madrid: the bundle ends with June.
            date_end=datetime(2026, 6, 30, 22),
        )
        self._create_subscription(self.acme, "NEW", date_start=datetime(2026, 7, 15))
        june, july = (
            self._open(f"/my/bundles?month=2026-{month}") for month in ("06", "07")
        )
        self.assertIn("OLD", june)
        self.assertNotIn("NEW", june)
        self.assertIn("NEW", july)
        self.assertNotIn("OLD", july)

    def test_an_end_at_midnight_names_the_last_day(self):
        """(end in UTC, last day in Madrid)"""
        cases = [
            (datetime(2026, 7, 31, 22), "07/31/2026"),
            (datetime(2026, 7, 31, 21, 59), "07/31/2026"),
            (datetime(2026, 7, 31, 22, 1), "08/01/2026"),
        ]
        subscription = self._create_subscription(self.acme)
        for end, day in cases:
            subscription.date_end = end
            self.assertEqual(
                self.portal._period_text(subscription), f"from 01/01/2026 until {day}"
            )

    @freeze_time("2026-07-10")
    def test_the_present_month_shows_what_is_to_come(self):
        self._create_subscription(self.acme, "SOON", date_start=datetime(2026, 9, 1))
        month = self.portal._this_month()
        self.assertEqual(month, datetime(2026, 7, 1).date())
        [bundle] = self.portal._month_bundles(month)
        self.assertEqual((bundle["name"], bundle["state"]), ("SOON", "planned"))
        self.assertEqual(bundle["period"], "from 09/01/2026")

    def test_nobody_elses_bundles(self):
        self._create_subscription(self.rival, "RIVAL 9")
        text = self._open("/my/bundles?month=2026-07")
        self.assertNotIn("RIVAL 9", text)
        self.assertIn("You have no bundles.", text)
        self.assertIn("RIVAL 9", self._open("/my/bundles", self.rival_user))

    def test_a_bundle_of_a_contact_is_the_customers(self):
        self._create_subscription(self.user.partner_id, "CONTACT 5")
        self.assertIn("CONTACT 5", self._open("/my/bundles"))

    def test_wrong_months_show_the_present_one_and_say_so(self):
        self._create_subscription(self.acme)
        for month in ("2026-13", "x", "%00", "9999-12", "%3Cb%3E", "1" * 300):
            with self.subTest(month=month[:20]):
                text = self._open(f"/my/bundles?month={month}")
                self.assertIn("is not a month", text)
                self.assertIn("FIXED 500", text)
                self.assertNotIn("“<b>", text)

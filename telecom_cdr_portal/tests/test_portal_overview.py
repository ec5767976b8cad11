# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from ..models import telecom_portal_overview
from .common import PortalCase

JULY_10, JUNE_10, JUNE_20 = (
    datetime(2026, 7, 10, 8),
    datetime(2026, 6, 10, 8),
    datetime(2026, 6, 20, 8),
)


def plain(value):
    """Texts without no-break spaces."""
    if isinstance(value, str):
        return value.replace("\xa0", " ")
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value


@tagged("post_install", "-at_install")
class TestPortalOverview(PortalCase):
    """Where the month stands."""

    def _figures(self, now="2026-07-15 12:00:00", user=None):
        with freeze_time(now):
            portal = self.portal.with_user(user or self.user)
            return portal._month_figures()

    def test_figures_against_the_month_before(self):
        self._create_calls(
            [
                {"start_at": JULY_10, "price": "1.105", "duration": 60},
                {"start_at": JULY_10, "price": "0.1", "duration": 3_600},
                {"start_at": JULY_10, "service": "sms", "price": "0", "duration": 0},
                {"start_at": JUNE_10, "price": "1", "duration": 30},
                {"start_at": JUNE_20, "price": "3", "duration": 30},
                {"start_at": datetime(2026, 5, 31, 8), "price": "70"},
                {"start_at": JULY_10, "price": "80", "partner_id": self.rival.id},
            ]
        )
        figures = self._figures()
        self.assertEqual(figures["month_title"], "July 2026")
        self.assertEqual(
            [plain(tile) for tile in figures["tiles"]],
            [
                {
                    "title": "Amount",
                    "now": "1.21 €",
                    "same": "1.00 €",
                    "whole": "4.00 €",
                    "change": "+20 %",
                    "is_used": True,
                },
                {
                    "title": "Time on the telephone",
                    "now": "1:01:00",
                    "same": "0:00:30",
                    "whole": "0:01:00",
                    "change": "+12100 %",
                    "is_used": True,
                },
                {
                    "title": "Messages",
                    "now": "1",
                    "same": "0",
                    "whole": "0",
                    "change": "",
                    "is_used": True,
                },
            ],
        )

    def test_charts(self):
        self._create_calls(
            [
                {"start_at": JULY_10, "price": "2", "category": "mobile"},
                {"start_at": JULY_10, "price": "0.5", "category": "landline"},
                {"start_at": JULY_10, "price": None, "direction": "incoming"},
                {"start_at": JUNE_10, "price": "1.25"},
            ]
        )
        figures = self._figures()
        days = figures["chart"]["days"]
        self.assertEqual(len(days), 31)
        self.assertEqual(
            plain(days[9]),
            {
                "number": 10,
                "title": "10 July",
                "now": "2.50 €",
                "before": "1.25 €",
                "has_any": True,
                "now_percent": 100,
                "before_percent": 50,
            },
        )
        self.assertEqual([d["number"] for d in days if d["has_any"]], [10])
        self.assertEqual(
            [
                (row["title"], row["count"], plain(row["amount"]), row["percent"])
                for row in figures["categories"]
            ],
            [
                ("Mobile", "1", "2.00 €", 100),
                ("Landline", "1", "0.50 €", 25),
                ("Incoming calls", "1", "0.00 €", 0),
            ],
        )

    def test_where_nothing_costs_bars_are_time(self):
        self._create_call(start_at=JULY_10, price="0", duration=90)
        figures = self._figures()
        self.assertEqual(figures["chart"]["highest"], "0:01:30")

    def test_what_is_never_itemised_is_in_no_running_figure(self):
        hidden = self._create_destination("Quiet place", never_itemised=True)
        self._create_calls(
            [
                {"start_at": JULY_10, "price": "1"},
                {"start_at": JULY_10, "price": "20", "destination_id": hidden.id},
                {"start_at": JUNE_10, "price": "2"},
                {"start_at": JUNE_10, "price": "30", "destination_id": hidden.id},
            ]
        )
        figures = self._figures()
        tile = plain(figures["tiles"][0])
        # Only the whole of the month that is over has the money of the bill.
        self.assertEqual(
            (tile["now"], tile["same"], tile["whole"]), ("1.00 €", "2.00 €", "32.00 €")
        )
        self.assertNotIn("20", plain(figures["chart"]["days"][9]["now"]))

    def test_the_last_days_of_a_longer_month(self):
        """31 July has no 31 June beside it."""
        self._create_call(start_at=datetime(2026, 7, 31, 8), price="1")
        days = self._figures("2026-07-31 12:00:00")["chart"]["days"]
        self.assertEqual(
            (days[30]["now_percent"], days[30]["before_percent"]), (100, 0)
        )

    def test_the_page(self):
        with freeze_time(datetime.now()):  # noqa: DTZ005 whatever day it is
            self._create_call(start_at=datetime.now().replace(microsecond=0))  # noqa: DTZ005
        text = self._open("/my/telecom")
        self.assertIn("o_telecom_figures", text)
        self.assertIn("o_telecom_tabs", text)
        self.assertNotIn("o_telecom_figures_later", text)

    def test_many_calls_are_added_up_later(self):
        self._create_calls([{"start_at": JULY_10}] * 3)
        now = datetime.now().replace(microsecond=0)  # noqa: DTZ005
        self._create_calls([{"start_at": now, "day": now.date()}] * 3)
        with patch.object(telecom_portal_overview, "AT_ONCE", 2):
            text = self._open("/my/telecom")
        self.assertIn("o_telecom_figures_later", text)
        text = self._open("/my/telecom/figures")
        self.assertIn("0.30", text)

    def test_queries_do_not_grow(self):
        bundles = [self._create_subscription(self.acme, f"B {n}") for n in range(2)]
        self._create_calls([{"start_at": JULY_10}] * 2)
        self._open("/my/telecom")
        few = self._queries()
        bundles += [self._create_subscription(self.acme, f"C {n}") for n in range(4)]
        for number in range(5):
            other = self._create_number(f"+3491000010{number}", self.acme)
            limit = {"partner_id": self.acme.id, "number_id": other.id, "amount": 5}
            self.env["telecom.limit"].create({**limit, "company_id": self.company.id})
            self._create_calls([{"start_at": JULY_10, "number_id": other.id}] * 5)
        self.assertLessEqual(self._queries(), few + 8)

    def _queries(self):
        """Statements of all that the page shows."""
        self.env.flush_all()
        self.env.invalidate_all()
        portal = self.portal
        count = self.env.cr.sql_log_count
        portal._month_figures()
        portal._limit_bars()
        portal._present_bundles()
        portal._last_invoices()
        return self.env.cr.sql_log_count - count

    # === LIMITS AND INVOICES === #

    def test_limits(self):
        limits = self.env["telecom.limit"]
        limits.create(
            {
                "partner_id": self.acme.id,
                "company_id": self.company.id,
                "amount": 20,
                "currency_id": self.eur.id,
            }
        )
        limits.create(
            {
                "partner_id": self.rival.id,
                "company_id": self.company.id,
                "amount": 77,
                "currency_id": self.eur.id,
            }
        )
        now = datetime.now().replace(microsecond=0)  # noqa: DTZ005
        self._create_call(start_at=now, day=now.date(), price="17")
        [bar] = self.portal._limit_bars()
        self.assertEqual(
            plain(bar),
            {
                "title": "All numbers",
                "period": "Month",
                "text": "17.00 € of 20.00 €",
                "percent": 85,
                "level": "warning",
            },
        )

    def test_invoices_with_the_way_to_pay(self):
        move = self._create_invoice(self.acme, [self._create_call()])
        self._create_invoice(self.acme, [self._create_call()], is_posted=False)
        self._create_invoice(self.rival, [])
        # What is cached was read with more rights.
        self.env.invalidate_all()
        [row] = self.portal._last_invoices()
        self.assertEqual((row["name"], plain(row["amount"])), (move.name, "1.00 €"))
        self.assertFalse(row["is_paid"])
        # Odoo's own payment says whether one can pay; without it one can look.
        is_payable = hasattr(move, "_has_to_be_paid") and move._has_to_be_paid()
        self.assertEqual(bool(row["pay_url"]), is_payable)
        kind = type(self.env["account.move"])
        with patch.object(kind, "_has_to_be_paid", lambda move: True, create=True):
            [row] = self.portal._last_invoices()
        self.assertEqual(
            row["pay_url"], f"/my/invoices/{move.id}?payment=True#portal_pay"
        )

    # === RIGHTS === #

    def _limited_user(self):
        user = self._create_user("limited", self.acme)
        other = self._create_number("+34910000003", self.acme)
        self.env["telecom.portal.right"].create(
            {
                "partner_id": user.partner_id.id,
                "number_ids": [Command.set(other.ids)],
            }
        )
        return user, other

    def test_a_limited_user_sees_own_numbers_only(self):
        user, other = self._limited_user()
        self._create_calls(
            [
                {"start_at": JULY_10, "price": "5"},
                {"start_at": JULY_10, "price": "2", "number_id": other.id},
            ]
        )
        tile = plain(self._figures(user=user)["tiles"][0])
        self.assertEqual(tile["now"], "2.00 €")
        portal = self.portal.with_user(user)
        self._create_invoice(self.acme, [])
        self.assertEqual(portal._last_invoices(), [])
        limit = {"partner_id": self.acme.id, "company_id": self.company.id}
        self.env["telecom.limit"].create({**limit, "amount": 20})
        self.assertEqual(portal._limit_bars(), [])

    def test_bundles_of_a_limited_user(self):
        user, other = self._limited_user()
        self._create_subscription(
            self.acme, "Of Reception", number_ids=[Command.set(self.number.ids)]
        )
        self._create_subscription(
            self.acme,
            "Of both",
            is_shared=False,
            number_ids=[Command.set((self.number | other).ids)],
        )
        self._create_subscription(self.acme, "Of all")
        portal = self.portal.with_user(user)
        bundles = portal._month_bundles(portal._present_bundle_month())
        self.assertEqual({b["name"] for b in bundles}, {"Of both", "Of all"})
        [both] = [b for b in bundles if b["name"] == "Of both"]
        self.assertEqual(both["numbers"], ["+34 910 00 00 03"])
        self.assertEqual([bar["number"] for bar in both["bars"]], ["+34 910 00 00 03"])

    def test_nobody_else(self):
        self._create_call(start_at=JULY_10, price="5")
        self.assertEqual(
            plain(self._figures(user=self.rival_user)["tiles"][0])["now"], "0.00 €"
        )
        child = self._create_customer("Acme Subsidiary", parent_id=self.acme.id)
        below = self._create_user("child_portal", child)
        self.assertEqual(plain(self._figures(user=below)["tiles"][0])["now"], "0.00 €")

    def test_visitors_sign_in(self):
        self.authenticate(None, None)
        for url in ("/my/telecom", "/my/telecom/figures", "/my/telecom/disputes"):
            response = self.url_open(url, allow_redirects=False)
            self.assertEqual(response.status_code, 303, url)
            self.assertIn("/web/login", response.headers["Location"])

    # === HOME === #

    def test_the_home_card(self):
        self._create_calls([{"start_at": JULY_10, "price": "5"}])
        with freeze_time("2026-07-15 12:00:00"):
            text = self.portal._home_text()
            nothing = self.portal.with_user(
                self.env["res.users"].create(
                    {
                        "name": "X",
                        "login": "x_portal",
                        "group_ids": [
                            Command.set(self.env.ref("base.group_portal").ids)
                        ],
                    }
                )
            )._home_text()
        self.assertEqual(plain(text), "This month so far: 1 call · 0:01:00 · 5.00 €")
        self.assertEqual(nothing, 0)

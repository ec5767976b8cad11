# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What bundles include and when: periods, proration, limits, steps, rollover."""

from datetime import date

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..engine.bundles.ledger import ledger
from ..models.bundle_tables import load_bundles
from .common import MANAGER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_rating import row

MOBILE = "600000099"
OCTOBER = date(2026, 10, 1)


class BundleCase(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("bundle_operator", USER)
        cls.manager = cls._new_user("bundle_manager", MANAGER)

    def _covered(self, *domain):
        return self._calls(*domain).mapped(lambda c: (c.bundle_duration, c.price))

    def _usage(self, *domain):
        return self.env["telecom.bundle.usage"].search(
            [("partner_id", "=", self.customer.id), *domain], order="period_start, id"
        )

    def _draws(self):
        draws = self.env["telecom.bundle.draw"].search([], order="period_start, id")
        return draws.mapped(lambda d: (str(d.period_start), d.quantity))


@tagged("post_install", "-at_install")
class TestBundlePeriod(BundleCase):
    """Periods begin on the customer's billing day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bundle = cls._create_bundle("ALL 5", {"seconds": 300})

    def _three_calls(self):
        self._process(
            row("P1", seconds=300, start="2026-10-14 23:59:59"),
            row("P2", seconds=240, start="2026-10-15 00:00:00"),
            row("P3", seconds=120, start="2026-11-14 10:00:00"),
        )

    def test_a_period_begins_on_the_billing_day(self):
        """Two periods: until 14 October, and 15 October to 14 November."""
        self.customer.telecom_billing_day = 15
        self._give_bundle(self.bundle, self.customer)
        self._three_calls()
        self.assertEqual(self._covered(), [(300, 0), (240, 0), (60, 0.07)])
        self.assertEqual(
            self._draws(),
            [("2026-09-15", 300), ("2026-10-15", 240), ("2026-10-15", 60)],
        )
        usage = self._usage(("period_start", "=", "2026-10-15"))
        self.assertRecordValues(
            usage,
            [{"period_end": date(2026, 11, 15), "used": 300, "remaining": 0}],
        )

    def test_changing_the_day_deals_out_anew(self):
        self._give_bundle(self.bundle, self.customer)
        self._three_calls()
        self.assertEqual(self._covered(), [(300, 0), (0, 0.13), (120, 0)])
        self.customer.with_user(self.operator).sudo().telecom_billing_day = 15
        self._run_cron("rate")
        self.assertEqual(self._covered(), [(300, 0), (240, 0), (60, 0.07)])
        self.customer.telecom_billing_day = 0
        self._run_cron("rate")
        self.assertEqual(self._covered(), [(300, 0), (0, 0.13), (120, 0)])
        self.assertFalse(self.env["telecom.bundle.pass"].search([]))

    def test_the_companys_day_is_for_who_has_none(self):
        other = self._create_customer("Own day", telecom_billing_day=1)
        self._create_number("+34910000002", other)
        self._give_bundle(self.bundle, self.customer)
        self._give_bundle(self.bundle, other)
        self._three_calls()
        self._process(
            row("Q1", seconds=300, start="2026-10-14 10:00:00", caller="910000002"),
            row("Q2", seconds=60, start="2026-10-15 10:00:00", caller="910000002"),
            name="other.csv",
        )
        self.company.telecom_billing_day = 15
        self._run_cron("rate")
        self.assertEqual(
            self._covered(("partner_id", "=", self.customer.id)),
            [(300, 0), (240, 0), (60, 0.07)],
        )
        self.assertEqual(
            self._covered(("partner_id", "=", other.id)), [(300, 0), (0, 0.07)]
        )

    def test_invoiced_calls_stay_and_count_in_the_period_they_are_in_now(self):
        """240 s of 16 October are invoiced; by the 15th only 60 s are left."""
        self._load_accounts()
        self._give_bundle(self.bundle, self.customer)
        self._process(row("I1", seconds=240, start="2026-10-16 10:00:00"))
        day = self._calls().day
        self.env["telecom.invoicing"]._invoice(self.customer, day, day)
        self.customer.telecom_billing_day = 15
        self._run_cron("rate")
        self._process(
            row("I2", seconds=120, start="2026-11-02 10:00:00"), name="late.csv"
        )
        self.assertEqual(self._covered(), [(240, 0), (60, 0.07)])
        self.assertEqual(self._draws(), [("2026-10-15", 240), ("2026-10-15", 60)])

    def test_only_days_that_every_month_has(self):
        for day in (-1, 29, 31):
            with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
                self.customer.telecom_billing_day = day
                self.env.flush_all()
            self.env.invalidate_all()
        self.customer.telecom_billing_day = 28
        self.env.flush_all()
        self.assertEqual(self.customer.telecom_billing_day, 28)

    def test_contacts_have_the_day_of_who_pays(self):
        contact = self.env["res.partner"].create(
            {"name": "Reception", "parent_id": self.customer.id}
        )
        self.customer.telecom_billing_day = 7
        self.assertEqual(contact._telecom_billing_day(self.company), 7)


@tagged("post_install", "-at_install")
class TestBundleAllowance(BundleCase, RefusalMixin):
    """How much there is, for which calls, in which steps."""

    def _give(self, *allowances, **values):
        dates = {n: values.pop(n) for n in ("date_start", "date_end") if n in values}
        bundle = self._create_bundle("B", *allowances, **values)
        return self._give_bundle(bundle, self.customer, **dates)

    def test_part_of_a_month_part_of_the_allowance(self):
        """From 17 October, 15 of 31 days: 300 x 15 / 31 = 145.16, so 145 s."""
        subscription = self._give(
            {"seconds": 300}, prorate_allowance=True, date_start="2026-10-16 22:00:00"
        )
        self._process(row("A1", seconds=200, start="2026-10-20 10:00:00"))
        self.assertEqual(self._covered(), [(145, 0.07)])
        self.assertEqual(self._usage(("used", ">", 0)).included, 145)
        self.assertEqual(
            subscription.bundle_id.allowance_ids._included_in(
                subscription, date(2026, 10, 1)
            ),
            145,
        )

    def test_part_of_a_month_at_its_end(self):
        """Until 11 October, 10 of 31 days: 96.77, so 97 s."""
        self._give(
            {"seconds": 300}, prorate_allowance=True, date_end="2026-10-10 22:00"
        )
        self._process(row("A2", seconds=120, start="2026-10-02 10:00:00"))
        self.assertEqual(self._covered(), [(97, 0.07)])

    def test_the_whole_allowance_by_choice(self):
        self._give({"seconds": 300}, date_start="2026-10-16 22:00:00")
        self._process(row("A3", seconds=200, start="2026-10-20 10:00:00"))
        self.assertEqual(self._covered(), [(200, 0)])

    def test_minutes_or_money_whichever_first(self):
        """Two calls of 0.09 are the 0.18; there were seconds left for the third."""
        self._give({"seconds": 300, "amount_limit": 0.18})
        self._process(
            *(
                row(f"M{i}", called=MOBILE, start=f"2026-10-05 1{i}:00:00")
                for i in range(3)
            )
        )
        self.assertEqual(self._covered(), [(60, 0), (60, 0), (0, 0.09)])
        usage = self._usage(("used", ">", 0))
        self.assertEqual(
            (usage.used, usage.amount_used, usage.amount_limit, usage.used_percent),
            (120, 0.18, 0.18, 100),
        )

    def test_money_or_minutes_whichever_first(self):
        self._give({"seconds": 90, "amount_limit": 0.18})
        self._process(
            row("N1", called=MOBILE, start="2026-10-05 10:00:00"),
            row("N2", called=MOBILE, start="2026-10-05 11:00:00"),
        )
        self.assertEqual(self._covered(), [(60, 0), (30, 0.045)])

    def test_direction(self):
        """An allowance is for outgoing calls unless it says otherwise."""
        self.tariff.rate_ids = [
            (0, 0, {"category": "landline", "price": 0.06, "direction": "incoming"})
        ]
        subscription = self._give({"seconds": 300})
        self.format.direction_default = "incoming"
        self._process(row("D1", caller="912000001", called="910000001"))
        self.assertEqual(self._covered(), [(0, 0.06)])
        subscription.bundle_id.allowance_ids.direction = False
        self._run_cron("rate")
        self.assertEqual(self._covered(), [(60, 0)])

    def test_discount_on_what_is_left(self):
        """60 s covered; then 120 s at half of 0.09 a minute."""
        self._give({"seconds": 60, "rest_discount": 50})
        self._process(
            row("R1", called=MOBILE, start="2026-10-05 10:00:00"),
            row("R2", called=MOBILE, seconds=120, start="2026-10-05 11:00:00"),
        )
        self.assertEqual(self._covered(), [(60, 0), (0, 0.09)])

    def test_steps_of_the_bundle(self):
        """61 s in steps of 20 s take 80 s; 5 s take nothing and cost as ever."""
        self._give({"seconds": 300}, bundle_increment=20, bundle_grace=5)
        self._process(
            row("S1", called=MOBILE, seconds=61, start="2026-10-05 10:00:00"),
            row("S2", called=MOBILE, seconds=5, start="2026-10-05 11:00:00"),
        )
        self.assertEqual(self._covered(), [(61, 0), (0, 0.0075)])
        draw = self.env["telecom.bundle.draw"].search([])
        self.assertEqual((draw.quantity, draw.covered), (80, 61))

    def test_what_covered_calls_cost_all_the_same(self):
        """0.01 to connect and 0.001 a second: 60 s cost 0.07."""
        self._give({"seconds": 300}, covered_price=0.001, covered_connect_fee=0.01)
        self._process(row("C1", called=MOBILE))
        self.assertEqual(self._covered(), [(60, 0.07)])

    def test_connect_fee_rules(self):
        """Landline costs 0.05 to connect: 60 of 120 s are covered."""
        for rule, prices in (
            ("unless_whole", [0, 0.07]),
            ("always", [0.05, 0.07]),
            ("never", [0, 0.02]),
        ):
            with self.subTest(rule=rule):
                self.env["telecom.file"].search([]).action_revert()
                self.env["telecom.bundle.subscription"].search([]).unlink()
                self._give({"seconds": 120}, connect_rule=rule)
                self._process(
                    row("K1", start="2026-10-05 10:00:00"),
                    row("K2", seconds=120, start="2026-10-05 11:00:00"),
                    name=f"{rule}.csv",
                )
                self.assertEqual([price for _s, price in self._covered()], prices)

    def test_call_plan_brings_its_tariff(self):
        plan = self._create_tariff("Plan", {"price": 0.03})
        self._give({"seconds": 60}, tariff_id=plan.id)
        self._process(row("T1", seconds=120, start="2026-10-05 10:00:00"))
        self.assertEqual(self._covered(), [(60, 0.03)])

    def test_calls_that_are_not_billed_take_nothing(self):
        self._give({"calls": 2})
        self._process(
            row("Z1", seconds=0, start="2026-10-05 09:00:00"),
            row("Z2", called="00442079460001", start="2026-10-05 10:00:00"),
            row("Z3", start="2026-10-05 11:00:00"),
        )
        self.assertEqual(self._draws(), [("2026-10-01", 1)])

    def test_what_contradicts_itself_is_refused(self):
        for values, words in (
            ({"seconds": 60, "messages": 5}, "one quantity"),
            ({"service": "sms", "seconds": 60}, "one quantity"),
            ({"service": "data", "calls": 1}, "one quantity"),
        ):
            with self.assertSays(ValidationError, words):
                self._create_bundle("Bad", values)
        for values, words in (
            ({"amount": 5, "amount_limit": 3}, "its own limit"),
            ({"seconds": 60, "amount_limit": -1}, "its own limit"),
            ({"seconds": 60, "rollover_months": 25}, "0 to 24 months"),
            ({"seconds": 60, "rest_discount": 101}, "0 to 100"),
            ({"seconds": -60, "calls": 1}, "negative"),
        ):
            with self.assertRefused(words), self.cr.savepoint():
                self._create_bundle("Bad", values)
                self.env.flush_all()
        for values, words in (
            ({"bundle_increment": 0}, "next steps"),
            ({"bundle_grace": -1}, "next steps"),
            ({"covered_price": -1}, "negative"),
        ):
            with self.assertRefused(words), self.cr.savepoint():
                self._create_bundle("Bad", {"seconds": 60}, **values)
                self.env.flush_all()

    def test_dates_and_numbers_of_a_subscription(self):
        bundle = self._create_bundle("B", {"seconds": 60})
        with self.assertRefused("must end after it starts"), self.cr.savepoint():
            self._give_bundle(bundle, self.customer, date_end="2025-12-31")
            self.env.flush_all()
        other = self._create_customer("Other")
        number = self._create_number("+34910000002", other)
        with self.assertSays(ValidationError, "belongs to another customer"):
            self._give_bundle(bundle, self.customer, number_ids=number.ids)
        self.assertTrue(self._create_bundle("Nothing").is_empty)
        self.assertFalse(bundle.is_empty)

    def test_who_has_covered_calls_keeps_bundle_and_customer(self):
        subscription = self._give({"seconds": 60})
        self._process(row("U1"))
        other = self._create_bundle("Other", {"seconds": 60})
        for values in (
            {"bundle_id": other.id},
            {"partner_id": self._create_customer("X").id},
        ):
            with self.assertSays(UserError, "bundle and customer stay"):
                subscription.with_user(self.operator).write(values)
        subscription.with_user(self.operator).priority = 3
        self.assertEqual(subscription.priority, 3)


@tagged("post_install", "-at_install")
class TestBundleRollover(BundleCase):
    """What a period does not use is carried over, as far as the allowance says."""

    def _give(self, months, **values):
        bundle = self._create_bundle(
            "ROLL", {"seconds": 300, "rollover_months": months}, is_shared=True
        )
        return self._give_bundle(
            bundle, self.customer, date_start="2026-09-30 22:00:00", **values
        )

    def test_what_is_left_counts_in_the_next_period(self):
        self._give(1)
        self._process(
            row("R1", seconds=100, start="2026-10-05 10:00:00"),
            row("R2", seconds=600, start="2026-11-05 10:00:00"),
        )
        self.assertEqual(self._covered(), [(100, 0), (500, 0.09)])
        self.assertRecordValues(
            self._usage(("used", ">", 0)),
            [
                {"included": 300, "carried_over": 0, "used": 100, "remaining": 200},
                {"included": 300, "carried_over": 200, "used": 500, "remaining": 0},
            ],
        )

    def test_a_company_below_the_customer_keeps_its_own(self):
        """What the subsidiary carries over is none of the holding's business."""
        self._give(1)
        below = self._create_customer(
            "Subsidiary", is_company=True, parent_id=self.customer.id
        )
        self._create_number("+34910000002", below)
        bundle = self.env["telecom.bundle"].search([("name", "=", "ROLL")])
        own = self._give_bundle(bundle, below, date_start="2026-09-30 22:00:00")
        late = {"start": "2026-11-05 10:00:00"}
        self._process(
            row("B1", caller="910000002", start="2026-10-05 10:00:00"),
            row("B2", caller="910000002", seconds=600, **late),
        )
        carried = self.env["telecom.bundle.carry"].search(
            [("subscription_id", "=", own.id), ("period_start", "=", "2026-11-01")]
        )
        self.assertEqual(carried.quantity, 240)
        self._process(row("H1", seconds=100, **late), name="holding.csv")
        self.assertTrue(carried.exists())
        self.env["telecom.bundle.pass"]._mark_calls(SQL("TRUE"))
        self._run_cron("rate")
        found = self._calls(("partner_id", "=", below.id)).mapped("bundle_duration")
        self.assertEqual(found, [60, 540])
        self.assertEqual((self.customer.telecom_bundle_count, own.state), (1, "active"))

    def test_a_late_call_takes_from_what_was_carried(self):
        self._give(1)
        self._process(row("L1", seconds=600, start="2026-11-05 10:00:00"))
        self.assertEqual(self._covered(), [(600, 0)])
        self._process(row("L2", seconds=100, start="2026-10-05 10:00:00"), name="2.csv")
        self.assertEqual(self._covered(), [(100, 0), (500, 0.09)])
        self.assertFalse(self.env["telecom.bundle.pass"].search([]))

    def test_the_limit_of_months(self):
        """Nothing in October and November; 900 s in December.

        300, 600 or 900 s are covered; the rest costs 0.05 + 0.02 a minute.
        """
        for months, covered in ((0, (300, 0.25)), (1, (600, 0.15)), (2, (900, 0))):
            with self.subTest(months=months):
                self.env["telecom.file"].search([]).action_revert()
                self.env["telecom.bundle.subscription"].search([]).unlink()
                self._give(months)
                self._process(
                    row("X1", seconds=900, start="2026-12-05 10:00:00"),
                    name=f"{months}.csv",
                )
                self.assertEqual(self._covered(), [covered])

    def test_files_in_any_order_give_the_same(self):
        """Law 3, over three periods with something carried over."""
        self._give(2)
        rows = [
            row("O1", seconds=120, start="2026-10-05 10:00:00"),
            row("O2", seconds=400, start="2026-11-05 10:00:00"),
            row("O3", seconds=700, start="2026-12-05 10:00:00"),
        ]
        results = set()
        for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)):
            self.env["telecom.file"].search([]).action_revert()
            for place in order:
                self._process(rows[place], name=f"{order}{place}.csv")
            results.add(tuple(self._covered()))
        self.assertEqual(results, {((120, 0), (400, 0), (380, 0.17))})


@tagged("post_install", "-at_install")
class TestBundleLedger(BundleCase):
    """The usage that people see is the ledger of the engine."""

    def test_the_same_sums(self):
        self._create_number("+34910000002", self.customer)
        self.customer.telecom_billing_day = 10
        shared = self._create_bundle(
            "SHARED",
            {"seconds": 300, "rollover_months": 1, "amount_limit": 5},
            is_shared=True,
            prorate_allowance=True,
        )
        each = self._create_bundle("EACH", {"seconds": 200}, {"amount": 0.2})
        first = self._give_bundle(shared, self.customer, date_start="2026-09-20")
        second = self._give_bundle(each, self.customer, priority=20)
        for subscription, quantity in ((first, 60), (second, 30)):
            self.env["telecom.bundle.topup"].create(
                {
                    "subscription_id": subscription.id,
                    "allowance_id": subscription.bundle_id.allowance_ids[0].id,
                    "period_start": "2026-10-10",
                    "quantity": quantity,
                }
            )
        self._process(
            *(
                row(
                    f"G{i}",
                    seconds=97 * (i % 4 + 1),
                    start=f"2026-{10 + i % 2}-{i + 1:02} 10:00:00",
                    caller=f"91000000{1 + i % 2}",
                )
                for i in range(16)
            )
        )
        self._run_cron("rate")
        frame = self.env["telecom.bundle.draw"]._frame(
            SQL("c.company_id = %s", self.company.id)
        )
        table = ledger(load_bundles(self.env, self.company), frame)
        amounts = {
            one.id for one in each.allowance_ids if one._quantity_kind() == "amount"
        }
        wanted = {
            (
                row_.subscription_id,
                row_.allowance_id,
                row_.number_id,
                row_.period_start.date(),
            ): tuple(
                round(value / (10**6 if row_.allowance_id in amounts else 1), 6)
                for value in (
                    row_.included,
                    row_.carried_over,
                    row_.extra,
                    row_.used,
                    row_.left,
                )
            )
            for row_ in table.itertuples()
        }
        self.env.flush_all()
        got = {
            (
                u.subscription_id.id,
                u.allowance_id.id,
                u.number_id.id or 0,
                u.period_start,
            ): (
                u.included,
                u.carried_over,
                u.topped_up,
                u.used,
                u.remaining,
            )
            for u in self._usage()
        }
        self.assertGreater(len(wanted), 8)
        for key, values in wanted.items():
            self.assertEqual(got[key], values, key)


@tagged("post_install", "-at_install")
class TestBundleVersion(BundleCase):
    """A bundle that has covered calls is succeeded, not edited."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bundle = cls._create_bundle("V1", {"seconds": 300})
        cls.subscription = cls._give_bundle(cls.bundle, cls.customer)

    def _version(self, user, **values):
        wizard = self.env["telecom.bundle.version"].with_user(user)
        wizard = wizard.create({"bundle_id": self.bundle.id, "name": "V2", **values})
        action = wizard.action_apply()
        return self.env["telecom.bundle"].browse(action["res_id"])

    def test_used_bundles_stay_as_they_are(self):
        self.bundle.with_user(self.manager).is_shared = True
        self.bundle.with_user(self.manager).is_shared = False
        self._forget_marks()
        self._process(row("V1"))
        bundle = self.bundle.with_user(self.manager)
        self.assertTrue(bundle.is_used)
        for values in (
            {"is_shared": True},
            {"bundle_increment": 60},
            {"tariff_id": self.tariff.id},
            {"allowance_ids": [(0, 0, {"seconds": 5})]},
            {"allowance_ids": [(1, bundle.allowance_ids.id, {"seconds": 5})]},
        ):
            with self.assertRaisesRegex(UserError, "stays as it is"):
                bundle.write(values)
        bundle.write({"name": "V1 renamed", "is_shared": False})
        self.assertEqual(self.bundle.allowance_ids.mapped("seconds"), [300])

    def test_a_call_plan_that_has_priced_stays_too(self):
        plan = self._create_tariff("Plan", {"price": 0.03})
        bundle = self._create_bundle("PLAN", tariff_id=plan.id)
        self._give_bundle(bundle, self.customer)
        self.subscription.unlink()
        self.assertFalse(bundle.is_used)
        self._process(row("PL1"))
        self.assertEqual(self._calls().price, 0.03)
        bundle.invalidate_recordset()
        self.assertTrue(bundle.is_used)
        with self.assertRaisesRegex(UserError, "stays as it is"):
            bundle.tariff_id = self.tariff

    def test_new_version_from_a_date(self):
        self._process(
            row("D1", seconds=360, start="2026-10-05 10:00:00"),
            row("D2", seconds=360, start="2026-11-05 10:00:00"),
        )
        self.assertEqual(self._covered(), [(300, 0.07), (300, 0.07)])
        new = self._version(self.manager)
        self.assertEqual((new.name, new.previous_count), ("V2", 1))
        self.assertEqual(new.allowance_ids.seconds, 300)
        new.with_user(self.manager).allowance_ids.seconds = 600
        action = new.with_user(self.manager).action_move_customers()
        wizard = self.env["telecom.bundle.version"].with_user(self.manager)
        wizard = wizard.with_context(**action["context"])
        wizard.create({"date_start": "2026-10-31 23:00:00"}).action_apply()
        self._run_cron("rate")
        self.assertEqual(self._covered(), [(300, 0.07), (360, 0)])
        self.assertEqual(str(self.subscription.date_end), "2026-10-31 23:00:00")
        self.assertEqual(str(new.subscription_ids.date_start), "2026-10-31 23:00:00")
        new.invalidate_recordset()
        self.assertEqual(new.previous_count, 0)

    def test_who_had_it_from_later_on_has_the_new_one_from_then(self):
        """One has it from January, the other from 5 October: 400 s of a call each."""
        two = self._create_customer("Two")
        self._create_number("+34910000002", two)
        late = self._give_bundle(self.bundle, two, date_start="2026-10-05 00:00:00")
        topup = self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": late.id,
                "allowance_id": self.bundle.allowance_ids.id,
                "period_start": "2026-10-01",
                "quantity": 50,
            }
        )
        self._process(
            row("V1", seconds=400, start="2026-10-06 10:00:00"),
            row("V2", caller="910000002", seconds=400, start="2026-10-06 11:00:00"),
        )
        self.assertEqual(self._calls().mapped("bundle_duration"), [300, 350])
        new = self._version(self.manager)
        new.allowance_ids.seconds = 200
        self.bundle._hand_over(new, self.subscription._midnight(OCTOBER, self.company))
        self._run_cron("rate")
        self.assertEqual(self._calls().mapped("bundle_duration"), [200, 250])
        self.assertEqual((late.bundle_id, topup.allowance_id), (new, new.allowance_ids))
        self.assertEqual(str(late.date_start), "2026-10-05 00:00:00")
        self.assertEqual(new.subscription_ids.partner_id, self.customer | two)
        draws = self.env["telecom.bundle.draw"].search([])
        self.assertEqual(draws.allowance_id, new.allowance_ids)

    def test_every_allowance_of_a_used_bundle_stays(self):
        self.bundle.allowance_ids.sequence = 1
        second = self.bundle.allowance_ids.create(
            {"bundle_id": self.bundle.id, "seconds": 600, "sequence": 2}
        )
        self._process(row("E1"))
        self.assertEqual(self._calls().draw_ids.allowance_id.seconds, 300)
        second = second.with_user(self.manager)
        for change in (
            lambda: second.write({"seconds": 5}),
            lambda: second.write({"sequence": 0}),
            second.unlink,
        ):
            with self.assertRaisesRegex(UserError, "stays as it is"):
                change()
        self.assertEqual(self.bundle.allowance_ids.mapped("seconds"), [300, 600])

    def test_customers_have_no_bundle_that_includes_nothing(self):
        bundle = self.bundle.with_user(self.manager)
        for change in (
            bundle.allowance_ids.unlink,
            lambda: bundle.write({"allowance_ids": [(5,)]}),
        ):
            refused = self.assertRaisesRegex(UserError, "would include nothing")
            with refused, self.cr.savepoint():
                change()
        self.env.invalidate_all()
        old = bundle.allowance_ids
        bundle.allowance_ids = [(2, old.id), (0, 0, {"seconds": 60})]
        self.assertEqual(bundle.allowance_ids.mapped("seconds"), [60])

    def test_what_is_used_up_and_what_is_nearly(self):
        """29,990 of 30,000 s are 99.9 %, 23,985 are 79.9 %: neither is reached."""
        self.bundle.allowance_ids.seconds = 30_000
        with freeze_time("2026-10-20 10:00:00"):
            for id_, seconds, level in (("W1", 23_985, []), ("W2", 6_005, [80])):
                self._process(row(id_, seconds=seconds), name=f"{id_}.csv")
                warnings = self.env["telecom.bundle.warning"].sudo()
                self.assertEqual(warnings._warn(self.company).mapped("level"), level)
            self._process(row("W3", seconds=10), name="W3.csv")
            self.assertEqual(warnings._warn(self.company).mapped("level"), [100])

    def test_the_wizard_says_that_nothing_is_carried_over(self):
        wizard = self.env["telecom.bundle.version"]
        self.assertFalse(wizard.create({"bundle_id": self.bundle.id}).is_rolling)
        self.bundle.allowance_ids.rollover_months = 1
        self.assertTrue(wizard.create({"bundle_id": self.bundle.id}).is_rolling)

    def test_moved_at_once(self):
        new = self._version(
            self.manager, is_moved=True, date_start="2026-12-31 23:00:00"
        )
        self.assertEqual(new.subscription_ids.partner_id, self.customer)
        self.assertEqual(str(self.subscription.date_end), "2026-12-31 23:00:00")

    def test_not_before_what_is_invoiced(self):
        self._load_accounts()
        self._process(row("I1", start="2026-10-20 10:00:00"))
        day = self._calls().day
        self.env["telecom.invoicing"]._invoice(self.customer, day, day)
        with self.assertRaisesRegex(UserError, "invoiced already"):
            self._version(self.manager, is_moved=True, date_start="2026-10-10")
        self.assertFalse(self.subscription.date_end)

    def test_only_managers_make_versions(self):
        with self.assertRaises(AccessError):
            self._version(self.operator)
        self.assertEqual(
            self.env["telecom.bundle"].search_count([("name", "=", "V2")]), 0
        )


@tagged("post_install", "-at_install")
class TestMonthlyTiers(BundleCase):
    """Tiers of the month are dealt out as bundles are, by the customer's period."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tariff.rate_ids.filtered(lambda rate: rate.category == "mobile").write(
            {
                "volume_unit": "seconds",
                "tier_ids": [(0, 0, {"kind": "volume", "start": 120, "price": 0.03})],
            }
        )
        cls._forget_marks()

    def _prices(self):
        return self._calls().mapped("price")

    def test_without_any_bundle(self):
        """120 s at 0.09 a minute, what is above at 0.03."""
        self._process(
            row("M1", called=MOBILE, seconds=60, start="2026-10-05 10:00:00"),
            row("M2", called=MOBILE, seconds=120, start="2026-10-15 10:00:00"),
            row("M3", called=MOBILE, seconds=60, start="2026-11-01 10:00:00"),
        )
        self.assertEqual(self._prices(), [0.09, 0.12, 0.09])
        self.customer.telecom_billing_day = 15
        self._run_cron("rate")
        self.assertEqual(self._prices(), [0.09, 0.18, 0.03])

    def test_invoiced_calls_count(self):
        self._load_accounts()
        self._process(
            row("I1", called=MOBILE, seconds=120, start="2026-10-20 10:00:00")
        )
        day = self._calls().day
        self.env["telecom.invoicing"]._invoice(self.customer, day, day)
        self._process(
            row("I2", called=MOBILE, seconds=60, start="2026-10-05 10:00:00"),
            name="late.csv",
        )
        self.assertEqual(self._prices(), [0.03, 0.18])

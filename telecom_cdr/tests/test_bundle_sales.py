# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bundles and money: fees, top-ups, warnings, which bundle is cheapest."""

from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .common import READER, TelecomCommon
from .refusal import RefusalMixin
from .test_bundle_rules import BundleCase
from .test_rating import row

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


@tagged("post_install", "-at_install")
class TestBundleFee(TelecomCommon, AccountTestInvoicingCommon):
    @classmethod
    def _telecom_company(cls, name):
        cls.env.user.group_ids += cls.env.ref("telecom_cdr.group_telecom_manager")
        company = cls.company_data["company"]
        company.write(
            {
                "country_id": cls.env.ref("base.es").id,
                "telecom_tz": "Europe/Madrid",
                "currency_id": cls.env.ref("base.EUR").id,
            }
        )
        return company

    def _invoice(self, date_from=FIRST, date_to=LAST, **values):
        wizard = self.env["telecom.invoice.wizard"].create(
            {
                "partner_ids": self.customer.ids,
                "date_from": date_from,
                "date_to": date_to,
                **values,
            }
        )
        return self.env["account.move"].search(wizard.action_invoice()["domain"])

    def _lines(self, *args, **values):
        lines = self._invoice(*args, **values).invoice_line_ids
        return lines.mapped(lambda line: (line.name, line.price_subtotal))

    def _give(self, price=31, **values):
        dates = {n: values.pop(n) for n in ("date_start", "date_end") if n in values}
        bundle = self._create_bundle("B", {"seconds": 600}, price=price, **values)
        return self._give_bundle(bundle, self.customer, **dates)

    def test_fee_of_the_days_that_it_ran(self):
        """From 10 October at midnight of Madrid: 22 of 31 days."""
        self._give(prorate_fee=True, date_start="2026-10-09 22:00:00")
        self.assertEqual(
            self._lines(),
            [("B, October 2026 (10/10/2026 to 10/31/2026: 22 of 31 days)", 22)],
        )

    def test_fee_of_a_bundle_that_ended(self):
        """Until 10 October, 9 of 31 days; the month before is whole."""
        self._give(prorate_fee=True, date_end="2026-10-09 22:00:00")
        self.assertEqual(
            self._lines(date(2026, 9, 1)),
            [
                ("B, September 2026", 31),
                ("B, October 2026 (10/01/2026 to 10/09/2026: 9 of 31 days)", 9),
            ],
        )

    def test_the_part_is_rounded_once(self):
        """9.90 x 22 / 31 = 7.0258."""
        self._give(price=9.9, prorate_fee=True, date_start="2026-10-09 22:00:00")
        self.assertEqual(self._lines()[0][1], 7.03)

    def test_the_whole_fee_by_choice(self):
        self._give(date_start="2026-10-09 22:00:00")
        self.assertEqual(self._lines(), [("B, October 2026", 31)])

    def test_local_days_decide(self):
        """It ends with September in Madrid, though it is 22:00 UTC."""
        self._give(date_end="2026-09-30 22:00:00")
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._invoice()

    def test_fee_by_billing_day(self):
        self.customer.telecom_billing_day = 15
        self._give()
        self.assertEqual(
            self._lines(date(2026, 10, 15)), [("B, 10/15/2026 to 11/14/2026", 31)]
        )
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._invoice(date(2026, 10, 15))

    def test_days_that_are_billed_are_not_billed_again(self):
        """October was billed; by the 15th only 1 to 14 November are left."""
        self._give()
        self.assertEqual(self._lines(), [("B, October 2026", 31)])
        self.customer.telecom_billing_day = 15
        self.assertEqual(
            self._lines(date(2026, 10, 15)),
            [
                (
                    "B, 10/15/2026 to 11/14/2026"
                    " (11/01/2026 to 11/14/2026: 14 of 31 days)",
                    14,
                )
            ],
        )

    def test_a_credited_fee_is_billed_again(self):
        self._give(prorate_fee=True, date_start="2026-10-09 22:00:00")
        move = self._invoice(is_posted=True)
        move._reverse_moves([{"invoice_date": LAST}]).action_post()
        self.assertEqual(self._lines()[0][1], 22)

    @freeze_time("2026-10-20 10:00:00")
    def test_a_top_up_is_invoiced_once(self):
        subscription = self._give()
        wizard = Form(
            self.env["telecom.bundle.topup.wizard"].with_context(
                default_subscription_id=subscription.id
            )
        )
        wizard.quantity = 10
        wizard.price = 3.5
        wizard.save().action_apply()
        lines = self._lines()
        self.assertEqual(lines[1], ("Top-up of B, October 2026: 10 min", 3.5))
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._invoice()
        topup = subscription.topup_ids
        self.assertTrue(topup.is_invoiced)
        for change in (lambda: topup.unlink(), lambda: topup.write({"quantity": 1})):
            with self.assertRaisesRegex(UserError, "is on an invoice"):
                change()
        self.assertEqual(topup.quantity, 600)

    @freeze_time("2026-10-20 10:00:00")
    def test_a_credited_top_up_is_billed_again(self):
        subscription = self._give()
        self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": subscription.id,
                "allowance_id": subscription.bundle_id.allowance_ids.id,
                "period_start": FIRST,
                "quantity": 60,
                "price": 2,
            }
        )
        move = self._invoice(is_posted=True)
        move._reverse_moves([{"invoice_date": LAST}]).action_post()
        self.assertFalse(subscription.topup_ids.is_invoiced)
        self.assertEqual([price for _name, price in self._lines()], [31, 2])


@tagged("post_install", "-at_install")
class TestBundleTopup(BundleCase, RefusalMixin):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bundle = cls._create_bundle("ALL 5", {"seconds": 300}, is_shared=True)
        cls.subscription = cls._give_bundle(cls.bundle, cls.customer)
        cls.reader = cls._new_user("bundle_reader", READER)

    def _top_up(self, user=None, **values):
        return (
            self.env["telecom.bundle.topup"]
            .with_user(user or self.operator)
            .create(
                {
                    "subscription_id": self.subscription.id,
                    "allowance_id": self.bundle.allowance_ids.id,
                    "period_start": "2026-10-20",
                    "quantity": 120,
                    **values,
                }
            )
        )

    def test_more_of_the_allowance_in_this_period_only(self):
        self._process(
            row("T1", seconds=420, start="2026-10-05 10:00:00"),
            row("T2", seconds=420, start="2026-11-05 10:00:00"),
        )
        self.assertEqual(self._covered(), [(300, 0.09), (300, 0.09)])
        topup = self._top_up()
        self.assertEqual(topup.period_start, FIRST)
        self._run_cron("rate")
        self.assertEqual(self._covered(), [(420, 0), (300, 0.09)])
        self.assertRecordValues(
            self._usage(("period_start", "=", FIRST)),
            [{"included": 300, "topped_up": 120, "used": 420, "remaining": 0}],
        )
        topup.unlink()
        self._run_cron("rate")
        self.assertEqual(self._covered(), [(300, 0.09), (300, 0.09)])

    def test_for_one_number_of_several(self):
        other = self._create_number("+34910000002", self.customer)
        self.subscription.unlink()
        each = self._create_bundle("EACH", {"seconds": 60})
        subscription = self._give_bundle(each, self.customer)
        self._top_up(
            subscription_id=subscription.id,
            allowance_id=each.allowance_ids.id,
            number_id=other.id,
        )
        self._process(
            row("N1", seconds=180, start="2026-10-05 10:00:00"),
            row("N2", seconds=180, start="2026-10-05 11:00:00", caller="910000002"),
        )
        self.assertEqual(self._covered(), [(60, 0.09), (180, 0)])

    def test_the_limit_of_money_is_raised_too(self):
        self.subscription.unlink()
        limited = self._create_bundle(
            "LIMITED", {"seconds": 600, "amount_limit": 0.09}, is_shared=True
        )
        subscription = self._give_bundle(limited, self.customer)
        values = {
            "subscription_id": subscription.id,
            "allowance_id": limited.allowance_ids.id,
        }
        self._process(
            row("L1", called="600000099", start="2026-10-05 10:00:00"),
            row("L2", called="600000099", start="2026-10-05 11:00:00"),
        )
        self.assertEqual(self._covered(), [(60, 0), (0, 0.09)])
        self._top_up(**values, amount=0.09)
        self._run_cron("rate")
        self.assertEqual(self._covered(), [(60, 0), (60, 0)])

    def test_what_makes_no_sense_is_refused(self):
        other = self._create_customer("Other")
        number = self._create_number("+34910000002", other)
        strange = self._create_bundle("Strange", {"seconds": 60})
        with self.assertSays(ValidationError, "is no number of"):
            self._top_up(number_id=number.id)
        with self.assertSays(ValidationError, "is no allowance of"):
            self._top_up(allowance_id=strange.allowance_ids.id)
        with self.assertSays(ValidationError, "does not run in the period"):
            self._top_up(period_start="2025-12-05")
        for values in ({"quantity": 0}, {"quantity": -1}, {"price": -1}):
            with self.assertRefused("adds something"), self.cr.savepoint():
                self._top_up(**values)
                self.env.flush_all()
        self.assertFalse(self.env["telecom.bundle.topup"].search([]))

    def test_readers_do_not_top_up(self):
        with self.assertRaises(AccessError):
            self._top_up(self.reader)

    def test_another_company_sees_none(self):
        self._top_up()
        stranger = self.env["res.company"].create({"name": "Elsewhere"})
        user = self._new_user("stranger")
        user.write({"company_ids": [(6, 0, stranger.ids)], "company_id": stranger.id})
        env = self.env(user=user, context={"allowed_company_ids": stranger.ids})
        for model in ("topup", "usage", "subscription", "carry", "warning"):
            self.assertFalse(env[f"telecom.bundle.{model}"].search([]), model)


@tagged("post_install", "-at_install")
class TestBundleWarning(BundleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "customer@example.com"
        cls.bundle = cls._create_bundle(
            "ALL 5", {"seconds": 300}, is_shared=True, warn_customer=True
        )
        cls.subscription = cls._give_bundle(cls.bundle, cls.customer)

    def _use(self, seconds, day):
        self._process(
            row(f"W{day}", seconds=seconds, start=f"2026-10-{day:02} 10:00:00"),
            name=f"{day}.csv",
        )

    def _levels(self):
        self._run_cron("warn")
        warnings = self.env["telecom.bundle.warning"].search(
            [("company_id", "=", self.company.id)], order="id"
        )
        return warnings.mapped("level")

    def _notes(self):
        return self.subscription.message_ids.filtered(
            lambda message: "used up" in (message.body or "")
        )

    def _mails(self):
        return self.env["mail.mail"].search(
            [("model", "=", "telecom.bundle.warning")], order="id"
        )

    @freeze_time("2026-10-20 10:00:00")
    def test_once_at_80_and_once_at_100_percent(self):
        self._use(239, 5)
        self.assertEqual(self._levels(), [])
        self._use(1, 6)
        self.assertEqual(self._levels(), [80])
        self.assertEqual(self._levels(), [80])
        self.assertIn("5 min is nearly used up: 4 min of 5 min", self._notes().body)
        self.assertEqual(self._mails().subject, "ALL 5: 80 % used")
        self.assertEqual(self._mails().recipient_ids, self.customer)
        self._use(100, 7)
        self.assertEqual(self._levels(), [80, 100])
        self.assertEqual(self._levels(), [80, 100])
        self.assertEqual(len(self._notes()), 2)
        self.assertEqual(len(self._mails()), 2)
        self.assertIn("is used up", self._mails()[1].body_html)

    @freeze_time("2026-10-20 10:00:00")
    def test_at_once_used_up_is_said_once(self):
        self._use(600, 5)
        self.assertEqual(self._levels(), [100])
        # A top-up makes it less than 100 again: nothing is said twice.
        self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": self.subscription.id,
                "allowance_id": self.bundle.allowance_ids.id,
                "period_start": FIRST,
                "quantity": 320,
            }
        )
        self.assertEqual(self._levels(), [100])

    @freeze_time("2026-11-20 10:00:00")
    def test_only_the_present_period(self):
        self._use(600, 5)
        self.assertEqual(self._levels(), [])

    @freeze_time("2026-10-20 10:00:00")
    def test_mail_by_choice_and_where_there_is_an_address(self):
        self.customer.email = False
        self._use(600, 5)
        self.assertEqual(self._levels(), [100])
        self.assertFalse(self._mails())
        self.assertIn("was not mailed", self.subscription.message_ids[0].body)

    @freeze_time("2026-10-20 10:00:00")
    def test_no_mail_unless_chosen(self):
        self.bundle.warn_customer = False
        self._use(600, 5)
        self.assertEqual(self._levels(), [100])
        self.assertFalse(self._mails())
        self.assertEqual(len(self._notes()), 1)


@tagged("post_install", "-at_install")
class TestCheapestBundle(BundleCase):
    """Three calls of 600 s to landlines in October: 0.05 + 10 x 0.02 = 0.25 each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("seller", READER)
        cls.small = cls._create_bundle("SMALL", {"seconds": 600}, price=0.1)
        cls.large = cls._create_bundle("LARGE", {"seconds": 6000}, price=0.5)
        plan = cls._create_tariff("Plan", {"price": 0.001})
        cls.plan = cls._create_bundle("PLAN", tariff_id=plan.id, price=0.2)
        cls._process(
            *(
                row(f"B{i}", seconds=600, start=f"2026-10-0{i} 10:00:00")
                for i in range(1, 4)
            )
        )

    def _compare(self, months="1", **values):
        wizard = self.env["telecom.bundle.comparison"].with_user(self.reader)
        wizard = wizard.create(
            {"partner_id": self.customer.id, "months": months, **values}
        )
        wizard.action_compare()
        return wizard

    def _rows(self, wizard):
        return wizard.line_ids.mapped(
            lambda line: (
                line.name,
                line.fee,
                line.calls_price,
                line.total,
                line.difference,
            )
        )

    @freeze_time("2026-11-10 10:00:00")
    def test_by_the_weakest_who_may(self):
        """Small leaves two calls of 0.25; the plan costs 3 x 10 x 0.001."""
        wizard = self._compare()
        self.assertEqual(wizard.call_count, 3)
        self.assertEqual(
            self._rows(wizard),
            [
                ("PLAN", 0.2, 0.03, 0.23, -0.52),
                ("LARGE", 0.5, 0, 0.5, -0.25),
                ("SMALL", 0.1, 0.5, 0.6, -0.15),
                ("No bundle", 0, 0.75, 0.75, 0),
            ],
        )
        self.assertEqual(wizard.line_ids.mapped("is_cheapest"), [True] + [False] * 3)
        self.assertEqual(self._calls().mapped("price"), [0.25] * 3)
        self.assertFalse(self.env["telecom.bundle.draw"].search([]))

    @freeze_time("2026-11-10 10:00:00")
    def test_against_what_the_customer_has(self):
        self._give_bundle(self.small, self.customer)
        self._run_cron("rate")
        rows = {row_[0]: row_[1:] for row_ in self._rows(self._compare("3"))}
        self.assertEqual(rows["As it is now"], (0.3, 0.5, 0.8, 0))
        self.assertEqual(rows["LARGE"], (1.5, 0, 1.5, 0.7))
        self.assertEqual(rows["No bundle"], (0, 0.75, 0.75, -0.05))

    @freeze_time("2026-11-10 10:00:00")
    def test_without_calls(self):
        stranger = self._create_customer("Stranger")
        with self.assertRaisesRegex(UserError, "has no calls from"):
            self._compare(partner_id=stranger.id)

    @freeze_time("2026-11-10 10:00:00")
    def test_invoiced_calls_count_and_earlier_versions_are_not_offered(self):
        self._load_accounts()
        self.company.currency_id = self.env.ref("base.EUR")
        self.env["telecom.invoicing"]._invoice(self.customer, FIRST, LAST)
        self.small._new_version("SMALL 2")
        rows = {row_[0]: row_[3] for row_ in self._rows(self._compare())}
        self.assertEqual(
            rows, {"PLAN": 0.23, "LARGE": 0.5, "SMALL 2": 0.6, "No bundle": 0.75}
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Customers whose calls are priced and invoiced in a currency of their own."""

from datetime import date

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import freeze_time, tagged

from .common import READER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_explanation import ExplanationMixin
from .test_rating import row

MOBILE = "600000099"
CONTACTS = "base.group_partner_manager"


class CurrencyCase(TelecomCommon):
    """A euro is 1.25 dollars on 5 October 2026, and 1.30 on the 6th."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dollar = cls.env.ref("base.USD")
        cls.dollar.active = True
        for day, rate in (("2026-10-05", 1.25), ("2026-10-06", 1.3)):
            cls._set_rate(day, rate)

    @classmethod
    def _set_rate(cls, day, rate, currency=None, **values):
        cls.env["res.currency.rate"].create(
            {
                "name": day,
                "rate": rate,
                "currency_id": (currency or cls.dollar).id,
                "company_id": cls.company.id,
                **values,
            }
        )

    @classmethod
    def _load_accounts(cls):
        """The plan of accounts brings the dollar: the company stays with the euro."""
        result = super()._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls._forget_marks()
        return result

    def _found(self, *domain):
        """State, price and currency of each call."""
        return self._calls(*domain).mapped(
            lambda c: (c.state, c.price, c.currency_id.name)
        )


@tagged("post_install", "-at_install")
class TestCustomerCurrency(RefusalMixin, ExplanationMixin, CurrencyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("currency_reader", f"{READER},{CONTACTS}")
        cls.operator = cls._new_user("currency_operator", f"{USER},{CONTACTS}")
        cls.other = cls._create_customer("Customer Two")
        cls._create_number("+34910000002", cls.other)
        cls._forget_marks()

    def _choose(self, currency=None, user=None):
        partner = self.customer.with_user(user or self.operator)
        partner = partner.with_context(allowed_company_ids=self.company.ids)
        partner.telecom_currency_id = currency or self.dollar
        self.env.flush_all()

    def _sell(self, *args, **values):
        """A bundle whose fee is 10 euros, as its product is the company's own."""
        bundle = self._create_bundle(*args, **values)
        bundle.product_id.company_id = self.company
        return bundle

    def test_the_price_is_converted_once_at_the_rate_of_the_day(self):
        """0.09 and 0.07 euros at 1.25; 11 s of 0.09, 0.0165, at 1.30 are 0.02145."""
        self._choose()
        self._process(
            row("C1", called=MOBILE, amount="0.03"),
            row("C2", start="2026-10-05 11:00:00"),
            row("C3", called=MOBILE, seconds=11, start="2026-10-06 10:00:00"),
        )
        self.assertEqual(
            self._found(),
            [
                ("rated", 0.1125, "USD"),
                ("rated", 0.0875, "USD"),
                ("rated", 0.0215, "USD"),
            ],
        )
        calls = self._calls().sudo()
        self.assertEqual(calls.mapped("conversion"), ["5/4", "5/4", "13/10"])
        # The margin is in the company's currency: 0.1125 / 1.25 - 0.03.
        self.assertEqual(calls[0].margin, 0.06)
        for call, figure in zip(
            self._calls(), ("0.1125", "0.0875", "0.0215"), strict=False
        ):
            text = self._explain_call(call, self.reader)
            self.assertIn("Other currency At the rate of", text)
            self.assertIn(figure, text)

    def test_changing_it_marks_the_calls_of_the_customer(self):
        """Of them, those that are not invoiced; nobody else's."""
        self._load_accounts()
        self._process(row("M1", called=MOBILE))
        day = self._calls().day
        self.env["telecom.invoicing"]._invoice(self.customer, day, day)
        self._process(
            row("M2", called=MOBILE, start="2026-10-05 11:00:00"),
            row("M3", called=MOBILE, start="2026-10-05 12:00:00", caller="910000002"),
            name="more.csv",
        )
        self._choose()
        marks = self.env["telecom.rating.mark"].search([])
        self.assertEqual(
            marks.mapped(lambda m: (m.company_id, m.partner_id, m.tariff_id.id)),
            [(self.company, self.customer, False)],
        )
        own = marks._call_domain()
        self.assertEqual(self.env["telecom.call"].search_count(own), 2)
        self._run_cron("rate")
        expected = [
            ("invoiced", 0.09, "EUR"),
            ("rated", 0.1125, "USD"),
            ("rated", 0.09, "EUR"),
        ]
        self.assertEqual(self._found(), expected)
        self._choose()
        self.customer.with_user(self.operator).name = "Customer 1"
        self.assertFalse(self.env["telecom.rating.mark"].search([]))
        self.customer.with_user(self.operator).telecom_currency_id = False
        self._run_cron("rate")
        self.assertEqual(self._found()[1], ("rated", 0.09, "EUR"))

    def test_without_a_rate_of_the_day_the_call_waits(self):
        self._choose()
        self._process(row("W1", start="2026-10-07 10:00:00"))
        call = self._calls()
        self.assertEqual(
            (call.state, call.rating_reason, call.price),
            ("unrated", "no_currency_rate", 0),
        )
        # A rate of another currency, or of another company, is none of its business.
        self._forget_marks()
        pound = self.env.ref("base.GBP")
        self._set_rate("2026-10-07", 0.9, pound)
        self._set_rate(
            "2026-10-07", 1.4, company_id=self._telecom_company("Other telephony").id
        )
        self.assertFalse(self.env["telecom.rating.mark"].search([]))
        self._set_rate("2026-10-07", 1.5)
        marks = self.env["telecom.rating.mark"].search([])
        self.assertEqual(
            marks.mapped(lambda m: (str(m.date_start), str(m.date_end))),
            [("2026-10-06 22:00:00", "2026-10-07 22:00:00")],
        )
        self._run_cron("rate")
        self.assertEqual(self._found(), [("rated", 0.105, "USD")])
        rate = self.env["res.currency.rate"].search([("name", "=", "2026-10-07")])
        rate.filtered(lambda r: r.company_id == self.company).unlink()
        self._run_cron("rate")
        self.assertEqual(self._found(), [("unrated", 0, "USD")])

    def test_the_invoice_is_in_that_currency_with_the_fee(self):
        """0.1125 + 0.0875 for calls; 10 euros at 1.30 for the bundle."""
        self._load_accounts()
        self._choose()
        bundle = self._sell("SMS", {"service": "sms", "messages": 5})
        self._give_bundle(bundle, self.customer)
        self._process(
            row("I1", called=MOBILE),
            row("I2", start="2026-10-05 11:00:00"),
        )
        day = self._calls()[0].day
        with freeze_time("2026-10-31 10:00:00"):
            moves = (
                self.env["telecom.invoicing"]
                .with_user(self.reader)
                ._invoice(self.customer, day, day.replace(day=31))
            )
        self.assertEqual(moves.currency_id, self.dollar)
        amounts = moves.invoice_line_ids.mapped(
            lambda line: (line.telecom_kind or "", line.price_unit)
        )
        self.assertEqual(
            sorted(amounts), [("", 13.0), ("landline", 0.09), ("mobile", 0.11)]
        )

    def test_margins_of_corrections_are_in_the_currency_of_the_company(self):
        """0.1125 dollars more for an invoiced call of the 5th: 0.09 euros."""
        self._load_accounts()
        self._choose()
        self._process(row("M1", called=MOBILE, amount="0.03"))
        with freeze_time("2026-10-31 10:00:00"):
            moves = self.env["telecom.invoicing"]._invoice(
                self.customer, day_of(1), day_of(31)
            )
            moves.invoice_date = day_of(31)
            moves.action_post()
        mobile = self.tariff.rate_ids.filtered(lambda rate: rate.category == "mobile")
        mobile._succeed("2026-10-01 00:00:00", {"price": 0.18})
        self.env.flush_all()
        rerating = self.env["telecom.rerating"].create({"name": "Dearer"})
        rerating.action_propose()
        line = rerating.line_ids
        self.assertEqual((line.difference, line.margin_difference), (0.1125, 0.09))

    def test_a_part_of_a_fee_and_a_top_up_are_in_it_too(self):
        """15 of 31 days of 13 dollars are 6.29; 2 euros of a top-up are 2.60."""
        self._load_accounts()
        self._choose()
        bundle = self._sell("MIN", {"seconds": 60}, prorate_fee=True)
        given = self._give_bundle(
            bundle, self.customer, date_start="2026-10-16 22:00:00"
        )
        self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": given.id,
                "allowance_id": bundle.allowance_ids.id,
                "period_start": "2026-10-01",
                "quantity": 60,
                "price": 2,
            }
        )
        with freeze_time("2026-10-31 10:00:00"):
            moves = self.env["telecom.invoicing"]._invoice(
                self.customer, day_of(1), day_of(31)
            )
        self.assertEqual(moves.currency_id, self.dollar)
        amounts = moves.invoice_line_ids.mapped("price_subtotal")
        self.assertEqual(sorted(amounts), [2.6, 6.29])

    def test_a_currency_without_any_rate_leaves_the_fee_as_it_is(self):
        self._load_accounts()
        pound = self.env.ref("base.GBP")
        pound.active = True
        self._choose(pound)
        bundle = self._sell("SMS", {"service": "sms", "messages": 5})
        self._give_bundle(bundle, self.customer)
        with freeze_time("2026-10-31 10:00:00"):
            moves = self.env["telecom.invoicing"]._invoice(
                self.customer, day_of(1), day_of(31)
            )
        self.assertEqual((moves.currency_id.name, moves.amount_untaxed), ("EUR", 10.0))

    def test_the_figures_of_the_customer_are_in_it(self):
        self._choose()
        self._process(row("F1", called=MOBILE))
        with freeze_time("2026-10-10 10:00:00"):
            self.env.invalidate_all()
            partner = self.customer.with_user(self.reader)
            self.assertEqual(partner.telecom_amount_currency_id, self.dollar)
            self.assertAlmostEqual(partner.telecom_to_invoice, 0.11)
            self.assertEqual(
                self.other.with_user(self.reader).telecom_amount_currency_id.name,
                "EUR",
            )

    def test_the_wizard_adds_up_in_the_currency_of_the_company(self):
        """0.1125 dollars are 0.09 euros, beside 0.09 euros of another customer."""
        self._choose()
        self._process(
            row("W1", called=MOBILE), row("W2", called=MOBILE, caller="910000002")
        )
        wizard = self.env["telecom.invoice.wizard"].create(
            {"date_to": date(2026, 10, 5)}
        )
        self.assertEqual((wizard.customer_count, wizard.call_count), (2, 2))
        self.assertAlmostEqual(wizard.amount, 0.18)

    def test_each_company_has_its_own(self):
        theirs = self._telecom_company("Other telephony")
        there = self.customer.with_context(
            allowed_company_ids=[theirs.id, self.company.id]
        )
        there.sudo().telecom_currency_id = self.dollar
        marks = self.env["telecom.rating.mark"].sudo().search([])
        self.assertEqual(marks.company_id, theirs)
        self._process(row("O1", called=MOBILE))
        self.assertEqual(self._found(), [("rated", 0.09, "EUR")])

    def test_who_may_choose_it(self):
        plain = self._new_user("currency_plain", f"base.group_user,{CONTACTS}")
        with self.assertRaises(AccessError):
            self.customer.with_user(plain).read(["telecom_currency_id"])
        with self.assertSays(AccessError, "only telephony users"):
            self._choose(user=self.reader)
        with self.assertSays(AccessError, "only telephony users"):
            self.env["res.partner"].with_user(self.reader).create(
                {"name": "New", "telecom_currency_id": self.dollar.id}
            )
        self.assertFalse(self.customer.telecom_currency_id)
        self.assertFalse(self.env["telecom.rating.mark"].search([]))
        self._choose()
        found = self.customer.with_user(self.reader).telecom_currency_id
        self.assertEqual(found, self.dollar)

    def test_who_pays_has_it(self):
        contact = self._create_customer(
            "Ann", is_company=False, parent_id=self.customer.id
        )
        with self.assertSays(ValidationError, "a contact of Customer One, who pays"):
            contact.telecom_currency_id = self.dollar
        self._choose()
        self._create_number("+34910000003", contact)
        self._process(row("P1", called=MOBILE, caller="910000003"))
        self.assertEqual(self._found(), [("rated", 0.1125, "USD")])

    def test_merging_keeps_it(self):
        """The one that stays keeps its own, and gets one where it has none."""
        self.customer.telecom_currency_id = self.dollar
        self._process(row("G1", called=MOBILE, caller="910000002"))
        self._forget_marks()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.customer | self.other).ids, self.other)
        self.env.invalidate_all()
        self.assertEqual(self.other.telecom_currency_id, self.dollar)
        self._run_cron("rate")
        self.assertEqual(self._found(), [("rated", 0.1125, "USD")])

    def test_the_simulator_has_it_for_a_customer_without_numbers(self):
        new = self._create_customer("Prospect", telecom_currency_id=self.dollar.id)
        trial = self.env["telecom.price.trial"]
        fact = {"called_number": "+34600000099", "duration": 60}
        fact["start_at"] = "2026-10-05 08:00:00"
        tables = trial._tables(self.company)
        found = [
            trial._price([fact], tables, self.company, partner=partner)[0]
            for partner in (new, self.other)
        ]
        self.assertEqual(
            [(call.price, call.currency_id.name) for call in found],
            [(0.1125, "USD"), (0.09, "EUR")],
        )


def day_of(day):
    """A day of October 2026."""
    return date(2026, 10, day)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import random
from contextlib import closing
from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.telecom_cdr.tests.common import MANAGER, READER, USER

from .common import FIRST, LAST, ChargeInvoicingCommon, charge_row

FEBRUARY = date(2026, 2, 28)
MID_JANUARY = date(2026, 1, 15)


@tagged("post_install", "-at_install")
class TestOwnCharge(ChargeInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create(
            {
                "name": "Maintenance",
                "type": "service",
                "list_price": 31.0,
                "taxes_id": False,
            }
        )

    def _own(self, **values):
        return self.env["telecom.own.charge"].create(
            {
                "partner_id": self.customer.id,
                "product_id": self.product.id,
                "timing": "arrears",
                "date_start": "2026-01-01",
                **values,
            }
        )

    def _invoice(self, date_to=LAST):
        return self.env["telecom.invoicing"]._invoice(self.customer, FIRST, date_to)

    def _lines(self, date_to=LAST):
        return [
            (line.name, line.quantity, line.price_unit)
            for line in self._invoice(date_to).invoice_line_ids.sorted("id")
        ]

    def test_name_and_price_come_from_the_product(self):
        own = self._own()
        self.assertEqual((own.name, own.price), ("Maintenance", 31.0))
        self.assertEqual(
            self._lines(), [("Maintenance, 01/01/2026 to 01/31/2026", 1.0, 31.0)]
        )
        self.assertEqual(own.billed_until, LAST)

    def test_a_customer_who_owes_no_tax_pays_the_price_without(self):
        """37.51 with 21 % in it is 31.00 abroad; 10 of 31 days are given back as 10."""
        tax, none = self.env["account.tax"].create(
            [
                {
                    "name": f"Tax {amount}",
                    "amount": amount,
                    "type_tax_use": "sale",
                    "company_id": self.company.id,
                    "price_include_override": included,
                }
                for amount, included in ((21, "tax_included"), (0, "tax_excluded"))
            ]
        )
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        none.write(
            {
                "fiscal_position_ids": [Command.link(position.id)],
                "original_tax_ids": [Command.link(tax.id)],
            }
        )
        self.customer.property_account_position_id = position
        self.product.taxes_id = tax
        own = self._own(price=37.51)
        move = self._invoice()
        self.assertEqual(move.invoice_line_ids.tax_ids, none)
        self.assertEqual(move.amount_untaxed, 31.0)
        own.date_end = "2026-01-22"
        refund = self._invoice(FEBRUARY)
        self.assertEqual((refund.move_type, refund.amount_untaxed), ("out_refund", 10))

    def test_on_the_invoice_of_the_carriers_charges(self):
        self._own()
        self._process_charges(charge_row())
        move = self._invoice()
        self.assertEqual(len(move), 1)
        self.assertEqual(
            sorted(move.invoice_line_ids.mapped("price_unit")), [15.0, 31.0]
        )

    def test_once_is_charged_once(self):
        self._own(recurrence="once", date_start="2026-01-20")
        self.assertFalse(self._invoice(MID_JANUARY))
        self.assertEqual(self._lines(), [("Maintenance, 01/20/2026", 1.0, 31.0)])
        self.assertFalse(self._invoice(FEBRUARY))

    def test_parts_of_a_period_cost_their_days(self):
        self._own(date_start="2026-01-10", date_end="2026-02-15", price=62.0)
        self.assertEqual(
            self._lines(FEBRUARY),
            [
                ("Maintenance, 01/10/2026 to 01/31/2026", 1.0, 44.0),
                ("Maintenance, 02/01/2026 to 02/14/2026", 1.0, 31.0),
            ],
        )

    def test_whole_periods_where_days_do_not_count(self):
        self._own(date_start="2026-01-10", is_prorated=False)
        self.assertEqual(
            self._lines(FEBRUARY),
            [
                ("Maintenance, 01/10/2026 to 01/31/2026", 1.0, 31.0),
                ("Maintenance, 02/01/2026 to 02/28/2026", 1.0, 31.0),
            ],
        )

    def test_in_advance_the_first_invoice_holds_the_rest_and_the_next(self):
        self._own(timing="advance", date_start="2026-01-10")
        self.assertEqual(
            self._lines(),
            [
                ("Maintenance, 01/10/2026 to 01/31/2026", 1.0, 22.0),
                ("Maintenance, 02/01/2026 to 02/28/2026", 1.0, 31.0),
            ],
        )
        self.assertEqual(
            self._lines(FEBRUARY),
            [("Maintenance, 03/01/2026 to 03/31/2026", 1.0, 31.0)],
        )

    def test_quarters_and_years(self):
        self._own(recurrence="quarter", timing="advance", price=90.0)
        self._own(recurrence="year", name="Domain", timing="advance", price=12.0)
        self.assertEqual(
            self._lines(MID_JANUARY),
            [
                ("Maintenance, 01/01/2026 to 03/31/2026", 1.0, 90.0),
                ("Domain, 01/01/2026 to 12/31/2026", 1.0, 12.0),
            ],
        )
        self.assertFalse(self._invoice(FEBRUARY))
        self.assertEqual(
            self._lines(date(2026, 3, 31)),
            [("Maintenance, 04/01/2026 to 06/30/2026", 1.0, 90.0)],
        )

    def test_periods_begin_on_the_billing_day(self):
        self.customer.telecom_billing_day = 16
        self._own(date_start="2026-01-01")
        self.assertEqual(
            self._lines(MID_JANUARY),
            [("Maintenance, 01/01/2026 to 01/15/2026", 1.0, 15.0)],
        )

    def test_count_of_what_the_customer_holds_on_the_first_day(self):
        self._create_number("+34910000002", self.customer)
        self._create_number("+34910000003", self.customer, date_start="2026-02-01")
        self._create_number("101", self.customer, kind="extension")
        self._create_number("T1", self.customer, kind="trunk")
        self._create_number("+34910000004", self._create_customer("Other"))
        contact = self.env["res.partner"].create(
            {"name": "Reception", "parent_id": self.customer.id}
        )
        self._create_number("102", contact, kind="extension")
        # A company below pays for its own numbers.
        below = self._create_customer("Subsidiary", parent_id=self.customer.id)
        self._create_number("+34910000005", below)
        for by, january, february in (
            ("numbers", 2, 3),
            ("extension", 2, 2),
            ("channels", 1, 1),
            ("mobile", 0, 0),
        ):
            own = self._own(quantity_by=by, price=2.5)
            with self.subTest(by):
                self.assertEqual(own._quantity_on(FIRST), january)
                self.assertEqual(own._quantity_on(date(2026, 2, 1)), february)
        self.assertEqual(
            sorted(quantity for _name, quantity, _unit in self._lines()),
            [1.0, 2.0, 2.0],
        )

    def test_a_quantity_for_each(self):
        self._own(quantity_by="numbers", quantity=2.5, price=3.0)
        self.assertEqual(self._lines()[0][1:], (2.5, 3.0))

    def test_what_is_billed_ahead_is_given_back_by_days(self):
        own = self._own(timing="advance", price=28.0)
        billed = self._invoice()
        billed.action_post()
        own.date_end = "2026-02-15"
        fee = "Maintenance, 02/01/2026 to 02/28/2026"
        self.assertEqual(
            self._lines(FEBRUARY),
            [
                (
                    f"Given back for 02/15/2026 to 02/28/2026: {fee}, {billed.name}",
                    1.0,
                    14.0,
                )
            ],
        )
        move = own.line_ids.filtered("telecom_is_fee_credit").move_id
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_refund", 14.0))
        self.assertFalse(self._invoice(FEBRUARY))
        move.action_post()
        self.assertFalse(self._invoice(date(2026, 3, 31)))

    def _net(self):
        """What the customer is to pay by all invoices that stand."""
        self.env.flush_all()
        moves = self.env["account.move"].search(
            [("partner_id", "=", self.customer.id), ("state", "!=", "cancel")]
        )
        return round(sum(moves.mapped("amount_untaxed_signed")), 2)

    def _quarter_ended(self, is_posted=True):
        """90.00 for 90 days in advance; ended on 1 February, 59 days given back."""
        own = self._own(recurrence="quarter", timing="advance", price=90.0)
        first = self._invoice()
        if is_posted:
            first.action_post()
        own.date_end = "2026-02-01"
        credit = self._invoice(FEBRUARY)
        credit.action_post()
        self.assertEqual(self._net(), 31.0)
        return own, first, credit

    def test_what_was_given_back_of_a_credited_invoice_is_due_again(self):
        """90 - 59 - 90 leaves -59: 31 days anew, and the 59 of the first invoice."""
        _own, first, _credit = self._quarter_ended()
        first._reverse_moves(cancel=True)
        self.assertEqual(self._net(), -59.0)
        again = self._invoice(FEBRUARY)
        self.assertEqual(
            sorted(line.price_subtotal for line in again.invoice_line_ids), [31.0, 59.0]
        )
        self.assertEqual(self._net(), 31.0)
        self.assertFalse(self._invoice(FEBRUARY))

    def test_what_was_given_back_of_a_cancelled_draft_is_due_again(self):
        _own, first, _credit = self._quarter_ended(is_posted=False)
        first.button_cancel()
        self._invoice(FEBRUARY)
        self.assertEqual(self._net(), 31.0)
        self.assertFalse(self._invoice(FEBRUARY))

    def test_another_end_is_billed_or_given_back(self):
        own, first, _credit = self._quarter_ended()
        for end, net in (
            ("2026-03-01", 59.0),
            ("2026-02-01", 31.0),
            (False, 90.0),
            ("2026-03-11", 69.0),
        ):
            own.date_end = end
            move = self._invoice(FEBRUARY)
            self.assertEqual(self._net(), net)
            self.assertEqual(move.invoice_line_ids.telecom_fee_line_id.move_id, first)
            self.assertFalse(self._invoice(FEBRUARY))
        self.assertTrue(
            move.invoice_line_ids.name.startswith("Given back for 03/11/2026 to ")
        )

    def test_the_discount_of_a_line_is_given_back_with_it(self):
        """81.00 for 90 days; 59 of them are 53.10."""
        own = self._own(recurrence="quarter", timing="advance", price=90.0)
        first = self._invoice()
        first.invoice_line_ids.discount = 10
        first.action_post()
        own.date_end = "2026-02-01"
        self.assertEqual(self._invoice(FEBRUARY).amount_untaxed, 53.1)

    def test_a_cancelled_credit_comes_back_only_where_none_took_its_place(self):
        _own, _first, credit = self._quarter_ended()
        credit.button_draft()
        credit.button_cancel()
        credit.button_draft()
        self.assertEqual(self._net(), 31.0)
        credit.button_cancel()
        self.assertEqual(self._net(), 90.0)
        self._invoice(FEBRUARY)
        self.assertEqual(self._net(), 31.0)
        with self.assertRaisesRegex(UserError, "Maintenance has been invoiced again"):
            credit.button_draft()

    def test_whatever_is_done_each_day_is_paid_once(self):
        """A day is 1.00: what is paid is the days that it ran, after each run."""
        for seed in range(4):
            with self.subTest(seed=seed), closing(self.cr.savepoint()):
                self.assertEqual(self._live(random.Random(seed)), 8)

    def _live(self, dice):
        """Change its end and take invoices away; after how many steps all was right."""
        own = self._own(recurrence="quarter", timing="advance", price=90.0)
        steps = 0
        for _step in range(8):
            end = date(2026, 1, 1) + timedelta(days=dice.randint(1, 120))
            own.date_end = dice.choice([False, end])
            self._invoice(FEBRUARY)
            after = min(own.date_end or date.max, date(2026, 4, 1))
            self.assertEqual(self._net(), (after - date(2026, 1, 1)).days)
            self.assertFalse(self._invoice(FEBRUARY))
            moves = own.line_ids.move_id.filtered(lambda move: move.state != "cancel")
            for move in moves.filtered(lambda move: not move.reversal_move_ids):
                if dice.random() < 0.3:
                    self._take_away(move, dice)
            steps += 1
        return steps

    def _take_away(self, move, dice):
        """Post a draft, cancel or delete it; credit what is posted."""
        if move.state == "posted":
            move._reverse_moves(cancel=True)
        else:
            dice.choice([move.action_post, move.button_cancel, move.unlink])()

    def test_credits_beside_charges_are_negative_lines(self):
        own = self._own(timing="advance", price=28.0)
        self._own(price=100.0)
        self._invoice()
        own.date_end = "2026-02-15"
        self.assertEqual(
            sorted(line[1:] for line in self._lines(FEBRUARY)),
            [(-1.0, 14.0), (1.0, 100.0)],
        )

    def test_once_whatever_is_run(self):
        self._own()
        self.assertEqual(len(self._invoice()), 1)
        self.assertFalse(self._invoice())
        self.assertEqual(len(self._invoice(FEBRUARY).invoice_line_ids), 1)

    @mute_logger("odoo.sql_db")
    def test_days_are_on_one_line_at_most(self):
        own = self._own()
        line = self._invoice().invoice_line_ids
        with self.assertRaises(Exception) as caught, self.cr.savepoint():
            values = {
                "name": "x",
                "telecom_own_charge_id": own.id,
                "telecom_period_start": line.telecom_period_start,
            }
            line.move_id.write({"invoice_line_ids": [(0, 0, values)]})
            self.env.flush_all()
        self.assertIn("telecom_own_charge_uniq", str(caught.exception))

    def test_a_credit_note_gives_it_back_and_it_is_invoiced_again_once(self):
        self._own()
        move = self._invoice()
        move.action_post()
        move._reverse_moves(cancel=True)
        again = self._invoice()
        self.assertEqual(again.amount_untaxed, 31.0)
        self.assertFalse(self._invoice())

    def test_cancel_and_reset_to_draft(self):
        own = self._own()
        move = self._invoice()
        move.button_cancel()
        self.assertFalse(own.billed_until)
        move.button_draft()
        self.assertEqual(own.billed_until, LAST)
        self.assertFalse(self._invoice())
        move.button_cancel()
        again = self._invoice()
        with self.assertRaisesRegex(UserError, "Maintenance has been invoiced again"):
            move.button_draft()
        self.assertEqual(own._billing_lines().move_id, again)

    def test_a_deleted_draft_gives_it_back(self):
        self._own()
        self._invoice().unlink()
        self.assertEqual(len(self._invoice()), 1)

    def test_what_is_invoiced_stays_as_it_is(self):
        own = self._own()
        own.price = 30.0
        self._invoice()
        for change in (
            lambda: own.write({"price": 1.0}),
            lambda: own.write({"date_start": "2026-01-05"}),
            own.unlink,
        ):
            with self.assertRaisesRegex(UserError, "Set the day until which"):
                change()
        own.write({"date_end": "2026-03-01", "price": 30.0, "name": "Care"})

    def test_bad_values(self):
        contact = self.env["res.partner"].create(
            {"name": "Reception", "parent_id": self.customer.id}
        )
        with self.assertRaisesRegex(ValidationError, "is a contact of Customer One"):
            self._own(partner_id=contact.id)
        for values in ({"date_end": "2025-12-31"}, {"quantity": 0}):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(Exception),  # noqa: B017  the database's
                self.cr.savepoint(),
            ):
                self._own(**values)

    def test_number_and_analytic_data_on_the_line(self):
        account = self.env["account.analytic.account"].create(
            {
                "name": "Office",
                "plan_id": self.env["account.analytic.plan"].create({"name": "P"}).id,
            }
        )
        self.number.analytic_distribution = {str(account.id): 100}
        self._own(number_id=self.number.id)
        [line] = self._invoice().invoice_line_ids
        self.assertEqual(
            line.name, "Maintenance, +34 910 00 00 01, 01/01/2026 to 01/31/2026"
        )
        self.assertEqual(line.analytic_distribution, {str(account.id): 100})
        self.assertEqual(str(line.telecom_period_start), "2026-01-01")
        self.assertEqual(str(line.telecom_period_end), "2026-02-01")

    def test_a_run_compares_with_invoices_of_charges_alone(self):
        """Those that were made without a run are of the month before, too."""
        self._own()
        self._invoice().invoice_date = "2026-02-01"
        run = self.env["telecom.run"].create(
            {"date_from": FEBRUARY.replace(day=1), "date_to": FEBRUARY}
        )
        run.action_preview()
        self.assertRecordValues(
            run.line_ids,
            [{"partner_id": self.customer.id, "total": 31.0, "previous": 31.0}],
        )

    def test_the_wizard_finds_customers_with_own_charges_only(self):
        self._own()
        wizard = self.env["telecom.invoice.wizard"].create({"date_to": LAST})
        self.assertEqual((wizard.customer_count, wizard.fee_count), (1, 1))

    def test_who_may_write_them(self):
        own = self._own()
        for groups in (READER, USER):
            user = self._new_user(groups[-6:], groups)
            self.assertEqual(own.with_user(user).price, 31.0)
            with self.assertRaises(AccessError):
                own.with_user(user).write({"price": 1.0})
        own.with_user(self._new_user("own_boss", MANAGER)).price = 2.0

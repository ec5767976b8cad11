# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import FIRST, LAST, ChargeInvoicingCommon, charge_row


@tagged("post_install", "-at_install")
class TestChargeInvoicing(ChargeInvoicingCommon):
    def _invoice(self, partners=None, date_to=LAST):
        return self.env["telecom.invoicing"]._invoice(
            partners or self.customer, FIRST, date_to
        )

    def test_a_tariff_behind_an_invoice_keeps_what_decides_prices(self):
        other = self._create_fee_tariff("Other", {"price": 1})
        self._process_charges(charge_row())
        line, unused = self.fee_tariff.line_ids
        line.price = 16.0
        self._invoice()
        for change in (
            lambda: self.fee_tariff.write({"rounding_digits": 4}),
            lambda: (other + self.fee_tariff).write({"rounding": "up"}),
            self.fee_tariff.unlink,
        ):
            with self.assertRaisesRegex(
                UserError, "Fees has priced charges that are invoiced, so currency"
            ):
                change()
        for change in (lambda: line.write({"price": 17.0}), line.unlink):
            with self.assertRaisesRegex(UserError, "so it stays as it is"):
                change()
        self.assertRecordValues(
            self.fee_tariff, [{"rounding_digits": 2, "rounding": "half_up"}]
        )
        self.assertEqual(line.price, 16.0)
        # The end of a line, an unused line, and what says the same are free.
        line.date_end = "2027-01-01"
        unused.markup = 30.0
        self.fee_tariff.write({"name": "Old fees", "rounding_digits": 2})
        other.write({"rounding": "up"})
        other.unlink()
        self.assertEqual(self.fee_tariff.line_ids, line + unused)

    def test_lines_with_product_period_and_exact_amount(self):
        self.fee_tariff.line_ids = [
            Command.create({"kind": "credit", "method": "markup", "markup": 50.0})
        ]
        self._process_charges(
            charge_row(quantity="2"),
            charge_row(
                code="EQ7",
                kind="O",
                total="9,99",
                description="Telephone",
                quantity="3",
                period_to="",
            ),
            charge_row(kind="C", total="-4,00", description="Outage"),
        )
        move = self._invoice()
        self.assertRecordValues(
            move.invoice_line_ids.sorted("price_subtotal"),
            [
                {
                    "name": "Outage, +34 910 00 00 01, 01/01/2026 to 01/31/2026",
                    "quantity": -1.0,
                    "price_unit": 6.0,
                    "price_subtotal": -6.0,
                },
                {
                    "name": "3 x Telephone, +34 910 00 00 01, 01/01/2026",
                    "quantity": 1.0,
                    "price_unit": 11.99,
                    "price_subtotal": 11.99,
                },
                {
                    "name": "Line rental, +34 910 00 00 01, 01/01/2026 to 01/31/2026",
                    "quantity": 2.0,
                    "price_unit": 15.0,
                    "price_subtotal": 30.0,
                },
            ],
        )
        codes = move.invoice_line_ids.sorted("price_subtotal").product_id
        self.assertEqual(codes.mapped("default_code"), ["FO", "FI", "FR"])
        self.assertEqual(move.partner_id, self.customer)
        self.assertEqual(move.telecom_charge_count, 3)
        self.assertEqual(set(self._charges().mapped("state")), {"invoiced"})
        self.assertEqual(self._charges().move_id, move)

    def test_a_line_speaks_the_customers_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.customer.lang = "es_ES"
        self._process_charges(charge_row(description="Cuota"))
        self.assertEqual(
            self._invoice().invoice_line_ids.name.split(", ")[2][:10], "01/01/2026"
        )

    def test_the_untaxed_amount_is_the_price_rounded_once(self):
        self.fee_tariff.rounding_digits = 6
        self.fee_tariff.line_ids = [
            Command.create({"product_code": "LR5", "price": 1.234567})
        ]
        self._process_charges(
            *(charge_row(code="LR5", quantity=str(n), total="1") for n in range(1, 8))
        )
        move = self._invoice()
        for line in move.invoice_line_ids:
            price = Decimal(str(line.telecom_charge_id.price))
            self.assertEqual(
                Decimal(str(line.price_subtotal)), price.quantize(Decimal("0.01"))
            )

    def test_the_untaxed_amount_is_the_price_whatever_the_tax_is_in(self):
        """15.00 before 21 % that Odoo takes out of prices; 3 at 2.50, a credit of 4."""
        tax = self.env["account.tax"].create(
            {
                "name": "In the price",
                "amount": 21,
                "type_tax_use": "sale",
                "company_id": self.company.id,
                "price_include_override": "tax_included",
            }
        )
        for kind in ("recurring", "one_off", "credit"):
            self.company._telecom_fee_product(kind).taxes_id = tax
        self.fee_tariff.line_ids = [
            Command.create({"product_code": "LR5", "price": 2.5}),
            Command.create({"kind": "credit", "method": "markup", "markup": 0.0}),
        ]
        self._process_charges(
            charge_row(),
            charge_row(code="LR5", quantity="3", total="1"),
            charge_row(code="CR", kind="C", total="-4,00", description="Outage"),
        )
        lines = self._invoice().invoice_line_ids
        self.assertEqual(lines.tax_ids, tax)
        for line in lines:
            self.assertEqual(line.price_subtotal, line.telecom_charge_id.price)
        self.assertEqual(sorted(lines.mapped("price_subtotal")), [-4.0, 7.5, 15.0])

    def test_product_of_the_tariff_line_and_of_the_company(self):
        product = self.env["product.product"].create(
            {"name": "Fibre", "type": "service", "taxes_id": False}
        )
        self.fee_tariff.line_ids.filtered(
            lambda line: line.product_code == "EQ*"
        ).product_id = product
        rental = self.env["product.product"].create(
            {"name": "Own rental", "type": "service", "taxes_id": False}
        )
        self.company.telecom_product_recurring_id = rental
        self._process_charges(charge_row(), charge_row(code="EQ1"))
        lines = self._invoice().invoice_line_ids
        self.assertEqual(set(lines.product_id.ids), {product.id, rental.id})

    def test_once_only(self):
        self._process_charges(charge_row())
        self.assertEqual(len(self._invoice()), 1)
        self.assertFalse(self._invoice())

    def test_what_starts_after_the_day_waits_for_the_next_invoice(self):
        self._process_charges(
            charge_row(), charge_row(period_from="01/02/2026", period_to="28/02/2026")
        )
        self.assertEqual(self._invoice().telecom_charge_count, 1)
        self.assertEqual(self._charges().mapped("state"), ["invoiced", "ready"])

    def test_what_waits_is_not_invoiced(self):
        self._process_charges(charge_row("X-1"), charge_row(code="ZZ"))
        self.assertFalse(self._invoice())

    def test_charges_of_a_file_that_is_read_in_part_are_not_invoiced(self):
        file = self._process_charges(charge_row())
        file.state = "processing"
        self.assertFalse(self._invoice())

    def test_prices_are_those_of_now_also_before_the_scheduled_action(self):
        self._process_charges(charge_row())
        self.fee_tariff.line_ids.filtered(
            lambda line: line.product_code == "LR*"
        ).price = 18.0
        self.assertEqual(self._invoice().amount_untaxed, 18.0)

    def test_charges_and_bundle_fees_on_one_invoice(self):
        bundle = self._create_bundle("Fixed 500", {"service": "voice", "seconds": 600})
        self._give_bundle(bundle, self.customer)
        self._process_charges(charge_row())
        move = self._invoice()
        self.assertEqual(len(move), 1)
        self.assertEqual(
            sorted(move.invoice_line_ids.mapped("price_subtotal")), [10, 15]
        )

    def test_wizard_finds_customers_who_have_charges_only(self):
        self._process_charges(charge_row(), charge_row("X-1"))
        wizard = self.env["telecom.invoice.wizard"].create({"date_to": LAST})
        self.assertEqual((wizard.customer_count, wizard.fee_count), (1, 1))
        self.assertEqual(wizard.waiting_charge_count, 1)
        self.assertEqual(wizard.charge_amount, 15.0)
        action = wizard.action_invoice()
        move = self.env["account.move"].search(action["domain"])
        self.assertEqual(move.partner_id, self.customer)

    def test_an_invoiced_charge_is_frozen(self):
        self._process_charges(charge_row())
        self._invoice()
        charge = self._charges()
        other = self._create_customer("Other")
        for action in (
            lambda: charge.write({"partner_id": other.id}),
            charge.action_exclude,
            charge.sudo().unlink,
        ):
            with self.assertRaisesRegex(UserError, "are invoiced"):
                action()
        self.number.partner_id = other
        charge.action_match_and_price()
        self.assertEqual((charge.partner_id, charge.price), (self.customer, 15.0))
        with self.assertRaisesRegex(UserError, "cannot be taken back"):
            charge.file_id.action_revert()
        with self.assertRaisesRegex(UserError, "charges for it are invoiced"):
            self.number.unlink()

    def test_what_has_priced_an_invoice_stays_as_it_is(self):
        self._process_charges(charge_row())
        self._invoice()
        line = self._charges().fee_line_id
        for action in (
            lambda: line.write({"price": 1.0}),
            line.unlink,
            lambda: self.fee_tariff.write({"rounding_digits": 4}),
            self.fee_tariff.unlink,
        ):
            with self.assertRaisesRegex(UserError, "invoiced"):
                action()
        line.date_end = "2026-02-01"

    def test_a_duplicate_bills_no_charge(self):
        self._process_charges(charge_row())
        move = self._invoice()
        self.assertFalse(move.copy().invoice_line_ids)
        self.assertEqual(self._charges().move_id, move)

    def test_give_back_takes_the_charges_along(self):
        self._process_charges(charge_row())
        move = self._invoice()
        move.action_post()
        wizard = self.env["telecom.release.wizard"].create(
            {"move_id": move.id, "is_posted": True}
        )
        refund = self.env["account.move"].browse(wizard.action_credit()["res_id"])
        charge = self._charges()
        self.assertEqual((refund.amount_untaxed, charge.state), (15.0, "ready"))
        refund.button_draft()
        self.assertEqual(charge.move_id, move)

    def test_reverse_and_modify_bills_the_charge_once(self):
        self._process_charges(charge_row())
        move = self._invoice()
        move.action_post()
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": move.date})
        )
        new = self.env["account.move"].browse(wizard.modify_moves()["res_id"])
        charge = self._charges()
        self.assertEqual((new.amount_untaxed, charge.move_id), (15.0, new))
        self.assertFalse(self._invoice())

    def test_a_credit_note_gives_charges_back_and_they_are_invoiced_again_once(self):
        self._process_charges(charge_row())
        move = self._invoice()
        move.action_post()
        self._credit(move)
        charge = self._charges()
        self.assertEqual((charge.state, charge.move_line_id.ids), ("ready", []))
        self.assertIn(
            "Charges that may be invoiced again: 1",
            str(move.message_ids.mapped("body")),
        )
        again = self._invoice()
        self.assertEqual(again.amount_untaxed, 15.0)
        self.assertEqual(charge.move_id, again)
        self.assertFalse(self._invoice())

    def test_a_credit_of_the_carrier_is_given_back_alone(self):
        """11.00 are 15.00 less 4.00; without these the customer owes 4.00 more."""
        self.fee_tariff.line_ids = [
            Command.create({"kind": "credit", "method": "markup", "markup": 0.0})
        ]
        self._process_charges(
            charge_row(),
            charge_row(code="CR", kind="C", total="-4,00", description="Outage"),
        )
        move = self._invoice()
        move.action_post()
        self.assertEqual(move.amount_untaxed, 11.0)
        credit = move.invoice_line_ids.filtered(lambda line: line.price_subtotal < 0)
        wizard = self.env["telecom.release.wizard"].create(
            {
                "move_id": move.id,
                "kind": "lines",
                "line_ids": credit.ids,
                "is_posted": True,
            }
        )
        document = self.env["account.move"].browse(wizard.action_credit()["res_id"])
        self.assertEqual(
            (document.move_type, document.state, document.amount_untaxed),
            ("out_invoice", "posted", 4.0),
        )
        self.assertEqual(credit.telecom_charge_id.state, "ready")
        again = self._invoice()
        self.assertEqual((again.move_type, again.amount_untaxed), ("out_refund", 4.0))

    def test_a_credit_note_of_whole_lines_gives_their_charges_back(self):
        self._process_charges(charge_row(), charge_row(code="EQ1"))
        move = self._invoice()
        move.action_post()
        refund = move._reverse_moves()
        kept = refund.invoice_line_ids[0]
        charge = kept.telecom_reversed_line_id.telecom_charge_id
        kept.unlink()
        refund.action_post()
        self.assertEqual(charge.state, "invoiced")
        self.assertEqual((self._charges() - charge).state, "ready")

    def test_a_credit_note_of_a_part_of_a_line_gives_nothing_back(self):
        self._process_charges(charge_row())
        move = self._invoice()
        move.action_post()
        refund = move._reverse_moves()
        refund.invoice_line_ids.price_unit = 1.0
        refund.action_post()
        self.assertEqual(self._charges().state, "invoiced")

    def test_cancelling_gives_back_and_reset_to_draft_takes_again(self):
        self._process_charges(charge_row())
        move = self._invoice()
        move.button_cancel()
        self.assertEqual(self._charges().state, "ready")
        move.button_draft()
        self.assertEqual(self._charges().move_id, move)

    def test_reset_to_draft_is_refused_once_invoiced_elsewhere(self):
        self._process_charges(charge_row())
        move = self._invoice()
        move.button_cancel()
        again = self._invoice()
        with self.assertRaisesRegex(UserError, "invoiced again meanwhile"):
            move.button_draft()
        self.assertEqual(self._charges().move_id, again)

    def test_deleting_a_draft_or_one_of_its_lines_gives_back(self):
        self._process_charges(charge_row(), charge_row(code="EQ1"))
        move = self._invoice()
        move.invoice_line_ids[0].unlink()
        self.assertEqual(sorted(self._charges().mapped("state")), ["invoiced", "ready"])
        move.unlink()
        self.assertEqual(set(self._charges().mapped("state")), {"ready"})
        self.assertEqual(self._invoice().telecom_charge_count, 2)

    def test_a_duplicate_of_an_invoice_bills_no_charge(self):
        self._process_charges(charge_row())
        copy = self._invoice().copy()
        self.assertFalse(copy.telecom_charge_count)
        self.assertEqual(len(self._charges().move_id), 1)

    @mute_logger("odoo.sql_db")
    def test_a_charge_is_on_one_line_at_most(self):
        self._process_charges(charge_row())
        move = self._invoice()
        with self.assertRaises(Exception) as caught, self.cr.savepoint():
            values = {"name": "x", "telecom_charge_id": self._charges().id}
            move.write({"invoice_line_ids": [(0, 0, values)]})
            self.env.flush_all()
        self.assertIn("telecom_charge_uniq", str(caught.exception))

    def _credit(self, move):
        move._reverse_moves(cancel=True)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The shapes that invoices of calls have, by the customer's choice."""

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import SQL

from .common import MANAGER, READER, USER
from .invoicing_common import FIRST, LAST, TelecomInvoicingCommon
from .test_rating import row

SECOND = "910000002"
# Included in bundles that cover none of the calls here.
TEXTS = {"service": "sms", "messages": 1}
SHAPES = {
    "invoice_per": ["customer", "number", "department", "contract"],
    "line_by": ["all", "product", "category", "destination", "label"],
    "is_by_number": [True, False],
    "has_sections": [True, False],
    "show_zero": [True, False],
    "quantity": ["one", "minutes"],
}


class ShapeCase(TelecomInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._create_number("+34910000002", cls.customer)
        cls.mobile_rate = cls.tariff.rate_ids.filtered(lambda r: r.category == "mobile")
        cls.landline_rate = cls.tariff.rate_ids - cls.mobile_rate
        cls._forget_marks()

    @classmethod
    def _shape(cls, partner=None, **values):
        shape = cls.env["telecom.invoice.shape"].create({"name": "Test", **values})
        (partner or cls.customer).telecom_invoice_shape_id = shape
        return shape

    def _invoice(self, partners=None):
        invoicing = self.env["telecom.invoicing"]
        return invoicing._invoice(partners or self.customer, FIRST, LAST)

    def _lines(self, moves):
        """Names and untaxed amounts."""
        return [
            (line.name, line.price_subtotal)
            for line in moves.invoice_line_ids
            if line.display_type == "product"
        ]

    def _process_four(self):
        """0.09 landline; 0.09, 0.18 and 0.27 mobile, the last of the second number."""
        self._process(
            row("A1", seconds=61),
            row("A2", called="600000099", seconds=60),
            row("A3", called="600000099", seconds=120, start="2026-10-06 10:00:00"),
            row("A4", caller=SECOND, called="600000099", seconds=180),
        )

    def assertLinked(self, moves, count):
        """Each call is on a line, and each line is the sum of its calls."""
        calls = self._calls(("state", "=", "invoiced"))
        self.assertEqual(len(calls), count)
        self.assertFalse(self._calls(("state", "=", "rated")))
        self.assertEqual(calls.move_id, moves)
        billed = defaultdict(Decimal)
        for call in calls:
            billed[call.move_line_id] += Decimal(str(call.price))
        lines = moves.invoice_line_ids.filtered("telecom_kind")
        self.assertEqual(set(billed), set(lines))
        for line, exact in billed.items():
            amount = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
            sign = -1 if line.move_id.move_type == "out_refund" else 1
            shown = (
                line.price_total
                if line.telecom_is_tax_included
                else line.price_subtotal
            )
            self.assertEqual(Decimal(str(shown * sign)), amount, line.name)
            self.assertGreaterEqual(line.price_unit, 0)


@tagged("post_install", "-at_install")
class TestInvoiceShapes(ShapeCase):
    # === LINES === #

    def test_lines_by_the_customers_choice(self):
        self.mobile_rate.label = "To friends"
        one, two = "+34 910 00 00 01", "+34 910 00 00 02"
        cases = [
            (
                {"line_by": "product"},
                [
                    (f"Landline calls {one}: 1 calls, 0:01:01", 0.09),
                    (f"Mobile calls {one}: 2 calls, 0:03:00", 0.27),
                    (f"Mobile calls {two}: 1 calls, 0:03:00", 0.27),
                ],
            ),
            (
                {"line_by": "product", "is_by_number": False},
                [
                    ("Landline calls: 1 calls, 0:01:01", 0.09),
                    ("Mobile calls: 3 calls, 0:06:00", 0.54),
                ],
            ),
            (
                {"line_by": "all"},
                [
                    (f"Calls {one}: 3 calls, 0:04:01", 0.36),
                    (f"Calls {two}: 1 calls, 0:03:00", 0.27),
                ],
            ),
            (
                {"line_by": "all", "is_by_number": False},
                [("Calls: 4 calls, 0:07:01", 0.63)],
            ),
            (
                {"line_by": "category", "is_by_number": False},
                [
                    ("Landline: 1 calls, 0:01:01", 0.09),
                    ("Mobile: 3 calls, 0:06:00", 0.54),
                ],
            ),
            (
                {"line_by": "destination"},
                [
                    (f"Spain, landline {one}: 1 calls, 0:01:01", 0.09),
                    (f"Spain, mobile {one}: 2 calls, 0:03:00", 0.27),
                    (f"Spain, mobile {two}: 1 calls, 0:03:00", 0.27),
                ],
            ),
            (
                {"line_by": "label", "is_by_number": False},
                [
                    ("Spain, landline: 1 calls, 0:01:01", 0.09),
                    ("To friends: 3 calls, 0:06:00", 0.54),
                ],
            ),
        ]
        self._process_four()
        for values, expected in cases:
            with self.subTest(**values):
                self._shape(**values)
                moves = self._invoice()
                self.assertEqual(self._lines(moves), expected)
                self.assertLinked(moves, 4)
                moves.unlink()
                self.env.invalidate_all()

    def test_products_give_accounts_by_kind_where_lines_are_of_a_kind(self):
        self._process_four()
        self._shape(line_by="category", is_by_number=False)
        codes = self._invoice().invoice_line_ids.product_id.mapped("default_code")
        self.assertEqual(codes, ["CF", "CM"])

    def test_product_of_all_kinds_is_the_companys(self):
        own = self.env["product.product"].create({"name": "Voice"})
        self.company.telecom_product_all_id = own
        self._shape(line_by="all")
        self._process(row("P1"))
        self.assertEqual(self._invoice().invoice_line_ids.product_id, own)

    def test_labels_and_categories_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.customer.lang = "es_ES"
        self.mobile_rate.label = "To friends"
        self.mobile_rate.with_context(lang="es_ES").label = "A los amigos"
        self._shape(line_by="label", is_by_number=False)
        self._process(row("L1", called="600000099"))
        self.assertIn("A los amigos", self._invoice().invoice_line_ids.name)

    # === INVOICES === #

    def test_an_invoice_for_each_number(self):
        self._shape(invoice_per="number", is_by_number=False, line_by="all")
        bundle = self._create_bundle("B", TEXTS, price=5)
        self._give_bundle(
            bundle, self.customer, number_ids=[Command.set(self.second.ids)]
        )
        shared = self._create_bundle("S", TEXTS, price=7)
        self._give_bundle(shared, self.customer)
        self._process_four()
        moves = self._invoice()
        self.assertEqual(
            [
                (m.invoice_origin, m.invoice_line_ids.mapped("price_subtotal"))
                for m in moves
            ],
            [
                ("+34 910 00 00 01", [0.36]),
                ("+34 910 00 00 02", [0.27, 5]),
                (False, [7]),
            ],
        )
        self.assertEqual(moves.partner_id, self.customer)
        self.assertEqual(len(self._calls(("state", "=", "invoiced"))), 4)

    def test_an_invoice_for_each_department(self):
        sales = self.env["telecom.department"].create(
            {"name": "Sales", "partner_id": self.customer.id}
        )
        self.second.department_id = sales
        self._shape(invoice_per="department")
        self._process_four()
        moves = self._invoice()
        self.assertEqual(
            moves.mapped(lambda m: (m.invoice_origin, m.amount_untaxed)),
            [(False, 0.36), ("Sales", 0.27)],
        )
        self.assertLinked(moves, 4)

    def test_an_invoice_for_each_contract_reference(self):
        third = self._create_number("+34910000003", self.customer)
        (self.second + third).contract_reference = "PO 4711"
        self._shape(invoice_per="contract", line_by="all", is_by_number=False)
        self._process_four()
        self._process(row("A5", caller="910000003", called="600000099", seconds=60))
        moves = self._invoice()
        self.assertEqual(
            moves.mapped(lambda m: (m.ref, m.amount_untaxed)),
            [(False, 0.36), ("PO 4711", 0.36)],
        )
        self.assertLinked(moves, 5)

    def test_departments_as_sections(self):
        departments = self.env["telecom.department"].create(
            [
                {"name": name, "partner_id": self.customer.id}
                for name in ("Sales", "Buying")
            ]
        )
        self.number.department_id, self.second.department_id = departments
        self._create_number("+34910000003", self.customer)
        bundle = self._create_bundle("B", TEXTS, price=5)
        self._give_bundle(bundle, self.customer)
        self._shape(has_sections=True, line_by="all", is_by_number=False)
        self._process_four()
        self._process(row("A5", caller="910000003", called="600000099", seconds=60))
        move = self._invoice()
        self.assertEqual(
            move.invoice_line_ids.mapped(lambda n: (n.display_type, n.name)),
            [
                ("product", "Calls: 1 calls, 0:01:00"),
                ("product", "B, October 2026"),
                ("line_section", "Buying"),
                ("product", "Calls: 1 calls, 0:03:00"),
                ("line_section", "Sales"),
                ("product", "Calls: 3 calls, 0:04:01"),
            ],
        )
        self.assertLinked(move, 5)

    def test_the_contact_for_invoices_and_the_terms_of_the_customer(self):
        term = self.env["account.payment.term"].create({"name": "In a while"})
        self.customer.property_payment_term_id = term
        books = self.env["res.partner"].create(
            {"name": "Books", "type": "invoice", "parent_id": self.customer.id}
        )
        self._shape(address="invoice")
        self._process(row("C1"))
        move = self._invoice()
        self.assertEqual(move.partner_id, books)
        self.assertEqual(move.commercial_partner_id, self.customer)
        self.assertEqual(move.invoice_payment_term_id, term)
        self.assertLinked(move, 1)

    def test_the_company_has_a_shape_and_customers_their_own(self):
        other = self._create_customer("Customer Two")
        self._create_number("+34910000003", other)
        self.company.telecom_invoice_shape_id = self.env.ref(
            "telecom_cdr.telecom_invoice_shape_number"
        )
        self._shape(other, line_by="product", is_by_number=False)
        self._process(row("D1"), row("D2", caller="910000003"))
        moves = self._invoice(self.customer + other)
        self.assertEqual(
            self._lines(moves),
            [
                ("Calls +34 910 00 00 01: 1 calls, 0:01:00", 0.07),
                ("Landline calls: 1 calls, 0:01:00", 0.07),
            ],
        )

    def test_another_companys_choice_does_not_count_here(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        shape = self.env.ref("telecom_cdr.telecom_invoice_shape_number")
        self.customer.with_company(elsewhere).telecom_invoice_shape_id = shape
        self._process(row("E1"))
        self.assertIn("Landline", self._invoice().invoice_line_ids.name)

    def test_ready_shapes_are_all_usable(self):
        self._process_four()
        shapes = self.env["telecom.invoice.shape"].search([("company_id", "=", False)])
        self.assertGreaterEqual(len(shapes), 10)
        for shape in shapes:
            with self.subTest(shape=shape.name):
                self.customer.telecom_invoice_shape_id = shape
                moves = self._invoice()
                self.assertLinked(moves, 4)
                self.assertEqual(sum(moves.mapped("amount_untaxed")), 0.63)
                moves.unlink()
                self.env.invalidate_all()

    # === ZERO LINES, MINUTES === #

    def test_lines_that_come_to_nothing(self):
        """Unanswered calls are told of beside others of their number."""
        self._shape(show_zero=False)
        self._process(
            row("Z1", seconds=60),
            row("Z2", called="600000099", seconds=0),
            row("Z3", caller=SECOND, called="600000099", seconds=0),
        )
        move = self._invoice()
        self.assertEqual(
            self._lines(move),
            [
                (
                    "Landline calls +34 910 00 00 01: 1 calls, 0:01:00, "
                    "and 2 more calls",
                    0.07,
                )
            ],
        )
        self.assertEqual(move.invoice_line_ids.telecom_line_calls, 3)
        self.assertLinked(move, 3)

    def test_one_line_stays_where_all_come_to_nothing(self):
        self._shape(show_zero=False)
        self._process(
            row("Z4", called="600000099", seconds=0),
            row("Z5", caller=SECOND, called="600000099", seconds=0),
        )
        move = self._invoice()
        self.assertEqual(len(move.invoice_line_ids), 1)
        self.assertLinked(move, 2)

    def test_minutes_as_quantity(self):
        """0.54 for six minutes; 0.09 for 61 s is 1.02 minutes at 0.088."""
        self._shape(is_by_number=False, quantity="minutes")
        self._process_four()
        move = self._invoice()
        minute = self.env.ref("uom.product_uom_minute")
        self.assertEqual(
            move.invoice_line_ids.mapped(
                lambda n: (n.quantity, n.price_unit, n.price_subtotal, n.product_uom_id)
            ),
            [(1.02, 0.09, 0.09, minute), (6, 0.09, 0.54, minute)],
        )

    def test_one_where_minutes_cannot_give_the_amount(self):
        """Messages have no minutes."""
        self._shape(quantity="minutes")
        self.tariff.rate_ids = [
            Command.create({"service": "sms", "method": "call", "price": 0.1})
        ]
        self.format.service_default = "sms"
        self._process(row("M1", called="600000099", seconds=0))
        line = self._invoice().invoice_line_ids
        self.assertEqual((line.quantity, line.price_unit), (1, 0.1))
        self.assertNotEqual(line.product_uom_id, self.env.ref("uom.product_uom_minute"))

    # === ANALYTIC ACCOUNTS === #

    def test_analytic_accounts_of_numbers_and_departments(self):
        """Landline is of the shop; of mobile a half is, the rest is the office's."""
        plan = self.env["account.analytic.plan"].create({"name": "Plan"})
        shop, office = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("Shop", "Office")]
        )
        self.number.analytic_distribution = {str(shop.id): 100}
        self.second.department_id = self.env["telecom.department"].create(
            {
                "name": "Sales",
                "partner_id": self.customer.id,
                "analytic_distribution": {str(office.id): 100},
            }
        )
        self._process_four()
        self._shape(is_by_number=False)
        self.assertEqual(
            self._invoice().invoice_line_ids.mapped("analytic_distribution"),
            [{str(shop.id): 100}, {str(shop.id): 50, str(office.id): 50}],
        )

    def test_analytic_accounts_of_fees(self):
        """A bundle of a number, of both (equal parts), and of the whole customer."""
        plan = self.env["account.analytic.plan"].create({"name": "Plan"})
        shop, office = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("Shop", "Office")]
        )
        self.number.analytic_distribution = {str(shop.id): 100}
        self.second.department_id = self.env["telecom.department"].create(
            {
                "name": "Sales",
                "partner_id": self.customer.id,
                "analytic_distribution": {str(office.id): 100},
            }
        )
        bundle = self._create_bundle("B", TEXTS, price=31, prorate_fee=True)
        for numbers in (self.second, self.number | self.second, self.number.browse()):
            given = self._give_bundle(
                bundle, self.customer, number_ids=[Command.set(numbers.ids)]
            )
            if numbers == self.second:
                self._top_up(given)
        self.assertEqual(
            self._invoice().invoice_line_ids.mapped("analytic_distribution"),
            [
                {str(office.id): 100},
                {str(shop.id): 50, str(office.id): 50},
                False,
                {str(office.id): 100},
            ],
        )

    def _top_up(self, given):
        self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": given.id,
                "allowance_id": given.bundle_id.allowance_ids.id,
                "period_start": FIRST,
                "quantity": 5,
                "price": 2,
            }
        )

    def test_a_top_up_is_on_the_invoice_of_its_number(self):
        """10 and 2 beside the number's call of 0.27; the others 0.36."""
        self._shape(invoice_per="number")
        bundle = self._create_bundle("B", TEXTS, price=10)
        numbers = [Command.set(self.second.ids)]
        self._top_up(self._give_bundle(bundle, self.customer, number_ids=numbers))
        self._process_four()
        self.assertEqual(
            sorted(self._invoice().mapped("amount_untaxed")), [0.36, 12.27]
        )

    # === HOOK, LAW 5, ACCESS === #

    def test_other_tools_change_lines_by_the_documented_hook(self):
        invoicing = type(self.env["telecom.invoicing"])
        ours = invoicing._telecom_line_values
        groups = []

        def theirs(self, line_group):
            groups.append(line_group)
            values = ours(self, line_group)
            return {**values, "name": f"Taxed elsewhere: {values['name']}"}

        self._process_four()
        with patch.object(invoicing, "_telecom_line_values", theirs):
            move = self._invoice()
        self.assertTrue(
            all(
                n.startswith("Taxed elsewhere: ")
                for n in move.mapped("invoice_line_ids.name")
            )
        )
        self.assertEqual(
            [(g["kind"], g["calls"], g["amount"]) for g in groups],
            [
                ("landline", 1, "0.090000"),
                ("mobile", 2, "0.270000"),
                ("mobile", 1, "0.270000"),
            ],
        )
        self.assertLinked(move, 4)

    def test_lines_are_made_without_a_query_for_each(self):
        """As many for the lines of twelve customers as for those of two."""
        customers = self._create_customer("C 0").browse()
        for index in range(12):
            customers += self._create_customer(f"C {index}")
            self._create_number(f"+349100001{index:02}", customers[index])
        self._process(
            *(
                row(f"Q{index}{called}", caller=f"9100001{index:02}", called=called)
                for index in range(12)
                for called in ("912000001", "600000099")
            )
        )
        self.company.telecom_invoice_shape_id = self._shape(line_by="destination")
        self._queries_of_lines(customers[:1])  # what Odoo remembers for good
        two, twelve = (self._queries_of_lines(customers[:n]) for n in (2, 12))
        self.assertEqual(two, twelve)

    def _queries_of_lines(self, customers):
        invoicing = self.env["telecom.invoicing"]
        shapes = self.env["telecom.invoice.shape"]
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        groups = invoicing._call_groups(self.company, customers, LAST)
        shaped = shapes._of_payers(self.company, customers)
        lines = [
            invoicing._in_language_of(line["partner_id"])._telecom_line_values(line)
            for line in invoicing._line_groups(groups, shaped)
        ]
        self.assertEqual(len(lines), 2 * len(customers))
        return self.env.cr.sql_log_count - before

    def test_calls_that_change_meanwhile_are_not_invoiced(self):
        self._process_four()
        invoicing = type(self.env["telecom.invoicing"])
        create = invoicing._create_moves

        def late(this, groups, others):
            moves = create(this, groups, others)
            this.env.cr.execute(
                SQL(
                    "UPDATE telecom_call SET price = price + 1 WHERE id = %s",
                    self._calls()[0].id,
                )
            )
            return moves

        with (
            patch.object(invoicing, "_create_moves", late),
            self.assertRaisesRegex(
                UserError, "now there are 1 that come to 1.09.*Nothing was"
            ),
            self.cr.savepoint(),
        ):
            self._invoice()
        self.env.invalidate_all()
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})
        self.assertFalse(
            self.env["account.move"].search([("partner_id", "=", self.customer.id)])
        )

    def _random_rows(self, chance):
        start = datetime.fromisoformat("2026-10-02")
        return [
            row(
                f"R{index}",
                caller=chance.choice(["910000001", SECOND, "910000003"]),
                called=chance.choice(["912000001", "600000099", "600000098"]),
                seconds=chance.choice([0, 0, 1, 7, 59, 61, 600, 3_601]),
                start=start + timedelta(minutes=index * 13),
            )
            for index in range(chance.randint(1, 30))
        ]

    def test_whatever_the_shape_each_call_is_billed_once(self):
        """Law 5: random calls in random shapes."""
        third = self._create_number("+34910000003", self.customer)
        departments = self.env["telecom.department"].create(
            [{"name": n, "partner_id": self.customer.id} for n in ("Sales", "Buying")]
        )
        self.number.department_id, third.department_id = departments
        (self.number + self.second).contract_reference = "PO 1"
        self.mobile_rate.label = "Friends"
        for seed in range(25):
            chance = random.Random(seed)
            shape = {name: chance.choice(values) for name, values in SHAPES.items()}
            with self.subTest(seed=seed, **shape):
                self._shape(**shape)
                file = self._process(*self._random_rows(chance))
                moves = self._invoice()
                self.assertLinked(moves, file.call_count)
                self._check_invoices(moves, shape["invoice_per"])
                moves.unlink()
                self.env.invalidate_all()
                file.action_revert()

    def _check_invoices(self, moves, invoice_per):
        """The calls of an invoice have in common what it is for, and no other has."""
        common = {
            "customer": lambda call: call.partner_id.id,
            "number": lambda call: call.number_id.id,
            "department": lambda call: call.number_id.department_id.id,
            "contract": lambda call: call.number_id.contract_reference,
        }[invoice_per]
        keys = [
            {common(call) for call in self._calls(("move_id", "in", move.ids))}
            for move in moves
        ]
        self.assertTrue(all(len(key) == 1 for key in keys))
        self.assertEqual(len(set().union(*keys)), len(moves))

    def test_managers_make_shapes_and_accountants_invoice_in_them(self):
        manager = self._new_user("shape manager", MANAGER)
        form = Form(self.env["telecom.invoice.shape"].with_user(manager))
        form.name = "By destination"
        form.line_by = "destination"
        shape = form.save()
        with self.assertRaises(AccessError):
            shape.with_user(self._new_user("shape user", USER)).name = "X"
        self.customer.telecom_invoice_shape_id = shape
        self._process(row("W1"))
        reader = self._new_user("shape reader", READER)
        with self.assertRaises(AccessError):
            shape.with_user(reader).copy()
        moves = (
            self.env["telecom.invoicing"]
            .with_user(reader)
            ._invoice(self.customer.with_user(reader), FIRST, LAST)
        )
        self.assertIn("Spain, landline", moves.invoice_line_ids.name)

    def test_a_shape_in_use_stays(self):
        shape = self._shape()
        with self.assertRaises(UserError), self.cr.savepoint():
            shape.unlink()


@tagged("post_install", "-at_install")
class TestInvoiceTaxes(ShapeCase):
    """Tariffs with and without tax, with each way that Odoo rounds."""

    def _tax(self, amount=21, **values):
        return self.env["account.tax"].create(
            {
                "name": f"Tax {amount} {values}",
                "amount": amount,
                "type_tax_use": "sale",
                "company_id": self.company.id,
                **values,
            }
        )

    def _use(self, tax):
        for kind in ("landline", "mobile", "other", "roaming", "all"):
            self.company._telecom_product(kind).taxes_id = [Command.set(tax.ids)]

    def _tax_included(self):
        self.tariff.is_tax_included = True
        self.env["telecom.rating"]._work_off_marks(self.company)

    def test_prices_without_tax(self):
        self._use(self._tax())
        self._process_four()
        # 0.0189, 0.0567 and 0.0567 of tax
        for rounding, tax in (("round_per_line", 0.14), ("round_globally", 0.13)):
            self.company.tax_calculation_rounding_method = rounding
            move = self._invoice()
            self.assertEqual((move.amount_untaxed, move.amount_tax), (0.63, tax))
            self.assertLinked(move, 4)
            move.unlink()
            self.env.invalidate_all()

    def test_prices_with_tax(self):
        """0.09 + 0.27 + 0.27: 0.63 with 21 %, whatever the tax's own setting."""
        self._tax_included()
        self._process_four()
        for included in ("tax_included", "tax_excluded"):
            self._use(self._tax(price_include_override=included))
            for rounding in ("round_per_line", "round_globally"):
                with self.subTest(included=included, rounding=rounding):
                    self.company.tax_calculation_rounding_method = rounding
                    move = self._invoice()
                    self.assertEqual(move.amount_total, 0.63)
                    self.assertEqual(
                        move.invoice_line_ids.mapped("price_total"), [0.09, 0.27, 0.27]
                    )
                    self.assertLinked(move, 4)
                    move.unlink()
                    self.env.invalidate_all()

    def test_prices_without_tax_of_products_with_tax_in_their_price(self):
        """0.09 + 0.27 + 0.27 before a tax of 21 % that Odoo takes out of prices."""
        self._use(self._tax(price_include_override="tax_included"))
        self._process_four()
        # 0.0189, 0.0567 and 0.0567 of tax
        for quantity, rounding, tax in (
            ("one", "round_per_line", 0.14),
            ("one", "round_globally", 0.13),
            ("minutes", "round_per_line", 0.14),
        ):
            with self.subTest(quantity=quantity, rounding=rounding):
                self.company.tax_calculation_rounding_method = rounding
                self._shape(quantity=quantity)
                move = self._invoice()
                self.assertEqual(
                    move.invoice_line_ids.mapped("price_subtotal"), [0.09, 0.27, 0.27]
                )
                self.assertEqual((move.amount_untaxed, move.amount_tax), (0.63, tax))
                self.assertLinked(move, 4)
                move.unlink()
                self.env.invalidate_all()
        move = self._invoice()
        move.action_post()
        self.assertEqual((move.state, move.amount_untaxed), ("posted", 0.63))

    def test_a_position_that_takes_the_tax_out_of_the_price(self):
        """21 % on top becomes 21 % in the price, or that becomes none: 0.63 stays."""
        self._process_four()
        on_top, included = (
            self._tax(price_include_override=f"tax_{how}")
            for how in ("excluded", "included")
        )
        for here, there, tax in (
            (on_top, included, 0.13),
            (included, self._tax(0), 0.0),
        ):
            with self.subTest(here=here.name):
                self._use(here)
                self._send_to(here, there)
                move = self._invoice()
                self.assertEqual(move.invoice_line_ids.tax_ids, there)
                self.assertEqual(move.amount_untaxed, 0.63)
                self.assertAlmostEqual(move.amount_tax, tax, delta=0.011)
                move.unlink()
                self.env.invalidate_all()

    def _send_to(self, tax, other):
        """The customer is one whose fiscal position makes another tax of one."""
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        other.write(
            {
                "fiscal_position_ids": [Command.set(position.ids)],
                "original_tax_ids": [Command.set(tax.ids)],
            }
        )
        self.customer.property_account_position_id = position
        return position

    def test_parts_credited_before_a_tax_that_is_in_the_price(self):
        """The second number's 0.27 is given back, then the rest: 0.09 and 0.27."""
        self._use(self._tax(price_include_override="tax_included"))
        self._shape(is_by_number=False)
        self._process_four()
        move = self._invoice()
        move.action_post()
        wizard = self.env["telecom.release.wizard"].create(
            {
                "move_id": move.id,
                "kind": "numbers",
                "number_ids": self.second.ids,
                "is_posted": True,
            }
        )
        refund = self.env["account.move"].browse(wizard.action_credit()["res_id"])
        # 0.0567 of tax
        self.assertEqual((refund.amount_untaxed, refund.amount_tax), (0.27, 0.06))
        rest = move._reverse_moves()
        rest.action_post()
        self.assertEqual((rest.state, rest.amount_untaxed), ("posted", 0.36))
        self.assertFalse(self._calls(("state", "=", "invoiced")))

    def test_corrections_before_a_tax_that_is_in_the_price(self):
        """A re-rating finds 0.30 less before 21 %."""
        self._use(self._tax(price_include_override="tax_included"))
        self._process(row("N1", called="600000099", seconds=600))
        line = self._invoice().invoice_line_ids
        found = {
            "origin_line_id": line.id,
            "currency_id": line.currency_id.id,
            "calls": 1,
            "amount": Decimal("-0.30"),
        }
        rerating = self.env["telecom.rerating"].new({"company_id": self.company.id})
        refund = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    Command.create(rerating._prepare_correction(found, -1))
                ],
            }
        )
        self.assertEqual((refund.amount_untaxed, refund.amount_tax), (0.3, 0.06))

    def test_top_ups_and_days_of_fees_of_customers_who_owe_no_tax(self):
        """With 21 % in it: 12.10 is 10.00, and 10 of 31 days of 37.51 are, too."""
        tax, none = self._tax(price_include_override="tax_included"), self._tax(0)
        topup = self.env.ref("telecom_cdr.product_bundle_topup")
        bundle = self._create_bundle("B", {"seconds": 600}, price=37.51)
        (topup + bundle.product_id).taxes_id = [Command.set(tax.ids)]
        position = self._send_to(tax, none)
        # By where it is delivered, not by the customer himself.
        self.customer.property_account_position_id = False
        abroad, here = self.env.ref("base.us"), self.env.ref("base.es")
        position.write({"auto_apply": True, "country_id": abroad.id})
        self.customer.country_id = here
        self.env["res.partner"].create(
            {
                "name": "Branch",
                "type": "delivery",
                "parent_id": self.customer.id,
                "country_id": abroad.id,
            }
        )
        given = self._give_bundle(bundle, self.customer)
        given.date_start = given._midnight(date(2026, 10, 22), self.company)
        bundle.prorate_fee = True
        self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": given.id,
                "allowance_id": bundle.allowance_ids.id,
                "period_start": "2026-10-01",
                "quantity": 60,
                "price": 12.10,
            }
        )
        move = self._invoice()
        self.assertEqual(move.invoice_line_ids.tax_ids, none)
        self.assertEqual(move.invoice_line_ids.mapped("price_subtotal"), [10.0, 10.0])

    def test_many_amounts_with_tax_add_up(self):
        """From a cent to some euros at 21 and 10 %, rounded by line and globally."""
        self._tax_included()
        for percent in (21, 10, 20):
            self._use(self._tax(percent))
            for rounding in ("round_per_line", "round_globally"):
                self.company.tax_calculation_rounding_method = rounding
                move = self._move_of_totals(range(1, 300))
                totals = move.invoice_line_ids.mapped("price_total")
                with self.subTest(percent=percent, rounding=rounding):
                    self.assertEqual(
                        [round(total * 100) for total in totals], list(range(1, 300))
                    )
                    self.assertAlmostEqual(move.amount_total, sum(range(1, 300)) / 100)
                    taxed = move.amount_untaxed * percent / 100
                    # at most half a cent a line
                    self.assertAlmostEqual(move.amount_tax, taxed, delta=1.5)

    def _move_of_totals(self, cents):
        invoicing = self.env["telecom.invoicing"]
        product = self.company._telecom_product("all")
        currency = self.company.currency_id
        lines = [
            invoicing._values_of_total(
                Decimal(total) / 100, product, self.customer, currency.id
            )
            for total in cents
        ]
        return self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    Command.create({"product_id": product.id, **line}) for line in lines
                ],
            }
        )

    def test_customers_who_owe_no_tax_pay_the_price_without(self):
        """1.21 with 21 % is 1.00 abroad."""
        self.mobile_rate.price = 1.21
        self._tax_included()
        tax, none = self._tax(), self._tax(0)
        self._use(tax)
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        none.write(
            {
                "fiscal_position_ids": [Command.link(position.id)],
                "original_tax_ids": [Command.link(tax.id)],
            }
        )
        self.customer.property_account_position_id = position
        self._process(row("F1", called="600000099", seconds=60))
        move = self._invoice()
        self.assertEqual(move.invoice_line_ids.tax_ids, none)
        self.assertEqual((move.amount_untaxed, move.amount_total), (1.0, 1.0))

    def test_calls_with_and_without_tax_are_not_on_one_line(self):
        self._use(self._tax())
        gross = self._create_tariff(
            "Gross", {"category": "mobile", "price": 0.121}, is_tax_included=True
        )
        self.second.tariff_id = gross
        self._shape(is_by_number=False)
        self._process_four()
        move = self._invoice()
        mobile = move.invoice_line_ids.filtered(lambda n: n.telecom_kind == "mobile")
        self.assertEqual(
            sorted(mobile.mapped(lambda n: (n.telecom_is_tax_included, n.price_total))),
            [(False, 0.33), (True, 0.36)],
        )
        self.assertLinked(move, 4)

    def test_a_credit_with_tax(self):
        """0.60 to get, with 21 % in it, becomes a credit note of 0.60."""
        self._use(self._tax())
        share = self._create_tariff(
            "Share",
            {"direction": "incoming", "price": -0.06},
            allow_negative=True,
            is_tax_included=True,
        )
        self.number.tariff_id = share
        self.format.direction_default = "incoming"
        self._process(row("T1", caller="600000055", called="910000001", seconds=600))
        move = self._invoice()
        self.assertEqual((move.move_type, move.amount_total), ("out_refund", 0.6))
        self.assertEqual((move.amount_untaxed, move.amount_tax), (0.5, 0.1))
        self.assertLinked(move, 1)

    def test_corrections_of_calls_with_tax_hold_the_tax_too(self):
        """A re-rating finds 0.03 less with 21 %."""
        self._use(self._tax())
        self._tax_included()
        self._process(row("N1", called="600000099", seconds=60))
        line = self._invoice().invoice_line_ids
        found = {
            "origin_line_id": line.id,
            "currency_id": line.currency_id.id,
            "calls": 1,
            "amount": Decimal("-0.03"),
        }
        rerating = self.env["telecom.rerating"].new({"company_id": self.company.id})
        refund = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    Command.create(rerating._prepare_correction(found, -1))
                ],
            }
        )
        self.assertEqual(refund.amount_total, 0.03)
        self.assertEqual((refund.amount_untaxed, refund.amount_tax), (0.02, 0.01))

    def test_a_tariff_that_has_priced_calls_keeps_its_tax(self):
        self._process(row("K1"))
        with self.assertRaisesRegex(UserError, "have been priced"):
            self.tariff.is_tax_included = True


@tagged("post_install", "-at_install")
class TestIncomingCalls(ShapeCase):
    """Freephone and premium shares: who is called pays, or is paid by us."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inbound = cls._create_source(
            name="Inbound",
            format_id=cls._create_format(direction_default="incoming").id,
        )
        cls.share = cls._create_tariff(
            "Share",
            {"direction": "incoming", "price": -0.06},
            {"category": "mobile", "price": 0.09},
            allow_negative=True,
        )
        cls.freephone = cls._create_tariff(
            "Freephone", {"direction": "incoming", "price": 0.03}
        )
        cls._forget_marks()

    def _receive(self, *calls, **values):
        file = self._process(*calls, source=self.inbound, name="in.csv", **values)
        self.assertEqual(file.state, "processed", file.last_error)
        return file

    def _call_in(self, id_, to, seconds):
        return row(id_, caller="600000055", called=to, seconds=seconds)

    def test_freephone_calls_are_lines_of_their_own(self):
        self.number.tariff_id = self.freephone
        self._process_four()
        self._receive(self._call_in("I1", "910000001", 600))
        names = dict(self._lines(self._invoice()))
        incoming = {n: a for n, a in names.items() if n.startswith("Incoming: ")}
        self.assertEqual(list(incoming.values()), [0.3])

    def test_shares_are_credits_on_the_invoice(self):
        """0.27 to pay for the second number, 0.12 to get for the first."""
        self.number.tariff_id = self.share
        self._process(row("S1", caller=SECOND, called="600000099", seconds=180))
        self._receive(self._call_in("I2", "910000001", 120))
        move = self._invoice()
        self.assertEqual(move.move_type, "out_invoice")
        credit = move.invoice_line_ids.filtered(lambda n: n.price_subtotal < 0)
        self.assertEqual(
            (credit.quantity, credit.price_unit, credit.price_subtotal),
            (-1, 0.12, -0.12),
        )
        self.assertTrue(credit.name.startswith("Credit for incoming calls: "))
        self.assertEqual(move.amount_untaxed, 0.15)
        self.assertLinked(move, 2)

    def _credit_note(self):
        self.number.tariff_id = self.share
        self._process(row("S2", called="600000099", seconds=60))
        self._receive(self._call_in("I3", "910000001", 600))
        return self._invoice()

    def test_what_is_owed_to_the_customer_is_a_credit_note(self):
        """0.60 to get, 0.09 to pay."""
        move = self._credit_note()
        self.assertEqual(move.move_type, "out_refund")
        self.assertEqual(move.amount_untaxed, 0.51)
        self.assertEqual(
            sorted(move.invoice_line_ids.mapped("price_subtotal")), [-0.09, 0.6]
        )
        self.assertLinked(move, 2)
        move.action_post()
        self.assertEqual(move.state, "posted")
        self.assertEqual(set(self._calls().mapped("state")), {"invoiced"})
        self.assertEqual(move.telecom_call_count, 2)
        self.assertTrue(move._telecom_annex())

    def test_a_cancelled_credit_note_gives_its_calls_back(self):
        move = self._credit_note()
        move.button_cancel()
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})
        move.button_draft()
        self.assertEqual(self._calls().move_id, move)

    def test_a_reversed_credit_note_gives_its_calls_back(self):
        move = self._credit_note()
        move.action_post()
        reversal = move._reverse_moves([{"invoice_date": LAST}])
        reversal.action_post()
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})
        again = self._invoice()
        self.assertEqual((again.move_type, again.amount_untaxed), ("out_refund", 0.51))

    def _paid_and_shared(self):
        """0.27 to pay for the second number, 0.12 to get for the first."""
        self.number.tariff_id = self.share
        self._process(row("S1", caller=SECOND, called="600000099", seconds=180))
        self._receive(self._call_in("I2", "910000001", 120))
        move = self._invoice()
        move.action_post()
        return move

    def _give_back(self, move, kind="all", **values):
        wizard = self.env["telecom.release.wizard"].create(
            {"move_id": move.id, "kind": kind, "is_posted": True, **values}
        )
        return self.env["account.move"].browse(wizard.action_credit()["res_id"])

    def assertCharges(self, document, amount):
        """It is a posted invoice, whose line has a price above 0."""
        self.assertEqual(
            (document.move_type, document.state, document.amount_untaxed),
            ("out_invoice", "posted", amount),
        )
        line = document.invoice_line_ids
        self.assertEqual((line.quantity, line.price_unit), (1, amount))

    def test_a_share_is_given_back_alone(self):
        """The customer owes the 0.12 again, until the share is on the next invoice."""
        move = self._paid_and_shared()
        document = self._give_back(move, "numbers", number_ids=self.number.ids)
        self.assertCharges(document, 0.12)
        self.assertEqual(document.reversed_entry_id, move)
        release = document.sudo().telecom_refund_release_ids
        self.assertEqual((release.state, release.amount), ("released", -0.12))
        states = {call.direction: call.state for call in self._calls()}
        self.assertEqual(states["incoming"], "rated")
        again = self._invoice()
        self.assertEqual((again.move_type, again.amount_untaxed), ("out_refund", 0.12))

    def test_a_share_is_what_is_left(self):
        move = self._paid_and_shared()
        paid = move.invoice_line_ids.filtered(lambda line: line.price_subtotal > 0)
        refund = self._give_back(move, "lines", line_ids=paid.ids)
        self.assertEqual(
            (refund.move_type, refund.amount_untaxed), ("out_refund", 0.27)
        )
        self.assertCharges(self._give_back(move), 0.12)
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})
        self.assertEqual(self._invoice().amount_untaxed, 0.15)

    def test_a_share_goes_back_to_its_invoice(self):
        move = self._paid_and_shared()
        document = self._give_back(move, "numbers", number_ids=self.number.ids)
        document.button_draft()
        self.assertEqual(self._calls().move_id, move)
        document.action_post()
        self.assertEqual(set(self._calls().mapped("state")), {"invoiced", "rated"})

    def test_a_credit_of_calls_that_charges_them_is_refused(self):
        """Turned into an invoice, it would take the 0.27 once more."""
        move = self._paid_and_shared()
        paid = move.invoice_line_ids.filtered(lambda line: line.price_subtotal > 0)
        refund = self._give_back(move, "lines", line_ids=paid.ids, is_posted=False)
        refund.action_switch_move_type()
        with (
            self.assertRaisesRegex(UserError, "come to 0.27, but takes -0.27 off"),
            self.cr.savepoint(),
        ):
            refund.action_post()
        self.assertEqual(set(self._calls().mapped("state")), {"invoiced"})

    def test_a_share_with_the_tax_in_it_is_given_back_alone(self):
        self.share.is_tax_included = True
        move = self._paid_and_shared()
        share = move.invoice_line_ids.filtered(lambda line: line.price_subtotal < 0)
        document = self._give_back(move, "lines", line_ids=share.ids)
        self.assertEqual(
            (document.move_type, document.amount_total),
            ("out_invoice", -share.price_total),
        )
        reversal = move._reverse_moves([{"invoice_date": LAST}])
        reversal.action_post()
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})


@tagged("post_install", "-at_install")
class TestElectronicInvoices(ShapeCase):
    """UBL BIS 3 of such invoices: each line and the whole add up."""

    NS = {
        short: f"urn:oasis:names:specification:ubl:schema:xsd:Common{name}Components-2"
        for short, name in (("cac", "Aggregate"), ("cbc", "Basic"))
    }

    def setUp(self):
        super().setUp()
        if "account.edi.xml.ubl_bis3" not in self.env:
            self.skipTest(
                "account_edi_ubl_cii, a module of Odoo, is not installed here"
            )

    def _document(self, move):
        move.action_post()
        content, errors = self.env["account.edi.xml.ubl_bis3"]._export_invoice(move)
        return etree.fromstring(content), errors

    def _amount(self, node, path):
        return Decimal(node.find(path, self.NS).text)

    def _prepare_parties(self):
        for partner, vat in (
            (self.company.partner_id, "ESB12345674"),
            (self.customer, "ESA12345674"),
        ):
            partner.write(
                {
                    "vat": vat,
                    "street": "Calle Mayor 1",
                    "city": "Madrid",
                    "zip": "28001",
                    "country_id": self.env.ref("base.es").id,
                }
            )

    def _check_sums(self, document, kind="Invoice", quantity="Invoiced"):
        lines = document.findall(f"cac:{kind}Line", self.NS)
        self.assertTrue(lines)
        total = Decimal(0)
        for line in lines:
            amount = self._amount(line, "cbc:LineExtensionAmount")
            price = self._amount(line, "cac:Price/cbc:PriceAmount")
            count = self._amount(line, f"cbc:{quantity}Quantity")
            self.assertGreaterEqual(price, 0)
            shown = (price * count).quantize(Decimal("0.01"), ROUND_HALF_UP)
            self.assertEqual(shown, amount)
            total += amount
        sums = document.find("cac:LegalMonetaryTotal", self.NS)
        self.assertEqual(self._amount(sums, "cbc:LineExtensionAmount"), total)
        untaxed = self._amount(sums, "cbc:TaxExclusiveAmount")
        self.assertEqual(untaxed, total)
        tax = self._amount(document, "cac:TaxTotal/cbc:TaxAmount")
        self.assertEqual(self._amount(sums, "cbc:TaxInclusiveAmount"), untaxed + tax)
        return lines

    def test_minutes_credits_and_lines_of_nothing(self):
        self._prepare_parties()
        share = self._create_tariff(
            "Share",
            {"direction": "incoming", "price": -0.013},
            {"category": "mobile", "price": 0.0917},
            {"category": "landline", "price": 0},
            allow_negative=True,
        )
        self.number.tariff_id = share
        self.number.contract_reference = "PO 4711"
        self._shape(quantity="minutes", invoice_per="contract")
        self._process(
            row("U1", called="600000099", seconds=3_601),
            row("U2", called="912000001", seconds=61),
        )
        inbound = self._create_source(
            name="Inbound",
            format_id=self._create_format(direction_default="incoming").id,
        )
        self._process(
            row("U3", caller="600000055", called="910000001", seconds=347),
            source=inbound,
            name="in.csv",
        )
        move = self._invoice()
        self.assertLinked(move, 3)
        document, errors = self._document(move)
        self.assertFalse(errors)
        lines = self._check_sums(document)
        self.assertEqual(
            [self._amount(line, "cbc:InvoicedQuantity") for line in lines],
            [Decimal("1.02"), Decimal("-5.78"), Decimal("60.02")],
        )
        self.assertEqual(
            {
                line.find("cbc:InvoicedQuantity", self.NS).get("unitCode")
                for line in lines
            },
            {"MIN"},
        )
        order = document.find("cac:OrderReference/cbc:ID", self.NS)
        self.assertEqual(order.text, "PO 4711")

    def test_a_credit_note(self):
        self._prepare_parties()
        self.number.tariff_id = self._create_tariff(
            "Share",
            {"direction": "incoming", "price": -0.06},
            allow_negative=True,
        )
        self._shape(quantity="minutes")
        self.format.direction_default = "incoming"
        self._process(row("U4", caller="600000055", called="910000001", seconds=90))
        move = self._invoice()
        self.assertEqual(move.move_type, "out_refund")
        document, _errors = self._document(move)
        self._check_sums(document, "CreditNote", "Credited")

    def test_minutes_before_a_tax_that_is_in_the_price(self):
        """61.02 minutes at 0.0917: 5.60 before 21 %, 1.18 of tax."""
        self._prepare_parties()
        self.mobile_rate.price = 0.0917
        self.env["telecom.rating"]._work_off_marks(self.company)
        self.company._telecom_product("mobile").taxes_id = self.env[
            "account.tax"
        ].create(
            {
                "name": "21 in the price",
                "amount": 21,
                "type_tax_use": "sale",
                "company_id": self.company.id,
                "price_include_override": "tax_included",
            }
        )
        self._shape(quantity="minutes")
        self._process(row("U5", called="600000099", seconds=3_661))
        move = self._invoice()
        amounts = (move.amount_untaxed, move.amount_tax, move.invoice_line_ids.quantity)
        self.assertEqual(amounts, (5.6, 1.18, 61.02))
        document, _errors = self._document(move)
        self._check_sums(document)

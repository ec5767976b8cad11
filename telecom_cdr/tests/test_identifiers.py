# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which customer: by any column of the file, in the order that the source says."""

import json

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import MANAGER, MAPPING, READER, USER, TelecomCommon
from .refusal import RefusalMixin

NAMES = ("extension", "login", "address", "code")
HEADER = "start,calling,called,duration,amount,id,account,trunk," + ",".join(NAMES)


@tagged("post_install", "-at_install")
class TestIdentifiers(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = {f"extra.{name}": name for name in NAMES}
        more = {"account_code": "account", "trunk": "trunk", **names}
        cls.format.column_mapping = json.dumps({**MAPPING, **more})
        cls.other = cls._create_customer("Customer Two", ref="C-2")
        cls.operator = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)
        cls._forget_marks()

    def _look_at(self, *lines):
        """Make the source look at these: (fact or name of another, kind, more)."""
        values = []
        for fact, kind, *more in lines:
            known = {"fact": "extra", "extra_name": fact}
            if fact not in NAMES:
                known = {"fact": fact}
            values.append({**known, "kind": kind, **(more[0] if more else {})})
        self.source.identifier_ids = [
            Command.clear(),
            *(Command.create({"sequence": n, **one}) for n, one in enumerate(values)),
        ]
        self._forget_marks()

    def _import(self, *calls):
        """One call for each, an hour after the other; who pays for each."""
        lines = [HEADER]
        for place, call in enumerate(calls):
            start = call.get("start", f"2026-10-05 {place + 8:02}:00:00")
            cells = [start, call.get("calling", "699000000"), "600000099", "60", ""]
            cells += [f"I{len(self._calls())}-{place}"]
            cells += [str(call.get(n, "")) for n in ("account", "trunk", *NAMES)]
            lines.append(",".join(cells))
        file = self._upload("\n".join(lines) + "\n", f"{len(self._calls())}.csv")
        file.action_process()
        self.assertEqual(file.state, "processed", file.last_error)
        self.assertBalanced(file)
        return file

    def _each(self, *domain):
        return [call.partner_id for call in self._calls(*domain)]

    # === WHO HAS NO NUMBER === #

    def test_a_customer_without_numbers_has_the_tariff_of_its_class(self):
        """0.60 a minute, as the other member of the class, who has a number."""
        schools = self.env["telecom.customer.class"].create(
            {"name": "Schools", "company_id": self.company.id}
        )
        tariff = self._create_tariff("Schools", {"price": 0.6})
        self.env["telecom.tariff.assignment"].create(
            {"tariff_id": tariff.id, "class_id": schools.id}
        )
        (self.other | self.customer).telecom_class_id = schools
        self._look_at(("code", "reference"), ("calling_number", "phone"))
        self._import({"code": "C-2"}, {"calling": "910000001"})
        self.assertEqual(self._each(), [self.other, self.customer])
        self.assertEqual(self._calls().mapped("price"), [0.6, 0.6])

    def test_a_customer_without_numbers_has_its_billing_day(self):
        """The first minute of a period costs 0.09, the next 0.03: from 15 to 14."""
        mobile = self.tariff.rate_ids.filtered(lambda rate: rate.category == "mobile")
        mobile.write(
            {
                "volume_unit": "seconds",
                "tier_ids": [
                    Command.create({"kind": "volume", "start": 60, "price": 0.03})
                ],
            }
        )
        self.other.telecom_billing_day = 15
        self._look_at(("code", "reference"))
        days = ("2026-10-05", "2026-10-20", "2026-11-05")
        self._import(*({"code": "C-2", "start": f"{day} 10:00:00"} for day in days))
        self._run_cron("rate")
        self.assertEqual(self._each(), [self.other] * 3)
        self.assertEqual(self._calls().mapped("price"), [0.09, 0.09, 0.03])

    # === EACH KIND === #

    def test_each_kind_of_identifier(self):
        cases = (
            ("calling_number", "extension", "101", {"calling": "101"}),
            ("extension", "extension", "102", {"extension": "102"}),
            ("account_code", "account_code", "acc 7", {"account": "acc 7"}),
            ("login", "sip", "ann@pbx", {"login": "ann@pbx"}),
            ("trunk", "trunk", "acme", {"trunk": "acme"}),
            ("address", "ip", "192.0.2.7", {"address": "192.0.2.7"}),
            ("code", "customer_code", "A17", {"code": "A17"}),
        )
        for fact, kind, text, call in cases:
            number = self._create_number(text, self.other, kind=kind)
            self._look_at((fact, kind))
            file = self._import(call, {})
            calls = self._calls(("file_id", "=", file.id))
            self.assertEqual(calls[0].partner_id, self.other, kind)
            self.assertEqual(calls[0].number_id, number, kind)
            self.assertEqual(calls[0].state, "rated", kind)
            self.assertFalse(calls[1].partner_id, kind)
            self.assertEqual(calls[1].state, "unmatched", kind)

    def test_a_kind_is_not_taken_for_another(self):
        self._create_number("A17", self.other, kind="trunk")
        self._look_at(("code", "customer_code"))
        self._import({"code": "A17"})
        self.assertFalse(self._calls().partner_id)
        self._look_at(("code", "any"))
        self._import({"code": "A17"})
        self.assertEqual(self._calls()[1].partner_id, self.other)

    def test_the_order_is_the_sources(self):
        self._create_number("A17", self.other, kind="account_code")
        call = {"calling": "910000001", "account": "A17"}
        self._import(call)
        self._look_at(("account_code", "any"), ("calling_number", "any"))
        self._import({**call, "start": "2026-10-06 08:00:00"})
        self._look_at(("calling_number", "phone"), ("account_code", "any"))
        self._import({**call, "start": "2026-10-07 08:00:00"})
        self._look_at(("trunk", "any"))
        self._import({**call, "start": "2026-10-08 08:00:00"})
        nobody = self.env["res.partner"]
        self.assertEqual(
            self._each(), [self.customer, self.other, self.customer, nobody]
        )

    def test_a_callers_number_is_not_asked_of_incoming_calls(self):
        self.format.direction_default = "incoming"
        self._look_at(("calling_number", "any"))
        self.assertEqual(self.source.identifier_ids.direction, "from_us")
        self._import({"calling": "910000001"})
        self.assertFalse(self._calls().partner_id)
        self.source.identifier_ids.direction = "all"
        self._import({"calling": "910000001", "start": "2026-10-06 08:00:00"})
        self.assertEqual(self._calls()[1].partner_id, self.customer)

    def test_the_holder_at_the_start_counts(self):
        self._create_number(
            "A17", self.customer, kind="customer_code", date_end="2026-10-06 00:00:00"
        )
        self._create_number(
            "A17", self.other, kind="customer_code", date_start="2026-10-06 00:00:00"
        )
        self._look_at(("code", "customer_code"))
        self._import(
            {"code": "A17", "start": "2026-10-06 01:59:59"},
            {"code": "A17", "start": "2026-10-06 02:00:00"},
        )
        self.assertEqual(self._each(), [self.customer, self.other])

    def test_codes_of_another_carrier_are_another_matter(self):
        other_carrier = self._create_carrier(name="Other")
        self._create_number(
            "A17", self.other, kind="customer_code", carrier_id=other_carrier.id
        )
        self._look_at(("code", "customer_code"))
        self._import({"code": "A17"})
        self.assertFalse(self._calls().partner_id)

    # === SEVERAL CODES ON ONE CUSTOMER === #

    def test_several_codes_are_one_entry(self):
        number = self._create_number(
            " A17  B-22 A17 77 ", self.other, kind="customer_code"
        )
        self.assertEqual(number.number, "A17 B-22 77")
        self._look_at(("code", "any"))
        codes = ("A17", "B-22", "77", "A17 B-22", "22", "")
        self._import(*({"code": code} for code in codes))
        nobody = self.env["res.partner"]
        self.assertEqual(self._each(), [self.other] * 3 + [nobody] * 3)
        self.assertEqual(self._calls().number_id, number)

    def test_no_code_belongs_to_two_at_a_time(self):
        self._create_number("A17 B22", self.other, kind="customer_code")
        values = {"kind": "customer_code"}
        for text, more in (
            ("B22", values),
            ("C33 B22", values),
            ("B22", {"kind": "extension"}),
            ("B22", {**values, "date_start": "2026-01-01 00:00:00"}),
        ):
            with self.assertSays(
                ValidationError, "'B22' is already held by Customer Two"
            ):
                self._create_number(text, self.customer, **more)
        self._create_number("C33 D44", self.customer, **values)
        other_carrier = self._create_carrier(name="Other")
        self._create_number("B22", self.customer, carrier_id=other_carrier.id, **values)

    def test_a_code_may_go_from_one_to_the_next(self):
        first = self._create_number("A17 B22", self.other, kind="customer_code")
        first.date_end = "2026-10-06 00:00:00"
        self._create_number(
            "B22", self.customer, kind="customer_code", date_start="2026-10-06 00:00:00"
        )
        with self.assertSays(ValidationError, "already held by Customer One"):
            first.date_end = False
        self.assertEqual(str(first.date_end), "2026-10-06 00:00:00")

    # === CUSTOMERS THEMSELVES === #

    def test_customers_by_reference(self):
        contact = self._create_customer(
            "Branch", parent_id=self.other.id, is_company=False, ref="C-2b"
        )
        self._create_customer("Twin A", ref="TWIN")
        self._create_customer("Twin B", ref="TWIN")
        self._look_at(("code", "reference"))
        self._import(*({"code": code} for code in ("C-2", "C-2b", "TWIN", "C-9")))
        nobody = self.env["res.partner"]
        self.assertEqual(contact.commercial_partner_id, self.other)
        self.assertEqual(self._each(), [self.other, self.other, nobody, nobody])
        first = self._calls()[0]
        self.assertFalse(first.number_id)
        self.assertEqual((first.state, first.price), ("rated", 0.09))

    def test_customers_by_id(self):
        self._look_at(("account_code", "partner"))
        ids = (self.other.id, 0, 2**31 - 1, "x")
        self._import(*({"account": one} for one in ids))
        nobody = self.env["res.partner"]
        self.assertEqual(self._each(), [self.other, nobody, nobody, nobody])

    def test_customers_of_another_company_are_not_found(self):
        company = self._telecom_company("Elsewhere")
        foreign = self._create_customer("Foreign", ref="F-1", company_id=company.id)
        self._look_at(("code", "reference"), ("account_code", "partner"))
        self._import({"code": "F-1"}, {"account": foreign.id})
        self.assertFalse(self._calls().partner_id)

    def test_calls_of_customers_without_a_number_are_not_skipped(self):
        self.source.keep_unknown = False
        self._look_at(("code", "reference"))
        file = self._import({"code": "C-2"}, {"code": "C-9"})
        self.assertEqual((file.call_count, file.skipped_count), (1, 1))
        self.assertEqual(self._calls().partner_id, self.other)

    def test_a_shared_bundle_covers_calls_without_a_number(self):
        """One that each number has for itself does not: there is none."""
        mobile = self.env.ref("telecom_cdr.telecom_call_category_mobile")
        for is_shared, expected in (
            (True, [(60, 0), (30, 0.045)]),
            (False, [(0, 0.09), (0, 0.09)]),
        ):
            bundle = self._create_bundle(
                f"MOBILE {is_shared}",
                {"seconds": 90, "category_ids": [Command.set(mobile.ids)]},
                is_shared=is_shared,
            )
            given = self._give_bundle(bundle, self.other)
            self._look_at(("code", "reference"))
            file = self._import({"code": "C-2"}, {"code": "C-2"})
            calls = self._calls(("file_id", "=", file.id))
            self.assertEqual(
                calls.mapped(lambda call: (call.bundle_duration, call.price)),
                expected,
            )
            file.action_revert()
            given.unlink()

    def test_calls_without_a_number_are_invoiced(self):
        self._load_accounts()
        self._look_at(("code", "reference"))
        self._import({"code": "C-2"}, {"code": "C-2"}, {"code": "C-9"})
        wizard = self.env["telecom.invoice.wizard"].create(
            {
                "partner_ids": self.other.ids,
                "date_from": "2026-10-01",
                "date_to": "2026-10-31",
            }
        )
        move = self.env["account.move"].search(wizard.action_invoice()["domain"])
        self.assertEqual(move.partner_id, self.other)
        self.assertEqual(move.amount_untaxed, 0.18)
        self.assertFalse(move.invoice_line_ids.telecom_number_id)
        self.assertEqual(
            self._calls().mapped("state"), ["invoiced", "invoiced", "unmatched"]
        )

    def test_a_call_found_by_reference_stays_with_its_customer(self):
        self._look_at(("code", "reference"))
        self._import({"code": "C-2"}, {"code": "C-3"})
        self.assertEqual(self._each(), [self.other, self.env["res.partner"]])
        self.other.ref = "C-3"
        third = self._create_customer("Customer Three", ref="C-2")
        self.assertEqual(self._calls().action_rate(), 1)
        # What was read as C-2 stays; what waited for C-3 has found it.
        self.assertEqual(self._each(), [self.other, self.other])
        self.assertFalse(self._calls(("partner_id", "=", third.id)))

    # === WHAT CHANGES IS RATED AGAIN === #

    def test_a_new_number_finds_its_calls_in_further_facts(self):
        self._look_at(("code", "customer_code"))
        self._import({"code": "A17"}, {"code": "B22"}, {"code": "C33"})
        self.assertFalse(self._calls().partner_id)
        self._create_number("A17 B22", self.other, kind="customer_code")
        self._run_cron("rate")
        nobody = self.env["res.partner"]
        self.assertEqual(self._each(), [self.other, self.other, nobody])

    def test_a_new_reference_finds_its_calls(self):
        self._look_at(("code", "reference"))
        self._import({"code": "C-9"})
        self.customer.ref = "C-9"
        self._run_cron("rate")
        self.assertEqual(self._each(), [self.customer])

    def test_references_leave_no_marks_where_no_source_asks_for_them(self):
        self.customer.ref = "C-8"
        self.assertFalse(self.env["telecom.rating.mark"].sudo().search([]))

    def test_a_change_of_the_order_rates_again(self):
        self._create_number("A17", self.other, kind="account_code")
        self._import({"calling": "910000001", "account": "A17"})
        self.assertEqual(self._each(), [self.customer])
        self.source.with_user(self.manager).identifier_ids = [
            Command.create({"fact": "account_code", "kind": "account_code"})
        ]
        self._run_cron("rate")
        self.assertEqual(self._each(), [self.other])
        self.source.identifier_ids.unlink()
        self._run_cron("rate")
        self.assertEqual(self._each(), [self.customer])

    def test_sources_of_one_carrier_have_their_own_orders(self):
        self._create_number("A17", self.other, kind="account_code")
        plain = self._create_source(name="Plain")
        self._look_at(("account_code", "any"))
        call = "910000001,600000099,60,,{},A17,,,,,"
        for place, source in enumerate((self.source, plain)):
            start = f"2026-10-0{place + 5} 08:00:00"
            content = f"{HEADER}\n{start},{call.format(place)}\n"
            self._upload(content, f"{place}.csv", source).action_process()
        self.assertEqual(self._each(), [self.other, self.customer])
        self.assertEqual(self._calls().action_rate(), 0)
        self.assertEqual(self._each(), [self.other, self.customer])

    # === WHO MAY, AND WHAT IS SAID === #

    def test_only_managers_say_where_to_look(self):
        values = {"source_id": self.source.id, "fact": "trunk"}
        identifiers = self.env["telecom.source.identifier"]
        for user in (self._new_user("reader", READER), self.operator):
            with self.assertRaises(AccessError):
                identifiers.with_user(user).create(values)
        line = identifiers.with_user(self.manager).create(values)
        self.assertEqual(line.direction, "all")
        self.assertEqual(line.with_user(self.operator).fact, "trunk")

    def test_managers_of_another_company_do_not_see_it(self):
        self._look_at(("code", "any"))
        company = self._telecom_company("Elsewhere")
        foreign = new_test_user(
            self.env,
            "foreign",
            groups=MANAGER,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        lines = self.source.identifier_ids.with_user(foreign)
        lines = lines.with_context(allowed_company_ids=company.ids)
        self.assertFalse(lines.search([]))
        with self.assertRaises(AccessError):
            lines.write({"fact": "trunk"})

    def test_a_fact_has_a_name(self):
        for name in (False, "", "Code", "a b", "1"):
            with self.assertSays(ValidationError, "is no name of a fact"):
                self.source.identifier_ids = [
                    Command.create({"fact": "extra", "extra_name": name})
                ]

    def test_facts_that_the_format_does_not_have_are_told(self):
        self._look_at(("code", "any"), ("trunk", "any"))
        self.assertFalse(self.source.missing_facts)
        self.format.column_mapping = json.dumps({**MAPPING, "trunk": "trunk"})
        self.assertEqual(self.source.missing_facts, "extra.code")

    def test_a_copied_source_looks_at_the_same(self):
        self._look_at(("code", "customer_code"))
        copy = self.source.copy()
        self.assertEqual(
            copy.identifier_ids.mapped(lambda one: (one.extra_name, one.kind)),
            [("code", "customer_code")],
        )

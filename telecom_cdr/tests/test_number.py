# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common import READER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_rating import row


@tagged("post_install", "-at_install")
class TestNumber(RefusalMixin, TelecomCommon):
    # === SPELLING === #

    def test_any_spelling_becomes_one(self):
        spellings = (
            "600000001",
            "600 00 00 01",
            "600.000.001",
            " +34 600-000-001 ",
            "0034600000001",
            "+34600000001",
        )
        for spelling in spellings:
            number = self._create_number(spelling, self.customer, kind="mobile")
            self.assertEqual(number.number, "+34600000001", spelling)
            number.unlink()

    def test_the_carrier_tells_the_country(self):
        british = self._create_carrier(
            name="British", country_id=self.env.ref("base.uk").id
        )
        number = self._create_number(
            "020 7946 0001", self.customer, carrier_id=british.id
        )
        self.assertEqual(number.number, "+442079460001")
        number.number = "0033 1 99 00 00 01"
        self.assertEqual(number.number, "+33199000001")

    def test_what_is_no_phone_number_is_refused(self):
        count = self.env["telecom.number"].search_count([])
        for text in ("reception", "12", "+34 600"):
            with self.assertSays(ValidationError, "not a phone number of Spain"):
                self._create_number(text, self.customer)
        self.assertEqual(self.env["telecom.number"].search_count([]), count)
        with self.assertSays(ValidationError, "international form"):
            self.number.number = "nonsense"
        self.assertEqual(self.number.number, "+34910000001")

    def test_other_identifiers_stay_as_the_files_write_them(self):
        for kind, text in (
            ("extension", "0101"),
            ("sip", "Ann.Smith@pbx"),
            ("ip", "192.0.2.7"),
            ("account_code", "acc 7"),
        ):
            number = self._create_number(f" {text} ", self.customer, kind=kind)
            self.assertEqual((number.number, number.scope_id), (text, self.carrier.id))

    def test_a_change_of_kind_changes_the_spelling(self):
        extension = self._create_number("600000001", self.customer, kind="extension")
        extension.kind = "mobile"
        self.assertEqual((extension.number, extension.scope_id), ("+34600000001", 0))

    def test_display(self):
        self.assertEqual(self.number.display_name, "+34 910 00 00 01")
        self.number.label = "Reception"
        self.assertEqual(self.number.display_name, "+34 910 00 00 01 (Reception)")

    # === FINDING === #

    def test_found_in_any_spelling(self):
        number = self._create_number("+34600000001", self.customer, label="Ann")
        reader = number.with_user(self._new_user("finder", READER))
        for text in (
            "600000001",
            "0034 600 000 001",
            "+34 600 00 00 01",
            "600 000",
            "0001",
            "ann",
        ):
            found = reader.name_search(text, [("id", "in", (number + self.number).ids)])
            self.assertIn(number.id, [id_ for id_, _name in found], text)
        self.assertFalse(reader.name_search("600000002"))
        self.assertEqual(reader.search([("display_name", "ilike", "0034600")]), number)

    def test_found_by_an_exact_name_and_by_its_negation(self):
        other = self._create_number("+34600000001", self.customer)
        ours = [("carrier_id", "=", self.carrier.id)]
        numbers = self.env["telecom.number"]
        self.assertEqual(
            numbers.search([*ours, ("display_name", "=", "+34 600 00 00 01")]), other
        )
        self.assertEqual(
            numbers.search([*ours, ("display_name", "not ilike", "600000001")]),
            self.number,
        )

    # === STATE === #

    @freeze_time("2026-10-15 12:00:00")
    def test_state_is_told_by_the_clock(self):
        stock = self._create_number("+34910000002", False)
        suspended = self._create_number(
            "+34910000003", self.customer, is_suspended=True
        )
        ended = self._create_number(
            "+34910000004", self.customer, date_end="2026-10-15 12:00:00"
        )
        running = self._create_number(
            "+34910000005", self.customer, date_end="2026-10-15 12:00:01"
        )
        self.assertEqual(
            (stock + suspended + ended + running).mapped("state"),
            ["stock", "suspended", "ended", "active"],
        )
        ours = [("carrier_id", "=", self.carrier.id)]
        for state, expected in (
            ("stock", stock),
            ("suspended", suspended),
            ("ended", ended),
            ("active", self.number + running),
        ):
            self.assertEqual(
                self.number.search([*ours, ("state", "=", state)]), expected, state
            )
        self.assertEqual(
            self.number.search([*ours, ("state", "not in", ["active", "stock"])]),
            suspended + ended,
        )

    def test_grouped_by_state(self):
        """Groups hold what a click on them then lists."""
        self._create_number("+34910000002", False)
        self._create_number("+34910000003", self.customer, is_suspended=True)
        self._create_number("+34910000004", False, date_end="2026-01-01 00:00:00")
        ours = [("carrier_id", "=", self.carrier.id)]
        groups = self.env["telecom.number"].formatted_read_group(
            ours, ["state"], ["__count"]
        )
        self.assertEqual(
            {group["state"]: group["__count"] for group in groups},
            {"active": 1, "stock": 1, "suspended": 1, "ended": 1},
        )
        for group in groups:
            domain = [*ours, *group["__extra_domain"]]
            self.assertEqual(self.number.search(domain).state, group["state"])

    # === PERIODS === #

    def test_periods_of_one_number_do_not_overlap(self):
        heir = self._create_customer("Heir")
        with self.assertRefused("already held by somebody in a part of this period"):
            self._create_number("910 000 001", heir, date_start="2026-10-05 08:00:00")
        self.number.date_end = "2026-10-05 08:00:00"
        with self.assertRefused("End the other period first"):
            self._create_number("910000001", heir, date_start="2026-10-05 07:59:59")
        after = self._create_number("910000001", heir, date_start="2026-10-05 08:00:00")
        self.assertEqual(after.number, self.number.number)

    def test_a_period_ends_after_it_starts(self):
        with self.assertRefused("must end after it starts"):
            self._create_number(
                "+34910000002",
                self.customer,
                date_start="2026-10-05 08:00:00",
                date_end="2026-10-05 08:00:00",
            )
        self.assertFalse(self.number.search([("number", "=", "+34910000002")]))

    def test_an_extension_stands_on_every_exchange(self):
        other = self._create_carrier(name="Second PBX")
        first = self._create_number("101", self.customer, kind="extension")
        second = self._create_number(
            "101", self._create_customer("B"), kind="extension", carrier_id=other.id
        )
        self.assertEqual(first.number, second.number)
        with self.assertRefused("already held"):
            self._create_number("101", self.customer, kind="extension")

    def test_a_phone_number_exists_once_whoever_carries_it(self):
        other = self._create_carrier(name="Second")
        with self.assertRefused("already held"):
            self._create_number("910000001", self.customer, carrier_id=other.id)

    # === WHOSE === #

    def test_department_of_another_customer_is_refused(self):
        stranger = self._create_customer("Stranger Ltd")
        theirs, ours = self.env["telecom.department"].create(
            [
                {"name": "Sales", "partner_id": stranger.id},
                {"name": "Care", "partner_id": self.customer.id},
            ]
        )
        with self.assertSays(
            ValidationError, r"Sales belongs to Stranger Ltd.*\+34 910 00 00 01"
        ):
            self.number.department_id = theirs
        self.assertFalse(self.number.department_id)
        self.number.department_id = ours
        with self.assertSays(ValidationError, "Care belongs to Customer One"):
            self.number.partner_id = stranger
        self.assertEqual(self.number.partner_id, self.customer)

    def test_companies_are_apart(self):
        other = self.env["res.company"].create({"name": "Other", "telecom_tz": "UTC"})
        carrier = self._create_carrier(company_id=other.id)
        same = self._create_number(
            "+34910000001", self.customer, carrier_id=carrier.id, company_id=other.id
        )
        self.assertEqual(same.number, self.number.number)
        with self.assertSays(UserError, "(?i)compan"):
            self._create_number("+34910000009", self.customer, carrier_id=carrier.id)
        operator = self._new_user("operator", USER)
        found = self.number.with_user(operator).search([("number", "like", "91000000")])
        self.assertEqual(found, self.number)
        with self.assertRaises(AccessError):
            same.with_user(operator).with_context(allowed_company_ids=None).label = "x"

    def test_used_numbers_are_ended_not_deleted(self):
        self._process(row("U1"))
        with self.assertSays(UserError, "calls refer to it"):
            self.number.unlink()
        self.number.date_end = "2027-01-01 00:00:00"
        self.assertTrue(self.number.exists())
        fresh = self._create_number("+34910000002", self.customer)
        self.assertTrue(fresh.with_user(self._new_user("operator", USER)).unlink())

    # === TARIFF === #

    def test_tariff_is_dated(self):
        """The first counts from ever, the next from now, none ends the last."""
        first = self._create_tariff("First", {"price": 1})
        second = self._create_tariff("Second", {"price": 2})
        operator = self.number.with_user(self._new_user("operator", USER))
        with freeze_time("2026-10-10 08:00:00"):
            operator.tariff_id = first
        with freeze_time("2026-10-12 08:00:00"):
            operator.tariff_id = second
            self.assertEqual(operator.tariff_id, second)
            self.assertEqual(operator.search([("tariff_id", "=", second.id)]), operator)
        with freeze_time("2026-10-14 08:00:00"):
            operator.tariff_id = False
            self.assertFalse(operator.tariff_id)
        self.assertEqual(
            [
                (a.tariff_id.name, str(a.date_start or ""), str(a.date_end))
                for a in self.number.assignment_ids.sorted("id")
            ],
            [
                ("First", "", "2026-10-12 08:00:00"),
                ("Second", "2026-10-12 08:00:00", "2026-10-14 08:00:00"),
            ],
        )

    def test_tariff_is_found_by_name_and_by_its_absence(self):
        self.number.tariff_id = self._create_tariff("Gold", {"price": 1})
        other = self._create_number("+34910000002", self.customer)
        ours = [("carrier_id", "=", self.carrier.id)]
        search = self.env["telecom.number"].search
        self.assertEqual(search([*ours, ("tariff_id.name", "=", "Gold")]), self.number)
        self.assertEqual(search([*ours, ("tariff_id", "!=", False)]), self.number)
        self.assertEqual(search([*ours, ("tariff_id", "=", False)]), other)

    def test_a_number_of_a_contact_belongs_to_its_company(self):
        contact = self._create_customer(
            "Ann", is_company=False, parent_id=self.customer.id
        )
        self.number.partner_id = contact
        department = self.env["telecom.department"].create(
            {"name": "Care", "partner_id": self.customer.id}
        )
        self.number.write({"department_id": department.id})
        self.assertEqual(self.number.commercial_partner_id, self.customer)
        self.customer.write({"child_ids": [Command.unlink(contact.id)]})
        self.assertEqual(self.number.commercial_partner_id, contact)

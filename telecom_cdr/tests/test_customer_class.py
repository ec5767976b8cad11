# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged

from .common import MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_explanation import ExplanationMixin
from .test_rating import row


@tagged("post_install", "-at_install")
class TestCustomerClass(RefusalMixin, ExplanationMixin, TelecomCommon):
    """Who has a tariff beside numbers and customers: classes, carriers, trunks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("reader", READER)
        cls.operator = cls._new_user("operator", f"{USER},base.group_partner_manager")
        cls.manager = cls._new_user("manager", MANAGER)
        cls.schools = cls.env["telecom.customer.class"].create(
            {"name": "Schools", "company_id": cls.company.id}
        )
        cls.cheap = cls._create_tariff("Cheap", {"price": 0.6})
        cls.assignments = cls.env["telecom.tariff.assignment"]

    def _price(self, id_="C1", **values):
        self._process(row(id_, **values), name=f"{id_}.csv")
        return self._calls()[-1].price

    def _assign(self, **owner):
        """An operator assigns the tariff."""
        assignments = self.assignments.with_user(self.operator)
        return assignments.create({"tariff_id": self.cheap.id, **owner})

    def test_a_class_has_a_tariff(self):
        self._assign(class_id=self.schools.id)
        self.assertEqual(self._price(), 0.07)
        self.customer.with_user(self.operator).telecom_class_id = self.schools
        self._run_cron("rate")
        self.assertEqual(self._calls().price, 0.6)
        text = self._explain_call(self._calls(), self.reader)
        self.assertIn("the tariff of the class Schools", text)

    def test_a_membership_is_dated(self):
        self._assign(class_id=self.schools.id)
        members = self.env["telecom.class.membership"].with_user(self.operator)
        members.create(
            {
                "class_id": self.schools.id,
                "partner_id": self.customer.id,
                "date_start": "2026-10-05 08:00:00",
                "date_end": "2026-10-05 09:00:00",
            }
        )
        prices = [
            self._price(f"M{i}", start=f"2026-10-05 {time}")
            for i, time in enumerate(("09:59:59", "10:00:00", "11:00:00"))
        ]
        self.assertEqual(prices, [0.07, 0.6, 0.07])

    def test_order_of_who_is_asked(self):
        """Number, customer, class, carrier; the company's own is the last."""
        owners = (
            ("carrier", {"carrier_id": self.carrier.id}),
            ("class", {"class_id": self.schools.id}),
            ("customer", {"partner_id": self.customer.id}),
            ("number", {"number_id": self.number.id}),
        )
        self.customer.telecom_class_id = self.schools
        for index, (name, owner) in enumerate(owners):
            tariff = self._create_tariff(name, {"price": index + 1})
            self.assignments.create({**owner, "tariff_id": tariff.id})
            start = f"2026-10-05 10:0{index}:00"
            self.assertEqual(self._price(f"O{index}", start=start), index + 1)
            text = self._explain_call(self._calls()[-1], self.reader)
            self.assertIn(f"the tariff of the {name}", text)

    def test_a_class_is_shown_and_found(self):
        other = self.env["telecom.customer.class"].create(
            {"name": "Staff", "company_id": self.company.id}
        )
        partner = self.customer.with_user(self.operator)
        with freeze_time("2026-10-10 08:00:00"):
            partner.telecom_class_id = self.schools
        with freeze_time("2026-10-12 08:00:00"):
            partner.telecom_class_id = other
            found = partner.search([("telecom_class_id", "=", other.id)])
            without = partner.search(
                [("telecom_class_id", "=", False), ("id", "=", partner.id)]
            )
            self.assertEqual(other.member_count, 1)
            self.assertEqual(self.schools.member_count, 0)
        self.assertEqual(found, self.customer)
        self.assertFalse(without)
        members = self.env["telecom.class.membership"].search([], order="id")
        self.assertEqual(
            [(m.class_id.name, str(m.date_start), str(m.date_end)) for m in members],
            [
                ("Schools", "False", "2026-10-12 08:00:00"),
                ("Staff", "2026-10-12 08:00:00", "False"),
            ],
        )

    def test_a_membership_that_has_priced_stays(self):
        self._assign(class_id=self.schools.id)
        self.customer.telecom_class_id = self.schools
        self._price()
        member = self.schools.membership_ids
        with freeze_time("2026-10-20 08:00:00"):
            for change in (
                lambda: member.write({"date_start": "2026-10-06 00:00:00"}),
                lambda: member.unlink(),
            ):
                with self.assertSays(UserError, "as of the class Schools"):
                    change()
            member.date_end = "2026-11-01 00:00:00"
        with self.assertSays(UserError, "archive it"):
            self.schools.unlink()

    def test_members_are_customers_once(self):
        members = self.env["telecom.class.membership"]
        contact = self._create_customer(
            "Ann", is_company=False, parent_id=self.customer.id
        )
        with self.assertSays(ValidationError, "who pays for the calls"):
            members.create({"class_id": self.schools.id, "partner_id": contact.id})
        values = {"class_id": self.schools.id, "partner_id": self.customer.id}
        members.create(values)
        with self.assertRefused("already in a class"):
            members.create({**values, "date_start": "2026-10-05"})
        self.assertEqual(len(self.schools.membership_ids), 1)

    def test_who_may_do_what(self):
        with self.assertRaises(AccessError):
            self.schools.with_user(self.operator).name = "X"
        with self.assertRaises(AccessError):
            self.customer.with_user(self.reader).telecom_class_id = self.schools
        self.schools.with_user(self.manager).name = "All schools"
        self.assertEqual(self.schools.with_user(self.reader).name, "All schools")

    def test_one_owner_of_a_tariff(self):
        with self.assertRefused("either to a customer or to a number"):
            self._assign(class_id=self.schools.id, trunk="T1")
        for owner, words in (
            ({"class_id": self.schools.id}, "This class already has"),
            ({"carrier_id": self.carrier.id}, "of this carrier already have"),
            ({"trunk": "T1"}, "This trunk already has"),
            ({"source_address": "192.0.2.7"}, "This address already has"),
        ):
            self._assign(**owner)
            with self.assertRefused(words):
                self._assign(**owner, date_start="2026-10-05 08:00:00")
        self.assertEqual(len(self.cheap.assignment_ids), 4)

    def test_owners_of_another_company_are_refused(self):
        other = self._telecom_company("Other")
        theirs = self.env["telecom.customer.class"].create(
            {"name": "Theirs", "company_id": other.id}
        )
        with self.assertRaises(UserError):
            self.assignments.create({"tariff_id": self.cheap.id, "class_id": theirs.id})
        self.assertFalse(self.cheap.assignment_ids)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common import MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_explanation import ExplanationMixin
from .test_rating import row


@tagged("post_install", "-at_install")
class TestDiscount(RefusalMixin, ExplanationMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("reader", READER)
        cls.operator = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)
        cls.ten = cls._create_discount("Ten", {"percent": 10})

    @classmethod
    def _create_discount(cls, name, *lines, **values):
        return cls.env["telecom.discount"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "line_ids": [Command.create(line) for line in lines],
                **values,
            }
        )

    def _give(self, discount, **owner):
        """An operator gives a discount."""
        assignments = self.env["telecom.discount.assignment"].with_user(self.operator)
        given = assignments.create({"discount_id": discount.id, **owner})
        return given.with_env(self.env)

    def _price(self, id_="D1", **values):
        """A mobile call of a minute costs 0.09."""
        self._process(row(id_, called="600000001", **values), name=f"{id_}.csv")
        return self._calls()[-1].price

    # === PRICES === #

    def test_everybody_who_may_have_one(self):
        department = self.env["telecom.department"].create(
            {
                "name": "Sales",
                "partner_id": self.customer.id,
                "company_id": self.company.id,
            }
        )
        self.number.department_id = department
        staff = self.env["telecom.customer.class"].create(
            {"name": "Staff", "company_id": self.company.id}
        )
        self.customer.telecom_class_id = staff
        owners = (
            {"partner_id": self.customer.id},
            {"number_id": self.number.id},
            {"department_id": department.id},
            {"tariff_id": self.tariff.id},
            {"class_id": staff.id},
        )
        for index, owner in enumerate(owners):
            given = self._give(self.ten, **owner)
            start = f"2026-10-05 10:0{index}:00"
            self.assertEqual(self._price(f"D{index}", start=start), 0.081, owner)
            text = self._explain_call(self._calls()[-1], self.reader)
            self.assertIn("−10.00 % by Ten, given to", text)  # noqa: RUF001
            self.assertIn(given.owner_text, text)
            given.date_end = "2020-01-01 00:00:00"
        self.assertEqual(self._price("D9", start="2026-10-05 10:09:00"), 0.09)

    def test_one_after_the_other_then_surcharges(self):
        """0.09 less 10 %, less 50 %, and 0.01 on top: 0.0505."""
        discount = self._create_discount(
            "Both",
            {"percent": 50, "sequence": 20},
            {"percent": 10, "amount": 0.01, "sequence": 10},
        )
        self._give(discount, partner_id=self.customer.id)
        self.assertEqual(self._price(), 0.0505)
        text = self._explain_call(self._calls(), self.reader)
        self.assertLess(text.index("−10.00 %"), text.index("−50.00 %"))  # noqa: RUF001
        self.assertIn("0.01 € a call by Both", text)

    def test_only_calls_of_the_line(self):
        line = {"percent": 10, "category": "landline"}
        self._give(self._create_discount("Land", line), partner_id=self.customer.id)
        self.assertEqual(self._price(), 0.09)
        self._process(row("D2", start="2026-10-05 11:00:00"), name="b.csv")
        self.assertEqual(self._calls()[-1].price, 0.063)

    def test_a_free_call_has_no_surcharge(self):
        extra = self._create_discount("Extra", {"amount": 0.5})
        self._give(extra, partner_id=self.customer.id)
        self.assertEqual(self._price(seconds=0), 0)

    def test_a_discount_counts_in_its_period(self):
        self._give(
            self.ten,
            partner_id=self.customer.id,
            date_start="2026-10-05 08:00:00",
            date_end="2026-10-05 09:00:00",
        )
        prices = [
            self._price(f"P{i}", start=f"2026-10-05 {time}")
            for i, time in enumerate(("09:59:59", "10:00:00", "11:00:00"))
        ]
        self.assertEqual(prices, [0.09, 0.081, 0.09])

    # === WHAT IS REFUSED === #

    def test_lines_are_checked(self):
        for line, words in (
            ({"percent": 100.5}, "at most 100 % off"),
            ({}, "needs a percentage or a surcharge"),
            (
                {
                    "percent": 1,
                    "category": "mobile",
                    "destination_id": self.env["telecom.destination"]
                    .search([], limit=1)
                    .id,
                },
                "choose one",
            ),
        ):
            with self.assertRefused(words):
                self.ten.write({"line_ids": [Command.create(line)]})
        self.ten.invalidate_recordset()
        self.assertEqual(len(self.ten.line_ids), 1)

    def test_one_owner_in_a_period(self):
        contact = self._create_customer(
            "Ann", is_company=False, parent_id=self.customer.id
        )
        for owner in (
            {},
            {"partner_id": self.customer.id, "number_id": self.number.id},
        ):
            with self.assertRefused("one customer, number, department"):
                self._give(self.ten, **owner)
        with self.assertSays(ValidationError, "Give the discount there"):
            self._give(self.ten, partner_id=contact.id)
        self._give(self.ten, partner_id=self.customer.id)
        with self.assertRefused("already given there"):
            self._give(self.ten, partner_id=self.customer.id, date_start="2026-10-05")
        with self.assertRefused("end after it starts"):
            self._give(
                self.ten,
                number_id=self.number.id,
                date_start="2026-10-05",
                date_end="2026-10-05",
            )
        self.assertEqual(len(self.ten.assignment_ids), 1)

    def test_who_may_change_what(self):
        with self.assertRaises(AccessError):
            self._create_discount("X").with_user(self.operator).name = "Y"
        with self.assertRaises(AccessError):
            self.ten.line_ids.with_user(self.operator).percent = 90
        assignments = self.env["telecom.discount.assignment"].with_user(self.reader)
        with self.assertRaises(AccessError):
            assignments.create(
                {"discount_id": self.ten.id, "partner_id": self.customer.id}
            )
        self.ten.with_user(self.manager).line_ids.percent = 20
        self.assertEqual(self.ten.with_user(self.reader).line_ids.percent, 20)

    def test_companies_are_apart(self):
        other = self._telecom_company("Other")
        stranger = self._new_user("stranger", MANAGER)
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self._give(self.ten, partner_id=self.customer.id)
        env = self.env(user=stranger, context={})
        for model in (
            "telecom.discount",
            "telecom.discount.line",
            "telecom.discount.assignment",
        ):
            self.assertTrue(self.env[model].search([]), model)
            self.assertFalse(env[model].search([]), model)

    # === VERSIONS === #

    def test_a_discount_that_has_priced_stays(self):
        given = self._give(self.ten, partner_id=self.customer.id)
        self._price()
        with freeze_time("2026-10-20 08:00:00"):
            for change in (
                lambda: self.ten.line_ids.write({"percent": 20}),
                lambda: self.ten.line_ids.unlink(),
                lambda: self.ten.write({"line_ids": [Command.create({"percent": 1})]}),
                lambda: self.ten.unlink(),
            ):
                with self.assertSays(UserError, "New discount from|archive it"):
                    change()
            for change in (
                lambda: given.write({"date_start": "2026-10-06 00:00:00"}),
                lambda: given.unlink(),
            ):
                with self.assertSays(UserError, "End it, and give another one"):
                    change()
            self.ten.name = "Ten percent"
            given.date_end = "2026-11-01 00:00:00"
        self.assertEqual(self.ten.line_ids.percent, 10)

    def test_a_new_discount_from_a_date(self):
        given = self._give(self.ten, partner_id=self.customer.id)
        self._price(start="2026-10-05 10:00:00")
        wizard = self.env["telecom.discount.successor"].with_user(self.manager)
        wizard = wizard.create(
            {"discount_id": self.ten.id, "date_start": "2026-10-09 22:00:00"}
        )
        self.assertEqual(wizard.line_ids.percent, 10)
        wizard.line_ids.percent = 50
        after = self.env["telecom.discount"].browse(wizard.action_apply()["res_id"])
        self.assertEqual(str(given.date_end), "2026-10-09 22:00:00")
        self.assertEqual(after.assignment_ids.partner_id, self.customer)
        self.assertEqual(str(after.assignment_ids.date_start), "2026-10-09 22:00:00")
        self.assertEqual(self._price("D2", start="2026-10-10 10:00:00"), 0.045)
        self.assertEqual(self.ten.line_ids.percent, 10)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common import MANAGER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_rating import row


@tagged("post_install", "-at_install")
class TestTariff(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mobile = cls.tariff.rate_ids.filtered(lambda r: r.category == "mobile")

    def _add(self, **values):
        rates = self.env["telecom.rate"]
        return rates.create({"tariff_id": self.tariff.id, **values})

    # === TARIFF === #

    def test_no_tariff_stands_behind_itself(self):
        parent = self._create_tariff("Parent")
        grandparent = self._create_tariff("Grandparent")
        self.tariff.parent_id = parent
        parent.parent_id = grandparent
        for tariff in (self.tariff, parent, grandparent):
            with self.assertSays(ValidationError, "cannot be its own parent"):
                grandparent.parent_id = tariff
        self.assertFalse(grandparent.parent_id)

    def test_decimals_have_a_range(self):
        for digits in (-1, 7):
            with self.assertRefused("0 to 6 decimals"):
                self.tariff.rounding_digits = digits
        self.tariff.rounding_digits = 6
        self.assertEqual(self.tariff.rounding_digits, 6)

    def test_a_tariff_that_has_priced_keeps_what_decides_prices(self):
        self._process(row("T1"))
        parent = self._create_tariff("Parent")
        for values in (
            {"currency_id": self.env.ref("base.USD").id},
            {"parent_id": parent.id},
            {"rounding": "up"},
            {"rounding_digits": 2},
        ):
            with self.assertSays(UserError, "Duplicate the tariff"):
                self.tariff.write(values)
        self.assertEqual(self.tariff.rounding_digits, 4)
        self.tariff.write({"name": "Renamed", "rounding_digits": 4})
        self.assertEqual(self.tariff.name, "Renamed")

    def test_a_tariff_that_has_priced_is_not_deleted(self):
        self._process(row("T2"))
        with self.assertSays(UserError, "Retail cannot be deleted"):
            self.tariff.unlink()
        self.tariff.active = False
        self.assertTrue(self.tariff.exists())
        unused = self._create_tariff("Unused", {"price": 1})
        unused.unlink()
        self.assertFalse(unused.exists())

    def test_a_copy_is_free_again(self):
        self._process(row("T3"))
        copy = self.tariff.copy()
        self.assertEqual(copy.name, "Retail (copy)")
        self.assertEqual(len(copy.rate_ids), 2)
        self.assertFalse(copy.is_telecom_used)
        copy.rate_ids.price = 1
        self.assertEqual(self.tariff.rate_ids.mapped("price"), [0.02, 0.09])

    def test_only_managers_set_prices(self):
        operator = self._new_user("operator", USER)
        with self.assertRaises(AccessError):
            self.tariff.with_user(operator).copy()
        with self.assertRaises(AccessError):
            self._create_tariff("X").rate_ids.with_user(operator).create(
                {"tariff_id": self.tariff.id, "prefix": "1"}
            )
        manager = self._new_user("manager", MANAGER)
        self.assertTrue(self.tariff.with_user(manager).copy().rate_ids)

    # === RATES === #

    def test_rates_are_checked_by_the_database(self):
        count = len(self.tariff.rate_ids)
        for values, words in (
            ({"initial_increment": 0}, "whole seconds above 0"),
            ({"increment": 0}, "whole seconds above 0"),
            ({"increment": -1}, "whole seconds above 0"),
            ({"grace": -1}, "cannot be negative"),
            ({"minimum_duration": -1}, "cannot be negative"),
            ({"price": -0.01}, "Prices cannot be negative"),
            ({"connect_fee": -0.01}, "Prices cannot be negative"),
            ({"markup": -100.1}, "at most the whole cost"),
            (
                {
                    "has_minimum_price": True,
                    "minimum_price": 2,
                    "has_maximum_price": True,
                    "maximum_price": 1,
                },
                "minimum price is above",
            ),
            (
                {
                    "date_start": "2026-10-05 08:00:00",
                    "date_end": "2026-10-05 08:00:00",
                },
                "must end after it starts",
            ),
            ({"category": "short"}, "choose one"),
        ):
            with self.assertRefused(words):
                self._add(prefix="44", **values)
        self.tariff.invalidate_recordset()
        self.assertEqual(len(self.tariff.rate_ids), count)

    def test_rates_are_checked_by_their_meaning(self):
        for values, words in (
            ({"prefix": "4a"}, "'4a' is not a prefix: 1 to 15 digits"),
            ({"prefix": "1" * 16}, "1 to 15 digits"),
            ({"prefix": "44", "method": "volume"}, "duration, no volume"),
            ({"prefix": "44", "service": "sms"}, "price it per message"),
            ({"prefix": "44", "increments": "60"}, "such as 60/1"),
            ({"prefix": "44", "increments": "a/b"}, "'a/b' are no steps"),
        ):
            with self.assertSays(ValidationError, words):
                self._add(**values)
        self.assertEqual(len(self.tariff.rate_ids), 2)

    def test_steps_are_typed_as_people_write_them(self):
        rate = self._add(prefix="44", increments="30 / 6")
        self.assertEqual((rate.initial_increment, rate.increment), (30, 6))
        rate.invalidate_recordset()
        self.assertEqual(rate.increments, "30/6")

    def test_prefix_of_a_rate_is_typed_as_people_do(self):
        for index, (text, prefix) in enumerate(
            (("+44 20", "4420"), ("0048", "48"), ("34 6", "346"), ("", False))
        ):
            rate = self._add(prefix=text, service="data", direction="incoming")
            self.assertEqual(rate.prefix, prefix, index)

    def test_two_prices_at_a_time_are_refused(self):
        for values in (
            {"category": "mobile"},
            {"category": "mobile", "date_end": "2026-10-05 08:00:00"},
        ):
            with self.assertRefused("already has a rate for the same calls"):
                self._add(price=1, **values)
        others = (
            {"category": "mobile", "direction": "incoming"},
            {"category": "mobile", "service": "data", "method": "volume"},
            {"prefix": "346"},
            {},
        )
        for values in others:
            self._add(price=1, **values)
        self.assertEqual(len(self.tariff.rate_ids), 2 + len(others))

    def test_a_used_rate_is_frozen_but_for_its_end(self):
        self._process(row("R1", called="600000099"))
        for values in (
            {"price": 1},
            {"increment": 60},
            {"category": "landline"},
            {"tariff_id": self._create_tariff("Other").id},
            {"date_start": "2026-10-10"},
            {"is_allowed": False},
        ):
            with self.assertSays(UserError, "'New price from…'"):
                self.mobile.write(values)
        with self.assertSays(UserError, "calls refer to it"):
            self.mobile.unlink()
        self.assertEqual(self.mobile.price, 0.09)
        self.mobile.date_end = "2027-01-01 00:00:00"
        self.assertEqual(str(self.mobile.date_end), "2027-01-01 00:00:00")

    def test_a_used_rate_stays_when_its_line_is_taken_from_the_tariff(self):
        self._process(row("R2", called="600000099"))
        with self.assertSays(UserError, "calls refer to it"):
            self.tariff.rate_ids = [Command.delete(self.mobile.id)]
        self.assertTrue(self.mobile.exists())

    def test_successor_keeps_the_rest(self):
        self.mobile.write({"date_end": "2027-01-01 00:00:00", "connect_fee": 0.01})
        self._process(row("S1", called="600000099"))
        manager = self._new_user("manager", MANAGER)
        wizard = self.env["telecom.rate.successor"].with_user(manager)
        wizard.create(
            {
                "rate_id": self.mobile.id,
                "date_start": "2026-11-01 00:00:00",
                "price": 0.2,
            }
        ).action_apply()
        after = self.tariff.rate_ids.filtered(lambda r: r.price == 0.2)
        self.assertEqual(str(self.mobile.date_end), "2026-11-01 00:00:00")
        self.assertRecordValues(
            after,
            [
                {
                    "category": "mobile",
                    "connect_fee": 0.01,
                    "is_telecom_used": False,
                }
            ],
        )
        self.assertEqual(
            (str(after.date_start), str(after.date_end)),
            ("2026-11-01 00:00:00", "2027-01-01 00:00:00"),
        )

    # === ASSIGNMENT === #

    def test_a_contact_gets_no_tariff_of_its_own(self):
        contact = self._create_customer(
            "Ann", is_company=False, parent_id=self.customer.id
        )
        assignments = self.env["telecom.tariff.assignment"]
        with self.assertSays(
            ValidationError, "Ann is a contact of Customer One.*Assign the tariff there"
        ):
            assignments.create({"partner_id": contact.id, "tariff_id": self.tariff.id})
        self.assertFalse(assignments.search([("partner_id", "=", contact.id)]))
        contact.telecom_tariff_id = self.tariff
        self.assertEqual(self.customer.telecom_tariff_id, self.tariff)

    def test_assignments_are_checked(self):
        assignments = self.env["telecom.tariff.assignment"]
        tariff = {"tariff_id": self.tariff.id}
        with self.assertRefused("either to a customer or to a number"):
            assignments.create(tariff)
        with self.assertRefused("either to a customer or to a number"):
            assignments.create(
                {
                    **tariff,
                    "partner_id": self.customer.id,
                    "number_id": self.number.id,
                }
            )
        for owner in (
            {"partner_id": self.customer.id},
            {"number_id": self.number.id},
        ):
            assignments.create({**tariff, **owner})
            with self.assertRefused("already has a tariff in a part of this period"):
                assignments.create(
                    {**tariff, **owner, "date_start": "2026-10-05 08:00:00"}
                )
        self.assertEqual(
            len(assignments.search([("tariff_id", "=", self.tariff.id)])), 2
        )

    def test_a_customers_tariff_is_dated_and_found(self):
        first = self._create_tariff("First", {"price": 1})
        second = self._create_tariff("Second", {"price": 2})
        with freeze_time("2026-10-10 08:00:00"):
            self.customer.telecom_tariff_id = first
        with freeze_time("2026-10-12 08:00:00"):
            self.customer.telecom_tariff_id = second
            found = self.env["res.partner"].search(
                [("telecom_tariff_id", "=", second.id)]
            )
        self.assertEqual(found, self.customer)
        self._process(
            row("D1", start="2020-01-01 00:00:00"),
            row("D2", start="2026-10-12 09:59:59"),
            row("D3", start="2026-10-12 10:00:00"),
        )
        self.assertEqual(self._calls().mapped("price"), [1, 1, 2])

    def test_the_same_tariff_again_changes_nothing(self):
        with freeze_time("2026-10-10 08:00:00"):
            self.customer.telecom_tariff_id = self.tariff
        with freeze_time("2026-10-12 08:00:00"):
            self.customer.telecom_tariff_id = self.tariff
        assignment = self.env["telecom.tariff.assignment"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(len(assignment), 1)
        self.assertFalse(assignment.date_start)
        self.assertFalse(assignment.date_end)

    def test_each_company_has_its_own_assignment(self):
        other = self._telecom_company("Second company")
        both = self.env(context={"allowed_company_ids": [other.id, self.company.id]})
        theirs = both["telecom.tariff"].create(
            {"name": "Theirs", "company_id": other.id}
        )
        self.customer.telecom_tariff_id = self.tariff
        self.customer.with_env(both).telecom_tariff_id = theirs
        self.customer.invalidate_recordset()
        self.assertEqual(self.customer.telecom_tariff_id, self.tariff)
        self.assertEqual(self.customer.with_env(both).telecom_tariff_id, theirs)

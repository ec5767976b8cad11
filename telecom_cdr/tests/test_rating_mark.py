# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.fields import Command, Domain
from odoo.tests import tagged

from .common import TelecomCommon
from .test_rating import row

# A price that no tariff has: what still has it was not rated again.
UNTOUCHED = 77


@tagged("post_install", "-at_install")
class TestRatingMark(TelecomCommon):
    """Whatever changes a price has exactly the calls rated again that it touches."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.school = cls._create_customer("School")
        cls.school_number = cls._create_number("+34910000002", cls.school)
        cls.special = cls._create_tariff(
            "Special",
            {"category": "mobile", "price": 0.06},
            {"category": "landline", "price": 0.03},
        )
        cls.above = cls._create_tariff("Above", {"prefix": "44", "price": 0.6})
        cls.special.parent_id = cls.above
        cls.env["telecom.tariff.assignment"]._assign(
            {"partner_id": cls.school.id}, cls.special
        )
        cls._forget_marks()
        cls._process(
            row("L1"),
            row("M1", called="600000001"),
            row("L2", caller="910000002", start="2026-10-05 11:00:00"),
            row("M2", caller="910000002", called="600000002"),
            row("G2", caller="910000002", called="00442079460001"),
            row("N2", caller="910000002", start="2026-11-05 11:00:00"),
        )
        cls._forget_marks()

    def _named(self, *ids):
        """Calls by the ids of their rows: customer 1 or 2, landline, mobile, abroad."""
        domains = {
            "L1": [("number_id", "=", self.number.id), ("category", "=", "landline")],
            "M1": [("number_id", "=", self.number.id), ("category", "=", "mobile")],
            "L2": [
                ("partner_id", "=", self.school.id),
                ("day", "=", "2026-10-05"),
                ("category", "=", "landline"),
            ],
            "M2": [("partner_id", "=", self.school.id), ("category", "=", "mobile")],
            "G2": [("category", "=", "international")],
            "N2": [("day", "=", "2026-11-05")],
        }
        return self._calls(*Domain.OR(domains[one] for one in ids))

    def _assert_rated_again(self, *ids):
        """The scheduled action rates these calls again, and no other."""
        self.env.cr.execute(
            "UPDATE telecom_call SET price = %s WHERE company_id = %s",
            (UNTOUCHED, self.company.id),
        )
        self._run_cron("rate")
        touched = self._calls(("price", "!=", UNTOUCHED))
        self.assertEqual(touched, self._named(*ids))

    def _rate(self, tariff, **target):
        return tariff.rate_ids.filtered(
            lambda r: all(r[name] == value for name, value in target.items())
        )

    def _unused(self, rate):
        """As if it had priced nothing, so that it may be changed."""
        self.env.cr.execute("UPDATE telecom_rate SET is_telecom_used = FALSE")
        self.env.invalidate_all()
        return rate

    def test_a_rate_touches_the_calls_of_its_tariff(self):
        self._unused(self._rate(self.special, category="mobile")).price = 0.07
        self._assert_rated_again("M2")
        self.assertEqual(self._named("M2").price, 0.07)

    def test_a_rate_of_a_parent_touches_who_has_a_child(self):
        self._unused(self.above.rate_ids).price = 0.5
        self._assert_rated_again("G2")
        self.assertEqual(self._named("G2").price, 0.5)

    def test_a_rate_of_the_companys_tariff_spares_who_has_another(self):
        self._unused(self._rate(self.tariff, category="mobile")).price = 0.08
        self._assert_rated_again("M1")

    def test_a_rate_touches_its_period_only(self):
        self.special.rate_ids.create(
            {
                "tariff_id": self.special.id,
                "prefix": "34912",
                "price": 0.5,
                "date_start": "2026-11-01 00:00:00",
            }
        )
        self._assert_rated_again("N2")

    def test_a_tier_touches_the_calls_of_its_rate(self):
        rate = self._unused(self._rate(self.special, category="mobile"))
        rate.tier_ids = [Command.create({"kind": "second", "start": 30, "price": 0})]
        self._assert_rated_again("M2")
        self.assertEqual(self._named("M2").price, 0.03)

    def test_a_tariff_of_a_number_touches_its_calls(self):
        self.school_number.tariff_id = self.above
        self._assert_rated_again("L2", "M2", "G2", "N2")

    def test_a_tariff_of_a_class_touches_its_customers(self):
        cheap = self._create_tariff("Cheap", {"price": 0.01})
        schools = self.env["telecom.customer.class"].create(
            {"name": "Schools", "company_id": self.company.id}
        )
        self._assert_rated_again()
        self.customer.telecom_class_id = schools
        self._assert_rated_again("L1", "M1")
        self.env["telecom.tariff.assignment"].create(
            {"class_id": schools.id, "tariff_id": cheap.id}
        )
        self._assert_rated_again("L1", "M1")
        self.assertEqual(self._named("L1", "M1").mapped("price"), [0.01, 0.01])

    def test_a_tariff_of_a_carrier_or_trunk_touches_what_went_by_it(self):
        other = self._create_carrier(name="Other")
        assignments = self.env["telecom.tariff.assignment"]
        assignments.create({"carrier_id": other.id, "tariff_id": self.above.id})
        self._assert_rated_again()
        assignments.create({"trunk": "T9", "tariff_id": self.above.id})
        self._assert_rated_again()
        calls = self._named("M1")
        self.env.cr.execute(
            "UPDATE telecom_call SET trunk = 'T8' WHERE id = %s", (calls.id,)
        )
        self.env.invalidate_all()
        cheap = self._create_tariff("Cheap", {"price": 0.01})
        assignments.create({"trunk": "T8", "tariff_id": cheap.id})
        self._assert_rated_again("M1")
        self.assertEqual(self._named("M1").price, 0.01)

    def test_a_source_address_touches_what_came_from_it(self):
        call = self._named("L1")
        self.env.cr.execute(
            'UPDATE telecom_call SET extra = \'{"source_address": "192.0.2.7"}\''
            " WHERE id = %s",
            (call.id,),
        )
        self.env["telecom.tariff.assignment"].create(
            {"source_address": "192.0.2.7", "tariff_id": self.special.id}
        )
        self._assert_rated_again("L1")

    def test_a_discount_touches_who_has_it_in_its_time(self):
        discount = self.env["telecom.discount"].create(
            {
                "name": "Ten",
                "company_id": self.company.id,
                "line_ids": [Command.create({"percent": 10, "category": "landline"})],
            }
        )
        self._assert_rated_again()
        given = self.env["telecom.discount.assignment"].create(
            {
                "discount_id": discount.id,
                "partner_id": self.school.id,
                "date_start": "2026-11-01 00:00:00",
            }
        )
        self._assert_rated_again("N2")
        self.assertEqual(self._named("N2").price, 0.027)
        given.date_end = "2026-11-02 00:00:00"
        self._assert_rated_again("N2")
        self.assertEqual(self._named("N2").price, 0.03)

    def test_a_band_touches_the_calls_of_its_rates(self):
        band = self.env["telecom.time.band"].create(
            {
                "name": "Late",
                "company_id": self.company.id,
                "line_ids": [Command.create({"hour_from": 22, "hour_to": 8})],
            }
        )
        self.special.rate_ids.create(
            {
                "tariff_id": self.special.id,
                "category": "mobile",
                "price": 0.01,
                "time_band_id": band.id,
            }
        )
        self._assert_rated_again("M2")
        self.assertEqual(self._named("M2").price, 0.06)
        self._unused(band).line_ids.hour_from = 9
        self._assert_rated_again("M2")
        self.assertEqual(self._named("M2").price, 0.01)

    def test_a_holiday_touches_its_day_where_bands_count_it(self):
        holidays = self.env["telecom.holiday"]
        day = {"company_id": self.company.id, "date": "2026-11-05"}
        first = holidays.create({**day, "name": "Any"})
        self._assert_rated_again()
        first.unlink()
        band = self.env["telecom.time.band"].create(
            {
                "name": "Holidays",
                "company_id": self.company.id,
                "line_ids": [Command.create({"on_holidays": True})],
            }
        )
        self.special.rate_ids.create(
            {
                "tariff_id": self.special.id,
                "category": "landline",
                "price": 0.3,
                "time_band_id": band.id,
            }
        )
        self._run_cron("rate")
        holidays.create({**day, "name": "Town"})
        self._assert_rated_again("N2")
        self.assertEqual(self._named("N2").price, 0.3)

    def test_leaves_of_the_companys_calendar_are_holidays(self):
        band = self.env["telecom.time.band"].create(
            {
                "name": "Holidays",
                "company_id": self.company.id,
                "line_ids": [Command.create({"on_holidays": True})],
            }
        )
        self.special.rate_ids.create(
            {
                "tariff_id": self.special.id,
                "category": "landline",
                "price": 0.3,
                "time_band_id": band.id,
            }
        )
        self._run_cron("rate")
        leave = self.env["resource.calendar.leaves"].create(
            {
                "name": "Town",
                "company_id": self.company.id,
                "calendar_id": self.company.resource_calendar_id.id,
                "date_from": "2026-11-04 23:00:00",
                "date_to": "2026-11-05 22:59:59",
            }
        )
        self._assert_rated_again("N2")
        self.assertEqual(self._named("N2").price, 0.3)
        other = self.env["resource.calendar"].create(
            {"name": "Other", "company_id": self.company.id, "tz": "Europe/Madrid"}
        )
        self.company.resource_calendar_id = other
        self._assert_rated_again("N2")
        self.assertEqual(self._named("N2").price, 0.03)
        self.company.resource_calendar_id = leave.calendar_id
        self._assert_rated_again("N2")
        self.assertEqual(self._named("N2").price, 0.3)
        leave.unlink()
        self._assert_rated_again("N2")
        self.assertEqual(self._named("N2").price, 0.03)

    def test_the_department_of_a_number_touches_its_calls(self):
        """A surcharge of 1 on 0.06 a minute: 1.06, as it is explained."""
        departments = self.env["telecom.department"].create(
            [{"name": name, "partner_id": self.school.id} for name in "AB"]
        )
        line = Command.create({"amount": 1})
        discount = self.env["telecom.discount"].create(
            {"name": "D", "line_ids": [line]}
        )
        self.env["telecom.discount.assignment"].create(
            {"discount_id": discount.id, "department_id": departments[1].id}
        )
        self._run_cron("rate")
        for department, price in zip(departments, (0.06, 1.06), strict=True):
            self.school_number.department_id = department
            self._assert_rated_again("L2", "M2", "G2", "N2")
            call = self._named("M2")
            self.assertEqual(call.price, price)
            action = call.action_explain()
            wizard = self.env[action["res_model"]].browse(action["res_id"])
            self.assertTrue(wizard._values()["is_same"])

    def test_a_destination_touches_the_calls_to_it(self):
        """Category and archiving decide which rate a call has: 0.09, else 0.07."""
        place = self.env["telecom.destination"].create(
            {
                "name": "X",
                "category": "landline",
                "company_id": self.company.id,
                "country_id": self.env.ref("base.es").id,
                "prefix_text": "600000001",
            }
        )
        self._run_cron("rate")
        call = self._calls(("called_number", "=", "+34600000001"))
        self.assertEqual((call.category, call.price), ("landline", 0.07))
        place.category = "mobile"
        self._run_cron("rate")
        self.assertEqual((call.category, call.price), ("mobile", 0.09))
        place.category = "landline"
        self._run_cron("rate")
        self.assertEqual(call.price, 0.07)
        place.active = False
        self._run_cron("rate")
        self.assertEqual((call.category, call.price), ("mobile", 0.09))

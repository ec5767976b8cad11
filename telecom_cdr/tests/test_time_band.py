# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged

from .common import MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_explanation import ExplanationMixin
from .test_rating import row

ALL_DAYS = dict.fromkeys(("saturday", "sunday"), True)
NIGHT = {"hour_from": 22, "hour_to": 8, **ALL_DAYS}
SUNDAYS = {
    **dict.fromkeys(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday"), False
    ),
    "sunday": True,
}


@tagged("post_install", "-at_install")
class TestTimeBand(RefusalMixin, ExplanationMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("reader", READER)
        cls.operator = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)
        cls.night = cls._create_band("Night", NIGHT)
        cls.mobile = cls.tariff.rate_ids.filtered(lambda r: r.category == "mobile")

    @classmethod
    def _create_band(cls, name, *lines, **values):
        return cls.env["telecom.time.band"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "line_ids": [Command.create(line) for line in lines],
                **values,
            }
        )

    def _band_rate(self, band, price=0.01, **values):
        rates = self.env["telecom.rate"].with_user(self.manager)
        rate = rates.create(
            {
                "tariff_id": self.tariff.id,
                "category": "mobile",
                "price": price,
                "time_band_id": band.id,
                **values,
            }
        )
        self._forget_marks()
        return rate.with_env(self.env)

    def _prices(self, *starts, seconds=60):
        """Prices of mobile calls that begin at these local times."""
        self._process(
            *(
                row(f"B{i}", called=f"60000000{i}", seconds=seconds, start=start)
                for i, start in enumerate(starts)
            )
        )
        return self._calls().mapped("price")

    # === PRICES === #

    def test_a_band_begins_at_its_hour_and_ends_before_its_end(self):
        """Monday: to the second, over midnight, in the tariff's zone."""
        self._band_rate(self.night)
        self.assertEqual(
            self._prices(
                "2026-10-05 21:59:59",
                "2026-10-05 22:00:00",
                "2026-10-06 07:59:59",
                "2026-10-06 08:00:00",
            ),
            [0.09, 0.01, 0.01, 0.09],
        )

    def test_a_holiday_is_a_day_of_its_own(self):
        """12 October 2026 is a Monday."""
        holidays = self._create_band(
            "Holidays", {"on_holidays": True, "hour_to": 24}, priority=20
        )
        self._band_rate(self.night)
        self._band_rate(holidays, 0.02)
        self.env["telecom.holiday"].with_user(self.manager).create(
            {
                "name": "National day",
                "date": "2026-10-12",
                "company_id": self.company.id,
            }
        )
        self.assertEqual(
            self._prices(
                "2026-10-11 23:00:00",
                "2026-10-12 00:00:00",
                "2026-10-12 23:00:00",
                "2026-10-13 07:00:00",
                "2026-10-13 12:00:00",
            ),
            [0.01, 0.02, 0.02, 0.01, 0.09],
        )

    def test_the_hour_that_comes_twice(self):
        """25 October 2026, 3:00 becomes 2:00: the first and the second 2:30."""
        small = self._create_band("Small", {**SUNDAYS, "hour_from": 2, "hour_to": 3})
        self._band_rate(small)
        self.assertEqual(
            self._prices("2026-10-25 01:59:00", "2026-10-25 02:30:00"), [0.09, 0.01]
        )

    def test_a_call_over_the_border(self):
        """200 s from 21:58:20: 100 s at 0.09 and 100 s at 0.01 a minute."""
        self._band_rate(self.night)
        self.tariff.band_rule = "split"
        self._forget_marks()
        self.assertEqual(self._prices("2026-10-05 21:58:20", seconds=200), [0.1667])
        text = self._explain_call(self._calls(), self.reader)
        self.assertIn("Night", text)
        self.assertIn("0.1667", text)

    def test_a_call_over_the_border_has_the_band_of_its_start(self):
        self._band_rate(self.night)
        self.assertEqual(self._prices("2026-10-05 21:58:20", seconds=200), [0.3])

    def test_the_band_is_explained(self):
        self._band_rate(self.night)
        self._prices("2026-10-05 23:00:00")
        text = self._explain_call(self._calls(), self.reader)
        self.assertIn("Night: Mon, Tue, Wed, Thu, Fri, Sat, Sun 22:00-08:00", text)
        self.assertIn("Europe/Madrid", text)
        self.assertIn("11:00:00", text)

    def test_a_band_alone_leaves_other_hours_to_the_next_rate(self):
        self._band_rate(self.night, category=False, prefix="346")
        self.assertEqual(
            self._prices("2026-10-05 12:00:00", "2026-10-05 23:00:00"), [0.09, 0.01]
        )

    # === WHAT IS REFUSED OR FLAGGED === #

    def test_hours_are_checked(self):
        nothing = dict.fromkeys(("monday", "tuesday", "wednesday"), False)
        nothing |= dict.fromkeys(("thursday", "friday"), False)
        for line, words in (
            ({"hour_from": 8, "hour_to": 8}, "from 08:00 to 08:00 are none"),
            ({**nothing, "hour_from": 8}, "Choose the weekdays"),
        ):
            with self.assertSays(ValidationError, words):
                self.night.write({"line_ids": [Command.create(line)]})
        for line in ({"hour_from": 24}, {"hour_to": 24.5}, {"hour_from": -1}):
            with self.assertRefused("from 00:00 to 24:00"):
                self.night.write({"line_ids": [Command.create(line)]})
        self.night.invalidate_recordset()
        self.assertEqual(len(self.night.line_ids), 1)

    def test_bands_that_contradict_each_other_are_refused(self):
        early = self._create_band("Early", {"hour_from": 6, "hour_to": 9})
        self._band_rate(self.night)
        with self.assertSays(
            ValidationError,
            r"Early and Night both hold \(Monday 06:00 to Monday 08:00\)",
        ):
            self._band_rate(early)
        self._band_rate(early, category="landline")
        early.priority = 20
        self._band_rate(early)
        with self.assertSays(ValidationError, "same priority"):
            early.priority = self.night.priority
        self.assertEqual(early.priority, 20)

    def test_hours_that_come_to_contradict_are_refused(self):
        noon = self._create_band("Noon", {"hour_from": 12, "hour_to": 13})
        self._band_rate(self.night)
        self._band_rate(noon)
        with self.assertSays(ValidationError, "same priority"):
            noon.line_ids.hour_to = 23
        self.assertEqual(noon.line_ids.hour_to, 13)

    def test_holidays_need_a_higher_priority(self):
        holidays = self._create_band("Holidays", {"on_holidays": True, "hour_to": 24})
        self._band_rate(self.night)
        with self.assertSays(ValidationError, "on holidays"):
            self._band_rate(holidays)

    def test_the_same_target_once_in_each_band(self):
        self._band_rate(self.night)
        with self.assertRefused("already has a rate for the same calls"):
            self._band_rate(self.night, 0.02)
        self.assertEqual(len(self.night.rate_ids), 1)

    def test_hours_without_any_rate_are_flagged(self):
        self._band_rate(self.night, category=False, prefix="44")
        self.assertIn("44 has no rate at these hours: ", self.tariff.warning_text)
        self.assertIn("Monday 08:00 to Monday 22:00", self.tariff.warning_text)
        form = Form(self.tariff.with_user(self.manager))
        self.assertIn("44 has no rate", form.warning_text)
        parent = self._create_tariff("Parent", {"price": 1})
        self.tariff.parent_id = parent
        self.assertFalse(self.tariff.warning_text)

    def test_hours_that_another_rate_has_are_not_flagged(self):
        self._band_rate(self.night)
        self.assertFalse(self.tariff.warning_text)
        self._band_rate(self.night, category=False, prefix="44")
        day = self._create_band("Day", {"hour_from": 8, "hour_to": 22, **ALL_DAYS})
        self._band_rate(day, category=False, prefix="44")
        self.assertFalse(self.tariff.warning_text)

    def test_split_calls_need_all_hours_at_one_target(self):
        self._band_rate(self.night, category=False, prefix="44")
        self.tariff.parent_id = self._create_tariff("Parent", {"price": 1})
        self.assertFalse(self.tariff.warning_text)
        self.tariff.band_rule = "split"
        said = self.tariff.warning_text
        self.assertIn("44 has no rate of its own at these hours: ", said)
        self.assertIn("Monday 08:00 to Monday 22:00", said)
        none = self.env["telecom.time.band"]
        self._band_rate(none, category=False, prefix="44")
        self.assertFalse(self.tariff.warning_text)

    def test_a_band_of_another_company_is_refused(self):
        other = self._telecom_company("Other")
        band = self._create_band("Theirs", NIGHT, company_id=other.id)
        with self.assertSays(ValidationError, "belongs to another company"):
            self._band_rate(band.sudo())

    def test_only_managers_change_hours(self):
        with self.assertRaises(AccessError):
            self.night.with_user(self.operator).priority = 5
        with self.assertRaises(AccessError):
            self.night.line_ids.with_user(self.operator).hour_from = 1
        self.assertEqual(self.night.with_user(self.reader).line_ids.hour_from, 22)

    # === VERSIONS === #

    def test_hours_that_have_decided_prices_stay(self):
        self._band_rate(self.night)
        self._prices("2026-10-05 23:00:00")
        with freeze_time("2026-10-20 08:00:00"):
            for change in (
                lambda: self.night.write({"priority": 30}),
                lambda: self.night.line_ids.write({"hour_from": 21}),
                lambda: self.night.line_ids.unlink(),
                lambda: self.night.write({"line_ids": [Command.create(SUNDAYS)]}),
            ):
                with self.assertSays(UserError, "New hours from"):
                    change()
            with self.assertSays(UserError, "stay as they are|is the band of"):
                self.night.unlink()
            self.night.name = "Nights"
        self.assertEqual(self.night.line_ids.hour_from, 22)

    def test_new_hours_from_a_date(self):
        rate = self._band_rate(self.night)
        self._prices("2026-10-05 21:30:00", "2026-10-05 23:00:00")
        wizard = self.env["telecom.time.band.successor"].with_user(self.manager)
        wizard = wizard.create(
            {"band_id": self.night.id, "date_start": "2026-10-09 22:00:00"}
        )
        self.assertEqual(wizard.line_ids.hour_from, 22)
        wizard.line_ids.hour_from = 21
        action = wizard.action_apply()
        after = self.env["telecom.time.band"].browse(action["res_id"])
        self.assertEqual((after.line_ids.hour_from, after.rate_count), (21, 1))
        self.assertEqual(after.rate_ids.price, 0.01)
        self.assertEqual(str(rate.date_end), "2026-10-09 22:00:00")
        self._process(
            row("C1", called="600000008", start="2026-10-10 21:30:00"), name="b.csv"
        )
        self.assertEqual(self._calls().mapped("price"), [0.09, 0.01, 0.01])

    def test_a_past_holiday_that_has_decided_prices_stays(self):
        band = self._create_band("Holidays", {"on_holidays": True}, priority=20)
        self._band_rate(band, 0.02)
        holiday = self.env["telecom.holiday"].create(
            {"name": "Day", "date": "2026-10-12", "company_id": self.company.id}
        )
        self._prices("2026-10-12 12:00:00")
        with freeze_time("2026-10-20 08:00:00"):
            holiday.invalidate_recordset()
            with self.assertSays(UserError, "stays as it was"):
                holiday.date = "2026-10-13"
            with self.assertSays(UserError, "stays as it was"):
                holiday.unlink()
        self.assertEqual(str(holiday.date), "2026-10-12")

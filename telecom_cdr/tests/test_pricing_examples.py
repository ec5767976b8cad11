# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices that people worked out by hand, from the file to the correction invoice.

Each example joins features that are tested alone elsewhere. Files are in UTC here, and
tariffs on the clocks of Madrid.
"""

import json
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .common import HEADER, MAPPING, USER, TelecomCommon
from .test_rating import row

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
MOBILE, LONDON = "600000099", "00442079460001"
EVERY_DAY = {"saturday": True, "sunday": True}
NO_DAY = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), False)


class ExampleCase(TelecomCommon, AccountTestInvoicingCommon):
    """Landline 0.02 a minute by 60/60 and 0.05 to connect; mobile 0.09 by seconds."""

    @classmethod
    def _telecom_company(cls, name):
        cls.env.user.group_ids += cls.env.ref("telecom_cdr.group_telecom_manager")
        cls.env.user.group_ids += cls.env.ref("telecom_cdr.group_telecom_cost")
        company = cls.company_data["company"]
        company.write(
            {
                "country_id": cls.env.ref("base.es").id,
                "telecom_tz": "Europe/Madrid",
                "currency_id": cls.env.ref("base.EUR").id,
            }
        )
        return company

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.insider = cls._new_user("insider", f"{USER},telecom_cdr.group_telecom_cost")
        cls.carrier.tz = "UTC"
        cls.dollar = cls.env.ref("base.USD")
        cls.dollar.active = True
        cls.mobile = cls.tariff.rate_ids.filtered(lambda r: r.category == "mobile")

    # === WHAT EXAMPLES ARE MADE OF === #

    def _add(self, tariff=None, tiers=(), **values):
        rate = self.env["telecom.rate"].create(
            {
                "tariff_id": (tariff or self.tariff).id,
                "tier_ids": [Command.create(tier) for tier in tiers],
                **values,
            }
        )
        self._forget_marks()
        return rate

    def _band(self, name, *lines, **values):
        return self.env["telecom.time.band"].create(
            {
                "name": name,
                "company_id": self.company.id,
                "line_ids": [Command.create(line) for line in lines],
                **values,
            }
        )

    def _discount(self, *lines, **owner):
        discount = self.env["telecom.discount"].create(
            {
                "name": f"Discount {self.env['telecom.discount'].search_count([])}",
                "company_id": self.company.id,
                "line_ids": [Command.create(line) for line in lines],
            }
        )
        return self.env["telecom.discount.assignment"].create(
            {"discount_id": discount.id, **owner}
        )

    def _give(self, *allowances, **values):
        dates = {n: values.pop(n) for n in ("date_start", "date_end") if n in values}
        bundle = self._create_bundle("B", *allowances, **values)
        return self._give_bundle(bundle, self.customer, **dates)

    def _dollars(self, day, rate):
        """So many dollars are a euro."""
        self.env["res.currency.rate"].create(
            {
                "name": day,
                "rate": rate,
                "currency_id": self.dollar.id,
                "company_id": self.company.id,
            }
        )

    def _rows(self, *calls):
        """Rows of (start in UTC, called, seconds), or with more values."""
        return [
            row(f"E{index}", start=start, called=called, seconds=seconds, **values)
            for index, (start, called, seconds, values) in enumerate(
                (*call, {})[:4] for call in calls
            )
        ]

    def _read(self, *calls):
        self._process(*self._rows(*calls))

    # === WHAT HOLDS FOR ALL === #

    def _assert_explained(self, call):
        """The explanation ends in the stored figure, and says so."""
        action = call.with_user(self.insider).action_explain()
        wizard = self.env[action["res_model"]].with_user(self.insider)
        wizard = wizard.browse(action["res_id"])
        values = wizard._values()
        self.assertTrue(values["is_priced"], call.duration)
        self.assertTrue(values["is_same"], wizard.steps)
        self.assertNotIn("alert-warning", str(wizard.steps))

    def _propose(self):
        self.env.flush_all()
        self._forget_marks()
        rerating = self.env["telecom.rerating"].create({"name": "Example"})
        rerating.action_propose()
        self.env.invalidate_all()
        return rerating

    def _assert_stays(self, prices):
        """Rated again, or proposed to be: nothing changes."""
        self.assertEqual(self._calls().action_rate(), 0)
        self._run_cron("rate")
        self.assertEqual(self._calls().mapped("price"), prices)
        proposal = self._propose()
        self.assertEqual(
            (proposal.call_count, proposal.changed_count), (len(prices), 0)
        )

    def _assert_billed(self):
        """Law 5: each line is the exact sum of its calls, rounded once."""
        moves = self.env["telecom.invoicing"]._invoice(self.customer, FIRST, LAST)
        calls = self._calls()
        self.assertEqual(set(calls.mapped("state")), {"invoiced"})
        lines = moves.invoice_line_ids.filtered("telecom_kind")
        for line in lines:
            exact = sum(Decimal(repr(c.price)) for c in calls if c.move_line_id == line)
            rounded = Decimal(exact).quantize(Decimal("0.01"), ROUND_HALF_UP)
            self.assertEqual(Decimal(str(line.price_subtotal)), rounded)
        return sorted(lines.mapped("price_subtotal"))

    def _assert_example(self, prices, lines):
        """What was read costs this, and is invoiced so."""
        self._run_cron("rate")
        calls = self._calls()
        self.assertEqual(calls.mapped("state"), ["rated"] * len(prices))
        self.assertEqual(calls.mapped("price"), prices)
        for call in calls:
            self._assert_explained(call)
        self._assert_stays(prices)
        self.assertEqual(self._assert_billed(), sorted(lines))
        for call in calls:
            self._assert_explained(call)
        self._assert_stays(prices)


@tagged("post_install", "-at_install")
class TestArithmeticExamples(ExampleCase):
    def test_night_tiers_and_the_hour_that_comes_twice(self):
        """100 s at night: 60 s at 0.06, then 2 steps of 30 s at 0.03 a minute.

        By day: 100 s at 0.09 a minute. 25 October 2026: both 2:30 are night.
        """
        night = self._band("Night", {"hour_from": 22, "hour_to": 6, **EVERY_DAY})
        self._add(
            tiers=[{"kind": "second", "start": 60, "price": 0.03, "increment": 30}],
            category="mobile",
            time_band_id=night.id,
            price=0.06,
            increments="60/60",
        )
        self._read(
            ("2026-10-24 19:59:59", MOBILE, 100),
            ("2026-10-24 20:00:00", MOBILE, 100),
            ("2026-10-25 00:30:00", MOBILE, 100),
            ("2026-10-25 01:30:00", MOBILE, 100),
            ("2026-10-25 04:59:59", MOBILE, 100),
            ("2026-10-25 05:00:00", MOBILE, 100),
        )
        self._assert_example([0.15, 0.09, 0.09, 0.09, 0.09, 0.15], [0.66])

    def test_split_bands_at_both_clock_changes(self):
        """Sundays 2:00 to 3:00 at 0.01, else 0.09 a minute and 0.05 to connect.

        29 March: that hour is not there. 25 October: it lasts two hours.
        """
        self.mobile.connect_fee = 0.05
        self.tariff.band_rule = "split"
        sunday = {**NO_DAY, "sunday": True}
        small = self._band("Small", {"hour_from": 2, "hour_to": 3, **sunday})
        self._add(category="mobile", time_band_id=small.id, price=0.01, connect_fee=0.5)
        self._read(
            ("2026-03-29 00:59:30", MOBILE, 60),  # 60 s at 0.09
            ("2026-10-24 23:59:30", MOBILE, 60),  # 30 s at 0.09, 30 s at 0.01
            ("2026-10-25 00:59:30", MOBILE, 60),  # 60 s at 0.01, connect 0.5
            ("2026-10-25 01:59:30", MOBILE, 60),  # 30 s at 0.01, 30 s at 0.09
        )
        self._assert_example([0.14, 0.1, 0.51, 0.55], [1.3])

    def test_holiday_beats_weekday_inside_a_call(self):
        """Into Monday 12 October, a holiday: 30 s at 0.09, 30 s at 0.02 a minute."""
        self.tariff.band_rule = "split"
        monday = self._band("Monday", {**NO_DAY, "monday": True, "hour_to": 24})
        feast = self._band("Feast", {"on_holidays": True, "hour_to": 24}, priority=20)
        self._add(category="mobile", time_band_id=monday.id, price=0.6)
        self._add(category="mobile", time_band_id=feast.id, price=0.02, connect_fee=1)
        self.env["telecom.holiday"].create(
            {"name": "Day", "date": "2026-10-12", "company_id": self.company.id}
        )
        self._discount({"percent": 10}, partner_id=self.customer.id)
        self._read(
            ("2026-10-11 21:59:30", MOBILE, 60),  # (0.045 + 0.01) x 0.9
            ("2026-10-12 21:59:30", MOBILE, 60),  # (1 + 0.01 + 0.045) x 0.9
            ("2026-10-18 21:59:30", MOBILE, 60),  # (0.045 + 0.3) x 0.9
        )
        self._assert_example([0.0495, 0.9495, 0.3105], [1.31])

    def test_pulses_in_dollars_and_a_surcharge_in_euro(self):
        """0.04 a pulse of 30 s and 0.1 to connect, in dollars: 3 pulses are 0.22.

        Half of it, and 0.05 euro: 0.0625 and 0.065 dollars by the day.
        """
        dollars = self._create_tariff(
            "Dollars",
            {
                "prefix": "44",
                "price_per": "pulse",
                "pulse_seconds": 30,
                "increments": "30/30",
                "price": 0.04,
                "connect_fee": 0.1,
            },
            currency_id=self.dollar.id,
        )
        self.customer.telecom_tariff_id = dollars
        self._dollars("2026-10-05", 1.25)
        self._dollars("2026-10-06", 1.3)
        euro = self.company.currency_id.id
        surcharge = {"percent": 50, "amount": 0.05, "currency_id": euro}
        self._discount(surcharge, partner_id=self.customer.id)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 61),
            ("2026-10-06 10:00:00", LONDON, 90),
            ("2026-10-06 11:00:00", LONDON, 0),
        )
        self.assertEqual(self._calls().currency_id, self.dollar)
        self._assert_example([0.1725, 0.175, 0], [0.35])

    def test_minimum_duration_first_price_and_free_seconds(self):
        """First 60 s at 0.12 a minute, then steps of 6 s at 0.06; 5 s are free.

        66 s: 61, at least 90: 0.12 + 0.03. 105 s: 100, so 102: 0.12 + 0.042. At most
        0.15, after 50 % off and 0.1 on top.
        """
        self._add(
            prefix="44",
            price=0.06,
            has_initial_price=True,
            initial_price=0.12,
            increments="60/6",
            minimum_duration=90,
            free_seconds=5,
            grace=3,
            has_maximum_price=True,
            maximum_price=0.18,
        )
        self._discount({"percent": 50, "amount": 0.1}, partner_id=self.customer.id)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 3),
            ("2026-10-05 10:01:00", LONDON, 5),
            ("2026-10-05 10:02:00", LONDON, 66),  # 0.15 / 2 + 0.1
            ("2026-10-05 10:03:00", LONDON, 105),  # 0.162 / 2 + 0.1, at most 0.18
            ("2026-10-05 10:04:00", LONDON, 6),  # as 90 s
        )
        self._assert_example([0, 0, 0.175, 0.18, 0.175], [0.53])

    def test_credits_are_rounded_as_charges_are(self):
        """3 s at 0.025 a minute are 0.00125: 0.0013 and -0.0013; half even 0.0012."""
        self.tariff.allow_negative = True
        self._add(prefix="44", price=-0.025)
        self._add(prefix="33", price=0.025)
        even = self._create_tariff(
            "Even",
            {"prefix": "44", "price": -0.025},
            {"prefix": "33", "price": 0.025},
            allow_negative=True,
            rounding="half_even",
        )
        two = self._create_number("+34910000002", self.customer)
        self.env["telecom.tariff.assignment"].create(
            {"number_id": two.id, "tariff_id": even.id}
        )
        paris = "0033199000001"
        other = {"caller": "910000002"}
        self._read(
            ("2026-10-05 10:00:00", LONDON, 3),
            ("2026-10-05 10:01:00", paris, 3),
            ("2026-10-05 10:02:00", LONDON, 3, other),
            ("2026-10-05 10:03:00", paris, 3, other),
            ("2026-10-05 10:04:00", paris, 600),
            ("2026-10-05 10:05:00", LONDON, 240, other),
        )
        self._assert_example(
            [-0.0013, 0.0013, -0.0012, 0.0012, 0.25, -0.1], [0.25, -0.1]
        )

    def test_a_step_at_a_tiers_edge_by_both_rules(self):
        """60/60; 0.6 a minute, 0.3 from second 91 on; 100 s.

        By the first second: two steps at 0.6. Each by itself: 90 s are two steps at
        0.6, 10 s are one at 0.3. Half of it in dollars a euro is 1.25 of.
        """
        tier = {"kind": "second", "start": 90, "price": 0.3}
        steps = {"price": 0.6, "increments": "60/60"}
        self._add(tiers=[tier], prefix="44", **steps)
        self._add(tiers=[tier], prefix="33", tier_rule="each", **steps)
        self._discount({"percent": 50}, number_id=self.number.id)
        self._dollars("2026-10-05", 1.25)
        surcharge = {"amount": 0.05, "currency_id": self.dollar.id}
        self._discount(surcharge, tariff_id=self.tariff.id)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 100),  # 1.2 / 2 + 0.04
            ("2026-10-05 10:02:00", "0033199000001", 100),  # 1.5 / 2 + 0.04
            ("2026-10-05 10:04:00", "0033199000001", 90),  # 1.2 / 2 + 0.04
            ("2026-10-05 10:06:00", LONDON, 121),  # (1.2 + 0.3) / 2 + 0.04
        )
        self._assert_example([0.64, 0.79, 0.64, 0.79], [2.86])

    def test_upper_edge_of_a_tier_of_the_month_and_all_at_the_total(self):
        """Up to 120 s at 0.6, then 0.3 a minute; or all by what the month comes to."""
        tier = {"kind": "volume", "start": 120, "price": 0.3}
        steps = {"price": 0.6, "increments": "30/30", "volume_unit": "seconds"}
        self._add(tiers=[tier], prefix="44", **steps)
        self._add(tiers=[tier], prefix="33", volume_rule="whole", **steps)
        self._discount({"percent": 10}, partner_id=self.customer.id)
        paris = "0033199000001"
        self._read(
            ("2026-10-05 10:00:00", LONDON, 95),  # 120 s at 0.6: 1.2 x 0.9
            ("2026-10-05 10:03:00", LONDON, 1),  # 30 s at 0.3: 0.15 x 0.9
            ("2026-10-05 10:06:00", paris, 91),  # 120 s at 0.3, as 150 s in all
            ("2026-10-05 10:09:00", paris, 1),
            ("2026-11-05 10:00:00", paris, 120),  # 120 s in November: at 0.6
            ("2026-11-05 10:03:00", LONDON, 151),  # 120 s at 0.6, 60 s at 0.3
        )
        self._assert_example([1.08, 0.135, 0.54, 0.135, 1.08, 1.35], [4.32])

    def test_a_block_over_the_tier_of_the_month_is_charged_whole(self):
        """60/60: the block that begins at unit 90 of 100 is wholly at 0.6."""
        tier = {"kind": "volume", "start": 100, "price": 0.3}
        self._add(
            tiers=[tier],
            prefix="44",
            price=0.6,
            increments="30/60",
            volume_unit="seconds",
            volume_scope="number",
        )
        self._create_number("+34910000002", self.customer)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 90),  # 30 + 60 at 0.6
            ("2026-10-05 10:03:00", LONDON, 31),  # 30 at 0.6, 60 at 0.3: 90 -> 120
            ("2026-10-05 10:03:00", LONDON, 31, {"caller": "910000002"}),  # 0.9
        )
        self._assert_example([0.9, 0.6, 0.9], [1.5, 0.9])

    def test_surcharge_of_a_department_in_dollars(self):
        """Half of 0.09, and 0.05 dollars that are 0.04 euro; a free call has none."""
        sales = self.env["telecom.department"].create(
            {
                "name": "Sales",
                "partner_id": self.customer.id,
                "company_id": self.company.id,
            }
        )
        self.number.department_id = sales
        self._dollars("2026-10-05", 1.25)
        self._dollars("2026-10-06", 1.3)
        self._discount({"percent": 50}, partner_id=self.customer.id)
        surcharge = {"amount": 0.05, "currency_id": self.dollar.id}
        self._discount(surcharge, department_id=sales.id)
        self._read(
            ("2026-10-05 10:00:00", MOBILE, 60),
            ("2026-10-05 10:02:00", MOBILE, 0),
            ("2026-10-06 10:00:00", MOBILE, 60),  # 0.045 + 0.03846
            ("2026-10-06 10:02:00", "912000001", 61),  # 0.045 + 0.03846, other product
        )
        self._assert_example([0.085, 0, 0.0835, 0.0835], [0.08, 0.17])

    def test_the_tariff_of_a_class_by_date(self):
        """Staff from 10:00 on at 0.06, a number of its own at 0.01 with 10 % off."""
        staff = self.env["telecom.customer.class"].create(
            {"name": "Staff", "company_id": self.company.id}
        )
        self.customer.telecom_class_id = staff
        cheap = self._create_tariff("Staff", {"price": 0.06, "increments": "30/30"})
        own = self._create_tariff("Own", {"category": "mobile", "price": 0.01})
        own.parent_id = cheap
        two = self._create_number("+34910000002", self.customer)
        assignments = self.env["telecom.tariff.assignment"]
        assignments.create(
            {
                "class_id": staff.id,
                "tariff_id": cheap.id,
                "date_start": "2026-10-05 10:00:00",
                "date_end": "2026-10-05 12:00:00",
            }
        )
        assignments.create({"number_id": two.id, "tariff_id": own.id})
        self._discount({"percent": 10}, tariff_id=own.id)
        other = {"caller": "910000002"}
        self._read(
            ("2026-10-05 09:59:59", MOBILE, 61),  # 0.0915
            ("2026-10-05 10:00:00", MOBILE, 61),  # 90 s at 0.06
            ("2026-10-05 10:05:00", MOBILE, 60, other),  # 0.01 x 0.9
            ("2026-10-05 10:10:00", "912000001", 60, other),  # parent: 0.06 x 0.9
            ("2026-10-05 12:00:00", MOBILE, 61),
        )
        self._assert_example([0.0915, 0.09, 0.009, 0.054, 0.0915], [0.05, 0.27, 0.01])

    def test_tiers_by_money_of_the_month_inside_a_call(self):
        """0.1 to connect, 0.6 a minute by 60/60; behind 1 euro 0.3.

        120 s: 0.1 + 0.6 + 0.6 (begun at 0.7). Then 0.1 + 0.3. With 0.4 to connect the
        second step begins at exactly 1: 0.4 + 0.6 + 0.3.
        """
        tier = {"kind": "volume", "start": 1, "price": 0.3}
        steps = {"price": 0.6, "increments": "60/60", "volume_unit": "amount"}
        self._add(tiers=[tier], prefix="44", connect_fee=0.1, **steps)
        self._add(tiers=[tier], prefix="33", connect_fee=0.4, **steps)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 120),
            ("2026-10-05 10:05:00", LONDON, 60),
            ("2026-10-05 10:10:00", "0033199000001", 61),
        )
        self._assert_example([1.3, 0.4, 1.3], [3])

    def test_the_rate_at_the_start_counts_with_its_free_seconds_and_band(self):
        """Until 22:00 0.6 and 0.05 to connect, 30 s free; then 0.06 a minute.

        From 21:59:45 on: 30 s free, 60 s at night. New prices from 22:00:00 on.
        """
        self.tariff.band_rule = "split"
        night = self._band("Night", {"hour_from": 22, "hour_to": 6, **EVERY_DAY})
        day = {"prefix": "44", "price": 0.6, "connect_fee": 0.05, "free_seconds": 30}
        rates = self._add(**day)
        rates += self._add(prefix="44", price=0.06, time_band_id=night.id)
        for rate, price in zip(rates, (1.2, 0.12), strict=True):
            rate._succeed("2026-10-05 20:00:00", {"price": price})
        self._forget_marks()
        self._read(
            ("2026-10-05 19:59:15", LONDON, 90),  # 30 free, 15 at 0.6, 45 at 0.06
            ("2026-10-05 19:59:45", LONDON, 90),  # 0.05 + 0.06
            ("2026-10-05 20:00:00", LONDON, 90),  # 90 s at 0.12
            ("2026-10-06 04:00:00", LONDON, 90),  # 0.05 + 60 s at 1.2
        )
        self._assert_example([0.245, 0.11, 0.18, 1.25], [1.79])

    def test_a_markup_on_a_cost_in_dollars(self):
        """0.03 dollars a minute by 60/60: 61 s are 0.06, 0.048 euro; 50 % more."""
        self.carrier.currency_id = self.dollar
        self.carrier.cost_tariff_id = self._create_tariff(
            "Cost",
            {"price": 0.03, "increments": "60/60"},
            is_cost=True,
            currency_id=self.dollar.id,
        )
        self._dollars("2026-10-05", 1.25)
        self._add(prefix="44", method="markup", markup=50, connect_fee=0.01)
        self._discount({"percent": 10}, partner_id=self.customer.id)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 61, {"amount": "9"}),
            ("2026-10-05 10:05:00", MOBILE, 60),
        )
        self._run_cron("rate")
        calls = self._calls()
        self.assertEqual(calls.mapped("cost"), [0.06, 0.03])
        # (0.01 + 0.072) x 0.9 and 0.09 x 0.9, less 0.048 and 0.024
        self.assertEqual(calls.mapped("margin"), [0.0258, 0.057])
        self._assert_example([0.0738, 0.081], [0.07, 0.08])

    def test_a_formula_on_what_a_bundle_leaves(self):
        """90 of 120 s are left: two minutes begun at 0.1, and 0.05; 10 % off."""
        self._add(
            prefix="44",
            method="formula",
            formula="max(units, 1) * 0.1 + if(duration > 60, 0.05, 0)",
            units_formula="ceil(duration / 60)",
        )
        self._give({"seconds": 30})
        self._discount({"percent": 10}, partner_id=self.customer.id)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 120), ("2026-10-05 10:05:00", LONDON, 60)
        )
        self._assert_example([0.225, 0.09], [0.32])

    def test_a_holiday_of_25_and_one_of_23_hours(self):
        """At 0.02 a minute: 90,000 s are 30, 82,800 s are 27.6; 0.09 around them."""
        self.tariff.band_rule = "split"
        feast = self._band("Feast", {"on_holidays": True, "hour_to": 24}, priority=20)
        self._add(category="mobile", time_band_id=feast.id, price=0.02)
        for day in ("2026-03-29", "2026-10-25"):
            self.env["telecom.holiday"].create(
                {"name": day, "date": day, "company_id": self.company.id}
            )
        self._read(
            ("2026-03-28 22:59:30", MOBILE, 82_860),  # 30 s before and after
            ("2026-10-24 21:59:30", MOBILE, 90_060),
        )
        self._assert_example([27.69, 30.09], [57.78])

    def test_the_tariff_of_the_rate_rounds(self):
        """25 s and 27 s at 0.3 are 0.125 and 0.135: half even, by 2 decimals."""
        self.tariff.parent_id = self._create_tariff(
            "Parent",
            {"prefix": "44", "price": 0.3},
            rounding_digits=2,
            rounding="half_even",
        )
        self._read(
            ("2026-10-05 10:00:00", LONDON, 25),
            ("2026-10-05 10:01:00", LONDON, 27),
            ("2026-10-05 10:02:00", MOBILE, 25),
        )
        self._assert_example([0.12, 0.14, 0.0375], [0.26, 0.04])

    def test_a_parent_in_dollars_is_paid_in_euros(self):
        """3 pulses at 0.04 and 0.1 to connect are 0.22 dollars, at 1.25: 0.176."""
        self._dollars("2026-10-05", 1.25)
        self.tariff.parent_id = self._create_tariff(
            "Wholesale prices",
            {
                "prefix": "44",
                "price": 0.04,
                "price_per": "pulse",
                "pulse_seconds": 30,
                "increments": "30/30",
                "connect_fee": 0.1,
            },
            currency_id=self.dollar.id,
        )
        self._read(("2026-10-05 10:00:00", LONDON, 61))
        self.assertEqual(self._calls().currency_id, self.company.currency_id)
        self.assertEqual(self._calls().conversion, "4/5")
        self._assert_example([0.176], [0.18])


@tagged("post_install", "-at_install")
class TestBundleExamples(ExampleCase):
    def test_tier_of_the_month_inside_a_partly_covered_call(self):
        """60 s are covered; 120 s at 0.6, then 0.3 a minute; 10 % off.

        40 s: 0.4. 80 s at 0.6 and 40 s at 0.3: 1.0. 30 s: 0.15. In all 1.395.
        """
        tier = {"kind": "volume", "start": 120, "price": 0.3}
        self._add(tiers=[tier], prefix="44", price=0.6, volume_unit="seconds")
        self._give({"seconds": 60})
        self._discount({"percent": 10}, partner_id=self.customer.id)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 100),
            ("2026-10-05 10:05:00", LONDON, 120),
            ("2026-10-05 10:10:00", LONDON, 30),
        )
        self._assert_example([0.36, 0.9, 0.135], [1.4])

    def test_rollover_top_up_and_part_of_a_month_in_any_order(self):
        """15 of 31 days: 145 s, 45 used. November: 300 + 100 + 60; December: 300."""
        given = self._give(
            {"seconds": 300, "rollover_months": 1},
            is_shared=True,
            prorate_allowance=True,
            date_start="2026-10-16 22:00:00",
        )
        self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": given.id,
                "allowance_id": given.bundle_id.allowance_ids.id,
                "period_start": "2026-11-01",
                "quantity": 60,
                "price": 2,
            }
        )
        rows = self._rows(
            ("2026-10-16 21:59:59", MOBILE, 60),
            ("2026-10-20 10:00:00", MOBILE, 45),
            ("2026-11-20 10:00:00", MOBILE, 500),
            ("2026-12-20 10:00:00", MOBILE, 310),
        )
        prices = [0.09, 0, 0.06, 0.015]
        for order in ((3, 2, 1, 0), (2, 0, 3, 1), (0, 1, 2, 3)):
            self.env["telecom.file"].search([]).action_revert()
            for place in order:
                self._process(rows[place], name=f"{order}{place}.csv")
            self._run_cron("rate")
            self.assertEqual(self._calls().mapped("price"), prices, order)
        self._assert_example(prices, [0.17])

    def test_cost_and_markup_of_a_partly_covered_call(self):
        """Cost 0.012 a minute by 60/60: 121 s cost 0.036, whatever is covered.

        A mark-up of 10 % (above 0.02) on the 61 of 121 s that are left.
        """
        self.carrier.cost_tariff_id = self._create_tariff(
            "Cost", {"price": 0.012, "increments": "60/60"}, is_cost=True
        )
        tier = {"kind": "cost", "start": 0.02, "markup": 10}
        self._add(tiers=[tier], prefix="44", method="markup", markup=50)
        self._give({"seconds": 120})
        self._read(
            ("2026-10-05 10:00:00", MOBILE, 60),
            ("2026-10-05 10:05:00", LONDON, 121),  # 0.0396 x 61 / 121 = 0.01996
            ("2026-10-05 10:10:00", LONDON, 60),  # 0.012 + 50 %
        )
        self._run_cron("rate")
        calls = self._calls()
        self.assertEqual(calls.mapped("cost"), [0.012, 0.036, 0.012])
        self.assertEqual(calls.mapped("bundle_duration"), [60, 60, 0])
        self._assert_example([0, 0.02, 0.018], [0, 0.04])

    def test_steps_run_on_through_the_bundle_or_begin_anew(self):
        """60/60 at 0.06 and 0.05 to connect, 20 s covered; 90 s.

        A call of its own: 70 s are 120 s, 0.12 + 0.05. Run on: 120 s less 20 s: 0.1.
        """
        self._add(prefix="44", price=0.06, increments="60/60", connect_fee=0.05)
        self._discount({"percent": 50}, partner_id=self.customer.id)
        for run_through, rule, price in (
            (False, "unless_whole", 0.085),
            (True, "unless_whole", 0.075),
            (True, "never", 0.05),
            (False, "always", 0.085),
        ):
            with self.subTest(run_through=run_through, rule=rule):
                self.env["telecom.file"].search([]).action_revert()
                self.env["telecom.bundle.subscription"].search([]).unlink()
                self._give({"seconds": 20}, run_through=run_through, connect_rule=rule)
                self._read(("2026-10-05 10:00:00", LONDON, 90))
                call = self._calls()
                self.assertEqual((call.bundle_duration, call.price), (20, price))
                self._assert_explained(call)
                self._assert_stays([price])

    def test_calls_that_are_free_take_nothing(self):
        """0 s, grace, free seconds, a price of 0: none takes of the 100 s."""
        self._add(prefix="44", price=0.6, grace=5)
        self._add(prefix="33", price=0.6, free_seconds=10)
        self._add(prefix="39", price=0)
        self._give({"seconds": 100}, connect_rule="always")
        self._read(
            ("2026-10-05 10:00:00", LONDON, 0),
            ("2026-10-05 10:01:00", LONDON, 5),
            ("2026-10-05 10:02:00", "0033199000001", 10),
            ("2026-10-05 10:03:00", "0039060000001", 600),
            ("2026-10-05 10:15:00", "912000001", 60),  # always: 0.05 to connect
            ("2026-10-05 10:17:00", LONDON, 60),  # 40 covered, 20 at 0.6
        )
        self._run_cron("rate")
        draws = self.env["telecom.bundle.draw"].search([])
        self.assertEqual(sorted(draws.mapped("quantity")), [40, 60])
        self._assert_example([0, 0, 0, 0, 0.05, 0.2], [0.05, 0.2])

    def test_seconds_then_money_then_a_discount_on_the_rest(self):
        """60 s covered, then 0.1 paid, then half of what is left; 10 % off before."""
        self._discount({"percent": 10}, partner_id=self.customer.id)
        self._give({"seconds": 60}, {"amount": 0.1, "rest_discount": 50})
        self._read(
            ("2026-10-05 10:00:00", MOBILE, 180),  # 120 s: 0.162 - 0.1 = 0.062 / 2
            ("2026-10-05 10:05:00", MOBILE, 60),  # 0.081 / 2 = 0.0405
        )
        self._assert_example([0.031, 0.0405], [0.07])

    def test_steps_and_prices_of_two_bundles(self):
        """First 60 s in steps of 20 at 0.001 a second and 0.01 a call, then 30 s.

        61 s take 60 of the first and 1 of the second: 0.01 + 0.06. 60 s at 0.09 with
        29 s left of the second: 31 s at 0.09 a minute. 10 % off only what is rated.
        """
        self._discount({"percent": 10}, partner_id=self.customer.id)
        first = {"bundle_initial": 20, "bundle_increment": 20, "covered_price": 0.001}
        self._give({"seconds": 60}, covered_connect_fee=0.01, **first)
        second = self._create_bundle("Second", {"seconds": 30})
        self._give_bundle(second, self.customer, priority=20)
        self._read(
            ("2026-10-05 10:00:00", MOBILE, 61),
            ("2026-10-05 10:05:00", MOBILE, 60),  # 0.0465 x 0.9
        )
        self._assert_example([0.07, 0.0419], [0.11])

    def test_run_through_with_tiers_by_second_and_minimum_price(self):
        """30/30; 0.6 a minute, 0.3 from second 60 on; 45 s covered; at least 0.5.

        121 s are 150: 60 at 0.6, 90 at 0.3; less 45 at 0.6: 0.15 + 0.45 = 0.6. 61 s in
        the next month are 90: 15 s at 0.6 and 30 at 0.3 are 0.3: 0.5.
        """
        tier = {"kind": "second", "start": 60, "price": 0.3}
        self._add(
            tiers=[tier],
            prefix="44",
            price=0.6,
            increments="30/30",
            has_minimum_price=True,
            minimum_price=0.5,
        )
        self._give({"seconds": 45}, run_through=True)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 121),
            ("2026-11-05 10:00:00", LONDON, 61),
            ("2026-12-05 10:00:00", LONDON, 45),  # covered: no minimum
        )
        self._assert_example([0.6, 0.5, 0], [1.1])

    def test_minutes_or_money_with_a_tier_of_the_month(self):
        """120 s worth at most 0.06 at the prices without bundle: 0.09 a minute.

        The first call takes 40 s (0.06). Tier above 50 s of the month: 0.03.
        """
        tier = {"kind": "volume", "start": 50, "price": 0.03}
        self._add(tiers=[tier], prefix="44", price=0.09, volume_unit="seconds")
        self._give({"seconds": 120, "amount_limit": 0.06})
        self._read(
            ("2026-10-05 10:00:00", LONDON, 50),  # worth 0.075: 40 covered, 10 left
            ("2026-10-05 10:05:00", LONDON, 60),  # 40 at 0.09, 20 at 0.03
        )
        self._run_cron("rate")
        self.assertEqual(self._calls().mapped("bundle_duration"), [40, 0])
        self._assert_example([0.015, 0.07], [0.09])

    def test_a_bundle_that_begins_inside_the_night_of_the_clock_change(self):
        """From the second 2:30 on: 60 s; night at 0.01 a minute, split at 3:00."""
        self.tariff.band_rule = "split"
        sunday = {**NO_DAY, "sunday": True}
        small = self._band("Small", {"hour_from": 2, "hour_to": 3, **sunday})
        self._add(category="mobile", time_band_id=small.id, price=0.01)
        self._give({"seconds": 60}, date_start="2026-10-25 01:30:00")
        self._read(
            ("2026-10-25 00:30:00", MOBILE, 60),  # 0.01
            ("2026-10-25 01:59:00", MOBILE, 90),  # 60 covered, 30 s after 3:00
        )
        self._assert_example([0.01, 0.045], [0.06])

    def test_first_price_of_a_step_that_a_bundle_covers_in_part(self):
        """First 60 s at 0.12, then 6 s at 0.06; 30 of 90 s covered.

        Run on: 30 s at 0.12 and 30 at 0.06. Anew: 60 s at 0.12 a minute.
        """
        self._add(
            prefix="44",
            price=0.06,
            has_initial_price=True,
            initial_price=0.12,
            increments="60/6",
        )
        two = self._create_number("+34910000002", self.customer)
        for number, runs in ((self.number, True), (two, False)):
            bundle = self._create_bundle(
                f"B{runs}", {"seconds": 30}, run_through=runs, is_shared=True
            )
            self._give_bundle(bundle, self.customer, number_ids=number.ids)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 90),
            ("2026-10-05 10:05:00", LONDON, 90, {"caller": "910000002"}),
        )
        self._assert_example([0.09, 0.12], [0.09, 0.12])

    def test_billing_day_bundle_and_tiers_in_any_order(self):
        """Periods from the 15th of Madrid; 30 s covered; 60 s at 0.6, then 0.3."""
        self.customer.telecom_billing_day = 15
        tier = {"kind": "volume", "start": 60, "price": 0.3}
        self._add(tiers=[tier], prefix="44", price=0.6, volume_unit="seconds")
        self._give({"seconds": 30})
        rows = self._rows(
            ("2026-10-14 21:59:59", LONDON, 120),  # 60 at 0.6, 30 at 0.3
            ("2026-10-14 22:00:00", LONDON, 60),  # 30 at 0.6
            ("2026-11-14 22:59:59", LONDON, 60),  # 30 at 0.6, 30 at 0.3
            ("2026-11-14 23:00:00", LONDON, 60),  # 30 at 0.6
        )
        prices = [0.75, 0.3, 0.45, 0.3]
        for order in ((3, 2, 1, 0), (2, 0, 3, 1), (0, 1, 2, 3)):
            self.env["telecom.file"].search([]).action_revert()
            for place in order:
                self._process(rows[place], name=f"{order}{place}.csv")
            self._run_cron("rate")
            self.assertEqual(self._calls().mapped("price"), prices, order)
        self._assert_example(prices, [1.8])

    def test_a_call_plan_over_a_class(self):
        """The plan's 0.03 by 60/60 over the class's 0.5; half off by the plan."""
        staff = self.env["telecom.customer.class"].create(
            {"name": "Staff", "company_id": self.company.id}
        )
        self.customer.telecom_class_id = staff
        dear = self._create_tariff("Class", {"price": 0.5})
        self.env["telecom.tariff.assignment"].create(
            {"class_id": staff.id, "tariff_id": dear.id}
        )
        plan = self._create_tariff("Plan", {"price": 0.03, "increments": "60/60"})
        self._discount({"percent": 50}, tariff_id=plan.id)
        self._give({"seconds": 60}, tariff_id=plan.id, date_start="2026-10-05 10:00:00")
        self._read(
            ("2026-10-05 09:59:59", MOBILE, 60),  # the class
            ("2026-10-05 10:05:00", MOBILE, 121),  # 61 s are 120: 0.06 / 2
        )
        self._assert_example([0.5, 0.03], [0.53])

    def test_data_and_messages_in_tiers_of_the_month(self):
        """Steps of 1 MB, then 0.5; 0.6 MB covered; up to 3 MB at 1, then 0.5 a MB.

        2.1 MB are 2.5; 1.6 MB are 2: the first, begun at 2.5, at 1. Of four messages
        one is covered, two are at 0.1, one at 0.05; 10 % off.
        """
        self.format.service_rules = json.dumps(
            [
                {"column": "service", "pattern": "^SMS$", "service": "sms"},
                {"column": "service", "pattern": "^GPRS$", "service": "data"},
            ]
        )
        self.format.column_mapping = json.dumps({**MAPPING, "volume": "bytes"})
        self.format.duration_rounding = "up"
        self._add(
            tiers=[{"kind": "volume", "start": 3_000_000, "price": 0.5}],
            service="data",
            method="volume",
            price=1,
            volume_initial=1_000_000,
            volume_increment=500_000,
            volume_unit="bytes",
        )
        self._add(
            tiers=[{"kind": "volume", "start": 2, "price": 0.05}],
            service="sms",
            method="volume",
            price=0.1,
            volume_unit="messages",
        )
        self._give(
            {"service": "data", "bytes": 600_000}, {"service": "sms", "messages": 1}
        )
        self._discount({"percent": 10, "service": "sms"}, partner_id=self.customer.id)
        lines = [
            f"2026-10-05 10:0{index}:00,910000001,{MOBILE},{seconds},,S{index},{rest}"
            for index, (seconds, rest) in enumerate(
                (
                    ("0", "2700000,GPRS"),
                    ("0", "1600000,GPRS"),
                    *[("0", ",SMS")] * 4,
                    ("60.2", ",VOICE"),
                )
            )
        ]
        header = HEADER.strip() + ",bytes,service"
        self._upload("\n".join([header, *lines, ""])).action_process()
        self._assert_example([2.5, 1.5, 0, 0.09, 0.09, 0.045, 0.0915], [4.32])

    def test_an_allowance_of_calls_with_prices_of_its_own(self):
        """One call at 0.02 and 0.0001 a second; then 0.6, then 0.3 a call.

        0.1 to connect; 10 % off, and 0.01 on top of what is rated.
        """
        self._add(
            tiers=[{"kind": "volume", "start": 1, "price": 0.3}],
            prefix="44",
            price=0.6,
            method="call",
            connect_fee=0.1,
            volume_unit="calls",
        )
        self._give({"calls": 1}, covered_connect_fee=0.02, covered_price=0.0001)
        self._discount({"percent": 10, "amount": 0.01}, partner_id=self.customer.id)
        self._read(
            ("2026-10-05 10:00:00", LONDON, 60),
            ("2026-10-05 10:02:00", LONDON, 60),  # 0.7 x 0.9 + 0.01
            ("2026-10-05 10:04:00", LONDON, 60),  # 0.4 x 0.9 + 0.01
        )
        self._assert_example([0.026, 0.64, 0.37], [1.04])

    def test_what_a_discount_makes_free_takes_nothing(self):
        """100 s: nothing for a credit, nothing for a call that is 100 % off."""
        self.tariff.allow_negative = True
        self._add(prefix="44", price=-0.6)
        self._add(prefix="33", price=0.6)
        free = {"percent": 100, "category": "mobile"}
        self._discount(free, partner_id=self.customer.id)
        self._give({"seconds": 100})
        self._read(
            ("2026-10-05 10:00:00", LONDON, 60),
            ("2026-10-05 10:02:00", MOBILE, 60),
            ("2026-10-05 10:04:00", "0033199000001", 120),
        )
        self._assert_example([-0.6, 0, 0.2], [-0.4, 0])


@tagged("post_install", "-at_install")
class TestRerateExamples(ExampleCase):
    def _succeed(self, rate, date_start="2026-10-01 00:00:00", **values):
        rate._succeed(date_start, values)
        self._forget_marks()

    def _bill(self, day=LAST):
        moves = self.env["telecom.invoicing"]._invoice(self.customer, FIRST, day)
        moves.invoice_date = day
        moves.action_post()
        return moves

    def _apply(self, proposal):
        proposal.action_apply()
        self.env.invalidate_all()
        return proposal.move_ids

    def test_late_price_is_trued_up_once(self):
        """60 of 120 s covered, 10 % off: 0.27 at 0.3 a minute, 0.495 at 0.55."""
        late = self._add(
            prefix="44", price=0.3, is_late_priced=True, late_rule="provisional"
        )
        self._give({"seconds": 60})
        self._discount({"percent": 10}, partner_id=self.customer.id)
        self._read(("2026-10-05 10:00:00", LONDON, 120))
        self.assertEqual(self._calls().price, 0.27)
        self._bill()
        wizard = self.env["telecom.rate.successor"].create(
            {"rate_id": late.id, "price": 0.55}
        )
        wizard.action_apply()
        proposal = self._propose()
        self.assertEqual((proposal.call_count, proposal.changed_count), (1, 1))
        move = self._apply(proposal)
        self.assertEqual(
            (move.move_type, move.invoice_line_ids.mapped("price_subtotal")),
            ("out_invoice", [0.23]),  # 0.225, half up
        )
        self.assertEqual(self._calls().correction_ids.amount, 0.225)
        self.assertEqual(self._calls().price, 0.27)
        self.assertEqual(self._propose().changed_count, 0)
        move.action_post()
        self.assertEqual(self._propose().changed_count, 0)

    def test_the_month_goes_on_behind_what_is_invoiced(self):
        """Up to 100 s at 0.6, then 0.3; 80 s invoiced, 60 covered before: 20 + 60.

        Then 80 and 20 s: 80 at 0.6; then 0.3. A dearer price corrects the first.
        """
        tier = {"kind": "volume", "start": 100, "price": 0.3}
        rate = self._add(tiers=[tier], prefix="44", price=0.6, volume_unit="seconds")
        self._give({"seconds": 60})
        self._read(("2026-10-05 10:00:00", LONDON, 80))
        self._bill(date(2026, 10, 10))
        later = (
            row("L1", start="2026-10-20 10:00:00", called=LONDON, seconds=80),
            row("L2", start="2026-10-20 11:00:00", called=LONDON, seconds=20),
        )
        self._process(*later, name="later.csv")
        self._run_cron("rate")
        self.assertEqual(self._calls().mapped("price"), [0.2, 0.8, 0.1])
        self._assert_stays([0.2, 0.8, 0.1])
        for call in self._calls():
            self._assert_explained(call)
        self._succeed(rate, price=0.9)
        proposal = self._propose()
        move = self._apply(proposal)
        self.assertEqual(move.invoice_line_ids.mapped("price_subtotal"), [0.1])
        self.assertEqual(self._calls().mapped("price"), [0.2, 1.2, 0.1])
        self.assertEqual(self._propose().changed_count, 0)

    def test_a_bundle_that_comes_late_gives_what_was_invoiced_back(self):
        """Of 100 and 50 s at 0.09: 0.15 and 0.075; 120 s come to be covered."""
        self._read(
            ("2026-10-05 10:00:00", MOBILE, 100), ("2026-10-05 11:00:00", MOBILE, 50)
        )
        self._bill()
        self._give({"seconds": 120})
        proposal = self._propose()
        self.assertEqual((proposal.call_count, proposal.changed_count), (2, 2))
        move = self._apply(proposal)
        self.assertEqual(move.move_type, "out_refund")
        self.assertEqual(
            self._calls().mapped(lambda c: c.correction_ids.amount), [-0.15, -0.03]
        )
        self.assertEqual(move.invoice_line_ids.mapped("price_subtotal"), [0.18])
        self.assertEqual(self._propose().changed_count, 0)

    def test_a_call_that_comes_after_the_invoice_of_later_ones(self):
        """60 s of 20 October are invoiced at 0.6; 60 s of the 5th come at 0.3.

        And 30 s are covered: those of the 20th, not those of the 5th.
        """
        tier = {"kind": "volume", "start": 30, "price": 0.3}
        self._add(tiers=[tier], prefix="44", price=0.6, volume_unit="seconds")
        self._give({"seconds": 30})
        self._process(row("A", start="2026-10-20 10:00:00", called=LONDON), name="a")
        self._bill()
        self._process(row("B", start="2026-10-05 10:00:00", called=LONDON), name="b")
        self._run_cron("rate")
        self.assertEqual(self._calls().mapped("price"), [0.3, 0.3])
        self.assertEqual(self._calls().mapped("bundle_duration"), [0, 30])
        for call in self._calls():
            self._assert_explained(call)
        self._assert_stays([0.3, 0.3])

    def test_a_number_that_changes_hands_has_two_months(self):
        """90 s each: 60 at 0.6 and 30 at 0.3, for the old and the new holder."""
        other = self._create_customer("Other")
        self.number.date_end = "2026-10-05 10:00:00"
        self._create_number("+34910000001", other, date_start="2026-10-05 10:00:00")
        tier = {"kind": "volume", "start": 60, "price": 0.3}
        self._add(tiers=[tier], prefix="44", price=0.6, volume_unit="seconds")
        self._read(
            ("2026-10-05 09:59:00", LONDON, 90), ("2026-10-05 10:00:00", LONDON, 90)
        )
        self.assertEqual(self._calls().mapped("price"), [0.75, 0.75])
        for call in self._calls():
            self._assert_explained(call)
        self._assert_stays([0.75, 0.75])

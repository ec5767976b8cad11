# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_explanation import ExplanationMixin
from .test_rating import row


@tagged("post_install", "-at_install")
class TestRatePricing(RefusalMixin, ExplanationMixin, TelecomCommon):
    """What rates can ask for, from the form to the stored figure and its words."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("reader", READER)
        cls.manager = cls._new_user("manager", MANAGER)
        cls.insider = cls._new_user("insider", f"{USER},telecom_cdr.group_telecom_cost")
        cls.manager_env = cls.env(user=cls.manager)

    def _add(self, **values):
        """A rate, by a manager, who sees costs where the rate may tell any."""
        values = {"tariff_id": self.tariff.id, "prefix": "44", **values}
        tells = values.get("markup") or values.get("method") == "formula"
        env = self.env if tells else self.manager_env
        rate = env["telecom.rate"].create(values)
        self._forget_marks()
        return rate.sudo(False).with_env(self.env)

    def _call(self, seconds=60, called="00442079460001", **values):
        id_ = f"X{len(self._calls())}"
        self._process(row(id_, called=called, seconds=seconds, **values), name=id_)
        return self._calls()[-1]

    # === METHODS AND STEPS === #

    def test_methods(self):
        """Rate, seconds of the call, price, and words of the explanation."""
        second = {"kind": "second", "start": 60, "price": 0.06}
        for index, (values, seconds, price, words) in enumerate(
            (
                ({"price": 0.01, "price_per": "second"}, 61, 0.61, "a second"),
                (
                    {
                        "price": 0.05,
                        "price_per": "pulse",
                        "pulse_seconds": 20,
                        "increments": "20/20",
                    },
                    61,
                    0.2,
                    "a pulse of 20 s",
                ),
                (
                    {
                        "price": 0.06,
                        "has_initial_price": True,
                        "initial_price": 0.12,
                        "increments": "60/60",
                    },
                    121,
                    0.24,
                    "First step",
                ),
                ({"price": 0.06, "free_seconds": 30}, 90, 0.06, "first 30 s"),
                ({"price": 0.06, "free_seconds": 30}, 30, 0, "cost nothing"),
                (
                    {"price": 0.6, "tier_ids": [Command.create(second)]},
                    120,
                    0.66,
                    "tier above 60 s",
                ),
                (
                    {
                        "method": "formula",
                        "formula": "0.05 + units * 0.02",
                        "units_formula": "ceil(duration / 60)",
                    },
                    61,
                    0.09,
                    "units = 2",
                ),
            )
        ):
            self._add(prefix=f"442{index}", **values)
            called, start = f"00442{index}79460001", f"2026-10-0{index + 1} 10:00:00"
            call = self._call(seconds, called, start=start)
            self.assertEqual((call.state, call.price), ("rated", price), values)
            text = self._explain_call(call, self.reader)
            self.assertIn(words, text)

    def test_tiers_of_the_month(self):
        """A minute at 0.6, and what the month has above that at 0.06."""
        tier = {"kind": "volume", "start": 60, "price": 0.06}
        self._add(price=0.6, volume_unit="seconds", tier_ids=[Command.create(tier)])
        self._call(30)
        self._call(60, start="2026-10-05 11:00:00")
        self._call(60, start="2026-11-05 11:00:00")
        self._run_cron("rate")
        calls = self._calls()
        self.assertEqual(calls.mapped("price"), [0.3, 0.33, 0.6])
        self.assertEqual(calls.mapped("tier_from"), [0, 30, 0])
        text = self._explain_call(calls[1], self.reader)
        self.assertIn("the month of the customer held 0:00:30", text)
        self.assertIn("tier of the month above 0:01:00", text)

    def test_bytes_are_billed_in_steps(self):
        rate = self._add(
            prefix=False,
            service="data",
            method="volume",
            price=0.01,
            volume_initial=100_000,
            volume_increment=100_000,
        )
        self.assertEqual((rate.volume_initial, rate.volume_increment), (100000, 100000))

    def test_a_formula_that_has_no_value_leaves_the_call_waiting(self):
        self._add(method="formula", formula="1 / (duration - 60)")
        call = self._call(60)
        self.assertEqual((call.state, call.rating_reason), ("unrated", "formula"))

    def test_markup_tiers_tell_no_cost(self):
        tier = {"kind": "cost", "start": 0.02, "markup": 10}
        self._add(method="markup", markup=50, tier_ids=[Command.create(tier)])
        call = self._call(60, amount="0.04")
        self.assertEqual(call.price, 0.044)
        page = self._explain_call(call, self.reader)
        for word in ("0.04 ", "10.00", "Tier by cost"):
            self.assertNotIn(word, page)
        page = self._explain_call(call, self.insider)
        self.assertIn("above 0.02 €", page)
        self.assertIn("10.00 %", page)
        tiers = self.env["telecom.rate.tier"]
        self.assertFalse(tiers.with_user(self.reader).search([("kind", "=", "cost")]))
        self.assertFalse(tiers.with_user(self.manager).search([("kind", "=", "cost")]))
        self.assertTrue(tiers.with_user(self.insider).search([("kind", "=", "cost")]))

    def test_a_formula_over_the_cost_is_not_told(self):
        self._add(method="formula", formula="cost * 1.5")
        call = self._call(60, amount="0.04")
        self.assertEqual(call.price, 0.06)
        self.assertNotIn("1.5", self._explain_call(call, self.reader))
        self.assertIn("cost * 1.5", self._explain_call(call, self.insider))

    def test_rules_come_before_prefixes_in_their_order(self):
        self._add(price=0.1)
        for sequence, pattern, price in ((20, r"^\+4420", 0.2), (10, "46", 0.3)):
            self._add(
                prefix=False, called_pattern=pattern, sequence=sequence, price=price
            )
        call = self._call()
        self.assertEqual(call.price, 0.3)
        self.assertIn("rules come first", self._explain_call(call, self.reader))

    def test_provisional_price_is_charged_and_replaced(self):
        late = self._add(price=0.3, is_late_priced=True, late_rule="provisional")
        call = self._call()
        self.assertEqual((call.state, call.price), ("rated", 0.3))
        wizard = self.manager_env["telecom.rate.successor"].create(
            {"rate_id": late.id, "price": 0.2}
        )
        self.assertTrue(wizard.from_beginning)
        wizard.action_apply()
        self.assertFalse(late.active)
        self._run_cron("rate")
        self.assertEqual(call.price, 0.2)
        self.assertFalse(call.rate_id.is_late_priced)

    def test_a_waiting_call_gets_the_final_price(self):
        late = self._add(price=0, is_late_priced=True)
        call = self._call()
        self.assertEqual(call.state, "late")
        late.with_user(self.manager).write({"is_late_priced": False, "price": 0.2})
        self._run_cron("rate")
        self.assertEqual((call.state, call.price), ("rated", 0.2))
        with self.assertSays(UserError, "New price from"):
            late.price = 0.1

    # === WHAT IS REFUSED === #

    def test_mistakes_are_refused_in_words(self):
        tier = {"kind": "second", "start": 60}
        for values, words in (
            ({"method": "formula"}, "Write the formula"),
            ({"method": "formula", "formula": "1 +"}, "at character 4"),
            ({"method": "formula", "formula": "__import__(1)"}, "at character 1"),
            ({"method": "formula", "formula": "1 / 0"}, "divides by zero"),
            ({"called_pattern": "(34"}, r"no regular expression.*missing \)"),
            ({"called_pattern": "(?=34)"}, "no regular expression"),
            ({"volume_unit": "messages"}, "not counted in Messages"),
            (
                {"method": "call", "tier_ids": [Command.create(tier)]},
                "need a price by duration",
            ),
            (
                {"tier_ids": [Command.create({**tier, "kind": "cost"})]},
                "need a mark-up",
            ),
            (
                {"tier_ids": [Command.create({**tier, "kind": "volume"})]},
                "choose what the rate counts",
            ),
            (
                {"tier_ids": [Command.create({**tier, "price": -1})]},
                "negative price, which the tariff Retail does not allow",
            ),
        ):
            with self.assertSays(ValidationError, words):
                self._add(**values)
        self.assertEqual(len(self.tariff.rate_ids), 2)

    def test_mistakes_are_refused_by_the_database(self):
        two = [{"kind": "second", "start": 60}, {"kind": "second", "start": 60}]
        for values, words in (
            ({"price_per": "pulse", "pulse_seconds": 0}, "at least one second"),
            ({"free_seconds": -1}, "cannot be negative"),
            ({"volume_increment": 0}, "whole bytes above 0"),
            ({"tier_ids": [Command.create(two[0] | {"start": 0})]}, "starts above 0"),
            ({"tier_ids": [Command.create(t) for t in two]}, "start at the same place"),
            ({"has_initial_price": True, "initial_price": -1}, "unless the tariff"),
        ):
            with self.assertRefused(words):
                self._add(**values)
        self.tariff.invalidate_recordset()
        self.assertEqual(len(self.tariff.rate_ids), 2)

    def test_negative_prices_where_the_tariff_allows_them(self):
        self.tariff.allow_negative = True
        self._add(price=-0.1)
        self.assertEqual(self._call(60).price, -0.1)
        with self.assertRefused("unless the tariff allows it"):
            self.tariff.allow_negative = False

    # === VERSIONS === #

    def test_tiers_of_a_used_rate_stay(self):
        tier = {"kind": "second", "start": 60, "price": 0.06}
        rate = self._add(price=0.6, tier_ids=[Command.create(tier)])
        self._call(120)
        for change in (
            lambda: rate.tier_ids.write({"price": 1}),
            lambda: rate.tier_ids.unlink(),
            lambda: rate.tier_ids.create({**tier, "rate_id": rate.id, "start": 90}),
        ):
            with self.assertSays(UserError, "New price from"):
                change()
        self.assertEqual(rate.tier_ids.mapped("price"), [0.06])

    def test_a_new_price_carries_everything_over(self):
        tiers = [
            {"kind": "second", "start": 60, "price": 0.06, "increment": 6},
            {"kind": "second", "start": 600, "price": 0.03},
        ]
        rate = self._add(
            price=0.6,
            free_seconds=5,
            label="Islands",
            show_in_detail=False,
            price_per="pulse",
            pulse_seconds=30,
            tier_ids=[Command.create(tier) for tier in tiers],
        )
        self._call(120)
        wizard = self.manager_env["telecom.rate.successor"].create(
            {"rate_id": rate.id, "date_start": "2026-11-01 00:00:00", "price": 0.5}
        )
        self.assertEqual(wizard.tier_ids.mapped("start"), [60, 600])
        wizard.tier_ids[1].price = 0.02
        wizard.action_apply()
        after = self.tariff.rate_ids.filtered(lambda r: r.price == 0.5)
        self.assertRecordValues(
            after,
            [
                {
                    "free_seconds": 5,
                    "label": "Islands",
                    "show_in_detail": False,
                    "price_per": "pulse",
                    "pulse_seconds": 30,
                    "is_telecom_used": False,
                }
            ],
        )
        self.assertEqual(after.tier_ids.mapped("price"), [0.06, 0.02])
        self.assertEqual(after.tier_ids.mapped("increment"), [6, 0])
        self.assertEqual(rate.tier_ids.mapped("price"), [0.06, 0.03])

    def test_hidden_tiers_are_carried_over_too(self):
        tier = {"kind": "cost", "start": 0.02, "markup": 10}
        rate = self._add(method="markup", markup=50, tier_ids=[Command.create(tier)])
        wizard = self.manager_env["telecom.rate.successor"].create(
            {"rate_id": rate.id, "date_start": "2026-11-01 00:00:00", "connect_fee": 1}
        )
        self.assertFalse(wizard.tier_ids)
        wizard.action_apply()
        after = self.tariff.rate_ids.filtered(lambda r: r.connect_fee == 1)
        self.assertEqual((after.markup, after.tier_ids.markup), (50, 10))

    def test_a_copied_tariff_has_the_tiers(self):
        tier = {"kind": "second", "start": 60, "price": 0.06}
        self._add(price=0.6, tier_ids=[Command.create(tier)])
        copy = self.tariff.with_env(self.manager_env).copy()
        self.assertEqual(copy.rate_ids.tier_ids.mapped("price"), [0.06])

    def test_a_tariff_that_has_priced_keeps_its_hours(self):
        self._call(60, "912000001")
        for values in ({"tz": "UTC"}, {"band_rule": "split"}):
            with self.assertSays(UserError, "Duplicate the tariff"):
                self.tariff.write(values)
        self.tariff.allow_negative = True
        self.assertEqual(
            (self.tariff.tz, self.tariff.band_rule), ("Europe/Madrid", "start")
        )

    # === THE FORM === #

    def test_tiers_are_typed_as_people_count(self):
        form = Form(self.manager_env["telecom.rate"])
        form.tariff_id = self.tariff.with_env(self.manager_env)
        form.prefix = "44"
        form.volume_unit = "seconds"
        with form.tier_ids.new() as line:
            line.kind = "volume"
            line.typed_start = 500
            self.assertEqual(line.unit_text, "minutes")
            line.price = 0.01
        rate = form.save()
        self.assertEqual((rate.tier_ids.start, rate.tier_ids.typed_start), (30000, 500))

    def test_a_pulse_is_charged_whole(self):
        form = Form(self.manager_env["telecom.rate"])
        form.tariff_id = self.tariff.with_env(self.manager_env)
        form.prefix = "44"
        form.price_per = "pulse"
        form.pulse_seconds = 20
        self.assertEqual(form.save().increments, "20/20")

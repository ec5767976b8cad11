# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import MANAGER, READER, USER, TelecomCommon
from .test_rating import row


@tagged("post_install", "-at_install")
class TestGoldenCall(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)
        cls.mobile = cls.tariff.rate_ids.filtered(lambda r: r.category == "mobile")

    def _sample(self, **values):
        return (
            self.env["telecom.golden.call"]
            .with_user(self.user)
            .create(
                {
                    "tariff_id": self.tariff.id,
                    "called_number": "600000099",
                    "start_at": "2026-12-05 10:00:00",
                    "duration": 60,
                    "expected_price": 0.09,
                    **values,
                }
            )
        )

    def test_check_says_what_was_found(self):
        samples = self._sample() + self._sample(expected_price=0.1)
        samples += self._sample(called_number="+442079460001")
        samples += self._sample(called_number="912000001", duration=61)
        samples.action_check()
        self.assertRecordValues(
            samples,
            [
                {"state": "passed", "found_price": 0.09, "difference": 0},
                {"state": "broken", "found_price": 0.09, "difference": -0.01},
                {"state": "unpriced", "found_price": 0, "difference": -0.09},
                {"state": "passed", "found_price": 0.09, "difference": 0},
            ],
        )
        self.assertEqual(samples[0].found_rate_id, self.mobile)
        samples[0].expected_price = 0.2
        self.assertEqual(samples[0].state, "untested")

    def test_expected_rate_is_checked_too(self):
        landline = self.tariff.rate_ids - self.mobile
        right = self._sample(expected_rate_id=self.mobile.id)
        wrong = self._sample(expected_rate_id=landline.id)
        (right + wrong).action_check()
        self.assertEqual((right.state, wrong.state), ("passed", "broken"))
        foreign = self._create_tariff("Foreign", {"price": 0.09})
        with self.assertRaisesRegex(ValidationError, "neither in Retail nor"):
            self._sample(expected_rate_id=foreign.rate_ids.id)

    def test_button_on_the_tariff(self):
        child = self._create_tariff("Child", parent_id=self.tariff.id)
        own, built_on = self._sample(), self._sample(tariff_id=child.id)
        action = self.tariff.with_user(self.user).action_check_golden_calls()
        shown = self.env["telecom.golden.call"].search(action["domain"])
        self.assertEqual(shown, own + built_on)
        self.assertEqual(set(shown.mapped("state")), {"passed"})
        self.assertEqual(self.tariff.golden_call_count, 1)

    def test_broken_ones_of_a_change_that_is_tried(self):
        sample = self._sample()
        self.assertEqual(self.tariff._broken_golden_calls(), [])
        self.env.cr.execute(
            "UPDATE telecom_rate SET price = 0.1 WHERE id = %s", self.mobile.ids
        )
        self.env.invalidate_all()
        self.assertEqual(self.tariff._broken_golden_calls(), [(sample.sudo(), 0.1)])
        self.env.cr.execute("DELETE FROM telecom_rate WHERE id = %s", self.mobile.ids)
        self.env.invalidate_all()
        self.assertEqual(self.tariff._broken_golden_calls(), [(sample.sudo(), None)])

    def _new_price(self, price, date="2026-12-01 00:00:00"):
        wizard = self.env["telecom.rate.successor"].with_user(self.manager)
        return wizard.create(
            {"rate_id": self.mobile.id, "date_start": date, "price": price}
        )

    def test_new_price_says_what_it_breaks_before_it_is_set(self):
        self._sample(name="Mobile, a minute")
        wizard = self._new_price(0.12)
        action = wizard.action_apply()
        self.assertEqual(action["res_id"], wizard.id)
        nbsp = "\N{NO-BREAK SPACE}"
        self.assertEqual(
            wizard.broken_text,
            f"Mobile, a minute (Retail): 0.12{nbsp}€ instead of 0.09{nbsp}€",
        )
        self.assertEqual(len(self.tariff.rate_ids), 2)
        self.assertFalse(self.mobile.date_end)
        self.assertFalse(self.env["telecom.rating.mark"].search([]))
        self.assertFalse(wizard.action_apply())
        self.assertEqual(
            sorted(self.tariff.rate_ids.mapped("price")), [0.02, 0.09, 0.12]
        )

    def test_new_price_that_breaks_nothing_is_set_at_once(self):
        self._sample()
        self._sample(expected_price=5)  # is broken anyway
        self._new_price(0.12, date="2026-12-20 00:00:00").action_apply()
        self.assertEqual(len(self.tariff.rate_ids), 3)

    def test_another_price_is_asked_about_anew(self):
        self._sample()
        wizard = self._new_price(0.12)
        wizard.action_apply()
        with Form(wizard) as form:
            form.price = 0.09
        self.assertFalse(wizard.broken_text)
        wizard.action_apply()
        self.assertEqual(len(self.tariff.rate_ids), 3)

    def test_new_hours_say_what_they_break_before_they_are_set(self):
        """23:00 on a Saturday is in the night, at 0.01, and not from 3 to 4."""
        hours = {"hour_from": 22, "hour_to": 8, "saturday": True, "sunday": True}
        band = self.env["telecom.time.band"].create(
            {"name": "N", "line_ids": [Command.create(hours)]}
        )
        self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "category": "mobile",
                "price": 0.01,
                "time_band_id": band.id,
            }
        )
        values = {"start_at": "2026-12-05 22:00:00", "expected_price": 0.01}
        self._sample(name="At night", **values)
        wizard = self.env["telecom.time.band.successor"].with_user(self.manager)
        wizard = wizard.create(
            {"band_id": band.id, "date_start": "2026-12-01 00:00:00"}
        )
        wizard.line_ids.write({"hour_from": 3, "hour_to": 4})
        action = wizard.action_apply()
        self.assertEqual(action["res_id"], wizard.id)
        nbsp = "\N{NO-BREAK SPACE}"
        self.assertEqual(
            wizard.broken_text,
            f"At night (Retail): 0.09{nbsp}€ instead of 0.01{nbsp}€",
        )
        self.assertFalse(band.rate_ids.date_end)
        following = self.env["telecom.time.band"].browse(
            wizard.action_apply()["res_id"]
        )
        self.assertEqual(following.rate_ids.price, 0.01)
        self.assertEqual(str(band.rate_ids.date_end), "2026-12-01 00:00:00")

    def test_a_change_of_the_parent_breaks_samples_of_the_child(self):
        child = self._create_tariff("Child", parent_id=self.tariff.id)
        self._sample(tariff_id=child.id)
        wizard = self._new_price(0.12)
        wizard.action_apply()
        self.assertIn("(Child)", wizard.broken_text)

    def test_real_call_is_kept_as_a_sample(self):
        self._process(row("G1", called="600000099", seconds=30))
        call = self._calls().with_user(self.user)
        action = call.action_keep_as_sample()
        sample = self.env["telecom.golden.call"].browse(action["res_id"])
        self.assertRecordValues(
            sample,
            [
                {
                    "tariff_id": self.tariff.id,
                    "called_number": "+34600000099",
                    "duration": 30,
                    "expected_price": 0.045,
                    "state": "passed",
                }
            ],
        )
        self.assertEqual(call.action_keep_as_sample()["res_id"], sample.id)

    def test_covered_call_is_kept_with_its_price_without_the_bundle(self):
        self._give_bundle(self._create_bundle("B", {"seconds": 600}), self.customer)
        self._process(row("G2", called="600000099", seconds=30))
        self.assertEqual(self._calls().price, 0)
        action = self._calls().action_keep_as_sample()
        sample = self.env["telecom.golden.call"].browse(action["res_id"])
        self.assertEqual((sample.expected_price, sample.state), (0.045, "passed"))

    def test_call_without_a_price_is_no_sample(self):
        self._process(row("G3", called="00442079460001"))
        with self.assertRaisesRegex(UserError, "Only a call that has a price"):
            self._calls().with_user(self.user).action_keep_as_sample()
        self.assertFalse(self.env["telecom.golden.call"].search([]))

    def test_accept_what_was_found(self):
        sample = self._sample(expected_price=0.1)
        sample.action_accept()
        self.assertRecordValues(
            sample, [{"expected_price": 0.09, "state": "passed", "difference": 0}]
        )

    def test_mark_up_sample_hides_the_cost(self):
        insider = self._new_user("insider", f"{USER},telecom_cdr.group_telecom_cost")
        self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "prefix": "44",
                "method": "markup",
                "markup": 30,
            }
        )
        self._process(row("G4", called="00442079460001", amount="0.0334"))
        action = self._calls().with_user(self.user).action_keep_as_sample()
        sample = self.env["telecom.golden.call"].browse(action["res_id"])
        self.assertEqual((sample.expected_price, sample.state), (0.0434, "passed"))
        self.assertEqual(sample.with_user(insider).carrier_amount, 0.0334)
        with self.assertRaises(AccessError):
            sample.with_user(self.user).read(["carrier_amount"])

    def test_rights(self):
        sample = self._sample()
        reader = self._new_user("reader", READER)
        sample.with_user(reader).action_check()
        self.assertEqual(sample.state, "passed")
        with self.assertRaises(AccessError):
            sample.with_user(reader).expected_price = 1
        with self.assertRaises(AccessError):
            sample.with_user(reader).action_accept()
        plain = self._new_user("plain", "base.group_user")
        with self.assertRaises(AccessError):
            sample.with_user(plain).action_check()

    def test_explained_by_the_simulator(self):
        sample = self._sample()
        action = sample.action_explain()
        simulator = self.env[action["res_model"]].browse(action["res_id"])
        self.assertIn("0.09", str(simulator.result))
        self.assertIn("Retail", str(simulator.result))

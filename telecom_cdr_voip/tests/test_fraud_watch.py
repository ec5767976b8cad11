# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import datetime

from psycopg2.errors import CheckViolation

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .fraud_common import FraudCommon

HOUR = "2026-07-20 10:00:00"
SAME_HOUR = "2026-07-20 10:30:00"
NEXT_HOUR = "2026-07-20 11:00:00"


@tagged("post_install", "-at_install")
class TestFraudWatch(FraudCommon):
    """What becomes an alert, once; calls are those of processed files."""

    # === ALERTS === #

    def test_an_hour_over_the_limit_is_an_alert(self):
        self._calls((HOUR, 3600), (SAME_HOUR, 3600))
        alert = self._watch()
        self.assertRecordValues(
            alert,
            [
                {
                    "partner_id": self.customer.id,
                    "rule_id": self.rule.id,
                    "state": "open",
                    "calls": 2,
                    "duration": 7200,
                    "amount": 10.80,
                    "first_at": datetime(2026, 7, 20, 8),
                    "last_at": datetime(2026, 7, 20, 9),
                    "number_ids": self.number.ids,
                    "place_text": "All calls",
                    "is_blocking": False,
                }
            ],
        )
        self.assertEqual(alert.display_name, "Ten euros: Customer One, All calls")
        self.assertEqual(len(alert.activity_ids), 1)
        text = alert.message_ids[0].body
        self.assertIn("2 calls, 2:00:00", text)
        self.assertIn("10.80", text)

    def test_under_the_limit_there_is_none(self):
        self._calls((HOUR, 3600), (NEXT_HOUR, 3600))
        self.assertFalse(self._watch())
        self.assertFalse(self._alerts())

    def test_the_same_facts_alert_once(self):
        self._calls((HOUR, 3600), (SAME_HOUR, 3600))
        alert = self._watch()
        self.assertFalse(self._watch())
        for state in ("looked", "false"):
            alert._close(state)
            self.assertFalse(self._watch(), "somebody has looked at this hour")
        self.assertEqual(self._alerts(), alert)
        self.assertEqual(len(alert.fact_ids), 1)
        told = alert.message_ids.filtered(lambda one: "2 calls" in (one.body or ""))
        self.assertEqual(len(told), 1)

    def test_more_calls_of_the_hour_change_its_figures_silently(self):
        self._calls((HOUR, 3600), (SAME_HOUR, 3600))
        alert = self._watch()
        told = len(alert.message_ids)
        self._calls(("2026-07-20 10:40:00", 1800))
        self.assertFalse(self._watch())
        self.assertEqual(alert.amount, 13.50)
        self.assertEqual(len(alert.message_ids), told)

    def test_the_next_hour_joins_the_open_alert(self):
        self._calls((HOUR, 7200))
        alert = self._watch()
        self._calls((NEXT_HOUR, 7200))
        self.assertEqual(self._watch(), alert)
        self.assertEqual(alert.amount, 21.60)
        self.assertEqual(len(alert.fact_ids), 2)
        self.assertEqual(len(alert.activity_ids), 1)
        alert.action_looked()
        self.assertFalse(alert.activity_ids)
        self._calls(("2026-07-20 12:00:00", 7200))
        other = self._watch()
        self.assertNotEqual(other, alert)
        self.assertEqual(other.amount, 10.80)
        self.assertEqual(alert.amount, 21.60)

    def test_a_rise_is_told_with_what_is_usual(self):
        self.rule.active = False
        self._create_rule(
            "Rise", kind="rise", place="category", min_minutes=60, factor_percent=500
        )
        days = [(f"2026-07-{day:02} 10:00:00", 600) for day in range(10, 20)]
        self._calls(*days, (HOUR, 3600))
        alert = self._watch(datetime(2026, 7, 20))
        self.assertEqual(alert.category, "mobile")
        self.assertEqual(alert.place_text, "Mobile")
        # Ten days of ten minutes.
        self.assertEqual(alert.fact_ids.usual_text, "0:10:00")

    def test_a_country_without_a_destination_is_known_by_its_code(self):
        self.rule.active = False
        self._create_rule("Night", kind="night", min_calls=2, history_days=0)
        self._calls(("2026-07-21 02:00:00", 60), (HOUR, 60), called="+5351234567")
        self.assertFalse(self._watch(), "one of the two calls is by day")
        self._calls(("2026-07-21 03:00:00", 60), called="+5351234568")
        alert = self._watch(datetime(2026, 7, 20))
        self.assertEqual(alert.country_id, self.env.ref("base.cu"))
        self.assertEqual(alert.calls, 2)

    def test_islands_of_north_america_are_told_apart(self):
        self.rule.active = False
        self._create_rule("Night", kind="night", min_calls=1, history_days=0)
        self._calls(("2026-07-21 02:00:00", 60), called="+18765550100")
        self.assertEqual(self._watch().country_id, self.env.ref("base.jm"))
        self._calls(("2026-07-22 02:00:00", 60), called="+12125550100")
        self.assertEqual(self._watch().country_id, self.env.ref("base.us"))

    def test_incoming_and_unanswered_calls_do_not_count(self):
        self.rule.write({"min_amount": 0, "min_calls": 1})
        self._calls((HOUR, 0))
        self._calls((HOUR, 60), called="+34910000001", calling="+34600000009")
        self.assertFalse(self._watch())

    def test_money_of_other_currencies_is_converted(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        usd.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {
                "currency_id": usd.id,
                "company_id": self.company.id,
                "name": "2020-01-01",
                "rate": 2.0,
            }
        )
        self._calls((HOUR, 3600), (SAME_HOUR, 3600))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE telecom_call SET currency_id = %s WHERE partner_id = %s",
            (usd.id, self.customer.id),
        )
        self.assertFalse(self._watch(), "10.80 dollars are 5.40 euros")
        self._calls(("2026-07-20 10:45:00", 3600))
        self.assertEqual(self._watch().amount, 10.80)

    # === WHOM === #

    def test_exceptions_of_customers(self):
        self._calls((HOUR, 7200))
        one = self.env["telecom.fraud.exception"].create(
            {
                "rule_id": self.rule.id,
                "partner_id": self.customer.id,
                "is_off": True,
                "note": "A call centre",
            }
        )
        self.assertFalse(self._watch())
        one.write({"is_off": False, "min_amount": 10.81})
        self.assertFalse(self._watch())
        one.min_amount = 10.80
        self.assertTrue(self._watch())

    def test_what_an_exception_must_say(self):
        values = {"rule_id": self.rule.id, "note": "x"}
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        exceptions = self.env["telecom.fraud.exception"]
        with self.assertRaisesRegex(ValidationError, "Give Customer One a limit"):
            exceptions.create({**values, "partner_id": self.customer.id})
        with self.assertRaisesRegex(ValidationError, "who pays for the calls"):
            exceptions.create({**values, "partner_id": contact.id, "is_off": True})

    def test_rules_need_limits_that_make_sense(self):
        with self.assertRaisesRegex(ValidationError, "every call would be an alert"):
            self._create_rule("All", kind="cap")
        with self.assertRaisesRegex(ValidationError, "at least one of Calls"):
            self._create_rule("Short", kind="short", min_amount=5)
        with self.assertRaisesRegex(ValidationError, "no destination to block"):
            self._create_rule("Cap", kind="cap", min_amount=5, action="place")
        for values in (
            {"min_calls": -1},
            {"factor_percent": 99},
            {"night_start": 24},
            {"night_start": 6, "night_end": 6},
            {"history_days": 29},
            {"short_seconds": 0},
        ):
            with (
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
                mute_logger("odoo.sql_db"),
            ):
                self._create_rule("Bad", kind="cap", min_amount=5, **values)

    def test_every_company_starts_with_rules_that_block_nothing(self):
        rules = self.usual
        self.assertEqual(rules.mapped("kind"), ["rise", "night", "short", "cap"])
        self.assertEqual(set(rules.mapped("action")), {"tell"})
        short = rules.filtered(lambda rule: rule.kind == "short")
        self.assertEqual(short.category_ids.mapped("code"), ["premium"])

    # === WHEN === #

    def test_a_processed_file_is_looked_at_once(self):
        trigger = self.env["ir.cron.trigger"]
        cron = self.env.ref("telecom_cdr_voip.ir_cron_telecom_fraud")
        triggers = trigger.search_count([("cron_id", "=", cron.id)])
        file = self._calls((HOUR, 7200))
        self.assertFalse(file.is_watched)
        self.assertGreater(trigger.search_count([("cron_id", "=", cron.id)]), triggers)
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertTrue(file.is_watched)
        self.assertEqual(self._alerts().amount, 10.80)
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(len(self._alerts().fact_ids), 1)

    def test_a_file_that_is_read_again_is_looked_at_again(self):
        file = self._calls((HOUR, 60))
        file.is_watched = True
        file._set_processed()
        self.assertFalse(file.is_watched)

    def test_customers_of_a_batch_are_judged_each_by_itself(self):
        other = self._create_customer("Customer Two")
        self._create_number("+34910000002", other)
        self._calls((HOUR, 3600))
        self._calls((SAME_HOUR, 3600), calling="+34910000002")
        watch = self.env["telecom.fraud.watch"]
        starts = dict.fromkeys((self.customer.id, other.id), datetime(2026, 7, 1))
        self.assertFalse(watch._look_at(self.company, starts))
        self._calls(("2026-07-20 10:40:00", 3600), calling="+34910000002")
        alerts = watch._look_at(self.company, starts)
        self.assertEqual(alerts.partner_id, other)
        self.assertEqual(alerts.amount, 10.80)

    def test_sums_of_a_batch_are_one_query(self):
        self._calls((HOUR, 60))
        watch = self.env["telecom.fraud.watch"]
        rules, own = watch._rules(self.company)
        args = (self.company, rules, own, [self.customer.id], datetime(2026, 7, 1))
        watch._find(*args)
        with self.assertQueryCount(1):
            watch._find(*args)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.telecom_cdr.tests.common import READER, USER

from ..models import telecom_secret
from .fraud_common import FraudCommon
from .provision_common import SECRET_KEY

HOUR = "2026-07-20 10:00:00"


@tagged("post_install", "-at_install")
class TestFraudBlocking(FraudCommon):
    """What an alert blocks until somebody has looked, and calls that go on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        keys = patch.object(
            telecom_secret, "configured_keys", return_value=[SECRET_KEY]
        )
        cls.startClassPatcher(keys)
        cls.switch = cls.env["telecom.switch"].create(
            {"name": "PBX", "domain": "sip.example.net", "company_id": cls.company.id}
        )
        cls.account, cls.suspended, cls.foreign = (
            cls._create_account(login, partner)
            for login, partner in (
                ("reception", cls.customer),
                ("unpaid", cls.customer),
                ("rival", cls._create_customer("Rival")),
            )
        )
        cls.suspended.state = "blocked"
        cls.user = new_test_user(
            cls.env,
            "fraud_user",
            groups=USER,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _create_account(cls, login, partner):
        return cls.env["telecom.sip.account"].create(
            {
                "login": login,
                "switch_id": cls.switch.id,
                "partner_id": partner.id,
                "company_id": cls.company.id,
            }
        )

    def _unblock(self, alert, reason, state="looked", user=None):
        action = alert.with_user(user or self.user).action_unblock()
        wizard = self.env["telecom.fraud.unblock"].with_user(user or self.user)
        wizard = wizard.with_context(**action["context"])
        wizard.create({"reason": reason, "state": state}).action_unblock()

    def test_by_default_nothing_is_blocked(self):
        self._calls((HOUR, 7200))
        alert = self._watch()
        self.assertFalse(alert.is_blocking)
        self.assertEqual(self.account.state, "active")

    def test_accounts_are_blocked_until_somebody_looks(self):
        self.rule.action = "accounts"
        self._calls((HOUR, 7200))
        alert = self._watch()
        self.assertTrue(alert.is_blocking)
        states = [one.state for one in (self.account, self.suspended, self.foreign)]
        self.assertEqual(states, ["blocked", "blocked", "active"])
        self.assertEqual(alert.account_ids, self.account)
        self._unblock(alert, "A campaign of three days")
        states = [one.state for one in (self.account, self.suspended, self.foreign)]
        self.assertEqual(states, ["active", "blocked", "active"])
        self.assertFalse(alert.is_blocking)
        self.assertRecordValues(
            alert,
            [
                {
                    "state": "looked",
                    "conclusion": "A campaign of three days",
                    "looked_by_id": self.user.id,
                }
            ],
        )
        bodies = " ".join(alert.message_ids.mapped("body"))
        self.assertIn("Unblocked: reception. Reason: A campaign of three days", bodies)

    def test_the_place_is_blocked_for_this_customer_only(self):
        self.rule.write({"place": "category", "action": "place"})
        self._calls((HOUR, 7200))
        alert = self._watch()
        self.assertRecordValues(
            alert.block_ids,
            [
                {
                    "partner_id": self.customer.id,
                    "kind": "category",
                    "category": "mobile",
                    "number_id": False,
                    "is_own": False,
                    "note": "Fraud watch: Ten euros",
                }
            ],
        )
        blocks = self.env["telecom.block"]
        no_place = self.env["telecom.destination"]
        asked = (self.number, "+34600000001", "346", no_place, "mobile")
        self.assertTrue(blocks._is_blocked(self.customer, *asked))
        self.assertFalse(blocks._is_blocked(self.foreign.partner_id, *asked))
        self.assertEqual(self.account.state, "active")
        block = alert.block_ids
        self._unblock(alert, "Known", state="false")
        self.assertFalse(block.active)
        self.assertEqual(alert.state, "false")
        self.assertFalse(blocks._is_blocked(self.customer, *asked))

    def test_a_country_is_blocked_by_its_code(self):
        self.rule.active = False
        self._create_rule(
            "Night", kind="night", min_calls=1, history_days=0, action="place"
        )
        self._calls(("2026-07-21 02:00:00", 60), called="+5351234567")
        alert = self._watch()
        self.assertEqual(alert.block_ids.prefix, "+53")

    def test_what_has_no_name_is_blocked_as_a_whole(self):
        self.rule.write({"place": "destination", "action": "place"})
        self.rule.write({"min_amount": 0, "min_calls": 1})
        self._calls((HOUR, 60), called="+5351234567")
        alert = self._watch()
        self.assertFalse(alert.block_ids)
        self.assertEqual(self.account.state, "blocked")

    def test_blocked_once_and_again_only_after_somebody_looked(self):
        self.rule.action = "accounts"
        self._calls((HOUR, 7200))
        alert = self._watch()
        self.account.action_unblock()
        self.assertFalse(self._watch(), "nothing new")
        self.assertEqual(self.account.state, "active")
        alert._close("looked")
        self._calls(("2026-07-20 12:00:00", 7200))
        self._watch()
        self.assertEqual(self.account.state, "blocked")

    def test_unblocking_needs_a_reason(self):
        self.rule.action = "accounts"
        self._calls((HOUR, 7200))
        alert = self._watch()
        with self.assertRaisesRegex(UserError, "Say why"):
            self._unblock(alert, "  ")
        with self.assertRaisesRegex(UserError, "unblock them, with a reason"):
            alert.with_user(self.user).action_false_alarm()
        self.assertEqual(self.account.state, "blocked")
        self.assertEqual(alert.state, "open")

    # === WHO === #

    def test_a_reader_sees_and_does_nothing(self):
        reader = new_test_user(
            self.env,
            "fraud_reader",
            groups=READER,
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self._calls((HOUR, 7200))
        alert = self._watch().with_user(reader)
        self.assertEqual(alert.calls, 1)
        for method in ("action_looked", "action_false_alarm", "action_reopen"):
            with self.assertRaises(AccessError), self.cr.savepoint():
                getattr(alert, method)()
        with self.assertRaises(AccessError), self.cr.savepoint():
            self._unblock(alert, "Why not", user=reader)

    def test_other_companies_and_users_without_the_role_see_nothing(self):
        self._calls((HOUR, 7200))
        alert = self._watch()
        models = ("telecom.fraud.alert", "telecom.fraud.fact", "telecom.fraud.rule")
        company = self.env["res.company"].create({"name": "Other Telecom"})
        other = new_test_user(
            self.env,
            "other_fraud",
            groups=USER,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        for model in models:
            found = self.env[model].with_user(other).with_company(company)
            found = found.with_context(allowed_company_ids=company.ids).search([])
            self.assertFalse(
                found
                & self.env[model].sudo().search([("company_id", "=", self.company.id)])
            )
        for login, groups in (
            ("clerk", "base.group_user"),
            ("guest", "base.group_portal"),
        ):
            user = new_test_user(self.env, login, groups=groups)
            with self.assertRaises(AccessError), self.cr.savepoint():
                alert.with_user(user).read(["calls"])

    # === CALLS UNDER WAY === #

    def _underway(self, reference, **values):
        now = fields.Datetime.now()
        return self.env["telecom.call.underway"].create(
            {
                "switch_id": self.switch.id,
                "company_id": self.company.id,
                "reference": reference,
                "partner_id": self.customer.id,
                "number_id": self.number.id,
                "called": "+34600000001",
                "reserved": 40.0,
                "currency_id": self.company.currency_id.id,
                "max_duration": 7200,
                "started_at": now - timedelta(minutes=30),
                "expires_at": now + timedelta(hours=2),
                **values,
            }
        )

    def test_calls_that_go_on_count_by_the_part_that_was_talked(self):
        # A quarter of 40 euros, at least, and what the seconds of the test add.
        self.rule.write({"place": "category", "min_amount": 9.99})
        with patch.object(fields.Datetime, "now", lambda: datetime(2026, 7, 20, 8, 30)):
            self._underway("a")
            self.env["telecom.fraud.watch"]._look_at_underway(self.company)
        alert = self._alerts()
        self.assertEqual(
            (alert.amount, alert.duration, alert.category), (10.0, 1800, "mobile")
        )
        self.assertEqual(alert.number_ids, self.number)

    def test_what_has_ended_or_expired_counts_as_it_should(self):
        now = datetime(2026, 7, 20, 8, 30)
        self.rule.min_amount = 7
        with patch.object(fields.Datetime, "now", lambda: now):
            self._underway("gone", expires_at=now - timedelta(minutes=1))
            self._underway("settled", settled_at=now)
            watch = self.env["telecom.fraud.watch"]
            watch._look_at_underway(self.company)
            self.assertFalse(self._alerts())
            ended = {"ended_at": now, "duration": 600, "reserved": 7.5}
            self._underway("ended", **ended)
            watch._look_at_underway(self.company)
        self.assertEqual((self._alerts().amount, self._alerts().duration), (7.5, 600))

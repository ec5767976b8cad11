# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.telecom_cdr.models.rating_tables import load_tables

from .voip_common import LANDLINE, MOBILE, VoipCommon

# Tables that are loaded with prices, and don't decide what a planned call costs.
NO_PRICES = {
    "res_currency",
    "telecom_call_category",
    "telecom_masking",
    "telecom_source",
    "telecom_source_identifier",
}


@tagged("post_install", "-at_install")
class TestAuthorise(VoipCommon):
    def test_call_is_allowed_in_the_spelling_of_calls(self):
        for dialled in (
            "600000001",
            "0034600000001",
            "+34 600 00 00 01",
            "600-000-001",
        ):
            with self.subTest(dialled):
                answer = self._ask(dialled)
                self.assertAnswer(
                    answer,
                    "ok",
                    allowed=True,
                    number=MOBILE,
                    caller="+34910000001",
                    max_duration=14400,
                    sip_code=200,
                )

    def test_who_may_not_ask(self):
        cases = [
            ({"key": "wrong", "remote": "198.51.100.2"}, "key"),
            ({"key": "", "remote": "198.51.100.3"}, "key"),
            ({"switch_id": 0, "remote": "198.51.100.4"}, "key"),
            ({"login": "nobody"}, "unknown_account"),
            ({"login": ""}, "unknown_account"),
            ({"address": "203.0.113.1"}, "address"),
            ({"address": "nonsense"}, "address"),
            ({"address": ""}, "address"),
            ({"calling": "+34910000002"}, "number"),
            ({"called": ""}, "called"),
            ({"called": "anonymous"}, "called"),
            ({"called": "1" * 30}, "called"),
            ({"called": "'; DROP TABLE res_users; --"}, "called"),
        ]
        for values, reason in cases:
            with self.subTest(**values):
                answer = self._ask(values.pop("called", MOBILE), **values)
                self.assertAnswer(answer, reason, allowed=False, max_duration=0)
                self.assertTrue(answer.text)

    def test_account_and_number_must_be_in_service(self):
        self.account.action_block()
        self.assertAnswer(self._ask(MOBILE), "account_blocked")
        self.account.action_unblock()
        self.number.is_suspended = True
        self.assertAnswer(self._ask(MOBILE), "number_inactive", sip_code=403)
        self.number.is_suspended = False
        self.number.date_end = fields.Datetime.now() - timedelta(minutes=1)
        self.assertAnswer(self._ask(MOBILE), "number_inactive")

    def test_archived_account_and_switch_are_unknown(self):
        self.account.active = False
        self.assertAnswer(self._ask(MOBILE), "unknown_account")
        self.account.active = True
        self.switch.active = False
        self.assertAnswer(self._ask(MOBILE), "key")

    def test_accounts_of_other_switches_are_unknown(self):
        other = self._create_switch("Other PBX")
        key = other._new_key()
        answer = self._ask(MOBILE, switch_id=other.id, key=key)
        self.assertAnswer(answer, "unknown_account")
        answer = self._ask(MOBILE, switch_id=other.id, remote="198.51.100.5")
        self.assertAnswer(answer, "key")

    def test_addresses_of_the_account(self):
        networks = self.account.network_ids
        cases = {
            "192.0.2.0/24": ("192.0.2.255", "::ffff:192.0.2.1"),
            # Asterisk tells the port, too.
            "192.0.2.7": ("192.0.2.7", "192.0.2.7:5060", "[::ffff:192.0.2.7]:5060"),
            "2001:db8::/32": (
                "2001:db8:1::5",
                "2001:db8::1%eth0",
                "[2001:db8::1]:5060",
                "[2001:db8::1]",
            ),
        }
        for network, addresses in cases.items():
            networks.network = network
            for address in addresses:
                with self.subTest(network=network, address=address):
                    self.assertAnswer(self._ask(MOBILE, address=address), "ok")
            for address in ("198.51.100.9", "198.51.100.9:5060", "192.0.2.7:", ":5060"):
                self.assertAnswer(self._ask(MOBILE, address=address), "address")
        networks.unlink()
        self.assertAnswer(self._ask(MOBILE, address="203.0.113.77"), "ok")

    def test_emergency_calls_are_always_allowed(self):
        self.account.action_block()
        self.number.is_suspended = True
        self._block(kind="prefix", prefix="3")
        self._limit(0)
        self.company.telecom_unblocked_numbers = "112, 016"
        for dialled in ("112", "016"):
            answer = self._ask(dialled, address="203.0.113.1")
            self.assertAnswer(answer, "emergency", allowed=True, number=dialled)
        self.company.telecom_unblocked_numbers = "112"
        self.assertAnswer(self._ask("016", address="203.0.113.1"), "account_blocked")

    def test_blocks(self):
        cases = [
            ({"kind": "category", "category": "mobile"}, MOBILE, LANDLINE),
            ({"kind": "prefix", "prefix": "34600"}, MOBILE, LANDLINE),
            ({"kind": "prefix", "prefix": "3491"}, LANDLINE, MOBILE),
        ]
        for values, blocked, free in cases:
            with self.subTest(**values):
                block = self._block(**values)
                self.assertAnswer(self._ask(blocked), "blocked", number=blocked)
                self.assertAnswer(self._ask(free), "ok")
                block.unlink()
                self.assertAnswer(self._ask(blocked), "ok")

    def test_a_country_is_no_short_number(self):
        """+1 stops America, not directory enquiries; 1 stops both."""
        self.tariff.rate_ids = [Command.create({"price": 0.5})]
        block = self._block(kind="prefix", prefix="+1")
        self.assertAnswer(self._ask("+12025550123"), "blocked")
        for short in ("11818", "1004"):
            self.assertAnswer(self._ask(short), "ok")
        block.prefix = "1"
        for called in ("+12025550123", "11818", "1004"):
            self.assertAnswer(self._ask(called), "blocked")
        self.assertAnswer(self._ask(MOBILE), "ok")

    def test_a_contact_has_no_blocks(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        blocks = self.env["telecom.block"].search([])
        with (
            self.assertRaisesRegex(
                ValidationError, "contact of Customer One, who pays"
            ),
            self.cr.savepoint(),
        ):
            self._block(kind="category", category="mobile", partner_id=contact.id)
        self.assertEqual(self.env["telecom.block"].search([]), blocks)

    def test_networks_of_ipv4_inside_ipv6(self):
        network = self.account.network_ids[:1]
        (self.account.network_ids - network).unlink()
        for text, stored in (
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ):
            network.network = text
            self.assertEqual(network.network, stored)
            for address in ("192.0.2.1", "::ffff:192.0.2.1"):
                self.assertAnswer(self._ask(MOBILE, address=address), "ok")
            outside = self._ask(MOBILE, address="::ffff:198.51.100.1")
            self.assertAnswer(outside, "address")

    def test_block_of_a_destination_of_all_and_of_others(self):
        destination = self.env["telecom.destination"].create(
            {
                "name": "Votes",
                "category": "mobile",
                "company_id": self.company.id,
                "prefix_text": "+3460000",
            }
        )
        votes = {"kind": "destination", "destination_id": destination.id}
        theirs = self._block(**votes, partner_id=self.other_customer.id)
        self.assertAnswer(self._ask(MOBILE), "ok")
        theirs.partner_id = False
        self.assertAnswer(self._ask(MOBILE), "blocked")
        self.assertAnswer(self._ask("+34611000000"), "ok")

    def test_block_of_one_number(self):
        second = self._create_number("+34910000003", self.customer)
        self.account.number_ids = [Command.link(second.id)]
        self._block(kind="category", category="mobile", number_id=second.id)
        self.assertAnswer(self._ask(MOBILE), "ok")
        answer = self._ask(MOBILE, calling="910000003")
        self.assertAnswer(answer, "blocked")

    def test_caller_id_of_the_account(self):
        second = self._create_number("+34910000003", self.customer)
        self.account.number_ids = [Command.link(second.id)]
        self.account.caller_number_id = second
        self.assertAnswer(self._ask(MOBILE), "ok", caller="+34910000003")

    def test_caller_id_that_is_not_the_customers_any_more(self):
        second = self._create_number("+34910000003", self.customer)
        self.account.number_ids = [Command.link(second.id)]
        self.account.caller_number_id = second
        moment = fields.Datetime.now() - timedelta(minutes=1)
        # The number ends, and goes on as somebody else's.
        second.date_end = moment
        self._create_number(
            "+34910000003", self.other_customer, date_start=second.date_end
        )
        own = {"allowed": True, "caller": "+34910000001"}
        self.assertAnswer(self._ask(MOBILE), "ok", **own)
        answer = self._ask(MOBILE, calling="910000001")
        self.assertAnswer(answer, "ok", **own)
        self.assertAnswer(self._ask("112"), "emergency", **own)
        answer = self._ask(MOBILE, calling="910000003")
        self.assertAnswer(answer, "number_inactive")

    def test_number_of_somebody_else_is_never_shown(self):
        self.account.caller_number_id = self.number
        self._hand_over_unseen(self.number)
        self.assertAnswer(self._ask(MOBILE), "number", allowed=False)
        self.assertAnswer(self._ask("112"), "emergency", allowed=True, caller="")
        second = self._create_number("+34910000003", self.customer)
        self.env.cr.execute(
            "INSERT INTO telecom_number_telecom_sip_account_rel"
            " (telecom_sip_account_id, telecom_number_id) VALUES (%s, %s)",
            (self.account.id, second.id),
        )
        self.assertAnswer(self._ask(MOBILE), "ok", caller="+34910000003")

    def test_tariff_decides_too(self):
        self.assertAnswer(self._ask("+33612345678"), "no_rate", allowed=False)
        self.tariff.rate_ids = [
            Command.create({"prefix": "33", "price": 1, "is_allowed": False})
        ]
        self.assertAnswer(self._ask("+33612345678"), "not_allowed")

    def test_change_counts_for_the_next_call(self):
        self._limit(0.90)
        self.assertAnswer(self._ask(MOBILE, reference="a"), "ok", max_duration=600)
        self.tariff.rate_ids = [
            Command.create({"prefix": "34600000001", "price": 0.54})
        ]
        self._underway("a").unlink()
        self.assertAnswer(self._ask(MOBILE, reference="b"), "ok", max_duration=100)
        block = self._block(kind="prefix", prefix="34600000001")
        self.assertAnswer(self._ask(MOBILE, reference="b"), "blocked")
        self._underway("b").unlink()
        block.action_archive()
        own = self._create_tariff("Own", {"category": "mobile", "price": 0.18})
        self.number.tariff_id = own
        self.assertAnswer(self._ask(MOBILE, reference="c"), "ok", max_duration=300)

    def test_any_table_of_prices_notes_its_changes(self):
        """What the loader reads is watched, and so must be what it reads later."""
        before = self._version()
        self.company.telecom_tz = "Atlantic/Canary"
        self.env.flush_all()
        self.assertNotEqual(self._version(), before)
        before = self._version()
        self.number.is_telecom_used = False
        self.env["telecom.number"]._mark_used(self.number.ids)
        self.customer.phone = "+34910000009"
        self.env.flush_all()
        self.assertEqual(self._version(), before)
        self.env.cr.execute(
            "SELECT DISTINCT event_object_table FROM information_schema.triggers"
            " WHERE trigger_name LIKE 'telecom_%_price'"
            " OR trigger_name LIKE 'res_%_price'"
        )
        watched = {name for (name,) in self.env.cr.fetchall()}
        self.assertGreaterEqual(watched, self._tables_of_prices())

    def _version(self):
        self.env.cr.execute("SELECT count(*), max(id) FROM telecom_price_version")
        return self.env.cr.fetchone()

    def _tables_of_prices(self):
        """The tables that queries of the loader name."""
        queries = []
        execute = type(self.env.cr).execute

        def noted(cursor, query, *args, **kwargs):
            queries.append(getattr(query, "code", None) or str(query))
            return execute(cursor, query, *args, **kwargs)

        self.patch(type(self.env.cr), "execute", noted)
        load_tables(self.env(su=True), self.company)
        named = re.findall(r"(?:FROM|JOIN) +\"?([a-z_]+)", " ".join(queries))
        tables = {name for name in named if name.startswith(("telecom_", "res_"))}
        return tables - NO_PRICES

    def test_rate_limit(self):
        self.switch.rate_limit = 3
        reasons = [self._ask(MOBILE).reason for _turn in range(8)]
        self.assertEqual(reasons[:3], ["ok"] * 3)
        self.assertIn("rate_limit", reasons)
        answer = next(a for a in (self._ask(MOBILE) for _ in range(9)) if not a.allowed)
        self.assertAnswer(answer, "rate_limit", sip_code=503)

    def test_wrong_keys_are_soon_not_looked_at(self):
        remote = "198.51.100.77"
        reasons = [self._ask(MOBILE, key="no", remote=remote).reason for _ in range(14)]
        self.assertEqual(reasons[:10], ["key"] * 10)
        self.assertEqual(reasons[-1], "rate_limit")
        self.assertAnswer(self._ask(MOBILE), "ok")

    def test_switch_asks_from_its_networks(self):
        self.switch.allowed_networks = "198.51.100.0/25, 2001:db8::1"
        self.assertAnswer(self._ask(MOBILE), "ok")
        self.assertAnswer(self._ask(MOBILE, remote="203.0.113.8"), "switch_address")

    def test_few_queries(self):
        self._limit(100)
        self._limit(100, number_id=self.number.id, period="day")
        self._block(kind="category", category="premium")
        self._ask(MOBILE, reference="warm")
        asked = self._asked(MOBILE, reference="counted")
        with self.assertQueryCount(4):
            answer = self.authorisation._authorise(asked)
        self.assertAnswer(answer, "ok")

    def test_trial_reserves_nothing(self):
        self._limit(0.90)
        trial = self.env["telecom.switch.trial"].create(
            {
                "switch_id": self.switch.id,
                "account_id": self.account.id,
                "called": "600000001",
                "address": "192.0.2.1",
            }
        )
        trial.action_ask()
        self.assertIn("allowed=1\n", trial.result)
        self.assertIn("max_duration=600\n", trial.result)
        calls = self.env["telecom.call.underway"]
        self.assertFalse(calls.search([("switch_id", "=", self.switch.id)]))

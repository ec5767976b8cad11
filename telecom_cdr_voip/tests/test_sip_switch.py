# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A real switch obeys: Kamailio with the documented configuration, and SIPp calling."""

import time

from odoo.fields import Command
from odoo.tests import tagged

from .provision_common import REALM
from .sip_common import (
    CARRIER,
    DOCUMENTS,
    LANDLINE,
    MOBILE,
    PHONE,
    PREMIUM,
    STRANGER,
    SipCommon,
)

try:
    from sip_switch import Kamailio
except ImportError:  # the addon without the rest of the repository
    Kamailio = None

CARRIER_ADDRESS = (
    "INSERT INTO address (grp, ip_addr, mask, port, tag)"
    f" VALUES (1, '{CARRIER}', 32, 0, 'carrier');"
)


@tagged("post_install", "-at_install")
class TestSipSwitch(SipCommon):
    def _switch(self, carrier):
        """The switch, with its accounts as Odoo writes them now."""
        headers = (
            f"Authorization: Bearer {self.key}\\r\\nX-Odoo-Database: {self.cr.dbname}"
        )
        url = f"{self.base_url()}/telecom/switch/{self.switch.id}"
        return self.enterContext(
            Kamailio(
                DOCUMENTS / "kamailio.cfg",
                self.switch._provision("subscribers.sql") + CARRIER_ADDRESS,
                {
                    "TELECOM_URL": f'"{url}"',
                    "TELECOM_HEADERS": f'"{headers}"',
                    "SIP_DOMAIN": f'"{REALM}"',
                    "CARRIER": f'"sip:{carrier.address}:{carrier.port}"',
                },
            )
        )

    def _reason(self, outcome):
        lines = outcome.messages.splitlines()
        found = [line for line in lines if line.startswith("X-Telecom-Reason:")]
        return found[-1].partition(":")[2].strip() if found else ""

    # === CALLS === #

    def test_an_allowed_call_arrives_and_its_end_is_told(self):
        carrier = self._carrier()
        switch = self._switch(carrier)
        self._went(switch, self._call(switch, "call_hung_up", LANDLINE))
        arrived = self._end_of(carrier)
        self._went(switch, arrived)
        [invite] = arrived.received("INVITE")
        self.assertIn("sip:+34912000001@", invite)
        self.assertIn("P-Asserted-Identity: <sip:+34910000001@", arrived.messages)
        self.assertNotIn("Authorization", arrived.messages)
        [call] = self._wait_for_end()
        self.assertEqual(call.account_id, self.account)
        self.assertTrue(call.ended_at, switch.log())
        # The Call-ID is the telephone's choice: what it is made of differs by call.
        self.assertRegex(call.reference, r"^[0-9a-f]{32}-[0-9]+-[0-9]{10}\.[0-9]{6}$")

    def test_a_call_that_claims_to_be_under_way_is_refused(self):
        carrier = self._carrier()
        switch = self._switch(carrier)
        outcome = self._call(
            switch,
            "call_unknown",
            PREMIUM,
            carrier=f"{carrier.address}:{carrier.port}",
        )
        self._went(switch, outcome)
        self.assertIn("SIP/2.0 481 ", outcome.messages)
        self.assertFalse(carrier.finish(1).received("INVITE"))

    def test_a_call_over_the_limit_is_refused(self):
        self._limit(0.01)
        carrier = self._carrier()
        switch = self._switch(carrier)
        outcome = self._call(switch, "call_refused", LANDLINE)
        self._went(switch, outcome)
        self.assertEqual(self._reason(outcome), "limit")
        self.assertIn("SIP/2.0 402 ", outcome.messages)
        self.assertFalse(self._under_way())

    def test_a_call_to_a_blocked_destination_is_refused(self):
        self.env["telecom.block"].create(
            {"partner_id": self.customer.id, "kind": "category", "category": "mobile"}
        )
        carrier = self._carrier()
        switch = self._switch(carrier)
        outcome = self._call(switch, "call_refused", MOBILE)
        self._went(switch, outcome)
        self.assertEqual(self._reason(outcome), "blocked")
        self.assertIn("SIP/2.0 403 ", outcome.messages)
        self._went(switch, self._call(switch, "call_hung_up", LANDLINE))
        self._went(switch, self._end_of(carrier))

    def test_a_call_from_a_foreign_address_is_refused(self):
        switch = self._switch(self._carrier())
        outcome = self._call(switch, "call_refused", LANDLINE, address=STRANGER)
        self._went(switch, outcome)
        self.assertIn("SIP/2.0 403 Not From This Address", outcome.messages)
        self.assertFalse(self._under_way())

    def test_an_account_without_networks_calls_from_anywhere(self):
        self.account.network_ids.unlink()
        carrier = self._telephone("answered", CARRIER).start(calls=2, seconds=60)
        switch = self._switch(carrier)
        for address in (PHONE, STRANGER):
            self._goes(switch, LANDLINE, address=address)
        self.assertEqual(self._under_way().account_id, self.account)

    def test_a_foreign_address_that_the_switch_still_trusts_is_refused(self):
        own = self.account.network_ids
        self.account.network_ids = [Command.create({"network": STRANGER})]
        switch = self._switch(self._carrier())
        (self.account.network_ids - own).unlink()
        outcome = self._call(switch, "call_refused", LANDLINE, address=STRANGER)
        self._went(switch, outcome)
        self.assertEqual(self._reason(outcome), "address")

    def test_a_wrong_password_is_refused_by_the_switch(self):
        switch = self._switch(self._carrier())
        self.account._new_secret()
        switch_of_now = self._switch(self._carrier())
        self._went(switch, self._call(switch, "register", "", contact_port="5062"))
        outcome = self._call(switch_of_now, "register", "", contact_port="5062")
        self.assertFalse(outcome.succeeded)

    def test_a_call_is_cut_at_its_longest_duration(self):
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "category": "premium", "price": 0.30}
        )
        self._limit(0.01)  # 0.005 a second: 2 seconds
        carrier = self._carrier()
        switch = self._switch(carrier)
        begin = time.monotonic()
        self._went(switch, self._call(switch, "call_cut", PREMIUM))
        self.assertGreater(time.monotonic() - begin, 1.5)
        self._went(switch, self._end_of(carrier))
        [call] = self._wait_for_end()
        self.assertEqual(call.max_duration, 2)
        self.assertTrue(call.ended_at, switch.log())

    def test_both_sides_of_each_call_are_cut_however_fast_they_answer(self):
        """Telephones on one machine answer the first BYE before the second is out."""
        self._limit(1)
        self.switch.time_reserved = 1
        carrier = self._telephone("answered", CARRIER).start(calls=5, seconds=60)
        switch = self._switch(carrier)
        for _turn in range(5):
            self._went(switch, self._call(switch, "call_cut", MOBILE))
            calls = self._wait_for_end()
            self.assertTrue(all(calls.mapped("ended_at")), switch.log())
            self.assertEqual(set(calls.mapped("max_duration")), {1})
        self.assertEqual(len(calls), 5)
        self._went(switch, self._end_of(carrier))

    # === FRAUD === #

    def _watch(self, **rule):
        """What the fraud watch finds in the calls that the switch has told of."""
        rules = self.env["telecom.fraud.rule"]
        rules.search([("company_id", "=", self.company.id)]).active = False
        values = {"name": "One call", "kind": "cap", "min_calls": 1, **rule}
        rules.create({"company_id": self.company.id, **values})
        self.env["telecom.fraud.watch"]._look_at_underway(self.company)
        return self.env["telecom.fraud.alert"].search(
            [("company_id", "=", self.company.id)]
        )

    def _unblock(self, alert):
        wizard = self.env["telecom.fraud.unblock"].with_context(
            **alert.action_unblock()["context"]
        )
        wizard.create({"reason": "It was ours", "state": "looked"}).action_unblock()

    def _goes(self, switch, called, **values):
        """A call arrives, and the switch tells of its end."""
        self._went(switch, self._call(switch, "call_hung_up", called, **values))
        self.assertTrue(all(self._wait_for_end().mapped("ended_at")), switch.log())

    def _is_refused(self, switch, called, reason):
        outcome = self._call(switch, "call_refused", called)
        self._went(switch, outcome)
        self.assertEqual(self._reason(outcome), reason)
        self.assertIn("SIP/2.0 403 ", outcome.messages)

    def _open_switch(self):
        """A switch whose carrier answers calls one after the other."""
        carrier = self._telephone("answered", CARRIER).start(calls=3, seconds=60)
        return self._switch(carrier)

    def test_an_account_that_the_fraud_watch_blocks_calls_no_more(self):
        switch = self._open_switch()
        self._goes(switch, LANDLINE, talk=1.2)
        alert = self._watch(action="accounts")
        self.assertEqual(alert.account_ids, self.account | self.other)
        # The switch still lets it in, with the accounts that it fetched before.
        self._is_refused(switch, LANDLINE, "account_blocked")
        alert.action_looked()
        self._is_refused(switch, LANDLINE, "account_blocked")
        self._unblock(alert)
        self._goes(switch, LANDLINE)

    def test_a_place_that_the_fraud_watch_blocks_is_called_no_more(self):
        switch = self._open_switch()
        self._goes(switch, LANDLINE, talk=1.2)
        alert = self._watch(action="place", place="category")
        self.assertEqual(alert.block_ids.category, "landline")
        self._is_refused(switch, LANDLINE, "blocked")
        self._goes(switch, MOBILE)
        self._unblock(alert)
        self._goes(switch, LANDLINE)

    # === INCOMING === #

    def test_a_redirected_call_arrives_at_its_target(self):
        self._redirect("always")
        carrier = self._carrier()
        switch = self._switch(carrier)
        self._went(switch, self._incoming(switch))
        arrived = self._end_of(carrier)
        self._went(switch, arrived)
        self.assertIn(f"sip:+34{MOBILE}@", arrived.received("INVITE")[0])

    def test_a_call_to_a_number_rings_at_its_telephone(self):
        switch = self._switch(self._carrier())
        telephone = self._registered(switch, "answered")
        self._went(switch, self._incoming(switch))
        rang = self._end_of(telephone)
        self._went(switch, rang)
        contact = f"sip:{self.account.login}@{PHONE}:{telephone.port}"
        self.assertIn(f"INVITE {contact} ", rang.received("INVITE")[0])
        self.assertFalse(self._under_way(), "who is called pays nothing")

    def test_a_busy_telephone_redirects(self):
        self._redirect("busy")
        carrier = self._carrier()
        switch = self._switch(carrier)
        telephone = self._registered(switch, "busy")
        self._went(switch, self._incoming(switch))
        self._went(switch, self._end_of(telephone))
        arrived = self._end_of(carrier)
        self._went(switch, arrived)
        self.assertIn(f"sip:+34{MOBILE}@", arrived.received("INVITE")[0])

    def _incoming(self, switch):
        called = self.number.number
        return self._call(switch, "call_incoming", called, CARRIER, caller="911000001")

    def _registered(self, switch, scenario):
        """A telephone that the switch knows, and that waits for a call."""
        telephone = self._telephone(scenario).start()
        port = str(telephone.port)
        self._went(switch, self._call(switch, "register", "", contact_port=port))
        return telephone

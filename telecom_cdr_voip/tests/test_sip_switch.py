# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A real switch obeys: Kamailio with the documented configuration, and SIPp calling."""

import sys
import time
import unittest
from pathlib import Path

from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .provision_common import PASSWORD, REALM, ProvisionCommon

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "setup" / "lib"))
try:
    from sip_switch import Kamailio, Telephone, why_no_sip
except ImportError:  # the addon without the rest of the repository
    Kamailio = None

CONFIG = REPOSITORY / "docs" / "switches" / "kamailio.cfg"
SCENARIOS = Path(__file__).parent / "data" / "sipp"
CARRIER, PHONE, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.9"
CARRIER_ADDRESS = (
    "INSERT INTO address (grp, ip_addr, mask, port, tag)"
    f" VALUES (1, '{CARRIER}', 32, 0, 'carrier');"
)
LANDLINE, MOBILE, PREMIUM = "912000001", "600000099", "803000001"


@tagged("post_install", "-at_install")
class TestSipSwitch(HttpCase, ProvisionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reason = "no SIP switch to start here" if Kamailio is None else why_no_sip()
        if reason:
            raise unittest.SkipTest(reason)
        cls.account.network_ids.unlink()
        cls.account.network_ids = [Command.create({"network": f"{PHONE}/32"})]
        cls.env.flush_all()

    # === THE PARTIES === #

    def _switch(self, carrier):
        """The switch, with its accounts as Odoo writes them now."""
        headers = (
            f"Authorization: Bearer {self.key}\\r\\nX-Odoo-Database: {self.cr.dbname}"
        )
        url = f"{self.base_url()}/telecom/switch/{self.switch.id}"
        return self.enterContext(
            Kamailio(
                CONFIG,
                self.switch._provision("subscribers.sql") + CARRIER_ADDRESS,
                {
                    "TELECOM_URL": f'"{url}"',
                    "TELECOM_HEADERS": f'"{headers}"',
                    "SIP_DOMAIN": f'"{REALM}"',
                    "CARRIER": f'"sip:{carrier.address}:{carrier.port}"',
                },
            )
        )

    def _telephone(self, scenario, address=PHONE, account=None, **keys):
        login = (account or self.account).login
        keys = {"login": login, "caller": login, "domain": REALM, **keys}
        phone = Telephone(
            address, SCENARIOS / f"{scenario}.xml", {**keys, "password": PASSWORD}
        )
        self.addCleanup(phone.close)
        return phone

    def _carrier(self, scenario="answered"):
        """A carrier that waits for a call."""
        return self._telephone(scenario, CARRIER).start()

    def _call(self, switch, scenario, called, address=PHONE, **keys):
        phone = self._telephone(scenario, address, **keys)
        phone.start(f"127.0.0.1:{switch.port}", called)
        return self._end_of(phone)

    def _end_of(self, phone):
        with self._odoo_at_work():
            return phone.finish()

    def _odoo_at_work(self):
        """Requests of the switch are answered here, and wait at any other time."""
        return self.allow_requests(all_requests=True)

    def _went(self, switch, outcome):
        self.assertTrue(outcome.succeeded, f"{outcome.messages}\n{switch.log()}")

    def _reason(self, outcome):
        lines = outcome.messages.splitlines()
        found = [line for line in lines if line.startswith("X-Telecom-Reason:")]
        return found[-1].partition(":")[2].strip() if found else ""

    def _under_way(self):
        self.env.invalidate_all()
        return self.env["telecom.call.underway"].search(
            [("switch_id", "=", self.switch.id)]
        )

    def _wait_for_end(self):
        """The call under way, once the switch told that it is over."""
        for _turn in range(50):
            calls = self._under_way()
            if calls and all(calls.mapped("ended_at")):
                break
            with self._odoo_at_work():
                time.sleep(0.2)
        return calls

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

    # === WHAT CALLS MEET === #

    def _limit(self, amount):
        limit = {"partner_id": self.customer.id, "period": "month", "amount": amount}
        return self.env["telecom.limit"].create({**limit, "is_blocking": True})

    def _redirect(self, condition):
        return self.env["telecom.redirect"].create(
            {
                "number_id": self.number.id,
                "condition": condition,
                "target": f"+34{MOBILE}",
            }
        )

    def _incoming(self, switch):
        called = self.number.number
        return self._call(switch, "call_incoming", called, CARRIER, caller="911000001")

    def _registered(self, switch, scenario):
        """A telephone that the switch knows, and that waits for a call."""
        telephone = self._telephone(scenario).start()
        port = str(telephone.port)
        self._went(switch, self._call(switch, "register", "", contact_port=port))
        return telephone

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A real switch obeys: Asterisk with the documented configuration, and SIPp calling."""

import unittest

from odoo.tests import tagged

from .sip_common import CARRIER, DOCUMENTS, LANDLINE, MOBILE, PREMIUM, SipCommon

try:
    from asterisk_switch import Asterisk, why_no_asterisk
except ImportError:  # the addon without the rest of the repository
    Asterisk = None


@tagged("post_install", "-at_install")
class TestAsteriskSwitch(SipCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reason = "no Asterisk to start here" if Asterisk is None else why_no_asterisk()
        if reason:
            raise unittest.SkipTest(reason)

    def _switch(self, carrier):
        """The switch, with its accounts as Odoo writes them now."""
        address = f"{carrier.address}:{carrier.port}"
        url = f"{self.base_url()}/telecom/switch/{self.switch.id}"
        return self.enterContext(
            Asterisk(
                DOCUMENTS / "asterisk",
                self.switch._provision("pjsip.conf"),
                {
                    "https://odoo.example.com/telecom/switch/1": url,
                    "KEY-THAT-ODOO-SHOWED": self.key,
                    "TELECOM_DATABASE=": f"TELECOM_DATABASE={self.cr.dbname}",
                    "bind=0.0.0.0": "bind=127.0.0.1:{port}",
                    "sip.carrier.example.net:5060": address,
                    "match=sip.carrier.example.net": f"match={CARRIER}",
                    # SIPp's telephones do not say that they are there.
                    "qualify_frequency=60": "qualify_frequency=0",
                },
            )
        )

    def _one(self):
        """The only call, with its end told."""
        [call] = self._wait_for_end()
        return call

    def test_the_accounts_are_read_without_a_complaint(self):
        self.account.label = 'Front; desk [1] "x" \\ #exec ${EXTEN}'
        switch = self._switch(self._carrier())
        complaints = ("res_sorcery_config", "config_options", "pbx_config", "pjsip")
        wrong = [
            line
            for line in switch.log().splitlines()
            if ("ERROR" in line or "WARNING" in line)
            and any(name in line for name in complaints)
            and "Unable to load config file" not in line
        ]
        self.assertFalse(wrong)

    def test_an_allowed_call_arrives_and_its_end_is_told(self):
        carrier = self._carrier()
        switch = self._switch(carrier)
        self._went(switch, self._call(switch, "call_hung_up", LANDLINE, talk=1.2))
        arrived = self._end_of(carrier)
        self._went(switch, arrived)
        self.assertIn("sip:+34912000001@", arrived.received("INVITE")[0])
        self.assertRegex(arrived.messages, r"From: [^\n]*<sip:\+34910000001@")
        call = self._one()
        self.assertEqual((call.account_id, call.number_id), (self.account, self.number))
        self.assertTrue(call.ended_at, switch.log())
        self.assertLess(call.reserved, 0.1)

    def test_a_call_over_the_limit_is_refused(self):
        self._limit(0.01)
        carrier = self._carrier()
        switch = self._switch(carrier)
        outcome = self._call(switch, "call_refused", LANDLINE)
        self._went(switch, outcome)
        self.assertIn("SIP/2.0 403 ", outcome.messages)
        self.assertIn("refused: limit", switch.log())
        self.assertFalse(self._under_way())
        self.assertFalse(carrier.finish(1).received("INVITE"))

    def test_a_call_to_a_blocked_destination_is_refused(self):
        self.env["telecom.block"].create(
            {"partner_id": self.customer.id, "kind": "category", "category": "mobile"}
        )
        switch = self._switch(self._carrier())
        self._went(switch, self._call(switch, "call_refused", MOBILE))
        self.assertIn("refused: blocked", switch.log())

    def test_a_call_without_an_answer_of_odoo_is_refused(self):
        carrier = self._carrier()
        switch = self._switch(carrier)
        self.switch.active = False
        outcome = self._call(switch, "call_refused", LANDLINE)
        self._went(switch, outcome)
        self.assertIn("SIP/2.0 403 ", outcome.messages)
        self.assertFalse(carrier.finish(1).received("INVITE"))

    def test_a_call_is_cut_at_its_longest_duration(self):
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "category": "premium", "price": 0.30}
        )
        self._limit(0.01)  # 0.005 a second: 2 seconds
        carrier = self._carrier()
        switch = self._switch(carrier)
        self._went(switch, self._call(switch, "call_cut", PREMIUM))
        self._went(switch, self._end_of(carrier))
        call = self._one()
        self.assertEqual(call.max_duration, 2)
        self.assertTrue(call.ended_at, switch.log())

    def test_a_redirected_call_arrives_at_its_target(self):
        self._redirect("always")
        carrier = self._carrier()
        switch = self._switch(carrier)
        self._went(switch, self._incoming(switch))
        self._check_arrived(switch, carrier)

    def test_a_call_to_a_number_rings_at_its_telephones(self):
        self.other.number_ids = self.number
        switch = self._switch(self._carrier())
        # Of two accounts one has logged in.
        telephone = self._registered(switch, "answered")
        self._went(switch, self._incoming(switch))
        rang = self._end_of(telephone)
        self._went(switch, rang)
        self.assertEqual(len(rang.received("INVITE")), 1)
        self.assertFalse(self._under_way(), "who is called pays nothing")

    def test_a_busy_telephone_redirects(self):
        self._redirect("busy")
        carrier = self._carrier()
        switch = self._switch(carrier)
        telephone = self._registered(switch, "busy")
        self._went(switch, self._incoming(switch))
        self._went(switch, self._end_of(telephone))
        self._check_arrived(switch, carrier)

    def test_nobody_there_redirects(self):
        self._redirect("unreachable")
        carrier = self._carrier()
        switch = self._switch(carrier)
        self._went(switch, self._incoming(switch))
        self._check_arrived(switch, carrier)

    def _check_arrived(self, switch, carrier):
        arrived = self._end_of(carrier)
        self._went(switch, arrived)
        self.assertIn(f"sip:+34{MOBILE}@", arrived.received("INVITE")[0])
        self.assertEqual(self._one().number_id, self.number)

    def _incoming(self, switch):
        called = self.number.number
        return self._call(switch, "call_incoming", called, CARRIER, caller="911000001")

    def _registered(self, switch, scenario):
        """A telephone that logged in, and waits for a call at the same port.

        Asterisk calls it where it logged in from (rewrite_contact).
        """
        login = self._telephone("register", contact_port="5060")
        login.start(switch.address)
        self._went(switch, self._end_of(login))
        telephone = self._telephone(scenario)
        telephone.port = login.port
        return telephone.start()

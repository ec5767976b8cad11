# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Telephones and a carrier, played by SIPp, around a real switch that asks Odoo."""

import sys
import time
import unittest
from pathlib import Path

from odoo.fields import Command
from odoo.tests import HttpCase

from .provision_common import PASSWORD, REALM, ProvisionCommon

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "setup" / "lib"))
try:
    from sip_switch import Telephone, why_no_sip
except ImportError:  # the addon without the rest of the repository
    Telephone = None

DOCUMENTS = REPOSITORY / "docs" / "switches"
SCENARIOS = Path(__file__).parent / "data" / "sipp"
CARRIER, PHONE, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.9"
LANDLINE, MOBILE, PREMIUM = "912000001", "600000099", "803000001"


class SipCommon(HttpCase, ProvisionCommon):
    """An account that calls from one address; calls go to a carrier at another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reason = "no SIP switch to start here" if Telephone is None else why_no_sip()
        if reason:
            raise unittest.SkipTest(reason)
        cls.account.network_ids.unlink()
        cls.account.network_ids = [Command.create({"network": f"{PHONE}/32"})]
        cls.env.flush_all()

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

    def _call(self, switch, scenario, called, address=PHONE, talk=0.3, **keys):
        phone = self._telephone(scenario, address, **keys)
        phone.start(f"127.0.0.1:{switch.port}", called, talk=talk)
        return self._end_of(phone)

    def _end_of(self, phone):
        with self._odoo_at_work():
            return phone.finish()

    def _odoo_at_work(self):
        """Requests of the switch are answered here, and wait at any other time."""
        self.env.flush_all()
        return self.allow_requests(all_requests=True)

    def _went(self, switch, outcome):
        self.assertTrue(outcome.succeeded, f"{outcome.messages}\n{switch.log()}")

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

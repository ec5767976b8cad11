# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A switch that asks for calls of a customer whose limits are known."""

from odoo.addons.telecom_cdr_voip.authorisation.asked import Asked

from .provision_common import ProvisionCommon

MOBILE = "+34600000001"
LANDLINE = "+34910000009"
FROM = "192.0.2.10"


class VoipCommon(ProvisionCommon):
    """Landline 0.02 a minute by 60/60 and 0.05 to connect, mobile 0.09 by seconds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.switch.rate_limit = 100_000
        cls.authorisation = cls.env["telecom.authorisation"].sudo()
        cls.other_customer = cls._create_customer("Customer Two")
        cls.other_number = cls._create_number("+34910000002", cls.other_customer)

    @classmethod
    def _asked(cls, called, **values):
        asked = {
            "switch_id": cls.switch.id,
            "key": cls.key,
            "remote": "198.51.100.1",
            "login": "reception",
            "address": FROM,
            "called": called,
        }
        return Asked(**{**asked, **values})

    def _ask(self, called, **values):
        """What the switch is told of a call from the account of the customer."""
        self.env.flush_all()
        return self.authorisation._authorise(self._asked(called, **values))

    def _limit(self, amount, **values):
        return self.env["telecom.limit"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "amount": amount,
                "is_blocking": True,
                **values,
            }
        )

    def _block(self, **values):
        return self.env["telecom.block"].create(
            {"company_id": self.company.id, "partner_id": self.customer.id, **values}
        )

    def _redirect(self, target, number=None, **values):
        number = number or self.number
        return self.env["telecom.redirect"].create(
            {"number_id": number.id, "target": target, **values}
        )

    def _hand_over_unseen(self, number):
        """Give a number to another customer behind the back of what belongs to it."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE telecom_number SET partner_id = %s WHERE id = %s",
            (self.other_customer.id, number.id),
        )
        self.env.invalidate_all()

    def _underway(self, reference):
        calls = self.env["telecom.call.underway"]
        calls.invalidate_model()
        return calls.search(
            [("switch_id", "=", self.switch.id), ("reference", "=", reference)]
        )

    def assertAnswer(self, answer, reason, **values):
        """The reason of an answer, and whatever else is said of it."""
        found = {name: getattr(answer, name) for name in values}
        self.assertEqual((answer.reason, found), (reason, values))

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta

from odoo.tests import tagged

from .common import PortalCase

# Who asked, what, in which words, about how much, and that it is settled.
ASKED = [("acme_portal", "duration", "It was a minute at most", 2.0, "closed")]


class SeeTour(PortalCase):
    """From the home card to a question about a call."""

    def _walk(self):
        tariff = self.env["telecom.tariff"].create(
            {"name": "Retail", "company_id": self.company.id}
        )
        rate = self.env["telecom.rate"].create(
            {"tariff_id": tariff.id, "category": "mobile", "price": 2}
        )
        # Whatever day it is: three calls of this month, by the clock of Madrid.
        now = datetime.now().replace(microsecond=0)  # noqa: DTZ005 UTC, as stored
        day = self.portal._local(now).date()
        self._create_calls(
            [
                {
                    "start_at": now - timedelta(seconds=second),
                    "day": day,
                    "rate_id": rate.id,
                    "price": "2",
                }
                for second in range(3)
            ]
        )
        self.env["telecom.limit"].create(
            {
                "partner_id": self.acme.id,
                "company_id": self.company.id,
                "amount": 20,
                "currency_id": self.eur.id,
            }
        )
        self._create_subscription(self.acme)
        self._create_invoice(self.acme, [])
        self.start_tour("/my/home", "telecom_cdr_portal_see", login=self.user.login)

    def _asked(self):
        """The questions that the customer left."""
        return [
            (one.contact_id.user_ids.login, one.reason, one.note, one.price, one.state)
            for one in self.env["telecom.dispute"].search(
                [("partner_id", "=", self.acme.id)]
            )
        ]


@tagged("post_install", "-at_install")
class TestSeeOnDesk(SeeTour):
    browser_size = "1366x768"

    def test_from_the_home_card_to_a_question(self):
        self._walk()
        self.assertEqual(self._asked(), ASKED)


@tagged("post_install", "-at_install")
class TestSeeOnPhone(SeeTour):
    browser_size = "375x667"
    touch_enabled = True

    def test_from_the_home_card_to_a_question(self):
        self._walk()
        self.assertEqual(self._asked(), ASKED)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

import re

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import PortalCase

SECRETS = ("0.777", "0.555", "Secret Carrier", "ACCOUNT-SECRET", "TRUNK-SECRET")
COST_WORDS = ("cost of", "mark-up", "Mark-up", "margin", "Margin", "carrier")


@tagged("post_install", "-at_install")
class TestPortalWhy(PortalCase):
    """A page for each call, with the way to its price and without any cost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tariff = cls.env["telecom.tariff"].create(
            {"name": "Retail", "company_id": cls.company.id}
        )
        cls.rate = cls._create_rate(
            category="mobile", price=0.06, initial_increment=60, increment=60
        )

    @classmethod
    def _create_rate(cls, **values):
        rates = cls.env["telecom.rate"]
        return rates.create({"tariff_id": cls.tariff.id, **values})

    def _page(self, call_id, user=None):
        text = self._open(f"/my/telecom/call/{call_id}", user)
        part = text.partition("o_telecom_one_call")[2].partition("All calls")[0]
        part = re.sub(r"<[^>]*>", " ", part.partition(">")[2])
        return re.sub(r"\s+", " ", part).replace("\xa0", " ")

    def _status(self, url, user):
        self.authenticate(user and user.login, user and user.login)
        return self.url_open(url, allow_redirects=False).status_code

    def test_tariff_increments_and_price(self):
        # 61 s are two steps of 60 s: 120 s at 0.06 a minute.
        call_id = self._create_call(rate_id=self.rate.id, duration=61, price="0.12")
        text = self._page(call_id)
        for words in (
            "Tariff Retail",
            "Rate Calls to Mobile 0.06 € a minute",
            "The first 60 s are billed whole, then steps of 60 s: 0:01:01 become "
            "0:02:00 (120 s).",
            "Price of the call Without taxes, as it is stored and invoiced. 0.12 €",
        ):
            self.assertIn(words, text)
        for secret in (*SECRETS, *COST_WORDS):
            self.assertNotIn(secret, text)

    def test_minutes_from_a_bundle(self):
        subscription = self._create_subscription(self.acme, "FIXED 500")
        call_id = self._create_call(
            rate_id=self.rate.id, duration=120, bundle_duration=60, price="0.06"
        )
        self._create_draw(call_id, subscription, 60)
        text = self._page(call_id)
        self.assertIn("From the bundle FIXED 500", text)
        self.assertIn("0:01:00 from bundle", text)
        self.assertIn("0.06 €", text)

    def test_a_markup_tells_no_cost(self):
        rate = self._create_rate(category="premium", method="markup", markup=100)
        call_id = self._create_call(
            rate_id=rate.id, category="premium", cost=0.4321, price="0.8642"
        )
        text = self._page(call_id)
        self.assertIn("0.8642 €", text)
        self.assertIn("By the price that your tariff has for such calls.", text)
        for secret in ("0.4321", "100", *SECRETS, *COST_WORDS):
            self.assertNotIn(secret, text)

    def test_a_user_who_sees_costs_sees_none_here(self):
        rate = self._create_rate(category="premium", method="markup", markup=100)
        call_id = self._create_call(
            rate_id=rate.id, category="premium", cost=0.4321, price="0.8642"
        )
        boss = new_test_user(
            self.env,
            "cost_reader",
            groups="telecom_cdr.group_telecom_reader,telecom_cdr.group_telecom_cost",
        )
        boss.partner_id.parent_id = self.acme
        self.assertNotIn("0.4321", self._page(call_id, boss))

    def test_a_formula_is_ours(self):
        rate = self._create_rate(
            category="premium", method="formula", formula="carrier_amount * 3"
        )
        call_id = self._create_call(rate_id=rate.id, category="premium", price="0")
        self.assertNotIn("carrier", self._page(call_id))

    def test_a_price_that_has_changed_is_not_explained(self):
        call_id = self._create_call(rate_id=self.rate.id, duration=61, price="9")
        self.assertIn("has just changed", self._page(call_id))

    def test_calls_without_a_price(self):
        waiting = self._create_call(rating_state="unrated", price=None)
        self.assertIn("not known yet", self._page(waiting))
        free = self._create_call(
            rating_state="excluded", price=None, direction="incoming"
        )
        self.assertIn("Calls of this kind are not charged.", self._page(free))

    def test_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.env["ir.module.module"].search(
            [("name", "=", "telecom_cdr")]
        )._update_translations(["es_ES"])
        self.user.lang = "es_ES"
        call_id = self._create_call(rate_id=self.rate.id, duration=61, price="0.12")
        text = self._open(f"/es/my/telecom/call/{call_id}")
        self.assertIn("0,12", text)
        self.assertNotIn("are billed whole", text)

    # === RIGHTS === #

    def test_only_calls_that_one_sees(self):
        hidden = self._create_destination("Quiet place", never_itemised=True)
        mine, never, foreign, nobodys = self._create_calls(
            [
                {},
                {"destination_id": hidden.id},
                {"partner_id": self.rival.id, "number_id": self.rival_number.id},
                {"partner_id": None},
            ]
        )
        self.assertEqual(self._status(f"/my/telecom/call/{mine}", self.user), 200)
        for call_id in (never, foreign, nobodys, 0, 2**31, 2**63, 10**30):
            with self.subTest(call_id=call_id):
                url = f"/my/telecom/call/{call_id}"
                self.assertEqual(self._status(url, self.user), 404)
        for url in ("/my/telecom/call/-1", "/my/telecom/call/x"):
            self.assertEqual(self._status(url, self.user), 404)

    def test_who_does_not_see_it(self):
        call_id = self._create_call()
        other = self._create_number("+34910000003", self.acme)
        limited = self._create_user("limited", self.acme)
        self.env["telecom.portal.right"].create(
            {
                "partner_id": limited.partner_id.id,
                "number_ids": [Command.set(other.ids)],
            }
        )
        child = self._create_customer("Acme Subsidiary", parent_id=self.acme.id)
        employee = new_test_user(self.env, "no_role", groups="base.group_user")
        employee.partner_id.parent_id = self.acme
        users = (
            self.rival_user,
            limited,
            self._create_user("child_portal", child),
            employee,
        )
        for user in users:
            with self.subTest(user=user.login):
                url = f"/my/telecom/call/{call_id}"
                self.assertEqual(self._status(url, user), 404)
                self.assertEqual(self._shown_ids(self._open("/my/calls", user)), [])
        self.assertEqual(self._status(f"/my/telecom/call/{call_id}", None), 303)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .portal_common import ACCOUNTS, PASSWORD, VoipPortalCase


@tagged("post_install", "-at_install")
class TestPortalAccounts(VoipPortalCase):
    """SIP accounts of a customer: seen, named, with passwords and addresses."""

    # === SEEING === #

    def test_the_list_shows_own_accounts_and_numbers(self):
        text = self._open(ACCOUNTS)
        for login in ("acme-101", "acme-102", "acme-103", "acme-104"):
            self.assertIn(login, text)
        self.assertIn("+34 910 00 00 03", text)
        self.assertIn("sip.example.net", text)
        self.assertNotIn("rival", text)
        self.assertNotIn("910 00 00 02", text)

    def test_a_page_shows_what_a_telephone_needs_but_no_password(self):
        self.account.network_ids = [
            Command.create({"network": "192.0.2.0/24", "label": "Office"})
        ]
        text = self._open(self._url(self.account))
        for shown in ("acme-101", "sip.example.net", "192.0.2.0/24", "Office"):
            self.assertIn(shown, text)
        for page in (text, self._open(ACCOUNTS)):
            self.assertNotIn(PASSWORD, page)
            self.assertNotIn(self.account.sudo().secret_cipher, page)
            self.assertNotIn(self.account.sudo().ha1, page)

    # === NAMES === #

    def test_names_are_the_customers_own(self):
        self._post(self._url(self.account, "/label"), label="  Front \n desk ")
        self.assertEqual(self.account.label, "Front desk")
        self._post("/my/telecom/number/label", number=self.fax.id, label="Telefax")
        self.assertEqual(self.fax.label, "Telefax")
        self._post(self._url(self.account, "/label"), label="Front desk")
        self.assertEqual(
            self._changes(),
            [
                ("Name of acme-101", "", "Front desk", self.user),
                ("Name of +34 910 00 00 03", "Fax", "Telefax", self.user),
            ],
        )
        self._post(self._url(self.account, "/label"), label="x" * 500)
        self.assertEqual(self.account.label, "x" * 64)
        hostile = "<script>alert(1)</script>"
        self._post(self._url(self.account, "/label"), label=hostile)
        self.assertNotIn(hostile, self._open(ACCOUNTS))

    # === PASSWORD === #

    def test_the_password_is_shown_on_demand_and_noted(self):
        self._sign_in(self.user)
        with self.assertLogs("odoo", logging.DEBUG) as logs:
            answer = self._post(self._url(self.account, "/password"))
            logging.getLogger("odoo").info("at least one line")
        self.assertEqual(answer.json(), {"password": PASSWORD})
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertNotIn(PASSWORD, "\n".join(logs.output))
        bodies = " ".join(self.account.message_ids.mapped("body"))
        self.assertIn("The password was shown to acme_portal", bodies)
        self.assertEqual(self._changes(), [("Password", "", "shown", self.user)])
        self.assertNotIn(PASSWORD, bodies + str(self._changes()))
        self.assertNotIn(PASSWORD, self._open(self._url(self.account)))

    def test_a_new_password_replaces_the_old_one(self):
        old = self.account.sudo().ha1
        answer = self._post(self._url(self.account, "/password/new")).json()
        self.assertEqual(len(answer["password"]), 20)
        self.assertNotEqual(answer["password"], PASSWORD)
        self.assertEqual(self.account.sudo()._secret(), answer["password"])
        self.assertNotEqual(self.account.sudo().ha1, old)
        self.assertEqual(self._changes(), [("Password", "", "renewed", self.user)])
        bodies = " ".join(self.account.message_ids.mapped("body"))
        self.assertNotIn(answer["password"], bodies)

    def test_passwords_where_the_company_does_not_show_them(self):
        self.company.telecom_portal_may_secrets = False
        for rest in ("/password", "/password/new"):
            answer = self._post(self._url(self.account, rest)).json()
            self.assertEqual(list(answer), ["error"])
            self.assertIn("please ask us", answer["error"])
        self.assertEqual(self.account.sudo()._secret(), PASSWORD)
        self.assertNotIn("o_telecom_password", self._open(self._url(self.account)))
        self.assertFalse(self._changes())

    # === NETWORKS === #

    def test_networks_in_one_spelling(self):
        cases = (
            (" 192.0.2.7 ", "192.0.2.7"),
            ("192.0.2.9/24", "192.0.2.0/24"),
            ("2001:DB8:0:0::1", "2001:db8::1"),
            ("2001:db8::/48", "2001:db8::/48"),
            ("198.51.0.0/16", "198.51.0.0/16"),
        )
        for text, network in cases:
            with self.subTest(text):
                account = self._voip()._account(self.account.id)
                self._voip()._add_network(account, text, "Home")
                self.assertIn(network, self.account.network_ids.mapped("network"))
        self.assertEqual(len(self.account.network_ids), len(cases))
        first, second = self._changes()[:2]
        self.assertEqual(first[1:3], ("from anywhere", "192.0.2.7"))
        self.assertEqual(second[1:3], ("192.0.2.7", "192.0.2.7, 192.0.2.0/24"))

    def test_networks_that_are_refused(self):
        cases = (
            ("", "neither an address nor a network"),
            ("example.com", "neither an address nor a network"),
            ("192.0.2.256", "neither an address nor a network"),
            ("0.0.0.0/0", "too large a network: at least /16"),
            ("::/0", "too large a network: at least /32"),
            ("198.0.0.0/15", "too large"),
            ("0.0.0.0", "No telephone has an address"),
            ("224.0.0.0/16", "No telephone has an address"),
            ("ff02::1", "No telephone has an address"),
        )
        for text, reason in cases:
            with self.subTest(text):
                account = self._voip()._account(self.account.id)
                self._assert_refused(
                    reason, self._voip()._add_network, account, text, ""
                )
        page = self._post(self._url(self.account, "/network/add"), network="::/0")
        self.assertIn("too large a network: at least /32", page.text)
        self.assertFalse(self.account.network_ids)
        self.assertFalse(self._changes())

    def test_the_company_may_allow_any_network(self):
        self.company.telecom_portal_ipv4_bits = 0
        self._post(self._url(self.account, "/network/add"), network="0.0.0.0/0")
        self.assertEqual(self.account.network_ids.mapped("network"), ["0.0.0.0/0"])

    def test_a_network_twice_and_removed(self):
        for _time in range(2):
            page = self._post(
                self._url(self.account, "/network/add"), network="192.0.2.7"
            )
        self.assertIn("192.0.2.7 is allowed already", page.text)
        network = self.account.network_ids
        self.assertEqual(len(network), 1)
        changed = self.account.changed_at
        self._post(self._url(self.account, "/network/remove"), network=network.id)
        self.assertFalse(self.account.network_ids)
        self.assertGreaterEqual(self.account.changed_at, changed)
        self.assertEqual(self._changes()[-1][1:3], ("192.0.2.7", "from anywhere"))

    def test_a_network_of_another_account_is_not_removed(self):
        network = self.env["telecom.sip.network"].create(
            {"account_id": self.rival_account.id, "network": "192.0.2.99"}
        )
        self._post(self._url(self.account, "/network/remove"), network=network.id)
        self.assertTrue(network.exists())

    def test_networks_where_the_company_sets_them(self):
        self.company.telecom_portal_may_networks = False
        page = self._post(self._url(self.account, "/network/add"), network="192.0.2.7")
        self.assertIn("please ask us", page.text)
        self.assertFalse(self.account.network_ids)
        self.assertNotIn("network/add", self._open(self._url(self.account)))

    # === GUIDE === #

    def test_the_guide_is_a_pdf_of_own_accounts_only(self):
        self._sign_in(self.user)
        answer = self.url_open(self._url(self.account, "/guide.pdf"))
        self.assertEqual(answer.headers["Content-Type"], "application/pdf")
        answer = self.url_open(self._url(self.rival_account, "/guide.pdf"))
        self.assertNotEqual(answer.headers["Content-Type"], "application/pdf")
        self.assertTrue(answer.url.endswith(ACCOUNTS))

    # === APART === #

    def _try_everything(self, user, account):
        """Every way to an account; gives the texts that came back."""
        self._sign_in(user)
        token = self._token()
        posts = (
            ("/label", {"label": "Hacked"}),
            ("/password", {}),
            ("/password/new", {}),
            ("/network/add", {"network": "203.0.113.1"}),
        )
        texts = [self.url_open(self._url(account)).text]
        texts += [self.url_open(self._url(account, "/guide.pdf")).text]
        for rest, data in posts:
            form = {"csrf_token": token, **data}
            texts.append(self.url_open(self._url(account, rest), data=form).text)
        return texts

    def _assert_untouched(self, user, account):
        before = account.sudo().read(["label", "secret_cipher", "ha1", "changed_at"])
        for text in self._try_everything(user, account):
            self.assertNotIn(account.login, text)
            self.assertNotIn(PASSWORD, text)
        account.invalidate_recordset()
        after = account.sudo().read(["label", "secret_cipher", "ha1", "changed_at"])
        self.assertEqual(before, after)
        self.assertFalse(account.network_ids)

    def test_another_customers_account(self):
        self._assert_untouched(self.rival_user, self.account)

    def test_an_account_of_another_department(self):
        for account in (self.fax_account, self.shared, self.bare):
            self._assert_untouched(self.clerk, account)
        text = self._open(ACCOUNTS, self.clerk)
        self.assertIn("acme-101", text)
        for login in ("acme-102", "acme-103", "acme-104"):
            self.assertNotIn(login, text)
        self._post(
            "/my/telecom/number/label", self.clerk, number=self.fax.id, label="x"
        )
        self.assertEqual(self.fax.label, "Fax")

    def test_a_company_below_the_customer_and_above_it(self):
        daughter = self._create_customer("Acme Daughter", parent_id=self.acme.id)
        user = self._create_user("daughter", daughter)
        self._assert_untouched(user, self.account)
        number = self._create_number("+34910000077", daughter)
        account = self._create_account("daughter-1", daughter, number)
        self._assert_untouched(self.user, account)

    def test_an_employee_without_the_role(self):
        clerk = new_test_user(self.env, "voip_employee", groups="base.group_user")
        clerk.partner_id.parent_id = self.acme
        self._assert_untouched(clerk, self.account)

    def test_a_visitor(self):
        self.authenticate(None, None)
        for rest in ("", "/guide.pdf"):
            answer = self.url_open(self._url(self.account, rest))
            self.assertIn("/web/login", answer.url)
        answer = self.url_open(self._url(self.account, "/password"), data={"x": "1"})
        self.assertNotIn(PASSWORD, answer.text)

    def test_a_colleague_who_may_change_nothing(self):
        self.right.may_change = False
        page = self._open(self._url(self.account), self.clerk)
        self.assertNotIn("o_telecom_password", page)
        answer = self._post(self._url(self.account, "/password"), self.clerk)
        self.assertEqual(list(answer.json()), ["error"])
        self._post(self._url(self.account, "/label"), self.clerk, label="x")
        self._post(
            self._url(self.account, "/network/add"), self.clerk, network="192.0.2.1"
        )
        self.assertFalse(self.account.label)
        self.assertFalse(self.account.network_ids)

    def test_nothing_without_the_token_of_the_form(self):
        self._sign_in(self.user)
        for rest in ("/password", "/password/new", "/label", "/network/add"):
            answer = self.url_open(self._url(self.account, rest), data={"label": "x"})
            self.assertEqual(answer.status_code, 400, rest)
            self.assertNotIn(PASSWORD, answer.text)
        self.assertFalse(self.account.label)

    def test_addresses_that_are_made_up(self):
        self._sign_in(self.user)
        for text in ("0", "999999999999999999999", "-1", "1%20OR%201=1", "x"):
            answer = self.url_open(f"/my/telecom/account/{text}")
            self.assertIn(answer.status_code, (200, 404))
            self.assertNotIn("o_telecom_facts", answer.text)

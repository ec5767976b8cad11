# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
from unittest.mock import patch

from cryptography.fernet import Fernet, MultiFernet

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.common import MANAGER, READER, USER
from odoo.addons.telecom_cdr.tests.refusal import RefusalMixin

from ..models import telecom_secret
from .provision_common import PASSWORD, REALM, SECRET_KEY
from .voip_common import VoipCommon


@tagged("post_install", "-at_install")
class TestSipAccount(VoipCommon, RefusalMixin):
    def _columns(self):
        """What the database holds of the account."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT a::text FROM telecom_sip_account a WHERE id = %s", [self.account.id]
        )
        return self.env.cr.fetchone()[0]

    def test_password_is_not_in_the_database(self):
        self.assertNotIn(PASSWORD, self._columns())
        cipher = self.account.secret_cipher
        self.assertEqual(Fernet(SECRET_KEY).decrypt(cipher).decode(), PASSWORD)
        text = f"reception:{REALM}:{PASSWORD}".encode()
        self.assertEqual(self.account.ha1, hashlib.md5(text).hexdigest())

    def test_password_of_a_new_account(self):
        account = self._create_account("third")
        texts = {account._new_secret() for _turn in range(3)}
        self.assertEqual(len(texts), 3)
        self.assertEqual({len(text) for text in texts}, {20})

    def test_hash_follows_login_and_domain(self):
        self.account.login = "desk"
        text = f"desk:{REALM}:{PASSWORD}".encode()
        self.assertEqual(self.account.ha1, hashlib.md5(text).hexdigest())
        self.switch.domain = "other.example.net"
        text = f"desk:other.example.net:{PASSWORD}".encode()
        self.assertEqual(self.account.ha1, hashlib.md5(text).hexdigest())

    def test_refused_passwords(self):
        for text in (
            "short",
            "x" * 65,
            "with blank 12345",
            "semi;colon123456",
            "ñ" * 12,
        ):
            with (
                self.subTest(text),
                self.env.cr.savepoint(),
                self.assertSays(UserError, "12 to 64"),
            ):
                self.account._set_secret(text)
        self.assertEqual(self.account._secret(), PASSWORD)

    def test_no_password(self):
        self.account._set_secret(None)
        self.assertFalse(self.account.ha1)
        self.assertIsNone(self.account._secret())

    def test_showing_is_noted_and_not_the_password(self):
        user = self._new_user("operator", USER)
        action = self.account.with_user(user).action_show_secret()
        self.assertEqual(action["params"]["message"], PASSWORD)
        bodies = " ".join(self.account.message_ids.mapped("body"))
        self.assertIn("The password was shown to operator", bodies)
        self.assertNotIn(PASSWORD, bodies)

    def test_who_may_see_secrets(self):
        reader = self._new_user("reader", READER)
        with self.assertRaises(AccessError):
            self.account.with_user(reader).action_show_secret()
        for login, groups in (("user", USER), ("manager", MANAGER)):
            user = self._new_user(f"sip_{login}", groups)
            account = self.account.with_user(user)
            with self.assertRaises(UserError):
                account._secret()
            for name in ("secret_cipher", "ha1"):
                with self.assertRaises(AccessError):
                    account.read([name])
                with self.assertRaises(UserError):
                    account.export_data([name])
            self.assertNotIn("ha1", account.read()[0])
            with self.assertRaises(AccessError):
                self.switch.with_user(user).read(["key_hash"])

    def test_missing_and_malformed_keys(self):
        cases = [
            ([], "section \\[telecom\\], telecom_secret_key"),
            (["not a key"], "32 bytes in base64"),
            ([Fernet.generate_key().decode()], "no longer holds"),
        ]
        for keys, words in cases:
            with (
                self.subTest(keys),
                patch.object(telecom_secret, "configured_keys", return_value=keys),
                self.assertSays(UserError, words),
            ):
                self.account._secret()

    def test_change_of_keys(self):
        before, changed = self.account.secret_cipher, self.account.changed_at
        new = Fernet.generate_key().decode()
        keys = [new, SECRET_KEY]
        with patch.object(telecom_secret, "configured_keys", return_value=keys):
            count = (self.account | self.other)._rotate_secrets()
        self.assertEqual(count, 2)
        self.assertNotEqual(self.account.secret_cipher, before)
        self.assertEqual(self.account.changed_at, changed)
        with patch.object(telecom_secret, "configured_keys", return_value=[new]):
            self.assertEqual(self.account._secret(), PASSWORD)
        box = MultiFernet([Fernet(new)])
        self.assertEqual(box.decrypt(self.account.secret_cipher).decode(), PASSWORD)

    def test_key_of_a_switch_is_kept_as_a_hash(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT s::text FROM telecom_switch s WHERE id = %s", [self.switch.id]
        )
        self.assertNotIn(self.key, self.env.cr.fetchone()[0])
        self.assertTrue(self.switch._check_key(self.key))
        for wrong in ("", None, self.key[:-1], self.key + "x", self.switch.key_hash):
            self.assertFalse(self.switch._check_key(wrong))
        self.assertFalse(self._create_switch("No key")._check_key(""))
        user = self._new_user("switch_user", USER)
        with self.assertRaises(AccessError):
            self.switch.with_user(user).action_new_key()
        manager = self._new_user("switch_manager", MANAGER)
        action = self.switch.with_user(manager).action_new_key()
        self.assertTrue(self.switch._check_key(action["params"]["message"]))
        self.assertFalse(self.switch._check_key(self.key))

    def test_refused_accounts(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        cases = [
            ({"login": "no blanks"}, "can not be a login"),
            ({"login": "a;b"}, "can not be a login"),
            ({"login": "-ann"}, "can not be a login"),
            ({"partner_id": contact.id}, "choose the customer"),
            ({"number_ids": [Command.set(self.other_number.ids)]}, "is not held by"),
            ({"caller_number_id": self.other_number.id}, "is not held by"),
        ]
        for values, words in cases:
            with (
                self.subTest(**values),
                self.assertSays(ValidationError, words),
                self.env.cr.savepoint(),
            ):
                self.account.write(values)
        with self.assertRefused("already has an account"):
            self._create_account("ann")

    def test_networks(self):
        network = self.account.network_ids
        for text, spelled in (
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("2001:DB8::0:1", "2001:db8::1"),
            (" 2001:db8::/32 ", "2001:db8::/32"),
        ):
            network.network = text
            self.assertEqual(network.network, spelled)
        for text in (
            "",
            "localhost",
            "192.0.2",
            "192.0.2.1/33",
            "1;2",
            "2001:db8::/129",
        ):
            with (
                self.subTest(text),
                self.assertSays(ValidationError, "neither an address nor a network"),
                self.env.cr.savepoint(),
            ):
                network.network = text
        bodies = " ".join(self.account.message_ids.mapped("body"))
        self.assertIn("Allowed network replaced: 192.0.2.0/24", bodies)

    def test_companies_are_apart(self):
        company = self._telecom_company("Another")
        user = self.env["res.users"].create(
            {
                "name": "Another",
                "login": "another_manager",
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [
                    Command.link(self.env.ref("telecom_cdr.group_telecom_manager").id)
                ],
            }
        )
        block = self._block(kind="prefix", prefix="34803")
        redirect = self._redirect("+34600000001")
        for record in (self.switch, self.account, block, redirect):
            mine = record.with_user(user).with_context(allowed_company_ids=company.ids)
            with self.subTest(record._name), self.assertRaises(AccessError):
                mine.read(["display_name"])
        accounts = self.env["telecom.sip.account"].with_user(user)
        accounts = accounts.with_context(allowed_company_ids=company.ids)
        self.assertFalse(accounts.search([]))

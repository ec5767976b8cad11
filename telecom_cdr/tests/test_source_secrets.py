# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import MANAGER, TelecomCommon


@tagged("post_install", "-at_install")
class TestSourceSecrets(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._new_user("manager", MANAGER)
        cls.sftp = cls._create_source(
            protocol="sftp",
            host="sftp.carrier.example",
            username="cdr",
            password="open sesame",
            private_key="key",
        )

    def test_a_secret_is_not_sent_to_a_place_that_a_manager_chooses(self):
        source = self.sftp.with_user(self.manager)
        with self.assertRaises(AccessError):
            source.read(["password"])
        source.host = "elsewhere.example"
        self.assertFalse(self.sftp.has_secret)
        self.assertRecordValues(
            self.sftp, [{"password": False, "private_key": False, "username": "cdr"}]
        )
        self.assertIn(
            "The stored password and key were removed, since the place was changed by "
            + self.manager.name,
            " ".join(message.body for message in self.sftp.message_ids),
        )

    def test_a_manager_changes_what_is_no_place_and_the_secret_stays(self):
        source = self.sftp.with_user(self.manager)
        source.write(
            {"name": "Nightly", "directory": "out", "host": "sftp.carrier.example"}
        )
        self.assertTrue(self.sftp.has_secret)
        self.assertEqual(self.sftp.password, "open sesame")

    def test_an_administrator_may_move_the_place_with_its_secret(self):
        self.sftp.host = "sftp2.carrier.example"
        self.assertEqual(self.sftp.password, "open sesame")

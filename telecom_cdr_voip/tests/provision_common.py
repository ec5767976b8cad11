# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A switch with two accounts, and what asks for them."""

from unittest.mock import patch

from odoo.fields import Command

from odoo.addons.telecom_cdr.tests.common import TelecomCommon

from ..models import telecom_secret

SECRET_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
REALM = "sip.example.net"
PASSWORD = "correct-horse-1"


class ProvisionCommon(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        keys = patch.object(
            telecom_secret, "configured_keys", return_value=[SECRET_KEY]
        )
        cls.startClassPatcher(keys)
        cls.switch = cls._create_switch("PBX")
        cls.key = cls.switch._new_key()
        cls.account = cls._create_account(
            "reception",
            label="Reception",
            number_ids=[Command.set(cls.number.ids)],
            network_ids=[Command.create({"network": "192.0.2.0/24"})],
        )
        cls.other = cls._create_account("ann")

    @classmethod
    def _create_switch(cls, name, **values):
        return cls.env["telecom.switch"].create(
            {
                "name": name,
                "kind": "kamailio",
                "domain": REALM,
                "host": "pbx.example.net",
                "company_id": cls.company.id,
                **values,
            }
        )

    @classmethod
    def _create_account(cls, login, **values):
        account = cls.env["telecom.sip.account"].create(
            {
                "login": login,
                "switch_id": cls.switch.id,
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                **values,
            }
        )
        account._set_secret(PASSWORD)
        return account

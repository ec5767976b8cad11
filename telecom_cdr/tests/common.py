# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the tests of this addon share: small records, one line each."""

import base64
import json

from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.base.tests.common import BaseCommon

READER = (
    "base.group_user,account.group_account_invoice,telecom_cdr.group_telecom_reader"
)
USER = "base.group_user,telecom_cdr.group_telecom_user"
MANAGER = "base.group_user,telecom_cdr.group_telecom_manager"

HEADER = "start,calling,called,duration,amount,id\n"
MAPPING = {
    "start": "start",
    "calling_number": "calling",
    "called_number": "called",
    "duration": "duration",
    "carrier_amount": "amount",
    "unique_id": "id",
}


class TelecomCommon(BaseCommon):
    """A Spanish company with a carrier, a customer with one number, and a tariff.

    Landline 0.02 a minute by 60/60 with 0.05 to connect, mobile 0.09 a minute by
    seconds. Nothing international.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls._telecom_company("Telecom Test")
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.company.ids}
        )
        cls.company = cls.company.with_env(cls.env)
        cls.format = cls._create_format()
        cls.carrier = cls._create_carrier()
        cls.source = cls._create_source()
        cls.customer = cls._create_customer("Customer One")
        cls.number = cls._create_number("+34910000001", cls.customer)
        cls.tariff = cls._create_tariff(
            "Retail",
            {
                "category": "landline",
                "price": 0.02,
                "connect_fee": 0.05,
                "initial_increment": 60,
                "increment": 60,
            },
            {"category": "mobile", "price": 0.09},
        )
        cls.company.telecom_tariff_id = cls.tariff
        cls._forget_marks()

    @classmethod
    def _telecom_company(cls, name):
        company = cls.env["res.company"].create(
            {
                "name": name,
                "country_id": cls.env.ref("base.es").id,
                "currency_id": cls.env.ref("base.EUR").id,
                "telecom_tz": "Europe/Madrid",
            }
        )
        cls.env.user.company_ids = [Command.link(company.id)]
        return company

    @classmethod
    def _load_accounts(cls):
        """Journals and accounts, for tests that invoice beside other things."""
        cls.env["account.chart.template"].try_loading(
            "generic_coa", cls.company, install_demo=False
        )

    @classmethod
    def _create_format(cls, mapping=None, **values):
        return cls.env["telecom.format"].create(
            {
                "name": "Test CSV",
                "has_header": True,
                "column_mapping": json.dumps(mapping or MAPPING),
                **values,
            }
        )

    @classmethod
    def _create_carrier(cls, **values):
        return cls.env["telecom.carrier"].create(
            {
                "name": "Carrier",
                "country_id": cls.env.ref("base.es").id,
                "tz": "Europe/Madrid",
                "company_id": cls.env.company.id,
                **values,
            }
        )

    @classmethod
    def _create_source(cls, **values):
        return cls.env["telecom.source"].create(
            {
                "name": "Daily",
                "carrier_id": cls.carrier.id,
                "format_id": cls.format.id,
                **values,
            }
        )

    @classmethod
    def _create_customer(cls, name, **values):
        return cls.env["res.partner"].create(
            {"name": name, "is_company": True, **values}
        )

    @classmethod
    def _create_number(cls, number, partner, **values):
        return cls.env["telecom.number"].create(
            {
                "number": number,
                "partner_id": partner and partner.id,
                "carrier_id": cls.carrier.id,
                "company_id": cls.env.company.id,
                **values,
            }
        )

    @classmethod
    def _create_tariff(cls, name, *rates, **values):
        return cls.env["telecom.tariff"].create(
            {
                "name": name,
                "company_id": cls.env.company.id,
                "rate_ids": [Command.create(rate) for rate in rates],
                **values,
            }
        )

    @classmethod
    def _create_bundle(cls, name, *allowances, price=10, **values):
        product = cls.env["product.product"].create(
            {"name": name, "type": "service", "list_price": price, "taxes_id": False}
        )
        return cls.env["telecom.bundle"].create(
            {
                "name": name,
                "company_id": cls.env.company.id,
                "product_id": product.id,
                "allowance_ids": [Command.create(values) for values in allowances],
                **values,
            }
        )

    @classmethod
    def _give_bundle(cls, bundle, partner, **values):
        return cls.env["telecom.bundle.subscription"].create(
            {
                "bundle_id": bundle.id,
                "partner_id": partner.id,
                "date_start": "2026-01-01 00:00:00",
                **values,
            }
        )

    @classmethod
    def _forget_marks(cls):
        cls.env["telecom.rating.mark"].sudo().search([]).unlink()

    @classmethod
    def _forget_earlier_tariffs(cls):
        """As if the present default and cost tariffs had been there from ever."""
        cls.env["telecom.earlier.tariff"].search([]).unlink()

    @classmethod
    def _upload(cls, content, name="calls.csv", source=None, **values):
        if isinstance(content, str):
            content = content.encode()
        return cls.env["telecom.file"].create(
            {
                "source_id": (source or cls.source).id,
                "name": name,
                "content": base64.b64encode(content),
                **values,
            }
        )

    @classmethod
    def _process(cls, *rows, name="calls.csv", **values):
        """Upload and process a file of these rows, under the usual header."""
        file = cls._upload(HEADER + "\n".join(rows) + "\n", name, **values)
        file.action_process()
        return file

    def _run_cron(self, name):
        """Run a scheduled action; its commits stay inside the test."""
        with self.enter_registry_test_mode():
            self.env.ref(f"telecom_cdr.ir_cron_telecom_{name}").method_direct_trigger()
        self.env.invalidate_all()

    @classmethod
    def _calls(cls, *domain):
        company = ("company_id", "=", cls.env.company.id)
        return cls.env["telecom.call"].search([company, *domain], order="start_at, id")

    @classmethod
    def _new_user(cls, login, groups=USER, **values):
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            **values,
        )

    def assertBalanced(self, file):
        """Law 1: every row of a file is accounted for."""
        parts = (
            file.call_count
            + file.duplicate_count
            + file.skipped_count
            + file.merged_count
            + file.rejected_count
        )
        self.assertEqual(file.row_count, parts)

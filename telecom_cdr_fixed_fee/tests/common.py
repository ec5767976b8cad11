# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A carrier with charge files, a tariff for them, and short ways to make rows."""

from datetime import date

from odoo.fields import Command

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.telecom_cdr.tests.common import TelecomCommon

CHARGE_HEADER = (
    "account;reference;product_code;description;kind;period_from;period_to;"
    "quantity;unit;total\n"
)
FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)


def charge_row(reference="910000001", code="LR01", kind="R", total="10,00", **cells):
    """A row of a charge file: a line rental of January."""
    values = {
        "account": "A1",
        "reference": reference,
        "product_code": code,
        "description": "Line rental",
        "kind": kind,
        "period_from": "01/01/2026",
        "period_to": "31/01/2026",
        "quantity": "1",
        "unit": "",
        "total": total,
        **cells,
    }
    return ";".join(values.values())


class ChargeCommon(TelecomCommon):
    """Line rental (LR*) at 15.00, equipment (EQ*) at cost plus 20 %."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge_format = cls.env.ref(
            "telecom_cdr_fixed_fee.telecom_format_fixed_fee"
        )
        cls.charge_source = cls._create_source(
            name="Charges", format_id=cls.charge_format.id, file_type="fixed_fee"
        )
        cls.fee_tariff = cls._create_fee_tariff(
            "Fees",
            {"product_code": "LR*", "price": 15.0},
            {"product_code": "EQ*", "method": "markup", "markup": 20.0},
        )
        cls.company.telecom_fee_tariff_id = cls.fee_tariff

    @classmethod
    def _create_fee_tariff(cls, name, *lines, **values):
        return cls.env["telecom.fee.tariff"].create(
            {
                "name": name,
                "company_id": cls.env.company.id,
                "line_ids": [Command.create(line) for line in lines],
                **values,
            }
        )

    @classmethod
    def _upload_charges(cls, *rows, name="charges.csv", **values):
        text = CHARGE_HEADER + "".join(f"{row}\n" for row in rows)
        source = values.pop("source", cls.charge_source)
        return cls._upload(text, name, source=source, **values)

    @classmethod
    def _process_charges(cls, *rows, **values):
        file = cls._upload_charges(*rows, **values)
        file.action_process()
        return file

    @classmethod
    def _charge(cls, *args, **cells):
        """The charge that a file of one such row gives."""
        file = cls._process_charges(charge_row(*args, **cells), name=f"{cells}.csv")
        return cls._charges(("file_id", "=", file.id))

    @classmethod
    def _charges(cls, *domain):
        company = ("company_id", "=", cls.env.company.id)
        return cls.env["telecom.charge"].search([company, *domain], order="id")

    def assertChargesBalanced(self, file):
        """Law 1: every row of a file is accounted for."""
        parts = (
            file.charge_count
            + file.duplicate_count
            + file.skipped_count
            + file.rejected_count
        )
        self.assertEqual(file.row_count, parts)
        self.assertEqual(file.rejected_count, len(file.rejection_ids))


class ChargeInvoicingCommon(ChargeCommon, AccountTestInvoicingCommon):
    """A company with journals and accounts."""

    @classmethod
    def _telecom_company(cls, name):
        cls.env.user.group_ids += cls.env.ref("telecom_cdr.group_telecom_manager")
        cls.env.user.group_ids += cls.env.ref("telecom_cdr.group_telecom_cost")
        company = cls.company_data["company"]
        company.write(
            {
                "country_id": cls.env.ref("base.es").id,
                "telecom_tz": "Europe/Madrid",
                "currency_id": cls.env.ref("base.EUR").id,
            }
        )
        return company

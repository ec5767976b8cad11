# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .common import TelecomCommon

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


class TelecomInvoicingCommon(TelecomCommon, AccountTestInvoicingCommon):
    """The company of the native tests of invoices, with what they need, in Spain."""

    @classmethod
    def _telecom_company(cls, name):
        cls.env.user.group_ids += cls.env.ref("telecom_cdr.group_telecom_manager")
        company = cls.company_data["company"]
        company.write(
            {
                "country_id": cls.env.ref("base.es").id,
                "telecom_tz": "Europe/Madrid",
                "currency_id": cls.env.ref("base.EUR").id,
            }
        )
        return company

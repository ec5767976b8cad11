# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A carrier that bills: what tests of its reconciliations share."""

from odoo.fields import Command

from .common import READER, TelecomCommon
from .test_rating import row

ACCOUNTANT = f"{READER},telecom_cdr.group_telecom_cost"


class ReconciliationCommon(TelecomCommon):
    """The carrier of the tests has a vendor, and its files tell amounts in euros."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls.vendor = cls._create_customer("Northern Telecom", email="n@north.example")
        cls.carrier.partner_id = cls.vendor
        cls.expense = cls.env["account.account"].search(
            [("account_type", "=", "expense")], limit=1
        )
        cls.names = iter(range(10_000))

    @classmethod
    def _bill(cls, *lines, date="2026-11-02", **values):
        """A posted vendor bill of (label, amount) lines without taxes."""
        move = cls.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": cls.vendor.id,
                "invoice_date": date,
                "date": date,
                "ref": f"B/{next(cls.names)}",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": label,
                            "price_unit": amount,
                            "account_id": cls.expense.id,
                            "tax_ids": [Command.clear()],
                        }
                    )
                    for label, amount in lines
                ],
                **values,
            }
        )
        move.action_post()
        return move

    @classmethod
    def _reconcile(cls, **values):
        """The reconciliation of October."""
        return cls.env["telecom.reconciliation"].create(
            {
                "carrier_id": cls.carrier.id,
                "date_from": "2026-10-01",
                "date_to": "2026-10-31",
                **values,
            }
        )

    @classmethod
    def _read_calls(cls, *amounts, day="2026-10-05", **values):
        """A call of a minute for each amount, a minute apart."""
        number = next(cls.names)
        rows = [
            row(
                f"C{number}-{place}",
                start=f"{day} 10:{place:02}:00",
                amount=amount,
                **values,
            )
            for place, amount in enumerate(amounts)
        ]
        return cls._process(*rows, name=f"{number}.csv")

    @classmethod
    def _set_rates(cls, currency, **days):
        """Rates of a currency: d05=1.25 is that of October 5."""
        cls.env["res.currency.rate"].create(
            [
                {
                    "name": f"2026-10-{name[1:]}",
                    "currency_id": currency.id,
                    "company_id": cls.company.id,
                    "rate": rate,
                }
                for name, rate in days.items()
            ]
        )

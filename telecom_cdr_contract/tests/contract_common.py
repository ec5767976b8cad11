# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.fields import Command

from odoo.addons.telecom_cdr.tests.invoicing_common import (
    FIRST,
    LAST,
    TelecomInvoicingCommon,
)

# Keeps and invoices contracts; of telephony it has no role at all.
KEEPER = "base.group_user,account.group_account_manager"
# Sees contracts and makes invoices, but changes no contract.
CLERK = "base.group_user,account.group_account_invoice"


class ContractCommon(TelecomInvoicingCommon):
    """A customer of contracts; who keeps them has no role of ours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = cls._new_user("contract_keeper", KEEPER)
        cls.clerk = cls._new_user("contract_clerk", CLERK)
        cls.bundle = cls._create_bundle(
            "B", {"seconds": 600}, price=31, prorate_fee=True
        )
        cls.voice = cls.env["product.product"].create(
            {
                "name": "Voice calls",
                "type": "service",
                "list_price": 6.2,
                "taxes_id": False,
                "telecom_usage": True,
            }
        )

    def _contract(self, product, when="post-paid", start="2026-10-01", **values):
        """A monthly contract with one line at the product's price."""
        line = {
            "product_id": product.id,
            "name": product.name,
            "quantity": 1,
            "specific_price": product.list_price,
            "date_start": start,
            "recurring_rule_type": "monthly",
            "recurring_interval": 1,
            "recurring_invoicing_type": when,
        }
        head = {
            key: values.pop(key)
            for key in ("partner_id", "company_id", "manual_currency_id", "code")
            if key in values
        }
        return (
            self.env["contract.contract"]
            .with_user(self.keeper)
            .with_company(head.get("company_id", self.company.id))
            .create(
                {
                    "name": "Telephony",
                    "code": "C-1",
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "line_recurrence": True,
                    "contract_line_ids": [Command.create({**line, **values})],
                    **head,
                }
            )
        )

    def _invoice(self, contract):
        """What the button of the contract makes."""
        return contract.with_user(self.keeper).recurring_create_invoice()

    def _run(self, date_from=FIRST, date_to=LAST):
        """What an invoicing run would make."""
        invoicing = self.env["telecom.invoicing"].with_company(self.company)
        return invoicing._invoice(self.customer, date_from, date_to)

    def _amounts(self, moves):
        """Whether it is of calls, and what it takes: of each line."""
        return sorted(
            (bool(line.telecom_kind), line.price_subtotal)
            for line in moves.sudo().invoice_line_ids
        )

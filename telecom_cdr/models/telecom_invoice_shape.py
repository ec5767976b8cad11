# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

INVOICE_PER = [
    ("customer", "One for the customer"),
    ("number", "One for each number"),
    ("department", "One for each department"),
    ("contract", "One for each contract reference"),
]
LINE_BY = [
    ("all", "Nothing else"),
    ("product", "Billing product"),
    ("category", "Category"),
    ("destination", "Destination"),
    ("label", "Label of the rate"),
]
QUANTITIES = [("one", "One"), ("minutes", "Minutes")]
ADDRESSES = [("customer", "The customer"), ("invoice", "Its contact for invoices")]


class TelecomInvoiceShape(models.Model):
    """How the calls of a customer become invoices and lines."""

    _name = "telecom.invoice.shape"
    _description = "Shape of Invoices of Calls"
    _inherit = ["telecom.named.mixin"]
    _order = "name, id"

    # Ready ones are for all companies.
    company_id = fields.Many2one(required=False, default=False)
    invoice_per = fields.Selection(
        INVOICE_PER,
        string="Invoices",
        required=True,
        default="customer",
        help="What belongs to no number, department or contract reference is on an "
        "invoice of its own.",
    )
    is_by_number = fields.Boolean(
        string="Lines for each number",
        default=True,
        help="Off: the calls of all numbers of an invoice are summed up.",
    )
    line_by = fields.Selection(
        LINE_BY,
        string="Lines for each",
        required=True,
        default="product",
        help="What bills call a call: the label of its rate, else its destination.",
    )
    has_sections = fields.Boolean(
        string="Departments as sections",
        help="The lines of a department stand under its name.",
    )
    quantity = fields.Selection(
        QUANTITIES,
        required=True,
        default="one",
        help="Minutes: a line whose amount no price of up to six decimals gives "
        "exactly is one of the whole amount.",
    )
    show_zero = fields.Boolean(
        string="Lines without an amount",
        default=True,
        help="Off: calls that come to nothing are told of on another line of the "
        "invoice, and stay in its list of calls.",
    )
    address = fields.Selection(
        ADDRESSES,
        string="Sent to",
        required=True,
        default="customer",
        help="The customer's contact of the type 'Invoice', where there is one.",
    )

    @property
    def _is_sectioned(self):
        """Whether there are sections: a department's own invoice needs none."""
        return self.has_sections and self.invoice_per in ("customer", "contract")

    @property
    def _is_numbered(self):
        return self.is_by_number or self.invoice_per == "number"

    @api.model
    def _of_payers(self, company, payers):
        """The shape of each customer by its id: its own, else the company's.

        Without any it is a line for each billing product and number. Settings are read
        whoever invoices.
        """
        default = company.sudo().telecom_invoice_shape_id or self.new({})
        own = payers.sudo().with_company(company)
        return {payer.id: payer.telecom_invoice_shape_id or default for payer in own}

    def _invoice_key(self, number):
        """Which of the customer's invoices bills what belongs to a number, as text.

        The same as ``invoice_key`` of the facts of a call.
        """
        return {
            "customer": "",
            "number": str(number.id or 0),
            "department": str(number.department_id.id or 0),
            "contract": number.contract_reference or "",
        }[self.invoice_per]

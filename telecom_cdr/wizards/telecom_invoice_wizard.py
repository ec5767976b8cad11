# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class TelecomInvoiceWizard(models.TransientModel):
    """Asks until which day to invoice whom, and shows what that gives."""

    _name = "telecom.invoice.wizard"
    _description = "Invoice Calls"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_ids = fields.Many2many(
        "res.partner", string="Customers", help="Empty: all that have something."
    )
    date_to = fields.Date(
        string="Until",
        required=True,
        default=lambda self: self._default_date_to(),
        help="Last day, included, in the company's billing time zone.",
    )
    date_from = fields.Date(
        string="Bundle fees from",
        required=True,
        compute="_compute_date_from",
        store=True,
        readonly=False,
        precompute=True,
        help="What the first fees of a customer count from. Calls of earlier days that "
        "are not invoiced yet are included too, and so are fees since the first one, "
        "or since the customer's first run.",
    )
    is_posted = fields.Boolean(string="Post at once")
    customer_count = fields.Integer(compute="_compute_preview")
    call_count = fields.Integer(compute="_compute_preview")
    amount = fields.Monetary(
        compute="_compute_preview",
        help="Other currencies are converted at the rate of the last day.",
    )
    fee_count = fields.Integer(compute="_compute_preview")
    waiting_count = fields.Integer(compute="_compute_preview")
    currency_id = fields.Many2one(related="company_id.currency_id")

    @api.model
    def _default_date_to(self):
        """The last day of the month before."""
        first = fields.Date.context_today(self).replace(day=1)
        return fields.Date.subtract(first, days=1)

    @api.depends("date_to")
    def _compute_date_from(self):
        for wizard in self:
            wizard.date_from = wizard.date_to and wizard.date_to.replace(day=1)

    @api.depends("partner_ids", "date_to", "date_from", "company_id")
    def _compute_preview(self):
        for wizard in self:
            figures = wizard._figures() if wizard.date_to else {}
            for name in ("customer_count", "call_count", "amount", "fee_count"):
                wizard[name] = figures.get(name, 0)
            wizard.waiting_count = wizard._waiting_count()

    def _figures(self):
        invoicing = self.env["telecom.invoicing"].with_company(self.company_id)
        partners = self._payers()
        groups = invoicing._call_groups(self.company_id, partners, self.date_to)
        others = invoicing._other_lines(
            self.company_id, partners, self.date_from or self.date_to, self.date_to
        )
        customers = {group["partner_id"] for group in groups}
        customers |= {partner_id for partner_id, _currency_id, _values in others}
        return {
            "customer_count": len(customers),
            "call_count": sum(group["calls"] for group in groups),
            "amount": sum(self._in_company_currency(group) for group in groups),
            "fee_count": len(others),
        }

    def _in_company_currency(self, group):
        """What calls of one currency come to, as the preview of a run has it."""
        currency = self.env["res.currency"].browse(group["currency_id"])
        return currency._convert(
            float(group["amount"]),
            self.currency_id,
            self.company_id,
            self.date_to,
            round=False,
        )

    def _waiting_count(self):
        """Calls until that day that could not be priced."""
        return self.env["telecom.call"].search_count(
            [
                ("company_id", "=", self.company_id.id),
                ("rating_state", "in", ("unmatched", "unrated", "late")),
                ("day", "<=", self.date_to),
            ]
        )

    def _payers(self):
        if self.partner_ids:
            return self.partner_ids._origin.commercial_partner_id
        calls = self.env["telecom.call"]._read_group(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "=", "rated"),
                ("day", "<=", self.date_to),
            ],
            ["partner_id"],
        )
        partners = self.env["res.partner"].union(*(partner for (partner,) in calls))
        return partners | self._partners_with_other_lines()

    def _partners_with_other_lines(self):
        """Customers that may owe something beside calls."""
        subscriptions = self.env["telecom.bundle.subscription"].search(
            [("company_id", "=", self.company_id.id)]
        )
        return subscriptions.partner_id.commercial_partner_id

    def action_invoice(self):
        """Create the invoices and show them."""
        self.ensure_one()
        invoicing = self.env["telecom.invoicing"].with_company(self.company_id)
        moves = invoicing._invoice(self._payers(), self.date_from, self.date_to)
        if not moves:
            raise UserError(
                self.env._(
                    "There is nothing to invoice until %(date)s: no priced call and no "
                    "bundle fee is left.",
                    date=self.date_to,
                )
            )
        if self.is_posted:
            moves.action_post()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("id", "in", moves.ids)]
        action["context"] = {"default_move_type": "out_invoice"}
        return action

    def action_run(self):
        """Look at each customer first: a run of the same days and customers."""
        self.ensure_one()
        payers = self.partner_ids.commercial_partner_id
        run = self.env["telecom.run"].create(
            {
                "company_id": self.company_id.id,
                "date_from": self.date_from,
                "date_to": self.date_to,
                "scope": "hand" if payers else "all",
                "partner_ids": [fields.Command.set(payers.ids)],
                "target": "post" if self.is_posted else "draft",
            }
        )
        run.action_preview()
        return run._action_open()

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Command, Domain

from .telecom_reconciliation_line import WHOLE

BILL_TYPES = ("in_invoice", "in_refund")
SIGN = {"in_invoice": 1, "in_refund": -1}
ACCOUNT_GROUPS = "account.group_account_readonly,account.group_account_invoice"


class TelecomReconciliationBillsMixin(models.AbstractModel):
    """Bills and credit notes of a carrier, and which of their lines bill calls."""

    _name = "telecom.reconciliation.bills.mixin"
    _description = "Bills of a Reconciliation"

    currency_id = fields.Many2one("res.currency")
    bill_ids = fields.Many2many(
        "account.move",
        relation="telecom_reconciliation_bill",
        column1="reconciliation_id",
        column2="move_id",
        string="Vendor bills",
        domain="[('move_type', 'in', ('in_invoice', 'in_refund')),"
        " ('commercial_partner_id', '=', vendor_id),"
        " ('company_id', '=', company_id), ('state', '!=', 'cancel')]",
        groups=ACCOUNT_GROUPS,
        check_company=True,
        copy=False,
        help="Bills and credit notes of the carrier for this period.",
    )
    line_ids = fields.One2many(
        "telecom.reconciliation.line", "reconciliation_id", string="Lines of the bills"
    )
    bill_amount = fields.Monetary(
        string="Vendor bills: calls",
        compute="_compute_bill_amounts",
        store=True,
        help="Without taxes: the lines of the bills that bill calls.",
    )
    bill_other_amount = fields.Monetary(
        string="Vendor bills: other",
        compute="_compute_bill_amounts",
        store=True,
        help="Without taxes: all other lines of the bills.",
    )

    @api.depends("line_ids.amount", "line_ids.kind")
    def _compute_bill_amounts(self):
        for one in self:
            calls = one.line_ids.filtered(lambda line: line.kind == "calls")
            one.bill_amount = sum(calls.mapped("amount"))
            one.bill_other_amount = sum((one.line_ids - calls).mapped("amount"))

    def action_propose_bills(self):
        """Add the bills that are dated as those of this period are."""
        for one in self:
            one.bill_ids = [Command.link(bill.id) for bill in one._proposed_bills()]

    def _proposed_bills(self):
        """Bills of the vendor by their date, of which other periods leave something."""
        moves = self.env["account.move"]
        if not (self.vendor_id and moves.has_access("read")):
            return moves
        first, last = self._bill_dates()
        date = Domain("invoice_date", ">=", first) & Domain("invoice_date", "<=", last)
        bills = moves.search(
            Domain("move_type", "in", BILL_TYPES)
            & Domain("state", "!=", "cancel")
            & Domain("company_id", "=", self.company_id.id)
            & Domain("commercial_partner_id", "=", self.vendor_id.id)
            & date
        )
        return bills.filtered(lambda bill: any(map(self._rest_of, _lines(bill))))

    def _bill_dates(self):
        if self.carrier_id.bill_dated == "within":
            return self.date_from, self.date_to
        return self.date_to, self.date_to + relativedelta(months=1)

    def _rest_of(self, move_line):
        """What other periods leave of a line, in percent."""
        lines = self.env["telecom.reconciliation.line"]
        return WHOLE - lines._taken_elsewhere(move_line, self)

    def _sync_bill_lines(self):
        """Have the lines that the bills have now, as they were marked before."""
        for one in self.sudo():
            bills = one.bill_ids.filtered(lambda b: b.state != "cancel").sorted("id")
            wanted = bills.mapped(_lines)
            gone = one.line_ids.filtered(lambda x, w=wanted: x.move_line_id not in w)
            gone.unlink()
            known = {line.move_line_id: line for line in one.line_ids}
            for move_line in wanted:
                values = one._line_values(move_line)
                if move_line in known:
                    known[move_line].write(values)
                else:
                    one._add_line(move_line, values)

    def _line_values(self, move_line):
        """What a line of ours takes over from a line of a bill."""
        move = move_line.move_id
        return {
            "move_id": move.id,
            "bill_name": move.ref or move.name or self.env._("Draft"),
            "name": move_line.name or move_line.product_id.display_name or "",
            "full_amount": SIGN[move.move_type] * self._in_own_currency(move_line),
        }

    def _in_own_currency(self, move_line):
        """What a line bills without taxes; as it was booked where that is possible."""
        own, company = self.currency_id, self.company_id
        if move_line.currency_id == own:
            return move_line.price_subtotal
        if company.currency_id == own:
            return SIGN[move_line.move_type] * move_line.balance
        day = move_line.move_id.invoice_date or move_line.move_id.date or self.date_to
        return move_line.currency_id._convert(
            move_line.price_subtotal, own, company, day
        )

    def _add_line(self, move_line, values):
        """Add a line; it bills what lines of its label billed the last time."""
        before = self.env["telecom.reconciliation.line"].search(
            [
                ("reconciliation_id.carrier_id", "=", self.carrier_id.id),
                ("name", "=", values["name"]),
            ],
            order="id desc",
            limit=1,
        )
        before.create(
            {
                **values,
                "reconciliation_id": self.id,
                "move_line_id": move_line.id,
                "kind": before.kind or "calls",
                "percent": self._rest_of(move_line),
            }
        )


def _lines(bill):
    """The lines of a bill that bill something."""
    return bill.invoice_line_ids.filtered(lambda line: line.display_type == "product")

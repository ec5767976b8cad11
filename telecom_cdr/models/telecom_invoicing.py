# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from operator import itemgetter

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import groupby

from .mixin_invoicing_calls import EVERY_CALL
from .price_guard import guard_customers


class TelecomInvoicing(models.AbstractModel):
    """Puts calls and bundle fees on native invoices."""

    _name = "telecom.invoicing"
    _description = "Invoicing of Calls"
    _inherit = [
        "telecom.invoicing.calls.mixin",
        "telecom.invoicing.lines.mixin",
        "telecom.invoicing.taxes.mixin",
        "telecom.invoicing.fees.mixin",
        "telecom.invoicing.fee.corrections.mixin",
        "telecom.invoicing.release.mixin",
    ]

    @api.model
    def _invoice(self, partners, date_from, date_to):
        """Invoice what customers have called until a day, and their bundle fees.

        :param partners: customers; their commercial partners pay
        :param date_from: fees of bundles count from the period of this day, or of
            the customer's first run: what was left out since waits, as calls do
        :param date_to: last local day of the calls and fees
        :return: draft invoices in the shape of each customer, by currency; credit
            notes where the customer is owed more than owes
        """
        company = self.env.company
        payers = self._payers_to_bill(partners.commercial_partner_id, date_to)
        self._make_ready(payers)
        others = self._other_lines(company, payers, date_from, date_to)
        return self._bill(payers, date_to, others)

    @api.model
    def _payers_to_bill(self, payers, _date_to):
        """Those of some customers who are billed at all: extend this to leave some out.

        :param _date_to: the last local day that is billed
        """
        return payers

    def _make_ready(self, payers):
        """Prices as of now: whatever has changed since counts before the invoice."""
        company = self.env.company
        self.env["telecom.rating"]._work_off_marks(company)
        self.env["telecom.bundle.pass"]._run(company, payers)
        self.env.flush_all()
        guard_customers(self.env, payers.ids)

    def _bill(self, payers, date_to, others, only=EVERY_CALL):
        """Invoice the calls of customers until a day, and other lines beside them.

        :param others: as ``_other_lines`` gives them
        :param only: SQL condition on the calls ``c``: no others are invoiced
        """
        company = self.env.company
        groups = self._call_groups(company, payers, date_to, only)
        self._add_number_amounts(groups, company, payers, date_to, only)
        moves = self._create_moves(groups, others)
        try:
            with self.env.cr.savepoint():
                self._link_calls(company, date_to, moves, only)
        except UniqueViolation as error:
            raise UserError(
                self.env._(
                    "Somebody else has just invoiced some of these calls. Nothing was "
                    "invoiced here: open the list again and repeat it."
                )
            ) from error
        return moves

    def _other_lines(self, company, payers, date_from, date_to):
        """What else is due beside calls: (customer id, currency id, line values).

        Values with ``telecom_number_id`` go on the invoice of that number where the
        customer has several.
        """
        return self._fee_lines(company, payers, date_from, date_to)

    def _create_moves(self, groups, others):
        """Create the invoices of all customers in one batch."""
        moves = self.env["account.move"].create(self._move_values(groups, others))
        moves.filtered(lambda move: move.amount_total < 0).action_switch_move_type()
        return moves

    def _move_values(self, groups, others):
        """Values of the invoices of all customers. A reader, it writes nothing."""
        return list(self._moves_by_place(groups, others).values())

    def _moves_by_place(self, groups, others):
        """The same by what each is for: customer id, currency id, key by the shape."""
        payer_ids = {row["partner_id"] for row in groups} | {row[0] for row in others}
        payers = self.env["res.partner"].browse(payer_ids)
        shapes = self.env["telecom.invoice.shape"]._of_payers(self.env.company, payers)
        lines = defaultdict(list)
        for group in self._line_groups(groups, shapes):
            key = (group["partner_id"], group["currency_id"], group["invoice_key"])
            writer = self._in_language_of(group["partner_id"])
            values = writer._telecom_line_values(group)
            lines[key].append((group["department_id"], values))
        for partner_id, currency_id, values in others:
            shape = shapes[partner_id]
            invoice_key, department_id = self._place_of_other(shape, values)
            lines[partner_id, currency_id, invoice_key].append((department_id, values))
        return {
            key: self._prepare_move(*key, shapes[key[0]], self._in_sections(found))
            for key, found in lines.items()
        }

    def _place_of_other(self, shape, values):
        """On which of a customer's invoices and sections a line stands that is no call.

        A fee or top-up of a bundle belongs where all its numbers do.
        """
        none = self.env["telecom.number"]
        places = {
            (
                shape._invoice_key(number),
                number.department_id.id if shape._is_sectioned else 0,
            )
            for number in self._numbers_of_other(values)
        }
        return places.pop() if len(places) == 1 else (shape._invoice_key(none), 0)

    def _in_sections(self, lines):
        """Lines of an invoice under their departments; what has none comes first.

        :param lines: (department id or 0, values), in order
        """
        names = self.env["telecom.department"].browse({d for d, _v in lines if d})
        order = {d.id: place for place, d in enumerate(names.sorted("name"), 1)}
        result = []
        in_order = sorted(lines, key=lambda line: order.get(line[0], 0))
        for department_id, found in groupby(in_order, key=itemgetter(0)):
            if department_id:
                name = names.browse(department_id).name
                result.append({"display_type": "line_section", "name": name})
            result += [values for _department_id, values in found]
        return result

    def _prepare_move(self, partner_id, currency_id, invoice_key, shape, lines):
        values = {
            "move_type": "out_invoice",
            "company_id": self.env.company.id,
            "partner_id": self._addressee(partner_id, shape),
            "currency_id": currency_id,
            "invoice_line_ids": [fields.Command.create(line) for line in lines],
        }
        title = self._invoice_title(shape, invoice_key)
        if title:
            # Electronic invoices carry the reference as the customer's order.
            is_contract = shape.invoice_per == "contract"
            values["ref" if is_contract else "invoice_origin"] = title
        # A run gives its invoices their date and itself.
        return values | self.env.context.get("telecom_move_values", {})

    def _addressee(self, partner_id, shape):
        if shape.address == "customer":
            return partner_id
        payer = self.env["res.partner"].browse(partner_id)
        return payer.address_get(["invoice"])["invoice"]

    def _in_language_of(self, partner_id):
        """This model, writing in the customer's language."""
        lang = self.env["res.partner"].browse(partner_id).lang
        return self.with_context(lang=lang or self.env.lang)

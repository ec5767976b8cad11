# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..parsers import numbering
from . import rerating_sql as sql
from .mixin_invoicing_calls import DEPARTMENT, INVOICE_KEY


class TelecomReratingBilling(models.AbstractModel):
    """The bills of a re-rating: what invoiced calls cost more or less now."""

    _name = "telecom.rerating.billing"
    _description = "Bills of a Re-rating"

    def _bill_corrections(self):
        """Draft invoices and credit notes, in each customer's shape, for what lacks."""
        condition = SQL(
            "k.rerating_id = %s AND k.is_invoiced AND k.outcome = 'proposed'", self.id
        )
        sql.judge(self.env, condition)
        self.env.flush_all()
        documents = defaultdict(list)
        for row in self._correction_rows(condition):
            key = (row["partner_id"], row["currency_id"], row["invoice_key"])
            documents[key].append(row)
        lines = {}
        for key, rows in documents.items():
            for line in self._bill_customer(*key, rows):
                lines[(*key, line.telecom_origin_line_id.id)] = line.id
        self._link_corrections(condition, lines)

    def _billing(self):
        """The invoicing of this company, whoever applies the re-rating."""
        return self.env["telecom.invoicing"].sudo().with_company(self.company_id)

    def _keyed_corrections(self, condition):
        """SQL of the corrected calls with the keys of their documents.

        They are those by which the calls would be invoiced now.
        """
        payers = self.env.execute_query(
            SQL(
                "SELECT DISTINCT k.old_partner_id FROM telecom_rerating_call k"
                " WHERE %s",
                condition,
            )
        )
        partners = self.env["res.partner"].browse([row[0] for row in payers if row[0]])
        return SQL(
            """
            SELECT k.rerating_id, k.company_id, k.call_id, k.difference,
                   k.old_partner_id AS partner_id, k.old_currency_id AS currency_id,
                   k.origin_line_id, k.old_number_id AS number_id,
                   %s AS invoice_key, %s AS department_id
              FROM telecom_rerating_call k
         LEFT JOIN %s ON s.partner_id = k.old_partner_id
         LEFT JOIN telecom_number n ON n.id = k.old_number_id
             WHERE %s
            """,
            INVOICE_KEY,
            DEPARTMENT,
            self._billing()._shape_rows(self.company_id, partners),
            condition,
        )

    def _correction_rows(self, condition):
        """One row for each line of an invoice whose calls have another price.

        With the difference of each of its numbers, for the analytic accounts.
        """
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT partner_id, currency_id, invoice_key, origin_line_id,
                       min(department_id) AS department_id,
                       sum(calls)::bigint AS calls,
                       sum(amount)::text AS amount,
                       array_agg(number_id ORDER BY number_id) AS number_ids,
                       array_agg(amount::text ORDER BY number_id) AS number_amounts
                  FROM (SELECT k.partner_id, k.currency_id, k.invoice_key,
                               k.department_id, k.origin_line_id,
                               COALESCE(k.number_id, 0) AS number_id,
                               count(*) AS calls, sum(k.difference) AS amount
                          FROM (%s) k GROUP BY 1, 2, 3, 4, 5, 6) g
              GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
                """,
                self._keyed_corrections(condition),
            )
        )

    def _bill_customer(self, partner_id, currency_id, invoice_key, rows):
        """One draft: an invoice where the customer owes, else a credit note.

        :return: its lines that correct others
        """
        currency = self.env["res.currency"].browse(currency_id)
        unit = Decimal(1).scaleb(-currency.decimal_places)
        for row in rows:
            row["amount"] = Decimal(row["amount"]).quantize(unit, ROUND_HALF_UP)
        billed = [row for row in rows if row["amount"]]
        moves = self.env["account.move"].with_company(self.company_id).sudo()
        if not billed:
            return moves.line_ids
        sign = -1 if sum(row["amount"] for row in billed) < 0 else 1
        lang = self.env["res.partner"].browse(partner_id).lang or self.env.lang
        writer = self.with_context(lang=lang)
        lines = [
            (
                row["department_id"],
                writer._prepare_correction(row, sign)
                | self._correction_distribution(row),
            )
            for row in billed
        ]
        values = writer._correction_document(
            partner_id, currency_id, invoice_key, lines
        )
        reference = writer._correction_reference(billed)
        # Electronic invoices carry the contract in the reference: it stays there.
        place = "invoice_origin" if values.get("ref") else "ref"
        move = moves.create(
            {
                **values,
                place: reference,
                "move_type": "out_refund" if sign < 0 else "out_invoice",
                "telecom_rerating_id": self.id,
            }
        )
        return move.invoice_line_ids.filtered("telecom_origin_line_id")

    def _correction_document(self, partner_id, currency_id, invoice_key, lines):
        """Values of a document in the shape of the customer's invoices."""
        billing = self._billing()
        payer = self.env["res.partner"].browse(partner_id)
        shape = self.env["telecom.invoice.shape"]._of_payers(self.company_id, payer)
        return billing._prepare_move(
            partner_id,
            currency_id,
            invoice_key,
            shape[partner_id],
            billing._in_sections(lines),
        )

    def _correction_reference(self, rows):
        lines = self.env["account.move.line"].browse(
            [row["origin_line_id"] for row in rows]
        )
        names = sorted(set(lines.sudo().move_id.mapped(self._invoice_name)))
        return self.env._("Correction of %s", ", ".join(names))

    def _invoice_name(self, move):
        return move.name or move.display_name

    def _prepare_correction(self, row, sign):
        """The difference of the calls of one invoice line, summed, rounded once."""
        origin = self.env["account.move.line"].sudo().browse(row["origin_line_id"])
        kind = origin.telecom_kind
        product = (
            self.company_id.with_env(self.env)._telecom_product(kind)
            if kind
            else origin.product_id
        )
        values = {
            "product_id": product.id,
            "name": self.env._(
                "Correction of %(invoice)s, %(product)s %(number)s: %(calls)s calls",
                invoice=self._invoice_name(origin.move_id),
                product=product.name,
                number=numbering.format_international(
                    origin.telecom_number_id.number or ""
                ),
                calls=row["calls"],
            ),
            "quantity": 1,
            "telecom_origin_line_id": origin.id,
        }
        invoicing = self.env["telecom.invoicing"].with_company(self.company_id)
        payer = origin.move_id.commercial_partner_id
        amount = row["amount"] * sign
        if not origin.telecom_is_tax_included:
            values["price_unit"] = invoicing._price_over(amount, product, payer)
        else:
            values |= invoicing._values_of_total(
                amount, product, payer, row["currency_id"]
            )
        return values

    def _correction_distribution(self, row):
        """That of the line of one number; of several, by what each is corrected by."""
        origin = self.env["account.move.line"].sudo().browse(row["origin_line_id"])
        pairs = zip(row["number_ids"], row["number_amounts"], strict=True)
        amounts = [(number_id, Decimal(amount)) for number_id, amount in pairs]
        shared = self._billing()._line_distribution({"number_amounts": amounts})
        if not (len(amounts) > 1 and shared):
            shared = origin.analytic_distribution or shared
        return {"analytic_distribution": shared} if shared else {}

    def _link_corrections(self, condition, lines):
        """Remember on each call what was billed, in one statement.

        :param lines: ids of lines by customer, currency, key of the document and the
            line that they correct
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO telecom_call_correction (rerating_id, company_id, call_id,
                       number, amount, currency_id, move_line_id, is_released)
                SELECT k.rerating_id, k.company_id, k.call_id,
                       1 + COALESCE((SELECT max(n.number) FROM telecom_call_correction n
                                      WHERE n.call_id = k.call_id), 0),
                       k.difference, k.currency_id, l.id, FALSE
                  FROM (%(calls)s) k
             LEFT JOIN unnest(%(partners)s::int[], %(currencies)s::int[],
                              %(keys)s::text[], %(origins)s::int[], %(lines)s::int[])
                       AS l(partner_id, currency_id, invoice_key, origin_line_id, id)
                    ON l.partner_id = k.partner_id AND l.currency_id = k.currency_id
                   AND l.invoice_key = k.invoice_key
                   AND l.origin_line_id = k.origin_line_id
                """,
                calls=self._keyed_corrections(condition),
                partners=[key[0] for key in lines],
                currencies=[key[1] for key in lines],
                keys=[key[2] for key in lines],
                origins=[key[3] for key in lines],
                lines=list(lines.values()),
            )
        )
        self._settle(condition, "corrected")

    # === UNDO === #

    def _check_moves_are_drafts(self):
        posted = self.sudo().move_ids.filtered(lambda move: move.state == "posted")
        if posted:
            raise UserError(
                self.env._(
                    "%(moves)s is posted, so this cannot be undone. Reverse it, and "
                    "propose the re-rating again.",
                    moves=", ".join(posted.mapped("display_name")),
                )
            )

    def _remove_moves(self):
        """Delete drafts; one that had a number once is cancelled instead."""
        self._check_moves_are_drafts()
        moves = self.move_ids
        fresh = moves.filtered(lambda m: m.state == "draft" and not m.posted_before)
        fresh.unlink()
        kept = moves.exists()
        kept.filtered(lambda m: m.state == "draft").button_cancel()
        kept.telecom_rerating_id = False

    def _undo_corrections(self):
        """Take the corrections back that came to no line, too."""
        self.env.cr.execute(
            "DELETE FROM telecom_call_correction WHERE rerating_id = %s", (self.id,)
        )
        self._settle(
            SQL("k.rerating_id = %s AND k.outcome = 'corrected'", self.id), "undone"
        )

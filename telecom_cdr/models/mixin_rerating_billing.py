# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..parsers import numbering
from . import rerating_sql as sql


class TelecomReratingBilling(models.AbstractModel):
    """The bills of a re-rating: what invoiced calls cost more or less now."""

    _name = "telecom.rerating.billing"
    _description = "Bills of a Re-rating"

    def _bill_corrections(self):
        """Draft an invoice or a credit note per customer for what invoices lack."""
        condition = SQL(
            "k.rerating_id = %s AND k.is_invoiced AND k.outcome = 'proposed'", self.id
        )
        sql.judge(self.env, condition)
        self.env.flush_all()
        lines = defaultdict(list)
        for row in self._correction_rows(condition):
            lines[row["partner_id"], row["currency_id"]].append(row)
        for (partner_id, currency_id), rows in lines.items():
            self._bill_customer(partner_id, currency_id, rows)
        self._link_corrections(condition)

    def _correction_rows(self, condition):
        """One row for each line of an invoice whose calls have another price."""
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT k.old_partner_id AS partner_id, k.old_currency_id AS currency_id,
                       k.origin_line_id, count(*) AS calls,
                       sum(k.difference)::text AS amount
                  FROM telecom_rerating_call k WHERE %s
              GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
                """,
                condition,
            )
        )

    def _bill_customer(self, partner_id, currency_id, rows):
        """One draft: an invoice where the customer owes, else a credit note."""
        currency = self.env["res.currency"].browse(currency_id)
        unit = Decimal(1).scaleb(-currency.decimal_places)
        for row in rows:
            row["amount"] = Decimal(row["amount"]).quantize(unit, ROUND_HALF_UP)
        billed = [row for row in rows if row["amount"]]
        if not billed:
            return
        sign = -1 if sum(row["amount"] for row in billed) < 0 else 1
        company = self.company_id
        move = self.env["account.move"].with_company(company).sudo()
        lang = self.env["res.partner"].browse(partner_id).lang or self.env.lang
        move.create(
            {
                "move_type": "out_refund" if sign < 0 else "out_invoice",
                "company_id": company.id,
                "partner_id": partner_id,
                "currency_id": currency_id,
                "ref": self.with_context(lang=lang)._correction_reference(billed),
                "telecom_rerating_id": self.id,
                "invoice_line_ids": [
                    fields.Command.create(
                        self.with_context(lang=lang)._prepare_correction(row, sign)
                    )
                    for row in billed
                ],
            }
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
            "price_unit": float(row["amount"] * sign),
            "telecom_origin_line_id": origin.id,
        }
        if origin.telecom_is_tax_included:
            invoicing = self.env["telecom.invoicing"].with_company(self.company_id)
            payer = origin.move_id.commercial_partner_id
            values |= invoicing._values_of_total(
                row["amount"] * sign, product, payer, row["currency_id"]
            )
        if origin.analytic_distribution:
            values["analytic_distribution"] = origin.analytic_distribution
        return values

    def _link_corrections(self, condition):
        """Remember on each call what was billed, in one statement."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO telecom_call_correction (rerating_id, company_id, call_id,
                       number, amount, currency_id, move_line_id, is_released)
                SELECT k.rerating_id, k.company_id, k.call_id,
                       1 + COALESCE((SELECT max(n.number) FROM telecom_call_correction n
                                      WHERE n.call_id = k.call_id), 0),
                       k.difference, k.old_currency_id, l.id, FALSE
                  FROM telecom_rerating_call k
             LEFT JOIN account_move m ON m.telecom_rerating_id = k.rerating_id
                   AND m.partner_id = k.old_partner_id
                   AND m.currency_id = k.old_currency_id
             LEFT JOIN account_move_line l ON l.move_id = m.id
                   AND l.telecom_origin_line_id = k.origin_line_id
                 WHERE %s
                """,
                condition,
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

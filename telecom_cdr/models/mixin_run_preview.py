# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from contextlib import closing

from odoo import fields, models

from . import run_sql

# From so much of the amount before on, a customer is looked at first.
MUCH_MORE, MUCH_LESS = 2, 0.5
SUMS = ("call_count", "duration", "call_amount", "other_amount")


class TelecomRunPreview(models.AbstractModel):
    """What a run will invoice: the drafts are made, looked at, and taken back.

    So the preview is what the drafts will be, whatever makes them: shapes, taxes,
    fees and charges of other addons. A customer whose draft cannot be made is found
    now.
    """

    _name = "telecom.run.preview.mixin"
    _description = "Preview of an Invoicing Run"

    def _preview_step(self):
        """List the customers, then look at one batch after the other."""
        if not self.is_listed:
            self._settle_prices(None)
            self._hold()
            self._list_customers()
            return True
        partners = self._ready_for("waiting")
        if partners:
            self._attempt(partners, self._preview_partners)
            return True
        if self._next_partners("waiting"):
            return True
        self._update_gaps()
        self.previewed_at = fields.Datetime.now()
        return self._end_phase()

    def _list_customers(self):
        """List them anew; who was left out by hand still is."""
        worker = self._worker()
        partners = worker._customers()
        currency = self.company_id.currency_id.id
        left = self.line_ids.filtered(lambda line: line.left_reason == "hand")
        left = left.partner_id
        self.line_ids.unlink()
        self.env["telecom.run.customer"].sudo().create(
            [
                {
                    "run_id": self.id,
                    "partner_id": partner.id,
                    "currency_id": currency,
                    "date_to": worker._last_day(partner),
                    "left_reason": "hand" if partner in left else False,
                }
                for partner in partners
            ]
        )
        self.is_listed = True

    def _preview_partners(self, partners):
        """Fill in the lines of some customers, one for each currency."""
        lines = self._lines_of(partners)
        figures = self._figures(lines)
        before, known = self._billed_before(partners)
        waiting = dict(
            self.env.execute_query(
                run_sql.waiting_by_customer(
                    self.company_id.id, self.date_from, self.date_to, partners.ids
                )
            )
        )
        held = self._on_hold(partners)
        keys = defaultdict(list)
        for partner_id, currency_id in sorted(figures.keys() | before.keys()):
            keys[partner_id].append(currency_id)
        values_list = []
        for line in lines:
            partner_id = line.partner_id.id
            for currency_id in keys[partner_id] or [line.currency_id.id]:
                found = figures.get((partner_id, currency_id), {})
                values_list.append(
                    {
                        "partner_id": partner_id,
                        "currency_id": currency_id,
                        "date_to": line.date_to,
                        **found,
                        "previous": before.get((partner_id, currency_id), 0),
                        "waiting_count": waiting.get(partner_id, 0),
                        "is_new": bool(found) and partner_id not in known,
                    }
                )
        self._store_preview(lines, values_list, held)

    def _store_preview(self, lines, values_list, held):
        """Write the first line of each customer, create those of other currencies."""
        mine = {line.partner_id.id: line for line in lines}
        model = lines.browse()
        stored = model.browse()
        for values in values_list:
            line = mine.pop(values["partner_id"], model)
            if line:
                line.write(values)
            else:
                line = model.create({**values, "run_id": self.id})
            stored |= line
        stored._judge(held)

    def _on_hold(self, partners):
        """Those that somebody said not to invoice for now."""
        own = partners.with_company(self.company_id).sudo()
        return set(own.filtered("telecom_is_on_hold").ids)

    # === FIGURES === #

    def _figures(self, lines):
        """What the invoices of these customers would be: (customer, currency) -> sums.

        Calls, seconds, untaxed amount of the calls and of what else is due.
        """
        result = {}
        for date_to, group in lines.grouped("date_to").items():
            result.update(self._figures_until(group.partner_id, date_to))
        return result

    def _figures_until(self, partners, date_to):
        invoicing = self._invoicing().with_context(tracking_disable=True)
        payers = partners.with_env(invoicing.env)
        result = defaultdict(lambda: dict.fromkeys(SUMS, 0))
        # Taken back in any case: nobody else sees a draft of it.
        with closing(self.env.cr.savepoint()):
            moves = invoicing._invoice(payers, self.date_from, date_to)
            for move in moves:
                key = (move.commercial_partner_id.id, move.currency_id.id)
                for name, amount in self._move_amounts(move).items():
                    result[key][name] += amount
            for *key, calls, seconds in self._call_sums(moves):
                result[tuple(key)].update(call_count=calls, duration=seconds)
        for sums in result.values():
            sums["total"] = sums["call_amount"] + sums["other_amount"]
        return dict(result)

    def _call_sums(self, moves):
        """Customer, currency, number and seconds of the calls on these invoices."""
        self.env.flush_all()
        return self.env.execute_query(run_sql.calls_of(moves.ids))

    def _move_amounts(self, move):
        """Untaxed amounts of an invoice: its calls, and all else."""
        sign = -1 if move.move_type == "out_refund" else 1
        lines = move.invoice_line_ids
        of_calls = sum(lines.filtered("telecom_kind").mapped("price_subtotal"))
        return {
            "call_amount": sign * of_calls,
            "other_amount": sign * (sum(lines.mapped("price_subtotal")) - of_calls),
        }

    def _billed_before(self, partners):
        """Amounts of the period before by (customer, currency); who had any invoice."""
        rows = self.env.execute_query(
            run_sql.billed_before(
                self.id,
                self.company_id.id,
                self._previous_period(),
                self.date_to,
                partners.ids,
                self.env["account.move.line"]._telecom_line_sql(),
            )
        )
        amounts = {
            (partner_id, currency_id): float(amount)
            for partner_id, currency_id, amount in rows
            if amount is not None
        }
        return amounts, {row[0] for row in rows}

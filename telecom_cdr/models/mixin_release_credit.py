# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.invoice_lines import rounded

# A credit note that counts: posted, or waiting as a draft.
POSTED = ("credited", "released", "written_off")
COUNTING = ("draft", *POSTED)


class TelecomReleaseCredit(models.AbstractModel):
    """What invoice lines lose by the calls that are taken off them.

    Calls of less than a cent make lines of whole cents. So what a line loses is what
    it billed, less what other credit notes took off it, less what its other calls come
    to: in whatever order they are made, posted and deleted, all of them together take
    off what the line billed, and no more. ``telecom_release_line`` holds these amounts
    as the calls are priced, with or without tax.
    """

    _name = "telecom.release.credit.mixin"
    _description = "Credit of Calls Given Back"

    # === AMOUNTS === #

    def _line_credits(self):
        """What each line gives back: what it has left, less its other calls.

        :return: list of (line, amount); what has been corrected since is a line of the
            correction
        """
        rows = self._calls_left() + self._corrections_left()
        lines = self.env["account.move.line"].browse([row[0] for row in rows])
        credited = self._credited(lines, COUNTING)
        billed = self._billed(lines)
        digits = self.currency_id.decimal_places
        return [
            (line, billed[line.id] - credited.get(line.id, 0) - rounded(left, digits))
            for line, (_id, left) in zip(lines, rows, strict=True)
        ]

    def _calls_left(self):
        """Lines of the chosen calls, and what their other calls come to."""
        return self._sums(
            SQL(
                """
                SELECT i.move_line_id,
                       sum(c.price) FILTER (WHERE o.call_id IS NULL AND %(owed)s)
                  FROM account_move_line l
                  JOIN telecom_call_invoice i ON i.move_line_id = l.id
                  JOIN telecom_call c ON c.id = i.call_id
             LEFT JOIN telecom_release_call o ON o.call_id = i.call_id
                   AND o.move_line_id = i.move_line_id AND o.release_id = %(release)s
                 WHERE l.move_id = %(move)s GROUP BY 1 HAVING count(o.call_id) > 0
              ORDER BY 1
                """,
                owed=self._owed(),
                release=self.id,
                move=self.move_id.id,
            )
        )

    def _corrections_left(self):
        """Lines that correct the chosen calls, and what else they correct."""
        return self._sums(
            SQL(
                """
                SELECT k.move_line_id, sum(k.amount) FILTER (
                           WHERE o.call_id IS NULL AND NOT EXISTS (
                                 SELECT FROM telecom_call_invoice i
                                  WHERE i.call_id = k.call_id AND NOT %(owed)s))
                  FROM telecom_call_correction k
             LEFT JOIN telecom_release_call o ON o.call_id = k.call_id
                   AND o.release_id = %(release)s
                 WHERE k.is_released IS NOT TRUE AND k.move_line_id IN (%(lines)s)
              GROUP BY 1 HAVING count(o.call_id) > 0 ORDER BY 1
                """,
                owed=self._owed(),
                release=self.id,
                lines=self._corrected_lines(),
            )
        )

    def _sums(self, query):
        """Rows of line id and amount (Decimal)."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT s.id, COALESCE(s.amount, 0)::text FROM (%s) s(id, amount)",
                query,
            )
        )
        return [(line_id, Decimal(amount)) for line_id, amount in rows]

    def _corrected_lines(self):
        """SQL of the lines that correct the chosen calls and stand."""
        return SQL(
            "SELECT k.move_line_id FROM telecom_call_correction k"
            " JOIN telecom_release_call o ON o.call_id = k.call_id"
            " JOIN account_move_line l ON l.id = k.move_line_id"
            " WHERE o.release_id = %s AND k.is_released IS NOT TRUE"
            " AND l.parent_state <> 'cancel'",
            self.id,
        )

    @api.model
    def _billed(self, lines):
        """What lines have billed, as their calls are priced: {line id: Decimal}."""
        rows = self._sums(
            SQL(
                "SELECT l.id, CASE WHEN l.telecom_origin_line_id IS NULL"
                " THEN l.telecom_line_amount ELSE (SELECT sum(k.amount)"
                " FROM telecom_call_correction k WHERE k.move_line_id = l.id) END"
                " FROM account_move_line l WHERE l.id = ANY(%s)",
                list(lines.ids),
            )
        )
        digits = {line.id: line.currency_id.decimal_places for line in lines}
        return {id_: rounded(amount, digits[id_]) for id_, amount in rows}

    def _credited(self, lines, states):
        """What other credit notes take off lines: {line id: Decimal}, if any does."""
        return dict(
            self._sums(
                SQL(
                    "SELECT o.move_line_id, sum(o.amount) FROM telecom_release_line o"
                    " JOIN telecom_release r ON r.id = o.release_id"
                    " WHERE o.move_line_id = ANY(%s) AND r.state = ANY(%s)"
                    " AND r.id <> ALL(%s) GROUP BY 1",
                    list(lines.ids),
                    list(states),
                    list(self.ids),
                )
            )
        )

    @api.model
    def _rests(self, lines):
        """What posted credit notes have left of lines that they take a part off.

        :return: {line: Decimal}; a fee is given back whole
        """
        credited = self._credited(lines, POSTED)
        found = lines.filtered(lambda line: line.id in credited)
        billed = self._billed(found)
        rests = {}
        for line in found:
            if not (line.telecom_kind or line.telecom_origin_line_id):
                rests[line] = Decimal(0)
            elif credited[line.id]:
                rests[line] = billed[line.id] - credited[line.id]
        return rests

    @api.model
    def _credited_fees(self, fees):
        """Fees of a credit note that waits, or that gives them back later or never."""
        states = [state for state in COUNTING if state != "released"]
        return fees.browse(self._credited(fees, states))

    def _keep_credits(self, credits_):
        """Remember what each line loses; a fee is whole, and says nothing of it."""
        self.env.cr.execute(
            SQL("DELETE FROM telecom_release_line WHERE release_id = %s", self.id)
        )
        amounts = {line.id: Decimal(0) for line in self.line_ids}
        amounts |= {line.id: amount for line, amount in credits_}
        self.env.cr.execute(
            SQL(
                "INSERT INTO telecom_release_line (release_id, move_line_id, amount)"
                " SELECT %s, * FROM unnest(%s::int[], %s::numeric[])",
                self.id,
                list(amounts),
                list(amounts.values()),
            )
        )

    def _kept_credits(self):
        """What each line was to lose when it was made: {line id: amount}."""
        return dict(
            self._sums(
                SQL(
                    "SELECT move_line_id, amount FROM telecom_release_line"
                    " WHERE release_id = %s",
                    self.id,
                )
            )
        )

    # === THE CREDIT NOTE === #

    def _make_refund(self, date=None):
        """The draft credit note of what was chosen: what the invoice loses by it."""
        self.ensure_one()
        sign = 1 if self.move_id.move_type == "out_invoice" else -1
        credits_ = self._line_credits()
        self._keep_credits(credits_)
        lines = [self._prepare_credit(line, amount * sign) for line, amount in credits_]
        lines += [self._prepare_fee_credit(line) for line in self.line_ids]
        self.refund_id = (
            self.env["account.move"]
            .sudo(False)
            .create(
                {
                    "move_type": "out_refund" if sign > 0 else "out_invoice",
                    "company_id": self.company_id.id,
                    "partner_id": self.move_id.partner_id.id,
                    "currency_id": self.currency_id.id,
                    "fiscal_position_id": self.move_id.fiscal_position_id.id,
                    "reversed_entry_id": self.move_id.id,
                    "invoice_date": date,
                    "ref": self.reason or self._reference(),
                    "invoice_line_ids": [fields.Command.create(line) for line in lines],
                }
            )
        )
        self._note_amount()
        return self.refund_id

    def _note_amount(self):
        """Keep what is taken off; what is more than nothing for us is an invoice.

        Of shares and credits that are given back alone the customer owes the sum.
        """
        if self.refund_id.amount_total < 0:
            self.refund_id.action_switch_move_type()
        self.amount = self._taken_off()

    def _taken_off(self):
        """What the document takes off, untaxed: below 0 where it charges instead."""
        return self.refund_id._telecom_credit_sign(self.move_id) * (
            self.refund_id.amount_untaxed
        )

    def _reference(self):
        lang = self.move_id.partner_id.lang or self.env.lang
        speaker = self.with_context(lang=lang)
        return speaker.env._("Calls taken off %s", self.move_id.name)

    def _prepare_credit(self, line, amount):
        """Calls of a line; its price is what the line loses, with its own taxes."""
        return self._prepare_like(line) | self._credit_values(line, amount)

    @api.model
    def _credit_values(self, line, amount):
        """Name, quantity and price of what a line loses.

        :param amount: as the credit note has it
        """
        lang = line.move_id.partner_id.lang or self.env.lang
        values = {
            "name": self.with_context(lang=lang).env._("Taken off: %s", line.name),
            # Electronic invoices take less of something, but no price below 0.
            "quantity": -1 if amount < 0 else 1,
        }
        invoicing = self.env["telecom.invoicing"].with_company(line.company_id)
        if not line.telecom_is_tax_included:
            price = invoicing._with_included(
                float(abs(amount)), line.tax_ids, line.product_id
            )
            return values | {"price_unit": price}
        return values | invoicing._values_of_total(
            amount,
            line.product_id,
            line.move_id.commercial_partner_id,
            line.currency_id.id,
        )

    def _prepare_fee_credit(self, line):
        values = self._prepare_like(line)
        values["name"] = line.name
        for name in ("quantity", "price_unit", "discount"):
            values[name] = line[name]
        return values

    def _prepare_like(self, line):
        return {
            "product_id": line.product_id.id,
            "account_id": line.account_id.id,
            "tax_ids": [fields.Command.set(line.tax_ids.ids)],
            "analytic_distribution": line.analytic_distribution,
            "telecom_reversed_line_id": line.id,
        }

    # === DRAFTS AMONG THEMSELVES === #

    @api.model
    def _settle_drafts(self, moves):
        """Drafts of these invoices take off what is left, now that another changed."""
        drafts = self.search(
            [
                ("move_id", "in", moves.ids),
                ("state", "=", "draft"),
                ("is_chosen", "=", True),
            ],
            order="id",
        )
        for release in drafts.filtered("refund_id"):
            release._credit_anew()

    def _credit_anew(self):
        """Write what the lines lose now on the draft credit note.

        One that was edited is left as it is: it is refused when it is posted.
        """
        if self.currency_id.compare_amounts(self._taken_off(), self.amount):
            return
        sign = 1 if self.refund_id.move_type == "out_refund" else -1
        known, credits_ = self._kept_credits(), self._line_credits()
        written = self.refund_id.invoice_line_ids.grouped("telecom_reversed_line_id")
        changed = [one for one in credits_ if one[1] != known.get(one[0].id)]
        if any(line not in written for line, _amount in changed):
            return
        for line, amount in changed:
            written[line][0].write(self._credit_values(line, amount * sign))
        self._note_amount()
        self._keep_credits([one for one in credits_ if one[0].id in known])

    # === BEFORE POSTING === #

    def _check_amount(self):
        """Refuse a credit note that was changed since it was made of its calls."""
        found = self._taken_off()
        if self.is_chosen and self.currency_id.compare_amounts(found, self.amount):
            raise UserError(
                self.env._(
                    "This credit note is made of calls that come to %(expected)s, but "
                    "takes %(found)s off. Delete it and choose the calls again; what "
                    "else you credit is a credit note of its own.",
                    expected=self.amount,
                    found=found,
                )
            )

    def _check_credits(self):
        """Refuse where its calls were corrected since it was made of them."""
        if not self.is_chosen:
            return
        fees = dict.fromkeys(self.line_ids.ids, Decimal(0))
        now = fees | {line.id: amount for line, amount in self._line_credits()}
        if now != self._kept_credits():
            raise UserError(
                self.env._(
                    "Calls of this credit note have been corrected since it was made, "
                    "so it does not take off what they come to now. Delete it and "
                    "choose the calls again."
                )
            )

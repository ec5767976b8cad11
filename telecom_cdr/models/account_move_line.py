# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.invoice_lines import rounded
from .call_sums import mark_calls
from .customer_periods import next_period

# What a line takes is made of these.
AMOUNT_FIELDS = {"price_unit", "quantity", "discount"}
# What a line bills; a copy that takes its invoice's place bills it, too.
BILLED_FIELDS = (
    "telecom_kind",
    "telecom_origin_line_id",
    "telecom_line_key",
    "telecom_line_calls",
    "telecom_line_amount",
    "telecom_is_tax_included",
    "telecom_number_id",
    "telecom_subscription_id",
    "telecom_topup_id",
    "telecom_period_start",
    "telecom_period_end",
    "telecom_is_by_days",
    "telecom_fee_line_id",
    "telecom_fee_number",
    "telecom_is_fee_credit",
)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    telecom_kind = fields.Selection(
        [
            ("landline", "Landline"),
            ("mobile", "Mobile"),
            ("other", "Other"),
            ("roaming", "Roaming"),
            ("all", "All"),
        ],
        string="Kind of calls",
        readonly=True,
        copy=False,
    )
    telecom_line_key = fields.Char(
        string="Groups of calls",
        readonly=True,
        copy=False,
        help="What the calls of the line have in common, a row for each group.",
    )
    telecom_line_calls = fields.Integer(
        string="Calls summed up", readonly=True, copy=False, aggregator=None
    )
    telecom_line_amount = fields.Float(
        string="Sum of the calls",
        digits=(16, 6),
        readonly=True,
        copy=False,
        aggregator=None,
        help="Before it was rounded.",
    )
    telecom_is_tax_included = fields.Boolean(
        string="Calls priced with tax", readonly=True, copy=False
    )
    telecom_origin_line_id = fields.Many2one(
        "account.move.line",
        string="Corrected line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    telecom_number_id = fields.Many2one(
        "telecom.number", readonly=True, copy=False, index="btree_not_null"
    )
    telecom_subscription_id = fields.Many2one(
        "telecom.bundle.subscription",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    telecom_period_start = fields.Date(readonly=True, copy=False)
    telecom_period_end = fields.Date(
        readonly=True, copy=False, help="Not included; empty: a month after the start."
    )
    telecom_is_by_days = fields.Boolean(
        string="Fee by days",
        readonly=True,
        copy=False,
        help="What it bills beyond the end of its bundle is given back.",
    )
    telecom_fee_line_id = fields.Many2one(
        "account.move.line",
        string="Fee that it corrects",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    telecom_fee_number = fields.Integer(
        string="Number of the correction", readonly=True, copy=False, aggregator=None
    )
    telecom_is_fee_credit = fields.Boolean(
        string="Gives a fee back", readonly=True, copy=False
    )
    telecom_topup_id = fields.Many2one(
        "telecom.bundle.topup",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    telecom_is_released = fields.Boolean(
        string="Calls given back", readonly=True, copy=False
    )

    telecom_reversed_line_id = fields.Many2one(
        "account.move.line",
        string="Credited line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    telecom_renewed_line_id = fields.Many2one(
        "account.move.line",
        string="Line that it takes the place of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )

    # The fee of a month is on one invoice at most, whoever invoices it.
    _telecom_fee_uniq = models.UniqueIndex(
        "(telecom_subscription_id, telecom_period_start)"
        " WHERE telecom_subscription_id IS NOT NULL"
        " AND telecom_is_released IS NOT TRUE AND COALESCE(telecom_fee_number, 0) = 0",
        "The fee of this bundle and month is on an invoice already.",
    )
    # So is what corrects it.
    _telecom_fee_correction_uniq = models.UniqueIndex(
        "(telecom_fee_line_id, telecom_fee_number)"
        " WHERE telecom_fee_line_id IS NOT NULL AND telecom_is_released IS NOT TRUE",
        "The correction of this fee is on an invoice already.",
    )

    _telecom_topup_uniq = models.UniqueIndex(
        "(telecom_topup_id)"
        " WHERE telecom_topup_id IS NOT NULL AND telecom_is_released IS NOT TRUE",
        "This top-up is on an invoice already.",
    )

    def _telecom_billing(self):
        """Those of these lines that bill telephony."""
        return self.filtered(lambda line: line._telecom_bills())

    def _telecom_bills(self):
        """Whether the line bills calls, what corrects them, or fees of ours."""
        return bool(
            self.telecom_kind
            or self.telecom_subscription_id
            or self.telecom_topup_id
            or self.telecom_origin_line_id
        )

    def _telecom_fees(self):
        """Those of these lines that are given back whole: no calls, no corrections."""
        return self._telecom_billing().filtered(
            lambda line: not line.telecom_kind and not line.telecom_origin_line_id
        )

    def _telecom_line_sql(self):
        """SQL: the line ``l`` is one of an invoice of telephony, not a correction."""
        return SQL(
            "(l.telecom_kind IS NOT NULL OR l.telecom_subscription_id IS NOT NULL"
            " OR l.telecom_topup_id IS NOT NULL)"
        )

    # === FEES === #

    def _telecom_fee_span(self):
        """Days of a fee: first, end (not included), 1 (billed) or -1 (given back)."""
        start = self.telecom_period_start
        end = self.telecom_period_end or next_period(start)
        return start, end, -1 if self.telecom_is_fee_credit else 1

    def _telecom_fee_amount(self):
        """What the line takes, as it is written: with or without tax.

        A line of a credit note holds it with the other sign.
        """
        amount = Decimal(repr(self.price_unit)) * Decimal(repr(self.quantity))
        amount *= 1 - Decimal(repr(self.discount)) / 100
        return -amount if self.move_id.move_type == "out_refund" else amount

    # === WHAT A LINE TAKES IS WHAT ITS CALLS COME TO === #

    def write(self, vals):
        if AMOUNT_FIELDS & vals.keys():
            self._check_telecom_edit(vals)
        return super().write(vals)

    def _check_telecom_edit(self, vals):
        """Refuse another amount for calls: what is taken off is a line of its own."""
        if self.env.context.get("telecom_is_switching"):
            return
        made = self.filtered(lambda x: x.telecom_kind or x.telecom_origin_line_id)
        for line in made:
            if any(name in vals and vals[name] != line[name] for name in AMOUNT_FIELDS):
                raise UserError(
                    self.env._(
                        "%(line)s is the sum of its calls, %(amount)s: its quantity, "
                        "price and discount cannot be changed. Add a line for what "
                        "you take off, or delete this one: its calls are invoiced "
                        "next time.",
                        line=line.name,
                        amount=line.price_subtotal,
                    )
                )

    def _check_telecom_amount(self, amount, other_partner, other_currency):
        """Refuse to post what is not what the calls come to, or not their payer's."""
        self.ensure_one()
        if other_partner or other_currency:
            raise UserError(
                self.env._(
                    "%(line)s bills calls of another customer or currency than its "
                    "invoice has. Set both back, or delete the line: its calls are "
                    "invoiced next time.",
                    line=self.name,
                )
            )
        sign = 1 if self.move_id.move_type == "out_invoice" else -1
        amount = rounded(Decimal(amount), self.currency_id.decimal_places)
        due = float(sign * amount)
        # With the tax in it the calls come to the total, which holds the tax.
        is_compared = not self.telecom_is_tax_included or not amount
        if is_compared and self.currency_id.compare_amounts(self.price_subtotal, due):
            raise UserError(
                self.env._(
                    "%(line)s takes %(found)s, but its calls come to %(expected)s. "
                    "Delete the line: its calls are invoiced next time.",
                    line=self.name,
                    found=self.price_subtotal,
                    expected=due,
                )
            )

    # === COPIES === #

    def copy_data(self, default=None):
        """A duplicate of an invoice leaves calls and fees out: none is billed again."""
        vals_list = super().copy_data(default)
        if self.env.context.get("include_business_fields"):
            return vals_list
        return [
            {} if line._telecom_bills() else vals
            for line, vals in zip(self, vals_list, strict=True)
        ]

    def _copy_data_extend_business_fields(self, values):
        """A reversal knows what it reverses; what takes its place bills the same."""
        super()._copy_data_extend_business_fields(values)
        if not self._telecom_bills():
            return
        if "move_reverse_cancel" in self.env.context:
            values["telecom_reversed_line_id"] = self.id
            return
        billed = self.sudo()
        for name in self._telecom_billed_fields():
            value = self._fields[name].convert_to_write(billed[name], billed)
            values[name] = value
        values["telecom_renewed_line_id"] = self.id

    def _telecom_billed_fields(self):
        """What says what a line bills, for the line that takes its place."""
        return BILLED_FIELDS

    def _take_telecom_calls(self):
        """Link the calls of the lines whose place these take."""
        pairs = [(line.telecom_renewed_line_id.id, line.id) for line in self]
        return self.env["telecom.invoicing"]._renew(pairs)

    def _take_telecom_corrections(self):
        """Have lines that take the place of corrections correct the same calls."""
        for line in self.filtered("telecom_origin_line_id"):
            renewed = line.telecom_renewed_line_id
            line.move_id.telecom_rerating_id = renewed.move_id.telecom_rerating_id
            self.env["telecom.invoicing"]._renew_corrections(renewed, line)

    def _telecom_left(self, rest):
        """What earlier credit notes have left of the line, untaxed, as it is written.

        :param rest: the same as its calls are priced
        """
        if not self.telecom_is_tax_included:
            sign = 1 if self.move_id.move_type == "out_invoice" else -1
            is_fee = self in self._telecom_fees()
            return 0.0 if is_fee else float(sign * rest)
        refunds = self.env["telecom.release"]._credits_of(self)
        lines = refunds.filtered(lambda move: move.state == "posted").invoice_line_ids
        own = lines.filtered(lambda line: line.telecom_reversed_line_id == self)
        return self.price_subtotal - sum(
            line.move_id._telecom_credit_sign(self.move_id) * line.price_subtotal
            for line in own
        )

    def _check_telecom_rested_on(self):
        """Refuse to take lines away that credit notes or corrections are made of."""
        billing = self._telecom_billing()
        if not billing:
            return
        moves = self.env["telecom.release"].sudo()._rest_on(billing)
        if moves:
            raise UserError(
                self.env._(
                    "%(moves)s is made of calls or fees of %(invoice)s. Cancel or "
                    "delete that first: it would stand for nothing.",
                    moves=", ".join(moves.mapped("display_name")),
                    invoice=billing.move_id[0].display_name,
                )
            )

    def unlink(self):
        """Calls that a draft lets go are counted in their turn again."""
        self._check_telecom_rested_on()
        billing = self.filtered("telecom_kind")
        if billing:
            condition = SQL(
                "c.id IN (SELECT call_id FROM telecom_call_invoice"
                " WHERE move_line_id = ANY(%s))",
                billing.ids,
            )
            passes = self.env["telecom.bundle.pass"].sudo()
            passes._mark_calls(condition)
            passes._trigger()
            mark_calls(self.env, condition)
        return super().unlink()

    def action_telecom_calls(self):
        """Open the calls that this line bills."""
        self.ensure_one()
        self.env["telecom.call"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = [("move_line_id", "=", self.id)]
        action["context"] = {}
        return action

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.telecom_cdr.engine.fee_periods import corrections, without
from odoo.addons.telecom_cdr.models.customer_periods import period_start
from odoo.addons.telecom_cdr.models.telecom_number import NUMBER_KINDS, PHONE_KINDS

from ..engine.periods import Span, due_spans

MONTHS = {"month": 1, "quarter": 3, "year": 12}
# What decides what was billed: frozen once it is on an invoice.
BILLING_FIELDS = {
    "partner_id",
    "product_id",
    "recurrence",
    "timing",
    "quantity_by",
    "quantity",
    "price",
    "date_start",
    "is_prorated",
}


class Due(NamedTuple):
    """Days of an own charge that are due."""

    charge: models.BaseModel
    span: Span


class TelecomOwnCharge(models.Model):
    """What we charge a customer beside calls, once or again and again."""

    _name = "telecom.own.charge"
    _description = "Own Charge"
    _inherit = [
        "mail.thread",
        "analytic.mixin",
        "telecom.payer.mixin",
        "telecom.priced.with.mixin",
    ]
    _order = "partner_id, date_start desc, id desc"
    _check_company_auto = True

    name = fields.Char(
        string="What",
        required=True,
        tracking=True,
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        help="What the invoice line says, before the period.",
    )
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        tracking=True,
        ondelete="restrict",
    )
    product_id = fields.Many2one(
        "product.product",
        string="Billed as",
        required=True,
        tracking=True,
        check_company=True,
        ondelete="restrict",
        help="Its taxes and account are those of the invoice line.",
    )
    recurrence = fields.Selection(
        [
            ("once", "Once"),
            ("month", "Every month"),
            ("quarter", "Every quarter"),
            ("year", "Every year"),
        ],
        required=True,
        default="month",
        tracking=True,
        help="Periods begin on the customer's billing day.",
    )
    timing = fields.Selection(
        [("advance", "In advance"), ("arrears", "In arrears")],
        required=True,
        default="advance",
        tracking=True,
        help="In advance: an invoice until the last day of a period holds the next "
        "one, the first invoice the rest of this one as well. In arrears: what has "
        "passed.",
    )
    quantity_by = fields.Selection(
        [
            ("fixed", "A fixed quantity"),
            ("numbers", "Phone numbers"),
            ("channels", "Trunks and SIP users"),
            *((kind, label) for kind, label in NUMBER_KINDS),
        ],
        string="Count",
        required=True,
        default="fixed",
        tracking=True,
        help="Numbers, trunks or extensions that the customer holds on the first day "
        "that is charged.",
    )
    quantity = fields.Float(
        default=1.0,
        digits="Product Unit",
        tracking=True,
        help="Where something is counted: so many for each.",
    )
    price = fields.Float(
        string="Price of one",
        digits=(16, 6),
        tracking=True,
        compute="_compute_price",
        store=True,
        readonly=False,
        precompute=True,
        help="Of a whole period, as the product's sales price is: with or without tax "
        "as its taxes are. Below 0: a credit.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    is_prorated = fields.Boolean(
        string="By days",
        default=True,
        tracking=True,
        help="A part of a period costs its part of the price.",
    )
    number_id = fields.Many2one(
        "telecom.number",
        string="For the number",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="It is named on the line, and compared with what its carrier charges.",
    )
    date_start = fields.Date(
        string="From",
        required=True,
        default=fields.Date.context_today,
        tracking=True,
    )
    date_end = fields.Date(string="Until", tracking=True, help="Not included.")
    line_ids = fields.One2many(
        "account.move.line", "telecom_own_charge_id", string="Invoice lines"
    )
    billed_until = fields.Date(
        string="Invoiced until", compute="_compute_billed_until", compute_sudo=True
    )

    _period_order = models.Constraint(
        "CHECK(date_end > date_start)", "A charge must end after it starts."
    )
    _quantity_positive = models.Constraint(
        "CHECK(quantity > 0)", "The quantity is above 0."
    )

    def _contact_text(self, contact, customer):
        return self.env._(
            "%(contact)s is a contact of %(customer)s, who pays. Give the charge to "
            "that one.",
            contact=contact,
            customer=customer,
        )

    @api.depends("product_id")
    def _compute_name(self):
        for charge in self:
            charge.name = charge.name or charge.product_id.name

    @api.depends("product_id")
    def _compute_price(self):
        for charge in self:
            charge.price = charge.price or charge.product_id.lst_price

    @api.depends("line_ids.telecom_is_released", "line_ids.telecom_period_end")
    def _compute_billed_until(self):
        for charge in self:
            ends = [end for _start, end in charge._billed()]
            charge.billed_until = max(ends) - timedelta(days=1) if ends else False

    # === CRUD METHODS === #

    def _priced_with(self):
        """Those that are on an invoice now."""
        return self.filtered(lambda charge: charge._billing_lines())

    def _frozen_names(self, vals):
        return BILLING_FIELDS & vals.keys()

    def _frozen_text(self):
        return self.env._(
            "%(name)s of %(customer)s is invoiced, so it stays as it is. Set the day "
            "until which it counts, and add another from then on.",
            name=self[0].name,
            customer=self[0].partner_id.display_name,
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        billed = self.filtered(lambda charge: charge.sudo().line_ids)
        if billed:
            raise UserError(
                self.env._(
                    "%(name)s is on invoices, so it stays. Set the day until which it "
                    "counts.",
                    name=billed[0].name,
                )
            )

    def action_open_invoices(self) -> dict:
        """Open the invoices that bill it."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        action["domain"] = [("id", "in", self.line_ids.move_id.ids)]
        action["context"] = {"default_move_type": "out_invoice"}
        return action

    # === WHAT IS DUE === #

    @api.model
    def _of_payers(self, company, payers):
        """Charges of customers, each customer's together."""
        return self.search(
            Domain("company_id", "=", company.id)
            & Domain("partner_id", "in", payers.ids),
            order="partner_id, date_start, id",
        )

    def _dues(self, date_to):
        """What is due until a day and on no invoice."""
        billed = self._billed()
        return [
            Due(self, Span(span.period_start, span.period_end, *days))
            for span in self._spans(date_to)
            for days in without((span.start, span.end), billed)
        ]

    def _spans(self, date_to):
        """Days that are due by their periods, whether they are billed or not."""
        if self.recurrence == "once":
            day, after = self.date_start, self.date_start + timedelta(days=1)
            return [Span(day, after, day, after)] if day <= date_to else []
        spans = due_spans(
            (self.date_start, self.date_end or None),
            self._anchor(),
            MONTHS[self.recurrence],
            self.timing,
            date_to,
        )
        if self.is_prorated:
            return spans
        return [
            Span(s.period_start, s.period_end, s.start, s.period_end) for s in spans
        ]

    def _anchor(self):
        """The first day of the period in which it begins."""
        billing_day = self.partner_id._telecom_billing_day(self.company_id)
        return period_start(self.date_start, billing_day)

    def _running_days(self):
        """First day, and the day after the last one."""
        if self.recurrence == "once":
            return self.date_start, self.date_start + timedelta(days=1)
        return self.date_start, self.date_end or date.max

    def _billing_lines(self):
        """Invoice lines that bill it now, without those that correct them."""
        return self.sudo().line_ids.filtered(
            lambda line: not line.telecom_is_released and not line.telecom_fee_number
        )

    def _billed(self):
        """Days that are billed, ends not included; given back since or not."""
        return [line._telecom_fee_span()[:2] for line in self._billing_lines()]

    def _is_billed_again(self, line):
        """Whether the days of a line that was cancelled are on another one."""
        start, end, sign = line._telecom_fee_span()
        if not line.telecom_fee_number:
            return list(without((start, end), self._billed())) != [(start, end)]
        fee = line.telecom_fee_line_id
        days = fee._telecom_fee_span()[:2] if fee else (start, end)
        others = self.line_ids.filtered(
            lambda other: fee
            and other.telecom_fee_line_id == fee
            and not other.telecom_is_released
        )
        parts = [other._telecom_fee_span() for other in others]
        # With it each day of the fee has to be billed once, or given back.
        open_ = list(corrections([(*days, 1), *parts, (start, end, sign)], [days]))
        is_twice = len(set(open_)) < len(open_)
        return is_twice or any(part[2] < 0 for part in open_)

    def _quantity_on(self, day):
        """How many are charged from a day on."""
        if self.quantity_by == "fixed":
            return Decimal(repr(self.quantity))
        return Decimal(repr(self.quantity)) * self._count_on(day)

    def _count_on(self, day):
        """What the customer holds in the middle of a day."""
        kinds = {"numbers": PHONE_KINDS, "channels": ("trunk", "sip")}
        moment = fields.Datetime.to_datetime(day) + timedelta(hours=12)
        return self.env["telecom.number"].search_count(
            Domain("company_id", "=", self.company_id.id)
            & Domain("partner_id.commercial_partner_id", "=", self.partner_id.id)
            & Domain("kind", "in", kinds.get(self.quantity_by, (self.quantity_by,)))
            & (Domain("date_start", "=", False) | Domain("date_start", "<=", moment))
            & (Domain("date_end", "=", False) | Domain("date_end", ">", moment))
        )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .customer_periods import next_period
from .largest_amounts import LARGEST_BYTES, LARGEST_SUM, at_most, exceeds

INVOICED_FIELDS = {
    "subscription_id",
    "allowance_id",
    "number_id",
    "period_start",
    "quantity",
    "amount",
    "product_id",
    "price",
}


class TelecomBundleTopup(models.Model):
    """More of an allowance, for one period; its price is invoiced once."""

    _name = "telecom.bundle.topup"
    _description = "Bundle Top-up"
    _order = "period_start desc, id desc"
    _check_company_auto = True

    subscription_id = fields.Many2one(
        "telecom.bundle.subscription",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    bundle_id = fields.Many2one(related="subscription_id.bundle_id")
    partner_id = fields.Many2one(
        related="subscription_id.partner_id", store=True, index=True
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    allowance_id = fields.Many2one(
        "telecom.bundle.allowance",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('bundle_id', '=', bundle_id)]",
    )
    number_id = fields.Many2one(
        "telecom.number",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="Empty: for all numbers of the bundle.",
    )
    period_start = fields.Date(
        required=True, help="First day of the customer's period that it is for."
    )
    quantity = fields.Float(
        digits=(18, 6),
        required=True,
        help="Seconds, bytes, messages, calls or an amount, as the allowance has it.",
    )
    amount = fields.Monetary(
        string="More of the limit",
        help="For an allowance with a limit of money: by how much this is raised.",
    )
    quantity_text = fields.Char(string="Added", compute="_compute_quantity_text")
    product_id = fields.Many2one(
        "product.product", check_company=True, ondelete="restrict"
    )
    price = fields.Monetary(
        help="Invoiced once, with the calls; with or without tax as the taxes of its "
        "product are."
    )
    move_line_ids = fields.One2many("account.move.line", "telecom_topup_id")
    is_invoiced = fields.Boolean(string="Invoiced", compute="_compute_is_invoiced")

    _quantity_positive = models.Constraint(
        "CHECK(quantity > 0 AND amount >= 0 AND price >= 0)",
        "A top-up adds something: its quantity is above 0, and its price not negative.",
    )

    _quantity_largest = models.Constraint(
        f"CHECK({at_most(LARGEST_BYTES, 'quantity')}"
        f" AND {at_most(LARGEST_SUM, 'amount')})",
        "A top-up adds at most 1,000,000,000 of money, or 1,000,000,000 MB.",
    )

    @api.depends("quantity", "allowance_id")
    def _compute_quantity_text(self):
        for topup in self:
            kind = topup.allowance_id._quantity_kind()
            topup.quantity_text = (
                topup.allowance_id._text_of(kind, topup.quantity) if kind else False
            )

    @api.depends("quantity_text", "bundle_id")
    def _compute_display_name(self):
        for topup in self:
            topup.display_name = f"{topup.bundle_id.name}: {topup.quantity_text}"

    @api.depends("move_line_ids.telecom_is_released")
    def _compute_is_invoiced(self):
        billed = self._billed()
        for topup in self:
            topup.is_invoiced = topup in billed

    def _billed(self):
        """Those that are on an invoice now."""
        lines = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("telecom_topup_id", "in", self.ids),
                    ("telecom_is_released", "=", False),
                ]
            )
        )
        return self & lines.telecom_topup_id.with_env(self.env)

    @api.constrains("subscription_id", "allowance_id")
    def _check_allowance(self):
        for topup in self:
            if topup.allowance_id.bundle_id != topup.bundle_id:
                raise ValidationError(
                    self.env._(
                        "%(allowance)s is no allowance of %(bundle)s.",
                        allowance=topup.allowance_id.display_name,
                        bundle=topup.bundle_id.name,
                    )
                )

    @api.constrains("allowance_id", "quantity")
    def _check_money(self):
        for topup in self:
            is_money = bool(topup.allowance_id.amount)
            if is_money and exceeds(topup.quantity, LARGEST_SUM):
                raise ValidationError(
                    self.env._("A top-up of money adds at most 1,000,000,000.")
                )

    @api.constrains("subscription_id", "number_id")
    def _check_number(self):
        for topup in self.filtered("number_id"):
            holder, payer = topup.number_id, topup.partner_id.commercial_partner_id
            named = topup.subscription_id.number_ids
            is_own = holder.commercial_partner_id == payer
            if not is_own or (named and holder not in named):
                raise ValidationError(
                    self.env._(
                        "%(number)s is no number of %(subscription)s.",
                        number=holder.display_name,
                        subscription=topup.subscription_id.display_name,
                    )
                )

    @api.constrains("subscription_id", "period_start")
    def _check_period(self):
        """A period of the customer in which the bundle runs."""
        for topup in self:
            subscription = topup.subscription_id
            start = subscription._period_start(topup.period_start)
            last = subscription._last_day()
            is_over = last and last < start
            if subscription._first_day() >= next_period(start) or is_over:
                raise ValidationError(
                    self.env._(
                        "%(subscription)s does not run in the period of %(period)s, so "
                        "nothing can be added there.",
                        subscription=subscription.display_name,
                        period=subscription._days_text(start, next_period(start)),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        topups = super().create(vals_list)
        for topup in topups:
            start = topup.subscription_id._period_start(topup.period_start)
            if start != topup.period_start:
                topup.period_start = start
        topups._mark_periods()
        return topups

    def write(self, vals):
        if vals.keys() & INVOICED_FIELDS:
            self._check_not_invoiced()
            self._mark_periods()
        result = super().write(vals)
        if vals.keys() & INVOICED_FIELDS:
            self._mark_periods()
        return result

    def unlink(self):
        self._check_not_invoiced()
        self._mark_periods()
        return super().unlink()

    def _move_to(self, bundle):
        """Add to what another bundle includes of the same, also where it is paid."""
        for topup in self:
            old = topup.allowance_id
            alike = bundle.allowance_ids.filtered(old._is_like)
            if not alike:
                raise UserError(
                    self.env._(
                        "%(bundle)s has nothing that the top-up %(topup)s of %(name)s "
                        "could be added to: give it such an allowance first.",
                        bundle=bundle.name,
                        topup=topup.quantity_text,
                        name=topup.subscription_id.display_name,
                    )
                )
            super(TelecomBundleTopup, topup).write({"allowance_id": alike[0].id})
        return True

    def _check_not_invoiced(self):
        billed = self._billed()
        if billed:
            raise UserError(
                self.env._(
                    "%(name)s is on an invoice, so it stays as it is. Credit the "
                    "invoice first.",
                    name=billed[0].display_name,
                )
            )

    def _mark_periods(self):
        """Deal the periods out anew."""
        passes = self.env["telecom.bundle.pass"]
        for topup in self:
            payer = topup.partner_id.commercial_partner_id
            passes._insert(topup.company_id, [(payer.id, topup.period_start)])
        passes._trigger()

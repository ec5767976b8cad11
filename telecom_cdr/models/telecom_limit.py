# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import formatLang

PERIODS = [("month", "Month"), ("day", "Day")]
STATES = [("open", "Below"), ("warned", "Nearly reached"), ("reached", "Reached")]
# What decides whether a limit is reached.
DECIDING = {"active", "amount", "warn_percent", "period", "number_id", "partner_id"}
BATCH = 500


class TelecomLimit(models.Model):
    """What a customer, or one number, may spend on calls in a month or a day."""

    _name = "telecom.limit"
    _description = "Limit of Spending"
    _inherit = [
        "mail.thread",
        "telecom.payer.mixin",
        "telecom.limit.spending.mixin",
    ]
    _order = "partner_id, number_id, period desc, id"
    _check_company_auto = True

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
        ondelete="cascade",
        tracking=True,
    )
    number_id = fields.Many2one(
        "telecom.number",
        index="btree_not_null",
        check_company=True,
        ondelete="cascade",
        tracking=True,
        domain="[('partner_id', 'child_of', partner_id)]",
        help="Empty: all numbers of the customer together.",
    )
    period = fields.Selection(
        PERIODS,
        string="Per",
        required=True,
        default="month",
        tracking=True,
        help="A month begins on the billing day of the customer, a day at midnight of "
        "the company's billing time zone.",
    )
    amount = fields.Monetary(
        string="Limit",
        required=True,
        tracking=True,
        help="As prices are: with tax where the tariff's prices include it.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        ondelete="restrict",
    )
    company_amount = fields.Monetary(
        string="At most",
        tracking=True,
        help="The customer may choose a limit up to this amount, and not take it away. "
        "0: as the customer likes.",
    )
    warn_percent = fields.Integer(
        string="Warn at (%)",
        default=80,
        required=True,
        tracking=True,
        aggregator=None,
        help="The customer is mailed when this share of the limit is spent, once in a "
        "period. 0: no warning ahead.",
    )
    is_blocking = fields.Boolean(
        string="Refuse calls",
        tracking=True,
        help="A switch that asks is told to refuse calls that cost something once the "
        "limit is reached.",
    )
    state = fields.Selection(
        STATES, required=True, default="open", readonly=True, copy=False, index=True
    )
    notice_ids = fields.One2many("telecom.limit.notice", "limit_id", string="Mails")
    spent = fields.Monetary(compute="_compute_spent", help="In the present period.")
    spent_percent = fields.Float(string="Spent (%)", compute="_compute_spent")
    period_text = fields.Char(string="Present period", compute="_compute_period_text")

    _owner_uniq = models.UniqueIndex(
        "(company_id, partner_id, COALESCE(number_id, 0), period) WHERE active",
        "There is such a limit already: change that one.",
    )
    _amounts_positive = models.Constraint(
        "CHECK(amount >= 0 AND company_amount >= 0)",
        "A limit cannot be negative.",
    )
    _warn_range = models.Constraint(
        "CHECK(warn_percent BETWEEN 0 AND 99)",
        "A warning comes at 1 to 99 % of the limit; 0: none.",
    )

    @api.depends("partner_id", "number_id", "period")
    def _compute_display_name(self):
        periods = dict(self._fields["period"]._description_selection(self.env))
        for limit in self:
            owner = limit.number_id.display_name or limit.partner_id.name or ""
            limit.display_name = f"{owner} / {periods.get(limit.period, '')}"

    @api.depends("partner_id", "company_id")
    def _compute_currency_id(self):
        for limit in self:
            company = limit.company_id or self.env.company
            limit.currency_id = limit.partner_id._telecom_currency(company)

    @api.depends("amount", "period", "partner_id", "number_id")
    def _compute_spent(self):
        stored = self.filtered(lambda limit: isinstance(limit.id, int))
        spent = self._telecom_spent(stored)
        for limit in self:
            amount = spent.get(limit.id, Decimal(0))
            limit.spent = float(amount)
            limit.spent_percent = limit._percent(amount)

    @api.depends("period", "partner_id")
    def _compute_period_text(self):
        subscription = self.env["telecom.bundle.subscription"]
        for limit in self:
            limit.period_text = (
                limit.partner_id
                and limit.company_id
                and subscription._days_text(*limit._period_days())
            )

    # === CHECKS === #

    def _contact_text(self, contact, customer):
        return self.env._(
            "%(contact)s is a contact of %(customer)s, who pays for the calls: give "
            "the limit there, or to one number.",
            contact=contact,
            customer=customer,
        )

    @api.constrains("partner_id", "number_id")
    def _check_number(self):
        for limit in self.filtered("number_id"):
            if limit.number_id.commercial_partner_id != limit.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(number)s belongs to another customer than %(customer)s.",
                        number=limit.number_id.display_name,
                        customer=limit.partner_id.name,
                    )
                )

    @api.constrains("amount", "company_amount")
    def _check_company_amount(self):
        for limit in self:
            most = limit.company_amount
            if most and limit.currency_id.compare_amounts(limit.amount, most) > 0:
                raise ValidationError(
                    self.env._(
                        "The limit of %(found)s is above the %(most)s that the company "
                        "allows: choose a lower one.",
                        found=limit._money(limit.amount),
                        most=limit._money(most),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        limits = super().create(vals_list)
        limits._refresh()
        return limits

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & DECIDING:
            self._refresh()
        return result

    # === STATE === #

    @api.model
    def _applying(self, company, partner, number=None):
        """The limits that count for a call of a customer by a number."""
        domain = (
            Domain("company_id", "=", company.id)
            & Domain("partner_id", "=", partner.commercial_partner_id.id)
            & Domain("number_id", "in", [False, number.id if number else False])
        )
        return self.search(domain)

    @api.model
    def _refresh_customers(self, company, partner_ids):
        """Look at the limits of customers who have new calls."""
        domain = Domain("company_id", "=", company.id)
        domain &= Domain("partner_id", "in", list(partner_ids))
        self.sudo().search(domain)._refresh()

    @api.model
    def _cron_refresh(self):
        """Look at all limits: periods end, and prices change."""
        cron = self.env["ir.cron"]
        # pylint: disable-next=no-search-all
        limits = self.sudo().search([], order="company_id, partner_id, id")
        cron._commit_progress(remaining=len(limits))
        for start in range(0, len(limits), BATCH):
            batch = limits[start : start + BATCH]
            batch._refresh()
            if not cron._commit_progress(len(batch)):
                break

    def _refresh(self):
        """Bring the states up to what is spent, and tell what is new."""
        limits = self.filtered("active")
        spent = self._telecom_spent(limits)
        states = {limit: limit._state_at(spent[limit.id]) for limit in limits}
        changed = limits.filtered(lambda limit: limit.state != states[limit])
        # Another worker that looks at the same one sets it right.
        for limit in changed.sudo().try_lock_for_update():
            limit.state = states[limit]
        for limit in limits.filtered(lambda limit: states[limit] != "open"):
            limit._notify(states[limit], spent[limit.id])

    def _state_at(self, spent):
        """The state that an exact amount means. What costs nothing reaches nothing."""
        amount = Decimal(repr(self.amount))
        if spent > 0 and spent >= amount:
            return "reached"
        is_near = 100 * spent >= self.warn_percent * amount
        if self.warn_percent and spent > 0 and is_near:
            return "warned"
        return "open"

    def _percent(self, spent):
        """The share of the limit that an exact amount is."""
        amount = Decimal(repr(self.amount or 0))
        if not amount:
            return 100.0 if spent else 0.0
        return float(100 * spent / amount)

    def _notify(self, level, spent):
        """Say that a limit is reached, or nearly: once in a period."""
        self.env["telecom.limit.notice"].sudo()._insert(self, level, spent)._tell()

    def _money(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    # === ACTIONS === #

    def action_refresh(self):
        """Look now whether the limits are reached."""
        self.check_access("write")
        self._refresh()

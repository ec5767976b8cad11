# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.misc import format_date

from ..engine.fee_periods import Plan
from .customer_periods import next_period, period_start

STATES = [("planned", "Planned"), ("active", "Active"), ("ended", "Ended")]


class TelecomBundleSubscription(models.Model):
    """A bundle given to a customer."""

    _name = "telecom.bundle.subscription"
    _description = "Telecom Bundle Subscription"
    _inherit = ["mail.thread"]
    _order = "partner_id, priority, date_start, id"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, tracking=True
    )
    bundle_id = fields.Many2one(
        "telecom.bundle",
        required=True,
        index=True,
        tracking=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(related="bundle_id.company_id", store=True, index=True)
    number_ids = fields.Many2many(
        "telecom.number",
        string="Numbers",
        check_company=True,
        domain="[('partner_id', 'child_of', partner_id)]",
        help="Empty: all numbers of the customer.",
    )
    priority = fields.Integer(
        default=10,
        aggregator=None,
        tracking=True,
        help="Lower is taken first; then the oldest.",
    )
    date_start = fields.Datetime(
        string="From", required=True, default=fields.Datetime.now, tracking=True
    )
    date_end = fields.Datetime(string="Until", tracking=True, help="Not included.")
    state = fields.Selection(STATES, compute="_compute_state", search="_search_state")
    usage_ids = fields.One2many("telecom.bundle.usage", "subscription_id")
    topup_ids = fields.One2many(
        "telecom.bundle.topup", "subscription_id", string="Top-ups"
    )
    draw_count = fields.Integer(compute="_compute_draw_count")
    fee = fields.Float(related="bundle_id.list_price", string="Fee")
    fee_interval = fields.Selection(related="bundle_id.fee_interval")
    currency_id = fields.Many2one(related="company_id.currency_id")
    period_text = fields.Char(
        string="Present period",
        compute="_compute_period_text",
        help="It begins on the billing day of the customer.",
    )
    used_percent = fields.Float(
        string="Used (%)",
        compute="_compute_use",
        help="Of the present period, the allowance that is used most.",
    )
    used_text = fields.Char(string="Used so far", compute="_compute_use")

    _period_order = models.Constraint(
        "CHECK(date_end > date_start)",
        "A subscription must end after it starts.",
    )

    @api.depends("bundle_id", "partner_id")
    def _compute_display_name(self):
        for subscription in self:
            subscription.display_name = (
                f"{subscription.bundle_id.name} - {subscription.partner_id.name}"
            )

    @api.depends("date_start", "date_end")
    def _compute_state(self):
        now = fields.Datetime.now()
        for subscription in self:
            if subscription.date_start and subscription.date_start > now:
                subscription.state = "planned"
            elif subscription.date_end and subscription.date_end <= now:
                subscription.state = "ended"
            else:
                subscription.state = "active"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        planned = Domain("date_start", ">", now)
        ended = Domain("date_end", "!=", False) & Domain("date_end", "<=", now)
        domains = {
            "planned": planned,
            "ended": ~planned & ended,
            "active": ~planned & ~ended,
        }
        return Domain.OR(domains.get(state, Domain.FALSE) for state in value)

    def _compute_draw_count(self):
        counts = dict(
            self.env["telecom.bundle.draw"]._read_group(
                [("subscription_id", "in", self.ids)], ["subscription_id"], ["__count"]
            )
        )
        for subscription in self:
            subscription.draw_count = counts.get(subscription, 0)

    @api.depends("partner_id", "bundle_id")
    def _compute_period_text(self):
        for subscription in self:
            text = False
            if subscription.partner_id and subscription.company_id:
                start = subscription._period_start(subscription._today())
                text = self._days_text(start, next_period(start))
            subscription.period_text = text

    @api.depends("usage_ids")
    def _compute_use(self):
        """The allowance of the present period that is used most."""
        usage = self.env["telecom.bundle.usage"]
        present = usage._present(Domain("subscription_id", "in", self.ids))
        most = {}
        for one in present.sorted("used_percent"):
            most[one.subscription_id.id] = one
        for subscription in self:
            one = most.get(subscription.id, usage)
            subscription.used_percent = one.used_percent
            subscription.used_text = one._used_of_text() if one else False

    # === DAYS AND PERIODS === #

    @api.model
    def _zone(self, company):
        """The billing time zone of a company."""
        return ZoneInfo(company.telecom_tz)

    @api.model
    def _midnight(self, day, company):
        """The moment (UTC, as it is stored) at which a company's day begins."""
        start = datetime.combine(day, time.min, self._zone(company))
        return start.astimezone(UTC).replace(tzinfo=None)

    @api.model
    def _present_period(self, company, billing_day):
        """The first day of the period that it is now."""
        now = fields.Datetime.now().replace(tzinfo=UTC)
        return period_start(now.astimezone(self._zone(company)).date(), billing_day)

    def _local_day(self, moment):
        """The day of a stored moment in the company's billing time zone."""
        zone = self._zone(self.company_id)
        return moment.replace(tzinfo=UTC).astimezone(zone).date()

    def _today(self):
        return self._local_day(fields.Datetime.now())

    def _first_day(self):
        """The first local day that the subscription runs on."""
        return self._local_day(self.date_start)

    def _last_day(self):
        """The last local day that the subscription runs on; None: it is open."""
        if not self.date_end:
            return None
        return self._local_day(self.date_end - timedelta(seconds=1))

    def _running_days(self):
        """The first local day, and the day after the last one (or the end of time)."""
        last = self._last_day()
        return self._first_day(), last + timedelta(days=1) if last else date.max

    def _fee_plan(self):
        """How its fee comes again: periods begin on the customer's billing day."""
        bundle = self.bundle_id
        anchor = self._period_start(self._first_day())
        if bundle.fee_anchor == "calendar":
            anchor = anchor.replace(month=1)
        return Plan(anchor, bundle._fee_months(), bundle.fee_timing)

    def _billing_day(self):
        return self.partner_id._telecom_billing_day(self.company_id)

    def _period_start(self, day):
        """The first day of the customer's period that a day is in."""
        return period_start(day, self._billing_day())

    @api.model
    def _days_text(self, start, end):
        """A period in words: its first and its last day."""
        return self.env._(
            "%(first)s to %(last)s",
            first=format_date(self.env, start),
            last=format_date(self.env, end - timedelta(days=1)),
        )

    # === CHECKS === #

    @api.constrains("partner_id", "number_ids")
    def _check_numbers(self):
        for subscription in self:
            payer = subscription.partner_id.commercial_partner_id
            others = subscription.number_ids.filtered(
                lambda n, payer=payer: n.commercial_partner_id != payer
            )
            if others:
                raise ValidationError(
                    self.env._(
                        "%(numbers)s belongs to another customer than %(customer)s.",
                        numbers=", ".join(others.mapped("display_name")),
                        customer=payer.name,
                    )
                )

    @api.constrains("bundle_id")
    def _check_allowances(self):
        for subscription in self:
            bundle = subscription.bundle_id
            if not bundle.allowance_ids and not bundle.tariff_id:
                raise ValidationError(
                    self.env._(
                        "%(bundle)s includes nothing: add an allowance or a call plan "
                        "tariff before giving it to a customer.",
                        bundle=bundle.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        subscriptions = super().create(vals_list)
        subscriptions._mark_for_rating()
        return subscriptions

    def write(self, vals):
        self._check_uncovered(vals)
        self._mark_for_rating()
        result = super().write(vals)
        self._mark_for_rating()
        return result

    def _check_uncovered(self, vals):
        """Who has covered calls keeps bundle and customer."""
        for name in vals.keys() & {"bundle_id", "partner_id"}:
            others = self.filtered(
                lambda one, name=name: one.draw_count and one[name].id != vals[name]
            )
            if others:
                raise UserError(
                    self.env._(
                        "%(name)s has covered calls, so bundle and customer stay. End "
                        "it and give another one.",
                        name=others[0].display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = self.filtered("draw_count")
        if used:
            raise UserError(
                self.env._(
                    "%(name)s has covered calls: end it instead of deleting it.",
                    name=used[0].display_name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        line = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("telecom_subscription_id", "in", self.ids),
                    ("telecom_is_released", "=", False),
                ],
                limit=1,
            )
        )
        if line:
            raise UserError(
                self.env._(
                    "The fee of %(name)s is on %(invoice)s: end it instead of deleting "
                    "it, and what is too much is given back, or credit the invoice "
                    "first.",
                    name=line.telecom_subscription_id.display_name,
                    invoice=line.move_id.display_name,
                )
            )

    def unlink(self):
        self._mark_for_rating()
        return super().unlink()

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark(
            [
                {
                    "company_id": subscription.company_id.id,
                    "partner_id": subscription.partner_id.commercial_partner_id.id,
                    "date_start": subscription.date_start,
                    "date_end": False,
                }
                for subscription in self
            ]
        )

    def _replace_bundle(self, bundle):
        """Have another bundle from the first day on; its calls are dealt out anew.

        Not for calls that are invoiced: what covered them stays.
        """
        own = [("subscription_id", "in", self.ids)]
        for model in ("telecom.bundle.draw", "telecom.bundle.carry"):
            self.env[model].sudo().search(own).unlink()
        result = super().write({"bundle_id": bundle.id})
        self.sudo().topup_ids._move_to(bundle)
        self._mark_for_rating()
        return result

    def _successor_values(self, bundle, date):
        """Values of the same subscription to another bundle, from a date."""
        self.ensure_one()
        return {
            "partner_id": self.partner_id.id,
            "bundle_id": bundle.id,
            "number_ids": [fields.Command.set(self.number_ids.ids)],
            "priority": self.priority,
            "date_start": max(self.date_start, date),
            "date_end": self.date_end,
        }

    # === ACTIONS === #

    def action_top_up(self):
        """Ask for a top-up of the present period."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_bundle_topup_wizard_action"
        )
        action["context"] = {"default_subscription_id": self.id}
        return action

    def action_end_now(self):
        self.write({"date_end": fields.Datetime.now()})

    def action_open_covered_calls(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = [("draw_ids.subscription_id", "=", self.id)]
        action["context"] = {}
        return action

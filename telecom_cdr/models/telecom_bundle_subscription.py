# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

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
    draw_count = fields.Integer(compute="_compute_draw_count")

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
        self._mark_for_rating()
        result = super().write(vals)
        self._mark_for_rating()
        return result

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

    def unlink(self):
        self._mark_for_rating()
        return super().unlink()

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark(
            [
                {
                    "company_id": subscription.company_id.id,
                    "partner_id": subscription.partner_id.commercial_partner_id.id,
                    # The allowances of the whole month are dealt out anew.
                    "date_start": subscription.date_start
                    and subscription.date_start.replace(day=1, hour=0, minute=0),
                    "date_end": False,
                }
                for subscription in self
            ]
        )

    def action_end_now(self):
        self.write({"date_end": fields.Datetime.now()})

    def action_open_covered_calls(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = [("draw_ids.subscription_id", "=", self.id)]
        action["context"] = {}
        return action

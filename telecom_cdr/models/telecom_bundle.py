# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.fee_periods import MONTHS
from .largest_amounts import LARGEST_PRICE, at_most

# What decides how calls are covered: it stays once calls were covered.
COVERING_FIELDS = {
    "company_id",
    "tariff_id",
    "is_shared",
    "prorate_allowance",
    "bundle_initial",
    "bundle_increment",
    "bundle_minimum",
    "bundle_grace",
    "run_through",
    "connect_rule",
    "covered_price",
    "covered_connect_fee",
}


class TelecomBundle(models.Model):
    """A package of included traffic, sold at a price per month."""

    _name = "telecom.bundle"
    _description = "Telecom Bundle"
    _inherit = ["mail.thread"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    product_id = fields.Many2one(
        "product.product",
        index="btree_not_null",
        check_company=True,
        tracking=True,
        help="Its sales price is the fee of a period.",
    )
    list_price = fields.Float(related="product_id.lst_price", string="Fee")
    fee_interval = fields.Selection(
        [("month", "Month"), ("quarter", "Quarter"), ("year", "Year")],
        string="Fee per",
        required=True,
        default="month",
        tracking=True,
        help="What the allowances include is per month all the same.",
    )
    fee_timing = fields.Selection(
        [
            ("current", "When its period has begun"),
            ("advance", "In advance: before its period begins"),
            ("arrears", "In arrears: when its period is over"),
        ],
        string="Fee is invoiced",
        required=True,
        default="current",
        tracking=True,
        help="In advance the first invoice has the rest of the present period, and the "
        "next one where it begins within a month.",
    )
    fee_anchor = fields.Selection(
        [
            ("subscription", "With the first month of each customer"),
            ("calendar", "With those of the calendar"),
        ],
        string="Quarters and years begin",
        required=True,
        default="subscription",
        tracking=True,
        help="Always on the billing day of the customer.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    tariff_id = fields.Many2one(
        "telecom.tariff",
        string="Call plan tariff",
        index="btree_not_null",
        check_company=True,
        tracking=True,
        help="A call plan brings its own prices for what the allowances leave.",
    )
    is_shared = fields.Boolean(
        string="Shared by its numbers",
        tracking=True,
        help="Off: every number has the whole allowance for itself.",
    )
    prorate_allowance = fields.Boolean(
        string="Part of a month: part of the allowance",
        tracking=True,
        help="A customer who has the bundle for some days of a period gets the "
        "allowance times these days divided by all days of the period.",
    )
    prorate_fee = fields.Boolean(
        string="Part of a month: part of the fee",
        tracking=True,
        help="A customer who has the bundle for some days of a period pays the fee "
        "times these days divided by all days of the period. What was invoiced "
        "beyond its end is given back by days.",
    )
    warn_customer = fields.Boolean(
        string="Mail the customer",
        tracking=True,
        help="At 80 and at 100 % of an allowance, once in each period.",
    )
    bundle_initial = fields.Integer(
        string="First step (s)", help="0: to the second, without a first step."
    )
    bundle_increment = fields.Integer(string="Next steps (s)", default=1)
    bundle_minimum = fields.Integer(
        string="At least (s)", help="A covered call takes at least this much."
    )
    bundle_grace = fields.Integer(
        string="Nothing up to (s)",
        help="Calls up to this long take nothing and cost what they cost without the "
        "bundle.",
    )
    run_through = fields.Boolean(
        string="Steps run on",
        help="What is left of a partly covered call goes on with the steps of the "
        "whole call. Off: it is charged as a call of its own.",
    )
    connect_rule = fields.Selection(
        [
            ("unless_whole", "Unless the whole call is covered"),
            ("always", "Always"),
            ("never", "Never, once a part is covered"),
        ],
        string="Connect fee of the tariff",
        required=True,
        default="unless_whole",
        help="When a call that the bundle covers pays the connect fee all the same. So "
        "it is with the price of a rate per call, which is for the call as a whole.",
    )
    covered_price = fields.Float(
        string="Price per covered second",
        digits=(16, 9),
        help="0: what the bundle covers costs nothing.",
    )
    covered_connect_fee = fields.Float(
        string="Connect fee of covered calls", digits=(16, 9)
    )
    allowance_ids = fields.One2many("telecom.bundle.allowance", "bundle_id", copy=True)
    subscription_ids = fields.One2many("telecom.bundle.subscription", "bundle_id")
    subscription_count = fields.Integer(compute="_compute_subscription_count")
    previous_id = fields.Many2one(
        "telecom.bundle",
        string="Earlier version",
        index="btree_not_null",
        readonly=True,
        copy=False,
    )
    next_ids = fields.One2many("telecom.bundle", "previous_id", string="Later versions")
    previous_count = fields.Integer(
        compute="_compute_previous_count",
        help="Customers that still have the earlier version.",
    )
    is_used = fields.Boolean(string="In use", compute="_compute_is_used")
    is_empty = fields.Boolean(string="Empty", compute="_compute_is_empty")

    _steps_range = models.Constraint(
        "CHECK(bundle_increment BETWEEN 1 AND 86400"
        " AND bundle_initial BETWEEN 0 AND 86400"
        " AND bundle_minimum BETWEEN 0 AND 86400"
        " AND bundle_grace BETWEEN 0 AND 86400)",
        "The steps of a bundle are seconds: the next steps 1 to 86,400, the others 0 "
        "to 86,400.",
    )
    _covered_prices_positive = models.Constraint(
        "CHECK(covered_price >= 0 AND covered_connect_fee >= 0)",
        "What a covered call costs cannot be negative.",
    )

    _covered_prices_largest = models.Constraint(
        f"CHECK({at_most(LARGEST_PRICE, 'covered_price', 'covered_connect_fee')})",
        "What a covered call costs is at most 100,000,000.",
    )

    @api.depends("subscription_ids")
    def _compute_subscription_count(self):
        counts = dict(
            self.env["telecom.bundle.subscription"]._read_group(
                [("bundle_id", "in", self.ids)], ["bundle_id"], ["__count"]
            )
        )
        for bundle in self:
            bundle.subscription_count = counts.get(bundle, 0)

    @api.depends("previous_id.subscription_ids.date_end")
    def _compute_previous_count(self):
        for bundle in self:
            bundle.previous_count = len(bundle.previous_id._open_subscriptions())

    @api.depends("allowance_ids", "tariff_id")
    def _compute_is_empty(self):
        for bundle in self:
            bundle.is_empty = not bundle.allowance_ids and not bundle.tariff_id

    def _compute_is_used(self):
        used = self._used_ids()
        for bundle in self:
            bundle.is_used = bundle.id in used

    def _used_ids(self):
        """Bundles that have covered calls, or whose call plan has priced some."""
        if not self.ids:
            return set()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT b.id FROM telecom_bundle b
                 WHERE b.id = ANY(%s) AND (
                       EXISTS (
                       SELECT FROM telecom_bundle_allowance a
                         JOIN telecom_bundle_draw d ON d.allowance_id = a.id
                        WHERE a.bundle_id = b.id)
                    OR EXISTS (
                       SELECT FROM telecom_bundle_subscription s
                         JOIN res_partner p ON p.id = s.partner_id
                         JOIN telecom_call c ON c.partner_id = p.commercial_partner_id
                          AND c.start_at >= s.date_start
                          AND (s.date_end IS NULL OR c.start_at < s.date_end)
                         JOIN telecom_rate r ON r.id = c.rate_id
                        WHERE s.bundle_id = b.id AND r.tariff_id = b.tariff_id))
                """,
                list(self.ids),
            )
        )
        return {row[0] for row in rows}

    def _fee_months(self):
        """How many months its fee is for."""
        return MONTHS[self.fee_interval]

    def _open_subscriptions(self):
        """Those that run now or will."""
        now = fields.Datetime.now()
        return self.subscription_ids.filtered(
            lambda one: not one.date_end or one.date_end > now
        )

    def write(self, vals):
        changed = vals.keys() & COVERING_FIELDS
        if changed:
            self._check_unused(vals)
        whole = self.with_context(telecom_bundle_is_written=True)
        result = super(TelecomBundle, whole).write(vals)
        if vals.keys() & {"allowance_ids", "tariff_id"}:
            self._check_not_empty()
        if changed:
            self.subscription_ids._mark_for_rating()
        return result

    def _check_not_empty(self, without=None):
        """A bundle that customers have includes something.

        :param without: allowances that are about to be deleted
        """
        for bundle in self.sudo().filtered("subscription_ids"):
            left = bundle.allowance_ids - (without or self.allowance_ids.browse())
            if not left and not bundle.tariff_id:
                raise UserError(
                    self.env._(
                        "%(name)s would include nothing, and customers have it: add "
                        "another allowance first, or end their subscriptions.",
                        name=bundle.name,
                    )
                )

    def _check_unused(self, vals=None):
        """Refuse to change a bundle that has covered calls.

        :param vals: what is to be written; None: its allowances
        """
        used = self.browse(self._used_ids())
        if vals is not None:
            used = used.filtered(lambda bundle: bundle._differs(vals))
        if used:
            raise UserError(
                self.env._(
                    "%(name)s has covered calls, so it stays as it is. Use 'New "
                    "version from…': it makes a bundle like this one, to be changed, "
                    "and gives it to the customers from a date.",
                    name=used[0].name,
                )
            )

    def _differs(self, vals):
        """Whether values would change how calls are covered."""
        for name in vals.keys() & COVERING_FIELDS:
            field = self._fields[name]
            new = field.convert_to_cache(vals[name], self)
            if new != field.convert_to_cache(self[name], self):
                return True
        return False

    @api.ondelete(at_uninstall=False)
    def _unlink_except_given(self):
        given = self.filtered("subscription_ids")
        if given:
            raise UserError(
                self.env._(
                    "%(names)s cannot be deleted: customers have it. Archive it.",
                    names=", ".join(given.mapped("name")),
                )
            )

    def action_open_subscriptions(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_bundle_subscription_action"
        )
        action["domain"] = [("bundle_id", "=", self.id)]
        action["context"] = {"default_bundle_id": self.id}
        return action

    # === VERSIONS === #

    def action_new_version(self):
        """Ask from when a changed copy of this bundle is to count."""
        self.ensure_one()
        return self._version_action({"default_bundle_id": self.id})

    def action_move_customers(self):
        """Ask from when customers of the earlier version get this one."""
        self.ensure_one()
        return self._version_action(
            {"default_bundle_id": self.previous_id.id, "default_successor_id": self.id}
        )

    def _version_action(self, context):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_bundle_version_action"
        )
        action["context"] = context
        return action

    def _new_version(self, name):
        """A copy of this bundle, to be changed while no call is covered by it."""
        self.ensure_one()
        return self.copy({"name": name, "previous_id": self.id})

    def _hand_over(self, successor, date):
        """Customers of this bundle have its successor from a date.

        Who has it from then on or later has the successor in its place from the start.

        :return: the subscriptions of the successor
        """
        moved = self.subscription_ids.filtered(
            lambda one: not one.date_end or one.date_end > date
        )
        late = moved.filtered(lambda one: one.date_start >= date)
        values = [one._successor_values(successor, date) for one in moved - late]
        (moved - late).write({"date_end": date})
        late._replace_bundle(successor)
        return late | self.env["telecom.bundle.subscription"].create(values)

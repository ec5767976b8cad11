# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from fractions import Fraction
from math import floor

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .customer_periods import next_period
from .largest_amounts import LARGEST_BYTES, LARGEST_SUM, at_most
from .telecom_destination import CATEGORIES
from .telecom_rate import DIRECTIONS, SERVICES

MICRO_SCALE = 10**6
QUANTITY_FIELDS = ("seconds", "bytes", "messages", "calls", "amount")


class TelecomBundleAllowance(models.Model):
    """What a bundle includes each month, and for which calls."""

    _name = "telecom.bundle.allowance"
    _description = "Telecom Bundle Allowance"
    _order = "bundle_id, sequence, id"

    bundle_id = fields.Many2one(
        "telecom.bundle", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="bundle_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer(default=10)
    service = fields.Selection(SERVICES, required=True, default="voice")
    seconds = fields.Integer()
    minutes = fields.Float(compute="_compute_minutes", inverse="_inverse_minutes")
    bytes = fields.Float(digits=(18, 0), help="1 MB is 1,000,000 bytes.")
    megabytes = fields.Float(compute="_compute_megabytes", inverse="_inverse_megabytes")
    messages = fields.Integer()
    calls = fields.Integer()
    amount = fields.Monetary(
        help="In the currency of the company. Prices in another one are converted at "
        "the rate of the call's day.",
    )
    amount_limit = fields.Monetary(
        string="At most",
        help="A limit of money beside the quantity, whichever is reached first: 500 "
        "minutes or 50 €. Counted is what the covered part would have cost, in the "
        "currency of the company at the rate of the call's day. 0: none.",
    )
    direction = fields.Selection(
        DIRECTIONS, default="outgoing", help="Empty: calls of every direction."
    )
    rollover_months = fields.Integer(
        string="Carried over (months)",
        help="What is not used can be used in so many months after. 0: it expires.",
    )
    rest_discount = fields.Float(
        string="Discount after (%)",
        digits=(5, 2),
        help="Off the price of what is left to pay of calls of this kind, once the "
        "allowance is used up.",
    )
    prefix_ids = fields.Many2many("telecom.prefix", string="Prefixes")
    destination_ids = fields.Many2many("telecom.destination", string="Destinations")
    category_ids = fields.Many2many(
        "telecom.call.category",
        string="Categories",
        help="Prefixes, destinations and categories empty: every call.",
    )
    categories = fields.Char(
        string="Category codes",
        compute="_compute_categories",
        inverse="_inverse_categories",
        help="Codes of the categories, separated by commas.",
    )

    _quantities_positive = models.Constraint(
        "CHECK(seconds >= 0 AND bytes >= 0 AND messages >= 0 AND calls >= 0"
        " AND amount >= 0)",
        "An allowance cannot be negative.",
    )
    _quantities_largest = models.Constraint(
        f"CHECK({at_most(LARGEST_SUM, 'amount', 'amount_limit')}"
        f" AND {at_most(LARGEST_BYTES, 'bytes')})",
        "An allowance is at most 1,000,000,000 of money, or 1,000,000,000 MB.",
    )
    _amount_limit_range = models.Constraint(
        "CHECK(amount_limit >= 0 AND (COALESCE(amount, 0) = 0"
        " OR COALESCE(amount_limit, 0) = 0))",
        "A limit of money is for minutes, MB, messages or calls; an allowance of money "
        "is its own limit.",
    )
    _rollover_range = models.Constraint(
        "CHECK(rollover_months BETWEEN 0 AND 24)",
        "What is not used can be carried over for 0 to 24 months.",
    )
    _rest_discount_range = models.Constraint(
        "CHECK(rest_discount BETWEEN 0 AND 100)",
        "A discount after the allowance is 0 to 100 percent.",
    )

    @api.depends("seconds")
    def _compute_minutes(self):
        for allowance in self:
            allowance.minutes = allowance.seconds / 60

    def _inverse_minutes(self):
        for allowance in self:
            allowance.seconds = round(allowance.minutes * 60)

    @api.depends("bytes")
    def _compute_megabytes(self):
        for allowance in self:
            allowance.megabytes = allowance.bytes / 1_000_000

    def _inverse_megabytes(self):
        for allowance in self:
            allowance.bytes = round(allowance.megabytes * 1_000_000)

    @api.depends("category_ids")
    def _compute_categories(self):
        for allowance in self:
            allowance.categories = ",".join(allowance.category_ids.mapped("code"))

    def _inverse_categories(self):
        known = {c.code: c for c in self.env["telecom.call.category"].search([])}
        for allowance in self:
            codes = [c.strip() for c in (allowance.categories or "").split(",")]
            unknown = [code for code in codes if code and code not in known]
            if unknown:
                raise ValidationError(
                    self.env._(
                        "'%(found)s' is no category. Known: %(known)s.",
                        found=unknown[0],
                        known=", ".join(known),
                    )
                )
            allowance.category_ids = [
                fields.Command.set([known[code].id for code in codes if code])
            ]

    @api.depends("service", "amount_limit", *QUANTITY_FIELDS)
    def _compute_display_name(self):
        for allowance in self:
            allowance.display_name = allowance._quantity_text()

    def _quantity_text(self):
        kind = self._quantity_kind()
        if kind is None:
            return self.env._("nothing")
        text = self._text_of(kind, self[kind])
        if not self.amount_limit:
            return text
        limit = self._text_of("amount", self.amount_limit)
        return self.env._("%(quantity)s or %(limit)s", quantity=text, limit=limit)

    def _text_of(self, kind, quantity):
        usage = self.env["telecom.bundle.usage"]
        text = usage._quantity_text(kind, quantity, self.currency_id)
        if kind == "messages":
            return self.env._("%s messages", text)
        return self.env._("%s calls", text) if kind == "calls" else text

    def _quantity_kind(self):
        """The one quantity that is given, or None."""
        return next((name for name in QUANTITY_FIELDS if self[name]), None)

    def _is_like(self, other):
        """Whether both include the same kind of quantity."""
        kinds = {one._quantity_kind() for one in (self, other)}
        return self.service == other.service and len(kinds) == 1

    def _included_in(self, subscription, start):
        """What a subscription's period includes, less the days it does not run."""
        kind = self._quantity_kind()
        quantity = self[kind] if kind else 0
        if not self.bundle_id.prorate_allowance:
            return quantity
        end, last = next_period(start), subscription._last_day()
        first = max(start, subscription._first_day())
        after = min(end, last + timedelta(days=1)) if last else end
        used = max((after - first).days, 0)
        scale = MICRO_SCALE if kind == "amount" else 1
        exact = Fraction(repr(quantity)) * scale * used / (end - start).days
        return floor(exact + Fraction(1, 2)) / scale

    @api.constrains(*QUANTITY_FIELDS, "service")
    def _check_quantity(self):
        expected = {
            "voice": {"seconds", "calls", "amount"},
            "sms": {"messages", "amount"},
            "data": {"bytes", "amount"},
        }
        for allowance in self:
            given = {name for name in QUANTITY_FIELDS if allowance[name]}
            if len(given) != 1 or not given <= expected[allowance.service]:
                raise ValidationError(
                    self.env._(
                        "An allowance includes one quantity: seconds, calls or an "
                        "amount of voice; messages or an amount; bytes or an amount "
                        "of data. Found: %(found)s.",
                        found=", ".join(sorted(given)) or self.env._("nothing"),
                    )
                )

    def write(self, vals):
        self.bundle_id._check_unused()
        result = super().write(vals)
        self.bundle_id.subscription_ids._mark_for_rating()
        return result

    @api.model_create_multi
    def create(self, vals_list):
        bundle_ids = {vals["bundle_id"] for vals in vals_list if vals.get("bundle_id")}
        self.env["telecom.bundle"].browse(bundle_ids)._check_unused()
        allowances = super().create(vals_list)
        allowances.bundle_id.subscription_ids._mark_for_rating()
        return allowances

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.bundle_id._check_unused()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_last(self):
        """Customers have no bundle that includes nothing.

        Where a form deletes a line and adds another, the bundle looks at the outcome.
        """
        if not self.env.context.get("telecom_bundle_is_written"):
            self.bundle_id._check_not_empty(self)

    def unlink(self):
        bundles = self.bundle_id
        result = super().unlink()
        bundles.subscription_ids._mark_for_rating()
        return result


class TelecomCallCategory(models.Model):
    """The categories of calls as records, to choose several of."""

    _name = "telecom.call.category"
    _description = "Category of Calls"
    _order = "id"

    name = fields.Char(required=True, translate=True)
    code = fields.Selection(CATEGORIES, required=True)

    _code_uniq = models.Constraint("UNIQUE(code)", "This category is known already.")

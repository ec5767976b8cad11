# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from .bulk_fields import Day, UncheckedBigMany2one, UncheckedMany2one
from .rerating_sql import add_result_columns
from .telecom_call import COST_GROUP, STATES
from .telecom_destination import CATEGORIES

RATING_STATES = [item for item in STATES if item[0] != "invoiced"]
OUTCOMES = [
    ("proposed", "Proposed"),
    ("applied", "Applied"),
    ("corrected", "Corrected by an invoice"),
    ("undone", "Undone"),
    ("done_before", "Had this result already"),
    ("no_price", "Left out: it has no price now"),
    ("other_customer", "Left out: now of another customer, credit its invoice"),
    ("other_currency", "Left out: now in another currency, credit its invoice"),
    ("kept_invoiced", "Left out: invoiced since"),
    ("kept_corrected", "Left out: corrected since"),
    ("kept_changed", "Left out: rated again since"),
    ("kept_allowance", "Left out: shares allowances with calls that changed since"),
    ("kept_since", "Not undone: invoiced or rated again since"),
]
LEFT_OUT = [code for code, text in OUTCOMES if ":" in text]


class TelecomReratingCall(models.Model):
    """A call that would get another result. Rows are written a table at a time.

    Beside the fields here the table has a column old_x and new_x for each result x
    of a call, so that it can be applied and undone to the last one.
    """

    _name = "telecom.rerating.call"
    _description = "Call with Another Result"
    _log_access = False
    _order = "id"
    _rec_name = "call_id"

    rerating_id = UncheckedMany2one("telecom.rerating", required=True, readonly=True)
    company_id = UncheckedMany2one("res.company", readonly=True)
    call_id = UncheckedBigMany2one("telecom.call", readonly=True)
    day = Day(readonly=True)
    period_id = fields.Integer(readonly=True, aggregator=None)
    origin_line_id = UncheckedMany2one(
        "account.move.line", string="Invoice line", readonly=True
    )
    is_invoiced = fields.Boolean(string="Invoiced", readonly=True)
    partner_id = UncheckedMany2one("res.partner", string="Customer", readonly=True)
    category = fields.Selection(CATEGORIES, readonly=True)
    currency_id = UncheckedMany2one("res.currency", readonly=True)
    old_price = fields.Float(string="Price", digits=(16, 6), readonly=True)
    corrected = fields.Float(
        string="Corrected before",
        digits=(16, 6),
        readonly=True,
        help="What invoices and credit notes have corrected on it already.",
    )
    new_price = fields.Float(digits=(16, 6), readonly=True)
    difference = fields.Float(digits=(16, 6), readonly=True)
    old_rate_id = UncheckedMany2one("telecom.rate", string="Rate", readonly=True)
    new_rate_id = UncheckedMany2one("telecom.rate", string="New rate", readonly=True)
    old_rating_state = fields.Selection(RATING_STATES, string="State", readonly=True)
    new_rating_state = fields.Selection(
        RATING_STATES, string="New state", readonly=True
    )
    old_bundle_duration = fields.Integer(string="From bundles", readonly=True)
    new_bundle_duration = fields.Integer(string="New from bundles", readonly=True)
    old_cost = fields.Float(
        string="Cost", digits=(18, 9), readonly=True, groups=COST_GROUP
    )
    new_cost = fields.Float(digits=(18, 9), readonly=True, groups=COST_GROUP)
    old_margin = fields.Float(
        string="Margin", digits=(18, 9), readonly=True, groups=COST_GROUP
    )
    new_margin = fields.Float(digits=(18, 9), readonly=True, groups=COST_GROUP)
    margin_difference = fields.Float(digits=(18, 9), readonly=True, groups=COST_GROUP)
    outcome = fields.Selection(OUTCOMES, readonly=True)
    is_left_out = fields.Boolean(
        string="Left out", compute="_compute_is_left_out", search="_search_is_left_out"
    )

    _rerating_idx = models.Index("(rerating_id, id)")
    _call_idx = models.Index("(call_id)")

    def init(self):
        """Add the columns of results, and what is remembered of allowances."""
        add_result_columns(self.env)
        # Each row gets another outcome once, when it is applied: beside the first one.
        self.env.cr.execute("ALTER TABLE telecom_rerating_call SET (fillfactor = 50)")
        self.env.cr.execute(
            """
            CREATE TABLE IF NOT EXISTS telecom_rerating_draw (
                rerating_id integer NOT NULL,
                call_id bigint NOT NULL,
                draw jsonb NOT NULL
            );
            CREATE INDEX IF NOT EXISTS telecom_rerating_draw_idx
                ON telecom_rerating_draw (rerating_id, call_id);
            """
        )

    @api.depends("outcome")
    def _compute_is_left_out(self):
        for call in self:
            call.is_left_out = call.outcome in LEFT_OUT

    def _search_is_left_out(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("outcome", "in", LEFT_OUT)

    def action_open_call(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "telecom.call",
            "res_id": self.call_id.id,
            "view_mode": "form",
        }

    def action_explain(self):
        """How the price that is stored came about."""
        return self.call_id.action_explain()


class TelecomReratingLine(models.Model):
    """Sums of a re-rating by customer and category, changed calls and others."""

    _name = "telecom.rerating.line"
    _description = "Sums of a Re-rating"
    _log_access = False
    _order = "is_invoiced desc, partner_id, category, id"

    rerating_id = fields.Many2one(
        "telecom.rerating", required=True, index=True, ondelete="cascade"
    )
    company_id = UncheckedMany2one("res.company")
    partner_id = fields.Many2one("res.partner", string="Customer")
    category = fields.Selection(CATEGORIES)
    currency_id = UncheckedMany2one("res.currency")
    is_invoiced = fields.Boolean(string="Invoiced")
    call_count = fields.Integer(string="Calls")
    changed_count = fields.Integer(string="Changed")
    blocked_count = fields.Integer(string="Left out")
    old_amount = fields.Float(string="Amount", digits=(18, 6))
    new_amount = fields.Float(digits=(18, 6))
    difference = fields.Float(digits=(18, 6))
    old_cost = fields.Float(string="Cost", digits=(18, 9), groups=COST_GROUP)
    new_cost = fields.Float(digits=(18, 9), groups=COST_GROUP)
    old_margin = fields.Float(string="Margin", digits=(18, 9), groups=COST_GROUP)
    new_margin = fields.Float(digits=(18, 9), groups=COST_GROUP)
    margin_difference = fields.Float(digits=(18, 9), groups=COST_GROUP)

    def action_open_calls(self):
        self.ensure_one()
        action = self.rerating_id.action_open_calls()
        action["domain"] = [
            ("rerating_id", "=", self.rerating_id.id),
            ("partner_id", "=", self.partner_id.id),
            ("category", "=", self.category),
            ("is_invoiced", "=", self.is_invoiced),
        ]
        return action


class TelecomReratingBundle(models.Model):
    """What a re-rating changes in the use of an allowance in a period."""

    _name = "telecom.rerating.bundle"
    _description = "Effect of a Re-rating on Bundles"
    _log_access = False
    _order = "partner_id, subscription_id, period_start, id"

    rerating_id = fields.Many2one(
        "telecom.rerating", required=True, index=True, ondelete="cascade"
    )
    company_id = UncheckedMany2one("res.company")
    partner_id = fields.Many2one("res.partner", string="Customer")
    subscription_id = fields.Many2one(
        "telecom.bundle.subscription", string="Bundle", ondelete="cascade"
    )
    allowance_id = fields.Many2one("telecom.bundle.allowance", ondelete="cascade")
    number_id = fields.Many2one("telecom.number", ondelete="cascade")
    period_start = fields.Date(string="Period from")
    old_quantity = fields.Float(digits=(18, 6))
    new_quantity = fields.Float(digits=(18, 6))
    old_text = fields.Char(string="Used", compute="_compute_texts")
    new_text = fields.Char(string="Used then", compute="_compute_texts")

    @api.depends("old_quantity", "new_quantity", "allowance_id")
    def _compute_texts(self):
        usage = self.env["telecom.bundle.usage"]
        for row in self:
            kind = row.allowance_id._quantity_kind()
            currency = row.company_id.currency_id
            row.old_text = usage._quantity_text(kind, row.old_quantity, currency)
            row.new_text = usage._quantity_text(kind, row.new_quantity, currency)


class TelecomReratingPeriod(models.Model):
    """A customer's period whose allowances a re-rating deals out as a whole."""

    _name = "telecom.rerating.period"
    _description = "Period of a Re-rating"
    _log_access = False
    _order = "id"

    rerating_id = UncheckedMany2one("telecom.rerating", required=True, index=True)
    partner_id = UncheckedMany2one("res.partner", required=True)
    period_start = fields.Date(required=True)
    period_end = fields.Date(required=True)
    is_proposed = fields.Boolean(string="Proposed")
    is_applied = fields.Boolean(string="Applied")

    _period_uniq = models.UniqueIndex(
        "(rerating_id, partner_id, period_start)", "This period is known already."
    )

    def init(self):
        """Ids of calls: those that come from other customers, then those dealt."""
        self.env.cr.execute(
            "ALTER TABLE telecom_rerating_period"
            " ADD COLUMN IF NOT EXISTS call_ids bigint[]"
        )

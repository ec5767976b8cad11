# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import replace
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..engine.bundles.best_bundle import Candidate, compare_bundles
from ..engine.periods import EVER, NEVER
from ..engine.rates.holders import Plans
from ..models.bundle_tables import (
    load_allowances,
    load_offers,
    load_subscriptions,
    partner_condition,
)
from ..models.call_table import read_all_calls, wanted_by
from ..models.rating_tables import load_tables

NO_BUNDLE, PRESENT = 0, -1
MICRO_SCALE = 10**6
MOST_CALLS = 200_000


class TelecomBundleComparison(models.TransientModel):
    """Which bundle would have been cheapest for the calls that a customer made.

    The calls of the last whole periods are priced anew with each bundle, and with
    none; nothing of it is stored. No cost is shown, only what the customer pays.
    """

    _name = "telecom.bundle.comparison"
    _description = "Cheapest Bundle"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    months = fields.Selection(
        [("1", "The last month"), ("3", "The last 3 months"), ("6", "6 months")],
        string="Calls of",
        required=True,
        default="3",
    )
    period_text = fields.Char(string="Period", compute="_compute_period_text")
    call_count = fields.Integer(string="Calls", readonly=True)
    line_ids = fields.One2many(
        "telecom.bundle.comparison.line", "comparison_id", readonly=True
    )

    @api.depends("partner_id", "company_id", "months")
    def _compute_period_text(self):
        for wizard in self:
            starts = wizard._period_starts()
            text = self.env["telecom.bundle.subscription"]._days_text
            wizard.period_text = starts and text(
                starts[0], starts[-1] + relativedelta(months=1)
            )

    def _period_starts(self):
        """First days of the customer's last whole periods, in order."""
        if not self.partner_id:
            return []
        subscription = self.env["telecom.bundle.subscription"]
        day = self.partner_id._telecom_billing_day(self.company_id)
        present = subscription._present_period(self.company_id, day)
        count = int(self.months or 0)
        return [present - relativedelta(months=n) for n in range(count, 0, -1)]

    def action_compare(self):
        """Price the calls with each bundle, and show the cheapest first."""
        self.ensure_one()
        self.check_access("write")
        self.line_ids.unlink()
        rows = self.sudo()._compare()
        self.env["telecom.bundle.comparison.line"].create(
            [{"comparison_id": self.id, **row} for row in rows]
        )
        return self._show()

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cheapest bundle"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _compare(self):
        """Values of the lines, the cheapest first."""
        starts = self._period_starts()
        tables = load_tables(self.env, self.company_id)
        calls = self._calls(tables, starts)
        self.call_count = len(calls)
        if calls.empty:
            raise UserError(
                self.env._(
                    "%(customer)s has no calls from %(first)s to %(last)s: there is "
                    "nothing to compare.",
                    customer=self.partner_id.commercial_partner_id.name,
                    first=format_date(self.env, starts[0]),
                    last=format_date(
                        self.env, starts[-1] + relativedelta(months=1, days=-1)
                    ),
                )
            )
        table = compare_bundles(
            calls,
            self._with_plans(tables.book, None),
            self._candidates(tables.book),
            [start.isoformat() for start in starts],
            self.currency_id.id,
        )
        return self._line_values(table)

    def _calls(self, tables, starts):
        """The customer's calls of these periods, invoiced or not, with their cost."""
        payer = self.partner_id.commercial_partner_id
        condition = SQL(
            "(SELECT c.id FROM telecom_call c WHERE c.company_id = %s"
            " AND c.partner_id = %s AND c.day >= %s AND c.day < %s)",
            self.company_id.id,
            payer.id,
            starts[0],
            starts[-1] + relativedelta(months=1),
        )
        calls = read_all_calls(
            self.env, condition, 0, MOST_CALLS + 1, **wanted_by(tables)
        )
        if len(calls) > MOST_CALLS:
            raise UserError(
                self.env._(
                    "These are more than %(count)s calls: compare fewer months.",
                    count=MOST_CALLS,
                )
            )
        if calls.empty:
            return calls
        calls = self.env["telecom.bundle.pass"]._matched(calls, tables)
        return calls[calls["partner_id"] == payer.id]

    # === WHAT IS COMPARED === #

    def _candidates(self, book):
        """No bundle, the present ones, and each that can be given."""
        allowances = load_allowances(self.env, self.company_id)
        payer = self.partner_id.commercial_partner_id
        offers = load_offers(self.env, self.company_id, payer)
        held = self._held()
        own = load_subscriptions(self.env, self.company_id, partner_condition(payer))
        own = own[own["subscription_id"].isin(held.ids)]
        candidates = [
            self._candidate(NO_BUNDLE, 0, own[:0], allowances, book),
        ]
        if held:
            fees = sum(self._fee(one.bundle_id) for one in held)
            candidates.append(self._candidate(PRESENT, fees, own, allowances, book))
        for bundle in self._bundles():
            rows = offers[offers["bundle_id"] == bundle.id]
            fee = self._fee(bundle)
            candidates.append(self._candidate(bundle.id, fee, rows, allowances, book))
        return candidates

    def _candidate(self, id_, fee, subscriptions, allowances, book):
        plans = subscriptions[subscriptions["tariff_id"] > 0]
        own = self._with_plans(book, plans) if len(plans) else None
        return Candidate(id_, fee, subscriptions, allowances, own)

    @api.model
    def _with_plans(self, book, subscriptions):
        """The same prices with other call plans, as if always in force."""
        if subscriptions is not None:
            subscriptions = subscriptions.assign(start=EVER, end=NEVER)
        plans = Plans.build(subscriptions, book.tariffs.ids)
        return replace(book, holders=replace(book.holders, plans=plans))

    def _held(self):
        """Bundles that the customer has now."""
        return self.env["telecom.bundle.subscription"].search(
            [
                (
                    "partner_id.commercial_partner_id",
                    "=",
                    self.partner_id.commercial_partner_id.id,
                ),
                ("company_id", "=", self.company_id.id),
                ("state", "=", "active"),
            ]
        )

    def _bundles(self):
        """Bundles that can be given, but those that a later version follows."""
        return self.env["telecom.bundle"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("next_ids", "=", False),
                "|",
                ("allowance_ids", "!=", False),
                ("tariff_id", "!=", False),
            ]
        )

    @api.model
    def _fee(self, bundle):
        """The fee of a month, in micro of the company's currency."""
        fee = Decimal(repr(bundle.list_price or 0)) / bundle._fee_months()
        return round(fee * MICRO_SCALE)

    def _line_values(self, table):
        """Rounded first, so that what is shown adds up."""
        rows = [self._row_values(row) for row in table.itertuples()]
        kinds = [row["kind"] for row in rows]
        reference = rows[kinds.index("present" if "present" in kinds else "none")]
        for place, row in enumerate(rows):
            row["sequence"] = place
            row["difference"] = row["total"] - reference["total"]
        return rows

    def _row_values(self, row):
        kinds = {NO_BUNDLE: "none", PRESENT: "present"}
        fee, price = (
            self.currency_id.round(micro / MICRO_SCALE)
            for micro in (row.fee_micro, row.price_micro)
        )
        return {
            "kind": kinds.get(row.bundle_id, "bundle"),
            "bundle_id": row.bundle_id if row.bundle_id > 0 else False,
            "fee": fee,
            "calls_price": price,
            "total": fee + price,
            "unpriced_count": row.unpriced,
            "is_cheapest": row.is_cheapest,
        }


class TelecomBundleComparisonLine(models.TransientModel):
    """What the customer's calls would have cost with one bundle."""

    _name = "telecom.bundle.comparison.line"
    _description = "Cheapest Bundle: one of them"
    _order = "sequence, id"

    comparison_id = fields.Many2one(
        "telecom.bundle.comparison", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer()
    kind = fields.Selection(
        [("none", "No bundle"), ("present", "As it is now"), ("bundle", "Bundle")],
        required=True,
    )
    bundle_id = fields.Many2one("telecom.bundle", ondelete="cascade")
    name = fields.Char(string="With", compute="_compute_name")
    currency_id = fields.Many2one(related="comparison_id.currency_id")
    fee = fields.Monetary(string="Fees")
    calls_price = fields.Monetary(string="Calls left to pay")
    total = fields.Monetary()
    difference = fields.Monetary(help="Less or more than what the customer has now.")
    unpriced_count = fields.Integer(
        string="Without a rate", help="Calls that would have had to wait for a rate."
    )
    is_cheapest = fields.Boolean(string="Cheapest")

    @api.depends("kind", "bundle_id")
    def _compute_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for line in self:
            line.name = line.bundle_id.name or kinds.get(line.kind)

    def action_give(self):
        """Give this bundle to the customer: the form, filled in."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "telecom.bundle.subscription",
            "view_mode": "form",
            "context": {
                "default_partner_id": self.comparison_id.partner_id.id,
                "default_bundle_id": self.bundle_id.id,
            },
        }

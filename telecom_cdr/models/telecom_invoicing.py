# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..parsers import numbering
from .customer_periods import next_period
from .price_guard import guard_customers

# Which product bills a call.
KIND = SQL(
    "CASE WHEN c.visited_country_id IS NOT NULL THEN 'roaming'"
    " WHEN c.category = 'landline' THEN 'landline'"
    " WHEN c.category = 'mobile' THEN 'mobile' ELSE 'other' END"
)
KIND_ORDER = ("landline", "mobile", "other", "roaming")


class Fee(NamedTuple):
    """Days of a period whose fee is due: start to end, this not included."""

    subscription: models.BaseModel
    period_start: date
    period_end: date
    start: date
    end: date

    @property
    def is_whole(self) -> bool:
        return (self.start, self.end) == (self.period_start, self.period_end)


def _without(days, others):
    """What is left of a span of days without other spans (in order of start)."""
    start, end = days
    for first, after in others:
        if start < min(first, end):
            yield start, min(first, end)
        start = max(start, after) if first < end else start
    if start < end:
        yield start, end


def _is_fee(line):
    """Whether a line of an invoice bills a bundle or a top-up."""
    return line.telecom_subscription_id or line.telecom_topup_id


class TelecomInvoicing(models.AbstractModel):
    """Puts calls and bundle fees on native invoices."""

    _name = "telecom.invoicing"
    _description = "Invoicing of Calls"

    @api.model
    def _invoice(self, partners, date_from, date_to):
        """Invoice what customers have called until a day, and their bundle fees.

        :param partners: customers; their commercial partners pay
        :param date_from: fees of bundles count from the month of this day
        :param date_to: last local day of the calls and fees
        :return: draft invoices, one per customer and currency
        """
        company = self.env.company
        payers = partners.commercial_partner_id
        self.env["telecom.rating"]._work_off_marks(company)
        self.env["telecom.bundle.pass"]._run(company, payers)
        self.env.flush_all()
        guard_customers(self.env, payers.ids)
        groups = self._call_groups(company, payers, date_to)
        others = self._other_lines(company, payers, date_from, date_to)
        moves = self._create_moves(groups, others)
        try:
            with self.env.cr.savepoint():
                self._link_calls(company, date_to, moves)
        except UniqueViolation as error:
            raise UserError(
                self.env._(
                    "Somebody else has just invoiced some of these calls. Nothing was "
                    "invoiced here: open the list again and repeat it."
                )
            ) from error
        return moves

    def _billable(self, company, payers, date_to):
        """SQL condition of the calls ``c`` that may go on an invoice now."""
        return SQL(
            "c.company_id = %s AND c.partner_id = ANY(%s) AND c.day <= %s"
            " AND c.rating_state = 'rated'"
            " AND NOT EXISTS (SELECT FROM telecom_call_invoice i"
            " WHERE i.call_id = c.id)"
            " AND EXISTS (SELECT FROM telecom_file f"
            " WHERE f.id = c.file_id AND f.state = 'processed')"
            # Two records of it differ: which one is right, somebody has to say.
            " AND NOT EXISTS (SELECT FROM telecom_rejection r"
            " WHERE r.call_identity = c.identity AND r.reason = 'conflict')",
            company.id,
            list(payers.ids),
            date_to,
        )

    def _call_groups(self, company, payers, date_to):
        """One row per invoice line: customer, currency, kind, number and sums."""
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT c.partner_id, c.currency_id, %(kind)s AS kind,
                       COALESCE(c.number_id, 0) AS number_id, count(*) AS calls,
                       sum(c.duration) AS duration, sum(c.price)::text AS amount
                  FROM telecom_call c
                 WHERE %(billable)s
              GROUP BY 1, 2, 3, 4
                """,
                kind=KIND,
                billable=self._billable(company, payers, date_to),
            )
        )

    # === INVOICE VALUES: readers, they write nothing === #

    def _other_lines(self, company, payers, date_from, date_to):
        """What else is due beside calls: (customer id, currency id, line values)."""
        lines = []
        for fee in self._fees(company, payers, date_from, date_to):
            partner_id, currency_id = self._fee_key(fee.subscription)
            writer = self._in_language_of(partner_id)
            lines.append((partner_id, currency_id, writer._prepare_fee_line(fee)))
        for topup in self._due_topups(company, payers, date_to):
            partner_id, currency_id = self._fee_key(topup.subscription_id)
            writer = self._in_language_of(partner_id)
            lines.append((partner_id, currency_id, writer._prepare_topup_line(topup)))
        return lines

    def _create_moves(self, groups, others):
        """Create one invoice per customer and currency, in one batch."""
        lines = defaultdict(list)
        numbers = self.env["telecom.number"].browse(
            [group["number_id"] for group in groups if group["number_id"]]
        )
        by_id = {number.id: number for number in numbers}
        for group in sorted(groups, key=lambda g: self._group_order(g, by_id)):
            key = (group["partner_id"], group["currency_id"])
            number = by_id.get(group["number_id"], numbers.browse())
            writer = self._in_language_of(group["partner_id"])
            lines[key].append(writer._prepare_call_line(group, number))
        for partner_id, currency_id, values in others:
            lines[partner_id, currency_id].append(values)
        return self.env["account.move"].create(
            [self._prepare_move(*key, values) for key, values in lines.items()]
        )

    def _in_language_of(self, partner_id):
        """This model, writing in the customer's language."""
        lang = self.env["res.partner"].browse(partner_id).lang
        return self.with_context(lang=lang or self.env.lang)

    def _group_order(self, group, numbers):
        number = numbers.get(group["number_id"])
        return (
            group["partner_id"],
            group["currency_id"],
            number.number if number else "",
            KIND_ORDER.index(group["kind"]),
        )

    def _fee_key(self, subscription):
        payer = subscription.partner_id.commercial_partner_id
        return payer.id, self._fee_currency(subscription).id

    def _fee_currency(self, subscription):
        """The currency of the customer's calls, so that fees are on the same invoice.

        Odoo converts what is sold at the rate of the invoice's day, or the last one
        before. Where there is none at all it stays in the company's currency.
        """
        company = subscription.company_id
        currency = subscription.partner_id._telecom_currency(company)
        known = self.env["res.currency.rate"].search_count(
            [
                ("currency_id", "=", currency.id),
                ("company_id", "in", [False, company.root_id.id]),
                ("name", "<=", fields.Date.context_today(self)),
            ],
            limit=1,
        )
        return currency if known else company.currency_id

    def _prepare_move(self, partner_id, currency_id, lines):
        return {
            "move_type": "out_invoice",
            "company_id": self.env.company.id,
            "partner_id": partner_id,
            "currency_id": currency_id,
            "invoice_line_ids": [fields.Command.create(line) for line in lines],
        }

    def _prepare_call_line(self, group, number):
        """One line; its price is the sum of its calls, rounded once."""
        currency = self.env["res.currency"].browse(group["currency_id"])
        product = self.env.company._telecom_product(group["kind"])
        amount = Decimal(group["amount"]).quantize(
            Decimal(1).scaleb(-currency.decimal_places), ROUND_HALF_UP
        )
        values = {
            "product_id": product.id,
            "name": self._call_line_name(group, product, number),
            "quantity": 1,
            "price_unit": float(amount),
            "telecom_kind": group["kind"],
            "telecom_number_id": number.id,
        }
        if number.analytic_distribution:
            values["analytic_distribution"] = number.analytic_distribution
        return values

    def _call_line_name(self, group, product, number):
        minutes, seconds = divmod(int(group["duration"]), 60)
        return self.env._(
            "%(product)s %(number)s: %(calls)s calls, "
            "%(hours)s:%(minutes)s:%(seconds)s",
            product=product.name,
            number=numbering.format_international(number.number or ""),
            calls=group["calls"],
            hours=minutes // 60,
            minutes=f"{minutes % 60:02}",
            seconds=f"{seconds:02}",
        )

    def _prepare_fee_line(self, fee):
        """The fee of a period, or of the days of it that are due."""
        subscription = fee.subscription
        bundle = subscription.bundle_id.with_env(self.env)
        values = {
            "product_id": bundle.product_id.id,
            "name": self.env._(
                "%(bundle)s, %(month)s",
                bundle=bundle.name,
                month=self._period_name(fee.period_start, fee.period_end),
            ),
            "quantity": 1,
            "telecom_subscription_id": subscription.id,
            "telecom_period_start": fee.start,
            "telecom_period_end": fee.end,
        }
        if fee.is_whole:
            return values
        price = self._fee_price(subscription, bundle.product_id)
        days = (fee.period_end - fee.period_start).days
        return values | {
            "name": self.env._(
                "%(name)s (%(first)s to %(last)s: %(used)s of %(days)s days)",
                name=values["name"],
                first=format_date(self.env, fee.start),
                last=format_date(self.env, fee.end - timedelta(days=1)),
                used=(fee.end - fee.start).days,
                days=days,
            ),
            "price_unit": float(
                Decimal(repr(price)) * (fee.end - fee.start).days / days
            ),
        }

    def _fee_price(self, subscription, product):
        """The fee of a whole period, as the invoice line would propose it."""
        company = subscription.company_id
        payer = subscription.partner_id.commercial_partner_id
        positions = self.env["account.fiscal.position"].with_company(company)
        return product.with_company(company)._get_tax_included_unit_price(
            company,
            self._fee_currency(subscription),
            fields.Date.context_today(self),
            "sale",
            fiscal_position=positions._get_fiscal_position(payer),
        )

    def _period_name(self, start, end):
        """A calendar month by its name, another period by its days."""
        if start.day == 1:
            return format_date(self.env, start, date_format="MMMM y")
        return self.env["telecom.bundle.subscription"]._days_text(start, end)

    def _prepare_topup_line(self, topup):
        product = topup.product_id or self.env.ref("telecom_cdr.product_bundle_topup")
        start, subscription = topup.period_start, topup.subscription_id
        company = subscription.company_id
        price = company.currency_id._convert(
            topup.price,
            self._fee_currency(subscription),
            company,
            fields.Date.context_today(self),
        )
        return {
            "product_id": product.id,
            "name": self.env._(
                "Top-up of %(bundle)s, %(month)s: %(quantity)s",
                bundle=topup.bundle_id.with_env(self.env).name,
                month=self._period_name(start, next_period(start)),
                quantity=topup.with_env(self.env).quantity_text,
            ),
            "quantity": 1,
            "price_unit": price,
            "telecom_topup_id": topup.id,
        }

    def _due_topups(self, company, payers, date_to):
        """Top-ups of periods that began by a day, and are on no invoice yet."""
        topups = self.env["telecom.bundle.topup"].search(
            [
                ("company_id", "=", company.id),
                ("partner_id", "child_of", payers.ids),
                ("period_start", "<=", date_to),
            ],
            order="partner_id, period_start, id",
        )
        return topups - topups._billed()

    def _fees(self, company, payers, date_from, date_to):
        """Fees that are due and on no invoice yet."""
        subscriptions = self.env["telecom.bundle.subscription"].search(
            [
                ("company_id", "=", company.id),
                ("partner_id", "child_of", payers.ids),
                ("bundle_id.product_id", "!=", False),
                ("date_start", "<", fields.Date.add(date_to, days=2)),
            ],
            order="partner_id, priority, id",
        )
        billed = self._billed_fees(subscriptions)
        return [
            fee
            for subscription in subscriptions
            for period in self._fee_periods(subscription, date_from, date_to)
            for fee in self._due_days(subscription, period, billed[subscription.id])
        ]

    def _fee_periods(self, subscription, date_from, date_to):
        """First days of the customer's periods in which a subscription runs."""
        first, last = subscription._first_day(), subscription._last_day()
        start = subscription._period_start(date_from)
        while start <= date_to:
            following = next_period(start)
            if first < following and (not last or last >= start):
                yield start
            start = following

    def _due_days(self, subscription, start, billed):
        """The days of a period whose fee is due, less those that are billed.

        Days are billed already where the billing day or the dates of the subscription
        have changed since.
        """
        end = next_period(start)
        asked = (start, end)
        if subscription.bundle_id.prorate_fee:
            last = subscription._last_day()
            asked = (
                max(start, subscription._first_day()),
                min(end, last + timedelta(days=1)) if last else end,
            )
        return [
            Fee(subscription, start, end, *part) for part in _without(asked, billed)
        ]

    def _billed_fees(self, subscriptions):
        """Days whose fee is on an invoice, (start, end) by subscription id."""
        lines = self.env["account.move.line"].search(
            [
                ("telecom_subscription_id", "in", subscriptions.ids),
                ("telecom_is_released", "=", False),
            ],
            order="telecom_period_start",
        )
        billed = defaultdict(list)
        for line in lines:
            start = line.telecom_period_start
            end = line.telecom_period_end or next_period(start)
            billed[line.telecom_subscription_id.id].append((start, end))
        return billed

    # === LINKS OF CALLS === #

    def _link_calls(self, company, date_to, moves):
        """Freeze the calls of these invoices, in one statement."""
        lines = moves.invoice_line_ids.filtered("telecom_kind")
        if not lines:
            return
        self.env.flush_all()
        keys = [
            (
                line.id,
                line.move_id.partner_id.id,
                line.move_id.currency_id.id,
                line.telecom_kind,
                line.telecom_number_id.id or 0,
            )
            for line in lines
        ]
        columns = [list(column) for column in zip(*keys, strict=True)]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO telecom_call_invoice (call_id, move_line_id)
                SELECT c.id, l.line_id
                  FROM telecom_call c
                  JOIN unnest(%s::int[], %s::int[], %s::int[], %s::text[], %s::int[])
                       AS l(line_id, partner_id, currency_id, kind, number_id)
                    ON l.partner_id = c.partner_id
                   AND l.currency_id = c.currency_id
                   AND l.kind = %s
                   AND l.number_id = COALESCE(c.number_id, 0)
                 WHERE %s
                """,
                *columns,
                KIND,
                self._billable(company, moves.partner_id, date_to),
            )
        )
        self.env["telecom.call"].invalidate_model()

    @api.model
    def _release(self, lines):
        """Give the calls and fees of these lines back, to be invoiced again."""
        lines.sudo().filtered(_is_fee).telecom_is_released = True
        self.env.flush_all()
        self.env.cr.execute(
            "WITH gone AS (DELETE FROM telecom_call_invoice"
            " WHERE move_line_id = ANY(%s) RETURNING call_id, move_line_id)"
            " INSERT INTO telecom_call_release (call_id, move_line_id)"
            " SELECT call_id, move_line_id FROM gone",
            (list(lines.ids),),
        )
        released = self.env.cr.rowcount
        self.env["telecom.bundle.pass"]._mark_calls(
            SQL(
                "c.id IN (SELECT call_id FROM telecom_call_release"
                " WHERE move_line_id = ANY(%s))",
                list(lines.ids),
            )
        )
        self.env["telecom.call"].invalidate_model()
        return released

    @api.model
    def _take_back(self, lines):
        """Link released calls and fees to their lines again; all or none."""
        taken = self.env.execute_query(
            SQL(
                "SELECT 1 FROM telecom_call_release r"
                " JOIN telecom_call_invoice i ON i.call_id = r.call_id"
                " WHERE r.move_line_id = ANY(%s) LIMIT 1",
                list(lines.ids),
            )
        )
        if taken:
            raise UserError(
                self.env._(
                    "The calls of this invoice have been invoiced again meanwhile, so "
                    "it cannot be reset to draft."
                )
            )
        self.env.cr.execute(
            "WITH gone AS (DELETE FROM telecom_call_release"
            " WHERE move_line_id = ANY(%s) RETURNING call_id, move_line_id)"
            " INSERT INTO telecom_call_invoice (call_id, move_line_id)"
            " SELECT call_id, move_line_id FROM gone",
            (list(lines.ids),),
        )
        lines.sudo().filtered(_is_fee).telecom_is_released = False
        self.env["telecom.call"].invalidate_model()

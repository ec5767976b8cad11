# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

from dateutil.relativedelta import relativedelta
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..parsers import numbering

# Which product bills a call.
KIND = SQL(
    "CASE WHEN c.visited_country_id IS NOT NULL THEN 'roaming'"
    " WHEN c.category = 'landline' THEN 'landline'"
    " WHEN c.category = 'mobile' THEN 'mobile' ELSE 'other' END"
)
KIND_ORDER = ("landline", "mobile", "other", "roaming")


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
            " WHERE f.id = c.file_id AND f.state = 'processed')",
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
        for subscription, month in self._fees(company, payers, date_from, date_to):
            partner_id, currency_id = self._fee_key(subscription)
            writer = self._in_language_of(partner_id)
            values = writer._prepare_fee_line(subscription, month)
            lines.append((partner_id, currency_id, values))
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
        company = subscription.company_id
        return (
            subscription.partner_id.commercial_partner_id.id,
            company.currency_id.id,
        )

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

    def _prepare_fee_line(self, subscription, month):
        bundle = subscription.bundle_id.with_env(self.env)
        return {
            "product_id": bundle.product_id.id,
            "name": self.env._(
                "%(bundle)s, %(month)s",
                bundle=bundle.name,
                month=format_date(self.env, month, date_format="MMMM y"),
            ),
            "quantity": 1,
            "telecom_subscription_id": subscription.id,
            "telecom_period_start": month,
        }

    def _fees(self, company, payers, date_from, date_to):
        """(subscription, month) whose fee is due and on no invoice yet."""
        subscriptions = self.env["telecom.bundle.subscription"].search(
            [
                ("company_id", "=", company.id),
                ("partner_id", "child_of", payers.ids),
                ("bundle_id.product_id", "!=", False),
                ("date_start", "<", fields.Date.add(date_to, days=1)),
                "|",
                ("date_end", "=", False),
                ("date_end", ">", date_from),
            ],
            order="partner_id, priority, id",
        )
        billed = self._billed_fees(subscriptions)
        return [
            (subscription, month)
            for subscription in subscriptions
            for month in self._fee_months(subscription, date_from, date_to)
            if (subscription.id, month) not in billed
        ]

    def _fee_months(self, subscription, date_from, date_to):
        """First days of the months of a period in which a subscription runs."""
        month = date_from.replace(day=1)
        while month <= date_to:
            following = month + relativedelta(months=1)
            ended = subscription.date_end and subscription.date_end.date() <= month
            if subscription.date_start.date() < following and not ended:
                yield month
            month = following

    def _billed_fees(self, subscriptions):
        lines = self.env["account.move.line"].search(
            [
                ("telecom_subscription_id", "in", subscriptions.ids),
                ("telecom_is_released", "=", False),
            ]
        )
        return {
            (line.telecom_subscription_id.id, line.telecom_period_start)
            for line in lines
        }

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
        lines.sudo().filtered("telecom_subscription_id").telecom_is_released = True
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
        lines.sudo().filtered("telecom_subscription_id").telecom_is_released = False
        self.env["telecom.call"].invalidate_model()

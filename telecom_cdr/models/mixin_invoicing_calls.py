# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .call_sums import MONTH, mark_parts
from .dispute_sql import KEPT_OFF

# Which product bills a call.
KIND = SQL(
    "CASE WHEN c.visited_country_id IS NOT NULL THEN 'roaming'"
    " WHEN c.category = 'landline' THEN 'landline'"
    " WHEN c.category = 'mobile' THEN 'mobile' ELSE 'other' END"
)
# Whether the price of a call holds the tax.
TAX_INCLUDED = SQL(
    "(c.rate_id IN (SELECT r.id FROM telecom_rate r"
    " JOIN telecom_tariff t ON t.id = r.tariff_id WHERE t.is_tax_included)) IS TRUE"
)
# Which invoice of its customer bills a call of the number ``n``, by the shape ``s``.
INVOICE_KEY = SQL(
    "CASE s.invoice_per WHEN 'number' THEN COALESCE(n.id, 0)::text"
    " WHEN 'department' THEN COALESCE(n.department_id, 0)::text"
    " WHEN 'contract' THEN COALESCE(n.contract_reference, '') ELSE '' END"
)
DEPARTMENT = SQL(
    "CASE WHEN s.is_sectioned THEN COALESCE(n.department_id, 0) ELSE 0 END"
)
# What a bill calls a call, as the key of a line.
LABEL = SQL(
    "COALESCE((SELECT 'label ' || NULLIF(r.label->>'en_US', '')"
    " FROM telecom_rate r WHERE r.id = c.rate_id),"
    " 'destination ' || c.destination_id, '')"
)
# What bills never itemise has no name of its own on their lines, either.
NEVER_ITEMISED = SQL(
    "c.destination_id IN (SELECT d.id FROM telecom_destination d"
    " WHERE d.never_itemised)"
)
# Calls are on one line where all of these are the same. Both the sums and the links
# are made of them, so what a line bills is what it was summed of.
KEYS = (
    "partner_id",
    "currency_id",
    "invoice_key",
    "department_id",
    "number_id",
    "kind",
    "detail",
    "flow",
    "is_tax_included",
)
GROUPED = SQL(", ").join(SQL("k.%s", SQL.identifier(name)) for name in KEYS)
LINE_KEY = SQL("jsonb_build_array(%s)::text", GROUPED)
EVERY_CALL = SQL("TRUE")


class TelecomInvoicingCalls(models.AbstractModel):
    """Calls on invoices: groups that become lines, and links from calls to lines."""

    _name = "telecom.invoicing.calls.mixin"
    _description = "Invoicing of Groups of Calls"

    def _billable(self, company, payers, date_to, only=EVERY_CALL):
        """SQL condition of the calls ``c`` that may go on an invoice now.

        :param only: another condition that they must meet
        """
        return SQL(
            "c.company_id = %s AND c.partner_id = ANY(%s) AND c.day <= %s"
            " AND c.rating_state = 'rated'"
            " AND NOT EXISTS (SELECT FROM telecom_call_invoice i"
            " WHERE i.call_id = c.id)"
            " AND EXISTS (SELECT FROM telecom_file f"
            " WHERE f.id = c.file_id AND f.state = 'processed')"
            # Two records of it differ: which one is right, somebody has to say.
            " AND NOT EXISTS (SELECT FROM telecom_rejection r"
            " WHERE r.call_identity = c.identity AND r.reason = 'conflict')"
            " AND NOT %s AND (%s)",
            company.id,
            list(payers.ids),
            date_to,
            KEPT_OFF,
            only,
        )

    def _shape_rows(self, company, payers):
        """SQL of the shape ``s`` of each customer's invoices."""
        shapes = self.env["telecom.invoice.shape"]._of_payers(company, payers)
        rows = [
            (
                partner_id,
                shape.invoice_per,
                shape._is_numbered,
                shape._is_sectioned,
                shape.line_by,
            )
            for partner_id, shape in shapes.items()
        ]
        return SQL(
            "unnest(%s::int[], %s::text[], %s::bool[], %s::bool[], %s::text[])"
            " AS s(partner_id, invoice_per, is_numbered, is_sectioned, line_by)",
            *([list(column) for column in zip(*rows, strict=True)] or [[]] * 5),
        )

    def _keyed_calls(self, company, payers, date_to, only=EVERY_CALL):
        """SQL of the billable calls with the keys of their lines: the ``KEYS``."""
        return SQL(
            """
            SELECT c.id, c.price, c.duration, c.rate_id, %(month)s AS month,
                   c.number_id AS own_number_id, c.partner_id, c.currency_id,
                   %(invoice_key)s AS invoice_key, %(department)s AS department_id,
                   CASE WHEN s.is_numbered
                        THEN COALESCE(c.number_id, 0) ELSE 0 END AS number_id,
                   CASE WHEN s.line_by IN ('all', 'label') THEN 'all'
                        ELSE %(kind)s END AS kind,
                   CASE WHEN s.line_by = 'category' THEN COALESCE(c.category, '')
                        WHEN %(never_itemised)s THEN ''
                        WHEN s.line_by = 'destination'
                        THEN COALESCE(c.destination_id, 0)::text
                        WHEN s.line_by = 'label' THEN %(label)s
                        ELSE '' END AS detail,
                   CASE WHEN c.direction <> 'incoming' THEN ''
                        WHEN c.price < 0 THEN 'credit'
                        ELSE 'incoming' END AS flow,
                   %(tax_included)s AS is_tax_included
              FROM telecom_call c
              JOIN %(shapes)s ON s.partner_id = c.partner_id
         LEFT JOIN telecom_number n ON n.id = c.number_id
             WHERE %(billable)s
            """,
            month=MONTH,
            invoice_key=INVOICE_KEY,
            department=DEPARTMENT,
            kind=KIND,
            label=LABEL,
            never_itemised=NEVER_ITEMISED,
            tax_included=TAX_INCLUDED,
            shapes=self._shape_rows(company, payers),
            billable=self._billable(company, payers, date_to, only),
        )

    def _call_groups(self, company, payers, date_to, only=EVERY_CALL):
        """One row per group of calls, each to be a line: its keys, key and sums.

        :return: list of dicts: the ``KEYS``, ``line_key`` (all of them as text),
            ``rate_id`` (one of its rates), ``calls``, ``duration`` (seconds) and
            ``amount`` (exact, as text)
        """
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT %(keys)s, %(line_key)s AS line_key, min(k.rate_id) AS rate_id,
                       count(*) AS calls, sum(k.duration) AS duration,
                       sum(k.price)::text AS amount
                  FROM (%(calls)s) k
              GROUP BY %(keys)s
                """,
                keys=GROUPED,
                line_key=LINE_KEY,
                calls=self._keyed_calls(company, payers, date_to, only),
            )
        )

    def _add_number_amounts(self, groups, company, payers, date_to, only=EVERY_CALL):
        """Tell the lines of several numbers which of them has how much of it.

        :param groups: rows of ``_call_groups``; each gets ``number_amounts``, a list
            of (number id, amount), where it is not of one number
        """
        merged = {g["line_key"]: g for g in groups if not g["number_id"]}
        if not merged:
            return
        rows = self.env.execute_query(
            SQL(
                """
                SELECT %(line_key)s, k.own_number_id, sum(k.price)::text
                  FROM (%(calls)s) k
                 WHERE k.number_id = 0
              GROUP BY %(keys)s, k.own_number_id ORDER BY 1, 2
                """,
                keys=GROUPED,
                line_key=LINE_KEY,
                calls=self._keyed_calls(company, payers, date_to, only),
            )
        )
        for line_key, number_id, amount in rows:
            amounts = merged[line_key].setdefault("number_amounts", [])
            amounts.append((number_id or 0, Decimal(amount)))

    # === LINKS OF CALLS === #

    def _link_calls(self, company, date_to, moves, only=EVERY_CALL):
        """Freeze the calls of these invoices, in one statement.

        A line has its calls by the keys that it was summed by; that they are as many
        and come to as much is checked, or nothing is invoiced.
        """
        lines = moves.invoice_line_ids.filtered("telecom_line_key")
        if not lines:
            return
        self.env.flush_all()
        keys = [
            (line.id, key)
            for line in lines
            for key in line.telecom_line_key.split("\n")
        ]
        payers = moves.partner_id.commercial_partner_id
        rows = self.env.execute_query(
            SQL(
                """
                WITH keyed AS MATERIALIZED (
                    SELECT k.id, k.price, k.month, %(line_key)s AS line_key
                      FROM (%(calls)s) k),
                found AS (
                    SELECT k.id, k.price, k.month, l.line_id
                      FROM keyed k
                      JOIN unnest(%(line_ids)s::int[], %(line_keys)s::text[])
                           AS l(line_id, line_key) ON l.line_key = k.line_key),
                linked AS (
                    INSERT INTO telecom_call_invoice (call_id, move_line_id)
                    SELECT id, line_id FROM found)
                SELECT line_id, count(*), sum(price)::text, array_agg(DISTINCT month)
                  FROM found GROUP BY 1
                """,
                calls=self._keyed_calls(company, payers, date_to, only),
                line_key=LINE_KEY,
                line_ids=[line_id for line_id, _key in keys],
                line_keys=[key for _line_id, key in keys],
            )
        )
        self._check_links(lines, {row[0]: (row[1], row[2]) for row in rows})
        payer = {
            line.id: line.move_id.partner_id.commercial_partner_id for line in lines
        }
        mark_parts(
            self.env,
            {
                (company.id, month, payer[line_id].id)
                for line_id, _count, _amount, months in rows
                for month in months
            },
        )
        self.env["telecom.call"].invalidate_model()

    def _check_links(self, lines, linked):
        """Refuse lines whose calls are not those that they were summed of."""
        for line in lines:
            calls, amount = linked.get(line.id, (0, "0"))
            billed = round(Decimal(repr(line.telecom_line_amount)), 6)
            if (calls, Decimal(amount)) != (line.telecom_line_calls, billed):
                raise UserError(
                    self.env._(
                        "The calls of %(customer)s changed while they were invoiced: "
                        "the line '%(line)s' was made of %(expected)s calls that come "
                        "to %(billed)s, and now there are %(calls)s that come to "
                        "%(amount)s. Nothing was invoiced: repeat it.",
                        customer=line.partner_id.display_name,
                        line=line.name,
                        expected=line.telecom_line_calls,
                        billed=billed,
                        calls=calls,
                        amount=amount,
                    )
                )

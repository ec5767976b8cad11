# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a carrier's calls of some days cost, as SQL: one pass over the calls."""

from odoo import models
from odoo.tools import SQL

from .currency_rates import day_rates


def insert_traffic(reconciliation: models.BaseModel) -> SQL:
    """Store the calls of a reconciliation by day, file and kind of call.

    Calls of the carrier that are stored as those of another one, who told of them, too,
    are rows of their own: ``told_by_id`` is the other one.

    Costs are in the reconciliation's currency: those of a tariff in another one at the
    rate of the call's day, never of an older one; without it they are unknown.
    """
    return SQL(
        """
        WITH rates AS (
            SELECT day, currency_id, rate / own_rate AS rate FROM (%(rates)s) d
             WHERE day BETWEEN %(first)s AND %(last)s),
        told AS (%(told)s),
        calls AS (
            SELECT c.day, c.file_id, c.service, c.direction, c.category,
                   c.destination_id, c.duration, c.carrier_amount, c.told_by_id,
                   CASE WHEN c.cost_currency_id = %(currency)s THEN c.cost
                        ELSE c.cost * %(to_rate)s / %(from_rate)s END AS cost,
                   c.service <> 'voice' OR c.duration > 0 AS is_due
              FROM told c
         LEFT JOIN rates f ON f.day = c.day AND f.currency_id = c.cost_currency_id
                          AND c.cost_currency_id <> %(currency)s
         LEFT JOIN rates t ON t.day = c.day AND t.currency_id = %(currency)s
                          AND c.cost_currency_id <> %(currency)s)
        INSERT INTO telecom_reconciliation_traffic (reconciliation_id, company_id,
               carrier_id, currency_id, day, file_id, service, direction, category,
               destination_id, told_by_id, call_count, duration, imported_amount,
               rated_amount, difference, imported_count, rated_count,
               not_imported_count, not_rated_count)
        SELECT %(id)s, %(company)s, %(carrier)s, %(currency)s, day, file_id, service,
               direction, category, destination_id, told_by_id, count(*), sum(duration),
               COALESCE(sum(carrier_amount), 0), COALESCE(sum(cost), 0),
               COALESCE(sum(carrier_amount), 0) - COALESCE(sum(cost), 0),
               count(carrier_amount), count(cost),
               count(*) FILTER (WHERE is_due AND carrier_amount IS NULL),
               count(*) FILTER (WHERE is_due AND cost IS NULL)
          FROM calls
      GROUP BY day, file_id, service, direction, category, destination_id, told_by_id
        """,
        id=reconciliation.id,
        told=_told(reconciliation),
        company=reconciliation.company_id.id,
        rates=day_rates(SQL("b.id = %s", reconciliation.company_id.id)),
        carrier=reconciliation.carrier_id.id,
        currency=reconciliation.currency_id.id,
        first=reconciliation.date_from,
        last=reconciliation.date_to,
        to_rate=_rate_or_one(
            "t", SQL("%s", reconciliation.currency_id.id), reconciliation
        ),
        from_rate=_rate_or_one("f", SQL("c.cost_currency_id"), reconciliation),
    )


def _told(reconciliation):
    """SQL of the calls that the carrier told of, those stored as another's, too."""
    return SQL(
        """
            SELECT c.day, c.file_id, c.service, c.direction, c.category,
                   c.destination_id, c.duration, c.carrier_amount, c.cost,
                   c.cost_currency_id, NULL::integer AS told_by_id
              FROM telecom_call c
             WHERE c.company_id = %(company)s AND c.carrier_id = %(carrier)s
               AND c.start_at BETWEEN %(first)s::date - 1 AND %(last)s::date + 2
               AND c.day BETWEEN %(first)s AND %(last)s
             UNION ALL
            SELECT w.day, w.file_id, w.service, w.direction, w.category,
                   NULLIF(w.destination_id, 0), w.duration, w.carrier_amount, w.cost,
                   w.cost_currency_id, w.told_by_id
              FROM %(twins)s w
        """,
        company=reconciliation.company_id.id,
        carrier=reconciliation.carrier_id.id,
        first=reconciliation.date_from,
        last=reconciliation.date_to,
        twins=reconciliation._twin_calls(),
    )


def _rate_or_one(alias, currency, reconciliation):
    """SQL of the rate of a currency; that of the company's own is 1."""
    return SQL(
        "CASE WHEN %s = %s THEN 1 ELSE %s END",
        currency,
        reconciliation.company_id.currency_id.id,
        SQL.identifier(alias, "rate"),
    )

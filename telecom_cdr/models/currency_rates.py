# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Currency rates of single days, as Odoo reads them for a company.

Calls are never converted at an older rate than that of their day: they wait for it.
"""

from odoo.tools import SQL

ROOT = SQL("split_part(b.parent_path, '/', 1)::int")


def day_rates(condition: SQL) -> SQL:
    """Query of the other currencies' rates, on the days that have one.

    company_id, currency_id, day, rate and own_rate: 1 of the company's currency is
    ``rate / own_rate`` of the other.

    A company's own rates stand before those of all companies, from its first one on.
    Mostly the company's currency has no rates, and is worth 1. It has where the table
    is based on another one: then its last rate until that day counts.

    :param condition: SQL condition of the companies ``b``
    """
    return SQL(
        """
        SELECT b.id AS company_id, r.currency_id, r.name AS day, r.rate,
               COALESCE(o.rate, 1) AS own_rate
          FROM res_company b
          JOIN res_currency_rate r
            ON r.currency_id <> b.currency_id AND r.rate > 0
           AND (r.company_id = %(root)s OR r.company_id IS NULL AND NOT EXISTS (
                   SELECT FROM res_currency_rate n
                    WHERE n.company_id = %(root)s AND n.currency_id = r.currency_id
                      AND n.name <= r.name))
     LEFT JOIN LATERAL (
               SELECT k.rate FROM res_currency_rate k
                WHERE k.currency_id = b.currency_id AND k.rate > 0
                  AND (k.company_id IS NULL OR k.company_id = %(root)s)
             ORDER BY k.name > r.name, k.company_id, abs(k.name - r.name) LIMIT 1
               ) o ON TRUE
         WHERE %(condition)s
        """,
        root=ROOT,
        condition=condition,
    )

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where the rows of each source and month went, as SQL.

Calls are counted as they are stored, not as their files say: what differs is shown.
"""

from odoo.tools import SQL

from .dispute_sql import OPEN_STATE

STATES = ("unmatched", "unrated", "late", "rated", "excluded")


def completeness_rows() -> SQL:
    """One row for each source and month that files came for."""
    return SQL(
        """
        SELECT min(f.id) AS id, f.company_id, f.carrier_id, f.source_id,
               date_trunc('month', COALESCE(f.period, f.create_date))::date AS month,
               count(*) AS file_count,
               count(*) FILTER (WHERE f.state NOT IN ('processed', 'discarded'))
                   AS open_file_count,
               COALESCE(sum(f.row_count), 0) AS row_count,
               COALESCE(sum(c.count), 0) AS call_count,
               COALESCE(sum(c.unmatched), 0) AS unmatched_count,
               COALESCE(sum(c.unrated), 0) AS unrated_count,
               COALESCE(sum(c.late), 0) AS late_count,
               COALESCE(sum(c.rated), 0) AS rated_count,
               COALESCE(sum(c.excluded), 0) AS excluded_count,
               COALESCE(sum(c.invoiced), 0) AS invoiced_count,
               COALESCE(sum(f.duplicate_count), 0) AS duplicate_count,
               COALESCE(sum(f.skipped_count), 0) AS skipped_count,
               COALESCE(sum(f.merged_count), 0) AS merged_count,
               COALESCE(sum(f.rejected_count), 0) AS rejected_count,
               COALESCE(sum(f.row_count - f.duplicate_count - f.skipped_count
                            - f.merged_count - f.rejected_count), 0)
                   - COALESCE(sum(c.count), 0) AS difference,
               COALESCE(sum(c.duration), 0) AS duration,
               CASE WHEN min(c.currency_id) IS NOT DISTINCT FROM max(c.currency_id)
                     AND bool_and(c.has_one_currency IS NOT FALSE)
                    THEN sum(c.cost) END AS cost,
               min(c.currency_id) AS currency_id
          FROM telecom_file f
     LEFT JOIN LATERAL (
               SELECT count(*) AS count, %(states)s,
                      count(i.call_id) AS invoiced, sum(c.duration) AS duration,
                      sum(c.cost) AS cost, min(c.cost_currency_id) AS currency_id,
                      min(c.cost_currency_id)
                          IS NOT DISTINCT FROM max(c.cost_currency_id)
                          AS has_one_currency
                 FROM telecom_call c
            LEFT JOIN telecom_call_invoice i ON i.call_id = c.id
                WHERE c.file_id = f.id
               ) c ON TRUE
         WHERE f.file_type = 'usage' AND f.state <> 'discarded'
           AND NOT EXISTS (SELECT FROM telecom_file m WHERE m.parent_id = f.id)
      GROUP BY f.company_id, f.carrier_id, f.source_id,
               date_trunc('month', COALESCE(f.period, f.create_date))
        """,
        states=SQL(", ").join(_count(state) for state in STATES),
    )


def _count(state: str) -> SQL:
    """How many calls of a file are in a state and not invoiced."""
    return SQL(
        "count(*) FILTER (WHERE i.call_id IS NULL AND %s = %s) AS %s",
        OPEN_STATE,
        state,
        SQL.identifier(state),
    )

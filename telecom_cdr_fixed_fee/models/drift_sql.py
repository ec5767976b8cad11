# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where what carriers charge and what customers pay drift apart, as SQL.

Each part has the same columns. Only recurring charges are looked at: those come again.
The ids are made of a record's, with a remainder for each kind of row.
"""

from odoo.tools import SQL

CAUSES = ("unpaid", "ended", "own_ended", "price", "not_ours", "gap", "overlap")

# What our numbers are known by whose periods are of the same number, as an integer: by
# the index that keeps these periods apart they are found far more slowly.
NUMBERS = SQL(
    """
    SELECT id, min(id) OVER (PARTITION BY company_id, scope_id, number COLLATE "C")
           AS same_id
      FROM telecom_number
    """
)
# A chain is what is charged for one thing, period by period: each row knows the row
# before and after it, of whatever file they came. Parts of a split charge are told by
# their whole. What is asked of each row is looked up once for all: own charges, where
# carriers' charges have come to, and the last charge for the number of each own one.
CHAINS = SQL(
    """
    WITH chain AS (
        SELECT c.id, c.company_id, c.carrier_id, c.reference, c.product_code,
               c.description, c.number_id, c.partner_id, c.cost_currency_id,
               c.currency_id, c.cost, c.price, c.unit_cost, c.quantity, c.period_from,
               c.period_to, c.state, c.wait_reason, c.active, n.same_id,
               lag(c.id) OVER w AS before_id,
               lag(c.period_from) OVER w AS before_from,
               max(c.period_to) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING
                                      AND 1 PRECEDING) AS before_to,
               lag(c.unit_cost) OVER w AS before_unit,
               lag(c.period_to) OVER w AS before_last,
               lead(c.id) OVER w AS after_id
          FROM telecom_charge c
     LEFT JOIN (%(numbers)s) n ON n.id = c.number_id
         WHERE c.kind = 'recurring' AND c.split_from_id IS NULL
        WINDOW w AS (PARTITION BY c.carrier_id, c.account, c.reference, c.product_code
                     ORDER BY c.period_from, c.period_to, c.id)
    ),
    own AS (
        SELECT o.*, n.same_id
          FROM telecom_own_charge o
          JOIN (%(numbers)s) n ON n.id = o.number_id
         WHERE o.active
    ),
    reached AS (
        SELECT carrier_id, max(period_from) AS day
          FROM telecom_charge
         WHERE kind = 'recurring'
      GROUP BY carrier_id
    ),
    latest AS MATERIALIZED (
        SELECT o.id AS own_charge_id, l.*
          FROM own o
          JOIN (SELECT DISTINCT ON (same_id) *
                  FROM chain
                 WHERE same_id IS NOT NULL
              ORDER BY same_id, period_to DESC, id DESC) l ON l.same_id = o.same_id
    )
    """,
    numbers=NUMBERS,
)
# Whole months from one day on; nothing else may be compared by its price.
WHOLE_MONTHS = SQL(
    """
    (EXTRACT(day FROM age(c.period_to + 1, c.period_from)) = 0
     AND EXTRACT(day FROM age(c.before_last + 1, c.before_from)) = 0
     AND age(c.period_to + 1, c.period_from) = age(c.before_last + 1, c.before_from))
    """
)


def drift_rows() -> SQL:
    """All rows of the report, with who has seen them as they are now."""
    parts = [
        unpaid(),
        unpaid_for_information(),
        ended(),
        own_ended(),
        price_changes(),
        gaps(),
        overlaps(),
    ]
    return SQL(
        """
        %s
        SELECT d.*, s.id IS NOT NULL AS is_seen, s.write_uid AS seen_by_id,
               s.write_date AS seen_at
          FROM (%s) d
     LEFT JOIN telecom_fee_drift_seen s
            ON s.drift_id = d.id AND s.cost IS NOT DISTINCT FROM d.cost
           AND s.price IS NOT DISTINCT FROM d.price
        """,
        CHAINS,
        SQL(" UNION ALL ").join(parts),
    )


def _row(cause: SQL, month: SQL, remainder: str, **amounts: SQL) -> SQL:
    """The columns of a row about a charge ``c``."""
    return SQL(
        """
        SELECT c.id::bigint * %(causes)s + %(remainder)s AS id, c.company_id,
               %(cause)s AS cause, date_trunc('month', %(month)s)::date AS month,
               c.carrier_id, c.reference, c.product_code, c.description, c.number_id,
               c.partner_id, c.id AS charge_id, c.before_id AS before_id,
               NULL::int AS own_charge_id, c.cost_currency_id,
               %(cost)s::float8 AS cost, c.currency_id, %(price)s::float8 AS price,
               %(first)s AS first_day, %(last)s AS last_day
        """,
        causes=len(CAUSES) + 1,
        remainder=CAUSES.index(remainder),
        cause=cause,
        month=month,
        cost=amounts.get("cost", SQL("NULL")),
        price=amounts.get("price", SQL("NULL")),
        first=amounts.get("first", SQL("c.period_from")),
        last=amounts.get("last", SQL("c.period_to")),
    )


def unpaid() -> SQL:
    """Charges that nobody pays, those for numbers that are no longer ours apart.

    What a tariff, a rule or a person leaves out on purpose is no drift.
    """
    return SQL(
        "%s FROM chain c WHERE c.active AND c.state IN ('unmatched', 'unpriced')",
        _row(
            SQL("CASE WHEN c.wait_reason = 'ended' THEN 'not_ours' ELSE 'unpaid' END"),
            SQL("c.period_from"),
            "unpaid",
            cost=SQL("c.cost"),
        ),
    )


def unpaid_for_information() -> SQL:
    """Charges for information only, where we charge nothing for the number."""
    return SQL(
        """
        %s FROM chain c
         WHERE c.active AND c.wait_reason = 'information'
           AND c.state NOT IN ('unmatched', 'unpriced')
           AND NOT EXISTS (SELECT FROM own o
                            WHERE o.same_id = c.same_id AND o.date_start <= c.period_to
                              AND (o.date_end IS NULL OR o.date_end > c.period_from))
        """,
        _row(SQL("'unpaid'"), SQL("c.period_from"), "unpaid", cost=SQL("c.cost")),
    )


def ended() -> SQL:
    """Rentals that a customer paid, and that the carrier does not charge any more.

    The carrier has charged other things of the days that would have followed, and the
    customer still has the number.
    """
    return SQL(
        """
        %s FROM chain c
          JOIN reached r ON r.carrier_id = c.carrier_id AND r.day > c.period_to
         WHERE c.after_id IS NULL AND c.price > 0
           AND c.state IN ('ready', 'invoiced')
           AND NOT EXISTS (SELECT FROM telecom_number n WHERE n.id = c.number_id
                              AND n.date_end::date <= c.period_to + 1)
        """,
        _row(
            SQL("'ended'"),
            SQL("c.period_to + 1"),
            "ended",
            price=SQL("c.price"),
            first=SQL("c.period_to + 1"),
            last=SQL("NULL::date"),
        ),
    )


def own_ended() -> SQL:
    """Own charges for numbers whose carrier charges nothing for them any more."""
    return SQL(
        """
        SELECT o.id::bigint * %(causes)s + %(remainder)s, o.company_id, 'ended',
               date_trunc('month', l.period_to + 1)::date, l.carrier_id, l.reference,
               l.product_code, o.name, o.number_id, o.partner_id, l.id, l.before_id,
               o.id, l.cost_currency_id, NULL::float8, co.currency_id,
               o.price::float8, l.period_to + 1, NULL::date
          FROM latest l
          JOIN telecom_own_charge o ON o.id = l.own_charge_id
          JOIN res_company co ON co.id = o.company_id
          JOIN reached r ON r.carrier_id = l.carrier_id AND r.day > l.period_to
         WHERE o.recurrence <> 'once'
           AND (o.date_end IS NULL OR o.date_end > l.period_to + 1)
        """,
        causes=len(CAUSES) + 1,
        remainder=CAUSES.index("own_ended"),
    )


def price_changes() -> SQL:
    """Whole months whose price for one is another than before."""
    return SQL(
        """
        %s FROM chain c
         WHERE c.active AND c.before_id IS NOT NULL AND c.before_unit <> c.unit_cost
           AND %s
        """,
        _row(
            SQL("'price'"),
            SQL("c.period_from"),
            "price",
            cost=SQL("(c.unit_cost - c.before_unit) * c.quantity"),
        ),
        WHOLE_MONTHS,
    )


def gaps() -> SQL:
    """Days between two periods that nobody charged, at the price of the later one."""
    return SQL(
        "%s FROM chain c WHERE c.before_to + 1 < c.period_from",
        _row(
            SQL("'gap'"),
            SQL("c.before_to + 1"),
            "gap",
            cost=SQL(
                "c.cost * (c.period_from - c.before_to - 1)"
                " / (c.period_to - c.period_from + 1)"
            ),
            first=SQL("c.before_to + 1"),
            last=SQL("c.period_from - 1"),
        ),
    )


def overlaps() -> SQL:
    """Days that are charged twice, at the price of the later charge."""
    days = SQL("(LEAST(c.before_to, c.period_to) - c.period_from + 1)")
    return SQL(
        "%s FROM chain c WHERE c.before_to >= c.period_from",
        _row(
            SQL("'overlap'"),
            SQL("c.period_from"),
            "overlap",
            cost=SQL("c.cost * %s / (c.period_to - c.period_from + 1)", days),
            last=SQL("LEAST(c.before_to, c.period_to)"),
        ),
    )

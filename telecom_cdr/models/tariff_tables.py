# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Loads what calls are priced with for the engine: tariffs, rates, who has them."""

import pandas as pd

from odoo import api, models
from odoo.tools import SQL

from .customer_periods import BILLING_DAY
from .table_frames import period_sql, read_frame, read_large_frame

NULLABLE = {
    "minimum_nano": "Int64",
    "maximum_nano": "Int64",
    "initial_price_nano": "Int64",
}


def load_tariffs(env: api.Environment, company: models.BaseModel) -> pd.DataFrame:
    """Tariffs, also archived ones: calls of their time are priced with them."""
    return read_frame(
        env,
        SQL(
            "SELECT id AS tariff_id, COALESCE(parent_id, 0) AS parent_id, currency_id,"
            " rounding_digits, rounding, COALESCE(tz, 'UTC') AS time_zone,"
            " COALESCE(band_rule, 'start') AS band_rule"
            " FROM telecom_tariff WHERE company_id = %s",
            company.id,
        ),
    )


def load_rates(
    env: api.Environment, company: models.BaseModel, rate_id: int = 0
) -> pd.DataFrame:
    """The rates of a company that count, or one rate, whether it counts or not."""
    wanted = SQL("r.id = %s", rate_id) if rate_id else SQL("r.active")
    return read_large_frame(
        env,
        SQL(
            """
            SELECT r.id AS rate_id, r.tariff_id, r.service, r.direction, r.sequence,
                   COALESCE(r.prefix, '') AS prefix,
                   COALESCE(r.destination_id, 0) AS destination_id,
                   COALESCE(r.category, '') AS category,
                   COALESCE(r.time_band_id, 0) AS band_id,
                   COALESCE(r.calling_pattern, '') AS calling_pattern,
                   COALESCE(r.called_pattern, '') AS called_pattern,
                   COALESCE(r.region_pattern, '') AS region_pattern,
                   %(prices)s, %(steps)s, %(period)s,
                   COALESCE(r.is_allowed, FALSE) AS is_allowed,
                   COALESCE(r.is_late_priced AND r.late_rule = 'wait', FALSE)
                       AS is_late_priced
              FROM telecom_rate r
              JOIN telecom_tariff t ON t.id = r.tariff_id
             WHERE t.company_id = %(company)s AND %(wanted)s
            """,
            prices=rate_prices(),
            steps=rate_steps(),
            period=period_sql("r"),
            company=company.id,
            wanted=wanted,
        ),
        NULLABLE,
    )


def rate_prices() -> SQL:
    """SQL columns of what the rate ``r`` asks for."""
    return SQL(
        """
        r.method,
        COALESCE((r.price * 1000000000)::bigint, 0) AS price_nano,
        COALESCE((r.connect_fee * 1000000000)::bigint, 0) AS connect_nano,
        CASE WHEN r.has_initial_price
             THEN COALESCE((r.initial_price * 1000000000)::bigint, 0)
             END AS initial_price_nano,
        CASE r.price_per WHEN 'second' THEN 1 WHEN 'pulse' THEN r.pulse_seconds
             ELSE 60 END AS price_seconds,
        CASE WHEN r.has_minimum_price
             THEN (r.minimum_price * 1000000000)::bigint END AS minimum_nano,
        CASE WHEN r.has_maximum_price
             THEN (r.maximum_price * 1000000000)::bigint END AS maximum_nano,
        COALESCE((r.markup * 10000)::bigint, 0) AS markup_ppm,
        CASE WHEN r.method = 'formula' THEN COALESCE(r.formula, '') ELSE '' END
            AS formula,
        CASE WHEN r.method = 'formula' THEN COALESCE(r.units_formula, '') ELSE '' END
            AS units_formula
        """
    )


def rate_steps() -> SQL:
    """SQL columns of the steps of the rate ``r``, and of how its tiers count."""
    return SQL(
        """
        r.initial_increment AS initial, r.increment,
        COALESCE(r.minimum_duration, 0) AS minimum_duration,
        COALESCE(r.grace, 0) AS grace,
        COALESCE(r.free_seconds, 0) AS free_seconds,
        COALESCE(r.volume_initial, 1) AS volume_initial,
        COALESCE(r.volume_increment, 1) AS volume_increment,
        COALESCE(r.tier_rule, '') AS tier_rule,
        COALESCE(r.volume_unit, '') AS volume_unit,
        COALESCE(r.volume_rule, '') AS volume_rule,
        COALESCE(r.volume_scope, '') AS volume_scope
        """
    )


def load_tiers(
    env: api.Environment, company: models.BaseModel, rate_id: int = 0
) -> pd.DataFrame:
    """Tiers of rates; quantities of money, and costs, in nano."""
    wanted = SQL("r.id = %s", rate_id) if rate_id else SQL("r.active")
    return read_frame(
        env,
        SQL(
            """
            SELECT x.rate_id, x.kind,
                   CASE WHEN x.kind = 'cost'
                             OR (x.kind = 'volume' AND r.volume_unit = 'amount')
                        THEN (x.start * 1000000000)::bigint
                        ELSE x.start::bigint END AS start,
                   CASE WHEN x.has_price AND x.kind <> 'cost'
                        THEN COALESCE((x.price * 1000000000)::bigint, 0)
                        END AS price_nano,
                   COALESCE(x.increment, 0) AS increment,
                   CASE WHEN x.kind = 'cost'
                        THEN COALESCE((x.markup * 10000)::bigint, 0)
                        END AS markup_ppm
              FROM telecom_rate_tier x
              JOIN telecom_rate r ON r.id = x.rate_id
             WHERE r.company_id = %s AND %s
            """,
            company.id,
            wanted,
        ),
        {"price_nano": "Int64", "markup_ppm": "Int64"},
    )


def load_bands(env: api.Environment, company: models.BaseModel) -> pd.DataFrame:
    """Lines of time bands, also of archived ones that rates still name."""
    return read_frame(
        env,
        SQL(
            """
            SELECT b.id AS band_id, COALESCE(b.priority, 0) AS priority,
                   monday::int + 2 * tuesday::int + 4 * wednesday::int
                   + 8 * thursday::int + 16 * friday::int + 32 * saturday::int
                   + 64 * sunday::int AS weekdays,
                   (round(hour_from * 60) * 60)::bigint AS second_from,
                   (round(hour_to * 60) * 60)::bigint AS second_to, on_holidays
              FROM (SELECT band_id, COALESCE(hour_from, 0) AS hour_from,
                           COALESCE(hour_to, 0) AS hour_to,
                           COALESCE(on_holidays, FALSE) AS on_holidays,
                           COALESCE(monday, FALSE) AS monday,
                           COALESCE(tuesday, FALSE) AS tuesday,
                           COALESCE(wednesday, FALSE) AS wednesday,
                           COALESCE(thursday, FALSE) AS thursday,
                           COALESCE(friday, FALSE) AS friday,
                           COALESCE(saturday, FALSE) AS saturday,
                           COALESCE(sunday, FALSE) AS sunday
                      FROM telecom_time_band_line) AS line
              JOIN telecom_time_band b ON b.id = line.band_id
             WHERE b.company_id = %s
            """,
            company.id,
        ),
    )


def load_holidays(env: api.Environment, company: models.BaseModel) -> pd.DataFrame:
    """Days of the company's list, and those on which its own calendar has leave."""
    return read_frame(
        env,
        SQL(
            """
            SELECT date::timestamp AS day FROM telecom_holiday
             WHERE company_id = %(company)s
             UNION
            SELECT generate_series(
                       date_trunc('day', l.date_from
                           AT TIME ZONE 'UTC' AT TIME ZONE zone.name),
                       date_trunc('day', (l.date_to - interval '1 second')
                           AT TIME ZONE 'UTC' AT TIME ZONE zone.name),
                       interval '1 day')
              FROM resource_calendar_leaves l
              JOIN res_company c ON c.id = l.company_id
         LEFT JOIN resource_calendar r ON r.id = l.calendar_id
              JOIN LATERAL (SELECT COALESCE(r.tz, c.telecom_tz) AS name) zone ON TRUE
             WHERE c.id = %(company)s AND l.resource_id IS NULL
               AND (l.calendar_id IS NULL OR l.calendar_id = c.resource_calendar_id)
            """,
            company=company.id,
        ),
        {"day": "datetime64[s]"},
    )


def load_discounts(env: api.Environment, company: models.BaseModel) -> pd.DataFrame:
    """Lines of discounts, once for each that they are given to.

    A class stands for its customers, each in the period of the membership.
    """
    return read_frame(
        env,
        SQL(
            """
            SELECT l.id AS discount_id, COALESCE(l.sequence, 0) AS sequence,
                   given.owner_kind, given.owner_id, %(period)s,
                   COALESCE(l.service, '') AS service,
                   COALESCE(l.direction, '') AS direction,
                   COALESCE(l.category, '') AS category,
                   COALESCE(l.destination_id, 0) AS destination_id,
                   COALESCE(-(l.percent * 10000)::bigint, 0) AS percent_ppm,
                   COALESCE((l.amount * 1000000000)::bigint, 0) AS amount_nano,
                   COALESCE(l.currency_id, 0) AS currency_id
              FROM (%(given)s) AS given
              JOIN telecom_discount_line l ON l.discount_id = given.discount_id
            """,
            period=period_sql("given"),
            given=_discounts_given(company),
        ),
    )


def _discounts_given(company: models.BaseModel) -> SQL:
    return SQL(
        """
        SELECT discount_id, date_start, date_end,
               CASE WHEN partner_id IS NOT NULL THEN 'partner'
                    WHEN number_id IS NOT NULL THEN 'number'
                    WHEN department_id IS NOT NULL THEN 'department'
                    ELSE 'tariff' END AS owner_kind,
               COALESCE(partner_id, number_id, department_id, tariff_id) AS owner_id
          FROM telecom_discount_assignment
         WHERE company_id = %(company)s AND class_id IS NULL
         UNION ALL
        SELECT a.discount_id, %(start)s, %(end)s, 'class', m.partner_id
          FROM telecom_discount_assignment a
          JOIN telecom_class_membership m ON m.class_id = a.class_id AND %(meet)s
         WHERE a.company_id = %(company)s
        """,
        company=company.id,
        **_common_period(),
    )


def _common_period() -> dict[str, SQL]:
    """SQL of the time that an assignment ``a`` and a membership ``m`` share."""
    one = SQL("tsrange(a.date_start, a.date_end)")
    other = SQL("tsrange(m.date_start, m.date_end)")
    return {
        "start": SQL("lower(%s * %s)", one, other),
        "end": SQL("upper(%s * %s)", one, other),
        "meet": SQL("%s && %s", one, other),
    }


def load_partners(env: api.Environment, company: models.BaseModel) -> pd.DataFrame:
    """Billing day, class and own currency of customers.

    The engine takes one class a customer, and memberships are dated: each customer
    stands for a class of its own, and has the tariffs and discounts of its real ones.
    Not only holders of numbers: sources may find any customer, by its reference.
    """
    return read_frame(
        env,
        SQL(
            """
            SELECT p.id AS partner_id, p.id AS class_id, %(day)s AS billing_day,
                   COALESCE(%(currency)s, 0) AS currency_id
              FROM res_partner p
              JOIN res_company co ON co.id = %(company)s
             WHERE p.commercial_partner_id = p.id
               AND (%(day)s <> 1 OR %(currency)s IS NOT NULL OR EXISTS (
                       SELECT FROM telecom_class_membership m
                        WHERE m.partner_id = p.id AND m.company_id = co.id))
            """,
            day=BILLING_DAY,
            currency=env["res.partner"]._telecom_currency_sql(company),
            company=company.id,
        ),
    )


def load_departments(env: api.Environment, company: models.BaseModel) -> pd.DataFrame:
    """Departments of numbers."""
    return read_frame(
        env,
        SQL(
            "SELECT id AS number_id, department_id FROM telecom_number"
            " WHERE company_id = %s AND department_id IS NOT NULL",
            company.id,
        ),
    )


def load_assignments(env: api.Environment, company: models.BaseModel) -> pd.DataFrame:
    """Who has which tariff: those given, and the company's own for all others."""
    return read_frame(
        env,
        SQL(
            """
            SELECT given.owner_kind, given.owner_id, given.owner_key, given.tariff_id,
                   %(period)s
              FROM (%(given)s UNION ALL %(default)s) AS given
             WHERE given.tariff_id IS NOT NULL
            """,
            period=period_sql("given"),
            given=_tariffs_given(company),
            default=_tariffs_of_company(company),
        ),
    )


def _tariffs_of_company(company: models.BaseModel) -> SQL:
    """What the company had until each change, and what it has since the last one."""
    return SQL(
        """
        SELECT tariff_id, lag(date_end) OVER (ORDER BY date_end), date_end,
               'company', company_id, ''
          FROM (SELECT tariff_id, date_end, company_id FROM telecom_earlier_tariff
                 WHERE company_id = %(company)s AND carrier_id IS NULL
                 UNION ALL
                SELECT telecom_tariff_id, NULL, id FROM res_company
                 WHERE id = %(company)s) AS had
        """,
        company=company.id,
    )


def _tariffs_given(company: models.BaseModel) -> SQL:
    return SQL(
        """
        SELECT tariff_id, date_start, date_end,
               CASE WHEN number_id IS NOT NULL THEN 'number'
                    WHEN partner_id IS NOT NULL THEN 'partner'
                    WHEN carrier_id IS NOT NULL THEN 'carrier'
                    WHEN trunk IS NOT NULL THEN 'trunk' ELSE 'address' END
                   AS owner_kind,
               COALESCE(number_id, partner_id, carrier_id, 0) AS owner_id,
               COALESCE(trunk, source_address, '') AS owner_key
          FROM telecom_tariff_assignment
         WHERE company_id = %(company)s AND class_id IS NULL
         UNION ALL
        SELECT a.tariff_id, %(start)s, %(end)s, 'class', m.partner_id, ''
          FROM telecom_tariff_assignment a
          JOIN telecom_class_membership m ON m.class_id = a.class_id AND %(meet)s
         WHERE a.company_id = %(company)s
        """,
        company=company.id,
        **_common_period(),
    )

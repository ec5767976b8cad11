# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Loads bundles for the engine: who has which, what they include, and what is added."""

import pandas as pd

from odoo import api, models
from odoo.tools import SQL

from ..engine.bundles.subscriptions import Bundles
from .customer_periods import BILLING_DAY, local_day_sql
from .table_frames import period_sql, read_frame

DRAW_TYPES = {
    "period_start": "datetime64[s]",
    "quantity": "int64",
    "amount_micro": "int64",
}


def load_bundles(
    env: api.Environment, company: models.BaseModel, partner: models.BaseModel = None
) -> Bundles:
    """The bundles of a company's customers, or of one of them (who pays)."""
    own = partner_condition(partner)
    return Bundles.build(
        load_subscriptions(env, company, own),
        load_allowances(env, company),
        _added(env, "telecom_bundle_topup", company, own),
        _added(env, "telecom_bundle_carry", company, own),
    )


def partner_condition(partner: models.BaseModel | None) -> SQL:
    """SQL condition of the customers ``p`` of subscriptions."""
    if partner is None:
        return SQL("TRUE")
    return SQL("p.id = %s", partner.commercial_partner_id.id)


def load_subscriptions(
    env: api.Environment, company: models.BaseModel, condition: SQL | None = None
) -> pd.DataFrame:
    """Subscriptions with the rules of their bundles.

    :param condition: of the paying customer ``p``; None: all
    """
    frame = read_frame(
        env,
        SQL(
            """
            SELECT s.id AS subscription_id, s.bundle_id, p.id AS partner_id, s.priority,
                   %(rules)s, %(period)s, %(billing_day)s AS billing_day,
                   %(first_day)s AS first_day, %(last_day)s AS last_day,
                   ARRAY(SELECT telecom_number_id
                           FROM telecom_bundle_subscription_telecom_number_rel r
                          WHERE r.telecom_bundle_subscription_id = s.id) AS numbers
              FROM telecom_bundle_subscription s
              JOIN telecom_bundle b ON b.id = s.bundle_id
              JOIN res_company co ON co.id = s.company_id
              JOIN res_partner holder ON holder.id = s.partner_id
              JOIN res_partner p ON p.id = holder.commercial_partner_id
             WHERE s.company_id = %(company)s AND %(condition)s
            """,
            rules=bundle_rules(),
            period=period_sql("s"),
            billing_day=BILLING_DAY,
            first_day=local_day_sql(SQL("s.date_start")),
            last_day=local_day_sql(SQL("(s.date_end - interval '1 second')")),
            company=company.id,
            condition=condition or SQL("TRUE"),
        ),
    )
    return frame.assign(numbers=[frozenset(ids) for ids in frame["numbers"]])


def load_offers(
    env: api.Environment, company: models.BaseModel, partner: models.BaseModel
) -> pd.DataFrame:
    """Every bundle of a company, as if a customer had it for all numbers."""
    frame = read_frame(
        env,
        SQL(
            "SELECT b.id AS subscription_id, b.id AS bundle_id, %s AS partner_id,"
            ' 10 AS priority, 0 AS start, 1 AS "end", %s FROM telecom_bundle b'
            " WHERE b.company_id = %s",
            partner.id,
            bundle_rules(),
            company.id,
        ),
    )
    return frame.assign(numbers=[frozenset()] * len(frame))


def bundle_rules() -> SQL:
    """SQL columns of how the bundle ``b`` of a subscription works."""
    return SQL(
        """
        COALESCE(b.is_shared, FALSE) AS is_shared,
        COALESCE(b.tariff_id, 0) AS tariff_id,
        COALESCE(b.prorate_allowance, FALSE) AS is_prorated,
        COALESCE(b.bundle_initial, 0) AS bundle_initial,
        COALESCE(b.bundle_increment, 1) AS bundle_increment,
        COALESCE(b.bundle_minimum, 0) AS bundle_minimum,
        COALESCE(b.bundle_grace, 0) AS bundle_grace,
        COALESCE(b.run_through, FALSE) AS run_through,
        COALESCE(b.connect_rule, '') AS connect_rule,
        COALESCE((b.covered_price * 1000000000)::bigint, 0) AS covered_price_nano,
        COALESCE((b.covered_connect_fee * 1000000000)::bigint, 0)
            AS covered_connect_nano
        """
    )


def load_allowances(env: api.Environment, company: models.BaseModel) -> pd.DataFrame:
    """Allowances; a category or prefix belongs to the calls as matched."""
    return read_frame(
        env,
        SQL(
            """
            SELECT a.id AS allowance_id, a.bundle_id, a.sequence, a.service,
                   COALESCE(a.direction, '') AS direction, co.currency_id,
                   COALESCE(a.rollover_months, 0) AS rollover_months,
                   COALESCE((a.rest_discount * 10000)::bigint, 0) AS rest_discount_ppm,
                   CASE WHEN a.amount_limit > 0
                        THEN (a.amount_limit * 1000000)::bigint
                        END AS amount_limit_micro,
                   %(quantity)s, %(targets)s
              FROM telecom_bundle_allowance a
              JOIN telecom_bundle b ON b.id = a.bundle_id
              JOIN res_company co ON co.id = b.company_id
             WHERE co.id = %(company)s
            """,
            quantity=allowance_quantity(),
            targets=allowance_targets(),
            company=company.id,
        ),
        {"amount_limit_micro": "Int64"},
    )


def allowance_quantity() -> SQL:
    """SQL columns: what the allowance ``a`` counts, and how much it has (or micro)."""
    return SQL(
        """
        CASE WHEN a.seconds > 0 THEN 'seconds' WHEN a.bytes > 0 THEN 'bytes'
             WHEN a.messages > 0 THEN 'messages' WHEN a.calls > 0 THEN 'calls'
             ELSE 'amount' END AS kind,
        COALESCE(NULLIF(a.seconds, 0)::bigint, NULLIF(a.bytes, 0)::bigint,
                 NULLIF(a.messages, 0), NULLIF(a.calls, 0),
                 (a.amount * 1000000)::bigint, 0) AS quantity
        """
    )


def allowance_targets() -> SQL:
    """SQL columns: the calls that the allowance ``a`` is for."""
    return SQL(
        """
        ARRAY(SELECT p.prefix
                FROM telecom_bundle_allowance_telecom_prefix_rel r
                JOIN telecom_prefix p ON p.id = r.telecom_prefix_id
               WHERE r.telecom_bundle_allowance_id = a.id) AS prefixes,
        ARRAY(SELECT r.telecom_destination_id
                FROM telecom_bundle_allowance_telecom_destination_rel r
               WHERE r.telecom_bundle_allowance_id = a.id) AS destinations,
        ARRAY(SELECT c.code
                FROM telecom_bundle_allowance_telecom_call_category_rel r
                JOIN telecom_call_category c ON c.id = r.telecom_call_category_id
               WHERE r.telecom_bundle_allowance_id = a.id) AS categories
        """
    )


def _added(
    env: api.Environment, table: str, company: models.BaseModel, condition: SQL
) -> pd.DataFrame:
    """What periods have beside what is included: top-ups, or what was carried over."""
    return read_draws(
        env,
        SQL(
            """
            %s d
              JOIN telecom_bundle_subscription s ON s.id = d.subscription_id
              JOIN res_partner holder ON holder.id = s.partner_id
              JOIN res_partner p ON p.id = holder.commercial_partner_id
            """,
            SQL.identifier(table),
        ),
        SQL("d.company_id = %s AND %s", company.id, condition),
    )


def read_draws(env: api.Environment, source: SQL, condition: SQL) -> pd.DataFrame:
    """Quantities ``d`` of allowances by number and period, money in micro."""
    return read_frame(
        env,
        SQL(
            """
            SELECT d.subscription_id, d.allowance_id,
                   COALESCE(d.number_id, 0) AS number_id, d.period_start,
                   sum(CASE WHEN a.amount > 0 THEN d.quantity * 1000000
                            ELSE d.quantity END)::bigint AS quantity,
                   sum(COALESCE(d.amount, 0) * 1000000)::bigint AS amount_micro
              FROM %s
              JOIN telecom_bundle_allowance a ON a.id = d.allowance_id
             WHERE %s
          GROUP BY 1, 2, 3, 4
            """,
            source,
            condition,
        ),
        DRAW_TYPES,
    )


def load_numbers(
    env: api.Environment, company: models.BaseModel, partner: models.BaseModel
) -> pd.DataFrame:
    """The numbers of a customer's subscriptions that each have an allowance."""
    return read_frame(
        env,
        SQL(
            """
            SELECT s.id AS subscription_id, n.id AS number_id,
                   %(first_day)s AS first_day
              FROM telecom_bundle_subscription s
              JOIN res_company co ON co.id = s.company_id
              JOIN res_partner holder ON holder.id = s.partner_id
              JOIN res_partner p ON p.id = holder.commercial_partner_id
              JOIN res_partner user_of ON user_of.commercial_partner_id = p.id
              JOIN telecom_number n ON n.partner_id = user_of.id
                                   AND n.company_id = s.company_id
             WHERE s.company_id = %(company)s AND %(condition)s
            """,
            first_day=local_day_sql(SQL("n.date_start")),
            company=company.id,
            condition=partner_condition(partner),
        ),
    )

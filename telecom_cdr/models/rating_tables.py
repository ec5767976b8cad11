# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Loads what the engine needs, one query a table."""

from fractions import Fraction

import pandas as pd

from odoo import api, models
from odoo.tools import SQL

from ..engine.allowances import Bundles
from ..engine.book import RateBook
from ..engine.match import DestinationTable, NumberTable
from ..engine.periods import EVER, NEVER
from ..engine.pipeline import CarrierTerms, RatingTables
from ..parsers.numbering import numbers_type


def load_tables(env: api.Environment, company: models.BaseModel) -> RatingTables:
    """Numbers, destinations, tariffs and bundles of a company."""
    env.flush_all()
    country = company.country_id.code or "ES"
    prefixes = _prefixes(env, company)
    return RatingTables(
        carriers=_carriers(env, company),
        destinations=DestinationTable.build(prefixes),
        book=RateBook.build(
            tariffs=_tariffs(env, company),
            rates=_rates(env, company),
            prefixes=prefixes,
            assignments=_assignments(env, company),
            subscriptions=_subscriptions(env, company),
            currencies=_currencies(env, company),
        ),
        bundles=Bundles.build(_subscriptions(env, company), _allowances(env, company)),
        country_code=str(company.country_id.phone_code or ""),
        time_zone=company.telecom_tz,
        fallback=lambda digits: numbers_type(digits, country),
        currency_id=company.currency_id.id,
    )


def _frame(env, query, types=None):
    """The rows of a query, columns named as in it."""
    env.cr.execute(query)
    names = [column.name for column in env.cr.description]
    frame = pd.DataFrame(env.cr.fetchall(), columns=names)
    return frame.astype(types or {})


def _period(alias=""):
    """SQL of the columns start and end: epoch seconds, open ends far away."""
    return SQL(
        "COALESCE(EXTRACT(EPOCH FROM %s)::bigint, %s) AS start,"
        ' COALESCE(EXTRACT(EPOCH FROM %s)::bigint, %s) AS "end"',
        SQL.identifier(alias, "date_start"),
        EVER,
        SQL.identifier(alias, "date_end"),
        NEVER,
    )


def _carriers(env, company):
    numbers = _numbers(env, company)
    carriers = env["telecom.carrier"].with_context(active_test=False)
    return {
        carrier.id: CarrierTerms(
            numbers=NumberTable.build(numbers, carrier.id),
            cost_tariff_id=carrier.cost_tariff_id.id or 0,
            currency_id=carrier.currency_id.id,
        )
        for carrier in carriers.sudo().search([("company_id", "=", company.id)])
    }


def _numbers(env, company):
    return _frame(
        env,
        SQL(
            """
            SELECT n.id AS number_id, n.number AS identifier, n.kind,
                   n.scope_id AS carrier_id,
                   COALESCE(p.commercial_partner_id, 0) AS partner_id, %(period)s
              FROM telecom_number n
              JOIN res_partner p ON p.id = n.partner_id
             WHERE n.company_id = %(company)s
            """,
            period=_period("n"),
            company=company.id,
        ),
    )


def _prefixes(env, company):
    """Prefixes with the category as seen from the company's country."""
    return _frame(
        env,
        SQL(
            """
            SELECT d.id AS destination_id, p.prefix,
                   CASE WHEN d.country_id <> %(country)s
                         AND d.category NOT IN ('internal', 'other')
                        THEN 'international' ELSE d.category END AS category
              FROM telecom_prefix p
              JOIN telecom_destination d ON d.id = p.destination_id
             WHERE (d.company_id IS NULL OR d.company_id = %(company)s) AND d.active
          ORDER BY d.company_id NULLS FIRST, p.prefix
            """,
            country=company.country_id.id or 0,
            company=company.id,
        ),
    )


def _tariffs(env, company):
    return _frame(
        env,
        SQL(
            "SELECT id AS tariff_id, COALESCE(parent_id, 0) AS parent_id, currency_id,"
            " rounding_digits, rounding FROM telecom_tariff WHERE company_id = %s",
            company.id,
        ),
    )


def _rates(env, company):
    return _frame(
        env,
        SQL(
            """
            SELECT r.id AS rate_id, r.tariff_id, r.service, r.direction,
                   COALESCE(r.prefix, '') AS prefix,
                   COALESCE(r.destination_id, 0) AS destination_id,
                   COALESCE(r.category, '') AS category, r.method,
                   COALESCE((r.price * 1000000000)::bigint, 0) AS price_nano,
                   COALESCE((r.connect_fee * 1000000000)::bigint, 0) AS connect_nano,
                   r.initial_increment AS initial, r.increment,
                   COALESCE(r.minimum_duration, 0) AS minimum_duration,
                   COALESCE(r.grace, 0) AS grace,
                   CASE WHEN r.has_minimum_price
                        THEN (r.minimum_price * 1000000000)::bigint END AS minimum_nano,
                   CASE WHEN r.has_maximum_price
                        THEN (r.maximum_price * 1000000000)::bigint END AS maximum_nano,
                   COALESCE((r.markup * 10000)::bigint, 0) AS markup_ppm,
                   COALESCE(r.is_allowed, FALSE) AS is_allowed,
                   COALESCE(r.is_late_priced, FALSE) AS is_late_priced, %(period)s
              FROM telecom_rate r
              JOIN telecom_tariff t ON t.id = r.tariff_id
             WHERE t.company_id = %(company)s
            """,
            period=_period("r"),
            company=company.id,
        ),
        {"minimum_nano": "Int64", "maximum_nano": "Int64"},
    )


def _assignments(env, company):
    own = _frame(
        env,
        SQL(
            """
            SELECT CASE WHEN number_id IS NULL THEN 'partner' ELSE 'number' END
                       AS owner_kind,
                   COALESCE(number_id, partner_id) AS owner_id, tariff_id, %(period)s
              FROM telecom_tariff_assignment a
             WHERE company_id = %(company)s
            """,
            period=_period("a"),
            company=company.id,
        ),
    )
    default = company.telecom_tariff_id
    if not default:
        return own
    row = {
        "owner_kind": "company",
        "owner_id": company.id,
        "tariff_id": default.id,
        "start": EVER,
        "end": NEVER,
    }
    return pd.concat([own, pd.DataFrame([row])], ignore_index=True)


def _subscriptions(env, company):
    frame = _frame(
        env,
        SQL(
            """
            SELECT s.id AS subscription_id, s.bundle_id,
                   p.commercial_partner_id AS partner_id, s.priority,
                   COALESCE(b.is_shared, FALSE) AS is_shared,
                   COALESCE(b.tariff_id, 0) AS tariff_id, %(period)s,
                   ARRAY(SELECT telecom_number_id
                           FROM telecom_bundle_subscription_telecom_number_rel r
                          WHERE r.telecom_bundle_subscription_id = s.id) AS numbers
              FROM telecom_bundle_subscription s
              JOIN telecom_bundle b ON b.id = s.bundle_id
              JOIN res_partner p ON p.id = s.partner_id
             WHERE s.company_id = %(company)s
            """,
            period=_period("s"),
            company=company.id,
        ),
    )
    return frame.assign(numbers=[frozenset(ids) for ids in frame["numbers"]])


def _allowances(env, company):
    """Allowances; a category or prefix belongs to the calls as matched."""
    return _frame(
        env,
        SQL(
            """
            SELECT a.id AS allowance_id, a.bundle_id, a.sequence, a.service,
                   CASE WHEN a.seconds > 0 THEN 'seconds' WHEN a.bytes > 0 THEN 'bytes'
                        WHEN a.messages > 0 THEN 'messages'
                        WHEN a.calls > 0 THEN 'calls' ELSE 'amount' END AS kind,
                   COALESCE(NULLIF(a.seconds, 0)::bigint, NULLIF(a.bytes, 0)::bigint,
                            NULLIF(a.messages, 0), NULLIF(a.calls, 0),
                            (a.amount * 1000000)::bigint, 0) AS quantity,
                   ARRAY(SELECT p.prefix
                           FROM telecom_bundle_allowance_telecom_prefix_rel r
                           JOIN telecom_prefix p ON p.id = r.telecom_prefix_id
                          WHERE r.telecom_bundle_allowance_id = a.id) AS prefixes,
                   ARRAY(SELECT r.telecom_destination_id
                           FROM telecom_bundle_allowance_telecom_destination_rel r
                          WHERE r.telecom_bundle_allowance_id = a.id) AS destinations,
                   ARRAY(SELECT c.code
                           FROM telecom_bundle_allowance_telecom_call_category_rel r
                           JOIN telecom_call_category c
                             ON c.id = r.telecom_call_category_id
                          WHERE r.telecom_bundle_allowance_id = a.id) AS categories
              FROM telecom_bundle_allowance a
              JOIN telecom_bundle b ON b.id = a.bundle_id
             WHERE b.company_id = %(company)s
            """,
            company=company.id,
        ),
    )


def _currencies(env, company):
    """Exact rates by day between the currencies that are in use.

    A day without a rate of its own is missing: a call then waits for it.
    """
    used = _frame(
        env,
        SQL(
            "SELECT currency_id FROM telecom_tariff WHERE company_id = %(company)s"
            " UNION SELECT currency_id FROM telecom_carrier"
            " WHERE company_id = %(company)s",
            company=company.id,
        ),
    )["currency_id"].tolist()
    if not set(used) - {company.currency_id.id}:
        return None
    rates = _frame(
        env,
        SQL(
            "SELECT name AS day, currency_id, rate FROM res_currency_rate"
            " WHERE currency_id = ANY(%s) AND COALESCE(company_id, %s) = %s",
            used,
            company.id,
            company.root_id.id,
        ),
    )
    return _cross_rates(rates, company.currency_id.id, set(used))


def _cross_rates(rates, company_currency_id, used):
    """Ratios between every two currencies on the days that both have a rate."""
    rows = []
    for day, group in rates.groupby("day"):
        of_day = {
            int(row.currency_id): Fraction(str(row.rate)) for row in group.itertuples()
        }
        of_day[company_currency_id] = Fraction(1)
        rows.extend(
            (day, source, target, of_day[target] / of_day[source])
            for source in of_day.keys() & (used | {company_currency_id})
            for target in of_day.keys() & (used | {company_currency_id})
            if source != target
        )
    return pd.DataFrame(
        {
            "day": pd.to_datetime([row[0] for row in rows]),
            "from_id": [row[1] for row in rows],
            "to_id": [row[2] for row in rows],
            "numerator": [row[3].numerator for row in rows],
            "denominator": [row[3].denominator for row in rows],
        }
    )

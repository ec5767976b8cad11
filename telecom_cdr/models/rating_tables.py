# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Loads what the engine needs, one query a table."""

from datetime import UTC
from fractions import Fraction

import pandas as pd

from odoo import api, models
from odoo.tools import SQL

from ..engine.identifiers import NUMBER, CustomerTable
from ..engine.ignored import IgnoreRule
from ..engine.match import DestinationTable, NumberTable
from ..engine.pipeline import CarrierTerms, RatingTables
from ..engine.rates.book import RateBook
from ..engine.untaxed import TaxIncluded
from ..parsers.numbering import numbers_type
from .bundle_tables import load_bundles, load_subscriptions
from .call_secret import load_choices
from .currency_rates import day_rates
from .table_frames import period_sql as _period
from .table_frames import read_frame as _frame
from .tariff_tables import (
    load_assignments,
    load_bands,
    load_departments,
    load_discounts,
    load_holidays,
    load_partners,
    load_rates,
    load_tariffs,
    load_tiers,
)


def load_tables(env: api.Environment, company: models.BaseModel) -> RatingTables:
    """Numbers, destinations, tariffs and bundles of a company."""
    env.flush_all()
    country = company.country_id.code or "ES"
    prefixes = load_prefixes(env, company)
    return RatingTables(
        carriers=_carriers(env, company),
        destinations=DestinationTable.build(prefixes),
        book=RateBook.build(
            tariffs=load_tariffs(env, company),
            rates=load_rates(env, company),
            prefixes=prefixes,
            assignments=load_assignments(env, company),
            subscriptions=load_subscriptions(env, company),
            currencies=_currencies(env, company),
            tiers=load_tiers(env, company),
            bands=load_bands(env, company),
            holidays=load_holidays(env, company),
            discounts=load_discounts(env, company),
            partners=load_partners(env, company),
            departments=load_departments(env, company),
        ),
        bundles=load_bundles(env, company),
        country_code=str(company.country_id.phone_code or ""),
        time_zone=company.telecom_tz,
        fallback=lambda digits: numbers_type(digits, country),
        currency_id=company.currency_id.id,
        ignored=_ignored(env, company),
        searches=_searches(env, company),
        taxed=_taxed(env, company),
        masking=load_choices(env, company.id),
    )


def _carriers(env, company):
    numbers = _numbers(env, company)
    carriers = env["telecom.carrier"].with_context(active_test=False)
    earlier = env["telecom.earlier.tariff"]
    return {
        carrier.id: CarrierTerms(
            numbers=NumberTable.build(numbers, carrier.id),
            cost_tariff_id=carrier.cost_tariff_id.id or 0,
            currency_id=carrier.currency_id.id,
            earlier=tuple(
                (
                    int(one.date_end.replace(tzinfo=UTC).timestamp()),
                    one.tariff_id.id or 0,
                )
                for one in earlier._of(company, carrier)
            ),
        )
        for carrier in carriers.sudo().search([("company_id", "=", company.id)])
    }


def _numbers(env, company):
    return _frame(
        env,
        SQL(
            """
            SELECT n.id AS number_id, i.identifier, n.kind, n.scope_id AS carrier_id,
                   COALESCE(p.commercial_partner_id, 0) AS partner_id, %(period)s
              FROM telecom_number n
              JOIN res_partner p ON p.id = n.partner_id
        CROSS JOIN LATERAL unnest(CASE n.kind
                   WHEN 'customer_code' THEN string_to_array(n.number, ' ')
                   ELSE ARRAY[n.number] END) AS i (identifier)
             WHERE n.company_id = %(company)s
            """,
            period=_period("n"),
            company=company.id,
        ),
    )


def _searches(env, company):
    """By source, the order in which it finds customers, where it has one."""
    sources = env["telecom.source"].sudo().with_context(active_test=False)
    sources = sources.search(
        [("company_id", "=", company.id), ("identifier_ids", "!=", False)]
    )
    by_customer = sources.identifier_ids.filtered(
        lambda line: line._identifier().by != NUMBER
    )
    customers = _customers(env, company) if by_customer else None
    return {source.id: source._search_order(customers) for source in sources}


def _customers(env, company):
    """Partners that the company can see, by id and by reference."""
    return CustomerTable.build(
        _frame(
            env,
            SQL(
                """
                SELECT p.id AS partner_id, COALESCE(trim(p.ref), '') AS reference,
                       COALESCE(p.commercial_partner_id, p.id) AS payer_id
                  FROM res_partner p
                 WHERE p.active AND COALESCE(p.company_id, %(company)s) = %(company)s
                """,
                company=company.id,
            ),
        )
    )


def _taxed(env, company):
    """Rates whose prices hold the tax, and what their products leave of a price."""
    rates = env.execute_query(
        SQL(
            "SELECT r.id FROM telecom_rate r"
            " JOIN telecom_tariff t ON t.id = r.tariff_id"
            " WHERE t.is_tax_included AND t.company_id = %s",
            company.id,
        )
    )
    if not rates:
        return TaxIncluded()
    shares = company.sudo()._telecom_untaxed_shares()
    return TaxIncluded(frozenset(row[0] for row in rates), shares)


def _ignored(env, company):
    rules = _frame(
        env,
        SQL(
            """
            SELECT COALESCE(r.carrier_id, 0) AS carrier_id,
                   COALESCE(r.cause, '') AS cause, COALESCE(r.number, '') AS number,
                   COALESCE(r.prefix, '') AS prefix,
                   COALESCE(r.calling_pattern, '') AS calling_pattern,
                   COALESCE(r.called_pattern, '') AS called_pattern, %(period)s
              FROM telecom_ignore_rule r
             WHERE r.company_id = %(company)s AND r.active
          ORDER BY r.id
            """,
            period=_period("r"),
            company=company.id,
        ),
    )
    return tuple(IgnoreRule(**rule) for rule in rules.to_dict("records"))


def load_prefixes(env, company):
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


def used_currencies(env: api.Environment, company: models.BaseModel) -> set[int]:
    """The currencies that a company's calls are priced, costed and paid in."""
    used = _frame(
        env,
        SQL(
            "SELECT currency_id FROM telecom_tariff WHERE company_id = %(company)s"
            " UNION SELECT currency_id FROM telecom_carrier"
            " WHERE company_id = %(company)s"
            " UNION SELECT currency_id FROM telecom_discount_line"
            " WHERE company_id = %(company)s AND currency_id IS NOT NULL"
            " UNION SELECT %(own)s FROM res_partner p WHERE %(own)s IS NOT NULL",
            company=company.id,
            own=env["res.partner"]._telecom_currency_sql(company),
        ),
    )["currency_id"]
    return {company.currency_id.id, *used.tolist()}


def _currencies(env, company):
    """Exact rates by day between the currencies that are in use.

    A day without a rate of its own is missing: a call then waits for it.
    """
    used = used_currencies(env, company)
    if len(used) == 1:
        return None
    rates = _frame(
        env,
        SQL(
            "SELECT r.day, r.currency_id, r.rate::text, r.own_rate::text"
            " FROM (%s) r WHERE r.currency_id = ANY(%s)",
            day_rates(SQL("b.id = %s", company.id)),
            list(used),
        ),
    )
    return _cross_rates(rates, company.currency_id.id)


def _cross_rates(rates, company_currency_id):
    """Ratios between every two currencies on the days that both have a rate."""
    rows = []
    for day, group in rates.groupby("day"):
        of_day = {
            int(row.currency_id): Fraction(row.rate) / Fraction(row.own_rate)
            for row in group.itertuples()
        }
        of_day[company_currency_id] = Fraction(1)
        rows.extend(
            (day, source, target, of_day[target] / of_day[source])
            for source in of_day
            for target in of_day
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

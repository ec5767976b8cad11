# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What calls bring and cost in the company's currency, of the sums of calls."""

from odoo import api
from odoo.tools import SQL

from .call_sums import fresh_sums
from .currency_rates import day_rates

DEPENDS = {
    "telecom.call": [
        "partner_id",
        "number_id",
        "price",
        "currency_id",
        "cost",
        "cost_currency_id",
        "margin",
        "rating_state",
        "rate_id",
        "cost_rate_id",
    ],
    "res.currency.rate": ["name", "rate", "currency_id", "company_id"],
    "res.company": ["currency_id"],
}
# Of each company and day. Joined, not looked up by row.
RATES = SQL(
    "SELECT company_id, currency_id, day, rate / own_rate AS rate FROM (%s) d",
    day_rates(SQL("TRUE")),
)
NO_SHARES = SQL("(SELECT 0 AS company_id, '' AS kind, 1 AS top, 1 AS bottom) given")
KIND = SQL(
    "CASE WHEN s.is_roaming THEN 'roaming'"
    " WHEN s.category IN ('landline', 'mobile') THEN s.category ELSE 'other' END"
)


def company_amounts(env: api.Environment) -> SQL:
    """Query of sums of calls with revenue, cost and margin in the company's currency.

    The revenue is what stands on invoices before tax: of prices that hold the tax, what
    their product's tax leaves. The margin tells what the other currency came to, and
    what the tax was when the call was rated; only where it does not know is an amount
    converted here, at the rate of the call's day, or the tax taken out, as it is now.
    A price or a cost that is unknown counts as 0.
    """
    return SQL(
        """
        SELECT b.*, CASE WHEN b.has_margin THEN b.rated_margin
               ELSE COALESCE(b.revenue, 0) - COALESCE(b.cost, 0) END AS margin
          FROM (%s) b
        """,
        _converted(env),
    )


def _converted(env: api.Environment) -> SQL:
    """Sums with revenue and cost, and the margin as rated."""
    return SQL(
        """
        SELECT a.id, a.company_id, a.month, a.partner_id, a.number_id, a.carrier_id,
               a.direction, a.service, a.category, a.is_roaming, a.destination_id,
               a.rate_id, a.cost_rate_id, a.rating_state, a.call_count, a.duration,
               a.bundle_duration, a.has_margin, a.margin AS rated_margin,
               a.currency_id AS price_currency_id, a.cost_currency_id,
               a.own_currency_id AS currency_id,
               CASE WHEN a.has_margin AND a.cost_currency_id = a.own_currency_id
                         AND (a.is_taxed OR a.currency_id <> a.own_currency_id)
                    THEN a.margin + a.cost
                    WHEN a.currency_id = a.own_currency_id THEN a.untaxed
                    ELSE a.untaxed / p.rate END AS revenue,
               CASE WHEN a.cost_currency_id = a.own_currency_id THEN a.cost
                    WHEN a.has_margin AND a.currency_id = a.own_currency_id
                    THEN a.untaxed - a.margin
                    ELSE a.cost / k.rate END AS cost
          FROM (%(sums)s) a
     LEFT JOIN (%(rates)s) p
            ON p.currency_id = a.currency_id AND p.day = a.rate_day
           AND p.company_id = a.company_id AND a.currency_id <> a.own_currency_id
     LEFT JOIN (%(rates)s) k
            ON k.currency_id = a.cost_currency_id AND k.day = a.rate_day
           AND k.company_id = a.company_id AND a.cost_currency_id <> a.own_currency_id
        """,
        sums=_untaxed(env),
        rates=RATES,
    )


def _untaxed(env: api.Environment) -> SQL:
    """Sums with the price less the tax that it holds, and the company's currency."""
    return SQL(
        """
        SELECT s.*, m.currency_id AS own_currency_id, x.rate_id IS NOT NULL AS is_taxed,
               CASE WHEN x.rate_id IS NULL OR v.top IS NULL THEN s.price
                    ELSE s.price * v.top / v.bottom END AS untaxed
          FROM (%(sums)s) s
          JOIN res_company m ON m.id = s.company_id
     LEFT JOIN (SELECT r.id AS rate_id FROM telecom_rate r
                  JOIN telecom_tariff t ON t.id = r.tariff_id
                 WHERE t.is_tax_included) x ON x.rate_id = s.rate_id
     LEFT JOIN (SELECT * FROM %(shares)s) v
            ON v.company_id = s.company_id AND v.kind = %(kind)s
        """,
        sums=fresh_sums(env),
        shares=_shares(env),
        kind=KIND,
    )


def _shares(env: api.Environment) -> SQL:
    """What the taxes of each company leave of prices of each kind of calls."""
    tariffs = env["telecom.tariff"].sudo().with_context(active_test=False)
    found = tariffs._read_group([("is_tax_included", "=", True)], ["company_id"])
    rows = [
        (company.id, kind, share.numerator, share.denominator)
        for (company,) in found
        for kind, share in company._telecom_untaxed_shares().items()
    ]
    if not rows:
        return NO_SHARES
    return SQL(
        "unnest(%s::int[], %s::text[], %s::bigint[], %s::bigint[])"
        " AS given(company_id, kind, top, bottom)",
        *(list(column) for column in zip(*rows, strict=True)),
    )

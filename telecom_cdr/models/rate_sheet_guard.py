# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which retail prices fall below cost by a rate sheet, and whom that touches."""

from fractions import Fraction

import numpy as np
import pandas as pd

from odoo import models
from odoo.tools import SQL

from ..engine.rate_sheets.rate_changes import margin_guard
from ..engine.rate_sheets.rate_plan import RatePlan
from ..parsers.numbering import numbers_type
from .rating_tables import load_prefixes
from .table_frames import read_large_frame
from .tariff_tables import rate_prices, rate_steps

SECONDS = (60, 180)
NUMBER_DIGITS = 11
RATE_COLUMNS = {
    "price_nano": "Int64", "connect_nano": "Int64", "initial_price_nano": "Int64",
    "minimum_price_nano": "Int64", "maximum_price_nano": "Int64", "prefix": object,
    "category": object, "method": object,
}  # fmt: skip


def find_losses(record: models.BaseModel, plan: RatePlan) -> list[dict]:
    """Retail rates below cost by what a plan writes: the worst case of each.

    :return: values of telecom.rate.sheet.loss, worst margin first
    """
    env = record.env(su=True)
    record = record.with_env(env)
    if record.service != "voice" or not len(plan.inserts):
        return []
    own = _resulting(record, plan)
    prefixes = load_prefixes(env, record.company_id)
    found = []
    for tariff in _other_side(record):
        other = _rates_of(env, tariff, record)
        ratio = _ratio(record, tariff)
        if not len(other) or not ratio:
            continue
        cost, retail = (own, other) if record.tariff_id.is_cost else (other, own)
        cost = _with_category(cost, prefixes, record.company_id)
        pairs = margin_guard(
            cost[cost["prefix"] != ""],
            retail,
            SECONDS,
            ratio,
            destination_prefixes=prefixes[["destination_id", "prefix"]],
        )
        found += _losses(record, tariff, pairs)
    return sorted(found, key=lambda one: one["margin"])


def _other_side(record: models.BaseModel):
    """Tariffs to compare with: all prices for a cost, present costs for a price."""
    tariffs = record.env["telecom.tariff"]
    own = [("company_id", "=", record.company_id.id), ("rate_ids", "!=", False)]
    if record.tariff_id.is_cost:
        return tariffs.search([*own, ("is_cost", "=", False)])
    carriers = record.env["telecom.carrier"]
    carriers = carriers.search([("company_id", "=", record.company_id.id)])
    return carriers.cost_tariff_id - record.tariff_id


def _ratio(record: models.BaseModel, tariff) -> tuple[int, int] | None:
    """Cost in the currency of the retail price; None where no rate is known."""
    cost, retail = (
        (record.tariff_id, tariff) if record.tariff_id.is_cost
        else (tariff, record.tariff_id)
    )  # fmt: skip
    if cost.currency_id == retail.currency_id:
        return 1, 1
    day = record.date_start.date()
    rates = (cost.currency_id | retail.currency_id)._get_rates(record.company_id, day)
    known = [
        Fraction(str(rates.get(one.currency_id.id) or 0)) for one in (retail, cost)
    ]
    if not all(known):
        return None
    ratio = (known[0] / known[1]).limit_denominator(10**6)
    return ratio.numerator, ratio.denominator


def _rates_of(env, tariff, record: models.BaseModel, without=()) -> pd.DataFrame:
    """The rates of a tariff from the sheet's date on, as the guard takes them."""
    query = SQL(
        """
        SELECT r.id AS rate_id, COALESCE(r.prefix, '') AS prefix,
               COALESCE(r.destination_id, 0) AS destination_id,
               COALESCE(r.category, '') AS category,
               COALESCE(r.is_allowed, FALSE) AND NOT COALESCE(
                   r.is_late_priced AND r.late_rule = 'wait', FALSE) AS is_allowed,
               %(prices)s, %(steps)s
          FROM telecom_rate r
         WHERE r.tariff_id = %(tariff)s AND r.active AND r.service = 'voice'
           AND r.direction = %(direction)s AND r.calling_pattern IS NULL
           AND r.called_pattern IS NULL AND r.region_pattern IS NULL
           AND (r.date_end IS NULL OR r.date_end > %(date)s)
           AND NOT r.id = ANY(%(without)s)
        """,
        prices=rate_prices(),
        steps=rate_steps(),
        tariff=tariff.id,
        direction=record.direction,
        date=record.date_start,
        without=list(without),
    )
    table = read_large_frame(env, query)
    limits = {f"{n}_nano": f"{n}_price_nano" for n in ("minimum", "maximum")}
    return table.rename(columns=limits).astype(RATE_COLUMNS)


def _resulting(record: models.BaseModel, plan: RatePlan) -> pd.DataFrame:
    """The sheet's tariff as it will be; what is added has ids below 0."""
    gone = [*plan.removals.tolist(), *_over(record, plan)]
    stays = _rates_of(record.env, record.tariff_id, record, gone)
    added = plan.inserts
    free = added["is_allowed"] & ~added["is_unpriced"]
    added = added.drop(columns=["start", "until"]).assign(
        rate_id=-1 - np.arange(len(added)), is_allowed=free, method="duration",
        destination_id=0, category="", price_seconds=60, free_seconds=0,
    )  # fmt: skip
    return pd.concat([stays, added.astype({"prefix": object})], ignore_index=True)


def _over(record: models.BaseModel, plan: RatePlan) -> list[int]:
    """Rates that end at the sheet's date."""
    ends = plan.cuts["end"].to_numpy().astype("datetime64[s]")
    return plan.cuts["rate_id"][ends <= np.datetime64(record.date_start, "s")].tolist()


def _with_category(rates: pd.DataFrame, prefixes: pd.DataFrame, company):
    """Cost rates with the category of the numbers under their prefix."""
    categories = dict(zip(prefixes["prefix"], prefixes["category"], strict=True))
    country, code = company.country_id.code or "ES", str(company.country_id.phone_code)

    def category(prefix):
        for size in range(len(prefix), 0, -1):
            if found := categories.get(prefix[:size]):
                return found
        if not prefix.startswith(code):
            return "international"
        return numbers_type([prefix.ljust(NUMBER_DIGITS, "0")], country)[0]

    known = {one: category(one) for one in rates["prefix"].unique() if one}
    return rates.assign(category=rates["prefix"].map(known).fillna("").astype(object))


def _losses(record: models.BaseModel, tariff, pairs: pd.DataFrame) -> list[dict]:
    """The worst case of each retail rate, of pairs that the sheet brings about."""
    is_cost = record.tariff_id.is_cost
    pairs = pairs[(pairs["cost_rate_id" if is_cost else "rate_id"] < 0)]
    if not len(pairs):
        return []
    retail = tariff if is_cost else record.tariff_id
    customers = len(customers_of(record, retail))
    pairs = pairs.sort_values("margin_ppm", kind="stable")
    counts = pairs.groupby("rate_id")["prefix"].nunique()
    worst = pairs.drop_duplicates("rate_id")
    return [
        {
            "sheet_id": record.id,
            "tariff_id": tariff.id,
            "retail_tariff_id": retail.id,
            "rate_id": max(row.rate_id, 0) or False,
            "prefix": row.prefix,
            "retail_prefix": row.retail_prefix,
            "prefix_count": int(counts[row.rate_id]),
            "seconds": row.seconds,
            "retail_amount": row.retail_nano / 1e9,
            "cost_amount": row.cost_nano / 1e9,
            "margin": row.margin_ppm / 1e4,
            "customer_count": customers,
        }
        for row in worst.itertuples()
    ]


def customers_of(record: models.BaseModel, tariff) -> list[int]:
    """Customers who have a tariff, or one that asks it, from the sheet's date on."""
    env = record.env(su=True)
    tariffs = env["telecom.tariff"].with_context(active_test=False)
    tariffs = tariffs.search([("id", "child_of", tariff.id)])
    mark = env["telecom.rating.mark"].new({"date_start": record.date_start})
    given = mark._overlapping("telecom.tariff.assignment", tariffs)
    found = set(mark._holders(given, tariffs))
    found |= set(given.number_id.partner_id.commercial_partner_id.ids)
    found |= set(given.carrier_id.number_ids.partner_id.commercial_partner_id.ids)
    if record.company_id.telecom_tariff_id in tariffs:
        found |= set(_by_default(record, tariffs))
    return sorted(found)


def _by_default(record: models.BaseModel, tariffs) -> list[int]:
    """Customers with numbers and no tariff of their own."""
    env = record.env(su=True)
    numbers = env["telecom.number"].search(
        [
            ("company_id", "=", record.company_id.id),
            ("partner_id", "!=", False),
            "|",
            ("date_end", "=", False),
            ("date_end", ">", record.date_start),
        ]
    )
    other = env["telecom.tariff.assignment"].search(
        [
            ("company_id", "=", record.company_id.id),
            ("tariff_id", "not in", tariffs.ids),
            ("partner_id", "!=", False),
            "|",
            ("date_start", "=", False),
            ("date_start", "<=", record.date_start),
            "|",
            ("date_end", "=", False),
            ("date_end", ">", record.date_start),
        ]
    )
    return (numbers.partner_id.commercial_partner_id - other.partner_id).ids

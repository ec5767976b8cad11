# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which retail prices fall below cost by a rate sheet, and whom that touches."""

from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd

from odoo import models
from odoo.tools import SQL

from ..engine.rate_sheets.margin_guard import margin_guard
from ..engine.rate_sheets.rate_plan import RatePlan
from ..engine.rate_sheets.targets import PATTERNS
from ..parsers.numbering import numbers_type
from .band_hours import meeting
from .rate_sheet_tables import target_columns
from .rating_tables import load_prefixes
from .table_frames import read_large_frame
from .tariff_tables import rate_prices, rate_steps

# What a comparison is made for: seconds of calls, one message, bytes of a session.
QUANTITIES = {"voice": (60, 180), "sms": (1,), "data": (1_000_000, 100_000_000)}
METHODS = {
    "voice": ["duration", "call"],
    "sms": ["volume", "call"],
    "data": ["volume", "call"],
}
# What a price by quantity is for, where it is none by duration.
UNITS = {"sms": 1, "data": 1_000_000}
NUMBER_DIGITS = 11
RATE_COLUMNS = {
    "price_nano": "Int64", "connect_nano": "Int64", "initial_price_nano": "Int64",
    "minimum_price_nano": "Int64", "maximum_price_nano": "Int64",
    "lowest_nano": "Int64", "highest_nano": "Int64", "prefix": object,
    "category": object, "method": object,
}  # fmt: skip
# What a rate that the sheet adds has of the rate that it follows.
KEPT = [
    "minimum_price_nano", "maximum_price_nano", "lowest_nano", "highest_nano",
    "free_seconds", "volume_initial", "volume_increment",
]  # fmt: skip


def find_losses(record: models.BaseModel, plan: RatePlan) -> list[dict]:
    """Retail rates below cost by what a plan writes: the worst case of each.

    :return: values of telecom.rate.sheet.loss, worst margin first
    """
    env = record.env(su=True)
    record = record.with_env(env)
    if not len(plan.inserts):
        return []
    own = _resulting(record, plan)
    prefixes = load_prefixes(env, record.company_id)
    found = []
    for tariff in _other_side(record):
        ratio = _ratio(record, tariff)
        if ratio:
            other = _rates_of(env, tariff, record)
            pairs = _below(record, tariff, own, other, prefixes, ratio)
            found += _losses(record, tariff, pairs)
    return sorted(found, key=lambda one: one["margin"])


def _below(record, tariff, own, other, prefixes, ratio) -> pd.DataFrame:
    """The pairs of rates of both tariffs that lose money."""
    is_cost = record.tariff_id.is_cost
    cost, retail = (own, other) if is_cost else (other, own)
    sides = [
        _with_category(_priced(record, rates, is_cost), prefixes, record.company_id)
        for rates, is_cost in ((cost, True), (retail, False))
    ]
    return margin_guard(
        *sides,
        QUANTITIES[record.service],
        ratio,
        destination_prefixes=prefixes[["destination_id", "prefix"]],
        apart=_apart(tariff, *sides) if tariff.tz == record.tariff_id.tz else (),
    )


def _priced(record, rates: pd.DataFrame, is_cost: bool) -> pd.DataFrame:
    """Rates as the guard takes them, at the worst price that their tiers have."""
    price = rates["price_nano"]
    tier = rates["highest_nano" if is_cost else "lowest_nano"]
    is_worse = tier > price if is_cost else tier < price
    price = price.mask(is_worse.fillna(False).astype(bool), tier)
    rates = rates.assign(price_nano=price, is_bound=rates["lowest_nano"].notna())
    unit = UNITS.get(record.service)
    if not unit:
        return rates
    # By messages or bytes: what counts seconds elsewhere counts these.
    return rates.assign(
        method=rates["method"].mask(rates["method"] == "volume", "duration"),
        price_seconds=unit, minimum_duration=0, grace=0, free_seconds=0,
        initial=rates["volume_initial"], increment=rates["volume_increment"],
        initial_price_nano=pd.NA,
    )  # fmt: skip


def _apart(record, cost: pd.DataFrame, retail: pd.DataFrame) -> set[tuple[int, int]]:
    """Time bands of two rate tables that never hold at the same moment."""
    bands = (
        record.env["telecom.time.band"].browse(set(rates["time_band_id"]) - {0})
        for rates in (cost, retail)
    )
    return {
        (one.id, other.id)
        for one, other in product(*bands)
        if one != other and not meeting(one._hours(), other._hours())
    }


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
        SELECT r.id AS rate_id, %(target)s,
               COALESCE(r.is_allowed, FALSE) AND NOT COALESCE(
                   r.is_late_priced AND r.late_rule = 'wait', FALSE) AS is_allowed,
               %(prices)s, %(steps)s,
               (x.lowest * 1000000000)::bigint AS lowest_nano,
               (x.highest * 1000000000)::bigint AS highest_nano
          FROM telecom_rate r
     LEFT JOIN (SELECT t.rate_id, min(t.price) AS lowest, max(t.price) AS highest
                  FROM telecom_rate_tier t WHERE t.has_price AND t.kind <> 'cost'
              GROUP BY t.rate_id) x ON x.rate_id = r.id
         WHERE r.tariff_id = %(tariff)s AND r.active AND r.service = %(service)s
           AND r.direction = %(direction)s AND r.method = ANY(%(methods)s)
           AND r.calling_pattern IS NULL
           AND r.called_pattern IS NULL AND r.region_pattern IS NULL
           AND (r.date_end IS NULL OR r.date_end > %(date)s)
           AND NOT r.id = ANY(%(without)s)
        """,
        target=target_columns(),
        prices=rate_prices(),
        steps=rate_steps(),
        tariff=tariff.id,
        service=record.service,
        direction=record.direction,
        methods=METHODS[record.service],
        date=record.date_start,
        without=list(without),
    )
    table = read_large_frame(env, query)
    limits = {f"{n}_nano": f"{n}_price_nano" for n in ("minimum", "maximum")}
    return table.rename(columns=limits).astype(RATE_COLUMNS)


def _resulting(record: models.BaseModel, plan: RatePlan) -> pd.DataFrame:
    """The sheet's tariff as it will be; what is added has ids below 0."""
    before = _rates_of(record.env, record.tariff_id, record)
    gone = [*plan.removals.tolist(), *_over(record, plan)]
    stays = before[~before["rate_id"].isin(gone)]
    added = plan.inserts
    ruled = (added[list(PATTERNS)] != "").any(axis=1)
    added = added[~ruled].drop(columns=["start", "until"])
    free = added["is_allowed"] & ~added["is_unpriced"]
    added = added.assign(
        rate_id=-1 - np.arange(len(added)), is_allowed=free,
        method=METHODS[record.service][0], price_seconds=60,
    )  # fmt: skip
    added = _with_kept(added, before)
    return pd.concat([stays, added], ignore_index=True)


def _with_kept(added: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Rates to add, with what they have of the rates that they follow."""
    kept = before[["rate_id", *KEPT]].rename(columns={"rate_id": "base_rate_id"})
    added = added.merge(kept, "left", "base_rate_id")
    nothing = {"free_seconds": 0, "volume_initial": 1, "volume_increment": 1}
    return added.fillna(nothing)


def _over(record: models.BaseModel, plan: RatePlan) -> list[int]:
    """Rates that end at the sheet's date."""
    ends = plan.cuts["end"].to_numpy().astype("datetime64[s]")
    return plan.cuts["rate_id"][ends <= np.datetime64(record.date_start, "s")].tolist()


def _with_category(rates: pd.DataFrame, prefixes: pd.DataFrame, company):
    """Rates with the category of the numbers under their prefix or destination."""
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
    of_destination = dict(
        zip(prefixes["destination_id"], prefixes["category"], strict=True)
    )
    found = rates["category"].astype(object)
    for name, names in (("destination_id", of_destination), ("prefix", known)):
        told = rates[name].isin(names.keys())
        found = found.mask(told, rates[name].map(names).astype(object))
    return rates.assign(category=found)


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
            "prefix": row.prefix or False,
            "retail_prefix": row.retail_prefix,
            "prefix_count": int(counts[row.rate_id]),
            "quantity": row.seconds,
            "is_bound": row.is_bound,
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

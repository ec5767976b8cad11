# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Laws of pricing, tried with random tariffs that use everything at once."""

import pandas as pd
from engine.bundles.allowances import Bundles
from engine.explanation.explain import Around, steps
from engine.pricing.rating import rate_bundled, rate_calls, tier_totals
from engine.rates.choice import alongside, select_rates
from engine_samples import (
    ALLOWANCE,
    EUR,
    SUBSCRIPTION,
    TARIFF,
    USD,
    book,
    calls_table,
    rate,
    table,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
MANY = settings(max_examples=120, deadline=None, suppress_health_check=SLOW)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
RATIO = (1_084_567, 1_000_000)
CURRENCIES = pd.DataFrame(
    {
        "day": pd.to_datetime(["2026-03-28", "2026-03-29"] * 2),
        "from_id": [EUR, EUR, USD, USD],
        "to_id": [USD, USD, EUR, EUR],
        "numerator": [RATIO[0]] * 2 + [RATIO[1]] * 2,
        "denominator": [RATIO[1]] * 2 + [RATIO[0]] * 2,
    }
)
BANDS = [
    {"band_id": 1, "priority": 1, "weekdays": 31, "second_from": 0, "second_to": 86400},
    {"band_id": 2, "priority": 2, "weekdays": 127, "second_from": 7200,
     "second_to": 10800},
    {"band_id": 2, "priority": 2, "weekdays": 32, "second_from": 82800,
     "second_to": 600},
    {"band_id": 3, "priority": 5, "weekdays": 0, "second_from": 0, "second_to": 86400,
     "on_holidays": True},
]  # fmt: skip
BANDS = [{"on_holidays": False, **one} for one in BANDS]
HOLIDAYS = pd.DataFrame({"day": pd.to_datetime(["2026-03-28"])})
FORMULAS = ["", "units * price", "if(duration > 60, 1, 0.5) + cost", "1 / volume",
            "carrier_amount_without_free_minutes * (1 - discount)",
            "price * billed_duration / 60 + original_duration % 7"]  # fmt: skip

price = st.one_of(st.integers(0, 3 * 10**9), st.integers(-(10**9), 10**14))
optional = st.one_of(st.none(), st.none(), st.integers(0, 10**10))
rate_rows = st.fixed_dictionaries(
    {
        "price_nano": price,
        "connect_nano": st.one_of(st.just(0), price),
        "initial_price_nano": optional,
        "initial": st.integers(0, 90),
        "increment": st.integers(1, 90),
        "price_seconds": st.sampled_from([60, 60, 1, 7]),
        "free_seconds": st.sampled_from([0, 0, 0, 20]),
        "volume_initial": st.sampled_from([1, 1, 100_000]),
        "volume_increment": st.sampled_from([1, 1, 1024]),
        "minimum_duration": st.sampled_from([0, 0, 45]),
        "grace": st.sampled_from([0, 0, 3]),
        "minimum_nano": optional,
        "maximum_nano": optional,
        "method": st.sampled_from(
            ["duration"] * 5 + ["call", "volume", "markup", "formula"]
        ),
        "formula": st.sampled_from(FORMULAS),
        "units_formula": st.sampled_from(["", "", "ceil(duration / 30)"]),
        "markup_ppm": st.integers(-1_500_000, 3_000_000),
        "service": st.sampled_from(["voice"] * 4 + ["sms", "data"]),
        "prefix": st.sampled_from(["", "", "34", "346"]),
        "category": st.sampled_from(["", "", "landline"]),
        "called_pattern": st.sampled_from(["", "", "", "^.34[69]", "2$"]),
        "sequence": st.integers(1, 3),
        "band_id": st.sampled_from([0, 0, 1, 2, 3]),
        "tier_rule": st.sampled_from(["first_second", "each"]),
        "volume_unit": st.sampled_from(
            ["", "", "seconds", "calls", "amount", "bytes", "messages"]
        ),
        "volume_rule": st.sampled_from(["graduated", "graduated", "whole"]),
        "volume_scope": st.sampled_from(["partner", "number"]),
    }
)
AMOUNTS = ("price_nano", "connect_nano", "initial_price_nano")


def of_one_sign(row):
    """Keep what counts for tiers of an amount from running back over a boundary."""
    if row["volume_unit"] != "amount":
        return row
    return row | {name: row[name] and abs(row[name]) for name in AMOUNTS}


tier_rows = st.fixed_dictionaries(
    {
        "rate_id": st.integers(1, 4),
        "kind": st.sampled_from(["second", "second", "volume", "volume", "cost"]),
        "start": st.one_of(st.integers(1, 400), st.integers(1, 5 * 10**9)),
        "price_nano": st.one_of(st.none(), price),
        "increment": st.sampled_from([0, 0, 1, 45]),
        "markup_ppm": st.one_of(st.none(), st.integers(0, 10**6)),
    }
).map(lambda row: row | {"price_nano": row["price_nano"] and abs(row["price_nano"])})
tariff_rows = st.fixed_dictionaries(
    {
        "rounding_digits": st.integers(0, 6),
        "rounding": st.sampled_from(["half_up", "half_even", "up", "down"]),
        "currency_id": st.sampled_from([EUR, USD]),
        "time_zone": st.sampled_from(["UTC", "Europe/Madrid"]),
        "band_rule": st.sampled_from(["start", "split"]),
    }
)
discount_rows = st.fixed_dictionaries(
    {
        "discount_id": st.integers(1, 4),
        "sequence": st.integers(1, 2),
        "owner_kind": st.sampled_from(
            ["partner", "number", "department", "tariff", "class"]
        ),
        "owner_id": st.integers(1, 2),
        "service": st.sampled_from(["", "voice"]),
        "direction": st.sampled_from(["", "outgoing"]),
        "category": st.sampled_from(["", "", "landline", "mobile"]),
        "destination_id": st.just(0),
        "percent_ppm": st.sampled_from([0, -100_000, 333_333]),
        "amount_nano": st.sampled_from([0, 0, 50_000_000, -7]),
        "currency_id": st.sampled_from([0, EUR, USD]),
        "start": st.just(0),
        "end": st.just(2**40),
    }
)


def discounts(count):
    """Give lists of discounts, each with an identity of its own, as records have."""
    return st.lists(
        discount_rows, max_size=count, unique_by=lambda row: row["discount_id"]
    )


# Saturday evening up to the night in which clocks in Madrid go from 2:00 to 3:00.
starts = st.integers(0, 4 * 3600).map(
    lambda second: str(pd.Timestamp("2026-03-28 21:30:00") + pd.Timedelta(second, "s"))
)
call_rows = st.fixed_dictionaries(
    {
        "service": st.sampled_from(["voice"] * 4 + ["sms", "data"]),
        "duration": st.one_of(st.integers(0, 400), st.integers(0, 20_000)),
        "volume": st.integers(0, 5 * 10**6),
        "called_number": st.sampled_from(["+34600111222", "+34911222333", "+4420"]),
        "start_at": starts,
        "number_id": st.integers(0, 3),
        "partner_id": st.integers(1, 2),
        "cost_nano": st.one_of(st.none(), st.integers(-(10**9), 10**10)),
        "cost_currency_id": st.sampled_from([EUR, USD]),
        "carrier_amount_nano": st.integers(0, 10**9),
        "carrier_currency_id": st.sampled_from([EUR, USD]),
        "discount_ppm": st.sampled_from([0, 125_000]),
        "currency_id": st.sampled_from([0, EUR, USD]),
    }
)
allowance_rows = st.fixed_dictionaries(
    {
        "service": st.sampled_from(["voice", "voice", "sms", "data"]),
        "kind": st.sampled_from(["seconds", "bytes", "messages", "calls", "amount"]),
        "quantity": st.integers(0, 800),
        "prefixes": st.sampled_from([(), ("34",), ("346", "44")]),
        "sequence": st.integers(1, 3),
        "rest_discount_ppm": st.sampled_from([0, 0, 250_000]),
        "currency_id": st.sampled_from([0, EUR, USD]),
        "amount_limit_micro": st.one_of(st.none(), st.integers(0, 10**6)),
    }
)
subscription_rows = st.fixed_dictionaries(
    {
        "partner_id": st.integers(1, 2),
        "priority": st.integers(1, 3),
        "is_shared": st.booleans(),
        "run_through": st.booleans(),
        "connect_rule": st.sampled_from(["unless_whole", "always", "never"]),
        "covered_price_nano": st.sampled_from([0, 0, 1_000_000]),
        "covered_connect_nano": st.sampled_from([0, 0, 20_000_000]),
        "bundle_initial": st.sampled_from([0, 60]),
        "bundle_increment": st.sampled_from([1, 20]),
    }
)
tariffs = st.fixed_dictionaries(
    {
        "rates": st.lists(rate_rows.map(of_one_sign), min_size=1, max_size=4),
        "tiers": st.lists(tier_rows, max_size=5),
        "tariff": tariff_rows,
        "discounts": discounts(3),
    }
)
# One destination, a rate for any time and one for a band, and tiers that matter.
some_price = st.sampled_from([0, 600_000_000, 123_456_789, 3_000_000_007])
focused_rates = st.fixed_dictionaries(
    {
        "price_nano": some_price,
        "connect_nano": st.sampled_from([0, 100_000_000]),
        "initial_price_nano": st.sampled_from([None, None, 900_000_000]),
        "initial": st.sampled_from([0, 1, 60]),
        "increment": st.sampled_from([1, 6, 60]),
        "free_seconds": st.sampled_from([0, 0, 20]),
        "minimum_duration": st.sampled_from([0, 0, 200]),
        "tier_rule": st.sampled_from(["first_second", "each"]),
        "price_seconds": st.sampled_from([60, 60, 7]),
        "volume_unit": st.sampled_from(["seconds", "amount", "amount", "calls"]),
        "volume_rule": st.sampled_from(["graduated", "graduated", "whole"]),
        "volume_scope": st.sampled_from(["partner", "number"]),
    }
)
focused_tiers = st.one_of(
    st.fixed_dictionaries(
        {
            "rate_id": st.sampled_from([1, 1, 2]),
            "kind": st.just("second"),
            "start": st.integers(1, 400),
            "price_nano": st.one_of(st.none(), some_price),
            "increment": st.sampled_from([0, 0, 7, 45]),
            "markup_ppm": st.none(),
        }
    ),
    st.fixed_dictionaries(
        {
            "rate_id": st.sampled_from([1, 1, 2]),
            "kind": st.just("volume"),
            "start": st.one_of(st.integers(1, 900), st.integers(10**8, 10**10)),
            "price_nano": some_price,
            "increment": st.just(0),
            "markup_ppm": st.none(),
        }
    ),
)
focused = st.fixed_dictionaries(
    {
        "rates": st.tuples(
            focused_rates, focused_rates.map(lambda row: {**row, "band_id": 3})
        ),
        "tiers": st.lists(focused_tiers, min_size=2, max_size=5),
        "tariff": tariff_rows,
        "discounts": discounts(1),
    }
)
focused_calls = st.fixed_dictionaries(
    {
        "duration": st.integers(0, 900),
        "start_at": starts,
        "number_id": st.integers(1, 2),
        "cost_nano": st.just(None),
        "cost_currency_id": st.just(EUR),
        "carrier_currency_id": st.just(EUR),
    }
)
focused_files = st.lists(focused_calls, min_size=1, max_size=6)
files = st.lists(call_rows, min_size=1, max_size=8)
packages = st.tuples(
    st.lists(allowance_rows, min_size=1, max_size=3),
    st.lists(subscription_rows, min_size=0, max_size=2),
)
BUNDLE_TERMS = (
    "run_through", "connect_rule", "covered_price_nano", "covered_connect_nano",
    "bundle_initial", "bundle_increment",
)  # fmt: skip
PARTNERS = [{"partner_id": 1, "class_id": 1, "billing_day": 15}]
DEPARTMENTS = [{"number_id": 1, "department_id": 1}]


def rates_of(parts):
    """Give the rates table of a random tariff, complete rows."""
    return [rate(place + 1) | row for place, row in enumerate(parts["rates"])]


def make_book(parts):
    """Give the rate book of a random tariff."""
    return book(
        rates_of(parts),
        [parts["tariff"]],
        currencies=CURRENCIES,
        tiers=parts["tiers"],
        bands=BANDS,
        holidays=HOLIDAYS,
        discounts=parts["discounts"],
        partners=PARTNERS,
        departments=DEPARTMENTS,
    )


def make_bundles(package):
    """Give random bundles, all subscriptions of the same one."""
    allowances, subscriptions = (
        [{**row, name: place + 1} for place, row in enumerate(rows)]
        for rows, name in zip(package, ("allowance_id", "subscription_id"), strict=True)
    )
    own = {**SUBSCRIPTION, **dict.fromkeys(BUNDLE_TERMS, None)}
    limits = {**ALLOWANCE, "rest_discount_ppm": 0, "currency_id": 0}
    rows = table(allowances, limits | {"amount_limit_micro": None})
    limit = [row.get("amount_limit_micro") for row in allowances]
    rows["amount_limit_micro"] = pd.array(limit, dtype="Int64")
    return Bundles.build(table(subscriptions, own), rows)


def as_rows(frame):
    """Give a table as comparable rows, by index."""
    return frame.astype(object).where(frame.notna(), None).to_dict("index")


def conversion(from_id, to_id):
    """Give the ratio of the day between two currencies, None where the same."""
    if from_id == to_id or not from_id or not to_id:
        return None
    return RATIO if from_id == EUR else RATIO[::-1]


def last_step(call, parts, draws, siblings):
    """Explain a call that was rated; give the last step."""
    rows, own = rates_of(parts), parts["tariff"]["currency_id"]
    first = rows[call["rate_id"] - 1] if call["rate_id"] else None
    tiers = {(one["rate_id"], one["kind"], one["start"]): one for one in parts["tiers"]}
    around = Around(
        tiers=list(tiers.values()),
        rates=[rows[one - 1] for one in siblings],
        bands=BANDS if any(row["band_id"] for row in rows) else (),
        holidays=HOLIDAYS["day"].tolist(),
        discounts=parts["discounts"],
        owners={
            "partner": call["partner_id"],
            "number": call["number_id"],
            "department": int(call["number_id"] == 1),
            "class": int(call["partner_id"] == 1),
            "tariff": 1,
        },
        conversions={
            EUR: conversion(EUR, own) or (1, 1),
            USD: conversion(USD, own) or (1, 1),
        },
        carrier_conversion=conversion(call["carrier_currency_id"], own),
    )
    ratios = (
        conversion(own, call["currency_id"]),
        conversion(call["cost_currency_id"], own),
    )
    return steps(call, first, TARIFF | parts["tariff"], draws, *ratios, around)[-1]


@MANY
@given(st.one_of(focused, tariffs), st.one_of(focused_files, files))
def test_explain_ends_in_the_stored_figure(parts, rows):
    rate_book, calls = make_book(parts), calls_table(rows)
    beside = alongside(calls, rate_book, select_rates(calls, rate_book))
    result = as_rows(rate_calls(calls, rate_book))
    for place, priced in result.items():
        call = {"carrier_currency_id": 0} | calls.loc[place].to_dict() | priced
        last = last_step(call, parts, [], beside[place])
        assert last.values.get("price_micro") == priced["price_micro"]


@MANY
@given(st.one_of(focused, focused, tariffs), packages, st.one_of(focused_files, files))
def test_explain_ends_in_the_stored_figure_of_a_month_with_bundles(
    parts, package, rows
):
    rate_book, calls = make_book(parts), calls_table(rows)
    beside = alongside(calls, rate_book, select_rates(calls, rate_book))
    result, draws = rate_bundled(calls, rate_book, make_bundles(package))
    for place, priced in as_rows(result).items():
        call = {"carrier_currency_id": 0} | calls.loc[place].to_dict() | priced
        own = [
            draw
            | {"kind": package[0][draw["allowance_id"] - 1]["kind"]}
            | package[1][draw["subscription_id"] - 1]
            for draw in draws[draws["call"] == place].to_dict("records")
        ]
        last = last_step(call, parts, own, beside[place])
        assert last.values.get("price_micro") == priced["price_micro"]


@FEW
@given(st.one_of(focused, tariffs), files)
def test_a_table_at_once_and_call_by_call_agree(parts, rows):
    rate_book, calls = make_book(parts), calls_table(rows)
    whole = as_rows(rate_calls(calls, rate_book))
    single = {}
    for place in range(len(calls)):
        single |= as_rows(rate_calls(calls.iloc[place : place + 1], rate_book))
    assert whole == single


@FEW
@given(
    st.one_of(focused, tariffs), packages, st.one_of(focused_files, files), st.randoms()
)
def test_the_order_of_rows_changes_neither_prices_nor_draws(
    parts, package, rows, random
):
    rate_book, bundles, calls = (
        make_book(parts),
        make_bundles(package),
        calls_table(rows),
    )
    order = list(range(len(rows)))
    random.shuffle(order)
    result, draws = rate_bundled(calls, rate_book, bundles)
    other, taken = rate_bundled(calls.iloc[order], rate_book, bundles)
    assert as_rows(result) == as_rows(other)
    keys = list(draws.columns)
    assert (
        draws.sort_values(keys).values.tolist()
        == taken.sort_values(keys).values.tolist()
    )


NO_BUNDLES = Bundles.build(table([], SUBSCRIPTION), table([], ALLOWANCE))


@FEW
@given(st.one_of(focused, tariffs), st.one_of(focused_files, files), st.integers(0, 8))
def test_frozen_totals_stand_in_for_the_calls_that_are_invoiced(parts, rows, cut):
    """Freezing the first calls of a month leaves the tiers of the others alone."""
    for row in parts["rates"]:
        row["volume_rule"] = "graduated"
    rate_book = make_book(parts)
    calls = calls_table(sorted(rows, key=lambda row: row["start_at"]))
    whole, _draws = rate_bundled(calls, rate_book, NO_BUNDLES)
    first, rest = calls.iloc[:cut], calls.iloc[cut:]
    priced, _draws = rate_bundled(first, rate_book, NO_BUNDLES)
    frozen = tier_totals(first.assign(tier_parts=priced["tier_parts"]), rate_book)
    result, _draws = rate_bundled(rest, rate_book, NO_BUNDLES, tiered=frozen)
    assert as_rows(result) == as_rows(whole.iloc[cut:])


@MANY
@given(st.one_of(focused, focused, tariffs), st.one_of(focused_files, files))
def test_a_month_at_once_and_call_by_call_agree(parts, rows):
    """Each call behind the totals of those before it, in whatever band it ends."""
    for row in parts["rates"]:
        row["volume_rule"] = "graduated"
    rate_book = make_book(parts)
    calls = calls_table(sorted(rows, key=lambda row: row["start_at"]))
    whole, _draws = rate_bundled(calls, rate_book, NO_BUNDLES)
    single, sums = {}, None
    for place in range(len(calls)):
        one = calls.iloc[place : place + 1]
        priced, _draws = rate_bundled(one, rate_book, NO_BUNDLES, tiered=sums)
        own = tier_totals(one.assign(tier_parts=priced["tier_parts"]), rate_book)
        sums = own if sums is None else pd.concat([sums, own])
        single |= as_rows(priced)
    assert as_rows(whole) == single


@FEW
@given(st.one_of(focused, focused, tariffs), st.one_of(focused_files, files))
def test_the_month_of_a_rate_is_what_its_calls_count_for(parts, rows):
    """No second of a call counts twice: of graduated seconds all that is billed."""
    for row in parts["rates"]:
        row["volume_rule"], row["volume_unit"] = "graduated", "seconds"
    tiers = {one["rate_id"] for one in parts["tiers"] if one["kind"] == "volume"}
    rate_book, calls = make_book(parts), calls_table(rows)
    result, _draws = rate_bundled(calls, rate_book, NO_BUNDLES)
    sums = {}
    for place in calls.sort_values(["start_at", "identity"]).index:
        written = result["tier_parts"][place].split()
        found = [tuple(map(int, part.split(":"))) for part in written]
        owner = calls[["partner_id", "number_id"]].loc[place].tolist()
        for rate_id, before, units in found:
            scope = parts["rates"][rate_id - 1]["volume_scope"]
            # Without a number of ours a call is in its customer's own month.
            partner, number = owner
            is_number = scope == "number"
            key = (rate_id, (number or -partner) if is_number else partner)
            assert before == sums.get(key, 0)
            sums[key] = before + units
        billed = result["billed_duration"][place]
        assert sum(units for _rate, _before, units in found) <= billed
        if {row["method"] for row in parts["rates"] if "method" in row} <= {"duration"}:
            own = result["rate_id"][place]
            if tiers >= {1, 2} and own:
                assert sum(units for _rate, _before, units in found) == billed


plain_rates = rate_rows.map(
    lambda row: {
        **row, "method": "duration", "service": "voice", "prefix": "", "category": "",
        "called_pattern": "", "band_id": 0, "volume_unit": "",
        "price_nano": abs(row["price_nano"]), "connect_nano": abs(row["connect_nano"]),
    }
)  # fmt: skip


@FEW
@given(
    plain_rates,
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 10**9)), max_size=3),
    tariff_rows,
    st.lists(discount_rows, max_size=3),
    st.lists(st.integers(0, 5000), min_size=2, max_size=40),
)
def test_more_seconds_never_cost_less(row, dearer, tariff, discounts, durations):
    """On positive prices, without later tiers that are cheaper (or round coarser)."""
    first = max(row["price_nano"], row["initial_price_nano"] or 0)
    row["initial_price_nano"] = row["initial_price_nano"] and row["price_nano"]
    tiers, each = [], first
    for start, more in sorted(dict(dearer).items()):
        each += more
        tier = {"rate_id": 1, "kind": "second", "start": start, "price_nano": each}
        tiers.append({**tier, "increment": 0, "markup_ppm": None})
    if row["tier_rule"] == "each":
        row["increment"], row["initial"] = 1, min(row["initial"], 1)
    parts = {"rates": [row], "tiers": tiers, "tariff": tariff, "discounts": discounts}
    calls = calls_table(
        [
            {"duration": one, "start_at": "2026-03-28 10:00:00"}
            for one in sorted(durations)
        ]
    )
    prices = rate_calls(calls, make_book(parts))["price_micro"].tolist()
    assert prices == sorted(prices)

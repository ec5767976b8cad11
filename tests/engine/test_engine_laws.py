# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Laws that hold for every tariff and every file, tried with random ones."""

import ast
from pathlib import Path

import engine
import pandas as pd
import pytest
from engine.bundles.allowances import Bundles
from engine.explanation.explain import steps
from engine.pricing.rating import rate_bundled, rate_calls
from engine_samples import (
    ALLOWANCE,
    EUR,
    SUBSCRIPTION,
    USD,
    book,
    calls_table,
    rate,
    table,
)
from hypothesis import given, settings
from hypothesis import strategies as st

FEW = settings(max_examples=40, deadline=None)
RATIO = (1_084_567, 1_000_000)
CURRENCIES = pd.DataFrame(
    {
        "day": pd.to_datetime(["2026-03-10"] * 2),
        "from_id": [EUR, USD],
        "to_id": [USD, EUR],
        "numerator": RATIO,
        "denominator": RATIO[::-1],
    }
)
nano = st.one_of(st.integers(0, 3 * 10**9), st.integers(0, 10**14))
optional = st.one_of(st.none(), st.integers(0, 10**10))

rate_rows = st.fixed_dictionaries(
    {
        "price_nano": nano,
        "connect_nano": st.one_of(st.just(0), nano),
        "initial": st.integers(0, 90),
        "increment": st.integers(1, 90),
        "minimum_duration": st.sampled_from([0, 0, 45]),
        "grace": st.sampled_from([0, 0, 3]),
        "minimum_nano": optional,
        "maximum_nano": optional,
        "method": st.sampled_from(["duration", "duration", "call", "volume", "markup"]),
        "markup_ppm": st.integers(-1_500_000, 3_000_000),
        "service": st.sampled_from(["voice", "voice", "sms", "data"]),
        "prefix": st.sampled_from(["", "3", "34", "346", "3491"]),
        "category": st.sampled_from(["", "landline"]),
    }
)
tariff_rows = st.fixed_dictionaries(
    {
        "rounding_digits": st.integers(0, 6),
        "rounding": st.sampled_from(["half_up", "half_even", "up", "down"]),
        "currency_id": st.sampled_from([EUR, USD]),
    }
)
call_rows = st.fixed_dictionaries(
    {
        "service": st.sampled_from(["voice", "voice", "sms", "data"]),
        "duration": st.integers(0, 400),
        "volume": st.integers(0, 5 * 10**6),
        "called_number": st.sampled_from(["34600111222", "34911222333", "4420"]),
        "start_at": st.sampled_from([f"2026-03-10 10:0{m}:00" for m in range(6)]),
        "number_id": st.integers(0, 3),
        "partner_id": st.integers(1, 2),
        "cost_nano": st.one_of(st.none(), st.integers(-(10**9), 10**10)),
        "cost_currency_id": st.sampled_from([EUR, USD]),
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
    }
)
subscription_rows = st.fixed_dictionaries(
    {
        "partner_id": st.integers(1, 2),
        "priority": st.integers(1, 3),
        "numbers": st.sampled_from([frozenset(), frozenset({1}), frozenset({1, 2})]),
        "is_shared": st.booleans(),
    }
)
books = st.tuples(st.lists(rate_rows, min_size=1, max_size=5), tariff_rows)
files = st.lists(call_rows, min_size=1, max_size=12)
packages = st.tuples(
    st.lists(allowance_rows, min_size=1, max_size=4),
    st.lists(subscription_rows, min_size=1, max_size=3),
)


def numbered(rows, name):
    """Give rows with ids from 1 on."""
    return [{**row, name: place + 1} for place, row in enumerate(rows)]


def make_book(parts):
    """Give a rate book of random rates."""
    rows = [rate(place + 1) | row for place, row in enumerate(parts[0])]
    return book(rows, [parts[1]], currencies=CURRENCIES)


def make_bundles(parts):
    """Give bundles of random allowances, all of one bundle."""
    allowances = numbered(parts[0], "allowance_id")
    subscriptions = numbered(parts[1], "subscription_id")
    return Bundles.build(
        table(subscriptions, SUBSCRIPTION), table(allowances, ALLOWANCE)
    )


def make_calls(rows):
    """Give the table of random calls."""
    return calls_table(rows)


def as_rows(frame):
    """Give a table as comparable rows, by index."""
    return frame.astype(object).where(frame.notna(), None).to_dict("index")


@FEW
@given(books, files)
def test_a_table_at_once_and_call_by_call_agree(parts, rows):
    rate_book, calls = make_book(parts), make_calls(rows)
    whole = as_rows(rate_calls(calls, rate_book))
    single = {}
    for place in range(len(calls)):
        single |= as_rows(rate_calls(calls.iloc[place : place + 1], rate_book))
    assert whole == single


@FEW
@given(books, packages, files, st.randoms())
def test_the_order_of_rows_changes_neither_prices_nor_draws(
    parts, package, rows, random
):
    rate_book, bundles, calls = (
        make_book(parts),
        make_bundles(package),
        make_calls(rows),
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


@FEW
@given(books, packages, files)
def test_explain_ends_in_the_stored_figure(parts, package, rows):
    rate_book, bundles, calls = (
        make_book(parts),
        make_bundles(package),
        make_calls(rows),
    )
    result, draws = rate_bundled(calls, rate_book, bundles)
    kinds = {
        row["allowance_id"]: row["kind"] for row in numbered(package[0], "allowance_id")
    }
    for place, priced in as_rows(result).items():
        call = calls.loc[place].to_dict() | priced
        own = draws[draws["call"] == place].to_dict("records")
        own = [draw | {"kind": kinds[draw["allowance_id"]]} for draw in own]
        row = (rate(0) | parts[0][priced["rate_id"] - 1]) if priced["rate_id"] else None
        last = steps(call, row, parts[1], own, *conversions(call, parts[1]))[-1]
        expected = priced["price_micro"]
        assert last.values.get("price_micro") == expected
        assert (last.code == "price") == (expected is not None)


def conversions(call, tariff):
    """Give the ratios tariff to price and cost to tariff, None where the same."""
    own = tariff["currency_id"]

    def ratio(from_id, to_id):
        if from_id == to_id:
            return None
        return RATIO if from_id == EUR else RATIO[::-1]

    return ratio(own, call["currency_id"] or own), ratio(call["cost_currency_id"], own)


@FEW
@given(books, files)
def test_no_rate_is_never_a_free_call(parts, rows):
    result = rate_calls(make_calls(rows), make_book(parts))
    rated = result["state"] == "rated"
    assert (result["price_micro"].notna() == rated).all()
    assert (result["rate_id"][rated] > 0).all()


positive = rate_rows.map(lambda row: {**row, "method": "duration", "service": "voice"})


@FEW
@given(positive, tariff_rows, st.lists(st.integers(0, 5000), min_size=2, max_size=40))
def test_more_seconds_never_cost_less(row, tariff, durations):
    calls = make_calls([{"duration": one} for one in sorted(durations)])
    rate_book = book([rate(1) | row | {"prefix": "", "category": ""}], [tariff])
    prices = rate_calls(calls, rate_book)["price_micro"].tolist()
    assert prices == sorted(prices)


@FEW
@given(books, packages, files)
def test_draws_never_exceed_allowances_nor_calls(parts, package, rows):
    calls = make_calls(rows)
    result, draws = rate_bundled(calls, make_book(parts), make_bundles(package))
    keys = ["subscription_id", "allowance_id", "number_id", "period_start"]
    for (_, allowance, *_), used in draws.groupby(keys)["quantity"].sum().items():
        assert 0 < used <= package[0][allowance - 1]["quantity"]
    assert (result["bundle_duration"] <= calls["duration"]).all()
    assert (result["bundle_volume"] <= calls["volume"]).all()
    plain = rate_calls(calls, make_book(parts))
    untouched = ~calls.index.isin(draws["call"])
    assert as_rows(plain[untouched]) == as_rows(result[plain.columns][untouched])


def oracle(demands, pools):
    """Take call by call: each call from the pools in turn, until it is covered."""
    left, rests = list(pools), []
    for demand in demands:
        rest = demand
        for place, quantity in enumerate(left):
            taken = min(rest, quantity)
            rest, left[place] = rest - taken, quantity - taken
        rests.append(rest)
    return rests


@FEW
@given(
    st.lists(st.integers(1, 300), max_size=15),
    st.lists(st.integers(0, 400), max_size=4),
)
def test_allowance_by_allowance_is_the_same_as_call_by_call(durations, quantities):
    rows = [
        {"duration": one, "start_at": f"2026-03-10 10:{place:02d}:00"}
        for place, one in enumerate(durations)
    ]
    allowances = [{"allowance_id": n, "quantity": q} for n, q in enumerate(quantities)]
    bundles = Bundles.build(table([{}], SUBSCRIPTION), table(allowances, ALLOWANCE))
    result, _draws = rate_bundled(calls_table(rows), book([rate(1, "1")]), bundles)
    rests = [
        one - took
        for one, took in zip(durations, result["bundle_duration"], strict=True)
    ]
    assert rests == oracle(durations, quantities)


def test_frozen_draws_leave_what_a_second_run_may_take():
    """Rating the first half, freezing it, then the rest: nothing is taken twice."""
    rows = [
        {"duration": 60, "start_at": f"2026-03-10 10:{n:02d}:00"} for n in range(10)
    ]
    calls, rate_book = (
        calls_table(rows),
        book([rate(1, "0.06", initial=1, increment=1)]),
    )
    bundles = Bundles.build(
        table([{}], SUBSCRIPTION), table([{"quantity": 330}], ALLOWANCE)
    )
    whole, _draws = rate_bundled(calls, rate_book, bundles)
    first, draws = rate_bundled(calls.iloc[:4], rate_book, bundles)
    rest, more = rate_bundled(calls.iloc[4:], rate_book, bundles, used=draws)
    assert (
        pd.concat([first, rest])["price_micro"].tolist()
        == whole["price_micro"].tolist()
    )
    assert draws["quantity"].sum() + more["quantity"].sum() == 330


PACKAGE = Path(engine.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN = {"odoo", "parsers", "phonenumbers", "logging", "os", "time", "datetime"}
FORBIDDEN |= {"socket", "psycopg2", "requests", "random", "secrets", "pathlib", "io"}

CLOCKS = {"today", "now", "utcnow"}


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_the_engine_imports_nothing_that_it_may_not(path):
    names = set()
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
            # Days may be counted: what is today, the engine does not know.
            if {alias.name for alias in node.names} <= {"date", "timedelta"}:
                names.discard("datetime")
        assert not (isinstance(node, ast.Attribute) and node.attr in CLOCKS)
        assert not (isinstance(node, ast.Name) and node.id in {"open", "print", "eval"})
        assert not (isinstance(node, ast.ImportFrom) and node.level > depth)
    assert not names & FORBIDDEN

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""New rate sheets beside the rates of a tariff, retail prices beside new costs."""

from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd
import pytest
from engine.exceptions import BookError
from engine.rate_sheets.margin_guard import BELOW, call_amounts, margin_guard
from engine.rate_sheets.rate_changes import CHANGES, compare_rates
from hypothesis import given, settings
from hypothesis import strategies as st

DATE = np.datetime64("2027-02-01T00:00:00")
LATER = np.datetime64("2027-03-01T00:00:00")
NANO = 10**9


def current(*rows):
    """Rates of a tariff: prefix, price, increment."""
    table = pd.DataFrame(rows, columns=["prefix", "price_nano", "increment"])
    return table.assign(rate_id=range(1, len(rows) + 1), initial=60, connect_nano=0)


def sheet(*rows, **columns):
    """Rows of a sheet: prefix, price, increment (None: the sheet does not say)."""
    table = pd.DataFrame(rows, columns=["prefix", "price_nano", "increment"])
    table = table.astype({"price_nano": "Int64", "increment": "Int64"})
    return table.assign(line_number=range(2, len(rows) + 2), **columns)


def kinds(table):
    """(prefix, kind) of each row."""
    return list(table[["prefix", "kind"]].itertuples(index=False, name=None))


NOW = current(("34", 10, 60), ("346", 20, 60), ("53", 60, 60))
CASES = [
    # row of the sheet, full, kinds
    (("34", 10, 60), False, [("34", "same")]),
    (("34", 10, None), False, [("34", "same")]),
    (("34", 11, 60), False, [("34", "dearer")]),
    (("34", 9, 1), False, [("34", "cheaper")]),
    (("34", 10, 1), False, [("34", "changed")]),
    (("35", 10, 60), False, [("35", "new")]),
    (("34", 10, 60), True, [("34", "same"), ("346", "ended"), ("53", "ended")]),
]


@pytest.mark.parametrize(("row", "is_full", "wanted"), CASES)
def test_kinds_of_changes(row, is_full, wanted):
    table = compare_rates(NOW, sheet(row), DATE, is_full)
    assert kinds(table) == wanted
    assert list(table.columns) == CHANGES


def test_prices_and_differences():
    rows = sheet(("34", 15, 60), ("346", 15, 1), ("1", 7, 60))
    table = compare_rates(NOW, rows, DATE, True).set_index("prefix")
    assert table.index.tolist() == ["1", "34", "346", "53"]
    assert table["old_price_nano"].fillna(-1).tolist() == [-1, 10, 20, 60]
    assert table["new_price_nano"].fillna(-1).tolist() == [7, 15, 15, -1]
    assert table.loc[["34", "346"], "difference_ppm"].tolist() == [500_000, -250_000]
    assert table["difference_ppm"].isna().tolist() == [True, False, False, True]
    assert table["is_otherwise_changed"].tolist() == [False, False, True, False]
    assert table.loc["346", ["old_increment", "new_increment"]].tolist() == [60, 1]
    assert table["rate_id"].tolist() == [0, 1, 2, 3]
    assert table["line_number"].tolist() == [4, 2, 3, 0]
    assert set(table["start"].tolist()) == {pd.Timestamp(DATE)}


def test_a_price_of_nothing_before_has_no_difference_and_large_ones_do():
    now = current(("34", 0, 60), ("35", 3 * 10**18, 60), ("36", -4, 60))
    rows = sheet(("34", 5, 60), ("35", 6 * 10**18, 60), ("36", -6, 60))
    table = compare_rates(now, rows, DATE, False)
    assert table["difference_ppm"].fillna(0).tolist() == [0, 1_000_000, -500_000]
    assert table["difference_ppm"].isna().tolist() == [True, False, False]
    assert [kind for _prefix, kind in kinds(table)] == ["dearer", "dearer", "cheaper"]


def test_the_same_prefix_twice_is_flagged_and_repeated_rows_are_one():
    rows = sheet(("34", 11, 60), ("34", 12, 60), ("346", 21, 60), ("346", 21, 60))
    table = compare_rates(NOW, rows, DATE, True)
    assert kinds(table) == [
        ("34", "doubled"), ("34", "doubled"), ("346", "dearer"), ("53", "ended"),
    ]  # fmt: skip


def test_a_price_scheduled_after_another_follows_it():
    rows = sheet(("34", 12, 60), ("34", 11, None)).assign(start=[LATER, DATE])
    table = compare_rates(NOW, rows, DATE, False)
    columns = ["kind", "old_price_nano", "new_price_nano", "start"]
    assert table[columns].to_numpy().tolist() == [
        ["dearer", 10, 11, pd.Timestamp(DATE)],
        ["dearer", 11, 12, pd.Timestamp(LATER)],
    ]


def test_the_rate_in_force_at_the_start_counts():
    now = current(("34", 10, 60), ("34", 20, 60)).assign(
        start=[np.datetime64("NaT"), LATER], end=[LATER, np.datetime64("NaT")]
    )
    rows = sheet(("34", 15, 60))
    assert kinds(compare_rates(now, rows, DATE, False)) == [("34", "dearer")]
    later = compare_rates(now, rows.assign(start=LATER), DATE, False)
    assert kinds(later) == [("34", "cheaper")]
    assert later["rate_id"].tolist() == [2]


def test_blocked_allowed_again_deleted_and_ending():
    now = NOW.assign(is_allowed=[True, False, False])
    rows = sheet(("34", None, 60), ("346", 20, 60), ("53", 60, 60), ("7", None, 1))
    rows = rows.assign(is_blocked=[True, False, True, True])
    assert kinds(compare_rates(now, rows, DATE, False)) == [
        ("34", "blocked"), ("346", "changed"), ("53", "same"), ("7", "blocked"),
    ]  # fmt: skip
    gone = sheet(("34", None, None), ("35", None, None), is_deleted=True)
    table = compare_rates(NOW, gone, DATE, False)
    assert kinds(table) == [("34", "ended"), ("35", "same")]
    ending = sheet(("34", 10, 60), end=LATER)
    table = compare_rates(NOW, ending, DATE, False)
    assert kinds(table) == [("34", "changed")]
    assert table["end"].tolist() == [pd.Timestamp(LATER)]


def test_broken_rows_are_shown_and_end_nothing():
    broken = pd.DataFrame(
        {
            "sheet": ["", ""], "line_number": [7, 8], "raw": ["a", "b"],
            "reason": ["price", "prefix"], "found": ["x", "abc"],
            "message": ["no price", "no code"], "prefixes": [("346", "347"), ()],
        }
    )  # fmt: skip
    table = compare_rates(NOW, sheet(("34", 10, 60)), DATE, True, broken=broken)
    assert kinds(table) == [
        ("", "broken"), ("34", "same"), ("346", "broken"), ("347", "broken"),
        ("53", "ended"),
    ]  # fmt: skip
    row = table[table["prefix"] == "346"].iloc[0]
    assert (row["old_price_nano"], row["rate_id"], row["line_number"]) == (20, 2, 7)
    assert (row["reason"], row["message"]) == ("price", "no price")


def test_rows_in_another_currency_are_broken():
    rows = sheet(("34", 11, 60), ("346", 21, 60)).assign(currency=["EUR", "USD"])
    table = compare_rates(NOW, rows, DATE, True, currency="EUR")
    assert kinds(table) == [("34", "dearer"), ("346", "broken"), ("53", "ended")]
    assert table["reason"].tolist() == ["", "currency", ""]


def test_nothing_beside_nothing():
    table = compare_rates(current(), sheet(), DATE, True)
    assert len(table) == 0
    assert list(table.columns) == CHANGES


def rates(*rows, **columns):
    """Rates: prefix, price a minute in nano."""
    table = pd.DataFrame(rows, columns=["prefix", "price_nano"])
    return table.assign(rate_id=range(1, len(rows) + 1), **columns)


AMOUNTS = [
    # columns of the rate, seconds, nano of the call
    ({}, 60, Fraction(60)),
    ({}, 61, Fraction(61)),
    ({"initial": 60, "increment": 60}, 61, Fraction(120)),
    ({"initial": 30, "increment": 6}, 31, Fraction(36)),
    ({"initial": 60, "increment": 1}, 10, Fraction(60)),
    ({"minimum_duration": 90}, 10, Fraction(90)),
    ({"connect_nano": 7}, 60, Fraction(67)),
    ({"grace": 10, "connect_nano": 7}, 10, Fraction(0)),
    ({"free_seconds": 20, "connect_nano": 7}, 60, Fraction(47)),
    ({"free_seconds": 60, "connect_nano": 7}, 60, Fraction(0)),
    ({"price_seconds": 1}, 60, Fraction(3600)),
    ({"price_seconds": 7}, 60, Fraction(3600, 7)),
    ({"initial": 30, "increment": 30, "initial_price_nano": 120}, 60, Fraction(90)),
    ({"method": "call", "connect_nano": 7}, 60, Fraction(67)),
    ({"minimum_price_nano": 100}, 60, Fraction(100)),
    ({"maximum_price_nano": 50}, 60, Fraction(50)),
]


@pytest.mark.parametrize(("columns", "seconds", "nano"), AMOUNTS)
def test_what_a_typical_call_costs(columns, seconds, nano):
    top, unit = call_amounts(rates(("34", 60), **columns), seconds)
    assert Fraction(int(top[0]), int(unit[0])) == nano


def test_retail_below_cost_wherever_prefixes_meet():
    cost = rates(("34", 30), ("346", 50), ("34600", 90), ("1", 5))
    retail = rates(("34", 40), ("3460", 60), ("3469", 45), ("44", 1))
    table = margin_guard(cost, retail, seconds=(60,))
    names = ["rate_id", "cost_rate_id", "prefix", "retail_nano", "cost_nano"]
    assert table[names].to_numpy().tolist() == [
        [1, 2, "346", 40, 50],
        [2, 3, "34600", 60, 90],
        [3, 2, "3469", 45, 50],
    ]
    assert table["margin_ppm"].tolist() == [-200_000, -333_333, -100_000]
    assert list(table.columns) == BELOW


def test_a_prefix_that_longer_ones_cover_wholly_meets_nothing():
    cost = rates(("34", 90), *((f"34{digit}", 10) for digit in range(10)))
    assert len(margin_guard(cost, rates(("34", 50)), seconds=(60,))) == 0


def test_lengths_increments_and_fees_decide():
    cost = rates(("34", 100), initial=1, increment=1, connect_nano=30)
    retail = rates(("34", 110), initial=1, increment=1)
    table = margin_guard(cost, retail, seconds=(30, 180, 240))
    assert table[["seconds", "retail_nano", "cost_nano"]].to_numpy().tolist() == [
        [30, 55, 80],
    ]


def test_exactly_the_cost_is_not_below_it_and_a_margin_may_be_asked_for():
    cost, retail = rates(("34", 100)), rates(("34", 110))
    equal = margin_guard(cost, retail, seconds=(60,), ratio=(11, 10))
    assert len(equal) == 0
    above = margin_guard(cost, retail, seconds=(60,), ratio=(110_000_001, 10**8))
    assert above["margin_ppm"].tolist() == [0]
    wanted = margin_guard(cost, retail, seconds=(60,), margin_ppm=100_001)
    assert wanted["margin_ppm"].tolist() == [100_000]
    assert len(margin_guard(cost, retail, seconds=(60,), margin_ppm=100_000)) == 0


def test_destinations_categories_and_everything():
    cost = rates(("34", 100), ("346", 100), ("351", 100), ("99", 100))
    cost = cost.assign(category=["landline", "mobile", "international", ""])
    retail = rates(("346", 10), ("", 20), ("", 30), ("", 40), ("", 50))
    retail = retail.assign(
        destination_id=[0, 7, 0, 0, 0],
        category=["", "", "landline", "international", ""],
    )
    prefixes = pd.DataFrame({"destination_id": [7, 7], "prefix": ["346", "347"]})
    table = margin_guard(cost, retail, seconds=(60,), destination_prefixes=prefixes)
    names = ["rate_id", "prefix", "retail_prefix", "retail_nano"]
    assert table[names].to_numpy().tolist() == [
        [1, "346", "346", 10],
        [2, "347", "347", 20],
        [3, "34", "", 30],
        [4, "351", "", 40],
        [5, "99", "", 50],
    ]


def test_what_has_no_price_by_length_is_left_out():
    cost = rates(("34", 100), ("35", 100))
    retail = rates(("34", 1), ("35", 1), ("34", 1))
    retail = retail.assign(method=["markup", "duration", "formula"])
    assert margin_guard(cost, retail)["prefix"].tolist() == ["35", "35"]
    blocked = retail.assign(is_allowed=False)
    assert len(margin_guard(cost, blocked)) == 0
    assert len(margin_guard(cost[:0], retail)) == 0
    with pytest.raises(BookError):
        margin_guard(rates(("3x", 1)), retail)


def test_several_rates_of_a_prefix_all_count():
    cost = rates(("34", 100), ("34", 60))
    retail = rates(("34", 50), ("34", 80))
    table = margin_guard(cost, retail, seconds=(60,))
    pairs = table[["rate_id", "cost_rate_id"]].to_numpy().tolist()
    assert pairs == [[1, 1], [1, 2], [2, 1]]


def test_bands_that_never_hold_at_once_are_not_compared():
    cost = rates(("34", 100), ("34", 60)).assign(time_band_id=[1, 2])
    retail = rates(("34", 50), ("34", 80)).assign(time_band_id=[2, 1])
    pairs = ["rate_id", "cost_rate_id", "is_bound"]
    table = margin_guard(cost, retail, seconds=(60,))
    assert table[pairs].to_numpy().tolist() == [
        [1, 1, True],
        [1, 2, False],
        [2, 1, False],
    ]
    table = margin_guard(cost, retail, seconds=(60,), apart={(1, 2), (2, 1)})
    assert table[pairs].to_numpy().tolist() == [[1, 2, False], [2, 1, False]]


def test_what_is_a_bound_is_said():
    cost, retail = rates(("34", 100)), rates(("34", 50), ("34", 60))
    table = margin_guard(cost, retail.assign(is_bound=[True, False]), seconds=(60,))
    assert table["is_bound"].tolist() == [True, False]


def test_costs_of_destinations_categories_and_everything():
    cost = rates(("", 10), ("", 30), ("", 20)).assign(
        destination_id=[7, 0, 0], category=["landline", "mobile", ""]
    )
    retail = rates(("346", 25), ("3491", 5), ("44", 15), ("", 15)).assign(
        category=["mobile", "landline", "international", "mobile"]
    )
    prefixes = pd.DataFrame({"destination_id": [7], "prefix": ["349"]})
    table = margin_guard(cost, retail, seconds=(60,), destination_prefixes=prefixes)
    names = ["rate_id", "cost_rate_id", "prefix", "retail_nano", "cost_nano"]
    assert table[names].to_numpy().tolist() == [
        [1, 2, "346", 25, 30],
        [2, 1, "3491", 5, 10],
        [3, 3, "44", 15, 20],
        [4, 2, "", 15, 30],
    ]


PREFIX = st.text(alphabet="12", min_size=1, max_size=3)
PRICES = st.dictionaries(PREFIX, st.integers(0, 5), max_size=6)


def longest(prices, number):
    """The price of the longest prefix that a number begins with, None where none."""
    begun = [prefix for prefix in prices if number.startswith(prefix)]
    return prices[max(begun, key=len)] if begun else None


@settings(max_examples=60)
@given(PRICES, PRICES)
def test_the_guard_finds_what_asking_for_every_number_finds(costs, retails):
    table = margin_guard(rates(*costs.items()), rates(*retails.items()), seconds=(60,))
    found = set(zip(table["retail_nano"], table["cost_nano"], strict=True))
    wanted = set()
    for digits in product("123", repeat=4):
        text = "".join(digits)
        pair = longest(retails, text), longest(costs, text)
        if None not in pair and pair[0] < pair[1]:
            wanted.add(pair)
    assert found == wanted

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Longest prefix match by one search."""

import numpy as np
import pandas as pd
import pytest
from engine.exceptions import PrefixError
from engine.prefixes import PrefixTable, match_keys
from hypothesis import given, settings
from hypothesis import strategies as st

digits = st.text("012", min_size=1, max_size=6)


def lookup(table, *numbers):
    """Give (value, length) of each number."""
    found, lengths = table.lookup(match_keys(list(numbers)))
    return list(zip(found.tolist(), lengths.tolist(), strict=True))


def test_the_longest_prefix_wins():
    table = PrefixTable.build(["34", "346", "3491", "1"], [10, 20, 30, 40])
    found = lookup(table, "34600000001", "34911234567", "34711111111", "12125550100")
    assert found == [(20, 3), (30, 4), (10, 2), (40, 1)]
    assert lookup(table, "44", "3", "0034") == [(-1, 0), (-1, 0), (-1, 0)]


def test_a_prefix_longer_than_the_number_does_not_match():
    """Padding makes "34" and "340" alike; the length in the key tells them apart."""
    table = PrefixTable.build(["340", "3400"], [1, 2])
    assert lookup(table, "34", "340", "3400", "34001") == [
        (-1, 0),
        (1, 3),
        (2, 4),
        (2, 4),
    ]


def test_leading_zeros_and_the_longest_numbers_match():
    table = PrefixTable.build(["0", "00", "9" * 17], [1, 2, 3])
    found = lookup(table, "0", "00", "001", "01", "9" * 17, "9" * 16)
    assert found == [(1, 1), (2, 2), (2, 2), (1, 1), (3, 17), (-1, 0)]


def test_keys_of_what_is_no_number_match_nothing():
    texts = [None, "", "acme", "34x", "٣٤", "1" * 18, float("nan"), "+34", "12"]
    keys = match_keys(pd.Series(texts, dtype=object))
    assert (keys < 0).tolist() == [True] * 8 + [False]
    assert PrefixTable.build(["1"]).nodes(keys).tolist() == [-1] * 8 + [0]


@pytest.mark.parametrize("kind", [object, "string", "category"])
def test_keys_do_not_depend_on_the_text_type(kind):
    keys = match_keys(pd.Series(["34", "346"]).astype(kind))
    assert keys.tolist() == match_keys(["34", "346"]).tolist()


@pytest.mark.parametrize("wrong", ["", "+34", "34 6", "12a", "1" * 18])
def test_bad_prefixes_are_refused_by_name(wrong):
    with pytest.raises(PrefixError) as refused:
        PrefixTable.build(["34", wrong])
    assert refused.value.found == wrong
    assert "17 digits" in str(refused.value)


def test_a_doubled_prefix_takes_the_last_value_and_none_is_fine():
    assert lookup(PrefixTable.build(["34", "34"], [1, 2]), "346") == [(2, 2)]
    assert lookup(PrefixTable.build([]), "346") == [(-1, 0)]


@settings(max_examples=200)
@given(st.lists(digits, max_size=15), st.lists(digits, min_size=1, max_size=20))
def test_lookup_agrees_with_trying_every_prefix(prefixes, numbers):
    table = PrefixTable.build(prefixes)
    for number, node in zip(numbers, table.nodes(match_keys(numbers)), strict=True):
        fitting = [one for one in prefixes if number.startswith(one)]
        expected = max(fitting, key=len, default=None)
        assert (table.prefixes[node] if node >= 0 else None) == expected


@given(st.lists(digits, min_size=1, max_size=15))
def test_parents_are_the_next_shorter_prefixes(prefixes):
    table = PrefixTable.build(prefixes)
    for name, parent in zip(table.prefixes, table.parents, strict=True):
        shorter = [one for one in prefixes if name.startswith(one) and one != name]
        expected = max(shorter, key=len, default=None)
        assert (table.prefixes[parent] if parent >= 0 else None) == expected


def test_many_prefixes_agree_with_a_walk_down_the_digits():
    random = np.random.default_rng(5)
    prefixes = {str(one) for one in random.integers(1, 10**6, 20_000)}
    numbers = [str(one) for one in random.integers(10**8, 10**12, 2_000)]
    table = PrefixTable.build(sorted(prefixes))
    for number, node in zip(numbers, table.nodes(match_keys(numbers)), strict=True):
        walk = (number[:size] for size in range(len(number), 0, -1))
        expected = next((one for one in walk if one in prefixes), None)
        assert (table.prefixes[node] if node >= 0 else None) == expected

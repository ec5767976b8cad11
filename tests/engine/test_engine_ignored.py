# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls that would wait and that a rule leaves out."""

import pandas as pd
import pytest
from engine.ignored import IgnoreRule, leave_out
from engine.pricing.outcome import REASONS, STATES

CALLS = [
    # carrier, calling, called, account, state, reason, start
    (1, "+34910000077", "+34912000001", None, "unmatched", "no_number", 10),
    (1, "+34910000001", "+881600000001", None, "unrated", "no_rate", 10),
    (1, "+34910000001", "+34912000001", None, "rated", "", 10),
    (2, "+34910000077", "+34912000001", "A7", "unmatched", "no_number", 20),
    (1, "+34910000001", "118", None, "late", "late", 20),
]


def _calls():
    names = ("carrier_id", "calling_number", "called_number", "account_code")
    calls = pd.DataFrame(
        [row[:4] for row in CALLS], columns=names, index=[5, 6, 7, 8, 9]
    )
    calls["redirecting_number"] = None
    calls["trunk"] = None
    calls["state"] = pd.Categorical([row[4] for row in CALLS], STATES)
    calls["reason"] = pd.Categorical([row[5] for row in CALLS], REASONS)
    calls["start_at"] = pd.to_datetime([f"2026-10-{row[6]}" for row in CALLS])
    return calls


def _left_out(*rules):
    calls = leave_out(_calls(), rules)
    out = (calls["state"] == "excluded").tolist()
    assert out == (calls["reason"] == "ignored").tolist()
    assert calls.index.tolist() == [5, 6, 7, 8, 9]
    return [place for place, value in enumerate(out) if value]


@pytest.mark.parametrize(
    ("rule", "left_out"),
    [
        ({"number": "+34910000077"}, [0, 3]),
        ({"number": "+34910000077", "carrier_id": 2}, [3]),
        ({"number": "A7"}, [3]),
        # The number stands in a call that waits for something else, too.
        ({"number": "+34910000001"}, [1, 4]),
        ({"number": "+34910000001", "cause": "unmatched"}, []),
        ({"prefix": "881"}, [1]),
        ({"prefix": "11"}, [4]),
        ({"prefix": "3491"}, [0, 3]),
        ({"called_pattern": "^118$"}, [4]),
        ({"calling_pattern": "077$", "carrier_id": 1}, [0]),
        ({"number": "+34910000077", "start": 1792454400}, [3]),
        ({"number": "+34910000077", "end": 1792454400}, [0]),
        ({"number": "+34999999999"}, []),
    ],
)
def test_which_calls_a_rule_names(rule, left_out):
    assert _left_out(IgnoreRule(**rule)) == left_out


def test_several_rules():
    rules = (IgnoreRule(prefix="881"), IgnoreRule(number="A7"))
    assert _left_out(*rules) == [1, 3]


def test_calls_that_have_a_price_keep_it():
    assert _left_out(IgnoreRule(called_pattern=".")) == [0, 1, 3, 4]


def test_without_rules_nothing_is_copied():
    calls = _calls()
    assert leave_out(calls, ()) is calls

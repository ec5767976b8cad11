# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The same call told twice: which rows are twins, whatever their order."""

import numpy as np
import pandas as pd
import pytest
from engine.same_call import NEVER, NONE, near_pairs, pair_up, twins
from hypothesis import given
from hypothesis import strategies as st

START = pd.Timestamp("2026-10-05 10:00:00")
PBX, FIRST, SECOND = 3, 1, 2
CALL = {
    "direction": "outgoing",
    "service": "voice",
    "calling_number": "+34910000001",
    "called_number": "+34912000001",
}


def rows(*calls, **shared):
    """Rows of (name, second, duration) and more columns; the name is the identity."""
    table = pd.DataFrame(
        [
            {
                **CALL,
                "identity": name,
                "start_at": START + pd.Timedelta(seconds=second),
                "duration": duration,
                **shared,
                **more,
            }
            for name, second, duration, more in (
                (*call, {}) if len(call) == 3 else call for call in calls
            )
        ],
        columns=None if calls else [*CALL, "identity", "start_at", "duration", *shared],
    )
    return table.astype({"start_at": "datetime64[s]"})


def told(carrier, *calls, compares=False, seconds=5, duration_seconds=5, rank=None):
    """Rows of a carrier; where it compares, its calls yield."""
    usual = carrier if compares else 0
    return rows(
        *calls,
        carrier_id=carrier,
        rank=usual if rank is None else rank,
        seconds=seconds if compares else NEVER,
        duration_seconds=duration_seconds if compares else NEVER,
    )


def found(*tables):
    """Twins as {identity: identity of the call that stands}."""
    table = pd.concat(tables, ignore_index=True)
    names = table["identity"]
    places = twins(table)
    return {
        names[row]: names[place] for row, place in enumerate(places) if place != NONE
    }


@pytest.mark.parametrize(
    ("second", "duration", "is_twin"),
    [
        (0, 60, True),
        (5, 60, True),
        (-5, 55, True),
        (5, 65, True),
        (6, 60, False),
        (-6, 60, False),
        (0, 66, False),
        (0, 54, False),
    ],
)
def test_twins_lie_within_the_tolerance(second, duration, is_twin):
    pbx = told(PBX, ("p", second, duration), compares=True)
    assert found(told(FIRST, ("c", 0, 60)), pbx) == ({"p": "c"} if is_twin else {})


@pytest.mark.parametrize(
    "other",
    [
        {"calling_number": "+34910000002"},
        {"called_number": "+34912000002"},
        {"direction": "incoming"},
        {"service": "sms"},
        {"calling_number": None},
        {"called_number": ""},
    ],
)
def test_other_parties_are_another_call(other):
    pbx = told(PBX, ("p", 0, 60, other), compares=True)
    assert found(told(FIRST, ("c", 0, 60)), pbx) == {}


def test_unknown_parties_are_never_the_same():
    withheld = {"calling_number": None}
    one = told(FIRST, ("c", 0, 60, withheld))
    assert found(one, told(PBX, ("p", 0, 60, withheld), compares=True)) == {}


def test_who_does_not_compare_has_no_twins():
    assert found(told(FIRST, ("a", 0, 60)), told(SECOND, ("b", 0, 60))) == {}


def test_calls_of_one_carrier_are_none_of_each_other():
    assert found(told(PBX, ("a", 0, 60), ("b", 1, 60), compares=True)) == {}


def test_of_two_that_compare_the_one_of_the_lower_rank_stands():
    one = told(FIRST, ("a", 0, 60), compares=True)
    other = told(SECOND, ("b", 0, 60), compares=True)
    assert found(other, one) == {"b": "a"}


def test_real_repeats_stay():
    """Two short calls of the PBX, one of the carrier: one of them is its own call."""
    carrier = told(FIRST, ("c", 0, 3))
    pbx = told(PBX, ("near", 1, 3), ("far", 4, 3), compares=True)
    assert found(carrier, pbx) == {"near": "c"}


def test_each_finds_the_nearest():
    carrier = told(FIRST, ("c1", 0, 3), ("c2", 4, 3))
    pbx = told(PBX, ("p1", 1, 3), ("p2", 5, 3), compares=True)
    assert found(carrier, pbx) == {"p1": "c1", "p2": "c2"}


def test_three_tell_of_one_call():
    tables = (
        told(FIRST, ("a", 0, 60)),
        told(SECOND, ("b", 1, 60), compares=True),
        told(PBX, ("p", 2, 60), compares=True),
    )
    assert found(*tables) == {"b": "a", "p": "a"}


def test_a_twin_stands_for_nobody():
    """b is a twin of a; p is near b alone, so it is a call."""
    tables = (
        told(FIRST, ("a", 0, 60)),
        told(SECOND, ("b", 5, 60), compares=True),
        told(PBX, ("p", 10, 60), compares=True),
    )
    assert found(*tables) == {"b": "a"}


def test_what_is_invoiced_stands():
    """The call of a PBX is on an invoice: the carrier's is its twin."""
    pbx = told(PBX, ("p", 2, 60), compares=True, rank=-1)
    assert found(told(FIRST, ("c", 0, 60)), pbx) == {"c": "p"}


def test_nothing_gives_nothing():
    assert twins(told(PBX)).tolist() == []
    assert near_pairs(rows(), 5).first.tolist() == []
    assert pair_up(rows(), rows(("a", 0, 1)), 5, 5).tolist() == []
    assert pair_up(rows(("a", 0, 1)), rows(), 5, 5).tolist() == [NONE]


calls = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 8)), max_size=7)


@given(calls, calls, calls, st.randoms())
def test_the_order_of_rows_does_not_matter(first, second, third, chance):
    """Whatever comes first: the same twins, each call with one of each carrier at most,
    and each within the tolerance."""
    tables = [
        told(carrier, *((f"{carrier}{i}", *c) for i, c in enumerate(of)), compares=how)
        for carrier, of, how in (
            (FIRST, first, False),
            (SECOND, second, True),
            (PBX, third, True),
        )
    ]
    table = pd.concat([one for one in tables if len(one)] or tables, ignore_index=True)
    expected = found(table)
    order = list(range(len(table)))
    chance.shuffle(order)
    assert found(table.iloc[order].reset_index(drop=True)) == expected
    by_name = table.set_index("identity")
    pairs = [(stands, name[0]) for name, stands in expected.items()]
    assert len(set(pairs)) == len(pairs)
    for name, stands in expected.items():
        gap = by_name["start_at"][name] - by_name["start_at"][stands]
        assert abs(gap) <= pd.Timedelta(seconds=5)
        assert stands not in expected
        assert name[0] != stands[0]


@given(calls, calls)
def test_no_twin_is_left(first, second):
    """No row stands that could still be joined with one that stands alone."""
    carrier = told(FIRST, *((f"c{i}", *c) for i, c in enumerate(first)))
    pbx = told(PBX, *((f"p{i}", *c) for i, c in enumerate(second)), compares=True)
    joined = found(carrier, pbx)
    lonely = carrier[~carrier["identity"].isin(joined.values())]
    left = pbx[~pbx["identity"].isin(joined)]
    for one in left.itertuples():
        gap = (lonely["start_at"] - one.start_at).abs() <= pd.Timedelta(seconds=5)
        assert not (gap & ((lonely["duration"] - one.duration).abs() <= 5)).any()


def test_near_pairs_are_all_pairs():
    random = np.random.default_rng(7)
    table = rows(
        *(
            (str(i), int(s), 1, {"called_number": f"+3491200000{n}"})
            for i, (s, n) in enumerate(
                zip(random.integers(0, 60, 80), random.integers(0, 3, 80), strict=True)
            )
        )
    )
    pairs = near_pairs(table, 4)
    got = {frozenset(pair) for pair in zip(pairs.first, pairs.second, strict=True)}
    second = (table["start_at"] - START).dt.total_seconds()
    number = table["called_number"]
    expected = {
        frozenset((one, other))
        for one in range(80)
        for other in range(one)
        if number[one] == number[other] and abs(second[one] - second[other]) <= 4
    }
    assert got == expected
    assert len(pairs.first) == len(expected)


def paired(theirs, ours, seconds=5, duration_seconds=5):
    """Pairs as {identity of theirs: identity of ours}."""
    places = pair_up(theirs, ours, seconds, duration_seconds)
    names = zip(theirs["identity"], places, strict=True)
    return {name: ours["identity"][place] for name, place in names if place != NONE}


def test_pairs_by_identity_come_first():
    theirs = rows(("same", 0, 90), ("t", 1, 60))
    ours = rows(("o", 0, 60), ("same", 3, 60))
    assert paired(theirs, ours) == {"same": "same", "t": "o"}


def test_pairs_of_like_duration_come_before_nearer_ones():
    assert paired(rows(("t", 0, 60)), rows(("near", 0, 300), ("like", 4, 62))) == {
        "t": "like"
    }


def test_another_duration_is_a_pair_still():
    assert paired(rows(("t", 0, 60)), rows(("o", 1, 300))) == {"t": "o"}
    assert paired(rows(("t", 0, 60)), rows(("o", 6, 60))) == {}


def test_each_call_of_ours_is_told_of_once():
    assert paired(rows(("t1", 0, 60), ("t2", 1, 60)), rows(("o", 0, 60))) == {"t1": "o"}

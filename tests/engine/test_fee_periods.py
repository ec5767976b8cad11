# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest
from engine.fee_periods import (
    Plan,
    corrections,
    due_days,
    period_of,
    without,
)
from hypothesis import given
from hypothesis import strategies as st


def day(text):
    return date.fromisoformat(f"2026-{text}")


@pytest.mark.parametrize(
    ("of", "anchor", "months", "expected"),
    [
        ("10-20", "10-01", 1, ("2026-10-01", "2026-11-01")),
        ("10-14", "10-15", 1, ("2026-09-15", "2026-10-15")),
        ("10-15", "10-15", 1, ("2026-10-15", "2026-11-15")),
        ("12-31", "11-01", 3, ("2026-11-01", "2027-02-01")),
        ("10-31", "11-01", 3, ("2026-08-01", "2026-11-01")),
        ("01-14", "01-15", 12, ("2025-01-15", "2026-01-15")),
    ],
)
def test_period_of(of, anchor, months, expected):
    found = period_of(day(of), day(anchor), months)
    assert tuple(one.isoformat() for one in found) == expected


@pytest.mark.parametrize(
    ("timing", "months", "since", "until", "expected"),
    [
        # From 10 October until 9 December, both included.
        ("current", 1, "10-01", "10-09", []),
        ("current", 1, "10-01", "10-10", [("10-10", "11-01")]),
        ("current", 1, "10-01", "10-31", [("10-10", "11-01")]),
        ("current", 1, "10-01", "11-01", [("10-10", "11-01"), ("11-01", "12-01")]),
        ("advance", 1, "10-01", "10-31", [("10-10", "11-01"), ("11-01", "12-01")]),
        ("advance", 1, "10-01", "10-09", [("10-10", "11-01"), ("11-01", "12-01")]),
        ("advance", 1, "11-01", "11-30", [("11-01", "12-01"), ("12-01", "12-10")]),
        ("advance", 3, "10-01", "10-31", [("10-10", "12-10")]),
        ("arrears", 1, "10-01", "10-30", []),
        ("arrears", 1, "10-01", "10-31", [("10-10", "11-01")]),
        ("arrears", 3, "10-01", "12-08", []),
        ("arrears", 3, "10-01", "12-09", [("10-10", "12-10")]),
        ("current", 12, "12-11", "12-31", [("10-10", "12-10")]),
        ("current", 1, "12-11", "12-31", [("12-01", "12-10")]),
    ],
)
def test_what_is_due(timing, months, since, until, expected):
    plan = Plan(day("10-01"), months, timing)
    running = (day("10-10"), day("12-10"))
    found = due_days(plan, running, day(since), day(until), True)
    assert [(one.start, one.end) for one in found] == [
        (day(first), day(after)) for first, after in expected
    ]


def test_a_whole_fee_for_a_part():
    plan = Plan(day("10-01"), 1, "current")
    running = (day("10-10"), day("10-12"))
    [due] = due_days(plan, running, day("10-01"), day("10-31"), False)
    assert (due.start, due.end) == (due.period_start, due.period_end)


@pytest.mark.parametrize(
    ("billed", "wanted", "expected"),
    [
        ([("10-01", "11-01", 1)], [("10-01", "11-01")], []),
        ([("10-01", "11-01", 1)], [("10-01", "10-10")], [("10-10", "11-01", -1)]),
        # Given back, and due again.
        (
            [("10-01", "11-01", 1), ("10-10", "11-01", -1)],
            [("10-01", "10-20")],
            [("10-10", "10-20", 1)],
        ),
        # The fee was credited, so nothing was to be given back.
        ([("10-10", "11-01", -1)], [], [("10-10", "11-01", 1)]),
        # Both ends, and the same twice.
        (
            [("10-01", "11-01", 1)],
            [("10-05", "10-10")],
            [("10-01", "10-05", -1), ("10-10", "11-01", -1)],
        ),
        (
            [("10-01", "10-05", 1), ("10-01", "10-05", 1)],
            [],
            [("10-01", "10-05", -1), ("10-01", "10-05", -1)],
        ),
    ],
)
def test_corrections(billed, wanted, expected):
    found = corrections(
        [(day(a), day(b), sign) for a, b, sign in billed],
        [(day(a), day(b)) for a, b in wanted],
    )
    assert list(found) == [(day(a), day(b), sign) for a, b, sign in expected]


FIRST = date(2026, 1, 1)
DAYS = st.integers(0, 400).map(lambda count: FIRST + timedelta(days=count))
SPANS = st.tuples(DAYS, DAYS).filter(lambda days: days[0] < days[1])


def counted(spans):
    """How often each day is in spans (start, end, sign)."""
    found = Counter()
    for start, end, sign in spans:
        for number in range((end - start).days):
            found[start + timedelta(days=number)] += sign
    return {one: count for one, count in found.items() if count}


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], [("10-01", "11-01")]),
        # Beside it, before and behind: nothing of it is taken, and it comes once.
        ([("11-01", "12-01")], [("10-01", "11-01")]),
        ([("12-01", "12-31"), ("11-05", "11-06")], [("10-01", "11-01")]),
        ([("09-01", "10-01"), ("11-01", "12-01")], [("10-01", "11-01")]),
        ([("11-01", "12-01"), ("10-10", "11-01")], [("10-01", "10-10")]),
        (
            [("10-20", "10-25"), ("10-05", "10-10"), ("10-08", "10-09")],
            [("10-01", "10-05"), ("10-10", "10-20"), ("10-25", "11-01")],
        ),
        ([("09-15", "10-02"), ("10-31", "11-15")], [("10-02", "10-31")]),
        ([("09-01", "12-01")], []),
        # No days at all.
        ([("10-05", "10-05"), ("10-20", "10-10")], [("10-01", "11-01")]),
    ],
)
def test_without(others, expected):
    spans = [(day(first), day(after)) for first, after in others]
    found = without((day("10-01"), day("11-01")), spans)
    assert list(found) == [(day(first), day(after)) for first, after in expected]


@given(SPANS, st.lists(st.tuples(DAYS, DAYS), max_size=8))
def test_what_is_left_is_each_day_once_whatever_was_billed(days, others):
    """Spans in any order, that overlap, repeat, lie behind, or hold no day."""
    found = list(without(days, others))
    taken = {one for one, _count in counted((*o, 1) for o in others).items()}
    assert counted((*one, 1) for one in found) == {
        one: 1 for one in counted([(*days, 1)]) if one not in taken
    }
    assert found == sorted(found)
    # As few as can be: none ends where the next one begins.
    assert all(a[1] < b[0] for a, b in pairwise(found))


@given(
    st.lists(st.tuples(SPANS, st.sampled_from((1, -1))), max_size=6),
    st.lists(SPANS, max_size=3),
)
def test_what_was_billed_and_its_corrections_are_what_is_wanted(billed, wanted):
    left = []  # disjoint, as they come
    for days in wanted:
        left += list(without(days, left))
    done = [(*days, sign) for days, sign in billed]
    done += list(corrections(done, left))
    assert counted(done) == counted((*days, 1) for days in left)


@given(
    SPANS,
    st.sampled_from((1, 3, 12)),
    st.sampled_from(("current", "advance", "arrears")),
    st.integers(1, 28),
    st.lists(st.tuples(DAYS, st.integers(0, 99)), min_size=1, max_size=6),
)
def test_every_day_once_in_whatever_order_it_is_invoiced(
    running, months, timing, billing_day, runs
):
    """Also where one of the spans, whichever, is credited after a run."""
    plan = Plan(FIRST.replace(day=billing_day), months, timing)
    billed = []
    for until, credited in [*runs, (date(2029, 1, 1), 99)]:
        for due in due_days(plan, running, FIRST, until, True):
            billed += list(without((due.start, due.end), billed))
        assert set(counted((*days, 1) for days in billed).values()) <= {1}
        if credited < len(billed):
            billed.pop(credited)
    assert counted((*days, 1) for days in billed) == counted([(*running, 1)])

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What allowances carry over, month by month, computed by hand."""

import numpy as np
import pandas as pd
import pytest
from bundle_samples import full_bundles, given_table
from engine.bundles.allowances import allocate
from engine.bundles.rollover import (
    CARRIED_COLUMNS,
    carried_over,
    kept_for_later,
    without,
)
from engine_samples import calls_table
from hypothesis import given, settings
from hypothesis import strategies as st

MONTHS = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"]
STARTED = {"first_day": "2026-01-01"}


def monthly(*quantities, **values):
    """Give draws or extras of these quantities, from January on."""
    return [
        {"period_start": month, "quantity": quantity, **values}
        for month, quantity in zip(MONTHS, quantities, strict=False)
    ]


def carried(bundles, draws=(), until="2026-05-31", **options):
    """Give what is carried into each of January to May, of all pools."""
    found = carried_over(bundles, given_table(draws), until, **options)
    assert tuple(found.columns) == CARRIED_COLUMNS
    sums = found.groupby("period_start")["quantity"].sum()
    return sums.reindex(pd.to_datetime(MONTHS)).fillna(0).astype(int).tolist()


ROLLED = [
    # months of rollover, draws of January to April, carried into January to May
    (0, (10, 10, 10, 10), [0, 0, 0, 0, 0]),
    (1, (), [0, 100, 100, 100, 100]),
    (2, (), [0, 100, 200, 200, 200]),
    (12, (), [0, 100, 200, 300, 400]),
    # January leaves 60; February takes 80: these and 20 of its own; 80 are left.
    (1, (40, 80, 0, 0), [0, 60, 80, 100, 100]),
    (1, (100, 100, 100, 100), [0, 0, 0, 0, 0]),
    # February takes 30 of January's 60: the other 30 expire, 100 of its own go on.
    (1, (40, 30, 0, 0), [0, 60, 100, 100, 100]),
    (2, (40, 30, 0, 0), [0, 60, 130, 200, 200]),
    # March: 30 of January, 100 of February, 100 own; 150 take 30, 100 and 20.
    (2, (40, 30, 150, 0), [0, 60, 130, 80, 180]),
    (1, (40, 160, 0, 200), [0, 60, 0, 100, 0]),
    # More used than there was, as after a change of the bundle: nothing is owed.
    (1, (500, 0, 0, 0), [0, 0, 100, 100, 100]),
]


@pytest.mark.parametrize(("age", "used", "expected"), ROLLED)
def test_the_oldest_is_taken_first_and_expires(age, used, expected):
    bundles = full_bundles([{"quantity": 100, "rollover_months": age}], [STARTED])
    assert carried(bundles, monthly(*used)) == expected


def test_months_until_the_day_asked_for_and_no_further():
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}], [STARTED])
    assert carried(bundles, until="2026-03-01") == [0, 100, 100, 0, 0]
    assert carried(bundles, until="2026-02-28") == [0, 100, 0, 0, 0]
    assert carried(bundles, until="2026-01-31") == [0, 0, 0, 0, 0]
    assert carried(bundles, until="2025-01-31") == [0, 0, 0, 0, 0]


EXTRAS = [
    # extras, draws of January to April; carried into January to May
    # Extras are for their month and expire with it, so they are taken first.
    ((50,), (30,), [0, 100, 100, 100, 100]),
    ((50,), (70,), [0, 80, 100, 100, 100]),
    ((50,), (150,), [0, 0, 100, 100, 100]),
]


@pytest.mark.parametrize(("extras", "used", "expected"), EXTRAS)
def test_extras_are_not_carried_over(extras, used, expected):
    allowance = {"quantity": 100, "rollover_months": 1}
    bundles = full_bundles([allowance], [STARTED], monthly(*extras))
    assert carried(bundles, monthly(*used)) == expected


BEGINNINGS = [
    # first day, last day, prorated; carried into January to May
    ("2026-02-15", None, False, [0, 0, 280, 560, 560]),
    ("2026-02-15", None, True, [0, 0, 140, 420, 560]),
    ("2026-01-01", "2026-03-10", False, [0, 280, 560, 0, 0]),
    ("2026-06-01", None, False, [0, 0, 0, 0, 0]),
    # In force for ever: as many months before as are carried over.
    (None, None, False, [0, 0, 0, 0, 560]),
]


@pytest.mark.parametrize(("first", "last", "is_prorated", "expected"), BEGINNINGS)
def test_what_a_month_includes_goes_by_the_days_in_force(
    first, last, is_prorated, expected
):
    terms = {"first_day": first, "last_day": last, "is_prorated": is_prorated}
    bundles = full_bundles([{"quantity": 280, "rollover_months": 2}], [terms])
    assert carried(bundles) == expected


def test_for_ever_in_force_begins_before_the_first_draw():
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}])
    assert carried(bundles, monthly(130)) == [100, 70, 100, 100, 100]


def test_periods_of_a_billing_day():
    terms = {"billing_day": 15, "first_day": "2026-01-15"}
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}], [terms])
    draws = [{"period_start": "2026-01-15", "quantity": 30}]
    found = carried_over(bundles, given_table(draws), "2026-03-14")
    assert found["period_start"].tolist() == [pd.Timestamp("2026-02-15")]
    assert found["quantity"].tolist() == [70]


NUMBERS = [
    # numbers that the subscription names, numbers known; carried by number
    ((), None, {1: 90}),
    ((1, 2), None, {1: 90, 2: 100}),
    ((), [(2, None)], {1: 90, 2: 100}),
    ((), [(2, "2026-02-01"), (1, "2026-01-01")], {1: 90}),
    ((1,), [(2, None)], {1: 90}),
]


@pytest.mark.parametrize(("named", "known", "expected"), NUMBERS)
def test_by_number_where_nothing_is_shared(named, known, expected):
    terms = STARTED | {"is_shared": False, "numbers": frozenset(named)}
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}], [terms])
    draws = given_table(monthly(10, number_id=1))
    numbers = known and pd.DataFrame(known, columns=["number_id", "first_day"])
    if known:
        numbers["subscription_id"] = 1
    found = carried_over(bundles, draws, "2026-02-01", numbers)
    pairs = zip(found["number_id"], found["quantity"], strict=True)
    assert dict(pairs) == expected


def test_allowances_of_different_lengths_and_of_money():
    rows = [
        {"quantity": 100, "rollover_months": 1, "amount_limit_micro": 50},
        {"allowance_id": 2, "quantity": 100, "rollover_months": 3},
        {"allowance_id": 3, "quantity": 100},
    ]
    draws = monthly(20, 0, 0, amount_micro=30)
    draws += monthly(20, 0, 0, allowance_id=2)
    found = carried_over(full_bundles(rows, [STARTED]), given_table(draws), MONTHS[3])
    names = ["allowance_id", "period_start", "quantity", "amount_micro"]
    found = found[names].sort_values(names)
    found["period_start"] = found["period_start"].dt.month
    assert found.to_numpy().tolist() == [
        [1, 2, 80, 20],
        [1, 3, 100, 40],  # 30 took the 20 of January and 10 of 50
        [1, 4, 100, 50],
        [2, 2, 80, 0],
        [2, 3, 180, 0],
        [2, 4, 280, 0],
    ]


def test_the_month_asked_for_may_come_in_any_form():
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}], [STARTED])
    draws = given_table([])
    for until in ("2026-02-01", np.datetime64("2026-02-01T00:00:00"), MONTHS[1]):
        assert carried_over(bundles, draws, until)["quantity"].tolist() == [100]


def test_nothing_rolls_over_without_allowances():
    bundles = full_bundles([], [])
    assert len(carried_over(bundles, given_table([]), "2026-02-01")) == 0


# === LATE CALLS: WHAT LATER MONTHS HAVE TAKEN IS NOT THERE ANY MORE === #

KEPT = [
    # months of rollover, invoiced in January to May, extras; kept in each month
    # 60 are left of January: February took them all, or 30 of them, or none.
    (1, (40, 160), (), [60, 0, 0, 0, 0]),
    (1, (40, 130), (), [30, 0, 0, 0, 0]),
    (1, (40, 100), (), [0, 0, 0, 0, 0]),
    (1, (40, 30), (), [0, 0, 0, 0, 0]),
    # More than there was: what there was.
    (1, (40, 500), (), [60, 0, 0, 0, 0]),
    # Extras of February come first, extras of January are gone with it.
    (1, (40, 150), (0, 20), [30, 0, 0, 0, 0]),
    (1, (40, 130), (20, 0), [30, 0, 0, 0, 0]),
    # March takes 50 of January, if it may; all that is left of February and its own.
    (2, (40, 0, 250), (), [50, 150, 0, 0, 0]),
    (1, (40, 0, 250), (), [0, 100, 0, 0, 0]),
    # February used its own, and March what February had of January instead.
    (1, (40, 100, 160), (), [60, 60, 0, 0, 0]),
    (1, (40, 100, 160, 200), (), [60, 60, 0, 0, 0]),
    # Three months on.
    (3, (0, 0, 0, 350), (), [50, 150, 250, 0, 0]),
    (0, (40, 160), (), [0, 0, 0, 0, 0]),
]


@pytest.mark.parametrize(("age", "used", "extras", "expected"), KEPT)
def test_what_later_invoiced_calls_took_is_kept_for_them(age, used, extras, expected):
    allowance = {"quantity": 100, "rollover_months": age}
    bundles = full_bundles([allowance], [STARTED], monthly(*extras) or ())
    draws = given_table(monthly(*used))
    found = []
    for month in MONTHS:
        kept = kept_for_later(bundles, draws, draws, month, "2026-05-31")
        assert tuple(kept.columns) == CARRIED_COLUMNS
        assert (kept["period_start"] == pd.Timestamp(month)).all()
        found.append(int(kept["quantity"].sum()))
    assert found == expected


def test_calls_that_are_not_invoiced_keep_nothing_and_give_way():
    """30 of January's 70 are open: they may be dealt anew, 30 are kept for February."""
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}], [STARTED])
    frozen, every = monthly(40, 130), monthly(70, 130)
    tables = (given_table(every), given_table(frozen))
    kept = kept_for_later(bundles, *tables, MONTHS[0], "2026-05-31")
    assert kept["quantity"].tolist() == [30]
    kept = kept_for_later(bundles, tables[0], given_table([]), MONTHS[0], "2026-05-31")
    assert not len(kept)


def test_money_and_numbers_are_kept_apart():
    rows = [{"quantity": 100, "rollover_months": 1, "amount_limit_micro": 50}]
    terms = STARTED | {"is_shared": False}
    bundles = full_bundles(rows, [terms])
    draws = monthly(0, 120, number_id=1, amount_micro=0)
    draws += monthly(40, 30, number_id=2, amount_micro=30)
    draws[-1]["amount_micro"] = 60
    table = given_table(draws)
    kept = kept_for_later(bundles, table, table, MONTHS[0], "2026-05-31")
    names = ["number_id", "quantity", "amount_micro"]
    assert kept[names].to_numpy().tolist() == [[1, 20, 0], [2, 0, 10]]


def test_less_carried_over_is_less_than_nothing():
    """What is kept is taken off the whole pool, be nothing carried into it."""
    bundles = full_bundles([{"quantity": 100, "rollover_months": 1}], [STARTED])
    draws = given_table(monthly(40, 160))
    kept = kept_for_later(bundles, draws, draws, MONTHS[0], "2026-05-31")
    call = calls_table([{"start_at": "2026-01-31 10:00", "duration": 60}])
    used = draws[draws["period_start"] == MONTHS[0]]
    for some, left in ((bundles, 0), (without(bundles, kept), 60)):
        cover = allocate(call, np.array([True]), some, used)
        assert cover.duration.tolist() == [left]


class Pass:
    """Deals months out as the models do: month by month, then the next ones."""

    def __init__(self, bundles):
        """Begin without calls."""
        self.bundles = bundles
        self.calls = []  # month, seconds, invoiced, taken

    def draws(self, wanted=lambda call: True):
        """Give what some of the calls have taken."""
        rows = [
            {"period_start": MONTHS[month], "quantity": taken}
            for month, _seconds, invoiced, taken in self.calls
            if taken and wanted((month, invoiced))
        ]
        return given_table(rows)

    def deal(self):
        """Deal out everything that is not invoiced, in the order of months."""
        self.calls = [(*c[:3], c[3] if c[2] else 0) for c in self.calls]
        for month in range(len(MONTHS)):
            self.deal_month(month)

    def deal_month(self, month):
        """Cover the calls of a month that are not invoiced."""
        until = "2026-05-31"
        carried = carried_over(self.bundles, self.draws(), until)
        bundles = self.bundles.with_carried(carried)
        frozen = self.draws(lambda call: call[1])
        kept = kept_for_later(bundles, self.draws(), frozen, MONTHS[month], until)
        places = [n for n, c in enumerate(self.calls) if c[0] == month and not c[2]]
        if not places:
            return
        rows = [
            {"start_at": f"{MONTHS[month]} {10 + n // 60}:{n % 60:02d}:00",
             "duration": self.calls[place][1]}
            for n, place in enumerate(places)
        ]  # fmt: skip
        billable = np.ones(len(rows), dtype=bool)
        used = self.draws(lambda call: call[0] == month and call[1])
        cover = allocate(calls_table(rows), billable, without(bundles, kept), used)
        for place, left in zip(places, cover.duration.tolist(), strict=True):
            month_of, seconds, invoiced, _taken = self.calls[place]
            self.calls[place] = (month_of, seconds, invoiced, seconds - left)

    def used(self):
        """Give what each month has used."""
        sums = [0] * len(MONTHS)
        for month, _seconds, _invoiced, taken in self.calls:
            sums[month] += taken
        return sums


def is_granted(quantity, age, extras, used):
    """Tell whether months can have used so much: the bucket that expires first goes."""
    buckets = []
    for month, wanted in enumerate(used):
        buckets = [one for one in buckets if one[0] >= month] + [
            [month + age, quantity]
        ]
        rest = max(wanted - (extras[month] if month < len(extras) else 0), 0)
        for bucket in buckets:
            taken = min(bucket[1], rest)
            bucket[1] -= taken
            rest -= taken
        if rest:
            return False
    return True


turns = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 4), st.integers(1, 150)), max_size=4),
        st.one_of(st.none(), st.integers(0, 4)),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 3), st.integers(0, 120), st.lists(st.integers(0, 60), max_size=3),
    turns,
)  # fmt: skip
def test_nothing_is_used_twice_whatever_comes_late(age, quantity, extras, history):
    """Calls come for any month, some months are invoiced in between, all is dealt anew.

    Whatever the order: no more is used than months have been given, within the months
    that it may be used in; and what is invoiced stands.
    """
    allowance = {"quantity": quantity, "rollover_months": age}
    given_extras = [row for row in monthly(*extras) if row["quantity"]]
    bundles = full_bundles([allowance], [STARTED], given_extras)
    run = Pass(bundles)
    for calls, until in history:
        run.calls += [(month, seconds, False, 0) for month, seconds in calls]
        run.deal()
        assert is_granted(quantity, age, extras, run.used())
        if until is not None:
            run.calls = [(*c[:2], c[2] or c[0] <= until, c[3]) for c in run.calls]
    again = list(run.calls)
    run.deal()
    assert run.calls == again


@settings(max_examples=20, deadline=None)
@given(
    st.integers(1, 3), st.lists(st.integers(0, 150), min_size=5, max_size=5),
    st.integers(0, 3), st.integers(1, 400),
)  # fmt: skip
def test_a_late_call_gets_all_that_can_be_given(age, used, month, seconds):
    """What it gets could be given, and a second more could not."""
    run = Pass(full_bundles([{"quantity": 100, "rollover_months": age}], [STARTED]))
    for place, wanted in enumerate(used):
        run.calls.append((place, wanted, False, 0))
    run.deal()
    run.calls = [(*c[:2], True, c[3]) for c in run.calls]
    run.calls.append((month, seconds, False, 0))
    run.deal()
    taken, sums = run.calls[-1][3], run.used()
    assert is_granted(100, age, [], sums)
    if taken < seconds:
        sums[month] += 1
        assert not is_granted(100, age, [], sums)

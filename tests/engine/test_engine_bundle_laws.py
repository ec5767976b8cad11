# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Laws of bundles: random ones against a reference that takes call by call."""

from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pandas as pd
from bundle_samples import LIMITS, RULES, full_bundles, given_table
from engine.bundles.allowances import CONNECT_RULES, allocate
from engine.bundles.ledger import ledger
from engine.bundles.rollover import carried_over
from engine.pricing.rating import rate_bundled
from engine_samples import ALLOWANCE, SUBSCRIPTION, book, calls_table, rate
from hypothesis import given, settings
from hypothesis import strategies as st

FEW = settings(max_examples=30, deadline=None)
STARTS = ["2026-03-10 10:00", "2026-03-10 10:01", "2026-03-14 11:00"]
STARTS += ["2026-03-15 11:00", "2026-04-01 11:00", "2026-04-14 11:00"]
KEYS = ["subscription_id", "allowance_id", "number_id", "period_start"]

call_rows = st.fixed_dictionaries(
    {
        "service": st.sampled_from(["voice", "voice", "voice", "sms", "data"]),
        "direction": st.sampled_from(["outgoing", "outgoing", "incoming"]),
        "duration": st.one_of(st.integers(0, 20), st.integers(0, 400)),
        "volume": st.integers(0, 500),
        "category": st.sampled_from(["landline", "mobile"]),
        "start_at": st.sampled_from(STARTS),
        "number_id": st.integers(1, 3),
        "price": st.one_of(st.integers(0, 50), st.integers(0, 10**6)),
    }
)
allowance_rows = st.fixed_dictionaries(
    {
        "service": st.sampled_from(["voice", "voice", "voice", "sms", "data"]),
        "kind": st.sampled_from(["seconds", "seconds", "bytes", "messages", "calls"]),
        "quantity": st.one_of(st.integers(0, 5), st.integers(0, 900)),
        "categories": st.sampled_from([frozenset(), frozenset({"mobile"})]),
        "sequence": st.integers(1, 3),
        "direction": st.sampled_from(["", "outgoing", "outgoing", "incoming"]),
        "amount_limit_micro": st.one_of(
            st.none(), st.integers(0, 100), st.integers(0, 10**6)
        ),
        "rest_discount_ppm": st.sampled_from([0, 0, 100_000, 250_000]),
    }
)
subscription_rows = st.fixed_dictionaries(
    {
        "priority": st.integers(1, 2),
        "numbers": st.sampled_from([frozenset(), frozenset(), frozenset({1, 2})]),
        "is_shared": st.booleans(),
        "billing_day": st.sampled_from([1, 15]),
        "is_prorated": st.booleans(),
        "first_day": st.sampled_from([None, "2026-03-10", "2026-03-15"]),
        "last_day": st.sampled_from([None, "2026-03-15", "2026-04-14"]),
        "bundle_initial": st.sampled_from([0, 0, 30, 60]),
        "bundle_increment": st.sampled_from([0, 1, 6, 20, 60]),
        "bundle_minimum": st.sampled_from([0, 0, 45]),
        "bundle_grace": st.sampled_from([0, 0, 10]),
        "run_through": st.booleans(),
        "connect_rule": st.sampled_from(CONNECT_RULES),
        "covered_price_nano": st.sampled_from([0, 7]),
        "covered_connect_nano": st.sampled_from([0, 100]),
    }
)
given_rows = st.fixed_dictionaries(
    {
        "subscription_id": st.integers(1, 2),
        "allowance_id": st.integers(1, 3),
        "number_id": st.integers(0, 3),
        "period_start": st.sampled_from(["2026-03-01", "2026-03-15", "2026-04-01"]),
        "quantity": st.integers(1, 200),
        "amount_micro": st.integers(0, 100),
    }
)
many_given = st.lists(given_rows, max_size=3)
packages = st.tuples(
    st.lists(allowance_rows, min_size=1, max_size=3),
    st.lists(subscription_rows, min_size=1, max_size=2),
    many_given,
    many_given,
)
files = st.lists(call_rows, min_size=1, max_size=14)


def numbered(rows, name):
    """Give rows with ids from 1 on."""
    return [{**row, name: place + 1} for place, row in enumerate(rows)]


def identified(rows):
    """Give calls with an identity each, not in the order of rows."""
    return [
        {**row, "identity": f"{place * 7 % 15:032x}"} for place, row in enumerate(rows)
    ]


def parts_of(package):
    """Give allowances, subscriptions, extras and carried, with ids."""
    allowances, subscriptions, extras, carried = package
    known = numbered(subscriptions, "subscription_id")
    return numbered(allowances, "allowance_id"), known, extras, carried


def cover_calls(calls, bundles, used=None):
    """Let bundles cover the calls that cost something."""
    prices = calls["price"].to_numpy(dtype=np.int64)
    return allocate(calls, prices > 0, bundles, used, prices)


def begin_of(day, billing_day):
    """Give the first day of a day's period, by counting back."""
    while day.day != billing_day:
        day -= timedelta(days=1)
    return day


def half_up(value):
    """Round a fraction half up."""
    return int((2 * value + 1) // 2)


class Reference:
    """Takes call by call and second by second, with plain Python numbers."""

    def __init__(self, package, used=()):
        """Keep the rows in order of use; `used`: dictionaries of frozen draws."""
        allowances, subscriptions, extras, carried = parts_of(package)
        self.rows = sorted(
            (
                SUBSCRIPTION | RULES | sub | ALLOWANCE | LIMITS | allowance
                for sub in subscriptions
                for allowance in allowances
            ),
            key=lambda row: (
                row["priority"], row["subscription_id"], row["sequence"],
                row["allowance_id"],
            ),
        )  # fmt: skip
        self.given = [(one, 1) for one in (*extras, *carried)]
        self.given += [(one, -1) for one in used]
        self.extras = extras
        self.pools = {}
        self.draws = []

    def pool(self, row, number, begin):
        """Give what a pool has left: [quantity, money or None]."""
        key = (row["subscription_id"], row["allowance_id"], number, begin)
        if key not in self.pools:
            self.pools[key] = self.filled(row, number, begin)
        return self.pools[key]

    def filled(self, row, number, begin):
        """Give what a pool has before any call."""
        quantity, money = row["quantity"], row["amount_limit_micro"]
        if not row["is_shared"] and number == 0:
            quantity, money = 0, None
        elif row["is_prorated"]:
            after = begin_of(begin + timedelta(days=31), row["billing_day"])
            days = (after - begin).days
            first, last = (row[name] for name in ("first_day", "last_day"))
            used = sum(
                (not first or first <= str(day)) and (not last or str(day) <= last)
                for day in (begin + timedelta(days=n) for n in range(days))
            )
            quantity = half_up(Fraction(quantity * used, days))
            money = None if money is None else half_up(Fraction(money * used, days))
        for one, sign in self.given:
            if self.is_for(one, row, number, begin):
                quantity += sign * one["quantity"]
                money = None if money is None else money + sign * one["amount_micro"]
        return [quantity, money]

    def is_for(self, one, row, number, begin):
        """Tell whether a quantity is given to (or taken from) a pool."""
        own = 0 if row["is_shared"] else one["number_id"]
        day = date.fromisoformat(str(one["period_start"])[:10])
        return (
            one["subscription_id"] == row["subscription_id"]
            and one["allowance_id"] == row["allowance_id"]
            and own == number
            and begin_of(day, row["billing_day"]) == begin
        )

    def take(self, call):
        """Cover one call; give what `Cover` says of it, as a dictionary."""
        state = {"left": call["duration"], "volume": call["volume"], "whole": False}
        state |= {"seconds": 0, "charge": 0, "first": None, "discount": 0}
        for row in self.rows if call["price"] > 0 else ():
            if not self.matches(row, call):
                continue
            state["discount"] = state["discount"] or row["rest_discount_ppm"]
            begin = begin_of(call["day"].date(), row["billing_day"])
            self.cover(row, call, state, 0 if row["is_shared"] else call["number_id"])
            has_common = any(
                self.is_for(one, row, 0, begin) for one in self.common_given
            )
            if not row["is_shared"] and has_common:
                self.cover(row, call, state, 0)
        if state["first"]:
            state["charge"] += state["first"]["covered_connect_nano"]
        return state

    @property
    def common_given(self):
        """Give the extras that name no number."""
        return [one for one in self.extras if one["number_id"] == 0]

    @staticmethod
    def matches(row, call):
        """Tell whether a call is the allowance's business."""
        is_short = call["service"] == "voice" and row["bundle_grace"] > 0
        is_short = is_short and call["duration"] <= row["bundle_grace"]
        return (
            row["service"] == call["service"]
            and row["direction"] in ("", call["direction"])
            and (not row["categories"] or call["category"] in row["categories"])
            and (not row["numbers"] or call["number_id"] in row["numbers"])
            and not is_short
        )

    def cover(self, row, call, state, number):
        """Let one pool cover what it can of a call."""
        begin = begin_of(call["day"].date(), row["billing_day"])
        pool = self.pool(row, number, begin)
        kind = row["kind"]
        units = {
            "seconds": state["left"],
            "bytes": state["volume"],
            "messages": int(call["service"] == "sms"),
            "calls": 1,
        }[kind]
        units = 0 if state["whole"] else units
        taken = units
        while taken > 0 and not self.affords(pool, taken, self.share(row, call, state)):
            taken -= 1
        if taken <= 0:
            return
        value = 0
        if pool[1] is not None:
            value = half_up(taken * self.share(row, call, state))
            pool[1] -= value
        charged = min(self.steps(row, call, state, taken), pool[0])
        pool[0] -= charged
        seconds = {"seconds": taken, "calls": state["left"]}.get(kind, 0)
        state["seconds"] += seconds
        state["charge"] += seconds * row["covered_price_nano"]
        state["first"] = state["first"] or row
        state["left"] -= taken if kind == "seconds" else 0
        state["volume"] -= taken if kind == "bytes" else 0
        state["whole"] = taken == units
        ids = (row["subscription_id"], row["allowance_id"], number)
        self.draws.append((call["place"], *ids, str(begin), charged, taken, value))

    @staticmethod
    def affords(pool, taken, share):
        """Tell whether a pool has so many units, and the money that they are worth."""
        quantity, money = pool
        if money is not None and (money <= 0 or half_up(taken * share) > money):
            return False
        return taken <= quantity

    @staticmethod
    def share(row, call, state):
        """Give what a unit is worth, micro."""
        by_volume = call["service"] == "data" and call["volume"] > 0
        by_volume = (by_volume and row["kind"] != "seconds") or row["kind"] == "bytes"
        whole = call["volume"] if by_volume else call["duration"]
        rest = state["volume"] if by_volume else state["left"]
        part = rest if row["kind"] in ("messages", "calls") else 1
        return Fraction(call["price"] * part, whole) if whole else call["price"]

    @staticmethod
    def steps(row, call, state, taken):
        """Give the units that are charged, counting step by step."""
        if row["kind"] != "seconds":
            return taken
        before = call["duration"] - state["left"] if row["run_through"] else 0
        charged = row["bundle_initial"]
        while charged < max(before + taken, row["bundle_minimum"]):
            charged += max(row["bundle_increment"], 1)
        return charged - before


def rows_of(calls):
    """Give calls as dictionaries, in order of start and identity."""
    ordered = calls.assign(place=calls.index).sort_values(["start_at", "identity"])
    return ordered.to_dict("records")


def draws_list(draws):
    """Give draws as sorted tuples, as the reference has them."""
    days = draws["period_start"].dt.strftime("%Y-%m-%d")
    return sorted(draws.assign(period_start=days).itertuples(index=False, name=None))


def comparable(cover):
    """Give what a cover says of each call."""
    columns = [
        cover.duration, cover.volume, cover.is_whole, cover.covered_seconds,
        cover.charge_nano, cover.is_touched, cover.connect_rule, cover.run_through,
        cover.discount_ppm,
    ]  # fmt: skip
    return list(zip(*(column.tolist() for column in columns), strict=True))


def expected_of(state):
    """Give the same of a call that the reference took."""
    first = state["first"]
    rule = CONNECT_RULES.index(first["connect_rule"]) if first else 0
    discount = 0 if state["whole"] else state["discount"]
    return (
        state["left"], state["volume"], state["whole"], state["seconds"],
        state["charge"], first is not None, rule,
        bool(first and first["run_through"]), discount,
    )  # fmt: skip


@FEW
@given(packages, files, many_given)
def test_whole_tables_and_call_by_call_agree(package, rows, frozen):
    calls = calls_table(identified(rows))
    used = given_table(frozen)
    cover = cover_calls(calls, full_bundles(*parts_of(package)), used)
    reference = Reference(package, frozen)
    states = {call["place"]: reference.take(call) for call in rows_of(calls)}
    assert draws_list(cover.draws) == sorted(reference.draws)
    expected = [expected_of(states[place]) for place in calls.index]
    assert comparable(cover) == expected


@FEW
@given(packages, files, st.randoms(), st.integers(1, 5))
def test_in_any_order_and_in_any_files(package, rows, random, cut):
    """Calls that come in several files, in any order, are dealt out together."""
    calls = calls_table(identified(rows))
    bundles = full_bundles(*parts_of(package))
    cover = cover_calls(calls, bundles)
    places = list(calls.index)
    random.shuffle(places)
    mixed = pd.concat([calls.loc[places[cut:]], calls.loc[places[:cut]]])
    other = cover_calls(mixed, bundles)
    assert draws_list(cover.draws) == draws_list(other.draws)
    found = dict(zip(mixed.index, comparable(other), strict=True))
    assert [found[place] for place in calls.index] == comparable(cover)


@FEW
@given(packages, files, st.integers(0, 14))
def test_what_is_frozen_stands_and_the_rest_goes_on(package, rows, cut):
    """Calls up to a moment, invoiced; then the others: as if all came together."""
    ordered = sorted(
        identified(rows), key=lambda row: (row["start_at"], row["identity"])
    )
    calls = calls_table(ordered)
    bundles = full_bundles(*parts_of(package))
    whole = cover_calls(calls, bundles)
    first = cover_calls(calls.iloc[:cut], bundles)
    rest = cover_calls(calls.iloc[cut:], bundles, first.draws)
    both = pd.concat([first.draws, rest.draws])
    assert draws_list(both) == draws_list(whole.draws)
    assert comparable(first) + comparable(rest) == comparable(whole)


RATES = [
    rate(1, "0.06", "0.10", initial=60, increment=60),
    rate(2, "0.60", category="mobile", initial=1, increment=1),
    rate(3, "0.08", service="sms", method="volume"),
    rate(4, "9000", service="data", method="volume"),
    rate(5, "0.06", direction="incoming", initial=1, increment=1),
]


@FEW
@given(packages, files, st.randoms())
def test_prices_and_draws_do_not_depend_on_the_order_of_rows(package, rows, random):
    calls = calls_table(identified(rows))
    bundles, rates = full_bundles(*parts_of(package)), book(RATES)
    result, draws = rate_bundled(calls, rates, bundles)
    places = list(calls.index)
    random.shuffle(places)
    other, taken = rate_bundled(calls.loc[places], rates, bundles)
    assert draws_list(draws) == draws_list(taken)
    names = ["price_micro", "billed_duration", "bundle_duration", "bundle_volume"]
    names += ["bundle_micro", "state"]
    found, expected = other.loc[calls.index, names], result[names]
    assert found.astype(str).equals(expected.astype(str))


@FEW
@given(packages, files)
def test_the_ledger_adds_up(package, rows):
    calls = calls_table(identified(rows))
    bundles = full_bundles(*parts_of(package))
    draws = cover_calls(calls, bundles).draws
    table = ledger(bundles, draws)
    given_all = table["included"] + table["carried_over"] + table["extra"]
    assert (table["used"] + table["left"] == given_all).all()
    assert (table["left"] >= 0).all()
    assert (table["amount_left_micro"].dropna() >= 0).all()
    assert table["used"].sum() == draws["quantity"].sum()
    assert table["percent"].between(0, 100).all()
    sums = draws.groupby(KEYS)["quantity"].sum()
    assert table.set_index(KEYS)["used"].loc[sums.index].tolist() == sums.tolist()
    assert (draws["covered"] <= draws["quantity"]).all()


@FEW
@given(
    st.integers(0, 3),
    st.integers(0, 100),
    st.lists(st.integers(0, 250), min_size=5, max_size=5),
    st.lists(st.integers(0, 50), min_size=5, max_size=5),
)
def test_months_that_roll_over_agree_with_single_minutes(age, size, wanted, extras):
    """Each unit is one of its own, with the month it came in and the one it ends in."""
    months = [f"2026-{month:02d}-01" for month in range(1, 6)]
    extra_rows = [
        {"period_start": month, "quantity": one}
        for month, one in zip(months, extras, strict=True)
    ]
    allowance = {"quantity": size, "rollover_months": age}
    plain = full_bundles([allowance], [{"first_day": months[0]}], extra_rows)
    units, draws = [], given_table([])
    for place, (month, want) in enumerate(zip(months, wanted, strict=True)):
        expected = sum(begun < place <= end for begun, end, _ in units)
        found = carried_over(plain, draws, month)
        now = found[found["period_start"] == month]["quantity"].sum()
        assert now == expected
        units += [(place, place + age, 0)] * size + [(place, place, 1)] * extras[place]
        units = [unit for unit in units if unit[1] >= place]
        units.sort(key=lambda unit: (unit[1], unit[0]))
        bundles = plain.with_carried(found)
        row = {"duration": want, "start_at": f"{month} 12:00", "price": 1}
        got = cover_calls(calls_table([row]), bundles).draws
        assert got["quantity"].sum() == min(want, len(units))
        units = units[want:]
        draws = pd.concat([draws, got])

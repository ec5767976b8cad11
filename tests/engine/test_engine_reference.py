# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Random months against a second reckoning: call after call, step after step.

It is written from what the product promises and not from its code, in fractions: each
call is priced where it stands; where it costs something the bundle covers what it has
left, and what the bundle leaves is priced again.
"""

from fractions import Fraction
from math import floor

from bundle_samples import full_bundles
from engine.pricing.rating import rate_bundled
from engine_samples import book, calls_table, rate, seconds, tier
from hypothesis import given, settings
from hypothesis import strategies as st

MANY = settings(max_examples=60, deadline=None)
TEN = seconds("2026-03-10T10:00")
BAND = {"band_id": 1, "priority": 1, "weekdays": 127, "on_holidays": False}
BAND |= {"second_from": 36_300, "second_to": 37_200}  # 10:05 to 10:20


class Month:
    """The month of one customer at one tariff, as it goes on."""

    def __init__(self, rates, tiers, is_split, bundle):
        """Begin with nothing used."""
        self.rates = {row["band_id"]: row for row in rates}
        self.tiers, self.is_split, self.bundle = tiers, is_split, bundle
        self.before, self.left = {}, bundle["quantity"]

    def price(self, call):
        """Give the price of the next call in micro."""
        amount, units = self.reckon(call, 0)
        if rounded(amount) > 0 and self.left:
            covered = min(self.left, call["duration"])
            self.left -= covered
            amount, units = self.reckon(call, covered)
        for one, count in units.items():
            self.before[one] = self.before.get(one, 0) + count
        return rounded(amount)

    def reckon(self, call, covered):
        """Give the exact price (nano) and what the call counts for, by rate."""
        row, runs = self.rate_at(call["start"]), self.bundle["run_through"]
        is_whole, rule = covered == call["duration"] > 0, self.bundle["connect_rule"]
        is_due = rule == "always" or (rule == "unless_whole" and not is_whole)
        fee = row["connect_nano"] if is_due or not covered else 0
        if is_whole:
            return Fraction(fee), {}
        length = call["duration"] - (0 if runs else covered)
        if length <= max(row["grace"], row["free_seconds"]):
            is_owed = covered and fee
            return (Fraction(fee), counts(row, {}, fee)) if is_owed else (0, {})
        at = call["start"] + call["duration"] - length
        parts = self.walk(row, at, length, (covered if runs else 0, fee))
        money = {one: own for one, (_paid, own, _due) in parts.items()}
        money[row["rate_id"]] = money.get(row["rate_id"], 0) + fee
        used = {one: (paid, money[one]) for one, (paid, _own, _due) in parts.items()}
        amount = sum((due for _paid, _own, due in parts.values()), Fraction(fee))
        return amount, counts(row, used, fee, self.rates.values())

    def walk(self, row, at, length, more):
        """Go step by step; give seconds, their usual and their due price by rate."""
        (skip, fee), free, parts = more, row["free_seconds"], {}
        total, position, is_first = max(length - free, row["minimum_duration"]), 0, True
        while position < total:
            now = self.rate_at(at + free + position) if self.is_split else row
            one = now["rate_id"]
            late = self.last(one, "second", free + position)
            is_initial = is_first and row["initial"] > 0
            step = row["initial"] if is_initial else now["increment"]
            if late and late["increment"] and not is_initial:
                step = late["increment"]
            usual = late["price_nano"] if late else now["price_nano"]
            if is_initial and not late and now["initial_price_nano"] is not None:
                usual = now["initial_price_nano"]
            paid, own, due = parts.get(one, (0, Fraction(0), Fraction(0)))
            begun = own + (fee if one == row["rate_id"] else 0)
            within = {"seconds": paid, "amount": begun}.get(now["volume_unit"], 0)
            month = self.last(one, "volume", self.before.get(one, 0) + within)
            some = step - min(skip, step)
            skip, is_first = skip - (step - some), False
            part = Fraction(some, now["price_seconds"])
            price = month["price_nano"] if month else usual
            parts[one] = (paid + some, own + usual * part, due + price * part)
            position = self.after(now, position, step, free)
        return parts

    def after(self, now, position, step, free):
        """Give where the next step begins: at a tier's start, if each has its own."""
        starts = [t["start"] - free for t in self.of(now["rate_id"], "second")]
        later = [one for one in starts if one > position]
        is_each = now["tier_rule"] == "each"
        return min([position + step, *later]) if is_each else position + step

    def rate_at(self, moment):
        """Give the rate of a moment: of the band, where there is one and it holds."""
        is_held = BAND["second_from"] <= moment % 86_400 < BAND["second_to"]
        return self.rates.get(int(is_held), self.rates[0])

    def of(self, rate_id, kind):
        """Give the tiers of a rate."""
        found = [t for t in self.tiers if (t["rate_id"], t["kind"]) == (rate_id, kind)]
        return sorted(found, key=lambda one: one["start"])

    def last(self, rate_id, kind, done):
        """Give the tier of what comes behind so much, None where it is the rate's."""
        return ([t for t in self.of(rate_id, kind) if t["start"] <= done] or [None])[-1]


def counts(first, used, fee, rates=()):
    """Give what a call counts for at each rate that priced a part of it."""
    rows = {row["rate_id"]: row for row in rates} | {first["rate_id"]: first}
    found = {}
    for one in {*used, first["rate_id"]}:
        paid, money = used.get(one, (0, fee if one == first["rate_id"] else 0))
        calls = int(one == first["rate_id"])
        units = {"seconds": paid, "amount": floor(money + Fraction(1, 2))}
        found[one] = units.get(rows[one]["volume_unit"], calls)
    return found


def rounded(amount):
    """Round nano to whole micro, half up."""
    return floor(Fraction(amount) / 1000 + Fraction(1, 2))


price = st.sampled_from([0, 600_000_000, 123_456_789, 3_000_000_007])
terms = st.fixed_dictionaries(
    {
        "price_nano": price,
        "connect_nano": st.sampled_from([0, 0, 500_000_000]),
        "initial_price_nano": st.sampled_from([None, None, 900_000_000]),
        "initial": st.sampled_from([0, 1, 20, 60]),
        "increment": st.sampled_from([1, 7, 30, 60]),
        "free_seconds": st.sampled_from([0, 0, 20]),
        "minimum_duration": st.sampled_from([0, 0, 45, 200]),
        "grace": st.sampled_from([0, 0, 5]),
        "tier_rule": st.sampled_from(["first_second", "each"]),
        "price_seconds": st.sampled_from([60, 60, 1, 7]),
        "volume_unit": st.sampled_from(["seconds", "amount", "amount", "calls"]),
    }
)
which = st.sampled_from([1, 1, 2])
by_second = st.builds(
    lambda one, start, nano, step: tier(one, start, increment=step, price_nano=nano),
    which, st.integers(1, 300), price, st.sampled_from([0, 0, 7, 45]),
)  # fmt: skip
by_month = st.builds(
    lambda one, start, nano: tier(one, start, kind="volume", price_nano=nano),
    which, st.one_of(st.integers(1, 600), st.integers(10**8, 5 * 10**9)), price,
)  # fmt: skip
calls_of_month = st.lists(
    st.tuples(st.integers(0, 1500), st.sampled_from([3, 60, 63, 70, 91, 180, 901])),
    min_size=1, max_size=6, unique_by=lambda one: one[0],
)  # fmt: skip
offered = st.fixed_dictionaries(
    {
        "quantity": st.sampled_from([0, 10, 60, 100, 300, 700]),
        "run_through": st.booleans(),
        "connect_rule": st.sampled_from(["unless_whole", "always", "never"]),
    }
)


@MANY
@given(
    st.tuples(terms, terms),
    st.booleans(),
    st.lists(st.one_of(by_second, by_month, by_month), max_size=4),
    st.booleans(),
    offered,
    calls_of_month,
)
def test_a_month_is_priced_as_by_hand(pair, has_band, tiers, is_split, bundle, made):
    rows = [rate(1) | pair[0], rate(2) | pair[1] | {"band_id": 1}][: 1 + has_band]
    tiers = {(t["rate_id"], t["kind"], t["start"]): t for t in tiers}
    tiers = [one for one in tiers.values() if one["rate_id"] <= len(rows)]
    calls = [{"start": TEN + at, "duration": length} for at, length in sorted(made)]
    rule = {"rounding_digits": 6, "band_rule": "split" if is_split else "start"}
    rate_book = book(rows, [rule], tiers=tiers or None, bands=[BAND])
    quantity = {"quantity": bundle["quantity"]}
    more = {name: bundle[name] for name in ("run_through", "connect_rule")}
    table = calls_table(
        [{"start_at": f"2026-03-10 10:{(c['start'] - TEN) // 60:02d}:"
          f"{c['start'] % 60:02d}", "duration": c["duration"]} for c in calls]
    )  # fmt: skip
    result, draws = rate_bundled(table, rate_book, full_bundles([quantity], [more]))
    month = Month(rows, tiers, is_split, bundle)
    assert result["price_micro"].tolist() == [month.price(one) for one in calls]
    assert draws["quantity"].sum() == bundle["quantity"] - month.left

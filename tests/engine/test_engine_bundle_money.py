# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Allowances and limits of money that meet prices in other currencies."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from bundle_samples import draws_of, full_bundles, given_table, spread
from engine.bundles.allowances import allocate, pay_with_money
from engine.currencies import CurrencyTable
from engine.explanation.explain import steps
from engine.pricing.rating import rate_bundled
from engine_samples import EUR, TARIFF, USD, book, calls_table, rate, tier
from hypothesis import given, settings
from hypothesis import strategies as st

GBP = 3
DAY = "2026-03-10"
FEW = settings(max_examples=80, deadline=None)


def currencies(*rows):
    """Give currency rates: from, to, numerator, denominator, and maybe the day."""
    names = ["from_id", "to_id", "numerator", "denominator", "day"]
    table = pd.DataFrame([(*row, DAY)[:5] for row in rows], columns=names)
    return table.assign(day=pd.to_datetime(table["day"]))


def rates_of(*rows):
    """Give the same as the engine has it."""
    return CurrencyTable.build(currencies(*rows))


def paid_by(bundles, due, rates, money=None, used=None):
    """Let allowances of money pay calls that cost so many micro of dollars."""
    calls = calls_table(spread(*(60 for _ in due)))
    money = np.array(money or [USD] * len(due))
    return pay_with_money(calls, np.array(due), money, bundles, used, rates)


PAID = [
    # euros are dollars times; included (micro), due, paid (dollars), charged (euros)
    ((11, 10), 1_000_000, [550_000], [550_000], [500_000]),
    ((11, 10), 1_000_000, [1_100_000], [1_100_000], [1_000_000]),
    # What is left of the price is what was not paid, to the micro.
    ((11, 10), 1_000_000, [1_100_001], [1_100_000], [1_000_000]),
    ((11, 10), 1_000_000, [550_000] * 3, [550_000, 550_000, 0], [500_000, 500_000]),
    # 1 is worth 0.909..., and is charged as 1; so are others, never less.
    ((11, 10), 3, [1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1]),
    ((11, 10), 10, [12], [11], [10]),
    # 7 dollars are 3 euros: a micro is worth 0.43 and charged 1; 2 pay for 4.67.
    ((7, 3), 2, [5], [4], [2]),
    ((7, 3), 3, [1, 9], [1, 4], [1, 2]),
    # 3 dollars are 7 euros: a micro is worth 2.33 and charged 3.
    ((3, 7), 2, [1], [0], []),
    ((3, 7), 3, [1, 1], [1, 0], [3]),
    ((3, 7), 7, [5], [3], [7]),
    # 8 pay for 3.43: 3 are charged 7, and 1 stays, which pays for no micro.
    ((3, 7), 8, [5, 1], [3, 0], [7]),
    ((1, 1000), 5_000, [7], [5], [5_000]),
    ((1000, 1), 1, [1_500], [1_000], [1]),
    ((1, 1), 500, [300, 300], [300, 200], [300, 200]),
    ((11, 10), 0, [5], [0], []),
    # Far beyond 64 bits on the way.
    ((10**30 + 1, 10**30), 10**12, [10**12], [10**12], [10**12]),
]


@pytest.mark.parametrize(("ratio", "included", "due", "micro", "charged"), PAID)
def test_money_pays_prices_in_another_currency(ratio, included, due, micro, charged):
    allowance = {"kind": "amount", "quantity": included, "currency_id": EUR}
    paid = paid_by(full_bundles([allowance]), due, rates_of((EUR, USD, *ratio)))
    assert paid.micro.tolist() == micro
    assert paid.draws["quantity"].tolist() == charged
    assert paid.draws["covered"].tolist() == [one for one in micro if one]
    assert sum(charged) <= included


def test_one_allowance_pays_in_several_currencies_in_order_of_start():
    """1.00 dollar is 0.80 euro, 1.00 pound 1.25: 0.80 + 1.25 + 0.95 = 3.00."""
    allowance = {"kind": "amount", "quantity": 3_000_000, "currency_id": EUR}
    rates = rates_of((EUR, USD, 5, 4), (EUR, GBP, 4, 5))
    due, money = [1_000_000] * 4, [USD, GBP, EUR, USD]
    paid = paid_by(full_bundles([allowance]), due, rates, money)
    assert paid.micro.tolist() == [1_000_000, 1_000_000, 950_000, 0]
    assert paid.draws["quantity"].tolist() == [800_000, 1_250_000, 950_000]


def test_what_one_currency_leaves_another_one_takes():
    """1 micro of euros pays for nothing of 3/7; the call in euros takes it."""
    allowance = {"kind": "amount", "quantity": 8, "currency_id": EUR}
    rates = rates_of((EUR, USD, 3, 7))
    paid = paid_by(full_bundles([allowance]), [9, 9, 9], rates, [USD, USD, EUR])
    assert paid.micro.tolist() == [3, 0, 1]
    assert paid.draws["quantity"].tolist() == [7, 1]


def test_frozen_draws_and_extras_are_in_the_currency_of_the_allowance():
    allowance = {"kind": "amount", "quantity": 100, "currency_id": EUR}
    extras = [{"quantity": 50}]
    used = given_table([{"quantity": 70}])
    bundles = full_bundles([allowance], extras=extras)
    paid = paid_by(bundles, [1_000], rates_of((EUR, USD, 2, 1)), used=used)
    assert (paid.micro.tolist(), paid.draws["quantity"].tolist()) == ([160], [80])


def test_the_next_allowance_goes_on_in_its_own_currency():
    rows = [
        {"kind": "amount", "quantity": 10, "currency_id": EUR},
        {"kind": "amount", "quantity": 500, "currency_id": USD, "allowance_id": 2,
         "sequence": 2},
    ]  # fmt: skip
    paid = paid_by(full_bundles(rows), [100], rates_of((EUR, USD, 2, 1)))
    assert paid.draws[["quantity", "covered"]].values.tolist() == [[10, 20], [80, 80]]


LIMITS = [
    # euros are dollars times; limit (micro of euros), price (dollars), seconds, value
    ((2, 1), 50_000, 120_000, 50, 50_000),
    ((2, 1), 60_000, 120_000, 60, 60_000),
    ((1, 2), 120_000, 120_000, 30, 120_000),
    # 1 s is worth 1000 * 3 / 7 = 428.57, 2 s 857.14.
    ((7, 3), 429, 60_000, 1, 429),
    ((7, 3), 428, 60_000, 0, None),
    ((7, 3), 857, 60_000, 2, 857),
    ((10**30 + 1, 10**30), 500, 60_000, 0, None),
    ((10**30 + 1, 10**30), 1_000, 60_000, 1, 1_000),
]


@pytest.mark.parametrize(("ratio", "limit", "price", "seconds", "value"), LIMITS)
def test_a_limit_counts_prices_in_another_currency(ratio, limit, price, seconds, value):
    allowance = {"quantity": 600, "amount_limit_micro": limit, "currency_id": EUR}
    calls = calls_table(spread(60))
    more = (np.array([price]), np.array([USD]), rates_of((EUR, USD, *ratio)))
    bundles = full_bundles([allowance])
    cover = allocate(calls, np.array([True]), bundles, None, *more)
    assert cover.covered_seconds.tolist() == [seconds]
    expected = [] if value is None else [(seconds, value)]
    assert draws_of(cover, "quantity", "amount_micro") == expected


# === RATING === #

RATES = currencies((EUR, USD, 11, 10), (USD, EUR, 10, 11))
PLAIN = rate(1, "0.60", initial=1, increment=1)
DOLLARS = [{"currency_id": USD}]
MONEY = {"kind": "amount", "quantity": 1_000_000, "currency_id": EUR}


def bundled(rows, allowances, rates=(PLAIN,), currencies=RATES, **tables):
    """Rate calls at a tariff in dollars with allowances in euros."""
    rate_book = book(rates, DOLLARS, currencies=currencies, **tables)
    return rate_bundled(calls_table(rows), rate_book, full_bundles(allowances))


def test_the_ratio_is_kept_with_the_draw():
    rows = spread(60, 60)
    result, draws = bundled(rows, [MONEY])
    assert result["price_micro"].tolist() == [0, 100_001]
    assert draws["quantity"].tolist() == [545_455, 454_545]
    assert draws["covered"].tolist() == [600_000, 499_999]
    assert draws["conversion"].tolist() == ["11/10", "11/10"]
    limited = {"quantity": 30, "amount_limit_micro": 10**6, "currency_id": EUR}
    _result, draws = bundled(rows[:1], [limited])
    assert draws[["quantity", "amount_micro", "conversion"]].values.tolist() == [
        [30, 272_727, "11/10"]
    ]


def test_no_ratio_is_kept_where_no_money_was_converted():
    minutes = {"quantity": 60, "currency_id": EUR}
    dollars = {**MONEY, "allowance_id": 2, "currency_id": USD, "sequence": 2}
    _result, draws = bundled(spread(60, 60), [minutes, dollars])
    assert draws["quantity"].tolist() == [60, 600_000]
    assert draws["conversion"].tolist() == ["", ""]


WAITING = [
    # allowances in euros; days of two calls; (state, price) of each, taken
    # Another day: its ratio is not taken instead.
    ([MONEY], ("03-10", "03-11"), [("rated", 0), ("unrated", None)], [545_455]),
    ([MONEY], ("03-11", "03-10"), [("unrated", None), ("rated", 0)], [545_455]),
    # Minutes that would do are not taken by a call that waits.
    ([{"quantity": 90}, {**MONEY, "allowance_id": 2, "sequence": 2}],
     ("03-11", "03-12"), [("unrated", None)] * 2, []),
    ([{"quantity": 90, "amount_limit_micro": 10**6, "currency_id": EUR}],
     ("03-11", "03-10"), [("unrated", None), ("rated", 0)], [60]),
    # Nothing is left of it, and still: what is left may be another thing tomorrow.
    ([{**MONEY, "quantity": 0}], ("03-10", "03-11"),
     [("rated", 600_000), ("unrated", None)], []),
    # Allowances that are not for such calls, or in the price's currency.
    ([{**MONEY, "service": "sms"}], ("03-10", "03-11"), [("rated", 600_000)] * 2, []),
    ([{**MONEY, "currency_id": USD}], ("03-10", "03-11"),
     [("rated", 0), ("rated", 200_000)], [600_000, 400_000]),
    ([{"quantity": 60, "currency_id": EUR}], ("03-11", "03-12"),
     [("rated", 0), ("rated", 600_000)], [60]),
]  # fmt: skip


@pytest.mark.parametrize(("allowances", "days", "expected", "taken"), WAITING)
def test_without_a_rate_of_the_day_a_call_waits(allowances, days, expected, taken):
    rows = [{"start_at": f"2026-{day} 10:00"} for day in days]
    result, draws = bundled(rows, allowances)
    found = result["price_micro"].astype(object).where(result["price_micro"].notna())
    found = [None if pd.isna(one) else one for one in found]
    assert list(zip(result["state"], found, strict=True)) == expected
    assert draws["quantity"].tolist() == taken
    waits = result["state"] == "unrated"
    assert (result["reason"][waits] == "no_currency_rate").all()


def test_what_costs_nothing_does_not_wait():
    row = {"start_at": "2026-03-11 10:00", "duration": 0}
    result, _draws = bundled([row], [MONEY])
    assert result[["state", "price_micro"]].values.tolist() == [["rated", 0]]


def test_a_call_that_waits_is_not_counted_for_tiers_of_the_month():
    """The first 60 s are free. The first call is, and the second is not."""
    row = {**PLAIN, "price_nano": 0, "volume_unit": "seconds"}
    tiers = [tier(1, 60, "0.60", kind="volume")]
    days = ("03-10", "03-11", "03-10")
    rows = [{"start_at": f"2026-{day} 1{place}:00"} for place, day in enumerate(days)]
    result, draws = bundled(rows, [MONEY], [row], tiers=tiers)
    assert result["state"].tolist() == ["rated", "unrated", "rated"]
    assert result["tier_from"].tolist() == [0, 0, 60]
    assert draws["covered"].tolist() == [600_000]


# === LAWS === #

ratios = st.sampled_from(
    [(1, 1), (11, 10), (10, 11), (1, 1000), (999_983, 7), (7, 999_983)]
)
due_rows = st.lists(
    st.tuples(
        st.one_of(st.integers(1, 9), st.integers(1, 10**6)),
        st.sampled_from([EUR, USD, GBP]),
    ),
    min_size=1,
    max_size=12,
)
pots = st.one_of(st.integers(0, 30), st.integers(0, 10**6))


def one_by_one(pots, dues, ratios):
    """Let pots of euros pay call by call: what each call took of each pot."""
    left, draws = list(pots), []
    for place, (price, currency) in enumerate(dues):
        due, ratio = price, ratios[currency]
        for pot in range(len(left)):
            covered = min(due, left[pot] * ratio // 1)
            charged = -(-covered // ratio)
            if charged:
                draws.append((place, pot + 1, int(charged), int(covered)))
            left[pot] -= charged
            due -= covered
    return draws


@FEW
@given(st.lists(pots, min_size=1, max_size=3), due_rows, ratios, ratios)
def test_money_adds_up_in_every_currency(pots, dues, dollar, pound):
    """Price before = paid + left; no pot gives more than it has; as call by call."""
    rows = [
        {**MONEY, "quantity": pot, "allowance_id": place + 1, "sequence": place + 1}
        for place, pot in enumerate(pots)
    ]
    rates = rates_of((EUR, USD, *dollar), (EUR, GBP, *pound))
    due, money = map(list, zip(*dues, strict=True))
    paid = paid_by(full_bundles(rows), due, rates, money)
    known = {EUR: Fraction(1), USD: Fraction(*dollar), GBP: Fraction(*pound)}
    names = ["call", "allowance_id", "quantity", "covered"]
    found = sorted(paid.draws[names].itertuples(index=False, name=None))
    assert found == sorted(one_by_one(pots, dues, known))
    for place, (price, currency) in enumerate(dues):
        own = paid.draws[paid.draws["call"] == place]
        assert own["covered"].sum() == paid.micro[place] <= price
        for quantity, covered in zip(own["quantity"], own["covered"], strict=True):
            assert 0 <= quantity - covered / known[currency] < 1
    for place, pot in enumerate(pots):
        own = paid.draws[paid.draws["allowance_id"] == place + 1]
        assert own["quantity"].sum() <= pot


allowances = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["seconds", "calls", "amount", "amount"]),
            "quantity": st.one_of(st.integers(0, 90), st.integers(0, 2 * 10**6)),
            "amount_limit_micro": st.one_of(st.none(), st.integers(0, 10**6)),
            "currency_id": st.sampled_from([EUR, USD, GBP]),
            "rest_discount_ppm": st.sampled_from([0, 0, 250_000]),
        }
    ),
    min_size=1,
    max_size=3,
)
calls_of_month = st.lists(
    st.fixed_dictionaries(
        {
            "duration": st.integers(0, 200),
            "start_at": st.sampled_from(
                [f"2026-03-1{day} 1{hour}:00" for day in (0, 1) for hour in (0, 1)]
            ),
            "partner_id": st.integers(1, 2),
        }
    ),
    min_size=1,
    max_size=8,
)


@FEW
@given(allowances, calls_of_month, ratios, ratios, st.randoms())
def test_explain_ends_in_the_stored_figure_and_files_in_any_order(
    given_rows, rows, dollar, pound, random
):
    """The second customer pays in pounds; on the second day no pound has a rate."""
    named = [{**row, "allowance_id": place + 1} for place, row in enumerate(given_rows)]
    there = [(EUR, USD, *dollar), (USD, EUR, *dollar[::-1])]
    cross = Fraction(*pound) / Fraction(*dollar)
    there += [(*one, "2026-03-11") for one in there]
    there += [(EUR, GBP, *pound), (GBP, EUR, *pound[::-1])]
    there += [(USD, GBP, cross.numerator, cross.denominator)]
    there += [(GBP, USD, cross.denominator, cross.numerator)]
    rate_book = book(
        [{**PLAIN, "connect_nano": 33_333_333}],
        DOLLARS,
        currencies=currencies(*there),
        partners=[{"partner_id": 2, "currency_id": GBP}],
    )
    subscriptions = [{"partner_id": 1}, {"partner_id": 2, "subscription_id": 2}]
    bundles = full_bundles(named, subscriptions)
    calls = calls_table(rows)
    result, draws = rate_bundled(calls, rate_book, bundles)
    order = list(range(len(rows)))
    random.shuffle(order)
    other, taken = rate_bundled(calls.iloc[order], rate_book, bundles)
    assert result.astype(str).equals(other.loc[result.index].astype(str))
    keys = list(draws.columns)
    assert sorted(draws.values.tolist()) == sorted(taken[keys].values.tolist())
    for place, priced in result.iterrows():
        last = explained(calls.loc[place], priced, draws, named)
        price = None if pd.isna(priced["price_micro"]) else priced["price_micro"]
        assert last.get("price_micro") == price


def explained(call, priced, draws, named):
    """Explain a rated call from what is stored with it; give the last step."""
    own = [
        draw | {"kind": named[draw["allowance_id"] - 1]["kind"]}
        for draw in draws[draws["call"] == call.name].to_dict("records")
    ]
    top, slash, bottom = priced["conversion"].partition("/")
    ratio = (int(top), int(bottom)) if slash else None
    row = {**PLAIN, "connect_nano": 33_333_333}
    values = dict(call) | dict(priced)
    return steps(values, row, {"tariff_id": 1, **TARIFF}, own, ratio)[-1].values


AFTER_MONEY = [
    # allowance (micro), seconds of the calls, prices: 0.12345 a minute, 4 digits
    # Used up by the first: 0.12345 x 0.5 = 0.061725, not 0.1235 x 0.5 = 0.06175.
    (123_500, [60, 60], [0, 61_700]),
    # 0.1 is paid, 0.02345 x 0.5 = 0.011725 is left.
    (100_000, [60], [11_700]),
    # 0.1234 is paid, 0.00005 x 0.5 is left: nothing.
    (123_400, [60], [0]),
]


@pytest.mark.parametrize(("quantity", "lengths", "prices"), AFTER_MONEY)
def test_what_money_leaves_is_rounded_once(quantity, lengths, prices):
    allowance = {"kind": "amount", "quantity": quantity, "rest_discount_ppm": 500_000}
    row = rate(1, "0.12345")
    calls = calls_table(spread(*lengths))
    result, draws = rate_bundled(calls, book([row]), full_bundles([allowance]))
    assert result["price_micro"].tolist() == prices
    for place, call in calls.iterrows():
        own = [
            draw | {"kind": "amount"}
            for draw in draws[draws["call"] == place].to_dict("records")
        ]
        values = dict(call) | dict(result.loc[place])
        last = steps(values, row, {"tariff_id": 1, **TARIFF}, own)[-1].values
        assert last == {"price_micro": prices[place]}


def test_money_that_pays_more_than_the_exact_price_leaves_nothing_to_discount():
    """Rounded up 0.123401 is 0.1235; 0.12345 is paid of it: nothing is left."""
    allowance = {"kind": "amount", "quantity": 123_450, "rest_discount_ppm": 500_000}
    rate_book = book([rate(1, "0.123401")], [{"rounding": "up"}])
    calls = calls_table([{}])
    result, _draws = rate_bundled(calls, rate_book, full_bundles([allowance]))
    assert result["price_micro"].tolist() == [0]


def test_explain_shows_the_ratio_of_money():
    draw = {"kind": "amount", "quantity": 80, "covered": 100, "conversion": "5/4"}
    call = {"state": "rated", "service": "voice", "duration": 60, "volume": 0}
    found = steps(call, PLAIN, {"tariff_id": 1, **TARIFF}, [draw])
    assert found[-2].code == "paid"
    names = ("numerator", "denominator", "covered_micro", "left_micro")
    assert [found[-2].values[name] for name in names] == [5, 4, 100, 599_900]
    assert found[-1].values == {"price_micro": 599_900}

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What holds for the fraud watch whatever the calls are."""

from dataclasses import replace

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from watch_samples import (
    ACME,
    CAP,
    CUBA,
    FRANCE,
    MADRID,
    NIGHT,
    RISE,
    RIVAL,
    SHORT,
    sums,
)

from telecom_cdr_voip.watch.facts import find_facts

START = pd.Timestamp("2026-07-01")
SINCE = pd.Timestamp("2026-07-20").to_pydatetime()
RULES = (
    replace(RISE, min_seconds=100, history_days=1),
    NIGHT,
    replace(SHORT, min_calls=3),
    replace(CAP, min_amount=500),
)
ROW = st.fixed_dictionaries(
    {
        "customer": st.sampled_from((ACME, RIVAL)),
        "category": st.sampled_from(("premium", "mobile", "")),
        "destination": st.integers(0, 2),
        "country": st.sampled_from((0, CUBA, FRANCE)),
        "calls": st.integers(1, 5),
        "seconds": st.integers(0, 500),
        "amount": st.integers(0, 600),
    }
)
HOURS = st.integers(0, 24 * 25)


@st.composite
def tables(draw):
    """Sums of three weeks and a half."""
    rows = draw(st.lists(st.tuples(HOURS, ROW), max_size=30))
    return sums(
        *(
            (str(START + pd.Timedelta(hours=h)), {**row, "short_30": row["calls"] // 2})
            for h, row in rows
        )
    )


def facts_of(table, rules=RULES, own=None):
    """Facts as a set of tuples; each is there once."""
    facts = find_facts(rules, own or {}, table, SINCE, MADRID)
    rows = list(facts.itertuples(index=False, name=None))
    assert len(rows) == len(set(rows))
    return set(rows)


FEW = settings(max_examples=40, deadline=None)


@FEW
@given(tables(), st.randoms())
def test_the_order_of_rows_does_not_matter(table, random):
    order = list(range(len(table)))
    random.shuffle(order)
    assert facts_of(table.iloc[order].reset_index(drop=True)) == facts_of(table)


@FEW
@given(tables())
def test_rows_may_be_split(table):
    quantities = ["calls", "seconds", "amount", "short_30"]
    half, rest = table.copy(), table.copy()
    half[quantities] //= 2
    rest[quantities] -= half[quantities]
    assert facts_of(pd.concat([half, rest])) == facts_of(table)


@FEW
@given(tables())
def test_each_customer_is_judged_alone(table):
    alone = [facts_of(table[table["customer"] == one]) for one in (ACME, RIVAL)]
    assert facts_of(table) == alone[0] | alone[1]


@FEW
@given(tables())
def test_whoever_is_excepted_has_no_facts(table):
    own = {(rule.id, ACME): None for rule in RULES}
    facts = facts_of(table)
    assert facts_of(table, own=own) == {fact for fact in facts if fact[1] != ACME}


@FEW
@given(tables(), st.integers(1, 400))
def test_a_higher_limit_finds_no_more(table, more):
    for rule in RULES:
        higher = replace(
            rule,
            min_calls=rule.min_calls + more,
            min_seconds=rule.min_seconds + more,
            min_amount=rule.min_amount + more,
            factor_percent=rule.factor_percent + more,
        )
        assert facts_of(table, [higher]) <= facts_of(table, [rule])


@FEW
@given(tables())
def test_each_fact_adds_up_to_the_calls_of_its_window(table):
    for fact in find_facts(RULES, {}, table, SINCE, MADRID).itertuples():
        rule = next(rule for rule in RULES if rule.id == fact.rule)
        rows = table[table["customer"] == fact.customer]
        rows = rows[(rows["hour"] >= fact.start) & (rows["hour"] < fact.end)]
        if rule.categories:
            rows = rows[rows["category"].isin(rule.categories)]
        if rule.place != "all":
            rows = rows[rows[rule.place] == getattr(fact, rule.place)]
        sums_of = [int(rows[name].sum()) for name in ("calls", "seconds", "amount")]
        assert sums_of == [fact.calls, fact.seconds, fact.amount]

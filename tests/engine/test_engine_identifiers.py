# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whose call it is where a source says itself where to look."""

import json

import pandas as pd
import pytest
from engine.bundles.allowances import Bundles
from engine.identifiers import USUAL, CustomerTable, Identifier, Search
from engine.match import NumberTable, match_numbers
from engine.periods import EVER, NEVER
from engine.pipeline import paying_numbers
from engine.pricing.rating import rate_bundled
from engine_samples import (
    ALLOWANCE,
    SUBSCRIPTION,
    book,
    calls_table,
    facts_table,
    rate,
    seconds,
    table,
    tier,
)

CARRIER = 5
NUMBER = {
    "number_id": 1,
    "identifier": "101",
    "kind": "extension",
    "carrier_id": CARRIER,
    "partner_id": 100,
    "start": EVER,
    "end": NEVER,
}
CUSTOMERS = pd.DataFrame(
    [
        {"partner_id": 100, "reference": "C-1", "payer_id": 100},
        {"partner_id": 201, "reference": "C-2", "payer_id": 200},
        {"partner_id": 202, "reference": "C-2", "payer_id": 200},
        {"partner_id": 300, "reference": "TWICE", "payer_id": 300},
        {"partner_id": 400, "reference": "TWICE", "payer_id": 400},
        {"partner_id": 500, "reference": "", "payer_id": 500},
        {"partner_id": 600, "reference": None, "payer_id": 600},
    ]
)


def matched(facts, search, *rows):
    """Match facts by a search; give (number_id, partner_id, side) of each."""
    found = match_numbers(facts_table(facts), numbers_of(*rows), search)
    return shown(found)


def numbers_of(*rows):
    """Give the numbers table of the carrier."""
    rows = [NUMBER | row for row in rows] or [NUMBER | {"identifier": "none"}]
    return NumberTable.build(pd.DataFrame(rows), CARRIER)


def shown(found):
    """Give (number_id, partner_id, side) of each call."""
    names = ["number_id", "partner_id", "side"]
    return list(found[names].astype(object).itertuples(index=False, name=None))


def extra(**facts):
    """Further facts of a call as they are stored."""
    return {"extra": json.dumps(facts)}


IDENTIFIERS = [
    # kind of the number, what it is, the identifier, the facts of a call
    ("landline", "+34910000001", "calling_number", {"calling_number": "+34910000001"}),
    ("extension", "101", "calling_number", {"calling_number": "101"}),
    ("extension", "101", "extra.extension", extra(extension="101")),
    ("account_code", "acc 7", "account_code", {"account_code": "acc 7"}),
    ("trunk", "acme", "trunk", {"trunk": "acme"}),
    ("sip", "ann@pbx", "extra.login", extra(login="ann@pbx")),
    ("ip", "192.0.2.7", "extra.source_address", extra(source_address="192.0.2.7")),
    ("customer_code", "A17", "extra.code", extra(code="A17")),
    ("customer_code", "7", "extra.code", {"extra": '{"code": 7}'}),
]


@pytest.mark.parametrize(("kind", "text", "column", "facts"), IDENTIFIERS)
def test_a_number_of_each_kind(kind, text, column, facts):
    row = {"kind": kind, "identifier": text}
    nobody = {"calling_number": "999"}
    for kinds in ((), (kind,)):
        search = Search((Identifier(column, kinds=kinds),))
        found = matched([nobody | facts, nobody], search, row)
        side = column if column in ("account_code", "trunk") else None
        side = side or ("calling" if column == "calling_number" else "other")
        assert found == [(1, 100, side), (0, 0, "")]
    other = "trunk" if kind != "trunk" else "sip"
    search = Search((Identifier(column, kinds=(other,)),))
    assert matched([nobody | facts], search, row) == [(0, 0, "")]


def test_the_order_is_the_sources():
    rows = (
        {"number_id": 1, "identifier": "101", "partner_id": 100},
        {
            "number_id": 2,
            "identifier": "A17",
            "partner_id": 200,
            "kind": "account_code",
        },
    )
    call = {"calling_number": "101", "account_code": "A17"}
    by_code = Identifier("account_code")
    by_number = Identifier("calling_number")
    assert matched([call], Search((by_code, by_number)), *rows) == [
        (2, 200, "account_code")
    ]
    assert matched([call], Search((by_number, by_code)), *rows) == [(1, 100, "calling")]
    assert matched(
        [{**call, "account_code": None}], Search((by_code, by_number)), *rows
    ) == [(1, 100, "calling")]
    assert matched([call], Search((by_code,)), rows[0]) == [(0, 0, "")]


def test_only_calls_of_its_directions_are_asked():
    call = {"calling_number": "101"}
    search = Search((Identifier("calling_number", ("outgoing",)),))
    facts = [call | {"direction": one} for one in ("outgoing", "incoming", "internal")]
    assert [one[0] for one in matched(facts, search, {})] == [1, 0, 0]
    search = Search((Identifier("calling_number"),))
    assert [one[0] for one in matched(facts, search, {})] == [1, 1, 1]


def test_the_holder_at_the_start_of_the_call_counts():
    change = seconds("2026-03-10 10:00:00")
    rows = (
        {"number_id": 1, "identifier": "A17", "partner_id": 100, "end": change},
        {"number_id": 2, "identifier": "A17", "partner_id": 200, "start": change},
    )
    starts = ["2026-03-10 09:59:59", "2026-03-10 10:00:00"]
    facts = [{"start_at": start, **extra(code="A17")} for start in starts]
    found = matched(facts, Search((Identifier("extra.code"),)), *rows)
    assert found == [(1, 100, "other"), (2, 200, "other")]


def test_identifiers_of_another_carrier_are_not_ours():
    search = Search((Identifier("extra.code"),))
    facts = [extra(code="A17")]
    row = {"identifier": "A17", "kind": "customer_code"}
    assert matched(facts, search, row | {"carrier_id": 6}) == [(0, 0, "")]
    assert matched(facts, search, row | {"carrier_id": 0}) == [(1, 100, "other")]


@pytest.mark.parametrize(
    ("by", "text", "payer"),
    [
        ("reference", "C-1", 100),
        ("reference", "C-2", 200),
        ("reference", "TWICE", 0),
        ("reference", "c-1", 0),
        ("reference", "", 0),
        ("reference", "100", 0),
        ("partner", "100", 100),
        ("partner", "201", 200),
        ("partner", "0201", 200),
        ("partner", "999", 0),
        ("partner", "0", 0),
        ("partner", "-100", 0),
        ("partner", "1e2", 0),
        ("partner", "9" * 30, 0),
        ("partner", "", 0),
        ("partner", "\u0661\u0660\u0660", 0),
    ],
)
def test_customers_by_reference_and_by_id(by, text, payer):
    customers = CustomerTable.build(CUSTOMERS)
    search = Search((Identifier("account_code", by=by),), customers)
    facts = [{"account_code": text}, {"account_code": None}]
    expected = (0, payer, "account_code") if payer else (0, 0, "")
    assert matched(facts, search) == [expected, (0, 0, "")]


def test_nobody_is_found_where_there_are_no_customers():
    customers = CustomerTable.build(CUSTOMERS.iloc[:0])
    for by in ("reference", "partner"):
        search = Search((Identifier("account_code", by=by),), customers)
        assert matched([{"account_code": "100"}], search) == [(0, 0, "")]
        search = Search(search.identifiers)
        assert matched([{"account_code": "100"}], search) == [(0, 0, "")]


def test_a_customer_found_by_reference_stays_when_calls_are_rated_again():
    search = Search(
        (Identifier("account_code", by="reference"),), CustomerTable.build(CUSTOMERS)
    )
    facts = facts_table([{"account_code": "C-1"}] * 4).assign(
        found_partner_id=[700, 0, None, 100]
    )
    found = shown(match_numbers(facts, numbers_of(), search))
    assert [partner for _, partner, _ in found] == [700, 100, 100, 100]


def test_each_source_has_its_own_order():
    rows = (
        {"number_id": 1, "identifier": "101", "partner_id": 100},
        {"number_id": 2, "identifier": "A17", "partner_id": 200},
    )
    searches = {7: Search((Identifier("account_code"),))}
    calls = [{"calling_number": "101", "account_code": "A17"}] * 4
    facts = facts_table(calls).set_axis([9, 4, 2, 7])
    sources = facts.assign(source_id=[7, 8, 7, None])
    found = paying_numbers(sources, numbers_of(*rows), searches)
    assert found.index.tolist() == [9, 4, 2, 7]
    assert found["partner_id"].tolist() == [200, 100, 200, 100]
    found = paying_numbers(sources.iloc[[0]], numbers_of(*rows), searches)
    assert found["partner_id"].tolist() == [200]
    for plain, by_source in ((facts, searches), (sources, {})):
        found = paying_numbers(plain, numbers_of(*rows), by_source)
        assert found["partner_id"].tolist() == [100] * 4


def test_a_number_comes_first_where_the_source_says_so():
    customers = CustomerTable.build(CUSTOMERS)
    by_reference = Identifier("account_code", by="reference")
    search = Search((Identifier("calling_number"), by_reference), customers)
    calls = [{"calling_number": one, "account_code": "C-2"} for one in ("101", "102")]
    assert matched(calls, search, {}) == [(1, 100, "calling"), (0, 200, "account_code")]
    search = Search((by_reference, Identifier("calling_number")), customers)
    assert [one[1] for one in matched(calls, search, {})] == [200, 200]


def test_bad_further_facts_name_nobody():
    texts = [None, "", "{", "[]", '"A17"', '{"code": null}', '{"code": ["A17"]}', "{}"]
    search = Search((Identifier("extra.code"),))
    facts = [{"extra": text} for text in texts]
    found = matched(facts, search, {"identifier": "A17"}, {"identifier": "null"})
    assert found == [(0, 0, "")] * len(texts)


def test_missing_columns_name_nobody():
    search = Search((Identifier("extra.code"), Identifier("trunk")))
    assert matched([{}], search) == [(0, 0, "")]


def test_the_usual_order_is_what_nobody_has_to_say():
    facts = [{"calling_number": "101"}]
    assert matched(facts, Search(USUAL), {}) == matched(facts, Search(), {})


def test_calls_without_a_number_are_priced_each_in_its_customers_month():
    """0.60 a minute up to second 60 of each number, 0.06 from the 61st on."""
    how = {"initial": 1, "increment": 1, "volume_unit": "seconds"}
    rows = [rate(1, "0.60", volume_scope="number", **how)]
    tiers = [tier(1, 60, "0.06", kind="volume")]
    calls = [
        {"number_id": 0, "partner_id": partner, "start_at": f"2026-03-10 10:0{n}:00"}
        for n, partner in enumerate((1, 2, 1, 2, 0))
    ]
    bundles = Bundles.build(table([], SUBSCRIPTION), table([], ALLOWANCE))
    result = rate_bundled(calls_table(calls), book(rows, tiers=tiers), bundles)[0]
    assert result["price_micro"].tolist()[:4] == [600_000, 600_000, 60_000, 60_000]
    assert result["state"].tolist() == ["rated"] * 4 + ["unmatched"]

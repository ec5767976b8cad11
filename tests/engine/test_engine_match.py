# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whose call it is, and where it went."""

import pandas as pd
import pytest
from engine.exceptions import BookError, PrefixError
from engine.match import DestinationTable, NumberTable, match_numbers
from engine.periods import EVER, NEVER
from engine_samples import destinations, facts_table, seconds

NUMBER = {
    "number_id": 1,
    "identifier": "+34600000001",
    "kind": "mobile",
    "carrier_id": 0,
    "partner_id": 100,
    "start": EVER,
    "end": NEVER,
}
NAMES = ["number_id", "partner_id", "side"]
PREFIXES = (
    (1, "349", "landline"),
    (2, "346", "mobile"),
    (3, "34112", "short"),
    (4, "44", "international"),
    (5, "4420", "international"),
    (6, "34900", "intelligent"),
)


def numbers(*rows, carrier_id=5):
    """Give the numbers table of carrier 5."""
    return NumberTable.build(pd.DataFrame([NUMBER | row for row in rows]), carrier_id)


def matched(facts, *rows):
    """Match facts with numbers; give (number_id, partner_id, side) of each."""
    found = match_numbers(facts_table(facts), numbers(*rows))
    return list(found[NAMES].astype(object).itertuples(index=False, name=None))


PARTIES = {
    "calling_number": "+34600000001",
    "called_number": "+34600000002",
    "redirecting_number": "+34600000003",
    "account_code": "77",
    "trunk": "acme",
}
OURS = {
    "calling": {"number_id": 1},
    "called": {"number_id": 2, "identifier": "+34600000002"},
    "redirecting": {"number_id": 3, "identifier": "+34600000003"},
    "account_code": {"number_id": 4, "identifier": "77", "carrier_id": 5},
    "trunk": {"number_id": 5, "identifier": "acme", "carrier_id": 5},
}
WHO_PAYS = [
    # direction, which are ours, who pays
    ("outgoing", "calling called redirecting account_code trunk", "redirecting"),
    ("outgoing", "calling called account_code trunk", "calling"),
    ("outgoing", "called account_code trunk", "account_code"),
    ("outgoing", "called trunk", "trunk"),
    ("outgoing", "called", ""),
    ("incoming", "calling called redirecting account_code trunk", "called"),
    ("incoming", "calling redirecting account_code trunk", ""),
    ("internal", "calling called redirecting account_code trunk", "calling"),
    ("internal", "called redirecting", ""),
]


@pytest.mark.parametrize(("direction", "ours", "payer"), WHO_PAYS)
def test_who_pays_by_direction(direction, ours, payer):
    rows = [OURS[name] for name in ours.split()]
    expected = (OURS[payer]["number_id"], 100, payer) if payer else (0, 0, "")
    assert matched([PARTIES | {"direction": direction}], *rows) == [expected]


def test_the_holder_at_the_start_of_the_call_counts():
    change = seconds("2026-03-10 10:00:00")
    rows = (
        {"number_id": 1, "partner_id": 100, "end": change},
        {"number_id": 2, "partner_id": 200, "start": change, "end": change + 60},
    )
    starts = ["2026-03-10 09:59:59", "2026-03-10 10:00:00", "2026-03-10 10:01:00"]
    found = matched([{"start_at": start} for start in starts], *rows)
    assert found == [(1, 100, "calling"), (2, 200, "calling"), (0, 0, "")]


def test_identifiers_belong_to_the_carrier():
    rows = (
        {"number_id": 1, "identifier": "101", "carrier_id": 5},
        {"number_id": 2, "identifier": "101", "carrier_id": 6},
        {"number_id": 3, "identifier": "102", "carrier_id": 6},
    )
    found = matched([{"calling_number": "101"}, {"calling_number": "102"}], *rows)
    assert found == [(1, 100, "calling"), (0, 0, "")]


def test_the_carriers_own_identifier_comes_before_a_shared_one():
    rows = ({"number_id": 1}, {"number_id": 2, "carrier_id": 5, "end": seconds("2026")})
    later, earlier = {"start_at": "2026-01-01"}, {"start_at": "2025-12-31 23:59:59"}
    found = matched([later, earlier], *rows)
    assert [number_id for number_id, _, _ in found] == [1, 2]


def test_a_number_in_stock_has_no_customer():
    assert matched([{}], {"partner_id": None}) == [(1, 0, "calling")]


def test_missing_columns_and_empty_numbers_match_nothing():
    facts = facts_table([{"calling_number": None}, {"calling_number": ""}])
    facts = facts.drop(columns=["trunk", "redirecting_number"]).set_axis([9, 4])
    found = match_numbers(facts, numbers({"identifier": ""}, {"number_id": 2}))
    assert found["number_id"].tolist() == [0, 0]
    assert found.index.tolist() == [9, 4]


def test_a_number_without_an_id_is_refused():
    with pytest.raises(BookError, match="number_id"):
        numbers({"number_id": None})


DESTINATIONS = [
    # called, direction, destination, prefix, category
    ("+34911234567", "outgoing", 1, "349", "landline"),
    ("+34900123456", "outgoing", 6, "34900", "intelligent"),
    ("+442071234567", "outgoing", 5, "4420", "international"),
    ("+441611234567", "outgoing", 4, "44", "international"),
    ("112", "outgoing", 3, "34112", "short"),
    ("016", "outgoing", 0, "", "short"),
    ("+33123456789", "outgoing", 0, "", "international"),
    ("+34700000000", "outgoing", 0, "", "other"),
    ("+34600000001", "incoming", 2, "346", "mobile"),
    ("1007", "internal", 0, "", "internal"),
    ("112", "internal", 0, "", "internal"),
    ("+34911234567", "internal", 1, "349", "landline"),
    ("+34700000000", "internal", 0, "", "internal"),
    ("+442071XXXXXX", "outgoing", 5, "4420", "international"),
    ("+34XXXXXXXXX", "outgoing", 0, "", "other"),
    ("acmeX", "outgoing", 0, "", "other"),
    (None, "outgoing", 0, "", "other"),
    ("acme-sip", "outgoing", 0, "", "other"),
    ("+34", "outgoing", 0, "", "other"),
    ("+" + "3" * 30, "outgoing", 0, "", "international"),
]


@pytest.mark.parametrize("row", DESTINATIONS)
def test_destination_by_longest_prefix_and_category(row):
    called, direction, *expected = row
    facts = facts_table([{"called_number": called, "direction": direction}])
    found = destinations(facts, *PREFIXES)
    names = ["destination_id", "prefix", "category"]
    assert found[names].astype(object).iloc[0].tolist() == expected


def test_the_table_at_once_agrees_with_row_by_row():
    rows = [{"called_number": row[0], "direction": row[1]} for row in DESTINATIONS]
    found = destinations(facts_table(rows), *PREFIXES).astype(object)
    assert found["category"].tolist() == [row[4] for row in DESTINATIONS]
    assert found["destination_id"].tolist() == [row[2] for row in DESTINATIONS]
    assert (found["match_key"] < 0).sum() == 6


def test_the_fallback_is_asked_once_for_unique_home_numbers():
    called = ["+34700000000", "+34700000000", "+34800111222", "+33123456789", "016"]
    asked = []

    def fallback(digits):
        asked.append(digits)
        return ["mobile" if one.startswith("347") else None for one in digits]

    facts = facts_table([{"called_number": one} for one in called])
    found = destinations(facts, *PREFIXES, fallback=fallback)
    expected = ["mobile", "mobile", "other", "international", "short"]
    assert found["category"].tolist() == expected
    assert asked == [["34700000000", "34800111222"]]


def test_the_fallback_may_be_a_table_and_may_name_new_categories():
    facts = facts_table([{"called_number": "+34700000000"}, {"called_number": "+341"}])
    found = destinations(facts, fallback={"34700000000": "pager"})
    assert found["category"].tolist() == ["pager", "other"]


def test_numbers_of_ours_are_internal_where_no_prefix_matches():
    called = ["+34700000000", "+34911234567", "+33123456789"]
    facts = facts_table([{"called_number": one} for one in called])
    ours = pd.Series([True, True, False]).to_numpy()
    found = destinations(facts, *PREFIXES, called_is_ours=ours)
    assert found["category"].tolist() == ["internal", "landline", "international"]


def test_bad_prefixes_are_refused():
    table = pd.DataFrame({"destination_id": [1], "prefix": ["+34"], "category": ["x"]})
    with pytest.raises(PrefixError, match=r"'\+34'"):
        DestinationTable.build(table)


def test_no_calls_match_nothing():
    facts = facts_table([{}]).iloc[:0]
    assert len(destinations(facts, *PREFIXES)) == 0
    assert len(match_numbers(facts, numbers({}))) == 0

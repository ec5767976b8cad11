# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is written so that a tariff holds what a sheet says; twice is the same."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from engine.rate_sheets.rate_changes import TERMS, compare_rates
from engine.rate_sheets.rate_plan import counted_from, plan_changes
from hypothesis import given, settings
from hypothesis import strategies as st

DAY = np.datetime64("2027-02-01", "s")
DEFAULTS = {
    "connect_nano": 0, "initial": 1, "increment": 1, "minimum_duration": 0, "grace": 0,
}  # fmt: skip
NAT = np.datetime64("NaT", "s")


def day(text):
    """A moment of a day's text, "" where there is none."""
    return np.datetime64(text, "s") if text else NAT


def known(*rates):
    """A tariff: (rate_id, prefix, price, start, end[, other columns])."""
    rows = []
    for rate_id, prefix, price, start, end, *more in rates:
        row = {
            "rate_id": rate_id, "prefix": prefix, "price_nano": price,
            "start": day(start), "end": day(end), "initial_price_nano": None,
            "is_allowed": True, "is_other": False,
            **DEFAULTS, **(more[0] if more else {}),
        }  # fmt: skip
        rows.append(row)
    names = ["rate_id", "prefix", "start", "end", "is_allowed", "is_other", *TERMS]
    table = pd.DataFrame(rows, columns=names)
    table = table.astype({"prefix": object, "rate_id": "int64"})
    kinds = {name: "Int64" for name in TERMS} | {"is_allowed": bool, "is_other": bool}
    moments = dict.fromkeys(("start", "end"), "datetime64[s]")
    return table.astype(kinds | moments)


def sheet(*rows):
    """A sheet: (prefix, price, start, end[, other columns])."""
    found = [
        {
            "prefix": prefix, "price_nano": price, "start": day(start), "end": day(end),
            "is_blocked": False, "is_deleted": False, "sheet": "", "line_number": line,
            "destination": "", "currency": "", **(more[0] if more else {}),
        }
        for line, (prefix, price, start, end, *more) in enumerate(rows, 2)
    ]  # fmt: skip
    names = [
        "prefix", "price_nano", "start", "end", "is_blocked", "is_deleted", "sheet",
        "line_number", "destination", "currency", *TERMS[1:],
    ]  # fmt: skip
    table = pd.DataFrame(found, columns=names)
    kinds = {name: "Int64" for name in TERMS} | {"prefix": object}
    moments = dict.fromkeys(("start", "end"), "datetime64[s]")
    kinds |= dict.fromkeys(("sheet", "destination", "currency"), object)
    kinds |= {"is_blocked": bool, "is_deleted": bool, "line_number": "int64"}
    return table.astype(kinds | moments)


def plan(tariff, rows, is_full=False, date=DAY):
    """What is to be written of a sheet."""
    rows, _counted, _old = counted_from(rows, date)
    changes = compare_rates(tariff, rows, date, is_full)
    return plan_changes(changes, rows, tariff, DEFAULTS)


def written(tariff, found):
    """The tariff after a plan is written, as the database would hold it."""
    cuts = dict(zip(found.cuts["rate_id"], found.cuts["end"], strict=True))
    rest = tariff[~tariff["rate_id"].isin(found.removals)].copy()
    ends = rest["rate_id"].map(cuts).astype("datetime64[s]").fillna(rest["end"])
    rest["end"] = ends
    added = found.inserts.rename(columns={"until": "end"})
    first = int(tariff["rate_id"].max()) + 1 if len(tariff) else 1
    added = added.assign(
        rate_id=np.arange(first, first + len(added)),
        is_other=added["is_unpriced"],
    )
    parts = [part for part in (rest, added[list(rest)]) if len(part)] or [rest]
    table = pd.concat(parts, ignore_index=True)
    return table.astype(tariff.dtypes.to_dict())


def line(table, prefix):
    """(price, start, end) of a prefix in order of time, and whether it is allowed."""
    own = table[table["prefix"] == prefix].sort_values("start", na_position="first")
    columns = (own["price_nano"], own["start"], own["end"], own["is_allowed"])
    return [
        (
            price,
            *(str(one)[:10] if not pd.isna(one) else "" for one in (start, end)),
            *rest,
        )
        for price, start, end, *rest in zip(*columns, strict=True)
    ]


CASES = {
    "dearer: the old one ends": (
        [(1, "34", 10, "", "")],
        [("34", 20, "", "")],
        [(10, "", "2027-02-01", True), (20, "2027-02-01", "", True)],
        ["dearer"],
    ),
    "the same is left alone": (
        [(1, "34", 10, "2026-01-01", "")],
        [("34", 10, "2026-06-01", "")],
        [(10, "2026-01-01", "", True)],
        ["same"],
    ),
    "a price that was scheduled is replaced": (
        [(1, "34", 10, "", "2027-05-01"), (2, "34", 50, "2027-05-01", "")],
        [("34", 20, "2027-03-01", "")],
        [(10, "", "2027-03-01", True), (20, "2027-03-01", "", True)],
        ["dearer"],
    ),
    "the same leaves what is scheduled": (
        [(1, "34", 10, "", "2027-05-01"), (2, "34", 50, "2027-05-01", "")],
        [("34", 10, "", "")],
        [(10, "", "2027-05-01", True), (50, "2027-05-01", "", True)],
        ["same"],
    ),
    "two dates of a prefix": (
        [(1, "34", 10, "", "")],
        [("34", 20, "2027-03-01", ""), ("34", 15, "2027-04-01", "")],
        [
            (10, "", "2027-03-01", True),
            (20, "2027-03-01", "2027-04-01", True),
            (15, "2027-04-01", "", True),
        ],
        ["dearer", "cheaper"],
    ),
    "from its own beginning: it takes the place": (
        [(1, "34", 10, "2027-02-01", "")],
        [("34", 20, "", "")],
        [(20, "2027-02-01", "", True)],
        ["dearer"],
    ),
    "new, until a day": (
        [],
        [("34", 20, "2027-03-01", "2027-04-01")],
        [(20, "2027-03-01", "2027-04-01", True)],
        ["new"],
    ),
    "what was to end goes on": (
        [(1, "34", 10, "", "2027-03-01")],
        [("34", 10, "", "")],
        [(10, "", "2027-02-01", True), (10, "2027-02-01", "", True)],
        ["changed"],
    ),
    "blocked keeps its price": (
        [(1, "34", 10, "", "")],
        [("34", None, "", "", {"is_blocked": True})],
        [(10, "", "2027-02-01", True), (10, "2027-02-01", "", False)],
        ["blocked"],
    ),
    "deleted": (
        [(1, "34", 10, "", "")],
        [("34", 10, "2027-03-01", "", {"is_deleted": True})],
        [(10, "", "2027-03-01", True)],
        ["ended"],
    ),
    "a price of another kind is none": (
        [(1, "34", 10, "", "", {"is_other": True})],
        [("34", 10, "", "")],
        [(10, "", "2027-02-01", True), (10, "2027-02-01", "", True)],
        ["changed"],
    ),
    "of two dates in the past the last one counts": (
        [(1, "34", 10, "", "")],
        [("34", 20, "2026-03-01", ""), ("34", 15, "2026-04-01", "")],
        [(10, "", "2027-02-01", True), (15, "2027-02-01", "", True)],
        ["dearer"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_written(name):
    """Each case: the tariff, the sheet, the tariff afterwards, what the rows are."""
    before, rows, after, kinds = CASES[name]
    tariff = known(*before)
    found = plan(tariff, sheet(*rows))
    table = written(tariff, found)
    assert line(table, "34") == after
    assert found.changes["kind"].tolist() == kinds
    again = plan(table, sheet(*rows))
    assert not again
    assert set(again.changes["kind"]) == {"same"}


def test_a_full_sheet_ends_the_rest():
    """What has begun ends, what was to begin goes."""
    tariff = known(
        (1, "34", 10, "", ""), (2, "44", 10, "", "2027-06-01"),
        (3, "44", 20, "2027-06-01", ""), (4, "55", 10, "", "2026-01-01"),
    )  # fmt: skip
    rows = sheet(("34", 10, "", ""))
    found = plan(tariff, rows, is_full=True)
    assert found.cuts.to_numpy().tolist() == [[2, pd.Timestamp("2027-02-01")]]
    assert found.removals.tolist() == [3]
    assert len(found.inserts) == 0
    again = plan(written(tariff, found), rows, is_full=True)
    assert not again


def test_what_a_sheet_does_not_say_stays():
    """Increments of the old rate, and of the row before."""
    tariff = known((7, "34", 10, "", "", {"initial": 60, "increment": 60}))
    found = plan(
        tariff,
        sheet(("34", 20, "2027-03-01", "", {"grace": 3}), ("34", 30, "2027-04-01", "")),
    )
    names = ["price_nano", "initial", "increment", "grace", "base_rate_id"]
    assert found.inserts[names].to_numpy().tolist() == [
        [20, 60, 60, 3, 7],
        [30, 60, 60, 3, 7],
    ]


MONTHS = [f"2027-{month:02}-01" for month in range(1, 9)]
PRICES = st.sampled_from([10, 20])


@st.composite
def tariffs(draw):
    """Rates of two prefixes that do not overlap."""
    rates = []
    for prefix in ("34", "346"):
        cuts = sorted(draw(st.sets(st.sampled_from(MONTHS), max_size=4)))
        bounds = ["", *cuts, ""]
        for start, end in pairwise(bounds):
            if draw(st.booleans()):
                other = {"is_other": draw(st.integers(0, 4)) == 0}
                rates.append((len(rates) + 1, prefix, draw(PRICES), start, end, other))
    return rates


@st.composite
def sheets(draw):
    """Rows of two prefixes, of any dates."""
    rows = []
    for prefix in ("34", "346"):
        for start in sorted(draw(st.sets(st.sampled_from(["", *MONTHS]), max_size=3))):
            later = [one for one in MONTHS if one > max(start, "2027-01-15")]
            end = draw(st.sampled_from(["", "", *later])) if later else ""
            flags = {
                "is_blocked": draw(st.integers(0, 5)) == 0,
                "is_deleted": draw(st.integers(0, 5)) == 0,
            }
            rows.append((prefix, draw(PRICES), start, end, flags))
    return rows


@given(tariffs(), sheets(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_nothing_overlaps_and_twice_is_once(before, rows, is_full):
    """Whatever stood there: no two rates at once, and a second time changes nothing."""
    tariff, rows = known(*before), sheet(*rows)
    found = plan(tariff, rows, is_full)
    table = written(tariff, found)
    bounded = table.assign(
        start=table["start"].fillna(pd.Timestamp("1900-01-01")),
        end=table["end"].fillna(pd.Timestamp("2100-01-01")),
    )
    assert (bounded["start"] < bounded["end"]).all()
    ordered = bounded.sort_values(["prefix", "start"])
    same = ordered["prefix"].eq(ordered["prefix"].shift(-1))
    assert (~same | (ordered["end"] <= ordered["start"].shift(-1))).all()
    again = plan(table, rows, is_full)
    assert not again
    assert set(again.changes["kind"]) <= {"same", "doubled"}
    past = table[table["start"].isna() | (table["start"] < pd.Timestamp(DAY))]
    assert set(past["rate_id"]) <= set(tariff["rate_id"])

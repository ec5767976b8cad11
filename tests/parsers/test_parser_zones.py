# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 - local times are what this is about
"""Local times to UTC: the gap, the double hour, zones of all kinds."""

import zoneinfo
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers.zones import FOLD, GAP, FoldState, to_utc

ZONES = (
    "Europe/Madrid",
    "Europe/London",
    "Atlantic/Canary",
    "America/New_York",
    "America/Mexico_City",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "UTC",
)


def convert(
    starts: list[str],
    durations: list[int] | None = None,
    zone: str = "Europe/Madrid",
    state: FoldState | None = None,
) -> tuple[list[str], list[str | None], FoldState | None]:
    """UTC times, notes, state."""
    local = np.array(starts, "datetime64[s]")
    seconds = np.array(durations or [0] * len(starts), np.int64)
    found, notes, after = to_utc(local, seconds, zone, state)
    return found.astype(str).tolist(), notes.tolist(), after


@pytest.mark.parametrize(
    ("local", "utc", "note"),
    [
        ("2026-01-15T12:00:00", "2026-01-15T11:00:00", None),
        ("2026-07-15T12:00:00", "2026-07-15T10:00:00", None),
        ("2026-03-29T01:59:59", "2026-03-29T00:59:59", None),
        ("2026-03-29T02:00:00", "2026-03-29T01:00:00", GAP),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00", GAP),
        ("2026-03-29T02:59:59", "2026-03-29T01:59:59", GAP),
        ("2026-03-29T03:00:00", "2026-03-29T01:00:00", None),
        ("2026-10-25T01:59:59", "2026-10-24T23:59:59", None),
        ("2026-10-25T02:00:00", "2026-10-25T00:00:00", FOLD),
        ("2026-10-25T02:59:59", "2026-10-25T00:59:59", FOLD),
        ("2026-10-25T03:00:00", "2026-10-25T02:00:00", None),
    ],
)
def test_madrid(local: str, utc: str, note: str | None) -> None:
    found, notes, _ = convert([local])
    assert (found, notes) == ([utc], [note])


def test_second_pass_begins_where_the_file_jumps_back() -> None:
    starts = ["02:05", "02:58", "02:01", "02:40", "03:00"]
    found, _, _ = convert([f"2026-10-25T{start}:00" for start in starts])
    assert [time[11:16] for time in found] == [
        "00:05",
        "00:58",
        "01:01",
        "01:40",
        "02:00",
    ]


def test_long_call_in_a_file_ordered_by_ends_is_no_second_pass() -> None:
    starts = [f"2026-10-25T{start}:00" for start in ("02:45", "02:05", "02:48")]
    found, _, _ = convert(starts, [60, 45 * 60, 60])
    assert [time[11:16] for time in found] == ["00:45", "00:05", "00:48"]


def test_file_ordered_by_customers_is_no_second_pass() -> None:
    days = ["2026-10-25T02:50", "2026-10-30T10:00", "2026-10-01T10:00"]
    found, _, state = convert([*days, "2026-10-25T02:05"])
    assert found[-1] == "2026-10-25T00:05:00"
    assert state is not None
    assert not state.second


def test_file_in_descending_order_stays_in_the_first_pass() -> None:
    starts = [f"2026-10-25T02:{minute:02}:00" for minute in (59, 40, 20, 1)]
    found, _, _ = convert(starts)
    assert [time[11:16] for time in found] == ["00:59", "00:40", "00:20", "00:01"]


def test_state_is_forgotten_far_from_the_double_hour() -> None:
    _, _, state = convert(["2026-10-25T02:50:00"])
    assert convert(["2026-10-25T03:10:00"], state=state)[2] == state
    assert convert(["2026-10-26T03:10:00"], state=state)[2] is None


@settings(max_examples=300, deadline=None)
@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2037, 12, 30)), st.sampled_from(ZONES)
)
def test_equals_zoneinfo_on_the_first_pass(moment: datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0)
    aware = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    expected = aware.astimezone(timezone.utc).replace(tzinfo=None).isoformat()
    assert convert([moment.isoformat()], zone=zone)[0] == [expected]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1500, 1500), st.integers(0, 7200)), max_size=30),
    st.integers(0, 30),
)
def test_cutting_a_file_anywhere_changes_nothing(
    calls: list[tuple[int, int]], cut: int
) -> None:
    midnight = datetime(2026, 10, 25, 2, 30)
    starts = [(midnight + timedelta(minutes=m)).isoformat() for m, _ in calls]
    durations = [seconds for _, seconds in calls]
    whole, _, state = convert(starts, durations)
    first, _, between = convert(starts[:cut], durations[:cut])
    rest, _, last = convert(starts[cut:], durations[cut:], state=between)
    assert first + rest == whole
    assert last == state

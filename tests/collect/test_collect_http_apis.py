# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The shipped templates against servers that answer as the documents say."""

import json
from datetime import datetime, timezone

import pytest
from http_apis import (
    SECRET,
    USER,
    FreePbx,
    Telnyx,
    Twilio,
    Vitelity,
    VoipMs,
    make_calls,
)
from http_server import ApiServer
from http_templates import at, template

from telecom_cdr.collect import CollectError, connect
from telecom_cdr.collect.http import HttpConnection

NOW = datetime(2026, 1, 8, 10, 0, tzinfo=timezone.utc)
CALLS = make_calls(
    "2026-01-05 00:00:00",
    "2026-01-05 23:59:59",
    "2026-01-06 08:00:00",
    "2026-01-08 09:00:00",
)
APIS = {
    "vitelity": (Vitelity, USER),
    "voip_ms": (VoipMs, USER),
    "twilio": (Twilio, Twilio.account),
    "telnyx": (Telnyx, ""),
    "freepbx": (FreePbx, USER),
}


@pytest.fixture(autouse=True)
def fixed_time(monkeypatch):
    monkeypatch.setattr("telecom_cdr.collect.http.utc_now", lambda: NOW)
    monkeypatch.setattr("telecom_cdr.collect.http_client.PAUSES", (0.01, 0.01, 0.01))


def settings(name, server, **changes):
    _api, user = APIS[name]
    options = {"until": datetime(2026, 1, 6, tzinfo=timezone.utc), **changes}
    return {
        "protocol": "http",
        "username": user,
        "password": SECRET,
        "options": {**at(template(name), server.url), "zone": "UTC", **options},
    }


def collected(given):
    """Names and bytes of what comes, and how far it was collected."""
    with connect(given) as connection:
        assert isinstance(connection, HttpConnection)
        files = {}
        for entry in connection.list_files():
            with connection.open(entry) as stream:
                files[entry.name] = stream.read()
            connection.finish(entry)
        return files, connection.reached


def ids(content):
    """The calls of a file, by the end of their ids; Vitelity has none."""
    if not content.startswith(b"{"):
        return sorted(line.split(b",")[0].decode() for line in content.splitlines())
    pages = [json.loads(line) for line in content.splitlines()]
    rows = [row for page in pages for row in _rows(page)]
    return sorted(r.get("uniqueid") or r.get("sid") or r.get("id") for r in rows)


def _rows(page):
    found = page.get("cdr") or page.get("calls") or page.get("data")
    return found["fetchAllCdrs"]["cdrs"] if isinstance(found, dict) else found


@pytest.mark.parametrize("name", APIS)
def test_every_call_comes_in_the_file_of_its_period(name):
    api, _user = APIS[name]
    with ApiServer(api(CALLS)) as server:
        files, reached = collected(settings(name, server, overlap_days=1))
    assert reached == datetime(2026, 1, 8, tzinfo=timezone.utc)
    told = {n: len(ids(c)) for n, c in files.items()}
    if name in ("vitelity", "voip_ms"):
        extension = ".csv" if name == "vitelity" else ".json"
        assert told == {
            f"calls_2026-01-05_2026-01-07{extension}": 3,
            f"calls_2026-01-08{extension}": 1,
        }
    else:
        days = {"calls_2026-01-05.json": 2, "calls_2026-01-06.json": 1}
        today = {} if name == "twilio" else {"calls_2026-01-08.json": 1}
        assert told == {**days, **today}


@pytest.mark.parametrize("name", APIS)
def test_nothing_came(name):
    api, _user = APIS[name]
    with ApiServer(api([])) as server:
        files, reached = collected(settings(name, server))
    assert files == {}
    assert reached == datetime(2026, 1, 8, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "name, reason, found",
    [
        ("vitelity", "api_error", "the API says 'invalidauth'"),
        ("voip_ms", "api_error", "the API says 'invalid_credentials'"),
        ("twilio", "refused_access", "401 Authenticate"),
        ("telnyx", "refused_access", "401 Authentication failed"),
        ("freepbx", "refused_access", "no token is given to us (Client authentication"),
    ],
)
def test_a_wrong_secret_is_told_without_it(name, reason, found):
    api, _user = APIS[name]
    with ApiServer(api(CALLS)) as server:
        given = {**settings(name, server), "password": "wrong-horse"}
        with pytest.raises(CollectError) as caught:
            collected(given)
    assert caught.value.reason == reason
    assert caught.value.found.startswith(found)
    assert "wrong-horse" not in str(caught.value)


def test_vitelity_misses_no_day_whether_its_end_is_among_them_or_not():
    calls = make_calls("2026-01-06 12:00:00", "2026-01-07 12:00:00")
    came = {}
    for is_left_out in (False, True):
        with ApiServer(Vitelity(calls, is_left_out)) as server:
            until = datetime(2026, 1, 8, tzinfo=timezone.utc)
            files, _reached = collected(settings("vitelity", server, until=until))
        came[is_left_out] = sorted({day for c in files.values() for day in ids(c)})
    assert came[False] == ["2026-01-06 12:00:00", "2026-01-07 12:00:00"]
    # The 7th comes a day later, with the overlap.
    assert came[True] == ["2026-01-06 12:00:00"]


def test_vitelity_gives_lines_without_what_is_around_them():
    with ApiServer(Vitelity(CALLS[:2])) as server:
        files, _reached = collected(settings("vitelity", server))
        assert server.requests[0].method == "POST"
        assert server.requests[0].form["startdate"] == "01-04-2026"
    assert list(files.values()) == [
        b"2026-01-05 00:00:00,2025550101,3035550110,66,2025550101,ANSWERED,0.00990\n"
        b"2026-01-05 23:59:59,2025550101,3035550110,66,2025550101,ANSWERED,0.00990"
    ]


def test_voip_ms_is_asked_again_for_less_where_the_answer_breaks_off():
    calls = make_calls(*(f"2026-01-{day:02} 12:00:00" for day in range(1, 8)))
    with ApiServer(VoipMs(calls, longest=1000)) as server:
        until = datetime(2026, 1, 1, tzinfo=timezone.utc)
        given = settings("voip_ms", server, until=until, overlap_days=0)
        files, reached = collected(given)
        asked = [(r.query["date_from"], r.query["date_to"]) for r in server.requests]
    assert reached == datetime(2026, 1, 8, tzinfo=timezone.utc)
    assert {n: len(ids(c)) for n, c in files.items()} == {
        "calls_2026-01-01_2026-01-03.json": 3,
        "calls_2026-01-04_2026-01-05.json": 2,
        "calls_2026-01-06_2026-01-07.json": 2,
    }
    assert asked[:2] == [("2026-01-01", "2026-01-07"), ("2026-01-01", "2026-01-03")]
    assert ("2026-01-04", "2026-01-07") in asked


def test_voip_ms_has_more_on_a_day_than_it_can_tell():
    calls = make_calls(*["2026-01-06 12:00:00"] * 9)
    with (
        ApiServer(VoipMs(calls, longest=900)) as server,
        pytest.raises(CollectError) as caught,
    ):
        collected(settings("voip_ms", server))
    assert caught.value.reason == "cut"
    assert caught.value.found == "the JSON ends early or is damaged"


def test_voip_ms_is_asked_for_14_days_at_a_time():
    with ApiServer(VoipMs([])) as server:
        until = datetime(2025, 12, 1, tzinfo=timezone.utc)
        collected(settings("voip_ms", server, until=until, overlap_days=0))
        asked = [(r.query["date_from"], r.query["date_to"]) for r in server.requests]
    assert asked == [
        ("2025-12-01", "2025-12-14"),
        ("2025-12-15", "2025-12-28"),
        ("2025-12-29", "2026-01-07"),
        ("2026-01-08", "2026-01-08"),
    ]


def test_twilio_leads_from_page_to_page():
    calls = make_calls(*(f"2026-01-07 12:00:{n:02}" for n in range(5)))
    with ApiServer(Twilio(calls, largest_page=2)) as server:
        files, _reached = collected(settings("twilio", server))
        tokens = [r.query.get("PageToken") for r in server.requests]
        assert {r.headers["Authorization"][:6] for r in server.requests} == {"Basic "}
    (content,) = files.values()
    assert ids(content) == sorted(call["id"] for call in calls)
    assert tokens[-3:] == [None, "PACA0", "PACA1"]
    assert len(content.splitlines()) == 3


def test_telnyx_gives_less_on_a_page_than_it_is_asked_for():
    calls = make_calls(*(f"2026-01-07 12:{n:02}:00" for n in range(60)))
    calls += make_calls(*(f"2026-01-07 13:{n:02}:00" for n in range(60)))
    with ApiServer(Telnyx(calls)) as server:
        given = settings("telnyx", server, page_size=250)
        files, _reached = collected(given)
    assert len(ids(files["calls_2026-01-07.json"])) == 120


def test_telnyx_says_when_to_come_again():
    with ApiServer(Telnyx(CALLS, busy=2)) as server:
        files, _reached = collected(settings("telnyx", server))
        count = len(server.requests)
    assert "calls_2026-01-06.json" in files
    assert count == 4 + 2
    with ApiServer(Telnyx(CALLS, busy=9)) as server:
        with pytest.raises(CollectError) as caught:
            collected(settings("telnyx", server))
        assert len(server.requests) == 4
    assert (caught.value.reason, caught.value.found) == (
        "api_error",
        "429 Too many requests",
    )


def test_freepbx_gives_a_token_once_and_another_when_it_is_not_taken_any_more():
    api = FreePbx(CALLS)
    with ApiServer(api) as server:
        given = settings("freepbx", server)
        with connect(given) as connection:
            found = connection.list_files()
            connection.finish(next(found))
            api.tokens.append("another")
            connection.finish(next(found))
    assert api.tokens == ["token-0-gql:cdr", "another", "token-2-gql:cdr"]


def test_freepbx_may_want_the_secret_in_the_body():
    with ApiServer(FreePbx(CALLS, in_body=True)) as server:
        files, _reached = collected(settings("freepbx", server))
    assert "calls_2026-01-06.json" in files


def test_freepbx_pages_by_offset():
    calls = make_calls(*(f"2026-01-07 12:00:{n:02}" for n in range(5)))
    with ApiServer(FreePbx(calls)) as server:
        files, _reached = collected(settings("freepbx", server, page_size=2))
    assert ids(files["calls_2026-01-07.json"]) == sorted(c["id"] for c in calls)


def test_old_freepbx_gives_a_day_that_fits_on_a_page_and_refuses_others():
    calls = make_calls(*(f"2026-01-07 12:00:{n:02}" for n in range(5)))
    with ApiServer(FreePbx(calls, has_paging=False)) as server:
        files, _reached = collected(settings("freepbx", server))
        assert len(ids(files["calls_2026-01-07.json"])) == 5
        with pytest.raises(CollectError) as caught:
            collected(settings("freepbx", server, page_size=5))
    assert caught.value.found == (
        "page 2 has the records of those before it: the server does not understand the "
        "paging, or pages shift"
    )


def test_an_error_of_graphql_is_told():
    with ApiServer(FreePbx(CALLS)) as server:
        given = settings("freepbx", server)
        body = given["options"]["body"].replace("disposition", "lorem")
        with pytest.raises(CollectError) as caught:
            collected(settings("freepbx", server, body=body))
    assert caught.value.reason == "api_error"
    assert caught.value.found == '400 Cannot query field "x" on type "cdr".'


@pytest.mark.parametrize("name", APIS)
def test_a_look_asks_for_yesterday_and_shows_its_calls(name):
    api, _user = APIS[name]
    calls = make_calls("2026-01-07 12:00:00", "2026-01-01 12:00:00")
    with (
        ApiServer(api(calls)) as server,
        connect(settings(name, server), probe=True) as connection,
    ):
        found = [entry.name for entry in connection.list_files()]
        assert connection.reached is None
        (sample,) = connection.samples
    assert len(found) == 1
    assert found[0].startswith("calls_2026-01-07.")
    assert "3035550110" in sample

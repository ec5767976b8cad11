# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is asked: periods, placeholders, headers, query and body."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from telecom_cdr.collect import CollectError
from telecom_cdr.collect.http_periods import Period, periods
from telecom_cdr.collect.http_request import HttpSettings, Place, build

MADRID = ZoneInfo("Europe/Madrid")
URL = "https://api.carrier.example/calls"
WHO = {"username": "us er", "password": 'p&"ss'}


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


def span(period):
    return period.name, period.is_over


# === PERIODS === #


@pytest.mark.parametrize(
    "until, options, found",
    [
        (None, {"days": 1}, ["2026-01-07", "2026-01-08"]),
        (utc(2026, 1, 8), {"days": 1}, ["2026-01-08"]),
        (utc(2026, 1, 8), {"days": 1, "overlap_days": 2},
         ["2026-01-06", "2026-01-07", "2026-01-08"]),
        (utc(2026, 1, 6, 15), {"days": 1}, ["2026-01-06", "2026-01-07", "2026-01-08"]),
        (utc(2026, 1, 1), {"days": 3},
         ["2026-01-01_2026-01-03", "2026-01-04_2026-01-06", "2026-01-07",
          "2026-01-08"]),
        (utc(2026, 1, 1), {"days": 0}, ["2026-01-01_2026-01-07", "2026-01-08"]),
        (utc(2026, 1, 7), {"days": 1, "with_today": False}, ["2026-01-07"]),
        (utc(2026, 1, 8), {"days": 1, "with_today": False}, []),
        (utc(2027, 1, 1), {"days": 1}, ["2026-01-08"]),
    ],
)  # fmt: skip
def test_days_that_are_over_and_then_today(until, options, found):
    now = utc(2026, 1, 8, 10)
    asked = list(periods(until, now, "UTC", **options))
    assert [period.name for period in asked] == found
    assert [period.is_over for period in asked if period.name == "2026-01-08"] == (
        [False] * ("2026-01-08" in found)
    )


def test_days_are_those_of_the_zone():
    """At 23:30 in UTC, Madrid is a day ahead."""
    asked = list(
        periods(utc(2026, 1, 6, 23), utc(2026, 1, 7, 23, 30), "Europe/Madrid", 1)
    )
    assert [span(p) for p in asked] == [("2026-01-07", True), ("2026-01-08", False)]
    assert asked[0].start.astimezone(timezone.utc) == utc(2026, 1, 6, 23)
    assert asked[0].end.astimezone(timezone.utc) == utc(2026, 1, 7, 23)


def test_days_of_23_and_25_hours():
    for day, hours in ((29, 23), (25, 25)):
        month = 3 if day == 29 else 10
        now = datetime(2026, month, day + 1, 12, tzinfo=MADRID)
        until = datetime(2026, month, day, tzinfo=MADRID)
        (period,) = periods(until, now, "Europe/Madrid", 1, with_today=False)
        seconds = period.end.timestamp() - period.start.timestamp()
        assert seconds == hours * 3600


def test_a_period_is_halved_by_days_and_then_by_hours():
    week = Period(utc(2026, 1, 1), utc(2026, 1, 8))
    assert [p.name for p in week.halves(False)] == [
        "2026-01-01_2026-01-03",
        "2026-01-04_2026-01-07",
    ]
    day = Period(utc(2026, 1, 1), utc(2026, 1, 2), is_over=False)
    assert day.halves(with_hours=False) == []
    first, second = day.halves(with_hours=True)
    assert span(first) == ("2026-01-01T0000_2026-01-01T1200", False)
    assert span(second) == ("2026-01-01T1200_2026-01-02T0000", False)
    short = Period(utc(2026, 1, 1, 10), utc(2026, 1, 1, 10, 20))
    assert short.halves(with_hours=True) == []


# === PLACEHOLDERS === #


@pytest.mark.parametrize(
    "template, found",
    [
        ("{from:%Y-%m-%d}", "2026-03-01"),
        ("{from}", "2026-03-01"),
        ("{to:%Y-%m-%d}", "2026-03-14"),
        ("{to:%Y-%m-%d %H:%M:%S}", "2026-03-14 23:59:59"),
        ("{end:%m-%d-%Y}", "03-15-2026"),
        ("{end:%Y-%m-%dT%H:%M:%S%z}", "2026-03-15T00:00:00+0100"),
        ("{from:epoch}-{to:epoch}", "1772319600-1773529199"),
        ("{end:epoch_ms}", "1773529200000"),
        ("{page}/{offset}/{size}", "3/200/100"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("x", "x"),
    ],
)
def test_placeholders(template, found):
    period = Period(
        datetime(2026, 3, 1, tzinfo=MADRID), datetime(2026, 3, 15, tzinfo=MADRID)
    )
    http = HttpSettings.of({"url": URL, "query": f"q={template}", "page_size": 100})
    ask = build(http, period, Place(page=3, offset=200), WHO)
    assert ask.query == (("q", found),)


@pytest.mark.parametrize(
    "field, value, found",
    [
        ("url", "ftp://x/y", "'ftp://x/y' is no address, such as https://api.carrier"),
        ("url", "https:///calls", "'https:///calls' is no address"),
        ("url", "https://u:p@x.example/", "user name and password have fields"),
        ("url", "https://{username}.example/", "the host of the address must be"),
        ("url", "https://x.example:99999/", "'https://x.example:99999/' is no address"),
        ("method", "DELETE", "the method is GET or POST, not 'DELETE'"),
        ("query", "date={form:%Y}", "{form:%Y} is no placeholder; known are"),
        ("query", "no equals sign", "'no equals sign' is no line such as name=value"),
        ("headers", "X Y: 1", "'X Y: 1' is no line such as name:value"),
        ("headers", "Evil", "'Evil' is no line such as name:value"),
        ("content_pattern", "(", "( is no regular expression (missing )"),
        ("content_pattern", "x", "the pattern of the file has no group: x"),
        ("auth", "header", "the key has no name"),
        ("days", -1, "numbers of days, pages and records cannot be negative"),
        ("paging", "next", "it is not said where the next page is in an answer"),
        ("total_path", "meta.total", "only JSON tells the next page or a total"),
    ],
)  # fmt: skip
def test_what_gives_no_request_is_told(field, value, found):
    with pytest.raises(CollectError) as caught:
        http = HttpSettings.of({"url": URL, field: value})
        build(http, Period(utc(2026, 1, 1), utc(2026, 1, 2)), Place(), WHO)
    assert caught.value.reason == "bad_request"
    assert caught.value.found.startswith(found)


def test_values_are_escaped_for_where_they_stand():
    period = Period(utc(2026, 1, 1), utc(2026, 1, 2))
    options = {"url": URL + "/{username}", "method": "POST", "query": "p={password}"}
    form = HttpSettings.of({**options, "body": "u={username}&p={password}"})
    ask = build(form, period, Place(), WHO)
    assert ask.url == URL + "/us%20er"
    assert ask.body == b"u=us+er&p=p%26%22ss"
    assert ask.query == (("p", 'p&"ss'),)
    assert ask.headers == (("Content-Type", "application/x-www-form-urlencoded"),)
    body = '{"query": "{ calls(first: {size}) { id } }", "p": "{password}"}'
    json = HttpSettings.of({**options, "body": body, "page_size": 5})
    ask = build(json, period, Place(), WHO)
    assert ask.body == rb'{"query": "{ calls(first: 5) { id } }", "p": "p&\"ss"}'
    assert ask.headers == (("Content-Type", "application/json"),)


def test_a_body_goes_with_post_alone_and_a_header_may_say_its_type():
    period = Period(utc(2026, 1, 1), utc(2026, 1, 2))
    options = {
        "url": URL,
        "body": "<x/>",
        "headers": "content-type: text/xml\nA: {page}",
    }
    assert build(HttpSettings.of(options), period, Place(), WHO).body is None
    post = HttpSettings.of({**options, "method": "POST"})
    ask = build(post, period, Place(), WHO)
    assert ask.headers == (("content-type", "text/xml"), ("A", "1"))


def test_an_empty_token_is_left_out():
    http = HttpSettings.of({"url": URL, "query": "a=1\nafter={token}"})
    period = Period(utc(2026, 1, 1), utc(2026, 1, 2))
    assert build(http, period, Place(), WHO).query == (("a", "1"),)
    second = build(http, period, Place(token="t2"), WHO)
    assert second.query == (("a", "1"), ("after", "t2"))


def test_a_link_gets_the_credentials_that_it_lacks():
    lines = "user={username}\npass={password}\nday={from}"
    http = HttpSettings.of({"url": URL, "query": lines})
    period = Period(utc(2026, 1, 1), utc(2026, 1, 2))
    ask = build(http, period, Place(url=URL + "?page=2&user=x"), WHO)
    assert (ask.url, ask.query) == (URL + "?page=2&user=x", (("pass", 'p&"ss'),))


@pytest.mark.parametrize(
    "query, has_hours, is_dated",
    [
        ("d={from:%Y-%m-%d}", False, True),
        ("d={from}", False, True),
        ("d={to:%H}", True, True),
        ("d={end:epoch}", True, True),
        ("d=1", False, False),
    ],
)
def test_how_finely_a_request_says_its_period(query, has_hours, is_dated):
    http = HttpSettings.of({"url": URL, "query": query})
    assert (http.has_hours, http.is_dated) == (has_hours, is_dated)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What servers answer: pages, errors, parts, redirects, certificates."""

import gzip
import io
import json
import zipfile
from datetime import datetime, timezone

import pytest
from http_server import ApiServer, Reply

from telecom_cdr.collect import CollectError, connect

NOW = datetime(2026, 1, 8, 10, 0, tzinfo=timezone.utc)
UNTIL = datetime(2026, 1, 7, tzinfo=timezone.utc)
SECRET = "correct horse"
QUERY = "day={from:%Y-%m-%d}"
JSON = {"layout": "json", "record_path": "calls"}
CSV = {"layout": "delimited", "head_lines": 1}


@pytest.fixture(autouse=True)
def fixed_time(monkeypatch):
    monkeypatch.setattr("telecom_cdr.collect.http.utc_now", lambda: NOW)
    monkeypatch.setattr("telecom_cdr.collect.http_client.PAUSES", (0.01, 0.01, 0.01))


@pytest.fixture
def serve():
    """Start servers that answer as a function says, or always the same."""
    servers = []

    def start(answer, tls=False):
        told = answer if callable(answer) else lambda _request: answer
        servers.append(ApiServer(told, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def settings(server, path="/calls", more=None, **options):
    given = {"query": QUERY, "until": UNTIL, "with_today": False, **options}
    return {
        "protocol": "http",
        "username": "we",
        "password": SECRET,
        "options": {"url": server.url + path, **given},
        **(more or {}),
    }


def contents(given):
    """What comes, by name."""
    files = {}
    with connect(given) as connection:
        for entry in connection.list_files():
            with connection.open(entry) as stream:
                files[entry.name] = stream.read()
            connection.finish(entry)
    return files


def content(given):
    (found,) = contents(given).values()
    return found


def error_of(given):
    with pytest.raises(CollectError) as caught:
        contents(given)
    return caught.value.reason, caught.value.found


# === FILES === #


def test_the_bytes_come_as_they_are(serve):
    for body in (b"h\r\n1\r\n", b"h;x\n\xf1;\xff\n\n", b"\xef\xbb\xbfh\n1"):
        server = serve(Reply(body))
        assert contents(settings(server, **CSV)) == {"calls_2026-01-07.csv": body}


def test_nothing_is_no_file(serve):
    for body in (b"", b"\n", b"only,a,header\n"):
        assert contents(settings(serve(Reply(body)), **CSV)) == {}
    assert contents(settings(serve(Reply(b"", 204)), **CSV)) == {}
    assert contents(settings(serve(Reply({"calls": []})), **JSON)) == {}
    missing = serve(Reply({"message": "no calls"}, 404))
    assert contents(settings(missing, **JSON, empty_values="404")) == {}


def test_an_entry_says_period_and_content(serve):
    server = serve(Reply(b"h\n1\n"))
    with connect(settings(server, **CSV)) as connection:
        entry = next(connection.list_files())
    digest = "48cc0a8bca48dab6e03c3b6aaea0c42f05a9d4dc47e1ef7cf0a1a5f6d2b6e4a0"
    assert entry.size == 4
    assert entry.signature.startswith(
        "http|2026-01-07T00:00+0000/2026-01-08T00:00+0000|"
    )
    assert entry.signature.endswith(entry.sha256)
    assert len(entry.sha256) == len(digest)


def test_archives_and_sheets_are_taken_as_they_are(serve):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("calls.csv", "h\n1\n")
    zipped, gzipped = packed.getvalue(), gzip.compress(b"h\n1\n")
    assert contents(settings(serve(Reply(zipped)), **CSV)) == {
        "calls_2026-01-07.zip": zipped
    }
    assert contents(settings(serve(Reply(gzipped)), **CSV)) == {
        "calls_2026-01-07.gz": gzipped
    }
    assert contents(settings(serve(Reply(zipped)), layout="sheet")) == {
        "calls_2026-01-07.xlsx": zipped
    }
    assert contents(settings(serve(Reply(b"<cdrs/>")), layout="xml")) == {
        "calls_2026-01-07.xml": b"<cdrs/>"
    }


def test_a_compressed_answer_is_unpacked(serve):
    body = gzip.compress(b"h\n1\n")
    server = serve(Reply(body, headers={"Content-Encoding": "gzip"}))
    assert content(settings(server, **CSV)) == b"h\n1\n"


def test_an_address_without_dates_is_asked_once(serve):
    server = serve(Reply(b"h\n1\n"))
    given = settings(server, "/out/all.csv", **CSV, days=1)
    given["options"].update(query="", until=datetime(2025, 1, 1, tzinfo=timezone.utc))
    assert contents(given) == {"all.csv": b"h\n1\n"}
    assert len(server.requests) == 1


def test_what_is_not_stored_ends_it(serve):
    server = serve(Reply(b"h\n1\n"))
    until = datetime(2026, 1, 5, tzinfo=timezone.utc)
    with connect(settings(server, **CSV, until=until)) as connection:
        files = connection.list_files()
        connection.finish(next(files))
        next(files)
        assert list(files) == []
        assert connection.reached == datetime(2026, 1, 6, tzinfo=timezone.utc)
    assert len(server.requests) == 2


def test_today_is_asked_for_and_is_not_over(serve):
    server = serve(Reply(b"h\n1\n"))
    with connect(settings(server, **CSV, with_today=True)) as connection:
        for entry in connection.list_files():
            connection.finish(entry)
        assert connection.reached == datetime(2026, 1, 8, tzinfo=timezone.utc)
    days = [request.query["day"] for request in server.requests]
    assert days == ["2026-01-07", "2026-01-08"]


# === PAGES === #


def paged(rows, size, **more):
    """An API with page numbers and offsets."""

    def answer(request):
        page = int(request.query.get("page", 1))
        offset = int(request.query.get("offset", (page - 1) * size))
        return Reply({"calls": rows[offset : offset + size], **more})

    return answer


@pytest.mark.parametrize(
    "count, asked", [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3)]
)  # fmt: skip
@pytest.mark.parametrize("paging, name", [("page", "page"), ("offset", "offset")])
def test_pages_and_offsets_end_with_a_page_that_is_not_full(
    serve, count, asked, paging, name
):
    rows = [{"id": number} for number in range(count)]
    server = serve(paged(rows, 2))
    query = f"{QUERY}\n{name}={{{name}}}"
    given = settings(server, **JSON, query=query, paging=paging, page_size=2)
    pages = "".join(part.decode() for part in contents(given).values()).splitlines()
    found = [row for page in pages for row in json.loads(page)["calls"]]
    assert found == rows
    assert len(server.requests) == asked


def test_without_a_size_pages_end_with_an_empty_one(serve):
    rows = [{"id": number} for number in range(5)]
    server = serve(paged(rows, 2))
    query = f"{QUERY}\npage={{page}}"
    contents(settings(server, **JSON, query=query, paging="page"))
    assert [r.query["page"] for r in server.requests] == ["1", "2", "3", "4"]


def test_pages_may_begin_with_0(serve):
    server = serve(Reply({"calls": [{"id": 1}]}))
    query = f"{QUERY}\npage={{page}}"
    given = settings(
        server, **JSON, query=query, paging="page", page_size=9, first_page=0
    )
    contents(given)
    assert server.requests[0].query["page"] == "0"


def test_a_total_tells_where_the_end_is_and_that_less_came(serve):
    rows = [{"id": number} for number in range(4)]
    query = f"{QUERY}\npage={{page}}"
    options = {**JSON, "query": query, "paging": "page", "total_path": "meta.total"}
    server = serve(paged(rows, 2, meta={"total": 4}))
    contents(settings(server, **options))
    assert len(server.requests) == 2
    short = serve(paged(rows, 2, meta={"total": "5"}))
    assert error_of(settings(short, **options)) == ("cut", "4 of 5 records came")
    odd = serve(paged(rows, 2))
    assert error_of(settings(odd, **options)) == (
        "api_error",
        "the answer has no number of records at meta.total",
    )


def test_links_in_the_answer_and_in_the_header_and_tokens(serve):
    def answer(request):
        page = int(request.query.get("page", 0))
        told = {"calls": [{"id": page}], "links": {"next": None}, "token": ""}
        headers = {"Link": '<http://127.0.0.1/x>; rel="prev"'}
        if page < 2:
            there = f"/calls?page={page + 1}"
            told["links"]["next"] = there
            told["token"] = str(page + 1)
            headers["Link"] += f', <{there}>; rel="next"'
        return Reply(told, headers=headers)

    ways = {
        "next": {"next_path": "links.next"},
        "link": {},
        "token": {"next_path": "token", "query": "page={token}\nday={from}"},
    }
    for paging, options in ways.items():
        server = serve(answer)
        given = settings(
            server, **{**JSON, "auth": "bearer", "paging": paging, **options}
        )
        pages = [json.loads(line) for line in content(given).splitlines()]
        assert [page["calls"][0]["id"] for page in pages] == [0, 1, 2], paging
        secrets = {r.headers.get("Authorization") for r in server.requests}
        assert secrets == {f"Bearer {SECRET}"}


def test_a_link_to_a_stranger_is_not_followed(serve):
    stranger = serve(Reply({"calls": []}))
    server = serve(Reply({"calls": [{"id": 1}], "next": stranger.url + "/calls"}))
    given = settings(server, **JSON, paging="next", next_path="next", auth="bearer")
    reason, found = error_of(given)
    assert (reason, found) == (
        "api_error",
        f"the next page is at another server: {stranger.url}/calls",
    )
    assert stranger.requests == []


def test_pages_of_lines_have_one_header(serve):
    pages = {
        "1": b"\xef\xbb\xbfid,note\r\n1,a\r\n2,b",
        "2": b'id,note\r\n3,"c\r\nd"\r\n4,e\r\n',
        "3": b"id,note\r\n5,f\r\n",
    }
    server = serve(lambda request: Reply(pages[request.query["page"]]))
    query = f"{QUERY}\npage={{page}}"
    given = settings(server, **CSV, query=query, paging="page", page_size=2)
    assert content(given) == (
        b'\xef\xbb\xbfid,note\r\n1,a\r\n2,b\n3,"c\r\nd"\r\n4,e\r\n5,f\r\n'
    )


def test_another_header_on_a_later_page_is_refused(serve):
    pages = {"1": b"id,note\n1,a\n", "2": b"note,id\nb,2\n"}
    server = serve(lambda request: Reply(pages.get(request.query["page"], b"")))
    query = f"{QUERY}\npage={{page}}"
    given = settings(server, **CSV, query=query, paging="page")
    assert error_of(given) == ("api_error", "a page has another header than the first")


def test_a_call_that_comes_in_between_makes_it_ask_once_more(serve):
    """The newest first: one more call shifts a known one to the next page."""
    rows = [{"id": number} for number in (4, 3, 2, 1)]
    asked = []

    def answer(request):
        page = int(request.query["page"])
        asked.append(page)
        if len(asked) == 2:
            rows.insert(0, {"id": 5})
        return Reply({"calls": rows[(page - 1) * 2 : page * 2]})

    query = f"{QUERY}\npage={{page}}"
    server = serve(answer)
    found = content(settings(server, **JSON, query=query, paging="page", page_size=2))
    ids = [r["id"] for line in found.splitlines() for r in json.loads(line)["calls"]]
    assert ids == [5, 4, 3, 2, 1]


def test_calls_that_look_alike_stay(serve):
    rows = [{"to": "1"}, {"to": "2"}, {"to": "1"}, {"to": "3"}]
    server = serve(paged(rows, 2))
    query = f"{QUERY}\npage={{page}}"
    found = content(settings(server, **JSON, query=query, paging="page", page_size=2))
    calls = [r["to"] for line in found.splitlines() for r in json.loads(line)["calls"]]
    assert calls == ["1", "2", "1", "3"]


# === PARTS === #


def test_an_answer_that_is_as_long_as_it_can_be_is_asked_for_in_parts(serve):
    hours = [f"2026-01-07T{hour:02}:30:00" for hour in range(0, 24, 4)]

    def answer(request):
        first, end = request.query["from"], request.query["end"]
        found = [{"at": hour} for hour in hours if first <= hour < end]
        return Reply({"calls": found[:4]})

    server = serve(answer)
    query = "from={from:%Y-%m-%dT%H:%M:%S}\nend={end:%Y-%m-%dT%H:%M:%S}"
    found = contents(settings(server, **JSON, query=query, page_size=4))
    assert {name: len(json.loads(c)["calls"]) for name, c in found.items()} == {
        "calls_2026-01-07T0000_2026-01-07T1200.json": 3,
        "calls_2026-01-07T1200_2026-01-08T0000.json": 3,
    }


@pytest.mark.parametrize("tls", [False, True])
def test_less_than_the_content_length_is_asked_for_again(serve, tls):
    sent = iter([3, 0, None])
    server = serve(lambda _request: Reply(b"h\n1\n2\n", sent=next(sent)), tls)
    more = {"certificate_check": "pinned", "host_key": server.fingerprint}
    assert content(settings(server, **CSV, more=more)) == b"h\n1\n2\n"
    assert len(server.requests) == 3


def test_what_always_breaks_off_is_never_stored(serve):
    server = serve(Reply(b"h\n1\n2\n", sent=4))
    assert error_of(settings(server, **CSV)) == ("cut", "the answer ended early")
    assert len(server.requests) == 4


def test_json_that_ends_early(serve):
    server = serve(Reply('{"calls": [{"id": 1}, {"id'))
    assert error_of(settings(server, **JSON)) == (
        "cut",
        "the JSON ends early or is damaged",
    )


def test_too_large_an_answer_is_asked_for_in_parts(serve):
    def answer(request):
        return Reply(b"h\n" + b"12345\n" * (5 if "-07" in request.query["to"] else 1))

    server = serve(answer)
    until = datetime(2026, 1, 6, tzinfo=timezone.utc)
    query = "from={from}\nto={to}"
    given = settings(
        server, **CSV, until=until, days=2, query=query, more={"max_bytes": 20}
    )
    reason, found = error_of(given)
    assert (reason, found) == ("too_large", "an answer has more than 20 bytes")
    asked = [(r.query["from"], r.query["to"]) for r in server.requests]
    assert asked == [
        ("2026-01-06", "2026-01-07"),
        ("2026-01-06", "2026-01-06"),
        ("2026-01-07", "2026-01-07"),
    ]


# === ERRORS === #


@pytest.mark.parametrize(
    "reply, options, reason, found",
    [
        (Reply(b"<!DOCTYPE html><html>Log in"), CSV, "api_error",
         "a web page came instead of calls"),
        (Reply(b" <HTML>"), JSON, "api_error", "a web page came instead of calls"),
        (Reply(b"Fatal error in line 1"), JSON, "api_error",
         "no JSON came, but 'Fatal error in line 1'"),
        (Reply({"status": "bad"}), JSON, "api_error",
         "the answer has nothing at calls: bad"),
        (Reply({"error": "no such account"}), CSV, "api_error",
         "JSON came instead of lines: no such account"),
        (Reply({"ok": False, "msg": "closed"}), {**JSON, "error_path": "ok",
         "ok_values": "true"}, "api_error", "the API says 'false closed'"),
        (Reply({"calls": []}), {**JSON, "error_path": "status", "ok_values": "success"},
         "api_error", "the API says 'no status'"),
        (Reply({"errors": [{"code": 1, "detail": "wrong day"}]}),
         {**JSON, "error_path": "errors"}, "api_error", "the API says 'wrong day'"),
        (Reply(b"ERR 17"), {**CSV, "error_pattern": "^ERR"}, "api_error",
         "the API says 'ERR 17'"),
        (Reply(b"oops"), {**CSV, "content_pattern": r"x\[\[(.*)\[\[x"}, "cut",
         r"the answer does not look as expected (x\[\[(.*)\[\[x): 'oops'"),
        (Reply({"message": "no such path"}, 404), JSON, "api_error",
         "404 no such path"),
        (Reply(b"<html>", 404, {"Content-Type": "text/html"}), JSON, "api_error",
         "404"),
        (Reply(b"go away", 403), JSON, "refused_access", "403 go away"),
        (Reply({"errors": [{"title": "Busy"}]}, 503), JSON, "api_error", "503 Busy"),
    ],
)  # fmt: skip
def test_errors_are_told(serve, reply, options, reason, found):
    assert error_of(settings(serve(reply), **options)) == (reason, found)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(serve, status):
    replies = iter([Reply(b"wait", status), Reply(b"wait", status), Reply(b"h\n1\n")])
    server = serve(lambda _request: next(replies))
    assert content(settings(server, **CSV)) == b"h\n1\n"


def test_a_server_may_say_how_long_to_wait(serve, monkeypatch):
    waited = []
    monkeypatch.setattr(
        "telecom_cdr.collect.http_client.time.sleep",
        lambda seconds: waited.append(seconds),
    )
    headers = iter([{"Retry-After": "7"}, {"RateLimit-Reset": "3"}, {}])
    server = serve(lambda _request: Reply(b"wait", 429, next(headers)))
    replies = server.answer
    server.answer = lambda r: replies(r) if len(server.requests) < 4 else Reply(b"h\n1")
    assert content(settings(server, **CSV)) == b"h\n1"
    assert waited == [7.0, 3.0, 0.01]
    server.answer = lambda _request: Reply(b"wait", 429, {"Retry-After": "3600"})
    assert error_of(settings(server, **CSV)) == (
        "api_error",
        "429 wait, and wants us to wait for 3600 seconds",
    )


def test_nobody_is_there(serve):
    server = serve(Reply(b""))
    given = settings(server, **CSV)
    server.close()
    assert error_of(given) == ("unreachable", "nothing listens on this port")


# === STRANGERS === #


def test_a_secret_that_an_api_repeats_is_hidden(serve):
    for auth, key in (
        ("none", ""),
        ("basic", ""),
        ("query", "key"),
        ("header", "X-Key"),
    ):
        server = serve(
            lambda r: Reply(f"wrong: {r.query} {dict(r.headers)} %20 {r.path}", 400)
        )
        query = f"{QUERY}\npass={{password}}"
        given = settings(server, **CSV, auth=auth, key_name=key, query=query)
        _reason, found = error_of(given)
        assert SECRET not in found
        assert "d2U6Y29ycmVjdCBob3JzZQ" not in found
        assert "***" in found


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_server_is_followed(serve, status):
    def answer(request):
        if request.path == "/calls":
            return Reply(b"", status, {"Location": "/new?day=x"})
        return Reply(b"h\n1\n")

    server = serve(answer)
    assert content(settings(server, **CSV, auth="basic")) == b"h\n1\n"
    assert server.requests[1].path == "/new"
    assert server.requests[1].headers["Authorization"].startswith("Basic ")


def test_a_redirect_to_a_stranger_carries_no_secret(serve, monkeypatch):
    stranger = serve(Reply(b"h\n1\n"), tls=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(stranger.authorities))
    place = {"Location": stranger.url + "/download?signed=1"}
    for auth, key in (("basic", ""), ("bearer", ""), ("header", "X-Key")):
        server = serve(Reply(b"", 302, place))
        headers = "X-Account: 17"
        given = settings(server, **CSV, auth=auth, key_name=key, headers=headers)
        assert content(given) == b"h\n1\n"
        sent = stranger.requests.pop()
        assert sent.query == {"signed": "1"}
        assert not {"Authorization", "X-Key", "X-Account"} & sent.headers.keys()
        assert SECRET not in str(sent)


def test_strangers_get_no_secret_in_an_address_nor_a_body_nor_plain_requests(serve):
    stranger = serve(Reply(b"h\n1\n"), tls=True)
    plain = serve(Reply(b"h\n1\n"))
    secret = "correct+horse"
    for status, method, place in (
        (302, "GET", f"{stranger.url}/?pass={secret}"),
        (302, "GET", f"{stranger.url}/?pass=correct%20horse"),
        (307, "POST", f"{stranger.url}/"),
        (302, "GET", f"{plain.url}/"),
    ):
        server = serve(Reply(b"", status, {"Location": place}))
        given = settings(server, **CSV, method=method, body="p={password}")
        assert error_of(given) == (
            "api_error",
            "it sends us to another server, 127.0.0.1",
        )
    assert stranger.requests == plain.requests == []


def test_a_ring_of_redirects_ends(serve):
    server = serve(Reply(b"", 302, {"Location": "/calls"}))
    assert error_of(settings(server, **CSV)) == ("api_error", "more than 5 redirects")


def test_passwords_of_a_netrc_are_not_used(serve, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(Reply(b"h\n1\n"))
    contents(settings(server, **CSV))
    assert "Authorization" not in server.requests[0].headers


def test_a_proxy_of_the_environment_is_used(serve, monkeypatch):
    proxy = serve(Reply(b"h\nby proxy\n"))
    server = serve(Reply(b"h\n1\n"))
    monkeypatch.setenv("http_proxy", proxy.url)
    assert content(settings(server, **CSV)) == b"h\nby proxy\n"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert content(settings(server, **CSV)) == b"h\n1\n"


# === CERTIFICATES === #


def test_a_certificate_of_a_known_authority(serve, monkeypatch):
    server = serve(Reply(b"h\n1\n"), tls=True)
    given = settings(server, **CSV, auth="basic")
    reason, found = error_of(given)
    assert reason == "certificate_refused"
    assert "self-signed certificate" in found
    assert server.requests == []
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authorities))
    assert content(given) == b"h\n1\n"


def test_a_pinned_certificate(serve, recwarn):
    server = serve(Reply(b"h\n1\n"), tls=True)
    other = serve(Reply(b""), tls=True)
    for pinned, reason in (
        ("", "certificate_missing"),
        (other.fingerprint, "certificate_changed"),
    ):
        more = {"certificate_check": "pinned", "host_key": pinned}
        assert error_of(settings(server, **CSV, more=more)) == (
            reason,
            server.fingerprint,
        )
    assert server.requests == []
    more = {"certificate_check": "pinned", "host_key": server.fingerprint}
    assert content(settings(server, **CSV, more=more)) == b"h\n1\n"
    assert not [w for w in recwarn if "Unverified" in str(w.message)]


def test_a_look_tells_what_may_be_pinned(serve):
    server = serve(Reply(b"h\n1\n"), tls=True)
    given = settings(server, **CSV, more={"certificate_check": "pinned"})
    with connect(given, probe=True) as connection:
        assert [entry.name for entry in connection.list_files()] == [
            "calls_2026-01-07.csv"
        ]
        assert connection.host_key == server.fingerprint
        assert connection.samples == ["1"]


def test_who_speaks_no_tls(serve):
    server = serve(Reply(b""))
    given = settings(server, **CSV)
    given["options"]["url"] = server.url.replace("http", "https")
    reason, found = error_of(given)
    assert reason == "unreachable"
    assert "speaks no TLS" in found or "ended early" in found

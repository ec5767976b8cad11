# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The APIs of carriers and PBXs, as their documents describe them: for tests.

Each is a function from a request to a reply, to be given to an ApiServer, over calls
of these keys: ``start`` (a datetime in UTC), ``calling``, ``called``, ``seconds``,
``cost``, ``id``.
"""

import json
import re
from base64 import b64encode
from datetime import date, datetime, timedelta, timezone

from http_server import Reply, Request

USER = "user@example.com"
SECRET = "correct horse"


def between(calls, first: str, last: str):
    """The calls of whole days, both dates among them."""
    return [c for c in calls if first <= f"{c['start']:%Y-%m-%d}" <= last]


class VoipMs:
    """VoIP.ms: errors are a status in an answer that is fine; at most 92 days."""

    path = "/api/v1/rest.php"

    def __init__(self, calls, longest: int = 0) -> None:
        """`longest`: bytes after which answers break off in mid-sentence."""
        self.calls = calls
        self.longest = longest

    def __call__(self, request: Request) -> Reply:
        query = request.query
        login = (query.get("api_username"), query.get("api_password"))
        if request.path != self.path or query.get("method") != "getCDR":
            return Reply({"status": "invalid_method"})
        if login != (USER, SECRET):
            return Reply({"status": "invalid_credentials"})
        if not any(query.get(k) for k in ("answered", "noanswer", "busy", "failed")):
            return Reply({"status": "no_callstatus"})
        first, last = (date.fromisoformat(query[k]) for k in ("date_from", "date_to"))
        if (last - first).days > 92:
            return Reply({"status": "invalid_daterange"})
        found = between(self.calls, query["date_from"], query["date_to"])
        if not found:
            return Reply({"status": "no_cdr"})
        body = json.dumps({"status": "success", "cdr": [self._row(c) for c in found]})
        return Reply(body[: self.longest or None])

    def _row(self, call) -> dict:
        return {
            "date": f"{call['start']:%Y-%m-%d %H:%M:%S}",
            "callerid": f'"Desk" <{call["calling"]}>',
            "destination": call["called"],
            "description": "Outbound",
            "account": "100000_desk",
            "disposition": "ANSWERED",
            "duration": str(timedelta(seconds=call["seconds"])),
            "seconds": str(call["seconds"]),
            "rate": "0.00900000",
            "total": call["cost"],
            "uniqueid": call["id"],
        }


class Twilio:
    """Twilio: basic authorisation, pages by next_page_uri, the newest call first."""

    account = "AC00000000000000000000000000000000"

    def __init__(self, calls, largest_page: int = 1000) -> None:
        self.calls = calls
        self.largest_page = largest_page

    def __call__(self, request: Request) -> Reply:
        wanted = b64encode(f"{self.account}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {wanted}":
            told = {"code": 20003, "message": "Authenticate", "status": 401}
            return Reply(told, 401)
        path = f"/2010-04-01/Accounts/{self.account}/Calls.json"
        if request.path != path:
            return Reply({"code": 20404, "message": "not found", "status": 404}, 404)
        query = request.query
        after, before = query.get("StartTime>", ""), query.get("StartTime<", "9")
        found = [
            c
            for c in self.calls
            if after <= f"{c['start']:%Y-%m-%dT%H:%M:%SZ}" <= before
        ][::-1]
        size = min(int(query.get("PageSize", 50)), self.largest_page)
        page = int(query.get("Page", 0))
        rows = found[page * size : (page + 1) * size]
        more = (page + 1) * size < len(found)
        following = (
            f"{path}?StartTime%3E={after}&StartTime%3C={before}&PageSize={size}"
            f"&Page={page + 1}&PageToken=PACA{page}"
        )
        return Reply(
            {
                "calls": [self._row(c) for c in rows],
                "page": page,
                "page_size": size,
                "next_page_uri": following if more else None,
            }
        )

    def _row(self, call) -> dict:
        end = call["start"] + timedelta(seconds=call["seconds"])
        return {
            "sid": call["id"],
            "from": call["calling"],
            "to": call["called"],
            "start_time": f"{call['start']:%a, %d %b %Y %H:%M:%S} +0000",
            "end_time": f"{end:%a, %d %b %Y %H:%M:%S} +0000",
            "duration": str(call["seconds"]),
            "status": "completed",
            "direction": "outbound-api",
            "price": f"-{call['cost']}",
            "price_unit": "USD",
        }


class Telnyx:
    """Telnyx: a bearer's key, at most 50 records on a page, the newest first; a filter
    on a field that is not there finds nothing; a limit without Retry-After."""

    largest_page = 50

    def __init__(self, calls, busy: int = 0) -> None:
        """`busy`: so many requests come too soon."""
        self.calls = calls
        self.busy = busy

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            return self._error(401, "10009", "Authentication failed")
        if self.busy:
            self.busy -= 1
            reply = self._error(429, "10011", "Too many requests")
            reply.headers = {"x-ratelimit-reset": "0"}
            return reply
        query = request.query
        if query.get("filter[record_type]") != "sip-trunking":
            return self._error(400, "10011", "Record type is missing")
        first = query.get("filter[started_at][gte]", "9")
        last = query.get("filter[started_at][lt]", "9")
        found = [c for c in self.calls if first <= self._time(c) < last][::-1]
        size = min(int(query.get("page[size]", 20)), self.largest_page)
        page = int(query.get("page[number]", 1))
        rows = found[(page - 1) * size : page * size]
        meta = {
            "total_pages": -(-len(found) // size),
            "total_results": len(found),
            "page_number": page,
            "page_size": size,
        }
        return Reply({"data": [self._row(c) for c in rows], "meta": meta})

    def _error(self, status: int, code: str, title: str) -> Reply:
        return Reply({"errors": [{"code": code, "title": title}]}, status)

    def _time(self, call) -> str:
        return f"{call['start']:%Y-%m-%dT%H:%M:%SZ}"

    def _row(self, call) -> dict:
        return {
            "record_type": "sip-trunking",
            "id": call["id"],
            "cli": call["calling"],
            "cld": call["called"],
            "started_at": self._time(call),
            "call_sec": call["seconds"],
            "billed_sec": -(-call["seconds"] // 60) * 60,
            "cost": call["cost"],
            "currency": "USD",
            "direction": "outbound",
        }


class FreePbx:
    """FreePBX: a token of OAuth, then a query of GraphQL, whole days, newest first."""

    token_path = "/admin/api/api/token"
    path = "/admin/api/api/gql"

    def __init__(self, calls, has_paging: bool = True, in_body: bool = False) -> None:
        """
        :param has_paging: before 17.0.4.39, "after" was not looked at
        :param in_body: take the client's secret from the body alone
        """
        self.calls = calls
        self.has_paging = has_paging
        self.in_body = in_body
        self.tokens: list[str] = []

    def __call__(self, request: Request) -> Reply:
        if request.path == self.token_path:
            return self._token(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if request.path != self.path or token not in self.tokens[-1:]:
            told = {"error": "access_denied", "message": "The resource owner denied"}
            return Reply(told, 401)
        query = request.json["query"]
        if "disposition" not in query:
            told = {"message": 'Cannot query field "x" on type "cdr".', "status": False}
            return Reply({"errors": [told]}, 400)
        given = dict(re.findall(r'(\w+): "?([\w-]+)"?', query))
        found = between(self.calls, given["startDate"], given["endDate"])[::-1]
        skipped = int(given.get("after", 0)) if self.has_paging else 0
        rows = found[skipped : skipped + int(given["first"])]
        told = {
            "status": True,
            "message": "CDR data found successfully",
            "cdrs": [self._row(c) for c in rows],
        }
        return Reply({"data": {"fetchAllCdrs": told}})

    def _token(self, request: Request) -> Reply:
        client = b64encode(
            f"{USER}:{SECRET}".replace("@", "%40").replace(" ", "+").encode()
        )
        by_header = request.headers.get("Authorization") == f"Basic {client.decode()}"
        form = request.form
        by_body = (form.get("client_id"), form.get("client_secret")) == (USER, SECRET)
        if not (by_body or (by_header and not self.in_body)):
            told = {
                "error": "invalid_client",
                "message": "Client authentication failed",
            }
            return Reply(told, 401)
        if form.get("grant_type") != "client_credentials":
            return Reply({"error": "unsupported_grant_type"}, 400)
        self.tokens.append(f"token-{len(self.tokens)}-{form.get('scope', '')}")
        told = {"token_type": "Bearer", "expires_in": 3600}
        return Reply({**told, "access_token": self.tokens[-1]})

    def _row(self, call) -> dict:
        return {
            "uniqueid": call["id"],
            "calldate": f"{call['start']:%Y-%m-%d %H:%M:%S}",
            "src": call["calling"],
            "dst": call["called"],
            "dcontext": "from-internal",
            "duration": call["seconds"] + 5,
            "billsec": call["seconds"],
            # Versions of the module tell nothing here.
            "disposition": "",
            "sequence": "1",
        }


class Vitelity:
    """Vitelity: lines between x[[ and [[x, errors as a word there."""

    path = "/api.php"

    def __init__(self, calls, end_is_left_out: bool = False) -> None:
        """`end_is_left_out`: no document says whether enddate is among the days."""
        self.calls = calls
        self.end_is_left_out = end_is_left_out

    def __call__(self, request: Request) -> Reply:
        form = {**request.query, **request.form}
        if (form.get("login"), form.get("pass")) != (USER, SECRET):
            return Reply("x[[invalidauth[[x")
        if form.get("cmd") != "getcdr" or "startdate" not in form:
            return Reply("x[[missingdata[[x")
        first, last = (
            date.fromisoformat(f"{form[k][6:]}-{form[k][:5]}")
            for k in ("startdate", "enddate")
        )
        last -= timedelta(days=self.end_is_left_out)
        found = between(self.calls, f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}")
        rows = "\n".join(self._row(c) for c in found)
        return Reply(f"x[[{rows}[[x")

    def _row(self, call) -> str:
        cells = (
            f"{call['start']:%Y-%m-%d %H:%M:%S}",
            call["calling"],
            call["called"],
            str(call["seconds"]),
            call["calling"],
            "ANSWERED",
            call["cost"],
        )
        return ",".join(cells)


def make_calls(*starts: str, **values) -> list[dict]:
    """A call at each of some times, in UTC: ``2026-01-05 10:20:30``."""
    return [
        {
            "start": datetime.fromisoformat(start).replace(tzinfo=timezone.utc),
            "calling": "2025550101",
            "called": "3035550110",
            "seconds": 66,
            "cost": "0.00990",
            "id": f"id-{start}-{number}",
            **values,
        }
        for number, start in enumerate(starts)
    ]

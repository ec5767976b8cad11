# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is asked of an HTTP API: settings, placeholders, and the request they give.

Placeholders stand in braces in the address, headers, query and body:

- ``{from:%Y-%m-%d}``, the first moment of the period; ``{to:...}``, its last second,
  so that a date alone is the last day; ``{end:...}``, the first moment behind it;
  behind the colon is what strftime takes, or ``epoch``, ``epoch_ms``
- ``{page}``, ``{offset}``, ``{size}``, ``{token}``: where paging is
- ``{username}`` and ``{password}``, for APIs that want them there
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

from .contract import CollectError
from .http_periods import Period

PLACEHOLDER = re.compile(r"\{([a-z_]+)(?::([^{}]*))?\}")
MOMENTS = ("from", "to", "end")
WITH_HOURS = re.compile(r"\{(?:from|to|end):(?:epoch|[^{}]*%[HIMSTXRcs])")
DATED = re.compile(r"\{(?:from|to|end)[:}]")
CREDENTIALS = re.compile(r"\{(?:username|password)\}")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
METHODS = ("GET", "POST")


@dataclass(frozen=True)
class HttpSettings:
    """What to ask, and how to understand the answer; empty: nothing of the kind.

    :ivar headers: ``Name: value``, one a line
    :ivar query: ``name=value``, one a line
    :ivar auth: none, basic, bearer, header, query or oauth
    :ivar key_name: the header or the parameter of the query that has the key
    :ivar paging: none, page, offset, next (a link in the answer), link (a link in the
        header) or token (in the answer, for the next request)
    :ivar page_size: records of a page; without paging, an answer of so many is cut
    :ivar next_path: where the link or token is in a JSON answer
    :ivar total_path: where a JSON answer says how many records the whole period has
    :ivar error_path: what says, in a JSON answer, whether all is well
    :ivar ok_values: what is there then, parted by blanks; empty: nothing is
    :ivar empty_values: what is there, or is the whole answer, where there are no calls
    :ivar error_pattern: what an answer that is no JSON looks like when it is an error
    :ivar content_pattern: its group is the file in an answer that is no JSON
    :ivar layout, record_path, head_lines, quote: of the format that reads the files
    """

    method: str = "GET"
    url: str = ""
    headers: str = ""
    query: str = ""
    body: str = ""
    auth: str = "none"
    key_name: str = ""
    token_url: str = ""
    scope: str = ""
    paging: str = "none"
    page_size: int = 0
    first_page: int = 1
    next_path: str = ""
    total_path: str = ""
    days: int = 1
    overlap_days: int = 0
    with_today: bool = True
    zone: str = "UTC"
    until: datetime | None = None
    error_path: str = ""
    ok_values: str = ""
    empty_values: str = ""
    error_pattern: str = ""
    content_pattern: str = ""
    layout: str = "delimited"
    record_path: str = ""
    head_lines: int = 0
    quote: str = '"'

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "HttpSettings":
        """The settings that are known here.

        :raise CollectError: ``bad_request``, where they cannot make a request
        """
        known = {setting.name for setting in fields(cls)}
        given = {n: v for n, v in values.items() if n in known and v is not None}
        settings = cls(**given)
        settings._check()
        return settings

    def _check(self) -> None:
        check_address(self.url)
        if self.method not in METHODS:
            raise CollectError(
                "bad_request",
                "the method is GET or POST, not %(method)s",
                method=repr(self.method),
            )
        if self.auth == "oauth":
            check_address(self.token_url)
        if self.auth in ("header", "query") and not self.key_name.strip():
            raise CollectError("bad_request", "the key has no name")
        self._check_paging()
        for pattern in (self.error_pattern, self.content_pattern):
            check_pattern(pattern)
        if self.content_pattern and not re.compile(self.content_pattern).groups:
            raise CollectError(
                "bad_request",
                "the pattern of the file has no group: %(pattern)s",
                pattern=self.content_pattern,
            )

    def _check_paging(self) -> None:
        if min(self.days, self.overlap_days, self.page_size, self.first_page) < 0:
            raise CollectError(
                "bad_request", "numbers of days, pages and records cannot be negative"
            )
        in_json = self.paging in ("next", "token")
        if in_json and not self.next_path.strip():
            raise CollectError(
                "bad_request", "it is not said where the next page is in an answer"
            )
        if self.paging != "none" and self.layout in ("xml", "sheet"):
            raise CollectError(
                "bad_request", "pages of XML or Excel cannot be put together"
            )
        if (in_json or self.total_path.strip()) and self.layout != "json":
            raise CollectError(
                "bad_request",
                "only JSON tells the next page or a total, and the format reads other "
                "files",
            )

    @property
    def text(self) -> str:
        """All that can hold placeholders."""
        return "\n".join((self.url, self.headers, self.query, self.body))

    @property
    def has_hours(self) -> bool:
        """Whether it says hours and minutes of a period."""
        return bool(WITH_HOURS.search(self.text))

    @property
    def is_dated(self) -> bool:
        """Whether it says the period at all."""
        return bool(DATED.search(self.text))


def check_address(url: str) -> None:
    """Refuse what is no address of an API, among it one with a password in it.

    :raise CollectError: ``bad_request``
    """
    try:
        parts = urlsplit(PLACEHOLDER.sub("x", url.strip()))
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
        sound = sound and parts.port != 0
    except ValueError:
        parts, sound = None, False
    if not sound or not url.strip().isprintable():
        raise CollectError(
            "bad_request",
            "%(url)s is no address, such as https://api.carrier.example/calls",
            url=repr(url),
        )
    if parts.username or parts.password:
        raise CollectError(
            "bad_request", "user name and password have fields of their own"
        )
    if PLACEHOLDER.search(url.strip().split("/", 3)[2]):
        raise CollectError("bad_request", "the host of the address must be written out")


def check_pattern(pattern: str) -> None:
    """Refuse what is no regular expression.

    :raise CollectError: ``bad_request``
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise CollectError(
            "bad_request",
            "%(pattern)s is no regular expression (%(error)s)",
            pattern=pattern,
            error=error,
        ) from error


@dataclass(frozen=True)
class Place:
    """Where paging is.

    :ivar url: an address that the server gave for the next page
    """

    page: int = 1
    offset: int = 0
    token: str = ""
    url: str = ""


@dataclass(frozen=True)
class Ask:
    """A request, ready but for what proves who asks."""

    method: str
    url: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def with_header(self, name: str, value: str) -> "Ask":
        """It with one more header, in the place of one of this name."""
        kept = tuple(h for h in self.headers if h[0].lower() != name.lower())
        return replace(self, headers=(*kept, (name, value)))


def check_request(http: HttpSettings) -> None:
    """Refuse what gives no request, whatever the period is.

    :raise CollectError: ``bad_request``
    """
    day = datetime(2026, 1, 5, tzinfo=timezone.utc)
    period = Period(day, day + timedelta(days=1))
    build(http, period, Place(), {"username": "x", "password": "x"})


def build(
    http: HttpSettings,
    period: Period,
    place: Place,
    credentials: Mapping[str, str],
) -> Ask:
    """The request for a page of a period.

    :param credentials: ``username`` and ``password``
    :raise CollectError: ``bad_request``, for placeholders that nobody knows
    """
    values: dict[str, Any] = {
        "from": period.start,
        "to": period.end - timedelta(seconds=1),
        "end": period.end,
        "page": place.page,
        "offset": place.offset,
        "size": http.page_size,
        "token": place.token,
        **credentials,
    }
    headers = tuple(_pairs(http.headers, ":", values))
    if place.url:
        url, query = place.url, _credentials_in(http, place.url, values)
    else:
        url = fill(http.url.strip(), values, lambda text: quote(text, safe=""))
        query = tuple(_pairs(http.query, "=", values))
    ask = Ask(http.method, url, query, headers)
    return _with_body(ask, http.body, values) if http.method == "POST" else ask


def _credentials_in(http: HttpSettings, url: str, values: Mapping[str, Any]):
    """The parameters that say who asks, where a link has them not."""
    lines = [line for line in http.query.splitlines() if CREDENTIALS.search(line)]
    pairs = _pairs("\n".join(lines), "=", values)
    return tuple(pair for pair in pairs if not has_parameter(url, pair[0]))


def has_parameter(url: str, name: str) -> bool:
    """Whether the query of an address has a parameter."""
    return name in parse_qs(urlsplit(url).query, keep_blank_values=True)


def _with_body(ask: Ask, template: str, values: Mapping[str, Any]) -> Ask:
    is_json = template.lstrip()[:1] in ("{", "[")
    escape = _in_json if is_json else quote_plus
    kind = "application/json" if is_json else "application/x-www-form-urlencoded"
    text = fill(template.strip(), values, escape, strict=False)
    ask = replace(ask, body=text.encode())
    told = {name.lower() for name, _value in ask.headers}
    return ask if "content-type" in told else ask.with_header("Content-Type", kind)


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _pairs(lines: str, mark: str, values: Mapping[str, Any]):
    """Names and values of lines; a value that is but an empty token is left out."""
    for line in lines.splitlines():
        if not line.strip():
            continue
        name, found, value = line.partition(mark)
        name, value = name.strip(), value.strip()
        if not found or not name or (mark == ":" and not HEADER_NAME.fullmatch(name)):
            raise CollectError(
                "bad_request",
                "'%(line)s' is no line such as name%(mark)svalue",
                line=line.strip(),
                mark=mark,
            )
        filled = fill(value, values)
        if filled or value != "{token}":
            yield name, filled


def fill(
    template: str,
    values: Mapping[str, Any],
    escape: Callable[[str], str] = str,
    strict: bool = True,
) -> str:
    """A text with its placeholders filled in.

    :param escape: what makes a value fit where it is put
    :param strict: refuse names that are unknown; else they stay as they are
    """

    def value_of(found: re.Match) -> str:
        name, spec = found.groups()
        if name in MOMENTS:
            return escape(moment_text(values[name], spec or ""))
        if name in values and spec is None:
            return escape(str(values[name]))
        if strict:
            raise CollectError(
                "bad_request",
                "%(found)s is no placeholder; known are {from:%%Y-%%m-%%d}, {to:...}, "
                "{end:...}, {page}, {offset}, {size}, {token}, {username}, {password}",
                found=found[0],
            )
        return found[0]

    return PLACEHOLDER.sub(value_of, template)


def moment_text(moment: datetime, spec: str) -> str:
    """A moment as the API wants it: by strftime, or in (milli)seconds since 1970."""
    if spec == "epoch":
        return str(int(moment.timestamp()))
    if spec == "epoch_ms":
        return str(int(moment.timestamp()) * 1000)
    return moment.strftime(spec or "%Y-%m-%d")

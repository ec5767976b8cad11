# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One answer of an HTTP server: certificate checked, in bounded size and time, asked
again where the server is busy, and without telling a secret to strangers."""

import re
import ssl
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, NoReturn
from urllib.parse import quote, quote_plus, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .certificates import check_pinned, refused_certificate, tls_context
from .contract import CollectError, Settings
from .http_json import message_of
from .http_request import Ask

PATIENCE = (15.0, 60.0)
"""Seconds to wait for the connection, and for each further part of the answer."""
LONGEST = 900.0
"""Seconds that one answer may take in all."""
PAUSES = (1.0, 4.0, 15.0)
"""Seconds to wait before each try again; what the server asks for counts instead."""
LONGEST_PAUSE = 60.0
"""More than this is not waited for: the next collection goes on."""
IN_MEMORY = 1 << 22
BLOCK = 1 << 16
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
FINE = range(200, 300)
REFUSED = frozenset({401, 403})
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
HIDDEN = "***"
DEFAULT_PORTS = {"http": 80, "https": 443}
BROKEN = (requests.RequestException, OSError)


@dataclass
class Answer:
    """What a server answered.

    :ivar file: the body, to be read from its beginning
    :ivar address: where it came from at last
    """

    status: int
    headers: Mapping[str, str]
    file: IO[bytes]
    size: int
    address: str

    @property
    def is_fine(self) -> bool:
        return self.status in FINE

    def head(self, size: int = 4096) -> bytes:
        """The first bytes of the body."""
        self.file.seek(0)
        return self.file.read(size)


class _Busy(Exception):
    """Something that may well be over in a moment."""

    def __init__(self, error: CollectError, pause: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.pause = pause


class HttpClient:
    """Sends requests to one place.

    :ivar host_key: the fingerprint of its certificate, where that is pinned
    :ivar secrets: what must not be told to anybody else
    """

    def __init__(self, settings: Settings, address: str, probe: bool = False) -> None:
        """`address`: of the API; a pinned certificate is that of its server."""
        self.settings = settings
        self.host_key: str | None = None
        self.secrets: list[str] = [settings.password]
        self._session = requests.Session()
        # No passwords of a .netrc; proxies are looked up for each request.
        self._session.trust_env = False
        authority = Settings(certificate_check="authority")
        self._session.mount("https://", _TlsAdapter(tls_context(authority)))
        if settings.certificate_check == "pinned":
            check = partial(self._check_certificate, probe)
            self._session.mount(
                origin_of(address), _TlsAdapter(tls_context(settings), check)
            )

    def close(self) -> None:
        """Leave the server."""
        self._session.close()

    def _check_certificate(self, probe: bool, session: ssl.SSLSocket) -> None:
        self.host_key = check_pinned(session, self.settings, probe)

    def fetch(self, ask: Ask, limit: int = 0) -> Answer:
        """The answer to a request, whatever its status is, but for those that say that
        the server is busy: it is asked again then, and so it is where the line breaks.

        :param limit: most bytes of the body; 0: as many as come
        """
        pauses = iter(PAUSES)
        while True:
            try:
                return self._followed(ask, limit)
            except _Busy as busy:
                pause = next(pauses, None)
                if pause is None:
                    raise busy.error from busy
                pause = pause if busy.pause is None else busy.pause
                if pause > LONGEST_PAUSE:
                    raise self._too_long(busy.error, pause) from busy
                time.sleep(pause)

    def _too_long(self, error: CollectError, pause: float) -> CollectError:
        return CollectError(
            "api_error",
            "%(problem)s, and wants us to wait for %(seconds)s seconds",
            problem=error.found,
            seconds=int(pause),
        )

    # === REDIRECTS === #

    def _followed(self, ask: Ask, limit: int) -> Answer:
        for _count in range(MOST_REDIRECTS):
            response = self._send(ask)
            location = response.headers.get("Location", "")
            if response.status_code not in REDIRECTS or not location:
                with response:
                    return self._answer(response, limit)
            response.close()
            ask = self._redirected(ask, response, location)
        self._refuse("more than %(count)s redirects", count=MOST_REDIRECTS)

    def _redirected(self, ask: Ask, response: Any, location: str) -> Ask:
        """The request for another address: a stranger gets nothing but the address."""
        url = urljoin(response.url, location)
        is_get = response.status_code not in (307, 308) or ask.method == "GET"
        if is_same_place(response.url, url):
            method = "GET" if is_get else ask.method
            return Ask(method, url, (), ask.headers, None if is_get else ask.body)
        host = urlsplit(url).hostname or ""
        told = self._tells_secret(url)
        if not is_get or told or urlsplit(url).scheme != "https":
            self._refuse("it sends us to another server, %(host)s", host=host)
        return Ask("GET", url)

    def _tells_secret(self, url: str) -> bool:
        return self.hide(url) != url

    # === SENDING === #

    def _send(self, ask: Ask) -> Any:
        request = requests.Request(
            ask.method,
            ask.url,
            headers={"Accept": "*/*", **dict(ask.headers)},
            params=list(ask.query),
            data=ask.body,
        )
        try:
            prepared = self._session.prepare_request(request)
            return self._session.send(
                prepared,
                stream=True,
                timeout=PATIENCE,
                allow_redirects=False,
                proxies=requests.utils.get_environ_proxies(prepared.url),
            )
        except (requests.exceptions.InvalidURL, UnicodeError) as error:
            self._refuse("%(problem)s", problem=error)
        except requests.exceptions.InvalidHeader as error:
            self._refuse("%(problem)s", problem=error)
        except BROKEN as error:
            raise self._unreachable(error) from error

    def _answer(self, response: Any, limit: int) -> Answer:
        """Take the body; ``_Busy`` where it did not come whole, or says to wait."""
        # Who gets the answer closes it.
        file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        try:
            size = self._take(response, file, limit)
            answer = Answer(
                response.status_code, response.headers, file, size, response.url
            )
            if answer.status in BUSY:
                raise _Busy(self.error_of(answer), _pause_of(response.headers))
        except BaseException:
            file.close()
            raise
        return answer

    def _take(self, response: Any, file: IO[bytes], limit: int) -> int:
        deadline = time.monotonic() + LONGEST
        size = 0
        try:
            for block in response.iter_content(BLOCK):
                size += len(block)
                if limit and size > limit:
                    raise CollectError(
                        "too_large",
                        "an answer has more than %(limit)s bytes",
                        limit=limit,
                    )
                if time.monotonic() > deadline:
                    raise requests.exceptions.Timeout()
                file.write(block)
        except BROKEN as error:
            raise self._broken(error) from error
        wanted = response.headers.get("Content-Length", "")
        if wanted.isdigit() and response.raw.tell() < int(wanted):
            raise self._broken(None)
        return size

    # === ERRORS === #

    def error_of(self, answer: Answer) -> CollectError:
        """The error for a status that is none of success, with what the body tells."""
        reason = "refused_access" if answer.status in REFUSED else "api_error"
        is_page = "html" in answer.headers.get("Content-Type", "")
        words = "" if is_page else message_of(answer.head())
        return CollectError(reason, f"{answer.status} {self.hide(words)}".strip())

    def hide(self, text: str) -> str:
        """A text without our secrets, as they are or as they stand in addresses."""
        for secret in self.secrets:
            for shape in (secret, quote(secret, safe=""), quote_plus(secret)):
                if shape:
                    text = text.replace(shape, HIDDEN)
        return text

    def _refuse(self, text: str, **values: Any) -> NoReturn:
        shown = {name: self.hide(str(value)) for name, value in values.items()}
        raise CollectError("api_error", text, **shown)

    def _unreachable(self, error: Exception) -> Exception:
        certificate = _cause(error, ssl.SSLCertVerificationError)
        if certificate:
            return refused_certificate(certificate)
        tls = _cause(error, ssl.SSLError)
        if tls:
            return CollectError(
                "unreachable",
                "the server speaks no TLS that we know (%(problem)s)",
                problem=getattr(tls, "reason", "") or "TLS",
            )
        return _Busy(CollectError("unreachable", self._words(error)))

    def _broken(self, error: Exception | None) -> _Busy:
        words = self._words(error) if error else "the answer ended early"
        return _Busy(CollectError("cut", words))

    def _words(self, error: Exception) -> str:
        """What happened, in a few words: those of the libraries repeat addresses."""
        if _cause(error, TimeoutError) or isinstance(error, requests.Timeout):
            return "no answer in time"
        if _cause(error, ConnectionRefusedError):
            return "nothing listens on this port"
        if "getaddrinfo" in str(error) or "resolve" in str(error):
            return "no such host name"
        if isinstance(error, requests.exceptions.ProxyError):
            return "the proxy of this machine does not let us through"
        return "the answer ended early"


def origin_of(url: str) -> str:
    """Scheme, host and port of an address: https://api.carrier.example:8443/"""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}/"


def is_same_place(old: str, new: str) -> bool:
    """Whether an address is of the same server as another, or the same with TLS."""
    first, second = urlsplit(old), urlsplit(new)
    try:
        ports = [p.port or DEFAULT_PORTS.get(p.scheme) for p in (first, second)]
    except ValueError:
        return False
    if (first.hostname or "") != (second.hostname or ""):
        return False
    if first.scheme == second.scheme:
        return ports[0] == ports[1]
    return (first.scheme, second.scheme, *ports) == ("http", "https", 80, 443)


def _pause_of(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks us to wait, or until its window ends."""
    for name in ("Retry-After", "X-RateLimit-Reset", "RateLimit-Reset"):
        found = re.fullmatch(r"\s*(\d{1,12})(?:\.\d+)?\s*", headers.get(name, ""))
        if found:
            seconds = float(found[1])
            return max(0.0, seconds - time.time()) if seconds > 10**9 else seconds
    return None


def _cause(error: BaseException, kind: type) -> Any:
    """An error of a kind among those that led to one; libraries wrap them in layers."""
    waiting, seen = [error], set()
    while waiting:
        found = waiting.pop()
        if isinstance(found, kind):
            return found
        if id(found) in seen:
            continue
        seen.add(id(found))
        more = [found.__cause__, found.__context__, getattr(found, "reason", None)]
        more += [one for one in found.args if isinstance(one, BaseException)]
        waiting += [one for one in more if isinstance(one, BaseException)]
    return None


# === TLS === #


class _TlsAdapter(HTTPAdapter):
    """Talks TLS as the context says; with a check of our own, that vouches instead."""

    def __init__(
        self,
        context: ssl.SSLContext,
        check: Callable[[ssl.SSLSocket], None] | None = None,
    ) -> None:
        self._context = context
        self._check = check
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self._use_check(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        self._use_check(manager)
        return manager

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """As others do; where we vouch ourselves, no authority is asked."""
        kwargs["verify"] = self._check is None
        return super().send(request, *args, **kwargs)

    def _use_check(self, manager: Any) -> None:
        if self._check:
            manager.pool_classes_by_scheme = {
                "http": HTTPConnectionPool,
                "https": _checking_pool(self._check),
            }


def _checking_pool(check: Callable[[ssl.SSLSocket], None]) -> type:
    class CheckedConnection(HTTPSConnection):
        """Has the certificate looked at before anything is sent."""

        def connect(self) -> None:
            super().connect()
            try:
                check(self.sock)
            except CollectError:
                self.close()
                raise
            self.is_verified = True

    class CheckingPool(HTTPSConnectionPool):
        ConnectionCls = CheckedConnection

    return CheckingPool

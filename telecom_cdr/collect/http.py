# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The answers of an HTTP API, period by period, as files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import IO
from urllib.parse import urlsplit

from .contract import CollectError, Connection, Entry, Settings
from .http_client import HttpClient
from .http_pages import Content, PeriodReader
from .http_periods import Period, last_day, periods
from .http_request import HttpSettings

EXTENSIONS = {"json": ".json", "xml": ".xml", "sheet": ".xlsx"}
STEADY = 4
"""How often a period is asked for whose records shift between its pages."""


def utc_now() -> datetime:
    """The present."""
    return datetime.now(timezone.utc)


@contextmanager
def open_http(settings: Settings, probe: bool = False) -> Iterator[Connection]:
    """Get ready to ask; the server is reached with the first period.

    :param probe: trust a server whose certificate is to be pinned and is not yet, and
        look at one day alone
    :raise CollectError: ``bad_request``, for settings that give no request
    """
    http = HttpSettings.of(settings.options)
    client = HttpClient(settings, http.url.strip(), probe)
    try:
        yield HttpConnection(settings, http, client, probe)
    finally:
        client.close()


class HttpConnection(Connection):
    """Files that are made of answers: one for each period.

    :ivar reached: what is before has been collected, in UTC; None: nothing was
    :ivar samples: records of the last period, as they came
    """

    def __init__(
        self, settings: Settings, http: HttpSettings, client: HttpClient, probe: bool
    ) -> None:
        super().__init__(settings)
        self.reached: datetime | None = None
        self.samples: list[str] = []
        self._http = http
        self._client = client
        self._probe = probe
        self._reader = PeriodReader(settings, http, client)
        self._file: IO[bytes] | None = None
        self._period: Period | None = None
        self._finished = ""

    @property
    def host_key(self) -> str | None:
        """The fingerprint of the certificate that was shown."""
        return self._client.host_key

    # === PERIODS === #

    def list_files(self) -> Iterator[Entry]:
        """The periods that brought something, each once the one before is finished.

        A period that could not be stored ends it: what comes behind would hide that it
        is missing.
        """
        for entry, period in self._found():
            if entry is None:
                self._reach(period)
                continue
            self._period = period
            yield entry
            if self._finished != entry.signature:
                return

    def _found(self) -> Iterator[tuple[Entry | None, Period]]:
        for period in self._periods():
            for part, content in self._contents(period):
                if content is None:
                    yield None, part
                    continue
                with content.whole.file as file:
                    self._file = file
                    self.samples = content.samples
                    yield self._entry(part, content), part

    def _periods(self) -> Iterator[Period]:
        http, now = self._http, utc_now()
        if self._probe or not http.is_dated:
            # Always the same file: one request tells whether it is another now.
            return iter([last_day(now, http.zone)])
        return periods(
            http.until, now, http.zone, http.days, http.overlap_days, http.with_today
        )

    def _contents(self, period: Period) -> Iterator[tuple[Period, Content | None]]:
        """What a period brought; in parts where an answer to the whole is cut."""
        try:
            found = self._steady(period)
        except CollectError as error:
            halves = period.halves(self._http.has_hours)
            if error.reason not in ("cut", "too_large") or not halves or self._probe:
                raise
        else:
            yield period, found
            return
        for half in halves:
            yield from self._contents(half)

    def _steady(self, period: Period) -> Content | None:
        """The content of a period whose pages do not overlap, or always do so."""
        if self._probe:
            return self._reader.read(period, most_pages=1)
        before = ""
        for _try in range(STEADY):
            content = self._reader.read(period)
            if content is None or not content.is_shifted:
                return content
            if content.whole.sha256 == before:
                # They are calls that look alike.
                return content
            before = content.whole.sha256
            content.whole.file.close()
        raise CollectError(
            "cut",
            "new calls shift the pages of %(period)s while they are read",
            period=period.name,
        )

    def _entry(self, period: Period, content: Content) -> Entry:
        name = self._name(period, content)
        span = f"{period.start:%Y-%m-%dT%H:%M%z}/{period.end:%Y-%m-%dT%H:%M%z}"
        return Entry(
            name=name,
            path=name,
            size=content.whole.size,
            modified=0,
            signature=f"http|{span}|{content.whole.sha256}",
            remote_name=name.encode(),
            sha256=content.whole.sha256,
        )

    def _name(self, period: Period, content: Content) -> str:
        extension = content.extension or EXTENSIONS.get(self._http.layout, ".csv")
        if self._http.is_dated:
            return f"calls_{period.name}{extension}"
        last = urlsplit(self._http.url).path.rstrip("/").rpartition("/")[2]
        return last if "." in last else f"{last or 'calls'}{extension}"

    def _reach(self, period: Period) -> None:
        """Remember how far it is: never back, and not into a day that goes on."""
        if not period.is_over or not self._http.is_dated or self._probe:
            return
        known = [one for one in (self.reached, self._http.until) if one]
        self.reached = max([period.end.astimezone(timezone.utc), *known])

    # === FILES === #

    @contextmanager
    def _reading(
        self, entry: Entry
    ) -> Iterator[tuple[Callable[[int], bytes], Callable[[], bool]]]:
        file = self._file
        file.seek(0)
        yield file.read, lambda: True

    def finish(self, entry: Entry) -> bool:
        """It is stored: what comes behind it may be asked for."""
        self._finished = entry.signature
        self._reach(self._period)
        return False

    def _entries(self) -> Iterator[Entry]:
        return self.list_files()

    def _is_there(self, entry: Entry) -> bool:
        return True

    def _delete(self, entry: Entry) -> None:
        """An API keeps what it has."""

    def _move(self, entry: Entry, parts: list[str]) -> None:
        """An API keeps what it has."""

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The pages of a period, one after another, and whether they are all there is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from .contract import CollectError, Settings
from .http_answer import Page, Whole, read_page
from .http_auth import Authoriser
from .http_client import Answer, HttpClient, is_same_place
from .http_periods import Period
from .http_request import HttpSettings, Place, build

MOST_PAGES = 10_000
EMPTY_STATUS = 204
UNKNOWN_TOKEN = 401


@dataclass
class Content:
    """What a period brought.

    :ivar is_shifted: records stand on two pages, perhaps because calls came in between
    """

    whole: Whole
    count: int = 0
    is_shifted: bool = False
    samples: list[str] = field(default_factory=list)
    extension: str = ""


class PeriodReader:
    """Asks an API for periods."""

    def __init__(
        self, settings: Settings, http: HttpSettings, client: HttpClient
    ) -> None:
        self._limit = settings.max_bytes
        self._http = http
        self._client = client
        self._authoriser = Authoriser(settings, http, client)
        self._credentials: Mapping[str, str] = {
            "username": settings.username,
            "password": settings.password,
        }

    def read(self, period: Period, most_pages: int = 0) -> Content | None:
        """All that a period has; None where that is nothing.

        :param most_pages: look at the first pages alone; 0: at all of them
        :raise CollectError: ``cut``, where less came than there is
        """
        content = Content(Whole(self._http))
        seen: set[bytes] = set()
        page = None
        for number, page in enumerate(self._pages(period), 1):
            self._check_new(page, seen, content, number)
            if page.count != 0:
                content.whole.add(page)
                self._check_size(content.whole)
            content.samples = content.samples or page.samples
            content.extension = content.extension or page.extension
            if number == most_pages:
                break
        else:
            self._check_complete(page, content.count)
        return content if content.whole.size else None

    def _check_size(self, whole: Whole) -> None:
        if self._limit and whole.size > self._limit:
            raise CollectError(
                "too_large",
                "an answer has more than %(limit)s bytes",
                limit=self._limit,
            )

    def _check_new(
        self, page: Page, seen: set[bytes], content: Content, number: int
    ) -> None:
        """Take note of records that were on a page before; refuse a page that has no
        others: the server does not know what we ask for."""
        repeated = seen.intersection(page.prints)
        if repeated and repeated.issuperset(page.prints):
            raise CollectError(
                "api_error",
                "page %(number)s has the records of those before it: the server does "
                "not understand the paging, or pages shift",
                number=number,
            )
        content.is_shifted = content.is_shifted or bool(repeated)
        seen.update(page.prints)
        content.count += page.count or 0

    def _check_complete(self, page: Page | None, count: int) -> None:
        if page and page.total is not None and count < page.total:
            raise CollectError(
                "cut",
                "%(count)s of %(total)s records came",
                count=count,
                total=page.total,
            )
        http = self._http
        if http.paging == "none" and 0 < http.page_size <= count:
            raise CollectError(
                "cut",
                "%(count)s records came, as many as an answer can have",
                count=count,
            )

    # === ONE AFTER ANOTHER === #

    def _pages(self, period: Period) -> Iterator[Page]:
        place = Place(page=self._http.first_page)
        count = 0
        for _number in range(MOST_PAGES):
            answer = self._answer(period, place)
            with answer.file:
                page = self._page(answer)
                count += page.count or 0
                yield page
                following = self._following(answer, page, place, count)
            if following is None:
                return
            place = following
        raise CollectError("cut", "more than %(count)s pages", count=MOST_PAGES)

    def _answer(self, period: Period, place: Place) -> Answer:
        ask = build(self._http, period, place, self._credentials)
        answer = self._client.fetch(self._authoriser.sign(ask), self._limit)
        if answer.status == UNKNOWN_TOKEN and self._authoriser.renew():
            answer.file.close()
            answer = self._client.fetch(self._authoriser.sign(ask), self._limit)
        return answer

    def _page(self, answer: Answer) -> Page:
        says_empty = str(answer.status) in self._http.empty_values.split()
        if answer.status == EMPTY_STATUS or says_empty:
            return Page(answer.file, 0)
        if not answer.is_fine:
            raise self._client.error_of(answer)
        try:
            return read_page(answer, self._http)
        except CollectError as error:
            hidden = self._client.hide(error.found)
            if hidden == error.found:
                raise
            # An API may repeat what it got.
            raise CollectError(error.reason, hidden) from None

    def _following(
        self, answer: Answer, page: Page, place: Place, count: int
    ) -> Place | None:
        """Where to go on; None at the end."""
        http = self._http
        if http.paging == "token":
            return replace(place, token=page.following) if page.following else None
        if http.paging in ("next", "link"):
            link = page.following if http.paging == "next" else next_link(answer)
            return Place(url=self._checked(answer, link)) if link else None
        if http.paging == "none" or not page.count or self._is_last(page, count):
            return None
        return replace(place, page=place.page + 1, offset=count)

    def _is_last(self, page: Page, count: int) -> bool:
        if page.total is not None:
            return count >= page.total
        return 0 < (page.count or 0) < self._http.page_size

    def _checked(self, answer: Answer, link: str) -> str:
        """The address of the next page: the secret goes with it, so to nobody else."""
        url = urljoin(answer.address, link)
        if not is_same_place(answer.address, url):
            raise CollectError(
                "api_error", "the next page is at another server: %(url)s", url=url
            )
        return url


def next_link(answer: Answer) -> str:
    """The address of the next page in a ``Link`` header.

    >>> ``Link: <https://api.example/calls?page=2>; rel="next"``
    """
    for part in answer.headers.get("Link", "").split(","):
        address, _mark, words = part.partition(";")
        if 'rel="next"' in words.replace("'", '"') or "rel=next" in words:
            return address.strip().strip("<>")
    return ""

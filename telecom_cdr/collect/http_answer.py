# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an answer is: records, nothing, an error, or a part that was cut off."""

import hashlib
import io
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from .contract import CollectError
from .http_client import IN_MEMORY, Answer
from .http_json import NOTHING, at_path, message_in, text_of
from .http_request import HttpSettings

DECODER = json.JSONDecoder()
SPACE = re.compile(r"[\s,]*")
LARGEST_PARSED = 1 << 26
"""Bytes of an answer that has to be looked into as a whole."""
SAMPLES = 3
SAMPLE_LENGTH = 300
WEB_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE
)
ARCHIVES = {b"PK\x03\x04": ".zip", b"\x1f\x8b": ".gz"}
BOM = b"\xef\xbb\xbf"


@dataclass
class Page:
    """The records of one answer.

    :ivar file: their bytes, as they came, to be read from the beginning
    :ivar count: how many they are; None where that is not known
    :ivar prints: a short fingerprint of each, where pages are to be compared
    :ivar following: the link to the next page, or its token; empty: there is none
    :ivar total: how many the whole period has, as the server says
    :ivar extension: of an archive that came instead of a plain file
    """

    file: IO[bytes]
    count: int | None = None
    prints: list[bytes] = field(default_factory=list)
    following: str = ""
    total: int | None = None
    samples: list[str] = field(default_factory=list)
    extension: str = ""


def read_page(answer: Answer, http: HttpSettings) -> Page:
    """The page that a server answered with.

    :raise CollectError: ``api_error`` where it is an error of the API, ``cut`` where it
        ends early or has more than it can be asked for at a time
    """
    head = answer.head()
    archive = next((e for magic, e in ARCHIVES.items() if head.startswith(magic)), "")
    if archive:
        # An Excel sheet is one, too.
        return Page(answer.file, extension="" if http.layout == "sheet" else archive)
    if WEB_PAGE.match(head):
        raise CollectError("api_error", "a web page came instead of calls")
    if http.layout in ("xml", "sheet"):
        return Page(answer.file)
    if http.layout == "json":
        return _json_page(answer, http)
    if head.removeprefix(BOM).lstrip()[:1] == b"{":
        return _json_instead(answer, http)
    return _text_page(_content(answer, http), http)


def _json_instead(answer: Answer, http: HttpSettings) -> Page:
    """An object where lines were expected: it says that there are none, or an error."""
    told = _load(answer)[0]
    if _check_told(told, http):
        return Page(answer.file, 0)
    raise CollectError(
        "api_error", "JSON came instead of lines: %(problem)s", problem=text_of(told)
    )


# === JSON === #


def _json_page(answer: Answer, http: HttpSettings) -> Page:
    if not answer.head(1):
        return Page(answer.file, 0)
    values = _load(answer)
    told = values[0]
    if _check_told(told, http):
        return Page(answer.file, 0)
    records = [record for value in values for record in _records(value, http)]
    texts = [json.dumps(record, sort_keys=True) for record in records]
    following = at_path(told, http.next_path) if http.next_path else None
    total = at_path(told, http.total_path) if http.total_path else None
    return Page(
        answer.file,
        len(records),
        _prints(texts, http),
        text_of(following) if following else "",
        _number(total, http),
        [_sample(record) for record in records[:SAMPLES]],
    )


def _sample(record: Any) -> str:
    """A record for people: what is filled in of it."""
    if not isinstance(record, dict):
        return text_of(record)[:SAMPLE_LENGTH]
    plain = {n: v for n, v in record.items() if not isinstance(v, dict | list)}
    shown = ", ".join(f"{n}: {v}" for n, v in plain.items() if v not in (None, ""))
    return shown[:SAMPLE_LENGTH]


def _records(told: Any, http: HttpSettings) -> list:
    records = at_path(told, http.record_path)
    if records is NOTHING:
        raise CollectError(
            "api_error",
            "the answer has nothing at %(path)s: %(problem)s",
            path=http.record_path,
            problem=message_in(told) or _names(told),
        )
    if isinstance(records, list):
        return records
    return [] if records in (None, "", {}) else [records]


def _names(told: Any) -> str:
    """What an object has; its values may be calls, which are nobody's business."""
    return ", ".join(map(str, told)) if isinstance(told, dict) else type(told).__name__


def _load(answer: Answer) -> list:
    """The values in an answer: mostly one, or as many as stand one behind the other."""
    if answer.size > LARGEST_PARSED:
        raise CollectError(
            "cut", "an answer has more than %(limit)s bytes", limit=LARGEST_PARSED
        )
    answer.file.seek(0)
    text = answer.file.read().decode("utf-8-sig", "replace").strip()
    values, at = [], 0
    try:
        while at < len(text):
            value, at = DECODER.raw_decode(text, at)
            values.append(value)
            at = SPACE.match(text, at).end()
    except (ValueError, RecursionError) as error:
        if text[:1] not in ("{", "["):
            raise CollectError(
                "api_error",
                "no JSON came, but '%(found)s'",
                found=text[:SAMPLE_LENGTH],
            ) from error
        raise CollectError("cut", "the JSON ends early or is damaged") from error
    return values or [None]


def _check_told(told: Any, http: HttpSettings) -> bool:
    """Whether an answer says that there are no calls.

    :raise CollectError: ``api_error``, where it says that something is wrong
    """
    if not http.error_path.strip():
        return False
    value = at_path(told, http.error_path)
    is_nothing = value is NOTHING or value in (None, "", [], {}, False)
    if is_nothing and not http.ok_values.strip():
        return False
    words = "true" if value is True else text_of(value)
    if words.lower() in http.empty_values.lower().split():
        return True
    if words and words.lower() in http.ok_values.lower().split():
        return False
    raise CollectError(
        "api_error", "the API says '%(found)s'", found=_all_words(told, value, words)
    )


def _all_words(told: Any, value: Any, words: str) -> str:
    """A status, and the message that may stand beside it."""
    others = told if isinstance(told, dict) else {}
    message = message_in({n: v for n, v in others.items() if v is not value})
    both = dict.fromkeys(word for word in (words, message) if word)
    return " ".join(both) or "no status"


def _number(total: Any, http: HttpSettings) -> int | None:
    if total is None:
        return None
    try:
        return int(total)
    except (TypeError, ValueError):
        raise CollectError(
            "api_error",
            "the answer has no number of records at %(path)s",
            path=http.total_path,
        ) from None


# === TEXT === #


def _content(answer: Answer, http: HttpSettings) -> IO[bytes]:
    """The part of an answer that is the file."""
    if not (http.content_pattern or http.error_pattern or http.empty_values.strip()):
        return answer.file
    if answer.size > LARGEST_PARSED:
        # Nothing that is so large is an error, or empty.
        return answer.file
    answer.file.seek(0)
    text = answer.file.read().decode("latin-1")
    if http.content_pattern:
        found = re.search(http.content_pattern, text, re.DOTALL)
        if not found:
            raise CollectError(
                "cut",
                "the answer does not look as expected (%(pattern)s): '%(found)s'",
                pattern=http.content_pattern,
                found=text.strip()[:SAMPLE_LENGTH],
            )
        text = found[1] or ""
    text = text.lstrip("\r\n")
    words = text.strip()
    if words.lower() in http.empty_values.lower().split():
        text = ""
    elif http.error_pattern and re.search(http.error_pattern, words):
        raise CollectError(
            "api_error", "the API says '%(found)s'", found=words[:SAMPLE_LENGTH]
        )
    return io.BytesIO(text.encode("latin-1"))


def _text_page(file: IO[bytes], http: HttpSettings) -> Page:
    """Lines, of which the first may be a header."""
    count, prints, samples = 0, [], []
    keeps_prints = http.paging != "none"
    for number, line in enumerate(records_of(file, http.quote)):
        if number < http.head_lines or not line.strip():
            continue
        count += 1
        if keeps_prints:
            prints.append(_print(line.strip()))
        if len(samples) < SAMPLES:
            samples.append(line.decode("utf-8", "replace").strip()[:SAMPLE_LENGTH])
    return Page(file, count, prints, samples=samples)


def records_of(file: IO[bytes], quote: str) -> Iterator[bytes]:
    """The records of lines; values in quotes may have ends of lines in them."""
    file.seek(0)
    mark = quote.encode("utf-8", "replace")
    record = b""
    for line in file:
        record += line
        if mark and record.count(mark) % 2 and len(record) < LARGEST_PARSED:
            continue
        yield record
        record = b""
    if record:
        yield record


def _prints(texts: list[str], http: HttpSettings) -> list[bytes]:
    return [_print(t.encode()) for t in texts] if http.paging != "none" else []


def _print(record: bytes) -> bytes:
    return hashlib.blake2b(record, digest_size=12).digest()


# === TOGETHER === #


class Whole:
    """The pages of a period, one behind the other, as one file.

    JSON: objects or arrays one after another. Lines: with the head of the first page
    alone.
    """

    def __init__(self, http: HttpSettings) -> None:
        self._http = http
        self._head: list[bytes] = []
        # Who reads the period closes it.
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self.size = 0
        self._digest = hashlib.sha256()
        self._pages = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def add(self, page: Page) -> None:
        """Put a page behind those that are there.

        :raise CollectError: ``api_error``, where its header is another
        """
        page.file.seek(0)
        self._pages += 1
        if self._pages > 1:
            self._begin_next(page)
        while block := page.file.read(1 << 20):
            self._write(block)

    def _begin_next(self, page: Page) -> None:
        self.file.seek(-1, io.SEEK_END)
        is_open = self.file.read(1) != b"\n"
        self.file.seek(0, io.SEEK_END)
        if is_open:
            self._write(b"\n")
        if page.file.read(len(BOM)) != BOM:
            page.file.seek(0)
        if self._http.layout == "json":
            return
        head = [page.file.readline().strip() for _line in range(self._http.head_lines)]
        self.file.seek(0)
        first = [self.file.readline().strip() for _line in head]
        self.file.seek(0, io.SEEK_END)
        if head != [line.removeprefix(BOM) for line in first]:
            raise CollectError("api_error", "a page has another header than the first")

    def _write(self, block: bytes) -> None:
        self.file.write(block)
        self._digest.update(block)
        self.size += len(block)

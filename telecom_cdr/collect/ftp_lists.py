# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What FTP servers tell about files: facts of MLSD and MLST, lines of LIST, times."""

import re
from dataclasses import dataclass
from datetime import datetime, timezone

MONTHS = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
DAY = 86400

UNIX_LINE = re.compile(
    rb"(?P<kind>[-dlbcps])[-rwxsStTlL]{9}[+.@]?\s.*?(?<=\s)(?P<size>\d+)\s+"
    rb"(?P<when>(?:\S{3,5}\s+\d{1,2}|\d{1,2}\s+\S{3,5})\s+(?:\d{1,2}:\d{2}|\d{4})"
    rb"|\d{4}-\d{2}-\d{2}\s+\d{1,2}:\d{2}\S*)\s(?P<name>.+)"
)
DOS_LINE = re.compile(
    rb"(?P<when>\d{2}-\d{2}-\d{2,4}\s+\d{1,2}:\d{2}(?:[AP]M)?)\s+"
    rb"(?:(?P<size>\d+)|<(?P<kind>[A-Z]+)>)\s(?P<name>.+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Facts:
    """What a server tells about a name.

    :ivar kind: ``file``, ``dir``, or empty for links and all else
    :ivar size: bytes; None where the server does not tell
    :ivar modified: seconds since 1970; 0 where the server does not tell
    :ivar stamp: the time as text, the same whenever the server is asked
    :ivar unique: the same for two names of one file or folder; empty: not told
    :ivar is_rough: from a line of LIST: the time is of the server's own zone, and
        perhaps a day
    """

    kind: str
    size: int | None = None
    modified: int = 0
    stamp: str = ""
    unique: str = ""
    is_rough: bool = False


def parse_facts(line: bytes) -> tuple[bytes, Facts] | None:
    """Name and facts in a line of MLSD or MLST; None where it is none.

    >>> parse_facts(b"type=file;size=5;modify=20260105102030; calls.csv")
    (b'calls.csv', Facts(kind='file', size=5, modified=1767608430, ...))
    """
    head, blank, name = line.partition(b" ")
    if not blank or not name:
        return None
    told = {}
    for fact in head.decode("latin-1").split(";"):
        key, _equals, value = fact.partition("=")
        told[key.lower()] = value
    kind = told.get("type", "").lower()
    size = told.get("size", "")
    modified, stamp = parse_time(told.get("modify", ""))
    facts = Facts(
        kind if kind in ("file", "dir") else "",
        int(size) if size.isascii() and size.isdigit() else None,
        modified,
        stamp,
        told.get("unique", ""),
    )
    return name, facts


def parse_time(text: str) -> tuple[int, str]:
    """Seconds since 1970 and a stamp of whole seconds, from YYYYMMDDhhmmss[.f] in UTC.

    Old servers write 19100 for the year 2000, and the like: that is no time.
    """
    stamp = text.strip()[:14]
    try:
        when = datetime.strptime(f"{stamp}+0000", "%Y%m%d%H%M%S%z")
        return int(when.timestamp()), stamp
    except (ValueError, OverflowError):
        return 0, ""


def parse_line(line: bytes, now: float) -> tuple[bytes, Facts] | None:
    """Name and facts in a line of LIST, as ``ls -l`` or DOS write it; None where it is
    none.

    :param now: seconds since 1970; says which year a date without one is of
    """
    if found := UNIX_LINE.fullmatch(line):
        kind = {b"-": "file", b"d": "dir"}.get(found["kind"], "")
        when = _unix_time(found["when"].decode("latin-1"), now)
        return found["name"], _rough(kind, found["size"], when)
    if found := DOS_LINE.fullmatch(line):
        kind = "dir" if (found["kind"] or b"").upper() == b"DIR" else ""
        when = _dos_time(found["when"].decode("latin-1"))
        kind = "file" if found["size"] else kind
        return found["name"].lstrip(), _rough(kind, found["size"], when)
    return None


def _rough(kind: str, size: bytes | None, when: datetime | None) -> Facts:
    """A line tells the time at first and the year later, so only the day is stable."""
    return Facts(
        kind,
        int(size) if size else None,
        int(when.timestamp()) if when else 0,
        when.strftime("%Y-%m-%d") if when else "",
        is_rough=True,
    )


def _unix_time(text: str, now: float) -> datetime | None:
    words = text.lower().split()
    try:
        if "-" in words[0]:
            year, month, day = map(int, words[0].split("-"))
            hour, minute = words[1].split(":")[:2]
            return _utc(year, month, day, int(hour), int(minute))
        if words[0].isdigit():
            words[0], words[1] = words[1], words[0]
        month, day = MONTHS.index(words[0][:3]) + 1, int(words[1])
        if ":" not in words[2]:
            return _utc(int(words[2]), month, day)
        hour, minute = words[2].split(":")
        return _latest(month, day, int(hour), int(minute), now)
    except ValueError:
        return None


def _latest(month: int, day: int, hour: int, minute: int, now: float) -> datetime:
    """The last time of this date that is not more than a day ahead."""
    this_year = datetime.fromtimestamp(now, timezone.utc).year
    for year in range(this_year + 1, this_year - 9, -1):
        try:
            when = _utc(year, month, day, hour, minute)
        except ValueError:  # 29 February
            continue
        if when.timestamp() <= now + DAY:
            return when
    raise ValueError("no such day")


def _dos_time(text: str) -> datetime | None:
    date, clock = text.upper().split()
    year = "%y" if len(date) == len("mm-dd-yy") else "%Y"
    hour = "%I:%M%p" if clock.endswith("M") else "%H:%M"
    try:
        return datetime.strptime(f"{date} {clock}+0000", f"%m-%d-{year} {hour}%z")
    except ValueError:
        return None


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)

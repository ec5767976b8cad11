# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls that a person pastes: lines of date, from, to, seconds, however separated."""

import json
import re
from datetime import datetime
from typing import NamedTuple

from .facts import EXTRA_NUMBERS
from .quantities import json_number

SEPARATORS = "\t;|,"
COLUMNS = 4
MAX_LINES = 1_000
MAX_SECONDS = 10_000_000
DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%d/%m/%y")
TIMES = (" %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M", "")
CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})")


class PastedCall(NamedTuple):
    """One call: local start, numbers as written, whole seconds."""

    start: datetime
    calling: str
    called: str
    seconds: int


class Refused(NamedTuple):
    """A line that is no call: its number from 1, what was found, what is wrong.

    reason: "columns", "date", "called", "seconds" or "lines" (too many of them).
    """

    line: int
    found: str
    reason: str


def read_pasted(text: str) -> tuple[list[PastedCall], list[Refused]]:
    """Read pasted lines; empty ones and a headline are left out.

    The separator is the one of tab, semicolon, bar and comma that cuts most lines into
    four.  Three columns are date, to, seconds.
    """
    lines = [line.strip("\ufeff\r\n ") for line in text.split("\n")]
    separator = sniff(lines)
    calls: list[PastedCall] = []
    refused: list[Refused] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(calls) == MAX_LINES:
            refused.append(Refused(number, str(MAX_LINES), "lines"))
            break
        call = read_line(line, separator)
        if isinstance(call, PastedCall):
            calls.append(call)
        elif calls or refused or not is_headline(line):
            refused.append(Refused(number, *call))
    return calls, refused


def read_more(text: str) -> str:
    """Lines of `name: value` as the JSON that a file's further facts are kept in.

    People write decimals with a point or a comma, so one of either is the mark.
    """
    facts = {}
    for line in text.split("\n"):
        name, _colon, value = (part.strip() for part in line.partition(":"))
        name = name.lower().replace(" ", "_")
        if name and value:
            facts[name] = more_value(name, value)
    return "{" + ",".join(f"{json.dumps(name)}:{facts[name]}" for name in facts) + "}"


def more_value(name: str, value: str) -> str:
    """A value as JSON: a number where the name is that of one."""
    found = None
    if name in EXTRA_NUMBERS:
        is_share = name == "discount"
        found = json_number(value, ".", is_share) or json_number(value, ",", is_share)
    return found or json.dumps(value)


def sniff(lines: list[str]) -> str:
    """Give the separator that gives most lines three or four columns."""

    def fitting(separator: str) -> int:
        return sum(
            line.count(separator) in (COLUMNS - 2, COLUMNS - 1) for line in lines
        )

    return max(SEPARATORS, key=fitting)


def is_headline(line: str) -> bool:
    """Tell whether a line names columns: it has no digits."""
    return not any(char.isdigit() for char in line)


def read_line(line: str, separator: str) -> PastedCall | tuple[str, str]:
    """Read one line; else give what was found and why it is no call."""
    cells = [cell.strip().strip('"').strip() for cell in line.split(separator)]
    if len(cells) == COLUMNS - 1:
        cells.insert(1, "")
    if len(cells) != COLUMNS:
        return line, "columns"
    start, seconds = read_moment(cells[0]), read_seconds(cells[3])
    if start is None:
        return cells[0], "date"
    if not cells[2]:
        return line, "called"
    if seconds is None:
        return cells[3], "seconds"
    return PastedCall(start, cells[1], cells[2], seconds)


def read_moment(text: str) -> datetime | None:
    """Read a date with a time or without; None where it is none."""
    for day in DAYS:
        for time in TIMES:
            try:
                return datetime.strptime(text, day + time)  # noqa: DTZ007 (local)
            except ValueError:
                continue
    return None


def read_seconds(text: str) -> int | None:
    """Read whole seconds, m:ss or h:mm:ss; None where it is neither."""
    if text.isascii() and text.isdecimal():
        seconds = int(text[:20])
        return seconds if seconds <= MAX_SECONDS else None
    clock = CLOCK.fullmatch(text)
    if not clock:
        return None
    hours, minutes, rest = (int(part or 0) for part in clock.groups())
    return hours * 3600 + minutes * 60 + rest

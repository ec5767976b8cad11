# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The spelling of dates and times, from all values of a column together."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from ..dates import parse_dates

GOOD_SHARE = 0.9
MAX_DISTINCT = 200
MAX_PATTERNS = 3
MAX_CANDIDATES = 40
# Zeros where a call never came so far.
NO_TIME = re.compile(r"[0:\-/. T]*")
TIME = (
    r"(?P<hour>\d{1,2}):\d{2}(?P<second>:\d{2})?(?P<fraction>\.\d{1,9})?"
    r"(?P<half> ?[ap]\.?m?\.?)?(?P<offset> ?[+-]\d{2}(?::?\d{2})?)?"
    r"(?P<zone> ?[a-z]{1,4})?"
)
TIME_ONLY = re.compile(TIME, re.I | re.A)
NUMERIC = re.compile(
    r"(?P<first>\d{1,4})(?P<mark>[-/.])(?P<second>\d{1,2})(?P=mark)(?P<third>\d{4}|\d{2})"
    r"(?!\d)",
    re.A,
)
SHORT = re.compile(r"\d{2}/\d{2}(?=\s)", re.A)
NAMED = re.compile(
    r"(?P<weekday>[a-z]{3,9},? )?\d{1,2}(?P<mark>[-/ .])[a-z]{3,9}(?P=mark)"
    r"(?P<year>\d{4}|\d{2})(?!\d)",
    re.I | re.A,
)
AMERICAN = re.compile(r"[a-z]{3,9} \d{1,2}(?P<comma>,?) \d{4}", re.I | re.A)
COMPACT = {
    re.compile(r"(?:19|20)\d{12}", re.A): "%Y%m%d%H%M%S",
    re.compile(r"(?:19|20)\d{12}\.\d+", re.A): "%Y%m%d%H%M%S.%f",
    re.compile(r"(?:19|20)\d{6}T\d{6}", re.A): "%Y%m%dT%H%M%S",
    re.compile(r"(?:19|20)\d{6} \d{6}", re.A): "%Y%m%d %H%M%S",
    re.compile(r"(?:19|20)\d{6}", re.A): "%Y%m%d",
}
EPOCH = re.compile(r"(\d{10})(?:\.\d+)?|(\d{13})|(\d{16})", re.A)
EPOCH_BOUNDS = (946_684_800, 2_000_000_000)  # of 2000 and of 2033
GREGORIAN = re.compile(r"6[3-4]\d{9}", re.A)
Fit = tuple[np.ndarray, int]
"""Which texts a pattern fits, and the days from the first of them to the last."""

# Where the month is written ahead of the day.
MONTH_FIRST = ("US", "PH", "CA", "PR")


@dataclass(frozen=True)
class Dates:
    """How a column's times are written.

    :ivar patterns: of date_formats, the best first
    :ivar is_sure: whether the values alone say it; else the country did
    """

    patterns: tuple[str, ...]
    is_sure: bool = True

    @property
    def has_time(self) -> bool:
        """Whether the time of day is there, too."""
        return any(
            p in ("epoch", "gregorian") or "%H" in p or "%I" in p for p in self.patterns
        )

    @property
    def has_date(self) -> bool:
        """Whether the day is there: a time of day has none."""
        return any(p in ("epoch", "gregorian") or "%d" in p for p in self.patterns)


def guess_dates(
    cells: Sequence[str], country: str = "", file_date: date | None = None
) -> Dates | None:
    """How dates are written, None where the values are none.

    :param country: ISO 3166 code, for days and months that could be either
    :param file_date: when the file came, for dates without a year
    """
    texts = meaning(cells)
    if not texts:
        return None
    if counted := _counted(texts):
        return Dates((counted,))
    candidates = list(dict.fromkeys(p for text in texts for p in patterns_of(text)))
    found = [(p, _fitting(texts, p, file_date)) for p in candidates[:MAX_CANDIDATES]]
    found = [(pattern, fits) for pattern, fits in found if fits[0].any()]
    if not found:
        return None
    best = max(fits[0].sum() for _pattern, fits in found)
    equal = [one for one in found if one[1][0].sum() == best]
    pattern, is_sure = _one_of(equal, country)
    patterns, left = [pattern], ~dict(found)[pattern][0]
    for other, fits in found:
        if (fits[0] & left).any() and len(patterns) < MAX_PATTERNS:
            patterns.append(other)
            left &= ~fits[0]
    if left.sum() > (1 - GOOD_SHARE) * len(texts):
        return None
    return Dates(tuple(patterns), is_sure)


def guess_times(cells: Sequence[str]) -> Dates | None:
    """How times of day are written that stand in a column of their own."""
    texts = meaning(cells)
    matches = [TIME_ONLY.fullmatch(text) for text in texts]
    if not texts or not all(m and int(m["hour"]) < 24 for m in matches):  # noqa: PLR2004
        return None
    patterns = dict.fromkeys(_clock(match) for match in matches if match)
    return Dates(tuple(patterns)[:MAX_PATTERNS])


def meaning(cells: Sequence[str]) -> list[str]:
    """The distinct values that say a time."""
    texts = dict.fromkeys(cell.strip() for cell in cells)
    return [text for text in texts if not NO_TIME.fullmatch(text)][:MAX_DISTINCT]


def patterns_of(text: str) -> list[str]:
    """Every pattern that a text looks like."""
    for shape, pattern in COMPACT.items():
        if shape.fullmatch(text):
            return [pattern]
    days, rest = _days(text)
    if not days:
        return []
    if not rest:
        return days
    between = re.match(r"T|[\s,*]*", rest)
    gap = between[0] if between else ""
    match = TIME_ONLY.fullmatch(rest[len(gap) :])
    return [day + gap + _clock(match) for day in days] if match else []


def _days(text: str) -> tuple[list[str], str]:
    """What the day may be written as, and what stands behind it."""
    if match := NUMERIC.match(text):
        return _numeric(match), text[match.end() :]
    if match := NAMED.match(text):
        weekday, mark = match["weekday"] or "", match["mark"]
        year = "%Y" if len(match["year"]) == 4 else "%y"  # noqa: PLR2004
        prefix = ("%a, " if "," in weekday else "%a ") if weekday else ""
        return [f"{prefix}%d{mark}%b{mark}{year}"], text[match.end() :]
    if match := AMERICAN.match(text):
        return [f"%b %d{match['comma']} %Y"], text[match.end() :]
    if match := SHORT.match(text):
        return ["%m/%d", "%d/%m"], text[match.end() :]
    return [], text


def _numeric(match: re.Match[str]) -> list[str]:
    """Days of three numbers."""
    mark = match["mark"]
    if len(match["first"]) == 4:  # noqa: PLR2004
        return [f"%Y{mark}%m{mark}%d"]
    if len(match["first"]) > 2:  # noqa: PLR2004
        return []
    year = "%Y" if len(match["third"]) == 4 else "%y"  # noqa: PLR2004
    orders = [("%d", "%m", year), ("%m", "%d", year)]
    if year == "%y":
        orders.append(("%y", "%m", "%d"))
    return [mark.join(order) for order in orders]


def _clock(match: re.Match[str]) -> str:
    """The pattern of a time of day."""
    hour = "%I" if match["half"] else "%H"
    half = (" " if (match["half"] or "").startswith(" ") else "") + "%p"
    offset = match["offset"] or match["zone"] or ""
    blank = " " if offset.startswith(" ") else ""
    return "".join(
        (
            f"{hour}:%M",
            ":%S" if match["second"] else "",
            ".%f" if match["fraction"] else "",
            half if match["half"] else "",
            f"{blank}%z" if match["offset"] else f"{blank}%Z" if match["zone"] else "",
        )
    )


def _counted(texts: Sequence[str]) -> str:
    """The name of a count of seconds that the values are; "" for none."""
    if all(GREGORIAN.fullmatch(text) for text in texts):
        return "gregorian"
    units = []
    for text in texts:
        match = EPOCH.fullmatch(text)
        if not match:
            return ""
        digits = next(group for group in match.groups() if group)
        units.append(int(digits[:10]))
    low, high = EPOCH_BOUNDS
    is_near = max(units) - min(units) <= 400 * 86_400
    return "epoch" if is_near and low <= min(units) <= max(units) <= high else ""


def _fitting(texts: Sequence[str], pattern: str, file_date: date | None) -> Fit:
    """How a pattern fits."""
    times, fits, _offsets = parse_dates(texts, [pattern], file_date)
    days = times[fits].astype("datetime64[D]").astype(int)
    return fits, int(days.max() - days.min()) if len(days) else 0


def _one_of(equal: Sequence[tuple[str, Fit]], country: str) -> tuple[str, bool]:
    """The pattern of several that fit equally well, and whether it is sure.

    A file holds days of a short time: which reading keeps them near each other says
    more than the country.
    """
    if len(equal) == 1:
        return equal[0][0], True
    spans = sorted((fits[1], place) for place, (_p, fits) in enumerate(equal))
    if spans[0][0] < spans[1][0]:
        return equal[spans[0][1]][0], True
    first = [pattern for pattern, fits in equal if fits[1] == spans[0][0]]
    wanted = "%m" if country in MONTH_FIRST else "%d"
    return next((p for p in first if p.startswith(wanted)), first[0]), False

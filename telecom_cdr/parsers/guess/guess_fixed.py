# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Columns of a file of fixed width: where all records have blanks, one ends."""

import re
from typing import Any

TIMES = re.compile(r"\d{1,2}:\d{2}|\d{2}/\d{2}/\d{2}|\d{4}-\d{2}-\d{2}")
PAGE_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}")
PAGE_VALUE = r"^\D*(?P<page_date>\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})"
RULE = r"^[-=_*\s]+$"
MIN_COLUMNS = 3
UNNAMED = "column "
MAX_WIDTH = 2_000


def guess_fixed(texts: list[str]) -> dict[str, Any] | None:
    """Places of the columns, and the lines that are none; None where nothing is parted.

    Records are the lines with a time that look most alike; a line of words above them
    names the columns.
    """
    texts = [text.lstrip("\f\0")[:MAX_WIDTH] for text in texts]
    full = [text for text in texts if text.strip()]
    records = [text for text in full if TIMES.search(text) and not _is_page(text)]
    if not records:
        return None
    others = [text for text in full if text not in records]
    heading = next((text for text in others if _is_heading(text)), "")
    spans = _spans(records)
    if len(spans) < MIN_COLUMNS:
        return None
    names = _names(spans, heading)
    columns = [
        {"name": name, "start": start + 1, "width": end - start}
        for name, (start, end) in zip(names, spans, strict=True)
    ]
    keys: dict[str, Any] = {"fixed_columns": columns}
    if others:
        keys["line_filters"] = _filters(others, heading)
    if any(_is_page(text) for text in others) and not any(
        re.search(PAGE_VALUE, text) for text in records
    ):
        keys["page_values"] = [PAGE_VALUE]
    return keys


def _is_page(text: str) -> bool:
    """Whether a line is a page's header: a date beside few other words."""
    return bool(PAGE_DATE.search(text)) and len(text.split()) <= 3  # noqa: PLR2004


def _is_heading(text: str) -> bool:
    """Whether a line is of words that name columns."""
    return len(text.split()) >= MIN_COLUMNS and not re.search(r"\d{2}", text)


def _spans(records: list[str]) -> list[tuple[int, int]]:
    """Begin and end (from 0) of the runs of characters that are never all blank."""
    width = max(map(len, records))
    filled = [
        any(place < len(r) and r[place] != " " for r in records)
        for place in range(width)
    ]
    spans, begin = [], None
    for place, is_filled in enumerate([*filled, False]):
        if is_filled and begin is None:
            begin = place
        elif not is_filled and begin is not None:
            spans.append((begin, place))
            begin = None
    return spans


def _names(spans: list[tuple[int, int]], heading: str) -> list[str]:
    """Names of the columns: the heading's words above them, else a number."""
    words = [(m.start(), m.end(), m[0]) for m in re.finditer(r"\S+", heading)]
    names: list[str] = []
    for number, (start, end) in enumerate(spans, 1):
        above = [name for begin, last, name in words if begin < end and last > start]
        name = " ".join(above) or f"{UNNAMED}{number}"
        names.append(name if name not in names else f"{name} {number}")
    return names


def _filters(others: list[str], heading: str) -> list[str]:
    """Patterns of the lines that are no records, pages and headings among them."""
    patterns = []
    if any(re.search(RULE, text) for text in others):
        patterns.append(RULE)
    if heading:
        words = map(re.escape, heading.split()[:3])
        patterns.append(r"^\s*" + r"\s+".join(words))
    return patterns

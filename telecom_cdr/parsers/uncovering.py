# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Covered records that come back, corrected: the amounts take their places again."""

import io
import re
from collections.abc import Mapping

from xlsxwriter import Workbook

from .columns import VALUE_PLACE
from .covering import Cover
from .exceptions import FileError
from .formats import FormatSpec
from .layouts.opening import open_source
from .lines import UNDECIDED, open_lines
from .spreadsheet import open_sheet

# What stands for an amount: the line and the place among its amounts. In files of
# fixed width it must be short, and its place is known.
MARK = re.compile(r"hidden-\d+-\d+|#[0-9a-z]{1,7}\.[0-9a-z]")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
BATCH = 10_000
MISPLACED = (
    "'%(found)s' stands for an amount that is not shown. Leave it in its row and "
    "column as it was, or put an amount there."
)


def mark(spec: FormatSpec, line: int, number: int) -> str:
    """What stands for an amount of a record that begins in a line."""
    if spec.layout != "fixed":
        return f"hidden-{line}-{number}"
    text = _short(line)
    return f"#{text}.{_short(number)}" if number else f"#{text}"


def _short(number: int) -> str:
    """A number in as few letters as possible."""
    text = ""
    while number or not text:
        number, digit = divmod(number, len(DIGITS))
        text = DIGITS[digit] + text
    return text


def uncover(data: bytes, spec: FormatSpec, known: Mapping[str, str]) -> bytes:
    """A file of covered records with their amounts.

    :param known: mark -> the amount as it stood in the file
    :raises FileError: a mark where no amount of that row is; what reading raises
    """
    if not known:
        return data
    _check(data, spec, known)
    if spec.layout == "sheet":
        return _uncover_sheet(data, spec, known)
    text, encoding = _decoded(data, spec)
    if spec.layout == "fixed":
        lines = text.splitlines(keepends=True)
        text = "".join(_uncover_line(line, spec, known) for line in lines)
    else:
        text = _uncover_text(text, spec, known)
    return text.encode(encoding, "surrogateescape")


def _check(data: bytes, spec: FormatSpec, known: Mapping[str, str]) -> None:
    """FileError where a mark stands elsewhere than amounts do, or is not known."""
    source = open_source(io.BytesIO(data), spec)
    places = Cover(spec, source.position.header, source.position.delimiter).places
    while (rows := source.rows(BATCH)) is not None:
        for row in range(len(rows.table)):
            for place, cell in enumerate(rows.table.row(row)):
                found = MARK.search(cell) if place < VALUE_PLACE else None
                is_mark = found is not None and spec.layout != "fixed"
                if found and (found[0] in known or is_mark):
                    is_alone = cell.strip() == found[0] and found[0] in known
                    if place not in places or not is_alone:
                        raise FileError("mark", MISPLACED, found[0])


def _decoded(data: bytes, spec: FormatSpec) -> tuple[str, str]:
    """A file as text, and the encoding that it is written in again."""
    _lines, encoding = open_lines(io.BytesIO(data), spec.encoding)
    if encoding != UNDECIDED:
        return data.decode(encoding, "surrogateescape"), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _uncover_text(text: str, spec: FormatSpec, known: Mapping[str, str]) -> str:
    """Put amounts in place of the marks of a text."""

    def amount(match: re.Match[str]) -> str:
        found = known.get(match["mark"])
        if found is None:
            return match[0]
        if spec.layout == "json":
            return found
        if spec.layout == "xml":
            return _escaped(found)
        is_bare = not match["quote"] and spec.delimiter in found
        quote = spec.quote if is_bare else match["quote"] or ""
        return f"{quote}{found}{quote if is_bare else ''}"

    if spec.layout == "json":
        pattern = rf'"(?P<mark>{MARK.pattern})"'
    else:
        quote = re.escape(spec.quote) if spec.quote else "(?!)"
        pattern = rf"(?P<quote>{quote})?(?P<mark>{MARK.pattern})"
    return re.sub(pattern, amount, text)


def _escaped(text: str) -> str:
    """A text as XML has it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _uncover_line(line: str, spec: FormatSpec, known: Mapping[str, str]) -> str:
    """Put amounts in place of the marks of a line of fixed width."""
    for column in spec.fixed_columns:
        begin, end = column.start - 1, column.start - 1 + column.width
        found = known.get(line[begin:end].strip())
        if found is not None:
            line = line[:begin] + found.ljust(len(line[begin:end])) + line[end:]
    return line


def _uncover_sheet(data: bytes, spec: FormatSpec, known: Mapping[str, str]) -> bytes:
    """The same workbook, of texts, with amounts in place of the marks."""
    target = io.BytesIO()
    with Workbook(target, {"in_memory": True}) as book:
        page = book.add_worksheet((spec.sheet_name or "")[:31] or None)
        for number, cells in open_sheet(io.BytesIO(data), spec.sheet_name):
            for place, text in enumerate(cells):
                page.write_string(number - 1, place, known.get(text.strip(), text))
    return target.getvalue()

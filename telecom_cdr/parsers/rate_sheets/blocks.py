# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where the tables of a rate sheet are, and what is said above and below them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..exceptions import FileError
from ..formats import Column
from ..spreadsheet import Sheet
from .columns import (
    Header,
    currency_of,
    field_of,
    find_header,
    missing_names,
)
from .values import is_nothing, to_number

MAX_NOTES = 1_000
MAX_NOTE = 500
SAMPLE = 200
# Share of a column's cells that must be codes or amounts, where no header names it.
ENOUGH = 0.9
CODE = re.compile(r"\+?[0-9]{1,15}", re.ASCII)
EFFECTIVE = re.compile(
    r"(?i)effective|valid (?:from|as)|applicable|start date|vigen|vigor|v[aá]lid[oa]|"
    r"g[uü]ltig|fecha|date d'effet|\bas of\b"
)
DATE_IN_TEXT = re.compile(
    r"(?i)\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ](?:\d{4}|\d{2})\b"
    r"|\d{1,2}(?:st|nd|rd|th)?[-/. ]+(?:de |of )?[^\W\d]{3,10}\.?[-/., ]+(?:de |del )?"
    r"(?:\d{4}|\d{2})\b|[^\W\d]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}"
    r"|\b20\d{6}\b"
)
MONEY = re.compile(
    r"(?i)currenc|moneda|divisa|w[aä]hrung|devise|moeda|valuta|\brates?\b|\bprices?\b|"
    r"precios|tarifas|preise"
)
PARTIAL = re.compile(
    r"(?i)\bpartial|\bparcial|changes only|only changes|s[oó]lo cambios|\bdelta\b|"
    r"amendment|\bteil"
)
FULL = re.compile(
    r"(?i)\bfull\b|\ba ?(?:-|to|\u2013) ?z\b|\bcomplet[aeo]?\b|\bvollst|"
    r"\breplaces? all|(?:not|no) (?:listed|in this|incluid|listad)"
)


@dataclass(frozen=True)
class Preamble:
    """What stands above a table: a date as text, a currency, "" where it does not."""

    start: str = ""
    currency: str = ""


@dataclass(frozen=True)
class Block:
    """A table.

    :ivar sheet: name of its sheet
    :ivar line: number of its header, 0 where it has none
    :ivar header: its columns
    :ivar titles: field -> name of its column
    :ivar lines: numbers of its rows
    :ivar rows: their cells
    :ivar mark: what raw texts are joined by
    """

    sheet: str
    line: int
    header: Header
    titles: dict[str, str]
    preamble: Preamble
    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    mark: str = " | "


@dataclass(frozen=True)
class Layout:
    """The tables of a file, what else stands there, and names of all sheets."""

    blocks: list[Block]
    notes: list[tuple[str, int, str]]
    is_full: bool | None
    sheets: list[str]


def split_sheets(
    sheets: Sequence[Sheet], mapping: Mapping[str, Sequence[Column]], name: str
) -> Layout:
    """Find the tables.

    :param mapping: field -> columns as the caller wants them
    :param name: of the file
    :raises FileError: reason "header": there is no table of prices
    """
    blocks: list[Block] = []
    notes: list[tuple[str, int, str]] = []
    for sheet in sheets:
        found, rest = _split(sheet, mapping)
        blocks += found
        notes += rest
    if not any(block.header.has_price for block in blocks):
        raise _no_header(sheets, mapping)
    texts = [name.replace("_", " "), *(text for _sheet, _line, text in notes)]
    return Layout(
        blocks, notes[:MAX_NOTES], _fullness(texts), [one.name for one in sheets]
    )


def _no_header(
    sheets: Sequence[Sheet], mapping: Mapping[str, Sequence[Column]]
) -> FileError:
    """The error for a file without a table of prices."""
    rows = [row for sheet in sheets for row in sheet.rows]
    widest = max(rows[:SAMPLE], key=lambda row: sum(map(bool, row)), default=[])
    found = ", ".join(filter(None, widest))[:300]
    return FileError(
        "header",
        "No table of prices was found: expected %(expected)s. The fullest row holds: "
        "%(found)s. Say in the mapping which columns are which.",
        found,
        expected={"text": missing_names(mapping)},
    )


def _fullness(texts: Sequence[str]) -> bool | None:
    """Whether the texts say that all rates are there; None where they do not say."""
    if any(PARTIAL.search(text) for text in texts):
        return False
    return True if any(FULL.search(text) for text in texts) else None


def _split(
    sheet: Sheet, mapping: Mapping[str, Sequence[Column]]
) -> tuple[list[Block], list[tuple[str, int, str]]]:
    """The tables of one sheet, and its other rows."""
    blocks: list[Block] = []
    above: list[tuple[int, list[str]]] = []
    notes: list[tuple[str, int, str]] = []
    is_named = not mapping or any(
        isinstance(one, str) for columns in mapping.values() for one in columns
    )
    for line, row in zip(sheet.lines, sheet.rows, strict=True):
        header = find_header(row, mapping) if _may_be_header(row, is_named) else None
        if header:
            blocks.append(_block(sheet, line, header, row, above))
        elif not blocks:
            above.append((line, row))
        elif note := _note(blocks[-1], row):
            notes.append((sheet.name, line, note))
        else:
            _add(blocks[-1], line, row)
    if not blocks:
        return _headless(sheet, mapping)
    head = [(sheet.name, line, _joined(row)) for line, row in above]
    return blocks, head + notes


def _may_be_header(row: Sequence[str], is_named: bool) -> bool:
    """Whether it is worth asking: two names of columns, and hardly a number."""
    if not is_named:
        return sum(field_of(cell) is not None for cell in row) > 1
    return len(row) > 1 and not any(CODE.fullmatch(cell) for cell in row)


def _block(
    sheet: Sheet,
    line: int,
    header: Header,
    row: Sequence[str],
    above: Sequence[tuple[int, list[str]]],
) -> Block:
    """A table that begins with its header."""
    titles = {
        name: row[places[0]]
        for name, places in header.places.items()
        if places[0] < len(row)
    }
    return Block(sheet.name, line, header, titles, _preamble(above))


def _preamble(above: Sequence[tuple[int, list[str]]]) -> Preamble:
    """What the rows above a table say."""
    start = currency = ""
    for _line, row in above:
        cells = [cell for cell in row if cell]
        for place, cell in enumerate(cells):
            beside = " ".join(cells[place : place + 2])
            if not start and EFFECTIVE.search(cell):
                match = DATE_IN_TEXT.search(cell) or DATE_IN_TEXT.search(beside)
                start = match[0] if match else ""
            if not currency and MONEY.search(cell):
                currency = currency_of(cell) or currency_of(beside)
    return Preamble(start, currency)


def _note(block: Block, row: Sequence[str]) -> str:
    """The text of a row that is a title or a remark, "" of one that is a rate."""
    filled = [(place, cell) for place, cell in enumerate(row) if cell]
    if len(filled) > 1:
        return ""
    place, cell = filled[0]
    is_code = any(place in block.header.places.get(one, ()) for one in CODE_FIELDS)
    is_price = place in block.header.places.get("price", ())
    if is_code and re.match(r"[+(]?[0-9]", cell) and len(row) > 1:
        return ""
    return "" if is_price and to_number(cell, ".") is not None else cell[:MAX_NOTE]


CODE_FIELDS = ("prefix", "country_code", "area_code")


def _add(block: Block, line: int, row: list[str]) -> None:
    """Put a row to its table; one of codes alone continues the row above it."""
    if block.rows and block.header.has_price and sum(map(bool, row)) == 1:
        row = _continued(block, row)
    block.lines.append(line)
    block.rows.append(row)


def _continued(block: Block, row: list[str]) -> list[str]:
    """A row of codes alone with all else from the row above, if it looks like that."""
    places = block.header.places.get("prefix", ())
    above = block.rows[-1]
    place = next((one for one, cell in enumerate(row) if cell), -1)
    if place not in places or place >= len(above):
        return row
    here, there = (re.sub(r"\D", "", cell)[:2] for cell in (row[place], above[place]))
    if here != there or len(here) < 2:  # noqa: PLR2004
        return row
    return [*above[:place], row[place], *above[place + 1 :]]


def _joined(row: Sequence[str]) -> str:
    """A row as a note."""
    return " | ".join(filter(None, row))[:MAX_NOTE]


def _headless(
    sheet: Sheet, mapping: Mapping[str, Sequence[Column]]
) -> tuple[list[Block], list[tuple[str, int, str]]]:
    """The one table of a sheet without header: by the mapping, or by what is in it."""
    places = _mapped_places(mapping)
    if places is None and not mapping:
        places = _guessed_places(sheet.rows[:SAMPLE])
    if not places:
        notes = zip(sheet.lines, sheet.rows, strict=True)
        return [], [(sheet.name, line, _joined(row)) for line, row in notes]
    pairs = list(zip(sheet.lines, sheet.rows, strict=True))
    first = next((n for n, row in enumerate(sheet.rows) if _is_rate(row, places)), 0)
    block = Block(sheet.name, 0, Header(places), {}, _preamble(pairs[:first]))
    notes = [(sheet.name, line, _joined(row)) for line, row in pairs[:first]]
    for line, row in pairs[first:]:
        if note := _note(block, row):
            notes.append((sheet.name, line, note))
        else:
            _add(block, line, row)
    return [block], notes


def _mapped_places(
    mapping: Mapping[str, Sequence[Column]],
) -> dict[str, tuple[int, ...]] | None:
    """Places of a mapping that has positions alone."""
    places = {
        name: tuple(one - 1 for one in columns if isinstance(one, int))
        for name, columns in mapping.items()
        if columns
    }
    if any(len(places[name]) != len(mapping[name]) for name in places):
        return None
    has_codes = any(name in places for name in ("prefix", "country_code", "area_code"))
    return places if has_codes or "price" in places else None


def _is_rate(row: Sequence[str], places: Mapping[str, Sequence[int]]) -> bool:
    """Whether a row has a number in place of a price, a digit in that of a code."""
    cells = {
        name: row[found[0]] if found[0] < len(row) else ""
        for name, found in places.items()
    }
    price = cells.get("price", "0")
    is_price = any(one.isdigit() for one in price)
    codes = [cells[name] for name in ("prefix", "area_code") if name in cells]
    return is_price and all(re.match(r"[+(']?[0-9]", one) for one in codes)


def _guessed_places(rows: Sequence[Sequence[str]]) -> dict[str, tuple[int, ...]]:
    """Codes, prices and names by how most cells of a column look; {} where in doubt."""
    width = max(map(len, rows), default=0)
    columns = [[row[n] if n < len(row) else "" for row in rows] for n in range(width)]
    codes = [n for n, cells in enumerate(columns) if _share(cells, _looks_like_code)]
    prices = [n for n, cells in enumerate(columns) if _share(cells, _looks_like_price)]
    names = [n for n, cells in enumerate(columns) if _share(cells, _looks_like_name)]
    if not codes:
        return {}
    places = {"prefix": (codes[0],)}
    prices = [n for n in prices if n != codes[0]]
    if not prices:
        return {}
    places["price"] = (prices[0],)
    if names:
        places["destination"] = (names[0],)
    return places


def _share(cells: Sequence[str], looks: object) -> bool:
    """Whether enough cells look like something."""
    filled = [cell for cell in cells if not is_nothing(cell)]
    found = sum(bool(looks(cell)) for cell in filled)  # type: ignore[operator]
    return bool(filled) and found >= ENOUGH * len(cells)


def _looks_like_code(cell: str) -> bool:
    """A run of digits."""
    return bool(CODE.fullmatch(cell))


def _looks_like_price(cell: str) -> bool:
    """A number with decimals."""
    return bool(re.search(r"[.,][0-9]", cell)) and to_number(cell, ".") is not None


def _looks_like_name(cell: str) -> bool:
    """A text with letters."""
    return sum(one.isalpha() for one in cell) > 1

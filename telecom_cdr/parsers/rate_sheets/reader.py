# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rate sheets as carriers send them (CSV, XLSX) -> one row a prefix.

Headers are found by their names wherever they stand; several tables may follow each
other, on one sheet or on several, those of codes apart from those of prices. What
cannot be read is told row by row, and everything else is read.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from ..exceptions import FileError, FormatError, english
from ..formats import Column
from ..spreadsheet import Sheet, is_spreadsheet, read_sheets
from . import values
from .blocks import Block, Layout, split_sheets
from .columns import FIELDS, currency_of
from .names import PATTERNS, read_order, read_pattern, readers
from .prefixes import COUNTRY_CODES, Codes, Problem, read_codes
from .text import Broken, read_text

MAX_RATES = 2_000_000
MAX_RAW = 1_000
MAX_IMPLIED = 9
KEYS = ["sheet", "line_number"]
RATES = [
    *KEYS, "destination", "prefix", "price_nano", "connect_nano", "initial_price_nano",
    "initial", "increment", "minimum_duration", "grace", "start", "end", "is_blocked",
    "is_deleted", "is_rounded", "currency", "raw", "destination_id", "category",
    "time_band_id", *PATTERNS, "sequence",
]  # fmt: skip
REJECTIONS = [
    *KEYS, "raw", "reason", "found", "message", "wording", "prefixes",
    "destination_id", "category",
]  # fmt: skip
WHOLE = ["initial", "increment", "minimum_duration", "grace", "sequence"]
NANO = ["price_nano", "connect_nano", "initial_price_nano"]
CODE = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class SheetOptions:
    """What the caller knows of a rate sheet; whatever is left out is found.

    :ivar mapping: field (FIELDS) -> a column's name or position from 1, or several;
        None: no column is taken for it. It wins over what is found by names
    :ivar encoding: "auto" or a Python codec
    :ivar delimiter: one character, "" finds it
    :ivar decimal_mark: "." or ",", "" finds it
    :ivar implied_decimals: so many of the last digits of prices are decimals
    :ivar price_factor: prices times this are per minute in whole currency units; None:
        as the header says (cents, per second)
    :ivar connect_factor: the same for connection fees
    :ivar date_order: "dmy", "mdy", "ymd", "" finds it
    :ivar end_is_inclusive: whether the day of an end date still belongs to the rate
    :ivar currency: of prices where the sheet names none
    :ivar sheets: names of those to read; none: all that are not hidden
    :ivar names: what rows may name: "destination", "category", "time_band" -> pairs of
        a name and what it stands for (ids above 0; a category's code, "all" for all
        calls). A row without codes is for the destination or category that it names
    """

    mapping: Mapping[str, Any] = field(default_factory=dict)
    encoding: str = "auto"
    delimiter: str = ""
    decimal_mark: str = ""
    implied_decimals: int = 0
    price_factor: Decimal | None = None
    connect_factor: Decimal | None = None
    date_order: str = ""
    end_is_inclusive: bool = True
    currency: str = ""
    sheets: tuple[str, ...] = ()
    names: Mapping[str, Sequence[tuple[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """FormatError where something makes no sense."""
        for name in self.mapping:
            if name not in FIELDS:
                expected = "one of %(names)s"
                raise FormatError("mapping", name, expected, names=", ".join(FIELDS))
        for key, choices in CHOICES.items():
            if getattr(self, key) not in choices:
                expected, names = "one of %(names)s", ", ".join(map(repr, choices))
                raise FormatError(key, getattr(self, key), expected, names=names)
        if not 0 <= self.implied_decimals <= MAX_IMPLIED:
            expected = "a number from 0 to 9"
            raise FormatError("implied_decimals", self.implied_decimals, expected)
        if len(self.delimiter) > 1:
            raise FormatError("delimiter", self.delimiter, "one character")

    def columns(self) -> dict[str, tuple[Column, ...]]:
        """Field -> columns of the mapping."""
        return {name: _listed(name, given) for name, given in self.mapping.items()}


CHOICES = {"decimal_mark": ("", ".", ","), "date_order": ("", *values.ORDERS)}


@dataclass(frozen=True)
class SheetInfo:
    """What was found about a sheet as a whole.

    :ivar columns: (sheet, line of the header, field -> name of its column)
    :ivar start: date written above the table, as written, or None
    :ivar currency: code above the table or in its header, or ""
    :ivar is_full: whether it says that it holds all rates; None: it does not say
    :ivar decimal_mark: "." or ","
    :ivar date_order: "dmy", "mdy" or "ymd"
    :ivar date_order_is_assumed: no date told which it is
    :ivar is_utc: dates are said to be UTC or GMT
    :ivar notes: (sheet, line, text) of what is no rate: titles, remarks
    :ivar unused_codes: rows of code lists whose destination has no price here
    :ivar row_count: rows of rates, those that are rejected included
    """

    columns: list[tuple[str, int, dict[str, str]]]
    start: datetime | None
    currency: str
    is_full: bool | None
    decimal_mark: str
    date_order: str
    date_order_is_assumed: bool
    is_utc: bool
    notes: list[tuple[str, int, str]]
    unused_codes: int
    row_count: int


@dataclass(frozen=True)
class RateSheet:
    """A rate sheet, read.

    :ivar rates: one row a prefix, columns RATES. Amounts (nano, per minute) and seconds
        are nullable Int64: NA where the sheet does not say. `start`, `end` (datetime,
        exclusive) are as written, NaT where there is none (not even above the table).
        `prefix` is "" where a row is for the `destination_id` or `category` that it
        names; these are 0 and "" elsewhere, as `time_band_id` and patterns are
    :ivar rejections: what cannot be read, columns REJECTIONS; a row of which only some
        codes are wrong is in both. `prefixes`: those of the row that can be read, or
        else the `destination_id` or `category` that it names
    :ivar info: the rest
    """

    rates: pd.DataFrame
    rejections: pd.DataFrame
    info: SheetInfo


def read_rate_sheet(
    stream: BinaryIO, name: str = "", options: SheetOptions | None = None
) -> RateSheet:
    """Read a carrier's rate sheet.

    :param stream: seekable
    :param name: of the file; only asked whether it says "full" or "partial"
    :raises FileError: no text or workbook, no header, too large
    :raises ArchiveError: a workbook that would fill the memory
    :raises FormatError: options that make no sense
    """
    options = options or SheetOptions()
    sheets, broken = _opened(stream, options)
    layout = split_sheets(sheets, options.columns(), name)
    return _Reading(layout, options).read(broken)


def _listed(name: str, given: Any) -> tuple[Column, ...]:
    """A column or several, checked."""
    if given is None or given == "":
        return ()
    columns = tuple(given) if isinstance(given, list | tuple) else (given,)
    for column in columns:
        is_position = isinstance(column, int) and not isinstance(column, bool)
        if not (is_position and column > 0) and not isinstance(column, str):
            expected = "names of columns or positions from 1"
            raise FormatError(f"mapping.{name}", column, expected)
    return columns


def _opened(
    stream: BinaryIO, options: SheetOptions
) -> tuple[list[Sheet], list[Broken]]:
    """The file's sheets, and lines that are no text."""
    stream.seek(0)
    head = stream.read(8)
    stream.seek(0)
    if not is_spreadsheet(head):
        sheet, broken = read_text(stream, options.encoding, options.delimiter)
        return [sheet], broken
    sheets = read_sheets(stream)
    names = [sheet.name for sheet in sheets]
    for wanted in options.sheets:
        if wanted not in names:
            message = "There is no sheet '%(found)s'; the workbook has: %(names)s."
            raise FileError("sheet", message, wanted, names=", ".join(names))
    return [
        one for one in sheets if not options.sheets or one.name in options.sheets
    ], []


class _Reading:
    """Tables of texts under way to tables of values.

    Every column is read by its distinct texts; problems are kept by row, the first of
    a row counts.
    """

    def __init__(self, layout: Layout, options: SheetOptions) -> None:
        """`layout`: the tables."""
        self._layout = layout
        self._options = options
        self._rows = _texts_of(layout.blocks)
        self._problems: dict[int, Problem] = {}
        self._pieces: list[tuple[int, Problem]] = []
        marks = options.decimal_mark or self._found_mark()
        self._mark = marks
        self._names = readers(options.names)
        order, is_assumed = self._found_order()
        self._order, self._is_assumed = order, is_assumed

    def read(self, broken: Sequence[Broken]) -> RateSheet:
        """The rates, the rejections and the rest."""
        rows = self._rows
        codes, unused = self._codes()
        is_wanted = rows["has_price"] & ~rows["is_code_row"]
        columns = self._amounts() | self._seconds() | self._dates() | self._rules()
        named = self._named(codes, is_wanted)
        self._check(columns, codes, is_wanted)
        is_good = is_wanted & ~rows.index.isin(list(self._problems))
        table = self._exploded(columns | named, codes, is_good)
        return RateSheet(
            table,
            self._rejections(broken, codes.tolist(), named),
            self._info(unused, int(is_wanted.sum())),
        )

    def _named(self, codes: pd.Series, is_wanted: pd.Series) -> dict[str, list[Any]]:
        """The destination or category of rows without codes; those of neither flagged.

        Such a row gets an empty code, so that it is one row of the table.
        """
        found = {"destination_id": [0] * len(codes), "category": [""] * len(codes)}
        pieces = dict(reversed(self._pieces))
        has_codes = self._has_codes().tolist()
        for place in np.flatnonzero(is_wanted & (codes.map(len) == 0)):
            problem = pieces.get(place) or Problem("prefix", "", CODES_EXPECTED)
            if has_codes[place]:
                self._flag(place, problem)
                continue
            name, value = self._name_at(place)
            if value is None or isinstance(value, Problem):
                self._flag(place, value or problem)
                continue
            codes[place] = ("",)
            found[name][place] = value
        return found

    def _name_at(self, place: int) -> tuple[str, Any]:
        """What a row names, and by which column: its destination, else its category."""
        row = self._rows.loc[place]
        for name, column in CALLS_COLUMNS.items():
            if name in self._names and not values.is_nothing(row[name]):
                return column, self._names[name](row[name])
        return "", None

    def _has_codes(self) -> pd.Series:
        """Which rows have something in a column of codes."""
        rows = self._rows
        has_codes = (rows["prefix"] != "") | (rows["area_code"] != "")
        return has_codes | (rows["country_code"] != "")

    def _rules(self) -> dict[str, list[Any]]:
        """Time bands, patterns, and the order of rules."""
        nothing = [0] * len(self._rows)
        read = self._names.get("time_band")
        bands = self._settled(self._column("time_band", read)) if read else nothing
        patterns = {
            name: self._settled(self._column(name, read_pattern(name)))
            for name in PATTERNS
        }
        return {
            "time_band_id": [one or 0 for one in bands],
            **{name: [one or "" for one in found] for name, found in patterns.items()},
            "sequence": self._settled(self._column("sequence", read_order)),
        }

    def _flag(self, place: int, problem: Problem) -> None:
        """Keep why a row is rejected; the first problem counts."""
        self._problems.setdefault(int(place), problem)

    def _found_mark(self) -> str:
        """The decimal mark of the amounts."""
        texts = self._rows[["price", "connect", "initial_price"]].to_numpy().ravel()
        return values.find_decimal_mark(pd.unique(texts))

    def _found_order(self) -> tuple[str, bool]:
        """Order of the parts of dates, and whether nothing tells."""
        texts = [*pd.unique(self._rows[["start", "end"]].to_numpy().ravel())]
        texts += [block.preamble.start for block in self._layout.blocks]
        order, is_open = values.find_date_order(texts)
        if self._options.date_order:
            return self._options.date_order, False
        return order, is_open

    def _column(self, name: str, reader: values.Reader) -> list[Any]:
        """What a reader finds in a column: values, None, problems."""
        texts = self._rows[name].tolist()
        known = {text: reader(text) for text in set(texts)}
        return [known[text] for text in texts]

    def _settled(self, found: list[Any]) -> list[Any]:
        """The values of a column, None in place of problems, which are kept."""
        wanted = (self._rows["has_price"] & ~self._rows["is_code_row"]).tolist()
        for place, value in enumerate(found):
            if isinstance(value, Problem):
                if wanted[place]:
                    self._flag(place, value)
                found[place] = None
        return found

    def _codes(self) -> tuple[pd.Series, int]:
        """The prefixes of each row, its destination's where it has none of its own."""
        rows = self._rows
        known: dict[tuple[str, str], Codes] = {}
        found: list[tuple[str, ...]] = []
        texts = _code_texts(rows)
        for place, (country, text, problem) in enumerate(texts):
            if problem:
                self._flag(place, problem)
            key = (country, text)
            if key not in known:
                known[key] = read_codes(*reversed(key)) if text else Codes((), ())
            self._pieces += [(place, one) for one in known[key].problems]
            found.append(() if problem else known[key].prefixes)
        codes = pd.Series(found, index=rows.index, dtype=object)
        return self._joined(codes)

    def _joined(self, codes: pd.Series) -> tuple[pd.Series, int]:
        """Codes that stand apart, put to the rows with their destination's price."""
        rows = self._rows
        keys = rows["destination"].map(_name_key)
        has_codes = self._has_codes()
        lacks = rows["has_price"] & ~has_codes & (keys != "")
        wanted = set(keys[lacks])
        is_apart = ~rows["has_price"] | (
            has_codes & (rows["price"] == "") & (self._states() == "")
            & keys.isin(wanted)
        )  # fmt: skip
        lists: dict[str, dict[str, None]] = {}
        for place in np.flatnonzero(is_apart & keys.isin(wanted)):
            lists.setdefault(keys[place], {}).update(dict.fromkeys(codes[place]))
        for place in np.flatnonzero(lacks):
            codes[place] = tuple(lists.get(keys[place], ()))
        rows["is_code_row"] = is_apart
        return codes, int((is_apart & ~keys.isin(wanted)).sum())

    def _states(self) -> np.ndarray:
        """What each row says of itself: "blocked", "deleted" or ""."""
        states = np.array(self._column("status", values.state_of), dtype=object)
        flags = np.array(self._column("blocked", values.flag_of), dtype=object)
        prices = np.array(self._column("price", values.state_of), dtype=object)
        found = np.where(flags == "", prices, flags)
        return np.where(states == "", found, states)

    def _amounts(self) -> dict[str, Any]:
        """Prices, currencies, states."""
        prices = self._priced("price", "factor")
        connects = self._priced("connect", "connect_factor")
        first = self._priced("initial_price", "factor")
        states = self._states()
        lacks = np.array([price is None for price in prices], dtype=bool)
        is_wanted = (self._rows["has_price"] & ~self._rows["is_code_row"]).to_numpy(
            bool
        )
        expected = values.expected_amount(self._mark)
        for place in np.flatnonzero((states == "") & lacks & is_wanted):
            self._flag(place, Problem("price", "", *expected))
        written = [price.currency if price else "" for price in prices]
        nanos = {"price_nano": prices, "connect_nano": connects}
        nanos["initial_price_nano"] = first
        return {
            **{name: [one.nano if one else None for one in found]
               for name, found in nanos.items()},
            "is_rounded": [any(one and one.is_rounded for one in each)
                           for each in zip(prices, connects, first, strict=True)],
            "is_blocked": states == "blocked",
            "is_deleted": states == "deleted",
            "currency": self._currencies(written),
        }  # fmt: skip

    def _priced(self, name: str, factor: str) -> list[values.Price | None]:
        """The amounts of a column; a fee that is left blank is 0."""
        rows, options = self._rows, self._options
        given = getattr(
            options, f"{'connect' if name == 'connect' else 'price'}_factor"
        )
        factors = rows[factor].tolist()
        readers = {
            one: values.price_reader(
                name, self._mark, options.implied_decimals, given or one
            )
            for one in set(factors)
        }
        pairs = list(zip(factors, rows[name].tolist(), strict=True))
        known = {pair: readers[pair[0]](pair[1]) for pair in set(pairs)}
        found = self._settled([known[pair] for pair in pairs])
        if name == "connect":
            is_there = rows["has_connect"].tolist()
            return [
                values.Price(0) if one is None and here else one
                for one, here in zip(found, is_there, strict=True)
            ]
        return found

    def _currencies(self, written: list[str]) -> list[str]:
        """The currency of each row: beside the price, own column, header, above it."""

        def read(text: str) -> str | Problem:
            """A code."""
            code = currency_of(text) or (text if CODE.fullmatch(text) else "")
            if code or values.is_nothing(text):
                return code
            return Problem("currency", text[:100], "a code such as EUR")

        own = self._settled(self._column("currency", read))
        named = self._rows["block_currency"].tolist()
        default = self._options.currency
        return [
            beside or column or above or default
            for beside, column, above in zip(written, own, named, strict=True)
        ]

    def _seconds(self) -> dict[str, list[int | None]]:
        """Increments, minimum, grace."""
        pairs = self._settled(self._column("increments", values.read_steps))
        read: Callable[[str, int], values.Reader] = values.seconds_reader
        initial = self._settled(self._column("initial", read("initial", 0)))
        increment = self._settled(self._column("increment", _step))
        both = list(zip(pairs, initial, increment, strict=True))
        return {
            "initial": [_first(*each) for each in both],
            "increment": [_next(*each) for each in both],
            "minimum_duration": self._settled(
                self._column("minimum_duration", read("minimum_duration", 0))
            ),
            "grace": self._settled(self._column("grace", read("grace", 0))),
        }

    def _dates(self) -> dict[str, list[datetime | None]]:
        """Start and end of each row; the start above the table where it has none."""
        is_open = self._is_assumed and self._has_both_orders()
        start = values.date_reader("start", self._order, is_open)
        end = values.date_reader("end", self._order, is_open)
        starts = self._settled(self._column("start", start))
        ends = self._settled(self._column("end", end))
        above = [_above(block, start) for block in self._layout.blocks]
        blocks = self._rows["block"].tolist()
        starts = [
            found or above[block] for found, block in zip(starts, blocks, strict=True)
        ]
        inclusive = self._options.end_is_inclusive
        ends = [values.end_of(one, inclusive) if one else None for one in ends]
        return {"start": starts, "end": ends}

    def _has_both_orders(self) -> bool:
        """Whether days stand first in some dates, and months in others."""
        texts = pd.unique(self._rows[["start", "end"]].to_numpy().ravel())
        orders = {values.find_date_order([text]) for text in texts}
        return {("dmy", False), ("mdy", False)} <= orders

    def _check(
        self, columns: dict[str, Any], codes: pd.Series, is_wanted: pd.Series
    ) -> None:
        """Flag what is fine alone and makes no sense together."""
        wanted = is_wanted.tolist()
        pairs = zip(columns["start"], columns["end"], strict=True)
        for place, (start, end) in enumerate(pairs):
            if start and end and end <= start and wanted[place]:
                found = self._rows["end"][place] or str(end)
                self._flag(place, Problem("end", found, "a date after the start"))
        if int(codes[is_wanted].map(len).sum()) > MAX_RATES:
            message = "More than %(most)s prefixes: split the file."
            raise FileError("size", message, MAX_RATES, most=MAX_RATES)

    def _exploded(
        self, columns: dict[str, Any], codes: pd.Series, is_good: pd.Series
    ) -> pd.DataFrame:
        """One row a prefix."""
        places = np.flatnonzero(is_good)
        lists = codes.tolist()
        counts = np.array([len(lists[place]) for place in places], np.int64)
        rows = np.repeat(places, counts)
        taken = {
            name: _array(name, [found[place] for place in places]).take(
                np.repeat(np.arange(len(places)), counts)
            )
            for name, found in columns.items()
        }
        texts = self._rows.iloc[rows]
        taken["prefix"] = [one for place in places for one in lists[place]]
        for name in (*KEYS, "destination", "raw"):
            taken[name] = texts[name].to_numpy()
        return pd.DataFrame(taken, columns=RATES)

    def _rejections(
        self,
        broken: Sequence[Broken],
        codes: list[tuple[str, ...]],
        named: dict[str, list[Any]],
    ) -> pd.DataFrame:
        """All that cannot be read, in the order of the file."""
        sheets, lines = self._rows["sheet"].tolist(), self._rows["line_number"].tolist()
        raws = self._rows["raw"].tolist()
        found = [
            (sheets[place], lines[place], raws[place], problem,
             tuple(filter(None, codes[place])),
             *(column[place] for column in named.values()))
            for place, problem in (*self._problems.items(), *self._own_pieces())
        ]  # fmt: skip
        found += [
            ("", one.line, one.raw, Problem(one.reason, one.raw[:100], TEXT), (), 0, "")
            for one in broken
        ]
        order = {name: place for place, name in enumerate(self._layout.sheets)}
        found.sort(key=lambda one: (order.get(one[0], 0), one[1]))
        table = [
            (sheet, line, raw, problem.reason, problem.found,
             english(problem.wording()), problem.wording(), *names)
            for sheet, line, raw, problem, *names in found
        ]  # fmt: skip
        kinds = {"line_number": "int64", "destination_id": "int64", "category": object}
        return pd.DataFrame(table, columns=REJECTIONS).astype(kinds)

    def _own_pieces(self) -> list[tuple[int, Problem]]:
        """Problems with single codes, of rows that are not rejected for another."""
        return [
            (place, problem)
            for place, problem in self._pieces
            if place not in self._problems
        ]

    def _info(self, unused: int, count: int) -> SheetInfo:
        """What was found about the sheet as a whole."""
        layout, read = self._layout, values.date_reader("start", self._order)
        blocks = [block for block in layout.blocks if block.header.has_price]
        starts = [above for block in blocks if (above := _above(block, read))]
        currencies = [one for block in blocks if (one := _block_currency(block))]
        dates = self._rows[["start", "end"]].to_numpy().ravel()
        dates = [*pd.unique(dates), *(block.preamble.start for block in blocks)]
        return SheetInfo(
            [(one.sheet, one.line, one.titles) for one in layout.blocks],
            starts[0] if starts else None,
            currencies[0] if currencies else "",
            layout.is_full,
            self._mark,
            self._order,
            self._is_assumed,
            any(values.UTC.search(text) for text in dates),
            layout.notes,
            unused,
            count,
        )


# Where that which a row names goes; the first that it names counts.
CALLS_COLUMNS = {"destination": "destination_id", "category": "category"}
CODES_EXPECTED = "a code in the row, or a list of codes for its destination"
TEXT = "text in the encoding of the file"


def _texts_of(blocks: Sequence[Block]) -> pd.DataFrame:
    """All rows of all tables: KEYS, the fields as texts, what their tables say."""
    frames = [_block_texts(place, block) for place, block in enumerate(blocks)]
    return pd.concat(frames, ignore_index=True)


def _block_texts(place: int, block: Block) -> pd.DataFrame:
    """The same of one table."""
    header = block.header
    columns: dict[str, Any] = {
        name: _cells(block, header.places.get(name, ())) for name in FIELDS
    }
    columns |= {"line_number": block.lines, "sheet": block.sheet, "block": place}
    columns |= {"raw": [block.mark.join(row).strip()[:MAX_RAW] for row in block.rows]}
    columns |= {
        "has_price": header.has_price,
        "has_connect": "connect" in header.places,
        "block_currency": _block_currency(block),
        "factor": header.factor,
        "connect_factor": header.connect_factor,
        "is_code_row": not header.has_price,
    }
    table = pd.DataFrame(columns, index=range(len(block.rows)))
    return table.astype({name: object for name in FIELDS})


def _block_currency(block: Block) -> str:
    """The currency in a table's header, or above it."""
    return block.header.currency or block.preamble.currency


def _cells(block: Block, places: Sequence[int]) -> list[str]:
    """The first cell of some columns that is not empty, of each row."""
    if not places:
        return [""] * len(block.rows)
    return [
        next((row[one] for one in places if one < len(row) and row[one]), "")
        for row in block.rows
    ]


def _above(block: Block, read: values.Reader) -> datetime | None:
    """The date above a table."""
    found = read(block.preamble.start) if block.preamble.start else None
    return None if isinstance(found, Problem) else found


def _name_key(name: str) -> str:
    """A destination's name as it is compared."""
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))


def _code_texts(rows: pd.DataFrame) -> list[tuple[str, str, Problem | None]]:
    """Country code (where it is to go ahead), codes, what is wrong, of each row."""
    found: list[tuple[str, str, Problem | None]] = []
    for _block, part in rows.groupby("block", sort=False):
        columns = ("country_code", "area_code", "prefix", "prefix_to")
        cells = list(zip(*(part[name].tolist() for name in columns), strict=True))
        found += _block_codes(cells)
    return found


def _block_codes(
    cells: list[tuple[str, str, str, str]],
) -> list[tuple[str, str, Problem | None]]:
    """The same of one table, whose codes may or may not begin with the country's."""
    countries = [_country(country) for country, _area, _prefix, _to in cells]
    if not any(countries):
        # A column of names or of two letters.
        countries = [""] * len(cells)
    pairs = list(zip(countries, cells, strict=True))
    given = [(c, prefix) for c, (_c, _a, prefix, _t) in pairs if prefix and c]
    begin = sum(prefix.lstrip("+0").startswith(country) for country, prefix in given)
    is_whole = 2 * begin >= len(given)
    needs = any(countries)
    return [_code(country, one, is_whole, needs) for country, one in pairs]


def _code(
    country: str, cells: tuple[str, str, str, str], is_whole: bool, needs: bool
) -> tuple[str, str, Problem | None]:
    """Country code, codes, what is wrong, of one row."""
    written, area, prefix, last = cells
    text = f"{prefix}-{last}" if last and last != prefix else prefix
    if area or (prefix and not is_whole):
        if needs and not country:
            expected = "the digits of a country code, such as 34"
            return "", "", Problem("country_code", written[:100], expected)
        return country, area or text, None
    if is_whole and prefix and country and not prefix.lstrip("+0").startswith(country):
        expected = "a code that begins with the country code %(code)s"
        problem = Problem("prefix", prefix[:100], expected, {"code": country})
        return "", "", problem
    return "", text or country, None


@lru_cache(maxsize=4096)
def _country(text: str) -> str:
    """The digits of a country code, "" where it is none."""
    if not text:
        return ""
    digits = re.sub(r"[.,]0+$", "", text).lstrip("+").removeprefix("00")
    digits = digits.replace(" ", "").replace("-", "")
    is_code = any(digits[:size] in COUNTRY_CODES for size in (1, 2, 3))
    return digits if digits.isdecimal() and digits.isascii() and is_code else ""


def _step(text: str) -> int | Problem | None:
    """A next increment."""
    found = values.seconds_reader("increment", 1)(text)
    return found if not isinstance(found, Problem) else values.read_steps(text)


def _first(pair: Any, initial: int | None, increment: Any) -> int | None:
    """The first increment of what a row says about increments."""
    if initial is not None:
        return initial
    pair = pair or (increment if isinstance(increment, tuple) else None)
    return pair[0] if pair else increment


def _next(pair: Any, initial: int | None, increment: Any) -> int | None:
    """The next increment."""
    if isinstance(increment, tuple):
        return increment[1]
    if increment is not None:
        return increment
    return pair[1] if pair else None


def _array(name: str, found: list[Any]) -> Any:
    """Values as an array of the column's type."""
    if name in (*WHOLE, *NANO):
        return pd.array(found, dtype="Int64")
    if name in ("start", "end"):
        return np.array(found, dtype="datetime64[s]")
    if name.endswith("_id"):
        return np.array(found, dtype=np.int64)
    kind = bool if name.startswith("is_") else object
    return np.array(found, dtype=kind)

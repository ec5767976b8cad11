# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reads files of charges: line rental, installation, equipment, credits.

Lines, encodings, quotes and dates are read by the parsers of ``telecom_cdr``, a sibling
in the package of addons (hence the relative imports that leave this addon: they need
no Odoo). Amounts are exact decimals from the first character on.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from typing import Any, BinaryIO

from ...telecom_cdr.parsers.dates import parse_dates
from ...telecom_cdr.parsers.exceptions import (
    FileError,
    FormatError,
    ParserError,
    Wording,
)
from ...telecom_cdr.parsers.formats import CHECKS, Column, Rule
from ...telecom_cdr.parsers.lines import Lines, decode_lines, open_lines
from ...telecom_cdr.parsers.quantities import CURRENCY_SIGNS, to_decimal
from ...telecom_cdr.parsers.records import (
    MAX_RECORD_LINES,
    Dialect,
    Records,
    split_records,
)

KINDS = ("recurring", "one_off", "credit")
FIELDS = (
    "account",
    "reference",
    "product_code",
    "description",
    "kind",
    "period_from",
    "period_to",
    "quantity",
    "unit_amount",
    "total_amount",
    "currency",
    "tax_code",
    "unique_id",
)
# What carriers write for the kinds, beside a format's own words.
KIND_WORDS = {
    "recurring": ("recurring", "rec", "r", "rental", "rent", "monthly", "mrc"),
    "one_off": (
        "one-off",
        "one_off",
        "oneoff",
        "one off",
        "o",
        "once",
        "nrc",
        "single",
    ),
    "credit": ("credit", "cr", "c", "refund"),
}
SHARED_KEYS = (
    "layout",
    "encoding",
    "delimiter",
    "quote",
    "decimal_mark",
    "has_header",
    "skipped_lines",
    "minimum_columns",
    "record_filters",
    "date_formats",
    "amount_sign",
)
MAX_POSITION = 10_000
MAX_RAW = 4_000
MAX_TEXT = 500
AMOUNT_DECIMALS = 9
QUANTITY_DECIMALS = 6
MAX_AMOUNT = Decimal(10) ** 9
EXACT = Context(prec=120)
NANO = Decimal(1).scaleb(-AMOUNT_DECIMALS)


@dataclass(frozen=True)
class ChargeSpec:
    """How a file of charges is written; make one by `from_dict`, which checks it.

    :ivar column_mapping: field -> columns (position from 1 or name in the header)
    :ivar kind_words: what stands in the column of the kind, lower case -> kind
    :ivar kind_default: kind of rows that name none; negative amounts are credits then
    :ivar amount_sign: -1 where costs come as negatives
    :ivar is_amount_optional: rows may have no amount: the wholesale tariff tells it
    """

    column_mapping: Mapping[str, tuple[Column, ...]]
    layout: str = "delimited"
    encoding: str = "auto"
    delimiter: str = ";"
    quote: str = '"'
    decimal_mark: str = "."
    has_header: bool = False
    skipped_lines: int = 0
    minimum_columns: int = 0
    record_filters: tuple[Rule, ...] = ()
    date_formats: tuple[str, ...] = ("%Y-%m-%d",)
    amount_sign: int = 1
    kind_words: Mapping[str, str] = field(default_factory=dict)
    kind_default: str = ""
    is_amount_optional: bool = False

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ChargeSpec":
        """A checked format. Missing keys take the defaults.

        :raises FormatError: names the key, what was found and what is expected
        """
        unknown = sorted(set(values) - {*SHARED_KEYS, *OWN_CHECKS})
        if unknown:
            raise FormatError(unknown[0], values[unknown[0]], "a known key")
        given = {"column_mapping": {}, "kind_words": {}, **values}
        checks = {**{key: CHECKS[key] for key in SHARED_KEYS}, **OWN_CHECKS}
        spec = cls(**{key: checks[key](key, value) for key, value in given.items()})
        _check_together(spec)
        return spec

    def columns(self, name: str) -> tuple[Column, ...]:
        """Columns that hold a field; empty where the format has none."""
        return self.column_mapping.get(name, ())


@dataclass(frozen=True)
class Charge:
    """One row of a file of charges.

    :ivar period_from: first day that is charged
    :ivar period_to: last day that is charged
    :ivar quantity: above 0
    :ivar unit: net amount of one, as the file says; None where it does not
    :ivar total: net amount, below 0 for credits only
    :ivar has_amount: whether the row tells an amount; else unit and total are 0
    """

    line_number: int
    raw: str
    account: str
    reference: str
    product_code: str
    description: str
    kind: str
    period_from: date
    period_to: date
    quantity: Decimal
    unit: Decimal | None
    total: Decimal
    tax_code: str
    unique_id: str
    has_amount: bool = True


@dataclass(frozen=True)
class Rejection:
    """A row that cannot be read: where, what stands there, why.

    :ivar message: in English
    :ivar wording: the same, to be told in another language
    """

    line_number: int
    raw: str
    reason: str
    message: str
    found: str
    wording: Wording


@dataclass(frozen=True)
class Batch:
    """What some lines of a file hold; rows = charges + rejections + skipped.

    :ivar offset: bytes of the file that are read
    """

    charges: list[Charge]
    rejections: list[Rejection]
    skipped: int
    offset: int

    @property
    def rows(self) -> int:
        """Rows of the file in this batch, headers and blank lines left out."""
        return len(self.charges) + len(self.rejections) + self.skipped


@dataclass(frozen=True)
class Row:
    """Cells of a record, found by field.

    :ivar places: field -> places of its cells
    """

    cells: Sequence[str]
    places: Mapping[str, tuple[int, ...]]
    line_number: int
    raw: str

    def get(self, name: str) -> str:
        """The first cell of a field that is not empty."""
        for place in self.places.get(name, ()):
            if place < len(self.cells) and self.cells[place].strip():
                return self.cells[place].strip()
        return ""

    def joined(self, name: str) -> str:
        """All cells of a field, for ids that are made of several."""
        cells = [self.cells[p].strip() for p in self.places.get(name, ())]
        return "|".join(cells) if any(cells) else ""


# === DEFINITION === #


def _mapping(key: str, value: Any) -> dict[str, tuple[Column, ...]]:
    """Field -> columns, sorted by field."""
    value = _object(key, value)
    for name in value:
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            raise FormatError(key, name, "a field (%(known)s)", known=known)
    return {name: _columns(f"{key}.{name}", value[name]) for name in sorted(value)}


def _object(key: str, value: Any) -> Mapping[str, Any]:
    """A JSON object, given as text or as data."""
    if isinstance(value, str):
        try:
            value = json.loads(value or "{}")
        except ValueError as error:
            raise FormatError(
                key, value, "valid JSON (%(error)s)", error=error
            ) from error
    if not isinstance(value, Mapping):
        raise FormatError(key, value, "an object {…}")
    return value


def _columns(key: str, value: Any) -> tuple[Column, ...]:
    """Positions and header names, from one of them or a list."""
    found = value if isinstance(value, list | tuple) else [value]
    if not found:
        raise FormatError(key, value, "at least one column")
    return tuple(_column(key, item) for item in found)


def _column(key: str, value: Any) -> Column:
    """A position from 1 or a name in the header."""
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number and 1 <= value <= MAX_POSITION:
        return value
    if not isinstance(value, str) or not value.strip():
        raise FormatError(key, value, "a position from 1 or a name in the header")
    return value.strip()


def _kind_words(key: str, value: Any) -> dict[str, str]:
    """Word in lower case -> kind: the usual words, and the format's own."""
    words = {word: kind for kind, usual in KIND_WORDS.items() for word in usual}
    for word, kind in _object(key, value).items():
        if kind not in KINDS:
            known = ", ".join(KINDS)
            raise FormatError(f"{key}.{word}", kind, "one of %(known)s", known=known)
        words[word.strip().casefold()] = kind
    return words


def _kind_default(key: str, value: Any) -> str:
    """Recurring, one-off, or none."""
    if value not in ("", False, None, "recurring", "one_off"):
        raise FormatError(key, value, "recurring, one_off or nothing")
    return value or ""


def _flag(key: str, value: Any) -> bool:
    """Yes or no."""
    if value not in (True, False, None, 0, 1):
        raise FormatError(key, value, "true or false")
    return bool(value)


OWN_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "column_mapping": _mapping,
    "kind_words": _kind_words,
    "kind_default": _kind_default,
    "is_amount_optional": _flag,
}


def _check_together(spec: ChargeSpec) -> None:
    """FormatError where parts that are fine alone do not fit each other."""
    if spec.layout != "delimited":
        expected = "'delimited' (charges are read from no other layout)"
        raise FormatError("layout", spec.layout, expected)
    if spec.delimiter == spec.quote:
        raise FormatError("quote", spec.quote, "another character than the delimiter")
    for name in ("reference", "period_from"):
        if not spec.columns(name):
            raise FormatError(
                "column_mapping", f"no {name}", "a column for %(name)s", name=name
            )
    has_amount = spec.columns("unit_amount") or spec.columns("total_amount")
    if not has_amount and not spec.is_amount_optional:
        expected = "a column for unit_amount or total_amount"
        raise FormatError("column_mapping", "neither", expected)
    if not spec.columns("kind") and not spec.kind_default:
        raise FormatError("kind_default", "", "a kind, or a column for kind")
    if not spec.has_header:
        _check_positions(spec)


def _check_positions(spec: ChargeSpec) -> None:
    """FormatError where a column is named but no header names the columns."""
    for column in _used_columns(spec):
        if isinstance(column, str):
            expected = "positions from 1 (the format has no header)"
            raise FormatError("column_mapping", column, expected)


def _used_columns(spec: ChargeSpec) -> list[Column]:
    """Every column that the format looks at."""
    mapped = [column for columns in spec.column_mapping.values() for column in columns]
    return mapped + [column for rule in spec.record_filters for column in rule.columns]


# === READING === #


def read(
    stream: BinaryIO, spec: ChargeSpec, currency: str, lines_per_batch: int = 2_000
) -> Iterator[Batch]:
    """Charges of a file, batch by batch; the same batches whenever it is read.

    :param currency: code of the carrier's currency: charges in another are rejected
    :raises FileError: binary junk, wrong encoding, a mapped column that is missing
    """
    reader = ChargeReader(spec, currency)
    for lines, first, records, offset in _groups(stream, spec, lines_per_batch):
        batch = reader.read_lines(lines, first, records, offset)
        if batch.rows:
            yield batch


def preview(
    stream: BinaryIO, spec: ChargeSpec, currency: str, limit: int = 20
) -> tuple[list[str], list[list[str]], Batch]:
    """The first rows of a sample: names of the columns, cells, and as they are read."""
    for lines, first, records, offset in _groups(stream, spec, limit + 1):
        reader = ChargeReader(spec, currency)
        rows = _all_cells(records)
        batch = reader.read_lines(lines, first, records, offset)
        width = max(map(len, rows), default=0)
        columns = [str(place) for place in range(1, width + 1)]
        return (rows.pop(0) if spec.has_header else columns), rows[:limit], batch
    return [], [], Batch([], [], 0, 0)


def _groups(
    stream: BinaryIO, spec: ChargeSpec, count: int
) -> Iterator[tuple[Lines, int, Records, int]]:
    """Lines, number of the first, records in them, bytes behind them."""
    source, encoding = open_lines(stream, spec.encoding)
    number = 1
    if spec.skipped_lines:
        number += len(source.peek(spec.skipped_lines))
        source.take(spec.skipped_lines)
    dialect = Dialect(spec.delimiter, spec.quote)
    while ahead := source.peek(count + MAX_RECORD_LINES):
        lines = decode_lines(ahead, encoding)
        records = split_records(lines, count, dialect)
        source.take(records.used)
        yield lines, number, records, source.offset
        number += records.used


class ChargeReader:
    """Turns the records of one file into charges and rejections."""

    def __init__(self, spec: ChargeSpec, currency: str) -> None:
        """`currency`: code of the carrier's currency."""
        self.spec = spec
        self.currency = currency.upper()
        self.header: list[str] = []
        self.places: dict[str, tuple[int, ...]] = {}
        self.filters: list[tuple[Rule, tuple[int, ...]]] = []
        self.dates: dict[str, date | None] = {}
        if not spec.has_header:
            self._locate(lambda column: int(column) - 1)

    def read_lines(
        self, lines: Lines, first: int, records: Records, offset: int
    ) -> Batch:
        """What the records of some lines hold."""
        charges: list[Charge] = []
        rejections: list[Rejection] = []
        skipped = 0
        rows = list(self._rows(lines, first, records))
        self._read_dates(row for row, _problem in rows)
        for row, problem in rows:
            if not problem and self._is_left_out(row):
                skipped += 1
                continue
            try:
                charges.append(self._charge(row, problem))
            except ParserError as error:
                rejections.append(rejection_of(row, error))
        return Batch(charges, rejections, skipped, offset)

    def _rows(
        self, lines: Lines, first: int, records: Records
    ) -> Iterator[tuple[Row, str]]:
        """Rows of data with their problems; headers stay out."""
        for index, cells in enumerate(_all_cells(records)):
            problem = records.problems.get(index, "")
            if self.spec.has_header and not problem and self._is_header(cells):
                continue
            place = int(records.first[index])
            raw = lines.raw(place, int(records.count[index]))[:MAX_RAW]
            yield Row(cells, self.places, first + place, raw), problem

    def _is_header(self, cells: Sequence[str]) -> bool:
        """Whether it is the header, for the first time or once more."""
        names = [_name(cell) for cell in cells]
        if self.header:
            return names == self.header
        self.header = names
        missing = [
            column
            for column in _used_columns(self.spec)
            if isinstance(column, str) and _name(column) not in names
        ]
        if missing:
            raise FileError(
                "columns",
                "The header has no column %(missing)s. It has: %(header)s.",
                missing[0],
                missing=", ".join(missing),
                header=", ".join(cell.strip() for cell in cells),
            )
        self._locate(
            lambda c: names.index(_name(c)) if isinstance(c, str) else int(c) - 1
        )
        return True

    def _locate(self, place: Callable[[Column], int]) -> None:
        """Find the cells of every field and filter."""
        self.places = {
            name: tuple(map(place, columns))
            for name, columns in self.spec.column_mapping.items()
        }
        self.filters = [
            (rule, tuple(map(place, rule.columns))) for rule in self.spec.record_filters
        ]

    def _read_dates(self, rows: Iterable[Row]) -> None:
        """Read every text of a date that is new, all at once."""
        names = ("period_from", "period_to")
        texts = sorted({row.get(n) for row in rows for n in names} - self.dates.keys())
        if texts:
            times, fits, _offsets = parse_dates(texts, self.spec.date_formats)
            days = times.astype("datetime64[D]").tolist()
            for text, day, fit in zip(texts, days, fits, strict=True):
                self.dates[text] = day if fit else None

    def _is_left_out(self, row: Row) -> bool:
        """Whether a filter of the format skips the row."""
        keeps = [pair for pair in self.filters if pair[0].result == "keep"]
        skips = [pair for pair in self.filters if pair[0].result == "skip"]
        if any(_matches(row, *pair) for pair in skips):
            return True
        return bool(keeps) and not any(_matches(row, *pair) for pair in keeps)

    def _charge(self, row: Row, problem: str) -> Charge:
        """The charge that a row is; ParserError where it is none."""
        self._check_shape(row, problem)
        kind = self._kind(row)
        quantity, unit, total = self._amounts(row, kind)
        has_amount = unit is not None or total is not None
        total = total if total is not None else Decimal(0)
        kind = kind or ("credit" if total < 0 else self.spec.kind_default)
        first, last = self._period(row, kind)
        _check_sign(row, kind, total)
        return Charge(
            line_number=row.line_number,
            raw=row.raw,
            kind=kind,
            period_from=first,
            period_to=last,
            quantity=abs(quantity),
            unit=unit,
            total=total,
            unique_id=row.joined("unique_id"),
            has_amount=has_amount,
            reference=_required(row, "reference"),
            **{
                name: row.get(name)[:MAX_TEXT]
                for name in ("account", "product_code", "description", "tax_code")
            },
        )

    def _check_shape(self, row: Row, problem: str) -> None:
        """ParserError where the cells cannot be trusted at all."""
        if problem == "encoding":
            raise ParserError(
                "encoding", "The row has characters that do not decode.", row.raw[:80]
            )
        if problem:
            raise ParserError("size", "The row is longer than any row may be.", "")
        needed = self.spec.minimum_columns or self._highest_place() + 1
        if len(row.cells) < needed:
            raise ParserError(
                "columns",
                "The row has %(found)s columns, at least %(needed)s expected.",
                len(row.cells),
                needed=needed,
            )
        found = row.get("currency").upper()
        if found and found != self.currency:
            raise ParserError(
                "currency",
                "The charge is in %(found)s, the carrier's currency is %(currency)s.",
                found,
                currency=self.currency,
            )

    def _highest_place(self) -> int:
        """The last cell that is needed: positions are promises, names are found."""
        return max((max(places) for places in self.places.values()), default=0)

    def _kind(self, row: Row) -> str:
        """The kind that the row names; empty where it names none."""
        text = row.get("kind")
        if not text and self.spec.kind_default:
            return ""
        kind = self.spec.kind_words.get(text.casefold(), "")
        if not kind:
            raise ParserError(
                "kind",
                "The kind '%(found)s' is not known. Add the word to the format.",
                text,
            )
        return kind

    def _amounts(
        self, row: Row, kind: str
    ) -> tuple[Decimal, Decimal | None, Decimal | None]:
        """Quantity, net amount of one and net total; None where the row has none."""
        quantity = self._quantity(row, kind)
        unit = self._amount(row, "unit_amount")
        total = self._amount(row, "total_amount")
        if total is None and unit is None and not self.spec.is_amount_optional:
            raise ParserError("amount", "The row has no amount.", "")
        if total is None and unit is not None:
            total = EXACT.multiply(unit, quantity).quantize(NANO, context=EXACT)
        return quantity, unit, total

    def _quantity(self, row: Row, kind: str) -> Decimal:
        """How many; 1 where the row does not say."""
        text = row.get("quantity")
        value = to_decimal(text, self.spec.decimal_mark) if text else Decimal(1)
        if value is None or value == 0 or not _fits(value, QUANTITY_DECIMALS):
            raise ParserError("quantity", "'%(found)s' is no quantity.", text)
        if value < 0 and kind != "credit":
            raise ParserError(
                "quantity",
                "The quantity %(found)s is negative. Only a credit may have that.",
                text,
            )
        return value

    def _amount(self, row: Row, name: str) -> Decimal | None:
        """An amount; None where the cell is blank."""
        text = row.get(name)
        if not text:
            return None
        value = to_decimal(text.strip(CURRENCY_SIGNS), self.spec.decimal_mark)
        if value is None or not _fits(value, AMOUNT_DECIMALS):
            raise ParserError(
                "amount",
                "'%(found)s' is no amount: digits with '%(mark)s' as decimal mark are "
                "expected, no thousands separators, at most %(decimals)s decimals.",
                text,
                mark=self.spec.decimal_mark,
                decimals=AMOUNT_DECIMALS,
            )
        return EXACT.multiply(value, Decimal(self.spec.amount_sign))

    def _period(self, row: Row, kind: str) -> tuple[date, date]:
        """First and last day."""
        first = self._day(row, "period_from")
        last = self._day(row, "period_to")
        if first is None:
            raise ParserError("period", "The charge has no period.", "")
        if last is None and kind == "recurring":
            raise ParserError(
                "period", "A recurring charge needs the last day of its period.", ""
            )
        last = last or first
        if last < first:
            raise ParserError(
                "period",
                "The period ends (%(found)s) before it starts (%(first)s).",
                last,
                first=first,
            )
        return first, last

    def _day(self, row: Row, name: str) -> date | None:
        """A day; None where the cell is blank."""
        text = row.get(name)
        if not text:
            return None
        day = self.dates[text]
        if day is None:
            formats = ", ".join(self.spec.date_formats)
            raise ParserError(
                "date",
                "'%(found)s' is no date as the format has it: %(formats)s.",
                text,
                formats=formats,
            )
        return day


def _all_cells(records: Records) -> list[list[str]]:
    """Cells of every record: files of charges are small."""
    return [list(records.table.row(place)) for place in range(len(records.table))]


def rejection_of(row: Row | Charge, error: ParserError) -> Rejection:
    """The row as one that cannot be read, or not be taken."""
    return Rejection(
        row.line_number,
        row.raw,
        error.reason,
        error.message,
        error.found,
        error.wording,
    )


def _required(row: Row, name: str) -> str:
    """A text that must be there."""
    text = row.get(name)[:MAX_TEXT]
    if not text:
        text = "The charge has no %(name)s."
        raise ParserError(name, text, "", name={"text": name})
    return text


def _check_sign(row: Row, kind: str, total: Decimal) -> None:
    """ParserError where the amount contradicts the kind."""
    if kind == "credit" and total > 0:
        raise ParserError(
            "sign",
            "A credit of %(found)s: its amount should be negative.",
            f"{total:f}",
        )
    if kind != "credit" and total < 0:
        raise ParserError(
            "sign",
            "A %(kind)s charge of %(found)s: only credits are negative.",
            f"{total:f}",
            kind={"text": kind.replace("_", "-")},
        )


def _fits(value: Decimal, decimals: int) -> bool:
    """Whether a number is in bounds, exactly."""
    exponent = value.normalize(EXACT).as_tuple().exponent
    return abs(value) < MAX_AMOUNT and -exponent <= decimals


def _matches(row: Row, rule: Rule, places: Sequence[int]) -> bool:
    """Whether the first non-empty of some cells has a rule's pattern."""
    cells = (row.cells[place].strip() for place in places if place < len(row.cells))
    return bool(re.search(rule.pattern, next(filter(None, cells), "")))


def _name(text: str) -> str:
    """A header's name, for comparison."""
    return "".join(text.split()).casefold().removeprefix("\ufeff")

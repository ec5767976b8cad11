# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How a file is written, as checked data."""

import codecs
import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from .checks import (
    MAX_POSITION,
    Column,
    Rule,
    as_boolean,
    as_columns,
    as_count,
    as_data,
    as_integer,
    as_pattern,
    as_word,
)
from .dates import COUNTED, compile_pattern
from .exceptions import FormatError
from .layouts import keys
from .layouts.keys import ControlTotal, FixedColumn, Legs, RecordTypes
from .numbering import ANONYMOUS_VALUES
from .quantities import DURATION_UNITS
from .steps.definition import Checks, Steps, as_checks, as_steps

FIELDS = (
    "start",
    "answer",
    "end",
    "calling_number",
    "called_number",
    "redirecting_number",
    "duration",
    "volume",
    "carrier_amount",
    "direction",
    "service",
    "disposition",
    "unique_id",
    "trunk",
    "account_code",
    "visited_country",
    "utc_offset",
    "time_zone",
    "duration_unit",
)
EXTRA_FIELD = re.compile(r"extra\.[a-z_]{1,40}")
DIRECTIONS = ("outgoing", "incoming", "internal")
SERVICES = ("voice", "sms", "data")
CHOICES = {
    "layout": keys.LAYOUTS,
    "decimal_mark": (".", ","),
    "duration_unit": DURATION_UNITS,
    "time_means": ("start", "end"),
    "duration_rounding": ("up", "half_up", "down"),
    "direction_default": DIRECTIONS,
    "service_default": SERVICES,
}
JSON_KEYS = (
    "column_mapping",
    "record_filters",
    "date_formats",
    "answered_rule",
    "direction_rules",
    "service_rules",
    "anonymous_values",
    "steps",
    "checks",
    *keys.JSON_KEYS,
)
MAX_SKIPPED_LINES = 100_000


@dataclass(frozen=True)
class FormatSpec:
    """How a file is written. Keys as those of the model telecom.format.

    `column_mapping` holds (field, columns) pairs; the rules are `Rule` objects.
    Make one by `from_dict`, which checks everything.
    """

    column_mapping: tuple[tuple[str, tuple[Column, ...]], ...]
    layout: str = "delimited"
    encoding: str = "auto"
    delimiter: str = ","
    quote: str = '"'
    decimal_mark: str = "."
    has_header: bool = False
    skipped_lines: int = 0
    minimum_columns: int = 0
    record_filters: tuple[Rule, ...] = ()
    date_formats: tuple[str, ...] = ("%Y-%m-%d %H:%M:%S",)
    time_zone: str = "carrier"
    duration_unit: str = "seconds"
    duration_rounding: str = "half_up"
    answered_rule: Rule | None = None
    direction_default: str = "outgoing"
    direction_rules: tuple[Rule, ...] = ()
    service_default: str = "voice"
    service_rules: tuple[Rule, ...] = ()
    amount_sign: int = 1
    anonymous_values: tuple[str, ...] = ANONYMOUS_VALUES
    steps: Steps = ()
    checks: Checks = ()
    time_means: str = "start"
    swap_incoming: bool = False
    record_path: str = ""
    url_encoded: bool = False
    sheet_name: str = ""
    escape: str = ""
    loose_column: Column | None = None
    fixed_columns: tuple[FixedColumn, ...] = ()
    line_filters: tuple[str, ...] = ()
    wrapped: str = ""
    page_values: tuple[str, ...] = ()
    name_values: str = ""
    record_types: RecordTypes | None = None
    control_totals: tuple[ControlTotal, ...] = ()
    row_calls: tuple[tuple[tuple[str, tuple[Column, ...]], ...], ...] = ()
    legs: Legs | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "FormatSpec":
        """A checked format. Missing keys take the defaults above.

        :param values: keys as the attributes; the JSON ones (mapping, filters,
            date formats, rules, anonymous values) as data or as JSON text
        :raises FormatError: names the key, what was found and what is expected
        """
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise FormatError(unknown[0], values[unknown[0]], "a known key")
        given = {"column_mapping": {}, **values}
        checked = {key: CHECKS[key](key, value) for key, value in given.items()}
        spec = cls(**checked)
        _check_together(spec)
        return spec

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, for tests and logs (not the input's shape)."""
        return asdict(self)

    def columns(self, name: str) -> tuple[Column, ...]:
        """Columns that hold a field; empty where the format has none."""
        return dict(self.column_mapping).get(name, ())

    def rules(self) -> tuple[Rule, ...]:
        """Every rule that looks at a column."""
        answered = (self.answered_rule,) if self.answered_rule else ()
        found = (*self.record_filters, *answered)
        found += (*self.direction_rules, *self.service_rules)
        if self.record_types:
            found += self.record_types.rules()
        if self.legs:
            found += self.legs.rules()
        return tuple(rule for rule in found if rule.columns)


def _check_together(spec: FormatSpec) -> None:
    """FormatError where parts that are fine alone do not fit each other."""
    keys.check_layout(spec, {item.name: item.default for item in fields(spec)})
    if spec.delimiter == spec.quote:
        raise FormatError("quote", spec.quote, "another character than the delimiter")
    if not spec.columns("start"):
        raise FormatError("column_mapping", "no start", "a column for start")
    if spec.time_means == "end" and not spec.columns("duration"):
        expected = "a column for duration (the start is the end less it)"
        raise FormatError("column_mapping", "no duration", expected)
    if not spec.columns("calling_number") and not spec.columns("called_number"):
        expected = "a column for calling_number or called_number"
        raise FormatError("column_mapping", "neither", expected)


def is_field(name: str) -> bool:
    """Whether a name is one of a field that a format may map."""
    return name in FIELDS or bool(EXTRA_FIELD.fullmatch(name))


def _choice(key: str, value: Any) -> str:
    """One of the words that the key allows."""
    return as_word(key, value, CHOICES[key])


def _encoding(key: str, value: Any) -> str:
    """`auto` or the name of a text encoding that Python knows."""
    if value == "auto":
        return value
    try:
        # What is no text encoding (base64, zip) raises LookupError.
        "".encode(value)
        return codecs.lookup(value).name
    except (LookupError, TypeError, ValueError) as error:
        raise FormatError(key, value, "'auto' or the name of an encoding") from error


def _delimiter(key: str, value: Any) -> str:
    """One character; a tab may be written as backslash and t."""
    value = "\t" if value == "\\t" else value
    if not isinstance(value, str) or len(value) != 1 or value in '\r\n\0\ufeff"':
        raise FormatError(key, value, "one character (\\t for a tab)")
    return value


def _quote(key: str, value: Any) -> str:
    """One character, or nothing where values are never quoted."""
    value = value or ""
    if not isinstance(value, str) or len(value) > 1 or value in ("\r", "\n", "\0"):
        raise FormatError(key, value, "one character, or nothing")
    return value


def _sign(key: str, value: Any) -> int:
    """1 or -1."""
    number = as_integer(value)
    if number not in (1, -1):
        raise FormatError(key, value, "1 or -1")
    return number


def _mapping(key: str, value: Any) -> tuple[tuple[str, tuple[Column, ...]], ...]:
    """Field -> columns, sorted by field."""
    value = as_data(key, value, Mapping, "an object: field -> column")
    for name in value:
        if not is_field(str(name)):
            expected = "a field (%(fields)s, extra.<a-z and _>)"
            raise FormatError(key, name, expected, fields=", ".join(FIELDS))
    pairs = ((name, as_columns(f"{key}.{name}", item)) for name, item in value.items())
    return tuple(sorted(pairs))


def _rules(result: str, words: tuple[str, ...]) -> Callable[[str, Any], Any]:
    """The check for a list of rules whose outcome stands under the key `result`."""

    def check(key: str, value: Any) -> tuple[Rule, ...]:
        """Rules in their order."""
        items = as_data(key, value or [], list, "a list of rules")
        return tuple(
            _rule(f"{key}.{number}", item, result, words)
            for number, item in enumerate(items, 1)
        )

    return check


def _answered(key: str, value: Any) -> Rule | None:
    """One rule without outcome, or none."""
    value = as_data(key, value or {}, Mapping, "an object: column and pattern")
    return _rule(key, {**value, "": ""}, "", ("",)) if value else None


def _rule(key: str, value: Any, result: str, words: tuple[str, ...]) -> Rule:
    """A rule from {column, pattern, result} or {internal_digits}."""
    keys = f"column, pattern, {result}".rstrip(", ")
    value = as_data(key, value, Mapping, "an object: %(keys)s", keys=keys)
    if "internal_digits" in value and result == "direction":
        return _internal_rule(key, value)
    unknown = set(value) - {"column", "pattern", result}
    missing = {"column", "pattern", result} - set(value)
    if unknown or missing:
        raise FormatError(key, dict(value), keys)
    return Rule(
        columns=as_columns(f"{key}.column", value["column"]),
        pattern=as_pattern(f"{key}.pattern", value["pattern"]),
        result=as_word(f"{key}.{result}", value[result], words),
    )


def _internal_rule(key: str, value: Mapping[str, Any]) -> Rule:
    """The rule for calls between extensions."""
    digits = as_integer(value["internal_digits"])
    if digits is None or not 1 <= digits <= 15:  # noqa: PLR2004
        raise FormatError(key, value["internal_digits"], "a number from 1 to 15")
    if value.get("direction", "internal") != "internal" or len(value) > 2:  # noqa: PLR2004
        raise FormatError(key, dict(value), "internal_digits alone")
    return Rule((), "", "internal", digits)


def _date_formats(key: str, value: Any) -> tuple[str, ...]:
    """Date patterns, each checked; at least one."""
    value = as_data(key, value, list | tuple, "a list of date patterns")
    if not value:
        raise FormatError(key, value, "at least one date pattern")
    for pattern in value:
        if pattern not in COUNTED:
            compile_pattern(key, pattern)
    return tuple(value)


def _time_zone(key: str, value: Any) -> str:
    """`carrier`, `UTC` or an IANA name."""
    if value in ("carrier", "UTC"):
        return value
    try:
        return zoneinfo.ZoneInfo(value).key
    except (KeyError, ValueError, TypeError, OSError) as error:
        expected = "'carrier', 'UTC' or a zone such as 'Europe/Madrid'"
        raise FormatError(key, value, expected) from error


def _words(key: str, value: Any) -> tuple[str, ...]:
    """A list of words, compared without case."""
    value = as_data(key, value, list | tuple, "a list of words")
    for word in value:
        if not isinstance(word, str) or not word.strip():
            raise FormatError(key, word, "a word")
    return tuple(word.strip().casefold() for word in value)


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(CHOICES, _choice),
    "encoding": _encoding,
    "delimiter": _delimiter,
    "quote": _quote,
    "has_header": as_boolean,
    "skipped_lines": as_count(MAX_SKIPPED_LINES),
    "minimum_columns": as_count(MAX_POSITION),
    "column_mapping": _mapping,
    "record_filters": _rules("action", ("keep", "skip")),
    "date_formats": _date_formats,
    "time_zone": _time_zone,
    "answered_rule": _answered,
    "direction_rules": _rules("direction", DIRECTIONS),
    "service_rules": _rules("service", SERVICES),
    "amount_sign": _sign,
    "anonymous_values": _words,
    "steps": lambda key, value: as_steps(key, value, is_field),
    "checks": lambda key, value: as_checks(key, value, is_field),
    "swap_incoming": as_boolean,
    "row_calls": keys.row_calls(_mapping),
    **keys.CHECKS,
}

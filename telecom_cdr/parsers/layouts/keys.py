# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The keys of a format that say how its file is laid out, and their checks."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..checks import (
    MAX_POSITION,
    Column,
    Rule,
    as_boolean,
    as_column,
    as_columns,
    as_count,
    as_data,
    as_integer,
    as_pattern,
    as_word,
)
from ..exceptions import FormatError

if TYPE_CHECKING:
    from ..formats import FormatSpec

LAYOUTS = ("delimited", "fixed", "json", "xml", "sheet")
NAMED = ("json", "xml")  # columns are found by their paths
TEXT = ("delimited", "fixed")
LINES = (*TEXT, "sheet")
# Keys that mean something in some layouts only.
APPLIES = {
    "delimiter": ("delimited",),
    "quote": ("delimited",),
    "escape": ("delimited",),
    "loose_column": ("delimited",),
    "has_header": ("delimited", "sheet"),
    "minimum_columns": LINES,
    "skipped_lines": LINES,
    "line_filters": LINES,
    "page_values": LINES,
    "wrapped": TEXT,
    "fixed_columns": ("fixed",),
    "record_path": NAMED,
    "url_encoded": NAMED,
    "encoding": (*TEXT, *NAMED),
    "sheet_name": ("sheet",),
}
# The empty values of the keys that are JSON.
JSON_KEYS: dict[str, Any] = {
    "fixed_columns": [],
    "line_filters": [],
    "page_values": [],
    "record_types": {},
    "control_totals": [],
    "row_calls": [],
    "legs": {},
}
PLAIN_KEYS = (
    "escape",
    "loose_column",
    "wrapped",
    "record_path",
    "url_encoded",
    "sheet_name",
    "name_values",
)
BILL = ("first", "last", "longest", "all")
TOTALS = ("count", "seconds", "amount")
PLACES = ("header", "trailer")
LEG_RULES = ("prefer", "more", "start", "end")
LEG_KEYS = {"bill", "sum_duration", "window", "wait", *LEG_RULES}
MAX_PATH = 20
MAX_ROW_CALLS = 50
MAX_WINDOW = 100_000
WINDOW = 1_000
MAX_TOLERANCE = 10**9
WAIT = 60
MAX_WAIT = 1440


@dataclass(frozen=True)
class FixedColumn:
    """A column of a file of fixed width: `width` characters from `start`, from 1."""

    name: str
    start: int
    width: int


@dataclass(frozen=True)
class RecordTypes:
    """What the records of a file are, by a pattern on one column each.

    :ivar calls: None: all that are neither header nor trailer
    """

    calls: Rule | None = None
    header: Rule | None = None
    trailer: Rule | None = None

    def rules(self) -> tuple[Rule, ...]:
        """Those that are set."""
        return tuple(rule for rule in (self.calls, self.header, self.trailer) if rule)


@dataclass(frozen=True)
class ControlTotal:
    """A sum that a header or trailer record states.

    :ivar place: "header" or "trailer"
    :ivar of: "count", "seconds" or "amount"
    :ivar form: how it is written: a duration's unit, an amount's implied decimals;
        "" as in the rows
    :ivar tolerance: a difference that is let pass, in records, seconds, or units
    """

    place: str
    column: Column
    of: str
    form: str = ""
    tolerance: int = 0


@dataclass(frozen=True)
class Legs:
    """Rows of equal key are one call.

    :ivar key: rows whose key is blank stand alone
    :ivar bill: which row is the call; with `prefer`, among those that it fits
    :ivar sum_duration: the call lasted as long as all of its rows together
    :ivar window: rows from the first of a call on, in which the others are
    :ivar more: fits rows behind which others of their call follow; what it does not
        fit is the last one. None: nothing tells
    :ivar start: fits the row of a call's begin, as `end` does that of its end: it
        lasted from one to the other. None: rows have durations
    :ivar wait: minutes that a stream waits for further rows of a call
    """

    key: tuple[Column, ...]
    bill: str = "first"
    prefer: Rule | None = None
    sum_duration: bool = False
    window: int = WINDOW
    more: Rule | None = None
    start: Rule | None = None
    end: Rule | None = None
    wait: int = WAIT

    def rules(self) -> tuple[Rule, ...]:
        """Those that are set."""
        given = (self.prefer, self.more, self.start, self.end)
        return tuple(rule for rule in given if rule)


# === Checks of one key === #


def _text(expected: str, limit: int = 200) -> Callable[[str, Any], str]:
    """The check for a short text."""

    def check(key: str, value: Any) -> str:
        """A text, perhaps empty."""
        value = value or ""
        if not isinstance(value, str) or len(value) > limit or "\n" in value:
            raise FormatError(key, value, expected)
        return value

    return check


def _path(key: str, value: Any) -> str:
    """Names with a dot or a slash between them."""
    text = _text("names of what is around the records, such as data.rows")(key, value)
    parts = path_parts(text)
    if len(parts) > MAX_PATH or not all(part.strip() == part for part in parts):
        expected = "names of what is around the records, such as data.rows"
        raise FormatError(key, value, expected)
    return text


def path_parts(path: str) -> list[str]:
    """The names of a record's path."""
    return [part for part in re.split(r"[./]", path) if part]


def _escape(key: str, value: Any) -> str:
    """One character, or nothing."""
    value = value or ""
    if not isinstance(value, str) or len(value) > 1 or value in ("\r", "\n", "\0", '"'):
        raise FormatError(key, value, "one character, or nothing")
    return value


def _maybe_column(key: str, value: Any) -> Column | None:
    """A column, or none."""
    return as_column(key, value) if value else None


def _maybe_pattern(key: str, value: Any) -> str:
    """A regular expression, or nothing."""
    return as_pattern(key, value) if value else ""


def _patterns(key: str, value: Any) -> tuple[str, ...]:
    """Regular expressions."""
    items = as_data(key, value or [], list | tuple, "a list of patterns")
    numbered = enumerate(items, 1)
    return tuple(as_pattern(f"{key}.{number}", item) for number, item in numbered)


def _named_pattern(key: str, value: Any) -> str:
    """A regular expression with named groups, or nothing."""
    pattern = _maybe_pattern(key, value)
    if pattern and not re.compile(pattern).groupindex:
        raise FormatError(key, value, "a pattern with named groups, (?P<name>…)")
    return pattern


def _named_patterns(key: str, value: Any) -> tuple[str, ...]:
    """Regular expressions with named groups."""
    items = _patterns(key, value)
    numbered = enumerate(items, 1)
    return tuple(_named_pattern(f"{key}.{number}", item) for number, item in numbered)


def _fixed_columns(key: str, value: Any) -> tuple[FixedColumn, ...]:
    """Columns by name, start and width."""
    items = as_data(key, value or [], list, "a list of columns")
    found = tuple(_fixed(f"{key}.{n}", item) for n, item in enumerate(items, 1))
    names = [column.name for column in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FormatError(key, twice, "a name for each column, once")
    return found


def _fixed(key: str, value: Any) -> FixedColumn:
    """One column."""
    value = _object(key, value, {"name", "start", "width"})
    name = value["name"]
    if not isinstance(name, str) or not name.strip() or as_integer(name) is not None:
        raise FormatError(f"{key}.name", name, "a name that is no number")
    numbers = [as_integer(value[part]) for part in ("start", "width")]
    for part, number in zip(("start", "width"), numbers, strict=True):
        if number is None or not 1 <= number <= MAX_POSITION:
            expected = "a number from 1 to %(limit)s"
            raise FormatError(
                f"{key}.{part}", value[part], expected, limit=MAX_POSITION
            )
    return FixedColumn(name.strip(), numbers[0] or 1, numbers[1] or 1)


def _record_types(key: str, value: Any) -> RecordTypes | None:
    """Patterns by kind of record."""
    value = as_data(key, value or {}, Mapping, "an object")
    if not value:
        return None
    kinds = ("calls", *PLACES)
    value = _object(key, value, {"column"}, set(kinds))
    columns = as_columns(f"{key}.column", value["column"])
    rules = {
        kind: Rule(columns, as_pattern(f"{key}.{kind}", value[kind]), kind)
        for kind in kinds
        if value.get(kind)
    }
    return RecordTypes(**rules)


def _control_totals(key: str, value: Any) -> tuple[ControlTotal, ...]:
    """Sums that header or trailer state."""
    items = as_data(key, value or [], list, "a list of control totals")
    return tuple(_control(f"{key}.{n}", item) for n, item in enumerate(items, 1))


def _control(key: str, value: Any) -> ControlTotal:
    """One of them."""
    value = _object(key, value, {"in", "column", "of"}, {"format", "tolerance"})
    form = str(value.get("format") or "")
    of = as_word(f"{key}.of", value["of"], TOTALS)
    if of == "count" and form:
        raise FormatError(f"{key}.format", form, "nothing: a count is a whole number")
    if of == "amount" and form and (as_integer(form) or -1) not in range(1, 10):
        expected = "the number of implied decimals, from 1 to 9"
        raise FormatError(f"{key}.format", form, expected)
    return ControlTotal(
        as_word(f"{key}.in", value["in"], PLACES),
        as_column(f"{key}.column", value["column"]),
        of,
        form,
        as_count(MAX_TOLERANCE)(f"{key}.tolerance", value.get("tolerance")),
    )


def _legs(key: str, value: Any) -> Legs | None:
    """The rule for rows of one call."""
    value = as_data(key, value or {}, Mapping, "an object")
    if not value:
        return None
    value = _object(key, value, {"key"}, LEG_KEYS)
    rules = {
        name: _leg_rule(f"{key}.{name}", name, value[name])
        for name in LEG_RULES
        if value.get(name)
    }
    bill = as_word(f"{key}.bill", value.get("bill") or "first", BILL)
    is_sum = as_boolean(f"{key}.sum_duration", value.get("sum_duration") or False)
    if bill == "all" and (is_sum or "prefer" not in rules):
        expected = "'first', 'last' or 'longest', unless 'prefer' picks the rows"
        raise FormatError(f"{key}.bill", bill, expected)
    _check_ends(key, value, rules)
    return Legs(
        as_columns(f"{key}.key", value["key"]),
        bill,
        sum_duration=is_sum,
        window=as_count(MAX_WINDOW)(f"{key}.window", value.get("window") or WINDOW),
        wait=as_count(MAX_WAIT)(f"{key}.wait", value.get("wait") or WAIT),
        **rules,
    )


def _check_ends(key: str, value: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """FormatError where begin and end of calls do not go with the other keys."""
    if "start" not in rules and "end" not in rules:
        return
    other = sorted({"bill", "prefer", "sum_duration", "more"} & set(value))
    if other:
        expected = "nothing: from 'start' to 'end' is the call"
        raise FormatError(f"{key}.{other[0]}", value[other[0]], expected)
    if not {"start", "end"} <= set(rules):
        raise FormatError(key, dict(value), "both 'start' and 'end', or neither")


def _leg_rule(key: str, name: str, value: Any) -> Rule:
    """A rule that says what a row is in its call."""
    value = _object(key, value, {"column", "pattern"})
    return Rule(
        as_columns(f"{key}.column", value["column"]),
        as_pattern(f"{key}.pattern", value["pattern"]),
        name,
    )


def _object(
    key: str, value: Any, needed: set[str], allowed: Iterable[str] = ()
) -> Mapping[str, Any]:
    """An object with the keys that it needs, and no others but those allowed."""
    known = ", ".join([*sorted(needed), *sorted(allowed)])
    value = as_data(key, value, Mapping, "an object: %(keys)s", keys=known)
    if not needed <= set(value) <= needed | set(allowed):
        raise FormatError(key, dict(value), "an object: %(keys)s", keys=known)
    return value


def row_calls(
    mapping: Callable[[str, Any], Any],
) -> Callable[[str, Any], tuple[Any, ...]]:
    """The check for the calls of a row, each by the check of a column mapping."""

    def check(key: str, value: Any) -> tuple[Any, ...]:
        """Mappings that differ from the format's, one a call."""
        items = as_data(key, value or [], list, "a list of column mappings")
        if len(items) > MAX_ROW_CALLS:
            raise FormatError(key, len(items), "fewer calls in a row")
        return tuple(mapping(f"{key}.{n}", item) for n, item in enumerate(items, 1))

    return check


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "record_path": _path,
    "url_encoded": as_boolean,
    "sheet_name": _text("the name of a sheet"),
    "escape": _escape,
    "loose_column": _maybe_column,
    "fixed_columns": _fixed_columns,
    "line_filters": _patterns,
    "wrapped": _maybe_pattern,
    "page_values": _named_patterns,
    "name_values": _named_pattern,
    "record_types": _record_types,
    "control_totals": _control_totals,
    "legs": _legs,
}


# === What must fit together === #


def value_names(spec: "FormatSpec") -> tuple[str, ...]:
    """Columns that stand in page headers or the file's name."""
    patterns = [*spec.page_values, *filter(None, [spec.name_values])]
    found = [name for one in patterns for name in re.compile(one).groupindex]
    return tuple(dict.fromkeys(found))


def used_columns(spec: "FormatSpec") -> list[tuple[str, Column]]:
    """Every column that a format looks at, with the key that names it."""
    used = [("column_mapping", one) for _, many in spec.column_mapping for one in many]
    used += [("column_mapping", one) for rule in spec.rules() for one in rule.columns]
    for call in spec.row_calls:
        used += [("row_calls", one) for _, many in call for one in many]
    used += [("control_totals", total.column) for total in spec.control_totals]
    if spec.legs:
        used += [("legs", one) for one in spec.legs.key]
    return used


def check_layout(spec: "FormatSpec", defaults: Mapping[str, Any]) -> None:
    """FormatError where a key means nothing in the layout, or others are needed.

    :param defaults: what the keys are where nobody sets them
    """
    for key, layouts in APPLIES.items():
        value = getattr(spec, key)
        if spec.layout not in layouts and value != defaults[key]:
            expected = "nothing (the layout is %(layout)s)"
            raise FormatError(key, value, expected, layout=spec.layout)
    if spec.layout == "fixed" and not spec.fixed_columns:
        raise FormatError("fixed_columns", [], "at least one column")
    if spec.loose_column and not (spec.has_header or spec.minimum_columns):
        expected = "the number of columns (the format has no header)"
        raise FormatError("minimum_columns", 0, expected)
    if spec.delimiter == spec.escape or (spec.escape and spec.escape == spec.quote):
        raise FormatError("escape", spec.escape, "another character than the delimiter")
    _check_totals(spec)
    _check_columns(spec)


def _check_totals(spec: "FormatSpec") -> None:
    """FormatError where a control total could never be had."""
    fields = {"seconds": "duration", "amount": "carrier_amount"}
    for number, total in enumerate(spec.control_totals, 1):
        key = f"control_totals.{number}"
        if not (spec.record_types and getattr(spec.record_types, total.place)):
            expected = "a pattern for it in record_types"
            raise FormatError(f"{key}.in", total.place, expected)
        if total.of in fields and not spec.columns(fields[total.of]):
            expected = "a column for %(field)s in the column mapping"
            raise FormatError(f"{key}.of", total.of, expected, field=fields[total.of])


def _check_columns(spec: "FormatSpec") -> None:
    """FormatError where a column is named but nothing names the columns."""
    if spec.has_header or spec.layout in NAMED:
        return
    names = {column.name for column in spec.fixed_columns} | set(value_names(spec))
    expected = "positions from 1 (the format has no header)"
    if spec.layout == "fixed":
        expected = "a name of fixed_columns or its position"
    for key, column in used_columns(spec):
        is_far = spec.layout == "fixed" and isinstance(column, int)
        if is_far and column > len(spec.fixed_columns):
            raise FormatError(key, column, expected)
        if isinstance(column, str) and column not in names:
            raise FormatError(key, column, expected)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where the fields of a format stand in a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from .checks import Column, MaybeName, Rule, is_optional
from .exceptions import FileError
from .formats import FormatSpec
from .layouts.keys import NAMED, used_columns, value_names
from .tables import Places

# Places of columns that no row has: values of page headers and of the file's name,
# and the columns that differ between the calls of one row.
VALUE_PLACE = 1_000_000
CALL_PLACE = 2_000_000

Find = Callable[[Sequence[Column]], Places]


@dataclass(frozen=True)
class Plan:
    """A format, its columns resolved for one file.

    :ivar fields: field -> places of its cells, in the order of the format
    :ivar rules: rule -> places of its cells
    :ivar header: names of the columns, stripped; empty where there is no header
    :ivar width: cells that a row must have
    :ivar find: columns -> places of those that exist
    :ivar calls: for each call of a row, field -> places of its own; empty where a
        row is one call
    :ivar shared: `fields` as they are where a call has none of its own
    """

    spec: FormatSpec
    fields: dict[str, Places]
    rules: dict[Rule, Places]
    header: tuple[str, ...]
    width: int
    find: Find
    calls: tuple[dict[str, Places], ...] = ()
    shared: Mapping[str, Places] = field(default_factory=dict)

    def applies(self, rule: Rule) -> bool:
        """Whether the file has a column that a rule looks at: all may lack it."""
        return bool(self.rules[rule])

    def places(self, name: str) -> Places:
        """Where a field's cells are; nowhere where the format does not map it."""
        return self.fields.get(name, ())


def plain_name(name: str) -> str:
    """A column's name without case and blanks."""
    return "".join(name.split()).casefold()


def wanted_names(spec: FormatSpec) -> tuple[str, ...]:
    """What a format takes from records that name their values, in a fixed order."""
    names = set(map(str, (column for _, column in used_columns(spec))))
    return tuple(sorted(names - set(value_names(spec))))


def make_plan(spec: FormatSpec, header: Sequence[str] | None) -> Plan:
    """Find the format's columns in a file.

    A list of columns is content with one of them, but for `start`, which needs all;
    what goes to `extra` may be missing, and columns with a ? behind their names. A
    rule or a field whose columns are all missing does not apply.

    :param header: names of the columns, None where the file has no header
    :raises FileError: reason "header": columns that the format needs are missing
    """
    find = _finder(spec, header or ())
    fields = {name: find(columns) for name, columns in spec.column_mapping}
    rules = {rule: find(rule.columns) for rule in spec.rules()}
    calls = tuple({name: find(columns) for name, columns in c} for c in spec.row_calls)
    if missing := _missing_ones(spec, find):
        raise _missing_columns(missing, header or ())
    first = {**fields, **calls[0]} if calls else fields
    width = spec.minimum_columns or _width(spec, _needed(spec, find, first))
    stripped = tuple(name.strip() for name in header or ())
    own = {**fields, **_call_places(fields, calls)}
    return Plan(spec, own, rules, stripped, width, find, calls, fields)


def _needed(spec: FormatSpec, find: Find, fields: Mapping[str, Places]) -> list[int]:
    """Places of the columns that rows need.

    :param fields: places of those of the first call of a row
    """
    columns = [many for _name, many in spec.column_mapping]
    columns += [many for call in spec.row_calls for _name, many in call]
    columns += [rule.columns for rule in spec.rules()]
    flat = [column for many in columns for column in many]
    optional = set(find([column for column in flat if is_optional(column)]))
    optional -= set(find([column for column in flat if not is_optional(column)]))
    used = {place for found in fields.values() for place in found}
    used |= {place for rule in spec.rules() for place in find(rule.columns)}
    return sorted(used - optional)


def _width(spec: FormatSpec, used: Sequence[int]) -> int:
    """Cells that a row needs: those behind may be blank where it has fixed columns."""
    if spec.layout in ("fixed", *NAMED):
        return 0
    return max((place for place in used if place < VALUE_PLACE), default=0) + 1


def _call_places(
    fields: Mapping[str, Places], calls: Sequence[Mapping[str, Places]]
) -> dict[str, Places]:
    """Places of the columns that differ between the calls of a row."""
    numbers = count(CALL_PLACE)
    found = {}
    for name in sorted({name for call in calls for name in call}):
        lengths = [len(call.get(name, fields.get(name, ()))) for call in calls]
        found[name] = tuple(next(numbers) for _ in range(max(lengths)))
    return found


def _finder(spec: FormatSpec, header: Sequence[str]) -> Find:
    """The function from a format's columns to the places of those that exist."""
    if spec.layout in NAMED:
        places = {name: place for place, name in enumerate(wanted_names(spec))}
        key: Callable[[str], str] = str
    else:
        names = [column.name for column in spec.fixed_columns] or header
        ordered = reversed(list(enumerate(map(plain_name, names))))
        places, key = {name: place for place, name in ordered}, plain_name
    for place, name in enumerate(value_names(spec), VALUE_PLACE):
        places[key(name)] = place
    is_named = spec.layout in NAMED

    def find(columns: Sequence[Column]) -> Places:
        """Places in the order of the columns."""
        found = (
            column - 1
            if isinstance(column, int) and not is_named
            else _by_name(column, places, key)
            for column in columns
        )
        return tuple(place for place in found if place is not None)

    return find


def _by_name(
    column: Column, places: Mapping[str, int], key: Callable[[str], str]
) -> int | None:
    """The place of a column; the ? behind its name may be of the name itself."""
    found = places.get(key(str(column)))
    if found is None and isinstance(column, MaybeName):
        return places.get(key(f"{column}?"))
    return found


def _missing_ones(spec: FormatSpec, find: Find) -> list[Column]:
    """The columns that a file must have and has not."""
    missing = [
        column
        for mapping in (spec.column_mapping, *spec.row_calls)
        for name, columns in mapping
        for column in _missing(name, columns, find)
    ]
    others = [rule.columns for rule in spec.rules()]
    others += [(total.column,) for total in spec.control_totals]
    others += [(column,) for column in spec.legs.key] if spec.legs else []
    others += [(spec.loose_column,)] if spec.loose_column else []
    return missing + [
        column for columns in others for column in _missing("", columns, find)
    ]


def _missing(name: str, columns: Sequence[Column], find: Find) -> list[Column]:
    """The columns of a field without which it cannot be read."""
    if name.startswith("extra.") or (name != "start" and find(columns)):
        return []
    return [
        column for column in columns if not (is_optional(column) or find((column,)))
    ]


def _missing_columns(missing: Sequence[Column], header: Sequence[str]) -> FileError:
    """The error for a header that lacks columns."""
    lacking = ", ".join(dict.fromkeys(map(str, missing)))
    found = ", ".join(name.strip() for name in header)[:1000]
    return FileError(
        "header",
        "Columns that the format needs are missing: %(found)s. "
        "The file has: %(header)s. Choose another format, or correct its mapping.",
        lacking,
        header=found,
    )

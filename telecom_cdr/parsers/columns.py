# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where the fields of a format stand in a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .exceptions import FileError
from .formats import Column, FormatSpec, Rule
from .tables import Places


@dataclass(frozen=True)
class Plan:
    """A format, its columns resolved for one file.

    :ivar fields: field -> places of its cells, in the order of the format
    :ivar rules: rule -> places of its cells
    :ivar header: names of the columns, stripped; empty where there is no header
    :ivar width: cells that a row must have
    """

    spec: FormatSpec
    fields: dict[str, Places]
    rules: dict[Rule, Places]
    header: tuple[str, ...]
    width: int

    def places(self, name: str) -> Places:
        """Where a field's cells are; nowhere where the format does not map it."""
        return self.fields.get(name, ())


def plain_name(name: str) -> str:
    """A column's name without case and blanks."""
    return "".join(name.split()).casefold()


def make_plan(spec: FormatSpec, header: Sequence[str] | None) -> Plan:
    """Find the format's columns in a file.

    A list of columns is content with one of them, but for `start`, which needs all;
    what goes to `extra` may be missing.

    :param header: names of the columns, None where the file has no header
    :raises FileError: reason "header": columns that the format needs are missing
    """
    names = [plain_name(name) for name in header or ()]
    places = {name: place for place, name in reversed(list(enumerate(names)))}
    find = _finder(places)
    fields = {name: find(columns) for name, columns in spec.column_mapping}
    rules = {rule: find(rule.columns) for rule in spec.rules()}
    missing = [
        column
        for name, columns in spec.column_mapping
        for column in _missing(name, columns, find)
    ]
    missing += [column for rule in rules for column in _missing("", rule.columns, find)]
    if missing:
        raise _missing_columns(missing, header or ())
    used = [place for found in (*fields.values(), *rules.values()) for place in found]
    stripped = tuple(name.strip() for name in header or ())
    return Plan(spec, fields, rules, stripped, spec.minimum_columns or max(used) + 1)


def _finder(places: dict[str, int]) -> Callable[[Sequence[Column]], Places]:
    """The function from a format's columns to the places of those that exist."""

    def find(columns: Sequence[Column]) -> Places:
        """Places in the order of the columns."""
        found = (
            column - 1 if isinstance(column, int) else places.get(plain_name(column))
            for column in columns
        )
        return tuple(place for place in found if place is not None)

    return find


def _missing(
    name: str, columns: Sequence[Column], find: Callable[[Sequence[Column]], Places]
) -> list[Column]:
    """The columns of a field without which it cannot be read."""
    if name.startswith("extra.") or (name != "start" and find(columns)):
        return []
    return [column for column in columns if not find((column,))]


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

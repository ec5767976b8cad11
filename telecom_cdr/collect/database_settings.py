# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is to be read of a PBX's database: settings as plain data, and their check.

Nobody writes SQL here: tables and columns are names, which are looked up in the
server's own list and quoted; conditions are lines of column, operator and value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .contract import CollectError

KINDS = ("mysql", "postgresql")
PORTS = {"mysql": 3306, "postgresql": 5432}
TIME, NUMBER = "time", "number"
OPTIONAL = "?"
"""Behind the name of a column: it is read where the table has it."""
OPERATORS = (
    "is not null",
    "is null",
    "not like",
    "not in",
    "like",
    "in",
    "!=",
    "<=",
    ">=",
    "=",
    "<",
    ">",
)
"""The longer ones first, for ``<=`` is not ``<``."""
LONE = ("is null", "is not null")
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
WORDS = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in OPERATORS)
CONDITION = re.compile(
    rf"""(?P<column>"[^"]+"|[^\s<>=!]+)(?:\s+|(?=[<>=!]))(?P<operator>{WORDS})
    (?:(?<=[<>=])|(?=\s|$))(?P<value>.*)""".replace("\n    ", ""),
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Condition:
    """What a row must be like to be read: a column, an operator, and its values."""

    column: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatabaseSettings:
    """What to read, and from where on.

    :ivar kind: of the server, one of :data:`KINDS`
    :ivar name: the database
    :ivar tls: whether the connection is encrypted; a Unix socket never is
    :ivar table: its name, or its schema's and its name with a point between them
    :ivar columns: names, in the order of the file; see :data:`OPTIONAL`
    :ivar by: what goes on from row to row: the time column, or the first key column
    :ivar keys: what tells rows of one time apart
    :ivar filter: conditions, one a line, all of which must hold
    :ivar overlap: what is read once more: minutes, or so many numbers
    :ivar rows: most rows of a file
    :ivar until: how far it was read, as the source keeps it
    """

    kind: str = "mysql"
    name: str = ""
    tls: bool = False
    table: str = ""
    columns: str = ""
    by: str = TIME
    time_column: str = ""
    key_columns: str = ""
    filter: str = ""
    overlap: int = 60
    rows: int = 50_000
    until: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "DatabaseSettings":
        """The settings that are known here."""
        known = {setting.name for setting in fields(cls)}
        return cls(**{name: v for name, v in values.items() if name in known})

    @property
    def wanted_columns(self) -> list[str]:
        """The columns to read, with their marks."""
        return names(self.columns)

    @property
    def order_columns(self) -> list[str]:
        """What rows are ordered by, with their marks; the first goes on."""
        keys = names(self.key_columns)
        return [self.time_column.strip(), *keys] if self.by == TIME else keys

    @property
    def conditions(self) -> list[Condition]:
        """What the lines of the filter say.

        :raise CollectError: ``bad_request``, for a line that is none
        """
        return [_condition(line) for line in self.filter.splitlines() if line.strip()]


def names(text: str) -> list[str]:
    """Names of columns, parted by blanks, commas or lines; each once."""
    return list(dict.fromkeys(text.replace(",", " ").split()))


def is_local(host: str) -> bool:
    """Whether nothing goes over a net: a Unix socket, or this machine."""
    return host.startswith("/") or host.lower() in LOCAL_HOSTS


def check_database(database: DatabaseSettings) -> None:
    """Look whether the settings make sense, as far as that shows without the server.

    :raise CollectError: ``bad_request``
    """
    if database.kind not in KINDS:
        _refuse("%(kind)s is no kind of database server", kind=database.kind)
    for missing, words in (
        (not database.name.strip(), "the database has no name"),
        (not database.table.strip(), "no table is named"),
        (not database.wanted_columns, "no column to read is named"),
        (
            database.by == TIME and not database.time_column.strip(),
            "the column of the time is not named",
        ),
        (not names(database.key_columns), "no key column is named"),
        (database.overlap < 0 or database.rows < 1, "a number is too small"),
    ):
        if missing:
            _refuse(words)
    if database.order_columns[0].endswith(OPTIONAL):
        _refuse(
            "the table must have %(column)s: no question mark behind it",
            column=database.order_columns[0].rstrip(OPTIONAL),
        )
    _ = database.conditions


def _condition(line: str) -> Condition:
    found = CONDITION.fullmatch(line.strip())
    if not found:
        _refuse_line(line)
    operator = " ".join(found["operator"].lower().split())
    value = found["value"].strip()
    column = found["column"].strip('"')
    if operator in LONE:
        if value:
            _refuse_line(line)
        return Condition(column, operator)
    if operator in ("in", "not in"):
        values = tuple(word.strip() for word in value.split(",") if word.strip())
        if not values:
            _refuse_line(line)
        return Condition(column, operator, values)
    return Condition(column, operator, (value,))


def _refuse_line(line: str) -> None:
    _refuse(
        "'%(line)s' is no condition such as disposition = ANSWERED; known are "
        "=, !=, <, <=, >, >=, in, not in, like, not like, is null, is not null",
        line=line.strip(),
    )


def _refuse(text: str, **values: object) -> None:
    raise CollectError("bad_request", text, **values)

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One table of a server: its columns, checked, and what is asked of it."""

from collections.abc import Iterator, Sequence
from typing import Any

from .contract import CollectError
from .database_server import Column, Server
from .database_settings import OPTIONAL, TIME, Condition, DatabaseSettings
from .database_windows import Axis, NumberAxis, TimeAxis, Value, Window

SQL = {
    "=": "{0} = {1}",
    "!=": "({0} <> {1} OR {0} IS NULL)",
    "<": "{0} < {1}",
    "<=": "{0} <= {1}",
    ">": "{0} > {1}",
    ">=": "{0} >= {1}",
    "like": "{0} LIKE {1}",
    "not like": "({0} NOT LIKE {1} OR {0} IS NULL)",
    "in": "{0} IN ({1})",
    "not in": "({0} NOT IN ({1}) OR {0} IS NULL)",
    "is null": "{0} IS NULL",
    "is not null": "{0} IS NOT NULL",
}
"""What each operator asks. A row without a value is not the value that is left out."""
SHOWN_COLUMNS = 60


class Table:
    """The table that a source reads, as the server has it.

    :ivar title: schema and name
    :ivar all_columns: every column that it has
    :ivar columns: those to be read, in the order of the file
    :ivar order: those that rows are ordered by; the first goes on
    :ivar axis: how that goes on
    """

    def __init__(self, server: Server, database: DatabaseSettings) -> None:
        """Look the table up.

        :raise CollectError: ``no_table``, for names that the server does not have
        """
        self._server = server
        self.title = database.table.strip()
        schema, self.all_columns = server.columns(self.title)
        if not self.all_columns:
            raise CollectError(
                "no_table",
                "there is no table %(table)s in %(schema)s that this user may read",
                table=self.title,
                schema=schema or database.name,
            )
        self._known = {column.name: column for column in self.all_columns}
        name = self.title.removeprefix(f"{schema}.")
        self._place = self._quoted(schema) + "." + self._quoted(name)
        self.order = self._found(database.order_columns)
        self.axis = self._axis(database.by)
        self._conditions = [
            self._condition(condition) for condition in database.conditions
        ]
        # Without what tells rows apart, equal files could be of other rows.
        wanted = [*self._found(database.wanted_columns), *self.order]
        self.columns = list(dict.fromkeys(wanted))
        self._cells = [column.cell for column in self.columns]

    # === NAMES === #

    def _found(self, names: Sequence[str]) -> list[Column]:
        return [
            self._column(name.removesuffix(OPTIONAL))
            for name in names
            if not name.endswith(OPTIONAL) or name.removesuffix(OPTIONAL) in self._known
        ]

    def _column(self, name: str) -> Column:
        if name not in self._known:
            raise CollectError(
                "no_table",
                "it has no column %(column)s, but %(columns)s",
                column=name,
                columns=", ".join(list(self._known)[:SHOWN_COLUMNS]),
            )
        return self._known[name]

    def _axis(self, by: str) -> Axis:
        first = self.order[0]
        if by == TIME and not first.is_time:
            raise CollectError(
                "no_table",
                "the column %(column)s has no date and time, but %(type)s",
                column=first.name,
                type=first.type,
            )
        if by != TIME and not first.is_number:
            raise CollectError(
                "no_table",
                "the column %(column)s has no whole number that grows, but %(type)s",
                column=first.name,
                type=first.type,
            )
        return TimeAxis() if by == TIME else NumberAxis()

    def _quoted(self, name: str) -> str:
        """A name in a query with values, where a percent sign begins one."""
        return self._server.quoted(name).replace("%", "%%")

    def _of(self, column: Column) -> str:
        """A column of the table, and not a result of that name, which may be text."""
        return f"calls.{self._quoted(column.name)}"

    # === QUESTIONS === #

    def _condition(self, condition: Condition) -> tuple[str, tuple[str, ...]]:
        column = self._of(self._column(condition.column))
        places = ", ".join(["%s"] * len(condition.values))
        return SQL[condition.operator].format(column, places), condition.values

    def last(self) -> Value | None:
        """The greatest value of what goes on; None: there are no rows."""
        return self._one("max", "")

    def last_until(self, limit: Value) -> Value | None:
        """The greatest one that is not above a limit."""
        return self._one("max", "<= %s", limit)

    def first_from(self, start: Value) -> Value | None:
        """The smallest one from there on."""
        return self._one("min", ">= %s", start)

    def _one(self, function: str, comparison: str, *values: Value) -> Value | None:
        column = self._of(self.order[0])
        found = self._server.as_text(f"{function}({column})")
        where = f" WHERE {column} {comparison}" if comparison else " WHERE 1 = %s"
        query = f"SELECT {found} FROM {self._place} AS calls{where}"
        bounds = [self._bound(value) for value in values] or [1]
        [(text,)] = list(self._server.rows(query, bounds))
        return None if text is None else self._read(str(text))

    def _read(self, text: str) -> Value:
        try:
            return self.axis.read(text)
        except ValueError as error:
            raise CollectError(
                "no_table",
                "its column %(column)s holds %(value)s",
                column=self.order[0].name,
                value=text,
            ) from error

    def _bound(self, value: Value) -> str | int:
        return value if isinstance(value, int) else self.axis.text(value)

    def rows(self, window: Window) -> Iterator[Sequence[Any]]:
        """The rows of a window, by what goes on and then by their keys."""
        first = self._of(self.order[0])
        bounds = [self._bound(window.start), self._bound(window.end)]
        parts = [f"{first} >= %s", f"{first} < %s", *(c for c, _v in self._conditions)]
        values = [*bounds, *(value for _c, v in self._conditions for value in v)]
        order = ", ".join(map(self._of, self.order))
        return self._server.rows(
            f"{self._select()} WHERE {' AND '.join(parts)} ORDER BY {order}", values
        )

    def newest(self, count: int) -> list[list[str]]:
        """The last rows, as files have them, the newest first."""
        order = ", ".join(f"{self._of(column)} DESC" for column in self.order)
        parts = [f"{self._of(self.order[0])} IS NOT NULL"]
        parts += [condition for condition, _values in self._conditions]
        values = [value for _c, found in self._conditions for value in found]
        query = f"{self._select()} WHERE {' AND '.join(parts)} ORDER BY {order}"
        found = self._server.rows(f"{query} LIMIT %s", [*values, count])
        return [self.cells(row) for row in found]

    def _select(self) -> str:
        found = [self._server.as_text(self._of(column)) for column in self.columns]
        return f"SELECT {', '.join(found)} FROM {self._place} AS calls"

    def cells(self, row: Sequence[Any]) -> list[str]:
        """A row as a file has it: nothing where there is no value."""
        return [
            "" if value is None else cell(value)
            for value, cell in zip(row, self._cells, strict=True)
        ]

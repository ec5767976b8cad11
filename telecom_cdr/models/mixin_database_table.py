# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..collect.contract import CollectError
from ..collect.database_settings import DatabaseSettings, check_database
from .reading_messages import worded

PREFIX = "database_"


class TelecomDatabaseTableMixin(models.AbstractModel):
    """What is read of a PBX's table of calls: of a source, and of a template for
    sources. See collect/database_settings.py."""

    _name = "telecom.database.table.mixin"
    _description = "Table of a PBX"

    database_kind = fields.Selection(
        [("mysql", "MySQL or MariaDB"), ("postgresql", "PostgreSQL")],
        string="Database server",
        default="mysql",
    )
    database_name = fields.Char(
        string="Database", help="Such as asteriskcdrdb or fusionpbx."
    )
    database_table = fields.Char(
        string="Table",
        help="Its name, or schema and name: cdr, public.cdr. A view will do.",
    )
    database_columns = fields.Text(
        string="Columns to read",
        help="Names parted by blanks, in the order of the file. One with a question "
        "mark behind it (linkedid?) is read where the table has it.",
    )
    database_by = fields.Selection(
        [("time", "The time of the calls"), ("number", "A number that grows")],
        string="Goes on by",
        default="time",
        help="By which the rows that are new are known: the time column, or the first "
        "key column, which is a number then, such as an id.",
    )
    database_time_column = fields.Char(
        string="Time column",
        help="A column with date and time, best one with an index.",
    )
    database_key_columns = fields.Char(
        string="Key columns", help="What tells two calls of one time apart."
    )
    database_filter = fields.Text(
        string="Only rows where",
        help="Column, operator and value, one condition a line; all must hold: "
        "dcontext not like ext-local%. Operators: =, !=, <, <=, >, >=, in, not in, "
        "like, not like, is null, is not null.",
    )
    database_overlap = fields.Integer(
        string="Read again",
        default=60,
        help="Minutes before the last row (or so many numbers) that are read once "
        "more. A PBX writes a call when it ends, under the time when it began: take "
        "more than the longest call lasts. Rows that are known stay out.",
    )
    database_rows = fields.Integer(
        string="Most rows of a file",
        default=50000,
        help="An hour or a day with more of them comes as several files.",
    )

    @api.model
    def _database_fields(self):
        """The names of the fields that a template gives a source."""
        mixin = self.env.registry["telecom.database.table.mixin"]
        return [name for name in mixin._fields if name.startswith(PREFIX)]

    def _database_options(self):
        """What collect/ needs, as plain data without the prefix."""
        return {
            name.removeprefix(PREFIX): self[name]
            or ("" if self._fields[name].type != "integer" else 0)
            for name in self._database_fields()
        }

    @api.constrains(lambda self: self._database_checked_fields())
    def _check_database(self):
        for record in self._database_checked():
            try:
                check_database(DatabaseSettings.of(record._database_options()))
            except CollectError as error:
                raise ValidationError(
                    self.env._(
                        "%(name)s cannot be read: %(problem)s.",
                        name=record.display_name,
                        problem=worded(self.env, error.wording),
                    )
                ) from error

    def _database_checked_fields(self):
        return self._database_fields()

    def _database_checked(self):
        """The records that are to be read from a database."""
        return self

# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fields of tables that are written by COPY, a million rows at a time."""

from odoo import fields


class UncheckedMany2one(fields.Many2one):
    """A many2one without the foreign key of the database.

    PostgreSQL would look up every reference of every row: that costs more than
    all the rest of an import. What calls refer to is marked as used instead, and
    refuses to be deleted (``telecom.used.mixin``).
    """

    def update_db_foreign_key(self, model, column):
        """Leave the column without a constraint."""


class UncheckedBigMany2one(UncheckedMany2one):
    """The same, to a table whose ids may pass two thousand million."""

    _column_type = ("int8", "int8")


class BigInteger(fields.Integer):
    """An integer of eight bytes, beside the id in the table: no bytes between them."""

    _column_type = ("int8", "int8")
    column_order = 0


class Moment(fields.Datetime):
    """A datetime that stands beside the id in the table, as other eight bytes do."""

    column_order = 0


class Day(fields.Date):
    """A date that stands among the integers in the table, of four bytes as they."""

    column_order = 1


class Uuid(fields.Char):
    """Sixteen bytes, shown as a UUID."""

    _column_type = ("uuid", "uuid")

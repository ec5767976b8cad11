# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..collect.database_settings import PORTS, TIME, is_local
from ..collect.database_windows import NumberAxis, TimeAxis

# Where the secret goes to, and how: who may not read it may not change these.
DATABASE_PLACE = (
    "database_kind",
    "database_name",
    "database_tls",
    "database_template_id",
)
OTHER_PORTS = (0, 21, 22, 990)
LONGEST_ROW = 300


class TelecomSourceDatabaseMixin(models.AbstractModel):
    """Sources whose calls are rows in the database of a PBX, which is only read."""

    _name = "telecom.source.database.mixin"
    _description = "Source: database of a PBX"
    _inherit = ["telecom.database.table.mixin"]

    database_template_id = fields.Many2one(
        "telecom.database.table",
        string="Call table",
        copy=True,
        help="Fills in what is read below, which can be changed then.",
    )
    database_note = fields.Text(
        related="database_template_id.note", string="About this table"
    )
    database_tls = fields.Boolean(
        string="Encrypted (TLS)",
        default=True,
        help="Off: only on this machine, or in a net where nobody else listens.",
    )
    database_until = fields.Char(
        string="Rows read until",
        copy=False,
        tracking=True,
        help="Date and time (2026-01-31 00:00:00) on the clock of the time column, in "
        "UTC where that has a zone; or the number. Set it back to read rows again: "
        "those known stay out. Empty: from the day before the last row on.",
    )
    database_is_plain = fields.Boolean(
        string="Read without encryption", compute="_compute_database_is_plain"
    )

    @api.depends("protocol", "database_tls", "host")
    def _compute_database_is_plain(self):
        for source in self:
            is_far = bool(source.host) and not is_local(source.host)
            is_open = source.protocol == "database" and not source.database_tls
            source.database_is_plain = is_open and is_far

    @api.onchange("protocol", "database_kind")
    def _onchange_database_port(self):
        """Another server has another port, unless somebody has set one of his own;
        and hours of a table come again under their names while they grow."""
        if self.protocol != "database":
            return
        self.hold_same_name = False
        if self.port in (*OTHER_PORTS, *PORTS.values()):
            self.port = PORTS.get(self.database_kind, self.port)

    @api.onchange("database_template_id")
    def _onchange_database_template(self):
        if self.database_template_id:
            self.update(self.database_template_id._source_values())

    @api.model_create_multi
    def create(self, vals_list):
        filled = [self._with_database_table(vals) for vals in vals_list]
        for vals in filled:
            if vals.get("protocol") == "database" and "port" not in vals:
                vals["port"] = PORTS[vals.get("database_kind") or "mysql"]
        return super().create(filled)

    def write(self, vals):
        return super().write(self._with_database_table(vals))

    @api.model
    def _with_database_table(self, vals):
        """Values, with those of a template that is chosen where they say nothing."""
        template = self.env["telecom.database.table"].browse(
            vals.get("database_template_id") or ()
        )
        return {**template._source_values(), **vals} if template else dict(vals)

    def _database_checked_fields(self):
        return [*super()._database_checked_fields(), "protocol"]

    def _database_checked(self):
        return self.filtered(lambda source: source.protocol == "database")

    @api.constrains("protocol", "database_by", "database_until")
    def _check_database_until(self):
        for source in self._database_checked().filtered("database_until"):
            axis = TimeAxis() if source.database_by == TIME else NumberAxis()
            try:
                axis.read(source.database_until)
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "'%(found)s' does not say until where rows were read: a date "
                        "and time such as 2026-01-31 00:00:00 is expected, or a whole "
                        "number where the source goes on by one.",
                        found=source.database_until,
                    )
                ) from error

    def _database_options(self):
        return {
            **super()._database_options(),
            "tls": self.database_tls,
            "until": self.database_until or "",
        }

    def _database_found_text(self, connection):
        """What a look at the table shows: to who asked for it, and nowhere else."""
        look = connection.look()
        found = [
            self.env._(
                "Connected to %(version)s. Of the table %(table)s these columns are "
                "read: %(columns)s.",
                version=look.version,
                table=look.table,
                columns=", ".join(look.columns),
            )
        ]
        if look.left_out:
            found.append(
                self.env._(
                    "These are left out: %(columns)s.", columns=", ".join(look.left_out)
                )
            )
        rows = [self._database_row_text(look.columns, row) for row in look.rows]
        if rows:
            found.append(self.env._("The last rows:\n%(rows)s", rows="\n".join(rows)))
        else:
            found.append(self.env._("It has no rows that would be read."))
        return "\n".join(found)

    def _database_row_text(self, columns, row):
        cells = zip(columns, row, strict=True)
        text = ", ".join(f"{column}: {cell}" for column, cell in cells if cell)
        return text[:LONGEST_ROW]

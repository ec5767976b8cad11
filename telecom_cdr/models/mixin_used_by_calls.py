# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class TelecomUsedMixin(models.AbstractModel):
    """Records that calls refer to without a foreign key.

    The importer marks what its calls refer to, in the transaction that writes
    the calls. A deletion at the same time touches the same row, so one of the
    two waits and then fails: no call is left pointing at nothing.
    """

    _name = "telecom.used.mixin"
    _description = "Referenced by calls"

    is_telecom_used = fields.Boolean(
        string="Used by calls",
        readonly=True,
        copy=False,
        help="Calls refer to this record, so it can be archived or ended, "
        "but not deleted.",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used_by_calls(self):
        used = self.filtered("is_telecom_used")
        if used:
            raise UserError(
                self.env._(
                    "%(names)s cannot be deleted: calls refer to it. "
                    "Archive it or end its period instead.",
                    names=", ".join(used.mapped("display_name")),
                )
            )

    @api.model
    def _mark_used(self, ids):
        """Mark the records of these ids as used by calls, in one statement."""
        ids = sorted({int(id_) for id_ in ids if id_})
        if not ids:
            return
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET is_telecom_used = TRUE"
                " WHERE id = ANY(%s) AND is_telecom_used IS NOT TRUE",
                SQL.identifier(self._table),
                ids,
            )
        )
        self.browse(ids).invalidate_recordset(["is_telecom_used"])

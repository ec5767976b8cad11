# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomFileProgress(models.Model):
    """How far a file is read, apart from the file itself.

    The transaction that imports a chunk locks the row of the file until it is
    committed; this row is written by a transaction of its own meanwhile.
    """

    _name = "telecom.file.progress"
    _description = "Progress of a Telecom File"
    _log_access = False

    # No foreign key: it would lock the row of the file.
    file_id = fields.Integer(required=True)
    done = fields.Float(digits=(18, 0))
    total = fields.Float(digits=(18, 0))

    _file_uniq = models.Constraint("UNIQUE(file_id)", "One progress per file.")

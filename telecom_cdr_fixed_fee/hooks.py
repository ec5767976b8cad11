# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api


def uninstall_hook(env: api.Environment) -> None:
    """Nobody reads files of charges any more: those that wait are put aside.

    Their bytes are kept. The kind of a file is a copy of its source's, which
    becomes the usual one with the rest of the uninstallation.
    """
    env.cr.execute(
        "UPDATE telecom_file SET file_type = 'usage',"
        " state = CASE WHEN state IN ('received', 'held', 'processing', 'failed')"
        " THEN 'discarded' ELSE state END"
        " WHERE file_type = 'fixed_fee'"
    )

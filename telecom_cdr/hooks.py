# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api


def pre_init_hook(env: api.Environment) -> None:
    """Periods of a number must not overlap: the constraint needs btree_gist.

    The extension is trusted since PostgreSQL 13, a plain owner may create it.
    """
    env.cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
